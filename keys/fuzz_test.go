package keys_test

import (
	"bytes"
	"crypto/elliptic"
	"strings"
	"testing"
	"time"

	"laurel/keys"
)

// Each target asserts its seeds first: a seed that no longer does what it
// stands for would leave the fuzzer at the gate.

func FuzzParseMultikey(f *testing.F) {
	for _, p := range []pair{edPair(f), ecPair(f, elliptic.P256()), ecPair(f, elliptic.P384())} {
		text, err := keys.Multikey(p.public)
		if err != nil {
			f.Fatal(err)
		}
		if _, err := keys.ParseMultikey(text); err != nil {
			f.Fatalf("seed %s: %v", text, err)
		}
		f.Add(text)
	}
	for _, bad := range []string{"", "z", "u7QE", "z6Mk", "z" + strings.Repeat("1", 200)} {
		if _, err := keys.ParseMultikey(bad); err == nil {
			f.Fatalf("seed %q passes", bad)
		}
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, s string) {
		pub, err := keys.ParseMultikey(s)
		if err != nil {
			return
		}
		// One key, one text: a DID made of it names one controller.
		if back, err := keys.Multikey(pub); err != nil || back != s {
			t.Fatalf("%q is written back as %q, %v", s, back, err)
		}
		if err := keys.CheckPublic(pub); err != nil {
			t.Fatalf("%q passes, its key does not: %v", s, err)
		}
	})
}

func FuzzParseJWK(f *testing.F) {
	for _, p := range pairs(f) {
		raw, err := keys.JWK(p.public, "a")
		if err != nil {
			f.Fatal(err)
		}
		if _, err := keys.ParseJWK(raw); err != nil {
			f.Fatalf("seed %s: %v", raw, err)
		}
		f.Add(raw)
	}
	raw, err := keys.JWKS([]keys.VerificationMethod{{ID: "a#1", Controller: "a", Public: edPair(f).public, Expires: time.Unix(1, 0), Revoked: time.Unix(2, 0)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(bytes.TrimSuffix(bytes.TrimPrefix(raw, []byte(`{"keys":[`)), []byte(`]}`)))
	for _, bad := range []string{"", "{}", `{"kty":"oct","k":"AA"}`, `{"kty":"OKP","crv":"Ed25519","x":"AA"}`, `{"kty":"RSA","n":"AA","e":"AQAB"}`} {
		if _, err := keys.ParseJWK([]byte(bad)); err == nil {
			f.Fatalf("seed %q passes", bad)
		}
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		k, err := keys.ParseJWK(raw)
		if (err == nil) != (k.Public != nil) {
			t.Fatalf("%v with %v", k.Public, err)
		}
		if err != nil {
			return
		}
		again, err := keys.JWK(k.Public, k.KeyID)
		if err != nil {
			t.Fatalf("the key read cannot be written: %v", err)
		}
		if back, err := keys.ParseJWK(again); err != nil || !same(back.Public, k.Public) {
			t.Fatalf("%s is read back as %v, %v", again, back, err)
		}
		_ = keys.VerificationMethod{Public: k.Public}.Verify(raw, raw)
	})
}

func FuzzParseControllerDocument(f *testing.F) {
	good := document(f, object{"verificationMethod": []any{method(f, "1", nil)}, "assertionMethod": []any{owner + "#1", method(f, "2", object{"id": "#2"})}})
	if doc, err := keys.ParseControllerDocument(good, owner); err != nil || len(doc.Methods) != 2 {
		f.Fatalf("seed: %+v, %v", doc, err)
	}
	f.Add(good)
	for _, bad := range []string{"", "{}", `{"id":"` + owner + `","assertionMethod":[{"id":"#1"},{"id":"#1"}]}`} {
		if _, err := keys.ParseControllerDocument([]byte(bad), owner); err == nil {
			f.Fatalf("seed %q passes", bad)
		}
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := keys.ParseControllerDocument(raw, owner)
		if (err == nil) != (doc != nil) {
			t.Fatalf("%v with %v", doc, err)
		}
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, m := range doc.Methods {
			if m.Controller != owner || !strings.HasPrefix(m.ID, owner+"#") || seen[m.ID] {
				t.Fatalf("%+v", m)
			}
			seen[m.ID] = true
			if err := keys.CheckPublic(m.Public); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := keys.Document(owner, doc.Methods); err != nil {
			t.Fatalf("what was read cannot be published: %v", err)
		}
	})
}
