package issuer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// EndorserPrefix begins the names of those who endorse with a key of ours, in
// the key ring and among the profiles: to everybody else they are issuers (of
// endorsements), with a DID, keys and status lists like any. They award
// nothing, so that no key of theirs ever signs a badge, and no issuer has such a
// name.
const EndorserPrefix = "endorser-"

func endorses(slug string) bool { return strings.HasPrefix(slug, EndorserPrefix) }

// BadgeContexts are the contexts of what is signed here, in order. An embedded
// credential must repeat the list of its badge to the letter.
func BadgeContexts() []string {
	return []string{badge.ContextCredentialsV2, badge.ContextOB303, badge.ContextOBExtensions}
}

// PutEndorser creates or changes the profile of one who endorses with a key of
// ours, as PutProfile does for an issuer; also is called in the same Update. The
// key must exist (ErrNoKey).
func (i *Issuer) PutEndorser(ctx context.Context, p Profile, actor string, also func(tx store.Tx, stored *Profile) error) error {
	if !endorses(p.Slug) || CheckSlug(p.Slug) != nil {
		return fault("slug_invalid", "/slug", fmt.Sprintf("Use 1 to %d small letters, digits and hyphens.", 63-len(EndorserPrefix)))
	}
	if err := p.validate(); err != nil {
		return err
	}
	if _, err := i.signer(ctx, p.Slug, keys.EdDSA); err != nil {
		return err
	}
	published, err := i.cfg.Keys.Issuer(p.Slug).Published(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys of %s: %w", p.Slug, err)
	}
	if p.ID, err = i.controller(ctx, p.Slug); err != nil {
		return err
	}
	now := i.now()
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := i.putProfile(tx, &p, published, now, actor); err != nil {
			return err
		}
		return also(tx, &p)
	})
}

// CheckProfile normalises the texts of a profile and tells what is wrong with
// them, as badge.Errors.
func CheckProfile(p *Profile) error { return p.validate() }

// Endorsement is somebody's word about an achievement, an issuer or a badge
// (OB 3.0 B.1.5), on its way to be signed.
type Endorsement struct {
	Endorser              string // slug of a profile, with EndorserPrefix
	ID                    string // public id, of the form that NewID gives
	Name                  string
	Subject               string // id of what is endorsed
	Comment               string // Markdown
	ValidFrom, ValidUntil time.Time
}

// Endorsed is an endorsement as it was signed, and its place in the status list
// of whose word it is.
type Endorsed struct {
	Document []byte
	List     string
	Index    int
	signer   string // id of the key, of what was signed just now
}

// EndorsementURL is the signed id of an endorsement, and its public address.
func (i *Issuer) EndorsementURL(id string) string { return i.cfg.BaseURL + "/endorsements/" + id }

// Endorse signs an endorsement with the key of whose word it is, reads it back,
// and calls keep in the Update that takes its place in the status list. The
// errors are badge.Errors, ErrNotFound for an endorser that is not here, those
// of keep, and otherwise as of Issue.
func (i *Issuer) Endorse(ctx context.Context, e Endorsement, keep func(tx store.Tx, signed Endorsed) error) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	for range attempts {
		signed, err := i.signEndorsement(ctx, e)
		if err == nil {
			now := i.now()
			err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
				if err := i.stillSigns(ctx, tx, e.Endorser, signed.signer); err != nil {
					return err
				}
				if err := claimEndorsement(tx, e.ID, signed); err != nil {
					return err
				}
				return keep(tx, signed)
			})
			if err == nil {
				i.clock.reach(now.UnixNano())
			}
		}
		if !errors.Is(err, errAgain) {
			return err
		}
	}
	return fmt.Errorf("endorsing: %w after %d attempts", errAgain, attempts)
}

func claimEndorsement(tx store.Tx, id string, signed Endorsed) error {
	k := indexKey(signed.List, signed.Index)
	taken, err := exists(tx, k)
	if err != nil {
		return err
	} else if taken {
		return errAgain
	}
	return putMark(tx, k, id)
}

func (i *Issuer) signEndorsement(ctx context.Context, e Endorsement) (s Endorsed, err error) {
	p, err := i.Profile(ctx, e.Endorser)
	if err != nil {
		return s, err
	}
	if !endorses(p.Slug) {
		return s, fmt.Errorf("%w: %s is no endorser", ErrForbidden, p.Slug)
	}
	signer, err := i.signer(ctx, p.Slug, keys.EdDSA)
	if err != nil {
		return s, err
	}
	if s.List, s.Index, err = i.freeIndex(ctx, p.Slug, badge.StatusPurposeRevocation); err != nil {
		return s, err
	}
	doc, err := i.endorsementDocument(e, p, s)
	if err != nil {
		return s, err
	}
	signed, err := i.cfg.Suite.Secure(ctx, doc, signer, i.now())
	if err != nil {
		return s, unsignable(err, func(string) string { return "" })
	}
	if err := authentic(i.cfg.SelfCheck(ctx, signed.Raw())); err != nil {
		if again := i.notRevoked(ctx, p.Slug, signer.Method().ID); errors.Is(again, errAgain) {
			return s, again
		}
		return s, i.selfCheckFailed(ctx, p.Slug, err)
	}
	s.Document, s.signer = signed.Raw(), signer.Method().ID
	return s, nil
}

