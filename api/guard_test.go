package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/api"
	"laurel/api/pages"
	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/internal/i18n"
	"laurel/internal/origin"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/keys/resolve"
	"laurel/store"
	"laurel/verifier"
)

// Every answer of every route carries the same guard, errors included.
func TestHeadersOfEveryAnswer(t *testing.T) {
	w := newSecureWorld(t)
	id := w.issue(1).ID
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("{id}", id, "{slug}", "healthy-city", "{lang}", "fr", "{list}", "city-school-1", "{activity}", "uh-kit-2025",
		"{name}", "x", "{result}", "x", "{level}", "x")
	checked := 0
	for _, r := range append(api.Routes(), "GET /nothing", "PATCH /v1/credentials", "POST /credentials/{id}", "GET /debug/pprof", "GET /metrics", "GET /.env", "GET /laurel.db") {
		method, path, _ := strings.Cut(r, " ")
		for _, token := range []string{"", w.all} {
			a := w.do(request{method: method, path: fill.Replace(path), token: token, header: map[string]string{"Content-Type": "application/json"}})
			script, camera := "", "camera=()"
			if r == "GET /" { // which has a script of ours, and may ask for the camera
				script, camera = "; script-src 'self'", "camera=(self)"
			}
			style := ""
			if r == "GET /v/{id}" { // a page with its style within
				style = " " + must(pages.New(must(i18n.New())(t)))(t).StyleSource()
			}
			policy := "default-src 'none'; style-src 'self'" + style + "; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'" + script
			if path == "/credentials/{id}/embed" && a.status == http.StatusOK { // the one that others may frame
				policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors *; base-uri 'none'"
			}
			if path == "/achievements/{slug}/image.svg" && a.status == http.StatusOK { // opened by itself it is a document
				policy += "; sandbox"
			}
			for name, want := range map[string]string{
				"Content-Security-Policy":    policy,
				"Permissions-Policy":         camera + ", microphone=(), geolocation=(), payment=(), usb=()",
				"X-Content-Type-Options":     "nosniff",
				"Referrer-Policy":            "no-referrer",
				"Cross-Origin-Opener-Policy": "same-origin",
				"Strict-Transport-Security":  "max-age=31536000",
			} {
				if got := a.header.Get(name); got != want {
					t.Errorf("%s: %s is %q", r, name, got)
				}
			}
			if len(a.header.Get("X-Request-Id")) < 20 || a.header.Get("Cache-Control") == "" {
				t.Errorf("%s: %v", r, a.header)
			}
			if strings.HasPrefix(path, "/v1/") && path != "/v1/verify" && (path != "/v1/statistics" || token != "") && a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s may be kept: %s", r, a.header.Get("Cache-Control"))
			}
			if a.status >= 500 {
				t.Errorf("%s: %d %s", r, a.status, a.body)
			}
			if a.status >= 400 && method != http.MethodHead && !strings.HasPrefix(path, "/verify") && !strings.Contains(path, "/credentials/verify") {
				if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
					t.Errorf("%s: %d as %s", r, a.status, ct)
				}
			}
			checked++
		}
	}
	if checked < 70 {
		t.Errorf("only %d answers", checked)
	}
}

func TestUnknownHosts(t *testing.T) {
	w := newSecureWorld(t)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(w.address, "http://"))
	for host, ok := range map[string]bool{
		"badges.example": true, "BADGES.example": true, "badges.example:443": true, "evil.example": false, "badges.example:8443": false,
		"badges.example.evil.example": false, "": true, "127.0.0.1:" + port: true, "localhost:" + port: true, "localhost": false, "localhost:1": false,
		"[::1]:" + port: true, "192.0.2.1:" + port: false,
	} {
		a := w.do(request{method: "GET", path: "/openapi.json", host: host})
		if ok != (a.status == http.StatusOK) {
			t.Errorf("%q: %d", host, a.status)
		}
		if !ok {
			a.problem(t, http.StatusMisdirectedRequest, "wrong_host")
			if bytes.Contains(a.body, []byte("evil.example")) {
				t.Errorf("%q: the name comes back: %s", host, a.body)
			}
		}
		w.do(request{method: "GET", path: "/healthz", host: host}).want(t, http.StatusOK)
	}
	// Nothing that is issued takes its address from the request.
	a := w.do(request{method: "POST", path: "/v1/credentials", body: award(1), token: w.all, host: "localhost:" + port,
		header: map[string]string{"Content-Type": "application/json", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}})
	if a.status != http.StatusCreated || bytes.Contains(a.body, []byte("evil.example")) || bytes.Contains(a.body, []byte("localhost")) ||
		!bytes.Contains(a.body, []byte("https://badges.example/credentials/")) {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestUnknownAddresses(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/nothing", "/credentials", "/credentials/", "/v1", "/v1/nothing", "/credentials//qr.png", "/v/", "//", "/v1/credentials/", "/CREDENTIALS/x", "/status", "/%2e%2e/etc/passwd"} {
		w.get(path).problem(t, http.StatusNotFound, "not_found")
	}
	for call, allow := range map[string]string{"DELETE /v1/credentials": "", "POST /": "", "PUT /v1/verify": "POST", "GET /v1/verify": "POST", "PATCH /v1/achievements/x": "", "GET /verify": "POST"} {
		method, path, _ := strings.Cut(call, " ")
		a := w.do(request{method: method, path: path, token: w.all})
		a.problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
		if got := a.header.Get("Allow"); got == "" || !strings.Contains(got, allow) {
			t.Errorf("%s: Allow %q", call, got)
		}
	}
	page := w.get("/nothing", "Accept", "text/html").want(t, http.StatusNotFound)
	if !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") || !bytes.Contains(page.body, []byte(`action="/verify"`)) {
		t.Errorf("%v", page.header)
	}
	for _, path := range []string{"/v1/nothing", "/v1/credentials"} {
		if a := w.get(path, "Accept", "text/html"); a.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: programs get %s", path, a.header.Get("Content-Type"))
		}
	}
}

