package rules

import "time"

// Missing is a condition that is not met, as the rule has it, and what there is
// instead. In JSON it is such as
//
//	{"points_percent_gte":"80","have":"79.83"}
type Missing struct {
	Condition // of holds: those alone that are not held
	// Have is a number cut to two decimal places and never rounded, or a word;
	// "" where nothing is known.
	Have string `json:"have,omitempty"`

	// Expired is when the term of what was earned ended, where it is over already: all
	// is reached, and what is missing is time.
	Expired time.Time `json:"expired,omitzero"`

	Editions int `json:"editions_gte,omitempty"` // of Service, beside RoleIn

	All []Missing `json:"all,omitempty"` // all of these are missing, or
	Any []Missing `json:"any,omitempty"` // one of these would do
}

// Code says in one word what is missing.
type Code string

// The codes.
const (
	CodeVisits     Code = "visits"
	CodePoints     Code = "points"
	CodeSessions   Code = "sessions"
	CodeHours      Code = "hours"
	CodeSubmission Code = "submission"
	CodeRubric     Code = "rubric"
	CodeRole       Code = "role"
	CodeHolds      Code = "holds"
	CodePassed     Code = "passed"
	CodeApproval   Code = "approval"
	CodeEditions   Code = "editions" // that were led
	CodeExpired    Code = "expired"
	CodeAny        Code = "any" // one of several
	CodeAll        Code = "all" // several together, within CodeAny
)

// Code says what is missing.
func (m Missing) Code() Code {
	switch {
	case len(m.Any) > 0:
		return CodeAny
	case len(m.All) > 0:
		return CodeAll
	case m.VisitsPercent != nil:
		return CodeVisits
	case m.PointsPercent != nil, m.Points != nil:
		return CodePoints
	case m.Sessions > 0, m.Session != "":
		return CodeSessions
	case m.Hours != nil:
		return CodeHours
	case m.Submission != nil:
		return CodeSubmission
	case m.Rubric != nil:
		return CodeRubric
	case !m.Expired.IsZero():
		return CodeExpired
	case m.Editions > 0:
		return CodeEditions
	case len(m.RoleIn) > 0:
		return CodeRole
	case m.Passed:
		return CodePassed
	case m.ApprovedBy != "":
		return CodeApproval
	}
	return CodeHolds
}

// Codes are those of all that is missing, groups opened, each once and in the
// order of the rule.
func (o Outcome) Codes() []Code {
	var codes []Code
	seen := map[Code]bool{}
	var open func([]Missing)
	open = func(list []Missing) {
		for _, m := range list {
			if len(m.All) > 0 || len(m.Any) > 0 {
				open(m.All)
				open(m.Any)
			} else if c := m.Code(); !seen[c] {
				seen[c] = true
				codes = append(codes, c)
			}
		}
	}
	open(o.Missing)
	return codes
}

// together is what is missing of one alternative, as one.
func together(list []Missing) Missing {
	if len(list) == 1 {
		return list[0]
	}
	return Missing{All: list}
}
