package canon_test

import (
	"crypto/sha256"
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
// in turns, so that noise meets all three alike.
func BenchmarkRatios(b *testing.B) {
	raw := readTestdata(b, "badge-4.5KB.json")
	in := canon.Input{Node: parse(b, string(raw))}
	c, g := newCanonicalizer(b), newGold(b)
	text, err := c.Canonicalize(in)
	if err != nil {
		b.Fatal(err)
	}
	var ours, gold, sha time.Duration
	clock := func(total *time.Duration, n int, f func()) {
		begin := time.Now()
		for range n {
			f()
		}
		*total += time.Since(begin) / time.Duration(n)
	}
	for b.Loop() {
		clock(&gold, 1, func() { _, _ = g.canonicalize(raw) })
		clock(&ours, 20, func() { _, _ = c.Canonicalize(in) })
		clock(&sha, 20, func() { sha256.Sum256(text) })
	}
	b.ReportMetric(float64(gold)/float64(ours), "gold/ours")
	b.ReportMetric(float64(ours)/float64(sha), "ours/sha256")
}
