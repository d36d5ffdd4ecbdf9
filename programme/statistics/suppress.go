package statistics

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// What the public form hides, and why what it tells cannot be put together.
//
// Everything that may be asked (Scope) is computed at once, as one system: the
// awards fall into groups (issuer, activity, achievement, edition), a scope is
// a set of groups, and each published number is a sum over the groups of a
// scope. A reader knows all published numbers, which keys a scope lists and so
// which are at least 1 there and which are 0, and that nothing is negative.
// Scopes of fewer than five awards are not told at all, and read like scopes
// that have none; that they have four at most is itself known.
//
// A number under the threshold is safe when there is a second world: another
// set of awards with another value for it, in which every published number and
// every list of keys is the same. The reader cannot tell the two worlds apart,
// whatever they compute. So for each small number, of each scope and also of
// each group, a second world is looked for among those that differ from ours
// by one step:
//
//	in one group, one award has another country (or language, or sector);
//	two groups exchange: an award here goes from a to b, one there from b to a;
//	one award belongs to another group;
//	there is one award more, or one less.
//
// A step that makes five of four in a scope that is not told is none, since five
// would be told: eight that are two editions of which neither is told are four
// and four.
//
// Of all steps that change the number, the one is taken that touches the least
// published numbers, and those are hidden as well. Each of them changes in the
// same step, so it has its second world too. Hiding more never takes a world
// away, so nothing has to be looked at twice, and the order in which the
// numbers are taken is of no account for safety.
//
// A whole scope that is too small to be told is different: where its size could
// be worked out (one edition of two, and the sum of both), its awards are left
// out of every public number, rather than a large scope hidden for it. What is
// counted nowhere cannot be subtracted. Numbers that leave something out say so.
//
// Where only a list of keys is in the way (five countries with one award each,
// and five in all), the list is withheld for that scope.
//
// What this does not do: the sum of several hidden numbers may be known, which
// is how they protect each other; a number that is told today and was told
// yesterday shows the difference of a day; and in the second world other numbers
// might have been hidden, which whoever runs this program on it can see. Against
// that the choice would have to know nothing of the numbers, and hide large ones.

// Scope is a question that the public form answers: everything (all ""), an
// issuer, an activity, an achievement, or an edition of one of the last two.
type Scope struct {
	Issuer      string `json:"issuer,omitempty"`
	Activity    string `json:"activity,omitempty"`
	Achievement string `json:"achievement,omitempty"`
	Edition     string `json:"edition,omitempty"`
}

// group is what all awards of one achievement, edition and activity are.
type group = Scope

// kinds is how many scopes a group is part of, itself the last.
const kinds = 7

// scopes are all that a group is part of.

func scopes(g group) [kinds]Scope {
	return [kinds]Scope{{}, {Issuer: g.Issuer}, {Activity: g.Activity}, {Activity: g.Activity, Edition: g.Edition},
		{Achievement: g.Achievement}, {Achievement: g.Achievement, Edition: g.Edition}, g}
}

func compareScopes(a, b Scope) int {
	return cmp.Or(strings.Compare(a.Issuer, b.Issuer), strings.Compare(a.Activity, b.Activity),
		strings.Compare(a.Achievement, b.Achievement), strings.Compare(a.Edition, b.Edition))
}

// category is what one award is in a dimension: a country in a region (coarse),
// or a language, or a sector.
type category struct{ fine, coarse string }

// level is the numbers of a dimension by one of its keys.
type level struct {
	keys     []string
	of       []int   // the key of each category
	counted  [][]int // the categories of each key
	sum      [][]int // by scope, by key
	hidden   [][]bool
	withheld []bool // by scope: neither keys nor numbers are told
}

// dimension is one way to divide the awards.
type dimension struct {
	categories []category
	count      [][]int // by group, by category
	levels     []*level
}

