package api_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"laurel/internal/i18n"

	"laurel/internal/auth"
)

type rosterAnswer struct {
	Upload *string
	DryRun bool
	Rows   []struct {
		Row                                  int
		Ref, Outcome                         string
		Code, Message, Credential, VerifyURL *string
	}
	Summary map[string]int
}

const people = "ref,name,email,country,role\r\n" +
	"W-1,Participant 01,participant.01@roster.example,GH,participant\r\n" +
	"W-2,,participant.02@roster.example,GH,participant\r\n" +
	"W-3,Participant 03,participant.03@roster.example,KE,\r\n" +
	"W-4,Participant 04,participant.04@roster.example,KE,observer\r\n"

func (w *world) roster(query, body string, header ...string) answer {
	w.t.Helper()
	if pairs(header)["Content-Type"] == "" {
		header = append(header, "Content-Type", "text/csv")
	}
	return w.post("/v1/rosters/uh-kit-2025"+query, body, header...)
}

func TestRoster(t *testing.T) {
	w := newWorld(t)
	before := w.store.count("")
	var dry rosterAnswer
	w.roster("?dry_run=true", people).want(t, http.StatusOK).into(t, &dry)
	if !dry.DryRun || fmt.Sprint(dry.Summary) != "map[error:1 not_met:1 would_issue:2]" || w.store.count("") != before {
		t.Errorf("dry run %+v", dry)
	}
	var first, second rosterAnswer
	w.roster("", people).want(t, http.StatusOK).into(t, &first)
	if fmt.Sprint(first.Summary) != "map[error:1 issued:2 not_met:1]" || first.Rows[0].Row != 2 || first.Rows[1].Code == nil || *first.Rows[1].Code != "name_missing" {
		t.Errorf("%+v", first)
	}
	if c := first.Rows[0].Credential; c == nil || !strings.HasPrefix(*c, w.base+"/credentials/") || first.Rows[0].VerifyURL == nil {
		t.Errorf("row %+v", first.Rows[0])
	}
	if first.Rows[1].Credential != nil || first.Upload == nil {
		t.Errorf("%+v", first.Rows[1])
	}
	w.roster("", people).want(t, http.StatusOK).into(t, &second)
	other := "ref,name,email\nW-9,Participant 09,participant.01@roster.example\n"
	for query, want := range map[string]string{"": "map[error:1]", "&accept=renamed,erased": "map[error:1]", "&accept=renamed,shared": "map[would_issue:1]"} {
		var shared rosterAnswer
		if w.roster("?dry_run=true"+query, other).want(t, http.StatusOK).into(t, &shared); fmt.Sprint(shared.Summary) != want {
			t.Errorf("an address of two, %q: %+v", query, shared)
		}
	}
	if fmt.Sprint(second.Summary) != "map[error:1 existing:2 not_met:1]" || *second.Rows[0].Credential != *first.Rows[0].Credential {
		t.Errorf("again %+v", second)
	}
}

func TestRosterAsCSV(t *testing.T) {
	w := newWorld(t)
	a := w.roster("", people, "Accept", "text/csv").want(t, http.StatusOK)
	if a.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Error(a.header.Get("Content-Type"))
	}
	lines, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
	if err != nil || len(lines) != 5 {
		t.Fatalf("%d lines, %v: %s", len(lines), err, a.body)
	}
	if strings.Join(lines[0], " ") != "row ref outcome code message credential verify_url achievement name email" || lines[1][2] != "issued" || lines[2][3] != "name_missing" {
		t.Errorf("%v", lines)
	}
	for _, line := range lines {
		for _, cell := range line {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r\n") {
				t.Errorf("a spreadsheet would run %q", cell)
			}
		}
	}
	// The columns and codes are for programs, the message is for who reads.
	in := func(lang string) string {
		return string(w.roster("?dry_run=true", people, "Accept", "text/csv", "Accept-Language", lang).want(t, http.StatusOK).body)
	}
	french := must(i18n.New())(t).For("fr").Text("fault.required", nil)
	if got := in("fr"); !strings.Contains(got, french) || !strings.Contains(got, "name_missing") || strings.Contains(in("en"), french) {
		t.Errorf("in French it says %s", got)
	}
}

