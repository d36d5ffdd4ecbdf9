package facts

import "time"

// Dated is a copy in which every fact came to be at one time: what is on a list
// is as old as the list.
func (f Facts) Dated(at time.Time) Facts {
	c := f.Clone()
	for _, s := range []*Share{c.Visits, c.Points} {
		if s != nil {
			s.At = at
		}
	}
	for _, p := range c.Parts {
		for _, s := range []*Share{p.Visits, p.Points} {
			if s != nil {
				s.At = at
			}
		}
	}
	sets := []Set{c.Sessions, c.Roles, c.Approved, c.Waived}
	for _, words := range []map[string]Set{c.Submissions, c.Rubrics} {
		for _, s := range words {
			sets = append(sets, s)
		}
	}
	for _, s := range sets {
		for word := range s {
			s[word] = at
		}
	}
	if c.Attended != nil {
		c.Attended.At = at
	}
	if c.Hours != nil {
		c.Hours.At = at
	}
	if c.Passed != nil {
		c.Passed = &at
	}
	return c
}
