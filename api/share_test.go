package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/api"
	"laurel/internal/auth"
	"laurel/issuer"
)

// claim is the path of a badge's claim link.
func (w *world) claim(b issued) string {
	w.t.Helper()
	path, ok := strings.CutPrefix(b.ClaimURL, w.base)
	if !ok || !strings.HasPrefix(path, "/c/"+b.ID) {
		w.t.Fatalf("the claim link is %q", b.ClaimURL)
	}
	return path
}

// tell sends a request without a token, as holders and strangers do.
func (w *world) tell(method, path string, header ...string) answer {
	w.t.Helper()
	return w.do(request{method: method, path: path, header: pairs(header)})
}

// publicRequests are the requests by which a stranger may ask for a badge, by the
// route that they are for. A route that takes the id of a badge in its path and
// is only read is asked by itself; any other stands here, or in noBadge.
func publicRequests(w *world, id string) map[string][]request {
	address := w.base + "/credentials/" + id
	form := func(field, value string) string { return url.Values{field: {value}}.Encode() }
	as := func(mediaType string) map[string]string { return map[string]string{"Content-Type": mediaType} }
	both := func(path, body, mediaType string) (all []request) {
		for _, accept := range []string{"application/json", "text/html"} {
			h := as(mediaType)
			h["Accept"] = accept
			all = append(all, request{method: "POST", path: path, body: body, header: h})
		}
		return all
	}
	var byAddress []request
	for _, of := range []string{address, address + ".json", address + ".jwt", address + ".png", address + "?edition=1", w.base + "/v/" + id} {
		byAddress = append(byAddress, both("/v1/verify", fmt.Sprintf(`{"url":%q}`, of), "application/json")...)
	}
	var bySuffix []request
	for _, suffix := range []string{"", ".json", ".jwt", ".png", ".svg", ".pdf", ".txt", ".nothing", "?edition=1", ".json?edition=1", "?lang=ar"} {
		for _, accept := range []string{"text/html", "application/vc", "application/vc+jwt", "text/plain", "application/pdf"} {
			for _, method := range []string{"GET", "HEAD"} {
				bySuffix = append(bySuffix, request{method: method, path: "/credentials/" + id + suffix, header: map[string]string{"Accept": accept}})
			}
		}
	}
	return map[string][]request{
		"GET /credentials/{id}": bySuffix,
		"GET /v/{id}": {{method: "GET", path: "/v/" + id}, {method: "GET", path: "/v/" + id, header: map[string]string{"Accept": "application/json"}},
			{method: "GET", path: "/v/" + issuer.PrintedCode(id)}, {method: "GET", path: "/v/" + issuer.PrintedCode(id) + "?format=json"}, {method: "GET", path: "/v/" + id + "?format=json"}, {method: "GET", path: "/v/" + id + "?edition=1&lang=ar"}},
		"GET /oembed": {{method: "GET", path: "/oembed?url=" + url.QueryEscape(address)}, {method: "GET", path: "/oembed?format=json&url=" + url.QueryEscape(w.base+"/v/"+id)},
			{method: "GET", path: "/oembed?url=" + url.QueryEscape(address+"?edition=1")}, {method: "GET", path: "/oembed?url=" + url.QueryEscape(w.base+"/v/"+issuer.PrintedCode(id))}},
		"GET /credentials/{id}/embed": {{method: "GET", path: "/credentials/" + id + "/embed"}, {method: "GET", path: "/credentials/" + id + "/embed?edition=1"}},
		"POST /v/{id}/match":          both("/v/"+id+"/match", `{"identifier":"ana.1@learner.example"}`, "application/json"),
		"POST /v1/verify": slices.Concat(byAddress, both("/v1/verify", fmt.Sprintf(`{"code":%q}`, id), "application/json"),
			both("/v1/verify", fmt.Sprintf(`{"code":%q}`, issuer.PrintedCode(id)), "application/json")),
		"POST /verify": append(both("/verify", form("address", address), "application/x-www-form-urlencoded"),
			both("/verify", form("address", id), "application/x-www-form-urlencoded")...),
	}
}

