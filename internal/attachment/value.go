package attachment

import (
	"bytes"
	"fmt"
	"strconv"
)

// kind is what a value is (ISO 32000-2 section 7.3).
type kind uint8

const (
	null       kind = iota
	number          // whole ones with their value, others as -1
	text            // strings, whose content nobody asks for
	name            //
	word            // true, false, and what structures a file: obj, stream, xref …
	array           //
	dictionary      // items are names and values by turns
	reference       // to the object number
)

type value struct {
	kind   kind
	number int
	text   string // of names and words
	items  []value
}

// get finds an entry of a dictionary; of several with one name, the last.
func (v value) get(key string) (value, bool) {
	if v.kind != dictionary {
		return value{}, false
	}
	for n := len(v.items) - 2; n >= 0; n -= 2 {
		if v.items[n].text == key {
			return v.items[n+1], true
		}
	}
	return value{}, false
}

// parser reads values from bytes.
type parser struct {
	data []byte
	at   int
	left int // values that may still be read
}

func (p *parser) damaged(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrDamaged, what, p.at)
}

const maxWhole = 1 << 40 // numbers from here on are places in no file

// Section 7.2.3 has the classes of characters.
func isSpace(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', '\f', 0:
		return true
	}
	return false
}

func isRegular(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return false
	}
	return !isSpace(c)
}

// space skips white space and comments.
func (p *parser) space() {
	for ; p.at < len(p.data); p.at++ {
		if p.data[p.at] == '%' {
			end := bytes.IndexAny(p.data[p.at:], "\r\n")
			if end < 0 {
				p.at = len(p.data)
				return
			}
			p.at += end
		}
		if !isSpace(p.data[p.at]) {
			return
		}
	}
}

func (p *parser) begins(with string) bool { return bytes.HasPrefix(p.data[p.at:], []byte(with)) }

// regular takes a run of regular characters.
func (p *parser) regular() []byte {
	from := p.at
	for p.at < len(p.data) && isRegular(p.data[p.at]) {
		p.at++
	}
	return p.data[from:p.at]
}

// whole reads the value of an object, which is no reference to yet another.
func (p *parser) whole() (value, error) {
	v, err := p.value(0)
	if err == nil && v.kind == reference {
		err = p.damaged("an object that is another")
	}
	return v, err
}

// value reads the next one.
func (p *parser) value(depth int) (value, error) {
	if p.left--; p.left < 0 {
		return value{}, fmt.Errorf("%w: it has too many values", ErrTooLarge)
	}
	if depth > maxNesting {
		return value{}, fmt.Errorf("%w: it is nested too deep", ErrTooLarge)
	}
	p.space()
	if p.at >= len(p.data) {
		return value{}, p.damaged("the end")
	}
	switch c := p.data[p.at]; {
	case p.begins("<<"):
		p.at += 2
		return p.several(dictionary, ">>", depth)
	case c == '[':
		p.at++
		return p.several(array, "]", depth)
	case c == '<':
		end := bytes.IndexByte(p.data[p.at:], '>')
		if end < 0 {
			return value{}, p.damaged("a text without end")
		}
		p.at += end + 1
		return value{kind: text}, nil
	case c == '(':
		return p.literal()
	case c == '/':
		p.at++
		return value{kind: name, text: unescaped(p.regular())}, nil
	case isRegular(c):
		return p.plain(), nil
	}
	return value{}, p.damaged("something that is no value")
}

// several reads the items of an array or dictionary.
func (p *parser) several(k kind, end string, depth int) (value, error) {
	out := value{kind: k}
	for {
		p.space()
		if p.begins(end) {
			p.at += len(end)
			break
		}
		v, err := p.value(depth + 1)
		if err != nil {
			return value{}, err
		}
		if k == dictionary && len(out.items)%2 == 0 && v.kind != name {
			return value{}, p.damaged("an entry without a name")
		}
		out.items = append(out.items, v)
	}
	if k == dictionary && len(out.items)%2 == 1 {
		return value{}, p.damaged("an entry without a value")
	}
	return out, nil
}

// literal skips a text in parentheses, which may hold pairs of them.
func (p *parser) literal() (value, error) {
	open := 0
	for ; p.at < len(p.data); p.at++ {
		switch p.data[p.at] {
		case '\\':
			p.at++
		case '(':
			open++
		case ')':
			if open--; open == 0 {
				p.at++
				return value{kind: text}, nil
			}
		}
	}
	return value{}, p.damaged("a text without end")
}

// plain reads a number, a reference or a word.
func (p *parser) plain() value {
	run := p.regular()
	n, whole := wholeNumber(run)
	if !whole {
		if _, err := strconv.ParseFloat(string(run), 64); err == nil {
			return value{kind: number, number: -1}
		}
		if string(run) == "null" {
			return value{}
		}
		return value{kind: word, text: string(run)}
	}
	from := p.at
	p.space()
	if _, ok := wholeNumber(p.regular()); ok {
		p.space()
		if string(p.regular()) == "R" {
			return value{kind: reference, number: n}
		}
	}
	p.at = from
	return value{kind: number, number: n}
}

func wholeNumber(digits []byte) (n int, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' || n >= maxWhole/10 {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(digits) > 0
}

// unescaped is a name with its #xx turned into bytes.
func unescaped(s []byte) string {
	var out []byte
	for n := 0; n < len(s); n++ {
		if s[n] == '#' && n+2 < len(s) {
			if b, err := strconv.ParseUint(string(s[n+1:n+3]), 16, 8); err == nil {
				out = append(out, byte(b))
				n += 2
				continue
			}
		}
		out = append(out, s[n])
	}
	return string(out)
}
