package pdf

import (
	"encoding/binary"
	"math"

	"laurel/internal/typeset"
)

// A font is written in the Compact Font Format (Adobe Technical Note 5176), keyed
// by character identifiers, with charstrings of type 2 (Note 5177).

// unitsPerEm is how many units of our fonts are the size of the text, as the
// format has it by default.
const unitsPerEm = 1000

// Operators of dictionaries.
const (
	opFontBBox     = 5
	opCharset      = 15
	opCharStrings  = 17
	opPrivate      = 18
	opDefaultWidth = 20
	opROS          = 12<<8 | 30
	opCIDCount     = 12<<8 | 34
	opFDArray      = 12<<8 | 36
	opFDSelect     = 12<<8 | 37
	firstOwnString = 391 // those before it are in every reader
	charRMoveTo    = 21
	charRLineTo    = 5
	charRRCurveTo  = 8
	charEndChar    = 14
)

// compactFont writes a font of the given glyphs. The first is what is shown for
// none of the others.
func compactFont(name string, glyphs []*glyph, box [4]int) []byte {
	top := func(charset, selects, strings, array int) []byte {
		d := charNumber(charNumber(charNumber(nil, firstOwnString), firstOwnString+1), 0)
		d = dictOp(d, opROS)
		for _, v := range box {
			d = charNumber(d, v)
		}
		d = dictOp(d, opFontBBox)
		d = dictOp(dictPlace(d, len(glyphs)), opCIDCount)
		d = dictOp(dictPlace(d, charset), opCharset)
		d = dictOp(dictPlace(d, selects), opFDSelect)
		d = dictOp(dictPlace(d, strings), opCharStrings)
		return dictOp(dictPlace(d, array), opFDArray)
	}
	private := dictOp(charNumber(nil, 0), opDefaultWidth)
	part := func(at int) []byte {
		return index(dictOp(dictPlace(charNumber(nil, len(private)), at), opPrivate))
	}
	head := append([]byte{1, 0, 4, 4}, index([]byte(name))...)
	tail := append(index([]byte("Adobe"), []byte("Identity")), index()...)
	// Places in dictionaries have one length, so that where things stand does not
	// depend on where they stand.
	at := len(head) + len(index(top(0, 0, 0, 0))) + len(tail)
	charset, selects := charsetOf(len(glyphs)), selectOf(len(glyphs))
	chars := charStrings(glyphs)
	atSelects := at + len(charset)
	atChars := atSelects + len(selects)
	atArray := atChars + len(chars)
	atPrivate := atArray + len(part(0))

	out := append(head, index(top(at, atSelects, atChars, atArray))...)
	for _, b := range [][]byte{tail, charset, selects, chars, part(atPrivate), private} {
		out = append(out, b...)
	}
	return out
}

// charsetOf gives glyph n the character identifier n.
func charsetOf(glyphs int) []byte {
	if glyphs < 2 {
		return []byte{0}
	}
	return binary.BigEndian.AppendUint16([]byte{2, 0, 1}, uint16(glyphs-2))
}

// selectOf says that all glyphs are of the one font dictionary.
func selectOf(glyphs int) []byte {
	return binary.BigEndian.AppendUint16([]byte{3, 0, 1, 0, 0, 0}, uint16(glyphs))
}

func charStrings(glyphs []*glyph) []byte {
	all := make([][]byte, len(glyphs))
	for i, g := range glyphs {
		all[i] = charString(g)
	}
	return index(all...)
}

// index writes an INDEX (Note 5176 section 5).
func index(items ...[]byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, uint16(len(items)))
	if len(items) == 0 {
		return out
	}
	out = append(out, 4)
	at := uint32(1)
	out = binary.BigEndian.AppendUint32(out, at)
	for _, item := range items {
		at += uint32(len(item))
		out = binary.BigEndian.AppendUint32(out, at)
	}
	for _, item := range items {
		out = append(out, item...)
	}
	return out
}

func dictPlace(d []byte, v int) []byte {
	return binary.BigEndian.AppendUint32(append(d, 29), uint32(int32(v)))
}

func dictOp(d []byte, op int) []byte {
	if op > 0xFF {
		d = append(d, byte(op>>8))
	}
	return append(d, byte(op))
}

// charString draws a glyph: its width, then each contour. Curves with one control
// point become those with two, which are the same.
func charString(g *glyph) []byte {
	pen := &pen{out: charNumber(nil, g.width)}
	for _, s := range g.outline {
		p := s.P
		switch s.Op {
		case typeset.MoveTo:
			pen.draw(charRMoveTo, p[0])
		case typeset.LineTo:
			pen.draw(charRLineTo, p[0])
		case typeset.QuadTo:
			from := pen.exact
			pen.draw(charRRCurveTo, between(from, p[0], 2./3), between(p[1], p[0], 2./3), p[1])
		case typeset.CubeTo:
			pen.draw(charRRCurveTo, p[0], p[1], p[2])
		}
	}
	return append(pen.out, charEndChar)
}

// pen writes what it draws from point to point.
type pen struct {
	out   []byte
	x, y  int // where it is, rounded as written
	exact typeset.Point
}

func (p *pen) draw(op byte, points ...typeset.Point) {
	for _, to := range points {
		x, y := round(to.X), round(to.Y)
		p.out = charNumber(charNumber(p.out, x-p.x), y-p.y)
		p.x, p.y, p.exact = x, y, to
	}
	p.out = append(p.out, op)
}

func between(a, b typeset.Point, share float64) typeset.Point {
	return typeset.Point{X: a.X + (b.X-a.X)*share, Y: a.Y + (b.Y-a.Y)*share}
}

// round keeps a number in the range that charstrings have.
func round(v float64) int { return int(math.Round(max(-16000, min(v, 16000)))) }

func charNumber(d []byte, v int) []byte {
	switch {
	case v >= -107 && v <= 107:
		return append(d, byte(v+139))
	case v >= 108 && v <= 1131:
		v -= 108
		return append(d, byte(v>>8+247), byte(v))
	case v <= -108 && v >= -1131:
		v = -v - 108
		return append(d, byte(v>>8+251), byte(v))
	}
	return binary.BigEndian.AppendUint16(append(d, 28), uint16(int16(v)))
}
