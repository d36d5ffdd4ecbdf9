package rdfc

import "unicode/utf8"

// Classes of bytes in an IRI (RFC 3987, with the leave of N-Quads' IRIREF: a
// percent sign need not begin an escape). What is not ASCII is looked at more
// closely.
const (
	inIRI    = 1 << iota // may stand somewhere in an IRI
	inScheme             // may stand in a scheme
	isAlpha              // may begin a scheme
)

var iriBytes = func() (b [256]uint8) {
	for c := range 256 {
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z' && c < 0x80:
			b[c] = inIRI | inScheme | isAlpha
		case '0' <= c && c <= '9', c == '+', c == '-', c == '.':
			b[c] = inIRI | inScheme
		case c > 0x20 && c < 0x7f:
			b[c] = inIRI
		}
	}
	for _, c := range "<>\"{}|^`\\" {
		b[c] = 0
	}
	return b
}()

// SchemeEnd returns the index of the colon that ends the scheme of an absolute
// IRI, or -1 where a string begins with no scheme and is relative.
func SchemeEnd(s string) int {
	if s == "" || iriBytes[s[0]]&isAlpha == 0 {
		return -1
	}
	for i := 1; i < len(s); i++ {
		if iriBytes[s[i]]&inScheme == 0 {
			if s[i] == ':' {
				return i
			}
			return -1
		}
	}
	return -1
}

// WellFormed reports whether a string is an absolute IRI that every RDF syntax
// can carry: a scheme, then only characters of IRIs. Beyond ASCII it refuses
// controls and what is no character.
func WellFormed(s string) bool {
	i := SchemeEnd(s)
	return i > 0 && wellFormedRest(s[i+1:])
}

func wellFormedRest(s string) bool {
	i := 0
	for ; i+8 <= len(s); i += 8 { // most are ASCII, and so looked at in eights
		c := s[i : i+8]
		if iriBytes[c[0]]&iriBytes[c[1]]&iriBytes[c[2]]&iriBytes[c[3]]&iriBytes[c[4]]&iriBytes[c[5]]&iriBytes[c[6]]&iriBytes[c[7]]&inIRI == 0 {
			break
		}
	}
	for ; i < len(s); i++ {
		if iriBytes[s[i]]&inIRI != 0 {
			continue
		}
		if s[i] < utf8.RuneSelf {
			return false
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if !inUCSChar(r) {
			return false
		}
		i += n - 1
	}
	return true
}

// inUCSChar is ucschar or iprivate of RFC 3987 section 2.2, private use allowed
// anywhere.
func inUCSChar(r rune) bool {
	switch {
	case r < 0xa0, 0xfdd0 <= r && r <= 0xfdef, 0xfff0 <= r && r <= 0xffff, r&0xfffe == 0xfffe, 0xe0000 <= r && r < 0xe1000:
		return false
	}
	return true
}

// WellFormedName reports whether a string can name a blank node, after "_:".
func WellFormedName(s string) bool { return s != "" && wellFormedRest(s) }

// WellFormedLanguage reports whether a string is a language tag: letters and
// digits in groups of one to eight between hyphens, the first all letters (the
// shape of RFC 5646 section 2.1).
func WellFormedLanguage(s string) bool {
	group, first := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '-' && group > 0:
			group, first = 0, false
			continue
		case 'a' <= c|0x20 && c|0x20 <= 'z', !first && '0' <= c && c <= '9':
		default:
			return false
		}
		if group++; group > 8 {
			return false
		}
	}
	return group > 0
}
