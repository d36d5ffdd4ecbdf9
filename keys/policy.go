package keys

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
)

// The RSA moduli accepted, in bits. Below the first a modulus can be factored;
// above the second a verification costs more than a stranger may ask for.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

// CheckPublic applies the key policy: RSA moduli of 2048 to 8192 bits with an
// odd exponent of at least 3, Ed25519 keys that are canonical and not of small
// order, ECDSA keys that are points of P-256 or P-384. The error is ErrWeakKey,
// ErrInvalidKey or ErrUnsupported.
func CheckPublic(pub crypto.PublicKey) error {
	switch pub := pub.(type) {
	case nil:
		return fmt.Errorf("%w: there is none", ErrInvalidKey)
	case ed25519.PublicKey:
		return checkEd25519(pub)
	case *ecdsa.PublicKey:
		return checkECDSA(pub)
	case *rsa.PublicKey:
		return checkRSA(pub)
	}
	return fmt.Errorf("%w: a %T", ErrUnsupported, pub)
}

func checkRSA(pub *rsa.PublicKey) error {
	if pub == nil || pub.N == nil || pub.N.Sign() <= 0 {
		return fmt.Errorf("%w: RSA without a modulus", ErrInvalidKey)
	}
	if bits := pub.N.BitLen(); bits < minRSABits || bits > maxRSABits {
		return fmt.Errorf("%w: RSA with %d bits, %d to %d are accepted", ErrWeakKey, bits, minRSABits, maxRSABits)
	}
	if pub.N.Bit(0) == 0 {
		return fmt.Errorf("%w: RSA with an even modulus", ErrInvalidKey)
	}
	if pub.E < 3 || pub.E%2 == 0 || pub.E > math.MaxInt32 {
		return fmt.Errorf("%w: RSA with the exponent %d", ErrWeakKey, pub.E)
	}
	return nil
}

func checkECDSA(pub *ecdsa.PublicKey) error {
	if _, err := AlgorithmOf(pub); err != nil {
		return err
	}
	_, err := uncompressed(pub)
	return err
}

// uncompressed is the point as 4||x||y (SEC 1 section 2.3.3), after a check
// that it lies on its curve.
func uncompressed(pub *ecdsa.PublicKey) ([]byte, error) {
	if pub.X == nil || pub.Y == nil { //nolint:staticcheck // SA1019: Bytes panics where there are no coordinates.
		return nil, fmt.Errorf("%w: ECDSA without a point", ErrInvalidKey)
	}
	point, err := pub.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: ECDSA: %w", ErrInvalidKey, err)
	}
	return point, nil
}

// uncompressedPoint is the key with these coordinates, each as wide as the
// curve, if they are a point of it.
func uncompressedPoint(curve elliptic.Curve, x, y []byte) (crypto.PublicKey, error) {
	pub, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil, fmt.Errorf("%w: ECDSA: %w", ErrInvalidKey, err)
	}
	return pub, nil
}

// smallOrderY holds the y coordinates, little-endian, of the eight Ed25519
// points whose order divides 8: with such a "key" one signature fits many
// messages. The first two stand twice on the curve, as x and -x.
var smallOrderY = [...][ed25519.PublicKeySize]byte{
	point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), // order 8
	point("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), // order 8
	point("0000000000000000000000000000000000000000000000000000000000000000"), // order 4
	point("0100000000000000000000000000000000000000000000000000000000000000"), // the neutral point
	point("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"), // order 2
}

// allOnes are the bytes of 2^255-19 between its first and its last.
var allOnes = [30]byte(bytes.Repeat([]byte{0xff}, 30))

// point is a row of the table, from hexadecimal digits.
func point(digits string) (y [ed25519.PublicKeySize]byte) {
	_, _ = hex.Decode(y[:], []byte(digits))
	return y
}

// checkEd25519 also keeps ed25519.Verify from its panic on a wrong length.
func checkEd25519(pub ed25519.PublicKey) error {
	if len(pub) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: Ed25519 with %d bytes instead of %d", ErrInvalidKey, len(pub), ed25519.PublicKeySize)
	}
	// The topmost bit is the sign of x; without it the bytes are y.
	y := [ed25519.PublicKeySize]byte(pub)
	y[31] &= 0x7f
	// RFC 8032 section 5.1.3: y below 2^255-19, or the encoding is not
	// canonical. crypto/ed25519 takes it all the same, and two of these
	// encodings are small-order points again.
	if y[31] == 0x7f && y[0] >= 0xed && [30]byte(y[1:31]) == allOnes {
		return fmt.Errorf("%w: Ed25519 point that is not canonical", ErrWeakKey)
	}
	if slices.Contains(smallOrderY[:], y) {
		return fmt.Errorf("%w: Ed25519 point of small order", ErrWeakKey)
	}
	return nil
}
