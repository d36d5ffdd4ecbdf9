package programme_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
)

// short is a course in which a visit of all earns participation.
func (p *place) short(t testing.TB, release string) {
	t.Helper()
	definition := `{"id":"short","kind":"course","release":` + release + `,"award_rules":[{"achievement":"hc20-participation","all":[{"visits_percent_gte":100}]}]}`
	if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); err != nil {
		t.Fatal(err)
	}
}

var visited = said{activity: "short", learner: ana, facts: `{"visits":{"visited":1,"total":1}}`}

// TestGates: what is earned before a gate opens waits, and keeps its day.
func TestGates(t *testing.T) {
	waits := func(t *testing.T, release string) *place {
		t.Helper()
		p := emptyPlace(t)
		p.short(t, release)
		if got := results(p.tell(t, visited, visited)); got != "pending_release pending_release" {
			t.Errorf("before: %s", got)
		}
		return p
	}
	opened := func(t *testing.T, p *place, want int) {
		t.Helper()
		for _, n := range []int{want, 0} { // the second time there is nothing left
			if got, err := p.OpenDueGates(t.Context()); err != nil || got != n {
				t.Errorf("%d issued, %v; want %d", got, err, n)
			}
		}
	}
	one := func(t *testing.T, p *place) {
		t.Helper()
		if active, _ := p.audit(t); active != 1 {
			t.Errorf("%d badges", active)
		}
		for _, rec := range p.credentials(t, issuer.Filter{}) {
			if rec.AwardedAt.Format(time.DateOnly) != "2025-03-03" {
				t.Errorf("awarded on %s", rec.AwardedAt)
			}
		}
	}
	t.Run("on a date", func(t *testing.T) {
		p := waits(t, `{"mode":"on_date","date":"2026-02-03"}`)
		opened(t, p, 0)
		p.Clock.Advance(48 * time.Hour)
		opened(t, p, 1)
		one(t, p)
		if got := results(p.tell(t, visited)); got != "existing" {
			t.Errorf("afterwards: %s", got)
		}
	})
	t.Run("by hand", func(t *testing.T) {
		p := waits(t, `{"mode":"manual"}`)
		opened(t, p, 0)
		for _, n := range []int{1, 0} {
			released, err := p.Release(t.Context(), everybody, "short", "", nil)
			if err != nil || released.Issued != n {
				t.Errorf("%+v, %v; want %d", released, err, n)
			}
		}
		one(t, p)
	})
	t.Run("opened by a new definition", func(t *testing.T) {
		p := waits(t, `{"mode":"manual"}`)
		p.short(t, `{"mode":"immediate"}`)
		opened(t, p, 1)
		one(t, p)
		versions := 0
		for k := range issuertest.Snapshot(t, p.store) {
			if strings.HasPrefix(k, "p/short/") {
				versions++
			}
		}
		if versions != 1 {
			t.Errorf("%d definitions are kept, want the one that the award was made by", versions)
		}
	})
	t.Run("regraded before", func(t *testing.T) {
		p := waits(t, `{"mode":"manual"}`)
		less := visited
		less.kind, less.facts = "regrade", `{"visits":{"visited":0,"total":1}}`
		if got := results(p.tell(t, less)); got != "not_met" {
			t.Errorf("regraded: %s", got)
		}
		if released, err := p.Release(t.Context(), everybody, "short", "", nil); err != nil || released.Issued != 0 || len(p.open(t)) != 0 {
			t.Errorf("%+v, %v", released, err)
		}
		p.audit(t)
	})
	t.Run("taken back before", func(t *testing.T) {
		p := waits(t, `{"mode":"manual"}`)
		back := visited
		back.kind, back.facts, back.day = "revocation", "", "2025-03-05"
		if got := results(p.tell(t, back)); got != "revoked" {
			t.Errorf("taken back: %s", got)
		}
		if released, err := p.Release(t.Context(), everybody, "short", "", nil); err != nil || released.Issued != 0 {
			t.Errorf("%+v, %v", released, err)
		}
		p.audit(t)
	})
}

