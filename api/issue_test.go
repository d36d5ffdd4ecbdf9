package api_test

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/issuer"
)

func TestIssueAnswersWithTheWholeBadge(t *testing.T) {
	w := newWorld(t)
	a := w.post("/v1/credentials", award(1)).want(t, http.StatusCreated)
	b := a.object(t)
	id, _ := b["id"].(string)
	if len(id) != 22 || a.header.Get("Location") != "/credentials/"+id {
		t.Errorf("id %q, Location %q", id, a.header.Get("Location"))
	}
	if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("header %v", a.header)
	}
	address := w.base + "/credentials/" + id
	for name, want := range map[string]any{"status": "active", "credentialId": address, "verifyUrl": w.base + "/v/" + id,
		"awardedAt": "2025-07-11T00:00:00Z", "externalRef": "course-v1:Healthy+City", "language": "fr", "issuer": city,
		"achievement": "healthy-city", "code": issuer.PrintedCode(id), "edition": nil, "validUntil": nil, "duplicate": nil} {
		if b[name] != want {
			t.Errorf("%s is %v, want %v", name, b[name], want)
		}
	}
	down := b["downloads"].(map[string]any)
	if down["json"] != address+".json" || down["jwt"] != address+".jwt" || down["png"] != address+".png" || down["svg"] != address+".svg" || down["pdf"] != address+".pdf" {
		t.Errorf("downloads %v", down)
	}
	signed := b["credential"].(map[string]any)
	if signed["id"] != address || signed["proof"] == nil {
		t.Errorf("credential %v", signed)
	}
	if stored := w.get("/credentials/" + id); !bytes.Contains(a.body, stored.body) {
		t.Error("the answer does not carry the signed bytes as they are served")
	}
	if strings.Contains(string(a.body), "learner.example") {
		t.Error("the address is in the answer")
	}
}

func TestRepeatedKeyGivesTheFirstAnswer(t *testing.T) {
	w := newWorld(t)
	first := w.post("/v1/credentials", award(1), "Idempotency-Key", "k-1").want(t, http.StatusCreated)
	var b issued
	first.into(t, &b)
	again := func(body string) answer { return w.post("/v1/credentials", body, "Idempotency-Key", "k-1") }
	same := func(what string, a answer) {
		t.Helper()
		if a.status != http.StatusCreated || !bytes.Equal(a.body, first.body) || a.header.Get("Idempotent-Replayed") != "true" ||
			a.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("%s: status %d, replayed %q, body %s", what, a.status, a.header.Get("Idempotent-Replayed"), a.body)
		}
	}
	same("the same bytes", again(award(1)))
	same("laid out anew", again(strings.Join(strings.Fields(strings.ReplaceAll(award(1), "Ana Mora", "Ana\u0020Mora")), " ")))
	again(award(2)).problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	w.post("/v1/credentials/"+b.ID+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	same("after it was revoked", again(award(1)))
	// Another token's key is another key.
	other := w.do(request{method: "POST", path: "/v1/credentials", body: award(1), token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}}),
		header: pairs([]string{"Content-Type", "application/json", "Idempotency-Key", "k-1"})})
	if other.status != http.StatusCreated || other.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("another token: %d %v", other.status, other.header)
	}
}

