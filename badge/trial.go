package badge

import (
	"regexp"
	"strings"

	"laurel/internal/strictjson"
)

// A service that lets integrators try everything out signs those badges with an
// issuer of their own, its test issuer. What is signed by one says so twice: at
// the place of the issuer, and in the names that people read.
const (
	// TestPrefix begins the slug of a test issuer, and of what it awards. What
	// stands behind it is the slug of the issuer, or achievement, that it tries.
	TestPrefix = "test-"
	// TestMark begins the signed name of a test issuer and of what it awards, in
	// every language.
	TestMark = "[TEST] "
)

// IsTestSlug tells whether a slug is one of trials.
func IsTestSlug(slug string) bool { return strings.HasPrefix(slug, TestPrefix) }

// testPlace is where a service keeps its issuers for tests, as they are signed:
// the issuer's did:web, or where its DID is but a key, the address of its page.
var testPlace = regexp.MustCompile(`^(did:web:[^:/?#]+:issuers:|https?://[^/?#@]+/issuers/)` + TestPrefix + `[a-z0-9-]*$`)

// SaysTest tells whether a signed issuer is one for trials, as this program signs
// those of anybody who runs it: it has a place among those for tests, and a name
// with the mark. Either alone may be somebody's honest name.
func SaysTest(issuer strictjson.Value) bool {
	return strings.HasPrefix(issuer.Get("name").Text(), TestMark) &&
		(testPlace.MatchString(issuer.Get("id").Text()) || testPlace.MatchString(issuer.Get("url").Text()))
}
