package rdfc

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError tells where a text is not N-Quads, and why.
type SyntaxError struct {
	Line   int // from 1
	Column int // in bytes, from 1
	Detail string
}

// Error implements error.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("n-quads: line %d, column %d: %s", e.Line, e.Column, e.Detail)
}

// Parse reads an RDF 1.1 N-Quads document. Every error is a *SyntaxError.
func Parse(document string) (*Dataset, error) {
	p := parser{src: document, line: 1, d: &Dataset{}}
	if at := invalidUTF8(document); at >= 0 {
		p.line += strings.Count(document[:at], "\n")
		p.pos, p.lineStart = at, strings.LastIndexByte(document[:at], '\n')+1
		return nil, p.fail("this byte is not UTF-8")
	}
	for {
		p.space()
		switch {
		case p.pos == len(p.src):
			return p.d, nil
		case p.endOfLine():
			continue
		}
		if err := p.statement(); err != nil {
			return nil, err
		}
		p.space()
		if p.pos < len(p.src) && !p.endOfLine() {
			return nil, p.fail("the line does not end after the full stop")
		}
	}
}

func invalidUTF8(s string) int {
	if utf8.ValidString(s) {
		return -1
	}
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return -1
}

type parser struct {
	src       string
	pos       int
	line      int
	lineStart int
	d         *Dataset
}

func (p *parser) fail(detail string) *SyntaxError {
	return &SyntaxError{Line: p.line, Column: p.pos - p.lineStart + 1, Detail: detail}
}

// peek returns the next byte, or 0 at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

// space steps over blanks and a comment.
func (p *parser) space() {
	for p.peek() == ' ' || p.peek() == '\t' {
		p.pos++
	}
	if p.peek() == '#' {
		for p.pos < len(p.src) && p.peek() != '\n' && p.peek() != '\r' {
			p.pos++
		}
	}
}

func (p *parser) endOfLine() bool {
	c := p.peek()
	if c != '\n' && c != '\r' {
		return false
	}
	p.pos++
	if c == '\r' && p.peek() == '\n' {
		p.pos++
	}
	p.line++
	p.lineStart = p.pos
	return true
}

func (p *parser) statement() error {
	var q Quad
	var err error
	if q.Subject, err = p.node("the subject"); err != nil {
		return err
	}
	if p.space(); p.peek() != '<' {
		return p.fail("the predicate must be an IRI")
	}
	if q.Predicate, err = p.node("the predicate"); err != nil {
		return err
	}
	if p.space(); p.peek() == '"' {
		q.Object, err = p.literal()
	} else {
		q.Object, err = p.node("the object")
	}
	if err != nil {
		return err
	}
	if p.space(); p.peek() != '.' {
		if q.Graph, err = p.node("the graph label"); err != nil {
			return err
		}
	}
	if p.space(); p.peek() != '.' {
		return p.fail("a full stop must end the statement")
	}
	p.pos++
	p.d.Add(q)
	return nil
}

// node reads an IRI or a blank node label.
func (p *parser) node(what string) (Term, error) {
	switch {
	case p.peek() == '<':
		iri, err := p.iri()
		if err != nil {
			return 0, err
		}
		return p.d.IRI(iri), nil
	case strings.HasPrefix(p.src[p.pos:], "_:"):
		name, err := p.blankLabel()
		if err != nil {
			return 0, err
		}
		return p.d.Named(name), nil
	}
	return 0, p.fail(what + " must be an IRI or a blank node")
}

