// Package rdfc holds RDF datasets and canonicalises them: RDFC-1.0 (W3C RDF
// Dataset Canonicalization), with the N-Quads syntax that it reads and writes.
//
// It knows nothing of JSON. It refuses to work without bound: blank nodes that
// look alike can cost factorially, so each canonicalisation has a budget, and
// past that the answer is ErrBudget rather than a guess. The parser refuses
// everything that RDF 1.1 N-Quads does not allow, relative IRIs included.
//
// Start at Dataset; Parse makes one from N-Quads.
package rdfc

import (
	"bytes"
	"hash/maphash"
	"slices"
)

// Term is one RDF term of a Dataset: equal terms of one dataset are equal
// numbers. The zero Term is no term, and names the default graph.
type Term uint32

// blankBit marks blank nodes; the other bits are their number.
const blankBit Term = 1 << 31

// IsBlank reports whether the term is a blank node.
func (t Term) IsBlank() bool { return t&blankBit != 0 }

func (t Term) number() uint32 { return uint32(t &^ blankBit) }

// Quad is one statement. Graph is zero in the default graph.
type Quad struct{ Subject, Predicate, Object, Graph Term }

// Dataset is a set of quads. The zero Dataset is empty and ready for use; it
// keeps its memory over Reset. It is not safe for concurrent use.
//
// The makers of terms trust their caller: what IRI gets must be WellFormed, a
// language must be one of the grammar of BCP 47, texts must be valid UTF-8.
type Dataset struct {
	// text has the terms that are no blank nodes, as N-Quads write them, each
	// with a blank before it and the end of a line after it: so the parts of a
	// line stand there with what parts them.
	text  []byte
	terms []span // by Term; the zero Term is the first
	index table  // IRIs among them by their text
	quads []Quad
	blank uint32
	named map[string]Term // blank nodes by the names they came with

	kept   vocabulary
	wanted []Term // to be kept from the next Reset on

	asked      []string // by Statements: IRIs that are kept, all of them
	askedTerms []Term

	// arranged tells that quads are in the order of arrange, each once.
	arranged bool

	seed maphash.Seed

	canonicalizer
}

// lineEnd stands after a term.
const lineEnd = " .\n"

// vocabulary is what documents have in common: IRIs that stay over Reset, so
// that they are written, hashed and put in order once and not for each. They are
// the first of the terms.
type vocabulary struct {
	terms int      // how many there are, with the zero Term
	text  int      // bytes of them
	index []uint32 // of them alone
	rank  []uint32 // by Term: its place in the order of the texts
}

// maxVocabulary bounds what is kept.
const maxVocabulary = 4096

// span is a stretch of text and, of an IRI, its hash.
type span struct {
	start, end uint32
	hash       uint32
}

// Reset empties the dataset. What Keep made to stay, stays.
func (d *Dataset) Reset() {
	if len(d.wanted) > 0 {
		d.promote()
	}
	d.text, d.quads, d.blank, d.arranged = d.text[:d.kept.text], d.quads[:0], 0, false
	d.terms = d.terms[:min(max(1, d.kept.terms), len(d.terms))] // the zero Term stays
	d.index.reset(d.kept.index, d.kept.terms)
	clear(d.named)
}

// Forget empties the dataset, with all that was kept.
func (d *Dataset) Forget() {
	d.kept, d.wanted, d.asked, d.askedTerms = vocabulary{}, nil, nil, nil
	d.index.at = nil
	d.Reset()
}

// Len returns the number of different quads.
func (d *Dataset) Len() int {
	d.arrange()
	return len(d.quads)
}

// Empty reports whether there is no quad.
func (d *Dataset) Empty() bool { return len(d.quads) == 0 }

// Added returns a number that grows with each quad added, repeated ones too,
// until the dataset is looked into.
func (d *Dataset) Added() int { return len(d.quads) }

// Size returns the bytes of memory that the dataset holds on to, roughly.
func (d *Dataset) Size() int {
	return cap(d.text) + 16*(cap(d.terms)+3*cap(d.quads)) + 4*(cap(d.index.at)+len(d.kept.index)) + 96*cap(d.first)
}

// Blank returns a new blank node.
func (d *Dataset) Blank() Term {
	d.blank++
	return blankBit | Term(d.blank-1)
}

