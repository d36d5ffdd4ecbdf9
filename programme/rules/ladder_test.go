package rules_test

import (
	"slices"
	"testing"

	"laurel/programme/rules"
)

func TestRungs(t *testing.T) {
	a := activity(t, `{"id":"a","kind":"course","ladder":{"top":"highest","every":"all"}}`)
	step := func(name, group string, rank int, held bool) rules.Step {
		return rules.Step{Achievement: name, Group: group, Rank: rank, Held: held}
	}
	for name, c := range map[string]struct {
		reached     []rules.Step
		give, leave []string
	}{
		"nothing":                    {},
		"no ladder":                  {[]rules.Step{step("x", "", 1, false), step("y", "", 2, false)}, []string{"x", "y"}, nil},
		"all of a ladder":            {[]rules.Step{step("low", "every", 1, false), step("high", "every", 2, false)}, []string{"low", "high"}, nil},
		"all where nothing is said":  {[]rules.Step{step("low", "other", 1, false), step("high", "other", 2, false)}, []string{"low", "high"}, nil},
		"the highest of three":       {[]rules.Step{step("a", "top", 1, false), step("c", "top", 3, false), step("b", "top", 2, false)}, []string{"c"}, []string{"a", "b"}},
		"the lower alone":            {[]rules.Step{step("low", "top", 1, false)}, []string{"low"}, nil},
		"the higher after the lower": {[]rules.Step{step("low", "top", 1, true), step("high", "top", 2, false)}, []string{"high"}, nil},
		"the lower after the higher": {[]rules.Step{step("low", "top", 1, false), step("high", "top", 2, true)}, nil, []string{"low"}},
		"two of one rank":            {[]rules.Step{step("x", "top", 1, false), step("y", "top", 1, false)}, []string{"x", "y"}, nil},
		"of two ladders":             {[]rules.Step{step("x", "top", 1, false), step("y", "every", 2, false)}, []string{"x", "y"}, nil},
		"what is held":               {[]rules.Step{step("low", "top", 1, true), step("high", "top", 2, true)}, nil, nil},
	} {
		give, leave := a.Rungs(c.reached)
		if !slices.Equal(give, c.give) || !slices.Equal(leave, c.leave) {
			t.Errorf("%s: gives %v and leaves %v out, want %v and %v", name, give, leave, c.give, c.leave)
		}
	}
	held := []rules.Step{step("low", "every", 1, true), step("high", "every", 2, true), step("x", "", 0, true), step("y", "", 9, true), step("z", "top", 1, true)}
	if got := rules.Superseded(held); !slices.Equal(got, []string{"low"}) {
		t.Errorf("superseded %v", got)
	}
}
