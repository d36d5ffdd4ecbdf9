package facts

import (
	"encoding/json"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"
)

// History is what one source told of a learner in an edition. It keeps what was
// told at each moment, because a regrade or a revocation that is told late takes
// away what was told up to its time, and uncovers what came later and looked
// like no news until then. Whatever is told in whichever order, the history is
// the same: nothing is dropped but what no correction to come can uncover.
//
// The zero value is of a source that told nothing.
type History struct {
	Told []Moment `json:"told,omitempty"` // what counts, oldest first, one for each time
	// Regraded is when each thing was regraded last, by the names of Facts.Keep:
	// what was told of it up to then does not count any more.
	Regraded map[string]time.Time `json:"regraded,omitempty"`
}

// Moment is what came to be at one time.
type Moment struct {
	At    time.Time `json:"at"`
	Facts Facts     `json:"facts"`
}

// MaxMoments is how many moments are kept of facts that are told again and
// again. Of more the first and the latest stay, so that what is known outlives
// every correction; the day since when it is so, after a correction, may then be
// a later one.
const MaxMoments = 100

// MaxKept is how many things are kept, counted as Size does, before what was told
// again is dropped as beyond MaxMoments. What is larger all the same is for the
// caller to refuse.
const MaxKept = 5000

// UnmarshalJSON implements json.Unmarshaler. It reads also what was kept before
// moments were, one sum of all that was told: each fact of it has its time.
func (h *History) UnmarshalJSON(raw []byte) error {
	type moments History
	var kept struct {
		moments
		Facts *Facts `json:"facts"`
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		return err
	}
	*h = History(kept.moments)
	if kept.Facts != nil {
		h.addAll(*kept.Facts)
	}
	return nil
}

// addAll adds facts, each at its own time.
func (h *History) addAll(f Facts) {
	times := map[time.Time]bool{}
	f.Keep(func(_ string, at time.Time) bool { times[at.UTC()] = true; return true })
	for at := range times {
		then := f.Clone()
		then.Keep(func(_ string, since time.Time) bool { return since.Equal(at) })
		h.add(then, at)
	}
}

// Known is all that counts.
func (h *History) Known() Facts { return h.Since(time.Time{}) }

// Since is what came to be after a time.
func (h *History) Since(t time.Time) Facts {
	var all Facts
	var older []Facts
	visits, points := h.partsRegraded()
	for _, m := range h.Told {
		if t.IsZero() || m.At.After(t) {
			f, totals := h.counts(m, visits, points)
			all.Merge(f)
			if totals.Visits != nil || totals.Points != nil {
				older = append(older, totals)
			}
		}
	}
	for _, totals := range older {
		all.Merge(h.possible(totals, all.Parts))
	}
	return all
}

// partsRegraded is when any part was regraded last.
func (h *History) partsRegraded() (visits, points time.Time) {
	for name, at := range h.Regraded {
		switch {
		case !strings.HasPrefix(name, "parts/"):
		case strings.HasSuffix(name, "/visits") && at.After(visits):
			visits = at
		case strings.HasSuffix(name, "/points") && at.After(points):
			points = at
		}
	}
	return visits, points
}

// counts is what of a moment counts. A total and its parts are two accounts of one
// thing, and a regrade of one corrects the other: of a total that was told up to then
// it has to be seen whether it is possible, and parts count for themselves alone. It
// is still kept, since a regrade that is told late makes no difference to what is
// told of other things.
func (h *History) counts(m Moment, visits, points time.Time) (f, totals Facts) {
	if len(h.Regraded) == 0 {
		return m.Facts, totals
	}
	stands := func(name string, since time.Time) bool { // and so it does where both were regraded at once
		return since.IsZero() || m.At.After(since) || m.At.Equal(since) && h.Regraded[name].Equal(since)
	}
	f = m.Facts.Clone()
	if !stands("visits", visits) {
		totals.Visits, f.Visits = f.Visits, nil
	}
	if !stands("points", points) {
		totals.Points, f.Points = f.Points, nil
	}
	for id, p := range f.Parts {
		visits, points := partNames(id)
		if !stands(visits, h.Regraded["visits"]) {
			p.Visits, p.VisitsApart = nil, better(p.VisitsApart, p.Visits)
		}
		if !stands(points, h.Regraded["points"]) {
			p.Points, p.PointsApart = nil, better(p.PointsApart, p.Points)
		}
		f.Parts[id] = p
	}
	return f, totals
}

