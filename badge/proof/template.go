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
	contexts string   // as they are written
	schemes  []string // of each text that is an identifier; "" for literals
	nodes    []node   // the blank nodes
	named    []block  // the statements of which no blank node is the subject, in order for the badge that it was made of

	lines []line // the same as they were read; nil once the rest is made of them
}

// line is one statement. A blank node is a number of template.nodes; -1 is none.
type line struct {
	subject int
	parts   form
	object  int
}

// form is a text with places for values: those of the fields and, behind them,
// the labels of the blank nodes.
type form []part

// part is text, and behind it a value by its number; -1 is none.
type part struct {
	text  string
	value int
}

func (f form) append(b []byte, values []string) []byte {
	for i := range f {
		b = append(b, f[i].text...)
		if n := f[i].value; n >= 0 {
			b = append(b, values[n]...)
		}
	}
	return b
}

// add appends text to what stands behind the last value.
func (f *form) add(text string) {
	if n := len(*f); n > 0 && (*f)[n-1].value < 0 {
		(*f)[n-1].text += text
		return
	}
	*f = append(*f, part{text, -1})
}

// put appends a value.
func (f *form) put(value int) {
	f.add("")
	(*f)[len(*f)-1].value = value
}

// block is a statement, or several one after the other in which nothing varies:
// they keep their order, and as a rule nothing comes between them.
type block struct {
	form  form
	first int // where the first statement ends; 0: there is but one
	last  int // where the last one begins
}

// node is a blank node, and what is hashed to tell it from others (RDFC-1.0
// section 4.6).
type node struct {
	mentions form
	varies   bool
	digest   [sha256.Size]byte // of one that does not vary
	said     []block           // the statements of which it is the subject, ordered as template.named
}

// work is what filling a template needs, kept between badges.
type work struct {
	rest    []byte
	values  []string
	digests [][sha256.Size]byte
	order   []int
	buffer  []byte
	spans   []span
}

// span is a block in the buffer: all of it, and its first and last statement.
type span struct {
	start, end, firstEnd, lastStart int
	block                           int // its number among those written with it
}

// fill returns the hash of the canonical form with these texts, or false where
// only canonicalising tells it.
func (t *template) fill(w *work, texts []string) (sum [sha256.Size]byte, ok bool) {
	if !t.accept(w, texts) || !t.label(w) {
		return sum, false
	}
	// By subject they are in order but for the labels from _:c14n10 on, so that
	// little is left to be sorted.
	w.buffer, w.spans = w.buffer[:0], w.spans[:0]
	w.write(t.named)
	for _, n := range w.order {
		w.write(t.nodes[n].said)
	}
	if !w.sort() {
		return sum, false
	}
	return w.hash(), true
}

// hash is that of all statements in their order. Most stand in the buffer one
// behind the other and are not copied for it.
func (w *work) hash() (sum [sha256.Size]byte) {
	h := sha256.New()
	for from := 0; from < len(w.spans); {
		next := from + 1
		for next < len(w.spans) && w.spans[next].start == w.spans[next-1].end {
			next++
		}
		h.Write(w.buffer[w.spans[from].start:w.spans[next-1].end])
		from = next
	}
	h.Sum(sum[:0])
	return sum
}

// write fills blocks into the buffer.
func (w *work) write(blocks []block) {
	for i := range blocks {
		b, start := &blocks[i], len(w.buffer)
		w.buffer = b.form.append(w.buffer, w.values)
		s := span{start, len(w.buffer), len(w.buffer), start + b.last, i}
		if b.first > 0 {
			s.firstEnd = start + b.first
		}
		w.spans = append(w.spans, s)
	}
}

