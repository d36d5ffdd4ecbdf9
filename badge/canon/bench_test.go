package canon_test

import (
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"laurel/badge/canon"
)

func BenchmarkCanonicalize(b *testing.B) {
	for _, name := range []string{"badge-4.5KB.json", "badge-small.json"} {
		in := canon.Input{Node: parse(b, string(readTestdata(b, name)))}
		c := newCanonicalizer(b)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Canonicalize(in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/digest", func(b *testing.B) {
			b.ReportAllocs()
			var out []byte
			for b.Loop() {
				var err error
				if out, err = c.Digest(out[:0], in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRatios measures json-gold, SHA-256 of the result and this package
// in turns, so that noise meets all three alike. The ratios are of medians.
func BenchmarkRatios(b *testing.B) {
	c, g := newCanonicalizer(b), newGold(b)
	for _, name := range []string{"badge-4.5KB.json", "badge-small.json"} {
		raw := readTestdata(b, name)
		in := canon.Input{Node: parse(b, string(raw))}
		text, err := c.Canonicalize(in)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			var gold, ours, sha []time.Duration
			clock := func(all *[]time.Duration, n int, f func()) {
				begin := time.Now()
				for range n {
					f()
				}
				*all = append(*all, time.Since(begin)/time.Duration(n))
			}
			for b.Loop() {
				clock(&gold, 1, func() { _, _ = g.canonicalize(raw) })
				clock(&ours, 20, func() { _, _ = c.Canonicalize(in) })
				clock(&sha, 20, func() { sha256.Sum256(text) })
			}
			b.ReportMetric(float64(median(gold))/float64(median(ours)), "gold/ours")
			b.ReportMetric(float64(median(ours))/float64(median(sha)), "ours/sha256")
		})
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
