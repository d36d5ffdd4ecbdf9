package keys_test

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/keys"
)

const owner = "did:web:school.example"

type object = map[string]any

// method is a Multikey method of owner with some members set, or removed where
// the value is nil.
func method(t testing.TB, fragment string, members object) object {
	t.Helper()
	text, err := keys.Multikey(edPair(t).public)
	if err != nil {
		t.Fatal(err)
	}
	m := object{"id": owner + "#" + fragment, "type": "Multikey", "controller": owner, "publicKeyMultibase": text}
	maps.Copy(m, members)
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	return m
}

func document(t testing.TB, members object) []byte {
	t.Helper()
	d := object{"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": owner}
	maps.Copy(d, members)
	raw, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func webKey(t testing.TB, pub crypto.PublicKey) object {
	t.Helper()
	raw, err := keys.JWK(pub, "")
	if err != nil {
		t.Fatal(err)
	}
	var m object
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestParseControllerDocument(t *testing.T) {
	p256 := ecPair(t, elliptic.P256()).public
	byValue := method(t, "embedded", nil)
	raw := document(t, object{
		"verificationMethod": []any{
			method(t, "full", nil),
			method(t, "relative", object{"id": "#relative"}),
			method(t, "jwk", object{"type": "JsonWebKey", "publicKeyMultibase": nil, "publicKeyJwk": webKey(t, p256)}),
			method(t, "jwk2020", object{"type": "JsonWebKey2020", "publicKeyMultibase": nil, "publicKeyJwk": webKey(t, rsaPair(t).public)}),
			method(t, "ed2020", object{"type": "Ed25519VerificationKey2020"}),
			method(t, "unlisted", nil),
			method(t, "login", nil),
			method(t, "dated", object{"expires": "2027-01-01T00:00:00Z", "revoked": "2026-12-01T01:00:00+01:00"}),
		},
		"assertionMethod": []any{owner + "#full", "#relative", owner + "#jwk", owner + "#jwk2020", owner + "#ed2020",
			owner + "#dated", byValue, owner + "#missing"},
		"authentication": []any{owner + "#login", owner + "#full"},
		"service":        []any{object{"id": "#s", "type": "Anything", "serviceEndpoint": "https://school.example"}},
	})
	doc, err := keys.ParseControllerDocument(raw, owner)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][2]bool{ // fragment: assertion, authentication
		"full": {true, true}, "relative": {true, false}, "jwk": {true, false}, "jwk2020": {true, false}, "ed2020": {true, false},
		"unlisted": {false, false}, "login": {false, true}, "dated": {true, false}, "embedded": {true, false},
	}
	if len(doc.Methods) != len(want) || doc.ID != owner {
		t.Fatalf("%d methods of %s", len(doc.Methods), doc.ID)
	}
	for fragment, purposes := range want {
		m, err := doc.Method(owner + "#" + fragment)
		if err != nil || m.Controller != owner || m.Public == nil {
			t.Fatalf("%s: %+v, %v", fragment, m, err)
		}
		if m.Assertion != purposes[0] || m.Authentication != purposes[1] {
			t.Errorf("%s: assertion %v, authentication %v", fragment, m.Assertion, m.Authentication)
		}
	}
	if m, _ := doc.Method(owner + "#jwk"); !same(m.Public, p256) {
		t.Error("another key under #jwk")
	}
	m, _ := doc.Method(owner + "#dated")
	if !m.Expires.Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) || !m.Revoked.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("dates %v, %v", m.Expires, m.Revoked)
	}
	for _, id := range []string{owner + "#missing", owner, "#full", "full", owner + "#", ""} {
		if _, err := doc.Method(id); !errors.Is(err, keys.ErrMethodNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

// A document that lies is refused whole.
func TestParseControllerDocumentRefusals(t *testing.T) {
	one := method(t, "1", nil)
	ms := func(list ...any) object { return object{"verificationMethod": list} }
	for name, c := range map[string]struct {
		raw  []byte
		want error
	}{
		"empty":                  {nil, keys.ErrInvalidDocument},
		"an array":               {[]byte(`[]`), keys.ErrInvalidDocument},
		"HTML":                   {[]byte(`<!doctype html>`), keys.ErrInvalidDocument},
		"no id":                  {[]byte(`{}`), keys.ErrInvalidDocument},
		"another id":             {document(t, object{"id": owner + ":other"}), keys.ErrInvalidDocument},
		"id in other case":       {document(t, object{"id": "did:web:School.example"}), keys.ErrInvalidDocument},
		"id with a slash":        {document(t, object{"id": owner + "/"}), keys.ErrInvalidDocument},
		"id a list":              {document(t, object{"id": []string{owner}}), keys.ErrInvalidDocument},
		"id twice":               {[]byte(`{"id":"x","id":"` + owner + `"}`), keys.ErrInvalidDocument},
		"the same method twice":  {document(t, ms(one, one)), keys.ErrInvalidDocument},
		"twice, once relative":   {document(t, ms(one, method(t, "1", object{"id": "#1"}))), keys.ErrInvalidDocument},
		"twice, once by value":   {document(t, object{"verificationMethod": []any{one}, "assertionMethod": []any{method(t, "1", nil)}}), keys.ErrInvalidDocument},
		"twice under purposes":   {document(t, object{"keyAgreement": []any{one}, "assertionMethod": []any{method(t, "1", nil)}}), keys.ErrInvalidDocument},
		"method without id":      {document(t, ms(method(t, "1", object{"id": nil}))), keys.ErrInvalidDocument},
		"method id a number":     {document(t, ms(method(t, "1", object{"id": 1}))), keys.ErrInvalidDocument},
		"method a string":        {document(t, ms(owner+"#1")), keys.ErrInvalidDocument},
		"methods an object":      {document(t, object{"verificationMethod": one}), keys.ErrInvalidDocument},
		"assertionMethod a text": {document(t, object{"assertionMethod": owner + "#1"}), keys.ErrInvalidDocument},
		"assertionMethod a null": {document(t, object{"assertionMethod": nil}), keys.ErrInvalidDocument},
		"purpose a number":       {document(t, object{"assertionMethod": []any{1}}), keys.ErrInvalidDocument},
		"secretKeyMultibase":     {document(t, ms(method(t, "1", object{"secretKeyMultibase": "zc2VjcmV0"}))), keys.ErrPrivateKeyExposed},
		"privateKeyBase58":       {document(t, ms(method(t, "1", object{"privateKeyBase58": "c2VjcmV0"}))), keys.ErrPrivateKeyExposed},
		"secretKeyJwk null":      {document(t, ms(method(t, "1", object{"secretKeyJwk": json.RawMessage("null")}))), keys.ErrPrivateKeyExposed},
		"d in publicKeyJwk":      {document(t, ms(method(t, "1", object{"publicKeyJwk": object{"kty": "OKP", "d": "c2VjcmV0"}}))), keys.ErrPrivateKeyExposed},
		"d in a foreign method":  {document(t, ms(one, method(t, "2", object{"controller": "did:web:x", "publicKeyJwk": object{"d": "c2VjcmV0"}}))), keys.ErrPrivateKeyExposed},
		"d under keyAgreement":   {document(t, object{"keyAgreement": []any{method(t, "2", object{"publicKeyJwk": object{"d": "c2VjcmV0"}})}}), keys.ErrPrivateKeyExposed},
		"201 methods":            {document(t, ms(many(t, 201)...)), keys.ErrInvalidDocument},
		"over 1 MiB":             {document(t, object{"note": strings.Repeat("a", 1<<20)}), keys.ErrInvalidDocument},
		"nested deep":            {document(t, object{"note": json.RawMessage(strings.Repeat("[", 30) + strings.Repeat("]", 30))}), keys.ErrInvalidDocument},
		"invalid UTF-8":          {[]byte("{\"id\":\"" + owner + "\",\"x\":\"\xff\"}"), keys.ErrInvalidDocument},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := keys.ParseControllerDocument(c.raw, owner)
			if !errors.Is(err, c.want) || doc != nil || !keys.Wrong(err) {
				t.Fatalf("%v, want %v", err, c.want)
			}
			if strings.Contains(err.Error(), "c2VjcmV0") {
				t.Fatalf("the private value is shown: %v", err)
			}
		})
	}
	if doc, err := keys.ParseControllerDocument(document(t, ms(many(t, 200)...)), owner); err != nil || len(doc.Methods) != 200 {
		t.Errorf("200 methods: %v", err)
	}
}