// system is all that the public may ask.
type system struct {
	groups  []group
	partOf  [][kinds]int // scopes of each group by their kind; none where two are one
	near    [][]int      // groups of the same achievement or activity
	every   []int        // all groups
	scopes  []Scope
	members [][]int // groups of each scope
	total   []int   // by scope
	hidden  []bool  // by scope: nothing is told
	secret  []bool  // by scope: it is a group, and no question
	partial []bool  // by scope: some of its awards are left out
	geo     *dimension
	all     []*dimension // geo, languages, sectors
}

// suppressed is the system of all that may be told.
func suppressed(t Table) *system {
	merged := Table{}
	for tally, n := range t {
		p := tally.public()
		merged.Add(Tally{Issuer: p.Issuer, Activity: stated(p.Activity), Achievement: p.Achievement, Edition: stated(p.Edition),
			Region: p.region(), Country: stated(p.Country), Language: stated(p.Language), Sector: stated(p.Sector)}, n)
	}
	out := map[group]bool{}
	for {
		y := newSystem(merged, out)
		s, found := y.pinned()
		if !found {
			y.suppress()
			return y
		}
		for _, g := range y.members[s] {
			out[y.groups[g]] = true
		}
	}
}

// newSystem is of a table with stated words, without the groups that are left
// out.
func newSystem(t Table, out map[group]bool) *system {
	merged := maps.Clone(t)
	maps.DeleteFunc(merged, func(tally Tally, _ int) bool { return out[groupOf(tally)] })
	y := &system{}
	y.index(merged)
	for _, s := range y.scopes {
		y.partial = append(y.partial, false)
		for g := range out {
			if of := scopes(g); slices.Contains(of[:], s) {
				y.partial[len(y.partial)-1] = true
			}
		}
	}
	y.geo = y.dimension(merged, true, func(p Tally) category { return category{p.Country, p.Region} })
	language := y.dimension(merged, false, func(p Tally) category { return category{fine: p.Language} })
	sector := y.dimension(merged, false, func(p Tally) category { return category{fine: p.Sector} })
	y.all = []*dimension{y.geo, language, sector}
	return y
}

func groupOf(p Tally) group {
	return group{Issuer: p.Issuer, Activity: p.Activity, Achievement: p.Achievement, Edition: p.Edition}
}

// index finds the groups and scopes.
func (y *system) index(t Table) {
	sizes := map[group]int{}
	for tally, n := range t {
		sizes[groupOf(tally)] += n
	}
	y.groups = sorted(sizes, compareScopes)
	at := map[Scope]int{}
	for g, one := range y.groups {
		of := scopes(one)
		y.partOf = append(y.partOf, [kinds]int{})
		for kind, s := range of {
			if slices.Contains(of[:kind], s) { // no issuer is any issuer
				y.partOf[g][kind] = none
				continue
			}
			k, ok := at[s]
			if !ok {
				k = len(y.scopes)
				at[s] = k
				y.scopes, y.members, y.total = append(y.scopes, s), append(y.members, nil), append(y.total, 0)
				y.secret = append(y.secret, kind == kinds-1)
			}
			y.partOf[g][kind], y.members[k] = k, append(y.members[k], g)
			y.total[k] += sizes[one]
		}
	}
	for g, one := range y.groups {
		y.every, y.near = append(y.every, g), append(y.near, nil)
		for h, other := range y.groups {
			if one.Achievement == other.Achievement || one.Activity == other.Activity {
				y.near[g] = append(y.near[g], h)
			}
		}
	}
	for k, n := range y.total {
		y.hidden = append(y.hidden, n < Threshold || y.secret[k])
	}
}

func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, compare)
	return keys
}

func (y *system) dimension(t Table, coarse bool, of func(Tally) category) *dimension {
	found, groups := map[category]int{}, map[group]int{}
	for tally := range t {
		found[of(tally)] = 0
	}
	d := &dimension{count: make([][]int, len(y.groups))}
	d.categories = sorted(found, func(a, b category) int {
		return cmp.Or(strings.Compare(a.coarse, b.coarse), strings.Compare(a.fine, b.fine))
	})
	for n, c := range d.categories {
		found[c] = n
	}
	for n, g := range y.groups {
		groups[g], d.count[n] = n, make([]int, len(d.categories))
	}
	for tally, n := range t {
		d.count[groups[groupOf(tally)]][found[of(tally)]] += n
	}
	d.levels = []*level{y.level(d, func(c category) string { return c.fine })}
	if coarse {
		d.levels = append(d.levels, y.level(d, func(c category) string { return c.coarse }))
	}
	return d
}

