package proof

import (
	"context"
	"time"

	"laurel/badge"
	"laurel/keys"
)

// ECDSAJCS2019 is the cryptosuite ecdsa-jcs-2019 (VC-DI-ECDSA section 3.3) with
// P-256 and SHA-256 or P-384 and SHA-384.
type ECDSAJCS2019 struct{}

var _ Securer = ECDSAJCS2019{}

// Name implements Suite.
func (ECDSAJCS2019) Name() string { return "ecdsa-jcs-2019" }

// Algorithms implements Securer.
func (ECDSAJCS2019) Algorithms() []keys.Algorithm { return []keys.Algorithm{keys.ES256, keys.ES384} }

// Secure implements Securer (section 3.3.1).
func (s ECDSAJCS2019) Secure(ctx context.Context, d *badge.Document, key keys.Signer, at time.Time) (*badge.Document, error) {
	return secure(ctx, s, d, key, at, d.Root().Get("@context").Raw())
}

// Verify implements Suite (section 3.3.2).
func (s ECDSAJCS2019) Verify(d *badge.Document, p badge.Proof, key keys.VerificationMethod) error {
	return verify(s, d, p, key, nil)
}

func (ECDSAJCS2019) hashData(in input) ([]byte, error) { return hashJCS(in) }
