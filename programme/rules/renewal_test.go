package rules_test

import (
	"testing"
	"time"

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
	none := rules.Renewal{WindowBefore: rules.Duration{Days: 1}}
	if got := none.State(noon, noon.Add(time.Second)); got != rules.Closed {
		t.Errorf("without grace it is %s", got)
	}
}

func TestDurations(t *testing.T) {
	for _, c := range []struct{ duration, from, after, before string }{
		{"P6M", "2029-01-15", "2029-07-15", "2028-07-15"},
		{"P3Y", "2024-02-29", "2027-02-28", "2021-02-28"},
		{"P1M", "2025-01-31", "2025-02-28", "2024-12-31"},
		{"P1M", "2024-03-31", "2024-04-30", "2024-02-29"},
		{"P6M", "2025-08-31", "2026-02-28", "2025-02-28"},
		{"P1Y2M3D", "2025-12-30", "2027-03-03", "2024-10-27"},
		{"P90D", "2025-01-01", "2025-04-01", "2024-10-03"},
	} {
		d, ok := rules.ParseDuration(c.duration)
		from, err := time.Parse(time.DateOnly, c.from)
		if !ok || err != nil {
			t.Fatal(c.duration, err)
		}
		if after, before := d.After(from).Format(time.DateOnly), d.Before(from).Format(time.DateOnly); after != c.after || before != c.before {
			t.Errorf("%s from %s: %s and %s", c.duration, c.from, after, before)
		}
	}
	for _, s := range []string{"", "P", "P1W", "PT1H", "1Y", "P-1Y", "P1D1Y", "P1.5Y", "P1000Y"} {
		if d, ok := rules.ParseDuration(s); ok {
			t.Errorf("%q is %+v", s, d)
		}
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
