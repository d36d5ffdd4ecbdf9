package draw

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"laurel/internal/typeset"
)

// SVG writes the drawing of Badge to w. Its text is outlines too, so that it
// needs no font and looks the same everywhere. The errors are those of
// typeset.Library.Layout and what w answers.
func SVG(w io.Writer, fonts *typeset.Library, m Medal) error {
	var s sheet
	fmt.Fprintf(&s.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="%d %d %d %d" width="%d" height="%d">`+"\n",
		-unit, -unit, 2*unit, 2*unit, Size, Size)
	if err := medalOn(&s, fonts, m); err != nil {
		return err
	}
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

// write implements surface: every point as it stands.
func (s *sheet) write(col colour, ink []typeset.Segment, origin point, scale float64) {
	if len(ink) == 0 {
		return
	}
	fmt.Fprintf(&s.out, `<path fill="#%06x" d="`, uint32(col))
	for n, seg := range ink {
		if seg.Op == typeset.MoveTo && n > 0 {
			s.out.WriteByte('z')
		}
		s.out.WriteByte("MLQC"[seg.Op])
		for i, p := range seg.Points() {
			if i > 0 {
				s.out.WriteByte(' ')
			}
			fmt.Fprintf(&s.out, "%d %d", whole(origin.x+p.X*scale), whole(origin.y+p.Y*scale))
		}
	}
	s.out.WriteString("z\"/>\n")
}

func whole(v float64) int { return int(math.Round(v * unit)) }
