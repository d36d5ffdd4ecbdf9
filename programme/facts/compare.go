package facts

import (
	"cmp"
	"maps"
	"time"
)

// weed takes out of f what is beaten by g. It is asked how each share, count and
// amount of g compares with that of f, and with 0 for what g says as well.
func (f *Facts) weed(g Facts, beaten func(c int) bool) {
	f.Visits, f.Points = weedShare(f.Visits, g.Visits, beaten), weedShare(f.Points, g.Points, beaten)
	for id, p := range f.Parts {
		p = p.with(g.Parts[id], func(mine, other *Share) *Share { return weedShare(mine, other, beaten) })
		if f.Parts[id] = p; p == (Part{}) {
			delete(f.Parts, id)
		}
	}
	for _, s := range [][2]Set{{f.Sessions, g.Sessions}, {f.Roles, g.Roles}, {f.Approved, g.Approved}, {f.Waived, g.Waived}} {
		s[0].weed(s[1], beaten)
	}
	for _, m := range [][2]map[string]Set{{f.Submissions, g.Submissions}, {f.Rubrics, g.Rubrics}} {
		for id, s := range m[0] {
			if s.weed(m[1][id], beaten); len(s) == 0 {
				delete(m[0], id)
			}
		}
	}
	if f.Attended != nil && g.Attended != nil && beaten(cmp.Compare(g.Attended.N, f.Attended.N)) {
		f.Attended = nil
	}
	if f.Hours != nil && g.Hours != nil && beaten(g.Hours.Number.Cmp(f.Hours.Number)) {
		f.Hours = nil
	}
	if f.Passed != nil && g.Passed != nil && beaten(0) {
		f.Passed = nil
	}
}

func weedShare(f, g *Share, beaten func(int) bool) *Share {
	if f != nil && g != nil && beaten(g.fraction().Cmp(f.fraction())) {
		return nil
	}
	return f
}

func (s Set) weed(o Set, beaten func(int) bool) {
	for word := range s {
		if _, has := o[word]; has && beaten(0) {
			delete(s, word)
		}
	}
}

// meet is what two reports of one moment both say: the lower of two results, and
// the words that both name. It is commutative, associative and idempotent.
func meet(a, b Facts) (m Facts) {
	m.Visits, m.Points = lower(a.Visits, b.Visits), lower(a.Points, b.Points)
	for id, p := range a.Parts {
		if both := p.with(b.Parts[id], lower); both != (Part{}) {
			put(&m.Parts, id, both)
		}
	}
	m.Sessions, m.Roles = a.Sessions.meet(b.Sessions), a.Roles.meet(b.Roles)
	m.Approved, m.Waived = a.Approved.meet(b.Approved), a.Waived.meet(b.Waived)
	for id, s := range a.Submissions {
		if both := s.meet(b.Submissions[id]); len(both) > 0 {
			put(&m.Submissions, id, both)
		}
	}
	for id, s := range a.Rubrics {
		if both := s.meet(b.Rubrics[id]); len(both) > 0 {
			put(&m.Rubrics, id, both)
		}
	}
	if a.Attended != nil && b.Attended != nil {
		m.Attended = own(a.Attended)
		m.Attended.N = min(a.Attended.N, b.Attended.N)
	}
	if a.Hours != nil && b.Hours != nil {
		if m.Hours = own(a.Hours); b.Hours.Number.Cmp(a.Hours.Number) < 0 {
			m.Hours = own(b.Hours)
		}
	}
	if a.Passed != nil && b.Passed != nil {
		m.Passed = own(a.Passed)
	}
	return m
}

func lower(a, b *Share) *Share {
	switch {
	case a == nil || b == nil:
		return nil
	case overtakes(b, a):
		return own(a)
	}
	return own(b)
}

func (s Set) meet(o Set) Set {
	both := maps.Clone(s)
	maps.DeleteFunc(both, func(word string, _ time.Time) bool { _, has := o[word]; return !has })
	return both
}
