//go:build wycheproof

package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"testing"

	"laurel/keys"
)

// wycheproof reads a file of C2SP/wycheproof, whose folder WYCHEPROOF names.
func wycheproof(t *testing.T, name string, into any) {
	t.Helper()
	dir := os.Getenv("WYCHEPROOF")
	if dir == "" {
		t.Fatal("name the folder of the repository C2SP/wycheproof in WYCHEPROOF")
	}
	raw, err := os.ReadFile(filepath.Join(dir, "testvectors_v1", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatal(err)
	}
}

// octets is hexadecimal text.
type octets []byte

func (o *octets) UnmarshalText(text []byte) (err error) {
	*o, err = hex.DecodeString(string(text))
	return err
}

type wycheproofFile struct {
	NumberOfTests int
	TestGroups    []struct {
		Sha       string
		PublicKey struct {
			PK             octets
			Uncompressed   octets
			Modulus        octets
			PublicExponent octets
		}
		Tests []struct {
			TcID    int
			Comment string
			Flags   []string
			Msg     octets
			Sig     octets
			Result  string
		}
	}
}

// TestWycheproof verifies every signature of the files for our algorithms. A
// signature that they call acceptable is one that old software makes, and must
// not be taken: each of ours has one spelling.
func TestWycheproof(t *testing.T) {
	for _, file := range []struct {
		name string
		key  func(t *testing.T, pk, uncompressed, modulus, exponent []byte) crypto.PublicKey
	}{
		{"ed25519_test.json", func(_ *testing.T, pk, _, _, _ []byte) crypto.PublicKey { return ed25519.PublicKey(pk) }},
		{"ecdsa_secp256r1_sha256_p1363_test.json", onCurve(elliptic.P256())},
		{"ecdsa_secp384r1_sha384_p1363_test.json", onCurve(elliptic.P384())},
		{"rsa_signature_2048_sha256_test.json", rsaPublic}, {"rsa_signature_3072_sha256_test.json", rsaPublic},
		{"rsa_signature_4096_sha256_test.json", rsaPublic}, {"rsa_signature_8192_sha256_test.json", rsaPublic},
	} {
		t.Run(file.name, func(t *testing.T) {
			var f wycheproofFile
			wycheproof(t, file.name, &f)
			counts := map[string]int{}
			for _, g := range f.TestGroups {
				k := g.PublicKey
				public := file.key(t, k.PK, k.Uncompressed, k.Modulus, k.PublicExponent)
				sameInEveryForm(t, public)
				var familiar keys.Familiar
				often := keys.VerificationMethod{Public: public}
				for range 20 {
					often = familiar.Ready(often)
				}
				if _, ed := public.(ed25519.PublicKey); ed != often.Readied() {
					t.Errorf("readied: %t", often.Readied())
				}
				for _, c := range g.Tests {
					counts[c.Result]++
					err := keys.VerificationMethod{Public: public}.Verify(c.Msg, c.Sig)
					if again := often.Verify(c.Msg, c.Sig); !errors.Is(again, err) {
						t.Errorf("%d (%s, %s): %v, and %v where the key verifies often", c.TcID, c.Result, c.Comment, err, again)
					}
					if (c.Result == "valid") != (err == nil) || err != nil && !errors.Is(err, keys.ErrSignature) {
						t.Errorf("%d (%s, %s): %v", c.TcID, c.Result, c.Comment, err)
					}
				}
			}
			if n := counts["valid"] + counts["invalid"] + counts["acceptable"]; n != f.NumberOfTests || n == 0 {
				t.Errorf("%d tests, want %d", n, f.NumberOfTests)
			}
			t.Logf("%d valid, %d invalid, %d acceptable", counts["valid"], counts["invalid"], counts["acceptable"])
		})
	}
}

func onCurve(curve elliptic.Curve) func(*testing.T, []byte, []byte, []byte, []byte) crypto.PublicKey {
	return func(t *testing.T, _, uncompressed, _, _ []byte) crypto.PublicKey {
		t.Helper()
		public, err := ecdsa.ParseUncompressedPublicKey(curve, uncompressed)
		if err != nil {
			t.Fatal(err)
		}
		return public
	}
}

func rsaPublic(_ *testing.T, _, _, modulus, exponent []byte) crypto.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
}

// sameInEveryForm publishes a key and reads it again.
func sameInEveryForm(t *testing.T, public crypto.PublicKey) {
	t.Helper()
	jwk, err := keys.JWK(public, "")
	if err != nil {
		t.Fatal(err)
	}
	read, err := keys.ParseJWK(jwk)
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys.JWK(read.Public, "")
	if err != nil || !bytes.Equal(again, jwk) {
		t.Errorf("%s became %s: %v", jwk, again, err)
	}
	text, err := keys.Multikey(public)
	if errors.Is(err, keys.ErrUnsupported) {
		return // RSA
	}
	if err != nil {
		t.Fatal(err)
	}
	fromMultikey, err := keys.ParseMultikey(text)
	if err != nil {
		t.Fatal(err)
	}
	if other, err := keys.JWK(fromMultikey, ""); err != nil || !bytes.Equal(other, jwk) {
		t.Errorf("%s became %s: %v", jwk, other, err)
	}
}
