package api_test

import (
	"bytes"
	"errors"
	"fmt"
	"image/png"
	"io"
	"laurel/badge/bake"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"laurel/store"
	"laurel/verifier"
)

// secureBase is the address of every service under https.
const secureBase = "https://badges.example"

// newSecureWorld is a service whose public address is https, as it is behind a
// proxy.
func newSecureWorld(t *testing.T, settings ...setting) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newWorldAt(t, secureBase, listener, settings...)
}

func TestWhichFormOfABadge(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for accept, want := range map[string]string{
		"":                                  "application/vc",
		"*/*":                               "application/vc",
		"application/vc":                    "application/vc",
		"application/json":                  "application/json",
		"application/ld+json":               "application/ld+json",
		"application/*":                     "application/vc",
		"application/vc+jwt":                "application/vc+jwt",
		"application/jwt":                   "application/jwt",
		"text/html":                         "text/html; charset=utf-8",
		"text/html, */*":                    "application/vc", // at equal preference, data
		"text/html, application/json":       "application/json",
		"text/html;q=0.5, */*":              "application/vc",
		"text/html, application/json;q=0.9": "text/html; charset=utf-8",
		"application/vc+jwt;q=0.5, application/ld+json;q=0.4":             "application/vc+jwt",
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "text/html; charset=utf-8",
		"application/vc+ld+json, application/ld+json;profile=x":           "application/ld+json",
		"image/png":                      "application/vc", // rather something than nothing
		"text/html;q=0":                  "application/vc",
		"nonsense, ;;;, text/html;q=abc": "application/vc",
	} {
		header := []string{"Accept", accept}
		a := w.get("/credentials/"+b.ID, header...).want(t, http.StatusOK)
		if ct := a.header.Get("Content-Type"); ct != want {
			t.Errorf("Accept %q: %s, want %s", accept, ct, want)
		}
		if !strings.Contains(strings.Join(a.header.Values("Vary"), ","), "Accept") {
			t.Errorf("Accept %q: Vary %q", accept, a.header.Values("Vary"))
		}
		if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("X-Robots-Tag") != "noindex" {
			t.Errorf("Accept %q: header %v", accept, a.header)
		}
		switch {
		case strings.Contains(want, "jwt"):
			if bytes.Count(a.body, []byte(".")) != 2 {
				t.Errorf("Accept %q: %.60s", accept, a.body)
			}
		case !strings.Contains(want, "html") && !bytes.Equal(a.body, b.Credential):
			t.Errorf("Accept %q: other bytes than were issued", accept)
		}
	}
}

// One header says what an answer depends on, each name once.
func TestVaryStandsOnce(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for _, path := range []string{"/", "/credentials/" + b.ID, "/v/" + b.ID, "/credentials/AAAAAAAAAAAAAAAAAAAAAA", "/achievements/healthy-city", "/issuers/city-school", "/nothing", "/status/city-school-1"} {
		for _, accept := range []string{"text/html", "application/json"} {
			a := w.get(path, "Accept", accept)
			values := a.header.Values("Vary")
			if accept == "text/html" && len(values) == 0 || len(values) > 1 {
				t.Errorf("%s as %s: Vary %q", path, accept, values)
			}
			seen := map[string]bool{}
			for name := range strings.SplitSeq(strings.Join(values, ", "), ", ") {
				if seen[name] {
					t.Errorf("%s as %s: Vary %q", path, accept, values)
				}
				seen[name] = true
			}
		}
	}
}

func TestSuffixes(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for _, tc := range []struct{ suffix, accept, want string }{
		{".json", "", "application/vc"}, {".json", "text/html,*/*;q=0.8", "application/vc"}, {".json", "application/json", "application/json"},
		{".jwt", "", "application/vc+jwt"}, {".jwt", "application/jwt", "application/jwt"}, {".jwt", "text/plain", "text/plain"},
	} {
		a := w.get("/credentials/"+b.ID+tc.suffix, "Accept", tc.accept).want(t, http.StatusOK)
		if ct := a.header.Get("Content-Type"); ct != tc.want {
			t.Errorf("%s, Accept %q: %s", tc.suffix, tc.accept, ct)
		}
		if a.header.Get("Content-Disposition") != `inline; filename="`+b.ID+tc.suffix+`"` {
			t.Errorf("%s: %s", tc.suffix, a.header.Get("Content-Disposition"))
		}
	}
	for _, suffix := range []string{".exe", ".json.jwt", ".", ".JSON"} {
		w.get("/credentials/"+b.ID+suffix).problem(t, http.StatusNotFound, "not_found")
	}
}

