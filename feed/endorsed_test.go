package feed_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"laurel/endorser"
	"laurel/feed"
)

// TestEndorsementEvents: whoever follows an issuer is told that something of the
// issuer's was endorsed, and that it was taken back; others are not.
func TestEndorsementEvents(t *testing.T) {
	s, _ := backends["bolt"](t)
	p := at(t, s)
	said := endorser.New(endorser.Config{Store: p.Store, Issuer: p.Issuer, Verify: func(context.Context, []byte) error { return nil }})
	if _, err := said.Put(t.Context(), endorser.Definition{Slug: "network", Name: "Network", Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Hour)
	made, err := said.Endorse(t.Context(), endorser.Request{Endorser: "network", Subject: endorser.Subject{Achievement: academy + "-course"}, Comment: "Good.", Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	p.Clock.Advance(time.Hour)
	for range 2 { // the second time nothing changes
		if _, err := said.Withdraw(t.Context(), made.ID, "test", func(string, string) bool { return true }); err != nil {
			t.Fatal(err)
		}
	}
	p.sequence(t)
	endorsements := func(sees func(string) bool) (list []feed.Event) {
		t.Helper()
		events, _ := p.all(t, sees, 100)
		for _, e := range events {
			if e.Type == feed.EndorsementMade || e.Type == feed.EndorsementWithdrawn {
				list = append(list, e)
			}
		}
		return list
	}
	got := endorsements(func(slug string) bool { return slug == academy })
	if len(got) != 2 || got[0].Type != feed.EndorsementMade || got[1].Type != feed.EndorsementWithdrawn {
		t.Fatalf("told %+v", got)
	}
	for _, e := range got {
		if e.Issuer != academy || e.Subject != made.ID || e.Data != (feed.Data{Endorsement: p.EndorsementURL(made.ID)}) {
			t.Errorf("%+v", e)
		}
		if !slices.Contains(feed.Types(), e.Type) {
			t.Errorf("no webhook can ask for %s", e.Type)
		}
	}
	if others := endorsements(func(slug string) bool { return slug == institute }); len(others) != 0 {
		t.Errorf("told others: %+v", others)
	}
}
