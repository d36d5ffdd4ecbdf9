package issuer

import (
	"context"
	"fmt"
	"slices"
	"time"

	"laurel/badge"
	"laurel/store"
)

// StateError refuses a change that what is stored does not allow.
type StateError struct {
	Rule   string // for programs, such as revoked_is_final
	Detail string // a sentence that says what to do
}

// Error implements error.
func (e *StateError) Error() string { return "issuer: " + e.Rule + ": " + e.Detail }

// Is makes a StateError an ErrConflict.
func (e *StateError) Is(target error) bool { return target == ErrConflict }

// Action is what can be done to the status of a credential.
type Action string

// The actions.
const (
	Revoke    Action = "revoke"    // for good
	Suspend   Action = "suspend"   // until it is reinstated; for badges of suspendable achievements
	Reinstate Action = "reinstate" // what was suspended
)

// Change asks for another status of one credential.
type Change struct {
	ID     string
	Action Action
	Reason string // shown to anybody where it is one of the codes in common use (Record.PublicReason), else to the issuer alone
	Actor  string // who asks, for the audit record
	// MayTouch bounds what the caller may touch: a credential of another issuer
	// is ErrNotFound, as one that does not exist.
	MayTouch func(issuer string) bool
	// DryRun answers what would be done, and does nothing.
	DryRun      bool
	Idempotency *Idempotency // may be nil
}

// ChangeStatus changes the status of a credential, durably. Asking for what is
// so already is no fault, and the answer says Existing. Revocation is final. The
// errors are badge.Errors for the reason, ErrNotFound, StateError,
// ErrIdempotencyReused, for an old request also ErrErased, and those of the
// store.
func (i *Issuer) ChangeStatus(ctx context.Context, c Change) (*Issued, error) {
	var f faults
	f.text(&c.Reason, "/reason", 500, false)
	if err := f.Err(); err != nil {
		return nil, err
	}
	run, err := i.changing(c.Actor, "credential."+string(c.Action))
	if err != nil {
		return nil, err
	}
	var answer *Issued
	if c.DryRun {
		err = i.cfg.Store.View(ctx, func(r store.Reader) (err error) {
			answer, err = run.look(r, c)
			return err
		})
	} else {
		err = i.cfg.Store.Update(ctx, func(tx store.Tx) (err error) {
			answer, err = i.putChange(tx, run, c)
			return err
		})
	}
	if err != nil {
		return nil, err
	}
	if !c.DryRun {
		i.DoneChange(ctx, c, answer)
	}
	return answer, nil
}

// DoneChange tells that the Update was committed in which PutChange gave an answer.
func (i *Issuer) DoneChange(ctx context.Context, c Change, answer *Issued) {
	if answer.Existing || answer.Replayed {
		return
	}
	rec, action := answer.Record, string(c.Action)
	i.counters.changes.Add("credential." + action)
	i.cfg.Log.InfoContext(ctx, "status changed", "action", action, "credential", rec.ID, "issuer", rec.Issuer, "actor", c.Actor)
}

// look tells whether there is anything to change.
func (c *changing) look(r store.Reader, asked Change) (*Issued, error) {
	rec, err := c.read(r, asked.ID, asked.MayTouch)
	if err != nil {
		return nil, err
	}
	changes, err := rec.allows(asked.Action)
	return &Issued{Record: rec, Existing: !changes}, err
}

// putChange writes a change of status and its answer, or finds the answer that
// the request was given before.
func (i *Issuer) putChange(tx store.Tx, run *changing, c Change) (*Issued, error) {
	k := i.idempotencyKey(c.Idempotency)
	answer, err := i.replay(tx, c.Idempotency, k)
	if err != nil || answer != nil {
		return answer, err
	}
	if answer, err = run.look(tx, c); err != nil {
		return nil, err
	}
	if !answer.Existing {
		if err := run.behind(i, tx, answer.Record); err != nil {
			return nil, err
		}
		if err := run.putStatus(tx, answer.Record, c); err != nil {
			return nil, err
		}
	}
	return answer, i.keepAnswer(tx, c.Idempotency, k, answer)
}

// Revoke withdraws a credential for good.
func (i *Issuer) Revoke(ctx context.Context, id, reason, actor string, mayTouch func(issuer string) bool) (*Record, error) {
	answer, err := i.ChangeStatus(ctx, Change{ID: id, Action: Revoke, Reason: reason, Actor: actor, MayTouch: mayTouch})
	if err != nil {
		return nil, err
	}
	return answer.Record, nil
}

// allows tells whether an action would change a record; a StateError where it
// may not be taken.
func (r *Record) allows(a Action) (changes bool, err error) {
	switch a {
	case Revoke:
		return r.Status != Revoked, nil
	case Suspend, Reinstate:
	default:
		return false, fault("action_invalid", "/action", "Say revoke, suspend or reinstate.")
	}
	switch {
	case r.Status == Revoked:
		return false, &StateError{"revoked_is_final", "This badge was revoked, which is final. Issue a new one if it was an error."}
	case r.PauseList == "":
		return false, &StateError{"not_suspendable", "This badge cannot be suspended: its achievement was not marked suspendable when it was issued."}
	}
	return (r.Status == Suspended) == (a == Reinstate), nil
}

