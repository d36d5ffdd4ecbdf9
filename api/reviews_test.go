package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/programme"
)

type reviewPage struct {
	Items []struct {
		ID, Kind, Issuer, At          string
		Achievement, Credential, Page *string
		Learner, Other                *struct {
			Name, Email *string
			Sources     []string
		}
		Decisions []string
	}
	Next *string
}

func (w *world) reviews(token, query string) (page reviewPage) {
	w.t.Helper()
	w.with(token, "GET", "/v1/reviews"+query, "").want(w.t, http.StatusOK).into(w.t, &page)
	return page
}

// result sends an event and returns what became of it.
func (w *world) result(body string) completionAnswer {
	w.t.Helper()
	var a completionAnswer
	w.post("/v1/completions", body).want(w.t, http.StatusOK).into(w.t, &a)
	return a
}

// TestReviews: two people who may be one, and a badge that is not earned any more,
// wait for staff of their issuer, who are told whom it is about.
func TestReviews(t *testing.T) {
	w := newCourse(t)
	for _, slug := range []string{"lms-x", "lms-y"} { // whose addresses nobody has checked
		if err := w.programme.PutSource(t.Context(), programme.Source{Slug: slug}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	from := func(source, id, learner string, more ...string) string {
		return event(append([]string{`"id":"e-1"`, fmt.Sprintf(`"id":%q,"source":%q`, id, source), "u-1", learner}, more...)...)
	}
	if a := w.result(from("lms-x", "1", "x-1")); a.Result != "issued" {
		t.Fatalf("%+v", a)
	}
	if a := w.result(from("lms-y", "1", "y-1")); a.Result != "held_for_review" {
		t.Fatalf("%+v", a)
	}
	if a := w.result(from("lms-y", "2", "y-2", "Ana Mora", "Bo Example")); a.Result != "held_for_review" {
		t.Fatalf("%+v", a)
	}
	if a := w.result(from("lms-x", "2", "x-1", "progress", "regrade", `"achieved":60`, `"achieved":20`)); a.Result != "held_for_review" {
		t.Fatalf("%+v", a)
	}
	staff := w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{urban}})
	stranger := w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke, auth.Manage}, Issuers: []string{city}})
	page := w.reviews(staff, "")
	if len(page.Items) < 3 || page.Next != nil {
		t.Fatalf("%+v", page)
	}
	kinds := map[string][]string{}
	for _, item := range page.Items {
		kinds[item.Kind] = append(kinds[item.Kind], item.ID)
		if item.Learner == nil || item.Learner.Name == nil || *item.Learner.Email != "ana@learner.example" || item.Issuer != urban {
			t.Errorf("%+v", item)
		}
		if same := item.Kind == "same_person"; same != (item.Other != nil) || same == (item.Credential != nil) || same != (item.Decisions[0] == "same") {
			t.Errorf("%+v", item)
		}
	}
	if len(kinds["same_person"]) != 2 || len(kinds["regraded"]) == 0 {
		t.Fatalf("%v", kinds)
	}
	first := w.reviews(staff, "?limit=1")
	if len(first.Items) != 1 || first.Next == nil || first.Items[0].ID != page.Items[0].ID {
		t.Fatalf("%+v", first)
	}
	if second := w.reviews(staff, strings.TrimPrefix(*first.Next, w.base+"/v1/reviews")); second.Items[0].ID != page.Items[1].ID {
		t.Errorf("%+v", second)
	}
	if other := w.reviews(stranger, ""); len(other.Items) != 0 {
		t.Errorf("another issuer's staff see %+v", other)
	}
	w.decide(staff, stranger, kinds["same_person"], kinds["regraded"])
	if left := w.reviews(staff, ""); len(left.Items) != 0 {
		t.Errorf("%+v", left)
	}
	if log := w.log.String(); strings.Contains(log, "learner.example") || strings.Contains(log, "Ana Mora") {
		t.Error("the log names somebody")
	}
}

