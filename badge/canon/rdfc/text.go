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

const hexDigits = "0123456789ABCDEF"

// quote writes a literal's text between quotes.
func (d *Dataset) quote(s string) {
	d.text = append(d.text, '"')
	from := 0
	for i := 0; i < len(s); i++ {
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
	d.text = append(d.text, '"')
}