func TestRosterRefuses(t *testing.T) {
	w := newWorld(t)
	w.post("/v1/rosters/nothing", people, "Content-Type", "text/csv").problem(t, http.StatusNotFound, "not_found")
	w.post("/v1/rosters/Not%20a%20slug", people, "Content-Type", "text/csv").problem(t, http.StatusNotFound, "not_found")
	w.roster("", people, "Content-Type", "application/json").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	w.roster("", people, "Content-Type", "application/vnd.ms-excel").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	w.roster("?dryrun=true", people).problem(t, http.StatusBadRequest, "unknown_parameter")
	w.roster("?accept=everything", people).problem(t, http.StatusBadRequest, "invalid_parameter")
	w.roster("?achievement=Not+one", people).problem(t, http.StatusBadRequest, "invalid_parameter")
	w.roster("", "a,b\n1,2\n").problem(t, http.StatusBadRequest, "header_missing")
	w.roster("", "name,email\nJos\xe9,jose@roster.example\n").problem(t, http.StatusBadRequest, "invalid_encoding")
	w.roster("", strings.Repeat("x", 2<<20+1)).problem(t, http.StatusRequestEntityTooLarge, "too_large")
	if n := w.store.count("n/"); n != 0 {
		t.Errorf("%d badges", n)
	}
}

func TestWhoMayUploadWhichRoster(t *testing.T) {
	w := newWorld(t)
	send := func(limits auth.Token) answer {
		limits.Scopes = []auth.Scope{auth.Roster}
		return w.do(request{method: "POST", path: "/v1/rosters/uh-kit-2025", body: people, token: w.token(limits), header: map[string]string{"Content-Type": "text/csv"}})
	}
	naming := func(source string, of auth.Token) answer {
		of.Scopes = []auth.Scope{auth.Roster}
		return w.do(request{method: "POST", path: "/v1/rosters/uh-kit-2025?dry_run=true&source=" + source, body: people, token: w.token(of), header: map[string]string{"Content-Type": "text/csv"}})
	}
	naming("lms-a", auth.Token{}).problem(t, http.StatusForbidden, "source_not_granted")
	naming("lms-a", auth.Token{Source: "lms-b"}).problem(t, http.StatusForbidden, "source_not_granted")
	naming("lms-a", auth.Token{Source: "lms-a"}).want(t, http.StatusOK)
	naming("lms-a", auth.Token{Source: auth.Any}).want(t, http.StatusOK)
	naming("list%2Fx", auth.Token{Source: auth.Any}).problem(t, http.StatusUnprocessableEntity, "source_invalid")
	nope := w.do(request{method: "POST", path: "/v1/rosters/nope", body: people, token: w.all, header: map[string]string{"Content-Type": "text/csv"}})
	if nope.problem(t, http.StatusNotFound, "not_found"); !strings.Contains(string(nope.body), "PUT /v1/activities/{slug}") {
		t.Errorf("%s", nope.body)
	}
	send(auth.Token{Activities: []string{"another-workshop"}}).problem(t, http.StatusForbidden, "activity_not_granted")
	var a rosterAnswer
	send(auth.Token{Country: "KE"}).want(t, http.StatusOK).into(t, &a)
	for n, want := range []string{"country_not_granted", "", "", ""} {
		if got := a.Rows[n].Code; (got != nil && *got == "country_not_granted") != (want != "") {
			t.Errorf("row %d for a token of one country: %+v", n, a.Rows[n])
		}
	}
	if a.Summary["issued"] != 1 {
		t.Errorf("a token of one country: %+v", a.Summary)
	}
	a = rosterAnswer{}
	send(auth.Token{Issuers: []string{other}}).want(t, http.StatusOK).into(t, &a)
	if a.Summary["issued"] != 0 || *a.Rows[0].Code != "achievement_unknown" {
		t.Errorf("another issuer's token: %+v", a)
	}
	a = rosterAnswer{}
	send(auth.Token{Activities: []string{"uh-kit-2025"}}).want(t, http.StatusOK).into(t, &a)
	if a.Summary["issued"] != 1 || a.Summary["existing"] != 1 {
		t.Errorf("the activity's own token: %+v", a.Summary)
	}
}
