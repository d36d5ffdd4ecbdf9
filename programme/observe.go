package programme

import (
	"errors"
	"strings"

	"laurel/issuer"
	"laurel/programme/region"
	"laurel/programme/statistics"
	"laurel/store"
)

// realmOf is where what an issuer signs belongs.
func realmOf(slug string) realm {
	if issuer.IsTest(slug) {
		return test
	}
	return live
}

// observe follows every change of a credential, whoever makes it, within the
// Update that makes it.
func (p *Programme) observe(tx store.Tx, c issuer.Changed) error {
	s := &session{Programme: p, tx: tx}
	r := realmOf(c.Record.Issuer)
	if err := s.count(r, c); err != nil || c.Issued() {
		return err // no award leads to a badge before it is there
	}
	a, k, err := s.awardFor(r, c.Record.ID)
	if err != nil {
		return err
	}
	if c.Record.Status == issuer.Revoked && (a == nil || a.State == StateIssued) {
		if a != nil {
			a.State, a.RevokedAt, a.RevokedBy = StateRevoked, c.Record.StatusAt, byPerson
			if err := s.answered(r, a, c.Actor); err != nil {
				return err
			}
			if err := store.PutJSON(tx, k, a); err != nil {
				return err
			}
		}
		if err := s.holdWholes(r, c.Record.ID, c.Actor); err != nil {
			return err
		}
	}
	if a != nil && !c.Record.ErasedAt.IsZero() {
		return s.erased(r, a)
	}
	return nil
}

// answered closes the question about a badge that is revoked meanwhile: whoever
// revoked it has answered it, and it would hold back what is earned later.
func (s *session) answered(r realm, a *award, actor string) error {
	k := r.reviewKey(a.Issuer, a.Review)
	a.Review = ""
	var review Review
	found, err := get(s.tx, k, &review)
	if err != nil || !found || !review.DecidedAt.IsZero() {
		return err
	}
	review.Decision, review.DecidedAt, review.By = Revoke, s.issuer.Now(), actor
	return errors.Join(store.PutJSON(s.tx, k, &review),
		s.note(r, issuer.Event{Actor: actor, Action: "review." + string(Revoke), Issuer: review.Issuer, Subject: review.ID}))
}

// awardFor is the award that a credential was issued for; nil where there is
// none.
func (s *session) awardFor(r realm, credential string) (a *award, k []byte, err error) {
	var at string
	found, err := get(s.tx, r.credentialKey(credential), &at)
	if err != nil || !found {
		return nil, nil, err
	}
	a = new(award)
	if found, err = get(s.tx, []byte(at), a); err != nil || !found || a.Credential != credential {
		return nil, nil, err
	}
	return a, []byte(at), nil
}

// count keeps what is counted of a credential. Where it was earned is settled
// with the award: a country that moves to another region later does not move
// what was counted.
func (s *session) count(r realm, c issuer.Changed) error {
	k := r.tallyKey(c.Record.Issuer, c.Record.ID)
	var t statistics.Tally
	found, err := get(s.tx, k, &t)
	if err != nil {
		return err
	}
	if !found {
		if !c.Issued() {
			return nil // issued before there were tallies
		}
		t = statistics.Tally{Issuer: c.Record.Issuer, Achievement: c.Record.Achievement, Edition: c.Record.Term,
			Activity: c.Award.Activity, Month: c.Record.AwardedAt.UTC().Format("2006-01"),
			Country: c.Award.Country, Sector: c.Award.Sector, Language: c.Record.Language}
		t.Region, _ = region.Of(t.Country, c.Record.AwardedAt)
	}
	t.State = string(c.Record.Status)
	return store.PutJSON(s.tx, k, t)
}

