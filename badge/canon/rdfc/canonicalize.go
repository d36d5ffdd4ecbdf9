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

	subjects []subject
	nodes    []blankNode // by number

	// The blank node to quads map, made only where it is needed: the quads that
	// mention blank node n are mentions[starts[n]:starts[n+1]], as indexes.
	mapped   bool
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

	place   []uint32 // by term, see dense
	keys    []uint64
	ordered []Quad
	iris    []uint32 // subjects
}

// Canonicalize appends the dataset in canonical N-Quads to dst (section 4.4,
// with SHA-256 unless hash is crypto.SHA384). The only errors are ErrBudget
// and that of another hash algorithm.
func (d *Dataset) Canonicalize(dst []byte, hash crypto.Hash) ([]byte, error) {
	if hash != 0 && hash != crypto.SHA256 && hash != crypto.SHA384 {
		return dst, fmt.Errorf("rdfc: no canonical form is defined with %v", hash)
	}
	d.arrange()
	d.start(hash)
	d.hashFirstDegree()
	if shared := d.issueUnique(); shared {
		if err := d.issueShared(); err != nil {
			return dst, err
		}
	}
	d.writeLabels()
	return d.serialize(dst), nil
}

// Statements shows each quad that has one of these predicates, which are IRIs, to
// look, after a canonicalisation that succeeded: its subject as that wrote it,
// and the place of its predicate in the list. They come in no fixed order.
func (d *Dataset) Statements(predicates []string, look func(subject []byte, predicate int)) {
	if len(d.quads) == 0 {
		return
	}
	terms := d.termsOf(predicates)
	d.place = zeroed(d.place, len(d.terms))
	for i, t := range terms {
		d.place[t] = uint32(i + 1)
	}
	for i := range d.quads {
		q := &d.quads[i]
		if at := d.place[q.Predicate]; at != 0 {
			look(d.canonical(q.Subject), int(at-1))
		}
	}
}

