package issuer_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/verifier"
)

func amendment(id string) issuer.Amendment {
	return issuer.Amendment{ID: id, Actor: "clerk", MayTouch: anyIssuer}
}

func ptr[T any](v T) *T { return &v }

func validFrom(t *testing.T, rec *issuer.Record) time.Time {
	t.Helper()
	at, err := badge.ParseTime(view(t, rec).ValidFrom)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func (p *place) reissue(t *testing.T, id string, c issuer.Correction) *issuer.Record {
	t.Helper()
	p.Clock.Advance(time.Hour)
	issued, err := p.Reissue(t.Context(), amendment(id), c)
	if err != nil {
		t.Fatal(err)
	}
	return issued.Record
}

// found are the ids that an address leads to.
func (p *place) found(t *testing.T, email string) (ids []string) {
	t.Helper()
	for _, rec := range p.all(t, issuer.Filter{Email: email}) {
		ids = append(ids, rec.ID)
	}
	return ids
}

func correction(t *testing.T, p *place) {
	p.put(t, rich(academy))
	a := award("ana")
	a.Results = []badge.Result{{ResultDescription: "score", Value: "85"}, {ResultDescription: "project", AchievedLevel: "good"}}
	a.Role, a.ExternalRef = "Participant", "run-1"
	check := p.full(t)
	first := p.issue(t, a).Record
	other := p.issue(t, award("bo")).Record
	second := p.reissue(t, first.ID, issuer.Correction{Name: ptr("Ana María"), Email: ptr("ana.maria@learner.example"),
		Results: &[]badge.Result{{ResultDescription: "score", Value: "91"}, {ResultDescription: "project", AchievedLevel: "best"}}})
	if second.ID != first.ID || second.Edition != 2 || second.Status != issuer.Active || second.List == first.List && second.Index == first.Index ||
		!second.AwardedAt.Equal(first.AwardedAt) || second.ExternalRef != "run-1" {
		t.Fatalf("%+v", second)
	}
	was, is := view(t, first), view(t, second)
	if !validFrom(t, second).Equal(p.Clock.Now()) || is.CredentialSubject.ID != was.CredentialSubject.ID || is.CredentialSubject.Role != "Participant" ||
		is.CredentialSubject.Identifier[1].IdentityHash != "Ana María" || is.CredentialSubject.Result[0].Value != "91" ||
		is.CredentialSubject.Identifier[0].IdentityHash != issuer.IdentityHash("ana.maria@learner.example", is.CredentialSubject.Identifier[0].Salt) {
		t.Errorf("%s", second.Document)
	}
	if r := check.Verify(t.Context(), second.Document); r.Verdict() != verifier.Valid {
		t.Errorf("the new edition: %v %+v", r.Verdict(), r.Findings)
	}
	if r := check.Verify(t.Context(), first.Document); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckRevocation).Outcome != verifier.Failed {
		t.Errorf("the old copy: %v", r.Verdict())
	}
	if r := check.Verify(t.Context(), other.Document); r.Verdict() != verifier.Valid {
		t.Errorf("the badge of somebody else: %v", r.Verdict())
	}
	// The id stands for the new one; the one before is there for the issuer.
	if now, err := p.Credential(t.Context(), first.ID); err != nil || !bytes.Equal(now.Document, second.Document) {
		t.Errorf("%v", err)
	}
	for n, want := range map[int]*issuer.Record{1: first, 2: second} {
		rec, public, err := p.Edition(t.Context(), first.ID, n)
		if err != nil || public != (n == 2) || !bytes.Equal(rec.Document, want.Document) {
			t.Errorf("edition %d: public %t, %v", n, public, err)
		}
	}
	for _, n := range []int{0, 3, -1} {
		if _, _, err := p.Edition(t.Context(), first.ID, n); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("edition %d: %v", n, err)
		}
	}
	p.newer(t, first, second, other)
	// It is one credential, found by the new address and not by the old one.
	if ids := p.found(t, "ana@learner.example"); ids != nil {
		t.Errorf("the old address finds %v", ids)
	}
	if ids := p.found(t, "ANA.maria@learner.example"); !slices.Equal(ids, []string{first.ID}) {
		t.Errorf("the new address finds %v", ids)
	}
	if all := p.all(t, issuer.Filter{}); len(all) != 2 {
		t.Errorf("%d credentials are listed", len(all))
	}
	again := award("ana")
	again.Recipient.Email = "Ana.Maria@learner.example"
	if dup := p.issue(t, again); !dup.Existing || dup.Record.ID != first.ID {
		t.Error("the person got the same badge once more")
	}
}