// noBadge are the public routes that are not about one badge by its id: those of
// holders, by their claim, which TestClaimLink is about, and those about a file
// that somebody has, which TestHiddenFile is about.
var noBadge = []string{"GET /", "GET /assets/{name}", "GET /healthz", "GET /readyz", "GET /openapi.json",
	"GET /lost", "POST /lost", // by an address: TestLost
	"GET /c/{claim}", "GET /c/{claim}/credential.json", "POST /c/{claim}/hide", "POST /c/{claim}/show",
	"GET /endorsements/{id}", // the id is its own: TestHiddenEndorsement
	"GET /status/{list}", "GET /log/checkpoint", "GET /log/key", "GET /achievements/{slug}", "GET /achievements/{slug}/endorsements",
	"GET /achievements/{slug}/{lang}", "GET /achievements/{slug}/image.png", "GET /achievements/{slug}/image.svg", "GET /achievements/{slug}/results/{result}",
	"GET /achievements/{slug}/results/{result}/levels/{level}", "GET /issuers/{slug}", "GET /issuers/{slug}/did.json", "GET /.well-known/did.json",
	"GET /.well-known/jwks.json", "GET /v1/statistics", "POST /credentials/verify", "POST /presentations/verify", "POST /v1/hooks/{source}/{secret}"}

// asked is everything that a stranger may ask about an id, by a name. A new route
// that this does not know fails the test: whether it gives a hidden badge away
// must be thought of.
func asked(t *testing.T, w *world, id string) map[string]request {
	t.Helper()
	all := map[string]request{}
	listed := publicRequests(w, id)
	for _, route := range api.PublicRoutes() {
		list := listed[route]
		method, path, _ := strings.Cut(route, " ")
		if list == nil && method == "GET" && strings.Count(path, "{") == 1 && strings.Contains(path, "{id}") && !slices.Contains(noBadge, route) {
			for _, accept := range []string{"text/html", "application/json", "image/png"} {
				list = append(list, request{method: "GET", path: strings.Replace(path, "{id}", id, 1), header: map[string]string{"Accept": accept}})
			}
		}
		if list == nil && !slices.Contains(noBadge, route) {
			t.Errorf("%s is new: add what is asked there about a badge to publicRequests, or the route to noBadge", route)
		}
		for n, r := range list {
			what := strings.NewReplacer(id, "ID", issuer.PrintedCode(id), "CODE").Replace(r.path + r.body)
			all[fmt.Sprintf("%s, %d: %s %s %v", route, n, r.method, what, r.header)] = r
		}
	}
	return all
}

