package issuer_test

import (
	"encoding/json"
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
	answer, err := p.ChangeStatus(t.Context(), issuer.Change{ID: id, Action: action, Reason: "under_review", Actor: "clerk", MayTouch: anyIssuer})
	if err != nil || answer.Existing == changes {
		t.Fatalf("%s: %+v, %v", action, answer, err)
	}
	return answer.Record
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
	p.Clock.Advance(time.Minute)
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
		_, err := p.ChangeStatus(t.Context(), issuer.Change{ID: rec.ID, Action: action, Actor: "clerk", MayTouch: anyIssuer})
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
		_, err := p.ChangeStatus(t.Context(), issuer.Change{ID: plain.ID, Action: action, MayTouch: anyIssuer})
		if !refusedBy(err, "not_suspendable") {
			t.Errorf("%s of a badge without a second status: %v", action, err)
		}
	}
	var list badge.Errors
	if _, err := p.ChangeStatus(t.Context(), issuer.Change{ID: other.ID, Action: "delete", MayTouch: anyIssuer}); !errors.As(err, &list) || list[0].Pointer != "/action" {
		t.Errorf("an action that there is not: %v", err)
	}
	for name, c := range map[string]issuer.Change{
		"unknown": {ID: strings.Repeat("A", 22), MayTouch: anyIssuer}, "no id": {ID: "x/y", MayTouch: anyIssuer},
		"foreign": {ID: other.ID, MayTouch: func(slug string) bool { return slug == institute }},
	} {
		c.Action = issuer.Suspend
		if _, err := p.ChangeStatus(t.Context(), c); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, action := range []issuer.Action{issuer.Suspend, issuer.Revoke} {
		answer, err := p.ChangeStatus(t.Context(), issuer.Change{ID: other.ID, Action: action, MayTouch: anyIssuer, DryRun: true,
			Idempotency: &issuer.Idempotency{Scope: "token", Key: "dry", Digest: []byte("body")}})
		if err != nil || answer.Existing || answer.Record.Status != issuer.Active {
			t.Errorf("a dry run of %s: %+v %v", action, answer, err)
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

// answersStay: with a key every request is answered as it was the first time,
// whatever came after it, and does nothing twice.
func answersStay(t *testing.T, p *place) {
	p.put(t, suspendable())
	rec := p.issue(t, keyed(licence("ana"), "award", "body")).Record
	var asked []func() (*issuer.Issued, error)
	idem := func() *issuer.Idempotency {
		return &issuer.Idempotency{Scope: "token", Key: fmt.Sprint(len(asked)), Digest: []byte("body")}
	}
	status := func(action issuer.Action, reason string) {
		c := issuer.Change{ID: rec.ID, Action: action, Reason: reason, Actor: "clerk", MayTouch: anyIssuer, Idempotency: idem()}
		asked = append(asked, func() (*issuer.Issued, error) { return p.ChangeStatus(t.Context(), c) })
	}
	amend := func(do func(issuer.Amendment) (*issuer.Issued, error)) {
		a := amendment(rec.ID)
		a.Idempotency = idem()
		asked = append(asked, func() (*issuer.Issued, error) { return do(a) })
	}
	correct := func(c issuer.Correction) {
		amend(func(a issuer.Amendment) (*issuer.Issued, error) { return p.Reissue(t.Context(), a, c) })
	}
	register := func(r issuer.Register) {
		amend(func(a issuer.Amendment) (*issuer.Issued, error) { return p.ChangeRegister(t.Context(), a, r) })
	}
	asked = append(asked, func() (*issuer.Issued, error) { return p.Issue(t.Context(), keyed(licence("ana"), "award", "body")) })
	correct(issuer.Correction{Name: ptr("Person ana")}) // which it is
	register(issuer.Register{Email: ptr("ana@learner.example")})
	register(issuer.Register{ExternalRef: ptr("run-2"), Language: ptr("pt")})
	status(issuer.Reinstate, "review_passed") // it is in force
	status(issuer.Suspend, "Ben said so")
	status(issuer.Suspend, "under_review")
	status(issuer.Reinstate, "review_passed")
	correct(issuer.Correction{Name: ptr("Ana María")})
	correct(issuer.Correction{Name: ptr("Ana María")})
	register(issuer.Register{ExternalRef: ptr("")})
	status(issuer.Revoke, "")
	status(issuer.Revoke, "fraud")
	var first []string
	for n, ask := range asked {
		p.Clock.Advance(time.Minute)
		issued, err := ask()
		if err != nil || issued.Replayed != (n == 0) {
			t.Fatalf("request %d: %+v, %v", n, issued, err)
		}
		first = append(first, told(t, issued))
	}
	before := issuertest.Snapshot(t, p.Store)
	for range 2 {
		for n, ask := range asked {
			p.Clock.Advance(time.Minute)
			issued, err := ask()
			if err != nil || !issued.Replayed {
				t.Fatalf("request %d again: %+v, %v", n, issued, err)
			}
			if again := told(t, issued); again != first[n] {
				t.Errorf("request %d is answered with\n%s\nnot with\n%s", n, again, first[n])
			}
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("a request that was repeated has changed something")
	}
	for _, ask := range []func(*issuer.Idempotency) error{
		func(i *issuer.Idempotency) error {
			_, err := p.ChangeStatus(t.Context(), issuer.Change{ID: rec.ID, Action: issuer.Revoke, MayTouch: anyIssuer, Idempotency: i})
			return err
		},
		func(i *issuer.Idempotency) error {
			_, err := p.Reissue(t.Context(), issuer.Amendment{ID: rec.ID, MayTouch: anyIssuer, Idempotency: i}, issuer.Correction{})
			return err
		},
	} {
		for n := range asked[1:] {
			if err := ask(&issuer.Idempotency{Scope: "token", Key: fmt.Sprint(n + 1), Digest: []byte("other")}); !errors.Is(err, issuer.ErrIdempotencyReused) {
				t.Errorf("the key %d for something else: %v", n+1, err)
			}
		}
	}
	p.forgotten(t, rec.ID, asked)
}

// told is all that an answer can tell.
func told(t *testing.T, issued *issuer.Issued) string {
	t.Helper()
	raw, err := json.Marshal(issued.Record)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("existing %t: %s %s", issued.Existing, raw, issued.Record.Document)
}

// forgotten: nothing of a person stays for the answers' sake once they are
// erased, and of a record nothing that was, after a while.
func (p *place) forgotten(t *testing.T, id string, asked []func() (*issuer.Issued, error)) {
	t.Helper()
	p.put(t, suspendable())
	other := p.issue(t, licence("bo")).Record
	p.change(t, other.ID, issuer.Suspend, true)
	kept := func() (n int) {
		for k := range issuertest.Snapshot(t, p.Store) {
			if strings.HasPrefix(k, "r/") {
				n++
			}
		}
		return n
	}
	if n := kept(); n < 5 {
		t.Errorf("%d records are kept as they were", n)
	}
	if _, _, err := p.Erase(t.Context(), amendment(id)); err != nil {
		t.Fatal(err)
	}
	if n := kept(); n != 1 {
		t.Errorf("%d records are kept as they were, want that of the other person alone", n)
	}
	for n, ask := range asked {
		if _, err := ask(); !errors.Is(err, issuer.ErrErased) {
			t.Errorf("request %d after the erasure: %v", n, err)
		}
	}
	p.Clock.Advance(32 * 24 * time.Hour)
	if _, err := p.SweepAnswers(t.Context()); err != nil || kept() != 0 {
		t.Errorf("%d records are kept as they were, %v", kept(), err)
	}
}
