package keys

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"math/big"
	"time"

	"laurel/keys/edwards"
)

// Algorithm is a signature algorithm by its JOSE name.
type Algorithm string

// The algorithms made and verified here. RS256 is RSASSA-PKCS1-v1_5 with
// SHA-256, ES256 and ES384 are ECDSA on P-256 with SHA-256 and on P-384 with
// SHA-384, EdDSA is pure Ed25519.
const (
	EdDSA Algorithm = "EdDSA"
	ES256 Algorithm = "ES256"
	ES384 Algorithm = "ES384"
	RS256 Algorithm = "RS256"
)

// VerificationMethod is the public half of a key as its controller publishes
// it (CID 1.0 section 2.2). The zero value verifies nothing.
type VerificationMethod struct {
	ID             string           // absolute URL or DID URL
	Controller     string           // who controls it; "" when nobody is shown to
	Public         crypto.PublicKey // ed25519.PublicKey, *ecdsa.PublicKey (P-256, P-384) or *rsa.PublicKey
	Assertion      bool             // the controller lists it under assertionMethod
	Authentication bool             // the controller lists it under authentication
	Expires        time.Time        // from then on it proves nothing; zero: no end
	Revoked        time.Time        // from then on it proves nothing; zero: not revoked

	readied *edwards.Key // of Public, if a Familiar knows it well
}

// Signer is one private key, which stays where it is.
type Signer interface {
	// Method is the public half. It needs no I/O.
	Method() VerificationMethod
	// Sign makes the signature that Method().Verify accepts: 64 bytes for
	// EdDSA, r||s of fixed width for ES256 and ES384, PKCS #1 v1.5 for RS256.
	// Hashing is part of it.
	Sign(ctx context.Context, message []byte) ([]byte, error)
}

// PromptSigner is a Signer that waits for nobody, since its key is in memory:
// nobody need watch over the time that it takes.
type PromptSigner interface {
	Signer
	Prompt()
}

// KeyRing is the keys of one issuer.
type KeyRing interface {
	// Active is the key to sign with now; ErrNoActiveKey when there is none.
	Active(ctx context.Context, alg Algorithm) (Signer, error)
	// Published is every key that verifiers may still need, retired ones too.
	Published(ctx context.Context) ([]VerificationMethod, error)
}

// Resolver finds a verification method by its identifier. Wrong tells whether
// an error is a fault of the identifier or of what is published there, or
// only says that nothing could be learnt.
type Resolver interface {
	Resolve(ctx context.Context, id string) (VerificationMethod, error)
}

// Refresher is a Resolver that can look again at what an issuer publishes,
// because a proof failed with a key that it gave: keys are replaced, and what
// was fetched a while ago may be out of date.
type Refresher interface {
	// Refresh fetches anew what was fetched before that time, within bounds
	// that the Resolver sets. It tells whether there is anything newer.
	Refresh(ctx context.Context, issuerID string, before time.Time) bool
}

// Algorithm is the one algorithm this key signs with, by key type and curve.
// The error is ErrUnsupported for any other type of key.
func (m VerificationMethod) Algorithm() (Algorithm, error) { return AlgorithmOf(m.Public) }

// AlgorithmOf is the one algorithm that a key signs with, by key type and
// curve. The error is ErrUnsupported for any other type of key.
func AlgorithmOf(pub crypto.PublicKey) (Algorithm, error) {
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return EdDSA, nil
	case *rsa.PublicKey:
		return RS256, nil
	case *ecdsa.PublicKey:
		switch {
		case pub == nil:
		case pub.Curve == elliptic.P256():
			return ES256, nil
		case pub.Curve == elliptic.P384():
			return ES384, nil
		}
	}
	return "", fmt.Errorf("%w: a %T of this kind", ErrUnsupported, pub)
}

// Verify checks a signature over message, hashing as the key's algorithm says.
// The error is ErrSignature when the signature is wrong, else what CheckPublic
// has against the key. It does not look at purpose, controller or dates: see
// Assertion, Controller and ValidAt.
func (m VerificationMethod) Verify(message, signature []byte) error {
	if err := CheckPublic(m.Public); err != nil {
		return err
	}
	// What a readied key refuses is for the standard library to refuse: that a
	// signature is wrong is not said on the word of our own arithmetic.
	if m.readied.Of(m.Public) && m.readied.Verify(message, signature) || verifies(m.Public, message, signature) {
		return nil
	}
	return ErrSignature
}

// verifies expects a key that CheckPublic has passed.
func verifies(pub crypto.PublicKey, message, signature []byte) bool {
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(pub, message, signature)
	case *ecdsa.PublicKey:
		return verifiesECDSA(pub, message, signature)
	case *rsa.PublicKey:
		sum := sha256.Sum256(message)
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], signature) == nil
	}
	return false
}

// verifiesECDSA takes r||s, each as wide as the curve (RFC 7518 section 3.4).
func verifiesECDSA(pub *ecdsa.PublicKey, message, signature []byte) bool {
	width := coordinateSize(pub.Curve)
	if len(signature) != 2*width {
		return false
	}
	var digest []byte
	if pub.Curve == elliptic.P384() {
		sum := sha512.Sum384(message)
		digest = sum[:]
	} else {
		sum := sha256.Sum256(message)
		digest = sum[:]
	}
	r := new(big.Int).SetBytes(signature[:width])
	s := new(big.Int).SetBytes(signature[width:])
	return ecdsa.Verify(pub, digest, r, s)
}

// coordinateSize is the length in bytes of one coordinate on a curve.
func coordinateSize(c elliptic.Curve) int { return (c.Params().BitSize + 7) / 8 }

// ValidAt tells whether the controller still stands by the key at a time: the
// error is ErrRevoked or ErrExpired from the moment published on. CID 1.0
// section 2.2 does not say which time counts; a proof's own created is the
// signer's word, so pass the present.
func (m VerificationMethod) ValidAt(at time.Time) error {
	if !m.Revoked.IsZero() && !at.Before(m.Revoked) {
		return fmt.Errorf("%w at %s: %s", ErrRevoked, m.Revoked.UTC().Format(time.RFC3339), clip(m.ID))
	}
	if !m.Expires.IsZero() && !at.Before(m.Expires) {
		return fmt.Errorf("%w at %s: %s", ErrExpired, m.Expires.UTC().Format(time.RFC3339), clip(m.ID))
	}
	return nil
}
