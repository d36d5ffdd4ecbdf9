//go:build linux && !race

package crash

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// within waits until something holds, and tells whether it came to.
func within(limit time.Duration, holds func() bool) bool {
	for until := time.Now().Add(limit); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return holds()
}

// serves holds that a badge is given and verified whatever the disk does.
func (c *crowd) serves(b *badge) {
	c.h.t.Helper()
	if code, body := c.h.get("/credentials/" + b.id + ".json"); code != http.StatusOK || string(body) != string(b.document) {
		c.wrong("meanwhile the badge %s is answered with %d", b.ref, code)
	}
	code, _, body, err := c.send(c.clients[0].http, &request{method: http.MethodPost, path: "/v1/verify", body: string(b.document)})
	if err != nil || code != http.StatusOK || member(body, "verdict") != "valid" {
		c.wrong("meanwhile it is verified with %d %.200s: %v", code, body, err)
	}
	if code, _ := c.h.get("/status/city-academy-1"); code != http.StatusOK {
		c.wrong("meanwhile the status list is answered with %d", code)
	}
}

// keep leaves the first badge of a client as it is from now on.
func (one *client) keep() *badge {
	one.badges[0].kept = true
	return one.badges[0]
}

// steps lets each client take so many steps, one after the other.
func (c *crowd) steps(n int) {
	for range n {
		for _, one := range c.clients {
			c.step(one)
		}
	}
}

// end settles what is open, holds everything against the clients, stops the
// service and checks the folder.
func (c *crowd) end(what string, times int) {
	c.h.t.Helper()
	c.settle()
	_, editions := c.hold(true)
	c.h.stop()
	if got := c.h.check(); got != editions {
		c.wrong("the store has %d editions, the clients were given %d", got, editions)
	}
	c.report(what, times)
}

// unknownOutcome is how who was in a commit that failed is answered.
const unknownOutcome = "503 outcome_unknown"

// TestSyncFails lets syncs of the disk fail with EIO, one in each thread and then
// all. Whoever was in that commit gets 503 and never an answer that turns out to
// be untrue; the service is read-only, says so, goes on with pages and
// verification, and goes on with everything when the disk does.
func TestSyncFails(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	h.start()
	c := h.crowd(8)
	c.steps(1)
	steady := c.clients[0].keep()
	h.stop()

	// One failure in each thread, a moment after the start.
	times := rounds(t, "CRASH_FAULTS", 1)
	for n := range times {
		h.start(strace(t, "trace=fdatasync", fmt.Sprintf("inject=fdatasync:error=EIO:when=%d", 4+n%57))...)
		began := time.Now()
		c.persistUntil(t.Context(), func() bool { // a busy machine takes its time to come to so many syncs
			took := time.Since(began)
			return took > 3*time.Second && c.hasRefused(unknownOutcome) || took > 3*time.Minute
		})
		c.serves(steady)
		c.settle()
		h.stop()
	}
	if !c.hasRefused(unknownOutcome) {
		t.Errorf("no sync failed under anybody: %v", c.refusals)
	}

	// The disk fails for a while, whoever asks it.
	h.startWith([]string{h.measured()})
	c.steps(1)
	before := h.metric("go_goroutines")
	detach := h.attach("trace=fdatasync", "inject=fdatasync:error=EIO")
	readOnly := func() bool {
		code, body := h.get("/readyz")
		return code == http.StatusServiceUnavailable && strings.Contains(string(body), "read_only")
	}
	if !within(3*time.Minute, func() bool { c.steps(1); return readOnly() }) {
		t.Error("the disk fails, and the service does not say so")
	}
	known := c.acknowledged.Load()
	c.steps(2)
	c.serves(steady)
	if got := c.acknowledged.Load(); got != known {
		t.Errorf("%d requests were acknowledged on a disk that fails", got-known)
	}
	if code, _ := h.get("/readyz?for=read"); code != http.StatusOK {
		t.Errorf("readiness for reading is %d", code)
	}
	detach()
	if !within(5*time.Minute, func() bool { return !readOnly() }) {
		t.Error("the disk works again, and the service does not")
	}
	c.settle()
	c.steps(1)
	h.run("compact") // which waits for whoever reads: nobody has stayed
	if !within(3*time.Minute, func() bool { return h.metric("go_goroutines") <= before+20 }) {
		t.Errorf("%v goroutines before the disk failed, %v afterwards", before, h.metric("go_goroutines"))
	}
	c.end("syncs that fail", times+1)
}

// TestDiskFull fills a small disk under the service. Issuing says that it is full
// and that nothing was stored, pages and verification go on, the log stays
// short, and with room again issuing goes on by itself.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	if err := syscall.Mount("laurel-crash", disk, "tmpfs", 0, "size=24m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no small disk can be mounted, and in CI it must be: %v", err)
		}
		t.Skipf("NOT TESTED: no small disk can be mounted here, so it was never full: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	h := newHouse(t, disk)
	t.Cleanup(h.kill)
	h.start()
	c := h.crowd(8)
	c.steps(1)
	steady := c.clients[0].keep()
	fill := func() {
		f, err := os.Create(filepath.Join(disk, "ballast"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for err == nil {
			_, err = f.Write(make([]byte, 1<<12))
		}
	}
	fill()
	began := time.Now()
	full := within(5*time.Minute, func() bool { c.steps(1); return c.hasRefused("503 storage_full") })
	if !full {
		t.Errorf("the disk is full, and nobody is told: %v", c.refusals)
	}
	h.said.forget()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	c.persist(ctx)
	cancel()
	c.serves(steady)
	if code, body := h.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(string(body), "store_full") {
		t.Errorf("on a full disk it is ready: %d %s", code, body)
	}
	requests, others := 0, 0
	for line := range strings.Lines(h.said.all()) {
		if strings.Contains(line, `"msg":"request"`) || strings.Contains(line, `"msg":"issued"`) {
			requests++
		} else {
			others++
		}
	}
	if err := os.Remove(filepath.Join(disk, "ballast")); err != nil {
		t.Fatal(err)
	}
	if others > 20 {
		t.Errorf("%d lines in the log beside those of the requests", others)
	}
	t.Logf("full for %v: %v; %d lines of requests in the log and %d others", time.Since(began), c.refusals, requests, others)
	before := c.acknowledged.Load()
	if !within(3*time.Minute, func() bool { c.steps(1); return c.acknowledged.Load() > before }) {
		t.Errorf("there is room again, and nothing is issued: %v", c.refusals)
	}
	c.end("a full disk", 1)
}
