package rules_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"laurel/badge"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

// leaf draws one condition of any sort, as it stands in a definition.
func leaf(t *rapid.T) string {
	percent := rapid.SampledFrom([]string{"1", "33.33", "50", "79.83", "80", "100"}).Draw(t, "percent")
	part := rapid.SampledFrom([]string{``, `,"part":"m1"`, `,"part":"m2"`}).Draw(t, "part")
	return rapid.SampledFrom([]string{
		`{"visits_percent_gte":"` + percent + `"` + part + `}`, `{"points_percent_gte":"` + percent + `"` + part + `}`, `{"points_gte":"12.5"` + part + `}`,
		`{"sessions_attended_gte":2}`, `{"session":"s1"}`, `{"hours_gte":"3"}`, `{"submission":{"id":"essay","status":"accepted"}}`, `{"rubric":{"id":"project","level_gte":"good"}}`,
		`{"role_in":["chair","speaker"]}`, `{"passed":true}`, `{"approved_by":"lead"}`,
	}).Draw(t, "condition")
}

func list(t *rapid.T, deep int) string {
	conditions := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) string {
		if deep > 1 && rapid.IntRange(0, 3).Draw(t, "group") == 0 {
			return `{` + list(t, deep-1) + `}`
		}
		return leaf(t)
	}), 1, 3).Draw(t, "conditions")
	return `"` + rapid.SampledFrom([]string{"all", "any"}).Draw(t, "word") + `":[` + strings.Join(conditions, ",") + `]`
}

// report draws what one event tells.
func report(t *rapid.T) string {
	share := func(got, of string, most int) string {
		n := rapid.IntRange(1, most).Draw(t, of)
		return fmt.Sprintf(`{"%s":%d,"%s":%d}`, got, rapid.IntRange(0, n).Draw(t, got), of, n)
	}
	members := map[string]string{
		"visits": share("visited", "total", 44), "points": share("achieved", "max", 60),
		"parts": fmt.Sprintf(`{"%s":{"visits":%s,"points":%s}}`, rapid.SampledFrom([]string{"m1", "m2", "m3"}).Draw(t, "id"), share("visited", "total", 20), share("achieved", "max", 40)),
	}
	word := func(name string, words ...string) {
		members[name] = `"` + rapid.SampledFrom(words).Draw(t, name) + `"`
	}
	word("sessions", "s1", "s2", "s3", "s4")
	word("role", "chair", "speaker", "guest")
	word("approved_by", "lead", "other")
	word("waived", "it", "other", "another", "third")
	members["passed"] = "true"
	members["attended"] = fmt.Sprint(rapid.IntRange(0, 3).Draw(t, "attended"))
	members["hours"] = fmt.Sprint(rapid.IntRange(0, 4).Draw(t, "hours"))
	members["submissions"] = `{"essay":"` + rapid.SampledFrom([]string{"accepted", "resubmit"}).Draw(t, "essay") + `"}`
	members["rubric"] = `{"project":"` + rapid.SampledFrom([]string{"weak", "good", "best"}).Draw(t, "project") + `"}`
	var told []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if rapid.IntRange(0, 4).Draw(t, "told "+name) == 0 {
			told = append(told, `"`+name+`":`+members[name])
		}
	}
	return `{` + strings.Join(told, ",") + `}`
}

// TestMoreFactsNeverUnmeet: what is met stays met whatever comes, and what comes
// of a set of events does not depend on their order.
func TestMoreFactsNeverUnmeet(t *testing.T) {
	met := 0
	rapid.Check(t, func(r *rapid.T) {
		a := alone(t, list(r, 2))
		rule, ctx := a.Rule("it"), rules.Context{Activity: a}
		events := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) facts.Facts {
			at := noon.Add(time.Duration(rapid.IntRange(0, 20).Draw(r, "hour")) * time.Hour)
			return known(t, report(r), at)
		}), 1, 8).Draw(r, "events")
		var f facts.Facts
		var before rules.Outcome
		for _, e := range events {
			f.Merge(e)
			out := rule.Evaluate(&f, ctx)
			if before.Met && !out.Met {
				r.Fatalf("%s: after more facts it is %+v and was %+v", a.Definition, out, before)
			}
			if out.Met == (len(out.Missing) > 0) || out.Met == out.At.IsZero() {
				r.Fatalf("%s: %+v", a.Definition, out)
			}
			before = out
		}
		if before.Met {
			met++
		}
		var again facts.Facts
		for _, e := range rapid.Permutation(events).Draw(r, "order") {
			again.Merge(e)
		}
		if out := rule.Evaluate(&again, ctx); asJSON(t, out) != asJSON(t, before) {
			r.Fatalf("%s: in another order it is %+v and was %+v", a.Definition, out, before)
		}
	})
	if met == 0 {
		t.Error("no rule was ever met")
	}
}

// FuzzReadActivity: whatever the definition, it is refused with faults or every
// rule of it can be evaluated, and nothing at all meets none.
func FuzzReadActivity(f *testing.F) {
	for _, name := range []string{"course-hc20.json", "workshop-uh-kit-2025.json", "course-dh-planning.json"} {
		f.Add(fixture(f, name))
	}
	f.Add([]byte(`{"id":"a","kind":"event","edition":"1","editions":[{"id":"2","release":{"mode":"on_date","date":"2025-01-01T00:00:00Z"}}],"rubrics":{"p":["a","b"]},
		"award_rules":[{"achievement":"it","any":[{"all":[{"points_gte":"1.5","part":"x"},{"rubric":{"id":"p","level_gte":"b"}}]},{"hours_gte":2},{"holds":["b"]}]}]}`))
	f.Fuzz(func(t *testing.T, definition []byte) {
		a, err := rules.ReadActivity(definition)
		if err != nil {
			var list badge.Errors
			if a != nil || !errors.As(err, &list) || len(list) == 0 {
				t.Fatalf("refused with %v", err)
			}
			for _, e := range list {
				if e.Rule == "" || e.Detail == "" || e.Pointer != "" && e.Pointer[0] != '/' {
					t.Fatalf("fault %+v", e)
				}
			}
			return
		}
		if len(a.Editions) == 0 || string(a.Definition) != string(definition) || !json.Valid(definition) {
			t.Fatalf("read as %+v", a)
		}
		for _, rule := range a.Rules {
			out := rule.Evaluate(&facts.Facts{}, rules.Context{Activity: a, Edition: a.Edition})
			if out.Met || len(out.Missing) == 0 || len(out.Codes()) == 0 {
				t.Fatalf("with nothing known, %s is %+v", rule.Achievement, out)
			}
			if rule.Version() == "" || rule.Results(nil, &facts.Facts{}, rules.Context{Activity: a}) != nil {
				t.Fatal("a rule without a version, or with results")
			}
		}
	})
}
