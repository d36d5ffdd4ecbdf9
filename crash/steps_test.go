//go:build linux && !race

package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// died waits for a service that is to be killed at a step of its own.
func (h *house) died(step string) {
	h.t.Helper()
	if !within(time.Minute, func() bool { return len(h.ended) > 0 }) {
		h.t.Errorf("the service has not come to %s within a minute", step)
	}
	h.kill()
}

// TestSteps kills the service at steps of its own that no random kill meets.
func TestSteps(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	c := h.crowd(6)
	h.start()
	c.steps(2)
	c.loseAnswers(rounds(t, "CRASH_ANSWERS", 1))
	c.killCompactions(rounds(t, "CRASH_COMPACTIONS", 1))
	times := rounds(t, "CRASH_BACKUPS", 1)
	last := c.killBackups(times)
	c.end("SIGKILL at steps", times)
	h.killRestorations(last, times)
}

// loseAnswers kills the service as it writes an answer: the change is in the
// store, and nobody was told. Whoever repeats the request with its key is told of
// that change and makes no second one.
func (c *crowd) loseAnswers(times int) {
	one := c.clients[0]
	for range times {
		c.settle()
		socket := c.connect(one)
		before := c.replayed.Load()
		c.h.attach("trace=write", "--trace-path="+socket, "inject=write:signal=SIGKILL:when=1")
		if c.step(one) {
			c.h.t.Fatal("the answer came all the same")
		}
		c.h.died("its answer")
		lost := one.pending
		c.h.start()
		c.settle()
		if c.replayed.Load() == before && lost.key != "" { // an erasure is repeated without a key
			c.wrong("%s of %s was in the store, and its repetition is told otherwise", lost.kind, lost.badge.ref)
		}
	}
	c.h.t.Logf("%d times killed between a commit and its answer", times)
}

