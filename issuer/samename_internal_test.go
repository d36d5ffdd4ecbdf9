package issuer

import (
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// TestFoldName: the short way gives what the long one gives.
func TestFoldName(t *testing.T) {
	var all strings.Builder
	for c := range byte(0x80) {
		all.WriteString("a" + string(rune(c)) + "B ")
	}
	for _, name := range []string{all.String(), "", "  ANA  Maria\tSilva ", "O'Neill-SMITH", "x\u00a0y", "Ésther  ADE", "ﬁ Straße"} {
		if got, want := FoldName(name), strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(name))), " "); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	if FoldName("ana MARIA") != FoldName(" Ana  Maria ") || FoldName("Ana") == FoldName("Ane") {
		t.Error("spellings of a name differ, or names do not")
	}
}
