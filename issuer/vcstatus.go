package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"laurel/badge"
	"laurel/badge/status"
	"laurel/store"
)

// StatusRequest asks for the status of a credential in the terms of what is
// signed (VCALM appendix C). The pointers in faults are those of its body.
type StatusRequest struct {
	CredentialID string
	Purpose      string // revocation or suspension
	List, Index  string // as signed; both may be left out where one credential alone has the id
	Set          bool   // true for revoked or suspended
	Actor        string
	MayTouch     func(issuer string) bool // as of a Change
}

// SetStatus changes the status of one of our badges, or of what
// SignCredential has signed. What is so already is no fault. The errors are
// badge.Errors, ErrNotFound, StateError and those of the store.
func (i *Issuer) SetStatus(ctx context.Context, q StatusRequest) error {
	if !slices.Contains([]string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension}, q.Purpose) {
		return fault("purpose_unknown", "/credentialStatus/statusPurpose", "Say revocation or suspension.")
	}
	if id, ours := strings.CutPrefix(q.CredentialID, i.CredentialURL("")); ours {
		return i.setOwn(ctx, q, id)
	}
	return i.setForeign(ctx, q)
}

// names tells whether a request names an entry, as far as it names one.
func (q StatusRequest) names(e badge.CredentialStatus) bool {
	return e.StatusPurpose == q.Purpose && (q.List == "" || q.List == e.StatusListCredential) &&
		(q.Index == "" || q.Index == e.StatusListIndex)
}

func (i *Issuer) setOwn(ctx context.Context, q StatusRequest, id string) error {
	rec, err := i.Credential(ctx, id)
	switch {
	case err != nil:
		return err
	case !q.MayTouch(rec.Issuer):
		return fmt.Errorf("credential record: %w", ErrNotFound)
	case (q.List != "" || q.Index != "") && !slices.ContainsFunc(i.statusEntries(rec), q.names):
		return statusMismatch()
	}
	c := Change{ID: id, Action: Revoke, Actor: q.Actor, MayTouch: q.MayTouch}
	switch {
	case q.Purpose == badge.StatusPurposeSuspension && q.Set:
		c.Action = Suspend
	case q.Purpose == badge.StatusPurposeSuspension:
		c.Action = Reinstate
	case !q.Set && rec.Status == Revoked:
		return &StateError{"revoked_is_final", "This badge was revoked, which is final."}
	case !q.Set:
		return nil
	}
	_, err = i.ChangeStatus(ctx, c)
	return err
}

// claimKey leads from the id of what was signed for others to its index.
func claimKey(claim, purpose string) []byte {
	if purpose == badge.StatusPurposeRevocation {
		return key("q", claim)
	}
	return key("q", claim, purpose)
}

func (i *Issuer) setForeign(ctx context.Context, q StatusRequest) error {
	run, err := i.changing(q.Actor, foreignActions[q.Purpose][q.Set])
	if err != nil {
		return err
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		at, err := i.foreignPlace(tx, q)
		if err != nil {
			return err
		}
		set, err := exists(tx, bitKey(at.list, at.index))
		switch {
		case err != nil, set == q.Set:
			return err
		case set && q.Purpose == badge.StatusPurposeRevocation:
			return &StateError{"revoked_is_final", "This credential was revoked, which is final."}
		case set:
			err = clearBit(tx, at.list, at.index, run.seq)
		default:
			err = setBit(tx, at.list, at.index, run.seq)
		}
		if err != nil {
			return err
		}
		run.Issuer, run.Subject = VCAPISlug, at.list+"#"+strconv.Itoa(at.index)
		return putAudit(tx, run.seq, run.Event)
	})
}

