package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
)

type keyList struct {
	Items []struct {
		ID, Algorithm, State string
		Signs                bool
		ActivateAt           *string
	}
}

// Keys are made over HTTP, published at once, and sign when they are to.
func TestKeysAreMade(t *testing.T) {
	w := newSecureWorld(t)
	manager := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}})
	const path = "/v1/issuers/city-school/keys"
	ask := func(path, body, token string, header ...string) answer {
		t.Helper()
		return w.do(request{method: "POST", path: path, body: body, token: token, header: pairs(append(header, "Content-Type", "application/json"))})
	}
	var made, again, all keyList
	a := ask(path, `{"algorithms":["EdDSA"],"rotate":true}`, manager, "Idempotency-Key", "one").want(t, http.StatusCreated)
	a.into(t, &made)
	if len(made.Items) != 1 || made.Items[0].State != "pending" || made.Items[0].Signs || made.Items[0].ActivateAt == nil {
		t.Fatalf("%s", a.body)
	}
	fresh := made.Items[0].ID
	for _, where := range []string{"/issuers/city-school/did.json", "/.well-known/jwks.json"} {
		if doc := w.get(where).want(t, http.StatusOK); !strings.Contains(string(doc.body), fresh) {
			t.Errorf("%s does not show it: %s", where, doc.body)
		}
	}
	b := ask(path, `{"algorithms":["EdDSA"],"rotate":true}`, manager, "Idempotency-Key", "one").want(t, http.StatusCreated)
	b.into(t, &again)
	if b.header.Get("Idempotent-Replayed") != "true" || again.Items[0].ID != fresh {
		t.Errorf("the retry made %s", b.body)
	}
	ask(path, `{"algorithms":["EdDSA"]}`, manager, "Idempotency-Key", "one").problem(t, 422, "idempotency_key_reused")

	before := w.issue(1)
	w.clock.advance(issuer.PublishLead)
	after := w.issue(2)
	if strings.Contains(string(before.Credential), fresh) || !strings.Contains(string(after.Credential), fresh) {
		t.Errorf("the new key is %s; signed were\n%s\n%s", fresh, before.Credential, after.Credential)
	}
	w.do(request{method: "GET", path: path, token: w.token(auth.Token{Scopes: []auth.Scope{auth.Read}})}).want(t, http.StatusOK).into(t, &all)
	signs := 0
	for _, k := range all.Items {
		if k.Algorithm == "EdDSA" && k.Signs {
			signs++
		}
	}
	if signs != 1 || all.Items[0].State != "retired" {
		t.Errorf("%+v", all)
	}

	// A whole new issuer.
	ask("/v1/issuers/third-school/keys", "", w.all).want(t, http.StatusCreated).into(t, &made)
	if len(made.Items) != 3 || made.Items[0].State != "active" {
		t.Errorf("%+v", made)
	}
	w.put("/v1/issuers/third-school", `{"name":"Third School"}`, w.all).want(t, http.StatusCreated)

	for body, code := range map[string]string{
		`{"algorithms":["HS256"]}`: "algorithm_unknown", `{"activateAt":"2126-01-01T00:00:00Z"}`: "date_too_far",
		`{"activateAt":"tomorrow"}`: "date_invalid", `{"algorithms":["ES384","ES384"]}`: "duplicate",
	} {
		ask(path, body, manager).problem(t, 422, code)
	}
	ask(path, `{"alg":"EdDSA"}`, manager).problem(t, 400, "unknown_member")
	ask("/v1/issuers/other-school/keys", "", manager).problem(t, 403, "issuer_not_granted")
	ask("/v1/issuers/"+issuer.LogSlug+"/keys", "", w.all).problem(t, 404, "not_found")
	ask(path, "", w.token(auth.Token{Scopes: []auth.Scope{auth.Read, auth.Issue}})).problem(t, 403, "scope_missing")
	ask(path, "", "").problem(t, 401, "token_missing")
	w.do(request{method: "GET", path: "/v1/issuers/nobody/keys", token: w.all}).problem(t, 404, "not_found")
	w.do(request{method: "GET", path: "/v1/issuers/other-school/keys", token: manager}).problem(t, 404, "not_found")
}

// device is a key ring whose keys fail when they are told to, as those in a
// device or a service elsewhere do.
type device struct {
	*keyring.Ring
	err error
}

// Issuer implements issuer.KeyRings.
func (d *device) Issuer(slug string) keys.KeyRing { return deviceRing{d.Ring.Issuer(slug), d} }

type deviceRing struct {
	keys.KeyRing
	of *device
}

func (r deviceRing) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	s, err := r.KeyRing.Active(ctx, alg)
	return deviceSigner{s, r.of}, err
}

type deviceSigner struct {
	keys.Signer
	of *device
}

func (s deviceSigner) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if s.of.err != nil {
		return nil, s.of.err
	}
	return s.Signer.Sign(ctx, message)
}

// A device that does not sign is told as such, with a time to come back, and
// the same request succeeds once it does.
func TestSignerThatFails(t *testing.T) {
	w := newWorld(t)
	w.keys.err = errors.New("session 7 of the device at 10.0.0.9 was lost")
	a := w.post("/v1/credentials", award(1), "Idempotency-Key", "k")
	a.problem(t, http.StatusServiceUnavailable, "signer_unavailable")
	if a.header.Get("Retry-After") == "" || strings.Contains(string(a.body), "10.0.0.9") {
		t.Errorf("%v %s", a.header, a.body)
	}
	if page, _ := w.list("", w.all); len(page.Items) != 0 {
		t.Errorf("%+v", page)
	}
	w.get("/status/city-school-1").problem(t, http.StatusServiceUnavailable, "signer_unavailable")
	w.keys.err = nil
	w.post("/v1/credentials", award(1), "Idempotency-Key", "k").want(t, http.StatusCreated)
}

// Where no key is left that signs, every call says so in the way that is
// described; what was signed stays.
func TestDoorsWithoutKeys(t *testing.T) {
	w := newSecureWorld(t)
	w.licence()
	b := w.issueOf("licence", 1)
	for _, slug := range []string{city, issuer.VCAPISlug} {
		for _, k := range must(w.issuer.Keys(t.Context(), slug))(t) {
			must(w.issuer.RevokeKey(t.Context(), issuer.KeyChange{Issuer: slug, ID: k.Method.ID, At: w.clock.now(), Actor: "test"}))(t)
		}
	}
	foreign := strings.Replace(generic, "ISSUER", w.vcIssuer(), 1)
	for path, body := range map[string]string{
		"/v1/credentials":                      award(2),
		"/v1/credentials/" + b.ID + "/reissue": `{"recipient":{"name":"Another Name"}}`,
		"/credentials/issue":                   `{"credential":` + foreign + `}`,
	} {
		w.post(path, body).problem(t, http.StatusConflict, "issuer_without_key")
	}
	var batch batchAnswer
	w.post("/v1/credentials/batch", items(award(3))).want(t, http.StatusMultiStatus).into(t, &batch)
	if batch.Results[0].Status != http.StatusConflict || batch.Results[0].Error.Code != "issuer_without_key" {
		t.Errorf("%+v", batch.Results[0])
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{}`).want(t, http.StatusOK)
	w.get("/status/city-school-1").problem(t, http.StatusConflict, "issuer_without_key")
	w.get("/credentials/"+b.ID+".json").want(t, http.StatusOK)
	w.get("/v/"+b.ID+"?format=json").want(t, http.StatusOK)
	w.get("/issuers/"+city+"/did.json").want(t, http.StatusOK)
}
