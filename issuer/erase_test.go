package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

// erasure takes every trace of one person out of the store, in all editions,
// and leaves everybody else's and what is nobody's.
func erasure(t *testing.T, p *place) {
	stop := run(t, p.Issuer)
	p.put(t, suspendable())
	a := keyed(licence("erased"), "key", "body")
	a.Language = "fr"
	a.Recipient.Name, a.ExternalRef, a.Narrative = "Zenobia Quirk", "enrolment-zenobia", "Zenobia did well."
	first := p.issue(t, a).Record
	other := p.issue(t, licence("bo")).Record
	patientJWT(t, p, first)
	second := p.reissue(t, first.ID, issuer.Correction{Name: ptr("Zenobia Quirke")})
	patientJWT(t, p, second)
	stop()
	third, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Email: ptr("zenobia@learner.example")})
	if err != nil {
		t.Fatal(err)
	}
	p.suspendInOwnWords(t, first.ID, "Zenobia is under review")
	hash := view(t, third.Record).CredentialSubject.Identifier[0].IdentityHash
	traces := []string{"enobia", "Quirk", hash, string(third.Record.Email), string(first.Email), string(first.Person), string(third.Record.Document)}
	if p.traces(t, traces) < 7 {
		t.Fatal("there is little to erase: this would test nothing")
	}
	p.Clock.Advance(time.Hour)
	before := issuertest.Snapshot(t, p.Store)
	rec, changed, err := p.Erase(t.Context(), issuer.Amendment{ID: first.ID, Actor: "clerk", MayTouch: anyIssuer})
	if err != nil || !changed || rec.Status != issuer.Revoked || rec.Reason != issuer.ReasonWithdrawn || first.Language != "fr" || rec.Language != "" || !rec.ErasedAt.Equal(p.Clock.Now()) {
		t.Fatalf("%+v %t %v", rec, changed, err)
	}
	if n := p.traces(t, traces); n != 0 {
		t.Errorf("%d traces are left", n)
	}
	after := issuertest.Snapshot(t, p.Store)
	for k := range before {
		if _, there := after[k]; !there && (strings.HasPrefix(k, "x/") || strings.HasPrefix(k, "n/") || strings.HasPrefix(k, "u/") || strings.HasPrefix(k, "c/")) {
			t.Errorf("%s is gone: the id, its indexes and its history stay for ever", k)
		}
	}
	p.afterErasure(t, first, third.Record, other)
}

func (p *place) suspendInOwnWords(t *testing.T, id, words string) {
	t.Helper()
	if _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: id, Action: issuer.Suspend, Reason: words, Actor: "clerk", MayTouch: anyIssuer}); err != nil {
		t.Fatal(err)
	}
}

// traces counts entries that hold one of some texts, as they are or as JSON
// writes them.
func (p *place) traces(t *testing.T, texts []string) (n int) {
	t.Helper()
	for k, v := range issuertest.Snapshot(t, p.Store) {
		for _, text := range texts {
			if strings.Contains(k, text) || strings.Contains(v, text) {
				n++
			}
		}
	}
	return n
}

