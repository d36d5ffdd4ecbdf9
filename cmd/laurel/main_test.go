package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/fetch"
	"laurel/internal/porttest"
	"laurel/internal/strictjson"
	"laurel/issuer/issuertest"
	"laurel/store/postgres/pgtest"
	"laurel/verifier"
)

// TestMain lets the test binary be the command: scripts run `laurel`.
func TestMain(m *testing.M) {
	testscript.Main(withDatabase{m}, map[string]func(){
		"laurel": func() { main() },
	})
}

// withDatabase has a PostgreSQL server stand behind the tests.
type withDatabase struct{ m *testing.M }

// Run implements testscript.TestingM.
func (w withDatabase) Run() int { return pgtest.Main(w.m) }

// TestScripts runs the stories in testdata: what a person types, and what
// comes of it.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"freeport": freePort,
			"waitport": waitPort,
			"field":    field,
			"tamper":   tamper,
			"fetch":    fetchFile,
			"call":     call,
			"exitcode": exitCode,
			"member":   member,
			"lose":     lose,
			"keyof":    keyOf,
			"keyid":    keyID,
			"logged":   waitLogged,
			"rebundle": rebundle,
			"people":   people,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// freePort sets a variable to a port of loopback where nobody listens, which is
// kept for the script.
func freePort(ts *testscript.TestScript, _ bool, args []string) {
	address, leave, err := porttest.Keep()
	ts.Check(err)
	ts.Defer(leave)
	_, port, err := net.SplitHostPort(address)
	ts.Check(err)
	ts.Setenv(args[0], port)
}

// waitPort waits until a port answers.
func waitPort(ts *testscript.TestScript, _ bool, args []string) {
	for range 6000 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+args[0])
		if err == nil {
			conn.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("nothing listens on port %s", args[0])
}

// field sets a variable to a member of the JSON in a file: field VAR FILE name.
// A file of JSON lines is searched for the first object that has the member.
func field(ts *testscript.TestScript, _ bool, args []string) {
	dec := json.NewDecoder(strings.NewReader(ts.ReadFile(args[1])))
	for {
		var m map[string]any
		if err := dec.Decode(&m); err == io.EOF {
			ts.Fatalf("no member %s in %s", args[2], args[1])
		} else {
			ts.Check(err)
		}
		if v, ok := m[args[2]]; ok {
			text, isText := v.(string)
			if !isText {
				raw, err := json.Marshal(v)
				ts.Check(err)
				text = string(raw)
			}
			ts.Setenv(args[0], text)
			return
		}
	}
}

// keyOf sets a variable to the fragment of the key that signed an issued badge:
// keyof VAR FILE.
func keyOf(ts *testscript.TestScript, _ bool, args []string) {
	var issued struct {
		Credential struct {
			Proof []struct{ VerificationMethod string }
		}
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[1])), &issued))
	_, fragment, ok := strings.Cut(issued.Credential.Proof[0].VerificationMethod, "#")
	if !ok {
		ts.Fatalf("no key in %s", args[1])
	}
	ts.Setenv(args[0], fragment)
}

// keyID sets a variable to the fragment of the key on the one line that was
// printed: keyid VAR FILE.
func keyID(ts *testscript.TestScript, _ bool, args []string) {
	_, rest, ok := strings.Cut(strings.TrimSpace(ts.ReadFile(args[1])), "#")
	if !ok || strings.Contains(rest, "\n") {
		ts.Fatalf("no single key in %s", args[1])
	}
	fragment, _, _ := strings.Cut(rest, " ")
	ts.Setenv(args[0], fragment)
}

// people writes a list of people who are not known yet: people FILE n.
func people(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var list strings.Builder
	list.WriteString("ref,name,email\n")
	for k := range n {
		fmt.Fprintf(&list, "P-%d,Person %d,person.%d@many.example\n", k, k, k)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(list.String()), 0o600))
}

// tamper copies a file with one text replaced: tamper FROM TO old new.
func tamper(ts *testscript.TestScript, _ bool, args []string) {
	from := ts.ReadFile(args[0])
	to := strings.Replace(from, args[2], args[3], 1)
	if from == to {
		ts.Fatalf("%s does not stand in %s", args[2], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(to), 0o600))
}

// fetchFile saves what an address gives: fetch URL FILE.
func fetchFile(ts *testscript.TestScript, _ bool, args []string) {
	resp, err := http.Get(args[0])
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s: %s", args[0], resp.Status, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), body, 0o600))
}

