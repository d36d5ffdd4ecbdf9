//go:build race

package schemas

// every 16th mutant is judged: the race detector makes each slow, and one is
// judged after the other.
const every = 16

var verdicts = []verdict{
	{Strict, 71, 316, "895e4492efd99bf605e26e2a202af5e36b3cf08ecef0ab3259483ca95d585674"},
	{Tolerant, 112, 316, "8421412f27c19f71cf4d3a28722ea73f96ee9b7df4ca313ab0319ae1210c4ef3"},
}
