package resolve

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestForms holds the forms of identifiers to the patterns that they are.
func TestForms(t *testing.T) {
	for _, form := range []struct {
		name    string
		is      func(string) bool
		pattern *regexp.Regexp
	}{
		{"fragment", isFragment, regexp.MustCompile(`^[A-Za-z0-9._~!$&'()*+,;=:@/?%-]+$`)},
		{"segment", isSegment, regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9._-]*$`)},
		{"label", isLabel, regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)},
	} {
		t.Run(form.name, rapid.MakeCheck(func(t *rapid.T) {
			s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,6}`), rapid.StringMatching(`[a-z0-9-]{0,66}`), rapid.StringMatching(`[A-Za-z0-9._-]{0,9}`)).Draw(t, "text")
			if got, want := form.is(s), form.pattern.MatchString(s); got != want {
				t.Fatalf("%q: %t", s, got)
			}
		}))
	}
}
