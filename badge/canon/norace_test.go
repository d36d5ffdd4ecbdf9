//go:build !race

package canon_test

import (
	"testing"

	"laurel/badge/canon"
)

// few is how many of n to try: all.
func few(n uint64) uint64 { return n }

// TestAllocations has the working memory used again. The race detector allocates, so
// there is nothing to count under it.
func TestAllocations(t *testing.T) {
	c := newCanonicalizer(t)
	in := canon.Input{Node: parse(t, string(readTestdata(t, "badge-4.5KB.json")))}
	var out []byte
	n := testing.AllocsPerRun(200, func() {
		var err error
		if out, err = c.Digest(out[:0], in); err != nil {
			t.Fatal(err)
		}
	})
	if n > 12 {
		t.Errorf("%v allocations", n)
	}
}
