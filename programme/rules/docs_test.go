package rules_test

import (
	"os"
	"strings"
	"testing"

	"laurel/programme/rules"
)

// TestDocumentedExample keeps the example that authors start from one that is
// taken, and the list of conditions whole.
func TestDocumentedExample(t *testing.T) {
	raw, err := os.ReadFile("../../docs/programmes.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(raw), "```json\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the page has no example")
	}
	a := activity(t, example)
	if len(a.Rules) != 3 || len(a.Editions) != 2 || a.Items != 20 || a.Points.String() != "50" {
		t.Errorf("the example is read as %+v", a)
	}
	f := known(t, `{"points":{"achieved":40,"max":50},"parts":{"hive":{"points":{"achieved":18,"max":30}}},"approved_by":"beekeeper"}`, noon)
	if out := a.Rule("bees-passed").Evaluate(&f, rules.Context{Activity: a, Edition: "spring-2026"}); !out.Met {
		t.Errorf("%+v", out)
	}
	_, err = rules.ReadActivity([]byte(`{"id":"a","kind":"course","award_rules":[{"achievement":"it","all":[{"nothing":1}]}]}`))
	_, names, _ := strings.Cut(err.Error(), "one of: ")
	for _, name := range strings.Split(strings.TrimSuffix(names, "."), ", ") {
		if name != "all" && name != "any" && !strings.Contains(string(raw), "`"+name+"`") {
			t.Errorf("the page does not tell of the condition %q", name)
		}
	}
}