// Named returns the blank node of a name: the same for the same name.
func (d *Dataset) Named(name string) Term {
	t, ok := d.named[name]
	if !ok {
		if d.named == nil {
			d.named = map[string]Term{}
		}
		t = d.Blank()
		d.named[name] = t
	}
	return t
}

// IRI returns the term of a well-formed absolute IRI: the same for the same.
func (d *Dataset) IRI(iri string) Term {
	s := d.write(iri)
	if t := d.find(s); t != 0 {
		d.text = d.text[:s.start-1]
		return t
	}
	t := d.enter(s)
	d.index.add(s.hash, uint32(t), d.terms)
	return t
}

// Reference is IRI for one that nothing is said of here: its term may stand as
// object only. Like those of Literal, each call makes a term.
func (d *Dataset) Reference(iri string) Term {
	start := d.begin(" <")
	d.text = append(append(d.text, iri...), "> .\n"...)
	return d.enter(span{start: start, end: uint32(len(d.text) - len(lineEnd)), hash: notIndexed})
}

// write writes an IRI, and tells where it stands.
func (d *Dataset) write(iri string) span {
	start := d.begin(" <")
	d.text = append(append(d.text, iri...), "> .\n"...)
	end := uint32(len(d.text) - len(lineEnd))
	return span{start, end, uint32(maphash.Bytes(d.seed, d.text[start:end])) | 1}
}

// Keep is IRI for one that many documents have. After the next Reset its term
// IsKept, and stays the same over every Reset from then on; but not where too many
// are kept already.
func (d *Dataset) Keep(iri string) Term {
	t := d.IRI(iri)
	if !d.IsKept(t) && max(1, d.kept.terms)+len(d.wanted) <= maxVocabulary {
		d.wanted = append(d.wanted, t)
	}
	return t
}

// IsKept reports whether a term stays the same over Reset.
func (d *Dataset) IsKept(t Term) bool { return int(t) < d.kept.terms }

// promote makes what is wanted part of the vocabulary.
func (d *Dataset) promote() {
	slices.Sort(d.wanted)
	k := &d.kept
	k.terms = max(1, k.terms)
	for _, t := range slices.Compact(d.wanted) { // each stands after what is kept, and after those before it
		s := d.terms[t]
		n := copy(d.text[k.text:], d.text[s.start-1:int(s.end)+len(lineEnd)])
		start := uint32(k.text + 1)
		d.terms[k.terms] = span{start, start + s.end - s.start, s.hash}
		k.text += n
		k.terms++
	}
	d.wanted = d.wanted[:0]
	d.terms = d.terms[:k.terms]
	d.index = table{at: make([]uint32, smallTable)}
	for n := 1; n < k.terms; n++ {
		d.index.add(d.terms[n].hash, uint32(n), d.terms[:n+1])
	}
	d.index.grow(d.terms) // so that a document's own have room as well
	k.index = slices.Clone(d.index.at)
	d.rankKept()
}

// rankKept puts all that is kept in order.
func (d *Dataset) rankKept() {
	order := make([]Term, d.kept.terms)
	for i := range order {
		order[i] = Term(i)
	}
	slices.SortFunc(order, func(a, b Term) int { return bytes.Compare(d.textOf(a), d.textOf(b)) })
	d.kept.rank = make([]uint32, len(order))
	for place, t := range order {
		d.kept.rank[t] = uint32(place)
	}
}

// XSD datatypes that N-Quads leave unwritten, and those of numbers and truth.
const (
	xsd       = "http://www.w3.org/2001/XMLSchema#"
	XSDString = xsd + "string"
)

// Literal returns the term of a literal with a datatype, an absolute IRI; an
// empty one means XSDString. Each call makes a term: equal literals are told by
// their texts, where two statements are compared.
func (d *Dataset) Literal(lexical, datatype string) Term {
	start := d.begin(` "`)
	d.quote(lexical)
	if datatype == "" || datatype == XSDString {
		d.text = append(d.text, '"')
		return d.end(start)
	}
	d.text = append(d.text, `"^^<`...)
	d.text = append(append(d.text, datatype...), '>')
	return d.end(start)
}

