package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/porttest"
	"laurel/store"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// running is `laurel serve` within this process, with all that it logs.
type running struct {
	url, data, private string
	badge              string     // the id of one that has lived
	stop               func() int // asks it to end, and gives its exit code
	said               *lockedBuffer
}

// lockedBuffer is what several goroutines write to.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// serving initialises a folder and serves it, with metrics on a socket.
func serving(t *testing.T, flags ...string) *running {
	t.Helper()
	return servingAt(t, "http://", flags...)
}

// servingAt is serving with another scheme in the base URL, as behind a proxy.
func servingAt(t *testing.T, scheme string, flags ...string) *running {
	t.Helper()
	return servingWith(t, scheme, nil, flags...)
}

// servingWith is servingAt with variables of the environment, for init too.
func servingWith(t *testing.T, scheme string, environ []string, flags ...string) *running {
	t.Helper()
	address := porttest.Address(t)
	folder, err := os.MkdirTemp("", "lrl") // the name of a socket has room for 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	r := &running{url: "http://" + address, data: filepath.Join(folder, "data"), private: filepath.Join(folder, "m.sock"), said: &lockedBuffer{}}
	p := &program{stdin: strings.NewReader(""), stdout: r.said, stderr: r.said, environ: environ}
	if code := p.exit(t.Context(), []string{"init", "--data", r.data, "--base-url", scheme + address, "--issuer", "city-academy", "--name", "City Academy"}); code != exitOK {
		t.Fatalf("init: %s", r.said)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int, 1)
	go func() {
		ended <- p.exit(ctx, append([]string{"serve", "--data", r.data, "--listen", address, "--metrics", "unix:" + r.private, "--fetch-allow", address}, flags...))
	}()
	var once sync.Once
	code := -1
	r.stop = func() int {
		stop()
		once.Do(func() { code = <-ended })
		return code
	}
	t.Cleanup(func() { r.stop() })
	for range 8000 {
		if resp, err := http.Get(r.url + "/readyz"); err == nil {
			resp.Body.Close()
			return r
		}
		time.Sleep(25 * time.Millisecond)
	}
	t.Fatalf("it does not serve: %s", r.said)
	return nil
}

// token makes one with some scopes.
func (r *running) token(t *testing.T, scopes string) string {
	t.Helper()
	var out bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &out, stderr: r.said}
	if code := p.exit(t.Context(), []string{"token", "create", "--data", r.data, "--issuer", "*", "--scope", scopes}); code != exitOK {
		t.Fatal(r.said)
	}
	return strings.TrimSpace(out.String())
}

// ask sends a request and gives the status and the body.
func (r *running) ask(t *testing.T, method, path, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return read(t, http.DefaultClient, req)
}

// peek asks the private listener.
func (r *running) peek(t *testing.T, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://private"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", r.private)
	}}
	defer transport.CloseIdleConnections()
	return read(t, &http.Client{Transport: transport}, req)
}

