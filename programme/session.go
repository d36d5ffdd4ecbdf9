package programme

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"laurel/issuer"
	"laurel/store"
)

// A session decides within one transaction. What is decided is needed before
// the transaction, because badges are signed outside of it; so everything is
// rehearsed first, on an overlay over a snapshot, which tells the badges that
// will be wanted, and then done by the same code with these at hand. A dry run
// is a rehearsal and no more.
type session struct {
	*Programme
	ctx  context.Context
	tx   store.Tx
	pool *pool

	answers map[question]any // of definitions; nil where none are kept

	wanted  []wish             // badges that were not at hand
	put     []*issuer.Prepared // badges that were
	changed []changed          // badges that were there
	// postponed says that something could not be decided for want of a badge
	// that it would rest on.
	postponed bool
	// listed says that a list told something new.
	listed bool
	// improved says that a badge is to tell of a better result.
	improved bool
}

// rounds bounds how often work is done anew because what it rests on changed
// meanwhile.
const rounds = 12

// errWanting aborts a transaction for which badges have to be signed first.
var errWanting = errors.New("programme: badges are wanting")

// errChanging gives up what was done anew too often.
var errChanging = fmt.Errorf("awarding: %w: too much changed meanwhile", store.ErrBusy)

// run does work durably, or with dryRun not at all. work may run several times
// and has no effects but on its session and on variables that it sets anew.
func (p *Programme) run(ctx context.Context, dryRun bool, work func(*session) error) error {
	return p.runTelling(ctx, dryRun, nil, work)
}

// runTelling is run that tells after each badge, one at a time, how many of
// those that are wanted were signed.
func (p *Programme) runTelling(ctx context.Context, dryRun bool, signed func(done, of int), work func(*session) error) error {
	pool := newPool(p.issuer)
	pool.signed = signed
	defer pool.close()
	if err := p.prepare(ctx, pool, dryRun, work); err != nil || dryRun {
		return err
	}
	return p.settle(ctx, pool, work)
}

// prepare rehearses work and signs the badges that it wants; with dryRun it
// signs none.
func (p *Programme) prepare(ctx context.Context, pool *pool, dryRun bool, work func(*session) error) error {
	for range rounds {
		s, err := p.rehearse(ctx, pool, work)
		if err != nil || dryRun {
			return err
		}
		if err := pool.sign(ctx, s.wanted); err != nil {
			return err
		}
		if len(s.wanted) == 0 || !s.postponed {
			return nil
		} // else the next rehearsal can decide it
	}
	return errChanging
}

// settle does work with the badges that were prepared for it. Where it wants
// others, because what was rehearsed is not so any more, it is prepared anew.
func (p *Programme) settle(ctx context.Context, pool *pool, work func(*session) error) error {
	for range rounds {
		done, err := p.perform(ctx, pool, work)
		if !errors.Is(err, errWanting) {
			return err
		}
		if err := pool.sign(ctx, done.wanted); err != nil {
			return err
		}
		if err := p.prepare(ctx, pool, false, work); err != nil {
			return err
		}
	}
	return errChanging
}

func (p *Programme) rehearse(ctx context.Context, pool *pool, work func(*session) error) (*session, error) {
	var s *session
	err := p.store.View(ctx, func(r store.Reader) error {
		pool.rewind()
		s = &session{Programme: p, ctx: ctx, tx: store.NewOverlay(r), pool: pool, answers: map[question]any{}}
		return work(s)
	})
	return s, err
}

func (p *Programme) perform(ctx context.Context, pool *pool, work func(*session) error) (*session, error) {
	var s *session
	err := p.store.Update(ctx, func(tx store.Tx) error {
		pool.rewind()
		s = &session{Programme: p, ctx: ctx, tx: tx, pool: pool, answers: map[question]any{}}
		if err := work(s); err != nil {
			return err
		}
		if len(s.wanted) > 0 {
			return errWanting
		}
		return nil
	})
	if err == nil {
		p.issuer.Done(ctx, s.put...)
		for _, c := range s.changed {
			p.issuer.DoneChange(ctx, c.Change, c.answer)
		}
		if s.improved {
			p.tellImproved()
		}
	}
	return s, err
}

// part does a part of the work that may fail by itself: a fault of the caller
// undoes this part alone and is returned.
func (s *session) part(work func(*session) error) error {
	over := store.NewOverlay(s.tx)
	sub := &session{Programme: s.Programme, ctx: s.ctx, tx: over, pool: s.pool, answers: s.answers}
	if err := work(sub); err != nil {
		return err
	}
	s.wanted, s.put, s.changed = append(s.wanted, sub.wanted...), append(s.put, sub.put...), append(s.changed, sub.changed...)
	s.postponed, s.listed, s.improved = s.postponed || sub.postponed, s.listed || sub.listed, s.improved || sub.improved
	return over.Apply(s.tx)
}

// changed is a change of the status of a badge, with what came of it.
type changed struct {
	issuer.Change
	answer *issuer.Issued
}