// newer holds what we say of an index beside its list.
func (p *place) newer(t *testing.T, first, second, other *issuer.Record) {
	t.Helper()
	ask := func(list string, index int) string {
		t.Helper()
		address, ok, err := p.NewerEdition(t.Context(), list, index)
		if err != nil || ok && address == "" {
			t.Fatal(err)
		}
		if !ok {
			return ""
		}
		return address
	}
	if got := ask(first.List, first.Index); got != p.CredentialURL(first.ID) {
		t.Errorf("the old index leads to %q", got)
	}
	free := (first.Index + 1) % 131072
	for free == second.Index || free == other.Index {
		free = (free + 1) % 131072
	}
	for name, at := range map[string][2]any{"new": {second.List, second.Index}, "other": {other.List, other.Index}, "free": {first.List, free},
		"no list": {"nonsense", 1}, "list of suspensions": {academy + "-s1", 1}, "no such list": {academy + "-7", 1}} {
		if got := ask(at[0].(string), at[1].(int)); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
	third := p.reissue(t, other.ID, issuer.Correction{Name: ptr("Bo Bo")})
	if _, err := p.Revoke(t.Context(), third.ID, "", "clerk", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if got := ask(other.List, other.Index); got != "" {
		t.Errorf("the old copy of a badge that was revoked since leads to %q", got)
	}
}

func correctionRefused(t *testing.T, p *place) {
	p.put(t, suspendable())
	paused, revoked, good := p.issue(t, licence("ana")).Record, p.issue(t, award("bo")).Record, p.issue(t, award("cy")).Record
	p.change(t, paused.ID, issuer.Suspend, true)
	p.change(t, revoked.ID, issuer.Revoke, true)
	short := award("di")
	short.ValidUntil = p.Clock.Now().Add(time.Hour)
	expired := p.issue(t, short).Record
	p.Clock.Advance(2 * time.Hour)
	before := issuertest.Snapshot(t, p.Store)
	rename := issuer.Correction{Name: ptr("Another")}
	for id, rule := range map[string]string{paused.ID: "suspended", revoked.ID: "revoked_is_final", expired.ID: "expired"} {
		if _, err := p.Reissue(t.Context(), amendment(id), rename); !refusedBy(err, rule) {
			t.Errorf("%s: %v", rule, err)
		}
	}
	if _, err := p.Renew(t.Context(), amendment(good.ID), time.Time{}); !refusedBy(err, "not_renewable") {
		t.Errorf("renewing what has no term: %v", err)
	}
	for pointer, c := range map[string]issuer.Correction{
		"/recipient/name": {Name: ptr("=1+1")}, "/recipient/email": {Email: ptr("nobody")}, "/language": {Language: ptr("french")},
		"/results/0/resultDescription": {Results: &[]badge.Result{{ResultDescription: "x", Value: "1"}}}, "/role": {Role: ptr("a\nb")},
		"/creditsEarned": {CreditsEarned: ptr(-1.0)}, "/evidence/0": {Evidence: &[]badge.Evidence{{}}}, "/externalRef": {ExternalRef: ptr("a\x00")},
		"/activity/end":         {ActivityStart: ptr(earned), ActivityEnd: ptr(earned.Add(-time.Hour))},
		"/recipient/externalId": {ExternalID: ptr(strings.Repeat("x", 300))}, "/narrative": {Narrative: ptr("\u202e")},
	} {
		var list badge.Errors
		if _, err := p.Reissue(t.Context(), amendment(good.ID), c); !errors.As(err, &list) || list[0].Pointer != pointer {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	for name, a := range map[string]issuer.Amendment{"unknown": amendment(strings.Repeat("A", 22)), "no id": amendment("x"),
		"foreign": {ID: good.ID, MayTouch: func(slug string) bool { return slug == institute }}} {
		if _, err := p.Reissue(t.Context(), a, rename); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What is so already is no new edition.
	same, err := p.Reissue(t.Context(), amendment(good.ID), issuer.Correction{Name: ptr("Person cy"), Email: ptr(" CY@learner.example "), Role: ptr("")})
	if err != nil || !same.Existing || same.Record.Edition != 1 {
		t.Errorf("a correction of nothing: %+v %v", same, err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused left something in the store")
	}
}

func trainer(person string) issuer.Award {
	a := award(person)
	a.Achievement, a.AwardedAt = academy+"-trainer", earned
	return a
}

func (p *place) putTrainer(t *testing.T) {
	t.Helper()
	a := template(academy)
	a.Slug, a.Validity = academy+"-trainer", "P3Y"
	p.put(t, a)
}

// leapDay: a term from the 29th of February ends on the last day of that month
// (XML Schema part 2, appendix E), and so does the one after it.
func leapDay(t *testing.T, p *place) {
	p.putTrainer(t)
	a := trainer("ana")
	a.AwardedAt = time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC)
	first := p.issue(t, a).Record
	if want := time.Date(2027, 2, 28, 12, 0, 0, 0, time.UTC); !first.ValidUntil.Equal(want) || view(t, first).ValidUntil != badge.FormatTime(want) {
		t.Errorf("the term ends on %s", first.ValidUntil)
	}
	second, err := p.Renew(t.Context(), amendment(first.ID), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 2, 28, 12, 0, 0, 0, time.UTC); !second.Record.ValidUntil.Equal(want) {
		t.Errorf("the next one ends on %s", second.Record.ValidUntil)
	}
}

// renewal: nobody loses a day by renewing early, nobody gains a term by asking
// twice.
func renewal(t *testing.T, p *place) {
	p.putTrainer(t)
	check := p.full(t)
	first := p.issue(t, trainer("ana")).Record
	if s := view(t, first).RefreshService; s == nil || s.ID != p.CredentialURL(first.ID)+".json" || s.Type != badge.TypeCredentialRefresh {
		t.Fatalf("refreshService %+v", s)
	}
	want := earned.AddDate(3, 0, 0)
	if !first.ValidUntil.Equal(want) {
		t.Fatal(first.ValidUntil)
	}
	renew := func(until time.Time) *issuer.Issued {
		t.Helper()
		issued, err := p.Renew(t.Context(), amendment(first.ID), until)
		if err != nil {
			t.Fatal(err)
		}
		return issued
	}
	second := renew(time.Time{}).Record
	if want = want.AddDate(3, 0, 0); second.Edition != 2 || !second.ValidUntil.Equal(want) || view(t, second).ValidUntil != badge.FormatTime(want) ||
		!validFrom(t, second).After(validFrom(t, first)) || !second.AwardedAt.Equal(earned) || second.ID != first.ID {
		t.Fatalf("%+v", second)
	}
	if again := renew(time.Time{}); !again.Existing || again.Record.Edition != 2 {
		t.Errorf("renewing twice gave edition %d", again.Record.Edition)
	}
	if again := renew(want); !again.Existing {
		t.Error("renewing until the same day made an edition")
	}
	if r := check.Verify(t.Context(), second.Document); r.Verdict() != verifier.Valid {
		t.Errorf("%v %+v", r.Verdict(), r.Findings)
	}
	if _, public, err := p.Edition(t.Context(), first.ID, 1); err != nil || !public {
		t.Errorf("what was but renewed is hidden: %v", err)
	}
	// Long after its end it counts from now on.
	p.Clock.Advance(10 * 366 * 24 * time.Hour)
	third := renew(time.Time{}).Record
	if want = p.Clock.Now().AddDate(3, 0, 0); third.Edition != 3 || !third.ValidUntil.Equal(want) {
		t.Errorf("%+v", third)
	}
	p.Clock.Advance(time.Minute)
	if again := renew(time.Time{}); !again.Existing {
		t.Error("renewing an expired badge twice made two editions")
	}
	if fourth := renew(want.AddDate(0, 1, 0)).Record; fourth.Edition != 4 || !fourth.ValidUntil.Equal(want.AddDate(0, 1, 0)) {
		t.Errorf("%+v", fourth)
	}
	// A correction hides all that was wrong before it.
	p.reissue(t, first.ID, issuer.Correction{Name: ptr("Ana María")})
	for n := range 5 {
		if _, public, err := p.Edition(t.Context(), first.ID, n+1); err != nil || public != (n == 4) {
			t.Errorf("edition %d after a correction: public %t, %v", n+1, public, err)
		}
	}
	var list badge.Errors
	if _, err := p.Renew(t.Context(), amendment(first.ID), p.Clock.Now()); !errors.As(err, &list) || list[0].Pointer != "/validUntil" {
		t.Errorf("a renewal until now: %v", err)
	}
}

// amendmentsWithAKey: a repeated request gets its first answer, byte for byte,
// whatever came after it.
func amendmentsWithAKey(t *testing.T, p *place) {
	first := p.issue(t, keyed(award("ana"), "award", "body")).Record
	a := amendment(first.ID)
	a.Idempotency = &issuer.Idempotency{Scope: "token reissue", Key: "one", Digest: []byte("body")}
	p.Clock.Advance(time.Hour)
	second, err := p.Reissue(t.Context(), a, issuer.Correction{Name: ptr("Two")})
	if err != nil {
		t.Fatal(err)
	}
	p.reissue(t, first.ID, issuer.Correction{Name: ptr("Three")})
	again, err := p.Reissue(t.Context(), a, issuer.Correction{Name: ptr("Two")})
	if err != nil || !again.Replayed || again.Record.Edition != 2 || !bytes.Equal(again.Record.Document, second.Record.Document) ||
		again.Record.Status != issuer.Active || again.Record.Reason != "" {
		t.Errorf("%+v %v", again, err)
	}
	a.Idempotency.Digest = []byte("another")
	if _, err := p.Reissue(t.Context(), a, issuer.Correction{Name: ptr("Four")}); !errors.Is(err, issuer.ErrIdempotencyReused) {
		t.Errorf("the key for another correction: %v", err)
	}
	issued := p.issue(t, keyed(award("ana"), "award", "body"))
	if !issued.Replayed || issued.Record.Edition != 1 || issued.Record.Status != issuer.Active || !bytes.Equal(issued.Record.Document, first.Document) {
		t.Errorf("the award once more: %+v", issued)
	}
}

// amendmentsAtOnce: each correction that is answered is an edition of its own,
// in one line.
func amendmentsAtOnce(t *testing.T, p *place) {
	const people = 6
	rec := p.issue(t, award("ana")).Record
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[int]string{}
	for n := range people {
		wg.Go(func() {
			name := fmt.Sprintf("Name %d", n)
			issued, err := p.Reissue(t.Context(), amendment(rec.ID), issuer.Correction{Name: &name})
			mu.Lock()
			defer mu.Unlock()
			if err != nil || seen[issued.Record.Edition] != "" {
				t.Errorf("%+v %v", issued, err)
				return
			}
			seen[issued.Record.Edition] = name
		})
	}
	wg.Wait()
	now, err := p.Credential(t.Context(), rec.ID)
	if err != nil || now.Edition != people+1 || view(t, now).CredentialSubject.Identifier[1].IdentityHash != seen[people+1] {
		t.Errorf("%d editions, %v", now.Edition, err)
	}
}

// register changes what is not signed, and signs nothing.
func register(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	p.Clock.Advance(time.Hour)
	issued, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr("new@learner.example"), ExternalRef: ptr("run-2"), Language: ptr("pt")})
	if err != nil || issued.Record.Edition != 1 || !bytes.Equal(issued.Record.Document, rec.Document) || issued.Record.Language != "pt" ||
		!issued.Record.ChangedAt.Equal(p.Clock.Now()) {
		t.Fatalf("%+v %v", issued, err)
	}
	if old, now := p.found(t, "ana@learner.example"), p.found(t, "new@learner.example"); old != nil || !slices.Equal(now, []string{rec.ID}) {
		t.Errorf("found by the old address: %v, by the new one: %v", old, now)
	}
	if list := p.all(t, issuer.Filter{ExternalRef: "run-2"}); len(list) != 1 {
		t.Errorf("%d found by the reference", len(list))
	}
	person := award("ana")
	person.Recipient.Email, person.Recipient.ExternalID = "new@learner.example", ""
	if dup := p.issue(t, person); !dup.Existing || dup.Record.ID != rec.ID {
		t.Error("the new address got the badge once more")
	}
	before := issuertest.Snapshot(t, p.Store)
	if same, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr("NEW@learner.example")}); err != nil || !same.Existing {
		t.Errorf("%+v %v", same, err)
	}
	var list badge.Errors
	if _, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr("nobody")}); !errors.As(err, &list) {
		t.Errorf("%v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("nothing was asked for, and something was written")
	}
	gone, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr(""), ExternalID: ptr("")})
	if err != nil || gone.Record.Email != nil || p.found(t, "new@learner.example") != nil {
		t.Errorf("%+v %v", gone, err)
	}
}