// endorsementDocument writes an endorsement for the first and only time.
func (i *Issuer) endorsementDocument(e Endorsement, p *Profile, s Endorsed) (*badge.Document, error) {
	raw, err := json.Marshal(badge.EndorsementCredential{
		Context: BadgeContexts(), ID: i.EndorsementURL(e.ID),
		Type: []string{badge.TypeVerifiableCredential, badge.TypeEndorsement}, Name: e.Name, Issuer: p.Signed(),
		ValidFrom: badge.FormatTime(e.ValidFrom), ValidUntil: optionalTime(e.ValidUntil),
		CredentialSubject: &badge.EndorsementSubject{ID: e.Subject, Type: []string{"EndorsementSubject"}, EndorsementComment: e.Comment},
		CredentialStatus:  badge.StatusEntries{i.statusEntry(s.List, badge.StatusPurposeRevocation, s.Index)},
	})
	if err != nil {
		return nil, fmt.Errorf("writing the endorsement: %w", err)
	}
	return badge.Parse(raw)
}

// Check holds the request of an endorsement to what may be signed, and
// completes it; the pointers are those of the HTTP body.
func (e *Endorsement) Check(now time.Time) error {
	var f faults
	f.text(&e.Comment, "/comment", 4000, true)
	if e.ValidFrom.IsZero() {
		e.ValidFrom = now
	}
	e.ValidFrom = e.ValidFrom.UTC().Truncate(time.Second)
	if e.ValidFrom.Year() < 1900 {
		f.add("date_invalid", "/validFrom", "This is before anybody now living could endorse anything.")
	}
	if e.ValidFrom.After(now.Add(farthest)) {
		f.add("date_too_far", "/validFrom", "An endorsement begins at most a year ahead.")
	}
	if !e.ValidUntil.IsZero() {
		e.ValidUntil = e.ValidUntil.UTC().Truncate(time.Second)
		if !e.ValidUntil.After(e.ValidFrom) {
			f.add("date_order", "/validUntil", "The end of validity must come after validFrom.")
		} else if !e.ValidUntil.After(now) {
			f.add("expired", "/validUntil", "This endorsement would have expired already.")
		}
	}
	return f.Err()
}

// WithdrawEndorsement sets the bit of an endorsement that was signed here, for
// good.
func (i *Issuer) WithdrawEndorsement(tx store.Tx, list string, index int) error {
	seq, err := newSeq(i.cfg.Random, i.now())
	if err != nil {
		return err
	}
	return setBit(tx, list, index, seq)
}

// CheckEndorsement holds an endorsement that was signed here to its place in
// the status list, to the bit there, and to its own signature; the error is the
// sentence that says what is not so, or that of the store. One that was
// withdrawn may have lost its key as well.
func (i *Issuer) CheckEndorsement(ctx context.Context, id string, e Endorsed, withdrawn bool) error {
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		claimed, err := readMark(r, indexKey(e.List, e.Index))
		if err != nil {
			return err
		} else if claimed != id {
			return fmt.Errorf("its index %d in %s is that of %s", e.Index, e.List, claimed)
		}
		set, err := exists(r, bitKey(e.List, e.Index))
		if err == nil && set != withdrawn {
			return fmt.Errorf("it was withdrawn: %t, and its bit is %t", withdrawn, set)
		}
		return err
	})
	if err != nil || withdrawn {
		return err
	}
	return authentic(i.cfg.SelfCheck(ctx, e.Document))
}

// Endorsements finds the endorsements of an achievement, by its id, that a badge
// issued at a moment is to carry: whole credentials, in JSON under BadgeContexts
// or as compact JWS.
type Endorsements func(r store.Reader, achievement string, at time.Time) ([][]byte, error)

// lookUpEndorsements finds what the badge of a draft is to carry. Trials carry
// nothing: what they are of, nobody has endorsed.
func (i *Issuer) lookUpEndorsements(r store.Reader, d *draft) (err error) {
	if !d.ach.EmbedEndorsements || i.cfg.Endorsements == nil {
		return nil
	}
	if d.endorsed, err = i.cfg.Endorsements(r, i.editionID(d.ach, d.ach.InLanguage), i.now()); err != nil {
		return fmt.Errorf("looking for endorsements of %s: %w", d.ach.Slug, err)
	}
	return nil
}

// embed puts endorsements where OB 3.0 has each form.
func embed(a *badge.Achievement, endorsements [][]byte) error {
	for _, raw := range endorsements {
		d, err := badge.Parse(raw)
		if err != nil {
			return fmt.Errorf("reading an endorsement as stored: %s", err.Error()) // no fault of the caller's
		}
		if d.JWS() == nil {
			a.Endorsement = append(a.Endorsement, d.Root())
		} else {
			a.EndorsementJWT = append(a.EndorsementJWT, string(bytes.TrimSpace(raw)))
		}
	}
	return nil
}