// accept takes texts that come out as the marks did.
func (t *template) accept(w *work, texts []string) bool {
	if len(texts) != len(t.schemes) {
		return false
	}
	for i, s := range texts {
		if scheme := t.schemes[i]; scheme != "" {
			if end := rdfc.SchemeEnd(s); end < 0 || s[:end] != scheme || !rdfc.WellFormed(s) {
				return false
			}
		} else if !plain(s) {
			return false
		}
	}
	w.values = append(w.values[:0], texts...)
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
	w.digests, w.order = w.digests[:0], w.order[:0]
	for i := range t.nodes {
		n := &t.nodes[i]
		digest := n.digest
		if n.varies {
			w.buffer = n.mentions.append(w.buffer[:0], w.values)
			digest = sha256.Sum256(w.buffer)
		}
		w.digests, w.order = append(w.digests, digest), append(w.order, i)
	}
	compare := func(a, b int) int { return bytes.Compare(w.digests[a][:], w.digests[b][:]) }
	slices.SortFunc(w.order, compare)
	fields := len(w.values)
	w.values = slices.Grow(w.values, len(t.nodes))[:fields+len(t.nodes)]
	for i, n := range w.order {
		if i > 0 && compare(w.order[i-1], n) == 0 {
			return false
		}
		w.values[fields+n] = labelOf(i)
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

// sort puts the blocks in order, which they nearly are. It reports false where
// two statements are equal.
func (w *work) sort() bool {
	if w.ascends() {
		return true
	}
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
	if w.ascends() {
		return true
	}
	w.split()
	slices.SortFunc(w.spans, w.compare)
	return w.ascends()
}

func (w *work) compare(a, b span) int {
	return bytes.Compare(w.buffer[a.start:a.end], w.buffer[b.start:b.end])
}

// ascends tells whether each block begins with a greater statement than the one
// before ends with.
func (w *work) ascends() bool {
	for i := 1; i < len(w.spans); i++ {
		if a, b := &w.spans[i-1], &w.spans[i]; bytes.Compare(w.buffer[a.lastStart:a.end], w.buffer[b.start:b.firstEnd]) >= 0 {
			return false
		}
	}
	return true
}

// split makes a span of each statement: something comes between those of a block.
func (w *work) split() {
	w.spans = w.spans[:0]
	for start := 0; start < len(w.buffer); {
		end := start + bytes.IndexByte(w.buffer[start:], '\n') + 1
		w.spans = append(w.spans, span{start, end, end, start, 0})
		start = end
	}
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
	var parts form
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
func (t *template) token(p *form, token string, m *marks, found []bool) bool {
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
	p.put(number)
	p.add(token[end:])
	return true
}

// arrange finishes a template with the texts of the badge that it is made of,
// or where those do not fit, with its marks.
func (t *template) arrange(texts []string) bool {
	w := &work{}
	if !t.accept(w, texts) {
		return false
	}
	for n := range t.nodes {
		if !t.gather(n) {
			return false
		}
		t.nodes[n].digest = sha256.Sum256(t.nodes[n].mentions.append(nil, w.values))
	}
	t.named = nil // all of them, as long as there is no order
	for i := range t.lines {
		t.named = append(t.named, block{form: t.lines[i].form(t.byNumber)})
	}
	if _, ok := t.fill(w, texts); !ok {
		return false
	}
	inOrder := make([]block, 0, len(w.spans))
	for _, s := range w.spans {
		inOrder = append(inOrder, t.named[s.block])
	}
	blocks := join(inOrder)
	t.lines = nil
	var forms []*form
	for n := range t.nodes {
		if node := &t.nodes[n]; node.varies {
			forms = append(forms, &node.mentions)
		} else {
			node.mentions = nil
		}
	}
	for i := range blocks {
		forms = append(forms, &blocks[i].form)
	}
	compact(forms)
	t.bySubject(blocks)
	return true
}

// bySubject deals the statements out, which are in order: those of one subject
// stand together, and blank nodes behind all others.
func (t *template) bySubject(blocks []block) {
	t.named = blocks
	for end := len(blocks); end > 0; {
		n := t.subject(&blocks[end-1])
		if n < 0 {
			return
		}
		start := end - 1
		for start > 0 && t.subject(&blocks[start-1]) == n {
			start--
		}
		t.nodes[n].said, t.named, end = blocks[start:end], blocks[:start], start
	}
}

// subject is the blank node that a block is about, -1 for a name.
func (t *template) subject(b *block) int {
	if first := b.form[0]; first.text == "" {
		return first.value - len(t.schemes)
	}
	return -1
}

// compact puts the texts of forms side by side, in the order in which they are
// read: since the last badge, all sorts of things have been in the processor's
// caches.
func compact(forms []*form) {
	var all strings.Builder
	size := 0
	for _, f := range forms {
		for _, p := range *f {
			all.WriteString(p.text)
		}
		size += len(*f)
	}
	parts, rest := make(form, 0, size), all.String()
	for _, f := range forms {
		from := len(parts)
		for _, p := range *f {
			parts = append(parts, part{rest[:len(p.text)], p.value})
			rest = rest[len(p.text):]
		}
		*f = parts[from:len(parts):len(parts)]
	}
}

// join makes one block of statements in a row in which nothing varies.
func join(lines []block) []block {
	var joined []block
	for _, b := range lines {
		if n := len(joined); n > 0 && joined[n-1].constant() && b.constant() {
			last, text := &joined[n-1], b.form[0].text
			if last.first == 0 {
				last.first = len(last.form[0].text)
			}
			last.last = len(last.form[0].text)
			last.form = form{{last.form[0].text + text, -1}}
			continue
		}
		joined = append(joined, b)
	}
	return joined
}

func (b *block) constant() bool { return len(b.form) == 1 && b.form[0].value < 0 }

// byNumber writes a blank node as the value that its label will be.
func (t *template) byNumber(f *form, node int) { f.put(len(t.schemes) + node) }

// form writes a statement out, with its blank nodes written by a function.
func (l *line) form(blank func(f *form, node int)) form {
	var f form
	if l.subject >= 0 {
		blank(&f, l.subject)
	}
	for _, p := range l.parts {
		f.add(p.text)
		if p.value >= 0 {
			f.put(p.value)
		}
	}
	if l.object >= 0 {
		blank(&f, l.object)
	}
	f.add(" .\n")
	return f
}

// gather notes what is said of a blank node, as Hash First Degree Quads writes
// it: itself is _:a there and any other _:z. The order of that must not depend
// on texts: what is said by itself differs in its predicates, and it is the
// object of no more than one statement.
func (t *template) gather(n int) bool {
	var found []form
	predicates, objects, once, varies := map[string]bool{}, 0, true, false
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
		found = append(found, l.form(func(f *form, node int) {
			if node == n {
				f.add("_:a")
			} else {
				f.add("_:z")
			}
		}))
		varies = varies || slices.ContainsFunc(l.parts, func(p part) bool { return p.value >= 0 })
	}
	t.nodes[n] = node{mentions: t.inOrder(found), varies: varies}
	return !varies || once && objects <= 1
}

// inOrder puts statements in the order in which they are hashed, into one.
func (t *template) inOrder(lines []form) form {
	fields := make([]string, len(t.schemes))
	slices.SortFunc(lines, func(a, b form) int { return bytes.Compare(a.append(nil, fields), b.append(nil, fields)) })
	var all form
	for _, l := range lines {
		for _, p := range l {
			all.add(p.text)
			if p.value >= 0 {
				all.put(p.value)
			}
		}
	}
	return all
}
