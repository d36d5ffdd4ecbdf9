package rules

import (
	"math/big"
	"slices"

	"laurel/badge"
	"laurel/programme/facts"
)

// The last segments of the ids of result descriptions that say what a number
// is. Any other is the id of a submission or of a rubric.
const (
	resultScore    = "score"    // points of the whole
	resultQuiz     = "quiz"     // points of the part that the rule is about
	resultVisited  = "visited"  // items visited of the whole
	resultSessions = "sessions" // how many were attended
	resultStatus   = "status"   // that the whole is completed
)

// Results are what a badge that is earned by the rule can tell, in the order in
// which the achievement describes it (OB 3.0 B.2, Result). Left out is what is
// not known, and what is below or beyond what the description allows: a badge
// can be earned in another way than by what it describes.
func (r *Rule) Results(described []badge.ResultDescription, f *facts.Facts, ctx Context) []badge.Result {
	s := newScene(f, ctx)
	var all []badge.Result
	for i := range described {
		d := &described[i]
		one := badge.Result{Type: []string{"Result"}, ResultDescription: d.ID}
		name := lastSegment(d.ID)
		switch d.ResultType {
		case badge.ResultTypeStatus:
			if name == resultStatus || s.handedIn(name, r) {
				one.Status = badge.ResultStatusCompleted
			}
		case "RubricCriterionLevel":
			one.AchievedLevel = s.achieved(name, d)
		default:
			one.Value = within(s.value(name, d.ResultType, r), d)
		}
		if one.Status != "" || one.AchievedLevel != "" || one.Value != "" {
			all = append(all, one)
		}
	}
	return all
}

// LevelsOf takes the order of levels from what an achievement says of its
// results, for Context.Levels.
func LevelsOf(described []badge.ResultDescription) func(rubric string) []string {
	return func(rubric string) []string {
		for i := range described {
			if d := &described[i]; len(d.RubricCriterionLevel) > 0 && lastSegment(d.ID) == rubric {
				return levelIDs(d)
			}
		}
		return nil
	}
}

func levelIDs(d *badge.ResultDescription) (ids []string) {
	for i := range d.RubricCriterionLevel {
		ids = append(ids, d.RubricCriterionLevel[i].ID)
	}
	return ids
}

// handedIn tells whether a piece of work has the status that the rule asks for,
// or is accepted where it asks for none.
func (s *scene) handedIn(id string, r *Rule) bool {
	status := "accepted"
	r.each(func(c Condition) {
		if c.Submission != nil && c.Submission.ID == id {
			status = c.Submission.Status
		}
	})
	_, ok := s.facts.Submissions[id][status]
	return ok
}

// achieved is the id of the highest level reached, "" where that is none of the
// achievement's or below what it requires.
func (s *scene) achieved(rubric string, d *badge.ResultDescription) string {
	ids := levelIDs(d)
	least := slices.Index(ids, d.RequiredLevel)
	if d.RequiredLevel != "" && least < 0 {
		return ""
	}
	for i, id := range slices.Backward(ids) {
		if _, ok := s.facts.Rubrics[rubric][lastSegment(id)]; ok && i >= least {
			return id
		}
	}
	return ""
}

// value is a number that is known, nil where it is not.
func (s *scene) value(name, resultType string, r *Rule) *big.Rat {
	switch {
	case name == resultScore && resultType == "RawScore":
		return best(s.marks(""))
	case name == resultScore:
		return best(s.points(""))
	case name == resultQuiz:
		if part := r.part(); part != "" {
			return best(s.points(part))
		}
	case name == resultVisited:
		return best(s.visits(""))
	case name == resultSessions && (s.facts.Attended != nil || len(s.facts.Sessions) > 0):
		return best(s.attendance())
	}
	return nil
}

// within is a number as a badge has it, "" where there is none or the
// description does not allow it.
func within(n *big.Rat, d *badge.ResultDescription) string {
	if n == nil || len(d.AllowedValue) > 0 { // those are words
		return ""
	}
	text := facts.Cut(n)
	shown, err := facts.ParseNumber(text)
	if err != nil {
		return ""
	}
	for _, b := range []struct {
		text  string
		wrong int // the sign of value - bound that is not allowed
	}{{d.ValueMin, -1}, {d.RequiredValue, -1}, {d.ValueMax, 1}} {
		if bound, err := facts.ParseNumber(b.text); err == nil && shown.Cmp(bound) == b.wrong {
			return ""
		}
	}
	return text
}

// part is the part whose points the rule asks for, "" where it asks for none or
// for those of several.
func (r *Rule) part() string {
	one, several := "", false
	r.each(func(c Condition) {
		if c.Part != "" && (c.PointsPercent != nil || c.Points != nil) {
			several = several || one != "" && one != c.Part
			one = c.Part
		}
	})
	if several {
		return ""
	}
	return one
}
