//go:build linux && !race

package crash

import (
	"context"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"time"
)

// restartBound is how much of a processor a start may take until the service is
// ready.
const restartBound = 2 * time.Second

// report prints the figures of a test and fails it where one of the bad ones is
// not zero.
func (c *crowd) report(what string, times int) {
	c.h.t.Helper()
	badges, editions := 0, 0
	for _, one := range c.clients {
		badges += len(one.badges)
		for _, b := range one.badges {
			editions += b.editions
		}
	}
	c.h.t.Logf("%s: %d times, %d requests acknowledged, %d of unknown outcome, %d of them had happened; %d badges in %d editions; refusals %v; wrong: %d",
		what, times, c.acknowledged.Load(), c.unknown.Load(), c.replayed.Load(), badges, editions, c.refusals, len(c.bad))
	for n, bad := range c.bad {
		if n == 20 {
			break
		}
		c.h.t.Error(bad)
	}
}

// TestKill kills the service with SIGKILL at random moments while 16 clients
// issue, suspend, correct, withdraw and erase. What was acknowledged is there,
// each answer is given again byte for byte, no index is used twice, nothing is
// there by half, every badge verifies, and the log goes on.
func TestKill(t *testing.T) {
	t.Parallel()
	h := newHouse(t, t.TempDir())
	c := h.crowd(16)
	kills := rounds(t, "CRASH_KILLS", 2)
	var starts, used []time.Duration
	var checkpoint string
	for n := range kills {
		starts = append(starts, h.start())
		used = append(used, h.used())
		c.settle()
		c.hold(false)
		if code, body := h.get("/log/checkpoint"); code == http.StatusOK {
			checkpoint = string(body)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			time.Sleep(20*time.Millisecond + rand.N(280*time.Millisecond))
			_ = h.process.Process.Kill()
			cancel()
		}()
		c.work(ctx)
		h.kill()
		if err := checkPages(h.folder + "/laurel.db"); err != nil {
			t.Errorf("kill %d: bbolt's check: %v", n+1, err)
		}
		if n%20 == 19 {
			h.check(checkpoint)
		}
		if len(c.bad) > 0 {
			break
		}
	}
	starts = append(starts, h.start())
	used = append(used, h.used())
	c.settle()
	_, editions := c.hold(true)
	h.stop()
	if got := h.check(checkpoint); got != editions {
		t.Errorf("the store has %d editions, the clients were given %d", got, editions)
	}
	c.report("kill -9", kills)
	slices.Sort(starts)
	slices.Sort(used)
	t.Logf("starts until ready: median %v, slowest %v; of a processor %v", starts[len(starts)/2], starts[len(starts)-1], used)
	if most := used[len(used)-1]; most > restartBound { // how long it takes is the machine's as much as ours
		t.Errorf("a start takes %v of a processor, more than %v", most, restartBound)
	}
	if c.unknown.Load() == 0 || c.acknowledged.Load() < int64(kills) {
		t.Error("this tested nothing")
	}
}
