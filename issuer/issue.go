package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/keys"
	"laurel/store"
)

// Issued is the answer to an award, or to a change of what was issued.
type Issued struct {
	Record   *Record
	Existing bool // nothing was issued: the person held it already, or what is signed was so already
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
// committed: build it anew. Who has done so too often may try again later.
var errAgain = fmt.Errorf("issuer: built on what has changed: %w", store.ErrBusy)

// attempts bounds how often one award is built; each further one needs a
// collision of a random index or a template edited in that very moment.
const attempts = 8

// Issue makes one badge, durably, or finds the one that answers the award
// already. Faults of the award are badge.Errors; others are ErrNotFound,
// ErrForbidden, ErrIdempotencyReused, ErrConflict (DuplicateError), ErrNoKey,
// ErrSelfCheck and the errors of the store, of which store.ErrUnknownOutcome
// means that only a retry with the same key tells.
func (i *Issuer) Issue(ctx context.Context, a Award) (*Issued, error) {
	return i.IssueUnless(ctx, a, nil)
}

// IssueUnless is Issue for callers who may have to do more with a badge than
// issue it: an error of unless, which reads the state that the award is checked
// against, is returned, and nothing is done. unless may be nil.
func (i *Issuer) IssueUnless(ctx context.Context, a Award, unless func(store.Reader) error) (*Issued, error) {
	for range attempts {
		issued, err := i.try(ctx, a, unless)
		if !errors.Is(err, errAgain) {
			return issued, err
		}
	}
	return nil, fmt.Errorf("issuing: %w after %d attempts", errAgain, attempts)
}

func (i *Issuer) try(ctx context.Context, a Award, unless func(store.Reader) error) (*Issued, error) {
	d, found, err := i.prepare(ctx, a, unless)
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		err = i.sign(ctx, d)
	case found.Replayed || a.Idempotency == nil:
		return found, nil // nothing is left to be written
	}
	if err != nil {
		return nil, err
	}
	found, err = i.commit(ctx, d)
	if err != nil || found != nil {
		return found, err
	}
	i.kickJWT(d.record.Issuer)
	i.counters.changes.Add(actionIssue)
	i.cfg.Log.InfoContext(ctx, "issued", "credential", d.record.ID, "issuer", d.record.Issuer,
		"achievement", d.record.Achievement, "actor", a.Actor)
	return &Issued{Record: d.record}, nil
}

// Preview answers what Issue would do, and does nothing: nil with no error
// means that a badge would be issued.
func (i *Issuer) Preview(ctx context.Context, a Award) (*Issued, error) {
	_, found, err := i.prepare(ctx, a, nil)
	return found, err
}

// prepare checks an award, without signing or writing anything. Where an
// answer exists already it returns that.
func (i *Issuer) prepare(ctx context.Context, a Award, unless func(store.Reader) error) (*draft, *Issued, error) {
	var d *draft
	var found *Issued
	err := i.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if unless != nil {
			if err := unless(r); err != nil {
				return err
			}
		}
		d, found, err = i.examine(r, a)
		return err
	})
	return d, found, err
}

// examine is prepare within a transaction.
func (i *Issuer) examine(r store.Reader, a Award) (*draft, *Issued, error) {
	own, err := a.own()
	if err != nil {
		return nil, nil, err
	}
	d := &draft{award: own, answer: i.idempotencyKey(own.Idempotency)}
	found, err := i.replay(r, own.Idempotency, d.answer)
	if err != nil || found != nil {
		return d, found, err
	}
	if err := i.lookUp(r, d); err != nil {
		return nil, nil, err
	}
	if err := own.validate(d.ach, i.now()); err != nil {
		return nil, nil, err
	}
	d.person = &Record{Term: own.Edition}
	i.digestPerson(d.person, own.Recipient)
	found, err = i.duplicate(r, d)
	return d, found, err
}

