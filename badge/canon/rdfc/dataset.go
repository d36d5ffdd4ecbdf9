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
	"math/rand/v2"
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
	text  []byte // the terms as N-Quads write them, one after another
	terms []span // by Term; blank nodes are not among them
	index table  // terms by their text
	quads []Quad
	known table // quads by their terms
	blank uint32
	named map[string]Term // blank nodes by the names they came with

	seed maphash.Seed
	salt [4]uint64

	canonicalizer
}

// span is a stretch of text and its hash.
type span struct {
	start, end uint32
	hash       uint32
}

// Reset empties the dataset.
func (d *Dataset) Reset() {
	d.text, d.terms, d.quads, d.blank = d.text[:0], d.terms[:0], d.quads[:0], 0
	d.index.reset()
	d.known.reset()
	clear(d.named)
}

// Len returns the number of different quads.
func (d *Dataset) Len() int { return len(d.quads) }

// Size returns the bytes of memory that the dataset holds on to, roughly.
func (d *Dataset) Size() int {
	return cap(d.text) + 16*(cap(d.terms)+3*cap(d.quads)) + 4*(len(d.index.at)+len(d.known.at)) + 64*cap(d.first)
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

// IRI returns the term of a well-formed absolute IRI.
func (d *Dataset) IRI(iri string) Term {
	start := d.begin()
	d.text = append(d.text, '<')
	d.text = append(d.text, iri...)
	d.text = append(d.text, '>')
	return d.intern(start)
}

// XSD datatypes that N-Quads leave unwritten, and those of numbers and truth.
const (
	xsd       = "http://www.w3.org/2001/XMLSchema#"
	XSDString = xsd + "string"
)

// Literal returns the term of a literal with a datatype, an absolute IRI; an
// empty one means XSDString.
func (d *Dataset) Literal(lexical, datatype string) Term {
	start := d.begin()
	d.quote(lexical)
	if datatype != "" && datatype != XSDString {
		d.text = append(d.text, "^^<"...)
		d.text = append(d.text, datatype...)
		d.text = append(d.text, '>')
	}
	return d.intern(start)
}

// LanguageString returns the term of a string in a language.
func (d *Dataset) LanguageString(lexical, language string) Term {
	start := d.begin()
	d.quote(lexical)
	d.text = append(d.text, '@')
	d.text = append(d.text, language...)
	return d.intern(start)
}

// begin returns where the text of the next term starts.
func (d *Dataset) begin() uint32 {
	if len(d.terms) == 0 {
		if d.salt[0] == 0 {
			d.seed = maphash.MakeSeed()
			for i := range d.salt {
				d.salt[i] = rand.Uint64() | 1
			}
		}
		d.terms = append(d.terms, span{}) // the zero Term
	}
	return uint32(len(d.text))
}

// intern gives the text from start on its number, and takes it back where an
// equal text stands already.
func (d *Dataset) intern(start uint32) Term {
	text := d.text[start:]
	hash := uint32(maphash.Bytes(d.seed, text))
	i := d.index.slot(hash)
	for ; d.index.at[i] != 0; i = d.index.next(i) {
		n := d.index.at[i]
		if s := d.terms[n]; s.hash == hash && bytes.Equal(d.text[s.start:s.end], text) {
			d.text = d.text[:start]
			return Term(n)
		}
	}
	n := uint32(len(d.terms))
	d.terms = append(d.terms, span{start, uint32(len(d.text)), hash})
	d.index.at[i] = n
	if d.index.grow() {
		for n, s := range d.terms[1:] {
			d.index.put(s.hash, uint32(n+1))
		}
	}
	return Term(n)
}

// Add adds a quad; one that is there already changes nothing.
func (d *Dataset) Add(q Quad) {
	hash := d.hash(q)
	i := d.known.slot(hash)
	for ; d.known.at[i] != 0; i = d.known.next(i) {
		if d.quads[d.known.at[i]-1] == q {
			return
		}
	}
	d.quads = append(d.quads, q)
	d.known.at[i] = uint32(len(d.quads))
	if d.known.grow() {
		for n, q := range d.quads {
			d.known.put(d.hash(q), uint32(n+1))
		}
	}
}

func (d *Dataset) hash(q Quad) uint32 {
	h := uint64(q.Subject)*d.salt[0] ^ uint64(q.Predicate)*d.salt[1] ^ uint64(q.Object)*d.salt[2] ^ uint64(q.Graph)*d.salt[3]
	return uint32(h >> 32)
}

// table is a hash table of numbers from one up, with open addressing: what a
// number stands for is its owner's business. Its size is a power of two.
type table struct {
	at   []uint32
	used int
}

const smallTable = 512

func (t *table) reset() {
	clear(t.at)
	t.used = 0
}

func (t *table) slot(hash uint32) uint32 {
	if len(t.at) == 0 {
		t.at = make([]uint32, smallTable)
	}
	return hash & uint32(len(t.at)-1)
}

func (t *table) next(i uint32) uint32 { return (i + 1) & uint32(len(t.at)-1) }

func (t *table) put(hash, n uint32) {
	i := t.slot(hash)
	for t.at[i] != 0 {
		i = t.next(i)
	}
	t.at[i] = n
}

// grow counts one more entry, and reports whether it emptied and doubled the
// table, so that all must be put anew.
func (t *table) grow() bool {
	if t.used++; 2*t.used <= len(t.at) {
		return false
	}
	t.at = make([]uint32, 2*len(t.at))
	return true
}
