package bolt

import (
	"fmt"
	"sync"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// errReopened is what a View is told whose file was closed under it.
var errReopened = fmt.Errorf("%w: the file was opened anew meanwhile", store.ErrBusy)

// views are the snapshots that are open.
type views struct {
	mu  sync.Mutex
	all map[*snapshot]struct{}
}

// snapshot is what a View reads. It is held for each single call of bbolt's, and
// never while a function of a caller runs, so that it can be ended between them:
// what callers were given is copied.
type snapshot struct {
	mu     sync.Mutex
	tx     *bbolt.Tx
	commit uint64
	one    bool // form of the file
	over   bool
}

func (v *views) open(tx *bbolt.Tx, one bool) *snapshot {
	s := &snapshot{tx: tx, commit: uint64(tx.ID()), one: one}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.all == nil {
		v.all = map[*snapshot]struct{}{}
	}
	v.all[s] = struct{}{}
	return s
}

func (v *views) close(s *snapshot) {
	v.mu.Lock()
	delete(v.all, s)
	v.mu.Unlock()
	s.end()
}

// end ends all that are open, which their readers find out with the next call.
func (v *views) end() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for s := range v.all {
		s.end()
	}
}

func (s *snapshot) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		s.over = true
		_ = rollback(s.tx) // of a read transaction: nothing can go wrong
	}
}

// hold keeps a snapshot from ending, until release. That of an Update, nil, is
// ended by nobody else.
func (s *snapshot) hold() error {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	if s.over {
		s.mu.Unlock()
		return errReopened
	}
	return nil
}

func (s *snapshot) release() {
	if s != nil {
		s.mu.Unlock()
	}
}