// changing is one change of what is stored, with its time and its place in the
// order of changes. All that it writes is written in one Update.
type changing struct {
	Event
	seq     string
	tell    func(store.Tx, Changed) error
	address string // as of a Changed
}

func (i *Issuer) changing(actor, action string) (*changing, error) {
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	return &changing{Event: Event{At: now, Actor: actor, Action: action}, seq: seq, tell: i.tell}, err
}

// behind puts a change behind the last one of its credential in the order of
// records too. The clocks of two replicas may say otherwise, and so may one
// clock of two changes that waited for each other; whoever follows the audit log
// would then be told the wrong one last. It is not put behind what a clock has dated
// ahead that was said to have been wrong: it would be dated ahead too, and all issuing
// held against it.
func (c *changing) behind(i *Issuer, r store.Reader, rec *Record) error {
	least := rec.ChangedAt.Truncate(time.Millisecond).Add(time.Millisecond)
	if !c.At.Before(least) {
		return nil
	}
	if least.Sub(i.now()) > farAhead {
		if wrong, err := datedAhead(r, rec.ChangedAt); err != nil || wrong {
			return err
		}
	}
	seq, err := newSeq(i.cfg.Random, least)
	c.At, c.seq = least, seq
	return err
}

// read finds the credential that is to be changed.
func (c *changing) read(r store.Reader, id string, mayTouch func(issuer string) bool) (*Record, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("credential: %w", ErrNotFound)
	}
	rec, err := recordByID(r, id)
	if err == nil && !mayTouch(rec.Issuer) {
		err = fmt.Errorf("credential record: %w", ErrNotFound)
	}
	return rec, err
}

// note writes the audit record of a change and tells who observes changes.
func (c *changing) note(tx store.Tx, rec *Record, reason string) error {
	e := c.Event
	e.Issuer, e.Subject, e.Edition, e.Reason = rec.Issuer, rec.ID, rec.Edition, publicReason(reason)
	if err := putAudit(tx, c.seq, e); err != nil {
		return err
	}
	return c.tell(tx, Changed{Action: e.Action, Record: rec, Actor: e.Actor, Address: c.address})
}

// reasons are the codes that an audit record takes: it can never be changed, so
// it must not hold words that may speak of a person. Those stand in the record
// alone, from which they can be erased.
var reasons = []string{"", "issued_in_error", ReasonWithdrawn, "superseded_by_correction", "superseded_by_renewal", "under_review", "review_passed",
	"review_failed", "rules_not_met", "duplicate", "fraud", "expired", "key_compromised", "name_corrected", "email_changed", "requested_by_holder"}

// ReasonWithdrawn is the reason that the service itself gives for an erasure.
const ReasonWithdrawn = "withdrawn_by_holder"

func publicReason(reason string) string {
	if slices.Contains(reasons, reason) {
		return reason
	}
	return "in_own_words"
}

// PublicReason is the reason of the last change of status where it is one of the
// codes that everybody uses, and "" where it is in words of the issuer's own: they
// may speak of a person.
func (r *Record) PublicReason() string {
	if slices.Contains(reasons, r.Reason) {
		return r.Reason
	}
	return ""
}

// putStatus writes a change that is allowed.
func (c *changing) putStatus(tx store.Tx, rec *Record, asked Change) error {
	var err error
	was := *rec
	switch asked.Action {
	case Revoke:
		rec.Status = Revoked
		err = setBit(tx, rec.List, rec.Index, c.seq)
	case Suspend:
		rec.Status = Suspended
		err = setBit(tx, rec.PauseList, rec.PauseIndex, c.seq)
	case Reinstate:
		rec.Status = Active
		err = liftSuspension(tx, rec, c.seq)
	}
	if err != nil {
		return err
	}
	rec.Reason, rec.StatusAt, rec.ChangedAt = asked.Reason, c.At, c.At
	if err := putChanged(tx, &was, rec, c.At); err != nil {
		return err
	}
	return c.note(tx, rec, rec.Reason)
}

// Credential returns the record of a public id, in its current edition;
// ErrNotFound. It is for serving the stored bytes, which earn no trust by being
// ours. The record of a person who was erased has no Document.
func (i *Issuer) Credential(ctx context.Context, id string) (*Record, error) {
	var rec *Record
	err := i.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		rec, err = i.CredentialIn(r, id)
		return err
	})
	return rec, err
}

// CredentialIn is Credential within somebody else's View or Update.
func (i *Issuer) CredentialIn(r store.Reader, id string) (*Record, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("credential: %w", ErrNotFound)
	}
	return recordByID(r, id)
}

// View parses the stored badge for display beside its record.
func (r *Record) View() (*badge.Document, error) { return badge.Parse(r.Document) }
