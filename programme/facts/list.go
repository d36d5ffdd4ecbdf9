package facts

import (
	"maps"
	"slices"
	"strconv"
	"time"
)

// Entry is one thing that is known, for people to read.
type Entry struct {
	Kind  string // such as points, or submission
	Of    string // the part, piece of work or rubric that it is of; "" where there is none
	Value string // a number, a share such as 47.9/60, or a word; "" where the kind says it all
	At    time.Time
}

// List is everything that is known, in an order that does not change.
func (f Facts) List() (all []Entry) {
	know := func(kind, of, value string, at time.Time) { all = append(all, Entry{kind, of, value, at}) }
	share := func(kind, of string, s *Share) {
		if s != nil {
			know(kind, of, s.Got.String()+"/"+s.Of.String(), s.At)
		}
	}
	words := func(kind, of string, s Set) {
		for _, word := range slices.Sorted(maps.Keys(s)) {
			know(kind, of, word, s[word])
		}
	}
	share("visits", "", f.Visits)
	share("points", "", f.Points)
	for _, id := range slices.Sorted(maps.Keys(f.Parts)) {
		p := f.Parts[id]
		share("visits", id, p.Visits)
		share("visits", id, p.VisitsApart)
		share("points", id, p.Points)
		share("points", id, p.PointsApart)
	}
	words("session", "", f.Sessions)
	if f.Attended != nil {
		know("sessions", "", strconv.Itoa(f.Attended.N), f.Attended.At)
	}
	for _, id := range slices.Sorted(maps.Keys(f.Submissions)) {
		words("submission", id, f.Submissions[id])
	}
	for _, id := range slices.Sorted(maps.Keys(f.Rubrics)) {
		words("rubric", id, f.Rubrics[id])
	}
	words("role", "", f.Roles)
	if f.Passed != nil {
		know("passed", "", "", *f.Passed)
	}
	words("approved_by", "", f.Approved)
	words("waived", "", f.Waived)
	if f.Hours != nil {
		know("hours", "", f.Hours.Number.String(), f.Hours.At)
	}
	return all
}
