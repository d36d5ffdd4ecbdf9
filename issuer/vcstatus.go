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
	List, Index  string // as signed; both may be left out
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
		return fault("status_mismatch", "/credentialStatus", "The credential has another status than this.")
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
	_, _, err = i.ChangeStatus(ctx, c)
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
		place, err := readMark(tx, claimKey(i.claim(q.CredentialID), q.Purpose))
		switch {
		case err == nil && !q.MayTouch(VCAPISlug):
			return fmt.Errorf("credential: %w", ErrNotFound)
		case errors.Is(err, ErrNotFound) && q.MayTouch(VCAPISlug):
			return i.otherStatus(tx, q)
		case err != nil:
			return err
		}
		list, text, _ := strings.Cut(place, "/")
		index, err := status.ParseIndex(text)
		if err != nil {
			return fmt.Errorf("status of a credential: %w: %w", store.ErrDamaged, err)
		}
		if !q.names(i.statusEntry(list, q.Purpose, index)) {
			return fault("status_mismatch", "/credentialStatus", "The credential has another status than this.")
		}
		set, err := exists(tx, bitKey(list, index))
		switch {
		case err != nil, set == q.Set:
			return err
		case set && q.Purpose == badge.StatusPurposeRevocation:
			return &StateError{"revoked_is_final", "This credential was revoked, which is final."}
		case set:
			err = clearBit(tx, list, index, run.seq)
		default:
			err = setBit(tx, list, index, run.seq)
		}
		if err != nil {
			return err
		}
		run.Issuer, run.Subject = VCAPISlug, list+"#"+text
		return putAudit(tx, run.seq, run.Event)
	})
}

// otherStatus tells a credential that has no status of this purpose from one
// that is not known.
func (i *Issuer) otherStatus(r store.Reader, q StatusRequest) error {
	for _, purpose := range []string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension} {
		known, err := exists(r, claimKey(i.claim(q.CredentialID), purpose))
		if err != nil {
			return err
		} else if known {
			return fault("status_mismatch", "/credentialStatus", "The credential has another status than this.")
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
		if err := putMark(tx, claimKey(claim, purpose), c.list+"/"+strconv.Itoa(c.index)); err != nil {
			return err
		}
	}
	return nil
}

// foreignActions are the names of changes in audit records.
var foreignActions = map[string]map[bool]string{
	badge.StatusPurposeRevocation: {true: "vc-api.revoke", false: "vc-api.revoke"},
	badge.StatusPurposeSuspension: {true: "vc-api.suspend", false: "vc-api.reinstate"},
}
