package programme

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

// awardOf puts an award in the issuer's words.
func (s *session) awardOf(sc *scene, l *learner, e *earned, a *award) (issuer.Award, error) {
	to, onDuplicate, err := s.recipient(sc.realm, l)
	if err != nil {
		return issuer.Award{}, err
	}
	evidence, err := s.evidence(e)
	if err != nil {
		return issuer.Award{}, err
	}
	asked := issuer.Award{Achievement: a.Achievement, Edition: a.Edition, Recipient: to, AwardedAt: a.EarnedAt,
		Language: l.Language, Country: l.Country, Sector: l.Sector, Activity: a.Activity,
		OnDuplicate: onDuplicate, Theirs: l.has, Actor: sc.actor, Test: sc.realm == test, Evidence: evidence}
	if sc.activity == nil {
		return asked, nil
	}
	asked.Language = cmp.Or(l.Language, sc.edition.Language, sc.activity.Language)
	if e.template.Validity != "" { // it says what somebody may do until a day, and not what was done in an activity
		asked.Untold = true
		return asked, nil
	}
	asked.Untold = sc.activity.Kind == rules.Course // a term is said of what is held in turns
	asked.ActivityStart, _ = optionalDate(sc.edition.Start)
	asked.ActivityEnd, _ = optionalDate(sc.edition.End)
	if e.rule != nil {
		known := a.Facts
		if known == nil {
			known = &facts.Facts{}
		}
		asked.Role = roleOf(e.rule, known)
		asked.Results = e.rule.Results(e.template.ResultDescription, known, sc.context(e.template, nil))
	}
	return asked, nil
}

// evidence is what the rule says of how the badge was earned, or where there is
// none, the badges that it rests on, but for those that their holder hides.
func (s *session) evidence(e *earned) (list []badge.Evidence, err error) {
	if e.rule != nil {
		return e.rule.Evidence, nil
	}
	for _, part := range e.parts {
		if hidden, err := s.hidden(part); err != nil {
			return nil, err
		} else if hidden {
			continue
		}
		name := part.Achievement
		if t, err := s.definition(part.Achievement); err == nil {
			name = t.In(t.Name, t.InLanguage)
		}
		list = append(list, badge.Evidence{ID: s.issuer.CredentialURL(part.Credential), Name: name, Genre: "OpenBadgeCredential"})
	}
	return list, nil
}

// hidden tells whether the holder of a badge hides it. One that is not signed
// yet was shown to nobody.
func (s *session) hidden(part *award) (bool, error) {
	if part.Credential == wantedCredential {
		return false, nil
	}
	rec, err := s.issuer.CredentialIn(s.tx, part.Credential)
	if err != nil {
		return false, fmt.Errorf("reading a part: %w", err)
	}
	return !rec.HiddenAt.IsZero(), nil
}

// roleOf is the role by which a rule was met, as it is signed.
func roleOf(rule *rules.Rule, known *facts.Facts) string {
	for _, c := range slices.Concat(rule.All, rule.Any) {
		for _, role := range c.RoleIn {
			if _, has := known.Roles[role]; has {
				return strings.ToUpper(role[:1]) + role[1:]
			}
		}
	}
	return ""
}
