package limit_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"laurel/api/limit"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)} }

func TestAnAddressHasItsShareOfAMinute(t *testing.T) {
	c := newClock()
	r := limit.NewRate(6, c.now)
	for n := range 6 {
		if ok, _ := r.Allow("192.0.2.1:4711"); !ok {
			t.Fatalf("request %d was refused", n+1)
		}
	}
	ok, wait := r.Allow("192.0.2.1:4712")
	if ok || wait <= 0 || wait > 10*time.Second {
		t.Fatalf("the seventh: %v, wait %v", ok, wait)
	}
	if ok, _ := r.Allow("192.0.2.2:4711"); !ok {
		t.Error("another address pays for the first")
	}
	c.at = c.at.Add(wait)
	if ok, _ := r.Allow("192.0.2.1:4711"); !ok {
		t.Error("refused after the wait that was asked for")
	}
	if ok, _ := r.Allow("192.0.2.1:4711"); ok {
		t.Error("refused requests were counted as room")
	}
}

func TestWhoIsOneCaller(t *testing.T) {
	same := [][2]string{
		{"192.0.2.1:1", "192.0.2.1:2"},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1"},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:ffff:ffff:ffff:ffff]:1"},
		{"[fe80::1%eth0]:1", "[fe80::2%eth1]:1"},
		{"@", ""},
	}
	different := [][2]string{
		{"192.0.2.1:1", "192.0.2.2:1"},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:3::1]:1"},
		{"192.0.2.1:1", "@"},
	}
	together := func(a, b string) bool {
		r := limit.NewRate(1, newClock().now)
		r.Allow(a)
		ok, _ := r.Allow(b)
		return !ok
	}
	for _, p := range same {
		if !together(p[0], p[1]) {
			t.Errorf("%s and %s count apart", p[0], p[1])
		}
	}
	for _, p := range different {
		if together(p[0], p[1]) {
			t.Errorf("%s and %s count together", p[0], p[1])
		}
	}
}

func TestNoLimit(t *testing.T) {
	r := limit.NewRate(0, newClock().now)
	for range 10_000 {
		if ok, _ := r.Allow("192.0.2.1:1"); !ok {
			t.Fatal("refused without a limit")
		}
	}
}

