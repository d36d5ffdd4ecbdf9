//go:build !race

package bench

import (
	"context"
	"os"
	"runtime"
	"testing"

	"laurel/verifier"
)

// maxHeapGrowth is by how much the heap may grow between the 1,000th badge of a
// row and the 10,000th: some table may still double, but nothing is kept of a
// badge.
const maxHeapGrowth = 512 << 10

// TestMemory verifies 10,000 badges, of which no two are the same.
func TestMemory(t *testing.T) {
	raw, err := os.ReadFile(fixture)
	if err != nil {
		t.Fatal(err)
	}
	v, sign := newIssuer(t, string(raw))
	var early uint64
	for i := 1; i <= 10_000; i++ {
		r := v.VerifyBytes(context.Background(), sign(i), verifier.Options{ProofOnly: true})
		if !r.Verified() {
			t.Fatalf("badge %d is %s", i, r.Verdict())
		}
		switch i {
		case 1000:
			early = heap()
		case 10_000:
			late := heap()
			t.Logf("heap after 1,000 badges %d kB, after 10,000 %d kB", early>>10, late>>10)
			if late > early+maxHeapGrowth {
				t.Errorf("it has grown by %d kB, and %d kB may be", (late-early)>>10, maxHeapGrowth>>10)
			}
		}
	}
}

// heap is the memory in use that something still points at.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // pools let go of what was unused for two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
