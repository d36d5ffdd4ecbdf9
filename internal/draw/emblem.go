package draw

import (
	"math"
	"slices"
)

// emblem is what stands on the disc.
type emblem struct {
	rays   int     // points of the star or petals of the flower
	flower bool    // petals rather than points
	depth  float64 // how far the star is cut in, as a share of its radius
	beads  int     // small dots around it
	core   bool    // a round middle
}

// emblemOf draws lots with the bytes of a hash.
func emblemOf(hash [32]byte) emblem {
	return emblem{
		rays:   5 + int(hash[0])%6,
		flower: hash[1]%2 == 0,
		depth:  0.42 + 0.04*float64(hash[2]%5),
		beads:  []int{0, 12, 24, 36}[hash[3]%4],
		core:   hash[4]%2 == 0,
	}
}

// draw fills the disc with the emblem.
func (e emblem) draw(c surface, p palette) {
	if e.beads > 0 {
		var beads []shape
		for i := range e.beads {
			beads = append(beads, circle(polar(0.36, 2*math.Pi*float64(i)/float64(e.beads)), 0.012))
		}
		c.paint(p.emblemLow, beads, nil)
	}
	e.figure(c, p, point{}, 1)
}

// small stands above a text.
func (e emblem) small(c surface, p palette) { e.figure(c, p, point{0, -0.3}, 0.34) }

func (e emblem) figure(c surface, p palette, at point, scale float64) {
	lit, low := e.facets(0.29 * scale)
	for _, s := range append(slices.Clone(lit), low...) {
		for i := range s {
			s[i] = s[i].plus(at)
		}
	}
	c.paint(p.emblemLow, append(low, lit...), nil)
	c.paint(p.emblem, lit, nil)
	if e.core {
		c.paint(p.disc, []shape{circle(at, 0.085*scale)}, nil)
		c.paint(p.emblem, []shape{circle(at, 0.055*scale)}, nil)
	}
}

// facets are the two halves of every ray, lit from the left.
func (e emblem) facets(radius float64) (lit, low []shape) {
	step := 2 * math.Pi / float64(e.rays)
	for i := range e.rays {
		a := float64(i) * step
		tip := polar(radius, a)
		if e.flower {
			width := 0.46 * math.Tan(step/2) // so that petals touch and do not overlap
			lit = append(lit, leafHalf(point{}, tip, width))
			low = append(low, leafHalf(point{}, tip, -width))
			continue
		}
		lit = append(lit, shape{{}, polar(radius*e.depth, a-step/2), tip})
		low = append(low, shape{{}, tip, polar(radius*e.depth, a+step/2)})
	}
	return lit, low
}
