package programme_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/facts"
)

// TestReleaseTellsWhoIsLeft: what a name or a review holds back is told when
// the edition is released, and stays held.
func TestReleaseTellsWhoIsLeft(t *testing.T) {
	p := workshop(t)
	p.upload(t, file(t, "workshop-roster.csv"), nil)
	at := time.Date(2025, 7, 11, 12, 0, 0, 0, time.UTC)
	did := facts.Facts{Submissions: map[string]facts.Set{"exercise": {"accepted": at}}, Roles: facts.Set{"participant": at},
		Sessions: facts.Set{"2025-06-20": at, "2025-06-27": at, "2025-07-04": at}}
	report := func(id string, who completion.Learner) {
		answers, err := p.Complete(t.Context(), everybody, []completion.Completion{{ID: id, Source: "lms-a", Kind: completion.Progress,
			OccurredAt: at, Activity: activity, Learner: who, Facts: did, Digest: []byte(id)}})
		if err != nil || answers[0].Fault != nil {
			t.Fatal(err, answers[0].Fault)
		}
	}
	report("1", completion.Learner{ID: "u-1"})
	report("2", completion.Learner{ID: "u-2", Name: "Somebody Else", Email: "participant.01@roster.example"})
	report("3", completion.Learner{ID: "u-3", Name: "Person 3", Email: "person.3@many.example"})
	before := issuertest.Audit(t, p.Issuer)
	for _, issued := range []int{1, 0} {
		done, err := p.Release(t.Context(), everybody, activity, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, l := range done.Left {
			left = append(left, fmt.Sprintf("%s %s", l.Achievement, l.Outcome))
		}
		slices.Sort(left)
		want := []string{"uh-kit-completion held_for_review", "uh-kit-completion pending_identity", "uh-kit-participant held_for_review", "uh-kit-participant pending_identity"}
		if done.Issued != issued || !slices.Equal(left, want) || done.Activity != activity || done.Edition != "2025-1" || done.At.IsZero() {
			t.Errorf("%+v, left %q", done, left)
		}
	}
	if n := issuertest.Audit(t, p.Issuer); n != before+1 {
		t.Errorf("%d badges more", n-before)
	}
	if at, err := p.ReleasedAt(t.Context(), everybody, activity, "2025-1"); err != nil || at.IsZero() {
		t.Errorf("released at %v, %v", at, err)
	}
	if at, err := p.ReleasedAt(t.Context(), programme.Caller{Test: true}, activity, "2025-1"); err != nil || !at.IsZero() {
		t.Errorf("in trials: %v, %v", at, err)
	}
}
