package resolve_test

import (
	"crypto/ed25519"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/keys/resolve"
)

// A key that was replaced under the same name is found as soon as somebody
// asks to look again, and nobody makes us ask a host more than once a minute.
func TestRefresh(t *testing.T) {
	s := newSite(t)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	r := resolve.NewWithClock(s, nil, func() time.Time { return now })
	const path = "/.well-known/did.json"
	did := s.did()
	wants := func(key ed25519.PublicKey, hits int) {
		t.Helper()
		m, err := r.Resolve(t.Context(), did+"#k")
		if err != nil || !key.Equal(m.Public) {
			t.Errorf("%+v, %v", m, err)
		}
		if n := s.count(path); n != hits {
			t.Errorf("%d requests, want %d", n, hits)
		}
	}
	refresh := func(want bool) {
		t.Helper()
		if got := r.Refresh(t.Context(), did, now); got != want {
			t.Errorf("newer: %t", got)
		}
	}
	refresh(false) // nothing was used yet
	first, second, third := newKey(t), newKey(t), newKey(t)
	s.set(path, document(t, did, "k", first))
	wants(first, 1)
	refresh(true) // as new as can be: no request, and yet newer than what a reader may have seen
	wants(first, 1)

	s.set(path, document(t, did, "k", second))
	now = now.Add(time.Second)
	refresh(true)
	wants(second, 2)
	s.set(path, document(t, did, "k", third))
	now = now.Add(59 * time.Second)
	refresh(false)
	wants(second, 2) // too soon to ask once more
	now = now.Add(time.Second)
	refresh(true)
	wants(third, 3)

	// A host that does not answer leaves things as they were, and is not asked
	// for each badge that fails.
	s.mu.Lock()
	delete(s.pages, path)
	s.mu.Unlock()
	now = now.Add(time.Minute)
	for range 3 {
		refresh(false)
		wants(third, 4)
	}
	s.set(path, "no document")
	now = now.Add(time.Minute)
	refresh(false)
	wants(third, 5)
}

// An https issuer has two places; only what was used is asked for again.
func TestRefreshAddress(t *testing.T) {
	s := newSite(t)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	r := resolve.NewWithClock(s, nil, func() time.Time { return now })
	const path = "/.well-known/jwks.json"
	issuer := s.URL + "/issuers/a"
	kid := s.URL + path + "#k"
	first, second := newKey(t), newKey(t)
	s.set(path, set(jwk(t, first, kid, "")))
	if m, err := r.ResolveForIssuer(t.Context(), kid, issuer); err != nil || !first.Equal(m.Public) {
		t.Fatalf("%+v, %v", m, err)
	}
	s.set(path, set(jwk(t, second, kid, "")))
	now = now.Add(time.Second)
	if !r.Refresh(t.Context(), issuer, now) {
		t.Fatal("nothing newer")
	}
	if m, err := r.ResolveForIssuer(t.Context(), kid, issuer); err != nil || !second.Equal(m.Public) {
		t.Errorf("%+v, %v", m, err)
	}
	if n := s.count(path); n != 2 || s.count("/issuers/a") != 0 {
		t.Errorf("%d requests, %d for the other place", n, s.count("/issuers/a"))
	}
}

// What is never fetched is never fetched anew.
func TestRefreshOfOthers(t *testing.T) {
	r := resolve.New(canary{t}, nil)
	for _, id := range []string{"", "did:web:", "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "did:web:never.example",
		"https://never.example/i", "mailto:a@b.example", "http://10.0.0.1/", "https://" + strings.Repeat("a", 5000)} {
		if r.Refresh(t.Context(), id, time.Now()) {
			t.Errorf("%.60s is newer", id)
		}
	}
}

// All who meet the old key at the same time learn of the new one by one
// request.
func TestRefreshTogether(t *testing.T) {
	s := newSite(t)
	r := resolve.New(s, nil)
	const path = "/.well-known/did.json"
	did, first, second := s.did(), newKey(t), newKey(t)
	s.set(path, document(t, did, "k", first))
	if _, err := r.Resolve(t.Context(), did+"#k"); err != nil {
		t.Fatal(err)
	}
	s.set(path, document(t, did, "k", second))
	began := time.Now()
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if !r.Refresh(t.Context(), did, began) {
				t.Error("nothing newer")
			}
			if m, err := r.Resolve(t.Context(), did+"#k"); err != nil || !second.Equal(m.Public) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	wg.Wait()
	if n := s.count(path); n != 2 {
		t.Errorf("%d requests", n)
	}
}
