package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// Issued is the answer to an award.
type Issued struct {
	Record   *Record
	Existing bool // the person held it already; nothing was issued
	Replayed bool // the answer to an earlier request with the same idempotency key
}

// DuplicateError refuses an award that says so of duplicates.
type DuplicateError struct{ ID string }

// Error implements error.
func (e *DuplicateError) Error() string {
	return "issuer: the person holds this badge already: " + e.ID
}

// Is makes a DuplicateError an ErrConflict.
func (e *DuplicateError) Is(target error) bool { return target == ErrConflict }

// errAgain says that what a badge was built on changed before it was
// committed: build it anew.
var errAgain = errors.New("issuer: built on what has changed")

// attempts bounds how often one award is built; each further one needs a
// collision of a random index or a template edited in that very moment.
const attempts = 8

// Issue makes one badge, durably, or finds the one that answers the award
// already. Faults of the award are badge.Errors; others are ErrNotFound,
// ErrForbidden, ErrIdempotencyReused, ErrConflict (DuplicateError), ErrNoKey,
// ErrSelfCheck and the errors of the store, of which store.ErrUnknownOutcome
// means that only a retry with the same key tells.
func (i *Issuer) Issue(ctx context.Context, a Award) (*Issued, error) {
	for range attempts {
		issued, err := i.try(ctx, a)
		if !errors.Is(err, errAgain) {
			return issued, err
		}
	}
	return nil, fmt.Errorf("issuing: %w after %d attempts", errAgain, attempts)
}

func (i *Issuer) try(ctx context.Context, a Award) (*Issued, error) {
	d, found, err := i.prepare(ctx, &a)
	if err != nil || found != nil {
		return found, err
	}
	if err := i.sign(ctx, d); err != nil {
		return nil, err
	}
	found, err = i.commit(ctx, d)
	if err != nil || found != nil {
		return found, err
	}
	i.kickJWT()
	i.cfg.Log.InfoContext(ctx, "issued", "credential", d.record.ID, "issuer", d.record.Issuer,
		"achievement", d.record.Achievement, "actor", a.Actor)
	return &Issued{Record: d.record}, nil
}

// Preview answers what Issue would do, and does nothing: nil with no error
// means that a badge would be issued.
func (i *Issuer) Preview(ctx context.Context, a Award) (*Issued, error) {
	_, found, err := i.prepare(ctx, &a)
	return found, err
}

// prepare checks an award and draws what its badge needs, without signing or
// writing anything. Where an answer exists already it returns that.
func (i *Issuer) prepare(ctx context.Context, a *Award) (*draft, *Issued, error) {
	now := i.now()
	d := &draft{award: a}
	var found *Issued
	var list int
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		if found, err = i.replay(r, a.Idempotency); err != nil || found != nil {
			return err
		}
		if err := i.lookUp(r, d); err != nil {
			return err
		}
		if err := a.validate(d.ach, now); err != nil {
			return err
		}
		if found, err = i.duplicate(r, d); err != nil || found != nil {
			return err
		}
		d.record, list, err = i.draw(r, d, now)
		return err
	})
	if errors.Is(err, errListFull) {
		if err := i.rollList(ctx, d.profile.Slug, list); err != nil {
			return nil, nil, err
		}
		return nil, nil, errAgain
	}
	return d, found, err
}

// lookUp finds the template and the issuer that an award names.
func (i *Issuer) lookUp(r store.Reader, d *draft) error {
	a := d.award
	if a.Inline != nil {
		if err := i.adoptInline(a); err != nil {
			return err
		}
		d.ach = a.Inline
	} else {
		d.ach = new(Achievement)
		if err := i.template(r, a.Achievement, d.ach); err != nil {
			return err
		}
	}
	if a.Issuer != "" && a.Issuer != d.ach.Issuer {
		return badge.Errors{{Code: badge.MalformedValueError, Rule: "issuer_mismatch", Pointer: "/achievement/issuer",
			Detail: "The achievement belongs to another issuer."}}
	}
	a.Issuer = d.ach.Issuer
	d.profile = new(Profile)
	err := getJSON(r, profileKey(d.ach.Issuer), d.profile)
	if errors.Is(err, ErrNotFound) {
		return badge.Errors{{Code: badge.MalformedValueError, Rule: "issuer_unknown", Pointer: "/achievement/issuer",
			Detail: "There is no such issuer here."}}
	}
	return err
}

