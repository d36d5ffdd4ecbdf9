package programme_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/programme"
)

// terms is a place with a course in which a badge without a term is earned by
// some points and one with a term of a year by most of them; on the first rests a whole with a
// term of a year.
func terms(t *testing.T) *place {
	t.Helper()
	p := emptyPlace(t)
	put := func(slug, validity string, q *issuer.Requires) {
		t.Helper()
		a := issuer.Achievement{Slug: slug, Issuer: "urban-health-learning", Name: issuer.Text{"en": slug}, Description: issuer.Text{"en": slug},
			Criteria: issuer.Text{"en": "Do it."}, Requires: q, Validity: validity, InLanguage: "en", Version: "1"}
		if _, err := p.PutAchievement(t.Context(), a, "test"); err != nil {
			t.Fatal(err)
		}
	}
	put("always", "", nil)
	put("a-year", "P1Y", nil)
	put("whole-year", "P1Y", &issuer.Requires{All: []string{"always"}})
	for _, c := range []struct{ id, more string }{{"terms", ""}, {"gated", `,"release":{"mode":"manual"}`}} {
		definition := fmt.Sprintf(`{"id":%q,"kind":"course","title":{"en":"Terms"},"award_rules":[{"achievement":"a-year","all":[{"points_percent_gte":80}]},{"achievement":"always","all":[{"points_percent_gte":10}]}]%s}`, c.id, c.more)
		if _, err := p.PutActivity(t.Context(), []byte(definition), "test"); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.PutSource(t.Context(), programme.Source{Slug: "lms-a", TrustEmail: true}, "test"); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestTermThatIsOver: what was earned so long ago that its term is over is left
// out, with words, of the rules as of the wholes; what was earned beside it is
// issued, by a report, a list and a release.
func TestTermThatIsOver(t *testing.T) {
	p := terms(t)
	old := p.Clock.Now().AddDate(-3, 0, 0).Truncate(time.Hour)
	answer := p.tell(t, said{activity: "terms", day: old.Format(time.DateOnly), learner: ana, facts: points("55")})[0]
	if answer.Fault != nil || answer.Result != programme.OutcomeIssued {
		t.Fatalf("%+v", answer)
	}
	if got := p.inForce(t, "shared@learner.example"); got != "always" {
		t.Errorf("holds %s", got)
	}
	open := map[string]string{}
	for _, o := range answer.Open {
		raw, err := json.Marshal(o.Missing)
		if err != nil {
			t.Fatal(err)
		}
		open[o.Achievement] = string(raw)
	}
	ended := fmt.Sprintf(`[{"expired":"%sT12:00:00Z"}]`, old.AddDate(1, 0, 0).Format(time.DateOnly))
	if len(answer.Open) != 2 || open["a-year"] != ended || open["whole-year"] != ended {
		t.Errorf("left out are %v, want a-year and whole-year with %s", open, ended)
	}
	list := func(mail string) *programme.Row {
		t.Helper()
		csv := "ref,name,email,points,max\nT-" + mail + ",Tom Tide," + mail + ",55,60\n"
		result := p.upload(t, []byte(csv), func(r *programme.Roster) { r.Activity, r.OccurredAt = "terms", old })
		return &result.Rows[0]
	}
	if row := list("tom@roster.example"); row.Outcome != programme.OutcomeIssued || len(row.Awards) != 1 {
		t.Errorf("by a list: %+v", row)
	}
	row := p.upload(t, []byte("ref,name,email,points,max\nT-9,Una Ode,una@roster.example,55,60\n"),
		func(r *programme.Roster) { r.Activity, r.OccurredAt, r.Achievement = "terms", old, "a-year" }).Rows[0]
	if row.Outcome != programme.OutcomeNotMet || row.Code != "expired" {
		t.Errorf("nothing but what is over: %+v", row)
	}
	// What waits, and the term of which ends meanwhile, is told of at the release.
	p.tell(t, said{activity: "gated", day: p.Clock.Now().AddDate(0, -6, 0).Format(time.DateOnly), learner: `{"id":"g-1","name":"Gil Gate","email":"gil@learner.example"}`, facts: points("55")})
	p.Clock.Advance(365 * 24 * time.Hour)
	released, err := p.Release(t.Context(), everybody, "gated", "", nil)
	if err != nil || released.Issued != 1 || len(released.Left) != 1 || released.Left[0].Achievement != "a-year" || released.Left[0].Code != "expired" {
		t.Errorf("released: %+v, %v", released, err)
	}
	if got := p.inForce(t, "gil@learner.example"); got != "always" {
		t.Errorf("released, and holds %s", got)
	}
	p.audit(t)
}

// TestTermOverInAnyOrder: whoever passed long ago and again of late holds the badge
// of the latter, whichever was told first.
func TestTermOverInAnyOrder(t *testing.T) {
	p := terms(t)
	now := p.Clock.Now()
	late := now.AddDate(0, -2, 0).Format(time.DateOnly)
	list := []said{{day: now.AddDate(-3, 0, 0).Format(time.DateOnly), facts: points("55")}, {day: now.AddDate(-2, 0, 0).Format(time.DateOnly), facts: points("55")},
		{day: late, facts: points("55")}}
	for n := range 8 {
		mail := fmt.Sprintf("t%d@learner.example", n)
		for _, i := range rand.New(rand.NewPCG(15, uint64(n))).Perm(len(list)) {
			e := list[i]
			e.activity, e.learner = "terms", fmt.Sprintf(`{"id":"t-%d","email":%q,"name":"Number %d"}`, n, mail, n)
			if answer := p.tell(t, e)[0]; answer.Fault != nil {
				t.Error(answer.Fault)
			}
		}
		held := p.by(t, mail)
		if held["always"] == nil || held["a-year"] == nil || held["a-year"].AwardedAt.Format(time.DateOnly) != late {
			t.Errorf("person %d holds %v, want the badge of %s", n, held, late)
		}
	}
	p.audit(t)
}
