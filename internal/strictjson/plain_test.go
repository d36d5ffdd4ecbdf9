package strictjson

import (
	"math/rand/v2"
	"testing"
)

// TestPlainEnd holds eight bytes at a time against one at a time.
func TestPlainEnd(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	found := 0
	for range 300_000 {
		b := make([]byte, r.IntN(25))
		for i := range b {
			b[i] = 'a'
			switch r.IntN(12) {
			case 0:
				b[i] = byte(r.Uint32())
			case 1:
				b[i] = "\"\\\x1f !]\x80\xa2\xdc\xff\x00:;\xba"[r.IntN(14)]
			}
		}
		from := r.IntN(len(b) + 1)
		want := from
		for want < len(b) && b[want] >= 0x20 && b[want] != '"' && b[want] != '\\' {
			want++
		}
		if got := plainEnd(string(b), from); got != want {
			t.Fatalf("%q from %d: %d, want %d", b, from, got, want)
		}
		if want < len(b) {
			found++
		}
	}
	if found < 50_000 || found > 250_000 {
		t.Errorf("%d of 300,000 have an end", found)
	}
}
