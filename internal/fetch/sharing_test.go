package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a settable time, safe to read while it is set.
type clock struct{ offset atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(c.offset.Load()))
}

func (c *clock) pass(d time.Duration) { c.offset.Add(int64(d)) }

// What is kept for how long: the numbers of requests the server sees.
func TestKept(t *testing.T) {
	for _, c := range []struct {
		name, cacheControl, age string
		status                  int
		keptFor                 time.Duration
	}{
		{"nothing said", "", "", 200, 5 * time.Minute},
		{"one minute", "public, max-age=60", "", 200, time.Minute},
		{"one minute, half of it over", "max-age=60", "30", 200, 30 * time.Second},
		{"in capitals and quotes", `MAX-AGE="60"`, "", 200, time.Minute},
		{"a year", "max-age=31536000, immutable", "", 200, 5 * time.Minute},
		{"more seconds than fit", "max-age=99999999999999999999", "", 200, 5 * time.Minute},
		{"the stricter of two", "max-age=60, max-age=10", "", 200, 10 * time.Second},
		{"no-store", "no-store", "", 200, 0},
		{"no-cache", "max-age=60, no-cache", "", 200, 0},
		{"max-age=0", "max-age=0", "", 200, 0},
		{"unreadable", "max-age=soon", "", 200, 0},
		{"too old", "max-age=60", "61", 200, 0},
		{"not found", "max-age=3600", "", 404, 30 * time.Second},
		{"failed, no-store", "no-store", "", 500, 30 * time.Second},
		{"redirect", "", "", 302, 30 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			base, hits := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", c.cacheControl)
				if c.age != "" {
					w.Header().Set("Age", c.age)
				}
				w.WriteHeader(c.status)
			})
			var now clock
			cl := client(t, Config{Allow: []string{host(t, base)}, Now: now.now})
			ask := func() {
				t.Helper()
				if _, _, err := cl.Get(t.Context(), base, 0); (err == nil) != (c.status == 200) {
					t.Fatal(err)
				}
			}
			ask()
			if c.keptFor > 0 {
				now.pass(c.keptFor - 1)
				ask()
				if hits.Load() != 1 {
					t.Fatalf("just before %v: %d requests, want 1", c.keptFor, hits.Load())
				}
				now.pass(1)
			}
			ask()
			if hits.Load() != 2 {
				t.Errorf("after %v: %d requests, want 2", c.keptFor, hits.Load())
			}
		})
	}
}

// The way to an answer may be less lasting than the answer.
func TestRedirectShortensKeeping(t *testing.T) {
	base, hits := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Cache-Control", "max-age=10")
			http.Redirect(w, r, "/there", http.StatusFound)
		}
	})
	var now clock
	c := client(t, Config{Allow: []string{host(t, base)}, Now: now.now})
	for _, want := range []int64{2, 2, 4} {
		if _, _, err := c.GetFollowing(t.Context(), base, 0); err != nil {
			t.Fatal(err)
		}
		if hits.Load() != want {
			t.Errorf("%d requests, want %d", hits.Load(), want)
		}
		now.pass(6 * time.Second)
	}
}

func TestKeptByExactRequest(t *testing.T) {
	base, hits := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.RequestURI()+" "+r.Header.Get("Accept"))
	})
	c := client(t, Config{Allow: []string{host(t, base)}})
	for i, r := range []Request{
		{URL: base + "/a"}, {URL: base + "/A"}, {URL: base + "/a?x=1"}, {URL: base + "/a", Accept: "application/json"},
		{URL: base + "/a", MaxBytes: 500}, {URL: base + "/a", Follow: true},
	} {
		for range 2 {
			body, _, err := c.Do(t.Context(), r)
			if want := strings.TrimPrefix(r.URL, base) + " " + r.Accept; err != nil || string(body) != want {
				t.Errorf("%v: got %q, %v", r, body, err)
			}
		}
		if hits.Load() != int64(i+1) {
			t.Fatalf("%v: %d requests, want %d", r, hits.Load(), i+1)
		}
	}
	if _, _, err := c.Get(t.Context(), base+"/a#94567", 0); err != nil || hits.Load() != 6 {
		t.Errorf("another fragment: %d requests, %v", hits.Load(), err)
	}
}

func TestBodyIsTheCallersOwn(t *testing.T) {
	base, _ := serve(t, say("hello"))
	c := client(t, Config{Allow: []string{host(t, base)}})
	for range 3 {
		body, _, err := c.Get(t.Context(), base, 0)
		if err != nil || string(body) != "hello" {
			t.Fatalf("got %q, %v", body, err)
		}
		body[0] = 'j'
	}
}

// Fresh asks again; what it brings serves everyone. When it fails, the good
// answer stays, and the failure keeps the next Fresh from asking.
func TestFresh(t *testing.T) {
	var answer atomic.Value
	answer.Store("one")
	base, hits := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		text := answer.Load().(string)
		if text == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, text)
	})
	var now clock
	c := client(t, Config{Allow: []string{host(t, base)}, Now: now.now})
	expect := func(fresh bool, want string, requests int64) {
		t.Helper()
		body, _, err := c.Do(t.Context(), Request{URL: base, Fresh: fresh})
		if string(body) != want || (err == nil) != (want != "") || hits.Load() != requests {
			t.Errorf("got %q, %v after %d requests, want %q after %d", body, err, hits.Load(), want, requests)
		}
	}
	expect(false, "one", 1)
	answer.Store("two")
	expect(false, "one", 1)
	expect(true, "two", 2)
	expect(false, "two", 2)
	answer.Store("")
	expect(true, "", 3)
	expect(true, "", 3)
	expect(false, "two", 3)
	answer.Store("three")
	now.pass(30 * time.Second)
	expect(false, "two", 3)
	expect(true, "three", 4)
}

