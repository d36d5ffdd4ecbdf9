package programme_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"laurel/issuer"
	"laurel/programme"
)

// TestGrounds: of each badge stands on record what was known, and the rule that it
// met in the words of that time; of a whole, the parts.
func TestGrounds(t *testing.T) {
	p := stacked(t)
	p.tell(t, passes(6))
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	p.upload(t, file(t, "workshop-attendance.csv"), nil)
	if _, err := p.Release(t.Context(), everybody, activity, "", nil); err != nil {
		t.Fatal(err)
	}
	six := p.by(t, "participant.06@roster.example")
	of := func(achievement string) *programme.Grounds {
		t.Helper()
		g, err := p.Grounds(t.Context(), everybody, six[achievement])
		if err != nil || g.Achievement != achievement || g.State != programme.StateIssued || g.Found {
			t.Fatalf("%s: %+v %v", achievement, g, err)
		}
		return g
	}
	workshop, err := p.Activity(t.Context(), activity)
	if err != nil {
		t.Fatal(err)
	}
	g := of("uh-kit-completion")
	if g.Activity != activity || g.Edition != "2025-1" || g.Version != workshop.Version || g.Upload == "" || !strings.Contains(string(g.Rule), `"sessions_attended_gte"`) ||
		len(g.Facts.Sessions) < 3 || len(g.Facts.Submissions["exercise"]) != 1 || !g.EarnedAt.Equal(six[g.Achievement].AwardedAt) {
		t.Errorf("%+v", g)
	}
	if g := of("hc20-achievement"); g.Upload != "" || g.Facts.Points == nil || !strings.Contains(string(g.Rule), `"points_percent_gte"`) {
		t.Errorf("%+v", g)
	}
	other := everybody
	other.MayIssue = func(slug string) bool { return slug != six["hc20-achievement"].Issuer }
	if g, err := p.Grounds(t.Context(), other, six["uh-programme"]); err != nil || slices.Contains(g.Parts, six["hc20-achievement"].ID) {
		t.Errorf("for another issuer: %+v %v", g, err)
	}
	if g := of("uh-programme"); g.Activity != "" || g.Rule != nil || g.Facts != nil || len(g.Parts) != 2 || g.Parts[0] != six["hc20-achievement"].ID {
		t.Errorf("%+v", g)
	}
	elsewhere := everybody
	elsewhere.MayReport = func(slug string) bool { return slug == "hc20" }
	for _, achievement := range []string{"uh-kit-completion", "uh-programme"} {
		if g, err := p.Grounds(t.Context(), elsewhere, six[achievement]); !errors.Is(err, issuer.ErrNotFound) || g != nil {
			t.Errorf("%s, for staff of another activity: %+v %v", achievement, g, err)
		}
	}
	if _, err := p.Grounds(t.Context(), elsewhere, six["hc20-achievement"]); err != nil {
		t.Errorf("for staff of its activity: %v", err)
	}
	// A list that names an achievement, which no rule of the activity gives.
	p.upload(t, []byte("ref,name,email\nW25-06,Participant 06,participant.06@roster.example\n"), func(r *programme.Roster) { r.Achievement = "network-member" })
	six = p.by(t, "participant.06@roster.example")
	if g := of("network-member"); g.Activity != activity || g.Rule != nil || g.Upload == "" {
		t.Errorf("%+v", g)
	}
}
