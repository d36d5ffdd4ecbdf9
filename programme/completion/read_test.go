package completion_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
	"laurel/programme/facts"
)

func lines(t *testing.T) [][]byte {
	t.Helper()
	raw, err := os.ReadFile("testdata/course-events.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
}

// TestCourseEvents: of the events of a whole course all can be read but one,
// and one more has not happened yet.
func TestCourseEvents(t *testing.T) {
	all := lines(t)
	if len(all) != 34 {
		t.Fatalf("%d lines", len(all))
	}
	digests, events := map[string]bool{}, map[string]bool{}
	var refused []string
	for n, line := range all {
		c, err := completiontest.Read(line, "")
		if err == nil {
			err = c.Check(time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC))
		}
		if err != nil {
			refused = append(refused, rules(err))
			continue
		}
		if c.Digest == nil || c.OccurredAt.Year() != 2025 || !strings.HasPrefix(c.Learner.ID, "u-") && c.Source == "lms-a" {
			t.Errorf("line %d: %+v", n+1, c)
		}
		if (c.Kind == completion.Progress || c.Kind == completion.Regrade) == c.Facts.Empty() {
			t.Errorf("line %d: a %s with the facts %+v", n+1, c.Kind, c.Facts)
		}
		digests[string(c.Digest)], events[c.ID] = true, true
	}
	if got := strings.Join(refused, "; "); got != "occurred_in_future /occurred_at; visited_exceeds_total /facts/visits/visited" {
		t.Errorf("refused: %s", got)
	}
	// One is sent three times, one twice with other content.
	if len(events) != 34-2-1-2 || len(digests) != len(events)+1 {
		t.Errorf("%d events of %d contents", len(events), len(digests))
	}
	if _, err := completiontest.Read(all[18], "lms-a"); !errors.Is(err, completion.ErrOtherSource) {
		t.Errorf("an event of lms-b from lms-a: %v", err)
	}
	if c, err := completiontest.Read(all[18], "lms-b"); err != nil || c.Activity != "course-v1:Urban+HC20+2024" || c.Learner.Email != "Participant.10@Learner.Example" {
		t.Errorf("%+v, %v", c, err)
	}
}

// rules are the rule and place of each fault.
func rules(err error) string {
	var list badge.Errors
	if !errors.As(err, &list) {
		return err.Error()
	}
	var out []string
	for _, e := range list {
		if e.Detail == "" || e.Code != badge.MalformedValueError {
			return e.Rule + " says nothing"
		}
		out = append(out, e.Rule+" "+e.Pointer)
	}
	return strings.Join(out, ", ")
}

const good = `{"id":"e1","occurred_at":"2025-03-03T12:00:00Z","activity":"hc20","learner":{"id":"u-1"},"facts":{"passed":true}}`

// with is the good event with one member replaced, added or (without a value)
// taken out.
func with(member, value string) string {
	v, err := strictjson.Parse([]byte(good), strictjson.Limits{})
	if err != nil {
		panic(err)
	}
	var out []string
	for name, m := range v.Members() {
		if name != member {
			out = append(out, `"`+name+`":`+m.Raw())
		}
	}
	if value != "" {
		out = append(out, `"`+member+`":`+value)
	}
	return "{" + strings.Join(out, ",") + "}"
}

