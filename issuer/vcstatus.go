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

// StatusRequest asks for the statuses of a credential in the terms of what is
// signed (VCALM appendix C): all of them change, or none.
type StatusRequest struct {
	CredentialID string
	Entries      []StatusEntry
	Set          bool // true for revoked and suspended
	Actor        string
	MayTouch     func(issuer string) bool // as of a Change
}

// StatusEntry is one status that a credential has.
type StatusEntry struct {
	Purpose     string // revocation or suspension
	List, Index string // as signed; both may be left out where one credential alone has the id
	Pointer     string // where it stands in the request, for faults
}

// SetStatus changes the statuses of one of our badges, or of what
// SignCredential has signed. What is so already is no fault. The errors are
// badge.Errors, ErrNotFound, StateError and those of the store.
func (i *Issuer) SetStatus(ctx context.Context, q StatusRequest) error {
	if len(q.Entries) == 0 {
		return fault("purpose_unknown", "/credentialStatus", "Name at least one status.")
	}
	for n, e := range q.Entries {
		if _, known := foreignActions[e.Purpose]; !known {
			return fault("purpose_unknown", e.Pointer+"/statusPurpose", "Say revocation or suspension.")
		}
		if slices.ContainsFunc(q.Entries[:n], func(o StatusEntry) bool { return o.Purpose == e.Purpose }) {
			return fault("purpose_repeated", e.Pointer+"/statusPurpose", "A credential has one status of each purpose; name it once.")
		}
	}
	// What is revoked cannot be suspended any more, so that comes last.
	q.Entries = slices.SortedStableFunc(slices.Values(q.Entries), func(a, b StatusEntry) int { return strings.Compare(b.Purpose, a.Purpose) })
	if id, ours := strings.CutPrefix(q.CredentialID, i.CredentialURL("")); ours {
		return i.setOwn(ctx, q, id)
	}
	return i.setForeign(ctx, q)
}

// names tells whether a request names an entry, as far as it names one.
func (s StatusEntry) names(e badge.CredentialStatus) bool {
	return e.StatusPurpose == s.Purpose && (s.List == "" || s.List == e.StatusListCredential) &&
		(s.Index == "" || s.Index == e.StatusListIndex)
}

func (s StatusEntry) mismatch() error {
	return fault("status_mismatch", s.Pointer, "The credential has another status than this.")
}

