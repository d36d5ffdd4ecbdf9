package keys_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/mr-tron/base58"

	"laurel/keys"
)

func TestMultikey(t *testing.T) {
	for alg, p := range pairs(t) {
		text, err := keys.Multikey(p.public)
		if alg == keys.RS256 {
			if !errors.Is(err, keys.ErrUnsupported) {
				t.Errorf("RSA: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if start := map[keys.Algorithm]string{keys.EdDSA: "z6Mk", keys.ES256: "zDn", keys.ES384: "z82"}[alg]; !strings.HasPrefix(text, start) {
			t.Errorf("%s: %s does not start with %s", alg, text, start)
		}
		back, err := keys.ParseMultikey(text)
		if err != nil || !same(back, p.public) {
			t.Errorf("%s: read back %v, %v", alg, back, err)
		}
	}
}

func same(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

func multikey(prefix []byte, key []byte) string { return "z" + base58.Encode(append(prefix, key...)) }

func TestParseMultikeyRefusals(t *testing.T) {
	good := edPair(t).public.(ed25519.PublicKey)
	point := ecPair(t, elliptic.P256()).public.(*ecdsa.PublicKey)
	uncompressed, err := point.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	compressed := append([]byte{2 + uncompressed[64]&1}, uncompressed[1:33]...)
	offCurve := []byte{2, 5: 0}
	offCurve = append(offCurve, make([]byte, 33-len(offCurve))...)
	offCurve[32] = 1 // x = 1 is no point of P-256
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                  {"", keys.ErrInvalidKey},
		"z alone":                {"z", keys.ErrInvalidKey},
		"one byte":               {"z2", keys.ErrInvalidKey},
		"base64url":              {"u" + base64.RawURLEncoding.EncodeToString(append([]byte{0xed, 1}, good...)), keys.ErrInvalidKey},
		"no prefix letter":       {base58.Encode(append([]byte{0xed, 1}, good...)), keys.ErrInvalidKey},
		"not base58":             {"z6Mk0OIl", keys.ErrInvalidKey},
		"not ASCII":              {"z6Mké", keys.ErrInvalidKey},
		"Ed25519 with 31 bytes":  {multikey([]byte{0xed, 1}, good[:31]), keys.ErrInvalidKey},
		"Ed25519 with 33 bytes":  {multikey([]byte{0xed, 1}, append([]byte{0}, good...)), keys.ErrInvalidKey},
		"leading zero":           {"z1" + multikey([]byte{0xed, 1}, good)[1:], keys.ErrUnsupported},
		"small order":            {multikey([]byte{0xed, 1}, append([]byte{1}, make([]byte, 31)...)), keys.ErrWeakKey},
		"P-256 uncompressed":     {multikey([]byte{0x80, 0x24}, append([]byte{4}, make([]byte, 64)...)), keys.ErrInvalidKey},
		"P-256 with a bad sign":  {multikey([]byte{0x80, 0x24}, append([]byte{5}, compressed[1:]...)), keys.ErrInvalidKey},
		"P-256 off its curve":    {multikey([]byte{0x80, 0x24}, offCurve), keys.ErrInvalidKey},
		"P-256 as P-384":         {multikey([]byte{0x81, 0x24}, compressed), keys.ErrInvalidKey},
		"Ed25519, private half":  {multikey([]byte{0x80, 0x26}, good), keys.ErrUnsupported},
		"X25519":                 {multikey([]byte{0xec, 1}, good), keys.ErrUnsupported},
		"secp256k1":              {multikey([]byte{0xe7, 1}, compressed), keys.ErrUnsupported},
		"one megabyte of base58": {"z" + strings.Repeat("z", 1<<20), keys.ErrUnsupported},
	} {
		if pub, err := keys.ParseMultikey(c.text); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, pub, err, c.want)
		}
	}
}

