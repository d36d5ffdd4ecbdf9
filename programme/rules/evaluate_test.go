package rules_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"laurel/programme/facts"
	"laurel/programme/rules"
)

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		rule, facts, missing string // missing "" means met
	}{
		// Exact fractions; what is short is shown cut.
		{`"all":[{"points_percent_gte":"80"}]`, `{"points":{"achieved":48,"max":60}}`, ``},
		{`"all":[{"points_percent_gte":"80"}]`, `{"points":{"achieved":47.9,"max":60}}`, `[{"points_percent_gte":"80","have":"79.83"}]`},
		{`"all":[{"points_percent_gte":80}]`, `{"points":{"achieved":"47.9999999999","max":60}}`, `[{"points_percent_gte":"80","have":"79.99"}]`},
		{`"all":[{"points_percent_gte":"33.34"}]`, `{"points":{"achieved":1,"max":3}}`, `[{"points_percent_gte":"33.34","have":"33.33"}]`},
		{`"all":[{"points_percent_gte":"33.33"}]`, `{"points":{"achieved":1,"max":3}}`, ``},
		{`"all":[{"points_percent_gte":"100"}]`, `{"points":{"achieved":66,"max":60}}`, ``},
		{`"all":[{"points_percent_gte":"1"}]`, `{"points":{"achieved":0,"max":0}}`, `[{"points_percent_gte":"1","have":"0"}]`},
		{`"all":[{"points_percent_gte":"1"}]`, `{"visits":{"visited":1,"total":1}}`, `[{"points_percent_gte":"1"}]`},
		{`"all":[{"visits_percent_gte":"50"}]`, `{"visits":{"visited":22,"total":44}}`, ``},
		{`"all":[{"visits_percent_gte":"50"}]`, `{"visits":{"visited":21,"total":44}}`, `[{"visits_percent_gte":"50","have":"47.72"}]`},
		// Parts, and the whole as their sum.
		{`"all":[{"part":"m1","points_percent_gte":60}]`, `{"parts":{"m1":{"points":{"achieved":12,"max":20}}}}`, ``},
		{`"all":[{"part":"m1","points_percent_gte":60}]`, `{"points":{"achieved":60,"max":60}}`, `[{"points_percent_gte":"60","part":"m1"}]`},
		{`"all":[{"points_percent_gte":"50"}]`, `{"parts":{"m1":{"points":{"achieved":20,"max":20}}}}`, `[{"points_percent_gte":"50","have":"33.33"}]`},
		{`"all":[{"points_percent_gte":"50"}]`, `{"parts":{"m1":{"points":{"achieved":20,"max":20}},"m2":{"points":{"achieved":10,"max":40}}}}`, ``},
		{`"all":[{"points_percent_gte":"50"}]`, `{"parts":{"m9":{"points":{"achieved":20,"max":20}}}}`, `[{"points_percent_gte":"50"}]`},
		{`"all":[{"points_percent_gte":"50"}]`, `{"points":{"achieved":1,"max":60},"parts":{"m2":{"points":{"achieved":40,"max":40}}}}`, ``},
		{`"all":[{"points_percent_gte":"50"}]`, `{"points":{"achieved":30,"max":60},"parts":{"m1":{"points":{"achieved":1,"max":20}}}}`, ``},
		{`"all":[{"visits_percent_gte":"50"}]`, `{"parts":{"m1":{"visits":{"visited":10,"total":10}}}}`, `[{"visits_percent_gte":"50","have":"33.33"}]`},
		// A part weighs what it is defined to, whatever a platform says of its size.
		{`"all":[{"points_percent_gte":"33.33"}]`, `{"parts":{"m1":{"points":{"achieved":20,"max":20}},"m2":{"points":{"achieved":0,"max":400}}}}`, ``},
		{`"all":[{"points_percent_gte":"99"}]`, `{"parts":{"m1":{"points":{"achieved":5,"max":20}},"m2":{"points":{"achieved":400,"max":400}}}}`, `[{"points_percent_gte":"99","have":"75"}]`},
		{`"all":[{"points_percent_gte":"34"}]`, `{"parts":{"m1":{"points":{"achieved":40,"max":20}}}}`, `[{"points_percent_gte":"34","have":"33.33"}]`},
		{`"all":[{"points_gte":48}]`, `{"points":{"achieved":48,"max":60}}`, ``},
		{`"all":[{"points_gte":"48"}]`, `{"points":{"achieved":47.9,"max":60}}`, `[{"points_gte":"48","have":"47.9"}]`},
		{`"all":[{"points_gte":"12.5","part":"m1"}]`, `{"parts":{"m1":{"points":{"achieved":12.5,"max":20}}}}`, ``},
		{`"all":[{"points_gte":"12.5"}]`, `{"parts":{"m1":{"points":{"achieved":10,"max":20}},"m2":{"points":{"achieved":2,"max":40}}}}`, `[{"points_gte":"12.5","have":"12"}]`},
		// Sessions: those that the edition has, or how many somebody counted.
		{`"all":[{"sessions_attended_gte":2}]`, `{"sessions":["s1","s3"]}`, ``},
		{`"all":[{"sessions_attended_gte":2}]`, `{"sessions":["s1","s9","s8"]}`, `[{"sessions_attended_gte":2,"have":"1"}]`},
		{`"all":[{"sessions_attended_gte":2}]`, `{"attended":2}`, ``},
		{`"all":[{"sessions_attended_gte":3}]`, `{"attended":2,"sessions":["s1"]}`, `[{"sessions_attended_gte":3,"have":"2"}]`},
		{`"all":[{"sessions_attended_gte":2}]`, `{"passed":true}`, `[{"sessions_attended_gte":2,"have":"0"}]`},
		{`"all":[{"session":"s2"}]`, `{"sessions":["s2"]}`, ``},
		{`"all":[{"session":"s2"}]`, `{"sessions":["s1"]}`, `[{"session":"s2"}]`},
		{`"all":[{"hours_gte":"3"}]`, `{"sessions":["s1","s2"]}`, ``},
		{`"all":[{"hours_gte":"3.5"}]`, `{"sessions":["s1","s2"],"hours":1}`, `[{"hours_gte":"3.5","have":"3"}]`},
		{`"all":[{"hours_gte":8}]`, `{"hours":"8.0"}`, ``},
		// Words.
		{`"all":[{"submission":{"id":"exercise","status":"accepted"}}]`, `{"submissions":{"exercise":"accepted"}}`, ``},
		{`"all":[{"submission":{"id":"exercise","status":"accepted"}}]`, `{"submissions":{"exercise":"resubmit"}}`, `[{"submission":{"id":"exercise","status":"accepted"},"have":"resubmit"}]`},
		{`"all":[{"submission":{"id":"exercise","status":"accepted"}}]`, `{"submissions":{"essay":"accepted"}}`, `[{"submission":{"id":"exercise","status":"accepted"}}]`},
		{`"all":[{"rubric":{"id":"project","level_gte":"good"}}]`, `{"rubric":{"project":"best"}}`, ``},
		{`"all":[{"rubric":{"id":"project","level_gte":"good"}}]`, `{"rubric":{"project":"weak"}}`, `[{"rubric":{"id":"project","level_gte":"good"},"have":"weak"}]`},
		{`"all":[{"rubric":{"id":"project","level_gte":"good"}}]`, `{"rubric":{"project":"superb"}}`, `[{"rubric":{"id":"project","level_gte":"good"},"have":"superb"}]`},
		{`"all":[{"rubric":{"id":"essay","level_gte":"good"}}]`, `{"rubric":{"essay":"best"}}`, `[{"rubric":{"id":"essay","level_gte":"good"},"have":"best"}]`},
		{`"all":[{"rubric":{"id":"essay","level_gte":"good"}}]`, `{"rubric":{"essay":"good"}}`, ``},
		{`"all":[{"role_in":["speaker","chair"]}]`, `{"role":"chair"}`, ``},
		{`"all":[{"role_in":["speaker","chair"]}]`, `{"role":["observer","guest"]}`, `[{"role_in":["speaker","chair"],"have":"guest, observer"}]`},
		{`"all":[{"passed":true}]`, `{"passed":true}`, ``},
		{`"all":[{"passed":true}]`, `{"passed":false,"points":{"achieved":60,"max":60}}`, `[{"passed":true}]`},
		{`"all":[{"approved_by":"course-lead"}]`, `{"approved_by":"course-lead"}`, ``},
		{`"all":[{"approved_by":"course-lead"}]`, `{"approved_by":"somebody"}`, `[{"approved_by":"course-lead"}]`},
		{`"all":[{"holds":["held","other","third"]}]`, `{}`, `[{"holds":["other","third"]}]`},
		{`"all":[{"holds":["held"]}]`, `{}`, ``},
		// Together.
		{`"all":[{"passed":true},{"role_in":["chair"]}]`, `{"passed":true}`, `[{"role_in":["chair"]}]`},
		{`"any":[{"passed":true},{"role_in":["chair"]}]`, `{"role":"chair"}`, ``},
		{`"any":[{"passed":true}]`, `{}`, `[{"passed":true}]`},
		{`"any":[{"passed":true},{"role_in":["chair"]}]`, `{}`, `[{"any":[{"passed":true},{"role_in":["chair"]}]}]`},
		{`"any":[{"passed":true},{"all":[{"role_in":["chair"]},{"session":"s1"}]}]`, `{"role":"chair"}`, `[{"any":[{"passed":true},{"session":"s1"}]}]`},
		{`"any":[{"passed":true},{"all":[{"role_in":["chair"]},{"session":"s1"}]}]`, `{"role":"chair","sessions":"s1"}`, ``},
		{`"any":[{"passed":true},{"all":[{"role_in":["chair"]},{"session":"s1"}]}]`, `{}`, `[{"any":[{"passed":true},{"all":[{"role_in":["chair"]},{"session":"s1"}]}]}]`},
		{`"all":[{"session":"s1"},{"any":[{"passed":true},{"role_in":["chair"]}]}]`, `{"sessions":"s1"}`, `[{"any":[{"passed":true},{"role_in":["chair"]}]}]`},
		// A person has set the rule aside.
		{`"all":[{"passed":true}]`, `{"waived":"it"}`, ``},
		{`"all":[{"passed":true}]`, `{"waived":"another"}`, `[{"passed":true}]`},
	} {
		a := alone(t, c.rule)
		f := known(t, c.facts, noon)
		holds := func(achievement string) (time.Time, bool) { return noon, achievement == "held" }
		out := a.Rule("it").Evaluate(&f, rules.Context{Activity: a, Holds: holds})
		if out.Met != (c.missing == "") || out.Met && (!out.At.Equal(noon) || len(out.Missing) > 0) || !out.Met && (asJSON(t, out.Missing) != c.missing || !out.At.IsZero()) {
			t.Errorf("%s with %s: %+v, missing %s, want %s", c.rule, c.facts, out, asJSON(t, out.Missing), c.missing)
		}
		// Answers are kept: what is missing can be read again.
		var again []rules.Missing
		if err := json.Unmarshal([]byte(asJSON(t, out.Missing)), &again); err != nil || asJSON(t, again) != asJSON(t, out.Missing) {
			t.Errorf("%s is read as %s, %v", asJSON(t, out.Missing), asJSON(t, again), err)
		}
	}
}

