package certificate

import (
	"math"

	"laurel/internal/pdf"
	"laurel/internal/typeset"
)

func at(x, y float64) typeset.Point { return typeset.Point{X: x, Y: y} }

func move(p typeset.Point) typeset.Segment {
	return typeset.Segment{Op: typeset.MoveTo, P: [3]typeset.Point{p}}
}

func lineTo(p typeset.Point) typeset.Segment {
	return typeset.Segment{Op: typeset.LineTo, P: [3]typeset.Point{p}}
}

func quadTo(by, to typeset.Point) typeset.Segment {
	return typeset.Segment{Op: typeset.QuadTo, P: [3]typeset.Point{by, to}}
}

func rectangle(x, y, width, height float64) []typeset.Segment {
	return []typeset.Segment{move(at(x, y)), lineTo(at(x+width, y)), lineTo(at(x+width, y+height)), lineTo(at(x, y+height))}
}

func diamond(x, y, r float64) []typeset.Segment {
	return []typeset.Segment{move(at(x, y-r)), lineTo(at(x+r, y)), lineTo(at(x, y+r)), lineTo(at(x-r, y))}
}

// border is the outline of a rectangle, so far from the edges of the page and so
// thick.
func (s *sheet) border(from, thick float64) (all []typeset.Segment) {
	w, h := s.width-2*from, s.height-2*from
	all = append(all, rectangle(from, from, w, thick)...)
	all = append(all, rectangle(from, from+h-thick, w, thick)...)
	all = append(all, rectangle(from, from+thick, thick, h-2*thick)...)
	return append(all, rectangle(from+w-thick, from+thick, thick, h-2*thick)...)
}

// frame draws two lines around the page, and a sprig along both sides of each
// corner.
func (s *sheet) frame() {
	s.page.Decorate(s.border(margin, 1.6), pine)
	s.page.Decorate(s.border(margin+4, 0.5), gold)
	const in, step, length = margin + 13, 9.0, 13.0
	var sprigs []typeset.Segment
	for _, c := range [][4]float64{{in, in, 1, 1}, {s.width - in, in, -1, 1}, {in, s.height - in, 1, -1}, {s.width - in, s.height - in, -1, -1}} {
		place := func(along, across float64) typeset.Point { return at(c[0]+c[2]*along, c[1]+c[3]*across) }
		sprigs = append(sprigs, leafAt(place(-2, -2), place(9, 9), 0.15)...)
		for n := range 3 {
			from, size := 1+step*float64(n), length*(1-0.14*float64(n))
			sprigs = append(sprigs, leafAt(place(from, 0), place(from+size, 0.32*size), 0.13)...)
			sprigs = append(sprigs, leafAt(place(from, 0), place(from+size, -0.32*size), 0.13)...)
			sprigs = append(sprigs, leafAt(place(0, from), place(0.32*size, from+size), 0.13)...)
			sprigs = append(sprigs, leafAt(place(0, from), place(-0.32*size, from+size), 0.13)...)
		}
	}
	s.page.Decorate(sprigs, leaf)
}

// leafAt is a pointed leaf from base to tip; width is a share of its length.
func leafAt(base, tip typeset.Point, width float64) []typeset.Segment {
	dx, dy := tip.X-base.X, tip.Y-base.Y
	bulge := func(side float64) typeset.Point {
		return at(base.X+0.45*dx-side*dy*width*2, base.Y+0.45*dy+side*dx*width*2)
	}
	return []typeset.Segment{move(base), quadTo(bulge(1), tip), quadTo(bulge(-1), base)}
}

