package api_test

import (
	"bytes"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"laurel/api"
	"laurel/internal/auth"
)

// Every call with a token against every limit that a token can have: what the
// call does not keep to, it refuses.
func TestEveryRouteKeepsToLimitsOrRefuses(t *testing.T) {
	w := newWorld(t)
	limited := map[string]auth.Token{
		"activity": {Activities: []string{"uh-kit-2025"}}, "country": {Country: "KE"}, "source": {Source: "lms-a"}, "test": {Test: true},
	}
	texts := map[string]string{}
	for name, l := range limited {
		l.Scopes, l.Issuers = auth.Scopes(), []string{auth.Any}
		texts[name] = w.token(l)
	}
	refused := 0
	for route, keeps := range api.Keeps() {
		method, path, _ := strings.Cut(route, " ")
		path = filled(path)
		for name, token := range texts {
			a := w.do(request{method: method, path: path, token: token, body: "{}", header: map[string]string{"Content-Type": "application/json"}})
			isRefused := a.status == http.StatusForbidden && bytes.Contains(a.body, []byte(`"token_limited"`))
			if isRefused == slices.Contains(keeps, name) {
				t.Errorf("%s with a token limited by %s: %d %.200s; it keeps to %v", route, name, a.status, a.body, keeps)
			}
			if isRefused {
				refused++
			}
		}
		// What is defined counts, and so do endorsements and what is signed for the VC-API.
		defines := method != http.MethodGet && slices.ContainsFunc([]string{"/v1/achievements", "/v1/issuers", "/v1/endors", "/credentials/"},
			func(of string) bool { return strings.HasPrefix(path, of) })
		if defines && slices.Contains(keeps, "test") {
			t.Errorf("%s is open to tokens that are for trials", route)
		}
	}
	if len(api.Keeps()) < 20 || refused < 40 {
		t.Errorf("%d calls, %d refusals", len(api.Keeps()), refused)
	}
}

// filled puts names of the right form into a described path. Limits are asked
// before anything is looked for.
func filled(path string) string {
	path = strings.NewReplacer("{id}", strings.Repeat("A", 22), "{activity}", "uh-kit-2025", "{upload}", strings.Repeat("A", 22)).Replace(path)
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(path, "nothing")
}

// A source of "any" is no limit.
func TestAnySourceIsNoLimit(t *testing.T) {
	w := newWorld(t)
	for route := range api.Keeps() {
		method, path, _ := strings.Cut(route, " ")
		a := w.do(request{method: method, path: filled(path), token: w.all, body: "{}", header: map[string]string{"Content-Type": "application/json"}})
		if bytes.Contains(a.body, []byte("token_limited")) {
			t.Errorf("%s: %s", route, a.body)
		}
	}
}

// both is a token for what counts and one for trials, alike but for that.
func (w *world) both() (live, test string) {
	w.t.Helper()
	for _, slug := range []string{city, other} {
		if _, err := w.issuer.MakeTestIssuer(w.t.Context(), slug, "test"); err != nil {
			w.t.Fatal(err)
		}
	}
	all := auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any}
	live = w.token(all)
	all.Test = true
	return live, w.token(all)
}

