package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/internal/draw"
	"laurel/internal/typeset"
	"laurel/store"
)

// licence makes an achievement whose badges can be suspended.
func (w *world) licence() {
	w.t.Helper()
	w.put("/v1/achievements/licence", `{"issuer":"city-school","name":"Licence","description":"May teach.","criteria":"Pass.","suspendable":true}`, w.all).
		want(w.t, http.StatusCreated)
}

func (w *world) issueOf(achievement string, n int) issued {
	w.t.Helper()
	var b issued
	body := fmt.Sprintf(`{"achievement":%q,"recipient":{"name":"Ana Mora %d","email":"ana.%d@learner.example"},"awardedAt":"2025-07-11"}`, achievement, n, n)
	w.post("/v1/credentials", body).want(w.t, http.StatusCreated).into(w.t, &b)
	return b
}

func TestSuspendAndReinstate(t *testing.T) {
	w := newWorld(t)
	w.licence()
	b, plain := w.issueOf("licence", 1), w.issue(2)
	report := func() (verdict, code string) {
		var r struct {
			Verdict string
			Checks  []struct{ ID, Code string }
		}
		w.get("/v/"+b.ID+"?format=json").want(t, http.StatusOK).into(t, &r)
		for _, c := range r.Checks {
			if c.ID == "suspension" {
				code = c.Code
			}
		}
		return r.Verdict, code
	}
	steps := []struct{ action, status, verdict, code string }{
		{"suspend", "suspended", "invalid", "suspended"}, {"suspend", "suspended", "invalid", "suspended"},
		{"reinstate", "active", "valid", "not_suspended"}, {"reinstate", "active", "valid", "not_suspended"},
	}
	for _, s := range steps {
		rec := w.post("/v1/credentials/"+b.ID+"/"+s.action, `{"reason":"under_review"}`).want(t, http.StatusOK).object(t)
		if verdict, code := report(); rec["status"] != s.status || verdict != s.verdict || code != s.code {
			t.Errorf("%s: record %v, verdict %s, code %s", s.action, rec["status"], verdict, code)
		}
	}
	w.post("/v1/credentials/"+plain.ID+"/suspend", `{}`).problem(t, http.StatusConflict, "not_suspendable")
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	w.post("/v1/credentials/"+b.ID+"/reinstate", `{}`).problem(t, http.StatusConflict, "revoked_is_final")
	w.do(request{method: "POST", path: "/v1/credentials/" + b.ID + "/suspend", token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue, auth.Read}})}).
		problem(t, http.StatusForbidden, "scope_missing")
	w.do(request{method: "POST", path: "/v1/credentials/" + b.ID + "/suspend", token: w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{other}})}).
		problem(t, http.StatusNotFound, "not_found")
}

func TestChangeMany(t *testing.T) {
	w := newWorld(t)
	w.licence()
	a, b, c := w.issueOf("licence", 1), w.issueOf("licence", 2), w.issue(3)
	body := items(
		fmt.Sprintf(`{"id":%q,"action":"revoke","reason":"issued_in_error"}`, a.ID),
		fmt.Sprintf(`{"id":%q,"action":"suspend"}`, b.ID),
		fmt.Sprintf(`{"id":%q,"action":"suspend","reason":null}`, c.ID),
		fmt.Sprintf(`{"id":%q,"action":"reinstate"}`, b.ID+"x"),
		fmt.Sprintf(`{"id":%q,"action":"burn"}`, c.ID), `7`, fmt.Sprintf(`{"id":%q,"action":"revoke","why":1}`, c.ID))
	want := []struct {
		status        int
		outcome, code string
	}{
		{200, "revoked", ""}, {200, "suspended", ""}, {409, "error", "not_suspendable"}, {404, "error", "not_found"},
		{422, "error", "action_invalid"}, {400, "error", "wrong_type"}, {400, "error", "unknown_member"},
	}
	run := func(query string, rename map[string]string) {
		t.Helper()
		var got batchAnswer
		w.post("/v1/credentials/status"+query, body).want(t, http.StatusMultiStatus).into(t, &got)
		for n, r := range got.Results {
			outcome := want[n].outcome
			if rename[outcome] != "" {
				outcome = rename[outcome]
			}
			if r.Index != n || r.Status != want[n].status || r.Outcome != outcome || (r.Error == nil) != (want[n].code == "") ||
				r.Error != nil && r.Error.Code != want[n].code {
				t.Errorf("%s item %d: %+v %+v", query, n, r, r.Error)
			}
		}
		if len(got.Results) != len(want) || got.DryRun != (query != "") || got.Summary["error"] != 5 {
			t.Errorf("%s: %+v", query, got)
		}
	}
	run("?dry_run=true", map[string]string{"revoked": "would_revoke", "suspended": "would_suspend"})
	if w.store.count("b/") != 0 {
		t.Fatal("a dry run set a bit")
	}
	run("", nil)
	run("", map[string]string{"revoked": "unchanged", "suspended": "unchanged"})
	w.post("/v1/credentials/status", `{}`).problem(t, http.StatusBadRequest, "missing_member")
	w.post("/v1/credentials/status", items(make([]string, 0)...)).want(t, http.StatusMultiStatus)
	foreign := w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{other}})
	var got batchAnswer
	w.do(request{method: "POST", path: "/v1/credentials/status", body: items(fmt.Sprintf(`{"id":%q,"action":"revoke"}`, c.ID)), token: foreign,
		header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusMultiStatus).into(t, &got)
	if got.Results[0].Status != 404 {
		t.Errorf("a foreign token: %+v", got.Results[0])
	}
}

