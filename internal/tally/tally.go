// Package tally counts how often things happen and how they are spread, for
// whoever wants to look: the packages that do the work fill it in, and only
// the command knows in which form it is shown to operators.
//
// It keeps no names and no times, and its size is fixed. Start at Histogram and
// Counts.
package tally

import (
	"math"
	"sync/atomic"
)

// Histogram is how values are spread over ranges whose bounds are fixed. It is
// safe for concurrent use; the zero value counts everything into one range.
type Histogram struct {
	bounds []float64
	counts []atomic.Uint64 // by range; what is above the last bound is in total alone
	total  atomic.Uint64
	sum    atomic.Uint64 // bits of a float64
}

// Seconds is a Histogram of durations in seconds, from a tenth of a millisecond
// to ten seconds.
func Seconds() *Histogram {
	return New(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10)
}

// New makes a Histogram whose ranges end at the bounds, which ascend.
func New(bounds ...float64) *Histogram {
	return &Histogram{bounds: bounds, counts: make([]atomic.Uint64, len(bounds))}
}

// Observe counts a value.
func (h *Histogram) Observe(v float64) {
	for n, bound := range h.bounds {
		if v <= bound {
			h.counts[n].Add(1)
			break
		}
	}
	h.total.Add(1)
	for {
		old := h.sum.Load()
		if h.sum.CompareAndSwap(old, math.Float64bits(math.Float64frombits(old)+v)) {
			return
		}
	}
}

// Spread is what a Histogram has counted.
type Spread struct {
	Count uint64
	Sum   float64
	// UpTo is by bound how many values were at most as large.
	UpTo map[float64]uint64
}

// Spread returns what was counted so far.
func (h *Histogram) Spread() Spread {
	s := Spread{UpTo: make(map[float64]uint64, len(h.bounds))}
	var below uint64
	for n, bound := range h.bounds {
		below += h.counts[n].Load()
		s.UpTo[bound] = below
	}
	s.Count = max(h.total.Load(), below) // a value is put into its range first
	s.Sum = math.Float64frombits(h.sum.Load())
	return s
}

// Counts counts things by their kinds, which are fixed. It is safe for
// concurrent use.
type Counts map[string]*atomic.Uint64

// Of makes Counts of some kinds.
func Of(kinds ...string) Counts {
	c := Counts{}
	for _, k := range kinds {
		c[k] = new(atomic.Uint64)
	}
	return c
}

// Add counts one of a kind; of one that is not fixed it takes no notice.
func (c Counts) Add(kind string) {
	if n := c[kind]; n != nil {
		n.Add(1)
	}
}

// Numbers are how often each kind was counted.
func (c Counts) Numbers() map[string]uint64 {
	numbers := make(map[string]uint64, len(c))
	for k, n := range c {
		numbers[k] = n.Load()
	}
	return numbers
}