// TestPartsApart: what was told of a part before the whole was regraded counts for
// the part and not for the whole.
func TestPartsApart(t *testing.T) {
	share := known(t, `{"visits":{"visited":10,"total":10},"points":{"achieved":20,"max":20}}`, noon)
	later := known(t, `{"visits":{"visited":1,"total":10},"points":{"achieved":1,"max":20}}`, noon.Add(time.Hour))
	f := facts.Facts{Parts: map[string]facts.Part{
		"m1": {VisitsApart: share.Visits, PointsApart: share.Points},
		"m2": {Visits: later.Visits, Points: later.Points, VisitsApart: share.Visits, PointsApart: share.Points},
	}}
	for condition, have := range map[string]string{
		`{"points_percent_gte":"80","part":"m1"}`: "", `{"visits_percent_gte":"80","part":"m2"}`: "", `{"points_gte":"20","part":"m1"}`: "", `{"points_gte":"40","part":"m2"}`: "",
		`{"points_percent_gte":"5"}`: "3.33", `{"visits_percent_gte":"7"}`: "6.66", `{"points_gte":"3"}`: "2",
	} {
		a := alone(t, `"all":[`+condition+`]`)
		out := a.Rule("it").Evaluate(&f, rules.Context{Activity: a})
		if out.Met != (have == "") || out.Met && !out.At.Equal(noon) || !out.Met && out.Missing[0].Have != have {
			t.Errorf("%s: %+v, want have %q", condition, out, have)
		}
	}
}

