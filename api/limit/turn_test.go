package limit_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"laurel/api/limit"
)

// Who has waited for as long as one may is told so, and whoever comes first has
// the first turn.
func TestWaitingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(1, 2, 3*time.Second)
		place, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if _, err := g.Enter(t.Context()); !errors.Is(err, limit.ErrFull) || time.Since(start) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		var order []int
		var all sync.WaitGroup
		for n := range 2 {
			all.Go(func() {
				place, err := g.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, n)
				place.Leave()
			})
			synctest.Wait()
		}
		if _, err := g.Enter(t.Context()); !errors.Is(err, limit.ErrFull) {
			t.Errorf("a third waits: %v", err)
		}
		if got := g.Load(); got != (limit.Load{Waiting: 2, Refused: 2}) {
			t.Errorf("%+v", got)
		}
		place.Leave()
		all.Wait()
		if len(order) != 2 || order[0] != 0 {
			t.Errorf("in the order %v", order)
		}
	})
}

// Who comes back from waiting for others is before those who have not begun.
func TestReturningComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(1, 4, time.Minute)
		place, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		back := place.Aside()
		second, err := g.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		var all sync.WaitGroup
		all.Go(func() {
			third, err := g.Enter(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			order = append(order, "third")
			third.Leave()
		})
		synctest.Wait()
		all.Go(func() { back(); order = append(order, "first"); place.Leave() })
		synctest.Wait()
		second.Leave()
		all.Wait()
		if len(order) != 2 || order[0] != "first" {
			t.Errorf("in the order %v", order)
		}
	})
}

// All that is done for a request has one place together.
func TestTurnOfARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := limit.NewGate(1, 2, time.Minute)
		ctx, turn := g.With(t.Context())
		limit.Aside(ctx)() // before its turn: there is nothing to give
		for range 3 {
			if err := limit.Await(ctx); err != nil {
				t.Fatal(err)
			}
		}
		busy := func() bool {
			soon, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			place, err := g.Enter(soon)
			if err == nil {
				place.Leave()
			}
			return err != nil
		}
		if !busy() {
			t.Error("it has no place")
		}
		one, two := limit.Aside(ctx), limit.Aside(ctx)
		if busy() {
			t.Error("it keeps its place though it waits for others")
		}
		one()
		if busy() {
			t.Error("it has its place again though half of it still waits")
		}
		two()
		if !busy() {
			t.Error("it goes on without a place")
		}
		turn.Leave()
		turn.Leave()
		if busy() {
			t.Error("it keeps its place at the end")
		}
		if err := limit.Await(ctx); err != nil || busy() {
			t.Errorf("after its end: %v", err)
		}
		// To leave while something of it still waits for others leaves no trace.
		ctx, turn = g.With(t.Context())
		if err := limit.Await(ctx); err != nil {
			t.Fatal(err)
		}
		back := limit.Aside(ctx)
		turn.Leave()
		back()
		place, err := g.Enter(t.Context())
		if err != nil || !busy() {
			t.Errorf("%v", err)
		}
		place.Leave()
		if err := limit.Await(t.Context()); err != nil {
			t.Errorf("what belongs to no gate: %v", err)
		}
	})
}

// However hard it is pressed, no more run than may, and no place is lost.
func TestGateUnderPressure(t *testing.T) {
	g := limit.NewGate(3, 50, time.Minute)
	var mu sync.Mutex
	inside, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		inside += by
		most = max(most, inside)
	}
	var all sync.WaitGroup
	for n := range 40 {
		all.Go(func() {
			for k := range 50 {
				ctx, cancel := context.WithCancel(t.Context())
				if (n+k)%7 == 0 {
					cancel()
				}
				ctx, turn := g.With(ctx)
				if limit.Await(ctx) == nil {
					count(1)
					if k%3 == 0 {
						count(-1)
						limit.Aside(ctx)()
						count(1)
					}
					count(-1)
				}
				turn.Leave()
				cancel()
			}
		})
	}
	all.Wait()
	if most > 3 || most == 0 {
		t.Errorf("%d ran at once", most)
	}
	for range 3 {
		if _, err := g.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := g.Load(); got.Waiting != 0 || got.Aside != 0 {
		t.Errorf("%+v", got)
	}
}
