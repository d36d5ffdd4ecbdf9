package proof

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"laurel/badge/canon"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// template is the canonical form of badges that differ in some texts only. It
// is made by canonicalising one of them with marks in place of the texts. Each
// mark must come out as a whole identifier or a whole literal; then the text
// that stands in its place in another badge comes out there as well, since what
// JSON-LD makes of a value depends on the value alone by its scheme and by the
// characters that N-Quads escape, which fill looks at.
//
// What depends on the texts beyond that is done for each badge as RDFC-1.0
// says: blank nodes get their labels in the order of the hashes of what is said
// of them (section 4.6), and the statements are put in order. Wherever two
// blank nodes or two statements would be alike, the template is not used.
type template struct {
	contexts string // as they are written
	lines    []line
	sequence []int    // the lines in order, for the badge that it was made of
	nodes    []node   // the blank nodes
	schemes  []string // of each text that is an identifier; "" for literals
}

// line is one statement. A blank node is a number of template.nodes; -1 is none.
type line struct {
	subject int
	parts   []part
	object  int
}

// part is text, and behind it the text of a field; -1 is none.
type part struct {
	text  string
	field int
}

// node is a blank node and the statements that mention it, in the order of
// Hash First Degree Quads.
type node struct {
	lines  []int
	varies bool
	digest [sha256.Size]byte // of one that does not vary
}

// work is what filling a template needs, kept between badges.
type work struct {
	rest   []byte
	texts  []string
	nodes  []node // digest only
	order  []int
	labels []string
	buffer []byte
	out    []byte
	spans  []span
}

// span is a line in the buffer.
type span struct{ start, end, line int }

// fill returns the hash of the canonical form with these texts, or false where
// only canonicalising tells it.
func (t *template) fill(w *work, texts []string) (sum [sha256.Size]byte, ok bool) {
	if !t.accept(w, texts) || !t.label(w) {
		return sum, false
	}
	w.buffer, w.spans = w.buffer[:0], w.spans[:0]
	for _, i := range t.sequence {
		start := len(w.buffer)
		w.buffer = t.lines[i].append(w.buffer, w.texts, w.labels)
		w.spans = append(w.spans, span{start, len(w.buffer), i})
	}
	if !w.sort() {
		return sum, false
	}
	w.out = w.out[:0]
	for _, s := range w.spans {
		w.out = append(w.out, w.buffer[s.start:s.end]...)
	}
	return sha256.Sum256(w.out), true
}

// accept takes texts that come out as the marks did.
func (t *template) accept(w *work, texts []string) bool {
	if len(texts) != len(t.schemes) {
		return false
	}
	w.texts = w.texts[:0]
	for i, s := range texts {
		if scheme := t.schemes[i]; scheme != "" {
			if end := rdfc.SchemeEnd(s); end < 0 || s[:end] != scheme || !rdfc.WellFormed(s) {
				return false
			}
		} else if !plain(s) {
			return false
		}
		w.texts = append(w.texts, s)
	}
	return true
}

// plain tells whether a literal is written as it stands. U+FFFE and U+FFFF are
// not, and with them nothing that begins with the same byte.
func plain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == 0x7f, c == 0xef:
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s)
}

// label gives the blank nodes their labels (RDFC-1.0 section 4.4.3 step 4), or
// reports false where their hashes do not tell them apart.
func (t *template) label(w *work) bool {
	w.nodes = append(w.nodes[:0], t.nodes...)
	w.order, w.labels = w.order[:0], append(w.labels[:0], make([]string, len(t.nodes))...)
	for n := range w.nodes {
		if w.nodes[n].varies {
			w.nodes[n].digest = t.firstDegree(w, n)
		}
		w.order = append(w.order, n)
	}
	compare := func(a, b int) int { return bytes.Compare(w.nodes[a].digest[:], w.nodes[b].digest[:]) }
	slices.SortFunc(w.order, compare)
	for i, n := range w.order {
		if i > 0 && compare(w.order[i-1], n) == 0 {
			return false
		}
		w.labels[n] = labelOf(i)
	}
	return true
}

var labels = [...]string{"_:c14n0", "_:c14n1", "_:c14n2", "_:c14n3", "_:c14n4", "_:c14n5", "_:c14n6", "_:c14n7",
	"_:c14n8", "_:c14n9", "_:c14n10", "_:c14n11", "_:c14n12", "_:c14n13", "_:c14n14", "_:c14n15"}