// Ids that show nothing answer alike, and what cannot be
// an id never reaches the store.
func TestIdsThatShowNothing(t *testing.T) {
	w := newWorld(t)
	w.issue(1)
	var size int
	for _, id := range []string{"AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBB", "x", "%00", "%ff%fe", "%2e%2e%2f", strings.Repeat("a", 5000), "a%0d%0ab", "n", "%F0%9F%90%99", "'%20or%201=1"} {
		for _, path := range []string{"/credentials/" + id, "/v/" + id} {
			a := w.get(path, "Accept", "application/json")
			a.problem(t, http.StatusNotFound, "not_found")
			if size == 0 {
				size = len(a.body)
			}
			if len(a.body) != size {
				t.Errorf("%s: %d bytes, elsewhere %d: %s", path, len(a.body), size, a.body)
			}
		}
	}
	first := w.get("/v/AAAAAAAAAAAAAAAAAAAAAA", "Accept", "text/html").want(t, http.StatusNotFound)
	second := w.get("/v/x", "Accept", "text/html").want(t, http.StatusNotFound)
	if !bytes.Equal(first.body, second.body) {
		t.Error("the pages differ")
	}
}

func TestRateOfVerifications(t *testing.T) {
	var seconds atomic.Int64 // since 1970; it stands still but for us
	seconds.Store(time.Now().Unix())
	w := newWorld(t, func(c *api.Config) { c.VerifyRate, c.Now = 4, func() time.Time { return time.Unix(seconds.Load(), 0) } })
	b := w.issue(1)
	calls := []func() answer{
		func() answer { return w.check(string(b.Credential), "application/vc", "X-Forwarded-For", "192.0.2.1") },
		func() answer { return w.get("/v/" + b.ID) },
		func() answer { return w.get("/credentials/"+b.ID, "Accept", "text/html") },
		func() answer {
			return w.do(request{method: "POST", path: "/credentials/verify", body: `{"verifiableCredential":` + string(b.Credential) + `}`, header: map[string]string{"Content-Type": "application/json"}})
		},
	}
	for n, call := range calls {
		if a := call(); a.status != http.StatusOK {
			t.Fatalf("call %d: %d", n, a.status)
		}
	}
	for n, call := range calls {
		a := call()
		if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") != "15" {
			t.Errorf("call %d: %d, Retry-After %q", n, a.status, a.header.Get("Retry-After"))
		}
	}
	w.check(string(b.Credential), "application/vc", "X-Forwarded-For", "192.0.2.77").problem(t, http.StatusTooManyRequests, "too_many_requests")
	page := w.get("/v/"+b.ID, "Accept", "text/html")
	if page.status != http.StatusTooManyRequests || !strings.HasPrefix(page.header.Get("Content-Type"), "text/html") {
		t.Errorf("%d %v", page.status, page.header)
	}
	// What is not verified is not counted.
	w.get("/credentials/"+b.ID).want(t, http.StatusOK)
	w.get("/status/city-school-1").want(t, http.StatusOK)
	seconds.Add(15)
	w.get("/v/"+b.ID).want(t, http.StatusOK)
	w.get("/v/"+b.ID).want(t, http.StatusTooManyRequests)
}

