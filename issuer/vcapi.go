package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/badge/structure"
	"laurel/internal/strictjson"
	"laurel/keys"
	"laurel/schemas"
	"laurel/store"
)

// VCAPISlug names the issuer that signs for the VC-API: it has a key of its
// own and signs nothing else. Its profile is a record like any other; its id
// is the did:web of the host itself.
const VCAPISlug = "vc-api"

// SignCredential secures a credential that somebody else has written (VCALM,
// POST /credentials/issue), with the key of the issuer VCAPISlug. What is
// typed OpenBadgeCredential or AchievementCredential is held to the rules of
// badges: a missing issuer, id and status are filled in, a plain e-mail address
// is replaced by its salted hash, and dates, results and texts keep the bounds
// that an Award has to keep. Anything else is held to the data
// model alone and signed as it stands.
//
// Faults of the credential are badge.Errors with pointers into it, those of the
// choice an OptionError. Other
// errors are ErrNotFound when there is no such issuer here, ErrNoKey,
// ErrSelfCheck and those of the store. Only the status index and the audit
// record are kept; the answer is the caller's to keep.
func (i *Issuer) SignCredential(ctx context.Context, credential strictjson.Value, choice Choice, actor string) (*badge.Document, error) {
	if len(i.cfg.Securers) == 0 || len(i.cfg.Generic) == 0 || i.cfg.GenericCheck == nil {
		return nil, errors.New("issuer: SignCredential needs Securers, Generic and GenericCheck in Config")
	}
	p, err := i.Profile(ctx, VCAPISlug)
	if err != nil {
		return nil, err
	}
	f := &foreign{root: credential, choice: choice, profile: p, actor: actor,
		badge: badge.HasType(credential.Get("type"), badge.TypeOpenBadge, badge.TypeAchievement)}
	f.earlier = !f.badge && badge.FirstContext(credential, badge.ContextCredentialsV1)
	if err := i.choose(ctx, f); err != nil {
		return nil, err
	}
	if err := i.checkForeign(f); err != nil {
		return nil, err
	}
	for range attempts {
		doc, err := i.tryForeign(ctx, f)
		if !errors.Is(err, errAgain) {
			return doc, err
		}
	}
	return nil, fmt.Errorf("issuing: %w after %d attempts", errAgain, attempts)
}

// foreign is a credential of somebody else's on its way to a proof.
type foreign struct {
	root    strictjson.Value
	choice  Choice
	suite   proof.Securer
	signer  keys.Signer
	profile *Profile
	actor   string
	badge   bool
	earlier bool // by VC data model 1.1
	soon    bool // a badge whose validity begins within clockSkew from now

	id     string  // of the credential; "" where it has none
	claims []claim // status indexes to be taken
}

// claim is a status index on its way to be taken.
type claim struct {
	list  string
	index int
}

func (i *Issuer) tryForeign(ctx context.Context, f *foreign) (*badge.Document, error) {
	doc, err := i.compose(ctx, f)
	if err != nil {
		return nil, err
	}
	check := i.cfg.GenericCheck
	if f.badge {
		check = i.cfg.SelfCheck
	}
	signed, err := i.secureForeign(ctx, f, f.check(check), doc)
	if err != nil {
		return nil, err
	}
	if err := i.recordForeign(ctx, f, signed); err != nil {
		return nil, err
	}
	i.cfg.Log.InfoContext(ctx, "signed for the VC-API", "issuer", VCAPISlug, "actor", f.actor)
	return signed, nil
}

func (i *Issuer) secureForeign(ctx context.Context, f *foreign, check SelfCheck, doc *badge.Document) (*badge.Document, error) {
	if f.badge {
		if err := inForm(doc); err != nil {
			return nil, err
		}
	}
	signed, err := f.suite.Secure(ctx, doc, f.signer, i.now())
	if err != nil {
		return nil, unsignable(err, func(pointer string) string { return pointer })
	}
	err = check(ctx, signed.Raw())
	switch {
	case err == nil:
		return signed, nil
	case contentFault(err):
		return nil, err
	}
	return nil, i.selfCheckFailed(ctx, VCAPISlug, err)
}

// inForm holds a badge against the schema before a key comes near it. The
// self-check does so again, but a signature that is thrown away was made.
func inForm(doc *badge.Document) error {
	err := structure.Check(doc.Root(), badge.TypeAchievement, schemas.Tolerant, "credentialStatus")
	var wrong *structure.Fault
	if errors.As(err, &wrong) {
		if strings.HasPrefix(wrong.Pointer, "/@context") {
			return nil // the suite has better words for it, and refuses it before it signs
		}
		return fault("schema_mismatch", wrong.Pointer, wrong.Detail)
	}
	return err
}

// check is a self-check that holds badges to their dates: only those of any
// other credential may lie anywhere, and a clock may run a little ahead.
func (f *foreign) check(check SelfCheck) SelfCheck {
	if f.badge && !f.soon {
		return check
	}
	return func(ctx context.Context, document []byte) error { return authentic(check(ctx, document)) }
}

// authentic passes over the one finding of a self-check that speaks of the
// present moment and not of the document.
func authentic(err error) error {
	list := faultsOf(err)
	if len(list) > 0 && !slices.ContainsFunc(list, func(e *badge.Error) bool { return e.Code != badge.RangeError }) {
		return nil
	}
	return err
}

// contentFault tells whether a self-check found the signature good and the
// content at fault.
func contentFault(err error) bool { return len(faultsOf(err)) > 0 }

func faultsOf(err error) []*badge.Error {
	var list badge.Errors
	var one *badge.Error
	if errors.As(err, &list) {
		return list
	} else if errors.As(err, &one) {
		return []*badge.Error{one}
	}
	return nil
}

// recordForeign claims the status index and writes the audit record. The
// credential itself may speak of anybody, so only its digest is kept.
func (i *Issuer) recordForeign(ctx context.Context, f *foreign, signed *badge.Document) error {
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return err
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := i.stillSigns(ctx, tx, VCAPISlug, f.signer.Method().ID); errors.Is(err, errAgain) {
			return fmt.Errorf("%w: the key was revoked meanwhile", ErrSigning)
		} else if err != nil {
			return err
		}
		if err := i.claimForeign(tx, f); err != nil {
			return err
		}
		return putAudit(tx, seq, Event{At: now, Actor: f.actor, Action: "vc-api.issue", Issuer: VCAPISlug, Subject: DocumentDigest(signed.Raw())})
	})
	if err == nil {
		i.clock.reach(now.UnixNano())
	}
	return err
}

// claim is what an index is taken for: an id that a stranger chose, hidden.
func (i *Issuer) claim(id string) string { return digestText(i.digest("vc-api", id)) }
