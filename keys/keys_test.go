//lint:file-ignore SA1019 Keys that cannot be must be built coordinate by coordinate.

package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/keys"
)

// pair is a key with a signing function of its own, so that what is tested is
// not compared with itself.
type pair struct {
	public crypto.PublicKey
	sign   func(message []byte) []byte
}

func edPair(t testing.TB) pair {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair{pub, func(m []byte) []byte { return ed25519.Sign(priv, m) }}
}

func ecPair(t testing.TB, curve elliptic.Curve) pair {
	t.Helper()
	priv, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pair{&priv.PublicKey, func(m []byte) []byte {
		width := (curve.Params().BitSize + 7) / 8
		digest := sha256.New()
		if curve == elliptic.P384() {
			digest = sha512.New384()
		}
		digest.Write(m)
		r, s, err := ecdsa.Sign(rand.Reader, priv, digest.Sum(nil))
		if err != nil {
			t.Fatal(err)
		}
		return slices.Concat(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width)))
	}}
}

// One RSA key serves all tests: making one is slow under the race detector.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	priv, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return priv
})

func rsaPair(t testing.TB) pair {
	priv := rsaKey()
	return pair{&priv.PublicKey, func(m []byte) []byte {
		sum := sha256.Sum256(m)
		signature, err := rsa.SignPKCS1v15(rand.Reader, priv, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return signature
	}}
}

func pairs(t testing.TB) map[keys.Algorithm]pair {
	return map[keys.Algorithm]pair{
		keys.EdDSA: edPair(t), keys.ES256: ecPair(t, elliptic.P256()),
		keys.ES384: ecPair(t, elliptic.P384()), keys.RS256: rsaPair(t),
	}
}

func TestVerify(t *testing.T) {
	message := []byte("A course was completed.")
	all := pairs(t)
	for alg, p := range all {
		t.Run(string(alg), func(t *testing.T) {
			m := keys.VerificationMethod{Public: p.public}
			if got, err := m.Algorithm(); err != nil || got != alg {
				t.Fatalf("algorithm %s, %v", got, err)
			}
			good := p.sign(message)
			if err := m.Verify(message, good); err != nil {
				t.Fatalf("a good signature: %v", err)
			}
			for name, bad := range map[string][]byte{
				"none": nil, "short": good[:len(good)-1], "long": append(slices.Clone(good), 0),
				"zeros": make([]byte, len(good)), "changed": flip(good, len(good)/2), "changed at the end": flip(good, len(good)-1),
			} {
				if err := m.Verify(message, bad); !errors.Is(err, keys.ErrSignature) {
					t.Errorf("%s: %v", name, err)
				}
			}
			if err := m.Verify(flip(message, 0), good); !errors.Is(err, keys.ErrSignature) {
				t.Errorf("another message: %v", err)
			}
			for other, q := range all {
				if err := (keys.VerificationMethod{Public: q.public}).Verify(message, good); other != alg && !errors.Is(err, keys.ErrSignature) {
					t.Errorf("under a %s key: %v", other, err)
				}
			}
		})
	}
}

func flip(b []byte, at int) []byte {
	c := slices.Clone(b)
	c[at] ^= 1
	return c
}

func TestVerifyRefusesDER(t *testing.T) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("m"))
	der, err := ecdsa.SignASN1(rand.Reader, priv, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	if err := (keys.VerificationMethod{Public: &priv.PublicKey}).Verify([]byte("m"), der); !errors.Is(err, keys.ErrSignature) {
		t.Fatal(err)
	}
}

