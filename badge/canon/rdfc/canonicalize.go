package rdfc

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
)

// ErrBudget: the blank nodes of a dataset look so much alike that telling them
// apart would cost more work than one canonicalisation is allowed.
var ErrBudget = errors.New("rdfc: the blank nodes look too much alike for the work allowed")

// The budget of one canonicalisation, in steps of Hash N-Degree Quads: each
// node hashed, each quad looked at and each node of each order tried is a step,
// of about a microsecond. Nodes that merely look alike, however many, cost a few
// steps for each quad; the rest is for tangles. The hardest of the W3C tests
// that must succeed takes 6,708 steps, and a clique of nine nodes as many as one
// lets it have.
const (
	baseWork    = 8_000
	workPerQuad = 4
)

// digest is a hash of whichever algorithm; shorter ones end in zeros. Digests
// compare as their hexadecimal texts do.
type digest [sha512.Size384]byte

// canonicalizer is the canonicalisation state (section 4.3) of its dataset.
type canonicalizer struct {
	algorithm crypto.Hash

	// The blank node to quads map: the quads that mention blank node n are
	// mentions[starts[n]:starts[n+1]], as indexes.
	starts   []uint32
	mentions []uint32

	first  []digest // Hash First Degree Quads of each blank node
	byHash []uint32 // blank nodes in the order of those hashes
	issued []uint32 // blank node -> 1 + number of its canonical identifier
	order  []uint32 // the blank nodes in the order of issue
	labels []byte   // "_:c14n0_:c14n1…"
	label  []span   // by number

	work, maxWork int

	around  []Quad // quads of one blank node
	scratch []byte // what is hashed next

	count    []uint32
	subjects []subject
	ordered  []Quad
}

// Canonicalize appends the dataset in canonical N-Quads to dst (section 4.4,
// with SHA-256 unless hash is crypto.SHA384). The only errors are ErrBudget
// and that of another hash algorithm.
func (d *Dataset) Canonicalize(dst []byte, hash crypto.Hash) ([]byte, error) {
	if hash != 0 && hash != crypto.SHA256 && hash != crypto.SHA384 {
		return dst, fmt.Errorf("rdfc: no canonical form is defined with %v", hash)
	}
	d.start(hash)
	d.hashFirstDegree()
	shared := d.issueUnique()
	if shared {
		if err := d.issueShared(); err != nil {
			return dst, err
		}
	}
	d.writeLabels()
	return d.serialize(dst), nil
}

// Label returns the identifier that a canonicalisation issued for a blank
// node, without "_:", or "" if it issued none.
func (d *Dataset) Label(t Term) string {
	if !t.IsBlank() || int(t.number()) >= len(d.issued) || d.issued[t.number()] == 0 {
		return ""
	}
	return "c14n" + strconv.Itoa(int(d.issued[t.number()])-1)
}

// Labels yields the names that blank nodes came with, and their identifiers:
// the issued identifiers map (section 4.4, last step), in no fixed order.
func (d *Dataset) Labels() iter.Seq2[string, string] {
	return func(yield func(name, label string) bool) {
		for name, t := range d.named {
			if l := d.Label(t); l != "" && !yield(name, l) {
				return
			}
		}
	}
}

// start makes the blank node to quads map (section 4.4.3 step 2). A quad that
// mentions a node twice is listed once.
func (d *Dataset) start(hash crypto.Hash) {
	d.algorithm, d.work, d.maxWork = hash, 0, baseWork+workPerQuad*len(d.quads)
	n := int(d.blank)
	d.starts = zeroed(d.starts, n+2)
	d.issued = zeroed(d.issued, n)
	d.order = d.order[:0]
	for i := range d.quads {
		for _, b := range d.quads[i].blanks() {
			d.starts[b.number()+2]++
		}
	}
	for i := 2; i < len(d.starts); i++ {
		d.starts[i] += d.starts[i-1]
	}
	d.mentions = zeroed(d.mentions, int(d.starts[n+1]))
	for i := range d.quads {
		for _, b := range d.quads[i].blanks() {
			at := &d.starts[b.number()+1]
			d.mentions[*at] = uint32(i)
			*at++
		}
	}
}