// change puts a change of the status of a badge on record.
func (s *session) change(c issuer.Change) error {
	answer, err := s.issuer.PutChange(s.tx, c)
	if err == nil {
		s.changed = append(s.changed, changed{c, answer})
	}
	return err
}

// issue puts a badge on record, or finds the one that answers the award
// already. Where the badge is not signed yet, it is wanted, and the answer is
// no record: it would be issued.
func (s *session) issue(a issuer.Award) (*issuer.Issued, error) {
	badge, fault := s.pool.next(a)
	if badge == nil {
		return s.want(a, fault)
	}
	issued, err := s.issuer.Put(s.ctx, s.tx, badge, a)
	switch {
	case errors.Is(err, issuer.ErrStale):
		s.pool.discard(badge)
		return s.want(a, nil)
	case err != nil:
		return nil, err
	case issued.Record == badge.Record():
		s.put = append(s.put, badge)
	default: // another one answers the award
		s.pool.giveBack(badge)
	}
	return issued, nil
}

// wish is an award whose badge is wanted, checked against what it is made of.
type wish struct {
	award   issuer.Award
	checked *issuer.Checked
}

// want looks for a badge that answers an award. Where there is none it is to be
// signed, unless that was tried and is the award's own fault.
func (s *session) want(a issuer.Award, fault error) (*issuer.Issued, error) {
	found, checked, err := s.issuer.Look(s.tx, a)
	switch {
	case err != nil || found != nil:
		return found, err
	case fault != nil:
		return nil, fault
	}
	s.wanted = append(s.wanted, wish{a, checked})
	return nil, nil
}

// pool holds badges that are signed and on no record yet.
type pool struct {
	issuer *issuer.Issuer
	// began is what counts as now in awards: they are decided twice, and a badge of
	// another moment would be another badge.
	began time.Time
	ready map[[sha256.Size]byte]*shelf
	// signed is told of each badge that was signed; it may be nil.
	signed func(done, of int)
}

// shelf holds the badges of awards that are alike.
type shelf struct {
	badges []*issuer.Prepared
	used   int
	fault  error // of the award
}

func newPool(i *issuer.Issuer) *pool {
	return &pool{issuer: i, began: i.Now(), ready: map[[sha256.Size]byte]*shelf{}}
}

// rewind puts all badges back, for work that begins anew.
func (p *pool) rewind() {
	for _, s := range p.ready {
		s.used = 0
	}
}

// next is a badge of an award, and nil where there is none: fault says why there
// cannot be one.
func (p *pool) next(a issuer.Award) (badge *issuer.Prepared, fault error) {
	if len(p.ready) == 0 {
		return nil, nil
	}
	k, err := awardDigest(a)
	if err != nil {
		return nil, err
	}
	s := p.ready[k]
	switch {
	case s == nil:
		return nil, nil
	case s.fault != nil:
		return nil, s.fault
	case s.used == len(s.badges):
		return nil, nil
	}
	s.used++
	return s.badges[s.used-1], nil
}

// giveBack takes back the badge that was given last of those alike.
func (p *pool) giveBack(badge *issuer.Prepared) {
	for _, s := range p.ready {
		if s.used > 0 && s.badges[s.used-1] == badge {
			s.used--
			return
		}
	}
}

// discard throws a badge away that cannot be put on record any more.
func (p *pool) discard(stale *issuer.Prepared) {
	for _, s := range p.ready {
		for n, b := range s.badges {
			if b == stale {
				s.badges = append(s.badges[:n], s.badges[n+1:]...)
				s.used--
				p.issuer.Drop(stale)
				return
			}
		}
	}
}

// close gives up what was not used; what was put on record is done with.
func (p *pool) close() {
	for _, s := range p.ready {
		p.issuer.Drop(s.badges...)
	}
}

// sign makes the badges of awards, as many at a time as there are processors.
// A fault of an award is kept for whoever asks for its badge.
func (p *pool) sign(ctx context.Context, wanted []wish) error {
	var mu sync.Mutex
	done := 0
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, w := range wanted {
		group.Go(func() error {
			k, err := awardDigest(w.award)
			if err != nil {
				return err
			}
			prepared, err := p.issuer.Sign(ctx, w.checked)
			if err != nil && !isFault(err) {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			s := p.ready[k]
			if s == nil {
				s = &shelf{}
				p.ready[k] = s
			}
			if err != nil {
				s.fault = err
			} else {
				s.badges = append(s.badges, prepared)
			}
			if done++; p.signed != nil {
				p.signed(done, len(wanted))
			}
			return nil
		})
	}
	return group.Wait()
}

// awardDigest tells awards apart that make different badges.
func awardDigest(a issuer.Award) (k [sha256.Size]byte, err error) {
	raw, err := json.Marshal(a)
	if err != nil {
		return k, fmt.Errorf("encoding an award: %w", err)
	}
	return sha256.Sum256(raw), nil
}

// note writes an audit record of what is done in a realm. That of a trial is
// its test issuer's: who follows what counts is not told of it.
func (s *session) note(r realm, e issuer.Event) error {
	if r == test {
		e.Issuer = issuer.TestSlug(e.Issuer)
	}
	return s.issuer.Note(s.tx, e)
}
