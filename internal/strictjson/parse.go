package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Parse reads one JSON text (RFC 8259). The bytes are copied, so the caller
// may change them afterwards. Every error is an *Error.
func Parse(raw []byte, lim Limits) (Value, error) {
	p := &parser{lim: lim.withDefaults(), tree: new(tree)}
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
	p.nodes = make([]node, 0, len(raw)/14+8)
	p.space()
	if err := p.value(0); err != nil {
		return Value{}, p.locate(err)
	}
	p.space()
	if p.pos != len(p.src) {
		return Value{}, p.locate(p.fail(Syntax, "there is more after the end of the value"))
	}
	return Value{t: p.tree}, nil
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

type parser struct {
	*tree // as far as it is read
	pos   int
	lim   Limits
	open  []uint32 // containers being read, for the pointer of an error
}

func (p *parser) fail(r Reason, detail string) *Error {
	return &Error{Reason: r, Offset: p.pos, Detail: detail}
}

func (p *parser) space() {
	for p.pos < len(p.src) {
		switch p.src[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) add(k Kind) (uint32, *Error) {
	if len(p.nodes) >= p.lim.Nodes {
		return 0, p.fail(TooLarge, "the document has more than "+strconv.Itoa(p.lim.Nodes)+" values")
	}
	p.nodes = append(p.nodes, node{start: uint32(p.pos), what: uint32(k) << kindShift})
	return uint32(len(p.nodes) - 1), nil
}

func (p *parser) close(i uint32) {
	n := &p.nodes[i]
	n.end, n.next = uint32(p.pos), uint32(len(p.nodes))
}

func (p *parser) value(depth int) *Error {
	if p.pos >= len(p.src) {
		return p.fail(Syntax, "the text ends where a value should stand")
	}
	switch c := p.src[p.pos]; c {
	case '{':
		return p.object(depth + 1)
	case '[':
		return p.array(depth + 1)
	case '"':
		return p.str()
	case 't':
		return p.literal("true", True)
	case 'f':
		return p.literal("false", False)
	case 'n':
		return p.literal("null", Null)
	default:
		if c == '-' || c-'0' <= 9 {
			return p.number()
		}
		if strings.HasPrefix(p.src[p.pos:], "\ufeff") {
			return p.fail(Encoding, "a byte order mark stands here; JSON has none")
		}
		return p.fail(Syntax, "no JSON value begins with this character")
	}
}

func (p *parser) literal(word string, k Kind) *Error {
	if !strings.HasPrefix(p.src[p.pos:], word) {
		return p.fail(Syntax, "no JSON value begins like this; was "+word+" meant?")
	}
	i, err := p.add(k)
	if err != nil {
		return err
	}
	p.pos += len(word)
	p.close(i)
	return nil
}

func (p *parser) enter(k Kind, depth int) (uint32, *Error) {
	if depth > p.lim.Depth {
		return 0, p.fail(TooDeep, "values are nested deeper than "+strconv.Itoa(p.lim.Depth))
	}
	i, err := p.add(k)
	if err != nil {
		return 0, err
	}
	p.open = append(p.open, i)
	p.depth = max(p.depth, depth)
	p.pos++
	p.space()
	return i, nil
}

func (p *parser) leave(i uint32) {
	p.pos++
	p.close(i)
	p.open = p.open[:len(p.open)-1]
}

// more steps over what stands between two entries of a container; it reports
// whether another entry follows.
func (p *parser) more(end byte) (bool, *Error) {
	p.space()
	if p.pos >= len(p.src) {
		return false, p.fail(Syntax, "the text ends inside an array or object")
	}
	switch p.src[p.pos] {
	case end:
		return false, nil
	case ',':
		p.pos++
		p.space()
		return true, nil
	}
	return false, p.fail(Syntax, "a comma or the closing bracket is missing")
}

func (p *parser) array(depth int) *Error {
	i, err := p.enter(Array, depth)
	if err != nil {
		return err
	}
	if p.pos < len(p.src) && p.src[p.pos] == ']' {
		p.leave(i)
		return nil
	}
	for more := true; more; {
		p.nodes[i].what++
		if err := p.value(depth); err != nil {
			return err
		}
		if more, err = p.more(']'); err != nil {
			return err
		}
	}
	p.leave(i)
	return nil
}

func (p *parser) object(depth int) *Error {
	i, err := p.enter(Object, depth)
	if err != nil {
		return err
	}
	if p.pos < len(p.src) && p.src[p.pos] == '}' {
		p.leave(i)
		return nil
	}
	var seen names
	for more := true; more; {
		p.nodes[i].what++
		if err := p.member(i, depth, &seen); err != nil {
			return err
		}
		if more, err = p.more('}'); err != nil {
			return err
		}
	}
	p.leave(i)
	return nil
}

func (p *parser) member(object uint32, depth int, seen *names) *Error {
	if p.pos >= len(p.src) || p.src[p.pos] != '"' {
		return p.fail(Syntax, "a member name in double quotes is missing")
	}
	at, key := p.pos, uint32(len(p.nodes))
	if err := p.str(); err != nil {
		return err
	}
	p.nodes[key].what = uint32(memberName)<<kindShift | p.nodes[key].rest()
	if name := p.text(key); seen.repeated(p, object, key, name) {
		p.pos = at
		return p.fail(Duplicate, "the member "+strconv.Quote(clip(name, 80))+" stands twice in this object")
	}
	p.space()
	if p.pos >= len(p.src) || p.src[p.pos] != ':' {
		return p.fail(Syntax, "a colon is missing after a member name")
	}
	p.pos++
	p.space()
	return p.value(depth)
}

// names finds repeated member names: by looking back in small objects, by a
// set in large ones, so that a large object costs no more than its size.
type names struct {
	n    int
	seen uint64 // a bit for each name met, so that most need no looking back
	set  map[string]struct{}
}

// bit is one of 64 that a name sets.
func bit(name string) uint64 {
	n := uint(len(name))
	if n > 0 {
		n = 11*n + 7*uint(name[0]) + 3*uint(name[n/2]) + uint(name[n-1])
	}
	return 1 << (n % 64)
}

const lookBack = 24

func (s *names) repeated(p *parser, object, key uint32, name string) bool {
	s.n++
	before, b := s.seen, bit(name)
	s.seen |= b
	if s.n <= lookBack {
		if before&b == 0 {
			return false
		}
		for i := object + 1; i < key; i = p.nodes[i+1].next {
			if p.text(i) == name {
				return true
			}
		}
		return false
	}
	if s.set == nil {
		s.set = make(map[string]struct{}, 2*lookBack)
		for i := object + 1; i < key; i = p.nodes[i+1].next {
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
func (p *parser) number() *Error {
	i, err := p.add(Number)
	if err != nil {
		return err
	}
	if p.src[p.pos] == '-' {
		p.pos++
	}
	if p.pos < len(p.src) && p.src[p.pos] == '0' {
		p.pos++
	} else if !p.digits() {
		return p.fail(Syntax, "a digit is missing in a number")
	}
	if p.pos < len(p.src) && p.src[p.pos] == '.' {
		p.pos++
		if !p.digits() {
			return p.fail(Syntax, "a digit is missing after the decimal point")
		}
	}
	if p.pos < len(p.src) && p.src[p.pos]|0x20 == 'e' {
		p.pos++
		if p.pos < len(p.src) && (p.src[p.pos] == '+' || p.src[p.pos] == '-') {
			p.pos++
		}
		if !p.digits() {
			return p.fail(Syntax, "a digit is missing in an exponent")
		}
	}
	p.close(i)
	return nil
}

func (p *parser) digits() bool {
	from := p.pos
	for p.pos < len(p.src) && p.src[p.pos]-'0' <= 9 {
		p.pos++
	}
	return p.pos > from
}

// str reads a string; one without escapes needs no copy.
func (p *parser) str() *Error {
	i, err := p.add(String)
	if err != nil {
		return err
	}
	at, src := p.pos+1, p.src
	for at+8 <= len(src) && allPlain(src[at:at+8]) {
		at += 8
	}
	for at < len(src) && plain[src[at]] {
		at++
	}
	p.pos = at
	switch {
	case at == len(src):
		return p.fail(Syntax, "the text ends inside a string")
	case src[at] == '\\':
		return p.escaped(i)
	case src[at] != '"':
		return p.fail(Syntax, "a control character stands unescaped in a string")
	}
	p.pos++
	p.close(i)
	return nil
}

// plain are the bytes that mean themselves in a string and do not end it.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

// allPlain tells whether eight bytes are plain, all at once: the uppermost bit of
// a byte is raised where the byte is ASCII and below 0x20, a quotation mark or a
// backslash. Borrowing can raise it in the bytes above one of these as well, but
// never where there is none.
func allPlain(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, escape := x^ones*'"', x^ones*'\\'
	return ((x-ones*0x20)|(quote-ones)|(escape-ones))&^x&tops == 0
}

// escaped finishes a string from its first escape on.
func (p *parser) escaped(i uint32) *Error {
	var b strings.Builder
	b.WriteString(p.src[p.nodes[i].start+1 : p.pos])
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			p.pos++
			p.texts = append(p.texts, b.String())
			p.nodes[i].what |= uint32(len(p.texts))
			p.close(i)
			return nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return err
			}
			b.WriteRune(r)
		case c < 0x20:
			return p.fail(Syntax, "a control character stands unescaped in a string")
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	return p.fail(Syntax, "the text ends inside a string")
}

// escape reads one escape sequence. Surrogates must come in pairs: a lone one
// is no character, and readers that replace it would sign something else.
func (p *parser) escape() (rune, *Error) {
	if p.pos+1 >= len(p.src) {
		return 0, p.fail(Syntax, "the text ends inside an escape")
	}
	if p.src[p.pos+1] == 'u' {
		return p.unicodeEscape()
	}
	r := strings.IndexByte(`"\/bfnrt`, p.src[p.pos+1])
	if r < 0 {
		return 0, p.fail(Syntax, "JSON has no such escape")
	}
	p.pos += 2
	return rune("\"\\/\b\f\n\r\t"[r]), nil
}

func (p *parser) unicodeEscape() (rune, *Error) {
	r, ok := p.hex4(p.pos)
	if !ok {
		return 0, p.fail(Syntax, "four hexadecimal digits must follow \\u")
	}
	if r < 0xD800 || r > 0xDFFF {
		p.pos += 6
		return r, nil
	}
	low, ok := p.hex4(p.pos + 6)
	if r > 0xDBFF || !ok || low < 0xDC00 || low > 0xDFFF {
		return 0, p.fail(Encoding, "half of a surrogate pair stands alone")
	}
	p.pos += 12
	return (r-0xD800)<<10 + (low - 0xDC00) + 0x10000, nil
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
	for n, i := range p.open {
		if n+1 == len(p.open) {
			break
		}
		ptr = Pointer(ptr, p.tokenOf(i, p.open[n+1]))
	}
	e.Pointer = clip(ptr, 256)
	return e
}

// tokenOf names the entry of container c that node child is.
func (p *parser) tokenOf(c, child uint32) string {
	if p.nodes[c].kind() == Array {
		return strconv.Itoa(int(p.nodes[c].rest()) - 1)
	}
	return clip(p.text(child-1), 64)
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
