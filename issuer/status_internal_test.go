package issuer

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"laurel/badge"
)

// TestListNames holds the names of lists to the pattern that they are.
func TestListNames(t *testing.T) {
	pattern := regexp.MustCompile(`^([a-z0-9][a-z0-9-]{0,62})-(s?)([1-9][0-9]{0,9})$`)
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[ -~]{0,6}`), rapid.StringMatching(`[a-z0-9-]{60,64}-s?[0-9]{1,2}`),
			rapid.StringMatching(`[a-zA-Z-]{0,3}-s{0,2}[0-9]{0,12}`)).Draw(t, "name")
		var owner, purpose string
		m := pattern.FindStringSubmatch(s)
		if m != nil {
			owner, purpose = m[1], badge.StatusPurposeRevocation
			if m[2] != "" {
				purpose = badge.StatusPurposeSuspension
			}
		}
		if o, p, ok := parseList(s); o != owner || p != purpose || ok != (m != nil) {
			t.Fatalf("%q: %q, %q, %t", s, o, p, ok)
		}
	})
}