func TestExistingAnswerIsRepeatedToo(t *testing.T) {
	w := newWorld(t)
	w.issue(1)
	first := w.post("/v1/credentials", award(1), "Idempotency-Key", "k-2").want(t, http.StatusOK)
	if first.object(t)["duplicate"] != true {
		t.Fatalf("%s", first.body)
	}
	again := w.post("/v1/credentials", award(1), "Idempotency-Key", "k-2").want(t, http.StatusOK)
	if !bytes.Equal(first.body, again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s", again.body)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	w := newWorld(t)
	for name, key := range map[string]string{"256 bytes": strings.Repeat("k", 256), "empty": "", "control character": "a\tb"} {
		w.post("/v1/credentials", award(1), "Idempotency-Key", key).problem(t, http.StatusBadRequest, "idempotency_key_invalid")
		_ = name
	}
	w.post("/v1/credentials", award(1), "Idempotency-Key", strings.Repeat("k", 255)).want(t, http.StatusCreated)
	for _, path := range []string{"/v1/credentials/batch", "/v1/credentials/0123456789012345678901/revoke", "/v1/rosters/uh-kit-2025", "/credentials/issue"} {
		w.post(path, `{}`, "Idempotency-Key", strings.Repeat("k", 256)).problem(t, http.StatusBadRequest, "idempotency_key_invalid")
	}
}

// One key, a hundred requests at once: one badge, a hundred equal answers.
func TestParallelRequestsWithOneKey(t *testing.T) {
	w := newWorld(t)
	n := 100
	if raceDetector { // each request signs before it finds that another was first
		n = 20
	}
	answers := make([]answer, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			again := request{method: "POST", path: "/v1/credentials", body: award(1), token: w.all,
				header: map[string]string{"Content-Type": "application/json", "Idempotency-Key": "one"}}
			a, err := w.send(again)
			for tries := 0; tries < 30 && err == nil && a.status == http.StatusServiceUnavailable; tries++ { // a machine with other work to do: told to come again
				time.Sleep(time.Second)
				a, err = w.send(again)
			}
			if err != nil {
				t.Error(err)
			}
			answers[i] = a
		})
	}
	wg.Wait()
	replayed := 0
	for i, a := range answers {
		if a.status != http.StatusCreated || !bytes.Equal(a.body, answers[0].body) {
			t.Fatalf("answer %d: %d %.200s", i, a.status, a.body)
		}
		if a.header.Get("Idempotent-Replayed") == "true" {
			replayed++
		}
	}
	if stored := w.store.count("n/"); stored != 1 || replayed != n-1 {
		t.Errorf("%d badges, %d replays", stored, replayed)
	}
}

func TestNaturalDuplicates(t *testing.T) {
	w := newWorld(t)
	first := w.issue(1)
	with := func(how string) string {
		return strings.Replace(award(1), `"language"`, `"onDuplicate":"`+how+`","language"`, 1)
	}
	var b struct {
		ID        string
		Duplicate bool
	}
	w.post("/v1/credentials", award(1)).want(t, http.StatusOK).into(t, &b)
	if b.ID != first.ID || !b.Duplicate {
		t.Errorf("by default: %+v", b)
	}
	w.post("/v1/credentials", with("return")).want(t, http.StatusOK)
	p := w.post("/v1/credentials", with("reject")).problem(t, http.StatusConflict, "duplicate")
	if !strings.Contains(p["detail"].(string), first.ID) {
		t.Errorf("refused without its id: %v", p["detail"])
	}
	w.post("/v1/credentials", with("allow")).want(t, http.StatusCreated)
	// Another name at the address is somebody else, who is told of nobody's badge.
	other := strings.NewReplacer(`"Ana Mora 1"`, `"Bo Li"`, `,"externalId":"lms-1"`, "").Replace(with("reject"))
	var bo issued
	w.post("/v1/credentials", other).want(t, http.StatusCreated).into(t, &bo)
	p = w.post("/v1/credentials", strings.Replace(other, "Bo Li", "bo  LI", 1)).problem(t, http.StatusConflict, "duplicate")
	if !strings.Contains(p["detail"].(string), bo.ID) {
		t.Errorf("refused with another badge: %v", p["detail"])
	}
	// A retry that knows of no correction of the name has the badge, and no second one.
	w.post("/v1/credentials/"+bo.ID+"/reissue", `{"recipient":{"name":"Bo Lee"}}`).want(t, http.StatusOK)
	w.post("/v1/credentials", strings.Replace(other, `"reject"`, `"return"`, 1)).want(t, http.StatusOK).into(t, &b)
	if b.ID != bo.ID || !b.Duplicate {
		t.Errorf("by the name before the correction: %+v, not %s", b, bo.ID)
	}
	// - and no edition at all are the same.
	w.post("/v1/credentials", strings.Replace(award(1), `"language"`, `"edition":"-","language"`, 1)).want(t, http.StatusOK)
	w.post("/v1/credentials", strings.Replace(award(1), `"language"`, `"edition":"2025-1","language"`, 1)).want(t, http.StatusCreated)
}

