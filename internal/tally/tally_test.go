package tally_test

import (
	"maps"
	"math"
	"sync"
	"testing"

	"laurel/internal/tally"
)

// Values from many sides are all counted, each in its range and in those above.
func TestHistogramCountsAllAtOnce(t *testing.T) {
	h := tally.New(1, 10, 100)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				for _, v := range []float64{0.5, 1, 7, 100, 101} {
					h.Observe(v)
				}
			}
		})
	}
	all.Wait()
	s := h.Spread()
	if want := map[float64]uint64{1: 8000, 10: 12000, 100: 16000}; !maps.Equal(s.UpTo, want) {
		t.Errorf("by range %v, want %v", s.UpTo, want)
	}
	if s.Count != 20000 || math.Abs(s.Sum-4000*209.5) > 1e-6 {
		t.Errorf("%d values of %f", s.Count, s.Sum)
	}
}

// Kinds that nobody fixed are none: what strangers name makes nothing grow.
func TestCountsKeepToTheirKinds(t *testing.T) {
	c := tally.Of("good", "bad")
	c.Add("good")
	c.Add("good")
	c.Add("a stranger's word")
	if got := c.Numbers(); !maps.Equal(got, map[string]uint64{"good": 2, "bad": 0}) {
		t.Errorf("%v", got)
	}
}
