package verifier

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestBadgeContexts holds the form of the second context to the pattern that it
// is.
func TestBadgeContexts(t *testing.T) {
	pattern := regexp.MustCompile(`^https://purl\.imsglobal\.org/spec/ob/v3p0/context(-3\.\d\.\d)*\.json$`)
	for url, want := range map[string]bool{
		"https://purl.imsglobal.org/spec/ob/v3p0/context.json":             true,
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json":       true,
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3-3.1.0.json": true,
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.json":         false,
		"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json\n":     false,
		"http://purl.imsglobal.org/spec/ob/v3p0/context.json":              false,
	} {
		if got := isBadgeContext(url); got != want || pattern.MatchString(url) != want {
			t.Errorf("%q: %t", url, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		middle := rapid.OneOf(rapid.StringMatching(`(-3\.\d\.\d){0,3}`), rapid.StringMatching(`[-3.0]{0,8}`), rapid.String()).Draw(t, "middle")
		url := rapid.SampledFrom([]string{"https://purl.imsglobal.org/spec/ob/v3p0/context", "https://purl.imsglobal.org/spec/ob/v3p0/", ""}).Draw(t, "start") +
			middle + rapid.SampledFrom([]string{".json", ".jso", ""}).Draw(t, "end")
		if got, want := isBadgeContext(url), pattern.MatchString(url); got != want {
			t.Fatalf("%q: %t", url, got)
		}
	})
}
