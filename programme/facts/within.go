package facts

import (
	"slices"
	"time"
)

// Within tells whether g says all that f says, and since when: each result as good
// or better, each word.
func (f Facts) Within(g Facts) (since time.Time, ok bool) {
	if !f.within(g) {
		return since, false
	}
	for _, at := range g.times() {
		then := g.Clone()
		then.Keep(func(_ string, of time.Time) bool { return !of.After(at) })
		if f.within(then) {
			return at, true
		}
	}
	return since, true
}

func (f Facts) within(g Facts) bool {
	left := f.Clone()
	left.weed(g, func(c int) bool { return c >= 0 })
	return left.Empty()
}

// times are those at which something came to be, in their order.
func (f Facts) times() (all []time.Time) {
	each := f.Clone()
	each.Keep(func(_ string, at time.Time) bool {
		all = append(all, at)
		return true
	})
	slices.SortFunc(all, time.Time.Compare)
	return slices.CompactFunc(all, time.Time.Equal)
}