// level sums a dimension up by one of its keys, and hides what is small.
func (y *system) level(d *dimension, key func(category) string) *level {
	l, at := &level{withheld: make([]bool, len(y.scopes))}, map[string]int{}
	for n, c := range d.categories {
		k, ok := at[key(c)]
		if !ok {
			k = len(l.keys)
			at[key(c)], l.keys, l.counted = k, append(l.keys, key(c)), append(l.counted, nil)
		}
		l.of, l.counted[k] = append(l.of, k), append(l.counted[k], n)
	}
	for s := range y.scopes {
		sum, hidden := make([]int, len(l.keys)), make([]bool, len(l.keys))
		for _, g := range y.members[s] {
			for c, n := range d.count[g] {
				sum[l.of[c]] += n
			}
		}
		for k, n := range sum {
			hidden[k] = n > 0 && n < Threshold
		}
		l.sum, l.hidden = append(l.sum, sum), append(l.hidden, hidden)
	}
	return l
}

// pinned finds the smallest scope that is too small to be told and whose size
// has no second world as things are.
func (y *system) pinned() (scope int, found bool) {
	for s, n := range y.total {
		if n < Threshold && (!found || n < y.total[scope]) {
			if _, cost := y.cheapest(s, nil, nil, 0); cost > 0 {
				scope, found = s, true
			}
		}
	}
	return scope, found
}

// suppress hides until every small number has a second world.
func (y *system) suppress() {
	for s := range y.scopes {
		if y.secret[s] && y.asked(s) {
			continue
		}
		for _, d := range y.all {
			for _, l := range d.levels {
				for k, n := range l.sum[s] {
					if n > 0 && n < Threshold {
						one, _ := y.cheapest(s, d, l, k)
						y.take(one, true, math.MaxInt)
					}
				}
			}
		}
	}
}

// asked tells whether a group is all of a scope that may be asked for, which
// has the same numbers.
func (y *system) asked(secret int) bool {
	return slices.ContainsFunc(y.partOf[y.members[secret][0]][:], func(s int) bool {
		return s != none && s != secret && len(y.members[s]) == 1
	})
}

// none is no group, or no scope.
const none = -1

// step leads to another world.
type step struct {
	d        *dimension // nil: a whole award moves
	from, to int        // groups, or none: of a whole award nowhere, else that there is one group only
	a, b     int        // categories: an award of from goes from a to b, and one of to back
}

// search looks for the step that changes a number at the least cost.
type search struct {
	*system
	scope int
	in    []bool // groups of the scope
	best  step
	least int
}

// cheapest is the step that changes a number at the least cost; d nil is the
// total of the scope. There is always one: at worst there is one award less.
func (y *system) cheapest(s int, d *dimension, l *level, key int) (step, int) {
	q := &search{system: y, scope: s, in: make([]bool, len(y.groups)), least: math.MaxInt}
	for _, g := range y.members[s] {
		q.in[g] = true
	}
	for _, far := range []bool{false, true} {
		if d == nil || far && q.least <= cheap {
			break
		}
		for _, g := range y.members[s] {
			q.within(d, g, l.counted[key], far)
		}
	}
	q.moves(func(g int) bool { // an award that the number counts
		return d == nil || slices.ContainsFunc(l.counted[key], func(a int) bool { return d.count[g][a] > 0 })
	})
	return q.best, q.least
}

func (q *search) try(one step) {
	if q.least == 0 {
		return
	}
	if cost := q.take(one, false, q.least); cost < q.least {
		q.best, q.least = one, cost
	}
}

