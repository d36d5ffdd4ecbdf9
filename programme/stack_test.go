package programme_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/programme"
	"laurel/store"
)

// stacked is the course and the workshop, over which stands a programme badge.
func stacked(t *testing.T) *place {
	t.Helper()
	p := course(t, "all")
	if _, err := p.PutActivity(t.Context(), file(t, "workshop-uh-kit-2025.json"), "test"); err != nil {
		t.Fatal(err)
	}
	return p
}

// passes takes the course for the holder of an address of the roster.
func passes(n int) said {
	return said{learner: fmt.Sprintf(`{"id":"u-%d","email":"participant.%02d@roster.example","name":"Participant %02d"}`, n, n, n), facts: points("51")}
}

// by are the badges of one address, by achievement.
func (p *place) by(t testing.TB, email string) map[string]*issuer.Record {
	t.Helper()
	all := map[string]*issuer.Record{}
	for _, rec := range p.credentials(t, issuer.Filter{Email: email}) {
		all[rec.Achievement] = rec
	}
	return all
}

// TestProgrammeBadge: whoever holds both parts holds the whole, with both as
// evidence, whichever came first; and a part that is revoked holds the whole.
func TestProgrammeBadge(t *testing.T) {
	p := stacked(t)
	p.tell(t, passes(6), passes(7), passes(17), said{kind: "revocation", day: "2025-03-05", learner: passes(17).learner})
	for _, list := range []string{"workshop-roster.csv", "workshop-attendance.csv"} {
		p.upload(t, file(t, list), nil)
	}
	if _, err := p.Decide(t.Context(), everybody, "nothing", programme.Keep); err == nil {
		t.Error("a question that is none was decided")
	}
	if p.by(t, "participant.06@roster.example")["uh-programme"] != nil {
		t.Error("the whole was issued before the release of a part")
	}
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	six := p.by(t, "participant.06@roster.example")
	whole := six["uh-programme"]
	if whole == nil {
		t.Fatalf("06 holds %v", six)
	}
	d, err := badge.Parse(whole.Document)
	if err != nil {
		t.Fatal(err)
	}
	var evidence []string
	for _, e := range d.View().Evidence {
		evidence = append(evidence, e.ID)
	}
	if want := []string{p.CredentialURL(six["hc20-achievement"].ID), p.CredentialURL(six["uh-kit-completion"].ID)}; fmt.Sprint(evidence) != fmt.Sprint(want) {
		t.Errorf("evidence %v, want %v", evidence, want)
	}
	for _, n := range []string{"07", "17"} {
		if p.by(t, "participant."+n+"@roster.example")["uh-programme"] != nil {
			t.Errorf("%s holds the whole", n)
		}
	}
	// The other way round: the workshop is over, and the course is passed now.
	p.tell(t, passes(1))
	if p.by(t, "participant.01@roster.example")["uh-programme"] == nil {
		t.Error("01 does not hold the whole")
	}
	held := p.revokePart(t, six["hc20-achievement"].ID, whole)
	if rec := p.record(t, whole.ID); rec.Status != issuer.Active { // it was not issued as suspendable
		t.Errorf("the whole is %s", rec.Status)
	}
	if _, err := p.Decide(t.Context(), everybody, held.ID, programme.Revoke); err != nil {
		t.Fatal(err)
	}
	if rec := p.record(t, whole.ID); rec.Status != issuer.Revoked || rec.Reason != "review_failed" {
		t.Errorf("after the decision the whole is %s: %s", rec.Status, rec.Reason)
	}
	// Passed again: both are issued anew, once a person says so who knows that
	// another has revoked them.
	again := passes(6)
	again.day = "2026-02-01"
	p.Clock.Advance(24 * time.Hour)
	if answers := results(p.tell(t, again)); answers != "held_for_review" {
		t.Errorf("passed again: %s", answers)
	}
	for _, of := range []string{"hc20-achievement", "uh-programme"} {
		open := p.open(t)
		if len(open) != 1 || open[0].Kind != programme.EarnedAgain || open[0].Achievement != of {
			t.Fatalf("open are %+v, want one of %s", open, of)
		}
		if _, err := p.Decide(t.Context(), everybody, open[0].ID, programme.Issue); err != nil {
			t.Fatal(err)
		}
		if now := p.by(t, "participant.06@roster.example")[of]; now.Status != issuer.Active || now.ID == open[0].Credential {
			t.Errorf("passed again, and %s is %s", of, now.Status)
		}
	}
	p.audit(t)
}

