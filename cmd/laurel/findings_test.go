package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A list that is cut says so, over the admin socket too: whoever works through it would
// believe to be done.
func TestFindingsSayWhatTheyLeaveOut(t *testing.T) {
	for _, c := range []struct {
		all         bool
		found, told int
		more        string
	}{
		{found: 0}, {found: maxProblems, told: maxProblems}, {found: maxProblems + 4, told: maxProblems, more: "\n  … and 4 more"},
		{found: maxProblems + 4, told: maxProblems + 4, all: true},
	} {
		noted := checkAnswer{findings: findings{all: c.all}}
		for n := range c.found {
			noted.note(fmt.Sprintf("badge %d does not verify", n))
		}
		crossing, err := json.Marshal(noted)
		if err != nil {
			t.Fatal(err)
		}
		var answer checkAnswer
		if err := json.Unmarshal(crossing, &answer); err != nil {
			t.Fatal(err)
		}
		err = answer.err("the store is not in order")
		if c.found == 0 {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		if said := fmt.Sprint(err); !strings.HasPrefix(said, "the store is not in order:\n  badge 0 ") || strings.Count(said, "does not verify") != c.told || !strings.HasSuffix(said, "does not verify"+c.more) {
			t.Errorf("%d found, all %v: %s", c.found, c.all, said)
		}
	}
}