// However many addresses ask, the memory of the limiter is bounded. `make
// overload` asks from a million (LIMIT_ADDRESSES).
func TestMemoryIsBounded(t *testing.T) {
	asking := 100_000
	if text := os.Getenv("LIMIT_ADDRESSES"); text != "" {
		var err error
		if asking, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := limit.NewRate(600, newClock().now)
	for n := range asking {
		r.Allow(fmt.Sprintf("10.%d.%d.%d:1", n>>16, n>>8&255, n&255))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := int64(after.HeapAlloc) - int64(before.HeapAlloc); used > 64<<20 {
		t.Errorf("%d MiB for the limiter", used>>20)
	} else {
		t.Logf("%d addresses took %d KiB", asking, used>>10)
	}
	runtime.KeepAlive(r)
}

func TestGateBoundsRunningAndWaiting(t *testing.T) {
	g := limit.NewGate(1, 1, time.Minute)
	ctx := context.Background()
	place, err := g.Enter(ctx)
	if err != nil {
		t.Fatal(err)
	}
	entered := make(chan *limit.Place)
	go func() {
		p, err := g.Enter(ctx)
		if err != nil {
			t.Error(err)
		}
		entered <- p
	}()
	for g.Load().Waiting == 0 { // until go test gives up
		time.Sleep(time.Millisecond)
	}
	before, cancel := context.WithTimeout(ctx, 30*time.Second) // who waits is told so after a minute
	defer cancel()
	if _, err := g.Enter(before); !errors.Is(err, limit.ErrFull) {
		t.Fatalf("third: %v", err)
	}
	place.Leave()
	(<-entered).Leave()
	if place, err = g.Enter(ctx); err != nil {
		t.Fatalf("after all have left: %v", err)
	}
	place.Leave()
}

func TestWhoStopsWaitingLeavesNoTrace(t *testing.T) {
	g := limit.NewGate(1, 1, time.Minute)
	place, err := g.Enter(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for range 5 {
		if _, err := g.Enter(cancelled); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	place.Leave()
	if place, err = g.Enter(context.Background()); err != nil {
		t.Fatal(err)
	}
	place.Leave()
}

// TestAside: who waits for others leaves the place to somebody else, and has it
// back before going on; not all can.
func TestAside(t *testing.T) {
	g := limit.NewGate(1, 2, time.Minute)
	place, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	back := place.Aside()
	second, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second.Aside()() // too many stand aside: it keeps its place
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := g.Enter(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a third ran beside the second: %v", err)
	}
	returned := make(chan struct{})
	go func() { back(); close(returned) }()
	select {
	case <-returned:
		t.Error("the first went on beside the second")
	case <-time.After(10 * time.Millisecond):
	}
	second.Leave()
	<-returned
	place.Leave()
	if place, err = g.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	place.Leave()
}

func TestRoom(t *testing.T) {
	r := limit.NewRoom(10, 10, 50*time.Millisecond)
	ctx := t.Context()
	first, err := r.Take(ctx, "192.0.2.1:1", 6)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Take(ctx, "192.0.2.1:1", 4)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Take(ctx, "192.0.2.1:1", 1); !errors.Is(err, limit.ErrFull) {
		t.Errorf("a full room: %v", err)
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	if _, err := r.Take(gone, "192.0.2.1:1", 1); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has left: %v", err)
	}
	if got := r.Use(); got != (limit.Use{Held: 10, Refused: 1}) {
		t.Errorf("%+v", got)
	}
	second()
	third, err := r.Take(ctx, "192.0.2.1:1", 4)
	if err != nil {
		t.Errorf("what was left is not free: %v", err)
	}
	first()
	third()
	all, err := r.Take(ctx, "192.0.2.1:1", 1<<40)
	if err != nil {
		t.Fatalf("more than the whole: %v", err)
	}
	if _, err := r.Take(ctx, "192.0.2.1:1", 1); !errors.Is(err, limit.ErrFull) {
		t.Errorf("beside the whole: %v", err)
	}
	if got := r.Use(); got != (limit.Use{Held: 10, Refused: 2}) {
		t.Errorf("%+v", got)
	}
	all()
	if got := r.Use().Held; got != 0 {
		t.Errorf("%d bytes are held by nobody", got)
	}
}

// One address finds a share of the room, whatever port it comes from; what it
// waits for and what it leaves is its own.
func TestAnAddressHasItsShareOfARoom(t *testing.T) {
	r := limit.NewRoom(10, 4, 50*time.Millisecond)
	ctx := t.Context()
	first, err := r.Take(ctx, "192.0.2.1:1", 3)
	if err != nil {
		t.Fatal(err)
	}
	refused := make(chan error)
	go func() {
		_, err := r.Take(ctx, "192.0.2.1:2", 2)
		refused <- err
	}()
	second, err := r.Take(ctx, "192.0.2.2:1", 4)
	if err != nil {
		t.Errorf("another address pays for the first: %v", err)
	}
	if err := <-refused; !errors.Is(err, limit.ErrFull) {
		t.Errorf("more than the share: %v", err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := r.Take(gone, "192.0.2.1:3", 2); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that has left: %v", err)
	}
	// All together are bounded still, and a share is given back with a refusal.
	for range 3 {
		if _, err := r.Take(ctx, "192.0.2.3:1", 4); !errors.Is(err, limit.ErrFull) {
			t.Errorf("a full room: %v", err)
		}
	}
	first()
	third, err := r.Take(ctx, "192.0.2.3:1", 4)
	if err != nil {
		t.Fatalf("what the first left: %v", err)
	}
	second()
	third()
	whole, err := r.Take(ctx, "192.0.2.1:1", 10) // its share, and of the room all
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Take(ctx, "192.0.2.2:1", 1); !errors.Is(err, limit.ErrFull) {
		t.Errorf("beside the whole: %v", err)
	}
	whole()
}

func TestAQuotaIsEachOnesOwn(t *testing.T) {
	c := newClock()
	q := limit.NewQuota(c.now)
	for n := range 4 {
		want := limit.Balance{Left: 3 - n, Whole: time.Duration(n+1) * 15 * time.Second}
		if b := q.Take("a", 4); b != want {
			t.Errorf("request %d: %+v, want %+v", n+1, b, want)
		}
	}
	if b := q.Take("a", 4); b.Wait != 15*time.Second || b.Left != 0 || b.Whole != time.Minute {
		t.Errorf("the fifth: %+v", b)
	}
	if b := q.Take("b", 1000); b.Wait != 0 || b.Left != 999 {
		t.Errorf("another pays for the first, or has its rate: %+v", b)
	}
	c.at = c.at.Add(15 * time.Second)
	if b := q.Take("a", 4); b.Wait != 0 || b.Left != 0 {
		t.Errorf("after the wait that was asked for: %+v", b)
	}
	if b := q.Take("a", 4); b.Wait == 0 {
		t.Errorf("refused requests were counted as room: %+v", b)
	}
	c.at = c.at.Add(time.Hour)
	if b := q.Take("a", 4); b.Wait != 0 || b.Left != 3 || b.Whole != 15*time.Second {
		t.Errorf("after an hour: %+v", b)
	}
}