// lookUp finds the template and the issuer that an award names.
func (i *Issuer) lookUp(r store.Reader, d *draft) error {
	a := d.award
	if a.Inline != nil {
		if err := i.adopt(a.Inline, a.Issuer, a.Test); err != nil {
			return err
		}
		d.ach = a.Inline
	} else {
		shared, err := i.template(r, a.Achievement)
		if err != nil {
			return err
		}
		d.ach, d.shared = &shared.Achievement, shared
	}
	if a.Issuer != "" && a.Issuer != d.ach.Issuer {
		return fault("issuer_mismatch", "/achievement/issuer", "The achievement belongs to another issuer.")
	}
	a.Issuer = d.ach.Issuer
	var err error
	if d.profile, err = i.awarding(r, a.Issuer); err != nil {
		return err
	}
	if !a.Test {
		return i.lookUpEndorsements(r, d)
	}
	if d.profile, err = i.testIssuer(r, a.Issuer); err != nil {
		return err
	}
	if !IsTest(d.ach.Slug) && TestSlug(d.ach.Slug) == "" {
		return fault("slug_too_long", "/achievement", "The slug of this achievement has more than 58 characters, which leaves no room for its form for trials.")
	}
	d.trial = d.ach.trial()
	if a.Inline != nil { // it comes for this badge, and is kept as it is signed
		d.ach = d.trial
	}
	return nil
}

// awarding is the issuer of an award, by the rule of mayAward.
func (i *Issuer) awarding(r store.Reader, slug string) (*Profile, error) {
	if slug != VCAPISlug && isSlug(slug) && !IsTest(slug) && !endorses(slug) {
		p, err := getShared[Profile](&i.decoded, r, profileKey(slug))
		if !errors.Is(err, ErrNotFound) {
			return p, err
		}
	}
	return nil, unknownIssuer("/achievement/issuer")
}

func (i *Issuer) template(r store.Reader, slug string) (*template, error) {
	if slug == "" {
		return nil, fault("required", "/achievement", "Name an achievement by its slug, or send one whole.")
	}
	if isSlug(slug) && !IsTest(slug) { // the forms for trials are not asked for by name
		t, err := getShared[template](&i.decoded, r, achievementKey(slug))
		if !errors.Is(err, ErrNotFound) {
			return t, err
		}
	}
	return nil, fault("achievement_unknown", "/achievement", "There is no such achievement here; GET /v1/achievements lists them, PUT /v1/achievements/{slug} makes one.")
}

// sign draws what the badge needs, secures it and reads it back as a stranger
// would.
func (i *Issuer) sign(ctx context.Context, d *draft) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	if err := i.draw(ctx, d); err != nil {
		return err
	}
	doc, err := i.build(d)
	if err != nil {
		return fmt.Errorf("building: %w", err)
	}
	d.record.Document, err = i.secure(ctx, d.record, doc)
	return err
}

// secure signs a badge with its issuer's key and reads it back.
func (i *Issuer) secure(ctx context.Context, rec *Record, doc *badge.Document) ([]byte, error) {
	signer, err := i.signer(ctx, rec.Issuer, keys.EdDSA)
	if err != nil {
		return nil, err
	}
	signed, err := i.cfg.Suite.Secure(ctx, doc, signer, rec.IssuedAt)
	if err != nil {
		return nil, unsignable(err, awardPointer)
	}
	rec.signer = signer.Method().ID
	if err := i.cfg.SelfCheck(ctx, signed.Raw()); err != nil {
		if again := i.notRevoked(ctx, rec.Issuer, rec.signer); errors.Is(again, errAgain) {
			return nil, again
		}
		return nil, i.selfCheckFailed(ctx, rec.Issuer, err)
	}
	return signed.Raw(), nil
}

// stillSigns is for the Update that puts on record what a key has signed: errAgain
// where that key was revoked meanwhile, here or by another service on the same
// store. What is found good here is on record before any later revocation.
func (i *Issuer) stillSigns(ctx context.Context, r store.Reader, issuer, id string) error {
	if err := i.notRevoked(ctx, issuer, id); err != nil {
		return err
	}
	noted, err := getShared[publishedKey](&i.decoded, r, publishedKeyKey(issuer, id))
	switch {
	case errors.Is(err, ErrNotFound):
		return nil // it was never noted, and so not revoked either
	case err != nil:
		return err
	case noted.RevokedAt.IsZero():
		return nil
	}
	return i.takeInKeys(ctx)
}

