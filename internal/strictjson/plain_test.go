package strictjson

import (
	"math/rand/v2"
	"testing"
)

// TestAllPlain holds eight bytes at a time against one at a time.
func TestAllPlain(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
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
				b[i] = "\x00\x01\x1f !\"#[\\]~\x7f\x80\xa2\xdc\xff"[r.IntN(16)]
			}
			want = want && plain[b[i]]
		}
		if got := allPlain(string(b[:])); got != want {
			t.Fatalf("%x: %t", b, got)
		}
		if want {
			yes++
		}
	}
	if yes < 10_000 || yes > 290_000 {
		t.Errorf("%d are plain", yes)
	}
}