// iri reads IRIREF; what it means must be an absolute IRI.
func (p *parser) iri() (string, error) {
	start := p.pos
	p.pos++
	var b strings.Builder
	for p.peek() != '>' {
		switch c := p.peek(); {
		case c == '\\':
			r, err := p.escape(false)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		case c <= ' ', strings.IndexByte("<\"{}|^`", c) >= 0:
			return "", p.fail("this character cannot stand in an IRI")
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	p.pos++
	if iri := b.String(); !WellFormed(iri) {
		p.pos = start
		return "", p.fail("this is no absolute IRI")
	}
	return b.String(), nil
}

// blankLabel reads BLANK_NODE_LABEL.
func (p *parser) blankLabel() (string, error) {
	p.pos += 2
	start, end := p.pos, p.pos // a label does not end in a full stop
	for p.pos < len(p.src) {
		r, n := utf8.DecodeRuneInString(p.src[p.pos:])
		first := p.pos == start
		if !labelStart(r) && (first || !labelRest(r)) {
			break
		}
		p.pos += n
		if r != '.' {
			end = p.pos
		}
	}
	if p.pos = end; start == end {
		return "", p.fail("a blank node needs a label")
	}
	return p.src[start:end], nil
}

// labelStart is PN_CHARS_U or a digit.
func labelStart(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '_', r == ':',
		0xc0 <= r && r <= 0x2ff && r != 0xd7 && r != 0xf7, 0x370 <= r && r <= 0x1fff && r != 0x37e,
		r == 0x200c, r == 0x200d, 0x2070 <= r && r <= 0x218f, 0x2c00 <= r && r <= 0x2fef,
		0x3001 <= r && r <= 0xd7ff, 0xf900 <= r && r <= 0xfdcf, 0xfdf0 <= r && r <= 0xfffd, 0x10000 <= r && r <= 0xeffff:
		return true
	}
	return false
}

// labelRest is what PN_CHARS and the full stop have beyond labelStart.
func labelRest(r rune) bool {
	return r == '.' || r == '-' || r == 0xb7 || 0x300 <= r && r <= 0x36f || r == 0x203f || r == 0x2040
}

func (p *parser) literal() (Term, error) {
	lexical, err := p.quoted()
	if err != nil {
		return 0, err
	}
	switch {
	case p.peek() == '@':
		p.pos++
		start := p.pos
		for c := p.peek(); c == '-' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'; c = p.peek() {
			p.pos++
		}
		if tag := p.src[start:p.pos]; WellFormedLanguage(tag) {
			return p.d.LanguageString(lexical, tag), nil
		}
		p.pos = start
		return 0, p.fail("this is no language tag")
	case strings.HasPrefix(p.src[p.pos:], "^^<"):
		p.pos += 2
		datatype, err := p.iri()
		if err != nil {
			return 0, err
		}
		return p.d.Literal(lexical, datatype), nil
	}
	return p.d.Literal(lexical, ""), nil
}

// quoted reads STRING_LITERAL_QUOTE.
func (p *parser) quoted() (string, error) {
	p.pos++
	var b strings.Builder
	for p.peek() != '"' {
		switch c := p.peek(); {
		case p.pos == len(p.src), c == '\n', c == '\r':
			return "", p.fail("the text ends without a quotation mark")
		case c == '\\':
			r, err := p.escape(true)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
			p.pos++
		}
	}
	p.pos++
	return b.String(), nil
}

const shortEscapes, shortMeanings = `tbnrf"'\`, "\t\b\n\r\f\"'\\"

// escape reads UCHAR, and ECHAR where short.
func (p *parser) escape(short bool) (rune, error) {
	p.pos++
	c := p.peek()
	if i := strings.IndexByte(shortEscapes, c); short && i >= 0 {
		p.pos++
		return rune(shortMeanings[i]), nil
	}
	digits := map[byte]int{'u': 4, 'U': 8}[c]
	if digits == 0 {
		return 0, p.fail("there is no such escape")
	}
	var r rune
	for i := 1; i <= digits; i++ {
		p.pos++
		v := strings.IndexByte(hexDigits, upper(p.peek()))
		if v < 0 || p.pos == len(p.src) {
			return 0, p.fail("a hexadecimal digit is missing in an escape")
		}
		if r = r<<4 | rune(v); r > utf8.MaxRune {
			return 0, p.fail("there is no such code point")
		}
	}
	p.pos++
	if !utf8.ValidRune(r) {
		return 0, p.fail("half a surrogate pair is no character")
	}
	return r, nil
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'f' {
		return c - 0x20
	}
	return c
}