// connect has a client keep one connection, and returns the name that the
// service's end of it has among the open files.
func (c *crowd) connect(one *client) (socket string) {
	c.h.t.Helper()
	var conn net.Conn
	one.http.Transport = &http.Transport{MaxIdleConnsPerHost: 1, DialContext: func(ctx context.Context, network, address string) (made net.Conn, err error) {
		made, err = (&net.Dialer{}).DialContext(ctx, network, address)
		conn = made
		return made, err
	}}
	if code, _, _, err := c.send(one.http, &request{method: http.MethodGet, path: "/healthz"}); err != nil || code != http.StatusOK {
		c.h.t.Fatalf("it is not healthy: %d %v", code, err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		c.h.t.Fatal(err)
	}
	port := func(a net.Addr) string { return fmt.Sprintf(":%04X", a.(*net.TCPAddr).Port) }
	for row := range strings.Lines(string(table)) {
		// sl, local address, remote address, state, queues, timer, retransmits, uid, timeout, inode
		if f := strings.Fields(row); strings.HasSuffix(f[1], port(conn.RemoteAddr())) && strings.HasSuffix(f[2], port(conn.LocalAddr())) {
			return "socket:[" + f[9] + "]"
		}
	}
	c.h.t.Fatalf("no such connection: %v", conn.LocalAddr())
	return ""
}

// step is a system call at which somebody is killed.
type step struct {
	of   string // who
	at   string
	most int // which of those calls, at most
}

func (s step) inject() []string {
	return []string{"trace=" + s.at, fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", s.at, 1+rand.N(s.most))}
}

var stepsOfCompaction = []step{
	{"the copy, beside the store", "renameat", 1},
	{"the folder", "fsync", 1},
	{"the copy, beside the store", "pwrite64", 10},
	{"the copy, beside the store", "fdatasync", 1},
}

// killCompactions kills the service at steps of `laurel compact` while clients are
// at work: whichever file has the store's name then is the store, and nothing is
// left of the other.
func (c *crowd) killCompactions(times int) {
	h := c.h
	fresh := filepath.Join(h.folder, "laurel.db.compact")
	for n := range times {
		step := stepsOfCompaction[n%len(stepsOfCompaction)]
		path, left := fresh, true
		if step.of == "the folder" {
			path, left = h.folder, false
		}
		h.attach(append(step.inject(), "--trace-path="+path)...)
		compacted := make(chan error, 1)
		go func() { _, err := h.try("compact"); compacted <- err }()
		c.persistUntil(h.t.Context(), func() bool { return len(h.ended) > 0 || len(compacted) > 0 })
		h.died(step.at)
		if err := <-compacted; err == nil {
			c.wrong("%v: the command says that the store is compacted", step)
		}
		if _, err := os.Lstat(fresh); left != (err == nil) {
			c.wrong("%v: it was not in the midst of it: %v", step, err)
		}
		if err := checkPages(filepath.Join(h.folder, "laurel.db")); err != nil {
			c.wrong("%v: bbolt's check: %v", step, err)
		}
		h.start()
		if _, err := os.Lstat(fresh); err == nil {
			c.wrong("%v: the copy is left", step)
		}
		c.settle()
	}
	h.t.Logf("%d times killed in a compaction", times)
}

var stepsOfBackup = []step{
	{"service", "write", 4},
	{"command", "linkat", 1},
	{"command", "write", 3},
	{"command", "fsync", 1}, // of the file, or of its folder
	{"command", "unlinkat", 1},
}

// killBackups kills the command in a backup, and the service that gives it: a file
// that has the name of the backup is whole, and one that is not is taken by
// nobody. The store is as it was. It returns a last backup.
func (c *crowd) killBackups(times int) (last string) {
	h := c.h
	folder := h.t.TempDir()
	whole, unfinished := 0, 0
	for n := range times {
		step := stepsOfBackup[n%len(stepsOfBackup)]
		name := filepath.Join(folder, fmt.Sprintf("backup-%d", n))
		if step.of == "service" {
			h.attach(step.inject()...)
			_, _ = h.try("backup", name) // over before, if the service writes less often
			h.kill()
			h.start()
		} else if _, err := h.tryUnder(strace(h.t, step.inject()...), "backup", name); err == nil && step.at == "linkat" {
			c.wrong("%v: the command was not killed", step)
		}
		c.settle()
		c.steps(1)
		found, err := filepath.Glob(name + "*")
		if err != nil {
			h.t.Fatal(err)
		}
		for _, file := range found {
			if _, err := h.try("restore", file, "--check"); err == nil {
				whole++
			} else if unfinished++; !strings.HasSuffix(file, ".unfinished") {
				c.wrong("%v: %s is no backup: %v", step, file, err)
			}
		}
	}
	h.t.Logf("%d times killed in a backup: %d files are whole, %d are not and are called unfinished", times, whole, unfinished)
	last = filepath.Join(folder, "last")
	h.run("backup", last)
	return last
}

var stepsOfRestoration = []step{
	{"command", "renameat", 2},
	{"command", "fdatasync", 3},
	{"command", "pwrite64", 20},
	{"command", "fsync", 6},
}

// killRestorations restores a backup of a folder into others, and kills the
// command at one step after the other.
func (h *house) killRestorations(from string, times int) {
	h.t.Helper()
	want := h.check()
	args := []string{"restore", from, "--accept-rollback", "--seal-key", filepath.Join(h.folder, "keys", "seal.key")}
	for n := range times {
		into := &house{t: h.t, folder: filepath.Join(h.t.TempDir(), "data")}
		step := stepsOfRestoration[n%len(stepsOfRestoration)]
		if _, err := into.tryUnder(strace(h.t, step.inject()...), args...); err != nil {
			if out, err := into.try("check"); err == nil && !strings.Contains(out, fmt.Sprintf(" %d editions", want)) {
				h.t.Errorf("killed at %v, half a store passes for one: %s", step, out)
			}
			into.folder += "-anew"
			into.run(args...)
		}
		if got := into.check(); got != want {
			h.t.Errorf("killed at %v: %d editions were restored, and there were %d", step, got, want)
		}
	}
}
