// Package lookalike tells whether a name, as it is written, can be taken for
// another one: in letters of another script that have the same shape, in another
// case or width, with or without accents and with characters that do not show.
//
// The skeletons of Unicode TR 39 section 4 are wider: in them "Modern" is "Modem",
// and a warning about honest names is worse than none. So this has a table of the
// three scripts alone whose letters are the same drawings, each in the case in which
// they are, and nothing that is merely similar.
package lookalike

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"laurel/internal/unseen"
)

// Name is a name, ready to be compared.
type Name struct{ plain, shape, stroke string }

// Of looks at a name as somebody has written it.
func Of(written string) Name {
	return Name{plain(written), shape(written, false), shape(written, true)}
}

// Empty reports whether nothing of the name shows.
func (n Name) Empty() bool { return n.plain == "" }

// Like reports whether it can be taken for another name, as that one is written, in
// capitals or in small letters. An empty one is like none.
func (n Name) Like(other string) bool {
	if n.Empty() {
		return false
	}
	if n.plain == plain(other) {
		return true
	}
	// Capitals of one script are as often like small letters of another as not: what
	// is compared is what stands there, and case alone is let be.
	for _, cased := range []string{other, cases.Upper(language.Und).String(other), cases.Lower(language.Und).String(other)} {
		if n.stroke == shape(cased, true) {
			return true
		}
	}
	return fold(n.shape) == fold(shape(other, false)) || fold(n.stroke) == fold(shape(other, true))
}

// plain is a name without regard to case, width, spaces and characters that do not
// show: of these, some have the width of a space and some have none.
func plain(name string) string { return fold(strings.Map(shown, norm.NFKC.String(name))) }

// shape is a name with the letters of other scripts as the Latin ones that they look
// like, and without accents; with strokes, everything that is one is a small l.
func shape(name string, strokes bool) string {
	var b strings.Builder
	var base rune
	for _, r := range norm.NFKD.String(name) {
		if shown(r) < 0 {
			continue
		}
		if unicode.Is(unicode.Mn, r) {
			if !accent(base, r) {
				b.WriteRune(r)
			}
			continue
		}
		base = r
		if r = drawn(r); strokes && strings.ContainsRune("I1|", r) {
			r = 'l'
		}
		b.WriteRune(r)
	}
	return strings.Join(strings.Fields(b.String()), "")
}

// fold is a name without regard to case and spaces.
func fold(name string) string {
	return strings.Join(strings.Fields(norm.NFKC.String(cases.Fold().String(name))), "")
}

// shown is a character that shows, and -1 for any other.
func shown(r rune) rune {
	if unseen.Never(r) || unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
		return -1
	}
	return r
}

// accent tells of a mark that a hasty reader misses. In other scripts marks are
// letters (Devanagari), and so is the breve of Cyrillic.
func accent(base, mark rune) bool {
	switch {
	case unicode.In(base, unicode.Latin, unicode.Greek):
		return true
	case unicode.Is(unicode.Cyrillic, base):
		return mark == '\u0308' && (base == '\u0435' || base == '\u0415') || mark == '\u0301' // ё is mostly written е
	}
	return unicode.Is(unicode.Arabic, base) && mark >= 0x064B && mark <= 0x0652
}

// drawn is the Latin letter that a character looks like, else the character.
func drawn(r rune) rune {
	if letter, ok := letters[r]; ok {
		return letter
	}
	switch {
	case unicode.Is(unicode.Pd, r), r == '\u2212':
		return '-'
	case unicode.In(r, unicode.Pi, unicode.Pf), strings.ContainsRune("\"`\u00B4\u02B9\u02BB\u02BC\u2032", r):
		return '\''
	}
	return r
}

// letters are the shapes the other way around.
var letters = inverse(shapes)

func inverse(shapes map[rune]string) map[rune]rune {
	all := map[rune]rune{}
	for letter, drawings := range shapes {
		for _, r := range drawings {
			all[r] = letter
		}
	}
	return all
}

// shapes are the characters that are drawn as a Latin letter: of Cyrillic, Greek and
// Latin itself, each in the case in which it is.
var shapes = map[rune]string{
	'A': "\u0410\u0391",             // А Α
	'B': "\u0412\u0392",             // В Β
	'C': "\u0421\u03F9",             // С Ϲ
	'D': "\u0110",                   // Đ
	'E': "\u0415\u0395",             // Е Ε
	'G': "\u050C",                   // Ԍ
	'H': "\u041D\u0397",             // Н Η
	'I': "\u0406\u04C0\u0399",       // І Ӏ Ι
	'J': "\u0408",                   // Ј
	'K': "\u041A\u039A",             // К Κ
	'L': "\u0141",                   // Ł
	'M': "\u041C\u039C",             // М Μ
	'N': "\u039D",                   // Ν
	'O': "\u041E\u039F\u00D80",      // О Ο Ø 0
	'P': "\u0420\u03A1",             // Р Ρ
	'Q': "\u051A",                   // Ԛ
	'S': "\u0405",                   // Ѕ
	'T': "\u0422\u03A4",             // Т Τ
	'W': "\u051C",                   // Ԝ
	'X': "\u0425\u03A7",             // Х Χ
	'Y': "\u04AE\u03A5",             // Ү Υ
	'Z': "\u0396",                   // Ζ
	'a': "\u0430\u03B1\u0251",       // а α ɑ
	'c': "\u0441\u03F2",             // с ϲ
	'd': "\u0501\u0111",             // ԁ đ
	'e': "\u0435",                   // е
	'g': "\u0261",                   // ɡ
	'h': "\u04BB\u0127",             // һ ħ
	'i': "\u0456\u03B9\u0131\u0269", // і ι ı ɩ
	'j': "\u0458\u03F3",             // ј ϳ
	'k': "\u03BA",                   // κ
	'l': "\u04CF\u0142",             // ӏ ł
	'n': "\u03B7",                   // η
	'o': "\u043E\u03BF\u00F8",       // о ο ø
	'p': "\u0440\u03C1",             // р ρ
	'q': "\u051B",                   // ԛ
	's': "\u0455",                   // ѕ
	't': "\u03C4\u0167",             // τ ŧ
	'u': "\u03C5\u028B",             // υ ʋ
	'v': "\u03BD",                   // ν
	'w': "\u051D",                   // ԝ
	'x': "\u0445\u03C7",             // х χ
	'y': "\u0443\u04AF\u03B3",       // у ү γ
}