// with sends JSON with a token.
func (w *world) with(token, method, path, body string) answer {
	w.t.Helper()
	return w.do(request{method: method, path: path, body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
}

type listed struct {
	Items []struct {
		ID, Issuer, Achievement, Status string
		Test                            bool
	}
}

func (w *world) listed(token string) (ids []string) {
	w.t.Helper()
	var page listed
	w.with(token, "GET", "/v1/credentials", "").want(w.t, http.StatusOK).into(w.t, &page)
	for _, item := range page.Items {
		if item.Test != strings.HasPrefix(item.Issuer, "test-") {
			w.t.Errorf("%+v", item)
		}
		ids = append(ids, item.ID)
	}
	slices.Sort(ids)
	return ids
}

// TestTrialsAndWhatCountsNeverMeet by any door, single, many or by a list.
func TestTrialsAndWhatCountsNeverMeet(t *testing.T) {
	for name, open := range map[string]func(*testing.T, ...setting) *world{"did:key": newWorld, "did:web": newSecureWorld} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			live, test := w.both()
			made := map[string][]string{}
			for _, token := range []string{live, test, live, test} { // twice: the second time it is there
				var one issued
				w.with(token, "POST", "/v1/credentials", award(1)).into(t, &one)
				var many struct {
					Results []struct{ ID, Outcome string }
				}
				w.with(token, "POST", "/v1/credentials/batch", `{"items":[`+award(2)+`]}`).want(t, http.StatusMultiStatus).into(t, &many)
				var rows struct {
					Rows []struct{ Outcome, Credential string }
				}
				w.do(request{method: "POST", path: "/v1/rosters/uh-kit-2025", body: "name,email\nBo Bee,bo@learner.example\n", token: token,
					header: map[string]string{"Content-Type": "text/csv"}}).want(t, http.StatusOK).into(t, &rows)
				_, third, _ := strings.Cut(rows.Rows[0].Credential, "/credentials/")
				made[token] = append(made[token], one.ID, many.Results[0].ID, third)
			}
			for token, ids := range made {
				if !slices.Equal(ids[:3], ids[3:]) || slices.Contains(ids, "") {
					t.Errorf("issued twice: %v", ids)
				}
				want := slices.Sorted(slices.Values(ids[:3]))
				if got := w.listed(token); !slices.Equal(got, want) {
					t.Errorf("listed %v, issued %v", got, want)
				}
			}
			if _, err := w.audit.Sequence(t.Context()); err != nil {
				t.Fatal(err)
			}
			for token, of := range map[string]string{live: `"issuer":"city-school"`, test: `"issuer":"test-city-school"`} {
				if got := w.with(token, "GET", "/v1/events?limit=200", "").want(t, http.StatusOK).body; bytes.Count(got, []byte(`"credential.issued"`)) != 3 || !bytes.Contains(got, []byte(of)) {
					t.Errorf("events: %s", got)
				}
			}
			w.wrongDoors(live, made[test][0])
			w.wrongDoors(test, made[live][0])
			w.with(test, "POST", "/v1/credentials/"+made[test][0]+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
			w.with(test, "DELETE", "/v1/credentials/"+made[test][1]+"/personal-data", "").want(t, http.StatusOK)
			if !bytes.Contains(w.with(live, "GET", "/v1/credentials/"+made[live][0], "").body, []byte(`"status":"active"`)) {
				t.Error("revoking a trial revoked what counts")
			}
		})
	}
}

// wrongDoors tries everything that a token of the other kind could do to a badge:
// to it there is none.
func (w *world) wrongDoors(token, id string) {
	w.t.Helper()
	at := "/v1/credentials/" + id
	for _, call := range []struct{ method, path, body string }{
		{"GET", at, ""}, {"POST", at + "/revoke", `{}`}, {"POST", at + "/suspend", `{}`}, {"POST", at + "/reinstate", `{}`},
		{"POST", at + "/reissue", `{"recipient":{"name":"X"}}`}, {"POST", at + "/renew", `{}`}, {"PATCH", at, `{"language":"fr"}`}, {"DELETE", at + "/personal-data", ""},
	} {
		w.with(token, call.method, call.path, call.body).problem(w.t, http.StatusNotFound, "not_found")
	}
	many := w.with(token, "POST", "/v1/credentials/status", fmt.Sprintf(`{"items":[{"id":%q,"action":"revoke"}]}`, id)).want(w.t, http.StatusMultiStatus)
	if !bytes.Contains(many.body, []byte(`"status":404`)) {
		w.t.Errorf("many at once: %s", many.body)
	}
	if a := w.with(token, "POST", "/credentials/status", fmt.Sprintf(`{"credentialId":%q,"credentialStatus":{"statusPurpose":"revocation"},"status":true}`, w.base+"/credentials/"+id)); a.status < 400 {
		w.t.Errorf("by the VC-API: %d %s", a.status, a.body)
	}
	if a := w.get("/v/"+id, "Accept", "application/json"); bytes.Contains(a.body, []byte(`"revoked"`)) {
		w.t.Errorf("%s was revoked: %s", id, a.body)
	}
}