func TestJWK(t *testing.T) {
	for alg, p := range pairs(t) {
		raw, err := keys.JWK(p.public, "did:example:a#1")
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := keys.JWK(p.public, "did:example:a#1"); string(again) != string(raw) {
			t.Errorf("%s: two texts of one key", alg)
		}
		k, err := keys.ParseJWK(raw)
		if err != nil || !same(k.Public, p.public) || k.KeyID != "did:example:a#1" || k.Issuer != "" {
			t.Errorf("%s: read back %+v, %v", alg, k, err)
		}
		if members := decoded(t, raw); members["alg"] != string(alg) {
			t.Errorf("%s: %s", alg, raw)
		}
		if raw, err := keys.JWK(p.public, ""); err != nil || strings.Contains(string(raw), `"kid"`) {
			t.Errorf("%s without kid: %s, %v", alg, raw, err)
		}
	}
}

func decoded(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// changed writes a good JSON Web Key with some members set, or removed where
// the value is nil.
func changed(t *testing.T, pub crypto.PublicKey, members map[string]any) []byte {
	t.Helper()
	raw, err := keys.JWK(pub, "")
	if err != nil {
		t.Fatal(err)
	}
	m := decoded(t, raw)
	maps.Copy(m, members)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	raw, err = json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseJWKRefusals(t *testing.T) {
	all := pairs(t)
	ed, p256, p384, rs := all[keys.EdDSA].public, all[keys.ES256].public, all[keys.ES384].public, all[keys.RS256].public
	b64 := base64.RawURLEncoding.EncodeToString
	with := func(pub crypto.PublicKey, m map[string]any) string { return string(changed(t, pub, m)) }
	x := decoded(t, changed(t, ed, nil))["x"].(string)
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"nothing":                    {"", keys.ErrInvalidKey},
		"not an object":              {`["OKP"]`, keys.ErrInvalidKey},
		"null":                       {`null`, keys.ErrInvalidKey},
		"more after it":              {with(ed, nil) + `{}`, keys.ErrInvalidKey},
		"a member twice":             {`{"kty":"OKP",` + with(ed, nil)[1:], keys.ErrInvalidKey},
		"without kty":                {with(ed, map[string]any{"kty": nil}), keys.ErrInvalidKey},
		"without x":                  {with(ed, map[string]any{"x": nil}), keys.ErrInvalidKey},
		"x with 31 bytes":            {with(ed, map[string]any{"x": b64(make([]byte, 31))}), keys.ErrInvalidKey},
		"x with 33 bytes":            {with(ed, map[string]any{"x": b64(make([]byte, 33))}), keys.ErrInvalidKey},
		"x padded":                   {with(ed, map[string]any{"x": x + "="}), keys.ErrInvalidKey},
		"x with a line end":          {with(ed, map[string]any{"x": x[:20] + "\n" + x[20:]}), keys.ErrInvalidKey},
		"x with loose bits":          {with(ed, map[string]any{"x": x[:42] + "B"}), keys.ErrInvalidKey},
		"x a number":                 {with(ed, map[string]any{"x": 7}), keys.ErrInvalidKey},
		"kid a number":               {with(ed, map[string]any{"kid": 7}), keys.ErrInvalidKey},
		"use a list":                 {with(ed, map[string]any{"use": []string{"sig"}}), keys.ErrInvalidKey},
		"small order":                {with(ed, map[string]any{"x": b64(append([]byte{1}, make([]byte, 31)...))}), keys.ErrWeakKey},
		"Ed25519 with d":             {with(ed, map[string]any{"d": "c2VjcmV0LXNlY3JldA"}), keys.ErrPrivateKeyExposed},
		"d empty":                    {with(ed, map[string]any{"d": ""}), keys.ErrPrivateKeyExposed},
		"RSA with p":                 {with(rs, map[string]any{"p": "c2VjcmV0LXNlY3JldA"}), keys.ErrPrivateKeyExposed},
		"RSA with oth":               {with(rs, map[string]any{"oth": []any{map[string]string{"d": "c2VjcmV0LXNlY3JldA"}}}), keys.ErrPrivateKeyExposed},
		"symmetric":                  {`{"kty":"oct","k":"c2VjcmV0LXNlY3JldA"}`, keys.ErrPrivateKeyExposed},
		"use enc":                    {with(p256, map[string]any{"use": "enc"}), keys.ErrNotAuthorized},
		"use empty":                  {with(p256, map[string]any{"use": ""}), keys.ErrNotAuthorized},
		"key_ops without verify":     {with(p256, map[string]any{"key_ops": []string{"deriveBits"}}), keys.ErrNotAuthorized},
		"key_ops empty":              {with(p256, map[string]any{"key_ops": []string{}}), keys.ErrNotAuthorized},
		"key_ops a string":           {with(p256, map[string]any{"key_ops": "verify"}), keys.ErrNotAuthorized},
		"alg of another curve":       {with(p256, map[string]any{"alg": "ES384"}), keys.ErrNotAuthorized},
		"alg of another type":        {with(ed, map[string]any{"alg": "RS256"}), keys.ErrNotAuthorized},
		"alg in other case":          {with(ed, map[string]any{"alg": "eddsa"}), keys.ErrNotAuthorized},
		"alg none":                   {with(rs, map[string]any{"alg": "none"}), keys.ErrNotAuthorized},
		"alg HS256":                  {with(rs, map[string]any{"alg": "HS256"}), keys.ErrNotAuthorized},
		"P-256 coordinates as P-384": {with(p256, map[string]any{"crv": "P-384", "alg": nil}), keys.ErrInvalidKey},
		"P-384 coordinates as P-256": {with(p384, map[string]any{"crv": "P-256", "alg": nil}), keys.ErrInvalidKey},
		"P-256 off its curve":        {with(p256, map[string]any{"x": b64(make([]byte, 32))}), keys.ErrInvalidKey},
		"P-521":                      {with(p256, map[string]any{"crv": "P-521"}), keys.ErrUnsupported},
		"secp256k1":                  {with(p256, map[string]any{"crv": "secp256k1"}), keys.ErrUnsupported},
		"X25519":                     {with(ed, map[string]any{"crv": "X25519"}), keys.ErrUnsupported},
		"ML-DSA":                     {`{"kty":"AKP","alg":"ML-DSA-44","pub":"AAAA"}`, keys.ErrUnsupported},
		"RSA with 1024 bits":         {with(rs, map[string]any{"n": b64(odd(1024).Bytes())}), keys.ErrWeakKey},
		"RSA with 8200 bits":         {with(rs, map[string]any{"n": b64(odd(8200).Bytes())}), keys.ErrWeakKey},
		"RSA with 64 kB":             {with(rs, map[string]any{"n": strings.Repeat("_", 60_000)}), keys.ErrWeakKey},
		"RSA, exponent 1":            {with(rs, map[string]any{"e": "AQ"}), keys.ErrWeakKey},
		"RSA, exponent 2":            {with(rs, map[string]any{"e": "Ag"}), keys.ErrWeakKey},
		"RSA, exponent of 72 bits":   {with(rs, map[string]any{"e": "AQAAAAAAAAAB"}), keys.ErrWeakKey},
		"more than 64 KiB":           {with(ed, map[string]any{"x5c": []string{strings.Repeat("A", 64<<10)}}), keys.ErrInvalidKey},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := keys.ParseJWK([]byte(c.text))
			if !errors.Is(err, c.want) || k.Public != nil {
				t.Fatalf("%v, %v; want %v", k.Public, err, c.want)
			}
			if strings.Contains(err.Error(), "c2VjcmV0") {
				t.Fatalf("the private value is shown: %v", err)
			}
		})
	}
}