// Behind a proxy that is trusted the rates are those of who asks through it, and
// what such a one says of themselves counts for nothing.
func TestRatesBehindAProxy(t *testing.T) {
	proxies := must(origin.Parse([]string{"127.0.0.1", "10.0.0.0/8"}))(t)
	w := newWorld(t, func(c *api.Config) { c.VerifyRate, c.Proxies = 2, proxies })
	id := w.issue(1).ID
	ask := func(forwarded string, status int) {
		t.Helper()
		w.get("/v/"+id, "Accept", "application/json", "X-Forwarded-For", forwarded, "X-Real-IP", "203.0.113.9", "Forwarded", "for=203.0.113.9").want(t, status)
	}
	ask("192.0.2.1", http.StatusOK)
	ask("198.51.100.1, 192.0.2.1, 10.0.0.7", http.StatusOK)
	ask("198.51.100.2, 192.0.2.1", http.StatusTooManyRequests)
	ask("192.0.2.2", http.StatusOK)
	ask("2001:db8::1", http.StatusOK)
	ask("2001:db8::2", http.StatusOK)
	ask("2001:db8::3", http.StatusTooManyRequests) // of one subscriber
	if log := w.log.String(); strings.Contains(log, "192.0.2.") {
		t.Error("an address is in the log")
	}
}

// Faults of the store are told from faults of callers, and nothing of their
// text goes out.
func TestStoreFaults(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	for code, err := range map[string]error{
		"outcome_unknown": store.ErrUnknownOutcome, "read_only": store.ErrReadOnly, "storage_full": store.ErrFull, "busy": store.ErrBusy, "stopping": store.ErrClosed,
	} {
		w.store.fail(fmt.Errorf("writing /var/lib/secret.db: %w", err), nil)
		answers := []answer{w.post("/v1/credentials/"+b.ID+"/revoke", `{}`), w.put("/v1/issuers/city-school", `{"name":"x"}`, w.all)}
		if code == "busy" { // signing for nothing takes long; once is enough
			answers = append(answers, w.post("/v1/credentials", award(2)), w.roster("", people))
		}
		for _, a := range answers {
			p := a.problem(t, http.StatusServiceUnavailable, code)
			if says := p["detail"].(string); code == "busy" && !(strings.Contains(says, "cannot be reached") && strings.Contains(says, "Idempotency-Key")) {
				t.Errorf("busy: %s", says)
			}
			if a.header.Get("Retry-After") == "" || strings.Contains(p["detail"].(string), "secret") {
				t.Errorf("%s: %v %v", code, a.header, p)
			}
		}
		var batch batchAnswer
		w.post("/v1/credentials/batch", items(award(3))).want(t, http.StatusMultiStatus).into(t, &batch)
		if batch.Results[0].Status != http.StatusServiceUnavailable || batch.Results[0].Error.Code != code {
			t.Errorf("%s: %+v", code, batch.Results[0])
		}
		// Reading goes on.
		w.get("/v/"+b.ID).want(t, http.StatusOK)
	}
	w.store.fail(errors.New("secret: page 7 freed twice"), nil)
	a := w.post("/v1/credentials", award(2))
	p := a.problem(t, http.StatusInternalServerError, "internal")
	if strings.Contains(string(a.body), "secret") {
		t.Errorf("%s", a.body)
	}
	if log := w.log.String(); !strings.Contains(log, "page 7 freed twice") || !strings.Contains(log, p["requestId"].(string)) {
		t.Error("the fault is not in the log with its request")
	}
	w.store.fail(nil, errors.New("secret: cannot read"))
	w.get("/credentials/"+b.ID).problem(t, http.StatusInternalServerError, "internal")
	page := w.get("/v/"+b.ID, "Accept", "text/html").want(t, http.StatusInternalServerError)
	if !bytes.Contains(page.body, []byte(page.header.Get("X-Request-Id"))) || bytes.Contains(page.body, []byte("secret")) {
		t.Errorf("%s", page.body)
	}
	w.post("/v1/credentials", award(2)).problem(t, http.StatusInternalServerError, "internal") // the token cannot be read
	w.store.fail(nil, nil)
	w.post("/v1/credentials", award(2)).want(t, http.StatusCreated)
}

type panicking struct{}

func (panicking) SetStatus(context.Context, issuer.StatusRequest) error { panic("no status") }

func (panicking) SignCredential(context.Context, strictjson.Value, issuer.Choice, string) (*badge.Document, error) {
	panic("secret: the vault is open")
}

