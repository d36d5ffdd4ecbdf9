package rdfc

import (
	"math/rand/v2"
	"testing"
)

// TestAsWritten holds eight bytes at a time against one at a time.
func TestAsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	yes := 0
	for range 300_000 {
		var b [8]byte
		want := true
		for i := range b {
			b[i] = 'a'
			switch r.IntN(12) {
			case 0:
				b[i] = byte(r.Uint32())
			case 1:
				b[i] = "\x00\x01\x1f !\"#[\\]~\x7f\x80\xee\xef\xf0\xff"[r.IntN(17)]
			}
			want = want && escapes[b[i]] == 0
		}
		if got := asWritten(string(b[:])); got != want {
			t.Fatalf("%x: %t", b, got)
		}
		if want {
			yes++
		}
	}
	if yes < 10_000 || yes > 290_000 {
		t.Errorf("%d are written as they stand", yes)
	}
}
