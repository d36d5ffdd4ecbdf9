//go:build !race

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// The commands of docs/operations.md for whoever is on call do what the page
// says, on a service that runs, in the order of the page.
func TestIncidentsOfThePageCanBeFollowed(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("curl is not installed")
		}
		t.Skip("NOT TESTED: curl is missing, so the commands of docs/operations.md were not run")
	}
	r := servingAt(t, "https://", "--verify-rate", "0")
	leaked, mine := r.token(t, "issue,read,manage"), r.token(t, "issue,read,revoke,manage")
	r.ask(t, "PUT", "/v1/achievements/first-aid", mine, firstAid)
	leakedID := r.idOf(t, leaked)
	var ids []string
	for n := range 3 {
		_, body := r.ask(t, "POST", "/v1/credentials", leaked, fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Ana Example %d"},"awardedAt":"2025-07-11"}`, n))
		var issued struct{ ID string }
		if err := json.Unmarshal([]byte(body), &issued); err != nil || issued.ID == "" {
			t.Fatal(body)
		}
		ids = append(ids, issued.ID)
	}
	_, body := r.ask(t, "GET", "/credentials/"+ids[0]+".json", "", "")
	_, key, _ := strings.Cut(regexp.MustCompile(`"verificationMethod":"[^"#]*#[^"]*`).FindString(body), "#")
	folder := filepath.Dir(laurelBinary(t))
	passphrase := filepath.Join(folder, "passphrase")
	save(t, passphrase, []byte("correct horse battery staple\n"))
	text := page(t, "docs/operations.md")
	run := func(block string) string {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
		defer stop()
		cmd := exec.CommandContext(ctx, "sh", "-euc", block)
		cmd.Dir = folder
		foreign := func(entry string) bool { return strings.HasPrefix(entry, "LAUREL_") } // of other tests
		cmd.Env = append(slices.DeleteFunc(os.Environ(), foreign), "PATH="+folder+":"+os.Getenv("PATH"), "DATA="+r.data, "URL="+r.url, "TOKEN="+mine, "KEY="+key,
			"SINCE="+time.Now().Add(-time.Minute).UTC().Format(time.RFC3339), "LEAKED="+leakedID, "NEW="+filepath.Join(folder, "new"), "PASSPHRASE="+passphrase)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s\n%v: %s", block, err, out)
		}
		return string(out)
	}
	var said []string
	incidents := text[strings.Index(text, "\n## When something goes wrong\n"):]
	incidents = incidents[:strings.Index(incidents[3:], "\n## ")+3]
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(incidents, -1)
	if len(blocks) < 9 {
		t.Fatalf("%d blocks of commands", len(blocks))
	}
	for _, b := range blocks {
		said = append(said, run(b[1]))
	}
	for command, want := range map[string]string{"config check": "The settings are in order", "token list": `"lastUsed"`, "keys revoke": "revoked", "wc -l wrong.txt": `\b3 wrong.txt`,
		"done < signed.txt": `\b3 signed.txt\nThe store is in order`,
		"df -h":             `%.*"ready":true`, "readyz": `"ready":true`, "laurel clock": "on record: ", "audit verify": "The audit log is whole", "healthz": `"status":"ok"`} {
		seen := false
		for n, b := range blocks {
			seen = seen || strings.Contains(b[1], command) && regexp.MustCompile("(?s)"+want).MatchString(said[n])
		}
		if !seen {
			t.Errorf("no block with %s says %s: %s", command, want, said)
		}
	}
	if code, answer := r.ask(t, "GET", "/v1/credentials", leaked, ""); code != 401 {
		t.Errorf("the token that leaked still opens: %d %s", code, answer)
	}
	did, err := os.ReadFile(filepath.Join(folder, "what-it-did.ndjson"))
	if err != nil || strings.Count(string(did), "credential.issue") != 3 {
		t.Errorf("what the token did: %s, %v", did, err)
	}
	for _, id := range ids {
		if code, record := r.ask(t, "GET", "/v1/credentials/"+id, mine, ""); code != 200 || !strings.Contains(record, `"status":"revoked"`) {
			t.Errorf("the wrong badge %s: %d %s", id, code, record)
		}
	}
	if _, document := r.ask(t, "GET", "/issuers/city-academy/did.json", "", ""); !strings.Contains(document, `"revoked"`) {
		t.Errorf("the key that leaked is not published as revoked: %s", document)
	}
	// What the page finds dated ahead it finds by the words of the check: here of a badge
	// whose key is gone.
	_, body = r.ask(t, "POST", "/v1/credentials", mine, `{"achievement":"first-aid","recipient":{"name":"Bo Example"},"awardedAt":"2025-07-11"}`)
	var issued struct{ ID string }
	if err := json.Unmarshal([]byte(body), &issued); err != nil || issued.ID == "" {
		t.Fatal(body)
	}
	_, body = r.ask(t, "GET", "/credentials/"+issued.ID+".json", "", "")
	_, key, _ = strings.Cut(regexp.MustCompile(`"verificationMethod":"[^"#]*#[^"]*`).FindString(body), "#")
	run(`laurel keys revoke --data $DATA --issuer city-academy --id $KEY --since $SINCE --reason key_compromised`)
	search := regexp.MustCompile(`(?m)^laurel check --all .* 2> faults.txt.*\n^sed .*dated-ahead.txt$`).FindString(incidents)
	run(search)
	if found, err := os.ReadFile(filepath.Join(folder, "dated-ahead.txt")); err != nil || strings.TrimSpace(string(found)) != issued.ID {
		t.Errorf("%s finds %q, %v; want %s", search, found, err, issued.ID)
	}
	ceremony := regexp.MustCompile("(?s)\\*\\*A key ceremony\\*\\*.*?```sh\n(.*?)```").FindStringSubmatch(text)
	if out := run(ceremony[1]); !strings.Contains(out, "every key that is to sign signs") {
		t.Errorf("the ceremony says %s", out)
	}
}

// idOf is the id of a token that somebody holds.
func (r *running) idOf(t *testing.T, token string) string {
	t.Helper()
	r.ask(t, "PUT", "/v1/achievements/of-this-token", token, firstAid)
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: r.said}
	if code := p.exit(t.Context(), []string{"audit", "list", "--data", r.data}); code != exitOK {
		t.Fatal(r.said)
	}
	ids := regexp.MustCompile(`"actor":"token:([^"]+)".*"subject":"of-this-token/`).FindStringSubmatch(out.String())
	if ids == nil {
		t.Fatalf("no such token in %s", &out)
	}
	return ids[1]
}
