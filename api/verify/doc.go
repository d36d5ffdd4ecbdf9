// Package verify is verification for everybody: the call that programs use, the
// page behind every QR code, and the form of the start page.
//
// It reads what was brought, asks the verifier and tells the answer, as JSON or
// as a page. It decides nothing, and it trusts nothing because it is ours: a
// badge of this service is verified from its bytes like any other.
//
// Start at New; report.go has the answer that programs rely on.
package verify