func TestWhen(t *testing.T) {
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	for _, c := range []struct {
		rule   string
		events []string // one a day
		want   int      // the day
	}{
		{`"all":[{"points_percent_gte":"80"}]`, []string{`{"points":{"achieved":48,"max":60}}`, `{"points":{"achieved":48,"max":60}}`}, 0},
		{`"all":[{"passed":true},{"session":"s1"}]`, []string{`{"passed":true}`, `{"sessions":"s1"}`, `{"sessions":"s2"}`}, 1},
		{`"any":[{"passed":true},{"session":"s1"}]`, []string{`{}`, `{"sessions":"s1"}`, `{"passed":true}`}, 1},
		{`"all":[{"sessions_attended_gte":2}]`, []string{`{"sessions":"s9"}`, `{"sessions":"s3"}`, `{"sessions":"s1"}`, `{"sessions":"s2"}`}, 2},
		{`"all":[{"sessions_attended_gte":2}]`, []string{`{"sessions":"s3"}`, `{"attended":2}`, `{"sessions":["s1","s2"]}`}, 1},
		// The part that carried the whole over the threshold decides, not the last.
		{`"all":[{"points_percent_gte":"50"}]`, []string{`{"parts":{"m1":{"points":{"achieved":10,"max":20}}}}`, `{"parts":{"m2":{"points":{"achieved":20,"max":40}}}}`, `{"points":{"achieved":60,"max":60}}`}, 1},
		{`"all":[{"rubric":{"id":"project","level_gte":"good"}}]`, []string{`{"rubric":{"project":"weak"}}`, `{"rubric":{"project":"good"}}`, `{"rubric":{"project":"best"}}`}, 1},
		{`"all":[{"role_in":["a","b"]}]`, []string{`{"role":"c"}`, `{"role":"b"}`, `{"role":"a"}`}, 1},
		{`"all":[{"passed":true}]`, []string{`{}`, `{"waived":"it"}`, `{"passed":true}`}, 1},
		{`"all":[{"passed":true}]`, []string{`{}`, `{"passed":true}`, `{"waived":"it"}`}, 1},
		{`"all":[{"holds":["one","two"]}]`, []string{`{}`}, 7},
		{`"any":[{"holds":["one","two"]},{"holds":["one"]}]`, []string{`{}`}, 5},
	} {
		a := alone(t, c.rule)
		holds := func(achievement string) (time.Time, bool) {
			n, ok := map[string]int{"one": 5, "two": 7}[achievement]
			return day(n), ok
		}
		for _, backwards := range []bool{false, true} {
			var f facts.Facts
			for i := range c.events {
				if backwards {
					i = len(c.events) - 1 - i
				}
				f.Merge(known(t, c.events[i], day(i)))
			}
			if out := a.Rule("it").Evaluate(&f, rules.Context{Activity: a, Holds: holds}); !out.Met || !out.At.Equal(day(c.want)) {
				t.Errorf("%s of %q, backwards %t: met %t at %s, want day %d", c.rule, c.events, backwards, out.Met, out.At, c.want)
			}
		}
	}
}

