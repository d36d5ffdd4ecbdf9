package issuer

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"laurel/internal/tally"
	"laurel/store"
)

// counters are what Stats tells of.
type counters struct {
	changes              tally.Counts // by action, once they are committed
	signing              *tally.Histogram
	notSigned, selfCheck atomic.Uint64
	lists                atomic.Uint64
}

func newCounters() counters {
	return counters{signing: tally.Seconds(), changes: tally.Of(actionIssue, actionRevoke, actionSuspend, "credential."+string(Reinstate),
		actionReissue, actionRenew, actionErase, actionRegister, actionHide, actionShow, actionClaim)}
}

// Stats is what an Issuer has done since it was made.
type Stats struct {
	Changes     map[string]uint64 // committed changes of credentials, by the action of their audit record
	Signing     tally.Spread      // seconds that signatures took
	NotSigned   uint64            // signatures that a key did not make
	SelfCheck   uint64            // signed documents that did not verify, and so were not released
	ListsSigned uint64            // status lists
	ListsHeld   int               // status lists that are at hand as signed
	OldestList  time.Time         // when the oldest of them was signed; zero where there is none
}

// Stats tells what the Issuer has done since it was made.
func (i *Issuer) Stats() Stats {
	s := Stats{Changes: i.counters.changes.Numbers(), Signing: i.counters.signing.Spread(), NotSigned: i.counters.notSigned.Load(),
		SelfCheck: i.counters.selfCheck.Load(), ListsSigned: i.counters.lists.Load()}
	i.lists.mu.Lock()
	defer i.lists.mu.Unlock()
	s.ListsHeld = len(i.lists.entries)
	for _, e := range i.lists.entries {
		if s.OldestList.IsZero() || e.signed.Before(s.OldestList) {
			s.OldestList = e.signed
		}
	}
	return s
}

// WaitingJWTs tells how many badges wait for their JWT, limit of them at most,
// and since when the longest; the zero time where none does.
func (i *Issuer) WaitingJWTs(ctx context.Context, limit int) (n int, since time.Time, err error) {
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		return r.Scan(key("j", ""), nil, func(k, _ []byte) error {
			at, err := SeqTime(lastPart(k))
			if err != nil {
				return err
			}
			if since.IsZero() || at.Before(since) {
				since = at
			}
			if n++; n == limit {
				return store.ErrStop
			}
			return nil
		})
	})
	return n, since, err
}

// SeqTime is the time that a sequence of a record begins with; store.ErrDamaged.
func SeqTime(seq string) (time.Time, error) {
	if len(seq) != 32 {
		return time.Time{}, fmt.Errorf("sequence %q: %w", seq, store.ErrDamaged)
	}
	ms, err := strconv.ParseInt(seq[:12], 16, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("sequence %q: %w", seq, store.ErrDamaged)
	}
	return time.UnixMilli(ms), nil
}
