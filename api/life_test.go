package api_test

import (
	"fmt"
	"net/http"
	"testing"

	"laurel/internal/auth"
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
