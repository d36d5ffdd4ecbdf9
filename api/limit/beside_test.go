package limit_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"laurel/api/limit"
)

// entered is how many find a place at a gate at once. They leave it together.
func entered(t *testing.T, g *limit.Gate) int {
	t.Helper()
	var places []*limit.Place
	for {
		soon, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		place, err := g.Enter(soon)
		cancel()
		if err != nil {
			break
		}
		places = append(places, place)
	}
	for _, place := range places {
		place.Leave()
	}
	return len(places)
}

// Beside somebody at the other gate one processor is left, beside somebody who
// waits there half of them, and nobody is ever shut out; all of it the same in
// both directions.
func TestBesideEachOther(t *testing.T) {
	for processors, want := range map[int]struct{ present, waiting int }{1: {1, 1}, 2: {1, 1}, 3: {2, 1}, 8: {7, 4}} {
		synctest.Test(t, func(t *testing.T) {
			a, b := limit.NewGate(32, 4, time.Minute), limit.NewGate(32, 4, time.Minute)
			limit.Beside(a, b, processors)
			for range 2 {
				if n := entered(t, a); n != 32 {
					t.Errorf("%d processors: alone %d run", processors, n)
				}
				time.Sleep(time.Minute)
				crowd(t, b, 32, func() {
					if n := entered(t, a); n != want.waiting {
						t.Errorf("%d processors: beside those who wait %d begin", processors, n)
					}
				})
				// They are gone, but may have gone for a moment only.
				if n := entered(t, a); n != want.present {
					t.Errorf("%d processors: beside somebody %d begin", processors, n)
				}
				time.Sleep(time.Minute)
				a, b = b, a
			}
		})
	}
}

// crowd lets so many run at a gate, and one wait, while do is done.
func crowd(t *testing.T, g *limit.Gate, running int, do func()) {
	t.Helper()
	var all sync.WaitGroup
	defer all.Wait()
	for range running {
		place, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer place.Leave()
	}
	all.Go(func() {
		place, err := g.Enter(t.Context())
		if err != nil {
			t.Error(err)
			return
		}
		place.Leave()
	})
	synctest.Wait()
	do()
}

// Those who were inside when others came go on, whoever stood aside comes back
// beside them, as it may have what they wait for, and however many come back again
// and again, whoever has not begun does so in turn with them.
func TestNobodyIsHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := limit.NewGate(3, 100, time.Minute), limit.NewGate(3, 100, time.Minute)
		limit.Beside(a, b, 2)
		other, err := b.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		over := make(chan struct{})
		var all sync.WaitGroup
		for range 6 { // twice as many as there are places, which never leave
			all.Go(func() {
				place, err := a.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				for again := true; again; {
					place.Aside()()
					time.Sleep(time.Millisecond)
					select {
					case <-over:
						again = false
					default:
					}
				}
				place.Leave()
			})
		}
		time.Sleep(time.Second)
		for n := range 20 {
			start := time.Now()
			if got := entered(t, a); got != 1 {
				t.Errorf("%d began at once", got)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("the %dth waited for %v", n+1, took)
			}
		}
		close(over)
		all.Wait()
		other.Leave()
		time.Sleep(time.Minute)
		if n := entered(t, a); n != 3 {
			t.Errorf("%d places are left", n)
		}
	})
}

// However hard both are pressed, all come to their turn, and each gate lets run
// what it may.
func TestBothGatesUnderPressure(t *testing.T) {
	a, b := limit.NewGate(4, 100, time.Minute), limit.NewGate(4, 100, time.Minute)
	limit.Beside(a, b, 2)
	var all sync.WaitGroup
	for n := range 60 {
		g := []*limit.Gate{a, b}[n%2]
		all.Go(func() {
			for k := range 40 {
				place, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				if k%3 == 0 {
					place.Aside()()
				}
				place.Leave()
			}
		})
	}
	all.Wait()
	for _, g := range []*limit.Gate{a, b} {
		if got := g.Load(); got != (limit.Load{}) {
			t.Errorf("%+v", got)
		}
	}
}

// Whose turn has come does not run before those who wait for a processor: with
// one processor, and so many rounds that it does not matter when Go takes them in
// another order.
func TestATurnComesBehindWhatWaitsForAProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const rounds = 200
	behind := 0
	for range rounds {
		g := limit.NewGate(1, 1, time.Minute)
		place, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		var mu sync.Mutex
		note := func(who string) { mu.Lock(); defer mu.Unlock(); order = append(order, who) }
		var all sync.WaitGroup
		all.Go(func() {
			place, err := g.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			note("turn")
			place.Leave()
		})
		for g.Load().Waiting == 0 {
			runtime.Gosched()
		}
		all.Go(func() { note("other") })
		all.Go(func() {}) // takes the one place that Go keeps for the last who was woken
		place.Leave()
		all.Wait()
		if order[0] == "other" {
			behind++
		}
	}
	if behind < rounds*3/4 {
		t.Errorf("in %d of %d rounds the turn was first", rounds-behind, rounds)
	}
}
