package keys_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"laurel/keys"
)

// The Data Integrity vectors give a key, the bytes signed and the signature.
func TestSpecDataIntegritySignatures(t *testing.T) {
	for _, v := range []struct {
		alg                     keys.Algorithm
		keyFile, message, value string
	}{
		{keys.EdDSA, "w3c-vc-di-eddsa/keyPair.json",
			"w3c-vc-di-eddsa/eddsa-rdfc-2022/combinedHashDataInt.txt", "w3c-vc-di-eddsa/eddsa-rdfc-2022/sigHexDataInt.txt"},
		{keys.ES256, "w3c-vc-di-ecdsa/p256KeyPair.json",
			"w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p256/combinedHashECDSAP256.txt", "w3c-vc-di-ecdsa/ecdsa-rdfc-2019-p256/sigHexECDSAP256.txt"},
		{keys.ES384, "w3c-vc-di-ecdsa/p384KeyPair.json",
			"w3c-vc-di-ecdsa/ecdsa-jcs-2019-p384/combinedHashJCSECDSAP384.txt", "w3c-vc-di-ecdsa/ecdsa-jcs-2019-p384/sigHexJCSECDSAP384.txt"},
	} {
		t.Run(string(v.alg), func(t *testing.T) {
			text := specJSON[map[string]string](t, "vectors/"+v.keyFile)["publicKeyMultibase"]
			pub, err := keys.ParseMultikey(text)
			if err != nil {
				t.Fatal(err)
			}
			if back, err := keys.Multikey(pub); err != nil || back != text {
				t.Fatalf("Multikey wrote %s, %v; want %s", back, err, text)
			}
			m := keys.VerificationMethod{Public: pub}
			if alg, err := m.Algorithm(); err != nil || alg != v.alg {
				t.Fatalf("algorithm %s, %v", alg, err)
			}
			message, signature := specHex(t, v.message), specHex(t, v.value)
			if err := m.Verify(message, signature); err != nil {
				t.Fatalf("the published signature: %v", err)
			}
			message[0] ^= 1
			if err := m.Verify(message, signature); !errors.Is(err, keys.ErrSignature) {
				t.Fatalf("a changed message: %v", err)
			}
		})
	}
}

func specHex(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(strings.TrimSpace(string(specFile(t, "vectors/"+name))))
	if err != nil || len(raw) == 0 {
		t.Fatalf("%s: %d bytes, %v", name, len(raw), err)
	}
	return raw
}

// The VC-JOSE-COSE vectors show the private half beside the public one, and
// name each key by its thumbprint.
func TestSpecVerificationMethods(t *testing.T) {
	for name, alg := range map[string]keys.Algorithm{
		"vm-ed25519.json": keys.EdDSA, "vm-did-ed25519.json": keys.EdDSA,
		"vm-p256.json": keys.ES256, "vm-p384.json": keys.ES384, "vm-p521.json": "",
	} {
		t.Run(name, func(t *testing.T) {
			method := specJSON[map[string]json.RawMessage](t, "vectors/w3c-vc-jose-cose/"+name)
			var id string
			if err := json.Unmarshal(method["id"], &id); err != nil {
				t.Fatal(err)
			}
			owner, _, _ := strings.Cut(id, "#")
			if _, err := keys.ParseControllerDocument(around(t, owner, method), owner); !errors.Is(err, keys.ErrPrivateKeyExposed) {
				t.Fatalf("with the private half: %v", err)
			}
			delete(method, "secretKeyJwk")
			doc, err := keys.ParseControllerDocument(around(t, owner, method), owner)
			if err != nil {
				t.Fatal(err)
			}
			m, err := doc.Method(id)
			if alg == "" {
				if !errors.Is(err, keys.ErrUnsupported) || keys.Wrong(err) {
					t.Fatalf("P-521: %v", err)
				}
				return
			}
			if err != nil || !m.Assertion || m.Controller != owner {
				t.Fatalf("%+v, %v", m, err)
			}
			if got, err := m.Algorithm(); err != nil || got != alg {
				t.Fatalf("algorithm %s, %v", got, err)
			}
			k, err := keys.ParseJWK(method["publicKeyJwk"])
			if err != nil {
				t.Fatal(err)
			}
			if print, err := keys.Thumbprint(k.Public); err != nil || print != k.KeyID {
				t.Fatalf("thumbprint %s, %v; the vector says %s", print, err, k.KeyID)
			}
		})
	}
}

func around(t *testing.T, owner string, method map[string]json.RawMessage) []byte {
	t.Helper()
	raw, err := json.Marshal(map[string]any{"id": owner, "assertionMethod": []any{method}})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// The tokens of the Open Badges specification carry their RSA key in the
// header. That proves nothing about the issuer, but it is an RS256 vector. The
// endorsement's signature is cut off at 206 of 256 bytes in the file we hold.
func TestSpecTokens(t *testing.T) {
	for _, name := range []string{"appD-basic", "appD-complete", "appD-endorsement", "appD-skill-case", "appD-skill-ctdl"} {
		token := strings.TrimSpace(string(specFile(t, "vectors/1edtech-vc-jwt/"+name+".jwt")))
		parts := strings.Split(token, ".")
		if len(parts) != 3 {
			t.Fatalf("%s has %d parts", name, len(parts))
		}
		var header struct{ JWK json.RawMessage }
		if err := json.Unmarshal(unbase64(t, parts[0]), &header); err != nil {
			t.Fatal(err)
		}
		k, err := keys.ParseJWK(header.JWK)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m := keys.VerificationMethod{Public: k.Public}
		err = m.Verify([]byte(parts[0]+"."+parts[1]), unbase64(t, parts[2]))
		if cut := name == "appD-endorsement"; errors.Is(err, keys.ErrSignature) != cut || (err == nil) == cut {
			t.Errorf("%s: %v", name, err)
		}
		if err := m.Verify([]byte(parts[0]+"."+parts[1]+"A"), unbase64(t, parts[2])); !errors.Is(err, keys.ErrSignature) {
			t.Errorf("%s, changed: %v", name, err)
		}
	}
}

func unbase64(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
