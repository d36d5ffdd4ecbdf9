package resolve_test

import (
	"context"
	"testing"
	"time"

	"laurel/keys/resolve"
)

// ownIssuers is a Local that can tell its own at once.
type ownIssuers struct{}

func (ownIssuers) ControllerDocument(context.Context, string) ([]byte, bool, error) {
	return nil, false, nil
}

func (ownIssuers) Owns(id string) bool { return id == "did:web:own.example" }

// TestAtHand: what needs no request can be told from what does, without one.
func TestAtHand(t *testing.T) {
	s := newSite(t)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	r := resolve.NewWithClock(s, ownIssuers{}, func() time.Time { return now })
	holds := func(id string, want bool) {
		t.Helper()
		if r.AtHand(id) != want {
			t.Errorf("%s at hand: %t", id, !want)
		}
	}
	did := s.did()
	holds("did:key:z6Mk", true)
	holds("did:jwk:e30", true)
	holds("did:web:own.example", true)
	holds("", false)
	holds("did:example:1", false)
	holds("https://issuer.example/1", false)
	holds(did, false)
	if n := s.count("/.well-known/did.json"); n != 0 {
		t.Errorf("%d requests", n)
	}
	s.set("/.well-known/did.json", document(t, did, "k", newKey(t)))
	if _, err := r.Resolve(t.Context(), did+"#k"); err != nil {
		t.Fatal(err)
	}
	holds(did, true)
	now = now.Add(5 * time.Minute)
	holds(did, false)
}