// The picture of the achievement with the badge in it: the drawing itself is
// untouched, the badge is the signed bytes, and it verifies.
func TestBakedDownloads(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for suffix, mediaType := range map[string]string{".png": "image/png", ".svg": "image/svg+xml"} {
		a := w.get("/credentials/"+b.ID+suffix, "Accept", "text/html").want(t, http.StatusOK)
		if a.header.Get("Content-Type") != mediaType || a.header.Get("Content-Disposition") != `inline; filename="`+b.ID+suffix+`"` || a.header.Get("ETag") == "" {
			t.Errorf("%s: %v", suffix, a.header)
		}
		if policy := a.header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") {
			t.Errorf("%s: %s", suffix, policy)
		}
		if found := must(bake.Extract(a.body))(t); found.Edition != bake.OpenBadges3 || string(found.Text) != string(b.Credential) {
			t.Errorf("%s holds %.80s", suffix, found.Text)
		}
		r := w.report(string(a.body), mediaType)
		if r.Verdict != "valid" || r.Credential.ID != b.CredentialID {
			t.Errorf("%s: %+v", suffix, r)
		}
		w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA"+suffix).problem(t, http.StatusNotFound, "not_found")
	}
	plain := w.get("/achievements/healthy-city/image.png").want(t, http.StatusOK).body
	baked := w.get("/credentials/" + b.ID + ".png").body
	if !bytes.HasPrefix(baked, plain[:33]) || !bytes.HasSuffix(baked, plain[33:]) { // 33: up to the end of IHDR
		t.Error("the picture was changed beyond the badge")
	}
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, 200)
	if _, code := w.report(string(baked), "image/png").check("revocation"); code != "revoked" {
		t.Errorf("revoked, and its picture is %s", code)
	}
}

func TestUnchangedIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	tags := map[string]bool{}
	for _, path := range []string{"/credentials/" + id, "/credentials/" + id + ".jwt", "/credentials/" + id + "/qr.png", "/credentials/" + id + "/qr.svg",
		"/status/city-school-1", "/achievements/healthy-city", "/achievements/healthy-city/image.png", "/issuers/city-school",
		"/issuers/city-school/did.json", "/.well-known/jwks.json", "/openapi.json"} {
		first := w.get(path).want(t, http.StatusOK)
		tag := first.header.Get("ETag")
		if tag == "" || tags[tag] {
			t.Errorf("%s: ETag %q", path, tag)
		}
		tags[tag] = true
		if again := w.get(path, "If-None-Match", tag); again.status != http.StatusNotModified || len(again.body) != 0 || again.header.Get("ETag") != tag {
			t.Errorf("%s again: %d, %d bytes", path, again.status, len(again.body))
		}
		w.get(path, "If-None-Match", `"something else"`).want(t, http.StatusOK)
		if part := w.get(path, "Range", "bytes=0-9"); part.status != http.StatusOK || !bytes.Equal(part.body, first.body) {
			t.Errorf("%s in part: %d", path, part.status)
		}
	}
	json := w.get("/credentials/"+id, "Accept", "application/json").header.Get("ETag")
	if vc := w.get("/credentials/"+id, "Accept", "application/vc", "If-None-Match", json); vc.status != http.StatusOK {
		t.Error("two media types share a tag")
	}
}

func TestHeadAnswersLikeGet(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	for _, path := range []string{"/", "/credentials/" + id, "/credentials/" + id + "/qr.png", "/v/" + id, "/status/city-school-1", "/healthz", "/nothing"} {
		get := w.get(path, "Accept", "text/html;q=0.1, */*;q=0.2")
		head := w.do(request{method: http.MethodHead, path: path, header: map[string]string{"Accept": "text/html;q=0.1, */*;q=0.2"}})
		if head.status != get.status || len(head.body) != 0 || head.header.Get("Content-Type") != get.header.Get("Content-Type") ||
			head.header.Get("ETag") != get.header.Get("ETag") {
			t.Errorf("%s: HEAD %d %v, GET %d %v", path, head.status, head.header, get.status, get.header)
		}
	}
}