func (i *Issuer) setOwn(ctx context.Context, q StatusRequest, id string) error {
	var steps []ownStep
	for _, e := range q.Entries {
		run, err := i.changing(q.Actor, "credential."+string(e.action(q.Set)))
		if err != nil {
			return err
		}
		steps = append(steps, ownStep{e, run, false})
	}
	var rec *Record
	err := i.cfg.Store.Update(ctx, func(tx store.Tx) (err error) {
		if rec, err = steps[0].run.read(tx, id, q.MayTouch); err != nil {
			return err
		}
		for n := range steps {
			if err := i.step(tx, rec, &steps[n], q.Set); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range steps {
		if s.changed {
			i.counters.changes.Add(s.run.Action)
			i.cfg.Log.InfoContext(ctx, "status changed", "action", string(s.entry.action(q.Set)), "credential", rec.ID, "issuer", rec.Issuer, "actor", q.Actor)
		}
	}
	return nil
}

// ownStep is one change of a badge of ours, among those of one request.
type ownStep struct {
	entry   StatusEntry
	run     *changing
	changed bool
}

// action is what sets a status or takes it back; a revocation stays.
func (s StatusEntry) action(set bool) Action {
	switch {
	case s.Purpose == badge.StatusPurposeRevocation:
		return Revoke
	case set:
		return Suspend
	}
	return Reinstate
}

func (i *Issuer) step(tx store.Tx, rec *Record, s *ownStep, set bool) (err error) {
	s.changed = false
	e := s.entry
	switch {
	case (e.List != "" || e.Index != "") && !slices.ContainsFunc(i.statusEntries(rec), e.names):
		return e.mismatch()
	case e.Purpose == badge.StatusPurposeRevocation && !set && rec.Status == Revoked:
		return &StateError{"revoked_is_final", "This badge was revoked, which is final."}
	case e.Purpose == badge.StatusPurposeRevocation && !set:
		return nil
	}
	asked := Change{Action: e.action(set)}
	if s.changed, err = rec.allows(asked.Action); err != nil || !s.changed {
		return err
	}
	return s.run.putStatus(tx, rec, asked)
}

// claimKey leads from the id of what was signed for others to its index.
func claimKey(claim, purpose string) []byte {
	if purpose == badge.StatusPurposeRevocation {
		return key("q", claim)
	}
	return key("q", claim, purpose)
}

func (i *Issuer) setForeign(ctx context.Context, q StatusRequest) error {
	var runs []*changing
	for _, e := range q.Entries {
		run, err := i.changing(q.Actor, foreignActions[e.Purpose][q.Set])
		if err != nil {
			return err
		}
		runs = append(runs, run)
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		for n, e := range q.Entries {
			if err := i.stepForeign(tx, q, e, runs[n]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (i *Issuer) stepForeign(tx store.Tx, q StatusRequest, e StatusEntry, run *changing) error {
	at, err := i.foreignPlace(tx, q, e)
	if err != nil {
		return err
	}
	set, err := exists(tx, bitKey(at.list, at.index))
	switch {
	case err != nil, set == q.Set:
		return err
	case set && e.Purpose == badge.StatusPurposeRevocation:
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
}

// foreignPlace is the entry that a request is about: the one it names, which
// must have been given to a credential of this id, else the only one that was.
func (i *Issuer) foreignPlace(r store.Reader, q StatusRequest, e StatusEntry) (claim, error) {
	text, err := readMark(r, claimKey(i.claim(q.CredentialID), e.Purpose))
	switch {
	case err == nil && !q.MayTouch(VCAPISlug):
		return claim{}, fmt.Errorf("credential: %w", ErrNotFound)
	case errors.Is(err, ErrNotFound) && q.MayTouch(VCAPISlug):
		return claim{}, i.otherStatus(r, q, e)
	case err != nil:
		return claim{}, err
	}
	at, several, err := parsePlace(text)
	switch {
	case err != nil:
		return claim{}, fmt.Errorf("status of a credential: %w: %w", store.ErrDamaged, err)
	case e.List != "" && e.Index != "":
		return i.namedPlace(r, q, e)
	case several:
		return claim{}, fault("status_ambiguous", e.Pointer, "Several credentials were signed under this id. Name the statusListCredential and the statusListIndex of the one that is meant.")
	case !e.names(i.statusEntry(at.list, e.Purpose, at.index)):
		return claim{}, e.mismatch()
	}
	return at, nil
}

// namedPlace is the entry that a request names, if it was given to a credential
// of this id: several may have been signed under one.
func (i *Issuer) namedPlace(r store.Reader, q StatusRequest, e StatusEntry) (claim, error) {
	list, ours := strings.CutPrefix(e.List, i.StatusListURL(""))
	owner, purpose, known := parseList(list)
	index, err := status.ParseIndex(e.Index)
	if !ours || !known || owner != VCAPISlug || purpose != e.Purpose || err != nil {
		return claim{}, e.mismatch()
	}
	claimed, err := readMark(r, indexKey(list, index))
	if errors.Is(err, ErrNotFound) || err == nil && claimed != i.claim(q.CredentialID) {
		return claim{}, e.mismatch()
	}
	return claim{list, index}, err
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
func (i *Issuer) otherStatus(r store.Reader, q StatusRequest, e StatusEntry) error {
	for purpose := range foreignActions {
		known, err := exists(r, claimKey(i.claim(q.CredentialID), purpose))
		if err != nil {
			return err
		} else if known {
			return e.mismatch()
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
