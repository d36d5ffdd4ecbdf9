package platform_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/programme/completion"
	"laurel/programme/platform"
)

func adapter(t testing.TB, name string) platform.Adapter {
	t.Helper()
	all := platform.Adapters()
	at := slices.IndexFunc(all, func(a platform.Adapter) bool { return a.Name == name })
	if at < 0 {
		t.Fatalf("no adapter %s", name)
	}
	return all[at]
}

func file(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// events reads a body that can be read.
func events(t *testing.T, name, body string) []platform.Event {
	t.Helper()
	all, err := adapter(t, name).Read("lms-a", []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return all
}

func only(t *testing.T, name, body string) platform.Event {
	t.Helper()
	all := events(t, name, body)
	if len(all) != 1 {
		t.Fatalf("%s: %d events", body, len(all))
	}
	return all[0]
}

// known is the facts without their times, all of which are the event's own.
func known(t *testing.T, c *completion.Completion) string {
	t.Helper()
	raw, err := json.Marshal(c.Facts)
	if err != nil {
		t.Fatal(err)
	}
	at, err := json.Marshal(c.OccurredAt)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(raw), string(at), "@")
	if strings.Contains(text, "Z\"") {
		t.Errorf("a fact has another time than its event: %s", raw)
	}
	return text
}

// samples are the events that platforms send, and what has to be understood of
// each.
var samples = map[string]struct {
	adapter string
	ignored platform.Reason
	want    completion.Completion // but for facts, time and digest
	at      string
	facts   string
}{
	"moodle-course_completed.json": {adapter: "moodle", at: "2025-03-03T11:00:00Z", facts: `{"passed":@}`,
		want: completion.Completion{Kind: completion.Progress, Activity: "42", Learner: completion.Learner{ID: "1004"}}},
	"moodle-tool_trigger.json": {adapter: "moodle", at: "2025-03-03T11:00:00Z", facts: `{"points":{"got":"48","of":"60","at":@}}`,
		want: completion.Completion{ID: "mdl-course_completions-9001", Kind: completion.Progress, Activity: "42",
			Learner: completion.Learner{ID: "1004", Email: "participant.04@learner.example", Name: "Participant 04", Language: "es", Country: "CO"}}},
	"moodle-badge_awarded.json": {adapter: "moodle", ignored: platform.PlatformsBadge},
	"openedx-course-passing-status.json": {adapter: "openedx", at: "2025-03-08T09:00:00Z", facts: `{"passed":@}`,
		want: completion.Completion{ID: "2f6c1c1e-f7a5-11ef-9cd2-0242ac120002", Kind: completion.Progress, Activity: "course-v1:Urban+HC20+2024",
			Learner: completion.Learner{ID: "77", Email: "participant.10@learner.example", Name: "Participant 10"}}},
	"openedx-certificate-created.json": {adapter: "openedx", at: "2025-03-08T09:00:05Z", facts: `{"points":{"got":"0.97","of":"1","at":@},"passed":@}`,
		want: completion.Completion{ID: "30d0e1aa-f7a5-11ef-9cd2-0242ac120002", Kind: completion.Progress, Activity: "course-v1:Urban+HC20+2024",
			Learner: completion.Learner{ID: "77", Email: "participant.10@learner.example", Name: "Participant 10"}}},
	"openedx-certificate-revoked.json": {adapter: "openedx", at: "2025-03-15T11:30:00Z", facts: `{}`,
		want: completion.Completion{ID: "41a9b7de-fd33-11ef-9cd2-0242ac120002", Kind: completion.Revocation, Activity: "course-v1:Urban+HC20+2024",
			Learner: completion.Learner{ID: "77", Email: "participant.10@learner.example", Name: "Participant 10"}}},
	"xikolo-enrollment-completed.json": {adapter: "xikolo", at: "2025-03-03T12:00:00Z",
		facts: `{"visits":{"got":"44","of":"44","at":@},"points":{"got":"47.9","of":"60","at":@}}`,
		want: completion.Completion{Kind: completion.Progress, Activity: "e2a1c9d0-3333-4e55-9f66-000000000020",
			Learner: completion.Learner{ID: "5c0b7c4e-2222-4c33-8d44-000000001005"}}},
	"canvas-course_completed.json": {adapter: "canvas", at: "2025-03-05T13:38:00.218Z", facts: `{"visits":{"got":"44","of":"44","at":@}}`,
		want: completion.Completion{Kind: completion.Progress, Activity: "HC20",
			Learner: completion.Learner{ID: "123", Email: "participant.08@learner.example", Name: "Participant 08"}}},
	"xapi-passed.json": {adapter: "xapi", at: "2025-03-06T11:00:00Z",
		facts: `{"visits":{"got":"1","of":"1","at":@},"points":{"got":"60","of":"60","at":@},"passed":@}`,
		want: completion.Completion{ID: "7ccd3322-0000-4a26-9f2c-000000000012", Kind: completion.Progress, Activity: "https://lms-a.example/courses/hc20",
			Learner: completion.Learner{ID: "u-1012", Name: "Participant 12", Language: "en"}}},
	"xapi-completed.json": {adapter: "xapi", at: "2025-03-03T10:00:00Z",
		facts: `{"parts":{"https://lms-a.example/courses/hc20/modules/m1":{"visits":{"got":"1","of":"1","at":@}}}}`,
		want: completion.Completion{ID: "7ccd3322-0000-4a26-9f2c-000000000002", Kind: completion.Progress, Activity: "https://lms-a.example/courses/hc20",
			Part: "https://lms-a.example/courses/hc20/modules/m1", Learner: completion.Learner{Email: "participant.02@learner.example", Name: "Participant 02"}}},
	"caliper-grade-event.json": {adapter: "caliper", at: "2025-03-05T12:00:00Z", facts: `{"points":{"got":"49","of":"60","at":@}}`,
		want: completion.Completion{ID: "urn:uuid:a50ca17f-0000-47bb-8fff-000000000008", Kind: completion.Progress,
			Activity: "https://lms-a.example/courses/hc20/final", Learner: completion.Learner{ID: "https://lms-a.example/users/u-1008"}}},
	"lti-ags-score.json": {adapter: "lti-ags", at: "2025-03-06T11:20:00.123Z", facts: `{"points":{"got":"50","of":"60","at":@}}`,
		want: completion.Completion{Kind: completion.Progress, Learner: completion.Learner{ID: "u-1016"}}},
	"lti-ags-score-pending.json": {adapter: "lti-ags", ignored: platform.NotFinal},
}

// TestSamples: each sample gives exactly that, and what it gives can lead where
// the mapping says it must.
func TestSamples(t *testing.T) {
	mapping, err := strictjson.Parse(file(t, "native-mapping.json"), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, row := range mapping.Get("rows").Elements() {
		rows++
		name, outcome := row.Get("file").Text(), row.Get("outcome").Text()
		s, ok := samples[name]
		if !ok {
			t.Errorf("%s: no sample", name)
			continue
		}
		e := only(t, s.adapter, string(file(t, "native/"+name)))
		if s.ignored != "" {
			if e.Ignored != s.ignored || e.Completion != nil || e.Err != nil || outcome != "ignored" && outcome != "accepted_not_counted" {
				t.Errorf("%s: %+v, to be %s", name, e, outcome)
			}
			continue
		}
		if e.Err != nil || e.Ignored != "" {
			t.Errorf("%s: %+v", name, e)
			continue
		}
		c := *e.Completion
		if at := c.OccurredAt.Format(time.RFC3339Nano); at != s.at || known(t, &c) != s.facts || len(c.Digest) != 32 {
			t.Errorf("%s: at %s: %s", name, at, known(t, &c))
		}
		possible(t, name, outcome, &c)
		s.want.Source = "lms-a"
		if s.want.ID == "" {
			s.want.ID = e.ID
			if !strings.HasPrefix(e.ID, "sha256-") || len(e.ID) != len("sha256-")+32 {
				t.Errorf("%s: the id %q", name, e.ID)
			}
		}
		s.want.Facts, s.want.OccurredAt, s.want.Digest = c.Facts, c.OccurredAt, c.Digest
		if !reflect.DeepEqual(c, s.want) || e.ID != c.ID {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, c, s.want)
		}
	}
	if rows != len(samples) {
		t.Errorf("%d rows for %d samples", rows, len(samples))
	}
}

// possible: what can be told of an outcome before anybody's rules are asked.
func possible(t *testing.T, name, outcome string, c *completion.Completion) {
	t.Helper()
	ok := false
	switch outcome {
	case "pending_identity", "issued_if_identity_known":
		ok = c.Learner.ID != "" && c.Learner.Email == "" && c.Learner.Name == "" && !c.Facts.Empty()
	case "issued":
		ok = c.Learner.Name != "" && !c.Facts.Empty() && c.Kind == completion.Progress
	case "held_or_direct":
		ok = c.Facts.Passed != nil && c.Facts.Points == nil && c.Facts.Visits == nil
	case "revoked":
		ok = c.Kind == completion.Revocation
	case "not_met":
		ok = c.Part != "" && c.Facts.Visits == nil && c.Facts.Points == nil && c.Facts.Passed == nil && c.Facts.Parts[c.Part].Points == nil
	}
	if !ok {
		t.Errorf("%s cannot lead to %s", name, outcome)
	}
}

// rule is the first fault and where it is.
func rule(err error) string {
	var list badge.Errors
	var syntax *strictjson.Error
	switch {
	case errors.As(err, &list):
		return list[0].Rule + " " + list[0].Pointer
	case errors.As(err, &syntax):
		return syntax.Reason.String()
	case err != nil:
		return err.Error()
	}
	return ""
}

// TestBounds: too much, too deep and no JSON are refused by all alike.
func TestBounds(t *testing.T) {
	for _, a := range platform.Adapters() {
		for body, want := range map[string]string{
			`{"a":1,"a":2}`: "duplicate member", `{`: "syntax", "{\"a\":\"\xff\"}": "encoding",
			`{"a":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + `}`: "too deep",
			`{"a":"` + strings.Repeat("x", completion.MaxBytes) + `"}`:        "too large",
			`[` + strings.TrimSuffix(strings.Repeat("{},", 1001), ",") + `]`:  platform.ErrTooMany.Error(),
		} {
			all, err := a.Read("lms-a", []byte(body))
			if a.Name == "moodle" && want == platform.ErrTooMany.Error() { // it sends one at a time
				if len(all) != 1 || rule(all[0].Err) != "not_an_object " {
					t.Errorf("moodle: %v", all)
				}
				continue
			}
			if rule(err) != want || len(all) > 0 {
				t.Errorf("%s: %.40s: %v, want %s", a.Name, body, err, want)
			}
		}
		if all, err := a.Read("lms-a", []byte(`{"a":{"@type":"x"}}`)); err != nil || len(all) != 1 || all[0].Completion != nil {
			t.Errorf("%s makes something of nothing: %+v, %v", a.Name, all, err)
		}
	}
}

// TestSameEventSameName: an event without an id is known again, however its
// members are ordered, and another is another.
func TestSameEventSameName(t *testing.T) {
	one := only(t, "lti-ags", `{"userId":"u-1","scoreGiven":50,"scoreMaximum":60,"activityProgress":"Completed","gradingProgress":"FullyGraded","timestamp":"2025-03-06T11:20:00Z"}`)
	again := only(t, "lti-ags", `{ "timestamp":"2025-03-06T11:20:00Z","gradingProgress":"FullyGraded","activityProgress":"Completed","scoreMaximum":60,"scoreGiven":50.0,"userId":"u-1" }`)
	other := only(t, "lti-ags", `{"userId":"u-1","scoreGiven":51,"scoreMaximum":60,"activityProgress":"Completed","gradingProgress":"FullyGraded","timestamp":"2025-03-06T11:20:00Z"}`)
	if one.ID != again.ID || one.ID == other.ID || !slices.Equal(one.Completion.Digest, again.Completion.Digest) {
		t.Errorf("%s, %s, %s", one.ID, again.ID, other.ID)
	}
	moodle := `{"eventname":"\\core\\event\\course_completed","courseid":42,"relateduserid":7,"timecreated":1740999600,"token":"%"}`
	if a, b := only(t, "moodle", strings.Replace(moodle, "%", "x", 1)), only(t, "moodle", strings.Replace(moodle, "%", "y", 1)); a.ID != b.ID {
		t.Error("a changed secret changes the event")
	}
}
