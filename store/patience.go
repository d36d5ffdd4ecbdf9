package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// patience is what the calls under one context have left.
type patience struct {
	mu         sync.Mutex
	whole, now time.Duration
}

type patienceKey struct{}

// errPatience is why a call was given up.
var errPatience = fmt.Errorf("%w: it took too long", ErrBusy)

// WithPatience has all calls of a store under ctx take no longer than d together,
// counted anew after each Update that was committed, so that long work may go on
// as long as it gets on. What is given up then is ErrBusy and did not happen, or
// is ErrUnknownOutcome. It is kept by backends that wait for a server.
func WithPatience(ctx context.Context, d time.Duration) context.Context {
	return context.WithValue(ctx, patienceKey{}, &patience{whole: d, now: d})
}

// Patient is for backends: the context of a call, which ends with the patience
// that is left, its cause being an ErrBusy then. The call ends with end, which is
// told whether it committed a change.
func Patient(ctx context.Context) (call context.Context, end func(committed bool)) {
	p, ok := ctx.Value(patienceKey{}).(*patience)
	if !ok {
		return ctx, func(bool) {}
	}
	p.mu.Lock()
	left := p.now
	p.mu.Unlock()
	begun := time.Now() // a duration is measured on the real clock
	call, cancel := context.WithTimeoutCause(ctx, left, errPatience)
	return call, func(committed bool) {
		cancel()
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.now -= time.Since(begun); committed {
			p.now = p.whole
		}
	}
}