func TestOneFlight(t *testing.T) {
	arrived, proceed := make(chan struct{}, 100), make(chan struct{})
	base, hits := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		arrived <- struct{}{}
		<-proceed
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, "hello")
	})
	c := client(t, Config{Allow: []string{host(t, base)}})

	// The first caller starts the fetch and gives up.
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, _, err := c.Get(ctx, base, 0)
		first <- err
	}()
	<-arrived
	var waiting, done sync.WaitGroup
	for range 30 {
		waiting.Add(1)
		done.Go(func() {
			waiting.Done()
			if body, _, err := c.Get(t.Context(), base, 0); err != nil || string(body) != "hello" {
				t.Errorf("got %q, %v", body, err)
			}
		})
	}
	waiting.Wait()
	cancel()
	err := <-first
	wantKind(t, "who gave up", err, Canceled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is no context.Canceled", err)
	}
	for waitingFor("fetch.(*Client).share(") < 30 {
		time.Sleep(time.Millisecond)
	}
	close(proceed)
	done.Wait()
	if hits.Load() != 1 {
		t.Errorf("%d requests for one address, want 1", hits.Load())
	}
}

// waitingFor is how many goroutines a function of this name has wait for one of
// several things.
func waitingFor(name string) (n int) {
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		_, state, _ := strings.Cut(stack, " [")
		if strings.HasPrefix(state, "select") && strings.Contains(stack, name) {
			n++
		}
	}
	return n
}

func TestCallersDeadline(t *testing.T) {
	stop := make(chan struct{})
	base, _ := serve(t, func(http.ResponseWriter, *http.Request) { <-stop })
	c := client(t, Config{Allow: []string{host(t, base)}})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err := c.Get(ctx, base, 0)
	wantKind(t, "short patience", err, Timeout)
	close(stop)
	// Nobody's impatience is held against the address.
	if _, _, err := c.Get(t.Context(), base, 0); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestTwoPerHost(t *testing.T) {
	var now, most atomic.Int64
	handler := func(w http.ResponseWriter, _ *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
	}
	base, hits := serve(t, handler)
	c := client(t, Config{Allow: []string{host(t, base)}})
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			if _, _, err := c.Get(t.Context(), fmt.Sprintf("%s/%d", base, i), 0); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if hits.Load() != 20 || most.Load() != 2 {
		t.Errorf("%d requests, at most %d at once, want 20 and 2", hits.Load(), most.Load())
	}
}

// A hung host delays its own callers, nobody else, and our waiting in line is
// not written down as its failure.
func TestBusy(t *testing.T) {
	stop := make(chan struct{})
	slow, slowHits := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/third" {
			<-stop
		}
	})
	quick, _ := serve(t, say("hello"))
	c := client(t, Config{Allow: []string{host(t, slow), host(t, quick)}})
	var all sync.WaitGroup
	for _, path := range []string{"/first", "/second"} {
		all.Go(func() {
			if _, _, err := c.Get(t.Context(), slow+path, 0); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		})
	}
	for slowHits.Load() < 2 {
		time.Sleep(time.Millisecond)
	}
	u, err := c.gate.parse(slow + "/third")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	a := c.fetch(ctx, Request{MaxBytes: 10}, u)
	wantKind(t, "third", a.err, Busy)
	if a.fresh != 0 {
		t.Errorf("kept for %v", a.fresh)
	}
	if _, _, err := c.Get(t.Context(), quick, 0); err != nil {
		t.Errorf("another host: %v", err)
	}
	close(stop)
	all.Wait()
	if _, _, err := c.Get(t.Context(), slow+"/third", 0); err != nil {
		t.Errorf("third, later: %v", err)
	}
	// Nothing is held any more: all that there is can be had at once.
	at, done := context.WithTimeout(t.Context(), time.Minute)
	defer done()
	if _, err := c.slots.Take(at, c.gate.hostPort(u), maxConcurrent); err != nil {
		t.Errorf("something is still held: %v", err)
	}
}

func TestCacheBounds(t *testing.T) {
	start := time.Unix(0, 0)
	later := start.Add(time.Hour)
	c := newCache(10, 1<<20)
	for i := range 100 {
		c.put(fmt.Sprint(i), answer{body: []byte("x")}, later)
		if _, ok := c.get("0", start); !ok {
			t.Fatalf("the one in use left after %d", i)
		}
	}
	if len(c.entries) != 10 || c.order.Len() != 10 {
		t.Errorf("%d entries, want 10", len(c.entries))
	}
	if _, ok := c.get("50", start); ok {
		t.Error("an old entry is still there")
	}
	if _, ok := c.get("99", later); ok || len(c.entries) != 9 {
		t.Error("an entry outlived its time")
	}

	c = newCache(1000, 10_000)
	for i := range 100 {
		c.put(fmt.Sprint(i%7), answer{body: make([]byte, 3000)}, later)
		if c.bytes > 10_000 {
			t.Fatalf("%d bytes", c.bytes)
		}
	}
	if len(c.entries) != 2 {
		t.Errorf("%d entries of 3.5 kB in 10 kB, want 2", len(c.entries))
	}
	c.put("huge", answer{body: make([]byte, 20_000)}, later)
	if len(c.entries) != 0 || c.bytes != 0 || c.order.Len() != 0 {
		t.Errorf("%d entries and %d bytes after one that cannot fit", len(c.entries), c.bytes)
	}
}
