//go:build linux && !race

package crash

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/badge/status"
)

// ceiling is what the service may hold resident while it is told to live with
// memoryLimit, in MiB.
const (
	memoryLimit = 200
	ceiling     = 300
)

// TestHostile sends all that strangers could think of, eight at a time and in
// another order each round, to a service that is to live with little memory,
// while somebody has a good badge verified and issues. Each is answered as it
// should be, the memory stays under its ceiling and does not grow from round to
// round, and nothing goes on when all is over. HOSTILE_ROUNDS is how many rounds;
// fewer than one take a part of the corpus.
func TestHostile(t *testing.T) {
	t.Parallel()
	times, size := rounds(t, "HOSTILE_ROUNDS", 0), int64(256<<20)
	if times == 0 {
		size = 4 * status.DefaultMaxBytes
	}
	h := newHouse(t, t.TempDir())
	h.load(map[string]string{"big-course.json": course})
	s := newStranger(t)
	host := s.host(t, size)
	h.startWith([]string{h.measured(), "--verify-rate", "0", "--fetch-allow", strings.TrimPrefix(host, "http://")},
		"env", fmt.Sprintf("GOMEMLIMIT=%dMiB", memoryLimit))
	c := h.crowd(1, "issue")
	c.steps(1)
	g := &gauntlet{h: h, c: c, steady: c.clients[0].keep(), slowest: map[string]time.Duration{}}
	corpus := s.corpus(t, host, size)
	before := h.metric("go_goroutines")
	if times == 0 {
		rand.Shuffle(len(corpus), func(a, b int) { corpus[a], corpus[b] = corpus[b], corpus[a] })
		g.run("a part of the corpus", corpus[:len(corpus)/8])
		g.poisoned(s, 3)
	}
	var floors []int
	for n := range times {
		rand.Shuffle(len(corpus), func(a, b int) { corpus[a], corpus[b] = corpus[b], corpus[a] })
		g.run(fmt.Sprint("round ", n+1), corpus)
		floors = append(floors, g.floor())
	}
	if times > 0 {
		g.poisoned(s, 32)
		t.Logf("heap after each round: %d KiB", floors)
		if first, last := floors[0], floors[len(floors)-1]; last > first+first/10+4<<10 {
			t.Errorf("the heap has grown from %d to %d KiB", first, last)
		}
		g.tell()
	}
	if !within(time.Minute, func() bool { return h.metric("go_goroutines") <= before+20 }) {
		t.Errorf("%v goroutines before, %v afterwards", before, g.h.metric("go_goroutines"))
	}
	t.Logf("%d of %d requests were cut off", g.cut.Load(), g.sent.Load())
	if g.cut.Load()*2 > g.sent.Load() {
		t.Errorf("%d of %d requests were not answered", g.cut.Load(), g.sent.Load())
	}
	c.end("hostile requests", int(g.sent.Load()))
}

// gauntlet is a service that is sent what is hostile.
type gauntlet struct {
	h      *house
	c      *crowd
	steady *badge // verified all the time
	sent   atomic.Int64
	cut    atomic.Int64 // sent, and not answered: who is refused may be cut off while he writes

	mu      sync.Mutex
	slowest map[string]time.Duration
}

// run sends a corpus, eight at a time, and on a busy machine once more, until
// somebody else was served meanwhile.
func (g *gauntlet) run(what string, corpus []hostile) {
	g.h.t.Helper()
	g.forget()
	next := make(chan hostile)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for one := range next {
				g.send(one)
			}
		})
	}
	beside := g.beside()
	began := time.Now()
	for again := true; again; again = beside.waits(began) {
		for _, one := range corpus {
			next <- one
		}
	}
	close(next)
	all.Wait()
	served := beside.end()
	peak := g.peak()
	g.h.t.Logf("%s: %d requests in %v, at most %d MiB resident; beside them %v", what, len(corpus), time.Since(began).Round(time.Millisecond), peak, served)
	if peak > ceiling {
		g.h.t.Errorf("%s: %d MiB resident", what, peak)
	}
}

// send sends one, which is answered or cut off, and never as if it were good.
func (g *gauntlet) send(one hostile) (code int, body []byte) {
	g.sent.Add(1)
	began := time.Now()
	req, err := http.NewRequest(http.MethodPost, g.h.base+one.path, bytes.NewReader(one.body))
	if err != nil {
		g.c.wrong("%s: %v", one.name, err)
		return 0, nil
	}
	req.Host = g.h.host()
	req.Header.Set("Content-Type", one.kind)
	if one.packed != "" {
		req.Header.Set("Content-Encoding", one.packed)
	}
	if one.path != verifyPath {
		req.Header.Set("Authorization", "Bearer "+g.h.token)
	}
	resp, err := g.c.clients[0].http.Transport.RoundTrip(req)
	if err != nil {
		g.cut.Add(1)
		return http.StatusServiceUnavailable, nil
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	g.mu.Lock()
	g.slowest[one.name] = max(g.slowest[one.name], time.Since(began))
	g.mu.Unlock()
	good := []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}
	if one.path != "/v1/credentials" { // a verdict, or a list whose rows are refused
		good = append(good, http.StatusOK)
	}
	if err != nil || !slices.Contains(good, resp.StatusCode) || member(body, "verdict") == "valid" {
		g.c.wrong("%s: %d %.300s %v", one.name, resp.StatusCode, body, err)
	}
	return resp.StatusCode, body
}

