package programme_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
	"laurel/programme/facts"
	"laurel/store"
)

// outcomes is what must come of the 34 events.
type outcomes struct {
	PerEvent []struct {
		Line         int
		Event        string
		HTTP         int
		Result       string
		Achievements []string
		Existing     []string
		Reason       string
	} `json:"per_event"`
	Final     map[string]map[string]string
	Totals    struct{ Credentials int }
	LadderAll struct {
		Final  map[string]map[string]string
		Totals struct{ Credentials int }
	} `json:"ladder_all"`
}

func expected(t *testing.T, name string, into any) {
	t.Helper()
	if err := json.Unmarshal(file(t, "expected/"+name), into); err != nil {
		t.Fatal(err)
	}
}

// course is the 20-step course on an empty store; its ladder is "all" or
// "highest".
func course(t testing.TB, ladder string) *place {
	t.Helper()
	return courseOn(t, boltStore(t), ladder)
}

func courseOn(t testing.TB, db store.Store, ladder string) *place {
	t.Helper()
	p := placeOn(t, db)
	definition := bytes.Replace(file(t, "course-hc20.json"), []byte(`"hc20": "all"`), []byte(`"hc20": "`+ladder+`"`), 1)
	if _, err := p.PutActivity(t.Context(), definition, "test"); err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{"lms-a", "lms-b"} {
		if err := p.PutSource(t.Context(), programme.Source{Slug: source, TrustEmail: true}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func events(t testing.TB) []completion.Completion {
	t.Helper()
	var all []completion.Completion
	lines := bufio.NewScanner(bytes.NewReader(file(t, "course-events.jsonl")))
	for lines.Scan() {
		e, err := completiontest.Read(lines.Bytes(), "")
		if err != nil { // tells of itself in the answer, as the API lets it
			e = completion.Completion{ID: "refused:" + err.Error()}
		}
		all = append(all, e)
	}
	return all
}

var everybody = programme.Caller{Actor: "test", MayIssue: func(string) bool { return true }}

// TestCourseEvents sends the 34 events in order and compares each answer, and
// then all that was awarded, with what a separate evaluator computed.
func TestCourseEvents(t *testing.T) {
	var want outcomes
	expected(t, "course-outcomes.json", &want)
	for ladder, final := range map[string]map[string]map[string]string{"highest": want.Final, "all": want.LadderAll.Final} {
		t.Run(ladder, func(t *testing.T) {
			p := course(t, ladder)
			for n, e := range events(t) {
				w := want.PerEvent[n]
				if strings.HasPrefix(e.ID, "refused:") {
					if w.HTTP != 422 || !strings.Contains(e.ID, w.Reason) {
						t.Errorf("line %d: %s, want %+v", n+1, e.ID, w)
					}
					continue
				}
				answers, err := p.Complete(t.Context(), everybody, []completion.Completion{e})
				if err != nil {
					t.Fatal(err)
				}
				compare(t, n+1, answers[0], w.HTTP, w.Result, w.Reason)
				if ladder == "highest" && w.HTTP == 200 && w.Result != "replayed" {
					sameAchievements(t, n+1, answers[0], w.Achievements)
				}
			}
			if got := held(t, p); !maps.EqualFunc(got, final, maps.Equal[map[string]string]) {
				t.Errorf("in the end %v\nwant %v", got, final)
			}
			replay(t, p)
		})
	}
}

func compare(t *testing.T, line int, got programme.Answer, status int, result, reason string) {
	t.Helper()
	var fault *badge.Error
	switch {
	case status == 409:
		if !errors.Is(got.Fault, programme.ErrEventReused) {
			t.Errorf("line %d: %+v, want a conflict", line, got)
		}
	case status == 422:
		if !errors.As(got.Fault, &fault) || fault.Rule != reason {
			t.Errorf("line %d: %v, want %s", line, got.Fault, reason)
		}
	case got.Fault != nil || string(got.Result) != result:
		t.Errorf("line %d: %s, %v; want %s", line, got.Result, got.Fault, result)
	}
}

func sameAchievements(t *testing.T, line int, got programme.Answer, want []string) {
	t.Helper()
	var names []string
	for _, a := range got.Awards {
		if a.Outcome == got.Result && a.Outcome != programme.OutcomeExisting && a.Outcome != programme.OutcomePendingIdentity {
			names = append(names, a.Achievement)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		t.Errorf("line %d: %v, want %v", line, got.Awards, want)
	}
}

// known are the events that can be read.
func known(all []completion.Completion) []completion.Completion {
	return slices.DeleteFunc(all, func(e completion.Completion) bool { return strings.HasPrefix(e.ID, "refused:") })
}

// held is who holds what, as the signed badges and their records say.
func held(t testing.TB, p *place) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	people := map[string]string{}
	for _, e := range events(t) {
		if email := strings.ToLower(strings.TrimSpace(e.Learner.Email)); email != "" {
			people[email] = email
		}
	}
	for email := range people {
		page, err := p.Issuer.List(t.Context(), issuer.Filter{Issuers: []string{"urban-health-learning"}, Email: email, Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page.Records {
			if all[email] == nil {
				all[email] = map[string]string{}
			}
			all[email][rec.Achievement] = string(rec.Status)
		}
	}
	return all
}

// replay sends everything again: nothing changes, and what was taken is said
// to have been.
func replay(t *testing.T, p *place) {
	t.Helper()
	before := issuertest.Snapshot(t, p.store)
	answers, err := p.Complete(t.Context(), everybody, known(events(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range answers {
		if a.Fault == nil && a.Result != programme.OutcomeReplayed {
			t.Errorf("%s again: %s", a.Event, a.Result)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.store)) {
		t.Error("sending everything again changed the store")
	}
}

// TestNamesWithoutEnd: a platform that names something new each time fills no
// store and keeps nobody from being told of; what the rules ask for always counts.
func TestNamesWithoutEnd(t *testing.T) {
	p := course(t, "all")
	names := func(n int, format string) string {
		var list []string
		for i := range 40 {
			list = append(list, fmt.Sprintf(format, n, i))
		}
		return strings.Join(list, ",")
	}
	for n := range 4 {
		answer := p.tell(t, said{learner: ana, facts: `{"submissions":{` + names(n, `"s%d-%d":"done"`) + `},"rubric":{` + names(n, `"r%d-%d":"done"`) + `}}`})[0]
		if answer.Fault != nil {
			t.Fatalf("%d: %v", n, answer.Fault)
		}
	}
	for k, v := range issuertest.Snapshot(t, p.store) {
		if strings.HasPrefix(k, "P/live/f/") && (strings.Count(v, `"s`) > facts.MaxOthers+10 || strings.Count(v, `"r`) > facts.MaxOthers+10) {
			t.Errorf("it is %d bytes: %.200s", len(v), v)
		}
	}
	if got := results(p.tell(t, said{learner: ana, facts: points("51")})); got != "issued" {
		t.Errorf("what counts is %s", got)
	}
	var last programme.Answer
	for n := 0; n < 70 && last.Fault == nil; n++ {
		last = p.tell(t, said{learner: bo, facts: `{"role":[` + names(n, `"a%d-%d","b%[1]d-%[2]d"`) + `]}`})[0]
	}
	var fault *badge.Error
	if !errors.As(last.Fault, &fault) || fault.Rule != "too_many" || fault.Pointer != "/facts" {
		t.Errorf("roles without end: %v", last.Fault)
	}
}

// TestEventsOfTwoIssuers: an id is an event's within what a platform tells of one
// issuer's activities. Who reports for another learns nothing of it, and takes no
// id from it.
func TestEventsOfTwoIssuers(t *testing.T) {
	p := course(t, "all")
	if _, err := p.PutActivity(t.Context(), []byte(`{"id":"planning","kind":"course","award_rules":[{"achievement":"dh-planning","all":[{"passed":true}]}]}`), "test"); err != nil {
		t.Fatal(err)
	}
	urban, digital := speaker("urban-health-learning"), speaker("digital-health-learning")
	take := func(c programme.Caller, activity, facts string) programme.Answer {
		t.Helper()
		e, err := completiontest.Read([]byte(`{"id":"same-1","source":"lms-a","occurred_at":"2025-03-03T12:00:00Z","activity":"`+activity+`","learner":`+ana+`,"facts":`+facts+`}`), "")
		if err != nil {
			t.Fatal(err)
		}
		answers, err := p.Complete(t.Context(), c, []completion.Completion{e})
		if err != nil {
			t.Fatal(err)
		}
		return answers[0]
	}
	passed := `{"passed":true}`
	hidden := take(urban, "planning", passed).Fault
	if !errors.Is(hidden, programme.ErrForbidden) {
		t.Errorf("of another issuer's activity: %v", hidden)
	}
	for _, step := range []struct {
		caller          programme.Caller
		activity, facts string
		want            programme.Outcome
	}{{urban, "hc20", points("51"), programme.OutcomeIssued}, {digital, "planning", passed, programme.OutcomeIssued}, {everybody, "planning", passed, programme.OutcomeReplayed}, {urban, "hc20", points("51"), programme.OutcomeReplayed}} {
		if got := take(step.caller, step.activity, step.facts); got.Fault != nil || got.Result != step.want {
			t.Errorf("%s: %+v, want %s", step.activity, got, step.want)
		}
	}
	for activity, c := range map[string]programme.Caller{"hc20": urban, "planning": everybody} {
		if got := take(c, activity, `{"role":"participant"}`); !errors.Is(got.Fault, programme.ErrEventReused) {
			t.Errorf("something else of %s: %+v", activity, got)
		}
	}
	if again := take(urban, "planning", passed).Fault; again == nil || again.Error() != hidden.Error() {
		t.Errorf("when there is such an event: %v, and before: %v", again, hidden)
	}
}
