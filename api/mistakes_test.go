package api_test

import (
	"net/http"
	"strings"
	"testing"

	"laurel/internal/auth"
)

// The commonest mistakes of platforms: each has its own status, code, place and
// a sentence that says what to do, and none leaves a trace in the store.
func TestMistakesOfPlatforms(t *testing.T) {
	w := newWorld(t)
	replace := func(old, new string) string {
		body := strings.Replace(award(1), old, new, 1)
		if body == award(1) {
			t.Fatalf("%s is not in the award", old)
		}
		return body
	}
	inline := `{"achievement":{"issuer":"city-school","id":"badges/7","name":"x","description":"x","criteria":"x"},
		"recipient":{"name":"Ana Mora"},"awardedAt":"2025-07-11"}`
	reader := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}})
	const json = "application/json"
	for name, tc := range map[string]struct {
		body, contentType, token string
		status                   int
		code, pointer, says      string
	}{
		"no name":                  {replace(`"name":"Ana Mora 1",`, ""), json, w.all, 422, "required", "/recipient/name", "may not be left out"},
		"an empty name":            {replace("Ana Mora 1", "  "), json, w.all, 422, "required", "/recipient/name", "may not be left out"},
		"an address without @":     {replace("ana.1@learner.example", "ana.1"), json, w.all, 422, "email_invalid", "/recipient/email", "ana@example.org"},
		"an unknown achievement":   {replace("healthy-city", "unhealthy-city"), json, w.all, 422, "achievement_unknown", "/achievement", "GET /v1/achievements"},
		"a relative id":            {inline, json, w.all, 422, "relative_id", "/achievement/id", "absolute"},
		"a wrong content type":     {award(1), "text/plain", w.all, 415, "unsupported_media_type", "", "Content-Type: application/json"},
		"a form":                   {award(1), "application/x-www-form-urlencoded", w.all, 415, "unsupported_media_type", "", "Content-Type: application/json"},
		"too much":                 {replace(`"language":"fr"`, `"narrative":"`+strings.Repeat("x", 1<<20)+`"`), json, w.all, 413, "too_large", "", "1048576 bytes"},
		"malformed JSON":           {award(1) + "}", json, w.all, 400, "malformed_json", "", "byte"},
		"cut-off JSON":             {award(1)[:60], json, w.all, 400, "malformed_json", "*", "byte"},
		"nothing at all":           {"", json, w.all, 400, "malformed_json", "", "byte"},
		"a list":                   {"[" + award(1) + "]", json, w.all, 400, "wrong_type", "", "object"},
		"a member twice":           {replace(`"language":"fr"`, `"language":"fr","language":"en"`), json, w.all, 400, "duplicate_member", "*", "twice"},
		"a number as a text":       {replace(`"language":"fr"`, `"creditsEarned":"3"`), json, w.all, 400, "wrong_type", "/creditsEarned", "without quotation marks"},
		"a text as a number":       {replace(`"lms-1"`, `481`), json, w.all, 400, "wrong_type", "/recipient/externalId", "in quotation marks"},
		"null where none may be":   {replace(`"2025-07-11"`, `null`), json, w.all, 400, "wrong_type", "/awardedAt", "not be null"},
		"nobody":                   {`{"achievement":"healthy-city","recipient":null,"awardedAt":"2025-07-11"}`, json, w.all, 400, "wrong_type", "/recipient", "not be null"},
		"a date in the future":     {replace("2025-07-11", "2125-07-11"), json, w.all, 422, "date_in_future", "/awardedAt", "future"},
		"another way of dates":     {replace("2025-07-11", "2014-04-01 09:41:00 -0500"), json, w.all, 422, "date_invalid", "/awardedAt", "2025-07-11T08:00:00Z"},
		"a day that never was":     {replace("2025-07-11", "2025-02-30"), json, w.all, 422, "date_invalid", "/awardedAt", "2025-07-11"},
		"no date":                  {replace(`"awardedAt":"2025-07-11",`, ""), json, w.all, 422, "required", "/awardedAt", "2025-07-11"},
		"no achievement":           {replace(`"achievement":"healthy-city",`, ""), json, w.all, 422, "required", "/achievement", "slug"},
		"a number for achievement": {replace(`"healthy-city"`, "7"), json, w.all, 400, "wrong_type", "/achievement", "slug"},
		"a member in other case":   {replace(`"language"`, `"Language"`), json, w.all, 400, "unknown_member", "/Language", "Correct its name"},
		"an unknown member":        {replace(`"language"`, `"lang"`), json, w.all, 400, "unknown_member", "/lang", "Correct its name"},
		"no token":                 {award(1), json, "", 401, "token_missing", "", "Authorization: Bearer"},
		"a wrong token":            {award(1), json, strings.ToLower(w.all), 401, "token_invalid", "", "token"},
		"a wrong scope":            {award(1), json, reader, 403, "scope_missing", "", "scope issue"},
		"a formula for a name":     {replace("Ana Mora 1", "=1+1"), json, w.all, 422, "name_suspicious", "/recipient/name", "formula"},
		"an unknown result":        {replace(`"language"`, `"results":[{"resultDescription":"x","value":"1"}],"language"`), json, w.all, 422, "result_unknown", "/results/0/resultDescription", "achievement"},
		// What the service sets is refused, not passed over.
		"an id of the caller's":     {replace(`"language"`, `"id":"https://evil.example/1","language"`), json, w.all, 400, "unknown_member", "/id", "set by the service"},
		"an issuer of the caller's": {replace(`"language"`, `"issuer":"other-school","language"`), json, w.all, 400, "unknown_member", "/issuer", "set by the service"},
		"a proof of the caller's":   {replace(`"language"`, `"proof":[],"language"`), json, w.all, 400, "unknown_member", "/proof", "set by the service"},
		"a status of the caller's":  {replace(`"language"`, `"status":"active","language"`), json, w.all, 400, "unknown_member", "/status", "set by the service"},
		"a list of the caller's":    {replace(`"language"`, `"credentialStatus":{},"language"`), json, w.all, 400, "unknown_member", "/credentialStatus", "set by the service"},
		"a key of the caller's":     {replace(`"language"`, `"verificationMethod":"did:key:z6","language"`), json, w.all, 400, "unknown_member", "/verificationMethod", "set by the service"},
		"the key in the body":       {replace(`"language"`, `"idempotencyKey":"k","language"`), json, w.all, 400, "unknown_member", "/idempotencyKey", "header Idempotency-Key"},
	} {
		a := w.do(request{method: http.MethodPost, path: "/v1/credentials", body: tc.body, token: tc.token,
			header: map[string]string{"Content-Type": tc.contentType, "Idempotency-Key": "key of " + strings.ReplaceAll(name, "'", "")}})
		if a.status != tc.status {
			t.Errorf("%s: status %d, want %d: %s", name, a.status, tc.status, a.body)
			continue
		}
		p := a.problem(t, tc.status, tc.code)
		if !strings.Contains(p["detail"].(string), tc.says) {
			t.Errorf("%s: %q does not say %q", name, p["detail"], tc.says)
		}
		errors := p["errors"].([]any)
		if tc.pointer != "" && len(errors) != 1 {
			t.Errorf("%s: errors %v", name, errors)
			continue
		}
		if len(errors) > 0 {
			e := errors[0].(map[string]any)
			if tc.pointer != "*" && e["pointer"] != tc.pointer || e["code"] != tc.code || e["message"] == "" {
				t.Errorf("%s: error %v, want %s", name, e, tc.pointer)
			}
		}
	}
	for prefix, what := range map[string]string{"n/": "badges", "x/": "status indexes", "k/": "idempotency keys", "c/": "records"} {
		if n := w.store.count(prefix); n != 0 {
			t.Errorf("%d %s were stored", n, what)
		}
	}
}

func TestSeveralFaultsAreToldTogether(t *testing.T) {
	w := newWorld(t)
	a := w.post("/v1/credentials", `{"achievement":"healthy-city","recipient":{"name":"","email":"nobody"},"awardedAt":"2125-01-01","onDuplicate":"maybe"}`)
	p := a.problem(t, http.StatusUnprocessableEntity, "several_faults")
	found := map[string]string{}
	for _, e := range p["errors"].([]any) {
		e := e.(map[string]any)
		found[e["pointer"].(string)] = e["code"].(string)
	}
	for pointer, code := range map[string]string{"/recipient/name": "required", "/recipient/email": "email_invalid", "/awardedAt": "date_in_future", "/onDuplicate": "on_duplicate_invalid"} {
		if found[pointer] != code {
			t.Errorf("%s: %q, want %q", pointer, found[pointer], code)
		}
	}
}
