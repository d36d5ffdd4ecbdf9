package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/internal/calendar"
	"laurel/programme/rules"
)

func TestReadCourse(t *testing.T) {
	raw := fixture(t, "course-hc20.json")
	a := activity(t, string(raw))
	if a.ID != "hc20" || a.Kind != rules.Course || a.Language != "en" || a.Title["en"] == "" || a.Hours.String() != "2" {
		t.Errorf("head %+v", a)
	}
	parts := ""
	for _, p := range a.Parts {
		parts += fmt.Sprintf("%s %d %s, ", p.ID, p.Items, p.Points)
	}
	if parts != "m1 15 20, m2 15 20, m3 14 20, " || a.Items != 44 || a.Points.String() != "60" {
		t.Errorf("parts %s of %d and %s", parts, a.Items, a.Points)
	}
	if !slices.Equal(a.Aliases["lms-a"], []string{"EURO-HC20", "42"}) || !slices.Equal(a.Aliases["lms-b"], []string{"course-v1:Urban+HC20+2024"}) {
		t.Errorf("aliases %v", a.Aliases)
	}
	if len(a.Rules) != 5 || a.Rule("hc20-m2").All[1].PointsPercent.String() != "60" || a.Rule("hc20-m2").All[1].Part != "m2" || len(a.Rule("hc20-participation").Any) != 2 || a.Rule("none") != nil {
		t.Errorf("rules %s", asJSON(t, a.Rules))
	}
	if a.LadderOf("hc20") != rules.LadderAll || a.LadderOf("another") != rules.LadderAll {
		t.Error("ladder")
	}
	for _, id := range []string{"", "-", "self-paced"} {
		if e, ok := a.FindEdition(id); !ok || e.ID != "" || e.Gate.Mode != rules.Immediate || !e.Gate.Open("hc20-m1", noon, false) {
			t.Errorf("edition %q: %+v", id, e)
		}
	}
	if _, ok := a.FindEdition("2026"); ok {
		t.Error("an edition that is none is found")
	}
	if !bytes.Equal(a.Definition, raw) {
		t.Error("the definition is not as it came")
	}
	var back, want any
	if json.Unmarshal([]byte(asJSON(t, a)), &back) != nil || json.Unmarshal(raw, &want) != nil || asJSON(t, back) != asJSON(t, want) {
		t.Error("in JSON it is not the definition")
	}
}

func TestReadWorkshop(t *testing.T) {
	a := activity(t, string(fixture(t, "workshop-uh-kit-2025.json")))
	if a.Kind != rules.Workshop || a.Series != "uh-kit" || a.Edition != "2025-1" || a.Start != "2025-06-20" || a.End != "2025-07-11" || a.Hours.String() != "8" {
		t.Errorf("head %+v", a)
	}
	e, ok := a.FindEdition("2025-1")
	if !ok || len(e.Sessions) != 4 || e.Sessions[1].ID != "2025-06-27" || e.Sessions[1].Date != "2025-06-27" || e.Sessions[1].Hours.String() != "2" || e.Language != "en" {
		t.Fatalf("edition %+v", e)
	}
	if only, ok := a.FindEdition(""); !ok || only != e {
		t.Error("the only edition is not found without its name")
	}
	if _, ok := a.FindEdition("-"); ok {
		t.Error("- is taken for an edition that has a name")
	}
	released := time.Date(2025, 7, 14, 8, 0, 0, 0, time.UTC)
	if e.Gate.Mode != rules.Manual || !e.Gate.ReleasedAt.Equal(released) {
		t.Errorf("gate %+v", e.Gate)
	}
	// What the definition says of a release opens nothing.
	if e.Gate.Open("uh-kit-completion", released.AddDate(1, 0, 0), false) || !e.Gate.Open("uh-kit-completion", released, true) || !e.Gate.Open("uh-kit-participant", noon, false) {
		t.Error("the gate opens when it should not, or not when it should")
	}
	if s := a.Rule("uh-kit-completion").All[2].Submission; s.ID != "exercise" || s.Status != "accepted" {
		t.Errorf("submission %+v", s)
	}
}

