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

// keptBit marks the IRIs that stay over Reset; the other bits are their number.
const keptBit Term = 1 << 30

// IsKept reports whether the term is one that Keep made to stay.
func (t Term) IsKept() bool { return t&(blankBit|keptBit) == keptBit }

// Quad is one statement. Graph is zero in the default graph.
type Quad struct{ Subject, Predicate, Object, Graph Term }

// Dataset is a set of quads. The zero Dataset is empty and ready for use; it
// keeps its memory over Reset. It is not safe for concurrent use.
//
// The makers of terms trust their caller: what IRI gets must be WellFormed, a
// language must be one of the grammar of BCP 47, texts must be valid UTF-8.
type Dataset struct {
	kept  vocabulary
	text  []byte // the other terms as N-Quads write them, one after another
	terms []span // by Term; blank nodes and kept IRIs are not among them
	index table  // IRIs among them by their text
	quads []Quad
	blank uint32
	named map[string]Term // blank nodes by the names they came with

	// arranged tells that quads are in the order of arrange, each once.
	arranged bool

	seed maphash.Seed

	canonicalizer
}

// vocabulary is what documents have in common: IRIs that stay over Reset, so
// that they are written, hashed and put in order once and not for each.
type vocabulary struct {
	text  []byte   // with a blank before and after each
	terms []span   // by number
	index table    // numbers from one up by their text
	rank  []uint32 // by number: its place in the order of the texts
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
	d.text, d.quads, d.blank, d.arranged = d.text[:0], d.quads[:0], 0, false
	d.terms = d.terms[:min(1, len(d.terms))] // the zero Term stays: a document may have no other of its own
	d.index.reset()
	clear(d.named)
}

// Forget empties the dataset, with all that was kept.
func (d *Dataset) Forget() {
	d.Reset()
	d.kept = vocabulary{}
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
	return cap(d.text) + len(d.kept.text) + 16*(cap(d.terms)+3*cap(d.quads)) + 4*(len(d.index.at)+len(d.kept.index.at)) + 96*cap(d.first)
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
	start := d.begin()
	d.text = append(d.text, '<')
	d.text = append(d.text, iri...)
	d.text = append(d.text, '>')
	return d.intern(start)
}

// Reference is IRI for one that nothing is said of here: its term may stand as
// object only. Like those of Literal, each call makes a term.
func (d *Dataset) Reference(iri string) Term {
	start := d.begin()
	d.text = append(d.text, '<')
	d.text = append(d.text, iri...)
	d.text = append(d.text, '>')
	return d.enter(start, notIndexed)
}

// lookup returns the term of an IRI that the dataset has a term of, made by IRI or
// Keep, or zero.
func (d *Dataset) lookup(iri string) Term {
	start := d.begin()
	d.text = append(append(append(d.text, '<'), iri...), '>')
	text := d.text[start:]
	t := d.find(d.hash(text), text)
	d.text = d.text[:start]
	return t
}

// Keep is IRI for one that many documents have. Its term stays the same over
// Reset if it IsKept; it is not where this document had it before in another
// way, or where too many are kept already.
func (d *Dataset) Keep(iri string) Term {
	start := d.begin()
	d.text = append(append(append(d.text, '<'), iri...), '>')
	text := d.text[start:]
	hash := d.hash(text)
	t := d.find(hash, text)
	switch k := &d.kept; {
	case t != 0:
	case len(k.terms) >= maxVocabulary:
		return d.enter(start, hash)
	default:
		t = k.add(text, hash)
	}
	d.text = d.text[:start]
	return t
}

// add keeps one more IRI.
func (k *vocabulary) add(text []byte, hash uint32) Term {
	k.text = append(k.text, ' ')
	start := uint32(len(k.text))
	k.text = append(append(k.text, text...), ' ')
	k.terms = append(k.terms, span{start, start + uint32(len(text)), hash})
	k.index.add(hash, uint32(len(k.terms)), k.terms)
	k.order()
	return keptBit | Term(len(k.terms)-1)
}

// order ranks all that is kept; it happens as often as something new is met.
func (k *vocabulary) order() {
	numbers := make([]uint32, len(k.terms))
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	slices.SortFunc(numbers, func(a, b uint32) int { return bytes.Compare(k.textOf(a), k.textOf(b)) })
	k.rank = slices.Grow(k.rank[:0], len(numbers))[:len(numbers)]
	for place, n := range numbers {
		k.rank[n] = uint32(place)
	}
}

