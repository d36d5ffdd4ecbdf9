package proof

import (
	"context"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/keys"
)

// ECDSARDFC2019 is the cryptosuite ecdsa-rdfc-2019 (VC-DI-ECDSA section 3.2)
// with P-256 or P-384. The curve decides the hash, within RDFC-1.0 too.
//
// Of a signature (r, s) everybody can make (r, n-s), which verifies as well:
// the specification has no rule against it, and nothing here tells proofs apart
// by their values.
type ECDSARDFC2019 struct {
	Canon *canon.Canonicalizer
	// InlineContexts lets documents define terms of their own; the generic
	// VC-API needs it, badges never.
	InlineContexts bool
}

var (
	_ Securer      = ECDSARDFC2019{}
	_ FormVerifier = ECDSARDFC2019{}
)

// Name implements Suite.
func (ECDSARDFC2019) Name() string { return "ecdsa-rdfc-2019" }

// Algorithms implements Securer.
func (ECDSARDFC2019) Algorithms() []keys.Algorithm { return []keys.Algorithm{keys.ES256, keys.ES384} }

// Secure implements Securer (section 3.2.1).
func (s ECDSARDFC2019) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	return secure(ctx, s, d, key, at, "")
}

// Verify implements Suite (section 3.2.2).
func (s ECDSARDFC2019) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return verify(s, d, p, key, nil)
}

// VerifyForm implements FormVerifier.
func (s ECDSARDFC2019) VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	return verify(s, d, p, key, form)
}

func (s ECDSARDFC2019) hashData(in input) ([]byte, error) {
	return hashRDFC(s.Canon, s.InlineContexts, in)
}
