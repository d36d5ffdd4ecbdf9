package api_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"laurel/keys"
)

// holder is somebody with a key, who presents badges.
type holder struct {
	did     string
	private ed25519.PrivateKey
}

func newHolder(t *testing.T) holder {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return holder{must(keys.DIDKey(public))(t), private}
}

// present signs a presentation of badges for whoever asked.
func (h holder) present(challenge, domain string, badges ...string) string {
	var all []string
	for _, b := range badges {
		all = append(all, `{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,`+b+`"}`)
	}
	enc := base64.RawURLEncoding
	kid := h.did + "#" + strings.TrimPrefix(h.did, "did:key:")
	input := enc.EncodeToString([]byte(`{"alg":"EdDSA","typ":"vp+jwt","kid":"`+kid+`"}`)) + "." +
		enc.EncodeToString([]byte(fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":%q,"nonce":%q,"aud":%q,"verifiableCredential":[%s]}`,
			h.did, challenge, domain, strings.Join(all, ","))))
	return input + "." + enc.EncodeToString(ed25519.Sign(h.private, []byte(input)))
}

func TestPresentations(t *testing.T) {
	w, h := newWorld(t), newHolder(t)
	one, two := w.issue(1), w.issue(2)
	jwt := func(b issued) string { return string(w.get("/credentials/" + b.ID + ".jwt").body) }
	ask := func(body, query string) report {
		var r report
		w.do(request{method: "POST", path: "/v1/verify" + query, body: body, header: map[string]string{"Content-Type": "application/vp+jwt"}}).want(t, 200).into(t, &r)
		return r
	}
	alone := h.present("c-1", "employer.example", jwt(one))
	for name, tc := range map[string]struct{ query, verdict, result, code, sentence string }{
		"not asked":         {"", "valid", "pass", "holder_proven", "Whoever presents this holds the key of " + h.did + "."},
		"asked":             {"?challenge=c-1&domain=employer.example", "valid", "pass", "holder_proven", "Whoever presents this holds the key of " + h.did + "."},
		"another challenge": {"?challenge=c-2", "invalid", "fail", "challenge_differs", "This was not made for your question: it may be a copy of what was presented to others. Ask them to present it again."},
		"another domain":    {"?domain=other.example", "invalid", "fail", "domain_differs", "This was presented to somebody else. Ask them to present it to you."},
	} {
		r := ask(alone, tc.query)
		result, code := r.check("holder")
		said := r.Checks[len(r.Checks)-1].Message
		if r.Verdict != tc.verdict || result != tc.result || code != tc.code || said != tc.sentence || len(r.Badges) != 0 {
			t.Errorf("%s: %s, %s %s %q", name, r.Verdict, result, code, said)
		}
		if r.Credential == nil || r.Credential.ID != one.CredentialID {
			t.Errorf("%s: credential %+v", name, r.Credential)
		}
	}

	w.post("/v1/credentials/"+two.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, 200)
	both := h.present("", "", jwt(one), jwt(two))
	r := ask(both, "")
	if _, code := r.check("format"); r.Verdict != "invalid" || code != "several_badges" || r.Credential != nil || len(r.Badges) != 2 {
		t.Fatalf("%s, %+v", r.Verdict, r.Checks)
	}
	if r.Badges[0].Verdict != "valid" || r.Badges[0].Credential.ID != one.CredentialID || r.Badges[1].Verdict != "invalid" || r.Badges[1].Credential.ID != two.CredentialID {
		t.Errorf("%+v", r.Badges)
	}
	if r.Summary != "Revoked. Something in this presentation is not in order: look at each badge, and ask the holder." {
		t.Errorf("summary %q", r.Summary)
	}
	page := w.do(request{method: "POST", path: "/verify", body: url.Values{"document": {both}}.Encode(),
		header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}}).want(t, 200)
	if !bytes.Contains(page.body, []byte("The badges in it")) || bytes.Count(page.body, []byte(`<h3 dir="auto">`)) != 2 {
		t.Errorf("%s", page.body)
	}
}