// TestTakeBack: a list is undone as a whole, what is earned otherwise stays,
// and the list can be taken in once more.
func TestTakeBack(t *testing.T) {
	p := workshop(t)
	first := p.upload(t, file(t, "workshop-roster.csv"), nil)
	second := p.upload(t, []byte("ref,role\nW25-01,facilitator\nW25-02,facilitator\n"), nil)
	if second.Upload == "" || second.Summary[programme.OutcomeIssued] != 2 {
		t.Fatalf("%+v", second)
	}
	for range 2 { // again changes nothing
		u, err := p.TakeBack(t.Context(), everybody, first.Upload)
		if err != nil || u.Withdrawn != (programme.Withdrawn{Revoked: 58}) {
			t.Fatalf("%+v, %v", u, err)
		}
	}
	if active, revoked := p.audit(t); active != 2 || revoked != 58 {
		t.Errorf("%d in force, %d revoked", active, revoked)
	}
	if n := p.Issuer.Stats().Changes["credential.revoke"]; n != 58 {
		t.Errorf("%d revocations are counted", n)
	}
	again := p.upload(t, file(t, "workshop-roster.csv"), nil)
	if again.Summary[programme.OutcomeIssued] != 58 || again.Upload == first.Upload {
		t.Errorf("once more: %v", again.Summary)
	}
	// What a list told that a platform tells too is earned without it.
	q := emptyPlace(t)
	if _, err := q.PutActivity(t.Context(), file(t, "course-hc20.json"), "test"); err != nil {
		t.Fatal(err)
	}
	if err := q.PutSource(t.Context(), programme.Source{Slug: "lms-a", TrustEmail: true}, "test"); err != nil {
		t.Fatal(err)
	}
	list := q.upload(t, []byte("name,email,points,max\nAna Prado,shared@learner.example,51,60\nBo,bo@learner.example,52,60\n"), func(r *programme.Roster) { r.Activity = "hc20" })
	if list.Summary[programme.OutcomeIssued] != 2 {
		t.Fatalf("%+v", list.Rows)
	}
	q.tell(t, said{learner: ana, facts: points("55")})
	u, err := q.TakeBack(t.Context(), everybody, list.Upload)
	if err != nil || u.Withdrawn != (programme.Withdrawn{Revoked: 2, Kept: 2}) {
		t.Errorf("%+v, %v", u, err)
	}
	q.audit(t)
}

// TestErasure: of a person who is erased nothing is left that names them, and
// what is counted stays.
func TestErasure(t *testing.T) {
	p := stacked(t)
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	attended := p.upload(t, file(t, "workshop-attendance.csv"), nil) // a badge waits
	if attended.Summary[programme.OutcomePendingRelease] == 0 {
		t.Fatal("nothing waits")
	}
	p.tell(t, passes(6), said{kind: "regrade", learner: passes(6).learner, facts: points("40")},
		said{source: "lms-x", learner: strings.Replace(passes(6).learner, "Participant 06", "PARTICIPANT  06", 1), facts: points("50")})
	tallies := p.count(t, "P/live/t/")
	for _, rec := range p.credentials(t, issuer.Filter{Email: "participant.06@roster.example"}) {
		if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
			t.Fatal(err)
		}
	}
	if open := p.open(t); len(open) != 0 {
		t.Errorf("questions about somebody who was erased: %+v", open)
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		if strings.Contains(v, "articipant 06") || strings.Contains(v, "PARTICIPANT") || strings.Contains(v, "participant.06@") || strings.Contains(v, "W25-06") {
			t.Errorf("%s still holds %s", k, v)
		}
	}
	if got := p.count(t, "P/live/t/"); got < tallies {
		t.Errorf("%d badges are counted, and were %d", got, tallies)
	}
	if released, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil || released.Issued != attended.Summary[programme.OutcomePendingRelease]-1 {
		t.Errorf("%+v, %v", released, err)
	}
	p.audit(t)
}

