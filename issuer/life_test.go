package issuer_test

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

// suspendable is the academy's course as one whose badges can be suspended.
func suspendable() issuer.Achievement {
	a := template(academy)
	a.Slug, a.Suspendable = academy+"-licence", true
	return a
}

func licence(person string) issuer.Award {
	a := award(person)
	a.Achievement = academy + "-licence"
	return a
}

// change asks for one and expects it to be made or to be nothing new.
func (p *place) change(t *testing.T, id string, action issuer.Action, changes bool) *issuer.Record {
	t.Helper()
	rec, changed, err := p.ChangeStatus(t.Context(), issuer.Change{ID: id, Action: action, Reason: "under_review", Actor: "clerk", MayTouch: anyIssuer})
	if err != nil || changed != changes {
		t.Fatalf("%s: changed %t, %v", action, changed, err)
	}
	return rec
}

func refusedBy(err error, rule string) bool {
	var state *issuer.StateError
	return errors.As(err, &state) && state.Rule == rule && errors.Is(err, issuer.ErrConflict)
}

func suspension(t *testing.T, p *place) {
	p.put(t, suspendable())
	check := p.full(t)
	rec, other, plain := p.issue(t, licence("ana")).Record, p.issue(t, licence("bo")).Record, p.issue(t, award("ana")).Record
	entries := view(t, rec).CredentialStatus
	if len(entries) != 2 || entries[0].StatusPurpose != badge.StatusPurposeRevocation || entries[1].StatusPurpose != badge.StatusPurposeSuspension ||
		entries[1].StatusListCredential != p.StatusListURL(academy+"-s1") || entries[1].StatusListIndex != fmt.Sprint(rec.PauseIndex) {
		t.Fatalf("%+v", entries)
	}
	if list := view(t, plain).CredentialStatus; len(list) != 1 || plain.PauseList != "" {
		t.Errorf("a badge that cannot be suspended has %+v", list)
	}
	verdict := func(name string, rec *issuer.Record, want verifier.Verdict, code verifier.Code) {
		t.Helper()
		r := check.Verify(t.Context(), rec.Document)
		if r.Verdict() != want || r.Finding(verifier.CheckSuspension).Code != code {
			t.Errorf("%s: %v, %v", name, r.Verdict(), r.Finding(verifier.CheckSuspension))
		}
	}
	verdict("before", rec, verifier.Valid, verifier.NotSuspended)
	first := p.change(t, rec.ID, issuer.Suspend, true)
	if first.Status != issuer.Suspended || first.Reason != "under_review" || !first.StatusAt.Equal(p.Clock.Now()) {
		t.Errorf("%+v", first)
	}
	p.Clock.Advance(time.Hour)
	if again := p.change(t, rec.ID, issuer.Suspend, false); !again.StatusAt.Equal(first.StatusAt) {
		t.Error("suspending again changed something")
	}
	verdict("suspended", rec, verifier.Invalid, verifier.Suspended)
	verdict("the badge of somebody else", other, verifier.Valid, verifier.NotSuspended)
	if p.bit(t, rec.List, rec.Index) {
		t.Error("a suspension was published as a revocation")
	}
	// A person whose badge is suspended gets no other one instead.
	if dup := p.issue(t, licence("ana")); !dup.Existing || dup.Record.ID != rec.ID {
		t.Errorf("beside a suspended badge another one was issued: %+v", dup)
	}
	p.change(t, rec.ID, issuer.Reinstate, true)
	p.change(t, rec.ID, issuer.Reinstate, false)
	verdict("reinstated", rec, verifier.Valid, verifier.NotSuspended)

	p.change(t, rec.ID, issuer.Suspend, true)
	p.change(t, rec.ID, issuer.Revoke, true)
	for _, action := range []issuer.Action{issuer.Reinstate, issuer.Suspend} {
		_, _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: rec.ID, Action: action, Actor: "clerk", MayTouch: anyIssuer})
		if !refusedBy(err, "revoked_is_final") {
			t.Errorf("%s of a revoked badge: %v", action, err)
		}
	}
	verdict("revoked", rec, verifier.Invalid, verifier.Suspended)
	p.refusedChanges(t, plain, other)
}

// refusedChanges leave everything as it is, dry runs too.
func (p *place) refusedChanges(t *testing.T, plain, other *issuer.Record) {
	t.Helper()
	before := issuertest.Snapshot(t, p.Store)
	for _, action := range []issuer.Action{issuer.Suspend, issuer.Reinstate} {
		_, _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: plain.ID, Action: action, MayTouch: anyIssuer})
		if !refusedBy(err, "not_suspendable") {
			t.Errorf("%s of a badge without a second status: %v", action, err)
		}
	}
	var list badge.Errors
	if _, _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: other.ID, Action: "delete", MayTouch: anyIssuer}); !errors.As(err, &list) || list[0].Pointer != "/action" {
		t.Errorf("an action that there is not: %v", err)
	}
	for name, c := range map[string]issuer.Change{
		"unknown": {ID: strings.Repeat("A", 22), MayTouch: anyIssuer}, "no id": {ID: "x/y", MayTouch: anyIssuer},
		"foreign": {ID: other.ID, MayTouch: func(slug string) bool { return slug == institute }},
	} {
		c.Action = issuer.Suspend
		if _, _, err := p.ChangeStatus(t.Context(), c); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, action := range []issuer.Action{issuer.Suspend, issuer.Revoke} {
		rec, changed, err := p.ChangeStatus(t.Context(), issuer.Change{ID: other.ID, Action: action, MayTouch: anyIssuer, DryRun: true})
		if err != nil || !changed || rec.Status != issuer.Active {
			t.Errorf("a dry run of %s: %+v %t %v", action, rec, changed, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused or tried left something in the store")
	}
}

// TestReasonsOutOfAudit: words of one's own may speak of a person, so they
// stand in the record, which can be erased, and never in an audit record.
func TestReasonsOutOfAudit(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	for reason, want := range map[string]string{"issued_in_error": "issued_in_error", "Person ana copied": "in_own_words", "ana": "in_own_words"} {
		rec := p.issue(t, award("ana")).Record
		if rec, err := p.Revoke(t.Context(), rec.ID, reason, "clerk", anyIssuer); err != nil || rec.Reason != reason {
			t.Fatalf("%+v %v", rec, err)
		}
		found := 0
		for k, v := range issuertest.Snapshot(t, p.Store) {
			if strings.HasPrefix(k, "u/") && strings.Contains(v, rec.ID) && strings.Contains(v, `"action":"credential.revoke"`) {
				found++
				if !strings.Contains(v, `"reason":"`+want+`"`) || want != reason && strings.Contains(v, reason) {
					t.Errorf("%s: %s", reason, v)
				}
			}
		}
		if found != 1 {
			t.Errorf("%d audit records of one revocation", found)
		}
	}
}
