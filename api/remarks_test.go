package api_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"laurel/badge/status"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/issuer"
)

// told is a report with what the records of the service say beside the badge.
type told struct {
	report
	Register *struct {
		Status, Since, Reason, Newer string
		Remarks                      []struct{ Code, Message, Achievement, Name string }
	}
}

// remarks are the codes and achievements of the remarks.
func (r told) remarks() (all []string) {
	if r.Register == nil {
		return nil
	}
	for _, remark := range r.Register.Remarks {
		all = append(all, remark.Code+" "+remark.Achievement)
	}
	return all
}

// viewed is the report on a badge of ours by its address.
func (w *world) viewed(id string, header ...string) (r told) {
	w.t.Helper()
	w.get("/v/"+id+"?format=json", header...).want(w.t, http.StatusOK).into(w.t, &r)
	return r
}

// sent is the report on a copy that somebody has.
func (w *world) sent(document []byte) (r told) {
	w.t.Helper()
	w.check(string(document), "application/json").want(w.t, http.StatusOK).into(w.t, &r)
	return r
}

// sentByForm is the page that the form of the start page answers a copy with.
func (w *world) sentByForm(document []byte) string {
	w.t.Helper()
	form := url.Values{"document": {string(document)}}.Encode()
	a := w.do(request{method: "POST", path: "/verify", body: form, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	return string(a.want(w.t, http.StatusOK).body)
}

// verdictPage is the page of a badge for people.
func (w *world) verdictPage(id, lang string) string {
	w.t.Helper()
	return string(w.get("/v/"+id+"?lang="+lang, "Accept", "text/html").want(w.t, http.StatusOK).body)
}

// beside is what a page says as the word of the service, and what else it says.
func beside(t *testing.T, page string) (register, rest string) {
	t.Helper()
	before, after, found := strings.Cut(page, `<aside class="register"`)
	register, after, _ = strings.Cut(after, "</aside>")
	if !found {
		return "", page
	}
	if !strings.Contains(register, "<small>") {
		t.Errorf("it does not say that nobody signed it: %s", register)
	}
	return register, before + after
}

// badgeOf is the one badge of an achievement that somebody holds.
func (w *world) badgeOf(achievement, email string) *issuer.Record {
	w.t.Helper()
	page, err := w.issuer.List(w.t.Context(), issuer.Filter{Issuers: []string{urban, "digital-health-learning"}, Achievement: achievement, Email: email, Limit: 10})
	if err != nil || len(page.Records) != 1 {
		w.t.Fatalf("%s of %s: %v, %v", achievement, email, page, err)
	}
	return page.Records[0]
}

// TestHigherStepOnThePage: the third event of a learner brings a higher step. The
// lower one is as good as before and says so, in the reader's language, without
// leading there.
func TestHigherStepOnThePage(t *testing.T) {
	w := newCourse(t)
	for _, line := range courseEvents(t)[:3] {
		w.post("/v1/completions", line).want(t, http.StatusOK)
	}
	const email = "participant.01@learner.example"
	lower, higher := w.badgeOf("hc20-participation", email), w.badgeOf("hc20-achievement", email)
	for name, r := range map[string]told{"viewed": w.viewed(lower.ID), "sent": w.sent(lower.Document)} {
		if r.Verdict != "valid" || !slices.Equal(r.remarks(), []string{"higher_step hc20-achievement"}) || r.Register.Status != "active" {
			t.Errorf("%s: %s, %+v", name, r.Verdict, r.Register)
		}
	}
	if r := w.viewed(higher.ID); r.Verdict != "valid" || len(r.remarks()) != 0 {
		t.Errorf("the higher one: %s, %v", r.Verdict, r.remarks())
	}
	if r := w.sent(higher.Document); r.Register != nil {
		t.Errorf("the higher one, sent: %+v", r.Register)
	}
	for lang, name := range map[string]string{"en": "Record of Achievement", "ar": "مدينة صحية في 20 خطوة – شهادة إنجاز"} {
		page := w.verdictPage(lower.ID, lang)
		register, rest := beside(t, page)
		if !strings.Contains(register, name) || strings.Contains(rest, name) || strings.Contains(page, higher.ID) {
			t.Errorf("%s: %s", lang, register)
		}
		r := w.viewed(lower.ID, "Accept-Language", lang)
		if m := r.Register.Remarks[0]; m.Name == "" || !strings.Contains(m.Message, m.Name) || !strings.Contains(m.Name, name) {
			t.Errorf("%s: %+v", lang, m)
		}
	}
	if page := w.sentByForm(lower.Document); !strings.Contains(page, "Record of Achievement") {
		t.Error("the page of a copy does not say it")
	}
	w.post("/v1/credentials/"+higher.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	if r := w.viewed(lower.ID); r.Verdict != "valid" || len(r.remarks()) != 0 {
		t.Errorf("without a higher step: %s, %v", r.Verdict, r.remarks())
	}
}

// TestRegradeChangesNothing: the holder of a badge that is graded down has shown
// it already; nothing is said of it until a person has decided.
func TestRegradeChangesNothing(t *testing.T) {
	w := newCourse(t)
	lines := courseEvents(t)
	w.post("/v1/completions", lines[8]).want(t, http.StatusOK)
	rec := w.badgeOf("hc20-achievement", "participant.06@learner.example")
	if r := w.viewed(rec.ID); r.Verdict != "valid" {
		t.Fatalf("before: %s", r.Verdict)
	}
	w.post("/v1/completions", lines[9]).want(t, http.StatusOK)
	for _, badge := range []string{"hc20-achievement", "hc20-participation"} {
		if r := w.viewed(w.badgeOf(badge, "participant.06@learner.example").ID); r.Verdict != "valid" {
			t.Errorf("%s is %s", badge, r.Verdict)
		}
	}
	if r := w.sent(rec.Document); r.Verdict != "valid" || r.Register != nil {
		t.Errorf("sent it is %s, %+v", r.Verdict, r.Register)
	}
}

// warned holds all that is said of a badge under review against what it is,
// however it comes. part is what it rests on, as signed and in English.
func (w *world) warned(rec *issuer.Record, code, part, english string) {
	t := w.t
	t.Helper()
	jwt := w.get("/credentials/"+rec.ID+".jwt").want(t, http.StatusOK).body
	for name, r := range map[string]told{"viewed": w.viewed(rec.ID), "sent": w.sent(rec.Document), "JWT": w.sent(jwt)} {
		result, got := r.check("revocation")
		if r.Verdict != "warning" || !r.Verified || result != "warn" || got != code || r.Register == nil || len(r.remarks()) != 1 {
			t.Errorf("%s: %s, revocation %s %s, %+v", name, r.Verdict, result, got, r.Register)
			continue
		}
		if !strings.HasPrefix(r.remarks()[0], code) || !strings.Contains(r.Summary, "Under review") || !strings.Contains(r.Summary, part) {
			t.Errorf("%s: %s, %v", name, r.Summary, r.remarks())
		}
	}
	for lang, word := range map[string]string{"en": "Under review", "ar": "قيد المراجعة"} {
		page := w.verdictPage(rec.ID, lang)
		register, _ := beside(t, page)
		if !strings.Contains(page, `class="verdict warning"`) || !strings.Contains(page, `<strong class="word">`+word) || register == "" {
			t.Errorf("%s: %s", lang, page)
		}
	}
	if register, _ := beside(t, w.verdictPage(rec.ID, "en")); !strings.Contains(register, english) {
		t.Errorf("%s is not named: %s", english, register)
	}
}

// wholeProgramme is a world in which one person has both parts of the programme,
// and by that the badge of the whole.
func wholeProgramme(t *testing.T, suspendable bool) (w *world, whole, part *issuer.Record) {
	t.Helper()
	w = newCourse(t)
	if suspendable {
		a := must(w.issuer.Achievement(t.Context(), "uh-programme"))(t)
		a.Suspendable = true
		must(w.issuer.PutAchievement(t.Context(), *a, "test"))(t)
	}
	w.put("/v1/activities/uh-kit-2025", string(programmeFile(t, "workshop-uh-kit-2025.json")), w.all).want(t, http.StatusOK)
	w.workshopList("ref,name,email,role,2025-06-20,2025-06-27,2025-07-04,exercise\nW25-06,Participant 06,participant.06@roster.example,participant,1,1,1,accepted\n", "")
	w.post("/v1/activities/uh-kit-2025/release", `{}`).want(t, http.StatusOK)
	passed := strings.NewReplacer("evt-0006", "evt-06", "u-1004", "u-06", "Participant 04", "Participant 06", "participant.04@learner.example", "participant.06@roster.example").
		Replace(courseEvents(t)[5])
	w.post("/v1/completions", passed).want(t, http.StatusOK)
	return w, w.badgeOf("uh-programme", "participant.06@roster.example"), w.badgeOf("uh-kit-completion", "participant.06@roster.example")
}

// workshopList sends a list to the workshop.
func (w *world) workshopList(list, query string) (a rosterAnswer) {
	w.t.Helper()
	w.roster(query, list).want(w.t, http.StatusOK).into(w.t, &a)
	return a
}

// TestPartRevokedIsAWarning: what rests on a revoked badge is never left valid
// in silence, and names it.
func TestPartRevokedIsAWarning(t *testing.T) {
	w, whole, part := wholeProgramme(t, false)
	if r := w.viewed(whole.ID); r.Verdict != "valid" {
		t.Fatalf("before: %s", r.Verdict)
	}
	w.post("/v1/credentials/"+part.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	const name = "Urban Health Capacity Resource Kit Workshop – Completion"
	w.warned(whole, "part_revoked", name, name)
	if r := w.viewed(part.ID); r.Verdict != "invalid" || r.Register.Reason != "issued_in_error" || len(r.remarks()) != 0 {
		t.Errorf("the part: %s, %+v", r.Verdict, r.Register)
	}
}

// TestPartRevokedSuspends: what can be suspended is, for everybody, and says for
// whose sake.
func TestPartRevokedSuspends(t *testing.T) {
	w, whole, part := wholeProgramme(t, true)
	w.post("/v1/credentials/"+part.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	for name, r := range map[string]told{"viewed": w.viewed(whole.ID), "sent": w.sent(whole.Document)} {
		_, code := r.check("suspension")
		if r.Verdict != "invalid" || code != "suspended" || r.Register == nil || r.Register.Status != "suspended" || r.Register.Reason != "under_review" ||
			!slices.Equal(r.remarks(), []string{"part_revoked uh-kit-completion"}) {
			t.Errorf("%s: %s, %s, %+v", name, r.Verdict, code, r.Register)
		}
	}
	page := w.verdictPage(whole.ID, "en")
	register, _ := beside(t, page)
	if !strings.Contains(page, `<strong class="word">Suspended`) || !strings.Contains(register, "Urban Health Capacity Resource Kit Workshop – Completion") {
		t.Errorf("%s", register)
	}
}

// trained is a world on 1 February 2026 in which learner 01 is a trainer since
// 15 January.
func trained(t *testing.T) (w *world, certificate *issuer.Record) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	start := &clock{}
	start.set(time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC))
	w = newWorldSince(t, start, "http://"+listener.Addr().String(), listener)
	w.defineCourse()
	w.put("/v1/activities/dh-planning-fr-2025", string(programmeFile(t, "course-dh-planning.json")), w.all).want(t, http.StatusCreated)
	w.plan(string(programmeFile(t, "dh-planning-results.csv")), "2025-12-16")
	w.plan("ref,role,approved_by\nD25-01,co-facilitator,course-lead\n", "2026-01-15")
	return w, w.badgeOf("dh-trainer", "participant.01@dh.example")
}

// plan sends a list to the planning course.
func (w *world) plan(list, day string) (a struct {
	Rows []struct {
		Ref, Outcome string
		Open         []struct{ Missing []map[string]any }
	}
}) {
	w.t.Helper()
	w.post("/v1/rosters/dh-planning-fr-2025?occurred_at="+day, list, "Content-Type", "text/csv").want(w.t, http.StatusOK).into(w.t, &a)
	return a
}

type planningOutcomes struct {
	Issued []string
	NotMet []struct {
		Ref     string
		Missing []string
	} `json:"not_met"`
	Renewal []struct {
		ValidFrom, ValidUntil string
		Checks                []struct{ At, Verify, Renewal string }
		Renewed               struct {
			NewValidFrom  string `json:"new_validFrom"`
			NewValidUntil string `json:"new_validUntil"`
			AwardedDate   string
		}
	}
}

func thePlanning(t *testing.T) (want planningOutcomes) {
	t.Helper()
	if err := json.Unmarshal(programmeFile(t, "expected/dh-planning-outcomes.json"), &want); err != nil || len(want.Renewal) != 1 || len(want.Renewal[0].Checks) < 6 {
		t.Fatalf("%v, %+v", err, want)
	}
	return want
}

func (w *world) setTo(moment string) {
	w.t.Helper()
	w.clock.set(must(time.Parse(time.RFC3339, moment))(w.t))
}

// TestPlanningCourseOverHTTP: three of six, and what the others lack.
func TestPlanningCourseOverHTTP(t *testing.T) {
	w, _ := trained(t)
	want := thePlanning(t)
	conditions := map[string]string{"sessions": "sessions_attended_gte", "self_paced": "visits_percent_gte", "project": "rubric"}
	again := w.plan(string(programmeFile(t, "dh-planning-results.csv")), "2025-12-16")
	var issued []string
	for _, row := range again.Rows {
		if row.Outcome == "existing" {
			issued = append(issued, row.Ref)
		}
	}
	if !slices.Equal(issued, want.Issued) {
		t.Errorf("issued to %v, want %v", issued, want.Issued)
	}
	for _, not := range want.NotMet {
		n := slices.IndexFunc(again.Rows, func(r struct {
			Ref, Outcome string
			Open         []struct{ Missing []map[string]any }
		}) bool {
			return r.Ref == not.Ref
		})
		row := again.Rows[n]
		if row.Outcome != "not_met" || len(row.Open) == 0 || len(row.Open[0].Missing) != 1 || row.Open[0].Missing[0][conditions[not.Missing[0]]] == nil {
			t.Errorf("%s: %+v, want %v", not.Ref, row, not.Missing)
		}
	}
}

// TestTermOfTrainer holds the certificate and its renewal against the clock at
// the instants of the fixture: the page, the file, and what renewing is answered
// with by somebody who has not earned it.
func TestTermOfTrainer(t *testing.T) {
	w, rec := trained(t)
	renewal := thePlanning(t).Renewal[0]
	if from, until := signedTerm(t, rec.Document); from != renewal.ValidFrom || until != renewal.ValidUntil {
		t.Fatalf("valid from %s until %s", from, until)
	}
	rules := map[string]string{"too_early": "renewal_too_early", "open": "renewal_not_earned", "grace": "renewal_not_earned", "closed": "renewal_closed"}
	for _, check := range renewal.Checks {
		w.setTo(check.At)
		for name, r := range map[string]told{"viewed": w.viewed(rec.ID), "sent": w.sent(rec.Document)} {
			_, code := r.check("validity")
			if good := check.Verify == "valid"; r.Verified != good || (code == "expired") == good {
				t.Errorf("%s, %s: %s, %s, want %s", check.At, name, r.Verdict, code, check.Verify)
			}
			if _, code := r.check("revocation"); code != "not_revoked" {
				t.Errorf("%s, %s: revocation is %s", check.At, name, code)
			}
		}
		word := map[string]string{"valid": ">Valid", "expired": ">Expired"}[check.Verify]
		if page := w.verdictPage(rec.ID, "en"); !strings.Contains(page, `<strong class="word"`+word) {
			t.Errorf("%s: the page does not say %s", check.At, word)
		}
		w.post("/v1/credentials/"+rec.ID+"/renew", `{}`).problem(t, http.StatusConflict, rules[check.Renewal])
	}
}

func signedTerm(t *testing.T, document []byte) (from, until string) {
	t.Helper()
	var signed struct{ ValidFrom, ValidUntil string }
	if err := json.Unmarshal(document, &signed); err != nil {
		t.Fatal(err)
	}
	return signed.ValidFrom, signed.ValidUntil
}

// TestRenewedTrainer: renewed within the window, the certificate keeps its
// address and loses no day, and the old copy leads to the newer edition.
func TestRenewedTrainer(t *testing.T) {
	w, old := trained(t)
	want := thePlanning(t).Renewal[0].Renewed
	w.setTo("2027-03-01T12:00:00Z")
	w.plan("ref,role\nD25-01,facilitator\n", "2027-02-01")
	w.setTo(want.NewValidFrom)
	rec := w.post("/v1/credentials/"+old.ID+"/renew", `{}`).want(t, http.StatusOK).object(t)
	if rec["id"] != old.ID || rec["validUntil"] != want.NewValidUntil || rec["awardedAt"] != want.AwardedDate || rec["badgeEdition"] != 2.0 {
		t.Errorf("%v", rec)
	}
	now := w.get("/credentials/"+old.ID+".json").want(t, http.StatusOK).body
	if from, until := signedTerm(t, now); from != want.NewValidFrom || until != want.NewValidUntil {
		t.Errorf("signed from %s until %s", from, until)
	}
	address := w.base + "/credentials/" + old.ID
	r := w.sent(old.Document)
	if _, code := r.check("revocation"); r.Verdict != "invalid" || code != "superseded" || r.Register == nil || r.Register.Newer != address ||
		r.Register.Status != "superseded" || r.Register.Reason != "superseded_by_renewal" {
		t.Errorf("the old copy is %s, %+v", r.Verdict, r.Register)
	}
	page := w.sentByForm(old.Document)
	if !strings.Contains(page, "There is a newer edition") || !strings.Contains(page, `href="`+address) {
		t.Errorf("the page of the old copy does not lead to the newer one: %s", page)
	}
	register, _ := beside(t, w.verdictPage(old.ID, "en"))
	if !strings.Contains(register, "First awarded on") || !strings.Contains(register, "15 January 2026") {
		t.Errorf("the page of the newer one says %s", register)
	}
	w.setTo("2029-01-15T00:00:01Z")
	for name, r := range map[string]told{"viewed": w.viewed(old.ID), "sent": w.sent(now)} {
		if r.Verdict != "valid" {
			t.Errorf("%s when the first term is over: %s", name, r.Verdict)
		}
	}
}

// TestTrainerWithoutMicroCredential: who loses what the certificate rests on is
// held for review.
func TestTrainerWithoutMicroCredential(t *testing.T) {
	w, rec := trained(t)
	micro := w.badgeOf("dh-planning", "participant.01@dh.example")
	w.post("/v1/credentials/"+micro.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	w.warned(rec, "part_revoked", "Santé numérique : planifier un système national", "Digital Health: Planning a National System")
}

// correction is a case of the fixture.
type correction struct {
	ID           string
	Action       string
	Reason       string
	PublicReason map[string]string `json:"public_reason"`
	OldName      string            `json:"old_name"`
	NewName      string            `json:"new_name"`
	Expect       map[string]any
}

func corrections(t *testing.T) map[string]correction {
	t.Helper()
	var file struct{ Cases []correction }
	if err := json.Unmarshal(programmeFile(t, "corrections.json"), &file); err != nil || len(file.Cases) < 7 {
		t.Fatalf("%v, %d cases", err, len(file.Cases))
	}
	cases := map[string]correction{}
	for _, c := range file.Cases {
		cases[c.ID] = c
	}
	return cases
}

// heldWorkshop is the workshop as it was: 58 who took part and 50 who completed it.
func heldWorkshop(t *testing.T) *world {
	t.Helper()
	w := newCourse(t)
	w.put("/v1/activities/uh-kit-2025", string(programmeFile(t, "workshop-uh-kit-2025.json")), w.all).want(t, http.StatusOK)
	w.workshopList(string(programmeFile(t, "workshop-roster.csv")), "")
	w.workshopList(string(programmeFile(t, "workshop-attendance.csv")), "")
	w.post("/v1/activities/uh-kit-2025/release", `{}`).want(t, http.StatusOK)
	return w
}

// counted is how many badges of an achievement there are, by state.
func (w *world) counted(achievement string) string {
	w.t.Helper()
	var a struct {
		Total   *int
		ByState map[string]*int `json:"by_state"`
	}
	token := w.token(auth.Token{Scopes: []auth.Scope{auth.Stats}, Issuers: []string{urban}})
	w.do(request{method: "GET", path: "/v1/statistics?achievement=" + achievement, token: token}).want(w.t, http.StatusOK).into(w.t, &a)
	if a.Total == nil {
		w.t.Fatal("nothing is counted")
	}
	states := []string{}
	for state, n := range a.ByState {
		if *n > 0 {
			states = append(states, state+" "+strconv.Itoa(*n))
		}
	}
	slices.Sort(states)
	return strings.Join(append(states, "of "+strconv.Itoa(*a.Total)), ", ")
}

// bit is whether the place of a badge in its status list is set, as everybody
// reads it.
func (w *world) bit(rec *issuer.Record) bool {
	w.t.Helper()
	var list struct {
		CredentialSubject struct{ EncodedList string }
	}
	w.get("/status/"+rec.List).want(w.t, http.StatusOK).into(w.t, &list)
	bits := must(status.Decode(list.CredentialSubject.EncodedList, 1<<20))(w.t)
	return must(bits.Bit(rec.Index))(w.t)
}

// TestWrongPerson is C1, and C5 after it: a badge that was issued in error says
// so and stays where it is, nothing else of the person changes, and the right
// badge can be issued afterwards.
func TestWrongPerson(t *testing.T) {
	w, c := heldWorkshop(t), corrections(t)["C1"]
	const email = "participant.08@roster.example"
	rec, other := w.badgeOf("uh-kit-completion", email), w.badgeOf("uh-kit-participant", email)
	if r := w.viewed(other.ID); !slices.Equal(r.remarks(), []string{"higher_step uh-kit-completion"}) {
		t.Errorf("before: %v", r.remarks())
	}
	if got := w.counted("uh-kit-completion"); got != "active 50, of 50" {
		t.Errorf("before: %s", got)
	}
	w.post("/v1/credentials/"+rec.ID+"/"+c.Action, fmt.Sprintf(`{"reason":%q}`, c.Reason)).want(t, http.StatusOK)
	for name, r := range map[string]told{"viewed": w.viewed(rec.ID), "sent": w.sent(rec.Document)} {
		_, code := r.check("revocation")
		if r.Verdict != "invalid" || code != c.Expect["verify"] || r.Register == nil || r.Register.Status != "revoked" || r.Register.Reason != c.Reason || r.Register.Since == "" {
			t.Errorf("%s: %s, %s, %+v", name, r.Verdict, code, r.Register)
		}
	}
	w.saysWhy(rec.ID, c.PublicReason)
	if !w.bit(rec) || w.bit(other) {
		t.Error("the status list has the wrong bits")
	}
	if got := w.counted("uh-kit-completion"); got != "active 49, revoked 1, of 50" {
		t.Errorf("after: %s", got)
	}
	r := w.viewed(other.ID)
	if now := w.badgeOf("uh-kit-participant", email); r.Verdict != "valid" || len(r.remarks()) != 0 || string(now.Document) != string(other.Document) || now.Status != issuer.Active {
		t.Errorf("the other badge: %s, %v", r.Verdict, r.remarks())
	}
	again := corrections(t)["C5"]
	var anew issued
	w.post("/v1/credentials", `{"achievement":"uh-kit-completion","edition":"2025-1","recipient":{"name":"Participant 08","email":"`+email+`"},"awardedAt":"2025-07-11"}`).
		want(t, http.StatusCreated).into(t, &anew)
	if (anew.ID != rec.ID) != again.Expect["new_id"] || w.viewed(anew.ID).Verdict != "valid" || w.viewed(rec.ID).Verdict != "invalid" {
		t.Errorf("issued again: %+v", anew)
	}
	w.audited("Participant 08", "credential.revoke", c.Reason)
}

// saysWhy opens the page of a revoked badge in each language that the reason is
// known in: it is there, and where the pages have the language, in that.
func (w *world) saysWhy(id string, reasons map[string]string) {
	t := w.t
	t.Helper()
	catalog := must(i18n.New())(t)
	for lang := range reasons {
		p := catalog.For(catalog.Match("", lang))
		reason := p.Text("page.register.issued_in_error", nil)
		page := w.verdictPage(id, lang)
		register, _ := beside(t, page)
		if !strings.Contains(page, `lang="`+p.Lang()+`"`) || !strings.Contains(register, reason) || !strings.Contains(page, p.Text("headline.revoked", nil)) {
			t.Errorf("%s: %s", lang, register)
		}
	}
	if en, reason := catalog.For(i18n.English).Text("page.register.issued_in_error", nil), reasons["en"]; !strings.EqualFold(en, reason) {
		t.Errorf("the reason is %q, want %q", en, reason)
	}
}

// audited holds the audit log to who, what and why, without the person.
func (w *world) audited(person string, want ...string) {
	w.t.Helper()
	w.sequence()
	all := ""
	if err := w.audit.Entries(w.t.Context(), "", 10_000, func(_ string, entry []byte) { all += string(entry) + "\n" }); err != nil {
		w.t.Fatal(err)
	}
	for _, text := range want {
		if !strings.Contains(all, `"`+text+`"`) {
			w.t.Errorf("the audit log does not have %s", text)
		}
	}
	if strings.Contains(all, person) {
		w.t.Errorf("%s stands in the audit log", person)
	}
}

// TestNameCorrected is C2: the printed code leads to the corrected name, and the
// old copy says that it is old.
func TestNameCorrected(t *testing.T) {
	w, c := heldWorkshop(t), corrections(t)["C2"]
	old := w.badgeOf("uh-kit-participant", "participant.12@roster.example")
	if !strings.Contains(string(old.Document), c.OldName) {
		t.Fatalf("%s", old.Document)
	}
	w.clock.advance(time.Minute)
	answer := w.post("/v1/credentials/"+old.ID+"/reissue", fmt.Sprintf(`{"reason":"name_corrected","recipient":{"name":%q}}`, c.NewName)).want(t, http.StatusOK).object(t)
	now := w.badgeOf("uh-kit-participant", "participant.12@roster.example")
	if answer["id"] != old.ID || now.ID != old.ID || !now.AwardedAt.Equal(old.AwardedAt) || now.List == old.List && now.Index == old.Index {
		t.Errorf("%v, %+v", answer, now)
	}
	before, _ := signedTerm(t, old.Document)
	if after, _ := signedTerm(t, now.Document); after <= before {
		t.Errorf("valid from %s, before %s", after, before)
	}
	if !w.bit(old) || w.bit(now) {
		t.Error("the status list has the wrong bits")
	}
	r := w.sent(old.Document)
	if r.Verdict != "invalid" || r.Register == nil || r.Register.Reason != "superseded_by_correction" || r.Register.Newer != w.base+"/credentials/"+old.ID {
		t.Errorf("the old copy: %s, %+v", r.Verdict, r.Register)
	}
	for _, path := range []string{"/v/", "/credentials/"} {
		page := string(w.get(path+old.ID, "Accept", "text/html").want(t, http.StatusOK).body)
		if !strings.Contains(page, c.NewName) || strings.Contains(page, c.OldName) || !strings.Contains(page, `class="verdict valid"`) {
			t.Errorf("%s does not show the corrected name alone", path)
		}
	}
	if page := w.sentByForm(old.Document); !strings.Contains(page, "There is a newer edition") || !strings.Contains(page, "replaced by a corrected edition") {
		t.Error("the page of the old copy does not say that it is old")
	}
	if got := w.counted("uh-kit-participant"); got != "active 58, of 58" {
		t.Errorf("a correction is counted: %s", got)
	}
	w.audited(c.NewName, "credential.reissue", "name_corrected")
}

// TestForgotten is C4: the name is gone from everything that is shown and kept,
// the counts are as they were, and the copy in the person's hands is revoked as
// withdrawn.
func TestForgotten(t *testing.T) {
	w := heldWorkshop(t)
	const email, name = "participant.20@roster.example", "Participant 20"
	badges := []*issuer.Record{w.badgeOf("uh-kit-participant", email), w.badgeOf("uh-kit-completion", email)}
	for _, rec := range badges {
		w.do(request{method: "DELETE", path: "/v1/credentials/" + rec.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	}
	for _, rec := range badges {
		for _, path := range []string{"/v/" + rec.ID, "/credentials/" + rec.ID, "/credentials/" + rec.ID + ".json"} {
			if a := w.get(path, "Accept", "text/html"); a.status != http.StatusGone || strings.Contains(string(a.body), name) {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
		r := w.sent(rec.Document)
		_, proof := r.check("proof")
		_, code := r.check("revocation")
		if r.Verdict != "invalid" || proof != "ok" || code != "revoked" || r.Register == nil || r.Register.Reason != "withdrawn_by_holder" || len(r.remarks()) != 0 {
			t.Errorf("the copy: %s, %s, %s, %+v", r.Verdict, proof, code, r.Register)
		}
	}
	if took, done := w.counted("uh-kit-participant"), w.counted("uh-kit-completion"); took != "active 57, revoked 1, of 58" || done != "active 49, revoked 1, of 50" {
		t.Errorf("counted: %s; %s", took, done)
	}
	for key, value := range w.contents() {
		if strings.Contains(value, name) || strings.Contains(key+value, email) {
			t.Errorf("%s still holds the name", key)
		}
	}
	export := w.get("/v1/statistics?format=csv").want(t, http.StatusOK).body
	if strings.Contains(string(export), name) {
		t.Error("the export holds the name")
	}
	w.audited(name, "credential.erase")
}

// TestAchievementRenamed is C6: what was signed stays and is valid, and its page
// says that there is a newer version, by its name.
func TestAchievementRenamed(t *testing.T) {
	w := heldWorkshop(t)
	const email = "participant.01@roster.example"
	old := w.badgeOf("uh-kit-participant", email)
	a := must(w.issuer.Achievement(t.Context(), "uh-kit-participant"))(t)
	renamed := map[string]any{"issuer": a.Issuer, "version": "2", "inLanguage": a.InLanguage, "name": map[string]string{"en": "Urban Health Toolkit Workshop – Participant", "ar": "حلقة عمل – مشارك"},
		"description": a.Description, "criteria": a.Criteria, "ladder": a.Ladder}
	body, err := json.Marshal(renamed)
	if err != nil {
		t.Fatal(err)
	}
	w.put("/v1/achievements/uh-kit-participant", string(body), w.all).want(t, http.StatusOK)
	for name, r := range map[string]told{"viewed": w.viewed(old.ID), "sent": w.sent(old.Document)} {
		if r.Verdict != "valid" || !slices.Contains(r.remarks(), "newer_version uh-kit-participant") || string(r.Document) != string(old.Document) {
			t.Errorf("%s: %s, %v", name, r.Verdict, r.remarks())
		}
	}
	for lang, name := range map[string]string{"en": "Urban Health Toolkit Workshop – Participant", "ar": "حلقة عمل – مشارك"} {
		register, rest := beside(t, w.verdictPage(old.ID, lang))
		if !strings.Contains(register, name) || strings.Contains(rest, name) || !strings.Contains(rest, "Urban Health Capacity Resource Kit Workshop – Participant") {
			t.Errorf("%s: %s", lang, register)
		}
	}
	w.workshopList("ref,name,email,role\nW25-99,Participant 99,participant.99@roster.example,participant\n", "")
	fresh := w.badgeOf("uh-kit-participant", "participant.99@roster.example")
	var was, is struct {
		CredentialSubject struct {
			Achievement struct{ ID, Version, Name string }
		}
	}
	if json.Unmarshal(old.Document, &was) != nil || json.Unmarshal(fresh.Document, &is) != nil {
		t.Fatal("a badge cannot be read")
	}
	if x, y := was.CredentialSubject.Achievement, is.CredentialSubject.Achievement; x.ID != y.ID || x.Version != "1" || y.Version != "2" || x.Name == y.Name {
		t.Errorf("%+v, %+v", x, y)
	}
	if r := w.viewed(fresh.ID); r.Verdict != "valid" || len(r.remarks()) != 0 {
		t.Errorf("a new badge: %s, %v", r.Verdict, r.remarks())
	}
	w.audited("Participant 99", "achievement.put")
}
