package programme

import (
	"time"

	"laurel/issuer"
	"laurel/store"
)

// takeBack does what a platform's revocation asks: what the learner earned in
// the edition by its reports is revoked, and what it reported before counts no
// more. Who passes again later earns a new badge.
func (s *session) takeBack(sc *scene, l *learner, at time.Time) (Answer, error) {
	if l.Dropped == nil {
		l.Dropped = map[string]time.Time{}
	}
	if at.After(l.Dropped[sc.drop()]) {
		l.Dropped[sc.drop()] = at
	}
	if err := store.PutJSON(s.tx, sc.realm.learnerKey(l.Issuer, l.ID), l); err != nil {
		return Answer{}, err
	}
	told, err := s.dropFacts(sc, l, at)
	if err != nil {
		return Answer{}, err
	}
	if !told {
		return Answer{Result: OutcomeIgnored}, nil // nothing rests on what this source said
	}
	others, err := s.gathered(sc, l, sc.by)
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Result: OutcomeIgnored}
	for _, rule := range sc.activity.Rules {
		e, outcome, err := s.evaluate(sc, l, rule, &others)
		if err != nil {
			return Answer{}, err
		}
		a := e.before
		if a == nil || a.State == StateRevoked || a.EarnedAt.After(at) || outcome.Met {
			continue
		}
		if a.Found {
			if err := s.leave(sc.realm, a); err != nil {
				return Answer{}, err
			}
			continue
		}
		if err := s.withdraw(sc.realm, a, sc.actor, "issued_in_error", at); err != nil {
			return Answer{}, err
		}
		answer.Result = OutcomeRevoked
		answer.Awards = append(answer.Awards, AwardOutcome{Achievement: a.Achievement, Outcome: OutcomeRevoked, Credential: a.Credential})
	}
	return answer, nil
}

// dropFacts forgets what the source reported up to a time, and tells whether it
// had reported anything.
func (s *session) dropFacts(sc *scene, l *learner, until time.Time) (told bool, err error) {
	k := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, sc.by)
	var c contribution
	found, err := get(s.tx, k, &c)
	if err != nil || !found || c.At.After(until) {
		return found, err
	}
	return true, s.tx.Delete(k)
}

// leave forgets an award, and leaves alone the badge that was there before it.
func (s *session) leave(r realm, a *award) error {
	for _, k := range append(r.leads(a), r.awardKey(a.Learner, a.Achievement, a.Edition)) {
		if err := s.tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// withdraw takes an award back: its badge is revoked, or it will not be issued.
// at is when it ceased to be earned.
func (s *session) withdraw(r realm, a *award, actor, reason string, at time.Time) error {
	if a.State == StateWaiting {
		if err := s.tx.Delete(r.waitingKey(a.Activity, a.Edition, a.Achievement, a.Learner)); err != nil {
			return err
		}
	}
	switch {
	case a.State == StateIssued && a.Credential == wantedCredential:
		s.postponed = true // there will be something to revoke
	case a.State == StateIssued:
		// The observer of changes marks the award.
		_, err := s.issuer.PutChange(s.tx, issuer.Change{ID: a.Credential, Action: issuer.Revoke, Reason: reason, Actor: actor, MayTouch: anyIssuer})
		if err != nil {
			return err
		}
		if _, err := get(s.tx, r.awardKey(a.Learner, a.Achievement, a.Edition), a); err != nil {
			return err
		}
	}
	a.State, a.RevokedAt = StateRevoked, at
	return store.PutJSON(s.tx, r.awardKey(a.Learner, a.Achievement, a.Edition), a)
}
