//go:build unix && !race

// Package replicas_test runs several services on one PostgreSQL, as they are
// shipped, and holds them to what one would keep: nothing acknowledged is lost,
// nothing is doubled, and what changes on one shows on the others. It also
// measures what a second one brings. Without further words in the environment
// the runs are short; see the Makefile for the long ones.
package replicas_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/porttest"
	"laurel/store/postgres/pgtest"
)

const baseURL = "https://badges.example.org"

// command builds the command as it is shipped, without the race detector.
var command = sync.OnceValues(func() (string, error) {
	folder, err := os.MkdirTemp("", "laurel")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "laurel")
	out, err := exec.Command("go", "build", "-o", path, "laurel/cmd/laurel").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the command: %w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := command(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// number is a figure that the environment may set, for the long runs.
func number(name string, short int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return short
}

// house is some services on one store and one folder of keys.
type house struct {
	tb       testing.TB
	bin      string
	store    string
	services []*service
	client   *http.Client
	issue    string // a token for everything but reports
	report   string // a token for reports
}

// service is one process, with a data folder of its own in which the folder of
// keys is a link to the common one.
type service struct {
	house   *house
	data    string
	address string
	group   string
	under   []string // a command that it runs below, which becomes it
	cmd     *exec.Cmd
	told    chan struct{} // closed when the process has said its last
	mu      sync.Mutex
	log     []byte
}

// newHouse initialises a store and starts so many services on it.
func newHouse(tb testing.TB, store string, replicas int) *house {
	tb.Helper()
	bin, err := command()
	if err != nil {
		tb.Fatal(err)
	}
	h := &house{tb: tb, bin: bin, store: store, client: &http.Client{Timeout: 2 * time.Minute,
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}}
	tb.Cleanup(h.client.CloseIdleConnections)
	first := filepath.Join(tb.TempDir(), "data")
	h.run(first, "init", "--base-url", baseURL, "--issuer", "bees", "--name", "Bee School")
	for n := range replicas {
		data := first
		if n > 0 {
			data = filepath.Join(tb.TempDir(), "data")
			err := os.Mkdir(data, 0o700)
			if err == nil {
				err = os.Symlink(filepath.Join(first, "keys"), filepath.Join(data, "keys"))
			}
			if err != nil {
				tb.Fatal(err)
			}
		}
		h.services = append(h.services, &service{house: h, data: data})
	}
	h.issue = h.run(first, "token", "create", "--issuer", "bees", "--scope", "issue,read,revoke,manage", "--rate", "0")
	h.report = h.run(first, "token", "create", "--issuer", "bees", "--scope", "complete", "--source", "lms", "--rate", "0")
	tb.Cleanup(func() {
		for _, s := range h.services {
			s.kill()
		}
	})
	return h
}

// run runs a command to its end and returns what it says.
func (h *house) run(data string, args ...string) string {
	h.tb.Helper()
	args = append(args, "--data", data, "--store", h.store)
	cmd := exec.Command(h.bin, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		h.tb.Fatalf("laurel %s: %v\n%s%s", strings.Join(args, " "), err, out.Bytes(), errs.Bytes())
	}
	return strings.TrimSpace(out.String())
}

// start starts all services and defines what is awarded.
func (h *house) start() {
	h.tb.Helper()
	for _, s := range h.services {
		s.start()
	}
	for _, s := range h.services {
		s.ready()
	}
	h.must(http.StatusCreated, h.services[0].put("/v1/achievements/bees-keeper", h.issue, map[string]any{"issuer": "bees",
		"name": text("Bee keeper"), "description": text("Keeps bees."), "criteria": text("A year with a hive.")}))
	h.must(http.StatusCreated, h.services[0].put("/v1/achievements/bees-passed", h.issue, map[string]any{"issuer": "bees",
		"name": text("Bees"), "description": text("Knows bees."), "criteria": text("Pass the course.")}))
	h.must(http.StatusCreated, h.services[0].put("/v1/activities/bees", h.issue, map[string]any{"id": "bees", "kind": "course", "title": text("Bees"),
		"language": "en", "points_total": 10, "award_rules": []any{map[string]any{"achievement": "bees-passed", "all": []any{map[string]any{"points_percent_gte": "80"}}}}}))
	h.must(http.StatusCreated, h.services[0].post("/v1/credentials", h.issue, "first", award("first"))) // nothing is there for the first time then
	h.must(http.StatusOK, h.services[0].post("/v1/completions", h.report, "", completion("first")))
}

func text(s string) map[string]string { return map[string]string{"en": s} }

func (h *house) must(status int, a answer) answer {
	h.tb.Helper()
	if a.err != nil || a.status != status {
		h.tb.Fatalf("%s: %d %v %s, want %d", a.what, a.status, a.err, a.body, status)
	}
	return a
}

func (s *service) start() {
	tb := s.house.tb
	tb.Helper()
	if s.address == "" {
		s.address = porttest.Address(tb)
	}
	args := []string{"serve", "--data", s.data, "--store", s.house.store, "--listen", s.address, "--verify-rate", "0"}
	cmd := exec.Command(s.house.bin, args...)
	if s.group != "" { // a child goes where its parent is when it begins
		cmd = exec.Command("/bin/sh", append([]string{"-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, s.group, s.house.bin}, args...)...)
	}
	if len(s.under) > 0 {
		cmd = exec.Command(s.under[0], slices.Concat(s.under[1:], cmd.Args)...)
	}
	errs, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	told := make(chan struct{})
	s.cmd, s.told = cmd, told
	go func() {
		defer close(told)
		for lines := bufio.NewReader(errs); ; {
			line, err := lines.ReadBytes('\n')
			if !bytes.Contains(line, []byte(`"level":"INFO"`)) || bytes.Contains(line, []byte(`"msg":"stopped"`)) {
				s.mu.Lock()
				s.log = append(s.log, line...)
				s.mu.Unlock()
			}
			if err != nil {
				return
			}
		}
	}()
}

func (s *service) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(s.log)
}

// ready waits until the service can write.
func (s *service) ready() {
	s.house.tb.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		a := s.get("/readyz", "")
		if a.err == nil && a.status == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			s.house.tb.Fatalf("the service is not ready: %d %v %s\n%s", a.status, a.err, a.body, s.logged())
		}
	}
}

func (s *service) kill() {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Kill()
		_ = s.wait()
	}
}

// wait waits for the end of the process. All that it says is read before: Wait
// throws away what is not.
func (s *service) wait() error {
	<-s.told
	err := s.cmd.Wait()
	s.cmd = nil
	return err
}

// stop ends the service as an operator does, and returns what it says of its
// store.
func (s *service) stop() (stats struct{ Updates, Retries int }) {
	tb := s.house.tb
	tb.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		tb.Error(err)
	}
	if err := s.wait(); err != nil {
		tb.Errorf("the service ended with %v\n%s", err, s.logged())
	}
	for line := range strings.Lines(s.logged()) {
		if strings.Contains(line, `"msg":"stopped"`) {
			if err := json.Unmarshal([]byte(line), &stats); err != nil {
				tb.Error(err)
			}
		}
	}
	return stats
}