// TestFacesOfTrials: whatever anybody is shown of a trial says what it is.
func TestFacesOfTrials(t *testing.T) {
	w := newSecureWorld(t)
	_, test := w.both()
	var b issued
	w.with(test, "POST", "/v1/credentials", award(1)).want(t, http.StatusCreated).into(t, &b)
	for lang, first := range map[string]string{"en": "TEST: valid, but only a trial", "ar": "اختبار: صالحة للتجربة فقط"} {
		for _, path := range []string{"/credentials/" + b.ID, "/v/" + b.ID} {
			page := w.get(path+"?lang="+lang, "Accept", "text/html").want(t, http.StatusOK).body
			if !bytes.Contains(page, []byte("<title>"+first)) || !bytes.Contains(page, []byte("[TEST] Example City School")) ||
				!bytes.Contains(page, []byte("/achievements/test-healthy-city/image.png")) {
				t.Errorf("%s in %s does not say what it is", path, lang)
			}
		}
	}
	w.with(w.all, "PUT", "/v1/achievements/both", `{"issuer":"city-school","name":{"en":"Both","ar":"كلاهما"},"description":{"en":"x","ar":"x"},"criteria":{"en":"x","ar":"x"}}`).want(t, http.StatusCreated)
	var two issued
	w.with(test, "POST", "/v1/credentials", strings.Replace(award(1), "healthy-city", "both", 1)).want(t, http.StatusCreated).into(t, &two)
	if page := w.get("/credentials/"+two.ID+"?lang=ar", "Accept", "text/html").body; !bytes.Contains(page, []byte("[TEST] كلاهما")) {
		t.Error("the translation of the achievement has no mark")
	}
	for _, ask := range []string{fmt.Sprintf(`{"code":%q}`, b.ID), fmt.Sprintf(`{"url":%q}`, b.CredentialID), string(b.Credential)} {
		w.isTrial(w.check(ask, "application/json"))
	}
	for suffix, mediaType := range map[string]string{"json": "application/vc", "jwt": "application/vc+jwt", "png": "image/png", "svg": "image/svg+xml"} {
		w.isTrial(w.check(string(w.get("/credentials/"+b.ID+"."+suffix).want(t, http.StatusOK).body), mediaType))
	}
	if svg := w.get("/credentials/" + b.ID + ".svg").body; !bytes.Contains(svg, []byte("[TEST]")) {
		t.Error("the drawing has no mark")
	}
	w.get("/credentials/"+b.ID+"/qr.png").want(t, http.StatusOK)
	for path, want := range map[string]string{"/achievements/test-healthy-city": "[TEST] Healthy City", "/achievements/test-healthy-city/fr": "[TEST] Ville-santé",
		"/issuers/test-city-school": "[TEST] Example City School", "/issuers/test-city-school/did.json": "did:web:badges.example:issuers:test-city-school",
		"/status/test-city-school-1": "test-city-school-1"} {
		if a := w.get(path, "Accept", "application/json").want(t, http.StatusOK); !bytes.Contains(a.body, []byte(want)) {
			t.Errorf("%s has no %s: %.300s", path, want, a.body)
		}
	}
	live := w.get("/achievements/healthy-city/image.png").want(t, http.StatusOK).body
	if bytes.Equal(live, w.get("/achievements/test-healthy-city/image.png").want(t, http.StatusOK).body) {
		t.Error("the picture of a trial is that of what counts")
	}
}

