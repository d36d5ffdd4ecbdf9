package typeset

import "math"

// Direction is the way in which a paragraph runs.
type Direction int

// The directions of a paragraph.
const (
	Auto        Direction = iota // that of its first letter; without one, that of the language
	LeftToRight                  // as Latin does
	RightToLeft                  // as Arabic does
)

// Align says where the lines stand in the width that they were given.
type Align int

// Start is the side where the paragraph begins: the right one for Arabic.
const (
	Start Align = iota
	Center
	End
)

// Style is how a text is set. Lengths are in one unit of the caller's choice:
// pixels, points.
type Style struct {
	Size float64 // the em; required
	// MinSize lets a text that does not fit be set smaller, down to this size;
	// words are broken only there. 0: Size is kept.
	MinSize float64
	Bold    bool
	// Lang is a language tag of BCP 47. It decides how Chinese is written
	// (zh-TW otherwise than zh) and the direction of texts without letters.
	Lang  string
	Dir   Direction
	Align Align
	// MaxWidth breaks lines, 0 does not. MaxLines ends the text with an ellipsis
	// after so many lines, 0 does not.
	MaxWidth float64
	MaxLines int
	// MaxHeight does what MaxLines does, by the height that the lines take; one
	// line is always set. 0: any height.
	MaxHeight float64
	// Balance makes the lines about equally long instead of filling them.
	Balance bool
}

// Block is a text that was set. Its origin is the upper left corner, x grows to
// the right and y downwards. It is read-only and outlives the Library.
type Block struct {
	Lines []Line
	// Width is the length of the longest line, Height goes from the top of the
	// first to the bottom of the last. Lines stand in the width of the style.
	Width, Height float64
	Size          float64 // the em that it was set in, less than asked for where it had to be
	RightToLeft   bool    // the direction of the paragraph
	Truncated     bool    // something was left out, and an ellipsis stands for it
	// Missing are letters that no font has, each once and at most ten. Where
	// there are any, the block is empty.
	Missing []rune
}

// Line is one line of a Block.
type Line struct {
	X, Width float64 // of what stands in it
	Baseline float64 // y
	Runs     []Run   // from left to right
}

// Run is a part of a line in one font and one direction.
type Run struct {
	Face        *Face
	Size        float64
	X, Y, Width float64 // of its origin, on the baseline
	RightToLeft bool
	Glyphs      []Glyph // from left to right
	Text        string  // in the order in which it is read
}

// Glyph is one outline of a font at its place.
type Glyph struct {
	ID   uint32
	X, Y float64 // of its origin in the block
	// Advance is how far the next glyph stands from where this one would without
	// its own offset.
	Advance float64
	// Text is what this glyph and those that follow it without a text stand for.
	Text string
}

// Op is what a Segment does with its points.
type Op uint8

// The operations of an outline: a new contour, a line, a curve with one control
// point, one with two. The last point is where it ends.
const (
	MoveTo Op = iota
	LineTo
	QuadTo
	CubeTo
)

// Point is a place.
type Point struct{ X, Y float64 }

// Segment is a part of an outline.
type Segment struct {
	Op Op
	P  [3]Point // as many as Op takes
}

// Points are those that the operation uses.
func (s *Segment) Points() []Point {
	switch s.Op {
	case QuadTo:
		return s.P[:2]
	case CubeTo:
		return s.P[:3]
	default:
		return s.P[:1]
	}
}

// Ink is the outlines of all glyphs, to be filled by the non-zero rule. Contours
// are closed without saying so.
func (b *Block) Ink() (ink []Segment) {
	for _, l := range b.Lines {
		for _, r := range l.Runs {
			scale := r.Size / r.Face.UnitsPerEm()
			for _, g := range r.Glyphs {
				for _, s := range r.Face.Outline(g.ID) {
					for i, p := range s.Points() {
						s.P[i] = Point{g.X + p.X*scale, g.Y - p.Y*scale}
					}
					ink = append(ink, s)
				}
			}
		}
	}
	return ink
}

// Bounds is the smallest rectangle around an outline and its control points;
// both corners are zero where there is no ink.
func Bounds(ink []Segment) (least, most Point) {
	if len(ink) == 0 {
		return least, most
	}
	least, most = Point{math.Inf(1), math.Inf(1)}, Point{math.Inf(-1), math.Inf(-1)}
	for _, s := range ink {
		for _, p := range s.Points() {
			least = Point{min(least.X, p.X), min(least.Y, p.Y)}
			most = Point{max(most.X, p.X), max(most.Y, p.Y)}
		}
	}
	return least, most
}
