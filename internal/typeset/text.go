package typeset

import (
	"slices"
	"unicode"
)

const (
	// MaxRunes is how much of a text is looked at; what comes after it is as if
	// it did not fit.
	MaxRunes = 2000
	// maxMarks on one letter are more than any script needs.
	maxMarks = 8
)

const (
	ellipsis    = '…'
	replacement = '\uFFFD'
)

// clean is the text as it is set, and whether it was cut.
func clean(text string) (runes []rune, cut bool) {
	space, marks := false, 0
	for _, r := range text {
		switch {
		case breaks(r):
			space = len(runes) > 0
			continue
		case invisible(r):
			continue
		case unicode.In(r, unicode.Mn, unicode.Me):
			if marks++; marks > maxMarks {
				continue
			}
		default:
			marks = 0
		}
		if len(runes)+2 > MaxRunes {
			return append(runes, ellipsis), true
		}
		if space {
			runes, space = append(runes, ' '), false
		}
		runes = append(runes, r)
	}
	return runes, false
}

// breaks tells white space at which a line may end; that which forbids it stays.
func breaks(r rune) bool {
	return unicode.IsSpace(r) && r != '\u00A0' && r != '\u2007' && r != '\u202F'
}

// invisible tells what has no picture and is not needed to read on: controls,
// embeddings, overrides and isolates, byte order marks, tags. What joins and
// parts letters stays, and so do the three marks of direction, which change
// nothing beyond their neighbours.
func invisible(r rune) bool {
	switch r {
	case '\u200B', '\u200C', '\u200D', '\u200E', '\u200F', '\u061C': // ZWSP, ZWNJ, ZWJ, LRM, RLM, ALM
		return false
	case '\u00AD', '\u180E', '\uFEFF':
		return true
	}
	switch {
	case unicode.Is(unicode.Cc, r), r >= 0xE0000 && r <= 0xE0FFF:
		return true
	case unicode.Is(unicode.Cf, r):
		return !unicode.In(r, unicode.Arabic, unicode.Syriac, unicode.Kaithi) && !numberSign(r)
	}
	return false
}

// numberSign tells the format characters that do have a picture.
func numberSign(r rune) bool {
	return r >= 0x0600 && r <= 0x0605 || r == 0x06DD || r == 0x08E2 || r == 0x0890 || r == 0x0891
}

// pictureless tells characters that are drawn by nothing but their effect on
// others, for which no font is asked.
func pictureless(r rune) bool {
	return r == ' ' || unicode.In(r, unicode.Cf, unicode.Zs, unicode.Variation_Selector) && !numberSign(r)
}

// unreadable tells what must not be drawn even where a font has something for
// it: signs that stand for broken text, and those of private use.
func unreadable(r rune) bool {
	return r == replacement || unicode.Is(unicode.Co, r)
}

// rightToLeft is the direction of a paragraph: that of its first letter.
func rightToLeft(runes []rune, style Style) bool {
	switch style.Dir {
	case LeftToRight:
		return false
	case RightToLeft:
		return true
	}
	for _, r := range runes {
		if r == '\u200F' || r == '\u061C' {
			return true
		}
		if unicode.IsLetter(r) || r == '\u200E' {
			return unicode.In(r, leftward...)
		}
	}
	return slices.Contains([]string{"ar", "fa", "he", "ps", "ug", "ur", "yi"}, primary(style.Lang))
}

var leftward = []*unicode.RangeTable{
	unicode.Arabic, unicode.Hebrew, unicode.Syriac, unicode.Thaana, unicode.Nko, unicode.Samaritan, unicode.Mandaic,
	unicode.Adlam, unicode.Hanifi_Rohingya, unicode.Mende_Kikakui,
}
