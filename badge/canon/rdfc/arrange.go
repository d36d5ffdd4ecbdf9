package rdfc

import (
	"bytes"
	"cmp"
	"slices"
)

// subject is one subject of the dataset and where its quads end.
type subject struct {
	term Term
	end  uint32
}

// arrange puts the quads in the order in which both first-degree hashing and
// the canonical form want them, as far as it does not hang on what blank nodes
// are called, and drops those that stand twice: by subjects, in the order in
// which they came; then by predicate, object and graph, blank nodes last.
//
// Lines are ordered as code points, which UTF-8 keeps. Comparing term by term
// comes to the same as comparing lines: a term is followed by a space there, or
// by the full stop where a graph could stand, and no term goes on where another
// ends with a character below these. A blank node, however it is called, comes
// after all else: an underscore follows the angle bracket and the quotation
// mark.
func (d *Dataset) arrange() {
	if d.arranged {
		return
	}
	d.arranged = true
	ranks := d.rankPredicates()
	d.gather(ranks)
	d.ordered = slices.Grow(d.ordered[:0], len(d.quads))
	from := uint32(0)
	for i := range d.subjects {
		s := &d.subjects[i]
		d.appendSorted(d.keys[from:s.end])
		from, s.end = s.end, uint32(len(d.ordered))
	}
	d.quads, d.ordered = d.ordered, d.quads
}

// appendSorted appends the quads of one subject, which keys stand for, to
// d.ordered: in the order of their predicates, and of their objects where they
// have the same one.
func (d *Dataset) appendSorted(keys []uint64) {
	sortKeys(keys)
	base := len(d.ordered)
	alike := false
	for i, k := range keys {
		d.ordered = append(d.ordered, d.quads[uint32(k)])
		alike = alike || i > 0 && k>>32 == keys[i-1]>>32
	}
	if alike {
		d.sortRuns(base)
	}
}

// sortKeys sorts few keys, as most subjects have, without ado.
func sortKeys(keys []uint64) {
	if len(keys) > 24 {
		slices.Sort(keys)
		return
	}
	for i := 1; i < len(keys); i++ {
		k, j := keys[i], i
		for ; j > 0 && keys[j-1] > k; j-- {
			keys[j] = keys[j-1]
		}
		keys[j] = k
	}
}

// sortRuns orders the quads from base on, which are those of one subject, within
// each predicate, and drops those that stand twice.
func (d *Dataset) sortRuns(base int) {
	rest, kept := d.ordered[base:], base
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].Predicate == rest[0].Predicate {
			n++
		}
		run := rest[:n]
		rest = rest[n:]
		if n > 1 {
			slices.SortFunc(run, func(a, b Quad) int { return d.compareObjects(&a, &b) })
			run = slices.CompactFunc(run, func(a, b Quad) bool { return d.compareObjects(&a, &b) == 0 })
		}
		kept += copy(d.ordered[kept:], run)
	}
	d.ordered = d.ordered[:kept]
}

// compareObjects orders quads of one subject and predicate.
func (d *Dataset) compareObjects(a, b *Quad) int {
	if c := d.compareTerms(a.Object, b.Object); c != 0 {
		return c
	}
	return d.compareTerms(a.Graph, b.Graph)
}

// compareTerms orders terms by their texts, and blank nodes after them by
// number; the zero Term is first.
func (d *Dataset) compareTerms(a, b Term) int {
	switch {
	case a == b:
		return 0
	case a.IsBlank() || b.IsBlank():
		return cmp.Compare(a, b) // the others lack the uppermost bit
	}
	return bytes.Compare(d.textOf(a), d.textOf(b))
}

// gather makes d.subjects, in the order in which they came, and d.keys, which
// stand in their order: for each quad the rank of its predicate and its index.
func (d *Dataset) gather(ranks []uint32) {
	// place is by subject: how many quads it has, then where the next of them
	// goes.
	d.place = zeroed(d.place, len(d.terms)+int(d.blank))
	d.subjects = d.subjects[:0]
	for i := range d.quads {
		t := d.quads[i].Subject
		at := &d.place[d.dense(t)]
		if *at++; *at == 1 {
			d.subjects = append(d.subjects, subject{term: t})
		}
	}
	end := uint32(0)
	for i := range d.subjects {
		at := &d.place[d.dense(d.subjects[i].term)]
		end, *at = end+*at, end
		d.subjects[i].end = end
	}
	d.keys = zeroed(d.keys, len(d.quads))
	for i := range d.quads {
		q := &d.quads[i]
		at := &d.place[d.dense(q.Subject)]
		d.keys[*at] = uint64(ranks[q.Predicate])<<32 | uint64(i)
		*at++
	}
}

// rankPredicates ranks the predicates, by their terms: as the vocabulary has them,
// if all are kept.
func (d *Dataset) rankPredicates() []uint32 {
	foreign := func(q Quad) bool { return !d.IsKept(q.Predicate) }
	if !slices.ContainsFunc(d.quads, foreign) {
		return d.kept.rank
	}
	ranks := make([]uint32, len(d.terms))
	var all []Term
	for i := range d.quads {
		p := d.quads[i].Predicate
		if at := &ranks[p]; *at == 0 {
			*at = 1
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Term) int { return bytes.Compare(d.textOf(a), d.textOf(b)) })
	for i, p := range all {
		ranks[p] = uint32(i)
	}
	return ranks
}

// dense numbers all terms from zero on: blank nodes after the others.
func (d *Dataset) dense(t Term) int { return int(t.number()) + int(t>>31)*len(d.terms) }