func many(t *testing.T, n int) []any {
	m := method(t, "", nil)
	list := make([]any, n)
	for i := range list {
		one := maps.Clone(m)
		one["id"] = fmt.Sprintf("%s#%d", owner, i)
		list[i] = one
	}
	return list
}

// One method that cannot be used does not spoil the others, and says why.
func TestRefusedMethods(t *testing.T) {
	p256, p384 := ecPair(t, elliptic.P256()).public, ecPair(t, elliptic.P384()).public
	p256Text, err := keys.Multikey(p256)
	if err != nil {
		t.Fatal(err)
	}
	jwk := func(k object) object {
		return object{"type": "JsonWebKey", "publicKeyMultibase": nil, "publicKeyJwk": k}
	}
	enc := webKey(t, p256)
	enc["use"] = "enc"
	otherAlg := webKey(t, p384)
	otherAlg["alg"] = "ES256"
	for name, c := range map[string]struct {
		members object
		want    error
	}{
		"another controller":       {object{"controller": owner + ":other"}, keys.ErrNotAuthorized},
		"no controller":            {object{"controller": nil}, keys.ErrNotAuthorized},
		"controllers in a list":    {object{"controller": []string{owner}}, keys.ErrNotAuthorized},
		"no type":                  {object{"type": nil}, keys.ErrUnsupported},
		"MultiKey":                 {object{"type": "MultiKey"}, keys.ErrUnsupported},
		"an unknown type":          {object{"type": "EcdsaSecp256k1VerificationKey2019"}, keys.ErrUnsupported},
		"no key":                   {object{"publicKeyMultibase": nil}, keys.ErrInvalidKey},
		"key as a list":            {object{"publicKeyMultibase": []string{p256Text}}, keys.ErrInvalidKey},
		"two forms":                {object{"publicKeyJwk": webKey(t, p256)}, keys.ErrInvalidKey},
		"two forms, one obsolete":  {object{"publicKeyBase58": "abc"}, keys.ErrInvalidKey},
		"Multikey with a JWK":      {object{"publicKeyMultibase": nil, "publicKeyJwk": webKey(t, p256)}, keys.ErrInvalidKey},
		"JsonWebKey with Multikey": {object{"type": "JsonWebKey"}, keys.ErrInvalidKey},
		"P-256 as an Ed25519 type": {object{"type": "Ed25519VerificationKey2020", "publicKeyMultibase": p256Text}, keys.ErrInvalidKey},
		"31 bytes":                 {object{"publicKeyMultibase": multikey([]byte{0xed, 1}, make([]byte, 31))}, keys.ErrInvalidKey},
		"small order":              {object{"publicKeyMultibase": multikey([]byte{0xed, 1}, make([]byte, 32))}, keys.ErrWeakKey},
		"X25519":                   {object{"publicKeyMultibase": multikey([]byte{0xec, 1}, make([]byte, 32))}, keys.ErrUnsupported},
		"use enc":                  {jwk(enc), keys.ErrNotAuthorized},
		"alg of another key":       {jwk(otherAlg), keys.ErrNotAuthorized},
		"RSA-1024": {jwk(object{"kty": "RSA", "e": "AQAB",
			"n": base64.RawURLEncoding.EncodeToString(odd(1024).Bytes())}), keys.ErrWeakKey},
		"expires without zone": {object{"expires": "2027-01-01T00:00:00"}, keys.ErrInvalidKey},
		"expires a number":     {object{"expires": 1}, keys.ErrInvalidKey},
		"revoked null":         {object{"revoked": json.RawMessage("null")}, keys.ErrInvalidKey},
		"revoked true":         {object{"revoked": true}, keys.ErrInvalidKey},
	} {
		t.Run(name, func(t *testing.T) {
			raw := document(t, object{
				"verificationMethod": []any{method(t, "bad", c.members), method(t, "good", nil)},
				"assertionMethod":    []any{owner + "#bad", owner + "#good"},
			})
			doc, err := keys.ParseControllerDocument(raw, owner)
			if err != nil {
				t.Fatal(err)
			}
			if m, err := doc.Method(owner + "#bad"); !errors.Is(err, c.want) || m.Public != nil || m.Assertion {
				t.Errorf("%+v, %v; want %v", m, err, c.want)
			}
			if m, err := doc.Method(owner + "#good"); err != nil || !m.Assertion || len(doc.Methods) != 1 {
				t.Errorf("the other: %+v, %v", m, err)
			}
		})
	}
}

