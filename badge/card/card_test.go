package card_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/card"
	"laurel/keys"
)

// signer is a key in memory.
type signer struct {
	method  keys.VerificationMethod
	private ed25519.PrivateKey
}

func (s signer) Method() keys.VerificationMethod { return s.method }
func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.private, message), nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newSigner(t testing.TB, controller string) signer {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	must(t, err)
	fragment, err := keys.Multikey(public)
	must(t, err)
	return signer{keys.VerificationMethod{ID: controller + "#" + fragment, Controller: controller, Public: public, Assertion: true}, private}
}

const academy = "did:web:badges.example:issuers:city-academy"

var ana = card.Card{Issuer: "city-academy", ID: "Zm9vYmFyYmF6cXV4MTIzND", Achievement: "First aid", Holder: "Ana Example", From: "2025-07-11"}

func signed(t testing.TB, c card.Card, s signer) string {
	t.Helper()
	text, err := card.Sign(t.Context(), c, s)
	must(t, err)
	return text
}

func TestSignAndParse(t *testing.T) {
	s := newSigner(t, academy)
	text := signed(t, ana, s)
	back, err := card.Parse(text)
	must(t, err)
	if back.Card != ana || back.Verify(s.method) != nil || !back.NamedBy(s.method) || len(back.Key) != card.KeyLength {
		t.Errorf("got %+v", back)
	}
	address := card.Address("https://badges.example/v/"+ana.ID, text)
	if len(address) > 340 {
		t.Errorf("the address has %d bytes", len(address))
	}
	for _, in := range []string{text, address, "  " + address + "\n"} {
		if got, ok := card.In(in); !ok || got != text {
			t.Errorf("in %q: %q, %t", in, got, ok)
		}
	}
	for _, in := range []string{"", "a.b.c", "https://badges.example/v/x", `{"a":1}`} {
		if got, ok := card.In(in); ok {
			t.Errorf("in %q: %q", in, got)
		}
	}
	long := ana
	long.Achievement = strings.Repeat("long ", 200)
	if _, err := card.Sign(t.Context(), long, s); !errors.Is(err, card.ErrUnfit) {
		t.Errorf("a long one: %v", err)
	}
}