// termsOf returns the terms of IRIs, and keeps them: whoever asks for some of one
// document asks for the same of the next.
func (d *Dataset) termsOf(iris []string) []Term {
	if slices.Equal(d.asked, iris) {
		return d.askedTerms
	}
	terms, kept := make([]Term, len(iris)), true
	for i, iri := range iris {
		terms[i] = d.Keep(iri)
		kept = kept && d.IsKept(terms[i])
	}
	if kept {
		d.asked, d.askedTerms = slices.Clone(iris), terms
	}
	return terms
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

// start prepares the state for the dataset as it is arranged.
func (d *Dataset) start(hash crypto.Hash) {
	d.algorithm, d.work, d.maxWork = hash, 0, baseWork+workPerQuad*len(d.quads)
	d.mapped = false
	d.issued = zeroed(d.issued, int(d.blank))
	d.order = d.order[:0]
	d.relate()
}

// blankNode is what first-degree hashing has to know of a blank node.
type blankNode struct {
	group   uint32 // 1 + the index of the subject that it is, if it is any
	mention uint32 // 1 + the index of the quad whose object it is
	tangled bool   // there is more to it: see relate
}

// relate notes how each blank node stands in the quads. A tree of nodes, which
// most documents are, mentions a node once. Whatever else there is (nodes
// mentioned more often, by themselves, or in named graphs) is called tangled
// here, and looked up in the blank node to quads map.
func (d *Dataset) relate() {
	d.nodes = zeroed(d.nodes, int(d.blank))
	for i := range d.subjects {
		if t := d.subjects[i].term; t.IsBlank() {
			d.nodes[t.number()].group = uint32(i + 1)
		}
	}
	for i := range d.quads {
		q := &d.quads[i]
		if q.Object.IsBlank() {
			n := &d.nodes[q.Object.number()]
			n.tangled = n.tangled || n.mention != 0 || q.Object == q.Subject
			n.mention = uint32(i + 1)
		}
		if q.Graph != 0 {
			for _, t := range [...]Term{q.Subject, q.Object, q.Graph} {
				if t.IsBlank() {
					d.nodes[t.number()].tangled = true
				}
			}
		}
	}
}

// mapQuads makes the blank node to quads map (section 4.4.3 step 2). A quad that
// mentions a node twice is listed once.
func (d *Dataset) mapQuads() {
	if d.mapped {
		return
	}
	d.mapped = true
	n := int(d.blank)
	d.starts = zeroed(d.starts, n+2)
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
		n := &d.nodes[b]
		if n.group|n.mention == 0 && !n.tangled {
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
	n := &d.nodes[b]
	if n.tangled {
		return d.firstDegreeTangled(b)
	}
	// The quads of the node as they are arranged are in order already; the one
	// that mentions it comes before, if its subject is an IRI, or after.
	out := d.scratch[:0]
	var mention *Quad
	if n.mention != 0 {
		mention = &d.quads[n.mention-1]
	}
	if mention != nil && !mention.Subject.IsBlank() {
		out = d.appendLine(out, d.textOf(mention.Subject), mention, anonymousSelf, nil)
	}
	for _, q := range d.group(n.group) {
		if q.Object.IsBlank() {
			out = d.appendLine(out, anonymousSelf, &q, anonymousOther, nil)
		} else {
			out = d.appendPlain(out, anonymousSelf, &q)
		}
	}
	if mention != nil && mention.Subject.IsBlank() {
		out = d.appendLine(out, anonymousOther, mention, anonymousSelf, nil)
	}
	d.scratch = out
	return d.sum(out)
}

// group gives the quads of a subject, by 1 + its index; none for 0.
func (d *Dataset) group(i uint32) []Quad {
	switch i {
	case 0:
		return nil
	case 1:
		return d.quads[:d.subjects[0].end]
	}
	return d.quads[d.subjects[i-2].end:d.subjects[i-1].end]
}

// appendPlain writes a quad of the default graph whose object is no blank node.
func (d *Dataset) appendPlain(out, subject []byte, q *Quad) []byte {
	p, o := &d.terms[q.Predicate], &d.terms[q.Object]
	out = append(out, subject...)
	out = append(out, d.text[p.start-1:p.end+1]...)
	return append(out, d.text[o.start:int(o.end)+len(lineEnd)]...)
}

// appendLine writes a quad, with these texts for what may be a blank node.
func (d *Dataset) appendLine(out, subject []byte, q *Quad, object, graph []byte) []byte {
	p := &d.terms[q.Predicate]
	out = append(out, subject...)
	out = append(out, d.text[p.start-1:p.end+1]...)
	out = append(out, object...)
	if len(graph) > 0 {
		out = append(append(out, ' '), graph...)
	}
	return append(out, lineEnd...)
}

func (d *Dataset) firstDegreeTangled(b uint32) digest {
	d.mapQuads()
	d.around = d.around[:0]
	for _, i := range d.quadsOf(b) {
		d.around = append(d.around, d.quads[i])
	}
	self := blankBit | Term(b)
	slices.SortFunc(d.around, func(a, b Quad) int { return d.compareAround(self, &a, &b) })
	out := d.scratch[:0]
	for i := range d.around {
		q := &d.around[i]
		out = d.appendLine(out, d.anonymous(self, q.Subject), q, d.anonymous(self, q.Object), d.anonymous(self, q.Graph))
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
// steps): IRIs before blank nodes, and these in the order of their labels.
func (d *Dataset) serialize(dst []byte) []byte {
	d.iris = d.iris[:0]
	for i := range d.subjects {
		if !d.subjects[i].term.IsBlank() {
			d.iris = append(d.iris, uint32(i+1))
		}
	}
	slices.SortFunc(d.iris, func(a, b uint32) int {
		return bytes.Compare(d.textOf(d.subjects[a-1].term), d.textOf(d.subjects[b-1].term))
	})
	for _, i := range d.iris {
		dst = d.appendGroup(dst, d.textOf(d.subjects[i-1].term), d.group(i))
	}
	n := len(d.order)
	for i, k := 0, 0; i < n; i, k = i+1, nextLabel(k, n) {
		if b := d.order[k]; d.nodes[b].group != 0 {
			dst = d.appendGroup(dst, d.canonical(blankBit|Term(b)), d.group(d.nodes[b].group))
		}
	}
	return dst
}

// nextLabel gives the number after k below n, by their decimal digits as text.
func nextLabel(k, n int) int {
	if k == 0 {
		return 1
	}
	if 10*k < n {
		return 10 * k
	}
	for k%10 == 9 || k+1 >= n {
		k /= 10
	}
	return k + 1
}

// appendGroup writes the quads of one subject. As they are arranged they are
// in order, but for what their blank nodes are called.
func (d *Dataset) appendGroup(dst, subject []byte, quads []Quad) []byte {
	ordered := 0
	for i := range quads {
		q := &quads[i]
		if q.Graph == 0 && !q.Object.IsBlank() {
			dst = d.appendPlain(dst, subject, q)
			continue
		}
		if i >= ordered && (q.Object.IsBlank() || q.Graph.IsBlank()) {
			ordered = d.orderNamed(quads, i)
		}
		dst = d.appendLine(dst, subject, q, d.canonical(q.Object), d.canonical(q.Graph))
	}
	return dst
}

// orderNamed puts a quad that has its place by what a blank node is called in
// order with those after it of the same predicate, and returns where they end.
func (d *Dataset) orderNamed(quads []Quad, i int) int {
	end := i + 1
	for end < len(quads) && quads[end].Predicate == quads[i].Predicate {
		end++
	}
	if end > i+1 {
		slices.SortFunc(quads[i:end], func(a, b Quad) int {
			if c := bytes.Compare(d.canonical(a.Object), d.canonical(b.Object)); c != 0 {
				return c
			}
			return bytes.Compare(d.canonical(a.Graph), d.canonical(b.Graph))
		})
	}
	return end
}
