package programme_test

import (
	"bytes"
	"reflect"
	"testing"

	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
)

// TestExpectedCredentials: the badges that come of what platforms and
// organisers tell are those that were expected, as they are signed.
func TestExpectedCredentials(t *testing.T) {
	p := course(t, "all")
	showScores(t, p)
	exercise := `{"achievement": "uh-kit-completion", "evidence": [{"name": "Capacity assessment exercise",` +
		` "narrative": "Reviewed and accepted by the workshop team.", "genre": "Exercise"}],`
	workshop := bytes.Replace(file(t, "workshop-uh-kit-2025.json"), []byte("{\n   \"achievement\": \"uh-kit-completion\","), []byte(exercise), 1)
	for _, definition := range [][]byte{workshop, file(t, "course-dh-planning.json")} {
		if _, err := p.PutActivity(t.Context(), definition, "test"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Complete(t.Context(), everybody, known(events(t))); err != nil {
		t.Fatal(err)
	}
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	p.upload(t, file(t, "workshop-attendance.csv"), nil)
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	p.upload(t, file(t, "workshop-team.csv"), nil)
	planned := func(r *programme.Roster) { r.Activity = planning }
	p.upload(t, file(t, "dh-planning-results.csv"), planned)
	p.upload(t, []byte("ref,role,approved_by\nD25-01,co-facilitator,course-lead\n"), func(r *programme.Roster) {
		planned(r)
		r.OccurredAt = trainerSince
	})
	passed := events(t)[5] // somebody of the workshop passes the course, too
	passed.ID, passed.Digest, passed.Learner = "evt-06", []byte("another"), completion.Learner{Email: "participant.06@roster.example", Name: "Participant 06"}
	if _, err := p.Complete(t.Context(), everybody, []completion.Completion{passed}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, achievement, email string }{
		{"course-achievement", "hc20-achievement", "participant.01@learner.example"},
		{"workshop-participant", "uh-kit-participant", "participant.01@roster.example"},
		{"workshop-completion", "uh-kit-completion", "participant.01@roster.example"},
		{"facilitator", "uh-kit-facilitator", "facilitator.01@team.example"},
		{"dh-planning", "dh-planning", "participant.02@dh.example"},
		{"dh-trainer", "dh-trainer", "participant.01@dh.example"},
		{"programme", "uh-programme", "participant.06@roster.example"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := p.badgeOf(t, c.achievement, c.email)
			got, err := strictjson.Parse(rec.Document, strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			want, err := strictjson.Parse(file(t, "../../issuer/testdata/expected/credential-"+c.name+".json"), strictjson.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			is, was := issuertest.Comparable(t, got, c.email), issuertest.Comparable(t, want, c.email)
			if c.name == "programme" { // the parts are other badges here
				withoutIDs(t, is)
				withoutIDs(t, was)
			}
			if !reflect.DeepEqual(is, was) {
				t.Errorf("issued:\n%s\nexpected:\n%s", issuertest.Indented(is), issuertest.Indented(was))
			}
		})
	}
}

func withoutIDs(t *testing.T, c map[string]any) {
	t.Helper()
	list := c["evidence"].([]any)
	for _, e := range list {
		if id, ok := e.(map[string]any)["id"].(string); !ok || len(id) < 30 {
			t.Errorf("evidence %v", e)
		}
		delete(e.(map[string]any), "id")
	}
}

// showScores lets the badge of the workshop tell how many sessions there were:
// the expected one does, and the template says nothing.
func showScores(t *testing.T, p *place) {
	t.Helper()
	a, err := p.Issuer.Achievement(t.Context(), "uh-kit-completion")
	if err != nil {
		t.Fatal(err)
	}
	a.Results = issuer.ResultsScore
	if _, err := p.PutAchievement(t.Context(), *a, "test"); err != nil {
		t.Fatal(err)
	}
}

// badgeOf is the one badge of an achievement that a person holds.
func (p *place) badgeOf(t testing.TB, achievement, email string) *issuer.Record {
	t.Helper()
	page, err := p.Issuer.List(t.Context(), issuer.Filter{Issuers: []string{"urban-health-learning", "digital-health-learning"}, Achievement: achievement, Email: email})
	if err != nil || len(page.Records) != 1 {
		t.Fatalf("%s of %s: %d badges, %v", achievement, email, len(page.Records), err)
	}
	return page.Records[0]
}
