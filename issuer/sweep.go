package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/store"
)

const (
	// answersKept is how long a repeated request gets its first answer: the 30
	// days that are promised and a day for clocks and time zones.
	answersKept = 31 * 24 * time.Hour

	// looked and swept bound one look at the answers and one Update that takes
	// some away, so that nobody waits for either.
	looked = 2000
	swept  = 200
)

// SweepAnswers forgets the answers to idempotency keys, and what records were
// when they were given, after 31 days, and returns how many entries. It holds writers up for moments only. The errors
// are those of the store; what was swept before stays swept.
func (i *Issuer) SweepAnswers(ctx context.Context) (n int, err error) {
	before := i.now().Add(-answersKept)
	for _, prefix := range [][]byte{key("k", ""), key("y", ""), key("r", ""), key("z", "k", "")} {
		some, err := i.sweep(ctx, prefix, before)
		n += some
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// sweep does it for one kind of entries.
func (i *Issuer) sweep(ctx context.Context, prefix []byte, before time.Time) (n int, err error) {
	var after []byte
	for {
		old, last, err := i.oldAnswers(ctx, prefix, after, before)
		if err != nil {
			return n, fmt.Errorf("looking for old answers: %w", err)
		}
		for len(old) > 0 {
			some := old[:min(swept, len(old))]
			old = old[len(some):]
			if err := i.forget(ctx, some, before); err != nil {
				return n, fmt.Errorf("forgetting old answers: %w", err)
			}
			n += len(some)
		}
		if last == nil {
			return n, nil
		}
		after = last
	}
}

// oldAnswers looks at the next answers after a key; last is nil at the end. One
// that is damaged is left for Check to tell of.
func (i *Issuer) oldAnswers(ctx context.Context, prefix, after []byte, before time.Time) (old [][]byte, last []byte, err error) {
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		old, last = nil, nil
		seen := 0
		return r.Scan(prefix, after, func(k, v []byte) error {
			if isOld(k, v, before) {
				old = append(old, k)
			}
			if seen++; seen == looked {
				last = k
				return store.ErrStop
			}
			return nil
		})
	})
	return old, last, err
}

func isOld(k, v []byte, before time.Time) bool {
	var kept struct{ At time.Time }
	return store.UnsealJSON(k, v, &kept) == nil && kept.At.Before(before)
}

// forget looks again: a key may have been used anew.
func (i *Issuer) forget(ctx context.Context, keys [][]byte, before time.Time) error {
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		for _, k := range keys {
			v, err := tx.Get(k)
			if errors.Is(err, store.ErrNotFound) || err == nil && !isOld(k, v, before) {
				continue
			} else if err != nil {
				return err
			}
			if err := tx.Delete(k); err != nil {
				return err
			}
		}
		return nil
	})
}
