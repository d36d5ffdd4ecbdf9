// Package edwards verifies Ed25519 signatures of a key that has made many (RFC 8032
// section 5.1.7), in less than half of the time that crypto/ed25519 takes: of each such
// key it keeps multiples, so that nothing is left to do but additions.
//
// Start with Key.
package edwards

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/sha512"
	"errors"
	"sync"

	"filippo.io/edwards25519"
)

// ErrNoPoint says that the bytes of a public key are no point of the curve.
var ErrNoPoint = errors.New("no point of edwards25519")

// Key is a public key with its multiples, 140 kB of them, which take as long to make
// as some eight verifications. It is safe for concurrent use.
type Key struct {
	public  [ed25519.PublicKeySize]byte
	negated *multiples // of minus the key
}

// NewKey makes the multiples of a key. The error is ErrNoPoint. It takes every key
// that crypto/ed25519 takes: which of them are too weak, keys.CheckPublic says.
func NewKey(public ed25519.PublicKey) (*Key, error) {
	p, err := new(edwards25519.Point).SetBytes(public)
	if err != nil {
		return nil, ErrNoPoint
	}
	return &Key{[ed25519.PublicKeySize]byte(public), multiplesOf(p.Negate(p))}, nil
}

// Of tells whether it is this key that was made ready; nil is nobody's.
func (k *Key) Of(public crypto.PublicKey) bool {
	p, ok := public.(ed25519.PublicKey)
	return ok && k != nil && bytes.Equal(p, k.public[:])
}

// Verify tells the same as ed25519.Verify: whether S·B - k·A, with k as the hash of R, A
// and the message, is written as R is. S has to be below the order of the group.
// Neither secret nor signer is here, so the time it takes may depend on what it reads.
func (k *Key) Verify(message, signature []byte) bool {
	if len(signature) != ed25519.SignatureSize {
		return false
	}
	r, s := signature[:32], signature[32:]
	if _, err := new(edwards25519.Scalar).SetCanonicalBytes(s); err != nil {
		return false
	}
	point := edwards25519.NewIdentityPoint()
	ofGenerator().addTimes([32]byte(s), point)
	k.negated.addTimes(k.challenge(r, message), point)
	return bytes.Equal(point.Bytes(), r)
}

// challenge is k, reduced by the order of the group.
func (k *Key) challenge(r, message []byte) [32]byte {
	h := sha512.New()
	h.Write(r)
	h.Write(k.public[:])
	h.Write(message)
	var room [sha512.Size]byte
	reduced, err := new(edwards25519.Scalar).SetUniformBytes(h.Sum(room[:0]))
	if err != nil {
		panic(err) // of nothing but a length that is not SHA-512's
	}
	return [32]byte(reduced.Bytes())
}

// A scalar is read as digits of five bits, of which each is from -15 to 16: of digits
// with a sign half as many multiples are needed. More bits would take fewer additions,
// and so much memory that it is waited for.
const (
	digitBits = 5
	digits    = 51 // 255 bits, of which a scalar has 253: the last digit is 8 at most, and carries nothing
	half      = 1 << (digitBits - 1)
)

// multiples holds 1 to 16 times 32^i times a point, for each digit i.
type multiples [digits][half]edwards25519.Point

// ofGenerator is shared by all keys, and made when the first needs it.
var ofGenerator = sync.OnceValue(func() *multiples { return multiplesOf(edwards25519.NewGeneratorPoint()) })

func multiplesOf(p *edwards25519.Point) *multiples {
	m := new(multiples)
	unit := new(edwards25519.Point).Set(p)
	for i := range m {
		row := &m[i]
		row[0].Set(unit)
		for j := 1; j < half; j++ {
			row[j].Add(&row[j-1], unit)
		}
		unit.Double(&row[half-1])
	}
	return m
}

// addTimes adds scalar times the point to sum. The scalar is little-endian and below
// 2^253.
func (m *multiples) addTimes(scalar [32]byte, sum *edwards25519.Point) {
	carry := 0
	for i := range m {
		d := digit(scalar, i) + carry
		if carry = 0; d > half {
			d, carry = d-2*half, 1
		}
		switch {
		case d > 0:
			sum.Add(sum, &m[i][d-1])
		case d < 0:
			sum.Subtract(sum, &m[i][-d-1])
		}
	}
}

// digit is the i-th of five bits, without a sign.
func digit(scalar [32]byte, i int) int {
	at, shift := i*digitBits/8, i*digitBits%8
	bits := int(scalar[at])
	if at+1 < len(scalar) {
		bits |= int(scalar[at+1]) << 8
	}
	return bits >> shift & (1<<digitBits - 1)
}
