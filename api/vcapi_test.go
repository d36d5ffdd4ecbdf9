package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"laurel/api"
	"laurel/internal/auth"
	"laurel/issuer"
)

// generic is a credential that is no badge, with a term of its own.
const generic = `{"@context":["https://www.w3.org/ns/credentials/v2",{"@vocab":"https://tram.example/ns#"}],"type":["VerifiableCredential","TramTicket"],
	"issuer":"ISSUER","validFrom":"2025-01-01T00:00:00Z","credentialSubject":{"id":"urn:uuid:0b1c2d3e-0000-4000-8000-000000000001","line":"7"}}`

// vcIssuer is the id that the VC-API signs under.
func (w *world) vcIssuer() string {
	w.t.Helper()
	return w.get("/issuers/vc-api").want(w.t, http.StatusOK).object(w.t)["id"].(string)
}

func (w *world) sign(credential string) json.RawMessage {
	w.t.Helper()
	var b struct{ VerifiableCredential json.RawMessage }
	w.post("/credentials/issue", `{"credential":`+credential+`,"options":{}}`).want(w.t, http.StatusCreated).into(w.t, &b)
	return b.VerifiableCredential
}

type vcResult struct {
	Verified                         bool
	Verdict                          string
	Checks                           []string
	Warnings, Errors, ProblemDetails []struct{ Type, Title, Detail, Code, Check string }
	Credential                       json.RawMessage
	Results                          map[string]json.RawMessage
}

func (w *world) vcVerify(body string, status int) vcResult {
	w.t.Helper()
	var r vcResult
	w.do(request{method: "POST", path: "/credentials/verify", body: body, header: map[string]string{"Content-Type": "application/json"}}).
		want(w.t, status).into(w.t, &r)
	return r
}

func TestVCAPIIssuesAndVerifies(t *testing.T) {
	w := newSecureWorld(t)
	credential := strings.Replace(generic, "ISSUER", w.vcIssuer(), 1)
	signed := w.sign(credential)
	if !bytes.Contains(signed, []byte("eddsa-rdfc-2022")) {
		t.Fatalf("%s", signed)
	}
	for _, options := range []string{``, `,"options":{}`, `,"options":{"checks":["proof"]}`, `,"options":{"checks":["proof","credentialStatus"]}`} {
		r := w.vcVerify(`{"verifiableCredential":`+string(signed)+options+`}`, http.StatusOK)
		if !r.Verified || r.Verdict != "valid" || len(r.Errors) != 0 || r.Errors == nil || r.Warnings == nil || r.ProblemDetails == nil || len(r.Checks) < 3 {
			t.Errorf("%s: %+v", options, r)
		}
		if r.Credential != nil || r.Results != nil {
			t.Errorf("%s: more than was asked for", options)
		}
	}
	changed := strings.Replace(string(signed), `"line":"7"`, `"line":"8"`, 1)
	r := w.vcVerify(`{"verifiableCredential":`+changed+`}`, http.StatusBadRequest)
	if r.Verified || r.Verdict != "invalid" || len(r.Errors) == 0 || r.Errors[0].Type != "https://www.w3.org/TR/vc-data-model#CRYPTOGRAPHIC_SECURITY_ERROR" || len(r.ProblemDetails) == 0 {
		t.Errorf("changed: %+v", r)
	}
}

