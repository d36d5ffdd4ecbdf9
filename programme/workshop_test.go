package programme_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer/issuertest"
	"laurel/programme"
)

// TestWorkshopWhole goes through the workshop as it was: 58 on the list, 50
// who completed, 7 of the team; nothing before the day of release, and one who
// hands in late.
func TestWorkshopWhole(t *testing.T) {
	p := workshop(t)
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	attended := p.upload(t, file(t, "workshop-attendance.csv"), nil)
	if want := (programme.Summary{programme.OutcomePendingRelease: 50, programme.OutcomeNotMet: 8}); !maps.Equal(attended.Summary, want) {
		t.Fatalf("attendance: %v, want %v", attended.Summary, want)
	}
	unmet(t, attended)
	if n := issuertest.Audit(t, p.Issuer); n != 58 {
		t.Fatalf("%d badges before the release", n)
	}
	for range 2 { // the second time changes nothing
		if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := issuertest.Audit(t, p.Issuer); n != 108 {
		t.Fatalf("%d badges after the release, want 108", n)
	}
	team := p.upload(t, file(t, "workshop-team.csv"), nil)
	if want := (programme.Summary{programme.OutcomeIssued: 7, programme.OutcomeNotMet: 1}); !maps.Equal(team.Summary, want) {
		t.Errorf("team: %v, want %v", team.Summary, want)
	}
	if n := issuertest.Audit(t, p.Issuer); n != 115 {
		t.Errorf("%d badges, want 115", n)
	}
	again := p.upload(t, file(t, "workshop-attendance.csv"), nil)
	if again.Summary[programme.OutcomeExisting] != 50 || again.Summary[programme.OutcomeNotMet] != 8 {
		t.Errorf("attendance after the release: %v", again.Summary)
	}
	late := p.upload(t, []byte("ref,exercise\nW25-18,accepted\n"), nil)
	rec := p.record(t, late.Rows[0].Credential)
	if late.Rows[0].Outcome != programme.OutcomeIssued || rec.Achievement != "uh-kit-completion" || rec.AwardedAt.Before(p.Clock.Now().Add(-time.Minute)) {
		t.Errorf("handed in late: %+v, awarded %s", late.Rows[0], rec.AwardedAt)
	}
	signedCompletion(t, p, again.Rows[0].Credential)
}

// unmet compares what is missing for the eight.
func unmet(t *testing.T, got *programme.Result) {
	t.Helper()
	var want struct {
		Completion struct {
			NotMet []struct {
				Ref      string
				Sessions int
				Exercise string
			} `json:"not_met"`
		}
	}
	expected(t, "workshop-outcomes.json", &want)
	for _, w := range want.Completion.NotMet {
		n := slices.IndexFunc(got.Rows, func(r programme.Row) bool { return r.Ref == w.Ref })
		row := got.Rows[n]
		code := "sessions"
		if w.Sessions >= 3 {
			code = "submission"
		}
		if row.Outcome != programme.OutcomeNotMet || row.Code != code {
			t.Errorf("%s: %s %s, want %s: %+v", w.Ref, row.Outcome, row.Code, code, row.Open)
		}
	}
}

// signedCompletion looks at what is signed of a completion.
func signedCompletion(t *testing.T, p *place, id string) {
	t.Helper()
	rec := p.record(t, id)
	d, err := badge.Parse(rec.Document)
	if err != nil {
		t.Fatal(err)
	}
	s := d.View().CredentialSubject
	raw, _ := json.Marshal(s)
	if s.Role != "Participant" || s.Term != "2025-1" || s.ActivityEndDate != "2025-07-11T00:00:00Z" || len(s.Result) != 1 ||
		s.CreditsEarned == nil || *s.CreditsEarned != 8 || len(s.Achievement.Alignment) != 4 || rec.AwardedAt.Format(time.DateOnly) != "2025-07-11" {
		t.Errorf("signed is %s, awarded %s", raw, rec.AwardedAt)
	}
}
