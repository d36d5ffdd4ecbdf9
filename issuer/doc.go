// Package issuer turns an award into a committed credential and looks after
// it from then on: profiles, achievements, issuing, revocation, status lists
// and the audit record of each. Beside that it secures, with a key kept for
// this alone, what callers of the VC-API have written themselves.
//
// It validates first, signs, reads its own signed bytes back as a stranger
// would and only then commits, in one Update: a crash leaves nothing or a
// whole badge, and a badge that would not verify is never released. It does
// not decide who has earned what (package programme), nor does it verify
// (package verifier, lent to it by cmd as a SelfCheck), nor speak HTTP.
//
// Start at Issuer.Issue; records.go has the layout of what is stored, and
// Issuer.Check says whether a store is in order.
package issuer
