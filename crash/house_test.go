//go:build linux && !race

// Package crash kills the program, takes its disk away and damages its file
// while clients are at it, and holds what is there afterwards against what they
// were told. It drives the command as it is shipped, in processes of their own.
//
// The short forms belong to the tests. Variables in the environment ask for the
// long ones: `make crash-long`, `make release-long`.
package crash

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/internal/porttest"
)

var binary = struct {
	once sync.Once
	path string
	err  error
}{}

func TestMain(m *testing.M) {
	code := m.Run()
	if binary.path != "" {
		_ = os.RemoveAll(filepath.Dir(binary.path))
	}
	os.Exit(code)
}

// laurel is the program, built once.
func laurel(t testing.TB) string {
	t.Helper()
	binary.once.Do(func() {
		folder, err := os.MkdirTemp("", "laurel-crash")
		if err != nil {
			binary.err = err
			return
		}
		binary.path = filepath.Join(folder, "laurel")
		if out, err := exec.Command("go", "build", "-o", binary.path, "laurel/cmd/laurel").CombinedOutput(); err != nil {
			binary.err = fmt.Errorf("%w: %s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatal(binary.err)
	}
	return binary.path
}

// rounds is how often a test does what it does: short, or as the environment
// says.
func rounds(t testing.TB, variable string, short int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return short
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is no number: %q", variable, text)
	}
	return n
}

// house is a data folder and the service on it.
type house struct {
	t       *testing.T
	folder  string // of the store and the keys
	base    string // where it listens
	public  string // the address that stands in badges
	token   string
	metrics string // a socket
	store   string // where the store is, if it is not in the folder
	process *exec.Cmd
	tracer  *os.Process // of the running service, if there is one
	ended   chan error
	said    *lines
	pipe    func() (out, in *os.File, err error) // through which it says it
}

const definitions = `{"achievements":[
{"slug":"first-aid","issuer":"city-academy","achievementType":"Badge","suspendable":true,
"name":{"en":"First aid"},"description":{"en":"The holder can give first aid."},"criteria":{"en":"Attend the day and pass the practice."}}]}`

// newHouse makes a data folder within a folder, which may be a disk of its own.
func newHouse(t *testing.T, within string) *house { return newHouseAs(t, within, "") }

// newHouseAs is for a public address that is not where the service listens.
func newHouseAs(t *testing.T, within, public string) *house {
	t.Helper()
	h := &house{t: t, folder: filepath.Join(within, "data"), base: "http://" + porttest.Address(t), said: &lines{}, pipe: os.Pipe}
	if h.public = public; public == "" {
		h.public = h.base
	}
	args := []string{"init", "--base-url", h.public, "--issuer", "city-academy", "--name", "City Academy"}
	if public == "" {
		args = append(args, "--alg", "EdDSA") // a did:key has no use for the others, which take long to make
	}
	h.run(args...)
	h.load(map[string]string{"achievements.json": definitions})
	h.token = strings.TrimSpace(h.run("token", "create", "--issuer", "city-academy", "--scope", "issue,read,revoke,manage,roster", "--rate", "0"))
	t.Cleanup(h.kill)
	return h
}

// load loads definitions.
func (h *house) load(files map[string]string) {
	h.t.Helper()
	folder := h.t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
	}
	h.run("programme", "load", folder)
}

// run runs a command on the folder, which has to succeed.
func (h *house) run(args ...string) string {
	h.t.Helper()
	out, err := h.try(args...)
	if err != nil {
		h.t.Fatalf("laurel %s: %v", args[0], err)
	}
	return out
}

func (h *house) try(args ...string) (string, error) { return h.tryUnder(nil, args...) }

// tryUnder runs a command below another one.
func (h *house) tryUnder(under []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	args = slices.Concat(under, []string{laurel(h.t)}, args, h.where())
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}

// start starts the service, below a command if one is given, and returns how
// long it took to be ready.
func (h *house) start(under ...string) time.Duration {
	h.t.Helper()
	return h.startWith(nil, under...)
}

// startWith starts the service with more flags.
func (h *house) startWith(flags []string, under ...string) time.Duration {
	h.t.Helper()
	began := time.Now()
	h.launch(flags, under...)
	for time.Since(began) < 3*time.Minute {
		select {
		case err := <-h.ended:
			h.ended <- err
			h.t.Fatalf("the service ended by itself: %v\n%s", err, h.said.tail(20))
		default:
		}
		if status, _ := h.get("/readyz"); status == http.StatusOK {
			return time.Since(began)
		}
		time.Sleep(2 * time.Millisecond)
	}
	h.t.Fatalf("the service was not ready in 3 minutes\n%s", h.said.tail(20))
	return 0
}

// used is how much of a processor the service has used, in hundredths of a second
// (proc_pid_stat(5): utime and stime).
func (h *house) used() time.Duration {
	h.t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", h.process.Process.Pid))
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // after the name, which may hold anything
	var ticks time.Duration
	for _, field := range strings.Fields(rest)[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			h.t.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// measured is the flag with which the service tells its figures.
func (h *house) measured() string {
	h.metrics = filepath.Join(h.t.TempDir(), "metrics.sock")
	return "--metrics=unix:" + h.metrics
}

// metric is a figure of a service that was measured from its start.
func (h *house) metric(name string) float64 {
	h.t.Helper()
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", h.metrics)
	}}}
	resp, err := client.Get("http://laurel/metrics")
	if err != nil {
		h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
			if err != nil {
				h.t.Fatal(err)
			}
			return n
		}
	}
	h.t.Fatalf("the service does not tell %s", name)
	return 0
}

