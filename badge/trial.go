package badge

import "strings"

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