func TestRead(t *testing.T) {
	at := time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)
	for raw, check := range map[string]func(completion.Completion) bool{
		good: func(c completion.Completion) bool {
			return c.ID == "e1" && c.Source == "lms-a" && c.Kind == completion.Progress && c.OccurredAt.Equal(at) && c.Activity == "hc20" &&
				c.Edition == "" && c.Learner == completion.Learner{ID: "u-1"} && c.Facts.Passed.Equal(at) && c.Part == ""
		},
		with("source", `"lms-a"`):            func(c completion.Completion) bool { return c.Source == "lms-a" },
		with("source", `""`):                 func(c completion.Completion) bool { return c.Source == "lms-a" },
		with("type", `"completion"`):         func(c completion.Completion) bool { return c.Kind == completion.Progress },
		with("type", `"regrade"`):            func(c completion.Completion) bool { return c.Kind == completion.Regrade },
		with("type", `"revocation"`):         func(c completion.Completion) bool { return c.Kind == completion.Revocation && c.Facts.Empty() },
		with("mood", `{"deep":[1,2,{}]}`):    func(c completion.Completion) bool { return c.ID == "e1" },
		with("occurred_at", `1741003200`):    func(c completion.Completion) bool { return c.OccurredAt.Equal(at) && c.Facts.Passed.Equal(at) },
		with("occurred_at", `"1741003200"`):  func(c completion.Completion) bool { return c.OccurredAt.Equal(at) },
		with("occurred_at", `1741003200.75`): func(c completion.Completion) bool { return c.OccurredAt.Equal(at) },
		with("occurred_at", `"2025-03-03T13:00:00.5+01:00"`): func(c completion.Completion) bool {
			return c.OccurredAt.Equal(at.Add(time.Second/2)) && c.OccurredAt.Location() == time.UTC
		},
		with("occurred_at", `"2025-03-03t12:00:00z"`):             func(c completion.Completion) bool { return c.OccurredAt.Equal(at) },
		with("occurred_at", `"2025-03-03 12:00:00.000000+00:00"`): func(c completion.Completion) bool { return c.OccurredAt.Equal(at) },
		with("activity", `42`):                                    func(c completion.Completion) bool { return c.Activity == "42" },
		with("edition", `"self-paced"`):                           func(c completion.Completion) bool { return c.Edition == "self-paced" },
		with("learner", `{"id":1004,"name":null,"email":""}`):     func(c completion.Completion) bool { return c.Learner == completion.Learner{ID: "1004"} },
		with("learner", `{"email":" A@l.example ","name":" Jose\u0301 ","language":"pt_br","country":"BR","sector":"local_government"}`): func(c completion.Completion) bool {
			return c.Learner == completion.Learner{Email: "A@l.example", Name: "Jos\u00e9", Language: "pt-BR", Country: "BR", Sector: "local_government"}
		},
		`{"id":"e1","type":"identity","occurred_at":1,"activity":"a","learner":{"id":"u","name":"Ana"},"facts":{"visits":{"visited":-1}}}`: func(c completion.Completion) bool {
			return c.Kind == completion.Identity && c.Facts.Empty()
		},
		`{"id":"e1","type":"waiver","occurred_at":1,"activity":"a","learner":{"id":"u"},"facts":{"waived":"hc20-m1","approved_by":"dean"}}`: func(c completion.Completion) bool {
			return c.Kind == completion.Waiver && len(c.Facts.Waived) == 1 && len(c.Facts.Approved) == 1
		},
	} {
		if c, err := completiontest.Read([]byte(raw), "lms-a"); err != nil || !check(c) {
			t.Errorf("%s\n%+v, %v", raw, c, err)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	long := `"` + strings.Repeat("x", 501) + `"`
	for raw, want := range map[string]string{
		`[]`: "not_an_object ", `"x"`: "not_an_object ",
		`{}`:                        "required /id, required /occurred_at, required /activity, required /learner, facts_missing /facts",
		with("id", ""):              "required /id",
		with("id", `" "`):           "required /id",
		with("id", `{}`):            "wrong_type /id",
		with("id", long):            "too_long /id",
		with("id", `"a\nb"`):        "control_character /id",
		with("source", `3.5`):       "wrong_type /source",
		with("type", `"completed"`): "type_unknown /type",
		with("type", `"Progress"`):  "type_unknown /type",
		with("type", `"identity"`):  "required /learner",
		with("type", `"waiver"`):    "facts_missing /facts/waived",
		with("facts", `{"passed":true,"waived":["it"]}`):                                                           "not_allowed /facts/waived",
		`{"id":"e1","type":"regrade","occurred_at":1,"activity":"a","learner":{"id":"u"},"facts":{"waived":"it"}}`: "not_allowed /facts/waived",
		with("occurred_at", ""):                                             "required /occurred_at",
		with("occurred_at", `"yesterday"`):                                  "date_invalid /occurred_at",
		with("occurred_at", `"2025-03-03"`):                                 "date_invalid /occurred_at",
		with("occurred_at", `"2025-02-30T00:00:00Z"`):                       "date_invalid /occurred_at",
		with("occurred_at", `"1066-10-14T00:00:00Z"`):                       "date_invalid /occurred_at",
		with("occurred_at", `1741003200000`):                                "date_invalid /occurred_at", // milliseconds
		with("occurred_at", `-1`):                                           "date_invalid /occurred_at",
		with("occurred_at", `1e9`):                                          "date_invalid /occurred_at",
		with("occurred_at", `[1]`):                                          "date_invalid /occurred_at",
		with("occurred_at", `true`):                                         "date_invalid /occurred_at",
		with("activity", `""`):                                              "required /activity",
		with("activity", long):                                              "too_long /activity",
		with("edition", `"\u202e"`):                                         "control_character /edition",
		with("learner", `"u-1"`):                                            "wrong_type /learner",
		with("learner", `{}`):                                               "required /learner",
		with("learner", `{"name":"Ana"}`):                                   "required /learner",
		with("learner", `{"id":"u","name":"=HYPERLINK(1)"}`):                "name_suspicious /learner/name",
		with("learner", `{"id":"u","name":"A\u202eB"}`):                     "control_character /learner/name",
		with("learner", `{"id":"u","name":"`+strings.Repeat("x", 201)+`"}`): "too_long /learner/name",
		with("learner", `{"id":"u","name":7}`):                              "wrong_type /learner/name",
		with("learner", `{"id":"u","email":"nobody"}`):                      "email_invalid /learner/email",
		with("learner", `{"email":"a@b.example, c@d.example"}`):             "email_invalid /learner/email",
		with("learner", `{"id":"u","country":"ke"}`):                        "country_unknown /learner/country",
		with("learner", `{"id":"u","country":"XX"}`):                        "country_unknown /learner/country",
		with("learner", `{"id":"u","language":"French"}`):                   "language_invalid /learner/language",
		with("learner", `{"id":"u","sector":["a"]}`):                        "wrong_type /learner/sector",
		with("facts", ""):                                                   "facts_missing /facts",
		with("facts", `{}`):                                                 "facts_missing /facts",
		with("facts", `null`):                                               "facts_missing /facts",
		with("facts", `{"mood":"good"}`):                                    "facts_missing /facts",
		with("facts", `{"passed":false}`):                                   "facts_missing /facts",
		with("facts", `[]`):                                                 "wrong_type /facts",
		with("facts", `{"visits":{"visited":45,"total":44}}`):               "visited_exceeds_total /facts/visits/visited",
		with("extra", `1e999`):                                              "number_invalid ",
	} {
		_, err := completiontest.Read([]byte(raw), "lms-a")
		if got := rules(err); err == nil || got != want {
			t.Errorf("%.200s\ngot  %s\nwant %s", raw, got, want)
		}
	}
	for source, want := range map[string]string{"": "required /source", `,"source":"../x"`: "slug_invalid /source"} {
		_, err := completiontest.Read([]byte(strings.TrimSuffix(good, "}")+source+"}"), "")
		if got := rules(err); err == nil || got != want {
			t.Errorf("source %q: %s", source, got)
		}
	}
	if _, err := completiontest.Read([]byte(with("source", `"lms-b"`)), "lms-a"); !errors.Is(err, completion.ErrOtherSource) {
		t.Errorf("another source: %v", err)
	}
}

// TestReadBounds: what is no JSON, or too much of it, is refused before it is
// looked at.
func TestReadBounds(t *testing.T) {
	for raw, reason := range map[string]strictjson.Reason{
		`{`: strictjson.Syntax, `{"id":1,"id":2}`: strictjson.Duplicate, "{\"id\":\"\xff\"}": strictjson.Encoding,
		with("x", strings.Repeat("[", 20)+strings.Repeat("]", 20)):  strictjson.TooDeep,
		with("x", `"`+strings.Repeat("x", completion.MaxBytes)+`"`): strictjson.TooLarge,
	} {
		var e *strictjson.Error
		if _, err := completiontest.Read([]byte(raw), "lms-a"); !errors.As(err, &e) || e.Reason != reason {
			t.Errorf("%.60s: %v", raw, err)
		}
	}
}

// TestPointers: the faults of one event of a batch are told where it stands.
func TestPointers(t *testing.T) {
	v, err := strictjson.Parse([]byte(`[{},`+with("facts", `{"points":{"achieved":-1,"max":1}}`)+`]`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for n, e := range v.Elements() {
		if n == 1 {
			_, err = completion.ReadValue(e, "/1", "lms-a")
		}
	}
	if got := rules(err); got != "negative_number /1/facts/points/achieved" {
		t.Error(got)
	}
}

func TestCheck(t *testing.T) {
	now := time.Date(2025, 3, 3, 12, 0, 0, 0, time.UTC)
	for at, ok := range map[time.Time]bool{now: true, now.Add(completion.Skew): true, now.Add(completion.Skew + time.Second): false, now.AddDate(-1, 0, 0): true} {
		c := completion.Completion{OccurredAt: at}
		if err := c.Check(now); (err == nil) != ok || !ok && rules(err) != "occurred_in_future /occurred_at" {
			t.Errorf("%s: %v", at, err)
		}
	}
}

// TestDigest: spelling does not change it, content does.
func TestDigest(t *testing.T) {
	digest := func(raw string, omit ...string) string {
		v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		d, err := completion.Digest(v, omit...)
		if err != nil || len(d) != 32 {
			t.Fatal(d, err)
		}
		return hex.EncodeToString(d)
	}
	same := digest(`{"a":1,"b":{"c":"é","d":[1,2]}}`)
	for _, raw := range []string{` { "b" : {"d":[1.0, 2e0],"c":"\u00e9"}, "a" : 1 } `, "{\n\"b\":{\"c\":\"é\",\"d\":[1,2]},\"a\":1}"} {
		if digest(raw) != same {
			t.Errorf("%s: another digest", raw)
		}
	}
	for _, raw := range []string{`{"a":2,"b":{"c":"é","d":[1,2]}}`, `{"a":1,"b":{"c":"é","d":[2,1]}}`, `{"a":"1","b":{"c":"é","d":[1,2]}}`, `{"a":1,"b":{"c":"é","d":[1,2]},"e":null}`} {
		if digest(raw) == same {
			t.Errorf("%s: the same digest", raw)
		}
	}
	if digest(`{"a":1,"token":"x"}`, "token") != digest(`{"token":"y","a":1}`, "token") {
		t.Error("what is left out changes it")
	}
}

func TestLanguage(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "en", "pt-BR": "pt-BR", "pt_br": "pt-BR", "zh_hans": "zh-Hans", "es-419": "es-419", "EN": "en", "": "", "French": "", "x": "", "en-": "", "de_comm": "",
	} {
		if got, ok := completion.Language(tag); got != want || ok != (want != "") {
			t.Errorf("%q is %q, %v", tag, got, ok)
		}
	}
}

// FuzzRead: whatever is sent, it ends in an event within its bounds or in an
// error.
func FuzzRead(f *testing.F) {
	raw, err := os.ReadFile("testdata/course-events.jsonl")
	if err != nil {
		f.Fatal(err)
	}
	for line := range bytes.Lines(raw) {
		f.Add(bytes.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := completiontest.Read(raw, "")
		if err != nil {
			if c.ID != "" || !c.Facts.Empty() {
				t.Fatalf("refused, and yet %+v", c)
			}
			return
		}
		if c.ID == "" || c.Activity == "" || c.Source == "" || c.Kind == "" || c.OccurredAt.IsZero() || len(c.Digest) != 32 ||
			c.Learner.ID == "" && c.Learner.Email == "" || len(c.Facts.Parts) > facts.MaxParts || len(c.Facts.Sessions) > facts.MaxSessions {
			t.Fatalf("%+v", c)
		}
	})
}

// TestTimesBegin: the first second of 1970 is a time, and the one before it is
// none, however it is written.
func TestTimesBegin(t *testing.T) {
	for at, ok := range map[string]bool{`"1970-01-01T00:00:00Z"`: true, `0`: true, `"1970-01-01T01:00:00+01:00"`: true,
		`"1969-12-31T23:59:59Z"`: false, `"1970-01-01T00:00:00+01:00"`: false} {
		c, err := completiontest.Read([]byte(`{"id":"e-1","occurred_at":`+at+`,"activity":"hc20","learner":{"id":"u-1"},"facts":{"passed":true}}`), "lms-a")
		if ok != (err == nil) || ok && c.OccurredAt.Unix() != 0 {
			t.Errorf("%s: %s, %v", at, c.OccurredAt, err)
		}
	}
}
