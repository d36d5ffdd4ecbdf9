package api_test

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"laurel/api"
	"laurel/internal/auth"
)

// Every call with a token, as the table of routes has it, for something of an
// issuer: with a token of another issuer it tells and changes nothing, without a
// token it is 401, and the issuer's own is let in.
func TestTenants(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	earned := w.earned("W-1,Ana Mora,ana.1@roster.example")
	hook := w.post("/v1/webhooks", `{"issuer":"city-school","url":"https://lms.example/hook"}`).want(t, http.StatusCreated).object(t)["id"].(string)
	fill := func(path string) string {
		id := b.ID
		if strings.HasPrefix(path, "/v1/webhooks/") {
			id = hook
		}
		if strings.HasSuffix(path, "/award") { // of what was issued directly there is none
			id = earned
		}
		slug := map[string]string{"/v1/issuers/": city, "/v1/achievements/": "healthy-city", "/v1/activities/": "uh-kit-2025"}
		for prefix, name := range slug {
			if strings.HasPrefix(path, prefix) {
				path = strings.Replace(path, "{slug}", name, 1)
			}
		}
		return filled(strings.Replace(path, "{id}", id, 1))
	}
	all := auth.Scopes()
	own, foreign := w.token(auth.Token{Scopes: all, Issuers: []string{city}}), w.token(auth.Token{Scopes: all, Issuers: []string{other}})
	before := w.do(request{method: "GET", path: "/v1/credentials/" + b.ID, token: own}).want(t, http.StatusOK).body
	secrets := []string{b.ID, earned, "Ana Mora", "ana.1@", hook, "lms.example/hook\""}
	calls := 0
	for route := range api.Keeps() {
		calls++
		method, path, _ := strings.Cut(route, " ")
		path = fill(path)
		ask := func(token string) answer {
			return w.do(request{method: method, path: path, token: token, body: "{}", header: map[string]string{"Content-Type": "application/json"}})
		}
		if a := ask(""); a.status != http.StatusUnauthorized && path != "/v1/statistics" {
			t.Errorf("%s without a token: %d %.200s", route, a.status, a.body)
		}
		a := ask(foreign)
		for _, secret := range secrets {
			if bytes.Contains(a.body, []byte(secret)) {
				t.Errorf("%s tells another issuer of %s: %.300s", route, secret, a.body)
			}
		}
		if strings.Contains(path, b.ID) || strings.Contains(path, hook) || strings.Contains(path, earned) {
			if a.status != http.StatusNotFound {
				t.Errorf("%s of another issuer: %d %.200s", route, a.status, a.body)
			}
			if method == http.MethodGet && !strings.Contains(path, "/v1/endorsements/") {
				if a := ask(own); a.status != http.StatusOK {
					t.Errorf("%s of its own: %d %.200s", route, a.status, a.body)
				}
			}
		}
	}
	if calls < 50 {
		t.Errorf("only %d calls", calls)
	}
	if after := w.do(request{method: "GET", path: "/v1/credentials/" + b.ID, token: own}).want(t, http.StatusOK).body; !bytes.Equal(before, after) {
		t.Errorf("another issuer changed it: %s, and was %s", after, before)
	}
}

// Who guesses ids learns nothing: a thousand answers are one answer, and an id
// says nothing of the next.
func TestGuessingIDs(t *testing.T) {
	w := newWorld(t)
	var ids []string
	for n := range 3 {
		ids = append(ids, w.issue(n+1).ID)
	}
	for n, id := range ids {
		raw, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil || len(raw) < 16 {
			t.Errorf("%s: %d bytes, %v", id, len(raw), err)
		}
		if n > 0 && id[:4] == ids[n-1][:4] {
			t.Errorf("%s follows %s", id, ids[n-1])
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	answers := map[string]int{}
	for n := range 1000 {
		guess := make([]byte, 16)
		for k := range guess {
			guess[k] = byte(r.Uint32())
		}
		path := "/credentials/" + base64.RawURLEncoding.EncodeToString(guess) + []string{"", ".json", ".jwt", ".png"}[n%4]
		a := w.get(path, "Accept", "application/json").want(t, http.StatusNotFound)
		body := bytes.ReplaceAll(a.body, []byte(a.header.Get("X-Request-Id")), nil)
		answers[string(body)]++
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers: %v", len(answers), answers)
	}
}

// What only the service sets is refused when a caller sends it, wherever.
func TestMassAssignment(t *testing.T) {
	w := newWorld(t)
	before := w.store.count("c/")
	for _, member := range []string{`"id":"AAAAAAAAAAAAAAAAAAAAAA"`, `"issuer":"other-school"`, `"proof":{"type":"DataIntegrityProof"}`, `"status":"active"`, `"credentialStatus":{}`,
		`"key":"other-school"`, `"alg":"none"`, `"verificationMethod":"did:key:z6Mk"`, `"issuedAt":"2001-01-01T00:00:00Z"`, `"test":true`, `"version":"9"`, `"__proto__":{}`, `"Achievement":"healthy-city"`} {
		w.post("/v1/credentials", strings.Replace(award(1), "{", "{"+member+",", 1)).problem(t, http.StatusBadRequest, "unknown_member")
	}
	for _, body := range []string{award(1) + "{}", award(1) + "x", "null", "[" + award(1) + "]", strings.Replace(award(1), "{", `{"achievement":"workshop-participant",`, 1)} {
		if a := w.post("/v1/credentials", body); a.status != http.StatusBadRequest {
			t.Errorf("%.80s: %d %s", body, a.status, a.body)
		}
	}
	if after := w.store.count("c/"); after != before {
		t.Errorf("%d records before, %d after", before, after)
	}
}

// What lies beside a service is not served: nothing but its routes is.
func TestNothingElseIsServed(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/metrics", "/.env", "/.git/config", "/laurel.db", "/laurel-data/laurel.db", "/keys/seal", "/backup", "/admin.sock",
		"/v1/../laurel.db", "/assets/../laurel.db", "/assets/..%2flaurel.db", "/assets/%2e%2e%2fkeys", "/server-status", "/actuator/health", "/wp-login.php"} {
		w.do(request{method: "GET", path: path, token: w.all}).problem(t, http.StatusNotFound, "not_found")
	}
}
