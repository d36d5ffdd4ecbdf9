//go:build !race

// One goroutine: the race detector has nothing to see here, and is slow at sorting.

package main

import (
	"math/rand/v2"
	"testing"
)

// series is so many points five seconds apart, of noise that drags on, on a
// line.
func series(n int, seed uint64, per float64) (at, value []float64) {
	draws := rand.New(rand.NewPCG(seed, 7))
	noise := 0.0
	for i := range n {
		noise = 0.5*noise + draws.NormFloat64()
		at, value = append(at, float64(5*i)), append(value, 100+noise+per*float64(5*i))
	}
	return at, value
}

// TestSlopes: of series that go nowhere few seem to grow, and of those that grow
// none passes.
func TestSlopes(t *testing.T) {
	const trials = 8
	seeming := 0
	for seed := range uint64(trials) {
		at, value := series(60, seed, 0)
		if s := slopeOf(at, value); s.low > 0 {
			seeming++
		} else if s.low > s.per || s.per > s.high {
			t.Errorf("the slope is not within its interval: %+v", s)
		}
		at, value = series(60, seed, 0.05)
		if s := slopeOf(at, value); s.low <= 0 {
			t.Errorf("seed %d: a growth of 15 in five minutes passes: %+v", seed, s)
		}
	}
	if seeming > 2 {
		t.Errorf("%d of %d series that go nowhere seem to grow", seeming, trials)
	}
}