// where is what tells commands the folder and the store.
func (h *house) where() []string {
	if h.store == "" {
		return []string{"--data", h.folder}
	}
	return []string{"--data", h.folder, "--store", h.store}
}

// launch starts the service and waits for nothing.
func (h *house) launch(more []string, under ...string) {
	h.t.Helper()
	args := append(under, laurel(h.t), "serve", "--listen", strings.TrimPrefix(h.base, "http://"))
	args = append(append(args, h.where()...), more...)
	h.process = exec.Command(args[0], args[1:]...)
	h.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	h.ended = make(chan error, 1)
	out, in, err := h.pipe()
	if err != nil {
		h.t.Fatal(err)
	}
	h.process.Stderr = in
	if err := errors.Join(h.process.Start(), in.Close()); err != nil {
		h.t.Fatal(errors.Join(err, out.Close()))
	}
	go func(p *exec.Cmd, said *lines, ended chan error) {
		_, err := io.Copy(said, out)
		err = errors.Join(err, out.Close())
		ended <- errors.Join(p.Wait(), err)
	}(h.process, h.said, h.ended)
}

// signal sends the service a signal.
func (h *house) signal(s syscall.Signal) {
	h.t.Helper()
	if err := h.process.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		h.t.Error(err)
	}
}

// wait waits for the service to end, and returns how.
func (h *house) wait() error {
	h.t.Helper()
	select {
	case err := <-h.ended:
		h.process = nil
		return err
	case <-time.After(3 * time.Minute):
		h.t.Fatalf("the service does not end\n%s", h.said.tail(20))
		return nil
	}
}

// kill kills the service where it stands.
func (h *house) kill() {
	if h.process == nil {
		return
	}
	_ = h.process.Process.Kill()
	if h.tracer != nil { // it would hold on to whom it delays
		_ = h.tracer.Kill()
	}
	if err := <-h.ended; err == nil {
		h.t.Log("the service had ended by itself")
	}
	h.process = nil
}

// stop ends the service as an operator does.
func (h *house) stop() {
	h.t.Helper()
	h.signal(syscall.SIGTERM)
	if err := h.wait(); err != nil {
		h.t.Errorf("the service ended with %v\n%s", err, h.said.tail(20))
	}
}