func TestPresentationsOfTheVCAPI(t *testing.T) {
	w, h := newWorld(t), newHolder(t)
	b := w.issue(1)
	jwt := string(w.get("/credentials/" + b.ID + ".jwt").body)
	envelope := func(token string) string {
		return `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,` + token + `"}`
	}
	unsigned := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[` + string(b.Credential) + `]}`
	two := `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[` + string(b.Credential) + "," + string(b.Credential) + `]}`
	good := h.present("c-1", "x.example", jwt)
	for name, tc := range map[string]struct {
		body   string
		status int
		code   string // of the first error
		each   int
	}{
		"good":              {`{"verifiablePresentation":` + envelope(good) + `,"options":{"challenge":"c-1","domain":"x.example","returnPresentation":true,"returnResults":true}}`, 200, "", 0},
		"as a text":         {`{"verifiablePresentation":"` + good + `"}`, 200, "", 0},
		"unproven as text":  {`{"presentation":"` + good + `"}`, 200, "", 0},
		"unproven, asked":   {`{"presentation":` + unsigned + `,"options":{"challenge":"c-1"}}`, 400, "holder_unproven", 0},
		"another challenge": {`{"verifiablePresentation":` + envelope(good) + `,"options":{"challenge":"c-2"}}`, 400, "challenge_differs", 0},
		"not proven":        {`{"verifiablePresentation":` + unsigned + `}`, 400, "holder_unproven", 0},
		"need not be":       {`{"presentation":` + unsigned + `}`, 200, "", 0},
		"two":               {`{"presentation":` + two + `,"options":{"returnResults":true}}`, 200, "", 2},
		"a changed badge":   {`{"presentation":` + strings.Replace(unsigned, "Ana Mora 1", "Eve", 1) + `}`, 400, "proof_invalid", 0},
		"a credential":      {`{"verifiablePresentation":` + string(b.Credential) + `}`, 400, "other_kind", 0},
		"nothing":           {`{}`, 400, "missing_member", 0},
		"no presentation":   {`{"verifiablePresentation":7}`, 400, "missing_member", 0},
	} {
		a := w.do(request{method: "POST", path: "/presentations/verify", body: tc.body, header: map[string]string{"Content-Type": "application/json"}}).want(t, tc.status)
		var out struct {
			Verified          bool
			Errors            []struct{ Code, Type string }
			Presentation      json.RawMessage
			CredentialResults []struct{ Verified bool }
		}
		a.into(t, &out)
		code := ""
		if len(out.Errors) > 0 {
			code = out.Errors[0].Code
		}
		if out.Verified != (tc.status == 200) || code != tc.code || len(out.CredentialResults) != tc.each {
			t.Errorf("%s: %s", name, a.body)
		}
		if name == "good" && string(out.Presentation) != `"`+good+`"` {
			t.Errorf("presentation %s", out.Presentation)
		}
	}
	a := w.do(request{method: "POST", path: "/credentials/verify", body: `{"verifiableCredential":` + unsigned + `}`, header: map[string]string{"Content-Type": "application/json"}})
	if a.status != 400 || !bytes.Contains(a.body, []byte("other_kind")) {
		t.Errorf("a presentation for a credential: %d %s", a.status, a.body)
	}
	// The same parameters as of a credential: what was revoked has a good proof still.
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, 200)
	for query, want := range map[string]int{"?lang=ar": 400, "?checks=proof": 200, "?checks=proof&lang=ar": 200} {
		a := w.do(request{method: "POST", path: "/presentations/verify" + query, body: `{"presentation":` + unsigned + `}`, header: map[string]string{"Content-Type": "application/json"}})
		if a.want(t, want); want == 400 && !bytes.Contains(a.body, []byte("أ")) {
			t.Errorf("%s: %s", query, a.body)
		}
	}
	w.post("/presentations/verify?edition=1", `{"presentation":`+unsigned+`}`).problem(t, 400, "unknown_parameter")
}

// What could not be read is not given back, whatever was asked for.
func TestNothingIsReturnedWhereNothingWasRead(t *testing.T) {
	w := newWorld(t)
	for name, of := range map[string]string{
		"another envelope": `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:text/plain,x"}`,
		"a broken token":   `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":"EnvelopedVerifiablePresentation","id":"data:application/vp+jwt,x"}`,
		"a number inside":  `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"verifiableCredential":[7]}`,
	} {
		a := w.do(request{method: "POST", path: "/presentations/verify", body: `{"presentation":` + of + `,"options":{"returnPresentation":true,"returnResults":true}}`,
			header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusBadRequest)
		if bytes.Contains(a.body, []byte(`"presentation":null`)) {
			t.Errorf("%s: %s", name, a.body)
		}
		a = w.do(request{method: "POST", path: "/credentials/verify", body: `{"verifiableCredential":` + strings.Replace(of, "Presentation", "Credential", 1) + `,"options":{"returnCredential":true,"returnResults":true}}`,
			header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusBadRequest)
		if bytes.Contains(a.body, []byte(`"credential":null`)) {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}
