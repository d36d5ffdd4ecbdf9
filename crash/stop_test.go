//go:build linux && !race

package crash

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"laurel/badge/status"
)

// TestStop stops the service under load as an operator does: it ends well, and
// whoever was answered was told the truth. A second signal does not cut short
// what the first one lets finish.
func TestStop(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	c := h.crowd(8)
	times := rounds(t, "CRASH_STOPS", 1)
	for n := range times {
		h.start()
		c.settle()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.work(ctx) }()
		time.Sleep(50*time.Millisecond + rand.N(250*time.Millisecond))
		h.signal(syscall.SIGTERM)
		if n%2 == 1 {
			h.signal(syscall.SIGTERM)
		}
		if err := h.wait(); err != nil {
			t.Errorf("stop %d: the service ended with %v\n%s", n+1, err, h.said.tail(10))
		}
		cancel()
		<-done
	}
	if len(c.refusals) > 0 {
		t.Errorf("while it stopped it answered %v", c.refusals)
	}
	h.start()
	c.end("SIGTERM", times)
}

// TestRevocations withdraws without end, with a kill now and then, while a reader
// compares each list with the one before and with what was acknowledged before he
// asked for it: each withdrawal shows at once, no mark is ever taken back, also
// not by a restart, and two lists that differ have two ETags.
func TestRevocations(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	c := h.crowd(8, "revoke")
	reader := &listReader{h: h, c: c}
	kills := rounds(t, "CRASH_LIST_KILLS", 1)
	for n := range kills {
		h.start()
		c.settle()
		c.hold(false) // what was acknowledged shows, at once
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { reader.follow(ctx) })
		all.Go(func() { c.work(ctx) })
		time.Sleep(300*time.Millisecond + rand.N(300*time.Millisecond))
		if !within(3*time.Minute, func() bool { return reader.seen.Load() > int64(n+1) }) { // a busy machine takes its time
			t.Error("no withdrawal shows")
		}
		h.kill()
		cancel()
		all.Wait()
	}
	h.start()
	reader.look()
	t.Logf("%d lists were compared, %d more were the same as before; %d withdrawals were acknowledged, the last list has %d marks",
		reader.seen.Load(), reader.same, len(c.acknowledgedUntilNow()), reader.marks())
	c.end("kill -9 while withdrawing", kills)
}

// revocations is the list of the house's issuer.
const revocations = "/status/city-academy-1"

// listReader compares each list of revocations with the one before it.
type listReader struct {
	h        *house
	c        *crowd
	last     *status.List
	etag     string
	versions map[string]string // bodies by their ETags
	seen     atomic.Int64
	same     int
}

func (r *listReader) follow(ctx context.Context) {
	for ctx.Err() == nil {
		r.look()
		time.Sleep(5 * time.Millisecond)
	}
}

func (r *listReader) look() {
	acknowledged := r.c.acknowledgedUntilNow()
	code, header, body := r.h.getUnless(revocations, r.etag)
	switch code {
	case http.StatusOK:
		r.take(header.Get("ETag"), body)
	case http.StatusNotModified:
		r.same++
	default:
		return // killed meanwhile
	}
	for _, entry := range acknowledged {
		_, index, _ := strings.Cut(entry, "#")
		n, err := strconv.Atoi(index)
		if err != nil {
			r.c.wrong("%s: %v", entry, err)
		} else if set, err := r.last.Bit(n); err != nil || !set {
			r.c.wrong("a list that was asked for after %s was acknowledged does not show it (%d, ETag %s): %v", entry, code, r.etag, err)
		}
	}
}

// take holds a list against the one before.
func (r *listReader) take(etag string, body []byte) {
	now, err := decodeList(body)
	if err != nil {
		r.c.wrong("a list cannot be read: %v", err)
		return
	}
	r.seen.Add(1)
	if other, known := r.versions[etag]; etag == "" || known && other != string(body) {
		r.c.wrong("two lists that differ have the ETag %q", etag)
	}
	if r.versions == nil {
		r.versions = map[string]string{}
	}
	r.versions[etag] = string(body)
	if r.last != nil {
		for n := range r.last.Len() {
			before, _ := r.last.Bit(n) // within its bounds
			if after, err := now.Bit(n); before && !after || err != nil {
				r.c.wrong("the mark at %d was taken back: %v", n, err)
			}
		}
	}
	r.last, r.etag = now, etag
}

func (r *listReader) marks() (n int) {
	if r.last == nil {
		return 0
	}
	for i := range r.last.Len() {
		if set, _ := r.last.Bit(i); set {
			n++
		}
	}
	return n
}

