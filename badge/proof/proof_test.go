package proof

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mr-tron/base58"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/keys"
)

// withProofValue is a signed document with another signature.
func withProofValue(t *testing.T, d *badge.Document, value string) *badge.Document {
	t.Helper()
	changed, err := badge.Parse([]byte(swap(t, string(d.Raw()), d.Proofs()[0].ProofValue, value)))
	must(t, err)
	return changed
}

// addOrder adds the order of the group to the second half of a signature: the
// same signature in another spelling, which RFC 8032 section 5.1.7 forbids.
func addOrder(signature []byte) []byte {
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	s := slices.Clone(signature[32:])
	slices.Reverse(s)
	sum := new(big.Int).Add(new(big.Int).SetBytes(s), order).FillBytes(make([]byte, 32))
	slices.Reverse(sum)
	return slices.Concat(signature[:32], sum)
}

func TestEdDSARefuses(t *testing.T) {
	d, key := sealed(t), ourKey(t)
	good, err := base58.Decode(d.Proofs()[0].ProofValue[1:])
	must(t, err)
	flipped := bytes.Clone(good)
	flipped[40] ^= 1
	for name, value := range map[string]string{
		"nothing":         "z",
		"another base":    "u" + base58.Encode(good),
		"not base58":      "z0OIl" + strings.Repeat("1", 80),
		"63 bytes":        "z" + base58.Encode(good[:63]),
		"65 bytes":        "z" + base58.Encode(append(bytes.Clone(good), 0)),
		"500 kB":          "z" + strings.Repeat("1", 500_000),
		"a flipped bit":   "z" + base58.Encode(flipped),
		"another S":       "z" + base58.Encode(addOrder(good)),
		"zeros":           "z" + strings.Repeat("1", 64),
		"a space at last": "z" + base58.Encode(good) + " ",
	} {
		changed := withProofValue(t, d, value)
		if err := suite(t).Verify(changed, changed.Proofs()[0], key.method); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	if err := suite(t).Verify(d, d.Proofs()[0], keys.VerificationMethod{Public: &ec.PublicKey}); !errors.Is(err, ErrInvalid) {
		t.Errorf("a P-256 key: %v", err)
	}
	if err := suite(t).Verify(d, d.Proofs()[0], keys.VerificationMethod{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no key at all: %v", err)
	}
}

// What has no canonical form is not signed, so its proof is wrong; what is
// beyond the canonicaliser leaves the question open.
func TestEdDSAWithoutACanonicalForm(t *testing.T) {
	key := ourKey(t)
	for change, wrong := range map[[2]string]bool{
		{`"creditsEarned"`, `"salary":1,"creditsEarned"`}:                   true,
		{`"creditsEarned"`, `"@included":[{"id":"urn:x"}],"creditsEarned"`}: false,
	} {
		d, err := badge.Parse([]byte(swap(t, string(sealed(t).Raw()), change[0], change[1])))
		must(t, err)
		err = suite(t).Verify(d, d.Proofs()[0], key.method)
		var refusal *canon.Error
		if errors.Is(err, ErrInvalid) != wrong || !errors.As(err, &refusal) {
			t.Errorf("%s: %v", change[1], err)
		}
		bare, err := badge.Parse([]byte(swap(t, ourBadge, change[0], change[1])))
		must(t, err)
		if _, err := suite(t).Secure(context.Background(), bare, key, time.Now()); err == nil {
			t.Errorf("%s: signed", change[1])
		}
	}
}

func TestEdDSANeedsItsKey(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	key := ourKey(t)
	key.method.Public = &ec.PublicKey
	d, err := badge.Parse([]byte(ourBadge))
	must(t, err)
	if _, err := suite(t).Secure(context.Background(), d, key, time.Now()); err == nil {
		t.Error("signed with a P-256 key")
	}
	if _, err := suite(t).Secure(context.Background(), sealed(t), ourKey(t), time.Now()); err == nil {
		t.Error("signed twice")
	}
}

// Inline contexts are refused where they were not allowed.
func TestEdDSAInlineContexts(t *testing.T) {
	text := swap(t, ourBadge, `context-3.0.3.json"]`, `context-3.0.3.json",{"salary":"https://example.org/salary"}]`)
	d, err := badge.Parse([]byte(text))
	must(t, err)
	signed, err := suite(t).Secure(context.Background(), d, ourKey(t), time.Now())
	must(t, err)
	must(t, suite(t).Verify(signed, signed.Proofs()[0], ourKey(t).method))
	strict := EdDSARDFC2022{Canon: suite(t).Canon}
	if err := strict.Verify(signed, signed.Proofs()[0], ourKey(t).method); !errors.Is(err, ErrInvalid) {
		t.Errorf("verified: %v", err)
	}
	if _, err := strict.Secure(context.Background(), d, ourKey(t), time.Now()); err == nil {
		t.Error("signed")
	}
}

func TestVCJWT(t *testing.T) {
	d, err := badge.Parse([]byte(ourBadge))
	must(t, err)
	key := ourKey(t)
	token, err := VCJWT{}.Secure(context.Background(), d, key, time.Now())
	must(t, err)
	must(t, VCJWT{}.Verify(token, badge.Proof{}, key.method))
	for claim, want := range map[string]string{"iss": `"did:web:badges.example.edu"`, "jti": `"https://badges.example.edu/credentials/1"`,
		"sub": `"urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10"`, "nbf": "1795167000", "exp": ""} {
		if got := token.Root().Get(claim).Raw(); got != want {
			t.Errorf("%s is %s, want %s", claim, got, want)
		}
	}
	if h := token.JWS().Header.Raw(); h != `{"alg":"EdDSA","kid":"`+key.method.ID+`","typ":"JWT"}` {
		t.Errorf("header %s", h)
	}
	other := fromSeed(t, []byte(strings.Repeat("\x08", 32)))
	if err := (VCJWT{}).Verify(token, badge.Proof{}, other.method); !errors.Is(err, ErrInvalid) {
		t.Errorf("another key: %v", err)
	}
	// The payload is the badge as it stands, members in their order.
	if !strings.HasPrefix(token.Root().Raw(), strings.TrimSuffix(ourBadge, "}")+`,"iss":`) {
		t.Errorf("payload %s", token.Root().Raw())
	}
}

// A document with an embedded proof becomes a token without it.
func TestVCJWTLeavesTheProofOut(t *testing.T) {
	token, err := VCJWT{}.Secure(context.Background(), sealed(t), ourKey(t), time.Now())
	must(t, err)
	if token.Root().Get("proof").Exists() {
		t.Error("the proof is in the payload")
	}
}

func TestVCJWTNeedsClaims(t *testing.T) {
	for _, change := range [][2]string{
		{`"validFrom":"2026-11-20T09:30:00Z",`, ``},
		{`"id":"urn:uuid:5f2f8fd6-94e7-4df3-a7a6-6f3f0b6d3f10",`, ``},
		{`"id":"did:web:badges.example.edu",`, ``},
	} {
		d, err := badge.Parse([]byte(swap(t, ourBadge, change[0], change[1])))
		must(t, err)
		if _, err := (VCJWT{}).Secure(context.Background(), d, ourKey(t), time.Now()); err == nil {
			t.Errorf("a token without %s", change[0])
		}
	}
}
