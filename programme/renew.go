package programme

import (
	"context"
	"fmt"
	"time"

	"laurel/internal/calendar"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/programme/rules"
	"laurel/store"
)

// Renew makes the next edition of a badge with a term. Where the rule by which
// it was earned says when and on what terms that may be, those are kept to: a
// StateError of package issuer tells what is not met. The new term runs on from
// the end of the present one, so that nobody loses a day by renewing early.
func (p *Programme) Renew(ctx context.Context, a issuer.Amendment, validUntil time.Time) (*issuer.Issued, error) {
	a.Allow = p.renewable
	return p.issuer.Renew(ctx, a, validUntil)
}

// renewable refuses a renewal that the rule of the award does not allow now.
func (p *Programme) renewable(r store.Reader, rec *issuer.Record) error {
	s := &session{Programme: p, tx: store.NewOverlay(r)}
	a, _, err := s.awardFor(realmOf(rec.Issuer), rec.ID)
	switch {
	case err != nil || a == nil:
		return err
	case a.Review != "":
		return &issuer.StateError{Rule: "under_review", Detail: "A person must decide first whether this badge stands (GET /v1/reviews). Renew it when it is kept."}
	case a.Activity == "":
		return nil // a platform decided it: nobody wrote down terms
	}
	rule, err := s.ruleOf(a)
	if err != nil || rule == nil || rule.Renewal == nil {
		return err
	}
	now := p.issuer.Now()
	switch rule.Renewal.State(rec.ValidUntil, now) {
	case rules.TooEarly:
		if whole, err := s.wholeTerm(rec, now); err != nil || whole {
			return err // it was renewed already; the issuer says so
		}
		return &issuer.StateError{Rule: "renewal_too_early", Detail: fmt.Sprintf("This can be renewed from %s on.",
			rule.Renewal.WindowBefore.Before(rec.ValidUntil).Format(time.DateOnly))}
	case rules.Closed:
		return &issuer.StateError{Rule: "renewal_closed", Detail: fmt.Sprintf("This could be renewed until %s; now it has to be earned anew.",
			rule.Renewal.GraceAfter.After(rec.ValidUntil).Format(time.DateOnly))}
	}
	return s.served(rule.Renewal.Requires, a, rec)
}

// wholeTerm tells whether a badge has a term of its achievement before it.
func (s *session) wholeTerm(rec *issuer.Record, now time.Time) (bool, error) {
	t, err := s.issuer.Template(s.tx, rec.Achievement)
	if err != nil {
		return false, err
	}
	term, ok := calendar.ParseDuration(t.Validity)
	return ok && !rec.ValidUntil.Before(term.After(now)), nil
}

// ruleOf is the rule that an award was made by, in the words that it has now.
func (s *session) ruleOf(a *award) (*rules.Rule, error) {
	activity, err := s.activityIn(s.tx, a.Activity)
	if err != nil {
		return nil, err
	}
	return activity.Rule(a.Achievement), nil
}

// served refuses a renewal for which too little was done in the term.
func (s *session) served(asked rules.Service, a *award, rec *issuer.Record) error {
	since := rec.AwardedAt
	if rec.Edition > 1 {
		since = rec.IssuedAt
	}
	roles := map[string]facts.Set{}
	prefix := realmOf(rec.Issuer).key("f", a.Learner, "")
	err := scan(s.tx, prefix, func(k []byte, told *facts.History) error {
		place, _, _ := cut(string(k[len(prefix):]))
		if roles[place] == nil {
			roles[place] = facts.Set{}
		}
		for role, at := range told.Known().Roles {
			if first, known := roles[place][role]; !known || at.Before(first) {
				roles[place][role] = at
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if outcome := asked.Evaluate(roles, since); !outcome.Met {
		return &issuer.StateError{Rule: "renewal_not_earned", Detail: fmt.Sprintf(
			"A renewal asks for %d edition(s) in the role %v since %s.", asked.Editions, asked.RoleIn, since.Format(time.DateOnly))}
	}
	return nil
}
