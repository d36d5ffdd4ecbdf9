package strictjson

import (
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads one JSON text (RFC 8259). The bytes are copied, so the caller
// may change them afterwards. Every error is an *Error.
func Parse(raw []byte, lim Limits) (Value, error) {
	p := &parser{lim: lim.withDefaults()}
	if len(raw) > p.lim.Bytes {
		return Value{}, &Error{Reason: TooLarge, Offset: p.lim.Bytes,
			Detail: "the document has more than " + strconv.Itoa(p.lim.Bytes) + " bytes"}
	}
	p.src = string(raw)
	if at := invalidUTF8(p.src); at >= 0 {
		return Value{}, &Error{Reason: Encoding, Offset: at, Detail: "this byte is not UTF-8"}
	}
	// One node for about sixteen bytes is typical of credentials; the guess only
	// saves growing.
	p.nodes = make([]node, 0, len(raw)/16+8)
	at, err := p.value(space(p.src, 0), 0)
	if err != nil {
		return Value{}, p.locate(err)
	}
	if at = space(p.src, at); at != len(p.src) {
		return Value{}, p.locate(fail(at, Syntax, "there is more after the end of the value"))
	}
	return Value{t: &p.tree}, nil
}

func (l Limits) withDefaults() Limits {
	if l.Bytes == 0 {
		l.Bytes = DefaultBytes
	}
	if l.Depth == 0 {
		l.Depth = DefaultDepth
	}
	if l.Nodes == 0 {
		l.Nodes = DefaultNodes
	}
	l.Nodes = min(l.Nodes, maxNodes)
	return l
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// parser is a tree in the making. What reads a part of the source is told where
// it begins and returns where it ends: a position kept in memory would be
// written and read back at every step.
type parser struct {
	tree
	lim Limits
}

func fail(at int, r Reason, detail string) *Error {
	return &Error{Reason: r, Offset: at, Detail: detail}
}

// space returns where the next byte stands that is no white space.
func space(s string, at int) int {
	for at < len(s) && s[at] <= ' ' && (s[at] == ' ' || s[at] == '\n' || s[at] == '\t' || s[at] == '\r') {
		at++
	}
	return at
}

// room refuses one node too many.
func (p *parser) room(at int) *Error {
	if len(p.nodes) < p.lim.Nodes {
		return nil
	}
	return p.tooMany(at)
}

func (p *parser) tooMany(at int) *Error {
	return fail(at, TooLarge, "the document has more than "+strconv.Itoa(p.lim.Nodes)+" values")
}

// leaf adds a node with nothing within.
func (p *parser) leaf(k Kind, at, end int) {
	p.nodes = append(p.nodes, node{start: uint32(at), end: uint32(end), next: uint32(len(p.nodes) + 1), what: uint32(k) << kindShift})
}

func (p *parser) value(at, depth int) (int, *Error) {
	if at >= len(p.src) {
		return 0, fail(at, Syntax, "the text ends where a value should stand")
	}
	switch c := p.src[at]; c {
	case '"':
		text, end, err := p.quoted(at, String)
		if strings.HasPrefix(text, "_:") {
			p.facts.BlankTexts = true
		}
		return end, err
	case '{':
		return p.object(at, depth+1)
	case '[':
		return p.array(at, depth+1)
	case 't':
		return p.literal(at, "true", True)
	case 'f':
		return p.literal(at, "false", False)
	case 'n':
		p.facts.Nulls = true
		return p.literal(at, "null", Null)
	default:
		if c == '-' || c-'0' <= 9 {
			return p.number(at)
		}
		if strings.HasPrefix(p.src[at:], "\ufeff") {
			return 0, fail(at, Encoding, "a byte order mark stands here; JSON has none")
		}
		return 0, fail(at, Syntax, "no JSON value begins with this character")
	}
}

func (p *parser) literal(at int, word string, k Kind) (int, *Error) {
	if !strings.HasPrefix(p.src[at:], word) {
		return 0, fail(at, Syntax, "no JSON value begins like this; was "+word+" meant?")
	}
	if err := p.room(at); err != nil {
		return 0, err
	}
	p.leaf(k, at, at+len(word))
	return at + len(word), nil
}

// enter begins a container, whose node has no end until leave gives it one.
func (p *parser) enter(k Kind, at, depth int) *Error {
	if depth > p.lim.Depth {
		return fail(at, TooDeep, "values are nested deeper than "+strconv.Itoa(p.lim.Depth))
	}
	if err := p.room(at); err != nil {
		return err
	}
	p.facts.Depth = max(p.facts.Depth, depth)
	p.nodes = append(p.nodes, node{start: uint32(at), what: uint32(k) << kindShift})
	return nil
}

// leave ends a container of n members or elements.
func (p *parser) leave(i, n, end int) {
	c := &p.nodes[i]
	c.end, c.next, c.what = uint32(end), uint32(len(p.nodes)), c.what+uint32(n)
}

// more steps over what stands behind an entry of a container; it reports whether
// another entry follows there.
func (p *parser) more(at int, end byte) (int, bool, *Error) {
	at = space(p.src, at)
	switch {
	case at >= len(p.src):
		return 0, false, fail(at, Syntax, "the text ends inside an array or object")
	case p.src[at] == ',':
		return space(p.src, at+1), true, nil
	case p.src[at] == end:
		return at + 1, false, nil
	}
	return 0, false, fail(at, Syntax, "a comma or the closing bracket is missing")
}

func (p *parser) array(at, depth int) (int, *Error) {
	i := len(p.nodes)
	if err := p.enter(Array, at, depth); err != nil {
		return 0, err
	}
	at = space(p.src, at+1)
	if at < len(p.src) && p.src[at] == ']' {
		p.facts.EmptyArrays = true
		p.leave(i, 0, at+1)
		return at + 1, nil
	}
	n := 0
	for more := true; more; n++ {
		var err *Error
		if at, err = p.value(at, depth); err != nil {
			return 0, err
		}
		if at, more, err = p.more(at, ']'); err != nil {
			return 0, err
		}
	}
	p.leave(i, n, at)
	return at, nil
}

func (p *parser) object(at, depth int) (int, *Error) {
	i := len(p.nodes)
	if err := p.enter(Object, at, depth); err != nil {
		return 0, err
	}
	at = space(p.src, at+1)
	if at < len(p.src) && p.src[at] == '}' {
		p.leave(i, 0, at+1)
		return at + 1, nil
	}
	seen := repeats{object: uint32(i)}
	for more := true; more; {
		var err *Error
		if at, err = p.member(at, depth, &seen); err != nil {
			return 0, err
		}
		if at, more, err = p.more(at, '}'); err != nil {
			return 0, err
		}
	}
	p.leave(i, seen.n, at)
	return at, nil
}

func (p *parser) member(at, depth int, seen *repeats) (int, *Error) {
	if at >= len(p.src) || p.src[at] != '"' {
		return 0, fail(at, Syntax, "a member name in double quotes is missing")
	}
	key := uint32(len(p.nodes))
	name, end, err := p.quoted(at, memberName)
	if err != nil {
		return 0, err
	}
	if !seen.fresh(name) && seen.repeated(p, key, name) {
		return 0, fail(at, Duplicate, "the member "+strconv.Quote(clip(name, 80))+" stands twice in this object")
	}
	p.facts.mind(name)
	at = space(p.src, end)
	if at >= len(p.src) || p.src[at] != ':' {
		return 0, fail(at, Syntax, "a colon is missing after a member name")
	}
	return p.value(space(p.src, at+1), depth)
}

// repeats finds repeated member names: by looking back in small objects, by a
// set in large ones, so that a large object costs no more than its size.
type repeats struct {
	object uint32
	n      int    // members so far
	seen   uint64 // a bit for each name met, so that most need no looking back
	set    map[string]struct{}
}

// fresh counts a name, and tells of most that were not met before.
func (s *repeats) fresh(name string) bool {
	n := uint(len(name))
	if n > 0 {
		n = 11*n + 7*uint(name[0]) + 3*uint(name[n/2]) + uint(name[n-1])
	}
	before := s.seen
	s.seen |= 1 << (n % 64)
	s.n++
	return s.seen != before && s.n <= lookBack
}

const lookBack = 24

// repeated tells of any name whether it was met before.
func (s *repeats) repeated(p *parser, key uint32, name string) bool {
	if s.n <= lookBack {
		for i := s.object + 1; i < key; i = p.nodes[i+1].next {
			if p.text(i) == name {
				return true
			}
		}
		return false
	}
	if s.set == nil {
		s.set = make(map[string]struct{}, 2*lookBack)
		for i := s.object + 1; i < key; i = p.nodes[i+1].next {
			s.set[p.text(i)] = struct{}{}
		}
	}
	if _, ok := s.set[name]; ok {
		return true
	}
	s.set[name] = struct{}{}
	return false
}

// number follows the grammar of RFC 8259 section 6; the literal is kept as it
// stands, because the value it means differs between readers.
func (p *parser) number(start int) (int, *Error) {
	if err := p.room(start); err != nil {
		return 0, err
	}
	var ok bool
	at := start
	if p.src[at] == '-' {
		at++
	}
	if at < len(p.src) && p.src[at] == '0' {
		at++
	} else if at, ok = p.digits(at); !ok {
		return 0, fail(at, Syntax, "a digit is missing in a number")
	}
	if at < len(p.src) && p.src[at] == '.' {
		if at, ok = p.digits(at + 1); !ok {
			return 0, fail(at, Syntax, "a digit is missing after the decimal point")
		}
	}
	if at < len(p.src) && p.src[at]|0x20 == 'e' {
		p.facts.LongNumbers = true
		at++
		if at < len(p.src) && (p.src[at] == '+' || p.src[at] == '-') {
			at++
		}
		if at, ok = p.digits(at); !ok {
			return 0, fail(at, Syntax, "a digit is missing in an exponent")
		}
	}
	if at-start > shortNumber {
		p.facts.LongNumbers = true
	}
	p.leaf(Number, start, at)
	return at, nil
}

// digits returns where a run of digits ends, and whether there is any.
func (p *parser) digits(at int) (int, bool) {
	from := at
	for at < len(p.src) && p.src[at]-'0' <= 9 {
		at++
	}
	return at, at > from
}

// quoted reads a string, which becomes a node of a kind; one without escapes
// needs no copy.
func (p *parser) quoted(at int, k Kind) (text string, end int, err *Error) {
	if err := p.room(at); err != nil {
		return "", 0, err
	}
	to := plainEnd(p.src, at+1)
	switch {
	case to == len(p.src):
		return "", 0, fail(to, Syntax, "the text ends inside a string")
	case p.src[to] == '"':
		p.leaf(k, at, to+1)
		return p.src[at+1 : to], to + 1, nil
	case p.src[to] == '\\':
		return p.escaped(at, to, k)
	}
	return "", 0, fail(to, Syntax, "a control character stands unescaped in a string")
}

// plainEnd returns where the first byte stands that ends a string or does not
// mean itself in it: a quotation mark, a backslash or a control character. Eight
// bytes are looked at at once: the uppermost bit of a byte is raised where it is
// one of these. Borrowing can raise it in the bytes above one of these as well,
// but never below the first.
func plainEnd(s string, at int) int {
	for at <= len(s)-8 {
		eight := word(s[at:])
		quote, escape := eight^ones*'"', eight^ones*'\\'
		if found := ((quote - ones) | (escape - ones) | (eight - ones*0x20)) &^ eight & tops; found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
		at += 8
	}
	for at < len(s) && s[at] >= 0x20 && s[at] != '"' && s[at] != '\\' {
		at++
	}
	return at
}

const ones, tops = 0x0101010101010101, 0x8080808080808080

func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// escaped finishes a string from its first escape on.
func (p *parser) escaped(start, at int, k Kind) (text string, end int, err *Error) {
	var b strings.Builder
	b.WriteString(p.src[start+1 : at])
	for at < len(p.src) {
		switch c := p.src[at]; {
		case c == '"':
			p.texts = append(p.texts, b.String())
			p.leaf(k, start, at+1)
			p.nodes[len(p.nodes)-1].what |= uint32(len(p.texts))
			return b.String(), at + 1, nil
		case c == '\\':
			r, next, err := p.escape(at)
			if err != nil {
				return "", 0, err
			}
			p.facts.Zeros = p.facts.Zeros || r == 0
			b.WriteRune(r)
			at = next
		case c < 0x20:
			return "", 0, fail(at, Syntax, "a control character stands unescaped in a string")
		default:
			b.WriteByte(c)
			at++
		}
	}
	return "", 0, fail(at, Syntax, "the text ends inside a string")
}

// escape reads one escape sequence. Surrogates must come in pairs: a lone one
// is no character, and readers that replace it would sign something else.
func (p *parser) escape(at int) (rune, int, *Error) {
	if at+1 >= len(p.src) {
		return 0, 0, fail(at, Syntax, "the text ends inside an escape")
	}
	if p.src[at+1] == 'u' {
		return p.unicodeEscape(at)
	}
	r := strings.IndexByte(`"\/bfnrt`, p.src[at+1])
	if r < 0 {
		return 0, 0, fail(at, Syntax, "JSON has no such escape")
	}
	return rune("\"\\/\b\f\n\r\t"[r]), at + 2, nil
}

func (p *parser) unicodeEscape(at int) (rune, int, *Error) {
	r, ok := p.hex4(at)
	if !ok {
		return 0, 0, fail(at, Syntax, "four hexadecimal digits must follow \\u")
	}
	if r < 0xD800 || r > 0xDFFF {
		return r, at + 6, nil
	}
	low, ok := p.hex4(at + 6)
	if r > 0xDBFF || !ok || low < 0xDC00 || low > 0xDFFF {
		return 0, 0, fail(at, Encoding, "half of a surrogate pair stands alone")
	}
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, at + 12, nil
}

// hex4 reads \uXXXX at a position.
func (p *parser) hex4(at int) (rune, bool) {
	if at+6 > len(p.src) || p.src[at] != '\\' || p.src[at+1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range []byte(p.src[at+2 : at+6]) {
		switch {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// locate adds the pointer of the innermost container still open.
func (p *parser) locate(e *Error) *Error {
	ptr := ""
	for i := p.nextOpen(0); i < uint32(len(p.nodes)); {
		inner := p.nextOpen(i + 1)
		if inner < uint32(len(p.nodes)) {
			ptr = Pointer(ptr, p.tokenOf(i, inner))
		}
		i = inner
	}
	e.Pointer = clip(ptr, 256)
	return e
}

// nextOpen finds the first container from node i on that has no end yet.
func (p *parser) nextOpen(i uint32) uint32 {
	for i < uint32(len(p.nodes)) && p.nodes[i].next != 0 {
		i = p.nodes[i].next
	}
	return i
}

// tokenOf names the entry of container c that node child is.
func (p *parser) tokenOf(c, child uint32) string {
	if p.nodes[c].kind() == Object {
		return clip(p.text(child-1), 64)
	}
	n := 0
	for i := c + 1; i != child; i = p.nodes[i].next {
		n++
	}
	return strconv.Itoa(n)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
