package resolve_test

import (
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"laurel/internal/fetch"
	"laurel/keys"
	"laurel/keys/resolve"
)

// The client that the service fetches with: it decides what is reached, and by
// which scheme.
func TestWithTheRealClient(t *testing.T) {
	s, stranger := newSite(t), newSite(t)
	plain := &site{pages: map[string]string{}, hits: map[string]int{}}
	plain.Server = httptest.NewServer(plain)
	t.Cleanup(plain.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	client, err := fetch.New(fetch.Config{
		Allow:   []string{strings.TrimPrefix(s.URL, "https://"), plain.URL},
		RootCAs: roots,
	})
	if err != nil {
		t.Fatal(err)
	}
	pub := newKey(t)
	plainDID := "did:web:" + strings.Replace(strings.TrimPrefix(plain.URL, "http://"), ":", "%3A", 1)
	s.set("/.well-known/did.json", document(t, s.did(), "k", pub))
	s.set("/.well-known/jwks.json", set(jwk(t, pub, "k", s.URL+"/issuers/a")))
	plain.set("/.well-known/did.json", document(t, plainDID, "k", pub))
	plain.set("/issuer", document(t, plain.URL+"/issuer", "k", pub))
	stranger.set("/.well-known/did.json", document(t, stranger.did(), "k", pub))

	r := resolve.New(client, nil)
	for _, id := range []string{s.did() + "#k", plainDID + "#k", plain.URL + "/issuer#k"} {
		if m, err := r.Resolve(t.Context(), id); err != nil || !pub.Equal(m.Public) || !m.Assertion {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	if m, err := r.ResolveForIssuer(t.Context(), s.URL+"/keys#k", s.URL+"/issuers/a"); err != nil || !pub.Equal(m.Public) {
		t.Errorf("from the set: %+v, %v", m, err)
	}
	if m, err := r.ResolveForIssuer(t.Context(), plain.URL+"/issuer#k", plain.URL+"/issuer"); err != nil || !pub.Equal(m.Public) {
		t.Errorf("an allowed http issuer: %+v, %v", m, err)
	}
	if m, err := r.Resolve(t.Context(), stranger.did()+"#k"); !errors.Is(err, keys.ErrUnreachable) || m.Public != nil {
		t.Errorf("loopback that nobody allowed: %+v, %v", m, err)
	}
	if n := stranger.count("/.well-known/did.json"); n != 0 {
		t.Errorf("it was asked %d times", n)
	}
}