// moments differ from one verification to the next.
var moments = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ|\b\d\d:\d\d\b`)

// same is an answer but for what differs from request to request.
func (a answer) same(id string) string {
	header := maps.Clone(a.header)
	number := header.Get("X-Request-Id")
	header.Del("X-Request-Id")
	header.Del("Date")
	body := strings.ReplaceAll(string(a.body), number, "NUMBER")
	return fmt.Sprint(a.status, header, strings.ReplaceAll(body, id, "ID"))
}

// What a holder hides answers on every public address exactly as an id that never
// was, and as before once it is shown again.
func TestHiddenIsUnknown(t *testing.T) {
	const never = "AAAAAAAAAAAAAAAAAAAAAA"
	w := newWorld(t)
	b := w.issue(1)
	claim := w.claim(b)
	renewed := w.post("/v1/credentials/"+b.ID+"/reissue", `{"role":"Guest"}`).want(t, http.StatusOK).object(t)
	if renewed["claimUrl"] != b.ClaimURL {
		t.Errorf("the next edition has the claim link %v", renewed["claimUrl"])
	}
	w.get("/credentials/"+b.ID+".jwt").want(t, http.StatusOK)
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	questions := asked(t, w, b.ID)
	before := map[string]string{}
	for name, r := range questions {
		before[name] = w.do(r).same(b.ID)
	}
	w.tell("POST", claim+"/hide", "Accept", "application/json").want(t, http.StatusOK)
	unknown := asked(t, w, never)
	told := 0
	for name, r := range questions {
		if unknown[name].path == "" {
			t.Fatalf("%s is not asked of an unknown id", name)
		}
		got, want := w.do(r), w.do(unknown[name])
		if got.same(b.ID) != want.same(never) {
			t.Errorf("%s:\n%.700s\nan unknown id:\n%.700s", name, got.same(b.ID), want.same(never))
		}
		if before[name] != want.same(never) {
			told++
		}
	}
	if told < 50 {
		t.Errorf("only %d of %d answers tell a badge from none while it is shown: this tests little", told, len(questions))
	}
	w.tell("POST", claim+"/show", "Accept", "application/json").want(t, http.StatusOK)
	for name, r := range questions {
		if got := w.do(r).same(b.ID); moments.ReplaceAllString(got, "") != moments.ReplaceAllString(before[name], "") {
			t.Errorf("%s, shown again:\n%.500s\nbefore:\n%.500s", name, got, before[name])
		}
	}
}

// A file of a hidden badge is verified as ever; our register adds nothing to it.
func TestHiddenFile(t *testing.T) {
	w := newWorld(t)
	w.licence()
	b := w.issueOf("licence", 1)
	w.post("/v1/credentials/"+b.ID+"/suspend", `{"reason":"under_review"}`).want(t, http.StatusOK)
	shown := w.check(string(b.Credential), "application/vc").want(t, http.StatusOK).object(t)
	w.tell("POST", w.claim(b)+"/hide").want(t, http.StatusSeeOther)
	hidden := w.check(string(b.Credential), "application/vc").want(t, http.StatusOK).object(t)
	if shown["verdict"] != "invalid" || hidden["verdict"] != shown["verdict"] || shown["register"] == nil || hidden["register"] != nil {
		t.Errorf("shown: %v %v, hidden: %v %v", shown["verdict"], shown["register"], hidden["verdict"], hidden["register"])
	}
	w.post("/v1/credentials/"+b.ID+"/reinstate", `{}`).want(t, http.StatusOK)
	if got := w.check(string(b.Credential), "application/vc").object(t); got["verdict"] != "valid" || got["register"] != nil {
		t.Errorf("%v %v", got["verdict"], got["register"])
	}
	// Of a newer edition nothing is told; that this one is out of force is.
	w.post("/v1/credentials/"+b.ID+"/reissue", `{"role":"Guest"}`).want(t, http.StatusOK)
	old := w.check(string(b.Credential), "application/vc")
	if got := old.object(t); got["verdict"] != "invalid" || got["register"] != nil || strings.Contains(string(old.body), "superseded") {
		t.Errorf("%s", old.body)
	}
}

// An endorsement of a badge has the id of the badge in it.
func TestHiddenEndorsement(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	w.put("/v1/endorsers/cities-network", networkBody, w.all).want(t, http.StatusCreated)
	var made endorsed
	w.post("/v1/endorsements", strings.Replace(ourRequest, `"achievement":"healthy-city"`, `"credential":"`+b.ID+`"`, 1)).want(t, http.StatusCreated).into(t, &made)
	w.get("/endorsements/"+made.ID).want(t, http.StatusOK)
	w.tell("POST", w.claim(b)+"/hide").want(t, http.StatusSeeOther)
	const never = "AAAAAAAAAAAAAAAAAAAAAA"
	if got, want := w.get("/endorsements/"+made.ID), w.get("/endorsements/"+never); got.same(made.ID) != want.same(never) {
		t.Errorf("%s\nunknown: %s", got.same(made.ID), want.same(never))
	}
	w.tell("POST", w.claim(b)+"/show").want(t, http.StatusSeeOther)
	w.get("/endorsements/"+made.ID).want(t, http.StatusOK)
}

// The holder's page and its forms; reading changes nothing, and nobody keeps it.
func TestClaimLink(t *testing.T) {
	w := newSecureWorld(t)
	b := w.issue(1)
	claim := w.claim(b)
	record := func() map[string]any {
		return w.do(request{method: "GET", path: "/v1/credentials/" + b.ID, token: w.all}).want(t, http.StatusOK).object(t)
	}
	for range 3 { // as programs do that look at the links of a mail
		for _, method := range []string{"GET", "HEAD"} {
			for _, path := range []string{claim, claim + "/credential.json"} {
				a := w.tell(method, path, "Accept", "text/html").want(t, http.StatusOK)
				if a.header.Get("Cache-Control") != "no-store" || a.header.Get("X-Robots-Tag") != "noindex" || a.header.Get("Referrer-Policy") != "no-referrer" || a.header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s %s: %v", method, path, a.header)
				}
			}
		}
		w.tell("GET", claim+"/hide").problem(t, http.StatusMethodNotAllowed, "method_not_allowed")
	}
	if rec := record(); rec["hidden"] != false || rec["claimUrl"] != b.ClaimURL {
		t.Errorf("%v", rec)
	}
	page := string(w.tell("GET", claim+"?lang=ar", "Accept", "text/html").body)
	if !strings.Contains(page, `action="`+claim+`/hide?lang=ar"`) || strings.Contains(page, "/show") || !strings.Contains(page, `name="robots" content="noindex"`) || !strings.Contains(page, "Healthy City in 20 Steps") ||
		!strings.Contains(page, `href="/credentials/`+b.ID+`.pdf?lang=ar"`) {
		t.Errorf("%s", page)
	}
	if a := w.tell("POST", claim+"/hide?lang=ar", "Accept", "text/html").want(t, http.StatusSeeOther); a.header.Get("Location") != claim+"?lang=ar" {
		t.Errorf("%v", a.header)
	}
	if rec := record(); rec["hidden"] != true || rec["status"] != "active" {
		t.Errorf("%v", rec)
	}
	page = string(w.tell("GET", claim+"?lang=en", "Accept", "text/html").body)
	if !strings.Contains(page, `action="`+claim+`/show?lang=en"`) || strings.Contains(page, "/hide") || strings.Contains(page, "/credentials/"+b.ID) {
		t.Errorf("%s", page)
	}
	if got := w.tell("GET", claim+"/credential.json").want(t, http.StatusOK).body; string(got) != string(b.Credential) {
		t.Errorf("%s", got)
	}
	if got := w.tell("GET", claim, "Accept", "application/json").want(t, http.StatusOK).object(t); got["hidden"] != true || got["id"] != b.ID || got["hiddenAt"] == nil {
		t.Errorf("%v", got)
	}
}

// Idempotency, renewal, who is given the link, and what the log has of it.
func TestClaimsAreSecrets(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	claim := w.claim(b)
	one := []string{"Accept", "application/json", "Idempotency-Key", "one"}
	first := w.tell("POST", claim+"/hide", one...).want(t, http.StatusOK)
	w.tell("POST", claim+"/show", "Accept", "application/json").want(t, http.StatusOK)
	again := w.tell("POST", claim+"/hide", one...).want(t, http.StatusOK)
	if string(first.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s\n%s", first.body, again.body)
	}
	w.get("/credentials/"+b.ID).want(t, http.StatusOK)

	for scope, sees := range map[auth.Scope]bool{auth.Issue: true, auth.Revoke: false} {
		token := w.token(auth.Token{Scopes: []auth.Scope{scope}})
		path := map[auth.Scope]string{auth.Issue: "/renew", auth.Revoke: "/revoke"}[scope]
		a := w.do(request{method: "POST", path: "/v1/credentials/" + b.ID + path, body: "{}", token: token, header: map[string]string{"Content-Type": "application/json"}})
		if a.status == http.StatusOK && (a.object(t)["claimUrl"] != nil) != sees {
			t.Errorf("a token for %s: %s", scope, a.body)
		}
		w.do(request{method: "POST", path: "/v1/credentials/" + b.ID + "/claim", token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{other}})}).
			problem(t, http.StatusNotFound, "not_found")
	}
	renewed := w.post("/v1/credentials/"+b.ID+"/claim", "").want(t, http.StatusOK).object(t)
	if renewed["claimUrl"] == b.ClaimURL || renewed["claimUrl"] == nil {
		t.Errorf("%v", renewed)
	}
	for _, path := range []string{claim, claim + "/credential.json"} {
		w.tell("GET", path, "Accept", "application/json").problem(t, http.StatusNotFound, "not_found")
	}
	w.tell("POST", claim+"/hide", one...).problem(t, http.StatusNotFound, "not_found")
	fresh := strings.TrimPrefix(renewed["claimUrl"].(string), w.base)
	w.tell("GET", fresh).want(t, http.StatusOK)
	if _, err := w.audit.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := string(w.do(request{method: "GET", path: "/v1/events?limit=200", token: w.all}).want(t, http.StatusOK).body)
	if !strings.Contains(events, `"credential.hidden"`) || !strings.Contains(events, `"credential.shown"`) {
		t.Errorf("%s", events)
	}
	secret := claim[len("/c/")+22:]
	for name, text := range map[string]string{"events": events, "log": w.log.String(), "page": w.page("/credentials/" + b.ID),
		"report": string(w.get("/v/" + b.ID + "?format=json").body), "badge": string(w.get("/credentials/" + b.ID + ".json").body)} {
		if strings.Contains(text, secret) || strings.Contains(text, strings.TrimPrefix(fresh, "/c/"+b.ID)) || name == "log" && strings.Contains(text, claim) {
			t.Errorf("%s: the claim stands in it: %.300s", name, text)
		}
	}
	w.do(request{method: "DELETE", path: "/v1/credentials/" + b.ID + "/personal-data", token: w.all}).want(t, http.StatusOK)
	w.tell("GET", fresh).want(t, http.StatusGone)
}

// About the same work: a hidden id is found out by the look-up that finds out an
// unknown one. The bound is wide, since other work goes on beside.
func TestHiddenTakesNoLonger(t *testing.T) {
	w := newWorld(t)
	b := w.issue(1)
	w.tell("POST", w.claim(b)+"/hide").want(t, http.StatusSeeOther)
	ids := []string{b.ID, "AAAAAAAAAAAAAAAAAAAAAA"}
	var took [2][]time.Duration
	for range 401 { // in turn, so that both have the same machine
		for n, id := range ids {
			start := time.Now()
			_, _ = w.issuer.PublicEdition(t.Context(), id, 0)
			took[n] = append(took[n], time.Since(start))
		}
	}
	for n := range took {
		slices.Sort(took[n])
	}
	hidden, unknown := took[0][200], took[1][200]
	if hidden > 4*unknown+50*time.Microsecond {
		t.Errorf("a hidden id takes %v, an unknown one %v", hidden, unknown)
	}
}

// A page of another site hides and shows nobody's badge; our own page does, and so
// do programs, which do not say where they come from.
func TestHolderIsNotActedFor(t *testing.T) {
	book := &notebook{}
	w := newWorld(t, func(c *api.Config) { c.Outbox = book })
	claim := w.claim(w.issue(1))
	for _, path := range []string{claim + "/hide", claim + "/show"} {
		w.tell("POST", path, "Sec-Fetch-Site", "cross-site", "Origin", "http://evil.example").problem(t, http.StatusForbidden, "cross_site")
		w.tell("POST", path, "Origin", "http://evil.example").problem(t, http.StatusForbidden, "cross_site")
		w.tell("POST", path, "Sec-Fetch-Site", "same-origin", "Origin", "null").want(t, http.StatusSeeOther)
		w.tell("POST", path, "Origin", "null").want(t, http.StatusSeeOther) // our page over plain http
		w.tell("POST", path).want(t, http.StatusSeeOther)
	}
	form := func(site string) answer {
		return w.do(request{method: "POST", path: "/lost", body: "email=ana.1%40learner.example",
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html", "Sec-Fetch-Site": site}})
	}
	form("cross-site").want(t, http.StatusForbidden)
	if len(book.asked) != 0 {
		t.Errorf("asked: %v", book.asked)
	}
	form("same-origin").want(t, http.StatusOK)
	if len(book.asked) != 1 {
		t.Errorf("asked: %v", book.asked)
	}
}