func TestKeyPolicy(t *testing.T) {
	p256 := ecPair(t, elliptic.P256()).public.(*ecdsa.PublicKey)
	p521 := ecPair(t, elliptic.P521()).public
	modulus := rsaKey().N
	for name, c := range map[string]struct {
		public crypto.PublicKey
		want   error
	}{
		"none":                    {nil, keys.ErrInvalidKey},
		"another type":            {"a key", keys.ErrUnsupported},
		"Ed25519, short":          {ed25519.PublicKey(make([]byte, 31)), keys.ErrInvalidKey},
		"Ed25519, long":           {ed25519.PublicKey(make([]byte, 33)), keys.ErrInvalidKey},
		"Ed25519, nil":            {ed25519.PublicKey(nil), keys.ErrInvalidKey},
		"P-521":                   {p521, keys.ErrUnsupported},
		"ECDSA, nil":              {(*ecdsa.PublicKey)(nil), keys.ErrUnsupported},
		"ECDSA without a curve":   {&ecdsa.PublicKey{}, keys.ErrUnsupported},
		"ECDSA without a point":   {&ecdsa.PublicKey{Curve: elliptic.P256()}, keys.ErrInvalidKey},
		"ECDSA off its curve":     {&ecdsa.PublicKey{Curve: elliptic.P256(), X: p256.X, Y: new(big.Int).Add(p256.Y, big.NewInt(1))}, keys.ErrInvalidKey},
		"ECDSA on another curve":  {&ecdsa.PublicKey{Curve: elliptic.P384(), X: p256.X, Y: p256.Y}, keys.ErrInvalidKey},
		"ECDSA at infinity":       {&ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int), Y: new(big.Int)}, keys.ErrInvalidKey},
		"ECDSA, negative":         {&ecdsa.PublicKey{Curve: elliptic.P256(), X: big.NewInt(-1), Y: big.NewInt(1)}, keys.ErrInvalidKey},
		"RSA, nil":                {(*rsa.PublicKey)(nil), keys.ErrInvalidKey},
		"RSA without a modulus":   {&rsa.PublicKey{E: 65537}, keys.ErrInvalidKey},
		"RSA with 1024 bits":      {&rsa.PublicKey{N: odd(1024), E: 65537}, keys.ErrWeakKey},
		"RSA with 2047 bits":      {&rsa.PublicKey{N: odd(2047), E: 65537}, keys.ErrWeakKey},
		"RSA with 8193 bits":      {&rsa.PublicKey{N: odd(8193), E: 65537}, keys.ErrWeakKey},
		"RSA, even modulus":       {&rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}, keys.ErrInvalidKey},
		"RSA, exponent 1":         {&rsa.PublicKey{N: modulus, E: 1}, keys.ErrWeakKey},
		"RSA, exponent 0":         {&rsa.PublicKey{N: modulus}, keys.ErrWeakKey},
		"RSA, exponent even":      {&rsa.PublicKey{N: modulus, E: 65536}, keys.ErrWeakKey},
		"RSA, exponent negative":  {&rsa.PublicKey{N: modulus, E: -3}, keys.ErrWeakKey},
		"RSA, exponent very long": {&rsa.PublicKey{N: modulus, E: 1<<31 + 1}, keys.ErrWeakKey},
	} {
		t.Run(name, func(t *testing.T) {
			if err := keys.CheckPublic(c.public); !errors.Is(err, c.want) {
				t.Errorf("CheckPublic: %v, want %v", err, c.want)
			}
			// Nothing else may let the key pass, or panic over it.
			if err := (keys.VerificationMethod{Public: c.public}).Verify([]byte("m"), make([]byte, 64)); !errors.Is(err, c.want) {
				t.Errorf("Verify: %v, want %v", err, c.want)
			}
			if _, err := keys.Multikey(c.public); !errors.Is(err, c.want) {
				t.Errorf("Multikey: %v, want %v", err, c.want)
			}
			if _, err := keys.JWK(c.public, ""); !errors.Is(err, c.want) {
				t.Errorf("JWK: %v, want %v", err, c.want)
			}
			if _, err := keys.Thumbprint(c.public); !errors.Is(err, c.want) {
				t.Errorf("Thumbprint: %v, want %v", err, c.want)
			}
		})
	}
	for _, bits := range []int{2048, 8192} {
		for _, e := range []int{3, 65537} {
			if err := keys.CheckPublic(&rsa.PublicKey{N: odd(bits), E: e}); err != nil {
				t.Errorf("RSA with %d bits and exponent %d: %v", bits, e, err)
			}
		}
	}
}

// odd is an odd number of exactly that many bits.
func odd(bits int) *big.Int {
	n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
	return n.SetBit(n, 0, 1)
}

// The table of refused Ed25519 points is computed anew from the curve: the
// points whose order divides 8, in every encoding that crypto/ed25519 takes.
func TestSmallOrderPoints(t *testing.T) {
	encodings := smallOrderEncodings(t)
	if len(encodings) != 14 {
		t.Fatalf("%d encodings of the eight points, not 14", len(encodings))
	}
	for _, e := range encodings {
		if err := keys.CheckPublic(ed25519.PublicKey(e)); !errors.Is(err, keys.ErrWeakKey) {
			t.Errorf("%x: %v", e, err)
		}
	}
	// Why it matters: for the neutral point, R of S*B fits every message.
	neutral := ed25519.PublicKey(append([]byte{1}, make([]byte, 31)...))
	forged := make([]byte, 64)
	forged[0] = 1 // R is the neutral point too, S is 0
	if !ed25519.Verify(neutral, []byte("any message"), forged) {
		t.Fatal("the forgery no longer passes crypto/ed25519: is the check still needed?")
	}
	if err := (keys.VerificationMethod{Public: neutral}).Verify([]byte("any message"), forged); !errors.Is(err, keys.ErrWeakKey) {
		t.Fatalf("the forgery: %v", err)
	}
}

