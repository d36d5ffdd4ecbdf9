package mail

import (
	"context"
	"time"

	"laurel/internal/tally"
	"laurel/store"
)

// What letters came to.
const (
	sent       = "sent"
	later      = "later"       // the server did not take it this time
	gaveUp     = "given_up"    // refused for good, or tried for long enough
	notReached = "unreachable" // the server could not be used
)

func newCounts() tally.Counts { return tally.Of(sent, later, gaveUp, notReached) }

// Stats is what waits in an outbox, and what it has done since it was made.
type Stats struct {
	Results map[string]uint64 // attempts by what they came to
	Waiting int               // letters, as many as were counted at most
	Oldest  time.Time         // when the one that is due first was due; zero where none waits
}

// Stats tells what waits. It counts limit letters at most.
func (o *Outbox) Stats(ctx context.Context, limit int) (s Stats, err error) {
	err = o.cfg.Store.View(ctx, func(r store.Reader) error {
		s = Stats{Results: o.counts.Numbers()}
		return r.Scan([]byte("ml/"), nil, func(k, _ []byte) error {
			_, due, _, err := parseKey(k)
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
