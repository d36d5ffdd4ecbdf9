package platform_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"laurel/programme/completion"
	"laurel/programme/platform"
)

// said is what an event came to, in one line: its facts, why it is ignored, or
// what is wrong with it.
func said(t *testing.T, e platform.Event) string {
	t.Helper()
	switch {
	case e.Err != nil:
		return rule(e.Err)
	case e.Ignored != "":
		return string(e.Ignored)
	case e.Completion.Kind != completion.Progress:
		return string(e.Completion.Kind)
	}
	text := known(t, e.Completion)
	if e.Completion.Part != "" {
		text += " of " + e.Completion.Part
	}
	return text
}

// compact is a sample on one line, without blanks between its members.
func compact(t *testing.T, sample string) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, file(t, "native/"+sample)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// replaced are samples with one thing changed, and what they then say.
func replaced(t *testing.T, name, sample string, cases []struct{ old, new, want string }) {
	t.Helper()
	raw, tight := compact(t, sample), strings.NewReplacer(`": `, `":`, `, "`, `,"`)
	for _, c := range cases {
		c.old, c.new = tight.Replace(c.old), tight.Replace(c.new)
		if strings.Count(raw, c.old) == 0 {
			t.Fatalf("%s has no %s", sample, c.old)
		}
		if got := said(t, only(t, name, strings.Replace(raw, c.old, c.new, 1))); got != c.want {
			t.Errorf("%s with %s: %s, want %s", sample, c.new, got, c.want)
		}
	}
}