// smallOrderEncodings finds y with 8P = 0 on -x²+y² = 1+dx²y²: y = 1, -1, 0,
// and the roots of d·y⁴ + 2y² - 1 = 0, which is what doubling to order 4 asks.
func smallOrderEncodings(t *testing.T) [][]byte {
	t.Helper()
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	mod := func(n *big.Int) *big.Int { return n.Mod(n, p) }
	inverse := new(big.Int).ModInverse(big.NewInt(121666), p)
	d := mod(new(big.Int).Mul(big.NewInt(-121665), inverse))
	ys := []*big.Int{big.NewInt(0), big.NewInt(1), new(big.Int).Sub(p, big.NewInt(1))}
	root := new(big.Int).ModSqrt(mod(new(big.Int).Add(big.NewInt(1), d)), p)
	if root == nil {
		t.Fatal("1+d is no square")
	}
	dInverse := new(big.Int).ModInverse(d, p)
	for _, sign := range []int64{1, -1} {
		r := new(big.Int).Mul(root, big.NewInt(sign))
		square := mod(new(big.Int).Mul(mod(r.Sub(r, big.NewInt(1))), dInverse))
		if y := new(big.Int).ModSqrt(square, p); y != nil {
			ys = append(ys, y, new(big.Int).Sub(p, y))
		}
	}
	if len(ys) != 5 {
		t.Fatalf("%d values of y, not 5", len(ys))
	}
	var out [][]byte
	for _, y := range ys {
		for _, v := range []*big.Int{y, new(big.Int).Add(y, p)} {
			if v.BitLen() > 255 {
				continue
			}
			e := v.FillBytes(make([]byte, 32))
			slices.Reverse(e)
			out = append(out, e, withSign(e))
		}
	}
	return out
}

func withSign(e []byte) []byte {
	c := slices.Clone(e)
	c[31] |= 0x80
	return c
}

// Encodings beyond the prime are refused for every point, and the last one
// below it is not mistaken for one.
func TestCanonicalEd25519(t *testing.T) {
	for low, want := range map[byte]error{0xff: keys.ErrWeakKey, 0xed: keys.ErrWeakKey, 0xf5: keys.ErrWeakKey, 0xeb: nil} {
		e := slices.Repeat([]byte{0xff}, 32)
		e[0], e[31] = low, 0x7f
		if err := keys.CheckPublic(ed25519.PublicKey(e)); !errors.Is(err, want) {
			t.Errorf("%x: %v, want %v", e, err, want)
		}
	}
}

func TestValidAt(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		expires, revoked time.Time
		want             error
	}{
		"no dates":                {},
		"expires later":           {expires: now.Add(time.Second)},
		"expires now":             {expires: now, want: keys.ErrExpired},
		"expired":                 {expires: now.Add(-time.Second), want: keys.ErrExpired},
		"revoked":                 {revoked: now.Add(-time.Second), want: keys.ErrRevoked},
		"revoked now":             {revoked: now, want: keys.ErrRevoked},
		"to be revoked":           {revoked: now.Add(time.Second)},
		"revoked, expires later":  {revoked: now.Add(-time.Hour), expires: now.Add(time.Hour), want: keys.ErrRevoked},
		"revoked in another zone": {revoked: now.In(time.FixedZone("", 3600)), want: keys.ErrRevoked},
	} {
		m := keys.VerificationMethod{ID: "did:example:a#1", Expires: c.expires, Revoked: c.revoked}
		if err := m.ValidAt(now); !errors.Is(err, c.want) || (c.want == nil) != (err == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestWrong(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bool
	}{
		{nil, false},
		{errors.New("disk"), false},
		{keys.ErrUnreachable, false},
		{keys.ErrUnsupported, false},
		{keys.ErrNoActiveKey, false},
		{keys.ErrSignature, true},
		{keys.ErrMethodNotFound, true},
		{fmt.Errorf("resolving: %w", keys.ErrPrivateKeyExposed), true},
		{errors.Join(keys.ErrMethodNotFound, keys.ErrUnreachable), false},
	} {
		if keys.Wrong(c.err) != c.want {
			t.Errorf("Wrong(%v) is %v", c.err, !c.want)
		}
	}
}

func TestErrorsAreBounded(t *testing.T) {
	long := "did:key:z" + strings.Repeat("é", 100_000)
	_, err := keys.ParseDIDKey(long)
	if err == nil || len(err.Error()) > 600 {
		t.Fatalf("%d characters: %.200v", len(fmt.Sprint(err)), err)
	}
	_, err = keys.ParseControllerDocument([]byte(`{"id":"x"}`), long+"\x00")
	if err == nil || len(err.Error()) > 1200 || strings.Contains(err.Error(), "\x00") {
		t.Fatalf("%d characters: %.200v", len(fmt.Sprint(err)), err)
	}
}