func (i *Issuer) template(r store.Reader, slug string, into *Achievement) error {
	unknown := badge.Errors{{Code: badge.MalformedValueError, Rule: "achievement_unknown", Pointer: "/achievement",
		Detail: "There is no such achievement here; GET /v1/achievements lists them, PUT /v1/achievements/{slug} makes one."}}
	if slug == "" {
		unknown[0].Rule, unknown[0].Detail = "required", "Name an achievement by its slug, or send one whole."
		return unknown
	}
	if CheckSlug(slug) != nil {
		return unknown
	}
	err := getJSON(r, achievementKey(slug), into)
	if errors.Is(err, ErrNotFound) {
		return unknown
	}
	return err
}

// replay finds the answer that an idempotency key was given before.
func (i *Issuer) replay(r store.Reader, idem *Idempotency) (*Issued, error) {
	if idem == nil {
		return nil, nil
	}
	var kept keptAnswer
	err := getJSON(r, i.idempotencyKey(idem), &kept)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	if !bytes.Equal(kept.Digest, idem.Digest) {
		return nil, ErrIdempotencyReused
	}
	rec, err := recordAt(r, kept.Issuer, kept.Seq)
	if err != nil {
		return nil, err
	}
	// The first answer told of an active badge, whatever became of it since.
	rec.Status, rec.Reason, rec.StatusAt = Active, "", time.Time{}
	return &Issued{Record: rec, Existing: kept.Existing, Replayed: true}, nil
}

// keptAnswer is what an idempotency key leads to.
type keptAnswer struct {
	Digest   []byte    `json:"digest"`
	Issuer   string    `json:"issuer"`
	Seq      string    `json:"seq"`
	Existing bool      `json:"existing,omitempty"`
	At       time.Time `json:"at"`
}

func (i *Issuer) idempotencyKey(idem *Idempotency) []byte {
	return key("k", digestText(i.digest(idem.Scope, idem.Key)))
}

// duplicate finds an active badge of the same achievement, edition and person.
// A platform's own id of the person counts before the address, which several
// people may share.
func (i *Issuer) duplicate(r store.Reader, d *draft) (*Issued, error) {
	if d.award.OnDuplicate == AllowDuplicate {
		return nil, nil
	}
	for _, digest := range i.duplicateDigests(d) {
		var id string
		err := getJSON(r, duplicateKey(d.profile.Slug, d.ach.Slug, digest), &id)
		if errors.Is(err, ErrNotFound) {
			continue
		} else if err != nil {
			return nil, err
		}
		rec, err := recordByID(r, id)
		if err != nil {
			return nil, err
		}
		if rec.Status != Active || i.differentPeople(d, rec) {
			continue
		}
		if d.award.OnDuplicate == RejectDuplicate {
			return nil, &DuplicateError{ID: rec.ID}
		}
		return &Issued{Record: rec, Existing: true}, nil
	}
	return nil, nil
}

// duplicateDigests are the names under which a person is known: the platform's
// id first.
func (i *Issuer) duplicateDigests(d *draft) [][]byte {
	var out [][]byte
	p := d.award.Recipient
	if p.ExternalID != "" {
		out = append(out, i.digest("id", d.award.Edition, p.ExternalID))
	}
	if p.Email != "" {
		out = append(out, i.digest("mail", d.award.Edition, normalEmail(p.Email)))
	}
	return out
}

func (i *Issuer) differentPeople(d *draft, rec *Record) bool {
	id := d.award.Recipient.ExternalID
	return id != "" && rec.Person != nil && !bytes.Equal(rec.Person, i.digest("person", id))
}

// draw makes the record of a new badge with a random id and a random index
// that is free as far as this reader sees.
func (i *Issuer) draw(r store.Reader, d *draft, now time.Time) (*Record, int, error) {
	id, err := newID(i.cfg.Random)
	if err != nil {
		return nil, 0, err
	}
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return nil, 0, err
	}
	n, index, err := i.freeIndex(r, d.profile.Slug)
	if err != nil {
		return nil, n, err
	}
	a := d.award
	rec := &Record{ID: id, Edition: 1, Issuer: d.profile.Slug, Achievement: d.ach.Slug, Version: d.ach.Version, Term: a.Edition,
		Status: Active, List: listName(d.profile.Slug, n), Index: index, AwardedAt: a.AwardedAt,
		IssuedAt: now.Truncate(time.Second), ChangedAt: now, ValidUntil: a.ValidUntil, Language: a.Language,
		ExternalRef: a.ExternalRef, seq: seq}
	if a.Recipient.Email != "" {
		rec.Email = i.digest("email", normalEmail(a.Recipient.Email))
	}
	if a.Recipient.ExternalID != "" {
		rec.Person = i.digest("person", a.Recipient.ExternalID)
	}
	return rec, n, nil
}

