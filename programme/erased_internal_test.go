package programme

import (
	"strings"
	"testing"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// TestFoldNameOfASCII: the short way gives what the long one gives.
func TestFoldNameOfASCII(t *testing.T) {
	var all strings.Builder
	for c := range byte(0x80) {
		all.WriteString("a" + string(rune(c)) + "B ")
	}
	for _, name := range []string{all.String(), "", "  ANA  Maria\tSilva ", "O'Neill-SMITH", "x\u00a0y", "Ésther  ADE", "ﬁ Straße"} {
		if got, want := foldName(name), strings.Join(strings.Fields(cases.Fold().String(norm.NFKC.String(name))), " "); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
	if foldName("ana MARIA") != foldName(" Ana  Maria ") || foldName("Ana") == foldName("Ane") {
		t.Error("spellings of a name differ, or names do not")
	}
}
