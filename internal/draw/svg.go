package draw

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// SVG writes the drawing of Badge as outlines, without text, to w. Equal
// arguments give equal bytes. The error is what w answers.
func SVG(w io.Writer, title, issuer string) error {
	var s sheet
	fmt.Fprintf(&s.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %d %d" width="%d" height="%d">`+"\n",
		-unit, -unit, 2*unit, 2*unit, Size, Size)
	medalOn(&s, title, issuer)
	s.out.WriteString("</svg>\n")
	if _, err := w.Write(s.out.Bytes()); err != nil {
		return fmt.Errorf("draw: writing SVG: %w", err)
	}
	return nil
}

// unit is how many units of the SVG make one of a picture: they are whole, and
// a quarter of a pixel at the usual size.
const unit = 800

// sheet writes what is painted as paths.
type sheet struct{ out bytes.Buffer }

// paint implements surface: as on a canvas, outlines go all the same way round,
// and that of a hole the other.
func (s *sheet) paint(col colour, shapes []shape, hole shape) {
	fmt.Fprintf(&s.out, `<path fill="#%06x" d="`, uint32(col))
	for _, outline := range shapes {
		s.outline(turned(outline, false))
	}
	s.outline(turned(hole, true))
	s.out.WriteString("\"/>\n")
}

// outline writes a closed polygon, each corner as the way from the one before.
func (s *sheet) outline(corners shape) {
	var x, y int
	for i, p := range corners {
		atX, atY := whole(p.x), whole(p.y)
		switch {
		case i == 0:
			fmt.Fprintf(&s.out, "M%d %d", atX, atY)
		case i == 1:
			fmt.Fprintf(&s.out, "l%d %d", atX-x, atY-y)
		case atX != x || atY != y:
			fmt.Fprintf(&s.out, " %d %d", atX-x, atY-y)
		}
		x, y = atX, atY
	}
	if len(corners) > 0 {
		s.out.WriteString("z")
	}
}

func whole(v float64) int { return int(math.Round(v * unit)) }
