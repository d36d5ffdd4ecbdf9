package proof

import (
	"context"
	"time"

	"laurel/badge"
	"laurel/keys"
)

// EdDSAJCS2022 is the cryptosuite eddsa-jcs-2022 (VC-DI-EDDSA section 3.3).
type EdDSAJCS2022 struct{}

var _ Securer = EdDSAJCS2022{}

// Name implements Suite.
func (EdDSAJCS2022) Name() string { return "eddsa-jcs-2022" }

// Algorithms implements Securer.
func (EdDSAJCS2022) Algorithms() []keys.Algorithm { return []keys.Algorithm{keys.EdDSA} }

// Secure implements Securer (section 3.3.1).
func (s EdDSAJCS2022) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	return secure(ctx, s, d, key, at, d.Root().Get("@context").Raw())
}

// Verify implements Suite (section 3.3.2).
func (s EdDSAJCS2022) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return verify(s, d, p, key, nil)
}

func (EdDSAJCS2022) hashData(in input) ([]byte, error) { return hashJCS(in) }
