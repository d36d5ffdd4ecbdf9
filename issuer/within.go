package issuer

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"laurel/store"
)

// ErrStale says that a prepared badge cannot be put on record as it is: what it
// was built on has changed, or its place in a list was taken. Prepare it anew.
var ErrStale = errAgain

// Prepared is a badge that is signed and was read back, and is on no record
// yet. Nobody has seen it: it may be thrown away, by Drop.
type Prepared struct{ draft *draft }

// Record is the badge as it will stand on record.
func (p *Prepared) Record() *Record { return p.draft.record }

// Checked is an award that was checked, and whose badge would be issued.
type Checked struct{ draft *draft }

// Look checks an award and finds the badge that answers it already; where one
// would be issued, it is what Sign makes it of. What is found is kept as the answer
// to the award's Idempotency. The errors are those of Issue.
func (i *Issuer) Look(tx store.Tx, a Award) (*Issued, *Checked, error) {
	d, found, err := i.examine(tx, a)
	switch {
	case err != nil:
		return nil, nil, err
	case found == nil:
		return nil, &Checked{d}, nil
	case found.Replayed:
		return found, nil, nil
	}
	return found, nil, i.keepAnswer(tx, a.Idempotency, d.answer, found)
}

// Prepare checks an award and signs its badge. It takes no notice of duplicates and
// of earlier answers: Put does, which decides. The errors are those of Issue.
func (i *Issuer) Prepare(ctx context.Context, a Award) (*Prepared, error) {
	a.OnDuplicate, a.Once, a.Idempotency = AllowDuplicate, false, nil
	d, _, err := i.prepare(ctx, a, nil)
	if err != nil {
		return nil, err
	}
	return i.Sign(ctx, &Checked{d})
}

// Sign makes the badge of an award that was checked; Put finds out whether that is
// still so. It is called once. The errors are those of Issue.
func (i *Issuer) Sign(ctx context.Context, c *Checked) (*Prepared, error) {
	for range attempts {
		err := i.sign(ctx, c.draft)
		if err == nil && i.reserved.take(c.draft.record.indexKeys()) {
			return &Prepared{c.draft}, nil
		}
		if err != nil && !errors.Is(err, errAgain) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("preparing: %w after %d attempts", errAgain, attempts)
}

// Put writes a prepared badge within an Update of the caller's, or finds the
// one that answers the award already. It may be called again where the Update
// runs again. Once that is committed the caller tells so with Done. ErrStale
// where the badge must be prepared anew, as after its key was revoked.
func (i *Issuer) Put(ctx context.Context, tx store.Tx, p *Prepared, a Award) (*Issued, error) {
	now := i.now()
	d := p.draft
	d.award.OnDuplicate, d.award.Once, d.award.Theirs = a.OnDuplicate, a.Once, a.Theirs
	d.award.Idempotency, d.answer = a.Idempotency, i.idempotencyKey(a.Idempotency)
	var err error
	if d.record.seq, err = newSeq(i.cfg.Random, now); err != nil {
		return nil, err
	}
	d.record.ChangedAt = now
	if found, err := i.put(ctx, tx, d); err != nil || found != nil {
		return found, err
	}
	return &Issued{Record: d.record}, nil
}

// Done tells that the Update was committed in which badges were Put.
func (i *Issuer) Done(ctx context.Context, put ...*Prepared) {
	for _, p := range put {
		rec := p.draft.record
		i.clock.reach(rec.ChangedAt.UnixNano())
		i.kickJWT(rec.Issuer)
		i.counters.changes.Add(actionIssue)
		i.cfg.Log.InfoContext(ctx, "issued", "credential", rec.ID, "issuer", rec.Issuer,
			"achievement", rec.Achievement, "actor", p.draft.award.Actor)
	}
	i.Drop(put...)
}

// Drop gives up the places that prepared badges hold in status lists.
func (i *Issuer) Drop(prepared ...*Prepared) {
	for _, p := range prepared {
		i.reserved.free(p.draft.record.indexKeys())
	}
}

// reservations are the places in status lists of badges that are prepared: many
// are prepared at once, and of some hundreds that draw from a list two will
// have drawn alike.
type reservations struct {
	mu    sync.Mutex
	taken map[string]struct{}
}

// take takes all keys or none.
func (r *reservations) take(keys [][]byte) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		if _, taken := r.taken[string(k)]; taken {
			return false
		}
	}
	for _, k := range keys {
		r.taken[string(k)] = struct{}{}
	}
	return true
}

func (r *reservations) free(keys [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		delete(r.taken, string(k))
	}
}

// PutChange is ChangeStatus within an Update of the caller's, who says so with
// DoneChange once that is committed.
func (i *Issuer) PutChange(tx store.Tx, c Change) (*Issued, error) {
	var f faults
	f.text(&c.Reason, "/reason", 500, false)
	if err := f.Err(); err != nil {
		return nil, err
	}
	run, err := i.changing(c.Actor, "credential."+string(c.Action))
	if err != nil {
		return nil, err
	}
	return i.putChange(tx, run, c)
}

// Changed is a change of a credential, told to observers within the Update that
// makes it.
type Changed struct {
	Action string  // of the audit record
	Record *Record // as it is now; not to be changed
	Award  *Award  // what was asked for, where a badge was issued; not to be changed
	Actor  string
	// Address is the holder's e-mail address where it took another's place just
	// now, and with it the claim another's; "" otherwise.
	Address string
}

// Issued reports whether a badge was issued, and not a badge changed.
func (c Changed) Issued() bool { return c.Action == actionIssue }

// Erased reports whether the person was taken out of a credential.
func (c Changed) Erased() bool { return c.Action == actionErase }

// Observer is told of every change of a credential, within the Update that
// makes it: what it writes there is as durable as the change. Its error undoes
// the change.
type Observer func(tx store.Tx, c Changed) error

// Observe adds an observer. It is for the time before the issuer is in use.
func (i *Issuer) Observe(o Observer) { i.observers = append(i.observers, o) }

func (i *Issuer) tell(tx store.Tx, c Changed) error {
	for _, o := range i.observers {
		if err := o(tx, c); err != nil {
			return err
		}
	}
	return nil
}

// Digest hides personal values in keys of other packages' records: it finds
// the values again and cannot be turned back without the store's pepper. kind
// keeps those of one use apart from those of another.
func (i *Issuer) Digest(kind string, values ...string) string {
	return digestText(i.digest(append([]string{"programme", kind}, values...)...))
}

// NewID draws a public id.
func (i *Issuer) NewID() (string, error) { return newID(i.cfg.Random) }

// NewSeq draws a name that ascends with time.
func (i *Issuer) NewSeq() (string, error) { return newSeq(i.cfg.Random, i.now()) }
