package rdfc

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// randomDataset has trees, nodes mentioned often, named graphs, statements that
// stand twice, and predicates that are kept beside those that are not.
func randomDataset(r *rand.Rand, d *Dataset) {
	predicates := []Term{d.Keep("urn:p1"), d.Keep("urn:p22"), d.IRI("urn:p2"), d.IRI("urn:p10")}
	node := func() Term {
		if r.IntN(4) == 0 {
			return d.IRI(fmt.Sprint("urn:n", r.IntN(12)))
		}
		return d.Named(fmt.Sprint("b", r.IntN(14)))
	}
	object := func() Term {
		switch r.IntN(4) {
		case 0:
			return node()
		case 1:
			if r.IntN(3) == 0 {
				return d.Reference(fmt.Sprint("urn:n", r.IntN(12)))
			}
			return d.LanguageString(fmt.Sprint(r.IntN(3)), "en")
		}
		return d.Literal(fmt.Sprint(r.IntN(3)), []string{"", "urn:t"}[r.IntN(2)])
	}
	for range 1 + r.IntN(40) {
		q := Quad{Subject: node(), Predicate: predicates[r.IntN(len(predicates))], Object: object()}
		if r.IntN(12) == 0 {
			q.Graph = node()
		}
		d.Add(q)
		if r.IntN(6) == 0 {
			d.Add(q)
		}
	}
}

// TestArrange compares the short way to first-degree hashes with the long one,
// which looks at every quad around a node, and the order of lines with that of
// their bytes.
func TestArrange(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := &Dataset{}
	short, long := 0, 0
	for round := range 4000 {
		d.Reset()
		randomDataset(r, d)
		text, err := d.Canonicalize(nil, 0)
		if err != nil {
			continue // a tangle
		}
		d.mapped = false // it is of the order before the nodes had names
		for _, b := range d.byHash {
			if d.nodes[b].tangled {
				long++
				continue
			}
			short++
			if d.firstDegreeTangled(b) != d.first[b] {
				t.Fatalf("round %d: the hashes of node %d differ in\n%s", round, b, text)
			}
		}
		lines := strings.SplitAfter(strings.TrimSuffix(string(text), "\n"), "\n")
		lines[len(lines)-1] += "\n"
		if !slices.IsSorted(lines) || len(slices.Compact(slices.Clone(lines))) != len(lines) || len(lines) != d.Len() {
			t.Fatalf("round %d: %d quads, and these lines:\n%s", round, d.Len(), text)
		}
		if again, err := d.Canonicalize(nil, 0); err != nil || string(again) != string(text) {
			t.Fatalf("round %d: %v\nfirst\n%s\nthen\n%s", round, err, text, again)
		}
		parsed, err := Parse(string(text))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := parsed.Canonicalize(nil, 0); err != nil || string(again) != string(text) {
			t.Fatalf("round %d: %v\nfirst\n%s\nparsed\n%s", round, err, text, again)
		}
	}
	if short < 10_000 || long < 10_000 {
		t.Errorf("%d nodes went the short way, %d the long one", short, long)
	}
}

// TestKeep: what is kept stays over Reset, and is one with what is named by
// its IRI otherwise.
func TestKeep(t *testing.T) {
	d := &Dataset{}
	first := d.IRI("urn:a")
	if got := d.Keep("urn:a"); got != first || d.IsKept(got) {
		t.Errorf("two terms for one IRI: %x, %x", first, got)
	}
	d.Keep("urn:b")
	d.Keep("urn:a")
	for range 3 {
		d.Reset()
		a, b := d.Keep("urn:a"), d.Keep("urn:b")
		if d.IRI("urn:a") != a || d.IRI("urn:b") != b || a == b || !d.IsKept(a) || !d.IsKept(b) || d.IsKept(d.Keep("urn:c")) {
			t.Error("what was kept is gone")
		}
		if string(d.textOf(a)) != "<urn:a>" || string(d.textOf(b)) != "<urn:b>" || d.IsKept(d.IRI("urn:d")) {
			t.Errorf("%s, %s", d.textOf(a), d.textOf(b))
		}
		d.wanted = nil
	}
	for i := range maxVocabulary + 10 {
		d.Keep(fmt.Sprint("urn:", i))
	}
	d.Reset()
	if d.kept.terms != maxVocabulary+1 || d.IsKept(d.Keep(fmt.Sprint("urn:", maxVocabulary))) {
		t.Errorf("%d IRIs are kept", d.kept.terms-1)
	}
	ranked := make([]string, d.kept.terms)
	for n := range d.kept.terms {
		ranked[d.kept.rank[n]] = string(d.textOf(Term(n)))
	}
	if !slices.IsSorted(ranked) || ranked[1] == "" {
		t.Error("they are not in order")
	}
	d.Forget()
	if d.IsKept(d.IRI("urn:a")) || d.kept.terms != 0 || d.Size() > 1<<20 {
		t.Error("what is forgotten is there still")
	}
}