// member saves a member of the JSON in a file, byte for byte: member FROM name TO.
func member(ts *testscript.TestScript, _ bool, args []string) {
	var m map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &m))
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), m[args[1]], 0o600))
}

// call asks with a token and expects a status: call 200 GET URL TOKENFILE. A
// file for the body and one for the answer may follow.
func call(ts *testscript.TestScript, _ bool, args []string) {
	in := "{}"
	if len(args) > 4 {
		in = ts.ReadFile(args[4])
	}
	req, err := http.NewRequest(args[1], args[2], strings.NewReader(in))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+strings.TrimSpace(ts.ReadFile(args[3])))
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	if fmt.Sprint(resp.StatusCode) != args[0] {
		ts.Fatalf("%s %s: %s: %s", args[1], args[2], resp.Status, body)
	}
	if len(args) > 5 {
		ts.Check(os.WriteFile(ts.MkAbs(args[5]), body, 0o600))
	}
}

// exitCode runs the command and expects its code: exitcode 2 laurel verify x.
// With "-" among the arguments the last one is a file for standard input.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	argv := args[2:]
	stdin := ""
	if slices.Contains(argv, "-") {
		stdin = ts.ReadFile(argv[len(argv)-1])
		argv = argv[:len(argv)-1]
	}
	p := &program{stdin: strings.NewReader(stdin), stdout: io.Discard, stderr: io.Discard,
		environ: []string{"LAUREL_FETCH_ALLOW=" + ts.Getenv("LAUREL_FETCH_ALLOW")}}
	for n, a := range argv {
		if slices.Contains([]string{".json", ".png", ".svg", ".txt"}, filepath.Ext(a)) && !strings.HasPrefix(a, "http") {
			argv[n] = ts.MkAbs(a)
		}
	}
	if got := p.exit(context.Background(), argv); fmt.Sprint(got) != args[0] {
		ts.Fatalf("laurel %s: exit %d, want %s", strings.Join(argv, " "), got, args[0])
	}
}

// lose removes the first file that a pattern finds: lose FILES.
func lose(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(found) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	ts.Check(os.Remove(found[0]))
}