func TestVCAPIOptions(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	badge := string(b.Credential)
	r := w.vcVerify(`{"verifiableCredential":`+badge+`,"options":{"returnCredential":true,"returnResults":true,"returnProblemDetails":false}}`, http.StatusOK)
	if string(r.Credential) != badge || string(r.Results["validFrom"]) == "" || len(r.ProblemDetails) != 0 || len(r.Warnings) != 1 || r.Warnings[0].Code != "issuer_not_listed" {
		t.Errorf("%+v", r)
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	if r := w.vcVerify(`{"verifiableCredential":`+badge+`}`, http.StatusBadRequest); r.Errors[0].Type != "https://www.w3.org/ns/credentials/status-list#STATUS_VERIFICATION_ERROR" {
		t.Errorf("revoked: %+v", r)
	}
	// The proof alone still stands.
	w.vcVerify(`{"verifiableCredential":`+badge+`,"options":{"checks":["proof"]}}`, http.StatusOK)
	a := w.do(request{method: "POST", path: "/credentials/verify?checks=proof", body: `{"verifiableCredential":` + badge + `}`, header: map[string]string{"Content-Type": "application/json"}})
	a.want(t, http.StatusOK)
	jwt := string(w.get("/credentials/" + b.ID + ".jwt").body)
	w.vcVerify(`{"verifiableCredential":"`+jwt+`","options":{"checks":["proof"]}}`, http.StatusOK)
	w.vcVerify(`{"verifiableCredential":{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,`+jwt+`"},"options":{"checks":["proof"]}}`, http.StatusOK)
}

func TestVCAPIRefuses(t *testing.T) {
	w := newWorld(t)
	badge := string(w.issue(1).Credential)
	for name, body := range map[string]string{
		"nothing to verify":  `{}`,
		"a number":           `{"verifiableCredential":7}`,
		"words":              `{"verifiableCredential":"hello"}`,
		"null":               `{"verifiableCredential":null}`,
		"another envelope":   `{"verifiableCredential":{"type":"EnvelopedVerifiableCredential","id":"data:text/plain,x"}}`,
		"no credential":      `{"verifiableCredential":{}}`,
		"no proof":           `{"verifiableCredential":` + generic + `}`,
		"an unknown context": `{"verifiableCredential":` + strings.Replace(badge, "context-3.0.3", "context-9", 1) + `}`,
	} {
		if r := w.vcVerify(body, http.StatusBadRequest); r.Verified || r.Verdict == "valid" || len(r.Errors) == 0 || len(r.ProblemDetails) == 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
	send := func(path, body, contentType string) answer {
		return w.do(request{method: "POST", path: path, body: body, token: w.all, header: map[string]string{"Content-Type": contentType}})
	}
	const option = "https://www.w3.org/TR/vcalm#UNKNOWN_OPTION_PROVIDED"
	for path, member := range map[string]string{"/credentials/verify": "verifiableCredential", "/credentials/issue": "credential"} {
		p := send(path, `{"`+member+`":`+badge+`,"options":{"speed":"high"}}`, "application/json").problem(t, 400, "unknown_option")
		if p["type"] != option || p["title"] != "UNKNOWN_OPTION_PROVIDED" {
			t.Errorf("%s: %v", path, p)
		}
		send(path, `{"`+member+`":`+badge+`,"more":1}`, "application/json").problem(t, 400, "unknown_option")
		send(path, `{"`+member+`":`+badge, "application/json").problem(t, 400, "malformed_json")
		send(path, `{"`+member+`":`+badge+`}`, "text/plain").problem(t, 415, "unsupported_media_type")
		send(path, strings.Repeat(" ", 2<<20), "application/json").problem(t, 413, "too_large")
		send(path, `{"`+member+`":`+badge+`,"options":"fast"}`, "application/json").problem(t, 400, "wrong_type")
	}
}

// What the VC-API does not sign is 400, whatever is wrong with it, and leaves
// no trace.
func TestVCAPIDoesNotSignEverything(t *testing.T) {
	w := newWorld(t)
	mine := strings.Replace(generic, "ISSUER", w.vcIssuer(), 1)
	before := w.store.count("")
	for name, credential := range map[string]string{
		"another issuer":    strings.Replace(generic, "ISSUER", "did:web:evil.example", 1),
		"no issuer":         strings.Replace(generic, `"issuer":"ISSUER",`, "", 1),
		"no type":           strings.Replace(mine, `"VerifiableCredential",`, "", 1),
		"no subject":        strings.Replace(mine, `"credentialSubject"`, `"subject"`, 1),
		"a proof already":   strings.Replace(mine, `"issuer"`, `"proof":{},"issuer"`, 1),
		"an id of ours":     strings.Replace(mine, `"issuer"`, `"id":"`+w.base+`/credentials/x","issuer"`, 1),
		"a relative id":     strings.Replace(mine, `"issuer"`, `"id":"x","issuer"`, 1),
		"no contexts":       strings.Replace(mine, `"@context"`, `"context"`, 1),
		"a foreign context": strings.Replace(mine, `{"@vocab":"https://tram.example/ns#"}`, `"https://evil.example/context"`, 1),
		"not an object":     `"hello"`,
	} {
		a := w.post("/credentials/issue", `{"credential":`+credential+`}`)
		if a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, a.status, a.body)
			continue
		}
		p := a.object(t)
		if p["code"] != "malformed_credential" || !strings.HasPrefix(p["type"].(string), "https://www.w3.org/TR/vc-data-model#") {
			t.Errorf("%s: %s", name, a.body)
		}
		for _, e := range p["errors"].([]any) {
			if !strings.HasPrefix(e.(map[string]any)["pointer"].(string), "/credential") {
				t.Errorf("%s: %v", name, e)
			}
		}
	}
	w.post("/credentials/issue", `{}`).problem(t, 400, "missing_member")
	if after := w.store.count(""); after != before {
		t.Errorf("%d records before, %d after", before, after)
	}
}