// addressAfterRegister: an address that was changed on record alone is signed
// when the badge is corrected to it, and once.
func addressAfterRegister(t *testing.T, p *place) {
	rec := p.issue(t, award("ana")).Record
	if _, err := p.ChangeRegister(t.Context(), amendment(rec.ID), issuer.Register{Email: ptr("new@learner.example")}); err != nil {
		t.Fatal(err)
	}
	mail := func(rec *issuer.Record) badge.IdentityObject { return view(t, rec).CredentialSubject.Identifier[0] }
	if now := p.reissue(t, rec.ID, issuer.Correction{Role: ptr("Guest")}); now.Edition != 2 || mail(now) != mail(rec) {
		t.Errorf("a correction of something else signs %+v", mail(now))
	}
	for range 2 {
		now := p.reissue(t, rec.ID, issuer.Correction{Email: ptr(" New@learner.example")})
		if now.Edition != 3 || mail(now).IdentityHash != issuer.IdentityHash("new@learner.example", mail(now).Salt) {
			t.Errorf("edition %d signs %+v", now.Edition, mail(now))
		}
	}
	for range 2 {
		now := p.reissue(t, rec.ID, issuer.Correction{Email: ptr("")})
		if now.Edition != 4 || mail(now).IdentityType != badge.IdentityTypeName {
			t.Errorf("edition %d signs %+v", now.Edition, mail(now))
		}
	}
}