// ordinary is what somebody got who asks for little.
type ordinary struct {
	verified, issued, later int
	slowest                 time.Duration
}

func (o ordinary) String() string {
	return fmt.Sprintf("%d verified, %d issued, %d told to come back, slowest %v", o.verified, o.issued, o.later, o.slowest.Round(time.Millisecond))
}

// company is somebody who asks for little meanwhile.
type company struct {
	served atomic.Bool // he has verified and issued
	end    func() ordinary
}

// waits tells whether he has not been served yet, and may still be.
func (c *company) waits(since time.Time) bool {
	return !c.served.Load() && time.Since(since) < 3*time.Minute
}

// beside has somebody verify a good badge and issue, until end is called.
func (g *gauntlet) beside() *company {
	var o ordinary
	var who company
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			began := time.Now()
			code, _, body, err := g.c.send(g.c.clients[0].http, &request{method: http.MethodPost, path: verifyPath, body: string(g.steady.document)})
			switch {
			case err == nil && code == http.StatusServiceUnavailable:
				o.later++
			case err != nil || code != http.StatusOK || member(body, "verdict") != "valid":
				g.c.wrong("beside them a good badge is verified with %d %.200s: %v", code, body, err)
			default:
				o.verified++
			}
			if g.c.step(g.c.clients[0]) {
				o.issued++
			} else {
				o.later++
			}
			o.slowest = max(o.slowest, time.Since(began))
			who.served.Store(o.verified > 0 && o.issued > 0)
			select {
			case <-over:
				return
			default:
			}
		}
	}()
	who.end = func() ordinary {
		close(over)
		<-done
		if o.verified == 0 || o.issued == 0 {
			g.c.wrong("nobody else was served: %v", o)
		}
		return o
	}
	return &who
}

// poisoned sends so many badges at once that are made to be costly to bring into
// canonical form. None is good, and others are served meanwhile; on a busy machine
// they are sent until they are.
func (g *gauntlet) poisoned(s *stranger, times int) {
	var all sync.WaitGroup
	var refused, later atomic.Int64
	kinds := []hostile{s.alike(), s.tangle(9), s.tangle(100)}
	beside := g.beside()
	began := time.Now()
	for again := true; again; again = beside.waits(began) {
		for n := range times {
			all.Go(func() {
				switch code, body := g.send(kinds[n%len(kinds)]); {
				case code == http.StatusServiceUnavailable:
					later.Add(1)
				case member(body, "verdict") == "invalid":
					refused.Add(1)
				default:
					g.c.wrong("%s: %d %.300s", kinds[n%len(kinds)].name, code, body)
				}
			})
		}
		all.Wait()
	}
	took := time.Since(began)
	g.h.t.Logf("%d poisoned at once: %d refused, %d told to come back, all within %v; beside them %v", times, refused.Load(), later.Load(), took.Round(time.Millisecond), beside.end())
	if refused.Load() == 0 {
		g.c.wrong("none of the poisoned was looked at")
	}
}

// tell prints which took longest.
func (g *gauntlet) tell() {
	names := make([]string, 0, len(g.slowest))
	for name := range g.slowest {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return int(g.slowest[b] - g.slowest[a]) })
	for _, name := range names[:min(8, len(names))] {
		g.h.t.Logf("slowest: %v %s", g.slowest[name].Round(time.Millisecond), name)
	}
}

// floor is the smallest heap while small requests come, in KiB: that which is
// left after a collection.
func (g *gauntlet) floor() (least int) {
	for range 200 {
		if _, _, _, err := g.c.send(g.c.clients[0].http, &request{method: http.MethodPost, path: verifyPath, body: string(g.steady.document)}); err != nil {
			g.c.wrong("afterwards a good badge is not verified: %v", err)
		}
		if now := int(g.h.metric("go_memstats_heap_alloc_bytes")) >> 10; least == 0 || now < least {
			least = now
		}
	}
	return least
}

// forget begins the measuring of the most that is held resident; peak tells it,
// in MiB.
func (g *gauntlet) forget() {
	g.h.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", g.h.process.Process.Pid), []byte("5"), 0o600); err != nil {
		g.h.t.Logf("the measuring goes on from before: %v", err)
	}
}

func (g *gauntlet) peak() (mib int) {
	g.h.t.Helper()
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.h.process.Process.Pid))
	_, rest, _ := strings.Cut(string(raw), "VmHWM:")
	if err == nil {
		_, err = fmt.Sscan(rest, &mib)
	}
	if err != nil {
		g.h.t.Fatal(err)
	}
	return mib >> 10
}