// verdictOf posts a badge and returns the verdict, the finding of its
// revocation and what the register says.
func (w *world) verdictOf(document []byte) (verdict, code string, register map[string]string) {
	w.t.Helper()
	var r struct {
		Verdict  string
		Checks   []struct{ ID, Code string }
		Register map[string]string
	}
	w.post("/v1/verify", string(document)).want(w.t, http.StatusOK).into(w.t, &r)
	for _, c := range r.Checks {
		if c.ID == "revocation" {
			code = c.Code
		}
	}
	return r.Verdict, code, r.Register
}

// A stranger's verdict of an old copy is ours too; we know besides that it was
// replaced, and by what.
func TestReissue(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	w.clock.advance(time.Hour)
	body := `{"reason":"name_corrected","recipient":{"name":"Ana Mora Ruiz","email":"ana.ruiz@learner.example"}}`
	first := w.post("/v1/credentials/"+b.ID+"/reissue", body, "Idempotency-Key", "k").want(t, http.StatusOK)
	rec := first.object(t)
	if rec["id"] != b.ID || rec["badgeEdition"] != 2.0 || rec["status"] != "active" || rec["awardedAt"] != "2025-07-11T00:00:00Z" {
		t.Fatalf("%s", first.body)
	}
	again := w.post("/v1/credentials/"+b.ID+"/reissue", body, "Idempotency-Key", "k").want(t, http.StatusOK)
	if again.header.Get("Idempotent-Replayed") != "true" || again.object(t)["issuedAt"] != rec["issuedAt"] {
		t.Errorf("repeated: %s", again.body)
	}
	w.post("/v1/credentials/"+b.ID+"/reissue", `{"role":"x"}`, "Idempotency-Key", "k").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")

	now := w.get("/credentials/"+b.ID+".json").want(t, http.StatusOK)
	if !strings.Contains(string(now.body), "Ana Mora Ruiz") {
		t.Errorf("%s", now.body)
	}
	if verdict, code, _ := w.verdictOf(now.body); verdict != "valid" || code != "not_revoked" {
		t.Errorf("the new edition is %s (%s)", verdict, code)
	}
	verdict, code, register := w.verdictOf(b.Credential)
	if verdict != "invalid" || code != "superseded" || register["newer"] != w.base+"/credentials/"+b.ID || register["status"] != "superseded" {
		t.Errorf("the old copy is %s (%s), register %v", verdict, code, register)
	}
	// What was wrong is not shown to everybody, but the issuer has it.
	for _, path := range []string{"/credentials/" + b.ID + ".json?edition=1", "/credentials/" + b.ID + "?edition=1", "/v/" + b.ID + "?edition=1&format=json"} {
		w.get(path).problem(t, http.StatusNotFound, "not_found")
	}
	old := w.do(request{method: "GET", path: "/v1/credentials/" + b.ID + "?edition=1", token: w.all}).want(t, http.StatusOK).object(t)
	if old["status"] != "superseded" || old["badgeEdition"] != 1.0 || old["credential"] == nil {
		t.Errorf("%v", old)
	}
	w.get("/credentials/"+b.ID+"?edition=x").problem(t, http.StatusBadRequest, "invalid_parameter")
	page, _ := w.list("?email=ana.ruiz@learner.example", w.all)
	if gone, _ := w.list("?email=ana.1@learner.example", w.all); len(page.Items) != 1 || len(gone.Items) != 0 {
		t.Errorf("found by the new address %d, by the old %d", len(page.Items), len(gone.Items))
	}
	html := w.get("/credentials/"+b.ID, "Accept", "text/html").want(t, http.StatusOK)
	if !strings.Contains(string(html.body), "First awarded on") || strings.Contains(string(html.body), "See the first one") {
		t.Error("the page of a corrected badge does not tell when it was awarded, or leads to what was wrong")
	}
	form := w.do(request{method: "POST", path: "/verify", body: url.Values{"document": {string(b.Credential)}}.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}).want(t, http.StatusOK)
	if !strings.Contains(string(form.body), "Replaced") || !strings.Contains(string(form.body), "/credentials/"+b.ID+"?lang=") {
		t.Error("the page of the old copy does not lead to the new edition")
	}
	w.post("/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"name":""}}`).problem(t, http.StatusUnprocessableEntity, "required")
	w.post("/v1/credentials/"+b.ID+"/reissue", `{"activity":{"start":"yesterday"}}`).problem(t, http.StatusUnprocessableEntity, "date_invalid")
	w.post("/v1/credentials/"+b.ID+"/renew", `{}`).problem(t, http.StatusConflict, "not_renewable")
}

// TestAnswersStay: with a key a request is answered with the same bytes again,
// whatever came between, and does nothing a second time.
func TestAnswersStay(t *testing.T) {
	w := newWorld(t)
	w.licence()
	b := w.issueOf("licence", 1)
	at := "/v1/credentials/" + b.ID
	requests := []struct{ method, path, body string }{
		{"POST", at + "/reissue", `{"recipient":{}}`}, // changes nothing
		{"PATCH", at, `{"externalRef":"run-7"}`},
		{"PATCH", at, `{"externalRef":"run-7"}`},
		{"POST", at + "/reinstate", `{}`}, // it is in force
		{"POST", at + "/suspend", `{"reason":"under_review"}`},
		{"POST", "/v1/credentials/status", `{"items":[{"id":"` + b.ID + `","action":"reinstate","reason":"review_passed"}]}`},
		{"POST", at + "/reissue", `{"recipient":{"name":"Ana Mora Ruiz"}}`},
		{"POST", at + "/reissue", `{"recipient":{"name":"Ana Mora Ruiz"}}`},
		{"PATCH", at, `{"externalRef":""}`},
		{"POST", at + "/revoke", `{"reason":"issued_in_error"}`},
		{"POST", "/v1/credentials/status", `{"items":[{"id":"` + b.ID + `","action":"revoke"}]}`},
	}
	ask := func(n int) answer {
		w.clock.advance(time.Minute)
		r := requests[n]
		return w.do(request{method: r.method, path: r.path, body: r.body, token: w.all,
			header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": fmt.Sprint(n)}})
	}
	var first []string
	for n := range requests {
		a := ask(n)
		if a.status != http.StatusOK && a.status != http.StatusMultiStatus || a.header.Get("Idempotent-Replayed") != "" {
			t.Fatalf("request %d: %d %s", n, a.status, a.body)
		}
		first = append(first, string(a.body))
	}
	for n := range requests {
		a := ask(n)
		many := requests[n].path == "/v1/credentials/status"
		if many { // each of many tells it for itself
			a.body = bytes.Replace(a.body, []byte(`,"replayed":true`), nil, 1)
		}
		if string(a.body) != first[n] || !many && a.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("request %d is answered with\n%s\nnot with\n%s", n, a.body, first[n])
		}
	}
	w.post(at+"/suspend", `{"reason":"fraud"}`, "Idempotency-Key", "4").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
}

// TestCorrectedBadgeTellsItsDays: what is signed of a corrected badge begins
// with the correction, so that day is not told as the one of the award; the
// register knows both, and is told as the register.
func TestCorrectedBadgeTellsItsDays(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	page := func(path string) string {
		t.Helper()
		return string(w.get(path, "Accept", "text/html").want(t, http.StatusOK).body)
	}
	var r struct {
		Summary    string
		Credential struct{ AwardedAt, ValidFrom string }
	}
	w.get("/v/"+b.ID+"?format=json").want(t, http.StatusOK).into(t, &r)
	if !strings.Contains(r.Summary, "on 11 July 2025") || r.Credential.AwardedAt != "2025-07-11T00:00:00Z" {
		t.Errorf("%+v", r)
	}
	w.clock.advance(40 * 24 * time.Hour)
	corrected := w.post("/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"name":"Ana Mora Ruiz"}}`).want(t, http.StatusOK).object(t)
	day := w.clock.now().Format("2 January 2006")
	if corrected["awardedAt"] != "2025-07-11T00:00:00Z" {
		t.Errorf("%v", corrected)
	}
	r.Credential.AwardedAt = ""
	w.get("/v/"+b.ID+"?format=json").want(t, http.StatusOK).into(t, &r)
	if strings.Contains(r.Summary, "on "+day) || !strings.Contains(r.Summary, "valid since "+day) || r.Credential.AwardedAt != "" || r.Credential.ValidFrom == "" {
		t.Errorf("%+v", r)
	}
	for _, path := range []string{"/v/" + b.ID, "/credentials/" + b.ID} {
		html := page(path)
		signed, register, found := strings.Cut(html, `<aside class="register"`)
		register, rest, _ := strings.Cut(register, "</aside>")
		if !found || !strings.Contains(register, "First awarded on") || !strings.Contains(register, "11 July 2025") || !strings.Contains(register, "Corrected on") || !strings.Contains(register, day) {
			t.Errorf("%s: the register says %s", path, register)
		}
		if strings.Contains(signed+rest, "11 July 2025") || strings.Contains(signed+rest, "Awarded on") || !strings.Contains(signed+rest, "In force from") {
			t.Errorf("%s tells something else as signed", path)
		}
	}
	w.tellNoAward(t, b, day, w.clock.now())
	// A renewal is no correction.
	w.put("/v1/achievements/trainer", `{"issuer":"city-school","name":"Trainer","description":"May train.","criteria":"Pass.","validity":"P3Y"}`, w.all).
		want(t, http.StatusCreated)
	renewed := w.issueOf("trainer", 2)
	w.clock.advance(time.Hour)
	w.post("/v1/credentials/"+renewed.ID+"/renew", `{}`).want(t, http.StatusOK)
	if html := page("/credentials/" + renewed.ID); !strings.Contains(html, "First awarded on") || strings.Contains(html, "Corrected on") {
		t.Error("a renewal is told as a correction, or not at all")
	}
}

// tellNoAward: every other face of a corrected badge names its day as the page
// does, and none has the day of the award as signed. LinkedIn, which asks for
// the award, is given that of the register.
func (w *world) tellNoAward(t *testing.T, b issued, day string, from time.Time) {
	t.Helper()
	at := "/credentials/" + b.ID
	tells := func(face, text string) {
		t.Helper()
		if strings.Contains(text, "11 July 2025") || strings.Contains(text, "Awarded on") {
			t.Errorf("%s tells the day of the award: %s", face, text)
		}
		if text = strings.ReplaceAll(text, "In force from: ", "In force from "); !strings.Contains(text, "In force from "+day) {
			t.Errorf("%s does not tell %s: %s", face, day, text)
		}
	}
	tells("text", string(w.get(at+".txt").want(t, http.StatusOK).body))
	tells("print", w.page(at+"/print"))
	if view := w.page(at + "/embed"); strings.Contains(view, "11 July 2025") || strings.Contains(view, "on <bdi") || !strings.Contains(view, `valid since <bdi dir="auto">`+day+"</bdi>") {
		t.Errorf("embed: %s", view)
	}
	var signed struct {
		CredentialSubject struct {
			Achievement struct{ Name, InLanguage string }
		}
	}
	w.get(at+".json").want(t, http.StatusOK).into(t, &signed)
	about := signed.CredentialSubject.Achievement
	_, host, _ := strings.Cut(w.base, "://")
	var drawn bytes.Buffer
	if err := (draw.Preview{Sign: draw.Good, Headline: "Valid", Host: host, Lang: "en", Medal: draw.Medal{Title: about.Name, Issuer: "Example City School", Lang: about.InLanguage},
		Lines: [3]draw.Labelled{{Label: "Holder", Text: "Ana Mora Ruiz"}, {Label: "Issuer", Text: "Example City School"}, {Label: "In force from", Text: day}}}).
		PNG(&drawn, typeset.Open(nil)); err != nil {
		t.Fatal(err)
	}
	if got := w.get(at+"/preview.png?lang=en").want(t, http.StatusOK).body; !bytes.Equal(got, drawn.Bytes()) {
		t.Error("the preview has other words")
	}
	for _, path := range []string{at, w.claim(b)} {
		page := w.page(path)
		add, _, mail := sharedLinks(page)
		u := must(url.Parse(add))(t)
		if got := u.Query(); got.Get("issueYear") != "2025" || got.Get("issueMonth") != "7" || !strings.Contains(page, `<input id="share-issued" type="text" readonly value="2025-07"`) {
			t.Errorf("%s: LinkedIn is told %v", path, got)
		}
		if month := from.Format("2006-01"); strings.Contains(page, `value="`+month+`"`) || mail == "" || strings.Contains(must(url.PathUnescape(mail))(t), day) {
			t.Errorf("%s: the day of the correction is passed on: %s", path, mail)
		}
	}
	t.Run("pdf", func(t *testing.T) { tells("the certificate", w.paperText(t, at+".pdf")) })
}

// TestActivityDatesAreCorrectedAway: null and what is left out stay, an empty
// text takes a date away.
func TestActivityDatesAreCorrectedAway(t *testing.T) {
	w := newWorld(t)
	body := strings.Replace(award(1), "{", `{"activity":{"start":"2025-07-01","end":"2025-07-10"},`, 1)
	var b issued
	w.post("/v1/credentials", body).want(t, http.StatusCreated).into(t, &b)
	for n, step := range []struct{ body, start, end string }{
		{`{"activity":{}}`, "2025-07-01T00:00:00Z", "2025-07-10T00:00:00Z"},
		{`{"activity":{"start":null,"end":null}}`, "2025-07-01T00:00:00Z", "2025-07-10T00:00:00Z"},
		{`{"activity":{"end":""}}`, "2025-07-01T00:00:00Z", ""},
		{`{"activity":{"end":""}}`, "2025-07-01T00:00:00Z", ""},
		{`{"activity":{"start":"","end":"2025-07-09"}}`, "", "2025-07-09T00:00:00Z"},
		{`{"activity":{"end":""}}`, "", ""},
	} {
		w.clock.advance(time.Hour)
		var r struct {
			BadgeEdition int
			Credential   struct{ CredentialSubject map[string]any }
		}
		w.post("/v1/credentials/"+b.ID+"/reissue", step.body).want(t, http.StatusOK).into(t, &r)
		start, _ := r.Credential.CredentialSubject["activityStartDate"].(string)
		end, _ := r.Credential.CredentialSubject["activityEndDate"].(string)
		if start != step.start || end != step.end || r.BadgeEdition != []int{1, 1, 2, 2, 3, 4}[n] {
			t.Errorf("%s: from %q to %q in edition %d", step.body, start, end, r.BadgeEdition)
		}
	}
	for _, bad := range []string{`{"activity":{"end":"soon"}}`, `{"activity":{"start":" "}}`} {
		w.post("/v1/credentials/"+b.ID+"/reissue", bad).problem(t, http.StatusUnprocessableEntity, "date_invalid")
	}
}

// TestOwnWordsStayWithTheIssuer: reasons in one's own words may speak of a
// person. They stand in the issuer's own records and nowhere else: not on
// pages, in reports, in the audit log or in the log of the service.
func TestOwnWordsStayWithTheIssuer(t *testing.T) {
	const words = "Ben Otieno copied from Zenobia"
	w := newWorld(t)
	w.licence()
	revoked, paused, corrected := w.issue(1), w.issueOf("licence", 2), w.issueOf("licence", 3)
	reason := `{"reason":"` + words + `"}`
	for _, b := range []struct{ id, action, body string }{
		{revoked.ID, "revoke", reason}, {paused.ID, "suspend", reason}, {corrected.ID, "suspend", reason}, {corrected.ID, "reinstate", reason},
		{corrected.ID, "reissue", `{"reason":"` + words + `","recipient":{"name":"Ana Ruiz"}}`},
	} {
		w.clock.advance(time.Minute)
		w.post("/v1/credentials/"+b.id+"/"+b.action, b.body).want(t, http.StatusOK)
	}
	w.do(request{method: "PATCH", path: "/v1/credentials/" + paused.ID, token: w.all, body: `{"reason":"` + words + `","language":"fr"}`,
		header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusOK)
	var kept struct{ Reason string }
	w.do(request{method: "GET", path: "/v1/credentials/" + revoked.ID, token: w.all}).want(t, http.StatusOK).into(t, &kept)
	if kept.Reason != words {
		t.Fatalf("the issuer does not find the reason again: %+v", kept)
	}
	seen := 0
	hold := func(what string, text []byte) {
		t.Helper()
		seen++
		if bytes.Contains(text, []byte("Otieno")) || bytes.Contains(text, []byte("Zenobia")) {
			t.Errorf("%s: %s", what, text)
		}
	}
	for _, b := range []issued{revoked, paused, corrected} {
		for _, path := range []string{"/v/" + b.ID, "/credentials/" + b.ID, "/v/" + b.ID + "?edition=1"} {
			for _, accept := range []string{"text/html", "application/json"} {
				for _, lang := range []string{"en", "ar"} {
					hold(path, w.get(path, "Accept", accept, "Accept-Language", lang).body)
				}
			}
		}
		hold("report", w.check(string(b.Credential), "application/vc").body)
		hold("log entry", w.get("/log/entries/"+b.ID).body)
	}
	events := 0
	err := w.store.View(t.Context(), func(r store.Reader) error {
		return r.Scan([]byte("u/"), nil, func(k, v []byte) error {
			hold(string(k), v)
			if bytes.Contains(v, []byte("in_own_words")) {
				events++
			}
			return nil
		})
	})
	if err != nil || events != 6 {
		t.Errorf("%d audit records tell that there were words, %v", events, err)
	}
	hold("the log of the service", []byte(w.log.String()))
	if seen < 50 {
		t.Errorf("only %d places", seen)
	}
}

func TestRenew(t *testing.T) {
	w := newWorld(t)
	w.put("/v1/achievements/trainer", `{"issuer":"city-school","name":"Trainer","description":"May train.","criteria":"Pass.","validity":"P3Y"}`, w.all).
		want(t, http.StatusCreated)
	b := w.issueOf("trainer", 1)
	var signed struct {
		ValidUntil     string
		RefreshService struct{ ID, Type string }
	}
	if err := json.Unmarshal(b.Credential, &signed); err != nil || signed.RefreshService.Type != "1EdTechCredentialRefresh" || signed.ValidUntil != "2028-07-11T00:00:00Z" {
		t.Fatalf("%v %+v", err, signed)
	}
	w.clock.advance(time.Hour)
	rec := w.do(request{method: "POST", path: "/v1/credentials/" + b.ID + "/renew", token: w.all, header: map[string]string{"Idempotency-Key": "r"}}).want(t, http.StatusOK).object(t) // no body
	if rec["validUntil"] != "2031-07-11T00:00:00Z" || rec["badgeEdition"] != 2.0 {
		t.Fatalf("%v", rec)
	}
	// No body is an empty one, and anything else is another request.
	if again := w.post("/v1/credentials/"+b.ID+"/renew", `{}`, "Idempotency-Key", "r").want(t, http.StatusOK); again.header.Get("Idempotent-Replayed") != "true" {
		t.Error("an empty body is told from none")
	}
	w.post("/v1/credentials/"+b.ID+"/renew", `{"validUntil":"2031-08-01"}`, "Idempotency-Key", "r").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	if again := w.post("/v1/credentials/"+b.ID+"/renew", `{}`).want(t, http.StatusOK).object(t); again["badgeEdition"] != 2.0 {
		t.Errorf("renewing twice gave edition %v", again["badgeEdition"])
	}
	w.post("/v1/credentials/"+b.ID+"/renew", `{"validUntil":"2001-01-01"}`).problem(t, http.StatusUnprocessableEntity, "expired")
	// The place that is signed answers with the newest edition.
	refreshed := w.get(strings.TrimPrefix(signed.RefreshService.ID, w.base)).want(t, http.StatusOK)
	if verdict, _, _ := w.verdictOf(refreshed.body); verdict != "valid" || !strings.Contains(string(refreshed.body), `"validUntil":"2031-07-11T00:00:00Z"`) {
		t.Errorf("%s: %s", verdict, refreshed.body)
	}
	// What was but renewed may be shown, and is told as replaced.
	old := w.get("/credentials/"+b.ID+".json?edition=1").want(t, http.StatusOK)
	if !bytes.Equal(old.body, b.Credential) {
		t.Errorf("%s", old.body)
	}
	var r struct {
		Verdict  string
		Register map[string]string
	}
	w.get("/v/"+b.ID+"?edition=1&format=json").want(t, http.StatusOK).into(t, &r)
	if r.Verdict != "invalid" || r.Register["status"] != "superseded" || r.Register["reason"] != "superseded_by_renewal" || r.Register["newer"] == "" {
		t.Errorf("%+v", r)
	}
	for path, want := range map[string]string{"/credentials/" + b.ID: "See the first one", "/credentials/" + b.ID + "?edition=1": "There is a newer edition"} {
		if html := w.get(path, "Accept", "text/html").want(t, http.StatusOK); !strings.Contains(string(html.body), want) {
			t.Errorf("the page %s does not say %q", path, want)
		}
	}
}

func TestChangeRegister(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	patch := func(body, token string) answer {
		return w.do(request{method: "PATCH", path: "/v1/credentials/" + b.ID, body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
	}
	rec := patch(`{"recipient":{"email":"new@learner.example"},"externalRef":"r-2"}`, w.all).want(t, http.StatusOK).object(t)
	if rec["badgeEdition"] != 1.0 || rec["externalRef"] != "r-2" {
		t.Errorf("%v", rec)
	}
	if now := w.get("/credentials/" + b.ID + ".json"); !bytes.Equal(now.body, b.Credential) {
		t.Error("the signed badge has changed")
	}
	found, _ := w.list("?email=new@learner.example", w.all)
	if gone, _ := w.list("?email=ana.1@learner.example", w.all); len(found.Items) != 1 || len(gone.Items) != 0 {
		t.Errorf("found by the new address %d, by the old %d", len(found.Items), len(gone.Items))
	}
	// The claim went to the address that was wrong.
	fresh, _ := rec["claimUrl"].(string)
	if fresh == b.ClaimURL || fresh == "" {
		t.Errorf("the claim link is %q", fresh)
	}
	w.tell("GET", w.claim(b), "Accept", "application/json").problem(t, http.StatusNotFound, "not_found")
	w.tell("GET", strings.TrimPrefix(fresh, w.base), "Accept", "application/json").want(t, http.StatusOK)
	if same := patch(`{"recipient":{"email":"NEW@learner.example"}}`, w.all).want(t, http.StatusOK).object(t); same["claimUrl"] != fresh {
		t.Errorf("the same address has another claim link: %v", same["claimUrl"])
	}
	next := w.post("/v1/credentials/"+b.ID+"/reissue", `{"recipient":{"email":"newer@learner.example"}}`).want(t, http.StatusOK).object(t)
	if next["claimUrl"] == fresh || next["claimUrl"] == nil {
		t.Errorf("after a correction: %v", next["claimUrl"])
	}
	patch(`{"recipient":{"name":"Another"}}`, w.all).problem(t, http.StatusBadRequest, "unknown_member") // that is signed
	patch(`{"recipient":{"email":"nobody"}}`, w.all).problem(t, http.StatusUnprocessableEntity, "email_invalid")
	patch(`{}`, w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{other}})).problem(t, http.StatusNotFound, "not_found")
}

// TestErase: the name is nowhere any more, and the badge is told as withdrawn.
func TestErase(t *testing.T) {
	w := newWorld(t)
	const name = "Ana Mora 1"
	b := w.post("/v1/credentials", award(1), "Idempotency-Key", "k").want(t, http.StatusCreated)
	var issued issued
	b.into(t, &issued)
	w.get("/credentials/"+issued.ID+".jwt").want(t, http.StatusOK)
	erase := func(token string) answer {
		return w.do(request{method: "DELETE", path: "/v1/credentials/" + issued.ID + "/personal-data", token: token})
	}
	erase(w.token(auth.Token{Scopes: []auth.Scope{auth.Read, auth.Issue}})).problem(t, http.StatusForbidden, "scope_missing")
	erase(w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{other}})).problem(t, http.StatusNotFound, "not_found")
	rec := erase(w.all).want(t, http.StatusOK).object(t)
	if rec["status"] != "revoked" || rec["reason"] != "withdrawn_by_holder" || rec["erasedAt"] == nil || rec["credential"] != nil || rec["externalRef"] != nil {
		t.Errorf("%v", rec)
	}
	if again := erase(w.all).want(t, http.StatusOK).object(t); again["erasedAt"] != rec["erasedAt"] {
		t.Errorf("%v", again)
	}
	for _, path := range []string{".json", ".jwt", "", "/qr.png", "/qr.svg", ".json?edition=1"} {
		w.get("/credentials/"+issued.ID+path).problem(t, http.StatusGone, "erased")
	}
	w.get("/v/"+issued.ID+"?format=json").problem(t, http.StatusGone, "erased")
	w.post("/v1/verify", `{"url":"`+issued.CredentialID+`"}`).problem(t, http.StatusGone, "erased")
	w.post("/v1/credentials", award(1), "Idempotency-Key", "k").problem(t, http.StatusGone, "erased")
	w.post("/v1/credentials/"+issued.ID+"/reissue", `{"role":"x"}`).problem(t, http.StatusGone, "erased")
	for lang, want := range map[string]string{"en": "No longer here", "ar": "لم تعد هنا"} {
		for _, path := range []string{"/credentials/", "/v/"} {
			page := w.get(path+issued.ID+"?lang="+lang, "Accept", "text/html").want(t, http.StatusGone)
			if !strings.Contains(string(page.body), want) || strings.Contains(string(page.body), name) {
				t.Errorf("%s", page.body)
			}
		}
	}
	list, _ := w.list("?status=revoked", w.all)
	if len(list.Items) != 1 || list.Items[0].ID != issued.ID {
		t.Errorf("%+v", list)
	}
	// The copy in the holder's hands keeps its signature and is revoked.
	if verdict, code, _ := w.verdictOf(issued.Credential); verdict != "invalid" || code != "revoked" {
		t.Errorf("%s (%s)", verdict, code)
	}
	_ = w.store.Store.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			if bytes.Contains(v, []byte(name)) {
				t.Errorf("%s still holds the name", k)
			}
			return nil
		})
	})
	if strings.Contains(w.log.String(), name) {
		t.Error("the name stands in the log")
	}
}