// TestBetweenSyncs kills the service between the two syncs of a commit, and just
// before either: what nobody was told of is there whole or not at all, and the
// retry tells.
func TestBetweenSyncs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	c := h.crowd(8)
	times := rounds(t, "CRASH_STEPS", 3)
	for n := range times {
		h.launch(nil, strace(t, "trace=fdatasync", fmt.Sprintf("inject=fdatasync:signal=SIGKILL:when=%d", 3+n%20))...)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		if !within(2*time.Minute, func() bool { code, _ := h.get("/readyz"); return code == http.StatusOK || len(h.ended) > 0 }) {
			t.Error("it was not ready")
		}
		c.persistUntil(ctx, func() bool { return len(h.ended) > 0 })
		cancel()
		h.kill()
	}
	h.start()
	c.end("SIGKILL at a sync", times)
	if c.unknown.Load() == 0 {
		t.Error("this tested nothing")
	}
}

// persistUntil lets clients work until something holds.
func (c *crowd) persistUntil(ctx context.Context, over func() bool) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		for ctx.Err() == nil && !over() {
			time.Sleep(5 * time.Millisecond)
		}
		cancel()
	}()
	c.persist(ctx)
}

// TestSlowDisk makes every sync last half a second: those who issue wait for their
// commit and not for one another. Then a sync does not end any more, and whoever
// verifies waits for nothing.
func TestSlowDisk(t *testing.T) {
	t.Parallel()
	const clients, delay = 16, 500 * time.Millisecond
	h := newHouse(t, t.TempDir())
	h.start()
	c := h.crowd(clients, "suspend")
	c.steps(1) // the lists of the issuer are opened with its first badges
	steady := c.clients[0].keep()
	h.stop()
	h.startWith([]string{h.measured()}, strace(t, "trace=fdatasync", "inject=fdatasync:delay_exit=500000")...)
	const commits = "laurel_store_commit_seconds_count"
	began, before, committed := time.Now(), c.acknowledged.Load(), h.metric(commits)
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
	defer cancel()
	c.work(ctx)
	answers, took := c.acknowledged.Load()-before, h.metric(commits)-committed
	t.Logf("syncs of %v, two to a commit, %d clients: %d answers of %v commits in %v", delay, clients, answers, took, time.Since(began))
	if float64(answers) < 2*took {
		t.Errorf("%d answers of %v commits: clients wait for one another", answers, took)
	}
	if ready, _ := h.get("/readyz"); ready != http.StatusOK {
		t.Errorf("it is said not to be ready: %d", ready)
	}
	h.kill()
	h.startWith([]string{h.measured()})
	c.stands(steady)
	h.start()
	c.end("a slow disk", 2)
}

// stands has a sync last for ever, with clients who wait for it and for the next
// one, and kills the service.
func (c *crowd) stands(steady *badge) {
	c.h.t.Helper()
	detach := c.h.attach("trace=fdatasync", "inject=fdatasync:delay_exit=3600000000")
	ctx, cancel := context.WithCancel(c.h.t.Context())
	var all sync.WaitGroup
	all.Go(func() { c.work(ctx) })
	if !within(5*time.Minute, func() bool { return c.h.metric("laurel_store_waiting") > 0 }) {
		c.h.t.Error("nobody waits for the disk")
	}
	before := c.acknowledged.Load()
	for range 3 {
		c.serves(steady)
	}
	if c.acknowledged.Load() != before || c.h.metric("laurel_store_waiting") == 0 {
		c.h.t.Error("the disk did not stand still: this tested nothing")
	}
	c.h.kill()
	detach()
	cancel()
	all.Wait()
}

// TestRotation changes the keys under load, with a kill in every other change:
// every badge that was ever acknowledged verifies, and one key signs.
func TestRotation(t *testing.T) {
	t.Parallel()
	h := newHouseAs(t, t.TempDir(), "https://badges.example")
	c := h.crowd(4)
	times := rounds(t, "CRASH_ROTATIONS", 2)
	for n := range times {
		h.start()
		c.settle()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); c.work(ctx) }()
		rotated := make(chan error, 1)
		go func() {
			_, err := h.try("keys", "rotate", "--issuer", "city-academy", "--alg", "EdDSA", "--at", "now")
			rotated <- err
		}()
		if n%2 == 0 {
			time.Sleep(20*time.Millisecond + rand.N(200*time.Millisecond))
		} else if err := <-rotated; err != nil {
			t.Errorf("rotation %d: %v", n+1, err)
		}
		h.kill()
		cancel()
		<-done
		if n%2 == 0 {
			t.Logf("rotation %d was cut short: %v", n+1, <-rotated)
		}
		if lines, active := strings.Split(h.run("keys", "list"), "\n"), 0; true {
			for _, l := range lines {
				if f := strings.Fields(l); len(f) > 2 && f[0] == "city-academy" && f[1] == "EdDSA" && strings.Contains(l, " signs ") {
					active++
				}
			}
			if active != 1 {
				t.Errorf("rotation %d: %d keys sign\n%s", n+1, active, strings.Join(lines, "\n"))
			}
		}
	}
	h.start()
	c.end("key rotations", times)
}