// isTrial fails unless a report warns of a trial.
func (w *world) isTrial(a answer) {
	w.t.Helper()
	report := a.want(w.t, http.StatusOK).object(w.t)
	if report["verdict"] != "warning" || report["verified"] != true || !bytes.Contains(a.body, []byte(`"test_issuer"`)) || !bytes.Contains(a.body, []byte("[TEST] Example City School")) {
		w.t.Errorf("the report: %.600s", a.body)
	}
}

// Nothing is tried without a test issuer, and nobody acts in the name of one.
func TestNamesOfTestIssuersAreReserved(t *testing.T) {
	w := newWorld(t)
	test := w.token(auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Test: true})
	w.with(test, "POST", "/v1/credentials", award(1)).problem(t, http.StatusConflict, "no_test_issuer")
	if n := w.store.count("n/"); n != 0 {
		t.Errorf("%d badges", n)
	}
	live, _ := w.both()
	inline := `{"achievement":{"issuer":"test-city-school","name":"x","description":"x","criteria":"x"},"recipient":{"name":"Ana"},"awardedAt":"2025-07-11"}`
	w.with(live, "POST", "/v1/credentials", inline).problem(t, http.StatusForbidden, "issuer_not_granted")
	w.with(live, "POST", "/v1/credentials", strings.Replace(award(1), "healthy-city", "test-healthy-city", 1)).problem(t, http.StatusForbidden, "issuer_not_granted")
	w.with(live, "PUT", "/v1/issuers/test-city-school", `{"name":"X"}`).want(t, http.StatusForbidden)
	w.with(live, "PUT", "/v1/issuers/test-new", `{"name":"X"}`).want(t, http.StatusForbidden)
	w.with(live, "POST", "/v1/issuers/test-city-school/keys", `{}`).want(t, http.StatusForbidden)
	w.with(live, "GET", "/v1/issuers/test-city-school", "").want(t, http.StatusNotFound)
	w.with(live, "PUT", "/v1/achievements/mine", `{"issuer":"test-city-school","name":"x","description":"x","criteria":"x"}`).want(t, http.StatusForbidden)
	w.with(live, "PUT", "/v1/achievements/test-mine", `{"issuer":"city-school","name":"x","description":"x","criteria":"x"}`).want(t, http.StatusUnprocessableEntity)
}

func TestRateOfTokens(t *testing.T) {
	var seconds atomic.Int64
	seconds.Store(time.Now().Unix())
	w := newWorld(t, func(c *api.Config) { c.Now = func() time.Time { return time.Unix(seconds.Load(), 0) } })
	token := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}, Rate: 3})
	twin := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}, Rate: 3})
	for n := range 3 {
		a := w.with(token, "GET", "/v1/credentials", "").want(t, http.StatusOK)
		for name, want := range map[string]string{"RateLimit-Limit": "3", "RateLimit-Remaining": fmt.Sprint(2 - n), "RateLimit-Reset": fmt.Sprint(20 * (n + 1))} {
			if got := a.header.Get(name); got != want {
				t.Errorf("request %d: %s is %q, want %s", n, name, got, want)
			}
		}
	}
	a := w.with(token, "GET", "/v1/credentials", "")
	a.problem(t, http.StatusTooManyRequests, "too_many_requests")
	if a.header.Get("Retry-After") != "20" || a.header.Get("RateLimit-Remaining") != "0" {
		t.Errorf("%v", a.header)
	}
	// What the token may not do counts too, and that of another does not.
	w.with(token, "POST", "/v1/credentials", award(1)).want(t, http.StatusTooManyRequests)
	w.with(twin, "POST", "/v1/credentials", award(1)).want(t, http.StatusForbidden)
	if a := w.with(w.all, "GET", "/v1/credentials", "").want(t, http.StatusOK); a.header.Get("RateLimit-Limit") != "" {
		t.Errorf("a token without a rate is told one: %v", a.header)
	}
	seconds.Add(20)
	w.with(token, "GET", "/v1/credentials", "").want(t, http.StatusOK)
	w.with(token, "GET", "/v1/credentials", "").want(t, http.StatusTooManyRequests)
}