// The description lists the reasons that everybody sees, and no other is seen.
func TestReasonsThatAreShown(t *testing.T) {
	w := newWorld(t)
	text := w.contract.doc.Components.Schemas["ReasonText"].Value
	if len(text.Examples) < 10 {
		t.Fatalf("only %d reasons are described", len(text.Examples))
	}
	var list []string
	for n, example := range append(text.Examples, "Issued In Error", "copied from Ana", strings.Repeat("é", int(*text.MaxLength))) {
		b, reason := w.issue(n), example.(string)
		w.post("/v1/credentials/"+b.ID+"/revoke", fmt.Sprintf(`{"reason":%q}`, reason)).want(t, http.StatusOK)
		var r report
		w.get("/v/"+b.ID+"?format=json").want(t, http.StatusOK).into(t, &r)
		if shown := r.Register.Reason; shown != reason && n < len(text.Examples) || shown != "" && n >= len(text.Examples) {
			t.Errorf("revoked with %q, shown is %q", reason, shown)
		}
		rec := w.do(request{method: "GET", path: "/v1/credentials/" + b.ID, token: w.all}).object(t)
		if rec["reason"] != reason {
			t.Errorf("the record has %v, not %q", rec["reason"], reason)
		}
		list = append(list, reason)
	}
	w.post("/v1/credentials/"+w.issue(99).ID+"/revoke", fmt.Sprintf(`{"reason":%q}`, strings.Repeat("é", int(*text.MaxLength)+1))).
		want(t, http.StatusUnprocessableEntity)
	events := ""
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.audit.Entries(t.Context(), "", 1000, func(_ string, entry []byte) { events += string(entry) }); err != nil {
		t.Fatal(err)
	}
	for n, reason := range list {
		if in := strings.Contains(events, fmt.Sprintf(`"reason":%q`, reason)); in != (n < len(text.Examples)) {
			t.Errorf("%q in the audit log: %t", reason, in)
		}
	}
}