func TestInlineAchievement(t *testing.T) {
	w := newWorld(t)
	body := `{"achievement":{"issuer":"city-school","name":"Intro to Trams","description":{"en":"Rides trams.","fr":"Prend le tram."},
		"criteria":"Ride one.","resultDescription":[{"id":"rides","name":"Rides","resultType":"RawScore","valueMin":"0"}],"results":"score"},
		"recipient":{"name":"Ana Mora","email":null},"awardedAt":"2025-07-11T08:00:00+02:00","results":[{"resultDescription":"rides","value":"7"}],
		"validUntil":null,"role":null,"creditsEarned":null,"activity":{"start":"2025-07-01","end":null},
		"evidence":[{"id":"https://city-school.example/e/1","name":"Photograph"}],"narrative":"Well ridden.","onDuplicate":null}`
	b := w.post("/v1/credentials", body).want(t, http.StatusCreated).object(t)
	if b["awardedAt"] != "2025-07-11T06:00:00Z" {
		t.Errorf("awarded at %v", b["awardedAt"])
	}
	var seen struct {
		Credential struct {
			Results  []struct{ Name, Value string }
			Activity struct{ Start string }
			Evidence []struct{ Name string }
		}
	}
	w.get("/v/"+b["id"].(string)+"?format=json").want(t, http.StatusOK).into(t, &seen)
	if c := seen.Credential; len(c.Results) != 1 || c.Results[0].Name != "Rides" || c.Results[0].Value != "7" || c.Activity.Start != "2025-07-01T00:00:00Z" ||
		len(c.Evidence) != 1 || c.Evidence[0].Name != "Photograph" {
		t.Errorf("%+v", seen)
	}
	slug := b["achievement"].(string)
	w.get("/achievements/"+slug).want(t, http.StatusOK)
	w.get("/achievements/"+slug+"/results/rides").want(t, http.StatusOK)
	// The same text is the same achievement; a single issuer need not be named.
	unnamed := strings.Replace(strings.Replace(body, `"issuer":"city-school",`, "", 1), "Ana Mora", "Ben Otieno", 1)
	again := w.do(request{method: "POST", path: "/v1/credentials", body: unnamed, token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}}),
		header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusCreated).object(t)
	if again["achievement"] != slug {
		t.Errorf("%v and %v", again["achievement"], slug)
	}
	for name, tc := range map[string]struct{ old, new, code, pointer string }{
		"a name that is a number": {`"Intro to Trams"`, `7`, "wrong_type", "/achievement/name"},
		"a text that is a list":   {`{"en":"Rides trams.","fr":"Prend le tram."}`, `["Rides"]`, "wrong_type", "/achievement/description"},
		"a language that is none": {`"fr":"Prend`, `"French":"Prend`, "language_invalid", "/achievement/description/French"},
		"an unknown member":       {`"criteria"`, `"kriteria"`, "unknown_member", "/achievement/kriteria"},
		"an unknown issuer":       {`"city-school"`, `"nobody"`, "issuer_unknown", "/achievement/issuer"},
	} {
		a := w.post("/v1/credentials", strings.Replace(body, tc.old, tc.new, 1))
		p := a.object(t)
		if p["code"] != tc.code || p["errors"].([]any)[0].(map[string]any)["pointer"] != tc.pointer {
			t.Errorf("%s: %s", name, a.body)
		}
	}
}

func TestWhoMayIssueWhat(t *testing.T) {
	w := newWorld(t)
	send := func(token string, body string) answer {
		return w.do(request{method: "POST", path: "/v1/credentials", body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
	}
	foreign := strings.Replace(award(1), "healthy-city", "other-badge", 1)
	inline := `{"achievement":{"issuer":"other-school","name":"x","description":"x","criteria":"x"},"recipient":{"name":"Ana"},"awardedAt":"2025-07-11"}`
	mine := w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}})
	p := send(mine, foreign).problem(t, http.StatusForbidden, "issuer_not_granted")
	if !strings.Contains(p["detail"].(string), other) {
		t.Errorf("the issuer is not named: %v", p["detail"])
	}
	send(mine, inline).problem(t, http.StatusForbidden, "issuer_not_granted")
	send(w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{other}}), foreign).want(t, http.StatusCreated)
	for name, limits := range map[string]auth.Token{
		"activities": {Scopes: []auth.Scope{auth.Issue}, Activities: []string{"uh-kit-2025"}},
		"country":    {Scopes: []auth.Scope{auth.Issue}, Country: "KE"},
	} {
		if a := send(w.token(limits), award(9)); a.status != http.StatusForbidden {
			t.Errorf("a token limited to %s: %d", name, a.status)
		}
	}
	if n := w.store.count("n/"); n != 1 {
		t.Errorf("%d badges", n)
	}
}

