package draw

import (
	"math"
	"slices"

	"laurel/internal/typeset"
)

func drawGround(c surface, p palette) {
	c.paint(p.rim, []shape{circle(point{}, 0.985)}, nil)
	c.paint(p.ground, []shape{circle(point{}, 0.945)}, nil)
	c.paint(p.discEdge, []shape{circle(point{}, 0.915)}, circle(point{}, 0.9))
}

const wreathRadius = 0.69

// drawWreath draws two branches, tied together below, with a gap above.
func drawWreath(c surface, p palette) {
	var stems, dark, light, fruit []shape
	for _, left := range []bool{false, true} {
		stems = append(stems, stem(left))
		d, l := leaves(left)
		dark, light = append(dark, d...), append(light, l...)
		fruit = append(fruit, berries(left)...)
	}
	c.paint(p.leaf, append(stems, dark...), nil)
	c.paint(p.leafLight, light, nil)
	c.paint(p.discEdge, fruit, nil)
}

// drawBow ties the branches: two tails, two loops, a knot.
func drawBow(c surface, p palette) {
	knot := polar(wreathRadius, math.Pi)
	var shaded, lit []shape
	for _, left := range []bool{false, true} {
		loop := knot.plus(point{0.17, -0.05}).mirrored(left)
		shaded = append(shaded,
			ribbon(knot, knot.plus(point{0.12, 0.17}), left),
			leafHalf(knot, loop, 0.34), leafHalf(knot, loop, -0.34))
		lit = append(lit, leafHalf(knot, loop, 0.17), leafHalf(knot, loop, -0.17))
	}
	c.paint(p.rim, shaded, nil)
	c.paint(p.discEdge, lit, nil)
	c.paint(p.rim, []shape{circle(knot, 0.036)}, nil)
}

// ribbon is a tail that widens towards a notched end.
func ribbon(from, to point, left bool) shape {
	s := shape{
		from.plus(point{-0.012, 0}), from.plus(point{0.02, -0.01}),
		to.plus(point{0.035, -0.02}), to.plus(point{-0.012, -0.028}), to.plus(point{-0.04, 0.012}),
	}
	for i := range s {
		s[i] = s[i].mirrored(left)
	}
	return s
}

// On a branch, s runs from 0 where the two meet to 1 at the tip.
const (
	firstAngle = math.Pi - 0.04
	lastAngle  = 0.34
)

func branch(s float64) (at point, heading float64) {
	a := firstAngle + (lastAngle-firstAngle)*s
	return polar(wreathRadius, a), a - math.Pi/2 // anticlockwise, up the right side
}

func stem(left bool) shape {
	const steps = 60
	var outer, inner shape
	for i := range steps {
		s := 0.97 * float64(i) / (steps - 1)
		at, _ := branch(s)
		half := 0.014 * (1 - 0.6*s) // tapers
		outer = append(outer, at.times(1+half/wreathRadius).mirrored(left))
		inner = append(inner, at.times(1-half/wreathRadius).mirrored(left))
	}
	slices.Reverse(inner)
	return append(outer, inner...)
}

// pairs of leaves stand on each branch, and one leaf at its tip.
const pairs = 10

func leafAt(pair int) (s float64) { return 0.085 + 0.87*float64(pair)/pairs }

func leaves(left bool) (dark, light []shape) {
	add := func(s, turn, length float64) {
		base, heading := branch(s)
		tip := base.plus(polar(length, heading+turn))
		base, tip = base.mirrored(left), tip.mirrored(left)
		width := 0.2
		if left {
			width = -width
		}
		dark = append(dark, leafHalf(base, tip, width), leafHalf(base, tip, -width/10))
		light = append(light, leafHalf(base, tip, -width))
	}
	for i := range pairs {
		s := leafAt(i)
		length := 0.265 - 0.085*s
		add(s, 0.62, length)       // outside
		add(s+0.03, -0.62, length) // inside, a little further on
	}
	add(0.97, 0, 0.16)
	return dark, light
}

// berries sit in the angle below an outer leaf.
func berries(left bool) (all []shape) {
	for _, pair := range []int{2, 5, 8} {
		at, heading := branch(leafAt(pair) - 0.012)
		at = at.plus(polar(0.046, heading+math.Pi/2))
		all = append(all, circle(at.mirrored(left), 0.02))
	}
	return all
}

// drawBand lays a ribbon over the foot of the medal, instead of the bow, with the
// name of the issuer in it.
func drawBand(c surface, p palette, name *typeset.Block) {
	var folds, ends []shape
	for _, left := range []bool{false, true} {
		end := shape{{0.6, 0.66}, {0.93, 0.61}, {0.86, 0.725}, {0.93, 0.84}, {0.6, 0.87}}
		fold := shape{{0.6, 0.87}, {0.72, 0.79}, {0.72, 0.72}, {0.6, 0.8}}
		for i := range end {
			end[i] = end[i].mirrored(left)
		}
		for i := range fold {
			fold[i] = fold[i].mirrored(left)
		}
		ends, folds = append(ends, end), append(folds, fold)
	}
	c.paint(p.leaf, ends, nil)
	c.paint(p.discEdge, folds, nil)
	c.paint(p.rim, []shape{{{-0.72, 0.6}, {0.72, 0.6}, {0.72, 0.8}, {-0.72, 0.8}}}, nil)
	c.write(0xFFFFFF, name.Ink(), point{-bandWidth / 2, 0.7 - name.Height/2}, 1)
}

func drawDisc(c surface, p palette) {
	c.paint(p.discEdge, []shape{circle(point{}, 0.47)}, nil)
	c.paint(p.disc, []shape{circle(point{}, 0.45)}, nil)
}

// drawRing is a fine line within the disc.
func drawRing(c surface, p palette) {
	c.paint(p.discEdge, []shape{circle(point{}, 0.415)}, circle(point{}, 0.405))
}
