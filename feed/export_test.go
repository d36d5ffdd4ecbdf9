package feed

import (
	"context"
	"errors"
)

// Once does what Run does, until nothing is due at this moment of the clock.
func (h *Hooks) Once(ctx context.Context) error {
	ids, err := h.due(ctx)
	for _, id := range ids {
		err = errors.Join(err, (&worker{h: h, hook: id, width: 1, marks: sweepAfter}).work(ctx))
	}
	return err
}

// Claim takes deliveries as a process does that dies before it has noted what
// came of them.
func (h *Hooks) Claim(ctx context.Context, hook string, most int) (ids []string, err error) {
	claimed, err := h.claim(ctx, hook, most)
	for _, d := range claimed {
		ids = append(ids, d.ID())
	}
	return ids, err
}

// Spread queues what is new.
func (h *Hooks) Spread(ctx context.Context, hook string) (bool, error) { return h.spread(ctx, hook) }

// The bounds that tests go to.
const (
	MaxPending = maxPending
	Kept       = kept
	SweepAfter = sweepAfter
	Lease      = lease
	Tries      = 14
)
