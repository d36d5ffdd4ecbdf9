package rdfc

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// TestUnusual holds eight bytes at a time against one at a time.
func TestUnusual(t *testing.T) {
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
		if got := unusual(word(string(b[:]))) == 0; got != want {
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

// TestQuote puts what must be escaped in every place of texts of all lengths up to
// four eights, and compares with escaping one character at a time. Both ways to
// make a literal come to the same.
func TestQuote(t *testing.T) {
	for n := range 33 {
		for at := range n + 1 {
			for _, c := range []string{"", "\x00", "\t", "\n", "\x1f", " ", "!", "\"", "#", "\\", "]", "\x7f", "é", "\uf000", "\ufffd", "\ufffe", "\uffff", "\U00010000"} {
				lexical := strings.Repeat("a", at) + c + strings.Repeat("b", n-at)
				want := ""
				for _, r := range lexical {
					want += escaped(r)
				}
				d := &Dataset{}
				datatype := d.IRI("urn:t")
				for _, l := range []struct {
					term Term
					end  string
				}{{d.Literal(lexical, ""), ""}, {d.Typed(lexical, 0), ""}, {d.Literal(lexical, "urn:t"), "^^<urn:t>"}, {d.Typed(lexical, datatype), "^^<urn:t>"}} {
					if got := string(d.textOf(l.term)); got != `"`+want+`"`+l.end {
						t.Fatalf("%q is written %s, not \"%s\"%s", lexical, got, want, l.end)
					}
				}
			}
		}
	}
}

// escaped writes a character as RDFC-1.0 section 5 has it.
func escaped(r rune) string {
	const upper = "0123456789ABCDEF"
	switch {
	case r == 0xfffe || r == 0xffff:
		return `\uFFF` + upper[r&0xf:][:1]
	case strings.ContainsRune("\b\t\n\f\r\"\\", r):
		return `\` + string(`btnfr"\`[strings.IndexRune("\b\t\n\f\r\"\\", r)])
	case r < 0x20 || r == 0x7f:
		return `\u00` + upper[r>>4:][:1] + upper[r&0xf:][:1]
	}
	return string(r)
}
