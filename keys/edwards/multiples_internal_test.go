package edwards

import (
	"crypto/rand"
	"crypto/sha512"
	"testing"

	"filippo.io/edwards25519"
)

// TestAddTimes compares multiples with the library's own, above all of scalars whose
// digits carry far.
func TestAddTimes(t *testing.T) {
	of := func(bytes [32]byte) *edwards25519.Scalar {
		s, err := new(edwards25519.Scalar).SetCanonicalBytes(bytes[:])
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	one := of([32]byte{1})
	scalars := []*edwards25519.Scalar{of([32]byte{}), one, new(edwards25519.Scalar).Negate(one), of([32]byte{31: 0x10})}
	for bit := range 253 { // one bit, all below it, all above it
		var power [32]byte
		power[bit/8] = 1 << (bit % 8)
		s := of(power)
		scalars = append(scalars, s, new(edwards25519.Scalar).Subtract(s, one), new(edwards25519.Scalar).Negate(s))
	}
	for range 200 {
		var wide [sha512.Size]byte
		if _, err := rand.Read(wide[:]); err != nil {
			t.Fatal(err)
		}
		s, err := new(edwards25519.Scalar).SetUniformBytes(wide[:])
		if err != nil {
			t.Fatal(err)
		}
		scalars = append(scalars, s)
	}
	point := new(edwards25519.Point).ScalarBaseMult(scalars[len(scalars)-1])
	m := multiplesOf(point)
	for _, s := range scalars {
		got := new(edwards25519.Point).Set(point)
		m.addTimes([32]byte(s.Bytes()), got)
		want := new(edwards25519.Point).ScalarMult(s, point)
		if want.Add(want, point); got.Equal(want) != 1 {
			t.Errorf("%x times the point is wrong", s.Bytes())
		}
	}
}