func (k *vocabulary) textOf(n uint32) []byte {
	s := k.terms[n]
	return k.text[s.start:s.end]
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
	start := d.begin()
	d.quote(lexical)
	if datatype != "" && datatype != XSDString {
		d.text = append(d.text, "^^<"...)
		d.text = append(d.text, datatype...)
		d.text = append(d.text, '>')
	}
	return d.enter(start, notIndexed)
}

// LanguageString returns the term of a string in a language; see Literal.
func (d *Dataset) LanguageString(lexical, language string) Term {
	start := d.begin()
	d.quote(lexical)
	d.text = append(d.text, '@')
	d.text = append(d.text, language...)
	return d.enter(start, notIndexed)
}

// begin returns where the text of the next term starts.
func (d *Dataset) begin() uint32 {
	if len(d.terms) == 0 {
		if d.seed == (maphash.Seed{}) {
			d.seed = maphash.MakeSeed()
		}
		d.terms = append(d.terms, span{}) // the zero Term
	}
	return uint32(len(d.text))
}

// notIndexed is the hash of what cannot be found again; of a text it is not.
const notIndexed = 0

func (d *Dataset) hash(text []byte) uint32 { return uint32(maphash.Bytes(d.seed, text)) | 1 }

// intern gives the text from start on its number, and takes it back where an
// equal text stands already.
func (d *Dataset) intern(start uint32) Term {
	text := d.text[start:]
	hash := d.hash(text)
	if t := d.find(hash, text); t != 0 {
		d.text = d.text[:start]
		return t
	}
	return d.enter(start, hash)
}

// find returns the term of a text, or zero.
func (d *Dataset) find(hash uint32, text []byte) Term {
	k := &d.kept
	for i := k.index.slot(hash); k.index.at[i] != 0; i = k.index.next(i) {
		n := k.index.at[i] - 1
		if k.terms[n].hash == hash && bytes.Equal(k.textOf(n), text) {
			return keptBit | Term(n)
		}
	}
	for i := d.index.slot(hash); d.index.at[i] != 0; i = d.index.next(i) {
		n := d.index.at[i]
		if s := d.terms[n]; s.hash == hash && bytes.Equal(d.text[s.start:s.end], text) {
			return Term(n)
		}
	}
	return 0
}

// enter makes the text from start on a term.
func (d *Dataset) enter(start, hash uint32) Term {
	n := uint32(len(d.terms))
	d.terms = append(d.terms, span{start, uint32(len(d.text)), hash})
	if hash != notIndexed {
		d.index.add(hash, n, d.terms)
	}
	return Term(n)
}

// textOf gives a term that is no blank node as N-Quads write it; of the zero
// Term nothing.
func (d *Dataset) textOf(t Term) []byte {
	if t&keptBit != 0 {
		return d.kept.textOf(uint32(t &^ keptBit))
	}
	s := d.terms[t]
	return d.text[s.start:s.end]
}

// Add adds a quad; one that is there already changes nothing in the end.
func (d *Dataset) Add(q Quad) {
	d.quads = append(d.quads, q)
	d.arranged = false
}

// table is a hash table of numbers from one up, with open addressing: what a
// number stands for is its owner's business. Its size is a power of two.
type table struct {
	at   []uint32
	used int
}

const (
	smallTable = 128
	largeTable = 1024 // is given up rather than emptied
)

func (t *table) reset() {
	if t.used == 0 {
		return
	}
	if t.used = 0; len(t.at) > largeTable {
		t.at = nil
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

// add puts one more entry, and where that fills half of the table makes it
// larger. Terms are all entries by number; those of a vocabulary begin with
// the number one, the zero Term is none.
func (t *table) add(hash, n uint32, terms []span) {
	t.put(hash, n)
	if t.used++; 2*t.used <= len(t.at) {
		return
	}
	t.at = make([]uint32, 2*len(t.at))
	first := n + 1 - uint32(len(terms)) // 0 or 1
	for i, s := range terms {
		if s.hash != notIndexed {
			t.put(s.hash, uint32(i)+first)
		}
	}
}