// foreignPlace is the entry that a request is about: the one it names, which
// must have been given to a credential of this id, else the only one that was.
func (i *Issuer) foreignPlace(r store.Reader, q StatusRequest) (claim, error) {
	text, err := readMark(r, claimKey(i.claim(q.CredentialID), q.Purpose))
	switch {
	case err == nil && !q.MayTouch(VCAPISlug):
		return claim{}, fmt.Errorf("credential: %w", ErrNotFound)
	case errors.Is(err, ErrNotFound) && q.MayTouch(VCAPISlug):
		return claim{}, i.otherStatus(r, q)
	case err != nil:
		return claim{}, err
	}
	at, several, err := parsePlace(text)
	switch {
	case err != nil:
		return claim{}, fmt.Errorf("status of a credential: %w: %w", store.ErrDamaged, err)
	case q.List != "" && q.Index != "":
		return i.namedPlace(r, q)
	case several:
		return claim{}, fault("status_ambiguous", "/credentialStatus", "Several credentials were signed under this id. Name the statusListCredential and the statusListIndex of the one that is meant.")
	case !q.names(i.statusEntry(at.list, q.Purpose, at.index)):
		return claim{}, statusMismatch()
	}
	return at, nil
}

// namedPlace is the entry that a request names, if it was given to a credential
// of this id: several may have been signed under one.
func (i *Issuer) namedPlace(r store.Reader, q StatusRequest) (claim, error) {
	list, ours := strings.CutPrefix(q.List, i.StatusListURL(""))
	owner, purpose, known := parseList(list)
	index, err := status.ParseIndex(q.Index)
	if !ours || !known || owner != VCAPISlug || purpose != q.Purpose || err != nil {
		return claim{}, statusMismatch()
	}
	claimed, err := readMark(r, indexKey(list, index))
	if errors.Is(err, ErrNotFound) || err == nil && claimed != i.claim(q.CredentialID) {
		return claim{}, statusMismatch()
	}
	return claim{list, index}, err
}

func statusMismatch() error {
	return fault("status_mismatch", "/credentialStatus", "The credential has another status than this.")
}

// earlierToo stands behind a place where the same id was given others before.
const earlierToo = " +"

// parsePlace reads where the last credential of an id has its entry, and
// whether there were others before.
func parsePlace(text string) (at claim, several bool, err error) {
	text, several = strings.CutSuffix(text, earlierToo)
	list, index, _ := strings.Cut(text, "/")
	n, err := status.ParseIndex(index)
	return claim{list, n}, several, err
}

// otherStatus tells a credential that has no status of this purpose from one
// that is not known.
func (i *Issuer) otherStatus(r store.Reader, q StatusRequest) error {
	for _, purpose := range []string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension} {
		known, err := exists(r, claimKey(i.claim(q.CredentialID), purpose))
		if err != nil {
			return err
		} else if known {
			return statusMismatch()
		}
	}
	return fmt.Errorf("credential: %w", ErrNotFound)
}

// claimForeign takes the indexes of what is signed for others, and leads to
// them from its id.
func (i *Issuer) claimForeign(tx store.Tx, f *foreign) error {
	for _, c := range f.claims {
		k := indexKey(c.list, c.index)
		if taken, err := exists(tx, k); err != nil {
			return err
		} else if taken {
			return errAgain
		}
		claim := i.claim(f.id)
		if err := putMark(tx, k, claim); err != nil {
			return err
		}
		if f.id == "" {
			continue // nobody can ask for it
		}
		_, purpose, _ := parseList(c.list)
		if err := putPlace(tx, claimKey(claim, purpose), c); err != nil {
			return err
		}
	}
	return nil
}

// putPlace leads from an id to its entry, and notes where there was one before.
func putPlace(tx store.Tx, k []byte, at claim) error {
	again, err := exists(tx, k)
	if err != nil {
		return err
	}
	text := at.list + "/" + strconv.Itoa(at.index)
	if again {
		text += earlierToo
	}
	return putMark(tx, k, text)
}

// foreignActions are the names of changes in audit records.
var foreignActions = map[string]map[bool]string{
	badge.StatusPurposeRevocation: {true: "vc-api.revoke", false: "vc-api.revoke"},
	badge.StatusPurposeSuspension: {true: "vc-api.suspend", false: "vc-api.reinstate"},
}
