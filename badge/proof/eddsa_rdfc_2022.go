package proof

import (
	"context"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/keys"
)

// EdDSARDFC2022 is the cryptosuite eddsa-rdfc-2022 (VC-DI-EDDSA section 3.2).
type EdDSARDFC2022 struct {
	Canon *canon.Canonicalizer
	// InlineContexts lets documents define terms of their own; the generic
	// VC-API needs it, badges never.
	InlineContexts bool
}

var (
	_ Securer      = EdDSARDFC2022{}
	_ FormVerifier = EdDSARDFC2022{}
)

// Name implements Suite.
func (EdDSARDFC2022) Name() string { return "eddsa-rdfc-2022" }

// Algorithms implements Securer.
func (EdDSARDFC2022) Algorithms() []keys.Algorithm { return []keys.Algorithm{keys.EdDSA} }

// Secure implements Securer (section 3.2.1, Create Proof).
func (s EdDSARDFC2022) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	return secure(ctx, s, d, key, at, "")
}

// Verify implements Suite (section 3.2.2, Verify Proof).
func (s EdDSARDFC2022) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return verify(s, d, p, key, nil)
}

// VerifyForm implements FormVerifier.
func (s EdDSARDFC2022) VerifyForm(d *badge.Document, p badge.Proof, key keys.VerificationMethod, form *canon.Form) error {
	return verify(s, d, p, key, form)
}

func (s EdDSARDFC2022) hashData(in input) ([]byte, error) {
	return hashRDFC(s.Canon, s.InlineContexts, in)
}
