package programme

import (
	"context"
	"errors"

	"laurel/issuer"
	"laurel/programme/completion"
	"laurel/store"
)

// Issue makes one badge that somebody decided over elsewhere, and with it, in
// one Update, what follows from it here: the achievements whose last part it is,
// and what rules award to who holds it. So whoever is told of the badge has those
// as well, and no crash comes between. Of the wholes only those are made that
// mayIssue allows. The answer is the badge alone; the errors are those of Issue
// of package issuer.
func (p *Programme) Issue(ctx context.Context, a issuer.Award, mayIssue func(issuer string) bool) (issued *issuer.Issued, err error) {
	if a.Inline != nil || a.Recipient.Email == "" {
		return p.issuer.Issue(ctx, a) // nothing rests on the one, and nobody is found without the other
	}
	issued, err = p.issuer.IssueUnless(ctx, a, func(r store.Reader) error { return p.restedOn(r, a.Achievement) })
	if !errors.Is(err, errPart) {
		return issued, err
	}
	err = p.run(ctx, false, func(s *session) (err error) {
		if issued, err = s.issue(a); err != nil {
			return err
		}
		if issued == nil {
			s.postponed = true // its address is not known before it is signed
			return nil
		}
		if issued.Replayed {
			return nil
		}
		return s.goOn(a, issued, mayIssue)
	})
	if err != nil {
		return nil, err
	}
	return issued, nil
}

// errPart says that something may follow from an achievement.
var errPart = errors.New("programme: others rest on the achievement")

// restedOn is errPart for an achievement on which another rests, or for which a
// rule asks.
func (p *Programme) restedOn(r store.Reader, achievement string) error {
	wholes, err := p.issuer.Wholes(r, achievement)
	switch {
	case err != nil:
		return err
	case len(wholes) > 0:
		return errPart
	}
	return r.Scan(askingKey(achievement, ""), nil, func(_, _ []byte) error { return errPart })
}

// errNothing gives up a part of the work from which nothing came.
var errNothing = errors.New("programme: nothing follows")

// goOn awards what follows from a badge that was issued directly. What cannot be
// awarded is no fault of that badge.
func (s *session) goOn(a issuer.Award, issued *issuer.Issued, mayIssue func(string) bool) error {
	err := s.part(func(s *session) error {
		t, err := s.definition(a.Achievement)
		if err != nil {
			return err
		}
		sc := &scene{teller: teller{realm: realmOf(issued.Record.Issuer), issuer: t.Issuer}, actor: a.Actor, mayIssue: mayIssue}
		l, fresh, err := s.holder(sc, a)
		if err != nil {
			return err
		}
		v := &verdict{Awards: []AwardOutcome{{Achievement: a.Achievement, Outcome: OutcomeIssued, Credential: issued.Record.ID}}}
		if issued.Existing {
			v.Awards[0].Outcome = OutcomeExisting
		}
		if err := s.stack(sc, l, v); err != nil {
			return err
		}
		if fresh && len(v.Awards) == 1 {
			return errNothing // and nobody needs to be known
		}
		return s.lead(sc, l, v)
	})
	if isFault(err) || errors.Is(err, errNothing) {
		return nil
	}
	return err
}

// holder is who has a badge that was issued directly, as far as the address
// tells; errNothing where several have it, or who has it has another name. Whoever
// was not known is from now on, by that address alone.
func (s *session) holder(sc *scene, a issuer.Award) (l *learner, fresh bool, err error) {
	to := a.Recipient
	digest := s.addressDigest(to.Email)
	all, err := s.atAddress(sc.teller, digest)
	switch {
	case err != nil:
		return nil, false, err
	case len(all) > 1, len(all) == 1 && !issuer.SameName(all[0].Name, to.Name):
		return nil, false, errNothing
	case len(all) == 1:
		return all[0], false, nil
	}
	if err := s.notErased(sc.teller, completion.Learner{Name: to.Name, Email: to.Email}, false); err != nil {
		return nil, false, err
	}
	if l, err = s.newLearner(sc.teller); err != nil {
		return nil, false, err
	}
	l.Name, l.Email, l.Addresses = to.Name, to.Email, []string{digest}
	l.Language, l.Country, l.Sector = a.Language, a.Country, a.Sector
	err = errors.Join(store.PutJSON(s.tx, sc.realm.addressKey(l.Issuer, digest, l.ID), true),
		store.PutJSON(s.tx, sc.realm.learnerKey(l.Issuer, l.ID), l))
	return l, true, err
}

// byBadge tells whether somebody is known by badges alone that were issued
// directly: to no platform and on no list.
func (l *learner) byBadge() bool { return len(l.Platforms) == 0 }