// decide answers the reviews: two that are one person, two that are not, and what
// was regraded is revoked.
func (w *world) decide(staff, stranger string, same, regraded []string) {
	t := w.t
	t.Helper()
	say := func(token, id, decision string) answer {
		return w.with(token, "POST", "/v1/reviews/"+id, fmt.Sprintf(`{"decision":%q}`, decision))
	}
	before := len(w.issued(t, urban))
	say(stranger, same[0], "same").problem(t, http.StatusNotFound, "not_found")
	say(staff, strings.Repeat("0", 32), "same").problem(t, http.StatusNotFound, "not_found")
	say(staff, "nothing", "same").problem(t, http.StatusNotFound, "not_found")
	say(staff, same[0], "keep").problem(t, http.StatusUnprocessableEntity, "decision_invalid")
	say(staff, same[0], "").problem(t, http.StatusUnprocessableEntity, "decision_invalid")
	w.with(staff, "POST", "/v1/reviews/"+same[0], `{"decision":"same","because":"x"}`).problem(t, http.StatusBadRequest, "unknown_member")
	w.with(w.reporter(nil), "GET", "/v1/reviews", "").problem(t, http.StatusForbidden, "scope_missing")
	w.with(staff, "GET", "/v1/reviews?limit=0", "").problem(t, http.StatusBadRequest, "invalid_parameter")
	if n := len(w.issued(t, urban)); n != before {
		t.Fatalf("%d badges, there were %d", n, before)
	}
	a := say(staff, same[0], "same").want(t, http.StatusOK)
	if bytes.Contains(a.body, []byte("Ana")) || a.object(t)["decision"] != "same" || a.object(t)["decidedAt"] == "" {
		t.Errorf("%s", a.body)
	}
	if n := len(w.issued(t, urban)); n != before {
		t.Errorf("the same person has %d badges more", n-before)
	}
	say(staff, same[0], "same").want(t, http.StatusOK)
	say(staff, same[0], "different").problem(t, http.StatusConflict, "decided")
	say(staff, same[1], "different").want(t, http.StatusOK)
	if n := len(w.issued(t, urban)); n != before+2 {
		t.Errorf("somebody else has %d badges", n-before)
	}
	for _, id := range regraded {
		say(staff, id, "revoke").want(t, http.StatusOK)
	}
	var page listed
	w.with(w.all, "GET", "/v1/credentials?status=revoked", "").want(t, http.StatusOK).into(t, &page)
	if len(page.Items) != len(regraded) {
		t.Errorf("%d were to be revoked: %+v", len(regraded), page.Items)
	}
}

// TestEarnedAgain: a badge that staff revoked and that its holder earns again is
// held, every answer says why, and a person decides.
func TestEarnedAgain(t *testing.T) {
	w := newCourse(t)
	old := *w.result(event(`"id":"e-1"`, `"id":"1","source":"lms-a"`)).Awards[0].Credential
	w.post(strings.TrimPrefix(strings.Replace(old, "/credentials/", "/v1/credentials/", 1), w.base)+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	w.clock.advance(time.Hour)
	again := event(`"id":"e-1"`, `"id":"2","source":"lms-a"`, "2025-03-03T12:00:00Z", w.clock.now().UTC().Format(time.RFC3339))
	a := w.result(again)
	if held := a.Awards[0]; a.Result != "held_for_review" || held.Outcome != "held_for_review" || held.Review != "earned_again" || *held.Credential != old {
		t.Errorf("%+v", a)
	}
	staff := w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{urban}})
	page := w.reviews(staff, "")
	if len(page.Items) != 1 || page.Items[0].Kind != "earned_again" || fmt.Sprint(page.Items[0].Decisions) != "[issue refuse]" || *page.Items[0].Credential != old {
		t.Fatalf("%+v", page)
	}
	say := func(decision string) answer {
		return w.with(staff, "POST", "/v1/reviews/"+page.Items[0].ID, fmt.Sprintf(`{"decision":%q}`, decision))
	}
	say("keep").problem(t, http.StatusUnprocessableEntity, "decision_invalid")
	say("issue").want(t, http.StatusOK)
	if left := w.reviews(staff, ""); len(left.Items) != 0 {
		t.Errorf("%+v", left)
	}
	b := w.result(event(`"id":"e-1"`, `"id":"3","source":"lms-a"`, "2025-03-03T12:00:00Z", w.clock.now().UTC().Format(time.RFC3339)))
	if now := b.Awards[0]; now.Outcome != "existing" || *now.Credential == old || now.Review != "" {
		t.Errorf("%+v", b)
	}
}
