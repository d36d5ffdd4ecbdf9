//go:build !race

// One goroutine: the race detector has nothing to see here, and reckons at a fraction of the pace.

package statistics_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/programme/statistics"
)

// The attack knows nothing of how numbers are hidden. It asks every question
// that there is, tries every distribution of awards over the groups that could
// have led to these answers, and looks which numbers it is left to believe.

// world is a true table, and what an attacker knows of it beforehand: which
// groups there may be, and which words.
type world struct {
	table  statistics.Table
	groups []statistics.Scope
	out    []bool // groups that no public number counts, which the attacker is told
	sides  []side
}

// side is one way to divide awards: its categories have one key or two.
type side struct {
	categories [][]string // keys, by level
	truth      [][]int    // by group, by category
	told       func(statistics.Report, int) statistics.Cells
}

// target is a number that must stay in doubt.
type target struct {
	what   string
	in     []bool // groups that it counts
	side   int    // -1: the total
	counts []bool // categories that it counts
	truth  int
	values map[int]bool
}

func (w *world) in(fits func(statistics.Scope) bool) []bool {
	in := make([]bool, len(w.groups))
	for n, g := range w.groups {
		in[n] = fits(g) && !w.out[n]
	}
	return in
}

// question is one answer of the public form with the groups it is about.
type question struct {
	scope  statistics.Scope
	in     []bool
	report statistics.Report
}

func (w *world) ask(t *rapid.T) (all []question) {
	snap := statistics.Take(time.Now(), w.table)
	seen := map[statistics.Scope]bool{}
	for _, g := range w.groups {
		for _, q := range []statistics.Scope{{}, {Issuer: g.Issuer}, {Activity: g.Activity}, {Activity: g.Activity, Edition: g.Edition},
			{Achievement: g.Achievement}, {Achievement: g.Achievement, Edition: g.Edition}} {
			if seen[q] {
				continue
			}
			seen[q] = true
			r, ok := snap.Public(q)
			if !ok {
				t.Fatalf("%+v is no question", q)
			}
			in := w.in(func(g statistics.Scope) bool {
				return (q.Issuer == "" || q.Issuer == g.Issuer) && (q.Activity == "" || q.Activity == g.Activity) &&
					(q.Achievement == "" || q.Achievement == g.Achievement) && (q.Edition == "" || q.Edition == g.Edition)
			})
			all = append(all, question{q, in, r})
		}
	}
	return all
}

func drawWorld(t *rapid.T) *world {
	w := &world{table: statistics.Table{}}
	issuers := map[string]string{"x": "i", "y": rapid.SampledFrom([]string{"i", "j"}).Draw(t, "issuer of y")}
	for range rapid.IntRange(1, 3).Draw(t, "groups") {
		g := statistics.Scope{Activity: rapid.SampledFrom([]string{"p", "q"}).Draw(t, "activity"),
			Achievement: rapid.SampledFrom([]string{"x", "y"}).Draw(t, "achievement"), Edition: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "edition")}
		g.Issuer = issuers[g.Achievement]
		if !slices.Contains(w.groups, g) {
			w.groups = append(w.groups, g)
		}
	}
	places := [][]string{{"TN", "EMR"}, {"JO", "EMR"}, {"KE", "AFR"}}
	if rapid.Bool().Draw(t, "moved") {
		places = [][]string{{"ID", "SEAR"}, {"ID", "WPR"}, {"MY", "WPR"}}
	}
	w.sides = []side{{categories: places, told: func(r statistics.Report, level int) statistics.Cells {
		return []statistics.Cells{r.ByCountry, r.ByRegion}[level]
	}}, {categories: [][]string{{"en"}, {"fr"}, {"ar"}}, told: func(r statistics.Report, _ int) statistics.Cells { return r.ByLanguage }},
		{categories: [][]string{{"academia"}, {"industry"}}, told: func(r statistics.Report, _ int) statistics.Cells { return r.BySector }}}
	for _, g := range w.groups {
		counts := [][]int{make([]int, 3), make([]int, 3), make([]int, 2)}
		// Four is the most that an answer which is not told can stand for.
		for range rapid.SampledFrom([]int{4, 1, 2, 3, 4, 4, 5, 6, 7, 8, 10, 12, 14}).Draw(t, "awards") {
			place := rapid.SampledFrom([]int{0, 1, 1, 2, 2, 2}).Draw(t, "place")
			language := rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "language")
			sector := rapid.SampledFrom([]int{0, 1}).Draw(t, "sector")
			counts[0][place]++
			counts[1][language]++
			counts[2][sector]++
			w.table.Add(statistics.Tally{Issuer: g.Issuer, Activity: g.Activity, Achievement: g.Achievement, Edition: g.Edition,
				Country: places[place][0], Region: places[place][1], Language: w.sides[1].categories[language][0],
				Sector: w.sides[2].categories[sector][0]}, 1)
		}
		for n := range w.sides {
			w.sides[n].truth = append(w.sides[n].truth, counts[n])
		}
	}
	left := statistics.LeftOut(w.table)
	for _, g := range w.groups {
		w.out = append(w.out, slices.Contains(left, g))
	}
	return w
}