func TestPreflight(t *testing.T) {
	w := newWorld(t)
	ask := func(path string) answer {
		return w.do(request{method: http.MethodOptions, path: path, header: map[string]string{"Origin": "https://wallet.example",
			"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}})
	}
	for path, methods := range map[string]string{"/v1/verify": "POST, OPTIONS", "/credentials/x": "GET, HEAD, OPTIONS", "/status/x": "GET, HEAD, OPTIONS"} {
		a := ask(path).want(t, http.StatusNoContent)
		if a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("Access-Control-Allow-Methods") != methods || a.header.Get("Allow") != methods ||
			!strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Content-Type") || a.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, a.header)
		}
	}
	for path, methods := range map[string]string{"/v1/credentials": "POST, GET, HEAD, OPTIONS", "/v1/credentials/x/revoke": "POST, OPTIONS", "/credentials/issue": "POST, OPTIONS", "/verify": "POST, OPTIONS"} {
		a := ask(path).want(t, http.StatusNoContent)
		for name := range a.header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s: %s", path, name, a.header.Get(name))
			}
		}
		if a.header.Get("Allow") != methods {
			t.Errorf("%s: Allow %q", path, a.header.Get("Allow"))
		}
	}
	if a := w.do(request{method: "GET", path: "/v1/credentials", token: w.all, header: map[string]string{"Origin": "https://evil.example"}}); a.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("pages of other sites may read with a token")
	}
}

func TestQRCodes(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	for query, side := range map[string]int{"?size=128": 128, "?size=1024": 1024, "?size=300&utm_source=x": 300} {
		a := w.get("/credentials/"+id+"/qr.png"+query).want(t, http.StatusOK)
		cfg, err := png.DecodeConfig(bytes.NewReader(a.body))
		if err != nil || cfg.Width != side {
			t.Errorf("%s: %d pixels, %v", query, cfg.Width, err)
		}
	}
	for _, query := range []string{"?size=127", "?size=1025", "?size=big", "?size=-1", "?size="} {
		w.get("/credentials/"+id+"/qr.png"+query).problem(t, http.StatusBadRequest, "invalid_parameter")
	}
	if svg := w.get("/credentials/" + id + "/qr.svg?text=https://evil.example"); svg.status != http.StatusOK || !bytes.HasPrefix(svg.body, []byte("<svg")) ||
		!bytes.Equal(svg.body, w.get("/credentials/"+id+"/qr.svg").body) {
		t.Errorf("%d %.40s", svg.status, svg.body)
	}
	for _, form := range []string{"png", "svg"} { // its holder may hide the badge
		if h := w.get("/credentials/" + id + "/qr." + form).header; h.Get("Cache-Control") != "public, no-cache" || h.Get("ETag") == "" {
			t.Errorf("%s may be kept: %v", form, h)
		}
	}
	// One code is for all editions.
	if png := w.get("/credentials/" + id + "/qr.png?utm=1"); !bytes.Equal(png.body, w.get("/credentials/"+id+"/qr.png").body) {
		t.Error("another code under another address")
	}
	w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA/qr.png").problem(t, http.StatusNotFound, "not_found")
	w.get("/credentials/AAAAAAAAAAAAAAAAAAAAAA/qr.svg").problem(t, http.StatusNotFound, "not_found")
}

func TestStatusListShowsARevocationAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	before := w.get("/status/city-school-1").want(t, http.StatusOK)
	if before.header.Get("Content-Type") != "application/vc" || before.header.Get("Cache-Control") != "public, max-age=300" {
		t.Errorf("%v", before.header)
	}
	w.post("/v1/credentials/"+id+"/revoke", `{"reason":"x"}`).want(t, http.StatusOK)
	after := w.get("/status/city-school-1", "If-None-Match", before.header.Get("ETag")).want(t, http.StatusOK)
	if bytes.Equal(before.body, after.body) {
		t.Error("the list is the same")
	}
	for _, list := range []string{"city-school-2", "nobody-1", "city-school-0", "..", "x%00", "city-school-99999999999"} {
		w.get("/status/"+list).want(t, http.StatusNotFound)
	}
}

