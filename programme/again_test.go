package programme_test

import (
	"testing"
	"time"

	"laurel/issuer"
	"laurel/programme"
)

// TestEarnedAgain: what a person revoked and what is earned since is a question,
// whichever door tells it; the answer decides, and holds for what was told until
// then.
func TestEarnedAgain(t *testing.T) {
	later := said{learner: ana, facts: points("55")}
	held := func(t *testing.T) (*place, *issuer.Record) {
		p := course(t, "all")
		p.tell(t, said{learner: ana, facts: points("51")})
		old := p.by(t, "shared@learner.example")["hc20-achievement"]
		if _, err := p.Revoke(t.Context(), old.ID, "issued_in_error", "test", everybody.MayIssue); err != nil {
			t.Fatal(err)
		}
		if got := results(p.tell(t, said{learner: ana, facts: points("60")})); got != "existing" {
			t.Errorf("what was done before it: %s", got)
		}
		p.Clock.Advance(48 * time.Hour)
		later.day = p.Clock.Now().Add(-24 * time.Hour).Format(time.DateOnly)
		for range 2 {
			answer := p.tell(t, later)[0]
			a := answer.Awards[len(answer.Awards)-1]
			if answer.Result != programme.OutcomeHeld || a.Review != programme.EarnedAgain || a.Credential != old.ID {
				t.Errorf("passed again: %+v", answer)
			}
		}
		open := p.open(t)
		if len(open) != 1 || open[0].Kind != programme.EarnedAgain || open[0].Credential != old.ID || open[0].EarnedAt.Format(time.DateOnly) != later.day {
			t.Fatalf("open are %+v", open)
		}
		p.first = open[0].ID
		if active, revoked := p.audit(t); active != 1 || revoked != 1 {
			t.Errorf("in question: %d in force, %d revoked", active, revoked)
		}
		if _, err := p.Decide(t.Context(), everybody, p.first, programme.Keep); err == nil {
			t.Error("it was decided with a word that is no answer")
		}
		return p, old
	}
	decide := func(t *testing.T, p *place, d programme.Decision) {
		t.Helper()
		for range 2 {
			if _, err := p.Decide(t.Context(), everybody, p.first, d); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("issue", func(t *testing.T) {
		p, old := held(t)
		decide(t, p, programme.Issue)
		now := p.by(t, "shared@learner.example")["hc20-achievement"]
		if now.ID == old.ID || now.Status != issuer.Active || now.AwardedAt.Format(time.DateOnly) != later.day {
			t.Errorf("%s of %s is %s", now.ID, now.AwardedAt, now.Status)
		}
		if got := results(p.tell(t, later)); got != "existing" {
			t.Errorf("told once more: %s", got)
		}
		if active, revoked := p.audit(t); active != 2 || revoked != 1 {
			t.Errorf("%d in force, %d revoked", active, revoked)
		}
	})
	t.Run("refuse", func(t *testing.T) {
		p, _ := held(t)
		decide(t, p, programme.Refuse)
		if got := results(p.tell(t, later)); got != "existing" || len(p.open(t)) != 0 {
			t.Errorf("told once more: %s, and %d questions", got, len(p.open(t)))
		}
		p.Clock.Advance(48 * time.Hour)
		later.day = p.Clock.Now().Add(-24 * time.Hour).Format(time.DateOnly)
		if got := results(p.tell(t, later)); got != "held_for_review" || len(p.open(t)) != 1 {
			t.Errorf("passed once more: %s, and %d questions", got, len(p.open(t)))
		}
		if active, revoked := p.audit(t); active != 1 || revoked != 1 {
			t.Errorf("%d in force, %d revoked", active, revoked)
		}
	})
	t.Run("erased", func(t *testing.T) {
		p, old := held(t)
		if _, _, err := p.Erase(t.Context(), issuer.Amendment{ID: old.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
			t.Fatal(err)
		}
		if open := p.open(t); len(open) != 0 {
			t.Errorf("open are %+v", open)
		}
		p.audit(t)
	})
}

// TestListedAgain: a list asks the same question, in the row; a list that tells
// nothing new asks nothing.
func TestListedAgain(t *testing.T) {
	p := workshop(t)
	list := []byte("name,email,role\nAna Prado,ana@roster.example,participant\n")
	p.upload(t, list, nil)
	old := p.by(t, "ana@roster.example")["uh-kit-participant"]
	if _, err := p.Revoke(t.Context(), old.ID, "issued_in_error", "test", everybody.MayIssue); err != nil {
		t.Fatal(err)
	}
	row := func() programme.Row { return p.upload(t, list, nil).Rows[0] }
	if r := row(); r.Outcome != programme.OutcomeExisting || r.Code != "revoked" {
		t.Errorf("the same list: %+v", r)
	}
	p.Clock.Advance(time.Hour)
	list = []byte("name,email,role,2025-06-20\nAna Prado,ana@roster.example,participant,1\n")
	now := func(r *programme.Roster) { r.OccurredAt = p.Clock.Now() }
	r := p.upload(t, list, now).Rows[0]
	if r.Outcome != programme.OutcomeHeld || r.Code != "earned_again" || r.Credential != old.ID {
		t.Errorf("a list that tells more: %+v", r)
	}
	open := p.open(t)
	if len(open) != 1 || open[0].Kind != programme.EarnedAgain {
		t.Fatalf("open are %+v", open)
	}
	if _, err := p.Decide(t.Context(), everybody, open[0].ID, programme.Issue); err != nil {
		t.Fatal(err)
	}
	if rec := p.by(t, "ana@roster.example")["uh-kit-participant"]; rec.ID == old.ID || rec.Status != issuer.Active {
		t.Errorf("after the decision it is %s", rec.Status)
	}
	p.audit(t)
}

// TestServedAgain: who was served by a list answers existing when it comes again,
// though it tells of results that a further badge would need more of; who was not
// served by it is told what is missing each time.
func TestServedAgain(t *testing.T) {
	p := course(t, "all")
	on := func(r *programme.Roster) { r.Activity = "hc20" }
	list := []byte("ref,name,email,points,max\nZ-1,Ana Prado,ana@roster.example,55,60\nZ-2,Bo Li,bo@roster.example,12,60\n")
	first := p.upload(t, list, on).Rows
	for _, again := range []string{string(list), string(list) + "Z-3,Cy Doe,cy@roster.example,1,60\n"} {
		rows := p.upload(t, []byte(again), on).Rows
		if rows[0].Outcome != programme.OutcomeExisting || rows[0].Code != "" || rows[0].Credential != first[0].Credential || rows[1].Outcome != programme.OutcomeNotMet {
			t.Errorf("first %s, then %s %q, and %s", first[0].Outcome, rows[0].Outcome, rows[0].Code, rows[1].Outcome)
		}
	}
	row := p.upload(t, []byte("ref,points,max\nZ-1,57,60\n"), on).Rows[0]
	if row.Outcome != programme.OutcomeNotMet {
		t.Errorf("a list that says more and brings nothing: %s", row.Outcome)
	}
}