// wreath draws two branches of laurel, open above, around a star.
func (s *sheet) wreath(x, y, radius float64) {
	const leaves = 9
	ring := 0.78 * radius
	var stems, dark, light, berries []typeset.Segment
	for _, side := range []float64{-1, 1} {
		on := func(share float64) (place typeset.Point, heading float64) {
			angle := (177 - 142*share) * math.Pi / 180 // from straight below, clockwise from above
			sin, cos := math.Sincos(angle)
			return at(x+side*ring*sin, y-ring*cos), angle - math.Pi/2
		}
		towards := func(from typeset.Point, heading, length float64) typeset.Point {
			sin, cos := math.Sincos(heading)
			return at(from.X+side*length*sin, from.Y-length*cos)
		}
		for n := range leaves {
			share := float64(n) / leaves
			length := radius * (0.36 - 0.12*share)
			from, heading := on(share + 0.03)
			dark = append(dark, leafAt(from, towards(from, heading+0.62, length), 0.17)...)
			from, heading = on(share + 0.075)
			light = append(light, leafAt(from, towards(from, heading-0.62, length), 0.17)...)
			if n%3 == 2 {
				from, heading = on(share)
				berries = append(berries, disc(towards(from, heading+math.Pi/2, 0.09*radius), 0.034*radius)...)
			}
		}
		from, heading := on(0.97)
		dark = append(dark, leafAt(from, towards(from, heading, radius*0.24), 0.17)...)
		for step := range 40 { // the stem, as short straight pieces
			a, _ := on(float64(step) / 41)
			b, _ := on(float64(step+1) / 41)
			stems = append(stems, stroke(a, b, 0.014*radius*(2-float64(step)/41))...)
		}
	}
	s.page.Decorate(stems, pine) // apart, because outlines that run against each other make holes
	s.page.Decorate(light, leaf)
	s.page.Decorate(dark, pine)
	s.page.Decorate(berries, gold)
	s.page.Decorate(star(at(x, y+0.02*radius), 0.3*radius), gold)
}

// stroke is a straight line of a width.
func stroke(a, b typeset.Point, width float64) []typeset.Segment {
	dx, dy := b.X-a.X, b.Y-a.Y
	length := math.Hypot(dx, dy)
	nx, ny := -dy/length*width/2, dx/length*width/2
	return []typeset.Segment{move(at(a.X+nx, a.Y+ny)), lineTo(at(b.X+nx, b.Y+ny)), lineTo(at(b.X-nx, b.Y-ny)), lineTo(at(a.X-nx, a.Y-ny))}
}

func disc(centre typeset.Point, r float64) []typeset.Segment {
	const k = 0.5523 // a quarter of a circle as one curve
	cube := func(a, b, to typeset.Point) typeset.Segment {
		return typeset.Segment{Op: typeset.CubeTo, P: [3]typeset.Point{a, b, to}}
	}
	x, y := centre.X, centre.Y
	return []typeset.Segment{move(at(x+r, y)),
		cube(at(x+r, y+k*r), at(x+k*r, y+r), at(x, y+r)), cube(at(x-k*r, y+r), at(x-r, y+k*r), at(x-r, y)),
		cube(at(x-r, y-k*r), at(x-k*r, y-r), at(x, y-r)), cube(at(x+k*r, y-r), at(x+r, y-k*r), at(x+r, y))}
}

// star has five points.
func star(centre typeset.Point, r float64) (all []typeset.Segment) {
	for n := range 10 {
		reach := r
		if n%2 == 1 {
			reach = 0.4 * r
		}
		sin, cos := math.Sincos(float64(n) * math.Pi / 5)
		p := at(centre.X+reach*sin, centre.Y-reach*cos)
		if n == 0 {
			all = append(all, move(p))
		} else {
			all = append(all, lineTo(p))
		}
	}
	return all
}

// flourish is a rule that thins out to both sides of a small diamond.
func (s *sheet) flourish(x, y float64) {
	const half = 62 * pdf.Millimetre
	var all []typeset.Segment
	for _, side := range []float64{-1, 1} {
		all = append(all, move(at(x+side*7, y-0.6)), lineTo(at(x+side*half, y)), lineTo(at(x+side*7, y+0.6)))
	}
	s.page.Decorate(append(all, diamond(x, y, 3)...), gold)
}
