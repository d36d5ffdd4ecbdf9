package typeset_test

import (
	"strings"
	"testing"

	"laurel/internal/typeset"
)

// TestBeginning cuts between what is read as one, wherever n falls.
func TestBeginning(t *testing.T) {
	const family = "👨‍👩‍👧‍👦" // seven code points
	for _, c := range []struct {
		text string
		n    int
		want string
	}{
		{"Ana", 3, "Ana"}, {"Ana", 2, "An"}, {"", 0, ""}, {"Ana", 0, ""},
		{"A" + family + family, 8, "A" + family}, {"A" + family + family, 14, "A" + family}, {"A" + family + family, 15, "A" + family + family},
		{"A" + family + "B", 7, "A"}, {"Zoe\u0308", 3, "Zo"}, {"Zoe\u0308", 4, "Zoe\u0308"},
		{"Z" + strings.Repeat("\u0301", 50), 10, "Z" + strings.Repeat("\u0301", 9)},
	} {
		if got := typeset.Beginning(c.text, c.n); got != c.want {
			t.Errorf("%q, %d: %q, want %q", c.text, c.n, got, c.want)
		}
	}
}