// moves tries those of a whole award into the scope or out of it.
func (q *search) moves(has func(group int) bool) {
	for _, g := range q.members[q.scope] {
		q.try(step{from: none, to: g}) // one more
		if has(g) {
			q.try(step{from: g, to: none})
		}
		for h, inside := range q.in {
			if q.least == 0 {
				return
			}
			if inside {
				continue
			}
			if has(g) {
				q.try(step{from: g, to: h})
			}
			if has(h) {
				q.try(step{from: h, to: g})
			}
		}
	}
}

// within tries those that change how many awards of group g are of some
// categories. Categories that are small there come first: they are hidden
// already.
func (q *search) within(d *dimension, g int, counted []int, far bool) {
	for _, small := range []bool{true, false} {
		for b, n := range d.count[g] {
			if (n > 0 && n < Threshold) != small || slices.Contains(counted, b) {
				continue
			}
			for _, a := range counted {
				q.between(d, g, a, b, far)
				q.between(d, g, b, a, far)
			}
		}
	}
}

// between tries those of an award of group g from a to b, alone or in exchange
// with a group outside: of the same achievement or activity, which has most
// scopes in common, or any (far). Whichever that is, the scope itself changes.
func (q *search) between(d *dimension, g, a, b int, far bool) {
	if d.count[g][a] == 0 || q.least == 0 || q.change(q.scope, d, a, b, false) >= q.least {
		return
	}
	q.try(step{d: d, from: g, to: none, a: a, b: b})
	others := q.near[g]
	if far {
		others = q.every
	}
	for _, h := range others {
		if !q.in[h] && d.count[h][b] > 0 {
			q.try(step{d: d, from: g, to: h, a: a, b: b})
		}
	}
}

// take gives what a step costs: the sum of the published numbers that it
// changes, or bound if that is no less. With hide they are hidden.
func (y *system) take(one step, hide bool, bound int) (cost int) {
	for kind := range kinds {
		from, to := y.scopeOf(one.from, kind), y.scopeOf(one.to, kind)
		if from == to {
			continue
		}
		if one.d == nil && y.full(to) {
			return bound
		}
		cost += y.change(from, one.d, one.a, one.b, hide) + y.change(to, one.d, one.b, one.a, hide)
		if cost >= bound {
			return bound
		}
	}
	return cost
}

// full tells of a scope that is not told that it would be with one award more.
func (y *system) full(s int) bool {
	return s != none && !y.secret[s] && y.total[s] == Threshold-1
}

func (y *system) scopeOf(group, kind int) int {
	if group == none {
		return none
	}
	return y.partOf[group][kind]
}

// Withholding a list of keys, or a whole scope, is worse than hiding numbers.
const (
	cheap       = 10 * Threshold * named // not worth looking further afield
	costOfList  = 1 << 20
	costOfScope = 1 << 26
)

// weight is how much a number of a scope is worth. Whoever asks, asks for a
// course or a workshop; what is told of everything together gives way first.
func (s Scope) weight() int {
	if s.Activity == "" && s.Achievement == "" {
		return 1
	}
	return named
}

// named is the worth of a number of a scope that has a name.
const named = 8

// change is one award in a scope that goes from a to b in a dimension, or, of
// no dimension, comes or goes.
func (y *system) change(s int, d *dimension, a, b int, hide bool) (cost int) {
	switch {
	case s == none || y.hidden[s]:
		return 0
	case d == nil:
		y.hidden[s] = hide
		return costOfScope + y.total[s]
	}
	weight := y.scopes[s].weight()
	for _, l := range d.levels {
		from, to := l.of[a], l.of[b]
		switch {
		case l.withheld[s] || from == to:
		case l.sum[s][from] < 2 || l.sum[s][to] < 1: // a key would vanish from the list, or be new
			l.withheld[s] = hide
			cost += costOfList + y.total[s]
		default:
			cost += weight * (l.change(s, from, hide) + l.change(s, to, hide))
		}
	}
	return cost
}

func (l *level) change(s, key int, hide bool) int {
	if l.hidden[s][key] {
		return 0
	}
	l.hidden[s][key] = hide
	return l.sum[s][key]
}