func TestReadTrainers(t *testing.T) {
	a := activity(t, string(fixture(t, "course-dh-planning.json")))
	if a.Hours.String() != "29" || a.Title["fr"] == "" || len(a.Editions[0].Sessions) != 12 || a.Editions[0].Sessions[11].Hours.String() != "1.5" {
		t.Errorf("%+v", a)
	}
	trainer := a.Rule("dh-trainer")
	if trainer.Validity != (calendar.Duration{Years: 3}) || trainer.Renewal.WindowBefore != (calendar.Duration{Months: 6}) || trainer.Renewal.GraceAfter != (calendar.Duration{Months: 3}) ||
		!slices.Equal(trainer.Renewal.Requires.RoleIn, []string{"facilitator"}) || trainer.Renewal.Requires.Editions != 1 {
		t.Errorf("trainer %+v, %+v", trainer, trainer.Renewal)
	}
	if a.Rule("dh-planning").Renewal != nil || !a.Rule("dh-planning").Validity.IsZero() {
		t.Error("what has no term has one")
	}
}

func TestReadEditions(t *testing.T) {
	a := activity(t, `{"id":"a","kind":"workshop","edition":"1","start":"2025-01-01","end":"2025-01-02","language":"en","sessions":[{"id":"s1"}],
		"release":{"mode":"manual","released_at":"2025-01-03"},"award_rules":[{"achievement":"it","all":[{"session":"s1"}]}],
		"editions":[{"id":"2"},{"id":"3","start":"2026-01-01","language":"pt-BR","sessions":[{"id":"x"},{"id":"y"}],"release":{"mode":"on_date","date":"2026-01-05"}}]}`)
	if len(a.Editions) != 3 || a.Edition != "1" || a.Start != "2025-01-01" {
		t.Fatalf("%+v", a.Editions)
	}
	second, third := a.Editions[1], a.Editions[2]
	if second.Start != "" || second.Language != "en" || len(second.Sessions) != 1 || second.Gate.Mode != rules.Manual || !second.Gate.ReleasedAt.IsZero() {
		t.Errorf("the second is %+v", second)
	}
	if third.Start != "2026-01-01" || third.Language != "pt-BR" || len(third.Sessions) != 2 {
		t.Errorf("the third is %+v", third)
	}
	opens := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	if third.Gate.Open("it", opens.Add(-time.Second), false) || !third.Gate.Open("it", opens, false) {
		t.Error("the gate does not open on its day")
	}
	small := activity(t, `{"id":"a","kind":"workshop","release":{"mode":"on_date","date":"2026-01-05t02:00:00+02:00","released_at":"2026-01-06t08:00:00z"}}`).Editions[0].Gate
	if !small.Date.Equal(opens) || !small.ReleasedAt.Equal(time.Date(2026, 1, 6, 8, 0, 0, 0, time.UTC)) {
		t.Errorf("written small it is %+v", small)
	}
	if _, ok := a.FindEdition(""); ok {
		t.Error("one of three editions is found without its name")
	}
	// A list alone.
	b := activity(t, `{"id":"a","kind":"workshop","language":"fr","editions":[{"id":"2","start":"2026-01-01"}]}`)
	if len(b.Editions) != 1 || b.Edition != "2" || b.Start != "2026-01-01" || b.Editions[0].Language != "fr" || b.Editions[0].Gate.Mode != rules.Immediate {
		t.Errorf("%+v", b.Editions)
	}
}

func TestReadTotals(t *testing.T) {
	a := activity(t, `{"id":"a","kind":"course","hours":{"live":"1.5","alone":2},"parts":[{"id":"m1","items":10,"points":"2.5"}],"items_total":"12","points_total":5}`)
	if a.Items != 12 || a.Points.String() != "5" || a.Parts[0].Items != 10 || a.Parts[0].Points.String() != "2.5" || a.Hours.String() != "3.5" {
		t.Errorf("%+v", a)
	}
	// What stands outside the parts counts in the whole.
	a = activity(t, `{"id":"a","kind":"course","parts":[{"id":"m1","points":2}],"points_total":"4","award_rules":[{"achievement":"it","all":[{"points_percent_gte":51}]}]}`)
	f := known(t, `{"parts":{"m1":{"points":{"achieved":2,"max":2}}}}`, noon)
	if out := a.Rule("it").Evaluate(&f, rules.Context{Activity: a}); asJSON(t, out.Missing) != `[{"points_percent_gte":"51","have":"50"}]` {
		t.Errorf("%+v", out)
	}
}

