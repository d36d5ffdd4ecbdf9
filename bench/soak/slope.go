package main

import (
	"math"
	"math/rand/v2"
	"slices"
)

// resamples of the bootstrap.
const resamples = 400

// slope is by how much a series grows in a second: Theil and Sen's median over
// all pairs of points, which a few outliers do not move, and an interval that
// holds the true one in 95 of 100 cases. Neighbours in time are alike, so the
// interval is that of a bootstrap of whole blocks of what the line leaves over:
// taking the points for independent would make it too narrow.
type slope struct{ per, low, high float64 }

func slopeOf(at, value []float64) slope {
	per := theilSen(at, value)
	base := make([]float64, len(at))
	for i := range at {
		base[i] = value[i] - per*at[i]
	}
	center := median(base)
	left := make([]float64, len(at)) // what the line leaves over
	for i := range at {
		left[i] = base[i] - center
	}
	block := max(2, int(math.Round(math.Cbrt(float64(len(at)))*1.5)))
	draws := rand.New(rand.NewPCG(1, uint64(len(at)))) // the same series has the same interval
	all := make([]float64, resamples)
	drawn := make([]float64, len(at))
	for r := range all {
		for i := 0; i < len(drawn); {
			from := draws.IntN(len(left) - block + 1)
			for k := 0; k < block && i < len(drawn); k++ {
				drawn[i] = center + per*at[i] + left[from+k]
				i++
			}
		}
		all[r] = theilSen(at, drawn)
	}
	slices.Sort(all)
	return slope{per, all[resamples*25/1000], all[resamples*975/1000]}
}

func theilSen(at, value []float64) float64 {
	pairs := make([]float64, 0, len(at)*(len(at)-1)/2)
	for i := range at {
		for k := i + 1; k < len(at); k++ {
			pairs = append(pairs, (value[k]-value[i])/(at[k]-at[i]))
		}
	}
	return median(pairs)
}

// median orders the list.
func median(list []float64) float64 {
	slices.Sort(list)
	if n := len(list); n%2 == 0 {
		return (list[n/2-1] + list[n/2]) / 2
	}
	return list[len(list)/2]
}
