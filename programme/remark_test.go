package programme_test

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/store"
)

// remarks are the codes of what there is to be said of a badge, with the
// achievements that they are about.
func (p *place) remarks(t *testing.T, rec *issuer.Record) []string {
	t.Helper()
	list, err := p.Remarks(t.Context(), p.record(t, rec.ID))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, r := range list {
		if r.Achievement != "" && (r.In("fr") == "" || r.In("xx") != r.Name[r.Language]) {
			t.Errorf("%s of %s has no name", r.Code, r.Achievement)
		}
		said = append(said, string(r.Code)+" "+r.Achievement)
	}
	return said
}

// standing is what is known of the entry of a badge.
func (p *place) standing(t *testing.T, rec *issuer.Record) *programme.Standing {
	t.Helper()
	st, err := p.Standing(t.Context(), rec.List, rec.Index)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func (p *place) says(t *testing.T, rec *issuer.Record, want ...string) {
	t.Helper()
	if got := p.remarks(t, rec); !slices.Equal(got, want) {
		t.Errorf("of %s it says %q, want %q", rec.Achievement, got, want)
	}
}

func (p *place) change(t *testing.T, rec *issuer.Record, action issuer.Action) {
	t.Helper()
	c := issuer.Change{ID: rec.ID, Action: action, Reason: "issued_in_error", Actor: "test", MayTouch: everybody.MayIssue}
	if _, err := p.Issuer.ChangeStatus(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

func (p *place) report(t *testing.T, events ...completion.Completion) {
	t.Helper()
	answers, err := p.Complete(t.Context(), everybody, events)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		if a.Fault != nil {
			t.Fatalf("%s: %v", a.Event, a.Fault)
		}
	}
}

const learner01 = "participant.01@learner.example"

// TestHigherStepIsSaid: the lower step stays as it was, and says that there is a
// higher one as long as that is to be seen and in force.
func TestHigherStepIsSaid(t *testing.T) {
	p := course(t, "all")
	p.report(t, events(t)[:2]...)
	lower := p.badgeOf(t, "hc20-participation", learner01)
	p.says(t, lower)
	p.report(t, events(t)[2])
	higher, module := p.badgeOf(t, "hc20-achievement", learner01), p.badgeOf(t, "hc20-m1", learner01)
	p.says(t, lower, "higher_step hc20-achievement")
	p.says(t, higher)
	p.says(t, module) // no step of the ladder
	if now := p.record(t, lower.ID); !bytes.Equal(now.Document, lower.Document) || now.Status != issuer.Active {
		t.Error("the lower step was changed")
	}
	list, err := p.Remarks(t.Context(), lower)
	if err != nil || list[0].In("fr") == list[0].In("en") || list[0].In("fr") == "" {
		t.Errorf("%+v, %v", list, err)
	}
	p.change(t, higher, issuer.Revoke)
	p.says(t, lower)
	p.says(t, higher) // out of force: nothing beside that
}

// TestHigherStepIsNotGivenAway: nothing is said of an erased badge.
func TestHigherStepIsNotGivenAway(t *testing.T) {
	p := course(t, "all")
	p.report(t, events(t)[:3]...)
	lower, higher := p.badgeOf(t, "hc20-participation", learner01), p.badgeOf(t, "hc20-achievement", learner01)
	p.says(t, lower, "higher_step hc20-achievement")
	if _, _, err := p.Issuer.Erase(t.Context(), issuer.Amendment{ID: higher.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
		t.Fatal(err)
	}
	p.says(t, lower)
	p.says(t, higher)
}

// TestHigherStepEnds: a higher step whose term is over is none any more, to the
// second.
func TestHigherStepEnds(t *testing.T) {
	p := course(t, "all")
	a, err := p.Issuer.Achievement(t.Context(), "hc20-achievement")
	if err != nil {
		t.Fatal(err)
	}
	a.Validity = "P3Y"
	if _, err := p.PutAchievement(t.Context(), *a, "test"); err != nil {
		t.Fatal(err)
	}
	p.report(t, events(t)[:3]...)
	lower, higher := p.badgeOf(t, "hc20-participation", learner01), p.badgeOf(t, "hc20-achievement", learner01)
	p.Clock.Advance(higher.ValidUntil.Sub(p.Clock.Now()))
	p.says(t, lower, "higher_step hc20-achievement")
	p.Clock.Advance(time.Second)
	p.says(t, lower)
}

// TestRegradeIsNotSaid: a badge that a regrade put in question says nothing of it,
// whether somebody has decided or not.
func TestRegradeIsNotSaid(t *testing.T) {
	for decision, after := range map[programme.Decision]issuer.Status{programme.Keep: issuer.Active, programme.Revoke: issuer.Revoked} {
		p := course(t, "all")
		p.report(t, events(t)[8])
		rec, lower := p.badgeOf(t, "hc20-achievement", "participant.06@learner.example"), p.badgeOf(t, "hc20-participation", "participant.06@learner.example")
		p.says(t, lower, "higher_step hc20-achievement")
		p.report(t, events(t)[9])
		p.says(t, rec)
		p.says(t, lower) // a step that may not stand is not said to
		p.decide(t, rec, programme.Regraded, decision)
		p.says(t, rec)
		if now := p.record(t, rec.ID); now.Status != after {
			t.Errorf("after %s it is %s", decision, now.Status)
		}
	}
}

// decide answers the one question about a badge.
func (p *place) decide(t *testing.T, rec *issuer.Record, kind programme.Question, d programme.Decision) {
	t.Helper()
	open, err := p.Reviews(t.Context(), everybody)
	if err != nil {
		t.Fatal(err)
	}
	n := slices.IndexFunc(open, func(r *programme.Review) bool { return r.Credential == rec.ID })
	if n < 0 || open[n].Kind != kind {
		t.Fatalf("reviews %+v", open)
	}
	if _, err := p.Decide(t.Context(), everybody, open[n].ID, d); err != nil {
		t.Fatal(err)
	}
}

// urban is a place where participant 06 of the workshop has the badge of the
// whole programme.
func urban(t *testing.T, change func(*issuer.Achievement)) (p *place, whole, part *issuer.Record) {
	t.Helper()
	p = course(t, "all")
	if change != nil {
		a, err := p.Issuer.Achievement(t.Context(), "uh-programme")
		if err != nil {
			t.Fatal(err)
		}
		change(a)
		if _, err := p.PutAchievement(t.Context(), *a, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.PutActivity(t.Context(), file(t, "workshop-uh-kit-2025.json"), "test"); err != nil {
		t.Fatal(err)
	}
	p.upload(t, []byte("ref,name,email,role,2025-06-20,2025-06-27,2025-07-04,exercise\nW25-06,Participant 06,participant.06@roster.example,participant,1,1,1,accepted\n"), nil)
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	passed := events(t)[5]
	passed.ID, passed.Digest, passed.Learner = "evt-06", []byte("another"), completion.Learner{Email: "participant.06@roster.example", Name: "Participant 06"}
	p.report(t, passed)
	return p, p.badgeOf(t, "uh-programme", "participant.06@roster.example"), p.badgeOf(t, "uh-kit-completion", "participant.06@roster.example")
}

// TestPartRevokedIsSaid: what rests on a badge that was revoked is held and
// names it, until somebody has decided.
func TestPartRevokedIsSaid(t *testing.T) {
	for decision, after := range map[programme.Decision]issuer.Status{programme.Keep: issuer.Active, programme.Revoke: issuer.Revoked} {
		p, whole, part := urban(t, nil)
		p.says(t, whole)
		if name, held := p.standing(t, whole).Held(); held {
			t.Errorf("held before: %q", name)
		}
		p.change(t, part, issuer.Revoke)
		p.says(t, whole, "part_revoked uh-kit-completion")
		name, held := p.standing(t, whole).Held()
		if !held || name != "Urban Health Capacity Resource Kit Workshop – Completion" {
			t.Errorf("held: %q, %v", name, held)
		}
		if _, held := p.standing(t, part).Held(); held {
			t.Error("the part itself is held")
		}
		if now := p.record(t, whole.ID); now.Status != issuer.Active {
			t.Errorf("what cannot be suspended is %s", now.Status)
		}
		p.decide(t, whole, programme.PartRevoked, decision)
		p.says(t, whole)
		if now := p.record(t, whole.ID); now.Status != after {
			t.Errorf("after %s it is %s", decision, now.Status)
		}
		if n := issuertest.Audit(t, p.Issuer); n == 0 {
			t.Error("no badges")
		}
	}
}

// TestPartRevokedSuspends: what can be suspended is, and says why.
func TestPartRevokedSuspends(t *testing.T) {
	p, whole, part := urban(t, func(a *issuer.Achievement) { a.Suspendable = true })
	p.change(t, part, issuer.Revoke)
	if now := p.record(t, whole.ID); now.Status != issuer.Suspended || now.PublicReason() != "under_review" {
		t.Errorf("it is %s, %s", now.Status, now.PublicReason())
	}
	p.says(t, whole, "part_revoked uh-kit-completion")
	p.decide(t, whole, programme.PartRevoked, programme.Keep)
	if now := p.record(t, whole.ID); now.Status != issuer.Active {
		t.Errorf("after the decision it is %s", now.Status)
	}
	p.says(t, whole)
}

// TestTrainerRestsOnPlanning: what the rule of an award asks for carries it as
// the parts of a whole do.
func TestTrainerRestsOnPlanning(t *testing.T) {
	p, id := trainer(t)
	rec := p.record(t, id)
	p.says(t, rec)
	p.change(t, p.badgeOf(t, "dh-planning", "participant.01@dh.example"), issuer.Revoke)
	p.says(t, rec, "part_revoked dh-planning")
	p.decide(t, rec, programme.PartRevoked, programme.Revoke)
	p.says(t, rec)
}

// TestNewerVersionIsSaid: an achievement that gets a new name leaves the badges
// that there are as they were signed, and those say that it has one.
func TestNewerVersionIsSaid(t *testing.T) {
	p := workshop(t)
	p.upload(t, []byte("ref,name,email,role\nW25-01,Participant 01,participant.01@roster.example,participant\n"), nil)
	old := p.badgeOf(t, "uh-kit-participant", "participant.01@roster.example")
	p.says(t, old)
	a, err := p.Issuer.Achievement(t.Context(), "uh-kit-participant")
	if err != nil {
		t.Fatal(err)
	}
	a.Version, a.Name["en"] = "2", "Participant – Urban Health Resource Kit"
	if _, err := p.PutAchievement(t.Context(), *a, "test"); err != nil {
		t.Fatal(err)
	}
	p.says(t, old, "newer_version uh-kit-participant")
	list, _ := p.Remarks(t.Context(), old)
	if len(list) != 1 || list[0].In("en") != a.Name["en"] {
		t.Errorf("%+v", list)
	}
	if now := p.record(t, old.ID); !bytes.Equal(now.Document, old.Document) {
		t.Error("the badge was changed")
	}
	p.upload(t, []byte("ref,name,email,role\nW25-02,Participant 02,participant.02@roster.example,participant\n"), nil)
	p.says(t, p.badgeOf(t, "uh-kit-participant", "participant.02@roster.example"))
}

// TestStanding: what is known of an entry leads to its badge, and to no more of it
// than everybody may know.
func TestStanding(t *testing.T) {
	p := course(t, "all")
	p.report(t, events(t)[:3]...)
	rec := p.badgeOf(t, "hc20-participation", learner01)
	known := func(record, remarks bool) {
		t.Helper()
		st := p.standing(t, rec)
		if (st.Record != nil) != record || record && (st.Record.ID != rec.ID || st.Record.Index != rec.Index) || (len(st.Remarks) == 1) != remarks {
			t.Errorf("%+v", st)
		}
	}
	known(true, true)
	if p.standing(t, rec).Revoked() {
		t.Error("it stands, and is told as revoked")
	}
	for _, free := range []issuer.Record{{List: rec.List, Index: 1 << 17}, {List: "nobody-1", Index: rec.Index}, {List: "no list", Index: rec.Index}} {
		if st := p.standing(t, &free); st.Record != nil || st.Remarks != nil {
			t.Errorf("of nothing it says %+v", st)
		}
	}
	claim := p.Issuer.Claim(rec)
	if _, err := p.Issuer.Hide(t.Context(), claim, nil); err != nil {
		t.Fatal(err)
	}
	known(false, false)
	if _, err := p.Issuer.Show(t.Context(), claim, nil); err != nil {
		t.Fatal(err)
	}
	known(true, true)
	if _, _, err := p.Issuer.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: everybody.MayIssue}); err != nil {
		t.Fatal(err)
	}
	known(true, false)
	if !p.standing(t, rec).Revoked() {
		t.Error("it was erased, and is not told as revoked")
	}
}

// TestStandingIsNotGuessed: a badge that is held is never told as good because the
// part that it is held for cannot be read.
func TestStandingIsNotGuessed(t *testing.T) {
	p, whole, part := urban(t, nil)
	p.change(t, part, issuer.Revoke)
	if _, held := p.standing(t, whole).Held(); !held {
		t.Fatal("not held")
	}
	if err := p.store.Update(t.Context(), func(tx store.Tx) error { return tx.Delete([]byte("n/" + part.ID)) }); err != nil {
		t.Fatal(err)
	}
	if st, err := p.Standing(t.Context(), whole.List, whole.Index); err == nil {
		t.Errorf("told as %+v", st)
	}
	p.change(t, whole, issuer.Revoke)
	if said, err := p.Remarks(t.Context(), p.record(t, whole.ID)); err != nil || said != nil {
		t.Errorf("of what is out of force: %v, %v", said, err)
	}
}
