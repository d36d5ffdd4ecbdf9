package facts

import (
	"maps"
	"time"
)

// Merge adds what g knows: of two shares, counts and amounts the greater stays,
// of two sets the union, of times the earlier. Merging is commutative,
// associative and idempotent, so that the order of reports does not matter.
// g is left as it is.
func (f *Facts) Merge(g Facts) {
	f.Visits = better(f.Visits, g.Visits)
	f.Points = better(f.Points, g.Points)
	for id, p := range g.Parts {
		put(&f.Parts, id, f.Parts[id].with(p, better))
	}
	f.Sessions = union(f.Sessions, g.Sessions)
	for id, statuses := range g.Submissions {
		put(&f.Submissions, id, union(f.Submissions[id], statuses))
	}
	for id, levels := range g.Rubrics {
		put(&f.Rubrics, id, union(f.Rubrics[id], levels))
	}
	f.Roles = union(f.Roles, g.Roles)
	f.Approved = union(f.Approved, g.Approved)
	f.Waived = union(f.Waived, g.Waived)
	if a, b := f.Attended, g.Attended; b != nil && (a == nil || b.N > a.N || b.N == a.N && b.At.Before(a.At)) {
		f.Attended = own(b)
	}
	if a, b := f.Hours, g.Hours; b != nil && (a == nil || exceeds(b.Number.Cmp(a.Number), b.At, a.At)) {
		f.Hours = own(b)
	}
	if g.Passed != nil && (f.Passed == nil || g.Passed.Before(*f.Passed)) {
		f.Passed = own(g.Passed)
	}
}

// Replace puts what g knows in the place of what was known of the same thing:
// a share of the whole or of one part, one piece of work, one rubric, and each
// of the others as a whole. What g does not name stays. g is left as it is.
func (f *Facts) Replace(g Facts) {
	f.Visits = instead(f.Visits, g.Visits)
	f.Points = instead(f.Points, g.Points)
	for id, p := range g.Parts {
		put(&f.Parts, id, f.Parts[id].with(p, instead[Share]))
	}
	for id, statuses := range g.Submissions {
		put(&f.Submissions, id, maps.Clone(statuses))
	}
	for id, levels := range g.Rubrics {
		put(&f.Rubrics, id, maps.Clone(levels))
	}
	for _, s := range []struct {
		mine  *Set
		other Set
	}{{&f.Sessions, g.Sessions}, {&f.Roles, g.Roles}, {&f.Approved, g.Approved}, {&f.Waived, g.Waived}} {
		if len(s.other) > 0 {
			*s.mine = maps.Clone(s.other)
		}
	}
	f.Attended = instead(f.Attended, g.Attended)
	f.Hours = instead(f.Hours, g.Hours)
	f.Passed = instead(f.Passed, g.Passed)
}

// Clone is a copy that shares nothing that can change.
func (f Facts) Clone() Facts {
	var c Facts
	c.Replace(f)
	return c
}

// Empty tells whether nothing is known.
func (f Facts) Empty() bool {
	for _, p := range f.Parts {
		if p != (Part{}) {
			return false
		}
	}
	for _, m := range []map[string]Set{f.Submissions, f.Rubrics, {"": f.Sessions}, {"": f.Roles}, {"": f.Approved}, {"": f.Waived}} {
		for _, s := range m {
			if len(s) > 0 {
				return false
			}
		}
	}
	return f.Visits == nil && f.Points == nil && f.Attended == nil && f.Passed == nil && f.Hours == nil
}

// better is the greater share. Where both are the same part of the whole, the
// one that came first stays; then the greater numbers, so that there is one
// answer in whichever order they come.
func better(a, b *Share) *Share {
	if b == nil || a != nil && !overtakes(b, a) {
		return a
	}
	return own(b)
}

func overtakes(b, a *Share) bool {
	if c := b.fraction().Cmp(a.fraction()); c != 0 || !a.At.Equal(b.At) {
		return exceeds(c, b.At, a.At)
	}
	if c := b.Of.Cmp(a.Of); c != 0 {
		return c > 0
	}
	return b.Got.Cmp(a.Got) > 0
}

// exceeds tells whether what compares so, and came to be at a time, takes the
// place of what came to be at another.
func exceeds(c int, at, other time.Time) bool {
	return c > 0 || c == 0 && at.Before(other)
}

func union(a, b Set) Set {
	for word, at := range b {
		if since, known := a[word]; !known || at.Before(since) {
			put(&a, word, at)
		}
	}
	return a
}

// instead is b, or a where there is no b.
func instead[T any](a, b *T) *T {
	if b == nil {
		return a
	}
	return own(b)
}

func own[T any](p *T) *T {
	v := *p
	return &v
}

func put[M ~map[string]V, V any](m *M, key string, value V) {
	if *m == nil {
		*m = M{}
	}
	(*m)[key] = value
}