func TestTokensThatDoNotCount(t *testing.T) {
	w := newWorld(t)
	_, expired, err := w.tokens.Create(t.Context(), auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{city}, Expires: w.clock.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	gone, revoked, err := w.tokens.Create(t.Context(), auth.Token{Scopes: []auth.Scope{auth.Issue}, Issuers: []string{city}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.tokens.Revoke(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	stranger := newWorld(t).token(auth.Token{Scopes: []auth.Scope{auth.Issue}})
	w.clock.advance(2 * time.Hour)
	jwt := string(w.get("/credentials/"+w.issue(1).ID, "Accept", "application/jwt").want(t, http.StatusOK).body)
	for name, tc := range map[string]struct{ header, code string }{
		"none":          {"", "token_missing"},
		"another way":   {"Basic dXNlcjpwYXNz", "token_missing"},
		"no token":      {"Bearer", "token_missing"},
		"a slip":        {"Bearer " + expired[:len(expired)-1] + "!", "token_invalid"},
		"a badge":       {"Bearer " + jwt, "token_invalid"},
		"another store": {"Bearer " + stranger, "token_invalid"},
		"expired":       {"Bearer " + expired, "token_expired"},
		"revoked":       {"Bearer " + revoked, "token_revoked"},
	} {
		header := map[string]string{"Content-Type": "application/json"}
		if tc.header != "" {
			header["Authorization"] = tc.header
		}
		a := w.do(request{method: "POST", path: "/v1/credentials", body: award(2), header: header})
		a.problem(t, http.StatusUnauthorized, tc.code)
		if c := a.header.Get("WWW-Authenticate"); !strings.HasPrefix(c, `Bearer realm="laurel"`) {
			t.Errorf("%s: WWW-Authenticate %q", name, c)
		}
	}
	lower := w.do(request{method: "POST", path: "/v1/credentials", body: award(2),
		header: map[string]string{"Content-Type": "application/json", "Authorization": "bearer " + w.all}})
	lower.want(t, http.StatusCreated) // the scheme's case does not matter (RFC 9110 section 11.1)
}

// Every dearth of a scope is told by its name, before anything is read.
func TestScopes(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	calls := map[string][]auth.Scope{
		"POST /v1/credentials":                   {auth.Issue},
		"POST /v1/credentials/batch":             {auth.Issue},
		"GET /v1/credentials":                    {auth.Read},
		"GET /v1/credentials/" + id:              {auth.Read},
		"POST /v1/credentials/" + id + "/revoke": {auth.Revoke},
		"POST /v1/rosters/uh-kit-2025":           {auth.Roster},
		"PUT /v1/achievements/x":                 {auth.Manage},
		"GET /v1/achievements/healthy-city":      {auth.Read, auth.Manage, auth.Issue},
		"GET /v1/achievements":                   {auth.Read, auth.Manage, auth.Issue},
		"PUT /v1/issuers/city-school":            {auth.Manage},
		"GET /v1/issuers/city-school":            {auth.Read, auth.Manage},
		"POST /credentials/issue":                {auth.VCIssue},
	}
	tokens := map[auth.Scope]string{}
	for _, s := range auth.Scopes() {
		tokens[s] = w.token(auth.Token{Scopes: []auth.Scope{s}})
	}
	for call, scopes := range calls {
		method, path, _ := strings.Cut(call, " ")
		for _, s := range auth.Scopes() {
			a := w.do(request{method: method, path: path, token: tokens[s], body: "no JSON", header: map[string]string{"Content-Type": "application/json"}})
			granted := slices.Contains(scopes, s)
			if granted == (a.status == http.StatusForbidden) {
				t.Errorf("%s with scope %s: %d %s", call, s, a.status, a.body)
			}
			if granted {
				continue
			}
			p := a.problem(t, http.StatusForbidden, "scope_missing")
			for _, needed := range scopes {
				if !strings.Contains(p["detail"].(string), string(needed)) {
					t.Errorf("%s with scope %s does not name %s: %v", call, s, needed, p["detail"])
				}
			}
		}
		w.do(request{method: method, path: path}).problem(t, http.StatusUnauthorized, "token_missing")
	}
}