func TestParseRefuses(t *testing.T) {
	good := strings.Split(signed(t, ana, newSigner(t, academy)), ".")
	part := func(json string) string { return base64.RawURLEncoding.EncodeToString([]byte(json)) }
	const head, body = `{"alg":"EdDSA","kid":"123456789012","typ":"card"}`, `{"i":"a","j":"b","a":"c","d":"2025-07-11"}`
	if _, err := card.Parse(part(head) + "." + part(body) + "." + good[2]); err != nil {
		t.Fatalf("what the others differ from: %v", err)
	}
	for name, parts := range map[string][3]string{
		"another type":         {part(strings.Replace(head, "card", "JWT", 1)), part(body), good[2]},
		"no type":              {part(`{"alg":"EdDSA","kid":"123456789012"}`), part(body), good[2]},
		"a short key":          {part(strings.Replace(head, "123456789012", "1", 1)), part(body), good[2]},
		"a critical header":    {part(strings.Replace(head, `"typ"`, `"crit":["b64"],"typ"`, 1)), part(body), good[2]},
		"a name twice":         {part(head), part(strings.Replace(body, `"a"`, `"a":"x","a"`, 1)), good[2]},
		"a member of another":  {part(head), part(strings.Replace(body, `"a"`, `"x":"x","a"`, 1)), good[2]},
		"no achievement":       {part(head), part(strings.Replace(body, `"a":"c",`, "", 1)), good[2]},
		"no day":               {part(head), part(strings.Replace(body, "2025-07-11", "2025-13-11", 1)), good[2]},
		"an end that is none":  {part(head), part(strings.Replace(body, `"d"`, `"u":"never","d"`, 1)), good[2]},
		"no JSON":              {part(head), part("x"), good[2]},
		"signature with ends":  {part(head), part(body), good[2] + "="},
		"signature and a half": {part(head), part(body), good[2][:85] + "_"},
		"a long one":           {part(head), part(strings.Replace(body, `"c"`, `"`+strings.Repeat("c", 1000)+`"`, 1)), good[2]},
	} {
		if s, err := card.Parse(strings.Join(parts[:], ".")); !errors.Is(err, card.ErrNoCard) {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
}

func TestCheck(t *testing.T) {
	s, other := newSigner(t, academy), newSigner(t, academy)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	term := func(from, until string) card.Card {
		c := ana
		c.From, c.Until = from, until
		return c
	}
	elsewhere := ana
	elsewhere.Issuer = "another"
	text := signed(t, ana, s)
	renamed := strings.Split(text, ".")
	body, err := base64.RawURLEncoding.DecodeString(renamed[1])
	must(t, err)
	renamed[1] = base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), "Ana", "Eve", 1)))
	lost := s.method
	lost.Revoked = now.Add(-time.Hour)
	disguised := other.method
	disguised.ID = s.method.ID
	slow := signer{keys.VerificationMethod{ID: "did:key:" + s.method.ID[len(academy)+1:] + "#" + s.method.ID[len(academy)+1:], Controller: "did:key:x", Public: s.method.Public}, s.private}
	for name, c := range map[string]struct {
		text string
		keys []keys.VerificationMethod
		want card.Outcome
	}{
		"genuine":             {text, []keys.VerificationMethod{other.method, s.method}, card.Genuine},
		"by a did:key":        {signed(t, elsewhere, slow), []keys.VerificationMethod{slow.method}, card.Genuine},
		"its last day":        {signed(t, term("2026-11-22", "2026-11-22"), s), []keys.VerificationMethod{s.method}, card.Genuine},
		"the name changed":    {strings.Join(renamed, "."), []keys.VerificationMethod{s.method}, card.Changed},
		"a key of that name":  {text, []keys.VerificationMethod{disguised}, card.Changed},
		"no keys":             {text, nil, card.UnknownKey},
		"other keys":          {text, []keys.VerificationMethod{other.method}, card.UnknownKey},
		"a revoked key":       {text, []keys.VerificationMethod{lost}, card.RevokedKey},
		"of another issuer":   {signed(t, elsewhere, s), []keys.VerificationMethod{s.method}, card.OtherIssuer},
		"ended":               {signed(t, term("2025-07-11", "2026-11-20"), s), []keys.VerificationMethod{s.method}, card.Ended},
		"not begun":           {signed(t, term("2026-11-24", ""), s), []keys.VerificationMethod{s.method}, card.NotBegun},
		"revoked and changed": {strings.Join(renamed, "."), []keys.VerificationMethod{lost}, card.Changed},
	} {
		back, err := card.Parse(c.text)
		must(t, err)
		if got, _ := back.Check(c.keys, now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestReadKeys(t *testing.T) {
	s := newSigner(t, academy)
	set, err := keys.JWKS([]keys.VerificationMethod{s.method})
	must(t, err)
	document, err := keys.Document(academy, []keys.VerificationMethod{s.method})
	must(t, err)
	idle := s.method
	idle.Assertion = false
	unlisted, err := keys.Document(academy, []keys.VerificationMethod{idle})
	must(t, err)
	for name, c := range map[string]struct {
		raw  string
		keys int
		err  error
	}{
		"a JWK Set":        {string(set), 1, nil},
		"a DID document":   {string(document), 1, nil},
		"for other things": {string(unlisted), 0, nil},
		"nothing":          {"", 0, keys.ErrInvalidDocument},
		"a list":           {"[]", 0, keys.ErrInvalidDocument},
		"a private key":    {`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"AAAA"}]}`, 0, keys.ErrPrivateKeyExposed},
	} {
		got, err := card.ReadKeys([]byte(c.raw))
		if len(got) != c.keys || !errors.Is(err, c.err) {
			t.Errorf("%s: %d keys, %v", name, len(got), err)
		}
		if c.keys == 1 && (got[0].ID != s.method.ID || got[0].Controller != academy) {
			t.Errorf("%s: %+v", name, got[0])
		}
	}
}

func TestOf(t *testing.T) {
	d, err := badge.Parse([]byte(`{"validFrom":"2025-07-11T00:00:00Z","validUntil":"2027-07-11T10:00:00+02:00","credentialSubject":{
		"identifier":[{"identityType":"name","hashed":false,"identityHash":"Ana Example"},{"identityType":"emailAddress","hashed":true,"identityHash":"sha256$00"}],
		"achievement":{"name":"First aid"}}}`))
	must(t, err)
	want := ana
	want.Until = "2027-07-11"
	if c, err := card.Of(d, "city-academy", ana.ID); err != nil || c != want {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, text := range []string{`{"a":1}`, `{"credentialSubject":{"achievement":{"name":"x"}}}`} {
		d, err := badge.Parse([]byte(text))
		must(t, err)
		if c, err := card.Of(d, "a", "b"); !errors.Is(err, card.ErrUnfit) {
			t.Errorf("%s: %+v, %v", text, c, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(signed(f, ana, newSigner(f, academy)))
	f.Add("eyJhIjoxfQ.e30.c2ln")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := card.Parse(text)
		if (s == nil) == (err == nil) {
			t.Fatalf("%v and %v", s, err)
		}
		card.In(text)
	})
}