func TestPanicsStayInside(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.VCAPI = panicking{} })
	a := w.post("/credentials/issue", `{"credential":{"secretName":"Ana"}}`)
	p := a.problem(t, http.StatusInternalServerError, "internal")
	if bytes.Contains(a.body, []byte("secret")) || bytes.Contains(a.body, []byte("goroutine")) || a.header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s", a.body)
	}
	log := w.log.String()
	if !strings.Contains(log, "the vault is open") || !strings.Contains(log, p["requestId"].(string)) || !strings.Contains(log, `"status":500`) {
		t.Errorf("log %s", log)
	}
	if strings.Contains(log, "secretName") || strings.Contains(log, w.all) {
		t.Error("the request is in the log")
	}
}

// brokenLists fails by a fault of ours.
type brokenLists struct{}

func (brokenLists) StatusList(context.Context, string) ([]byte, error) { panic("secret: line 7") }

// A check that fails by our own fault says nothing about the badge, and nothing
// about us.
func TestFaultsOfTheVerifierStayInside(t *testing.T) {
	processor := must(canon.New())(t)
	w := newWorld(t, func(c *api.Config) {
		c.Verifier = must(verifier.New(verifier.Config{Canon: processor, Keys: resolve.New(nil, nil), Status: brokenLists{},
			Suites: []proof.Suite{proof.EdDSARDFC2022{Canon: processor}}}))(t)
	})
	b := w.issue(1)
	for _, a := range []answer{w.get("/v/" + b.ID + "?format=json"), w.get("/v/"+b.ID, "Accept", "text/html")} {
		a.want(t, http.StatusOK)
		if bytes.Contains(a.body, []byte("secret")) || bytes.Contains(a.body, []byte("goroutine")) {
			t.Errorf("%s", a.body)
		}
	}
	var r report
	w.get("/v/"+b.ID+"?format=json").into(t, &r)
	if result, code := r.check("revocation"); r.Verdict != "indeterminate" || result != "unknown" || code != "internal_fault" {
		t.Errorf("%s %s %s", r.Verdict, result, code)
	}
	if !strings.Contains(w.log.String(), "secret: line 7") {
		t.Error("the fault is not in the log")
	}
}

// The log tells of no person, body, query, address or token.
func TestLogIsDiscreet(t *testing.T) {
	w := newWorld(t)
	b := w.issue(7)
	w.get("/credentials/"+b.ID+".jwt").want(t, http.StatusOK)
	w.list("?email=ana.7@learner.example", w.all)
	w.roster("", people).want(t, http.StatusOK)
	w.check(string(b.Credential), "application/vc")
	w.check("hello secret", "text/plain")
	w.get("/nothing/of/secret?secret=1")
	w.do(request{method: "SECRET", path: "/"})
	w.do(request{method: "POST", path: "/v1/credentials", body: award(8), token: "lrl_secret", header: map[string]string{"Content-Type": "application/json"}})
	w.post("/v1/credentials", strings.Replace(award(9), "ana.9@", "ana.9 at ", 1))
	log := w.log.String()
	for _, word := range []string{"secret", "SECRET", "learner.example", "Ana Mora", "ana.", "Participant", "roster.example", "eyJ", "lrl_", "?", "127.0.0.1"} {
		if strings.Contains(log, word) {
			t.Errorf("the log has %q", word)
		}
	}
	lines := strings.Count(log, `"msg":"request"`)
	if lines != 10 {
		t.Errorf("%d lines for 10 requests", lines)
	}
	for _, want := range []string{`"route":"/credentials/:id"`, `"route":"/v1/credentials"`, `"method":"POST"`, `"status":201`, `"method":"other"`, `"route":""`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

// Many at once wait for each other and are all answered.
func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
	credential := string(w.issue(1).Credential)
	var wg sync.WaitGroup
	for range 24 {
		wg.Go(func() {
			a, err := w.send(request{method: "POST", path: "/v1/verify", body: credential, header: map[string]string{"Content-Type": "application/vc"}})
			// On a slow machine the time for a check may run out, which is told.
			if err != nil || a.status != http.StatusOK || bytes.Contains(a.body, []byte(`"verdict":"invalid"`)) {
				t.Errorf("%d %v", a.status, err)
			}
		})
	}
	wg.Wait()
}

func TestCallerThatLeaves(t *testing.T) {
	w := newWorld(t)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.address, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "POST /v1/verify HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{\"half", strings.TrimPrefix(w.base, "http://"))
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	_ = conn.Close()
	if !bytes.HasPrefix(answer, []byte("HTTP/1.1 400 ")) || !bytes.Contains(answer, []byte("malformed_body")) {
		t.Errorf("%s", answer)
	}
}

func TestConfigThatIsNotWhole(t *testing.T) {
	if _, err := api.New(api.Config{}); err == nil {
		t.Error("an empty Config was taken")
	}
}