// targets are the numbers under the threshold of every scope and every group,
// and whatever is shown as hidden.
func (w *world) targets(all []question) (list []*target) {
	for n := range w.groups {
		if w.out[n] {
			continue // told holds that nothing is said of it
		}
		in := make([]bool, len(w.groups))
		in[n] = true
		all = append(all, question{w.groups[n], in, statistics.Report{}})
	}
	for _, q := range all {
		total := 0
		for s, d := range w.sides {
			for level := range d.categories[0] {
				cells := d.told(q.report, level)
				for _, key := range keys(d, level) {
					one := &target{what: fmt.Sprintf("%+v %s", q.scope, key), in: q.in, side: s, values: map[int]bool{}}
					for c, words := range d.categories {
						one.counts = append(one.counts, words[level] == key)
						for g := range w.groups {
							if q.in[g] && one.counts[c] {
								one.truth += d.truth[g][c]
							}
						}
					}
					n, listed := cells[key]
					if one.truth > 0 && one.truth < statistics.Threshold || listed && n == nil {
						list = append(list, one)
					}
					if level == 0 && s == 0 {
						total += one.truth
					}
				}
			}
		}
		if total > 0 && total < statistics.Threshold {
			list = append(list, &target{what: fmt.Sprintf("%+v total", q.scope), in: q.in, side: -1, truth: total, values: map[int]bool{}})
		}
	}
	return list
}

func keys(d side, level int) (list []string) {
	for _, words := range d.categories {
		if !slices.Contains(list, words[level]) {
			list = append(list, words[level])
		}
	}
	return list
}

// told checks that an answer says what is so, and nothing under the threshold.
func told(t *rapid.T, w *world, q question) {
	total := 0
	for g := range w.groups {
		if q.in[g] {
			total += masked(w.sides[0].truth[g], []bool{true, true, true})
		}
	}
	if n := q.report.Total; n != nil && (*n != total || total < statistics.Threshold) {
		t.Fatalf("%+v is told to be %d and is %d", q.scope, *n, total)
	}
	for s, d := range w.sides {
		for level := range d.categories[0] {
			cells := d.told(q.report, level)
			for key, n := range cells {
				truth := 0
				for g := range w.groups {
					for c, words := range d.categories {
						if q.in[g] && words[level] == key {
							truth += d.truth[g][c]
						}
					}
				}
				if truth == 0 || n != nil && (*n != truth || truth < statistics.Threshold) {
					t.Fatalf("%+v, side %d: %s is told to be %v and is %d", q.scope, s, key, n, truth)
				}
			}
		}
	}
}

// attack tries all worlds that fit until every target is in doubt.
type attack struct {
	*world
	all     []question
	targets []*target
}

func (a *attack) done() bool {
	return !slices.ContainsFunc(a.targets, func(t *target) bool { return len(t.values) < 2 })
}

