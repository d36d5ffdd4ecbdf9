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

// asWritten tells whether eight bytes are written as they stand, all at once:
// the uppermost bit of a byte is raised where escapes has something for it.
// Borrowing can raise it in the bytes above one of these as well, but never
// where there is none.
func asWritten(s string) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	_ = s[7]
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	quote, escape, del, high := x^ones*'"', x^ones*'\\', x^ones*0x7f, x^ones*0xef
	ascii := ((x - ones*0x20) | (quote - ones) | (escape - ones) | (del - ones)) &^ x
	return (ascii|(high-ones)&^high)&tops == 0
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
	for i := 0; i < len(s)-8; i += 8 {
		if !asWritten(s[i : i+8]) {
			return false
		}
	}
	return asWritten(s[len(s)-8:])
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
		for i+8 <= len(s) && asWritten(s[i:i+8]) {
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
