package keyring_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/hex"
	"testing"

	"laurel/keys"
	"laurel/keys/keyring"
)

// ECDSA keys sign as RFC 6979 appendix A.2.5 and A.2.6 have it for the message
// "sample": the same bytes each time, r and s at full width.
func TestDeterministicECDSA(t *testing.T) {
	for _, v := range []struct {
		curve         elliptic.Curve
		private, r, s string
	}{
		{elliptic.P256(), "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
			"efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
			"f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
		{elliptic.P384(), "6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5",
			"94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46",
			"99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8"},
	} {
		scalar, err := hex.DecodeString(v.private)
		if err != nil {
			t.Fatal(err)
		}
		private, err := ecdsa.ParseRawPrivateKey(v.curve, scalar)
		if err != nil {
			t.Fatal(err)
		}
		signer, err := keyring.NewSigner(keys.VerificationMethod{ID: "did:example:a#b", Public: &private.PublicKey}, private)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			signature, err := signer.Sign(context.Background(), []byte("sample"))
			if err != nil || hex.EncodeToString(signature) != v.r+v.s {
				t.Errorf("%s: %x, %v", v.curve.Params().Name, signature, err)
			}
			if err := signer.Method().Verify([]byte("sample"), signature); err != nil {
				t.Error(err)
			}
		}
	}
}