// totals tries all sizes of the groups. A size that no answer bounds is tried
// up to some awards more than there are.
func (a *attack) totals(sizes []int) {
	if a.done() {
		return
	}
	if len(sizes) < len(a.groups) {
		truth := 0
		for _, n := range a.sides[0].truth[len(sizes)] {
			truth += n
		}
		for _, n := range outward(truth, max(truth+3, 5)) {
			a.totals(append(slices.Clone(sizes), n))
		}
		return
	}
	for _, q := range a.all {
		switch sum := masked(sizes, q.in); {
		case q.report.Total != nil && sum != *q.report.Total:
			return
		case q.report.Total == nil && sum >= statistics.Threshold: // which would have been told
			return
		}
	}
	found := make([][][][]int, len(a.sides)) // by side: matrices that fit
	for s := range a.sides {
		a.matrices(s, sizes, nil, &found[s])
		if len(found[s]) == 0 {
			return
		}
	}
	for _, t := range a.targets {
		if t.side < 0 {
			t.values[masked(sizes, t.in)] = true
			continue
		}
		for _, m := range found[t.side] {
			t.values[counted(m, t.in, t.counts)] = true
		}
	}
}

// outward lists 0 to most, near n first.
func outward(n, most int) (list []int) {
	for d := 0; d <= most; d++ {
		if n-d >= 0 && n-d <= most {
			list = append(list, n-d)
		}
		if d > 0 && n+d <= most {
			list = append(list, n+d)
		}
	}
	return list
}

func masked(sizes []int, in []bool) (sum int) {
	for g, n := range sizes {
		if in[g] {
			sum += n
		}
	}
	return sum
}

func counted(m [][]int, in, counts []bool) (sum int) {
	for g, row := range m {
		for c, n := range row {
			if in[g] && counts[c] {
				sum += n
			}
		}
	}
	return sum
}

// matrices finds all ways to divide the groups, row by row.
func (a *attack) matrices(s int, sizes []int, rows [][]int, found *[][][]int) {
	if !a.fits(s, rows) {
		return
	}
	if len(rows) == len(sizes) {
		*found = append(*found, slices.Clone(rows))
		return
	}
	for _, row := range divided(sizes[len(rows)], len(a.sides[s].categories)) {
		a.matrices(s, sizes, append(slices.Clone(rows), row), found)
	}
}

// divided lists all ways to divide n awards among some categories.
func divided(n, categories int) (list [][]int) {
	if categories == 1 {
		return [][]int{{n}}
	}
	for x := 0; x <= n; x++ {
		for _, rest := range divided(n-x, categories-1) {
			list = append(list, append([]int{x}, rest...))
		}
	}
	return list
}

// fits holds the rows so far against every answer about them alone.
func (a *attack) fits(s int, rows [][]int) bool {
	d := a.sides[s]
	for _, q := range a.all {
		if q.report.Total == nil || slices.Contains(q.in[len(rows):], true) {
			continue
		}
		for level := range d.categories[0] {
			cells := d.told(q.report, level)
			if cells == nil {
				continue
			}
			for _, key := range keys(d, level) {
				counts := make([]bool, len(d.categories))
				for c, words := range d.categories {
					counts[c] = words[level] == key
				}
				sum := counted(rows, q.in, counts)
				switch n, listed := cells[key]; {
				case !listed && sum != 0, listed && sum == 0, n != nil && sum != *n:
					return false
				}
			}
		}
	}
	return true
}

// TestAttack: no number under the threshold, and none that is hidden for
// another's sake, can be worked out from all answers together.
func TestAttack(t *testing.T) {
	told5, hid, left, attacked := 0, 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		a := &attack{world: w, all: w.ask(t)}
		for _, q := range a.all {
			told(t, w, q)
			switch {
			case q.report.LeftOut:
				left++
				told5++
			case q.report.Total != nil:
				told5++
			default:
				hid++
			}
		}
		a.targets = w.targets(a.all)
		attacked += len(a.targets)
		a.totals(nil)
		for _, one := range a.targets {
			if !one.values[one.truth] {
				t.Fatalf("the attack never tried the truth: %s is %d, tried %v", one.what, one.truth, one.values)
			}
			if len(one.values) < 2 {
				t.Errorf("%s can only be %v", one.what, one.truth)
			}
		}
	})
	t.Logf("%d answers, %d that leave something out, %d without one; %d numbers attacked", told5, left, hid, attacked)
	if told5 == 0 || hid == 0 || left == 0 || attacked == 0 {
		t.Error("nothing was attacked")
	}
}