// Every address that a badge signs answers.
func TestSignedAddressesResolve(t *testing.T) {
	w := newSecureWorld(t)
	body := strings.Replace(definition, `"resultType":"Percent"`, `"resultType":"RubricCriterionLevel","rubricCriterionLevel":[{"id":"good","name":"Good"}]`, 1)
	w.put("/v1/achievements/tram-driver", body, w.all).want(t, http.StatusCreated)
	a := w.post("/v1/credentials", strings.NewReplacer("healthy-city", "tram-driver", `"language"`,
		`"results":[{"resultDescription":"score","value":"90"}],"language"`).Replace(award(1))).want(t, http.StatusCreated)
	var b issued
	a.into(t, &b)
	w.get("/credentials/"+b.ID+".jwt").want(t, http.StatusOK)
	addresses := regexp.MustCompile(`"https://badges\.example(/[^"#]*)`).FindAllSubmatch(b.Credential, -1)
	seen := map[string]bool{}
	for _, m := range addresses {
		path := string(m[1])
		if seen[path] {
			continue
		}
		seen[path] = true
		w.get(path).want(t, http.StatusOK)
		w.get(path, "Accept", "text/html").want(t, http.StatusOK)
	}
	for _, want := range []string{"/credentials/" + b.ID, "/status/city-school-1", "/achievements/tram-driver", "/achievements/tram-driver/fr",
		"/achievements/tram-driver/image.png", "/achievements/tram-driver/results/score", "/achievements/tram-driver/results/score/levels/good"} {
		if !seen[want] {
			t.Errorf("%s is not signed: %s", want, b.Credential)
		}
	}
	if !bytes.Contains(b.Credential, []byte("did:web:badges.example:issuers:city-school")) {
		t.Errorf("issuer of %s", b.Credential)
	}
	doc := w.get("/issuers/city-school/did.json").want(t, http.StatusOK).object(t)
	if doc["id"] != "did:web:badges.example:issuers:city-school" || len(doc["verificationMethod"].([]any)) != 2 {
		t.Errorf("%v", doc)
	}
}

func TestKeysArePublished(t *testing.T) {
	w := newSecureWorld(t)
	root := w.get("/.well-known/did.json").want(t, http.StatusOK).object(t)
	if root["id"] != "did:web:badges.example" {
		t.Errorf("%v", root)
	}
	w.get("/issuers/vc-api/did.json").problem(t, http.StatusNotFound, "not_found")
	w.get("/issuers/nobody/did.json").problem(t, http.StatusNotFound, "not_found")
	set := w.get("/.well-known/jwks.json").want(t, http.StatusOK)
	if n := len(set.object(t)["keys"].([]any)); n != 4 {
		t.Errorf("%d keys: %s", n, set.body)
	}
	if bytes.Contains(set.body, []byte(`"d":`)) {
		t.Error("a private part")
	}
}

func TestIssuersAndAchievementsForEverybody(t *testing.T) {
	w := newWorld(t)
	i := w.get("/issuers/city-school").want(t, http.StatusOK).object(t)
	if i["name"] != "Example City School" || !strings.HasPrefix(i["id"].(string), "did:key:") || i["@context"] == nil {
		t.Errorf("%v", i)
	}
	page := w.get("/issuers/city-school", "Accept", "text/html").want(t, http.StatusOK)
	if !bytes.Contains(page.body, []byte("Healthy City in 20 Steps")) || page.header.Get("X-Robots-Tag") != "" {
		t.Errorf("%s", page.body)
	}
	a := w.get("/achievements/healthy-city").want(t, http.StatusOK).object(t)
	if a["id"] != w.base+"/achievements/healthy-city" || a["inLanguage"] != "en" || a["name"] != "Healthy City in 20 Steps" {
		t.Errorf("%v", a)
	}
	fr := w.get("/achievements/healthy-city/fr").want(t, http.StatusOK).object(t)
	if fr["id"] != w.base+"/achievements/healthy-city/fr" || fr["name"] != "Ville-santé en 20 étapes" {
		t.Errorf("%v", fr)
	}
	shown := w.get("/achievements/healthy-city/fr?lang=fr", "Accept", "text/html").want(t, http.StatusOK)
	if !bytes.Contains(shown.body, []byte("Ville-santé")) || shown.header.Get("Content-Language") != "fr" && shown.header.Get("Content-Language") != "en" {
		t.Errorf("%s", shown.header)
	}
	pic := w.get("/achievements/healthy-city/image.png").want(t, http.StatusOK)
	if _, err := png.Decode(bytes.NewReader(pic.body)); err != nil {
		t.Error(err)
	}
	for _, path := range []string{"/issuers/nobody", "/issuers/Not%20one", "/achievements/nothing", "/achievements/healthy-city/de",
		"/achievements/healthy-city/results/none", "/achievements/healthy-city/results/x/levels/y", "/achievements/nothing/image.png",
		"/achievements/healthy-city/%2e%2e", "/achievements/..%2fhealthy-city", "/issuers/%00", "/issuers/%ff", "/assets/laurel.css", "/assets/..%2fapi.go"} {
		w.get(path).want(t, http.StatusNotFound)
	}
}