// answer is what came of a request.
type answer struct {
	what   string
	status int
	header http.Header
	body   []byte
	err    error
	took   time.Duration
}

func (a answer) into(tb testing.TB, v any) {
	tb.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		tb.Fatalf("%s: %v: %s", a.what, err, a.body)
	}
}

func (s *service) get(path, token string) answer {
	return s.call(http.MethodGet, path, token, "", nil)
}

func (s *service) put(path, token string, body any) answer {
	return s.call(http.MethodPut, path, token, "", body)
}

func (s *service) post(path, token, key string, body any) answer {
	return s.call(http.MethodPost, path, token, key, body)
}

func (s *service) call(method, path, token, key string, body any) answer {
	a := answer{what: method + " " + path}
	var raw io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			a.err = err
			return a
		}
		raw = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.address+path, raw)
	if err != nil {
		a.err = err
		return a
	}
	r.Host = "badges.example.org"
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	begun := time.Now()
	defer func() { a.took = time.Since(begun) }()
	resp, err := s.house.client.Do(r)
	if err != nil {
		a.err, a.took = err, time.Since(begun)
		return a
	}
	defer resp.Body.Close()
	a.status, a.header = resp.StatusCode, resp.Header
	a.body, a.err = io.ReadAll(resp.Body)
	a.took = time.Since(begun)
	return a
}

// check has the command hold the whole store against itself.
func (h *house) check() {
	h.tb.Helper()
	h.run(h.services[0].data, "check")
	h.run(h.services[0].data, "audit", "verify")
}

// newCluster is a server as tests need it: what a power cut leaves is not their
// matter, unless they say otherwise.
func newCluster(tb testing.TB, settings ...string) *pgtest.Cluster {
	tb.Helper()
	return pgtest.NewCluster(tb, append([]string{"fsync=" + sync_(), "max_connections=200"}, settings...)...)
}

// sync_ is on in the long runs.
func sync_() string {
	if os.Getenv("REPLICAS_FSYNC") != "" {
		return os.Getenv("REPLICAS_FSYNC")
	}
	return "off"
}
