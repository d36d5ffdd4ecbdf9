package issuer_test

import (
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
)

// twoIssuersRace: two replicas over one store, asked for the same badges with
// the same keys.
func twoIssuersRace(t *testing.T, p *place) {
	const badges, clients = 10, 4
	replicas := []*issuer.Issuer{p.Issuer, issuertest.Open(t, p.home.beside(), p.Ring, issuertest.BaseURL).Issuer}
	var mu sync.Mutex
	documents := map[string]string{}
	var wg sync.WaitGroup
	for _, replica := range replicas {
		for range clients {
			wg.Go(func() {
				for _, n := range mathrand.Perm(badges) {
					key := fmt.Sprint(n)
					rec := insist(t, replica, keyed(award(key), key, "body")).Record
					mu.Lock()
					if was := documents[key]; was != "" && was != string(rec.Document) {
						t.Errorf("key %s has two badges", key)
					}
					documents[key] = string(rec.Document)
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	if n := len(p.all(t, issuer.Filter{})); n != badges {
		t.Errorf("%d credentials for %d keys", n, badges)
	}
	// What one replica revokes shows in the list of the other.
	rec := p.all(t, issuer.Filter{})[0]
	if _, err := replicas[1].Revoke(t.Context(), rec.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if !p.bit(t, rec.List, rec.Index) {
		t.Error("the other replica's revocation does not show")
	}
}

// insist repeats what the store had no time for, as clients do.
func insist(t *testing.T, i *issuer.Issuer, a issuer.Award) *issuer.Issued {
	for {
		issued, err := i.Issue(t.Context(), a)
		if err == nil {
			return issued
		}
		if !errors.Is(err, store.ErrBusy) {
			t.Error(err)
			return &issuer.Issued{Record: &issuer.Record{}}
		}
		time.Sleep(20 * time.Millisecond)
	}
}
