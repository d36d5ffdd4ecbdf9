package verifier_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"hash"
	"math/big"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"laurel/internal/processortest"
	"laurel/keys"
	"laurel/verifier"
)

// hashed is the digest of a message.
func hashed(h crypto.Hash, message []byte) []byte {
	d := h.New()
	d.Write(message)
	return d.Sum(nil)
}

// A key that everybody knows is no secret: a token whose "signature" is an HMAC
// under the issuer's public key, in any of its forms, proves nothing.
func TestPublicKeyAsASecret(t *testing.T) {
	for _, alg := range []keys.Algorithm{keys.RS256, keys.ES256, keys.ES384, keys.EdDSA} {
		w := newWorld(t)
		k := webIssuer(w, alg)
		payload := w.payload(k)
		der, err := x509.MarshalPKIXPublicKey(k.method.Public)
		must(t, err)
		block := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
		expect(t, w.v.Verify(t.Context(), []byte(signedAs(t, k, `{"alg":"`+string(alg)+`","kid":"`+k.method.ID+`"}`, payload))), valid) // the control
		for form, secret := range map[string][]byte{
			"DER": der, "PEM": block, "PEM without its last line end": block[:len(block)-1], "JWK": jwkOf(t, k), "nothing": nil,
			"the key document": w.web.pages[webDocument],
		} {
			for name, h := range map[string]func() hash.Hash{"HS256": sha256.New, "HS384": sha512.New384, "HS512": sha512.New} {
				for _, header := range []string{`{"alg":"` + name + `","kid":"` + k.method.ID + `"}`, `{"alg":"` + name + `","kid":"` + k.method.ID + `","jwk":` + string(jwkOf(t, k)) + `}`,
					`{"alg":"` + strings.ToLower(name) + `","kid":"` + k.method.ID + `"}`} {
					forger := signer{sign: func(m []byte) ([]byte, error) { mac := hmac.New(h, secret); mac.Write(m); return mac.Sum(nil), nil }}
					r := w.v.Verify(t.Context(), []byte(signedAs(t, forger, header, payload)))
					if f := r.Finding(proofs); r.Verdict() != invalid || f.Code != verifier.AlgorithmNotAllowed {
						t.Errorf("%s of the %s key as %s: %s\n%s", name, alg, form, r.Verdict(), lines(r))
					}
				}
			}
		}
	}
}

// No algorithm in any spelling, with whatever stands for a signature.
func TestNoAlgorithm(t *testing.T) {
	for _, alg := range []string{"none", "None", "NONE", "nOnE", "none ", "", "null", "NoNe\u0000"} {
		for _, signature := range []string{"", "AA", strings.Repeat("A", 86)} {
			w := newWorld(t)
			k := webIssuer(w, keys.EdDSA)
			text := b64(`{"alg":`+strconv.Quote(alg)+`,"kid":"`+k.method.ID+`"}`) + "." + b64(w.payload(k)) + "." + signature
			if r := w.v.Verify(t.Context(), []byte(text)); r.Verdict() != invalid {
				t.Errorf("%q with %q: %s\n%s", alg, signature, r.Verdict(), lines(r))
			}
		}
	}
}