// Whoever publishes a method of somebody else gains nothing by it.
func TestForeignMethod(t *testing.T) {
	const victim = "did:web:victim.example"
	raw := document(t, object{"assertionMethod": []any{
		method(t, "", object{"id": victim + "#1", "controller": victim}),
		method(t, "", object{"id": victim + "#2"}),
		method(t, "", object{"id": owner + "#a#b"}),
		method(t, "", object{"id": owner + "#"}),
		method(t, "", object{"id": owner}),
		method(t, "", object{"id": "relative"}),
	}})
	doc, err := keys.ParseControllerDocument(raw, owner)
	if err != nil || len(doc.Methods) != 0 {
		t.Fatalf("%+v, %v", doc, err)
	}
	for _, id := range []string{victim + "#1", victim + "#2", owner + "#a#b", owner + "#", owner, "relative"} {
		if _, err := doc.Method(id); !errors.Is(err, keys.ErrNotAuthorized) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestDocument(t *testing.T) {
	revoked := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	all := pairs(t)
	methods := []keys.VerificationMethod{
		{ID: owner + "#ed", Controller: owner, Public: all[keys.EdDSA].public, Assertion: true},
		{ID: owner + "#p256", Controller: owner, Public: all[keys.ES256].public, Assertion: true, Authentication: true},
		{ID: owner + "#rsa", Controller: owner, Public: all[keys.RS256].public, Assertion: true, Revoked: revoked},
		{ID: owner + "#other", Controller: owner, Public: all[keys.ES384].public, Expires: revoked},
	}
	raw, err := keys.Document(owner, methods)
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := keys.Document(owner, methods); string(again) != string(raw) {
		t.Error("two texts of one document")
	}
	doc, err := keys.ParseControllerDocument(raw, owner)
	if err != nil || len(doc.Methods) != len(methods) {
		t.Fatalf("read back: %+v, %v", doc, err)
	}
	for i, m := range methods {
		got := doc.Methods[i]
		if got.ID != m.ID || got.Controller != owner || got.Assertion != m.Assertion || got.Authentication != m.Authentication ||
			!got.Revoked.Equal(m.Revoked) || !got.Expires.Equal(m.Expires) || !same(got.Public, m.Public) {
			t.Errorf("read back %+v, wrote %+v", got, m)
		}
	}
	var shape struct {
		Context    []string `json:"@context"`
		Assertion  []string `json:"assertionMethod"`
		Method     []object `json:"verificationMethod"`
		Controller any      `json:"controller"`
	}
	if err := json.Unmarshal(raw, &shape); err != nil {
		t.Fatal(err)
	}
	if want := []string{"https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1", "https://w3id.org/security/jwk/v1"}; !slices.Equal(shape.Context, want) {
		t.Errorf("contexts %v", shape.Context)
	}
	if want := []string{owner + "#ed", owner + "#p256", owner + "#rsa"}; !slices.Equal(shape.Assertion, want) {
		t.Errorf("assertionMethod %v", shape.Assertion)
	}
	for i, kind := range []string{"Multikey", "Multikey", "JsonWebKey", "Multikey"} {
		if shape.Method[i]["type"] != kind {
			t.Errorf("method %d is a %v", i, shape.Method[i]["type"])
		}
	}
	if raw, err := keys.Document(owner, methods[:1]); err != nil || strings.Contains(string(raw), "jwk/v1") || strings.Contains(string(raw), "authentication") {
		t.Errorf("Ed25519 alone: %s, %v", raw, err)
	}
}

func TestDocumentRefusals(t *testing.T) {
	good := keys.VerificationMethod{ID: owner + "#1", Controller: owner, Public: edPair(t).public, Assertion: true}
	foreign, elsewhere, weak := good, good, good
	foreign.Controller = "did:web:other.example"
	elsewhere.ID = "did:web:other.example#1"
	weak.Public = nil
	for name, c := range map[string]struct {
		methods []keys.VerificationMethod
		want    error
	}{
		"another controller": {[]keys.VerificationMethod{good, foreign}, keys.ErrInvalidDocument},
		"an id elsewhere":    {[]keys.VerificationMethod{elsewhere}, keys.ErrInvalidDocument},
		"twice":              {[]keys.VerificationMethod{good, good}, keys.ErrInvalidDocument},
		"no key":             {[]keys.VerificationMethod{weak}, keys.ErrInvalidKey},
	} {
		if _, err := keys.Document(owner, c.methods); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
