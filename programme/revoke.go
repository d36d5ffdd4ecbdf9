package programme

import (
	"time"

	"laurel/issuer"
	"laurel/programme/facts"
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
	before, err := s.metBy(sc, l)
	if err != nil {
		return Answer{}, err
	}
	told, err := s.dropFacts(sc, l, at)
	if err != nil {
		return Answer{}, err
	}
	if !told {
		return Answer{Result: OutcomeIgnored}, nil // nothing rests on what this source said
	}
	return s.withdrawUnmet(sc, l, at, before)
}

// withdrawUnmet takes back what is not earned any more without what a platform
// took back, here or elsewhere: what was met with it before, and what was awarded
// by then.
func (s *session) withdrawUnmet(sc *scene, l *learner, at time.Time, before map[string]bool) (Answer, error) {
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return Answer{}, err
	}
	answer := Answer{Result: OutcomeIgnored}
	for _, rule := range sc.activity.Rules {
		e, outcome, err := s.evaluate(sc, l, rule, &known)
		if err != nil {
			return Answer{}, err
		}
		a := e.before
		if a == nil || a.State == StateRevoked || outcome.Met || !before[rule.Achievement] && a.EarnedAt.After(at) {
			continue
		}
		if kept, err := s.leaveToOther(sc, l, a); err != nil {
			return Answer{}, err
		} else if kept {
			continue
		}
		if a.Found {
			if err := s.leave(sc.realm, a); err != nil {
				return Answer{}, err
			}
			continue
		}
		if err := s.withdraw(sc.realm, a, withdrawal{sc.actor, "issued_in_error", at, byPlatform}); err != nil {
			return Answer{}, err
		}
		answer.Result = OutcomeRevoked
		answer.Awards = append(answer.Awards, AwardOutcome{Achievement: a.Achievement, Outcome: OutcomeRevoked, Credential: a.Credential})
	}
	return answer, nil
}

// metBy are the achievements of an edition whose rules are met by what is known.
func (s *session) metBy(sc *scene, l *learner) (map[string]bool, error) {
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return nil, err
	}
	met := map[string]bool{}
	for _, rule := range sc.activity.Rules {
		_, outcome, err := s.evaluate(sc, l, rule, &known)
		if err != nil {
			return nil, err
		}
		met[rule.Achievement] = outcome.Met
	}
	return met, nil
}

// dropFacts forgets what the source reported up to a time, and tells whether it
// had reported anything until then.
func (s *session) dropFacts(sc *scene, l *learner, until time.Time) (told bool, err error) {
	k := sc.realm.factsKey(l.ID, sc.activity.ID, sc.edition.ID, sc.by)
	var h facts.History
	if _, err := get(s.tx, k, &h); err != nil || !h.Drop(until) {
		return false, err
	}
	return true, s.keepHistory(k, &h)
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

// withdrawal is who takes an award back, and why.
type withdrawal struct {
	actor, reason string
	at            time.Time // when it ceased to be earned
	by            revoker
}

// withdraw takes an award back: its badge is revoked, or it will not be issued.
func (s *session) withdraw(r realm, a *award, w withdrawal) error {
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
		err := s.change(issuer.Change{ID: a.Credential, Action: issuer.Revoke, Reason: w.reason, Actor: w.actor, MayTouch: anyIssuer})
		if err != nil {
			return err
		}
		k := r.awardKey(a.Learner, a.Achievement, a.Edition)
		*a = award{} // what was left out there would stay here
		if _, err := get(s.tx, k, a); err != nil {
			return err
		}
	}
	a.State, a.RevokedAt, a.RevokedBy = StateRevoked, w.at, w.by
	return store.PutJSON(s.tx, r.awardKey(a.Learner, a.Achievement, a.Edition), a)
}
