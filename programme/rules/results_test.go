package rules_test

import (
	"encoding/json"
	"testing"

	"laurel/badge"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

// TestResultsOfBadges holds results against those of badges that another
// program has written.
func TestResultsOfBadges(t *testing.T) {
	where := achievements(t)
	for _, c := range []struct{ file, activity, edition, achievement, facts string }{
		{"credential-course-achievement.json", "course-hc20.json", "", "hc20-achievement", `{"parts":{"m1":{"points":{"achieved":16,"max":20}},"m2":{"points":{"achieved":18,"max":20}},"m3":{"points":{"achieved":17,"max":20}}}}`},
		{"credential-workshop-completion.json", "workshop-uh-kit-2025.json", "2025-1", "uh-kit-completion", `{"sessions":["2025-06-20","2025-06-27","2025-07-04","2025-07-11"],"submissions":{"exercise":"accepted"},"role":"participant"}`},
		{"credential-dh-planning.json", "course-dh-planning.json", "fr-2025", "dh-planning", `{"attended":10,"rubric":{"project":"proficient"},"parts":{"self-paced":{"visits":{"visited":100,"total":100}}}}`},
	} {
		var credential struct {
			CredentialSubject struct{ Result []badge.Result }
		}
		expected(t, c.file, &credential)
		if len(credential.CredentialSubject.Result) != 2 {
			t.Fatalf("%s has other results", c.file)
		}
		a := activity(t, string(fixture(t, c.activity)))
		described := where[c.achievement].ResultDescription
		f := known(t, c.facts, noon)
		ctx := rules.Context{Activity: a, Edition: c.edition, Levels: rules.LevelsOf(described)}
		if !a.Rule(c.achievement).Evaluate(&f, ctx).Met {
			t.Errorf("%s is not earned", c.achievement)
		}
		if got := a.Rule(c.achievement).Results(described, &f, ctx); asJSON(t, got) != asJSON(t, credential.CredentialSubject.Result) {
			t.Errorf("%s: %s", c.file, asJSON(t, got))
		}
	}
}

func TestResults(t *testing.T) {
	const base = "https://badges.example/achievements/it/results/"
	a := alone(t, `"any":[{"points_percent_gte":60,"part":"m1"},{"submission":{"id":"essay","status":"passed"}}]`)
	for _, c := range []struct{ description, facts, want string }{
		{`{"id":"score","resultType":"Percent","requiredValue":"80"}`, `{"points":{"achieved":47.9,"max":60}}`, ``}, // earned in another way
		{`{"id":"score","resultType":"Percent","valueMax":"100"}`, `{"points":{"achieved":47.9,"max":60}}`, `"value":"79.83"`},
		{`{"id":"score","resultType":"Percent","valueMax":"100"}`, `{"points":{"achieved":66,"max":60}}`, `"value":"100"`},
		{`{"id":"score","resultType":"Percent"}`, `{"visits":{"visited":1,"total":1}}`, ``},
		{`{"id":"score","resultType":"RawScore","valueMax":"60"}`, `{"points":{"achieved":47.9,"max":60}}`, `"value":"47.9"`},
		{`{"id":"score","resultType":"LetterGrade","allowedValue":["B","A"]}`, `{"points":{"achieved":60,"max":60}}`, ``},
		{`{"id":"quiz","resultType":"Percent","requiredValue":"60"}`, `{"points":{"achieved":60,"max":60},"parts":{"m1":{"points":{"achieved":16,"max":20}}}}`, `"value":"80"`},
		{`{"id":"quiz","resultType":"Percent"}`, `{"points":{"achieved":60,"max":60}}`, ``},
		{`{"id":"visited","resultType":"Percent","requiredValue":"50"}`, `{"visits":{"visited":22,"total":44}}`, `"value":"50"`},
		{`{"id":"visited","resultType":"Percent","requiredValue":"50"}`, `{"visits":{"visited":21,"total":44}}`, ``},
		{`{"id":"sessions","resultType":"RawScore","valueMax":"3"}`, `{"sessions":["s1","s2","s9"]}`, `"value":"2"`},
		{`{"id":"sessions","resultType":"RawScore","valueMax":"3"}`, `{"attended":4}`, ``},
		{`{"id":"sessions","resultType":"RawScore"}`, `{"passed":true}`, ``},
		{`{"id":"other","resultType":"RawScore"}`, `{"points":{"achieved":60,"max":60}}`, ``},
		{`{"id":"status","resultType":"Status"}`, `{}`, `"status":"Completed"`},
		{`{"id":"exercise","resultType":"Status"}`, `{"submissions":{"exercise":"accepted"}}`, `"status":"Completed"`},
		{`{"id":"exercise","resultType":"Status"}`, `{"submissions":{"exercise":"resubmit"}}`, ``},
		{`{"id":"essay","resultType":"Status"}`, `{"submissions":{"essay":"passed"}}`, `"status":"Completed"`}, // as the rule has it
		{`{"id":"essay","resultType":"Status"}`, `{"submissions":{"essay":"accepted"}}`, ``},
		{`{"id":"project","resultType":"RubricCriterionLevel","requiredLevel":"l/good","rubricCriterionLevel":[{"id":"l/weak"},{"id":"l/good"},{"id":"l/best"}]}`, `{"rubric":{"project":"best"}}`, `"achievedLevel":"l/best"`},
		{`{"id":"project","resultType":"RubricCriterionLevel","requiredLevel":"l/good","rubricCriterionLevel":[{"id":"l/weak"},{"id":"l/good"},{"id":"l/best"}]}`, `{"rubric":{"project":"weak"}}`, ``},
		{`{"id":"project","resultType":"RubricCriterionLevel","requiredLevel":"l/fine","rubricCriterionLevel":[{"id":"l/weak"}]}`, `{"rubric":{"project":"weak"}}`, ``},
		{`{"id":"project","resultType":"RubricCriterionLevel","rubricCriterionLevel":[{"id":"l/weak"}]}`, `{"rubric":{"project":"super"}}`, ``},
	} {
		var d badge.ResultDescription
		if err := json.Unmarshal([]byte(c.description), &d); err != nil {
			t.Fatal(err)
		}
		d.ID = base + d.ID
		f := known(t, c.facts, noon)
		want := "null"
		if c.want != "" {
			want = asJSON(t, json.RawMessage(`[{"type":["Result"],"resultDescription":"`+d.ID+`",`+c.want+`}]`))
		}
		got := a.Rule("it").Results([]badge.ResultDescription{d}, &f, rules.Context{Activity: a})
		var same, wanted any
		if json.Unmarshal([]byte(asJSON(t, got)), &same) != nil || json.Unmarshal([]byte(want), &wanted) != nil || asJSON(t, same) != asJSON(t, wanted) {
			t.Errorf("%s with %s: %s, want %s", c.description, c.facts, asJSON(t, got), want)
		}
	}
	// The points of which part, if the rule asks for those of two?
	two := alone(t, `"all":[{"points_gte":1,"part":"m1"},{"points_gte":1,"part":"m2"}]`)
	f := known(t, `{"parts":{"m1":{"points":{"achieved":16,"max":20}}}}`, noon)
	if got := two.Rule("it").Results([]badge.ResultDescription{{ID: "quiz", ResultType: "Percent"}}, &f, rules.Context{Activity: two}); got != nil {
		t.Errorf("a quiz of two parts: %v", got)
	}
	if got := two.Rule("it").Results(nil, &facts.Facts{}, rules.Context{Activity: two}); got != nil {
		t.Errorf("results that nobody describes: %v", got)
	}
}
