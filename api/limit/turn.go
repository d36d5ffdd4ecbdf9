package limit

import (
	"context"
	"sync"
)

// Turn is the one place at a gate that all which is done for a request has
// together: from when it first needs the processor for long, until it leaves.
type Turn struct {
	gate *Gate

	mu    sync.Mutex
	place *Place // nil: it has none
	over  bool   // it has left for good
	aside int    // of what is done for it, so much waits for others
	back  func() // nil: it does not stand aside
}

type turnKey struct{}

// With lets what is done for a request wait for its turn at the gate. The caller
// calls Leave when the request is answered.
func (g *Gate) With(ctx context.Context) (context.Context, *Turn) {
	t := &Turn{gate: g}
	return context.WithValue(ctx, turnKey{}, t), t
}

// Await waits for the turn of the request that ctx is of, once; what belongs to
// no gate has its turn always. The errors are those of Gate.Enter.
func Await(ctx context.Context) error {
	t, _ := ctx.Value(turnKey{}).(*Turn)
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || t.place != nil {
		return nil
	}
	var err error
	t.place, err = t.gate.Enter(ctx)
	return err
}

// Aside is Place.Aside for the request that ctx is of, where it has a place. What
// else is done for the same request meanwhile goes on.
func Aside(ctx context.Context) (back func()) {
	t, _ := ctx.Value(turnKey{}).(*Turn)
	if t == nil {
		return func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.place == nil {
		return func() {}
	}
	if t.aside++; t.aside == 1 {
		t.back = t.place.Aside()
	}
	return t.comeBack
}

func (t *Turn) comeBack() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.aside--; t.aside == 0 {
		t.back()
		t.back = nil
	}
}

// Leave gives the place up for good, however often it is called.
func (t *Turn) Leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
	if t.place != nil {
		t.place.Leave()
		t.place = nil
	}
}
