//go:build linux && !race

package crash

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestLeaving stops the service while requests are under way that take their
// time: /readyz says so first, new connections are refused at once, whoever was
// under way is answered, and what never ends is cut short: a backup whose reader
// stands still. The service ends well.
func TestLeaving(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	h.load(map[string]string{"achievements.json": longDefinitions()})
	c := h.crowd(4)
	slow := h.crowd(2, "issue")
	for _, one := range slow.clients {
		one.name = "slow-" + one.name
	}
	reader := &listReader{h: h, c: c}
	times := rounds(t, "CRASH_LEAVINGS", 1)
	for n := range times {
		var drain []string
		if n%2 == 1 { // TestReadinessEndsBeforeTheService has it in short
			drain = []string{"--drain", "3"}
		}
		h.startWith(drain)
		c.settle()
		c.steps(1)
		stalled := h.stallBackup()
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { reader.follow(ctx) })
		all.Go(func() { c.work(ctx) })
		answered := slow.begin()
		began := time.Now()
		h.signal(syscall.SIGTERM)
		h.signal(syscall.SIGTERM) // cuts nothing short
		if drain != nil && !within(time.Minute, func() bool {
			code, body := h.get("/readyz")
			return code == 503 && strings.Contains(string(body), "stopping")
		}) {
			t.Error("it does not say that it is stopping")
		}
		if !within(time.Minute, h.refuses) {
			t.Error("it takes new connections while it stops")
		}
		refused := time.Since(began)
		answered()
		told := time.Since(began)
		if err := h.wait(); err != nil {
			t.Errorf("stop %d: the service ended with %v\n%s", n+1, err, h.said.tail(10))
		}
		t.Logf("stop %d: new connections refused after %v, requests under way answered after %v, ended after %v", n+1, refused, told, time.Since(began))
		cancel()
		all.Wait()
		stalled()
	}
	if len(c.refusals)+len(slow.refusals) > 0 {
		t.Errorf("while it stopped it answered %v, %v", c.refusals, slow.refusals)
	}
	if slow.unknown.Load() > 0 {
		t.Errorf("%d requests under way were not answered", slow.unknown.Load())
	}
	h.start()
	slow.hold(true)
	for _, bad := range slow.bad {
		t.Error(bad)
	}
	c.clients = append(c.clients, slow.clients...)
	c.end("SIGTERM with requests under way", times)
}

// longDefinitions make a store of which a backup does not fit into what the kernel
// holds for a reader who stands still.
func longDefinitions() string {
	var all []string
	for n := range 120 {
		all = append(all, fmt.Sprintf(`{"slug":"long-%d","issuer":"city-academy","achievementType":"Badge","name":{"en":"Long %[1]d"},
"description":{"en":"A long one."},"criteria":{"en":%q}}`, n, strings.Repeat("Attend. ", 500)))
	}
	return `{"achievements":[` + strings.Join(all, ",") + `]}`
}

// setPipeSize is F_SETPIPE_SZ of fcntl(2).
const setPipeSize = 1031

// narrowPipe is a pipe of which the kernel holds as little as it can. That is said
// while nothing is in it: a pipe is not made smaller than what it holds.
func narrowPipe() (out, in *os.File, err error) {
	if out, in, err = os.Pipe(); err != nil {
		return nil, nil, err
	}
	if _, _, e := syscall.Syscall(syscall.SYS_FCNTL, in.Fd(), setPipeSize, 1<<12); e != 0 {
		return nil, nil, errors.Join(e, out.Close(), in.Close())
	}
	return out, in, nil
}

// refuses tells whether nobody listens.
func (h *house) refuses() bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
	if err != nil {
		return true
	}
	_ = conn.Close()
	return false
}

// begin begins a request of each client and sends half of its body; the function
// that it returns sends the rest and waits for the answers.
func (c *crowd) begin() (finish func()) {
	var under, all sync.WaitGroup
	rest := make(chan struct{})
	for _, one := range c.clients {
		under.Add(1)
		usual := one.http
		one.http = &http.Client{Transport: halfway{under: sync.OnceFunc(under.Done), rest: rest}}
		all.Go(func() {
			c.step(one)
			one.http = usual
		})
	}
	under.Wait()
	return func() { close(rest); all.Wait() }
}

// halfway sends bodies that stop in their midst once the service reads them,
// which it says with 100 Continue.
type halfway struct {
	under func()
	rest  <-chan struct{}
}

func (w halfway) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Expect", "100-continue")
	r.GetBody = nil
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(r.Body, 20), w, r.Body), r.Body}
	return (&http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}).RoundTrip(r)
}

func (w halfway) Read([]byte) (int, error) {
	w.under()
	<-w.rest
	return 0, io.EOF
}

// stallBackup begins a backup whose reader stands still, and returns what lets him
// go on: what he has then is no backup.
func (h *house) stallBackup() (stalled func()) {
	h.t.Helper()
	file := filepath.Join(h.t.TempDir(), "cut")
	cmd := exec.Command(laurel(h.t), "backup", "-", "--data", h.folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, in, err := narrowPipe() // what the kernel holds for him must not be all of it
	if err == nil {
		h.t.Cleanup(func() { _ = out.Close() })
		cmd.Stdout = in
		err = errors.Join(cmd.Start(), in.Close())
	}
	first := make([]byte, 1)
	if err == nil {
		_, err = io.ReadFull(out, first) // it has begun
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return func() {
		rest, err := io.ReadAll(out)
		if err == nil {
			err = os.WriteFile(file, append(first, rest...), 0o600)
		}
		if err != nil {
			h.t.Error(err)
		}
		if err := cmd.Wait(); err == nil {
			h.t.Error("the backup was cut short, and the command does not say so")
		}
		if _, err := h.try("restore", file, "--check"); err == nil {
			h.t.Errorf("the backup of %d bytes came all the same", 1+len(rest))
		}
	}
}