// revokePart revokes a badge and returns the question about what rests on it.
func (p *place) revokePart(t testing.TB, part string, whole *issuer.Record) *programme.Review {
	t.Helper()
	if _, err := p.Revoke(t.Context(), part, "issued_in_error", "test", everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	open := p.open(t)
	if len(open) != 1 || open[0].Kind != programme.PartRevoked || open[0].Credential != whole.ID || open[0].Part != part {
		t.Fatalf("open are %+v", open)
	}
	return open[0]
}

// TestWaysToStack: any of some, so many of some, and a whole of wholes; one
// that can be suspended is, while a part is in question.
func TestWaysToStack(t *testing.T) {
	p := course(t, "all")
	put := func(slug string, q issuer.Requires) {
		t.Helper()
		a := issuer.Achievement{Slug: slug, Issuer: "urban-health-learning", Name: issuer.Text{"en": slug}, Description: issuer.Text{"en": slug},
			Criteria: issuer.Text{"en": "Hold its parts."}, Requires: &q, Suspendable: true, InLanguage: "en", Version: "1"}
		if _, err := p.PutAchievement(t.Context(), a, "test"); err != nil {
			t.Fatal(err)
		}
	}
	put("any-module", issuer.Requires{Any: []string{"hc20-m1", "hc20-m2"}})
	put("two-modules", issuer.Requires{NOf: &issuer.NOf{N: 2, Of: []string{"hc20-m1", "hc20-m2", "hc20-m3"}}})
	put("whole-of-wholes", issuer.Requires{All: []string{"any-module", "two-modules"}})
	module := func(n string) said {
		return said{learner: ana, facts: `{"parts":{"m` + n + `":{"visits":{"visited":15,"total":15},"points":{"achieved":16,"max":20}}}}`}
	}
	for n, want := range []string{"any-module", "any-module two-modules whole-of-wholes", "any-module two-modules whole-of-wholes"} {
		p.tell(t, module([]string{"1", "3", "2"}[n]))
		held := p.by(t, "shared@learner.example")
		for _, slug := range []string{"any-module", "two-modules", "whole-of-wholes"} {
			if got := held[slug] != nil; got != strings.Contains(want, slug) {
				t.Errorf("after %d modules: %s held: %t", n+1, slug, got)
			}
		}
	}
	held := p.by(t, "shared@learner.example")
	q := p.revokePart(t, held["hc20-m3"].ID, held["two-modules"])
	if rec := p.record(t, q.Credential); rec.Status != issuer.Suspended {
		t.Errorf("in question, and %s", rec.Status)
	}
	if _, err := p.Decide(t.Context(), everybody, q.ID, programme.Keep); err != nil {
		t.Fatal(err)
	}
	if rec := p.record(t, q.Credential); rec.Status != issuer.Active {
		t.Errorf("kept, and %s", rec.Status)
	}
	p.audit(t)
}

// TestTrainer: what rests on a badge by a rule is held like what is stacked,
// and it does not matter what is told first.
func TestTrainer(t *testing.T) {
	p, id := trainer(t)
	if g, err := p.Grounds(t.Context(), everybody, p.record(t, id)); err != nil || !strings.Contains(string(g.Rule), `"co-facilitator"`) {
		t.Errorf("rests on %+v %v", g, err)
	}
	held := p.by(t, "participant.01@dh.example")
	q := p.revokePart(t, held["dh-planning"].ID, p.record(t, id))
	if q.Achievement != "dh-trainer" {
		t.Errorf("held is %s", q.Achievement)
	}
	p = emptyPlace(t)
	if _, err := p.PutActivity(t.Context(), file(t, "course-dh-planning.json"), "test"); err != nil {
		t.Fatal(err)
	}
	day := func(r *programme.Roster) { r.Activity = planning }
	p.upload(t, []byte("ref,name,email,role,approved_by\nD25-01,Participant 01,participant.01@dh.example,co-facilitator,course-lead\n"), day)
	result := p.upload(t, file(t, "dh-planning-results.csv"), day)
	if now := p.by(t, "participant.01@dh.example"); len(now) != 2 || now["dh-trainer"] == nil {
		t.Errorf("approved first: 01 holds %v", now)
	}
	missing := map[string]string{"D25-03": "sessions_attended_gte", "D25-04": "self-paced", "D25-05": "project"}
	for _, row := range result.Rows {
		want := missing[row.Ref]
		if want == "" {
			if row.Outcome != programme.OutcomeIssued {
				t.Errorf("%s: %s", row.Ref, row.Outcome)
			}
			continue
		}
		raw := string(toJSON(t, row.Open[0].Missing))
		if row.Outcome != programme.OutcomeNotMet || len(row.Open[0].Missing) != 1 || !strings.Contains(raw, want) {
			t.Errorf("%s: %s, missing %s; want %s alone", row.Ref, row.Outcome, raw, want)
		}
	}
	p.audit(t)
}

// TestPartIssuedDirectly: a badge that a platform had issued by its own rules
// is a part like any other, and holds the whole when it is revoked.
func TestPartIssuedDirectly(t *testing.T) {
	p := stacked(t)
	direct := func(email string) *issuer.Record {
		issued, err := p.Issue(t.Context(), issuer.Award{Achievement: "hc20-achievement", Actor: "platform", AwardedAt: p.Clock.Now(),
			Recipient: issuer.Recipient{Name: "Participant 06", Email: email}}, everybody.MayIssue)
		if err != nil {
			t.Fatal(err)
		}
		return issued.Record
	}
	part := direct("participant.06@roster.example")
	for _, list := range []string{"workshop-roster.csv", "workshop-attendance.csv"} {
		p.upload(t, file(t, list), nil)
	}
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	whole := p.by(t, "participant.06@roster.example")["uh-programme"]
	if whole == nil {
		t.Fatal("a badge issued directly is no part")
	}
	if p.by(t, "participant.01@roster.example")["uh-programme"] != nil {
		t.Error("01 holds one part and the whole")
	}
	p.revokePart(t, part.ID, whole)
	p.audit(t)
}

// TestPartErased: a badge that rests on one that was erased is a question, as
// where that was revoked: nobody can follow it to its part any more.
func TestPartErased(t *testing.T) {
	for _, d := range []programme.Decision{programme.Keep, programme.Revoke} {
		p := stacked(t)
		for _, list := range []string{"workshop-roster.csv", "workshop-attendance.csv"} {
			p.upload(t, file(t, list), nil)
		}
		if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
			t.Fatal(err)
		}
		p.tell(t, passes(1))
		held := p.by(t, "participant.01@roster.example")
		part, whole := held["hc20-achievement"], held["uh-programme"]
		if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: part.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
			t.Fatal(err)
		}
		open := p.open(t)
		if len(open) != 1 || open[0].Kind != programme.PartRevoked || open[0].Credential != whole.ID || open[0].Part != part.ID {
			t.Fatalf("open are %+v", open)
		}
		p.says(t, p.record(t, whole.ID), "part_revoked hc20-achievement")
		if _, err := p.Decide(t.Context(), everybody, open[0].ID, d); err != nil {
			t.Fatal(err)
		}
		if rec := p.record(t, whole.ID); (rec.Status == issuer.Active) != (d == programme.Keep) {
			t.Errorf("after %s the whole is %s", d, rec.Status)
		}
		p.audit(t)
	}
}

// TestRepeatedPartsCountOnce: in a definition from when requires could name an
// achievement twice, one badge of it is one part.
func TestRepeatedPartsCountOnce(t *testing.T) {
	p := course(t, "all").solos(t)
	k := []byte("a/two-of")
	err := p.store.Update(t.Context(), func(tx store.Tx) error {
		v, err := tx.Get(k)
		if err != nil {
			return err
		}
		stored, err := store.Unseal(k, v)
		if err != nil {
			return err
		}
		once := bytes.Replace(stored, []byte(`["solo-b","solo-c","hc20-m1"]`), []byte(`["solo-b","solo-b","solo-c"]`), 1)
		if bytes.Equal(once, stored) {
			t.Fatalf("stored is %s", stored)
		}
		return tx.Put(k, store.Seal(k, once))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ slug, want string }{{"solo-b", "solo-b"}, {"solo-c", "solo-b solo-c two-of"}} {
		p.solo(t, step.slug, anaMail)
		if got := p.inForce(t, anaMail); got != step.want {
			t.Errorf("with %s: %s, want %s", step.slug, got, step.want)
		}
	}
	p.audit(t)
}