func TestParseJWKAccepts(t *testing.T) {
	all := pairs(t)
	big := &rsa.PublicKey{N: odd(8192), E: 65537}
	for name, c := range map[string]struct {
		public  crypto.PublicKey
		members map[string]any
	}{
		"use sig":                   {all[keys.ES256].public, map[string]any{"use": "sig"}},
		"key_ops with verify":       {all[keys.ES256].public, map[string]any{"key_ops": []string{"sign", "verify"}}},
		"no alg":                    {all[keys.RS256].public, map[string]any{"alg": nil}},
		"the RFC 9864 name":         {all[keys.EdDSA].public, map[string]any{"alg": "Ed25519"}},
		"a certificate chain":       {all[keys.RS256].public, map[string]any{"x5c": []string{"AAAA"}, "x5u": "https://example.org"}},
		"8192 bits":                 {big, nil},
		"a zero before the modulus": {big, map[string]any{"n": base64.RawURLEncoding.EncodeToString(append([]byte{0}, odd(8192).Bytes()...))}},
	} {
		if k, err := keys.ParseJWK(changed(t, c.public, c.members)); err != nil || !same(k.Public, c.public) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestJWKSet(t *testing.T) {
	all := pairs(t)
	one := keys.VerificationMethod{ID: "did:web:a.example#1", Controller: "did:web:a.example", Public: all[keys.EdDSA].public}
	two := keys.VerificationMethod{ID: "did:web:a.example#2", Controller: "did:web:a.example", Public: all[keys.RS256].public}
	other := keys.VerificationMethod{ID: "did:web:a.example:b#1", Controller: "did:web:a.example:b", Public: all[keys.ES384].public}

	raw, err := keys.JWKS([]keys.VerificationMethod{one, two})
	if err != nil || strings.Contains(string(raw), `"iss"`) || strings.Count(string(raw), `"use":"sig"`) != 2 {
		t.Fatalf("one controller: %s, %v", raw, err)
	}
	raw, err = keys.JWKS([]keys.VerificationMethod{one, two, other})
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := keys.JWKS([]keys.VerificationMethod{one, two, other}); string(again) != string(raw) {
		t.Error("two texts of one set")
	}
	set, err := keys.ParseJWKSet(raw)
	if err != nil || len(set) != 3 {
		t.Fatalf("%v, %v", set, err)
	}
	for i, m := range []keys.VerificationMethod{one, two, other} {
		if k := set[i]; k.Err != nil || k.KeyID != m.ID || k.Issuer != m.Controller || !same(k.Public, m.Public) {
			t.Errorf("key %d: %+v", i, k)
		}
	}
	if raw, err := keys.JWKS(nil); err != nil || string(raw) != `{"keys":[]}` {
		t.Errorf("no keys: %s, %v", raw, err)
	}
	if _, err := keys.JWKS([]keys.VerificationMethod{{ID: "x"}}); !errors.Is(err, keys.ErrInvalidKey) {
		t.Errorf("a method without a key: %v", err)
	}
}

// A set goes on without the keys it cannot use, and says why, except for an
// exposed private key.
func TestParseJWKSet(t *testing.T) {
	good := string(changed(t, edPair(t).public, map[string]any{"kid": "good"}))
	set, err := keys.ParseJWKSet([]byte(`{"keys":[{"kty":"EC","crv":"P-521","kid":"big","iss":"https://a.example"},7,` + good + `]}`))
	if err != nil || len(set) != 3 {
		t.Fatalf("%v, %v", set, err)
	}
	if k := set[0]; k.KeyID != "big" || k.Issuer != "https://a.example" || !errors.Is(k.Err, keys.ErrUnsupported) || k.Public != nil {
		t.Errorf("%+v", k)
	}
	if !errors.Is(set[1].Err, keys.ErrInvalidKey) || set[2].Err != nil || set[2].KeyID != "good" {
		t.Errorf("%+v", set)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":          {"", keys.ErrInvalidDocument},
		"no keys":        {`{}`, keys.ErrInvalidDocument},
		"keys an object": {`{"keys":{}}`, keys.ErrInvalidDocument},
		"keys twice":     {`{"keys":[],"keys":[]}`, keys.ErrInvalidDocument},
		"a private key":  {`{"keys":[` + good + `,{"kty":"OKP","d":"c2VjcmV0"}]}`, keys.ErrPrivateKeyExposed},
		"a secret":       {`{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`, keys.ErrPrivateKeyExposed},
		"201 keys":       {`{"keys":[` + strings.TrimSuffix(strings.Repeat("{},", 201), ",") + `]}`, keys.ErrInvalidDocument},
		"over 1 MiB":     {`{"keys":[],"x":"` + strings.Repeat("a", 1<<20) + `"}`, keys.ErrInvalidDocument},
	} {
		if _, err := keys.ParseJWKSet([]byte(c.text)); !errors.Is(err, c.want) || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestDIDKey(t *testing.T) {
	for alg, p := range pairs(t) {
		did, err := keys.DIDKey(p.public)
		if alg == keys.RS256 {
			if !errors.Is(err, keys.ErrUnsupported) {
				t.Errorf("RSA: %v", err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		doc, err := keys.ParseDIDKey(did)
		if err != nil || doc.ID != did || len(doc.Methods) != 1 {
			t.Fatalf("%+v, %v", doc, err)
		}
		m, err := doc.Method(did + "#" + strings.TrimPrefix(did, "did:key:"))
		if err != nil || m.Controller != did || !m.Assertion || !m.Authentication || !same(m.Public, p.public) {
			t.Errorf("%+v, %v", m, err)
		}
		if _, err := doc.Method(did + "#1"); !errors.Is(err, keys.ErrMethodNotFound) {
			t.Errorf("another fragment: %v", err)
		}
	}
	for text, want := range map[string]error{
		"": keys.ErrInvalidIdentifier, "did:key:": keys.ErrInvalidIdentifier, "did:web:a.example": keys.ErrInvalidIdentifier,
		"did:key:z6Mk": keys.ErrUnsupported, "did:key:x": keys.ErrInvalidKey, "DID:key:z6Mk": keys.ErrInvalidIdentifier,
	} {
		if _, err := keys.ParseDIDKey(text); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

func TestDIDJWK(t *testing.T) {
	for alg, p := range pairs(t) {
		did := didJWK(changed(t, p.public, nil))
		doc, err := keys.ParseDIDJWK(did)
		if err != nil || len(doc.Methods) != 1 {
			t.Fatalf("%s: %v", alg, err)
		}
		if m, err := doc.Method(did + "#0"); err != nil || !m.Assertion || m.Controller != did || !same(m.Public, p.public) {
			t.Errorf("%s: %+v, %v", alg, m, err)
		}
	}
	p256 := ecPair(t, elliptic.P256()).public
	doc, err := keys.ParseDIDJWK(didJWK(changed(t, p256, map[string]any{"use": "enc", "kid": "k"})))
	if err != nil || doc.Methods[0].Assertion || doc.Methods[0].Authentication {
		t.Errorf("use enc: %+v, %v", doc, err)
	}
	for name, c := range map[string]struct {
		did  string
		want error
	}{
		"empty":         {"did:jwk:", keys.ErrInvalidIdentifier},
		"not base64url": {"did:jwk:====", keys.ErrInvalidIdentifier},
		"not JSON":      {didJWK([]byte("{")), keys.ErrInvalidIdentifier},
		"another kind":  {"did:key:z", keys.ErrInvalidIdentifier},
		"private":       {didJWK(changed(t, p256, map[string]any{"d": "c2VjcmV0"})), keys.ErrPrivateKeyExposed},
		"64 kB":         {"did:jwk:" + strings.Repeat("A", 64<<10), keys.ErrInvalidIdentifier},
		"RSA-1024":      {didJWK(changed(t, rsaPair(t).public, map[string]any{"n": base64.RawURLEncoding.EncodeToString(odd(1024).Bytes())})), keys.ErrWeakKey},
	} {
		_, err := keys.ParseDIDJWK(c.did)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if text := strings.TrimPrefix(c.did, "did:jwk:"); len(text) > 10 && err != nil && strings.Contains(err.Error(), text[:10]) {
			t.Errorf("%s: the identifier is quoted, private key and all: %v", name, err)
		}
	}
}

func didJWK(jwk []byte) string { return "did:jwk:" + base64.RawURLEncoding.EncodeToString(jwk) }

func TestThumbprintIsOfTheKeyAlone(t *testing.T) {
	for alg, p := range pairs(t) {
		a, err := keys.Thumbprint(p.public)
		if err != nil {
			t.Fatal(err)
		}
		k, err := keys.ParseJWK(changed(t, p.public, map[string]any{"kid": "another name", "alg": nil}))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := keys.Thumbprint(k.Public); err != nil || a != b || len(a) != 43 {
			t.Errorf("%s: %s and %s, %v", alg, a, b, err)
		}
	}
	if reflect.DeepEqual(edPair(t).public, edPair(t).public) {
		t.Fatal("two keys are one")
	}
}