// zeroed returns a slice of n zeros, in the memory of s where that suffices.
func zeroed[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	s = s[:n]
	clear(s)
	return s
}

// blanks returns the different blank nodes of a quad.
func (q *Quad) blanks() []Term {
	var b [3]Term
	found := b[:0]
	for _, t := range [...]Term{q.Subject, q.Object, q.Graph} {
		if t.IsBlank() && !slices.Contains(found, t) {
			found = append(found, t)
		}
	}
	return found
}

func (d *Dataset) quadsOf(b uint32) []uint32 {
	return d.mentions[d.starts[b]:d.starts[b+1]]
}

// hashFirstDegree runs Hash First Degree Quads (section 4.6) for every node.
func (d *Dataset) hashFirstDegree() {
	d.first = zeroed(d.first, int(d.blank))
	d.byHash = d.byHash[:0]
	for b := range d.blank {
		if len(d.quadsOf(b)) == 0 {
			continue // named, but in no quad
		}
		d.first[b] = d.firstDegree(b)
		d.byHash = append(d.byHash, b)
	}
	slices.SortFunc(d.byHash, func(a, b uint32) int { return bytes.Compare(d.first[a][:], d.first[b][:]) })
}

// firstDegree hashes the quads around a node, itself written _:a and every
// other blank node _:z, in order.
func (d *Dataset) firstDegree(b uint32) digest {
	d.around = d.around[:0]
	for _, i := range d.quadsOf(b) {
		d.around = append(d.around, d.quads[i])
	}
	self := blankBit | Term(b)
	slices.SortFunc(d.around, func(a, b Quad) int { return d.compareAround(self, &a, &b) })
	out := d.scratch[:0]
	for i := range d.around {
		q := &d.around[i]
		out = append(append(out, d.anonymous(self, q.Subject)...), ' ')
		out = append(append(out, d.textOf(q.Predicate)...), ' ')
		out = append(append(out, d.anonymous(self, q.Object)...), ' ')
		if q.Graph != 0 {
			out = append(append(out, d.anonymous(self, q.Graph)...), ' ')
		}
		out = append(out, '.', '\n')
	}
	d.scratch = out
	return d.sum(out)
}

func (d *Dataset) compareAround(self Term, a, b *Quad) int {
	if a.Subject != b.Subject {
		if c := bytes.Compare(d.anonymous(self, a.Subject), d.anonymous(self, b.Subject)); c != 0 {
			return c
		}
	}
	if a.Predicate != b.Predicate {
		return bytes.Compare(d.textOf(a.Predicate), d.textOf(b.Predicate))
	}
	if c := bytes.Compare(d.anonymous(self, a.Object), d.anonymous(self, b.Object)); c != 0 {
		return c
	}
	return bytes.Compare(d.anonymous(self, a.Graph), d.anonymous(self, b.Graph))
}

// anonymous gives a term as Hash First Degree Quads of a node writes it.
func (d *Dataset) anonymous(self, t Term) []byte {
	switch {
	case !t.IsBlank():
		return d.textOf(t)
	case t == self:
		return anonymousSelf
	}
	return anonymousOther
}

var anonymousSelf, anonymousOther = []byte("_:a"), []byte("_:z")

// issueUnique gives the nodes whose hash is theirs alone their identifiers, in
// the order of the hashes (section 4.4.3 step 4), and reports whether others
// are left.
func (d *Dataset) issueUnique() (shared bool) {
	for i, b := range d.byHash {
		before := i > 0 && d.first[d.byHash[i-1]] == d.first[b]
		after := i+1 < len(d.byHash) && d.first[d.byHash[i+1]] == d.first[b]
		if before || after {
			shared = true
			continue
		}
		d.issue(b)
	}
	return shared
}

func (d *Dataset) issue(b uint32) {
	if d.issued[b] == 0 {
		d.order = append(d.order, b)
		d.issued[b] = uint32(len(d.order))
	}
}

func (d *Dataset) sum(data []byte) (out digest) {
	if d.algorithm == crypto.SHA384 {
		return sha512.Sum384(data)
	}
	s := sha256.Sum256(data)
	copy(out[:], s[:])
	return out
}

