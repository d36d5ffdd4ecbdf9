package programme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/programme/rules"
	"laurel/store"
)

// A better result after the award changes nothing, unless the activity says that
// badges are to show it (on_improvement: reissue). Then the award keeps the facts
// as they are now and a mark is left in the same Update, by which the badge is
// signed anew soon afterwards: a newer edition under the same id. Whoever reports
// does not wait for that, and a crash in between loses nothing.

// outdone tells whether what is known now says more than what an award was
// given for, and takes nothing of that away: a regrade is no improvement.
func (sc *scene) outdone(e *earned, a *award) (bool, error) {
	if sc.activity == nil || sc.activity.OnImprovement != rules.Reissue || e.rule == nil || e.facts == nil || a.Facts == nil || a.Found {
		return false, nil
	}
	more := a.Facts.Clone()
	more.Merge(*e.facts)
	if grown, err := alike(more, *e.facts); err != nil || !grown {
		return false, err
	}
	before, err := json.Marshal(sc.resultsOf(e, a.Facts))
	if err != nil {
		return false, fmt.Errorf("encoding results: %w", err)
	}
	now, err := json.Marshal(sc.resultsOf(e, e.facts))
	return string(before) != string(now), err
}

// resultsOf is what a badge tells of facts.
func (sc *scene) resultsOf(e *earned, known *facts.Facts) []badge.Result {
	return e.rule.Results(e.template.ResultDescription, known, sc.context(e.template, nil))
}

// improve has a badge tell of a better result.
func (s *session) improve(sc *scene, e *earned, a *award) error {
	better, err := sc.outdone(e, a)
	if err != nil || !better || !sc.mayIssue(e.template.Issuer) {
		return err
	}
	mark, err := s.issuer.NewSeq()
	if err != nil {
		return err
	}
	a.Facts, a.Rules = e.facts, sc.activity.Version
	s.improved = true
	return errors.Join(s.keepDefinition(sc.activity), store.PutJSON(s.tx, sc.realm.awardKey(a.Learner, a.Achievement, a.Edition), a),
		store.PutJSON(s.tx, sc.realm.improvedKey(a.Credential), mark))
}

// Improve signs badges anew whose holders have reached better results, as they
// come, until ctx ends. What fails is told and tried again.
func (p *Programme) Improve(ctx context.Context, failed func(error)) {
	const again = time.Minute
	for {
		if _, err := p.ReissueImproved(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-p.improved:
		case <-time.After(again): // what failed, and what another service was told and did not come to
		}
	}
}

// tellImproved wakes Improve.
func (p *Programme) tellImproved() {
	select {
	case p.improved <- struct{}{}:
	default: // it was told already
	}
}

// ReissueImproved signs the badges anew that wait for it, and returns how many.
func (p *Programme) ReissueImproved(ctx context.Context) (n int, err error) {
	for _, r := range []realm{live, test} {
		marks, err := p.marks(ctx, r)
		if err != nil {
			return n, err
		}
		for _, m := range marks {
			again, err := p.reissue(ctx, r, m)
			if err != nil {
				return n, fmt.Errorf("reissuing %s: %w", m.credential, err)
			}
			if again {
				n++
			}
		}
	}
	return n, nil
}

// marked is a badge that is to be signed anew; each improvement has a mark of its
// own.
type marked struct{ credential, mark string }

func (p *Programme) marks(ctx context.Context, r realm) (all []marked, err error) {
	prefix := r.improvedKey("")
	err = p.store.View(ctx, func(tx store.Reader) error {
		all = nil
		return scan(tx, prefix, func(k []byte, mark *string) error {
			all = append(all, marked{string(k[len(prefix):]), *mark})
			return nil
		})
	})
	return all, err
}

// reissue signs a badge anew with the results of its award. What cannot be is
// left as it is: the badge was revoked, or its achievement has other results now.
func (p *Programme) reissue(ctx context.Context, r realm, m marked) (done bool, err error) {
	results, ok, err := p.resultsNow(ctx, r, m.credential)
	if err != nil {
		return false, err
	}
	if ok {
		issued, err := p.issuer.Reissue(ctx, issuer.Amendment{ID: m.credential, Reason: "superseded_by_correction", Actor: actorRules, MayTouch: anyIssuer},
			issuer.Correction{Results: &results})
		var state *issuer.StateError
		var faults badge.Errors
		switch {
		case err == nil:
			done = !issued.Existing
		case errors.As(err, &state) && state.Rule == "suspended", isKeyless(err):
			return false, nil // until that is over
		case errors.As(err, &state), errors.As(err, &faults), errors.Is(err, issuer.ErrErased), errors.Is(err, issuer.ErrNotFound):
		default:
			return false, err
		}
	}
	return done, p.store.Update(ctx, func(tx store.Tx) error {
		k := r.improvedKey(m.credential)
		var mark string
		if _, err := get(tx, k, &mark); err != nil || mark != m.mark {
			return err // there is more already
		}
		return tx.Delete(k)
	})
}

// resultsNow is what the badge of an award is to tell.
func (p *Programme) resultsNow(ctx context.Context, r realm, credential string) (results []badge.Result, ok bool, err error) {
	err = p.view(ctx, func(s *session) error {
		a, _, err := s.awardFor(r, credential)
		if err != nil || a == nil || a.State != StateIssued || a.Facts == nil {
			return err
		}
		sc, err := s.sceneAt(&Caller{Actor: actorRules, Test: r == test, MayIssue: anyIssuer}, a.Activity, a.Edition)
		if err != nil {
			return ignoreFault(err)
		}
		e := &earned{rule: sc.activity.Rule(a.Achievement)}
		if e.rule == nil {
			return nil
		}
		if e.template, err = s.template(a.Achievement); err != nil {
			return ignoreFault(err)
		}
		results, ok = sc.resultsOf(e, a.Facts), true
		return nil
	})
	return results, ok, err
}