func (p *place) afterErasure(t *testing.T, first, last, other *issuer.Record) {
	t.Helper()
	// A signed copy in somebody's hands still has its signature, and is revoked.
	lists := p.full(t)
	for name, rec := range map[string]*issuer.Record{"first": first, "last": last} {
		r := lists.Verify(t.Context(), rec.Document)
		if r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckProof).Outcome != verifier.Passed || r.Finding(verifier.CheckRevocation).Code != verifier.Revoked {
			t.Errorf("%s copy: %v %+v", name, r.Verdict(), r.Findings)
		}
		if _, ok, err := p.NewerEdition(t.Context(), rec.List, rec.Index); ok || err != nil {
			t.Errorf("%s copy is told to have a newer edition: %v", name, err)
		}
	}
	if r := lists.Verify(t.Context(), other.Document); r.Verdict() != verifier.Valid {
		t.Errorf("the badge of somebody else: %v", r.Verdict())
	}
	if ids := append(p.found(t, "erased@learner.example"), p.found(t, "zenobia@learner.example")...); ids != nil {
		t.Errorf("an address finds %v", ids)
	}
	if list := p.all(t, issuer.Filter{ExternalRef: "enrolment-zenobia"}); list != nil {
		t.Errorf("the reference finds %v", list)
	}
	count := map[issuer.Status]int{}
	for _, rec := range p.all(t, issuer.Filter{Achievement: academy + "-licence"}) {
		count[rec.Status]++
	}
	if count[issuer.Revoked] != 1 || count[issuer.Active] != 1 {
		t.Errorf("counted: %v", count)
	}
	before := issuertest.Snapshot(t, p.Store)
	rec, changed, err := p.Erase(t.Context(), amendment(first.ID))
	if err != nil || changed || len(rec.Document) > 0 {
		t.Errorf("erasing again: %t %v", changed, err)
	}
	if answer, err := p.ChangeStatus(t.Context(), issuer.Change{ID: first.ID, Action: issuer.Revoke, MayTouch: anyIssuer}); err != nil || !answer.Existing {
		t.Errorf("revoking what was erased: %t %v", changed, err)
	}
	if _, err := p.Reissue(t.Context(), amendment(first.ID), issuer.Correction{Name: ptr("X")}); !errors.Is(err, issuer.ErrErased) {
		t.Errorf("correcting what was erased: %v", err)
	}
	if _, err := p.Issue(t.Context(), keyed(licence("erased"), "key", "body")); !errors.Is(err, issuer.ErrErased) {
		t.Errorf("the request that issued it, repeated: %v", err)
	}
	if len(before) != len(issuertest.Snapshot(t, p.Store)) {
		t.Error("that wrote something")
	}
	due, err := p.CompactionDue(t.Context())
	if err != nil || !due.Since.Equal(p.Clock.Now()) {
		t.Errorf("compaction is due since %v, %v", due, err)
	}
	p.Clock.Advance(time.Minute)
	if _, _, err := p.Erase(t.Context(), amendment(p.issue(t, award("next")).Record.ID)); err != nil {
		t.Fatal(err)
	}
	if err := p.Compacted(t.Context(), due, "test"); err != nil {
		t.Fatal(err)
	}
	if left, err := p.CompactionDue(t.Context()); err != nil || left.Until.Equal(due.Until) || left.Until.IsZero() {
		t.Errorf("an erasure after the compaction was passed over: %v %v", left, err)
	} else if err := p.Compacted(t.Context(), left, "test"); err != nil {
		t.Fatal(err)
	}
	if left, err := p.CompactionDue(t.Context()); err != nil || !left.Since.IsZero() {
		t.Errorf("after a compaction: %v %v", left, err)
	}
	// The person may come back, as a new badge.
	if again := p.issue(t, licence("erased")); again.Existing || again.Record.ID == first.ID {
		t.Errorf("%+v", again)
	}
}

// erasureWhileSigning: a JWT that was being made when its holder was erased is
// not stored.
func erasureWhileSigning(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	erased := make(chan error, 1)
	slow := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = tampered{p.Ring, func(s signer) signer {
			return spoilt{s, func(ctx context.Context, m []byte) ([]byte, error) {
				_, _, err := p.Erase(t.Context(), amendment(rec.ID))
				erased <- err
				return s.Sign(ctx, m)
			}}
		}}
	})
	stop := run(t, slow)
	if err := <-erased; err != nil {
		t.Fatal(err)
	}
	stop()
	if n := p.traces(t, []string{"Person ana"}); n != 0 {
		t.Errorf("%d traces are left", n)
	}
}

// sweep forgets answers after a month, and no sooner.
func sweep(t *testing.T, p *place) {
	const old = 450
	for n := range old {
		p.issue(t, keyed(award("ana"), fmt.Sprint("old-", n), "body")) // the badge that the first of them made
	}
	p.Clock.Advance(20 * 24 * time.Hour)
	young := p.issue(t, keyed(award("young"), "young", "body")).Record
	p.Clock.Advance(10*24*time.Hour + time.Hour)
	if n, err := p.SweepAnswers(t.Context()); n != 0 || err != nil {
		t.Errorf("after 30 days %d answers were forgotten, %v", n, err)
	}
	p.Clock.Advance(24 * time.Hour)
	if n, err := p.SweepAnswers(t.Context()); n != old || err != nil {
		t.Errorf("after 31 days %d of %d answers were forgotten, %v", n, old, err)
	}
	if again := p.issue(t, keyed(award("young"), "young", "body")); !again.Replayed || again.Record.ID != young.ID {
		t.Error("a younger answer is gone")
	}
	if n, err := p.SweepAnswers(t.Context()); n != 0 || err != nil {
		t.Errorf("sweeping again: %d, %v", n, err)
	}
}