// possible are those of older totals that parts leave possible which were regraded
// since: of the others nothing is known but the total. Where all parts are known
// their sum stands in its place.
func (h *History) possible(totals Facts, parts map[string]Part) (f Facts) {
	var visits, points []regraded
	for id, p := range parts {
		v, w := partNames(id)
		_, visitsToo := h.Regraded[v]
		_, pointsToo := h.Regraded[w]
		visits, points = append(visits, regraded{p.Visits, visitsToo}), append(points, regraded{p.Points, pointsToo})
	}
	return Facts{Visits: remaining(totals.Visits, visits), Points: remaining(totals.Points, points)}
}

// regraded is what is known of a part, and whether it was regraded.
type regraded struct {
	*Share
	yes bool
}

// remaining is a total, or nil where the parts tell all of it or no more leave it.
func remaining(total *Share, parts []regraded) *Share {
	if total == nil {
		return nil
	}
	told, most := new(big.Rat), total.Of.Rat()
	for _, p := range parts {
		if p.Share == nil {
			continue
		}
		told.Add(told, p.Of.Rat())
		if p.yes {
			most.Sub(most, p.Of.Rat()).Add(most, p.Got.Rat())
		}
	}
	if told.Cmp(total.Of.Rat()) == 0 || total.Got.Rat().Cmp(most) > 0 {
		return nil
	}
	return total
}

// Tell adds what came to be at a time, and returns what of it counts: what was
// regraded then or later does not.
func (h *History) Tell(f Facts, at time.Time) (counts Facts) {
	counts = f.Dated(at.UTC())
	counts.Keep(func(name string, _ time.Time) bool { return !h.stale(name, at) })
	h.add(counts, at)
	h.prune()
	return counts
}

// Regrade puts what was corrected at a time in the place of what was told of the
// same things up to then, and returns what of it counts: an older regrade does
// not. Of several of the same time what all of them leave does: the lowest of
// results, the words that all name.
func (h *History) Regrade(f Facts, at time.Time) (counts Facts) {
	counts = f.Dated(at.UTC())
	counts.Keep(func(name string, _ time.Time) bool { return !h.stale(name, at) || h.Regraded[name].Equal(at) })
	again := counts.Clone()
	again.Keep(func(name string, _ time.Time) bool { return h.Regraded[name].Equal(at) })
	first := counts.Clone()
	first.Keep(func(name string, _ time.Time) bool { return !h.Regraded[name].Equal(at) })
	h.regrade(first, at)
	h.meet(again, at)
	h.prune()
	return counts
}

// regrade begins anew with what is regraded for the first time at a moment.
func (h *History) regrade(f Facts, at time.Time) {
	named := map[string]time.Time{}
	for name := range f.names() {
		named[name] = at.UTC()
	}
	h.cut(named)
	if h.Regraded == nil && len(named) > 0 {
		h.Regraded = map[string]time.Time{}
	}
	maps.Copy(h.Regraded, named)
	h.add(f, at)
}

// meet leaves of the regrades of one time what all of them say.
func (h *History) meet(f Facts, at time.Time) {
	named := f.names()
	n, there := h.find(at)
	if !there {
		return // what they left was surpassed since, and they leave no more now
	}
	both := h.Told[n].Facts.Clone()
	both.Keep(func(name string, _ time.Time) bool { return named[name] })
	h.Told[n].Facts.Keep(func(name string, _ time.Time) bool { return !named[name] })
	h.Told[n].Facts.Merge(meet(both, f))
}

// Drop takes away what was told up to a time, and tells whether there was any.
func (h *History) Drop(until time.Time) (any bool) {
	before := len(h.Told)
	h.Told = slices.DeleteFunc(h.Told, func(m Moment) bool { return !m.At.After(until) })
	maps.DeleteFunc(h.Regraded, func(_ string, at time.Time) bool { return !at.After(until) })
	return len(h.Told) < before
}

