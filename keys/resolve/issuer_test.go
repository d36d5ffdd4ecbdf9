package resolve_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"laurel/keys"
	"laurel/keys/resolve"
)

// The issuer of the tests has the https id school/issuers/a on a host of
// several issuers, as the implementation guide of Open Badges 3.0 has it.
func TestResolveForAddress(t *testing.T) {
	s, attacker := newSite(t), newSite(t)
	pub, inDocument := newKey(t), newKey(t)
	a, b := s.URL+"/issuers/a", s.URL+"/issuers/b"
	s.set("/issuers/a", document(t, a, "doc", inDocument))
	s.set("/issuers/b", "<!doctype html>")
	s.set("/issuers/c", strings.Replace(document(t, s.URL+"/issuers/c", "login", pub), "assertionMethod", "authentication", 1))
	s.set("/keys", set(jwk(t, pub, "loose", "")))
	s.set("/.well-known/jwks.json", set(
		jwk(t, pub, s.URL+"/keys#full", a), jwk(t, pub, "fragment", a), jwk(t, pub, "silent", ""),
		jwk(t, pub, "tenant", b), jwk(t, newKey(t), "twice", a), jwk(t, newKey(t), "twice", a),
		jwk(t, newKey(t), "shared", b), jwk(t, pub, "shared", a),
		jwk(t, newKey(t), "half", ""), jwk(t, newKey(t), "half", a),
		jwk(t, pub, "", a),
		`{"kty":"RSA","kid":"weak","e":"AQAB","n":"`+base64.RawURLEncoding.EncodeToString(append([]byte{1}, make([]byte, 127)...))+`"}`,
	))
	attacker.set("/.well-known/jwks.json", set(jwk(t, pub, "fragment", a)))
	r := resolve.New(s, nil)

	for kid, issuer := range map[string]string{
		s.URL + "/keys#full":                      a,
		s.URL + "/keys#fragment":                  a,
		s.URL + "/.well-known/jwks.json#fragment": a,
		a + "#fragment":                           a,
		a + "#doc":                                a,
		s.URL + "/keys#silent":                    a,
		b + "#silent":                             b,
		b + "#tenant":                             b,
		s.URL + "/keys#shared":                    a,
	} {
		m, err := r.ResolveForIssuer(t.Context(), kid, issuer)
		want := pub
		if strings.HasSuffix(kid, "#doc") {
			want = inDocument
		}
		if err != nil || m.ID != kid || m.Controller != issuer || !m.Assertion || !want.Equal(m.Public) {
			t.Errorf("%s for %s: %+v, %v", kid, issuer, m, err)
		}
	}
	for name, c := range map[string]struct {
		kid, issuer string
		want        error
	}{
		"not in the set, though it is fetched as a key": {s.URL + "/keys#loose", a, keys.ErrMethodNotFound},
		"another tenant":                  {s.URL + "/keys#tenant", a, keys.ErrNotAuthorized},
		"another tenant's document":       {a + "#doc", b, keys.ErrMethodNotFound},
		"twice":                           {s.URL + "/keys#twice", a, keys.ErrInvalidDocument},
		"once silent, once for us":        {s.URL + "/keys#half", a, keys.ErrInvalidDocument},
		"a nameless key":                  {s.URL + "/keys#nameless", a, keys.ErrMethodNotFound},
		"weak":                            {s.URL + "/keys#weak", a, keys.ErrWeakKey},
		"no fragment":                     {s.URL + "/keys", a, keys.ErrMethodNotFound},
		"another host":                    {attacker.URL + "/keys#fragment", a, keys.ErrNotAuthorized},
		"another port by name":            {strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/keys#fragment", a, keys.ErrNotAuthorized},
		"a DID":                           {s.did() + "#k", a, keys.ErrNotAuthorized},
		"a plain name":                    {"fragment", a, keys.ErrInvalidIdentifier},
		"listed for authentication alone": {s.URL + "/issuers/c#login", s.URL + "/issuers/c", keys.ErrNotAuthorized},
		"http issuer":                     {s.URL + "/keys#fragment", strings.Replace(a, "https", "http", 1), keys.ErrNotAuthorized},
		"issuer with a fragment":          {s.URL + "/keys#fragment", a + "#me", keys.ErrInvalidIdentifier},
		"no issuer":                       {s.URL + "/keys#fragment", "", keys.ErrInvalidIdentifier},
		"urn issuer":                      {s.URL + "/keys#fragment", "urn:uuid:1", keys.ErrInvalidIdentifier},
	} {
		m, err := r.ResolveForIssuer(t.Context(), c.kid, c.issuer)
		if !errors.Is(err, c.want) || m.Public != nil || !keys.Wrong(err) {
			t.Errorf("%s: %+v, %v; want %v", name, m, err, c.want)
		}
	}
	if n := s.count("/keys"); n != 0 {
		t.Errorf("the kid itself was fetched %d times", n)
	}
}

func TestResolveForAddressUnreachable(t *testing.T) {
	s := newSite(t)
	a, pub := s.URL+"/issuers/a", newKey(t)
	r := resolve.New(s, nil)
	if _, err := r.ResolveForIssuer(t.Context(), a+"#k", a); !errors.Is(err, keys.ErrUnreachable) || keys.Wrong(err) {
		t.Errorf("nothing is there: %v", err)
	}
	// The one place says no, the other could not be asked: the question is open.
	s.set("/issuers/a", document(t, a, "other", pub))
	if _, err := r.ResolveForIssuer(t.Context(), a+"#k", a); !errors.Is(err, keys.ErrUnreachable) || keys.Wrong(err) {
		t.Errorf("no set: %v", err)
	}
	s.set("/.well-known/jwks.json", set())
	if _, err := r.ResolveForIssuer(t.Context(), a+"#k", a); !errors.Is(err, keys.ErrMethodNotFound) || !keys.Wrong(err) {
		t.Errorf("both say no: %v", err)
	}
	if m, err := r.ResolveForIssuer(t.Context(), a+"#other", a); err != nil || !pub.Equal(m.Public) {
		t.Errorf("%+v, %v", m, err)
	}
	s.set("/issuers/b", strings.Replace(document(t, s.URL+"/issuers/b", "k", pub), `"type":"Multikey"`, `"type":"Multikey","privateKeyMultibase":"z"`, 1))
	s.set("/.well-known/jwks.json", set(jwk(t, pub, "k", "")))
	if _, err := r.ResolveForIssuer(t.Context(), s.URL+"/issuers/b#k", s.URL+"/issuers/b"); !errors.Is(err, keys.ErrPrivateKeyExposed) {
		t.Errorf("exposed in the document, clean in the set: %v", err)
	}
	s.set("/.well-known/jwks.json", document(t, s.URL+"/.well-known/jwks.json", "k", pub))
	if _, err := resolve.New(s, nil).ResolveForIssuer(t.Context(), s.URL+"/keys#k", a); !errors.Is(err, keys.ErrInvalidDocument) {
		t.Errorf("a document in the place of the set: %v", err)
	}
}

func TestResolveForDID(t *testing.T) {
	s := newSite(t)
	pub := newKey(t)
	main, other := s.did("issuers", "main"), s.did("issuers", "other")
	s.set("/issuers/main/did.json", document(t, main, "k", pub))
	s.set("/issuers/other/did.json", document(t, other, "k", pub))
	s.set("/issuers/login/did.json", strings.Replace(document(t, s.did("issuers", "login"), "k", pub), "assertionMethod", "authentication", 1))
	did, err := keys.DIDKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := keys.DIDKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	r := resolve.New(s, nil)
	for kid, issuer := range map[string]string{main + "#k": main, did: did, did + "#" + strings.TrimPrefix(did, "did:key:"): did} {
		if m, err := r.ResolveForIssuer(t.Context(), kid, issuer); err != nil || m.Controller != issuer || !pub.Equal(m.Public) {
			t.Errorf("%s: %+v, %v", kid, m, err)
		}
	}
	for name, c := range map[string]struct {
		kid, issuer string
		want        error
	}{
		"another DID":        {other + "#k", main, keys.ErrNotAuthorized},
		"another did:key":    {stranger, did, keys.ErrNotAuthorized},
		"an address":         {s.URL + "/issuers/main/did.json#k", main, keys.ErrNotAuthorized},
		"another fragment":   {main + "#other", main, keys.ErrMethodNotFound},
		"not for assertions": {s.did("issuers", "login") + "#k", s.did("issuers", "login"), keys.ErrNotAuthorized},
		"a longer path":      {main + ":x#k", main, keys.ErrNotAuthorized},
	} {
		if m, err := r.ResolveForIssuer(t.Context(), c.kid, c.issuer); !errors.Is(err, c.want) || m.Public != nil {
			t.Errorf("%s: %+v, %v; want %v", name, m, err, c.want)
		}
	}
}

// A key that a token brings along counts only when its issuer publishes it.
func TestResolveKeyForIssuer(t *testing.T) {
	s := newSite(t)
	pub, inSet, tenants := newKey(t), newKey(t), newKey(t)
	a, did := s.URL+"/issuers/a", s.did("issuers", "main")
	s.set("/issuers/a", document(t, a, "doc", pub))
	s.set("/issuers/main/did.json", document(t, did, "k", pub))
	s.set("/issuers/login/did.json", strings.Replace(document(t, s.did("issuers", "login"), "k", pub), "assertionMethod", "authentication", 1))
	s.set("/.well-known/jwks.json", set(jwk(t, inSet, "set", a), jwk(t, tenants, "tenant", s.URL+"/issuers/b"), `{"kty":"EC","crv":"P-521"}`))
	own, err := keys.DIDKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	r := resolve.New(s, nil)
	for issuer, id := range map[string]string{a: a + "#doc", did: did + "#k", own: own + "#" + strings.TrimPrefix(own, "did:key:")} {
		m, err := r.ResolveKeyForIssuer(t.Context(), pub, issuer)
		if err != nil || m.ID != id || m.Controller != issuer || !m.Assertion || !pub.Equal(m.Public) {
			t.Errorf("%s: %+v, %v", issuer, m, err)
		}
		if m, err := r.ResolveKeyForIssuer(t.Context(), newKey(t), issuer); !errors.Is(err, keys.ErrMethodNotFound) {
			t.Errorf("a stranger's key for %s: %+v, %v", issuer, m, err)
		}
	}
	m, err := r.ResolveKeyForIssuer(t.Context(), inSet, a)
	if err != nil || m.ID != s.URL+"/.well-known/jwks.json#set" || m.Controller != a || !m.Assertion {
		t.Errorf("in the set: %+v, %v", m, err)
	}
	if m, err := r.ResolveKeyForIssuer(t.Context(), tenants, a); !errors.Is(err, keys.ErrNotAuthorized) {
		t.Errorf("another tenant's: %+v, %v", m, err)
	}
	if m, err := r.ResolveKeyForIssuer(t.Context(), pub, s.did("issuers", "login")); !errors.Is(err, keys.ErrMethodNotFound) {
		t.Errorf("listed for authentication alone: %+v, %v", m, err)
	}
	if m, err := r.ResolveKeyForIssuer(t.Context(), nil, a); !errors.Is(err, keys.ErrInvalidKey) {
		t.Errorf("no key: %+v, %v", m, err)
	}
	if m, err := r.ResolveKeyForIssuer(t.Context(), pub, "did:web:nowhere.invalid%3A1"); !errors.Is(err, keys.ErrUnreachable) {
		t.Errorf("an issuer out of reach: %+v, %v", m, err)
	}
}
