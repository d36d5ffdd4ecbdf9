// Package verifier turns the bytes of a credential into a report: what was
// checked, what was found, what could not be told, and the verdict that
// follows.
//
// It trusts nobody's word, ours included: a badge of this very service is read
// as any stranger's. It refuses to guess, so what cannot be checked is Unknown
// and never passed over, and no option makes a failed check pass. It reads no
// store, holds no private key and makes no request itself: keys and status
// lists come through the two seams KeyResolver and StatusSource, at most six
// times for one document.
//
// A good signature is not the truth of a claim, and a listed issuer is not a
// good one: the report says who signed what, no more.
//
// Start at New and Verify; the ordered list of checks stands in verifier.go,
// each check in a file of its own.
package verifier