// TestDemo runs the whole demonstration as a stranger would: every badge that
// it tells of is valid for a verifier that has nothing but its bytes.
func TestDemo(t *testing.T) {
	d := startDemo(t)
	if len(d.badges) != 115+36+4 {
		t.Fatalf("%d badges, want 115 of the workshop, 36 of the course and 4 of the planning course", len(d.badges))
	}
	ids, indexes := map[string]bool{}, map[string]bool{}
	s := defaults()
	s.fetchAllow = strings.TrimPrefix(d.baseURL, "http://")
	client, err := s.fetcher()
	if err != nil {
		t.Fatal(err)
	}
	processor, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	p := &program{stderr: io.Discard}
	var last []byte
	compared := 0
	perAchievement, perStatus := map[string]int{}, map[string]int{}
	for _, b := range d.badges {
		perAchievement[b.Achievement]++
		perStatus[b.Status]++
		if b.Recipient == "" { // asked to be forgotten
			continue
		}
		raw, err := p.readBadge(t.Context(), live{client}, b.CredentialID+".json")
		if err != nil {
			t.Fatal(err)
		}
		report, err := verifyAlone(t.Context(), processor, live{client}, time.Now, nil, raw, verifier.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want := "valid"
		if b.Status != "active" {
			want = "invalid"
		}
		if got := report.Verdict().String(); got != want {
			t.Fatalf("%s is %s: %+v", b.CredentialID, got, report.Decisive())
		}
		if want == "valid" {
			last = raw
		}
		if b.Achievement == "uh-kit-completion" && b.Recipient == "Participant 01" {
			asPublished(t, bytes.ReplaceAll(raw, []byte(d.baseURL), []byte("https://badges.example")), "../../issuer/testdata/expected/credential-workshop-completion.json", "participant.01@roster.example")
			compared++
		}
		status := report.Document.View().CredentialStatus[0]
		if ids[b.ID] || indexes[status.ID] {
			t.Fatalf("id or status index of %s is used twice", b.CredentialID)
		}
		ids[b.ID], indexes[status.ID] = true, true
	}
	trusted(t, s, processor, client, last)
	want := map[string]int{"uh-kit-participant": 58, "uh-kit-completion": 50, "uh-kit-facilitator": 4, "uh-kit-contributor": 3,
		"hc20-achievement": 16, "hc20-participation": 17, "hc20-m1": 1, "hc20-m2": 1, "hc20-m3": 1, "dh-planning": 3, "dh-trainer": 1}
	if !maps.Equal(perAchievement, want) {
		t.Errorf("badges by achievement: %v, want %v", perAchievement, want)
	}
	if compared != 1 {
		t.Errorf("%d badges were held against the published one", compared)
	}
	if perStatus["revoked"] != 1+2+2 { // the wrong person, one whose platform took it back, one who is forgotten
		t.Errorf("badges by status: %v", perStatus)
	}
	if !strings.HasPrefix(d.verifyLine, "LAUREL_FETCH_ALLOW=") {
		t.Errorf("the line to verify with is %q", d.verifyLine)
	}
}

// asPublished holds a badge against one that was published, with its results
// and evidence.
func asPublished(t *testing.T, raw []byte, name, email string) {
	t.Helper()
	published, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var both [2]map[string]any
	for n, one := range [][]byte{raw, published} {
		parsed, err := strictjson.Parse(one, strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		both[n] = issuertest.Comparable(t, parsed, email)
	}
	if !reflect.DeepEqual(both[0], both[1]) {
		t.Errorf("issued:\n%s\npublished:\n%s", issuertest.Indented(both[0]), issuertest.Indented(both[1]))
	}
}

// demoProcess is a demo in a process of its own.
type demoProcess struct {
	pid                        int
	baseURL, token, verifyLine string
	badges                     []demoEntry
}

func startDemo(t *testing.T, more ...string) *demoProcess {
	t.Helper()
	return startDemoOf(t, laurelBinary(t), more...)
}

func startDemoOf(t *testing.T, binary string, more ...string) *demoProcess {
	t.Helper()
	deadline, ok := t.Deadline()
	if !ok {
		deadline = time.Now().Add(24 * time.Hour)
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-10*time.Second)) // a test that hangs leaves no demo behind
	t.Cleanup(cancel)
	args := append([]string{"demo", "--json", "--listen", "127.0.0.1:0", "--data", filepath.Join(t.TempDir(), "demo")}, more...)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := cmd.Wait(); err != nil && cmd.ProcessState.ExitCode() != 0 {
			t.Errorf("the demo ended badly: %v", err)
		}
	})
	d, err := readDemo(stdout)
	said, _ := os.ReadFile(stderr)
	if err != nil {
		t.Fatalf("%v; standard error: %s", err, said)
	}
	d.pid, d.verifyLine = cmd.Process.Pid, strings.TrimSpace(string(said))
	return d
}

func readDemo(r io.Reader) (*demoProcess, error) {
	d := &demoProcess{}
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		var line struct {
			demoEntry
			Token   string `json:"token"`
			Ready   bool   `json:"ready"`
			BaseURL string `json:"baseUrl"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return d, fmt.Errorf("the demo printed %q: %w", lines.Text(), err)
		}
		switch {
		case line.Token != "":
			d.token = line.Token
		case line.Ready:
			d.baseURL = line.BaseURL
			return d, nil
		default:
			d.badges = append(d.badges, line.demoEntry)
		}
	}
	return d, fmt.Errorf("the demo ended before it was ready")
}

// laurelBinary is this test binary, which is the command when it is called by
// that name.
func laurelBinary(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "laurel")
	if err := os.Symlink(self, path); err != nil {
		t.Fatal(err)
	}
	return path
}

// trusted holds that a list which an operator names knows the issuer of a badge.
func trusted(t *testing.T, s *settings, processor *canon.Canonicalizer, client *fetch.Client, raw []byte) {
	t.Helper()
	d, err := badge.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "known.json")
	if err := os.WriteFile(list, fmt.Appendf(nil, `{"name":"Partners","issuers":[{"id":%q}]}`, d.IssuerID()), 0o600); err != nil {
		t.Fatal(err)
	}
	s.trust = []string{list}
	known, err := s.trustList()
	if err != nil {
		t.Fatal(err)
	}
	report, err := verifyAlone(t.Context(), processor, live{client}, time.Now, known, raw, verifier.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f := report.Finding(verifier.CheckIssuerTrust); f.Code != verifier.IssuerListed || f.Params["list"] != "Partners" {
		t.Errorf("%s %v", f.Code, f.Params)
	}
	s.trust = []string{list + ".none"}
	if _, err := s.trustList(); err == nil {
		t.Error("a list that is not there was taken for an empty one")
	}
}