// Typed is Literal with the term of a datatype in its place; the zero Term means
// XSDString, whose own may not stand there.
func (d *Dataset) Typed(lexical string, datatype Term) Term {
	start := d.begin(` "`)
	d.quote(lexical)
	if datatype != 0 { // its text is followed by the end of a line as well
		s := &d.terms[datatype]
		end := uint32(len(d.text)) + 3 + s.end - s.start
		d.text = append(append(d.text, `"^^`...), d.text[s.start:s.end+uint32(len(lineEnd))]...)
		return d.enter(span{start: start, end: end, hash: notIndexed})
	}
	end := uint32(len(d.text)) + 1
	d.text = append(d.text, "\" .\n"...)
	return d.enter(span{start: start, end: end, hash: notIndexed})
}

// LanguageString returns the term of a string in a language; see Literal.
func (d *Dataset) LanguageString(lexical, language string) Term {
	start := d.begin(` "`)
	d.quote(lexical)
	d.text = append(d.text, `"@`...)
	d.text = append(d.text, language...)
	return d.end(start)
}

// begin begins a term, with a blank before it, and returns where its text starts.
func (d *Dataset) begin(s string) uint32 {
	if len(d.terms) == 0 {
		if d.seed == (maphash.Seed{}) {
			d.seed = maphash.MakeSeed()
		}
		d.terms = append(d.terms, span{}) // the zero Term
	}
	start := uint32(len(d.text) + 1)
	d.text = append(d.text, s...)
	return start
}

// end makes a term of the text from start on, which cannot be found again.
func (d *Dataset) end(start uint32) Term {
	s := span{start: start, end: uint32(len(d.text)), hash: notIndexed}
	d.text = append(d.text, lineEnd...)
	return d.enter(s)
}

// notIndexed is the hash of what cannot be found again; of a text it is not.
const notIndexed = 0

// find returns the term whose text stands somewhere else as well, or zero.
func (d *Dataset) find(at span) Term {
	text := d.text[at.start:at.end]
	for i := d.index.slot(at.hash); d.index.at[i] != 0; i = d.index.next(i) {
		n := d.index.at[i]
		if s := d.terms[n]; s.hash == at.hash && bytes.Equal(d.text[s.start:s.end], text) {
			return Term(n)
		}
	}
	return 0
}

// enter gives a term its number.
func (d *Dataset) enter(s span) Term {
	d.terms = append(d.terms, s)
	return Term(len(d.terms) - 1)
}

// textOf gives a term that is no blank node as N-Quads write it; of the zero
// Term nothing.
func (d *Dataset) textOf(t Term) []byte {
	s := d.terms[t]
	return d.text[s.start:s.end]
}

// Add adds a quad; one that is there already changes nothing in the end.
func (d *Dataset) Add(q Quad) {
	d.quads = append(d.quads, q)
	d.arranged = false
}

// table is a hash table of terms, with open addressing: what a term stands for is
// its owner's business. Its size is a power of two.
type table struct {
	at   []uint32
	used int
}

const (
	smallTable = 128
	largeTable = 4096 // is given up rather than emptied
)

// reset brings a table back to what it was once: these entries, and so many.
func (t *table) reset(at []uint32, used int) {
	if cap(t.at) > max(largeTable, 4*len(at)) {
		t.at = nil
	}
	if t.used = used; len(at) > 0 {
		t.at = append(t.at[:0], at...)
		return
	}
	clear(t.at)
}

func (t *table) slot(hash uint32) uint32 {
	if len(t.at) == 0 {
		t.at = make([]uint32, smallTable)
	}
	return hash >> 1 & uint32(len(t.at)-1)
}

func (t *table) next(i uint32) uint32 { return (i + 1) & uint32(len(t.at)-1) }

func (t *table) put(hash, n uint32) {
	i := t.slot(hash)
	for t.at[i] != 0 {
		i = t.next(i)
	}
	t.at[i] = n
}

// add puts one more entry, the last of the terms, and where that fills half of
// the table makes it larger.
func (t *table) add(hash, n uint32, terms []span) {
	t.put(hash, n)
	if t.used++; 2*t.used > len(t.at) {
		t.grow(terms)
	}
}

func (t *table) grow(terms []span) {
	t.at = make([]uint32, 2*len(t.at))
	for i, s := range terms {
		if s.hash != notIndexed {
			t.put(s.hash, uint32(i))
		}
	}
}
