package tokens

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"laurel/store"
)

// No request waits for it to be on disk that its token was used: it is noted in
// memory, to the minute, and written behind, for all tokens together. A crash
// loses what was noted since.
const (
	usesEvery = time.Minute
	lastWrite = 5 * time.Second // how long the end of the service waits for it
)

// uses is when tokens were used last, of those that were used since the start.
type uses struct {
	mu    sync.Mutex
	last  map[string]time.Time // by id; no more than there are tokens
	fresh map[string]time.Time // those of them that are not written yet
}

func (u *uses) note(id string, at time.Time) {
	at = at.UTC().Truncate(time.Minute)
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last, u.fresh = map[string]time.Time{}, map[string]time.Time{}
	}
	if at.After(u.last[id]) {
		u.last[id], u.fresh[id] = at, at
	}
}

func (u *uses) latest(id string, stored time.Time) time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	if at := u.last[id]; at.After(stored) {
		return at
	}
	return stored
}

// take hands over what is to be written.
func (u *uses) take() map[string]time.Time {
	u.mu.Lock()
	defer u.mu.Unlock()
	fresh := u.fresh
	u.fresh = map[string]time.Time{}
	return fresh
}

// putBack keeps for the next time what could not be written.
func (u *uses) putBack(failed map[string]time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for id, at := range failed {
		if at.After(u.fresh[id]) {
			u.fresh[id] = at
		}
	}
}

// Run writes once a minute which tokens were used, until ctx ends, and a last
// time then. What fails is told, and tried again.
func (t *Tokens) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(usesEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			if err := t.WriteUses(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWrite)
	defer cancel()
	if err := t.WriteUses(last); err != nil {
		failed(err)
	}
}

// WriteUses writes which tokens were used since it did so last; nothing, where
// none was. The error is that of the store.
func (t *Tokens) WriteUses(ctx context.Context) error {
	fresh := t.uses.take()
	if len(fresh) == 0 {
		return nil
	}
	err := t.store.Update(ctx, func(tx store.Tx) error {
		for id, at := range fresh {
			stored, err := readUse(tx, id)
			if err != nil {
				return err
			}
			if !at.After(stored) {
				continue // another replica knows better
			}
			k := useKey(id)
			if err := tx.Put(k, store.Seal(k, []byte(at.Format(time.RFC3339)))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.uses.putBack(fresh)
		return fmt.Errorf("writing when tokens were used: %w", err)
	}
	return nil
}

// readUse is when a token was used last, as stored; zero for never.
func readUse(r store.Reader, id string) (time.Time, error) {
	k := useKey(id)
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return time.Time{}, nil
	} else if err != nil {
		return time.Time{}, fmt.Errorf("reading when token %s was used: %w", id, err)
	}
	payload, err := store.Unseal(k, v)
	if err != nil {
		return time.Time{}, fmt.Errorf("token %s: %w", k, err)
	}
	at, err := time.Parse(time.RFC3339, string(payload))
	if err != nil {
		return time.Time{}, fmt.Errorf("token %s: %w", k, store.ErrDamaged)
	}
	return at, nil
}
