package programme

import (
	"maps"
	"slices"

	"laurel/programme/roster"
	"laurel/programme/rules"
)

// vocabulary tells what the columns of an activity's lists may be about.
func vocabulary(a *rules.Activity) roster.Vocabulary {
	v := roster.Vocabulary{Rubrics: maps.Clone(a.Rubrics), Roles: []string{"participant", "facilitator", "co-facilitator", "contributor", "observer", "speaker"}}
	if v.Rubrics == nil {
		v.Rubrics = map[string][]string{}
	}
	for n := range a.Editions {
		for _, s := range a.Editions[n].Sessions {
			v.Sessions = append(v.Sessions, s.ID)
		}
	}
	for _, p := range a.Parts {
		v.Parts = append(v.Parts, p.ID)
	}
	var walk func(list []rules.Condition)
	walk = func(list []rules.Condition) {
		for _, c := range list {
			if c.Submission != nil && !slices.Contains(v.Submissions, c.Submission.ID) {
				v.Submissions = append(v.Submissions, c.Submission.ID)
			}
			if c.Rubric != nil && v.Rubrics[c.Rubric.ID] == nil {
				v.Rubrics[c.Rubric.ID] = []string{}
			}
			if c.Part != "" && !slices.Contains(v.Parts, c.Part) {
				v.Parts = append(v.Parts, c.Part)
			}
			for _, role := range c.RoleIn {
				if !slices.Contains(v.Roles, role) {
					v.Roles = append(v.Roles, role)
				}
			}
			walk(c.All)
			walk(c.Any)
		}
	}
	for _, r := range a.Rules {
		walk(r.All)
		walk(r.Any)
	}
	return v
}

// kindsOf tells what sorts of facts a list tells of anybody: only of these is
// it said that they are missing.
func kindsOf(l *roster.List) map[rules.Code]bool {
	kinds := map[rules.Code]bool{}
	for _, row := range l.Rows {
		f := &row.Facts
		for _, k := range []struct {
			code  rules.Code
			there bool
		}{{rules.CodeSessions, len(f.Sessions) > 0 || f.Attended != nil}, {rules.CodeSubmission, len(f.Submissions) > 0},
			{rules.CodeRubric, len(f.Rubrics) > 0}, {rules.CodeVisits, f.Visits != nil || len(f.Parts) > 0},
			{rules.CodePoints, f.Points != nil}, {rules.CodeApproval, len(f.Approved) > 0}} {
			kinds[k.code] = kinds[k.code] || k.there
		}
	}
	return kinds
}
