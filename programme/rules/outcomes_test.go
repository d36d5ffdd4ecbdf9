package rules_test

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/programme/facts"
	"laurel/programme/rules"
)

// event is a line of the course's events, as far as rules need it.
type event struct {
	ID       string
	Type     string
	At       time.Time `json:"occurred_at"`
	Activity string
	Learner  struct{ ID, Email string }
	Facts    json.RawMessage
}

func courseEvents(t *testing.T) (events []event) {
	lines := bufio.NewScanner(bytes.NewReader(fixture(t, "course-events.jsonl")))
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// place is where an achievement stands in its ladder.
type place struct {
	Slug   string
	Ladder *struct {
		Group string
		Rank  int
	}
	Requires          json.RawMessage
	ResultDescription []badge.ResultDescription
}

func achievements(t testing.TB) map[string]place {
	var file struct{ Achievements []place }
	if err := json.Unmarshal(fixture(t, "achievements.json"), &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]place{}
	for _, p := range file.Achievements {
		all[p.Slug] = p
	}
	return all
}

func (p place) step(held bool) rules.Step {
	s := rules.Step{Achievement: p.Slug, Held: held}
	if p.Ladder != nil {
		s.Group, s.Rank = p.Ladder.Group, p.Ladder.Rank
	}
	return s
}

// learner is what has become of one person.
type learner struct {
	facts facts.Facts
	held  map[string]bool
}

// after evaluates all rules and gives out what the ladder lets through.
func (l *learner) after(a *rules.Activity, where map[string]place) (given []string) {
	var reached []rules.Step
	for _, r := range a.Rules {
		if l.held[r.Achievement] || r.Evaluate(&l.facts, rules.Context{Activity: a}).Met {
			reached = append(reached, where[r.Achievement].step(l.held[r.Achievement]))
		}
	}
	given, _ = a.Rungs(reached)
	for _, achievement := range given {
		l.held[achievement] = true
	}
	slices.Sort(given)
	return given
}

// superseded are those held beside a higher step.
func (l *learner) superseded(where map[string]place) []string {
	var held []rules.Step
	for achievement := range l.held {
		held = append(held, where[achievement].step(true))
	}
	return rules.Superseded(held)
}

// TestCourseOutcomes evaluates the rules after each event that reports
// progress, and holds what is given out for it against what another program
// has computed: with the highest step alone line by line, with all steps at
// the end.
func TestCourseOutcomes(t *testing.T) {
	var want struct {
		PerEvent []struct {
			Result       string
			Achievements []string
			WouldIssue   []string `json:"would_issue"`
			Superseded   []string `json:"superseded_for_display"`
		} `json:"per_event"`
		LadderAll struct {
			Final  map[string]map[string]string
			Totals struct{ Credentials int }
		} `json:"ladder_all"`
	}
	expected(t, "course-outcomes.json", &want)
	where := achievements(t)
	all := activity(t, string(fixture(t, "course-hc20.json")))
	highest := activity(t, strings.Replace(string(all.Definition), `"hc20": "all"`, `"hc20": "highest"`, 1))
	people, withAll := map[string]*learner{}, map[string]*learner{}
	emails := map[string]string{}
	compared := 0
	for i, e := range courseEvents(t) {
		line, who := want.PerEvent[i], e.Learner.ID
		if strings.Contains(line.Result, "rejected") || line.Result == "conflict" || len(e.Facts) == 0 || e.Type == "regrade" || who == "b-77" {
			if e.Learner.Email != "" {
				emails[who] = e.Learner.Email
			}
			continue // for others to decide
		}
		if people[who] == nil {
			people[who], withAll[who] = &learner{held: map[string]bool{}}, &learner{held: map[string]bool{}}
		}
		emails[who] = e.Learner.Email
		f := known(t, string(e.Facts), e.At)
		people[who].facts.Merge(f)
		withAll[who].facts.Merge(f)
		withAll[who].after(all, where)
		given := people[who].after(highest, where)
		expect := slices.Concat(line.Achievements, line.WouldIssue)
		slices.Sort(expect)
		if !slices.Equal(given, expect) {
			t.Errorf("line %d, %s: %v, want %v", i+1, who, given, expect)
		}
		if got := people[who].superseded(where); !slices.Equal(got, line.Superseded) {
			t.Errorf("line %d, %s: superseded %v, want %v", i+1, who, got, line.Superseded)
		}
		compared++
	}
	if compared != 26 {
		t.Errorf("%d events were compared", compared)
	}
	count := 0
	for who, l := range withAll {
		count += len(l.held)
		final := want.LadderAll.Final[emails[who]]
		if len(final) != len(l.held) {
			t.Errorf("%s holds %v, want %v", who, l.held, final)
		}
		for achievement := range final {
			if !l.held[achievement] {
				t.Errorf("%s does not hold %s", who, achievement)
			}
		}
	}
	if count != 36 || count != want.LadderAll.Totals.Credentials {
		t.Errorf("%d badges with all steps", count)
	}
}

func TestWorkshopOutcomes(t *testing.T) {
	var want struct {
		Completion struct {
			Issued int
			NotMet []struct {
				Ref      string
				Sessions int
				Exercise string
			} `json:"not_met"`
		}
	}
	expected(t, "workshop-outcomes.json", &want)
	a := activity(t, string(fixture(t, "workshop-uh-kit-2025.json")))
	rows, err := csv.NewReader(bytes.NewReader(fixture(t, "workshop-attendance.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	met, notMet := 0, 0
	for _, row := range rows[1:] {
		f := facts.Facts{Roles: facts.Set{"participant": noon}, Sessions: facts.Set{}, Submissions: map[string]facts.Set{"exercise": {row[5]: noon}}}
		for i, cell := range row[1:5] {
			if cell == "1" {
				f.Sessions[rows[0][i+1]] = noon
			}
		}
		ctx := rules.Context{Activity: a, Edition: "2025-1"}
		if !a.Rule("uh-kit-participant").Evaluate(&f, ctx).Met || a.Rule("uh-kit-facilitator").Evaluate(&f, ctx).Met {
			t.Errorf("%s: roles", row[0])
		}
		out := a.Rule("uh-kit-completion").Evaluate(&f, ctx)
		if out.Met {
			met++
			continue
		}
		w := want.Completion.NotMet[notMet]
		notMet++
		var missing []map[string]any
		if err := json.Unmarshal([]byte(asJSON(t, out.Missing)), &missing); err != nil {
			t.Fatal(err)
		}
		var expect []map[string]any
		if w.Sessions < 3 {
			expect = append(expect, map[string]any{"sessions_attended_gte": 3, "have": string(rune('0' + w.Sessions))})
		}
		if w.Exercise != "accepted" {
			expect = append(expect, map[string]any{"submission": map[string]string{"id": "exercise", "status": "accepted"}, "have": w.Exercise})
		}
		if row[0] != w.Ref || asJSON(t, missing) != asJSON(t, expect) {
			t.Errorf("%s: %s, want %s: %s", row[0], asJSON(t, missing), w.Ref, asJSON(t, expect))
		}
	}
	if met != 50 || met != want.Completion.Issued || notMet != 8 || notMet != len(want.Completion.NotMet) {
		t.Errorf("%d met, %d not", met, notMet)
	}
}

func TestPlanningOutcomes(t *testing.T) {
	var want struct {
		Issued []string
		NotMet []struct {
			Ref     string
			Missing []string
		} `json:"not_met"`
	}
	expected(t, "dh-planning-outcomes.json", &want)
	a := activity(t, string(fixture(t, "course-dh-planning.json")))
	rows, err := csv.NewReader(bytes.NewReader(fixture(t, "dh-planning-results.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	levels := rules.LevelsOf(achievements(t)["dh-planning"].ResultDescription)
	var met []string
	for _, row := range rows[1:] {
		f := known(t, `{"parts":{"self-paced":{"visits":{"visited":`+row[4]+`,"total":100}}},"attended":`+row[5]+`,"rubric":{"project":"`+row[6]+`"}}`, noon)
		out := a.Rule("dh-planning").Evaluate(&f, rules.Context{Activity: a, Edition: "fr-2025", Levels: levels})
		if out.Met {
			met = append(met, row[0])
			continue
		}
		w := want.NotMet[0]
		want.NotMet = want.NotMet[1:]
		var words []string
		for _, m := range out.Missing {
			switch m.Code() {
			case rules.CodeVisits:
				words = append(words, strings.ReplaceAll(m.Part, "-", "_"))
			case rules.CodeRubric:
				words = append(words, m.Rubric.ID)
			default:
				words = append(words, string(m.Code()))
			}
		}
		if row[0] != w.Ref || !slices.Equal(words, w.Missing) {
			t.Errorf("%s: %v, want %s: %v", row[0], words, w.Ref, w.Missing)
		}
	}
	if !slices.Equal(met, want.Issued) || len(want.NotMet) > 0 {
		t.Errorf("met %v", met)
	}
}
