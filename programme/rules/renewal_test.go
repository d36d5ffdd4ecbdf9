package rules_test

import (
	"testing"
	"time"

	"laurel/internal/calendar"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

func TestRenewalStates(t *testing.T) {
	var want struct {
		Renewal []struct {
			ValidFrom  time.Time
			ValidUntil time.Time
			Checks     []struct {
				At      time.Time
				Verify  string
				Renewal rules.State
			}
		}
	}
	expected(t, "dh-planning-outcomes.json", &want)
	trainer := activity(t, string(fixture(t, "course-dh-planning.json"))).Rule("dh-trainer")
	term := want.Renewal[0]
	if end := trainer.Validity.After(term.ValidFrom); !end.Equal(term.ValidUntil) {
		t.Errorf("the term ends on %s", end)
	}
	if len(term.Checks) != 6 {
		t.Fatalf("%d checks", len(term.Checks))
	}
	for _, c := range term.Checks {
		if got := trainer.Renewal.State(term.ValidUntil, c.At); got != c.Renewal {
			t.Errorf("%s: %s, want %s", c.At, got, c.Renewal)
		}
	}
	if got := trainer.Renewal.State(term.ValidUntil, time.Date(2029, 4, 15, 0, 0, 0, 0, time.UTC)); got != rules.Grace {
		t.Errorf("the last moment of grace is %s", got)
	}
	if got := trainer.Renewal.State(time.Time{}, noon); got != rules.TooEarly {
		t.Errorf("what has no end is %s", got)
	}
	none := rules.Renewal{WindowBefore: calendar.Duration{Days: 1}}
	if got := none.State(noon, noon.Add(time.Second)); got != rules.Closed {
		t.Errorf("without grace it is %s", got)
	}
}

func TestService(t *testing.T) {
	s := rules.Service{RoleIn: []string{"facilitator", "lead"}, Editions: 2}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	roles := map[string]facts.Set{
		"before": {"facilitator": day(-1)}, "other": {"participant": day(1)},
		"one": {"facilitator": day(3), "lead": day(2)}, "two": {"lead": day(5)}, "three": {"lead": day(9)},
	}
	if out := s.Evaluate(roles, noon); !out.Met || !out.At.Equal(day(5)) {
		t.Errorf("%+v", out)
	}
	delete(roles, "two")
	delete(roles, "three")
	out := s.Evaluate(roles, noon)
	if out.Met || asJSON(t, out.Missing) != `[{"role_in":["facilitator","lead"],"have":"1","editions_gte":2}]` || out.Codes()[0] != rules.CodeEditions {
		t.Errorf("%+v, %s", out, asJSON(t, out.Missing))
	}
	if !(rules.Service{}).Evaluate(nil, noon).Met {
		t.Error("a renewal that asks for nothing asks for something")
	}
}
