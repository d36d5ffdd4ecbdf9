package platform_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
)

// TestDocumentation: what the documentation says to send is understood.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../../docs/platforms.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```(json)?\n(.*?)```").FindAllStringSubmatch(string(raw), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d examples", len(blocks))
	}
	c, err := completiontest.Read([]byte(blocks[0][2]), "lms-a")
	if err != nil {
		t.Fatal(err)
	}
	f := c.Facts
	if f.Visits == nil || f.Points == nil || f.Parts == nil || f.Sessions == nil || f.Attended == nil || f.Submissions == nil || f.Rubrics == nil ||
		f.Passed == nil || f.Roles == nil || f.Approved == nil || f.Hours == nil || c.Learner.Sector == "" {
		t.Errorf("of our own form only %+v", c)
	}
	form := strings.NewReplacer("{objecttable}", "course_completions", "{objectid}", "9001", "{timecreated}", "1740999600", "{courseid}", "42", "{user_id}", "1004",
		"{user_email}", "a@l.example", "{user_firstname}", "Ana", "{user_lastname}", "Silva", "{user_lang}", "pt_br").Replace(strings.TrimSpace(blocks[1][2]))
	e := only(t, "moodle", form)
	if e.Err != nil || e.ID != "mdl-course_completions-9001" || e.Completion.Learner != (completion.Learner{ID: "1004", Email: "a@l.example", Name: "Ana Silva", Language: "pt-BR"}) ||
		known(t, e.Completion) != `{"passed":@}` {
		t.Errorf("%s: %+v", form, e)
	}
	for _, reason := range []string{"other_event", "platforms_badge", "not_final", "not_passing", "no_facts", "not_a_person", "deleted"} {
		if !strings.Contains(string(raw), "`"+reason+"`") {
			t.Errorf("%s is not told", reason)
		}
	}
}