func TestSessionsOfTheEdition(t *testing.T) {
	a := activity(t, `{"id":"a","kind":"workshop","edition":"1","sessions":[{"id":"june"}],
		"editions":[{"id":"2","sessions":[{"id":"september"}]}],"award_rules":[{"achievement":"it","all":[{"sessions_attended_gte":1}]},{"achievement":"that","all":[{"session":"june"}]}]}`)
	f := known(t, `{"sessions":["june"]}`, noon)
	for edition, want := range map[string]bool{"1": true, "2": false, "3": false, "": false} {
		for _, rule := range a.Rules {
			if out := rule.Evaluate(&f, rules.Context{Activity: a, Edition: edition}); out.Met != want {
				t.Errorf("%s in edition %q: %t", rule.Achievement, edition, out.Met)
			}
		}
	}
}

func TestNothingIsNotMet(t *testing.T) {
	a := alone(t, `"all":[{"passed":true}]`)
	for _, r := range []*rules.Rule{{}, {Achievement: "it"}, {All: []rules.Condition{{}}}, {Any: []rules.Condition{{}}}, {All: []rules.Condition{{Part: "m1"}}}} {
		f := known(t, `{"passed":true}`, noon)
		if r.Evaluate(&f, rules.Context{Activity: a}).Met {
			t.Errorf("%+v is met", r)
		}
	}
	if (rules.Outcome{}).Met || (rules.Gate{}).Open("it", noon, false) {
		t.Error("a zero value grants something")
	}
}

