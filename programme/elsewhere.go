package programme

import (
	"errors"
	"slices"
	"time"
)

// Several activities may award one achievement, and where they name their editions
// alike, or none, that is one award: whichever of them earns it, it stands.

// earnedElsewhere finds an activity, other than one, in which what is known of a
// learner earns an award as well.
func (s *session) earnedElsewhere(r realm, l *learner, a *award, but string) (at place, ok bool, err error) {
	activities, err := awarding(s.tx, a.Achievement)
	if err != nil {
		return at, false, err
	}
	for _, id := range activities {
		if id == but {
			continue
		}
		at = place{id, a.Edition}
		if ok, err = s.earnedAt(r, l, a.Achievement, at); ok || err != nil {
			return at, ok, err
		}
	}
	return place{}, false, nil
}

// earnedAt tells whether what is known of a learner in a place earns an achievement.
func (s *session) earnedAt(r realm, l *learner, achievement string, at place) (bool, error) {
	places, err := s.places(r, l, at.activity)
	if err != nil || !slices.Contains(places, at) {
		return false, err
	}
	sc, err := s.sceneAt(&Caller{Test: r == test, MayIssue: anyIssuer}, at.activity, at.edition)
	if err != nil || sc.edition.ID != at.edition {
		return false, ignoreFault(err)
	}
	known, err := s.gathered(sc, l, time.Time{})
	if err != nil {
		return false, err
	}
	rule := sc.activity.Rule(achievement) // which it has: it was found by that
	_, outcome, err := s.evaluate(sc, l, rule, &known)
	return outcome.Met, ignoreFault(err)
}

// leaveToOther leaves an award that is not earned here any more to another activity
// that earns it too, and tells whether one does. What waits for the release of this
// one waits for that of the other then.
func (s *session) leaveToOther(sc *scene, l *learner, a *award) (kept bool, err error) {
	at, kept, err := s.earnedElsewhere(sc.realm, l, a, sc.activity.ID)
	if err != nil || !kept || a.State != StateWaiting {
		return kept, err
	}
	return true, errors.Join(s.void(sc.realm, a), s.decideAt(sc.caller(), l, at))
}
