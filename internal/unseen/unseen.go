// Package unseen finds what a reader does not see of a text: characters that show
// as nothing, or that change how those around them are read. With them two texts
// that look alike differ, and one can say to programs what it hides from people
// (Unicode TR 36 section 2, TR 39 section 3).
//
// Some of them are part of the spelling of languages, so a text is looked at as a
// whole: joiners belong to Persian and the scripts of India, selectors to ideographs
// and emoji.
package unseen

import (
	"fmt"
	"iter"
	"strings"
	"unicode"
)

// Kind says what sort of text is looked at.
type Kind int

// The kinds of texts. In a name nothing is unseen without need; in prose there may
// be what is left of setting it: soft hyphens, places to break a line, joiners.
const (
	Prose Kind = iota
	Name
)

// In reports whether there is anything unseen in a text.
func In(text string, kind Kind) bool {
	if plain(text) {
		return false
	}
	for _, hidden := range runes(text, kind) {
		if hidden {
			return true
		}
	}
	return false
}

// Shown returns a text with all that is unseen in it replaced by its code in
// brackets. Line breaks and tabs stay.
func Shown(text string, kind Kind) string {
	if !In(text, kind) {
		return text
	}
	var b strings.Builder
	for r, hidden := range runes(strings.ReplaceAll(text, "\r\n", "\n"), kind) {
		if hidden {
			fmt.Fprintf(&b, "[U+%04X]", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain tells of printable ASCII, line breaks and tabs, which most texts are.
func plain(text string) bool {
	for n := range len(text) {
		if c := text[n]; (c < ' ' || c > '~') && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// flags are the three that are in use and are written with tag characters (Unicode
// TR 51 annex C): England, Scotland and Wales.
var flags = []string{
	"\U0001F3F4\U000E0067\U000E0062\U000E0065\U000E006E\U000E0067\U000E007F",
	"\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F",
	"\U0001F3F4\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F",
}

// flag returns how many bytes of the beginning of a text are such a flag.
func flag(text string) int {
	for _, f := range flags {
		if strings.HasPrefix(text, f) {
			return len(f)
		}
	}
	return 0
}

// runes are those of a text, each with whether it is unseen where it stands.
func runes(text string, kind Kind) iter.Seq2[rune, bool] {
	return func(yield func(rune, bool) bool) {
		var base rune   // what the characters that follow belong to
		var before rune // the last one
		shown := 0      // up to where a flag stands
		for at, r := range text {
			if r == '\U0001F3F4' {
				shown = at + flag(text[at:])
			}
			hidden := at >= shown && (Never(r) || kind == Name && (idle(base, r) || again(before, r)))
			if !yield(r, hidden) {
				return
			}
			before = r
			if !unicode.Is(unicode.Inherited, r) {
				base = r
			}
		}
	}
}

// Never are the characters that no text of a badge needs: controls, what steers the
// direction of what follows, what stands for letters and shows as nothing, and tags.
func Never(r rune) bool {
	return unicode.Is(unicode.Cc, r) && r != '\n' && r != '\t' || unicode.Is(steering, r)
}

var steering = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x115F, Hi: 0x1160, Stride: 1}, // fillers of Hangul
		{Lo: 0x17B4, Hi: 0x17B5, Stride: 1}, // vowels of Khmer that nobody writes
		{Lo: 0x2028, Hi: 0x202E, Stride: 1}, // separators, embeddings, overrides
		{Lo: 0x2061, Hi: 0x206F, Stride: 1}, // operators, isolates, deprecated ones
		{Lo: 0x2800, Hi: 0x2800, Stride: 1}, // braille without a dot
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1},
		{Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1},
		{Lo: 0xFFF0, Hi: 0xFFFC, Stride: 1},
	},
	R32: []unicode.Range32{
		{Lo: 0x1BCA0, Hi: 0x1BCA3, Stride: 1}, // of shorthand
		{Lo: 0x1D159, Hi: 0x1D159, Stride: 1}, // a note's head that is none
		{Lo: 0x1D173, Hi: 0x1D17A, Stride: 1}, // of music
		{Lo: 0xE0000, Hi: 0xE00FF, Stride: 1}, // tags
		{Lo: 0xE01F0, Hi: 0xE0FFF, Stride: 1},
	},
}

// idle tells of a character that does something in some scripts and nothing behind
// the one that it stands behind here. Marks of direction stay: they change nothing
// beyond their neighbours, and keyboards put them into names.
func idle(base, r rune) bool {
	switch {
	case r == '\u00AD', r == '\u034F', r == '\u2060': // soft hyphen, grapheme joiner, word joiner
		return true
	case r == '\u200B': // between words of scripts that write none
		return !unicode.In(base, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan)
	case r == '\u200C', r == '\u200D', r >= 0xFE00 && r <= 0xFE0F:
		return !joined(base)
	case r >= 0x180B && r <= 0x180F:
		return !unicode.Is(unicode.Mongolian, base)
	case r >= 0xE0100 && r <= 0xE01EF:
		return !unicode.Is(unicode.Han, base)
	}
	return false
}

// again tells of a character that does no more than the one before it has done: of
// two joiners, two selectors or two marks of direction.
func again(before, r rune) bool {
	for _, alike := range []func(rune) bool{
		func(r rune) bool { return r == '\u200C' || r == '\u200D' },
		func(r rune) bool { return unicode.Is(unicode.Variation_Selector, r) },
		func(r rune) bool { return r == '\u200E' || r == '\u200F' || r == '\u061C' },
	} {
		if alike(r) && alike(before) {
			return true
		}
	}
	return false
}

// joined tells of what joiners and selectors have an effect on: letters of the
// scripts that join them, ideographs, symbols such as emoji, and digits of keycaps.
func joined(base rune) bool {
	if unicode.In(base, unicode.L, unicode.M) {
		return !unicode.In(base, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Armenian, unicode.Georgian, unicode.Hangul)
	}
	return unicode.In(base, unicode.S, unicode.Nd) || base == '#' || base == '*'
}