func TestLevelsFromTheAchievement(t *testing.T) {
	a := activity(t, string(fixture(t, "course-dh-planning.json")))
	levels := func(rubric string) []string {
		base := "https://badges.example/achievements/dh-planning/results/" + rubric + "/levels/"
		return []string{base + "beginning", base + "developing", base + "proficient", base + "advanced"}
	}
	for level, met := range map[string]bool{"advanced": true, "proficient": true, "developing": false, "other": false} {
		f := known(t, `{"parts":{"self-paced":{"visits":{"visited":100,"total":100}}},"attended":12,"rubric":{"project":"`+level+`"}}`, noon)
		if out := a.Rule("dh-planning").Evaluate(&f, rules.Context{Activity: a, Edition: "fr-2025", Levels: levels}); out.Met != met {
			t.Errorf("%s: %+v", level, out)
		}
	}
}

func TestCodes(t *testing.T) {
	a := alone(t, `"all":[{"visits_percent_gte":1},{"points_percent_gte":1},{"points_gte":1},{"sessions_attended_gte":1},{"hours_gte":1},
		{"submission":{"id":"x","status":"y"}},{"any":[{"rubric":{"id":"x","level_gte":"y"}},{"all":[{"role_in":["x"]},{"holds":["x"]}]}]},{"passed":true},{"approved_by":"x"}]`)
	out := a.Rule("it").Evaluate(&facts.Facts{}, rules.Context{Activity: a})
	want := []rules.Code{rules.CodeVisits, rules.CodePoints, rules.CodeSessions, rules.CodeHours, rules.CodeSubmission, rules.CodeRubric, rules.CodeRole, rules.CodeHolds, rules.CodePassed, rules.CodeApproval}
	if got := out.Codes(); !slices.Equal(got, want) {
		t.Errorf("codes %v", got)
	}
	if group := out.Missing[6]; group.Code() != rules.CodeAny || group.Any[1].Code() != rules.CodeAll {
		t.Errorf("groups are %s and %s", group.Code(), group.Any[1].Code())
	}
}

func TestVersion(t *testing.T) {
	version := func(rule string) string { return alone(t, rule).Rule("it").Version() }
	first := version(`"all":[{"points_percent_gte":"80"}]`)
	if first != version(`"all" : [ {"points_percent_gte": 80.0 } ],"note":"new"`) {
		t.Error("spelling makes another version")
	}
	for _, other := range []string{`"all":[{"points_percent_gte":"81"}]`, `"any":[{"points_percent_gte":"80"}]`, `"all":[{"visits_percent_gte":"80"}]`, `"all":[{"points_percent_gte":"80","part":"m1"}]`} {
		if version(other) == first {
			t.Errorf("%s has the same version", other)
		}
	}
}