// Join adds what the same source told of another record of the same person.
func (h *History) Join(o History) {
	mine, other := maps.Clone(h.Regraded), o.Regraded
	h.cut(later(other, mine))
	o.Told = slices.Clone(o.Told)
	for n := range o.Told {
		o.Told[n].Facts = o.Told[n].Facts.Clone()
	}
	o.cut(later(mine, other))
	alike := func(name string, at time.Time) bool { return mine[name].Equal(at) && other[name].Equal(at) }
	for n, m := range h.Told { // of a moment that both regrade, what both leave
		named := o.named(m.At)
		h.Told[n].Facts.Keep(func(name string, at time.Time) bool { return !alike(name, at) || named[name] })
	}
	for _, m := range o.Told {
		both, rest := m.Facts.Clone(), m.Facts
		both.Keep(alike)
		rest.Keep(func(name string, at time.Time) bool { return !alike(name, at) })
		h.meet(both, m.At)
		h.add(rest, m.At)
	}
	for name, at := range later(other, mine) {
		put(&h.Regraded, name, at)
	}
	h.prune()
}

// later are the times of a that come after those of b.
func later(a, b map[string]time.Time) map[string]time.Time {
	l := map[string]time.Time{}
	for name, at := range a {
		if since, there := b[name]; !there || at.After(since) {
			l[name] = at
		}
	}
	return l
}

// Empty tells whether nothing was told that counts or that keeps something from
// counting.
func (h *History) Empty() bool { return len(h.Told) == 0 && len(h.Regraded) == 0 }

// stale tells whether a regrade stands in the place of what was told of a time.
func (h *History) stale(name string, at time.Time) bool {
	since, regraded := h.Regraded[name]
	return regraded && !at.After(since)
}

// cut takes away what was told of things up to a time of each.
func (h *History) cut(until map[string]time.Time) {
	for n := range h.Told {
		h.Told[n].Facts.Keep(func(name string, at time.Time) bool {
			end, cut := until[name]
			return !cut || at.After(end)
		})
	}
}

// named are the things that were told of a time.
func (h *History) named(at time.Time) map[string]bool {
	n, there := h.find(at)
	if !there {
		return nil
	}
	return h.Told[n].Facts.names()
}

func (h *History) find(at time.Time) (n int, there bool) {
	return slices.BinarySearchFunc(h.Told, at, func(m Moment, at time.Time) int { return m.At.Compare(at) })
}

func (h *History) add(f Facts, at time.Time) {
	n, there := h.find(at)
	if !there {
		h.Told = slices.Insert(h.Told, n, Moment{At: at.UTC()})
	}
	h.Told[n].Facts.Merge(f)
}

// prune drops what is surpassed by something later: no correction takes the
// later away and leaves the earlier.
func (h *History) prune() {
	var since Facts
	for n, m := range slices.Backward(h.Told) {
		h.Told[n].Facts.weed(since, func(c int) bool { return c > 0 })
		since.Merge(m.Facts)
	}
	h.clean()
	if len(h.Told) > MaxMoments || h.Size() > MaxKept {
		h.thin()
	}
}

func (h *History) clean() {
	h.Told = slices.DeleteFunc(h.Told, func(m Moment) bool { return m.Facts.Empty() })
}

// thin drops what was told before and after as well, of the oldest moments
// first.
func (h *History) thin() {
	last := h.unsaidLater()
	asGood := func(c int) bool { return c >= 0 }
	before := h.Told[0].Facts.Clone()
	moments, size := len(h.Told), h.Size()
	for n := 1; n < len(h.Told) && (moments > MaxMoments || size > MaxKept); n++ {
		f := h.Told[n].Facts
		kept := f.Clone()
		kept.weed(before, asGood)
		before.Merge(f)
		kept.Merge(last[n])
		size += kept.size() - f.size()
		if h.Told[n].Facts = kept; kept.Empty() {
			moments--
		}
	}
	h.clean()
}

// unsaidLater is what of each moment no later one says as well.
func (h *History) unsaidLater() []Facts {
	last := make([]Facts, len(h.Told))
	var after Facts
	for n, m := range slices.Backward(h.Told) {
		last[n] = m.Facts.Clone()
		last[n].weed(after, func(c int) bool { return c >= 0 })
		after.Merge(m.Facts)
	}
	return last
}

// Size is how many things are kept, of each moment one for each result and each
// word.
func (h *History) Size() int {
	n := len(h.Regraded)
	for _, m := range h.Told {
		n += m.Facts.size()
	}
	return n
}