// takeInKeys is errAgain once the keys are as the folder has them now: another
// service has changed it, or is about to.
func (i *Issuer) takeInKeys(ctx context.Context) error {
	if folder, ok := i.cfg.Keys.(keyFolder); ok {
		if _, err := folder.Reload(ctx); err != nil {
			return fmt.Errorf("%w: taking in what was changed: %w", ErrSigning, err)
		}
	}
	return errAgain
}

// notRevoked is errAgain for a key that was revoked, as far as is known here.
func (i *Issuer) notRevoked(ctx context.Context, issuer, id string) error {
	published, err := i.cfg.Keys.Issuer(issuer).Published(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys of %s: %w", issuer, err)
	}
	if slices.ContainsFunc(published, func(m keys.VerificationMethod) bool { return m.ID == id && !m.Revoked.IsZero() }) {
		return errAgain
	}
	return nil // whether it is the issuer's was asked when the badge was read back
}

func (i *Issuer) selfCheckFailed(ctx context.Context, issuer string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	i.counters.selfCheck.Add(1)
	i.cfg.Log.ErrorContext(ctx, "self-check failed", "issuer", issuer, "error", err)
	return fmt.Errorf("%w: %w", ErrSelfCheck, opaque{err})
}

// opaque keeps the faults that a self-check finds in a badge of our making
// from being taken for faults of the caller.
type opaque struct{ error }

// unsignable makes a fault of the caller's of what the canonicaliser refuses:
// it would not be covered by the signature.
func unsignable(err error, pointer func(string) string) error {
	var refused *canon.Error
	if errors.As(err, &refused) {
		return fault(refused.Kind.String(), pointer(refused.Pointer), "This cannot be signed: "+refused.Detail+".")
	}
	return fmt.Errorf("signing: %w", err)
}

// awardPointer translates a place in the credential to the member of the
// award that was put there.
func awardPointer(document string) string {
	parts := strings.SplitN(document, "/", 4)
	if len(parts) < 3 || parts[1] != "credentialSubject" {
		return document
	}
	switch rest := strings.TrimPrefix(document, "/credentialSubject/"+parts[2]); parts[2] {
	case "id":
		return "/recipient/did"
	case "identifier":
		return "/recipient"
	case "result":
		return "/results" + rest
	}
	return strings.TrimPrefix(document, "/credentialSubject")
}

// draw makes the record of a new badge with a random id and a random index
// that is free as far as can be seen now.
func (i *Issuer) draw(ctx context.Context, d *draft) error {
	id, err := newID(i.cfg.Random)
	if err != nil {
		return err
	}
	a := d.award
	d.record = &Record{ID: id, Edition: 1, Issuer: d.profile.Slug, Achievement: d.ach.Slug, Version: d.ach.Version, Term: a.Edition,
		Status: Active, AwardedAt: a.AwardedAt, IssuedAt: i.now().Truncate(time.Second),
		ValidUntil: a.ValidUntil, Language: a.Language, ExternalRef: a.ExternalRef,
		Email: d.person.Email, Person: d.person.Person, ByPerson: d.person.ByPerson, ByEmail: d.person.ByEmail}
	return i.drawIndexes(ctx, d.record, d.ach.Suspendable)
}

// drawIndexes finds places for a badge in the status lists of its issuer.
func (i *Issuer) drawIndexes(ctx context.Context, rec *Record, suspendable bool) (err error) {
	rec.List, rec.Index, err = i.freeIndex(ctx, rec.Issuer, badge.StatusPurposeRevocation)
	if err == nil && suspendable {
		rec.PauseList, rec.PauseIndex, err = i.freeIndex(ctx, rec.Issuer, badge.StatusPurposeSuspension)
	}
	return err
}

// digestPerson notes what a person is found by. What is not given is left as
// it is.
func (i *Issuer) digestPerson(rec *Record, p Recipient) {
	if p.Email != "" {
		rec.Email = i.digest("email", normalEmail(p.Email))
	}
	if p.ExternalID != "" {
		rec.Person = i.digest("person", p.ExternalID)
	}
	byPerson, byEmail := i.duplicateDigests(rec.Term, p)
	if byPerson != nil {
		rec.ByPerson = byPerson
	}
	if byEmail != nil {
		rec.ByEmail = byEmail
	}
}
