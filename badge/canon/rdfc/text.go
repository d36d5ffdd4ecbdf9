package rdfc

import "unicode/utf8"

// How each byte of a literal is written in canonical N-Quads (RDFC-1.0 section
// 5): 0 as it stands, 'u' as a code point, any other as an escape of one letter.
var escapes = func() (e [256]byte) {
	for c := range 0x20 {
		e[c] = 'u'
	}
	e[0x7f] = 'u'
	e['\b'], e['\t'], e['\n'], e['\f'], e['\r'], e['"'], e['\\'] = 'b', 't', 'n', 'f', 'r', '"', '\\'
	e[0xef] = 'x' // may begin U+FFFE or U+FFFF, which are no characters (XML 1.1 Char)
	return e
}()

// unusual raises the uppermost bit of each byte of eight that is not written as
// it stands, for which escapes has something. Borrowing can raise it in the bytes
// above one of these as well, but never where there is none.
func unusual(x uint64) uint64 {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	quote, escape, del, high := x^ones*'"', x^ones*'\\', x^ones*0x7f, x^ones*0xef
	ascii := ((x - ones*0x20) | (quote - ones) | (escape - ones) | (del - ones)) &^ x
	return (ascii | (high-ones)&^high) & tops
}

// word gives the first eight bytes of a text as one number.
func word(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

const hexDigits = "0123456789ABCDEF"

// plain tells whether a whole text is written as it stands. The last eight bytes
// are looked at together, those again that were seen before.
func plain(s string) bool {
	if len(s) < 8 {
		for i := 0; i < len(s); i++ {
			if escapes[s[i]] != 0 {
				return false
			}
		}
		return true
	}
	found := unusual(word(s[len(s)-8:]))
	for ; len(s) > 8; s = s[8:] {
		found |= unusual(word(s))
	}
	return found == 0
}

// quote writes a literal's text, without the quotes around it.
func (d *Dataset) quote(s string) {
	if plain(s) {
		d.text = append(d.text, s...)
	} else {
		d.escape(s)
	}
}

// escape writes a text of which something is written otherwise than it stands.
func (d *Dataset) escape(s string) {
	from := 0
	for i := 0; i < len(s); i++ {
		for i+8 <= len(s) && unusual(word(s[i:])) == 0 {
			i += 8
		}
		if i == len(s) {
			break
		}
		how := escapes[s[i]]
		if how == 0 {
			continue
		}
		if how == 'x' {
			if r, _ := utf8.DecodeRuneInString(s[i:]); r != 0xfffe && r != 0xffff {
				continue
			}
			d.text = append(d.text, s[from:i]...)
			d.text = append(d.text, '\\', 'u', 'F', 'F', 'F', hexDigits[s[i+2]&0xf])
			i += 2
			from = i + 1
			continue
		}
		d.text = append(d.text, s[from:i]...)
		from = i + 1
		if how == 'u' {
			d.text = append(d.text, '\\', 'u', '0', '0', hexDigits[s[i]>>4], hexDigits[s[i]&0xf])
		} else {
			d.text = append(d.text, '\\', how)
		}
	}
	d.text = append(d.text, s[from:]...)
}