// holdWholes holds what rests on a badge that was revoked: each becomes a
// question to a person. What can be suspended is, at once; what waits for
// release was seen by nobody and is forgotten.
func (s *session) holdWholes(r realm, part, actor string) error {
	var wholes []*award
	prefix := r.key("k", part, "")
	err := s.tx.Scan(prefix, nil, func(k, _ []byte) error {
		a := new(award)
		found, err := get(s.tx, append(r.key("a", ""), k[len(prefix):]...), a)
		if found {
			wholes = append(wholes, a)
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, a := range wholes {
		switch {
		case a.State == StateWaiting:
			err = s.void(r, a)
		case a.State == StateIssued && a.Review == "":
			err = s.holdWhole(r, a, part, actor)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *session) holdWhole(r realm, a *award, part, actor string) error {
	review, err := s.ask(r, &Review{Issuer: a.Issuer, Kind: PartRevoked, Learner: a.Learner, Achievement: a.Achievement,
		Edition: a.Edition, Credential: a.Credential, Part: part})
	if err != nil {
		return err
	}
	a.Review = review.ID
	if err := store.PutJSON(s.tx, r.awardKey(a.Learner, a.Achievement, a.Edition), a); err != nil {
		return err
	}
	err = s.change(issuer.Change{ID: a.Credential, Action: issuer.Suspend, Reason: "under_review", Actor: actor, MayTouch: anyIssuer})
	var state *issuer.StateError
	if errors.As(err, &state) {
		return nil
	}
	return err
}

// erased forgets a person with the last of their badges; until then the others
// are theirs, and what they are found by stays. What waits for release is no
// badge yet.
func (s *session) erased(r realm, a *award) error {
	if err := s.tx.Delete(r.awardKey(a.Learner, a.Achievement, a.Edition)); err != nil {
		return err
	}
	leads := r.leads(a)
	if a.Review != "" {
		leads = append(leads, r.reviewKey(a.Issuer, a.Review)) // what is erased is no question any more
	}
	for _, k := range leads {
		if err := s.tx.Delete(k); err != nil {
			return err
		}
	}
	others := false
	err := scan(s.tx, r.key("a", a.Learner, ""), func(_ []byte, o *award) error {
		others = others || o.State == StateIssued
		return nil
	})
	if err != nil || others {
		return err
	}
	l, err := s.learnerAt(r, a.Issuer, a.Learner)
	if errors.Is(err, errGone) {
		return nil // forgotten already
	} else if err != nil {
		return err
	}
	return errors.Join(s.markErased(r, l), s.forget(r, l), s.dropQuestions(r, l))
}

// dropQuestions takes away the questions about a person who was erased, and
// with them whoever may be the same person: of them no badge is on record. Who
// has another name is somebody else as far as anybody can tell, and keeps what
// was reported; badges cannot be signed here, so the question stays, and its
// answer decides.
func (s *session) dropQuestions(r realm, l *learner) error {
	var about []*Review
	err := scan(s.tx, r.key("r", l.Issuer, ""), func(_ []byte, review *Review) error {
		if review.DecidedAt.IsZero() && (review.Learner == l.ID || review.Other == l.ID) {
			about = append(about, review)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, review := range about {
		if err := s.dropQuestion(r, review, l); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) dropQuestion(r realm, review *Review, gone *learner) error {
	k := r.reviewKey(review.Issuer, review.ID)
	held, err := s.learnerAt(r, review.Issuer, review.Learner)
	switch {
	case errors.Is(err, errGone) || err == nil && held.Doubt != review.ID:
		return s.tx.Delete(k)
	case err != nil:
		return err
	case !issuer.SameName(held.Name, gone.Name):
		review.Other = ""
		return store.PutJSON(s.tx, k, review)
	}
	return errors.Join(s.tx.Delete(k), s.forget(r, held))
}

// uploadOf is the list that told facts, by their key; false where a platform
// did.
func uploadOf(factsKey []byte) (upload string, ok bool) {
	_, by, _ := cut(string(factsKey))
	return strings.CutPrefix(by, listPrefix)
}

// listPrefix stands before the id of a list, where facts are named by who told
// them. No source has such a slug: TestListPrefix.
const listPrefix = "list-"

// cut splits a key at its last slash.
func cut(s string) (before, after string, found bool) {
	n := strings.LastIndexByte(s, '/')
	if n < 0 {
		return s, "", false
	}
	return s[:n], s[n+1:], true
}
