// Package facts says what is known of one learner in one edition of a course
// or workshop: what was visited, scored, attended, handed in, judged.
//
// Facts only grow. Merge takes the better of two shares and the union of two
// sets, so that it does not matter in which order platforms report; only a
// correction replaces what was said before. Every fact has the time at which it
// came to be, from which follows when a badge was earned.
//
// Start at Facts, Read and Merge.
package facts

import "time"

// Facts is what is known. The zero value is nothing.
type Facts struct {
	Visits *Share          `json:"visits,omitempty"` // items visited, of all there are
	Points *Share          `json:"points,omitempty"` // points achieved, of those to be had
	Parts  map[string]Part `json:"parts,omitempty"`  // the same, part by part

	Sessions    Set            `json:"sessions,omitempty"`    // ids of the sessions attended
	Attended    *Count         `json:"attended,omitempty"`    // how many sessions, where nobody says which
	Submissions map[string]Set `json:"submissions,omitempty"` // the statuses that each piece of work has reached
	Rubrics     map[string]Set `json:"rubrics,omitempty"`     // the levels that each rubric has been judged at
	Roles       Set            `json:"roles,omitempty"`
	Passed      *time.Time     `json:"passed,omitempty"`   // the platform says "passed", and no more
	Approved    Set            `json:"approved,omitempty"` // by whom
	Waived      Set            `json:"waived,omitempty"`   // achievements whose rule a person has set aside
	Hours       *Amount        `json:"hours,omitempty"`
}

// Part is what is known of one part of a course.
type Part struct {
	Visits *Share `json:"visits,omitempty"`
	Points *Share `json:"points,omitempty"`
	// What was told before the whole was regraded. It counts for the part alone: the
	// whole is not the sum of it any more.
	VisitsApart *Share `json:"visitsApart,omitempty"`
	PointsApart *Share `json:"pointsApart,omitempty"`
}

// with puts each share of two parts together.
func (p Part) with(o Part, both func(mine, other *Share) *Share) Part {
	return Part{both(p.Visits, o.Visits), both(p.Points, o.Points), both(p.VisitsApart, o.VisitsApart), both(p.PointsApart, o.PointsApart)}
}

// Share is so much of a whole, exactly.
type Share struct {
	Got Number    `json:"got"`
	Of  Number    `json:"of"`
	At  time.Time `json:"at"`
}

// Set is a set of words with the time at which each came to be true.
type Set map[string]time.Time

// Count is a whole number with its time.
type Count struct {
	N  int       `json:"n"`
	At time.Time `json:"at"`
}

// Amount is a number with its time.
type Amount struct {
	Number Number    `json:"number"`
	At     time.Time `json:"at"`
}
