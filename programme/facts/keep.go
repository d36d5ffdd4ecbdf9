package facts

import (
	"maps"
	"time"
)

// Keep leaves of what is known what keep says. It is asked with the name of each
// thing that Replace replaces as one, and with the time of what is known of it:
// of a set once for every word.
func (f *Facts) Keep(keep func(name string, at time.Time) bool) {
	share := func(name string, s *Share) *Share {
		if s != nil && keep(name, s.At) {
			return s
		}
		return nil
	}
	f.Visits, f.Points = share("visits", f.Visits), share("points", f.Points)
	for id, p := range f.Parts {
		visits, points := partNames(id)
		p = Part{share(visits, p.Visits), share(points, p.Points), share(visits, p.VisitsApart), share(points, p.PointsApart)}
		if f.Parts[id] = p; p == (Part{}) {
			delete(f.Parts, id)
		}
	}
	for name, s := range map[string]Set{"sessions": f.Sessions, "roles": f.Roles, "approved": f.Approved, "waived": f.Waived} {
		s.keep(name, keep)
	}
	for kind, sets := range map[string]map[string]Set{"submissions/": f.Submissions, "rubrics/": f.Rubrics} {
		for id, s := range sets {
			if s.keep(kind+id, keep); len(s) == 0 {
				delete(sets, id)
			}
		}
	}
	if f.Attended != nil && !keep("attended", f.Attended.At) {
		f.Attended = nil
	}
	if f.Hours != nil && !keep("hours", f.Hours.At) {
		f.Hours = nil
	}
	if f.Passed != nil && !keep("passed", *f.Passed) {
		f.Passed = nil
	}
}

// partNames are the names of what is told of a part.
func partNames(id string) (visits, points string) {
	return "parts/" + id + "/visits", "parts/" + id + "/points"
}

func (s Set) keep(name string, keep func(string, time.Time) bool) {
	maps.DeleteFunc(s, func(_ string, at time.Time) bool { return !keep(name, at) })
}

// names are those by which Keep asks.
func (f Facts) names() map[string]bool {
	named := map[string]bool{}
	each := f.Clone()
	each.Keep(func(name string, _ time.Time) bool {
		named[name] = true
		return true
	})
	return named
}

// size is how many results and words there are.
func (f Facts) size() int {
	n := len(f.Sessions) + len(f.Roles) + len(f.Approved) + len(f.Waived)
	for _, p := range f.Parts {
		n += one(p.Visits) + one(p.Points) + one(p.VisitsApart) + one(p.PointsApart)
	}
	for _, sets := range []map[string]Set{f.Submissions, f.Rubrics} {
		for _, s := range sets {
			n += len(s)
		}
	}
	return n + one(f.Visits) + one(f.Points) + one(f.Attended) + one(f.Hours) + one(f.Passed)
}

func one[T any](p *T) int {
	if p == nil {
		return 0
	}
	return 1
}