func labelOf(i int) string {
	if i < len(labels) {
		return labels[i]
	}
	return "_:c14n" + strconv.Itoa(i)
}

// firstDegree is the hash of what is said of a blank node: itself is written
// _:a there and any other _:z.
func (t *template) firstDegree(w *work, n int) [sha256.Size]byte {
	if cap(w.labels) < len(t.nodes) {
		w.labels = make([]string, len(t.nodes))
	}
	w.labels = w.labels[:len(t.nodes)]
	for i := range w.labels {
		w.labels[i] = "_:z"
	}
	w.labels[n] = "_:a"
	w.buffer = w.buffer[:0]
	for _, i := range t.nodes[n].lines {
		w.buffer = t.lines[i].append(w.buffer, w.texts, w.labels)
	}
	return sha256.Sum256(w.buffer)
}

func (l *line) append(b []byte, texts, labels []string) []byte {
	if l.subject >= 0 {
		b = append(b, labels[l.subject]...)
	}
	for _, p := range l.parts {
		b = append(b, p.text...)
		if p.field >= 0 {
			b = append(b, texts[p.field]...)
		}
	}
	if l.object >= 0 {
		b = append(b, labels[l.object]...)
	}
	return append(b, " .\n"...)
}

// sort puts the lines in order, which they nearly are. It reports false where
// two are equal.
func (w *work) sort() bool {
	moves := 8 * len(w.spans)
	for i := 1; i < len(w.spans) && moves > 0; i++ {
		for j := i; j > 0 && w.compare(w.spans[j-1], w.spans[j]) > 0; j-- {
			w.spans[j-1], w.spans[j] = w.spans[j], w.spans[j-1]
			moves--
		}
	}
	if moves <= 0 { // more than a few changed places
		slices.SortFunc(w.spans, w.compare)
	}
	for i := 1; i < len(w.spans); i++ {
		if a, b := w.spans[i-1], w.spans[i]; a.end-a.start == b.end-b.start && w.compare(a, b) == 0 {
			return false
		}
	}
	return true
}

func (w *work) compare(a, b span) int {
	return bytes.Compare(w.buffer[a.start:a.end], w.buffer[b.start:b.end])
}

// newTemplate makes the template of a badge that was split into its texts and
// the rest, nil where it can have none.
func newTemplate(c *canon.Canonicalizer, rest []byte, texts []string) *template {
	marks := newMarks(rest, texts)
	if marks == nil {
		return nil
	}
	marked, err := strictjson.Parse(marks.fill(rest), strictjson.Limits{})
	if err != nil {
		return nil
	}
	form, err := c.Canonicalize(canon.Input{Node: marked})
	if err != nil {
		return nil
	}
	t := &template{contexts: strings.Clone(marked.Get("@context").Raw()), schemes: make([]string, len(texts))}
	found := make([]bool, len(texts))
	for text := range strings.Lines(string(form)) {
		if !t.read(strings.TrimSuffix(text, " .\n"), marks, found) {
			return nil
		}
	}
	if slices.Contains(found, false) {
		return nil
	}
	if !t.arrange(texts) && !t.arrange(marks.texts) {
		return nil
	}
	return t
}

// marks stand for the texts. They hold a number that nobody can know, so that
// no badge holds one already.
type marks struct {
	secret string
	texts  []string
	number map[string]int
}

func newMarks(rest []byte, texts []string) *marks {
	m := &marks{secret: strings.ToLower(rand.Text()), number: map[string]int{}}
	if bytes.Contains(rest, []byte(m.secret)) {
		return nil
	}
	for i, s := range texts {
		mark := m.secret + "-" + strconv.Itoa(i)
		if rdfc.WellFormed(s) {
			mark = s[:rdfc.SchemeEnd(s)+1] + mark
		}
		m.texts = append(m.texts, mark)
		m.number[mark] = i
	}
	return m
}

// fill puts the marks where the texts stood.
func (m *marks) fill(rest []byte) []byte {
	var b []byte
	for i, piece := range bytes.Split(rest, []byte{0}) {
		if i > 0 {
			b = append(b, m.texts[i-1]...)
		}
		b = append(b, piece...)
	}
	return b
}

