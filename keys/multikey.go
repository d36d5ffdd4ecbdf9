package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"fmt"

	"github.com/mr-tron/base58"
)

// maxMultikey bounds the text before it is decoded, which costs the square of
// its length. The longest form known here, P-384, has 71 characters.
const maxMultikey = 128

// codec is a row of the Multikey table (CID 1.0 section 2.2.2): the two bytes
// before the key and the length of the key itself.
type codec struct {
	prefix [2]byte
	size   int
	name   string
	curve  elliptic.Curve // nil for Ed25519
}

var codecs = [...]codec{
	{[2]byte{0xed, 0x01}, ed25519.PublicKeySize, "Ed25519", nil},
	{[2]byte{0x80, 0x24}, 33, "P-256", elliptic.P256()},
	{[2]byte{0x81, 0x24}, 49, "P-384", elliptic.P384()},
}

// ParseMultikey reads a public key in Multikey form (CID 1.0 section 2.2.2):
// "z" and base58btc of a two-byte prefix and the key, for Ed25519, P-256 and
// P-384. The error is ErrInvalidKey, ErrWeakKey, or ErrUnsupported for a
// prefix that is not known here.
func ParseMultikey(s string) (crypto.PublicKey, error) {
	if len(s) > maxMultikey {
		return nil, fmt.Errorf("%w: a Multikey of %d characters", ErrUnsupported, len(s))
	}
	if len(s) < 2 || s[0] != 'z' {
		return nil, fmt.Errorf("%w: a Multikey starts with z", ErrInvalidKey)
	}
	raw, err := base58.Decode(s[1:])
	if err != nil || len(raw) < 2 {
		return nil, fmt.Errorf("%w: a Multikey is base58btc", ErrInvalidKey)
	}
	for _, c := range codecs {
		if [2]byte(raw) == c.prefix {
			return c.decode(raw[2:])
		}
	}
	return nil, fmt.Errorf("%w: a Multikey with the prefix 0x%x", ErrUnsupported, raw[:2])
}

func (c codec) decode(raw []byte) (crypto.PublicKey, error) {
	if len(raw) != c.size {
		return nil, fmt.Errorf("%w: %s with %d bytes instead of %d", ErrInvalidKey, c.name, len(raw), c.size)
	}
	if c.curve == nil {
		pub := ed25519.PublicKey(raw)
		return pub, checkEd25519(pub)
	}
	x, y := elliptic.UnmarshalCompressed(c.curve, raw)
	if x == nil {
		return nil, fmt.Errorf("%w: not a point of %s", ErrInvalidKey, c.name)
	}
	size := coordinateSize(c.curve)
	return uncompressedPoint(c.curve, x.FillBytes(make([]byte, size)), y.FillBytes(make([]byte, size)))
}

// Multikey writes an Ed25519, P-256 or P-384 key in Multikey form. The error
// is ErrUnsupported for RSA, which is published as a JSON Web Key, else what
// CheckPublic has against the key.
func Multikey(pub crypto.PublicKey) (string, error) {
	if err := CheckPublic(pub); err != nil {
		return "", err
	}
	switch pub := pub.(type) {
	case ed25519.PublicKey:
		return encodeMultikey(codecs[0], pub), nil
	case *ecdsa.PublicKey:
		point, err := uncompressed(pub)
		if err != nil {
			return "", err
		}
		c := codecs[1]
		if pub.Curve == elliptic.P384() {
			c = codecs[2]
		}
		return encodeMultikey(c, compress(point)), nil
	}
	return "", fmt.Errorf("%w: Multikey for a %T", ErrUnsupported, pub)
}

// compress turns 4||x||y into 2||x or 3||x by the parity of y (SEC 1 section
// 2.3.3).
func compress(point []byte) []byte {
	parity := point[len(point)-1] & 1
	return append([]byte{2 + parity}, point[1:1+len(point)/2]...)
}

func encodeMultikey(c codec, raw []byte) string {
	return "z" + base58.Encode(append(c.prefix[:], raw...))
}
