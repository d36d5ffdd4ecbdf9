//go:build jsontestsuite

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bodyDoors are the calls that take JSON from anybody who may call.
var bodyDoors = []string{"/v1/verify", "/credentials/verify", "/presentations/verify", "/v1/credentials", "/credentials/issue"}

// wrapped are what a body can be within, so that it is read beyond its first
// letter: by itself, and as the member that a call looks for.
var wrapped = map[string]string{"/credentials/verify": "verifiableCredential", "/presentations/verify": "verifiablePresentation", "/v1/credentials": "recipient", "/credentials/issue": "credential"}

// TestJSONTestSuite sends each body of the folder test_parsing of the
// repository nst/JSONTestSuite to a running demo. What is no JSON (n_) is
// refused, nothing is issued or verified for any of them, and nothing fails or
// hangs.
func TestJSONTestSuite(t *testing.T) {
	dir := os.Getenv("JSON_TEST_SUITE")
	if dir == "" {
		t.Fatal("name the folder of the JSONTestSuite in JSON_TEST_SUITE")
	}
	files, err := filepath.Glob(filepath.Join(dir, "test_parsing", "*.json"))
	if err != nil || len(files) < 300 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	d := startDemo(t, "--verify-rate", "0")
	statuses := map[string]int{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, door := range bodyDoors {
			for _, body := range bodiesFor(door, raw) {
				statuses[filepath.Base(file)[:1]+" "+door+" "+d.holdBody(t, door, filepath.Base(file), body)]++
			}
		}
	}
	for what, n := range statuses {
		t.Logf("%s: %d", what, n)
	}
}

func bodiesFor(door string, raw []byte) [][]byte {
	all := [][]byte{raw}
	if member := wrapped[door]; member != "" {
		all = append(all, fmt.Appendf(nil, `{%q:%s}`, member, raw))
	}
	return all
}

// holdBody sends one body, and holds that the answer is a refusal, or a report
// that verifies nothing.
func (d *demoProcess) holdBody(t *testing.T, door, name string, body []byte) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.baseURL+door, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+d.token)
	req.Header.Set("Idempotency-Key", "body-"+name)
	client := http.Client{Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s of %s: %v", door, name, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s of %s: %v", door, name, err)
	}
	var said struct{ Verified *bool }
	if err := json.Unmarshal(answer, &said); err != nil {
		t.Errorf("%s of %s: the answer is no JSON: %q", door, name, answer)
	}
	report := resp.StatusCode == http.StatusOK && said.Verified != nil && !*said.Verified && !strings.HasPrefix(name, "n_")
	if refused := resp.StatusCode >= 400 && resp.StatusCode < 500; !refused && !report || said.Verified != nil && *said.Verified {
		t.Errorf("%s of %s: %d %.300s", door, name, resp.StatusCode, answer)
	}
	if resp.StatusCode == http.StatusUnauthorized || resp.StatusCode == http.StatusForbidden || resp.StatusCode == http.StatusTooManyRequests {
		t.Fatalf("%s of %s was not looked at: %d %s", door, name, resp.StatusCode, answer)
	}
	return fmt.Sprint(resp.StatusCode)
}