// TestErasureOfAnother: who shares an address with somebody who is erased, under
// another name, keeps what was reported and gets a badge for it.
func TestErasureOfAnother(t *testing.T) {
	p := course(t, "all")
	daughter := said{source: "lms-y", learner: `{"id":"5","email":"shared@learner.example","name":"Bo Li"}`, facts: points("55")}
	if got := results(p.tell(t, said{source: "lms-x", learner: ana, facts: points("51")}, daughter)); got != "issued held_for_review" {
		t.Fatal(got)
	}
	for _, rec := range p.credentials(t, issuer.Filter{}) {
		if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
			t.Fatal(err)
		}
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		if strings.Contains(v, "Ana Prado") {
			t.Errorf("%s still holds %s", k, v)
		}
	}
	p.audit(t)
	open := p.open(t)
	if len(open) != 1 || open[0].Who == nil || open[0].Who.Name != "Bo Li" || open[0].Other != "" || open[0].OtherWho != nil {
		t.Fatalf("the questions are %+v", open)
	}
	if _, err := p.Decide(t.Context(), everybody, open[0].ID, programme.Different); err != nil {
		t.Fatal(err)
	}
	if got := results(p.tell(t, daughter)); got != "existing" {
		t.Errorf("afterwards: %s", got)
	}
	p.audit(t)
}

// count counts the records under a prefix.
func (p *place) count(t testing.TB, prefix string) (n int) {
	t.Helper()
	for k := range issuertest.Snapshot(t, p.store) {
		if strings.HasPrefix(k, prefix) {
			n++
		}
	}
	return n
}

// TestNameless: what is told of a number is dropped after 90 days.
func TestNameless(t *testing.T) {
	p := course(t, "all")
	var all []said
	for n := range 300 {
		all = append(all, said{learner: fmt.Sprintf(`{"id":"n-%d"}`, n), facts: points("51")})
	}
	p.tell(t, all...)
	p.tell(t, said{kind: "identity", learner: `{"id":"n-7","name":"Seven"}`})
	drop := func(want int) {
		t.Helper()
		if n, err := p.DropNameless(t.Context()); err != nil || n != want {
			t.Errorf("dropped %d, %v; want %d", n, err, want)
		}
	}
	p.Clock.Advance(89 * 24 * time.Hour)
	p.tell(t, said{learner: `{"id":"n-late"}`, facts: points("51")})
	drop(0)
	p.Clock.Advance(2 * 24 * time.Hour)
	drop(299)
	drop(0)
	if left := p.count(t, "P/live/l/"); left != 2 {
		t.Errorf("%d learners are left", left)
	}
	if got := results(p.tell(t, said{learner: `{"id":"n-late","name":"Late"}`, facts: points("51")}, said{kind: "identity", learner: `{"id":"n-3","name":"Three"}`})); got != "issued not_met" {
		t.Errorf("afterwards: %s", got)
	}
	p.audit(t)
}

// TestTrialRealm: of what is tried nothing mixes with what is real.
func TestTrialRealm(t *testing.T) {
	p := course(t, "all")
	p.tell(t, said{learner: ana, facts: points("51")})
	before := issuertest.Snapshot(t, p.store)
	real := everybody
	everybody.Test = true
	got := results(p.tell(t, said{learner: ana, facts: points("51")}, said{learner: ana, facts: points("51")}))
	everybody = real
	if got != "issued existing" {
		t.Errorf("tried: %s", got)
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		if (strings.HasPrefix(k, "P/live/") || strings.HasPrefix(k, "c/urban-health-learning/")) && before[k] != v {
			t.Errorf("a trial changed %s", k)
		}
	}
	if active, _ := p.audit(t); active != 2 {
		t.Errorf("%d real badges", active)
	}
	if n := len(p.credentials(t, issuer.Filter{Issuers: []string{"test-urban-health-learning"}})); n != 2 {
		t.Errorf("%d badges of trials", n)
	}
}
