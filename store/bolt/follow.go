package bolt

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"laurel/store"
)

// maxFollowed bounds the keys that are noted, lest a copy that takes long costs
// the memory of the service: some 80 MiB.
const maxFollowed = 500_000

// following is which keys commits have changed since Follow: a store.Changes.
//
// Keys are noted before their commit is visible, with its number. So a snapshot
// shows no change that is not here, and those that it does not show yet are told
// by their numbers.
type following struct {
	db      *DB
	opening uint64 // of the file; the next one counts its commits anew
	limit   int

	mu   sync.Mutex
	last uint64            // the newest commit that was noted
	keys map[string]uint64 // with the newest commit that changed them; nil once they are lost
}

// Follow implements store.Movable.
func (db *DB) Follow(ctx context.Context) (store.Changes, error) {
	if err := db.line.enterAlone(ctx); err != nil {
		return nil, err
	}
	defer db.line.leave()
	if err := errors.Join(ctx.Err(), db.line.refusal()); err != nil {
		return nil, err
	}
	s, opening, err := db.beginView()
	if err != nil {
		return nil, err
	}
	db.views.close(s)
	f := &following{db: db, opening: opening, limit: maxFollowed, last: s.commit, keys: map[string]uint64{}}
	if !db.followed.CompareAndSwap(nil, f) {
		return nil, fmt.Errorf("%w: the store is being moved already", store.ErrBusy)
	}
	return f, nil
}

// follow gathers what a member of a group has changed.
func (g *group) follow(changes []change) {
	if g.db.followed.Load() == nil {
		return
	}
	for _, c := range changes {
		g.keys = append(g.keys, string(c.key))
	}
}

// note takes in a commit that is about to be made. The number of one that failed
// is given again.
func (f *following) note(commit uint64, keys []string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if commit != f.last && commit != f.last+1 {
		f.keys = nil
	}
	f.last = commit
	if f.keys == nil {
		return
	}
	for _, key := range keys {
		f.keys[key] = commit
	}
	if len(f.keys) > f.limit {
		f.keys = nil
	}
}

// Until implements store.Changes.
func (f *following) Until(snapshot store.Reader) (keys [][]byte, err error) {
	v, ok := snapshot.(store.Versioned)
	if !ok {
		return nil, errors.New("bolt: not a snapshot of this store")
	}
	at := v.Version()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.keys == nil || at.Opening != f.opening || at.Commit > f.last {
		f.keys = nil
		return nil, store.ErrLost
	}
	for key, commit := range f.keys {
		keys = append(keys, []byte(key))
		if commit <= at.Commit {
			delete(f.keys, key)
		}
	}
	return keys, nil
}

// End implements store.Changes.
func (f *following) End() { f.db.followed.CompareAndSwap(f, nil) }

// Hold implements store.Movable.
func (db *DB) Hold(ctx context.Context, do func(store.Leave) error) error {
	if err := db.line.enterAlone(ctx); err != nil {
		return err
	}
	defer db.line.leave()
	if err := errors.Join(ctx.Err(), db.line.refusal()); err != nil {
		return err
	}
	return do(db.leave)
}

// leave is the store.Leave of who holds the line alone. Where the outcome is
// unknown Reopen must not make the store writable again: what it would find is not
// for it to judge.
func (db *DB) leave(ctx context.Context, last func(store.Tx) error) error {
	g := &group{db: db, alone: true, done: make(chan struct{})}
	err := g.update(ctx, last)
	if err == nil || errors.Is(err, store.ErrUnknownOutcome) {
		db.line.refuse(store.ErrMoved)
	}
	return err
}
