package issuer_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

// hiding: the holder's switch is durable and of all editions, tells strangers
// nothing, and touches neither signature nor status.
func hiding(t *testing.T, p *place) {
	p.put(t, suspendable())
	lists := p.full(t)
	rec := p.issue(t, licence("ana")).Record
	other := p.issue(t, licence("bo")).Record
	claim := p.Claim(rec)
	if again, err := p.Claimed(t.Context(), claim); err != nil || again.ID != rec.ID || claim == p.Claim(other) || !strings.HasPrefix(claim, rec.ID) {
		t.Fatalf("%s: %+v %v", claim, again, err)
	}
	for k, v := range issuertest.Snapshot(t, p.Store) {
		if strings.Contains(k+v, claim[22:]) {
			t.Errorf("the claim stands in the store, under %s", k)
		}
	}
	p.wrongClaims(t, rec, other)
	p.Clock.Advance(time.Minute)
	done, err := p.Hide(t.Context(), claim, nil)
	if err != nil || done.Existing || !done.Record.HiddenAt.Equal(p.Clock.Now()) || done.Record.Status != issuer.Active {
		t.Fatalf("%+v %v", done, err)
	}
	p.Clock.Advance(time.Minute)
	if again, err := p.Hide(t.Context(), claim, nil); err != nil || !again.Existing || !again.Record.HiddenAt.Equal(done.Record.HiddenAt) {
		t.Errorf("hiding again: %+v %v", again, err)
	}
	second := p.reissue(t, rec.ID, issuer.Correction{Role: ptr("Guest")})
	if second.HiddenAt.IsZero() || p.Claim(second) != claim || p.Claim(rec) != claim {
		t.Errorf("the next edition: %+v", second)
	}
	for _, n := range []int{0, 1, 2, 3} {
		if got, err := p.PublicEdition(t.Context(), rec.ID, n); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("edition %d is shown: %+v %v", n, got, err)
		}
	}
	if _, ok, err := p.NewerEdition(t.Context(), rec.List, rec.Index); ok || err != nil {
		t.Errorf("a newer edition is told of: %v", err)
	}
	if r := lists.Verify(t.Context(), second.Document); r.Verdict() != verifier.Valid {
		t.Errorf("a file of it: %v", r.Verdict())
	}
	if got, err := p.PublicEdition(t.Context(), other.ID, 0); err != nil || got.ID != other.ID {
		t.Errorf("somebody else's: %v", err)
	}
	shown, err := p.Show(t.Context(), claim, nil)
	if err != nil || shown.Existing || !shown.Record.HiddenAt.IsZero() {
		t.Fatalf("%+v %v", shown, err)
	}
	if got, err := p.PublicEdition(t.Context(), rec.ID, 0); err != nil || got.Edition != 2 {
		t.Errorf("shown again: %+v %v", got, err)
	}
	p.hiddenAndErased(t, other)
}

// wrongClaims: one letter otherwise, of another badge, or none at all.
func (p *place) wrongClaims(t *testing.T, rec, other *issuer.Record) {
	t.Helper()
	claim := p.Claim(rec)
	wrong := []string{"", rec.ID, claim[:len(claim)-1], claim + "1", claim + "0", claim + "a", claim + "-1", claim + "=", strings.ToUpper(claim),
		other.ID + claim[22:], strings.Repeat("A", 22) + claim[22:], claim[:22] + strings.Repeat("a", 26)}
	for n := range claim {
		letter := "a"
		if claim[n] == 'a' {
			letter = "b"
		}
		wrong = append(wrong, claim[:n]+letter+claim[n+1:])
	}
	for _, text := range wrong {
		_, err := p.Claimed(t.Context(), text)
		_, hide := p.Hide(t.Context(), text, nil)
		if !errors.Is(err, issuer.ErrNotFound) || !errors.Is(hide, issuer.ErrNotFound) {
			t.Errorf("%q: %v, %v", text, err, hide)
		}
	}
	if _, err := p.PublicEdition(t.Context(), rec.ID, 0); err != nil {
		t.Errorf("a wrong claim has hidden it: %v", err)
	}
}

// hiddenAndErased: what was hidden when the person was erased stays as unknown as
// it was, and its claim goes.
func (p *place) hiddenAndErased(t *testing.T, rec *issuer.Record) {
	t.Helper()
	claim := p.Claim(rec)
	if _, err := p.Hide(t.Context(), claim, nil); err != nil {
		t.Fatal(err)
	}
	erased, _, err := p.Erase(t.Context(), amendment(rec.ID))
	if err != nil || p.Claim(erased) != "" {
		t.Fatalf("%+v %v", erased, err)
	}
	if _, err := p.Claimed(t.Context(), claim); !errors.Is(err, issuer.ErrErased) {
		t.Errorf("the claim of an erased badge: %v", err)
	}
	if _, err := p.Show(t.Context(), claim, nil); !errors.Is(err, issuer.ErrErased) {
		t.Errorf("showing what was erased: %v", err)
	}
	if _, err := p.PublicEdition(t.Context(), rec.ID, 0); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("a hidden badge that was erased: %v", err)
	}
}

// claimsRenewed: another claim takes the place of one that leaked, for good and in
// all editions; old answers are given to none.
func claimsRenewed(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	first := p.Claim(rec)
	idem := &issuer.Idempotency{Scope: "holder hide " + first, Key: "one"}
	if _, err := p.Hide(t.Context(), first, idem); err != nil {
		t.Fatal(err)
	}
	if again, err := p.Hide(t.Context(), first, idem); err != nil || !again.Replayed {
		t.Fatalf("%+v %v", again, err)
	}
	a := amendment(rec.ID)
	a.Idempotency = &issuer.Idempotency{Scope: "claim", Key: "one"}
	done, err := p.RenewClaim(t.Context(), a)
	if err != nil || done.Existing {
		t.Fatalf("%+v %v", done, err)
	}
	second := p.Claim(done.Record)
	again, err := p.RenewClaim(t.Context(), a)
	if err != nil || !again.Replayed || p.Claim(again.Record) != second || second == first {
		t.Fatalf("repeated with a key: %+v %v", again, err)
	}
	for range 2 {
		if _, err := p.Claimed(t.Context(), first); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("the old claim: %v", err)
		}
		if _, err := p.Hide(t.Context(), first, idem); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("the old claim is given its old answer: %v", err)
		}
		if got, err := p.Claimed(t.Context(), second); err != nil || got.HiddenAt.IsZero() {
			t.Errorf("the new claim: %+v %v", got, err)
		}
		p.reissue(t, rec.ID, issuer.Correction{Role: ptr("Guest")})
	}
	refused := amendment(rec.ID)
	refused.MayTouch = func(string) bool { return false }
	if _, err := p.RenewClaim(t.Context(), refused); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("by who may not touch it: %v", err)
	}
	// A second service on the same store and keys knows the same claims.
	if got, err := p.with(t, func(*issuer.Config) {}).Claimed(t.Context(), second); err != nil || got.ID != rec.ID {
		t.Errorf("after a restart: %v", err)
	}
}