// What was signed for others is revoked by its id, and stays so; so are badges,
// for whom that is granted.
func TestVCAPIStatus(t *testing.T) {
	w := newSecureWorld(t)
	w.licence()
	foreign := w.sign(`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
		"id":"urn:uuid:6f1d0f3a-0c0e-4b1e-9f63-000000000112","type":["VerifiableCredential","OpenBadgeCredential"],"name":"N","validFrom":"2025-01-01T00:00:00Z",
		"credentialSubject":{"type":["AchievementSubject"],"identifier":[{"type":"IdentityObject","hashed":false,"identityHash":"Ana","identityType":"name"}],
		"achievement":{"id":"https://a.example/1","type":["Achievement"],"name":"N","description":"D","criteria":{"narrative":"C"}}}}`)
	var signed struct {
		CredentialStatus struct{ StatusListIndex, StatusListCredential string }
	}
	if err := json.Unmarshal(foreign, &signed); err != nil {
		t.Fatal(err)
	}
	badge := w.issueOf("licence", 1)
	ask := func(id, purpose, rest string, on bool, token string) answer {
		t.Helper()
		body := fmt.Sprintf(`{"credentialId":%q,"credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":%q%s},"status":%t}`, id, purpose, rest, on)
		return w.do(request{method: "POST", path: "/credentials/status", body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
	}
	const id = "urn:uuid:6f1d0f3a-0c0e-4b1e-9f63-000000000112"
	revoker := w.token(auth.Token{Scopes: []auth.Scope{auth.Revoke}, Issuers: []string{other}})
	signer := w.token(auth.Token{Scopes: []auth.Scope{auth.VCIssue}, Issuers: []string{issuer.VCAPISlug}})
	entry := fmt.Sprintf(`,"statusListIndex":%q,"statusListCredential":%q`, signed.CredentialStatus.StatusListIndex, signed.CredentialStatus.StatusListCredential)
	ask(id, "revocation", "", true, revoker).problem(t, http.StatusNotFound, "not_found")
	ask(badge.CredentialID, "revocation", "", true, signer).problem(t, http.StatusNotFound, "not_found")
	ask("urn:uuid:x", "revocation", "", true, w.all).problem(t, http.StatusNotFound, "not_found")
	ask(id, "message", "", true, w.all).problem(t, http.StatusBadRequest, "malformed_body")
	ask(id, "suspension", "", true, w.all).problem(t, http.StatusBadRequest, "malformed_body")
	ask(id, "revocation", `,"statusListIndex":"1"`, true, w.all).problem(t, http.StatusBadRequest, "malformed_body")
	w.post("/credentials/status", `{"credentialId":"x","credentialStatus":{"statusPurpose":"revocation"}}`).problem(t, http.StatusBadRequest, "missing_member")
	ask(id, "revocation", entry, false, signer).want(t, http.StatusOK)
	if verdict, code, _ := w.verdictOf(foreign); verdict != "valid" || code != "not_revoked" {
		t.Fatalf("before: %s (%s)", verdict, code)
	}
	for range 2 {
		ask(id, "revocation", entry, true, signer).want(t, http.StatusOK)
	}
	ask(id, "revocation", entry, false, signer).problem(t, http.StatusConflict, "revoked_is_final")
	if verdict, code, _ := w.verdictOf(foreign); verdict != "invalid" || code != "revoked" {
		t.Errorf("after: %s (%s)", verdict, code)
	}
	for _, step := range []struct {
		purpose string
		on      bool
		status  int
		want    string
	}{{"suspension", true, 200, "suspended"}, {"suspension", false, 200, "active"}, {"revocation", false, 200, "active"},
		{"revocation", true, 200, "revoked"}, {"revocation", false, 409, "revoked"}} {
		ask(badge.CredentialID, step.purpose, "", step.on, w.all).want(t, step.status)
		if rec := w.do(request{method: "GET", path: "/v1/credentials/" + badge.ID, token: w.all}).object(t); rec["status"] != step.want {
			t.Errorf("%+v: %v", step, rec["status"])
		}
	}
	if _, err := w.issuer.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// Several statuses of one credential change together or not at all.
func TestVCAPIStatusesTogether(t *testing.T) {
	w := newSecureWorld(t)
	w.licence()
	const id = "urn:uuid:6f1d0f3a-0c0e-4b1e-9f63-000000000113"
	credential := `{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
		"id":"` + id + `","type":["VerifiableCredential","OpenBadgeCredential"],"name":"N","validFrom":"2025-01-01T00:00:00Z",
		"credentialSubject":{"type":["AchievementSubject"],"identifier":[{"type":"IdentityObject","hashed":false,"identityHash":"Ana","identityType":"name"}],
		"achievement":{"id":"https://a.example/1","type":["Achievement"],"name":"N","description":"D","criteria":{"narrative":"C"}}}}`
	var signed struct{ VerifiableCredential json.RawMessage }
	w.post("/credentials/issue", `{"credential":`+credential+`,"options":{"statusPurpose":["revocation","suspension"]}}`).want(t, http.StatusCreated).into(t, &signed)
	var of struct{ CredentialStatus []json.RawMessage }
	if err := json.Unmarshal(signed.VerifiableCredential, &of); err != nil || len(of.CredentialStatus) != 2 {
		t.Fatalf("%s %v", signed.VerifiableCredential, err)
	}
	whole := `[` + string(of.CredentialStatus[0]) + `,` + string(of.CredentialStatus[1]) + `]`
	badge := w.issueOf("licence", 1)
	ask := func(id, statuses string, on bool) answer {
		t.Helper()
		return w.post("/credentials/status", fmt.Sprintf(`{"credentialId":%q,"credentialStatus":%s,"status":%t}`, id, statuses, on))
	}
	codes := func(document []byte) string {
		t.Helper()
		var r report
		w.check(string(document), "application/vc").want(t, http.StatusOK).into(t, &r)
		_, revocation := r.check("revocation")
		_, suspension := r.check("suspension")
		return revocation + " " + suspension
	}
	const (
		both    = `[{"type":"BitstringStatusListEntry","statusPurpose":"revocation"},{"type":"BitstringStatusListEntry","statusPurpose":"suspension"}]`
		pause   = `[{"statusPurpose":"suspension"}]`
		nowhere = `[{"statusPurpose":"suspension"},{"statusPurpose":"revocation","statusListIndex":"1"}]`
	)
	for _, c := range []struct {
		id       string
		document []byte
	}{{id, signed.VerifiableCredential}, {badge.CredentialID, badge.Credential}} {
		for bad, pointer := range map[string]string{
			`[]`: "/credentialStatus", `null`: "/credentialStatus", `7`: "/credentialStatus", `[7]`: "/credentialStatus/0", `{}`: "/credentialStatus/statusPurpose",
			`[{"statusPurpose":"revocation"},{"statusPurpose":"message"}]`:        "/credentialStatus/1/statusPurpose",
			`[{"statusPurpose":"revocation"},{"statusPurpose":"revocation"}]`:     "/credentialStatus/1/statusPurpose",
			`[{"statusPurpose":"revocation","more":1}]`:                           "/credentialStatus/0/more",
			`[{"statusPurpose":"a"},{"statusPurpose":"b"},{"statusPurpose":"c"}]`: "/credentialStatus",
			nowhere: "/credentialStatus/1",
		} {
			a := ask(c.id, bad, true).want(t, http.StatusBadRequest)
			if got := a.object(t)["errors"].([]any)[0].(map[string]any)["pointer"]; got != pointer {
				t.Errorf("%s: pointer %v, want %s", bad, got, pointer)
			}
		}
		if got := codes(c.document); got != "not_revoked not_suspended" {
			t.Errorf("after what was refused: %s", got)
		}
		ask(c.id, pause, true).want(t, http.StatusOK)
		if got := codes(c.document); got != "not_revoked suspended" {
			t.Errorf("suspended: %s", got)
		}
		ask(c.id, both, false).want(t, http.StatusOK)
		if got := codes(c.document); got != "not_revoked not_suspended" {
			t.Errorf("taken back: %s", got)
		}
		ask(c.id, both, true).want(t, http.StatusOK)
		if got := codes(c.document); got != "revoked suspended" {
			t.Errorf("both: %s", got)
		}
		// What cannot be taken back keeps the other as it is too.
		ask(c.id, both, false).problem(t, http.StatusConflict, "revoked_is_final")
		if got := codes(c.document); got != "revoked suspended" {
			t.Errorf("after a conflict: %s", got)
		}
	}
	ask(id, whole, true).want(t, http.StatusOK)
	if _, err := w.issuer.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

// A credential of too many values is more than is read, which says nothing of
// its worth: the answer is not that of one that was looked at.
func TestVCAPITooManyValues(t *testing.T) {
	w := newWorld(t)
	crowd := `{"a":[` + strings.Repeat("1,", 60_000) + `1]}`
	for path, body := range map[string]string{
		"/credentials/verify":    `{"verifiableCredential":` + crowd + `}`,
		"/presentations/verify":  `{"verifiablePresentation":` + crowd + `}`,
		"/presentations/verify?": `{"presentation":` + crowd + `}`,
		"/credentials/issue":     `{"credential":` + strings.Replace(strings.Replace(generic, "ISSUER", w.vcIssuer(), 1), `"7"`, `[`+strings.Repeat(`"7",`, 60_000)+`"7"]`, 1) + `}`,
	} {
		a := w.post(path, body)
		a.problem(t, http.StatusRequestEntityTooLarge, "too_many_values")
		if strings.Contains(string(a.body), "verdict") || strings.Contains(string(a.body), "verified") {
			t.Errorf("%s: %s", path, a.body)
		}
	}
}

func TestVCAPIIsOffUnlessAskedFor(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.VCAPI = nil })
	for _, token := range []string{"", w.all, w.token(auth.Token{Scopes: []auth.Scope{auth.VCIssue}})} {
		for _, path := range []string{"/credentials/issue", "/credentials/status"} {
			a := w.do(request{method: "POST", path: path, body: `{}`, token: token, header: map[string]string{"Content-Type": "application/json"}})
			a.problem(t, http.StatusNotFound, "not_found")
		}
	}
	w.do(request{method: "POST", path: "/credentials/" + w.issue(2).ID, token: w.all}).problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	w.do(request{method: "POST", path: "/credentials/verify", body: `{"verifiableCredential":` + string(w.issue(1).Credential) + `}`,
		header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusOK)
}