// read adds a statement, or reports false where it is none of the default graph
// or a mark is only a part of something.
func (t *template) read(text string, m *marks, found []bool) bool {
	subject, rest, _ := strings.Cut(text, " ")
	predicate, object, ok := strings.Cut(rest, " ")
	if !ok || strings.Contains(predicate, m.secret) || !whole(object) {
		return false
	}
	l := line{subject: -1, object: -1}
	var parts parts
	if strings.HasPrefix(subject, "_:") {
		l.subject = t.blank(subject)
	} else if !t.token(&parts, subject, m, found) {
		return false
	}
	parts.add(" " + predicate + " ")
	if strings.HasPrefix(object, "_:") {
		l.object = t.blank(object)
	} else if !t.token(&parts, object, m, found) {
		return false
	}
	l.parts = parts
	t.lines = append(t.lines, l)
	return l.subject < 0 || l.subject != l.object
}

// whole tells whether an object is followed by no graph.
func whole(object string) bool {
	if strings.HasPrefix(object, `"`) {
		tail := object[strings.LastIndexByte(object, '"')+1:] // no graph holds a quotation mark
		return len(object) > 1 && !strings.Contains(tail, " ")
	}
	return !strings.Contains(object, " ")
}

// blank is the number of a blank node.
func (t *template) blank(label string) int {
	n, err := strconv.Atoi(strings.TrimPrefix(label, "_:c14n"))
	if err != nil {
		return -1 // which no canonical form has
	}
	for len(t.nodes) <= n {
		t.nodes = append(t.nodes, node{})
	}
	return n
}

// token adds an identifier or a literal.
func (t *template) token(p *parts, token string, m *marks, found []bool) bool {
	at := strings.Index(token, m.secret)
	if at < 0 {
		p.add(token)
		return true
	}
	end := strings.IndexAny(token[at:], `>"`)
	if end < 0 {
		return false
	}
	end += at
	number, ok := m.number[token[1:end]]
	if !ok || strings.Contains(token[end:], m.secret) || (token[0] == '<') != (token[end] == '>') {
		return false
	}
	if token[0] == '<' {
		t.schemes[number] = token[1 : 1+rdfc.SchemeEnd(token[1:end])]
	}
	found[number] = true
	p.add(token[:1])
	(*p)[len(*p)-1].field = number
	p.add(token[end:])
	return true
}

type parts []part

// add appends text to what stands behind the last field.
func (p *parts) add(text string) {
	if n := len(*p); n > 0 && (*p)[n-1].field < 0 {
		(*p)[n-1].text += text
		return
	}
	*p = append(*p, part{text, -1})
}

// arrange finishes a template with the texts of the badge that it is made of,
// or where those do not fit, with its marks.
func (t *template) arrange(texts []string) bool {
	w := &work{}
	if !t.accept(w, texts) {
		return false
	}
	t.sequence = make([]int, len(t.lines))
	for i := range t.lines {
		t.sequence[i] = i
	}
	for n := range t.nodes {
		if !t.mentions(n) {
			return false
		}
		t.nodes[n].digest = t.firstDegree(w, n)
	}
	if _, ok := t.fill(w, texts); !ok {
		return false
	}
	for i, s := range w.spans {
		t.sequence[i] = s.line
	}
	return true
}

// mentions gathers what is said of a blank node. The order of that must not
// depend on texts: what is said by itself differs in its predicates, and it is
// the object of no more than one statement.
func (t *template) mentions(n int) bool {
	d, predicates, objects, once := &t.nodes[n], map[string]bool{}, 0, true
	d.lines = nil
	for i := range t.lines {
		l := &t.lines[i]
		switch n {
		case l.subject:
			predicate, _, _ := strings.Cut(l.parts[0].text[1:], " ")
			once = once && !predicates[predicate]
			predicates[predicate] = true
		case l.object:
			objects++
		default:
			continue
		}
		d.lines = append(d.lines, i)
		d.varies = d.varies || slices.ContainsFunc(l.parts, func(p part) bool { return p.field >= 0 })
	}
	t.putInOrder(d, n)
	return !d.varies || once && objects <= 1
}

// putInOrder sorts what is said of a blank node as its hash wants it.
func (t *template) putInOrder(d *node, n int) {
	names := make([]string, len(t.nodes))
	for i := range names {
		names[i] = "_:z"
	}
	names[n] = "_:a"
	fields := make([]string, len(t.schemes))
	slices.SortFunc(d.lines, func(a, b int) int {
		return bytes.Compare(t.lines[a].append(nil, fields, names), t.lines[b].append(nil, fields, names))
	})
}
