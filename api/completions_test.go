package api_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
	"laurel/store"
)

func programmeFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("../programme/testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

const urban = "urban-health-learning" // who gives the course

// newCourse is a world with the fixtures' issuers and achievements, and the
// 20-step course.
func newCourse(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.defineCourse()
	return w
}

func (w *world) defineCourse() {
	t := w.t
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"parties.json", "achievements.json"} {
		raw, err := os.ReadFile("../issuer/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = raw
	}
	d := must(programme.ReadDefinitions(files, w.base))(t)
	for _, p := range d.Issuers {
		w.makeKeys(w.keys.Ring, p.Slug)
	}
	if err := w.programme.Load(t.Context(), d, "test"); err != nil {
		t.Fatal(err)
	}
	w.put("/v1/activities/hc20", string(programmeFile(t, "course-hc20.json")), w.all).want(t, http.StatusCreated)
	for _, slug := range []string{"lms-a", "lms-b"} {
		if err := w.programme.PutSource(t.Context(), programme.Source{Slug: slug, TrustEmail: true}, "test"); err != nil {
			t.Fatal(err)
		}
	}
}

func courseEvents(t *testing.T) []string {
	return strings.Split(strings.TrimSpace(string(programmeFile(t, "course-events.jsonl"))), "\n")
}

type completionAnswer struct {
	Status        int // in a batch
	Event, Result string
	First         string
	Test          bool
	Awards        []struct {
		Achievement, Outcome string
		Credential, Page     *string
		Review               string
		Revoked              bool
	}
	Open []struct {
		Achievement string
		Missing     []map[string]any
	}
	Superseded []string
	Problem    *struct {
		Code      string
		RequestID string
		Errors    []struct{ Pointer, Code string }
	}
}

// gained are the achievements with an outcome.
func (a completionAnswer) gained(outcome string) []string {
	names := []string{}
	for _, w := range a.Awards {
		if w.Outcome == outcome {
			names = append(names, w.Achievement)
		}
	}
	slices.Sort(names)
	return names
}

type courseOutcomes struct {
	PerEvent []struct {
		Event        string
		HTTP         int
		Result       string
		Reason       string
		Achievements []string
		Existing     []string
	} `json:"per_event"`
	LadderAll struct {
		Final map[string]map[string]string
	} `json:"ladder_all"`
}

func theOutcomes(t *testing.T) (want courseOutcomes) {
	t.Helper()
	if err := json.Unmarshal(programmeFile(t, "expected/course-outcomes.json"), &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// holders is who holds what of the course, by address, as the register says.
func (w *world) holders(t *testing.T) map[string]map[string]string {
	t.Helper()
	all := map[string]map[string]string{}
	for email := range theOutcomes(t).LadderAll.Final {
		page, err := w.issuer.List(t.Context(), issuer.Filter{Issuers: []string{urban}, Email: email, Limit: 100})
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

// contents are all that is stored of the programmes and badges, but for what
// tells how often a token was used.
func (w *world) contents() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	err := w.store.View(context.Background(), func(r store.Reader) error {
		clear(all)
		for _, prefix := range []string{"P/", "p/", "c/", "n/", "e/"} {
			if err := r.Scan([]byte(prefix), nil, func(k, v []byte) error { all[string(k)] = string(v); return nil }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// TestCourseEventsOverHTTP sends the 34 events one by one and holds status and
// body of each answer against what a separate evaluator computed; then all again
// as one batch, which changes nothing.
func TestCourseEventsOverHTTP(t *testing.T) {
	w, want := newCourse(t), theOutcomes(t)
	lines := courseEvents(t)
	statuses := map[int]int{}
	for n, line := range lines {
		e := want.PerEvent[n]
		a := w.post("/v1/completions", line)
		statuses[a.status]++
		if a.status != e.HTTP {
			t.Fatalf("line %d: status %d, want %d: %s", n+1, a.status, e.HTTP, a.body)
		}
		switch a.status {
		case http.StatusOK:
			w.sameAnswer(n+1, a, e.Event, e.Result)
		case http.StatusConflict:
			a.problem(t, http.StatusConflict, "event_reused")
		default:
			p := a.problem(t, http.StatusUnprocessableEntity, e.Reason)
			if faults, _ := p["errors"].([]any); len(faults) != 1 || fmt.Sprint(faults[0].(map[string]any)["pointer"])[0] != '/' {
				t.Errorf("line %d: %s", n+1, a.body)
			}
		}
	}
	if statuses[422] != 3 || statuses[409] != 1 || statuses[200] != 30 {
		t.Errorf("statuses %v", statuses)
	}
	if got := w.holders(t); !maps.EqualFunc(got, want.LadderAll.Final, maps.Equal[map[string]string]) {
		t.Errorf("in the end %v\nwant %v", got, want.LadderAll.Final)
	}
	w.replayAll(lines, want)
}

// sameAnswer holds one answer against what must come of the event.
func (w *world) sameAnswer(line int, a answer, event, result string) {
	t := w.t
	t.Helper()
	var got completionAnswer
	a.into(t, &got)
	if got.Event != event || got.Result != result || (got.First != "") != (result == "replayed") {
		t.Errorf("line %d: %s, want %s", line, a.body, result)
	}
	for _, award := range got.Awards {
		if award.Outcome == "issued" && (award.Credential == nil || award.Page == nil) {
			t.Errorf("line %d: %+v has no address", line, award)
		}
		if award.Credential == nil {
			continue
		}
		path, ok := strings.CutPrefix(*award.Credential, w.base+"/credentials/")
		if !ok || *award.Page != w.base+"/v/"+path {
			t.Errorf("line %d: %s, %s", line, *award.Credential, *award.Page)
		}
		if award.Outcome == "issued" {
			if report := w.check(fmt.Sprintf(`{"code":%q}`, path), "application/json").object(t); report["verdict"] != "valid" && result != "revoked" {
				t.Errorf("line %d: %s is %v", line, path, report["verdict"])
			}
		}
	}
	for _, open := range got.Open {
		if len(open.Missing) == 0 {
			t.Errorf("line %d: of %s nothing is missing", line, open.Achievement)
		}
	}
}

func (w *world) replayAll(lines []string, want courseOutcomes) {
	t := w.t
	t.Helper()
	before := w.contents()
	var again struct{ Results []completionAnswer }
	w.post("/v1/completions", "["+strings.Join(lines, ",")+"]").want(t, http.StatusOK).into(t, &again)
	if len(again.Results) != len(lines) {
		t.Fatalf("%d results for %d events", len(again.Results), len(lines))
	}
	for n, r := range again.Results {
		e := want.PerEvent[n]
		switch {
		case r.Status != e.HTTP:
			t.Errorf("line %d again: status %d, want %d", n+1, r.Status, e.HTTP)
		case r.Status == http.StatusOK && (r.Result != "replayed" || r.First == "" || r.Event != e.Event || r.Problem != nil):
			t.Errorf("line %d again: %+v", n+1, r)
		case r.Status == 422 && (r.Problem == nil || r.Problem.Code != e.Reason || r.Problem.RequestID == "" || r.Result != ""):
			t.Errorf("line %d again: %+v", n+1, r)
		case r.Status == 409 && (r.Problem == nil || r.Problem.Code != "event_reused"):
			t.Errorf("line %d again: %+v", n+1, r)
		}
	}
	if !maps.Equal(before, w.contents()) {
		t.Error("sending everything again changed the store")
	}
}

// TestCompletionsByManyAtOnce: eight clients report in any order, and each event
// twice; the same people hold the same badges. Three learners live from the order
// of their events.
func TestCompletionsByManyAtOnce(t *testing.T) {
	w, want := newCourse(t), theOutcomes(t)
	random := rand.New(rand.NewPCG(5, 34))
	ordered := []string{"u-1006", "u-1017", "u-1021"}
	lanes := make([][]string, 8)
	var free []string
	for _, line := range courseEvents(t) {
		at := slices.IndexFunc(ordered, func(id string) bool { return strings.Contains(line, `"`+id+`"`) })
		if at < 0 {
			free = append(free, line, line)
		} else {
			lanes[at] = append(lanes[at], line)
		}
	}
	random.Shuffle(len(free), func(a, b int) { free[a], free[b] = free[b], free[a] })
	for n, line := range free {
		lanes[n%8] = append(lanes[n%8], line)
	}
	var wg sync.WaitGroup
	for _, lane := range lanes {
		wg.Go(func() {
			for _, line := range lane {
				a, err := w.send(request{method: "POST", path: "/v1/completions", body: line, token: w.all, header: map[string]string{"Content-Type": "application/json"}})
				if err != nil || a.status >= 500 {
					t.Errorf("%d %v %s", a.status, err, a.body)
				}
			}
		})
	}
	wg.Wait()
	if got := w.holders(t); !maps.EqualFunc(got, want.LadderAll.Final, maps.Equal[map[string]string]) {
		t.Errorf("in the end %v\nwant %v", got, want.LadderAll.Final)
	}
}

// event is an event that is in order; swap replaces parts of it.
func event(swap ...string) string {
	const good = `{"id":"e-1","type":"progress","occurred_at":"2025-03-03T12:00:00Z","activity":"hc20",` +
		`"learner":{"id":"u-1","email":"ana@learner.example","name":"Ana Mora","country":"GH"},"facts":{"points":{"achieved":60,"max":60}}}`
	return strings.NewReplacer(swap...).Replace(good)
}

// reporter is a token for lms-a and the course's issuer, but for what change says.
func (w *world) reporter(change func(*auth.Token)) string {
	limits := auth.Token{Scopes: []auth.Scope{auth.Complete}, Issuers: []string{urban}, Source: "lms-a"}
	if change != nil {
		change(&limits)
	}
	return w.token(limits)
}

func TestForWhomATokenReports(t *testing.T) {
	w := newCourse(t)
	w.put("/v1/activities/workshop", `{"id":"workshop","kind":"workshop","award_rules":[{"achievement":"hc20-m1","all":[{"role_in":["participant"]}]}]}`, w.all).want(t, http.StatusCreated)
	before := w.contents()
	for name, tc := range map[string]struct {
		change func(*auth.Token)
		body   string
		status int
		code   string
	}{
		"another scope":              {func(l *auth.Token) { l.Scopes = []auth.Scope{auth.Issue, auth.Roster} }, event(), 403, "scope_missing"},
		"no source":                  {func(l *auth.Token) { l.Source = "" }, event(), 403, "source_missing"},
		"another source in the body": {nil, event(`"id":"e-1"`, `"id":"e-1","source":"lms-b"`), 403, "source_not_granted"},
		"any source and none named":  {func(l *auth.Token) { l.Source = auth.Any }, event(), 422, "required"},
		"any source, a wrong one":    {func(l *auth.Token) { l.Source = auth.Any }, event(`"id":"e-1"`, `"id":"e-1","source":"LMS A/../x"`), 422, "slug_invalid"},
		"another activity":           {func(l *auth.Token) { l.Activities = []string{"workshop"} }, event(), 403, "activity_not_granted"},
		"another activity, by alias": {func(l *auth.Token) { l.Activities = []string{"workshop"} }, event("hc20", "EURO-HC20"), 403, "activity_not_granted"},
		"another issuer":             {func(l *auth.Token) { l.Issuers = []string{city, other} }, event(), 403, "achievement_unknown"},
		"another country":            {func(l *auth.Token) { l.Country = "KE" }, event(), 403, "country_not_granted"},
		"no country":                 {func(l *auth.Token) { l.Country = "KE" }, event(`,"country":"GH"`, ""), 403, "country_not_granted"},
		"a trial without an issuer":  {func(l *auth.Token) { l.Test = true }, event(), 409, "no_test_issuer"},
		"an alias of another source": {nil, event("hc20", "course-v1:Urban+HC20+2024"), 422, "unknown_activity"},
	} {
		t.Run(name, func(t *testing.T) {
			token := w.reporter(tc.change)
			w.with(token, "POST", "/v1/completions", tc.body).problem(t, tc.status, tc.code)
			if tc.status == 403 && tc.code != "scope_missing" && tc.code != "source_missing" {
				var many struct{ Results []completionAnswer }
				w.with(token, "POST", "/v1/completions", "["+tc.body+"]").want(t, http.StatusOK).into(t, &many)
				if len(many.Results) != 1 || many.Results[0].Status != tc.status || many.Results[0].Problem.Code != tc.code {
					t.Errorf("in a batch %+v", many.Results)
				}
			}
		})
	}
	after := w.contents()
	maps.DeleteFunc(after, func(k, v string) bool { return before[k] == v })
	for k := range after {
		t.Errorf("a refused event left %s", k)
	}
	var a completionAnswer
	own := w.reporter(func(l *auth.Token) { l.Activities, l.Country = []string{"hc20"}, "GH" })
	w.with(own, "POST", "/v1/completions", event("hc20", "EURO-HC20")).want(t, http.StatusOK).into(t, &a)
	if a.Result != "issued" {
		t.Errorf("with a token of its own: %+v", a)
	}
	// Who may not report it is not told what became of it.
	for _, change := range []func(*auth.Token){func(l *auth.Token) { l.Activities = []string{"workshop"} }, func(l *auth.Token) { l.Issuers = []string{city} }} {
		if a := w.with(w.reporter(change), "POST", "/v1/completions", event("hc20", "EURO-HC20")).want(t, http.StatusForbidden); bytes.Contains(a.body, []byte("/credentials/")) {
			t.Errorf("%s", a.body)
		}
	}
	// Another issuer's course on the same platform has events of the same name.
	w.put("/v1/activities/elsewhere", `{"id":"elsewhere","kind":"course","award_rules":[{"achievement":"healthy-city","all":[{"points_percent_gte":"80"}]}]}`, w.all).want(t, http.StatusCreated)
	w.with(w.reporter(func(l *auth.Token) { l.Issuers = []string{city} }), "POST", "/v1/completions", event("hc20", "elsewhere")).want(t, http.StatusOK).into(t, &a)
	if a.Result != "issued" {
		t.Errorf("with another issuer's token: %+v", a)
	}
	// Whom another country's token names is not theirs to change.
	kenya := w.reporter(func(l *auth.Token) { l.Country = "KE" })
	w.with(kenya, "POST", "/v1/completions", event("e-1", "e-2", "GH", "KE", "Ana Mora", "Somebody Else")).problem(t, 403, "country_not_granted")
	w.with(own, "POST", "/v1/completions", event("e-1", "e-3", `,"country":"GH"`, "")).want(t, http.StatusOK).into(t, &a)
	if a.Result != "existing" {
		t.Errorf("of somebody known to be of the country: %+v", a)
	}
}

func TestBadCompletions(t *testing.T) {
	w := newCourse(t)
	token := w.reporter(nil)
	deep := strings.Repeat("[", 20) + strings.Repeat("]", 20)
	soon := func(d time.Duration) string { return w.clock.now().Add(d).UTC().Format(time.RFC3339) }
	before := w.contents()
	for body, want := range map[string]string{
		`{"id":`: "400 malformed_json ", `"text"`: "422 not_an_object ", `7`: "422 not_an_object ", "": "400 malformed_json ",
		event(`"id":"e-1"`, `"id":"e-1","id":"e-2"`):                                                            "400 duplicate_member",
		event(`"facts":`, `"x":`+deep+`,"facts":`):                                                              "400 too_deep",
		event("Ana Mora", "\xff"):                                                                               "400 invalid_encoding",
		event(`"facts":`, `"x":"`+strings.Repeat("x", 256<<10)+`","facts":`):                                    "413 too_large ",
		event(`"facts":`, `"x":"`+strings.Repeat("x", 5<<20)+`","facts":`):                                      "413 too_large ",
		event("hc20", "no-such-course"):                                                                         "422 unknown_activity /activity",
		event(`"hc20"`, `{"id":"hc20"}`):                                                                        "422 wrong_type /activity",
		event(`"hc20"`, `"hc20","edition":"2031"`):                                                              "422 unknown_edition /edition",
		event("2025-03-03T12:00:00Z", soon(6*time.Minute)):                                                      "422 occurred_in_future /occurred_at",
		event("2025-03-03T12:00:00Z", "soon"):                                                                   "422 date_invalid /occurred_at",
		event(`"2025-03-03T12:00:00Z"`, `1741003200000`):                                                        "422 date_invalid /occurred_at",
		event(`"points":{"achieved":60,"max":60}`, ``):                                                          "422 facts_missing /facts",
		event(`"points":`, `"waived":["hc20-achievement"],"points":`):                                           "422 not_allowed /facts/waived",
		strings.Replace(event(`"points":`, `"waived":["hc20-acheivement"],"points":`), "progress", "waiver", 1): "422 achievement_unknown /facts/waived",
		event(`{"achieved":60,"max":60}`, `{"achieved":"4,5","max":60}`):                                        "422 number_invalid /facts/points/achieved",
		event(`{"achieved":60,"max":60}`, `{"achieved":-1,"max":60}`):                                           "422 negative_number /facts/points/achieved",
		event(`"points":{"achieved":60`, `"visits":{"visited":45,"total":44},"points":{"achieved":60`):          "422 visited_exceeds_total /facts/visits/visited",
		event("Ana Mora", "=HYPERLINK(1)"):                                                                      "422 name_suspicious /learner/name",
		event("Ana Mora", `Ana\u0007`):                                                                          "422 control_character /learner/name",
		event("Ana Mora", `Ana\u202emoc.live`):                                                                  "422 control_character /learner/name",
		event("Ana Mora", strings.Repeat("x", 201)):                                                             "422 too_long /learner/name",
		event("ana@learner.example", "nobody"):                                                                  "422 email_invalid /learner/email",
		event("GH", "Ghana"):                                                                                    "422 country_unknown /learner/country",
		event(`"progress"`, `"badge"`):                                                                          "422 type_unknown /type",
		event(`"id":"e-1"`, `"id":"e\n1"`):                                                                      "422 control_character /id",
		event(`{"id":"u-1","email":"ana@learner.example","name":"Ana Mora","country":"GH"}`, `{"name":"Ana"}`):  "422 required /learner",
		`{}`: "422 several_faults /id",
	} {
		a := w.with(token, "POST", "/v1/completions", body)
		var p struct {
			Code   string
			Errors []struct{ Pointer string }
		}
		a.into(t, &p)
		got := fmt.Sprintf("%d %s ", a.status, p.Code)
		if len(p.Errors) > 0 {
			got += p.Errors[0].Pointer
		}
		if !strings.HasPrefix(got, want) || a.status >= 500 {
			t.Errorf("%.120s\n%s, want %s: %s", body, got, want, a.body)
		}
		if bytes.Contains(a.body, []byte("Ana Mora")) || bytes.Contains(a.body, []byte("ana@learner")) {
			t.Errorf("the answer repeats who it is about: %s", a.body)
		}
	}
	for _, r := range []request{
		{path: "/v1/completions", header: map[string]string{"Content-Type": "text/plain"}},
		{path: "/v1/completions?dry_run=true", header: map[string]string{"Content-Type": "application/json"}},
		{path: "/v1/completions", header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": "\x01"}},
	} {
		r.method, r.body, r.token = "POST", event(), token
		if a, err := w.send(r); err == nil && (a.status < 400 || a.status > 415) {
			t.Errorf("%v: %d %s", r.header, a.status, a.body)
		}
	}
	if !maps.Equal(before, w.contents()) {
		t.Error("what was refused left something")
	}
}

// TestCompletionsAsPlatformsWriteThem: numbers and times as texts, ids as numbers
// and what Moodle's plug-in makes of JSON are taken.
func TestCompletionsAsPlatformsWriteThem(t *testing.T) {
	w := newCourse(t)
	token := w.reporter(nil)
	for n, body := range []string{
		event(`{"achieved":60,"max":60}`, `{"achieved":"48.00000","max":"60.00000"}`, `"2025-03-03T12:00:00Z"`, `"1740999600"`, `"hc20"`, `42`, `"u-1"`, `1009`),
		event(`"2025-03-03T12:00:00Z"`, `1740999600`, `"facts":`, `"extra":{"a":[1,2]},"source":"lms-a","facts":`),
		string(bytes.ReplaceAll(programmeSample(t, "moodle-tool_trigger.json"), []byte("participant.04"), []byte("participant.xx"))),
		event("2025-03-03T12:00:00Z", w.clock.now().Add(4*time.Minute).UTC().Format(time.RFC3339)),
	} {
		body = strings.NewReplacer("e-1", fmt.Sprintf("e-%d", n), `"u-1"`, fmt.Sprintf(`"u-%d"`, n), "ana@", fmt.Sprintf("ana.%d@", n)).Replace(body)
		var a completionAnswer
		w.with(token, "POST", "/v1/completions", body).want(t, http.StatusOK).into(t, &a)
		if a.Result != "issued" || !slices.Contains(a.gained("issued"), "hc20-achievement") {
			t.Errorf("%s\n%+v", body, a)
		}
	}
	var a completionAnswer
	w.with(token, "POST", "/v1/completions", event(`"achieved":60`, `"achieved":47.9`, "e-1", "near", "u-1", "u-9", "ana@", "nine@")).want(t, http.StatusOK).into(t, &a)
	if a.Result != "not_met" || len(a.Awards) != 0 || !strings.Contains(fmt.Sprint(a.Open), "have:79.83") {
		t.Errorf("%+v", a)
	}
}

func programmeSample(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile("../programme/platform/testdata/native/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestBatchesOfCompletions(t *testing.T) {
	w := newCourse(t)
	token := w.reporter(nil)
	many := make([]string, 1001)
	for n := range many {
		many[n] = event("e-1", fmt.Sprintf("e-%d", n), "u-1", fmt.Sprintf("u-%d", n%200), "ana@", fmt.Sprintf("ana.%d@", n%200))
	}
	w.with(token, "POST", "/v1/completions", "["+strings.Join(many, ",")+"]").problem(t, http.StatusRequestEntityTooLarge, "too_large")
	w.with(token, "POST", "/v1/completions", "["+strings.Repeat(" ", 4<<20)+"]").problem(t, http.StatusRequestEntityTooLarge, "too_large")
	if n := len(w.issued(t, urban)); n != 0 {
		t.Errorf("%d badges", n)
	}
	var a struct{ Results []completionAnswer }
	w.with(token, "POST", "/v1/completions", "[]").want(t, http.StatusOK).into(t, &a)
	if len(a.Results) != 0 {
		t.Errorf("%+v", a)
	}
	w.with(token, "POST", "/v1/completions", `[7,`+event("hc20", "x")+`,`+many[0]+`,`+many[0]+`,`+strings.Replace(many[0], "60", "59", 1)+`,"x"]`).want(t, http.StatusOK).into(t, &a)
	var got []string
	for _, r := range a.Results {
		text := fmt.Sprint(r.Status, r.Result)
		if r.Problem != nil {
			text += r.Problem.Code
		}
		got = append(got, text)
	}
	if want := "422not_an_object 422unknown_activity 200issued 200replayed 409event_reused 422not_an_object"; strings.Join(got, " ") != want {
		t.Errorf("%v\nwant %s", got, want)
	}
	w.with(token, "POST", "/v1/completions", "["+strings.Join(many[:1000], ",")+"]").want(t, http.StatusOK).into(t, &a)
	if len(a.Results) != 1000 || len(w.issued(t, urban)) != 400 { // achievement and participation
		t.Errorf("%d results, %d badges", len(a.Results), len(w.issued(t, urban)))
	}
}

// issued are the ids of an issuer's badges.
func (w *world) issued(t *testing.T, slug string) (ids []string) {
	t.Helper()
	filter := issuer.Filter{Issuers: []string{slug}, Limit: 100}
	for {
		page, err := w.issuer.List(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, rec := range page.Records {
			ids = append(ids, rec.ID)
		}
		if filter.Cursor = page.Next; page.Next == "" {
			return ids
		}
	}
}

// TestTrialCompletionsNeverMeetWhatCounts: the same event with a token that is
// marked test and with one that is not gives two badges of two issuers.
func TestTrialCompletionsNeverMeetWhatCounts(t *testing.T) {
	w := newCourse(t)
	for _, slug := range []string{urban, city} {
		if _, err := w.issuer.MakeTestIssuer(t.Context(), slug, "test"); err != nil {
			t.Fatal(err)
		}
	}
	live, test := w.reporter(nil), w.reporter(func(l *auth.Token) { l.Test = true })
	var real, trial completionAnswer
	w.with(test, "POST", "/v1/completions", event()).want(t, http.StatusOK).into(t, &trial)
	w.with(live, "POST", "/v1/completions", event()).want(t, http.StatusOK).into(t, &real)
	if real.Result != "issued" || trial.Result != "issued" || real.Test || !trial.Test || *real.Awards[0].Credential == *trial.Awards[0].Credential {
		t.Errorf("%+v\n%+v", real, trial)
	}
	for _, query := range []string{"", "?issuer=" + urban, "?issuer=test-" + urban} { // of each kind only its own
		for token, name := range map[string]string{w.token(auth.Token{Scopes: []auth.Scope{auth.Stats}, Issuers: []string{auth.Any}}): "live",
			w.token(auth.Token{Scopes: []auth.Scope{auth.Stats}, Issuers: []string{auth.Any}, Test: true}): "test"} {
			var counted countsAnswer
			w.with(token, "GET", "/v1/statistics"+query, "").want(t, http.StatusOK).into(t, &counted)
			want := 2
			if name == "live" && strings.HasPrefix(query, "?issuer=test-") {
				want = 0
			}
			if counted.Form != "exact" || counted.Total == nil || *counted.Total != want || counted.Test != (name == "test") {
				t.Errorf("statistics %q of %s: %+v", query, name, counted)
			}
		}
	}
	for slug, a := range map[string]completionAnswer{urban: real, "test-" + urban: trial} {
		ids := w.issued(t, slug)
		if len(ids) != 2 || !slices.Contains(ids, strings.TrimPrefix(*a.Awards[0].Credential, w.base+"/credentials/")) {
			t.Errorf("%s has issued %v", slug, ids)
		}
	}
	for prefix, want := range map[string]int{"P/live/t/": 2, "P/test/t/": 2, "P/live/l/": 1, "P/test/l/": 1} {
		if n := w.store.count(prefix); n != want {
			t.Errorf("%s: %d, want %d", prefix, n, want)
		}
	}
	// What one takes back, the other has still.
	w.with(test, "POST", "/v1/completions", event("e-1", "e-2", "progress", "revocation", "2025-03-03", "2025-03-04")).want(t, http.StatusOK).into(t, &trial)
	w.with(live, "POST", "/v1/completions", event("e-1", "e-3")).want(t, http.StatusOK).into(t, &real)
	if trial.Result != "revoked" || real.Result != "existing" {
		t.Errorf("%+v\n%+v", real, trial)
	}
}

// TestEventsThatAreAddresses: an id of an event that is an address stands in the
// log as a digest, by which it can still be found.
func TestEventsThatAreAddresses(t *testing.T) {
	w := newCourse(t)
	w.result(event(`"id":"e-1"`, `"id":"ana@learner.example","source":"lms-a"`))
	w.result(event(`"id":"e-1"`, `"id":"e-of-ana","source":"lms-a"`))
	sum := sha256.Sum256([]byte("ana@learner.example"))
	log := w.log.String()
	if strings.Contains(log, "learner.example") || !strings.Contains(log, "sha256:"+hex.EncodeToString(sum[:8])) || !strings.Contains(log, "e-of-ana") {
		t.Errorf("%s", log)
	}
}

// TestAwardsBegin: a badge may be earned in the first second of 1970, and not
// before.
func TestAwardsBegin(t *testing.T) {
	w := newCourse(t)
	award := func(at string) answer {
		return w.post("/v1/credentials", fmt.Sprintf(`{"achievement":"hc20-achievement","recipient":{"name":"Ana Mora","email":"ana@learner.example"},"awardedAt":%q}`, at))
	}
	award("1970-01-01T00:00:00Z").want(t, http.StatusCreated)
	award("1969-12-31T23:59:59Z").problem(t, http.StatusUnprocessableEntity, "date_invalid")
}

// TestRevokedIsSaid: what exists and was taken back is not told as what stands,
// on its own, in a batch and when it is told again.
func TestRevokedIsSaid(t *testing.T) {
	w := newCourse(t)
	first := w.result(event(`"id":"e-1"`, `"id":"e-1","source":"lms-a"`))
	id := strings.TrimPrefix(*first.Awards[0].Credential, w.base+"/credentials/")
	w.post("/v1/credentials/"+id+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	again := event(`"id":"e-1"`, `"id":"e-2","source":"lms-a"`)
	for _, got := range []completionAnswer{w.result(again), w.result(again)} {
		for _, a := range got.Awards {
			if want := a.Achievement == first.Awards[0].Achievement; a.Outcome != "existing" || a.Revoked != want {
				t.Errorf("%+v", a)
			}
		}
	}
}