// sign secures the badge and reads it back as a stranger would.
func (i *Issuer) sign(ctx context.Context, d *draft) error {
	doc, err := i.build(d)
	if err != nil {
		return fmt.Errorf("building: %w", err)
	}
	signer, err := i.cfg.Keys.Issuer(d.profile.Slug).Active(ctx, keys.EdDSA)
	if errors.Is(err, keys.ErrNoActiveKey) {
		return fmt.Errorf("%w: %s", ErrNoKey, d.profile.Slug)
	} else if err != nil {
		return fmt.Errorf("opening the signing key: %w", err)
	}
	signed, err := i.cfg.Suite.Secure(ctx, doc, signer, d.record.IssuedAt)
	if err != nil {
		return fmt.Errorf("signing: %w", err)
	}
	if err := i.cfg.SelfCheck(ctx, signed.Raw()); err != nil {
		i.cfg.Log.ErrorContext(ctx, "self-check failed", "issuer", d.profile.Slug, "achievement", d.ach.Slug, "error", err)
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	d.record.Document = signed.Raw()
	return nil
}

// commit writes everything that belongs to a badge in one Update, or finds
// that somebody else was first and gives their answer.
func (i *Issuer) commit(ctx context.Context, d *draft) (*Issued, error) {
	var found *Issued
	err := i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var err error
		if found, err = i.replay(tx, d.award.Idempotency); err != nil || found != nil {
			return err
		}
		if found, err = i.duplicate(tx, d); err != nil {
			return err
		}
		if found != nil {
			return i.keepAnswer(tx, d.award.Idempotency, found)
		}
		return i.write(tx, d)
	})
	return found, err
}

func (i *Issuer) write(tx store.Tx, d *draft) error {
	rec := d.record
	if err := i.stillTrue(tx, d); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return putMark(tx, indexKey(rec.List, rec.Index), rec.ID) },
		func() error { return putJSON(tx, idKey(rec.ID), pointer{Issuer: rec.Issuer, Seq: rec.seq}) },
		func() error { return putRecord(tx, rec) },
		func() error { return i.putFinders(tx, d) },
		func() error { return i.keepAnswer(tx, d.award.Idempotency, &Issued{Record: rec}) },
		func() error { return putMark(tx, jwtQueueKey(rec.Issuer, rec.seq), "") },
		func() error {
			return putAudit(tx, rec.seq, Event{At: rec.ChangedAt, Actor: d.award.Actor, Action: "credential.issue",
				Issuer: rec.Issuer, Subject: rec.ID})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// stillTrue checks, inside the Update, what the badge was built on: its index
// and id are free and its template is the stored one.
func (i *Issuer) stillTrue(tx store.Tx, d *draft) error {
	rec := d.record
	for _, k := range [][]byte{indexKey(rec.List, rec.Index), idKey(rec.ID)} {
		if taken, err := exists(tx, k); err != nil {
			return err
		} else if taken {
			return errAgain
		}
	}
	if d.award.Inline != nil {
		return i.keepInline(tx, d)
	}
	var now Achievement
	if err := getJSON(tx, versionKey(d.ach.Slug, d.ach.Version), &now); err != nil {
		return err
	}
	if !now.ChangedAt.Equal(d.ach.ChangedAt) {
		return errAgain
	}
	return markUsed(tx, d.ach)
}

// markUsed writes only once, so that awards of one achievement do not contend.
func markUsed(tx store.Tx, a *Achievement) error {
	used, err := exists(tx, usedKey(a.Slug, a.Version))
	if err != nil || used {
		return err
	}
	return putMark(tx, usedKey(a.Slug, a.Version), "")
}

func (i *Issuer) putFinders(tx store.Tx, d *draft) error {
	rec := d.record
	for _, digest := range i.duplicateDigests(d) {
		if err := putJSON(tx, duplicateKey(rec.Issuer, rec.Achievement, digest), rec.ID); err != nil {
			return err
		}
	}
	finders := map[string][]byte{"achievement": i.digest("achievement", rec.Achievement), "email": rec.Email}
	if rec.ExternalRef != "" {
		finders["ref"] = i.digest("ref", rec.ExternalRef)
	}
	for kind, digest := range finders {
		if digest == nil {
			continue
		}
		if err := putMark(tx, findKey(kind, rec.Issuer, digest, rec.seq), ""); err != nil {
			return err
		}
	}
	return nil
}

func (i *Issuer) keepAnswer(tx store.Tx, idem *Idempotency, answer *Issued) error {
	if idem == nil {
		return nil
	}
	return putJSON(tx, i.idempotencyKey(idem), keptAnswer{Digest: idem.Digest, Issuer: answer.Record.Issuer,
		Seq: answer.Record.seq, Existing: answer.Existing, At: i.now()})
}