// TestReadFaults breaks a good definition in one place each.
func TestReadFaults(t *testing.T) {
	with := func(members string) string { return `{"id":"a","kind":"course",` + members + `}` }
	rule := func(members string) string {
		return with(`"parts":[{"id":"m1","points":20}],"sessions":[{"id":"s1"}],"rubrics":{"project":["weak","good"]},"award_rules":[{"achievement":"it",` + members + `}]`)
	}
	one := func(condition string) string { return rule(`"all":[` + condition + `]`) }
	renewal := func(members string) string {
		return rule(`"all":[{"passed":true}],"renewal":{` + members + `}`)
	}
	for _, c := range []struct{ definition, code, pointer string }{
		{`{`, "malformed_json", ""}, {`{"id":"a","id":"b"}`, "malformed_json", ""}, {`[]`, "wrong_type", ""}, {``, "malformed_json", ""},
		{`{"kind":"course"}`, "required", "/id"}, {`{"id":"a/b","kind":"course"}`, "slug_invalid", "/id"}, {`{"id":1,"kind":"course"}`, "wrong_type", "/id"},
		{`{"id":"a"}`, "required", "/kind"}, {`{"id":"a","kind":"Course"}`, "not_allowed", "/kind"},
		{with(`"title":{"english":"x","e n":"y"}`), "language_invalid", "/title/e n"}, {with(`"title":{"en":" "}`), "required", "/title/en"}, {with(`"title":"x"`), "wrong_type", "/title"},
		{with(`"title":{"en":"a\u202eb"}`), "control_character", "/title/en"}, {with(`"series":"` + strings.Repeat("x", 101) + `"`), "too_long", "/series"},
		{with(`"language":"e"`), "language_invalid", "/language"}, {with(`"hours":-1`), "number_invalid", "/hours"}, {with(`"hours":{"live":"x"}`), "number_invalid", "/hours/live"},
		{with(`"aliases":{"LMS":["x"]}`), "slug_invalid", "/aliases/LMS"}, {with(`"aliases":{"lms":"x"}`), "wrong_type", "/aliases/lms"}, {with(`"aliases":{"lms":["x","x"]}`), "repeated", "/aliases/lms/1"}, {with(`"aliases":{"lms":[]}`), "required", "/aliases/lms"},
		{with(`"edition":""`), "required", "/edition"}, {with(`"start":"2025-02-30"`), "date_invalid", "/start"}, {with(`"start":"2025-02-02","end":"2025-02-01"`), "end_before_start", "/end"},
		{with(`"start":"2025-02-02","editions":[{"id":"1"}]`), "required", "/edition"}, {with(`"editions":[{"start":"2025-01-01"}]`), "required", "/editions/0/id"}, {with(`"edition":"1","editions":[{"id":"1"}]`), "repeated", "/editions/0/id"},
		{with(`"editions":{}`), "wrong_type", "/editions"}, {with(`"editions":[1]`), "wrong_type", "/editions/0"},
		{with(`"sessions":[{"id":"s"},{"id":"s"}]`), "repeated", "/sessions/1/id"}, {with(`"sessions":[{"date":"2025-01-01"}]`), "required", "/sessions/0/id"}, {with(`"sessions":[{"id":"s","date":"June"}]`), "date_invalid", "/sessions/0/date"},
		{with(`"release":{}`), "required", "/release/mode"}, {with(`"release":{"mode":"later"}`), "not_allowed", "/release/mode"}, {with(`"release":{"mode":"on_date"}`), "required", "/release/date"},
		{with(`"release":{"mode":"on_date","date":"soon"}`), "date_invalid", "/release/date"}, {with(`"release":{"mode":"manual","date":"2025-01-01"}`), "not_allowed", "/release/date"},
		{with(`"release":{"mode":"manual","applies":["it"]}`), "member_unknown", "/release/applies"}, {with(`"release":{"mode":"manual","applies_to":["it"]}`), "achievement_unknown", "/release/applies_to/0"},
		{with(`"editions":[{"id":"1","release":{"mode":"manual","applies_to":["it"]}}]`), "achievement_unknown", "/editions/0/release/applies_to/0"},
		{with(`"modules":[],"parts":[]`), "parts_twice", "/parts"}, {with(`"parts":[{"id":"m"},{"id":"m"}]`), "repeated", "/parts/1/id"}, {with(`"parts":[{"id":"m","items":1.5}]`), "number_invalid", "/parts/0/items"},
		{with(`"modules":[{"id":"m","items":[{"graded":true}]}]`), "required", "/modules/0/items/0/max_points"}, {with(`"modules":[{"id":"m","items":[{"graded":1}]}]`), "wrong_type", "/modules/0/items/0/graded"},
		{with(`"parts":[{"id":"m","items":5}],"items_total":4`), "total_below_parts", "/items_total"}, {with(`"parts":[{"id":"m","points":5}],"points_total":4.5`), "total_below_parts", "/points_total"},
		{with(`"rubrics":{"project":[]}`), "required", "/rubrics/project"}, {with(`"on_downgrade":"revoke"`), "not_allowed", "/on_downgrade"}, {with(`"on_improvement":"renew"`), "not_allowed", "/on_improvement"}, {with(`"ladder":{"g":"top"}`), "not_allowed", "/ladder/g"},
		{with(`"award_rules":{}`), "wrong_type", "/award_rules"}, {with(`"award_rules":[{"all":[{"passed":true}]}]`), "required", "/award_rules/0/achievement"}, {with(`"trainer_rule":{"achievement":"t"}`), "required", "/trainer_rule/all"},
		{with(`"award_rules":[{"achievement":"it","all":[{"passed":true}]}],"trainer_rule":{"achievement":"it","all":[{"passed":true}]}`), "repeated", "/trainer_rule/achievement"},
		{rule(`"all":[]`), "required", "/award_rules/0/all"}, {rule(`"all":[{"passed":true}],"any":[{"passed":true}]`), "all_or_any", "/award_rules/0/any"}, {rule(`"al":[],"all":[{"passed":true}]`), "member_unknown", "/award_rules/0/al"},
		{rule(`"all":{"passed":true}`), "wrong_type", "/award_rules/0/all"}, {one(`{}`), "required", "/award_rules/0/all/0"}, {one(`1`), "wrong_type", "/award_rules/0/all/0"},
		{one(`{"pass":true}`), "condition_unknown", "/award_rules/0/all/0/pass"}, {one(`{"passed":true,"points_percent_gt":1}`), "condition_unknown", "/award_rules/0/all/0/points_percent_gt"},
		{one(`{"passed":true,"points_gte":1}`), "one_condition", "/award_rules/0/all/0"}, {one(`{"passed":true,"part":"m1"}`), "not_allowed", "/award_rules/0/all/0/part"}, {one(`{"points_gte":1,"part":"m2"}`), "part_unknown", "/award_rules/0/all/0/part"},
		{one(`{"passed":false}`), "not_allowed", "/award_rules/0/all/0/passed"}, {one(`{"points_percent_gte":"80 %"}`), "number_invalid", "/award_rules/0/all/0/points_percent_gte"}, {one(`{"points_percent_gte":101}`), "threshold_out_of_range", "/award_rules/0/all/0/points_percent_gte"},
		{one(`{"points_percent_gte":0}`), "threshold_out_of_range", "/award_rules/0/all/0/points_percent_gte"}, {one(`{"points_gte":21}`), "threshold_out_of_range", "/award_rules/0/all/0/points_gte"}, {one(`{"sessions_attended_gte":2}`), "threshold_out_of_range", "/award_rules/0/all/0/sessions_attended_gte"},
		{one(`{"sessions_attended_gte":0.5}`), "number_invalid", "/award_rules/0/all/0/sessions_attended_gte"}, {one(`{"visits_percent_gte":null}`), "required", "/award_rules/0/all/0/visits_percent_gte"}, {one(`{"session":"s2"}`), "session_unknown", "/award_rules/0/all/0/session"},
		{one(`{"submission":{"id":"x"}}`), "required", "/award_rules/0/all/0/submission/status"}, {one(`{"submission":{"id":"x","status":"y","state":"z"}}`), "member_unknown", "/award_rules/0/all/0/submission/state"}, {one(`{"submission":"x"}`), "wrong_type", "/award_rules/0/all/0/submission"},
		{one(`{"rubric":{"id":"project","level_gte":"best"}}`), "level_unknown", "/award_rules/0/all/0/rubric/level_gte"}, {one(`{"rubric":{"id":"project","level_gte":"good","level":"good"}}`), "member_unknown", "/award_rules/0/all/0/rubric/level"},
		{one(`{"role_in":[]}`), "required", "/award_rules/0/all/0/role_in"}, {one(`{"role_in":"x"}`), "wrong_type", "/award_rules/0/all/0/role_in"}, {one(`{"holds":["A"]}`), "slug_invalid", "/award_rules/0/all/0/holds/0"}, {one(`{"holds":["it"]}`), "circular", "/award_rules/0"},
		{one(`{"any":[{"holds":["it"]}]}`), "circular", "/award_rules/0"}, {one(`{"any":[]}`), "required", "/award_rules/0/all/0/any"}, {one(`{"any":[{"pass":true}]}`), "condition_unknown", "/award_rules/0/all/0/any/0/pass"},
		{one(`{"any":[{"all":[{"any":[{"passed":true}]}]}]}`), "too_deep", "/award_rules/0/all/0/any/0/all/0/any"},
		{rule(`"all":[{"passed":true}],"validity":"3 years"`), "duration_invalid", "/award_rules/0/validity"}, {rule(`"all":[{"passed":true}],"validity":"P"`), "duration_invalid", "/award_rules/0/validity"},
		{renewal(``), "required", "/award_rules/0/renewal/window_before"}, {renewal(`"window_before":"P6M","grace":"P1M"`), "member_unknown", "/award_rules/0/renewal/grace"}, {renewal(`"window_before":"P0D"`), "duration_invalid", "/award_rules/0/renewal/window_before"},
		{renewal(`"window_before":"P6M","requires":{"editions_gte":1}`), "required", "/award_rules/0/renewal/requires/role_in"}, {renewal(`"window_before":"P6M","requires":{"role_in":["x"],"editions_gte":0}`), "threshold_out_of_range", "/award_rules/0/renewal/requires/editions_gte"},
		{renewal(`"window_before":"P6M","requires":{"holds":["x"],"role_in":["x"]}`), "member_unknown", "/award_rules/0/renewal/requires/holds"},
	} {
		a, err := rules.ReadActivity([]byte(c.definition))
		var list badge.Errors
		if !errors.As(err, &list) || a != nil {
			t.Errorf("%s is read: %v", c.definition, err)
			continue
		}
		if len(list) != 1 || list[0].Rule != c.code || list[0].Pointer != c.pointer || !strings.HasSuffix(list[0].Detail, ".") && c.code != "malformed_json" {
			t.Errorf("%s: %v, want %s at %s", c.definition, err, c.code, c.pointer)
		}
	}
}

func TestReadTellsAllFaults(t *testing.T) {
	_, err := rules.ReadActivity([]byte(`{"id":"A","kind":"talk","start":"x","award_rules":[{"achievement":"it","all":[{"visit_percent_gte":50}]}]}`))
	var list badge.Errors
	if !errors.As(err, &list) {
		t.Fatal(err)
	}
	var at []string
	for _, e := range list {
		at = append(at, e.Pointer)
	}
	if want := []string{"/id", "/kind", "/start", "/award_rules/0/all/0/visit_percent_gte"}; !slices.Equal(at, want) {
		t.Errorf("faults at %q, want %q", at, want)
	}
}
