package draw

import (
	"image"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/vector"

	"laurel/internal/typeset"
)

// colour is an opaque 0xRRGGBB.
type colour uint32

func (c colour) rgba() color.RGBA {
	return color.RGBA{R: uint8(c >> 16), G: uint8(c >> 8), B: uint8(c), A: 0xFF}
}

// point lies in the unit square of the picture: the middle is 0,0, the edges are
// at -1 and 1, y grows downwards.
type point struct{ x, y float64 }

func polar(radius, angle float64) point {
	sin, cos := math.Sincos(angle)
	return point{radius * sin, -radius * cos} // 0 is up, clockwise
}

func (p point) plus(q point) point    { return point{p.x + q.x, p.y + q.y} }
func (p point) times(f float64) point { return point{p.x * f, p.y * f} }
func (p point) mirrored(yes bool) point {
	if yes {
		p.x = -p.x
	}
	return p
}

// shape is a closed polygon; curves are given as many short sides.
type shape []point

// surface is what a medal is drawn on.
type surface interface {
	// paint fills all shapes with one colour. Where shapes overlap they are
	// one; where hole is given, its inside stays empty.
	paint(col colour, shapes []shape, hole shape)
	// write fills the outlines of a text, whose origin and unit of length are
	// given in those of the picture.
	write(col colour, ink []typeset.Segment, origin point, scale float64)
}

// canvas fills shapes with anti-aliased edges.
type canvas struct {
	img  *image.RGBA
	fill *vector.Rasterizer
	half float64 // pixels to one unit
	left int     // pixels left of the picture and above it
	top  int
}

func newCanvas(size int) *canvas {
	return &canvas{
		img:  image.NewRGBA(image.Rect(0, 0, size, size)),
		fill: vector.NewRasterizer(size, size),
		half: float64(size) / 2,
	}
}

// within is a square part of the canvas.
func (c *canvas) within(left, top, size int) *canvas {
	part := *c
	part.half, part.left, part.top = float64(size)/2, left, top
	return &part
}

// paint implements surface.
func (c *canvas) paint(col colour, shapes []shape, hole shape) {
	box := c.bounds(shapes) // the rasterizer's work grows with its area
	c.fill.Reset(box.Dx(), box.Dy())
	for _, s := range shapes {
		c.add(s, box.Min, false)
	}
	c.add(hole, box.Min, true)
	c.fill.Draw(c.img, box, image.NewUniform(col.rgba()), image.Point{})
}

// bounds is the smallest rectangle of whole pixels around shapes.
func (c *canvas) bounds(shapes []shape) (box image.Rectangle) {
	for _, s := range shapes {
		for _, p := range s {
			x, y := int(c.x(p.x)), int(c.y(p.y))
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box.Inset(-1).Intersect(c.img.Rect)
}

// add turns every outline the same way round, because the rasterizer subtracts
// what is drawn against the others; that is what makes a hole, too.
func (c *canvas) add(s shape, origin image.Point, against bool) {
	for i, p := range turned(s, against) {
		x, y := c.x(p.x)-float32(origin.X), c.y(p.y)-float32(origin.Y)
		if i == 0 {
			c.fill.MoveTo(x, y)
		} else {
			c.fill.LineTo(x, y)
		}
	}
	c.fill.ClosePath()
}

// turned is an outline that goes one way round, or against it.
func turned(s shape, against bool) shape {
	if (area(s) < 0) != against {
		s = slices.Clone(s)
		slices.Reverse(s)
	}
	return s
}

func (c *canvas) x(v float64) float32 { return c.pixel(v) + float32(c.left) }
func (c *canvas) y(v float64) float32 { return c.pixel(v) + float32(c.top) }

// write implements surface. Glyphs that overlap are one, as their contours all
// go the same way round within a font.
func (c *canvas) write(col colour, ink []typeset.Segment, origin point, scale float64) {
	least, most := typeset.Bounds(ink)
	box := image.Rect(int(c.x(origin.x+least.X*scale)), int(c.y(origin.y+least.Y*scale)), int(c.x(origin.x+most.X*scale))+1, int(c.y(origin.y+most.Y*scale))+1)
	if box = box.Inset(-1).Intersect(c.img.Rect); len(ink) == 0 || box.Empty() {
		return
	}
	c.fill.Reset(box.Dx(), box.Dy())
	var at [3][2]float32
	for n, s := range ink {
		for i, p := range s.Points() {
			at[i] = [2]float32{c.x(origin.x+p.X*scale) - float32(box.Min.X), c.y(origin.y+p.Y*scale) - float32(box.Min.Y)}
		}
		switch s.Op {
		case typeset.MoveTo:
			if n > 0 {
				c.fill.ClosePath()
			}
			c.fill.MoveTo(at[0][0], at[0][1])
		case typeset.LineTo:
			c.fill.LineTo(at[0][0], at[0][1])
		case typeset.QuadTo:
			c.fill.QuadTo(at[0][0], at[0][1], at[1][0], at[1][1])
		case typeset.CubeTo:
			c.fill.CubeTo(at[0][0], at[0][1], at[1][0], at[1][1], at[2][0], at[2][1])
		}
	}
	c.fill.ClosePath()
	c.fill.Draw(c.img, box, image.NewUniform(col.rgba()), image.Point{})
}

// pixel rounds to 1/64 of a pixel, so that the last bits of sines, which differ
// between processors, do not reach the picture.
func (c *canvas) pixel(v float64) float32 {
	return float32(math.Round((v+1)*c.half*64) / 64)
}

// area is twice the signed area of a polygon.
func area(s shape) (sum float64) {
	for i, p := range s {
		q := s[(i+1)%len(s)]
		sum += p.x*q.y - q.x*p.y
	}
	return sum
}

func circle(centre point, radius float64) shape {
	const sides = 180 // at most 0.1 pixel from round, in the largest picture
	s := make(shape, sides)
	for i := range s {
		s[i] = centre.plus(polar(radius, 2*math.Pi*float64(i)/sides))
	}
	return s
}

// leafHalf is one side of a pointed leaf: its midrib from base to tip, and a
// curve back, width away from it to the left (or, negative, to the right).
func leafHalf(base, tip point, width float64) shape {
	const steps = 14
	along := tip.plus(base.times(-1))
	across := point{along.y, -along.x}
	s := shape{base, tip}
	for i := steps - 1; i > 0; i-- {
		t := float64(i) / steps
		// Fullest before the middle, and drawn out towards the tip.
		bulge := math.Sin(math.Pi*math.Pow(t, 0.8)) * (1 - 0.25*t)
		s = append(s, base.plus(along.times(t)).plus(across.times(width*bulge)))
	}
	return s
}