func TestStartPageAndItsFiles(t *testing.T) {
	w := newWorld(t)
	home := w.get("/", "Accept", "text/html", "Accept-Language", "ar, en;q=0.5").want(t, http.StatusOK)
	if home.header.Get("Content-Language") != "ar" || !bytes.Contains(home.body, []byte(`dir="rtl"`)) || !bytes.Contains(home.body, []byte(`action="/verify"`)) {
		t.Errorf("%v %.300s", home.header, home.body)
	}
	files := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllSubmatch(home.body, -1)
	if len(files) < 2 {
		t.Fatalf("%d files", len(files))
	}
	for _, m := range files {
		f := w.get(string(m[1])).want(t, http.StatusOK)
		if f.header.Get("Cache-Control") != "public, max-age=31536000, immutable" || len(f.body) == 0 {
			t.Errorf("%s: %v", m[1], f.header)
		}
	}
	if en := w.get("/?lang=en", "Accept-Language", "ar"); en.header.Get("Content-Language") != "en" {
		t.Error("?lang= does not count")
	}
}

func TestHealth(t *testing.T) {
	w := newWorld(t)
	w.get("/healthz").want(t, http.StatusOK)
	w.get("/readyz").want(t, http.StatusOK)
	w.get("/readyz?for=write").problem(t, http.StatusBadRequest, "invalid_parameter")
	w.store.fail(errors.New("disk /dev/sda1 is on fire"), nil)
	notReady := func(path, want string) {
		t.Helper()
		a := w.get(path).want(t, http.StatusServiceUnavailable)
		if got := strings.TrimSpace(string(a.body)); got != want || a.header.Get("Content-Type") != "application/json" || a.header.Get("Retry-After") == "" {
			t.Errorf("%s: %s %v, want %s", path, got, a.header, want)
		}
	}
	notReady("/readyz", `{"ready":false,"read":true,"write":false,"reasons":["store_unwritable"]}`)
	w.get("/readyz?for=read").want(t, http.StatusOK)
	w.get("/healthz").want(t, http.StatusOK)
	w.store.fail(fmt.Errorf("since a while: %w", store.ErrReadOnly), nil)
	notReady("/readyz", `{"ready":false,"read":true,"write":false,"reasons":["store_read_only"]}`)
	w.store.fail(nil, errors.New("gone"))
	notReady("/readyz?for=read", `{"ready":false,"read":false,"write":false,"reasons":["store_unreadable"]}`)
	w.store.fail(nil, nil)
	w.get("/readyz").want(t, http.StatusOK)
}

// Both forms of a badge of an https issuer verify, from the bytes alone.
func TestBothFormsVerify(t *testing.T) {
	w := newSecureWorld(t)
	id := w.issue(1).ID
	for _, suffix := range []string{".json", ".jwt"} {
		raw := w.get("/credentials/"+id+suffix).want(t, http.StatusOK).body
		var r struct{ Verdict, Summary string }
		w.do(request{method: "POST", path: "/v1/verify", body: string(raw), header: map[string]string{"Content-Type": "text/plain"}}).want(t, http.StatusOK).into(t, &r)
		if r.Verdict != verifier.Valid.String() {
			t.Errorf("%s: %+v", suffix, r)
		}
	}
}

// The two answers that the description excepts from problem documents are those
// of the server under us, and say nothing.
func TestAnswersWithoutAProblemDocument(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	req, err := http.NewRequest(http.MethodGet, w.address+"/credentials/"+id+".json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("If-Match", `"another"`)
	resp, err := w.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if raw, err := io.ReadAll(resp.Body); resp.StatusCode != http.StatusPreconditionFailed || len(raw) > 0 || err != nil {
		t.Errorf("If-Match: %d %q %v", resp.StatusCode, raw, err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
	said, err := io.ReadAll(conn)
	if err != nil || !bytes.HasPrefix(said, []byte("HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain")) || !strings.Contains(w.contract.doc.Info.Description, "412") {
		t.Errorf("%s %v", said, err)
	}
}