func read(t *testing.T, client *http.Client, req *http.Request) (int, string) {
	t.Helper()
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// metric is the value of a metric by its name and labels as they are written.
func (r *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	_, text := r.peek(t, "/metrics")
	m := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(name) + ` (\S+)$`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no metric %s in\n%s", name, text)
	}
	v, err := strconv.ParseFloat(m[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

const firstAid = `{"issuer":"city-academy","name":{"en":"First aid"},"description":{"en":"Can give first aid."},"criteria":{"en":"Attend the day."}}`

// What is counted is what was done, and the numbers are on the private listener
// alone.
func TestMetricsTellWhatWasDone(t *testing.T) {
	r := serving(t)
	token := r.token(t, "issue,read,revoke,manage")
	if code, body := r.ask(t, "PUT", "/v1/achievements/first-aid", token, firstAid); code != http.StatusCreated {
		t.Fatalf("%d %s", code, body)
	}
	var ids []string
	for n := range 3 {
		code, body := r.ask(t, "POST", "/v1/credentials", token, fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Ana Example","email":"ana.%d@learner.example"},"awardedAt":"2025-07-11"}`, n))
		var issued struct{ ID string }
		if err := json.Unmarshal([]byte(body), &issued); err != nil || code != http.StatusCreated {
			t.Fatalf("%d %s", code, body)
		}
		ids = append(ids, issued.ID)
	}
	if code, body := r.ask(t, "POST", "/v1/credentials/"+ids[0]+"/revoke", token, `{"reason":"issued_in_error"}`); code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	for n, want := range []string{"invalid", "valid"} {
		_, badge := r.ask(t, "GET", "/credentials/"+ids[n]+".json", "", "")
		if code, body := r.ask(t, "POST", "/v1/verify", "", badge); code != http.StatusOK || !strings.Contains(body, `"verdict":"`+want+`"`) {
			t.Fatalf("%d %s", code, body)
		}
	}
	r.ask(t, "GET", "/credentials/no-such-badge-at-all", "", "")
	until(t, func() bool { // the JWTs and the log are behind
		return r.metric(t, "laurel_jwt_waiting")+r.metric(t, "laurel_audit_waiting") == 0 && r.metric(t, "laurel_audit_signed") > 0
	})
	for name, want := range map[string]float64{
		`laurel_credential_changes_total{action="credential.issue"}`:                            3,
		`laurel_credential_changes_total{action="credential.revoke"}`:                           1,
		`laurel_verified_total{verdict="valid"}`:                                                1,
		`laurel_verified_total{verdict="invalid"}`:                                              1,
		`laurel_verified_total{verdict="indeterminate"}`:                                        0,
		`laurel_http_request_seconds_count{method="POST",route="/v1/credentials",status="2xx"}`: 3,
		`laurel_http_request_seconds_count{method="GET",route="/credentials/:id",status="4xx"}`: 1,
		`laurel_ready{for="read"}`:                                                              1,
		`laurel_ready{for="write"}`:                                                             1,
		`laurel_store_writable`:                                                                 1,
		`laurel_store_unknown_outcomes_total`:                                                   0,
		`laurel_self_check_failures_total`:                                                      0,
		`laurel_jwt_waiting`:                                                                    0,
		`laurel_metrics_readable`:                                                               1,
		`laurel_fetch_total{for="verifying",result="ok"}`:                                       0, // our own lists are read in-process
	} {
		if got := r.metric(t, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"laurel_store_commit_seconds_count", "laurel_store_group_size_sum", "laurel_store_file_bytes", "laurel_data_free_bytes",
		"laurel_signature_seconds_count", "laurel_status_lists_signed_total", "laurel_audit_signed", `laurel_keys{algorithm="EdDSA",state="active"}`,
		"go_goroutines", "process_resident_memory_bytes", "process_open_fds"} {
		if r.metric(t, name) <= 0 {
			t.Errorf("%s is nothing", name)
		}
	}
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars", "/.env", "/laurel.db", "/keys/seal.key", "/admin.sock", "/backup", "/.git/config"} {
		if code, _ := r.ask(t, "GET", path, token, ""); code != http.StatusNotFound {
			t.Errorf("%s on the public port: %d", path, code)
		}
	}
}

// The profiles are there for who may open the socket, and nobody else; no
// command line is shown.
func TestProfilesAreOnThePrivateListenerAlone(t *testing.T) {
	r := serving(t)
	if code, text := r.peek(t, "/debug/pprof/goroutine?debug=1"); code != http.StatusOK || !strings.Contains(text, "goroutine profile: total") {
		t.Errorf("%d %.100s", code, text)
	}
	if code, profile := r.peek(t, "/debug/pprof/profile?seconds=1"); code != http.StatusOK || !strings.HasPrefix(profile, "\x1f\x8b") {
		t.Errorf("%d %.20q", code, profile)
	}
	for _, path := range []string{"/debug/pprof/cmdline", "/debug/pprof/", "/", "/v1/credentials", "/debug/pprof/no-such"} {
		if code, _ := r.peek(t, path); code != http.StatusNotFound {
			t.Errorf("%s on the private listener: %d", path, code)
		}
	}
	info, err := os.Stat(r.private)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket has mode %v, %v", info.Mode(), err)
	}
}

// A service whose database was left for another store meanwhile takes no changes, and
// says so before somebody asks for one.
func TestReadinessOnADatabaseThatWasLeft(t *testing.T) {
	database := pgtest.Start(t)
	r := servingWith(t, "http://", []string{"LAUREL_STORE=" + database})
	if code, body := r.ask(t, "GET", "/readyz", "", ""); code != http.StatusOK || !strings.HasPrefix(body, `{"ready":true,"read":true,"write":true`) {
		t.Fatalf("%d %s", code, body)
	}
	db, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Lock(t.Context(), func(l store.Locked) error {
		return l.Leave(t.Context(), func(store.Tx) error { return nil })
	}); err != nil {
		t.Fatal(err)
	}
	if code, body := r.ask(t, "GET", "/readyz", "", ""); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, `{"ready":false,"read":true,"write":false,"reasons":["store_read_only"]`) {
		t.Errorf("%d %s", code, body)
	}
	if code, _ := r.ask(t, "GET", "/readyz?for=read", "", ""); code != http.StatusOK {
		t.Errorf("it reads all the same, and says %d", code)
	}
	if ready := r.metric(t, `laurel_ready{for="write"}`); ready != 0 {
		t.Errorf("laurel_ready is %v", ready)
	}
}

// What is told to stop says so before it stops answering.
func TestReadinessEndsBeforeTheService(t *testing.T) {
	r := serving(t, "--drain", "5")
	if code, body := r.ask(t, "GET", "/readyz", "", ""); code != http.StatusOK || !strings.HasPrefix(body, `{"ready":true,"read":true,"write":true`) { // a disk may be nearly full
		t.Fatalf("%d %s", code, body)
	}
	ended := make(chan int)
	go func() { ended <- r.stop() }()
	const stopping = `503 {"ready":false,"read":false,"write":false,"reasons":["stopping"]}`
	var seen []string
	for !slices.Contains(seen, stopping) {
		resp, err := http.Get(r.url + "/readyz?for=read")
		if err != nil {
			break
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		seen = append(seen, fmt.Sprint(resp.StatusCode, " ", strings.TrimSpace(string(body))))
		if _, home := r.ask(t, "GET", "/healthz", "", ""); home == "" {
			t.Error("it does not answer while it drains")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !slices.Contains(seen, stopping) {
		t.Errorf("it said %v", seen)
	}
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d: %s", code, r.said)
	}
}
