package feed

import (
	"context"
	"time"

	"laurel/internal/tally"
	"laurel/store"
)

// What attempts came to.
const (
	taken    = "taken"
	notTaken = "not_taken" // it is tried again
	gaveUp   = "given_up"  // it was the last try
)

func newCounts() tally.Counts { return tally.Of(taken, notTaken, gaveUp) }

// Stats is what waits for webhooks, and what was done since they were opened.
type Stats struct {
	Results map[string]uint64 // attempts by what they came to
	Waiting int               // deliveries, as many as were counted at most
	Oldest  time.Time         // when the one that is due first was due; zero where none waits
}

// Stats tells what waits. It counts limit deliveries at most.
func (h *Hooks) Stats(ctx context.Context, limit int) (s Stats, err error) {
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		s = Stats{Results: h.counts.Numbers()}
		return r.Scan([]byte("wh/q/"), nil, func(k, _ []byte) error {
			_, _, due, err := parseQueueKey(k)
			if err != nil {
				return err
			}
			if s.Oldest.IsZero() || due.Before(s.Oldest) {
				s.Oldest = due
			}
			if s.Waiting++; s.Waiting == limit {
				return store.ErrStop
			}
			return nil
		})
	})
	return s, err
}

// cameTo is what the last attempt of a delivery came to.
func cameTo(d *Delivery) string {
	switch d.State {
	case Delivered:
		return taken
	case Failed:
		return gaveUp
	}
	return notTaken
}