// check holds the folder of a service that is stopped against itself: the pages
// of the file by bbolt's own check, the records by `laurel check`, the log by
// `laurel audit verify` with a checkpoint that was kept.
func (h *house) check(checkpoints ...string) (editions int) {
	h.t.Helper()
	if h.store != "" {
		h.t.Log("the pages of a database are its own matter")
	} else if err := checkPages(filepath.Join(h.folder, "laurel.db")); err != nil {
		h.t.Errorf("bbolt's check: %v", err)
	}
	out, err := h.try("check")
	if err != nil {
		h.t.Errorf("laurel check: %v", err)
	}
	if _, err := fmt.Sscanf(out, "The store is in order: %d editions", &editions); err != nil {
		h.t.Errorf("laurel check said %q", out)
	}
	args := []string{"audit", "verify"}
	for _, c := range checkpoints {
		file := filepath.Join(h.t.TempDir(), "checkpoint")
		if err := os.WriteFile(file, []byte(c), 0o600); err != nil {
			h.t.Fatal(err)
		}
		args = append(args, "--checkpoint", file)
	}
	if _, err := h.try(args...); err != nil {
		h.t.Errorf("laurel audit verify: %v", err)
	}
	return editions
}

func checkPages(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Minute})
	if err != nil {
		return err
	}
	var all []error
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			all = append(all, err)
		}
		return nil
	})
	return errors.Join(append(all, err, db.Close())...)
}

// strace returns the beginning of a command that lets system calls fail. The
// tracer is the child of what it traces, so that a signal reaches the service.
func strace(t testing.TB, inject ...string) []string {
	t.Helper()
	path, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is not installed, and in CI it must be")
		}
		t.Skip("NOT TESTED: strace is not installed, so nothing is known here about a disk that fails")
	}
	args := []string{path, "-D", "-f", "-qqq", "-o", os.DevNull, "-e", "signal=none"}
	for _, i := range inject {
		if !strings.HasPrefix(i, "-") {
			args = append(args, "-e")
		}
		args = append(args, i)
	}
	return args
}

// attach lets system calls of the running service fail from now on, until the
// function that it returns is called. Where one of them kills it, it may be dead
// already.
func (h *house) attach(inject ...string) (detach func()) {
	h.t.Helper()
	args := slices.DeleteFunc(strace(h.t, inject...), func(a string) bool { return a == "-D" })
	cmd := exec.Command(args[0], append(args[1:], "-p", strconv.Itoa(h.process.Process.Pid))...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	if !within(time.Minute, func() bool { return len(h.ended) > 0 || h.traced() }) {
		h.t.Fatal("strace does not get hold of the service")
	}
	h.tracer = cmd.Process
	return func() {
		h.tracer = nil
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait() // ends with the signal
	}
}

// traced tells whether every thread of the service is under a tracer.
func (h *house) traced() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", h.process.Process.Pid))
	for _, path := range threads {
		if status, err := os.ReadFile(path); err != nil || bytes.Contains(status, []byte("TracerPid:\t0\n")) {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// lines keeps what a service writes on standard error, but for the lines that tell
// of a badge, which are counted.
type lines struct {
	mu     sync.Mutex
	text   bytes.Buffer
	begun  []byte // a line that has no end yet
	issued int
	most   int    // so many badges, and then
	then   func() // is called before more is read
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun = append(l.begun, p...)
	for {
		end := bytes.IndexByte(l.begun, '\n') + 1
		if end == 0 {
			return len(p), nil
		}
		if bytes.Contains(l.begun[:end], []byte(`"msg":"issued"`)) {
			l.issued++
			if l.then != nil && l.issued == l.most {
				l.then()
			}
		} else {
			l.text.Write(l.begun[:end])
		}
		l.begun = l.begun[end:]
	}
}

// after has something done after so many more badges, with nothing read meanwhile.
func (l *lines) after(more int, then func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most, l.then = l.issued+more, then
}

func (l *lines) all() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String() + string(l.begun)
}

func (l *lines) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
	l.begun = nil
}

// tail is the last lines that are no requests.
func (l *lines) tail(n int) string {
	var kept []string
	for line := range strings.Lines(l.all()) {
		if !strings.Contains(line, `"msg":"request"`) && !strings.Contains(line, `"level":"INFO"`) {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept[max(0, len(kept)-n):], "")
}
