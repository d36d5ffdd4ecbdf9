package rules_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/programme/rules"
)

// TestProgrammeOutcomes takes the three learners of the programme's fixture.
func TestProgrammeOutcomes(t *testing.T) {
	var programme struct {
		Requires json.RawMessage
		Holders  []struct {
			Learner, Outcome string
			Holds, Missing   []string
		}
	}
	if err := json.Unmarshal(fixture(t, "programme-urban-health.json"), &programme); err != nil {
		t.Fatal(err)
	}
	q, err := rules.ReadRequires(programme.Requires, "/requires")
	if err != nil || !slices.Equal(q.Parts(), []string{"hc20-achievement", "uh-kit-completion"}) {
		t.Fatal(q, err)
	}
	if other, err := rules.ReadRequires(achievements(t)["uh-programme"].Requires, "/requires"); err != nil || asJSON(t, other) != asJSON(t, q) {
		t.Errorf("the achievement requires %s, %v", asJSON(t, other), err)
	}
	for _, h := range programme.Holders {
		out := q.Evaluate(func(achievement string) (time.Time, bool) { return noon, slices.Contains(h.Holds, achievement) })
		var missing []string
		for _, m := range out.Missing {
			missing = append(missing, m.Holds...)
		}
		if out.Met != (h.Outcome == "issued") || !slices.Equal(missing, h.Missing) {
			t.Errorf("%s: %+v", h.Learner, out)
		}
	}
	if len(programme.Holders) != 3 {
		t.Error("the fixture has other learners")
	}
}

func TestRequires(t *testing.T) {
	days := map[string]int{"a": 3, "b": 1, "c": 2}
	holds := func(achievement string) (time.Time, bool) {
		n, ok := days[achievement]
		return noon.AddDate(0, 0, n), ok
	}
	for _, c := range []struct {
		text    string
		day     int    // when it is met
		missing string // "" means met
	}{
		{`{"all":["a","b"]}`, 3, ``},
		{`{"all":["a","x","y"]}`, 0, `[{"holds":["x","y"]}]`},
		{`{"any":["a","b","x"]}`, 1, ``},
		{`{"any":["x"]}`, 0, `[{"holds":["x"]}]`},
		{`{"any":["x","y"]}`, 0, `[{"any":[{"holds":["x"]},{"holds":["y"]}]}]`},
		{`{"n_of":{"n":2,"of":["a","b","c","x"]}}`, 2, ``},
		{`{"n_of":{"n":"3","of":["a","b","c"]}}`, 3, ``},
		{`{"n_of":{"n":2,"of":["a","x","y"]}}`, 0, `[{"have":"1","n_of":{"n":2,"of":["a","x","y"]}}]`},
	} {
		q, err := rules.ReadRequires([]byte(c.text), "")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		out := q.Evaluate(holds)
		if out.Met != (c.missing == "") || out.Met && !out.At.Equal(noon.AddDate(0, 0, c.day)) || !out.Met && asJSON(t, out.Missing) != c.missing {
			t.Errorf("%s: %+v, missing %s", c.text, out, asJSON(t, out.Missing))
		}
		if got := asJSON(t, q); got != strings.ReplaceAll(c.text, `"3"`, `3`) {
			t.Errorf("%s is written as %s", c.text, got)
		}
		if !out.Met && out.Codes()[0] != rules.CodeHolds {
			t.Errorf("%s: code %s", c.text, out.Codes())
		}
	}
	if (&rules.Requires{}).Evaluate(holds).Met || (&rules.Requires{Any: []string{"a"}}).Evaluate(holds).Met {
		t.Error("what asks for nothing is met")
	}
}

func TestRequiresFaults(t *testing.T) {
	for _, c := range []struct{ text, code, pointer string }{
		{`{`, "malformed_json", "/requires"}, {`["a"]`, "wrong_type", "/requires"}, {`{}`, "one_of", "/requires"}, {`{"all":["a"],"any":["b"]}`, "one_of", "/requires"},
		{`{"all":[]}`, "required", "/requires/all"}, {`{"all":["A"]}`, "slug_invalid", "/requires/all/0"}, {`{"any":["a","a"]}`, "repeated", "/requires/any/1"}, {`{"all":["a"],"some":1}`, "member_unknown", "/requires/some"},
		{`{"n_of":{"n":3,"of":["a","b"]}}`, "threshold_out_of_range", "/requires/n_of/n"}, {`{"n_of":{"n":0,"of":["a"]}}`, "threshold_out_of_range", "/requires/n_of/n"}, {`{"n_of":{"n":1.5,"of":["a","b"]}}`, "number_invalid", "/requires/n_of/n"},
		{`{"n_of":{"of":["a"]}}`, "required", "/requires/n_of/n"}, {`{"n_of":{"n":1}}`, "required", "/requires/n_of/of"}, {`{"n_of":[1]}`, "wrong_type", "/requires/n_of"}, {`{"n_of":{"n":1,"of":["a"],"from":1}}`, "member_unknown", "/requires/n_of/from"},
	} {
		q, err := rules.ReadRequires([]byte(c.text), "/requires")
		var list badge.Errors
		if !errors.As(err, &list) || q != nil || len(list) != 1 || list[0].Rule != c.code || list[0].Pointer != c.pointer {
			t.Errorf("%s: %+v, %v", c.text, q, err)
		}
	}
}