// A key signs with the one algorithm that belongs to it. What is made with
// another is good arithmetic and no signature of a badge.
func TestAlgorithmsOfOtherKeys(t *testing.T) {
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	must(t, err)
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	curve := func(key *ecdsa.PrivateKey, h crypto.Hash, width int) func([]byte) ([]byte, error) {
		return func(m []byte) ([]byte, error) {
			r, s, err := ecdsa.Sign(rand.Reader, key, hashed(h, m))
			if err != nil {
				return nil, err
			}
			return append(r.FillBytes(make([]byte, width)), s.FillBytes(make([]byte, width))...), nil
		}
	}
	pkcs := func(h crypto.Hash) func([]byte) ([]byte, error) {
		return func(m []byte) ([]byte, error) { return rsa.SignPKCS1v15(nil, rs, h, hashed(h, m)) }
	}
	for _, c := range []struct {
		alg    string
		public crypto.PublicKey
		sign   func([]byte) ([]byte, error)
		want   verifier.Verdict
	}{
		{"ES256", p256.Public(), curve(p256, crypto.SHA256, 32), valid}, // the controls
		{"ES384", p384.Public(), curve(p384, crypto.SHA384, 48), valid},
		{"RS256", rs.Public(), pkcs(crypto.SHA256), valid},
		{"ES384", p256.Public(), curve(p256, crypto.SHA384, 32), invalid},
		{"ES384", p256.Public(), curve(p256, crypto.SHA384, 48), invalid},
		{"ES256", p256.Public(), curve(p256, crypto.SHA384, 32), invalid},
		{"ES256", p384.Public(), curve(p384, crypto.SHA256, 48), invalid},
		{"ES384", p384.Public(), curve(p384, crypto.SHA256, 48), invalid},
		{"RS256", rs.Public(), pkcs(crypto.SHA512), invalid},
		{"EdDSA", p256.Public(), curve(p256, crypto.SHA256, 32), invalid},
		{"ES256", rs.Public(), pkcs(crypto.SHA256), invalid},
		{"RS256", p256.Public(), curve(p256, crypto.SHA256, 32), invalid},
		// Honest algorithms that are not verified here are no forgeries.
		{"ES512", p256.Public(), curve(p256, crypto.SHA512, 32), indeterminate},
		{"RS512", rs.Public(), pkcs(crypto.SHA512), indeterminate},
		{"PS256", rs.Public(), func(m []byte) ([]byte, error) {
			return rsa.SignPSS(rand.Reader, rs, crypto.SHA256, hashed(crypto.SHA256, m), nil)
		}, indeterminate},
	} {
		w := newWorld(t)
		k := w.publish(signer{keys.VerificationMethod{Public: c.public}, c.sign})
		w.list(listURL, "revocation", w.lister, nil)
		words := put("iss", `"`+webDID+`"`)(t, w.payload(w.issuer, swap(w.issuer.method.Controller, webDID)))
		r := w.v.Verify(t.Context(), []byte(signedAs(t, k, `{"alg":"`+c.alg+`","kid":"`+k.method.ID+`"}`, words)))
		if r.Verdict() != c.want || r.Verified() != (c.want == valid) {
			t.Errorf("%s with a %T: %s, want %s\n%s", c.alg, c.public, r.Verdict(), c.want, lines(r))
		}
	}
}

// The twin (r, n - s) of an ECDSA signature is another text for the same badge,
// and nothing else: it is revoked by the same entry.
func TestTwinOfASignature(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	w := newWorld(t)
	twin := false
	k := w.publish(signer{keys.VerificationMethod{Public: key.Public()}, func(m []byte) ([]byte, error) {
		r, s, err := ecdsa.Sign(rand.Reader, key, hashed(crypto.SHA256, m))
		if err != nil {
			return nil, err
		}
		other := new(big.Int).Sub(elliptic.P256().Params().N, s)
		if high := s.Cmp(other) > 0; high != twin {
			s = other
		}
		return append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...), nil
	}})
	for _, set := range [][]int{nil, {badgeIndex}} {
		w.list(listURL, "revocation", w.lister, set)
		want := map[bool]verifier.Verdict{true: valid, false: invalid}[set == nil]
		for _, twin = range []bool{false, true} {
			v := newWorld(t, func(cfg *verifier.Config) {
				cfg.Keys, cfg.Status = newResolver(w), w.web
			}).v
			r := v.Verify(t.Context(), []byte(signedAs(t, k, `{"alg":"ES256","kid":"`+k.method.ID+`"}`, w.payload(k))))
			expect(t, r, want, finding{proofs, pass, verifier.OK})
		}
	}
}

// What is encrypted is never opened, whatever it would cost or unpack to.
func TestEncryptedTokens(t *testing.T) {
	w := newWorld(t)
	four := strings.Repeat("."+base64.RawURLEncoding.EncodeToString(make([]byte, 300)), 4)
	for name, text := range map[string]string{
		"a password a billion times over": b64(`{"alg":"PBES2-HS512+A256KW","enc":"A256GCM","p2c":2147483647,"p2s":"AAAAAAAAAAA"}`) + four,
		"unpacked":                        b64(`{"alg":"dir","enc":"A256GCM","zip":"DEF"}`) + four,
		"for a key":                       b64(`{"alg":"ECDH-ES","enc":"A128CBC-HS256","epk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}}`) + four,
		"as JSON":                         `{"protected":"` + b64(`{"alg":"dir","enc":"A256GCM"}`) + `","iv":"AA","ciphertext":"AA","tag":"AA"}`,
		"a million dots":                  strings.Repeat(".", 1<<20),
		"a million letters, four dots":    strings.Repeat("A", 1<<20-4) + "....",
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := processortest.Time()
		r := w.v.Verify(t.Context(), []byte(text))
		took := processortest.Time() - start
		runtime.ReadMemStats(&after)
		if r.Verdict() != invalid || took > 2*time.Second || after.TotalAlloc-before.TotalAlloc > 64<<20 {
			t.Errorf("%s: %s after %v and %d bytes\n%s", name, r.Verdict(), took, after.TotalAlloc-before.TotalAlloc, lines(r))
		}
	}
}
