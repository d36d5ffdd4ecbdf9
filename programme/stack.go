package programme

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"laurel/issuer"
)

// stack awards what rests on other achievements and is complete now. What can
// be earned by a rule of an activity is left to that.
func (s *session) stack(sc *scene, l *learner, v *verdict) error {
	done := map[string]bool{}
	for n := 0; n < len(v.Awards); n++ { // what is stacked may itself be a part
		if o := v.Awards[n].Outcome; o != OutcomeIssued && o != OutcomeExisting || done[v.Awards[n].Achievement] {
			continue
		}
		done[v.Awards[n].Achievement] = true
		wholes, err := s.wholes(v.Awards[n].Achievement)
		if err != nil {
			return err
		}
		for _, slug := range wholes {
			if sc.only != "" && slug != sc.only || done[slug] {
				continue
			}
			if ruled, err := s.byRule(slug); err != nil {
				return err
			} else if ruled {
				continue
			}
			err := s.part(func(s *session) error { return s.complete(sc, l, slug, v) })
			if err != nil && !isKeyless(err) { // its part is none the worse for it
				return err
			}
		}
	}
	return nil
}

// complete awards an achievement whose parts are all held.
func (s *session) complete(sc *scene, l *learner, slug string, v *verdict) error {
	whole, err := s.definition(slug)
	if errors.Is(err, issuer.ErrNotFound) || err == nil && !sc.mayIssue(whole.Issuer) {
		return nil
	} else if err != nil {
		return err
	}
	parts, since, err := s.parts(sc.realm, l, whole.Requires)
	if err != nil || parts == nil {
		return err
	}
	own := *sc
	// It belongs to no edition, and to no list either: what a list brought is the
	// part, and with that taken back the whole is a question.
	own.activity, own.edition, own.upload = nil, nil, ""
	before, err := s.award(&own, l, slug)
	if err != nil {
		return err
	}
	wanted := s.wanted
	if err := s.settle(&own, l, &earned{template: whole, at: since, parts: parts, before: before}, v); err != nil {
		return err
	}
	if slices.ContainsFunc(parts, func(part *award) bool { return part.Credential == wantedCredential }) {
		s.wanted = wanted // what it would say of a part is not known before that is signed
		s.postponed = true
	}
	return nil
}

// completeAlone awards an achievement whose parts are all held, where nothing
// else is decided.
func (s *session) completeAlone(c *Caller, l *learner, slug string) error {
	sc := &scene{teller: teller{realm: c.realm(), issuer: l.Issuer}, actor: c.Actor, mayIssue: anyIssuer}
	return s.complete(sc, l, slug, &verdict{})
}

// parts are the awards by which a whole is complete, and since when it is; nil
// where it is not.
func (s *session) parts(r realm, l *learner, q *issuer.Requires) (parts []*award, since time.Time, err error) {
	if q == nil {
		return nil, since, nil
	}
	need, of := len(q.All), q.All
	switch {
	case len(q.Any) > 0:
		need, of = 1, q.Any
	case q.NOf != nil:
		need, of = q.NOf.N, q.NOf.Of
	}
	for n, slug := range of {
		if slices.Contains(of[:n], slug) {
			continue // named twice, as definitions could once
		}
		a, err := s.held(r, l, slug)
		if err != nil {
			return nil, since, err
		}
		if a != nil {
			parts = append(parts, a)
		}
	}
	if len(parts) < need {
		return nil, since, nil
	}
	slices.SortStableFunc(parts, func(a, b *award) int { return a.EarnedAt.Compare(b.EarnedAt) })
	parts = parts[:need]
	since = parts[need-1].EarnedAt
	slices.SortStableFunc(parts, func(a, b *award) int {
		return cmp.Compare(slices.Index(of, a.Achievement), slices.Index(of, b.Achievement))
	})
	return parts, since, nil
}