// hex appends a digest as text.
func (d *Dataset) hex(dst []byte, h *digest) []byte {
	n := sha256.Size
	if d.algorithm == crypto.SHA384 {
		n = sha512.Size384
	}
	for _, b := range h[:n] {
		dst = append(dst, "0123456789abcdef"[b>>4], "0123456789abcdef"[b&0xf])
	}
	return dst
}

func (d *Dataset) textOf(t Term) []byte {
	s := d.terms[t]
	return d.text[s.start:s.end]
}

func (d *Dataset) writeLabels() {
	d.labels, d.label = d.labels[:0], d.label[:0]
	for i := range d.order {
		start := uint32(len(d.labels))
		d.labels = append(d.labels, "_:c14n"...)
		d.labels = strconv.AppendInt(d.labels, int64(i), 10)
		d.label = append(d.label, span{start: start, end: uint32(len(d.labels))})
	}
}

// canonical gives a term as the canonical form writes it.
func (d *Dataset) canonical(t Term) []byte {
	if !t.IsBlank() {
		return d.textOf(t)
	}
	s := d.label[d.issued[t.number()]-1]
	return d.labels[s.start:s.end]
}

// serialize writes the quads in the order of their lines (section 4.4.3, last
// steps).
//
// Lines are ordered as code points, which UTF-8 keeps. Comparing term by term
// comes to the same as comparing lines: a term is followed by a space there, or
// by the full stop where a graph could stand, and no term goes on where another
// ends with a character below these. So subjects are put in order first, each
// once, and then the quads of each.
func (d *Dataset) serialize(dst []byte) []byte {
	d.gather()
	from := uint32(0)
	for i := range d.subjects {
		s := &d.subjects[i]
		quads := d.ordered[from:s.end]
		from = s.end
		slices.SortFunc(quads, func(a, b Quad) int { return d.comparePredicates(&a, &b) })
		for j := range quads {
			q := &quads[j]
			dst = append(append(dst, s.text...), ' ')
			dst = append(append(dst, d.textOf(q.Predicate)...), ' ')
			dst = append(append(dst, d.canonical(q.Object)...), ' ')
			if q.Graph != 0 {
				dst = append(append(dst, d.canonical(q.Graph)...), ' ')
			}
			dst = append(dst, '.', '\n')
		}
	}
	return dst
}

// subject is one subject of the dataset and where its quads end in ordered.
type subject struct {
	term Term
	text []byte
	end  uint32
}

// gather orders the subjects, and the quads by them.
func (d *Dataset) gather() {
	// count is by term: how many quads it is the subject of, then where the
	// next of them goes.
	d.count = zeroed(d.count, len(d.terms)+int(d.blank))
	d.subjects = d.subjects[:0]
	for i := range d.quads {
		t := d.quads[i].Subject
		at := &d.count[d.dense(t)]
		if *at++; *at == 1 {
			d.subjects = append(d.subjects, subject{term: t, text: d.canonical(t)})
		}
	}
	slices.SortFunc(d.subjects, func(a, b subject) int { return bytes.Compare(a.text, b.text) })
	end := uint32(0)
	for i := range d.subjects {
		at := &d.count[d.dense(d.subjects[i].term)]
		end, *at = end+*at, end
		d.subjects[i].end = end
	}
	d.ordered = zeroed(d.ordered, len(d.quads))
	for _, q := range d.quads {
		at := &d.count[d.dense(q.Subject)]
		d.ordered[*at] = q
		*at++
	}
}

// dense numbers all terms from zero on, blank nodes last.
func (d *Dataset) dense(t Term) int {
	if t.IsBlank() {
		return len(d.terms) + int(t.number())
	}
	return int(t)
}

// comparePredicates orders quads of one subject.
func (d *Dataset) comparePredicates(a, b *Quad) int {
	if a.Predicate != b.Predicate {
		return bytes.Compare(d.textOf(a.Predicate), d.textOf(b.Predicate))
	}
	if c := bytes.Compare(d.canonical(a.Object), d.canonical(b.Object)); c != 0 {
		return c
	}
	return bytes.Compare(d.canonical(a.Graph), d.canonical(b.Graph))
}