func TestXAPI(t *testing.T) {
	const module = `{"parts":{"https://lms-a.example/courses/hc20/modules/m1":{"visits":{"got":"1","of":"1","at":@}}}} of https://lms-a.example/courses/hc20/modules/m1`
	const done = `"visits":{"got":"1","of":"1","at":@}`
	replaced(t, "xapi", "xapi-passed.json", []struct{ old, new, want string }{
		{`verbs/passed`, `verbs/failed`, `{` + done + `,"points":{"got":"60","of":"60","at":@}}`},
		{`verbs/passed`, `verbs/experienced`, "other_event"},
		{`verbs/passed`, `verbs/voided`, "other_event"},
		{`http://adlnet.gov/expapi/verbs/passed`, `https://other.example/passed`, "other_event"},
		{`"Activity"`, `"StatementRef"`, "other_event"},
		{`"Agent"`, `"Group"`, "not_a_person"},
		{`"raw": 60, "min": 0, "max": 60`, `"raw": 48, "min": 0, "max": 60`, `{` + done + `,"points":{"got":"48","of":"60","at":@},"passed":@}`},
		{`"scaled": 1.0, "raw": 60, "min": 0, "max": 60`, `"scaled": 0.8`, `{` + done + `,"points":{"got":"0.8","of":"1","at":@},"passed":@}`},
		{`"scaled": 1.0, "raw": 60, "min": 0`, `"scaled": 0.75, "raw": 50, "min": 20`, `{` + done + `,"points":{"got":"0.75","of":"1","at":@},"passed":@}`},
		{`"scaled": 1.0, "raw": 60, "min": 0`, `"scaled": 0.75, "raw": 50, "min": -20`, `{` + done + `,"points":{"got":"0.75","of":"1","at":@},"passed":@}`},
		{`"scaled": 1.0, "raw": 60`, `"scaled": -0.5, "raw": -30`, `{` + done + `,"passed":@}`},
		{`"scaled": 1.0, "raw": 60`, `"raw": "sixty"`, "number_invalid /result/score/raw"},
		{`"scaled": 1.0, "raw": 60, "min": 0, "max": 60`, `"raw": 60`, `{` + done + `,"passed":@}`},
		{`"completion": true,`, ``, `{"points":{"got":"60","of":"60","at":@},"passed":@}`},
		{`"context": {`, `"context": {"contextActivities": {"parent": [{"id": "https://lms-a.example/programmes/1"}]}, `,
			`{` + done + `,"points":{"got":"60","of":"60","at":@},"passed":@}`}, // a course within a programme is the activity itself
		{`"id": "7ccd3322-0000-4a26-9f2c-000000000012",`, ``, "required /id"},
		{`"timestamp": "2025-03-06T11:00:00Z",`, ``, `{` + done + `,"points":{"got":"60","of":"60","at":@},"passed":@}`},
		{`, "account": {"homePage": "https://lms-a.example", "name": "u-1012"}`, ``, "required /actor"},
		{`Participant 12`, `=1+1`, "name_suspicious /actor/name"},
	})
	for verb, want := range map[string]string{"failed": "no_facts", "passed": "no_facts"} {
		raw := strings.Replace(compact(t, "xapi-completed.json"), `"result":{"completion":true}`, `"result":{}`, 1)
		if got := said(t, only(t, "xapi", strings.Replace(raw, "verbs/completed", "verbs/"+verb, 1))); got != want {
			t.Errorf("a part that was %s, without a score: %s", verb, got)
		}
	}
	replaced(t, "xapi", "xapi-completed.json", []struct{ old, new, want string }{
		{`"completion": true`, `"completion": true, "success": true, "score": {"raw": 16, "max": 20}`,
			`{"parts":{"https://lms-a.example/courses/hc20/modules/m1":{"visits":{"got":"1","of":"1","at":@},"points":{"got":"16","of":"20","at":@}}}} of https://lms-a.example/courses/hc20/modules/m1`},
		{`"completion": true`, `"completion": false`, module}, // the verb says it
		{`verbs/completed`, `verbs/passed`, module},
		{`"parent": [{"id": "https://lms-a.example/courses/hc20"}]`, `"parent": {"id": "https://lms-a.example/courses/hc20"}`, module},
		{`"parent": [{"id": "https://lms-a.example/courses/hc20"}]`, `"parent": []`, `{"visits":{"got":"1","of":"1","at":@}}`},
		{`mailto:participant.02@learner.example`, `mailto:nobody`, "email_invalid /actor/mbox"},
		{`mailto:participant.02@learner.example`, `https://lms-a.example/2`, "required /actor"},
		{`"completed"}`, `"` + strings.Repeat("x", 300) + `"}`, module},
	})
	for actor, want := range map[string]completion.Learner{
		`"mbox_sha1sum":"ebd31e95054c018b10727ccffd2ef2ec3a016ee9"`: {ID: "mbox_sha1sum:ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
		`"openid":"https://people.example/7","name":""`:             {ID: "https://people.example/7"},
		`"mbox":"mailto:a@l.example"`:                               {Email: "a@l.example"},
	} {
		e := only(t, "xapi", `{"id":"1","timestamp":"2025-03-06T11:00:00Z","actor":{`+actor+`},"verb":{"id":"http://adlnet.gov/expapi/verbs/passed"},"object":{"id":"https://lms-a.example/c"},"context":{"language":"none at all"}}`)
		if e.Err != nil || e.Completion.Learner != want {
			t.Errorf("%s: %+v %v", actor, e.Completion, e.Err)
		}
	}
}

// TestBatch: each statement has an answer of its own, in order.
func TestBatch(t *testing.T) {
	all := events(t, "xapi", `[`+string(file(t, "native/xapi-passed.json"))+`,{"id":"x","verb":{"id":"http://adlnet.gov/expapi/verbs/passed"}},7,`+
		string(file(t, "native/xapi-completed.json"))+`,{"id":"y","verb":{"id":"http://adlnet.gov/expapi/verbs/launched"}}]`)
	if len(all) != 5 || all[0].Completion == nil || all[3].Completion == nil || all[4].Ignored != platform.OtherEvent || all[4].ID != "y" {
		t.Fatalf("%+v", all)
	}
	if got := rule(all[1].Err); got != "required /1/timestamp" && got != "required /1/stored" || all[1].ID != "x" {
		t.Errorf("the second: %s", got)
	}
	if got := rule(all[2].Err); got != "not_an_object /2" {
		t.Errorf("the third: %s", got)
	}
	envelope := events(t, "caliper", `{"sensor":"https://lms-a.example","sendTime":"2025-03-05T12:00:01Z","data":[`+string(file(t, "native/caliper-grade-event.json"))+`,{"type":"GradeEvent","action":"Graded"}]}`)
	if len(envelope) != 2 || envelope[0].Completion == nil || rule(envelope[1].Err) != "required /data/1/id" {
		t.Errorf("%+v", envelope)
	}
}

func TestOpenEdX(t *testing.T) {
	replaced(t, "openedx", "openedx-course-passing-status.json", []struct{ old, new, want string }{
		{`"is_passing": true`, `"is_passing": false`, "not_passing"},
		{`CoursePassingStatusData`, `CcxCoursePassingStatusData`, "other_event"},
		{`"time": "2025-03-08 09:00:00.000000+00:00"`, `"time": "2025-03-08 09:00:00"`, "date_invalid /event_metadata/time"},
		{`"name": "Participant 10"`, `"name": ""`, `{"passed":@}`},
		{`"id": 77`, `"id": null`, "required /openedx_events.learning.data.CoursePassingStatusData/user/id"},
		{`"email": "participant.10@learner.example"`, `"email": "nobody"`, "email_invalid /openedx_events.learning.data.CoursePassingStatusData/user/pii/email"},
	})
	replaced(t, "openedx", "openedx-certificate-created.json", []struct{ old, new, want string }{
		{`"grade": "0.97"`, `"grade": ""`, `{"passed":@}`},
		{`"grade": "0.97"`, `"grade": 0.5`, `{"points":{"got":"0.5","of":"1","at":@},"passed":@}`},
		{`"grade": "0.97"`, `"grade": "A"`, "number_invalid /openedx_events.learning.data.CertificateData/grade"},
		{`"downloadable"`, `"notpassing"`, "not_final"},
		{`"downloadable"`, `"generating"`, "not_final"},
		{`"downloadable"`, `"unavailable"`, "revocation"},
		{`certificate.created.v1`, `certificate.revoked.v1`, "revocation"},
	})
	e := only(t, "openedx", strings.Replace(compact(t, "openedx-certificate-created.json"), `"email":"participant.10@learner.example","name":"Participant 10"`, `"email":"","name":""`, 1))
	if e.Completion == nil || e.Completion.Learner != (completion.Learner{ID: "77", Name: "Participant 10"}) {
		t.Errorf("an account without a name: %+v", e)
	}
}

func TestMoodle(t *testing.T) {
	replaced(t, "moodle", "moodle-course_completed.json", []struct{ old, new, want string }{
		{`course_completed`, `course_viewed`, "other_event"},
		{`"relateduserid": 1004, "anonymous"`, `"relateduserid": null, "anonymous"`, "required /relateduserid"},
		{`1740999600`, `"1740999600"`, `{"passed":@}`},
	})
	whole := only(t, "moodle", string(file(t, "native/moodle-tool_trigger.json")))
	for _, body := range []string{
		`source=lms-a&id=mdl-course_completions-9001&type=completion&occurred_at=1740999600&activity=42&learner[id]=1004&learner[email]=participant.04%40learner.example&learner[name]=Participant+04&learner[language]=es&learner[country]=CO&facts[points][achieved]=48.00000&facts[points][max]=60.00000`,
		`{"source":"lms-a","id":"mdl-course_completions-9001","type":"completion","occurred_at":"1740999600","activity":"42","learner[id]":"1004","learner[email]":"participant.04@learner.example","learner[name]":"Participant 04","learner[language]":"es","learner[country]":"CO","facts[points]":{"achieved":"48.00000","max":"60.00000"}}`,
	} {
		e := only(t, "moodle", body)
		if e.Err != nil || e.ID != whole.ID || string(e.Completion.Digest) != string(whole.Completion.Digest) || e.Completion.Learner != whole.Completion.Learner || known(t, e.Completion) != known(t, whole.Completion) {
			t.Errorf("%.60s is not the same: %+v", body, e)
		}
	}
	list := only(t, "moodle", `id=1&occurred_at=1740999600&activity=42&learner[id]=7&facts[sessions][]=a&facts[sessions][]=b`)
	if got := said(t, list); got != `{"sessions":{"a":@,"b":@}}` {
		t.Error(got)
	}
	if e := only(t, "moodle", strings.Replace(compact(t, "moodle-tool_trigger.json"), "lms-a", "lms-b", 1)); !errors.Is(e.Err, completion.ErrOtherSource) {
		t.Errorf("another source: %+v", e)
	}
	for body, want := range map[string]string{
		`learner=1&learner[id]=2`: "malformed_body ", `learner[id]=2&learner=1`: "malformed_body ", `id=1&id=2`: "malformed_body ",
		`a[]=1&a[b]=2`: "malformed_body ", `a[b]=1&a[]=2`: "malformed_body ", `a[][b]=1`: "malformed_body ", `a%zz=1`: "malformed_body ", "": "malformed_body ", " \n": "malformed_body ",
		`a` + strings.Repeat("[b]", 20) + `=1`: "malformed_body ", strings.Repeat("a[]=1&", 2001): "malformed_body ",
		`{"a[b]":1,"a":{"b":2}}`: "malformed_body ",
	} {
		if all, err := adapter(t, "moodle").Read("lms-a", []byte(body)); rule(err) != want || len(all) > 0 {
			t.Errorf("%.40s: %+v %v", body, all, err)
		}
	}
}

func TestCanvas(t *testing.T) {
	replaced(t, "canvas", "canvas-course_completed.json", []struct{ old, new, want string }{
		{`"event_name": "course_completed"`, `"event_name": "course_grade_change"`, "other_event"},
		{`"requirement_completed_count": 44`, `"requirement_completed_count": 45`, "visited_exceeds_total /body/progress/requirement_completed_count"},
		{`"requirement_completed_count": 44`, `"requirement_completed_count": "22"`, `{"visits":{"got":"22","of":"44","at":@}}`},
		{`"requirement_count": 44`, `"requirement_count": null`, "no_facts"},
		{`"completed_at": "2025-03-05T13:38:00.218Z"`, `"completed_at": null`, `{"visits":{"got":"44","of":"44","at":@}}`},
		{`"id": "565", "name": "Healthy City in 20 Steps", "sis_source_id": "HC20"`, `"id": "", "sis_source_id": null`, "required /body/course/id"},
	})
	e := only(t, "canvas", strings.Replace(compact(t, "canvas-course_completed.json"), `"HC20"`, `null`, 1))
	if e.Completion == nil || e.Completion.Activity != "565" {
		t.Errorf("without a name of the school's own: %+v", e)
	}
}

func TestOthers(t *testing.T) {
	replaced(t, "xikolo", "xikolo-enrollment-completed.json", []struct{ old, new, want string }{
		{`"deleted": false`, `"deleted": true`, "deleted"},
		{`"record_of_achievement": false`, `"record_of_achievement": true`, `{"visits":{"got":"44","of":"44","at":@},"points":{"got":"47.9","of":"60","at":@},"passed":@}`},
		{`"visited": 44`, `"visited": 45`, "visited_exceeds_total /visits/visited"},
		{`"completed": false`, `"completed": true`, `{"visits":{"got":"44","of":"44","at":@},"points":{"got":"47.9","of":"60","at":@}}`},
	})
	replaced(t, "lti-ags", "lti-ags-score.json", []struct{ old, new, want string }{
		{`"FullyGraded"`, `"Pending"`, "not_final"},
		{`"Completed"`, `"InProgress"`, "not_final"},
		{`"scoreGiven": 50`, `"scoreGiven": 66`, `{"points":{"got":"66","of":"60","at":@}}`},
		{`"scoreGiven": 50, "scoreMaximum": 60,`, ``, "no_facts"},
		{`"scoreGiven": 50`, `"scoreGiven": -1`, "number_invalid /scoreGiven"},
		{`"userId": "u-1016"`, `"userId": ""`, "required /userId"},
	})
	replaced(t, "caliper", "caliper-grade-event.json", []struct{ old, new, want string }{
		{`"GradeEvent"`, `"ViewEvent"`, "other_event"},
		{`"assignee": {"id": "https://lms-a.example/users/u-1008", "type": "Person"}`, `"assignee": "https://lms-a.example/users/u-1008"`, `{"points":{"got":"49","of":"60","at":@}}`},
		{`"assignee": {"id": "https://lms-a.example/users/u-1008", "type": "Person"}`, `"assignee": {}`, "required /object/assignee/id"},
	})
}
