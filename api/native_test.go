package api_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"laurel/internal/auth"
	"laurel/keys"
	"laurel/store"
)

type sourceReply struct {
	Slug       string
	TrustEmail bool `json:"trust_email"`
	Issuers    []string
	Hook       *struct {
		Adapter, Secret, Address string
		Test                     bool
		Keys                     []string
		Since                    string `json:"secret_since"`
	}
}

// door sets a source up with a hook and returns its path.
func (w *world) door(slug, adapter, more string) string {
	w.t.Helper()
	var s sourceReply
	w.put("/v1/sources/"+slug, fmt.Sprintf(`{"trust_email":true,"hook":{"adapter":%q%s}}`, adapter, more), w.all).into(w.t, &s)
	if s.Hook == nil || len(s.Hook.Secret) != 26 || s.Hook.Address != w.base+"/v1/hooks/"+slug+"/"+s.Hook.Secret {
		w.t.Fatalf("%+v", s)
	}
	return strings.TrimPrefix(s.Hook.Address, w.base)
}

// ring sends what a platform sends: without a token.
func (w *world) ring(path, body string) answer {
	w.t.Helper()
	return w.do(request{method: "POST", path: path, body: body, header: map[string]string{"Content-Type": "application/json"}})
}

type nativeReply struct {
	Results []struct {
		Status                       int
		Event, Result, First, Reason string
		Test                         bool
		Problem                      *struct {
			Code   string
			Errors []struct{ Pointer string }
		}
	}
}

func (w *world) rung(path, body string) nativeReply {
	w.t.Helper()
	var a nativeReply
	w.ring(path, body).want(w.t, http.StatusOK).into(w.t, &a)
	return a
}

// newPlatforms is the course with a platform of every kind, each with its hook.
func newPlatforms(t *testing.T) (w *world, hooks map[string]string) {
	t.Helper()
	w = newCourse(t)
	aliases := `"lms-c": ["HC20"], "lms-x": ["e2a1c9d0-3333-4e55-9f66-000000000020"], "records": ["https://lms-a.example/courses/hc20"], "sensor": ["https://lms-a.example/courses/hc20/final"], "lms-b":`
	w.put("/v1/activities/hc20", strings.Replace(string(programmeFile(t, "course-hc20.json")), `"lms-b":`, aliases, 1), w.all).want(t, http.StatusOK)
	w.put("/v1/activities/passing", `{"id":"passing","kind":"course","aliases":{"raw":["42","course-v1:Urban+HC20+2024"]},
		"award_rules":[{"achievement":"hc20-participation","all":[{"passed":true}]}]}`, w.all).want(t, http.StatusCreated)
	hooks = map[string]string{}
	for slug, adapter := range map[string]string{"lms-a": "moodle", "lms-b": "openedx", "lms-c": "canvas", "lms-x": "xikolo", "records": "xapi", "sensor": "caliper", "tool": "lti-ags", "raw": "moodle"} {
		hooks[slug] = w.door(slug, adapter, "")
	}
	return w, hooks
}

// TestWhatPlatformsSendOverHTTP: each sample leads where the mapping says. The
// outcomes that hang on who is known, or on what a rule asks for, are brought about
// both ways.
func TestWhatPlatformsSendOverHTTP(t *testing.T) {
	w, hooks := newPlatforms(t)
	var mapping struct {
		Rows []struct{ File, Outcome, Achievement string }
	}
	raw, err := os.ReadFile("../programme/platform/testdata/native-mapping.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &mapping); err != nil {
		t.Fatal(err)
	}
	for _, who := range []string{`"sensor","learner":{"id":"https://lms-a.example/users/u-1008","name":"Participant 08"}`, `"tool","learner":{"id":"u-1016","name":"Participant 16"}`} {
		w.post("/v1/completions", `{"id":"who","type":"identity","occurred_at":"2025-03-01T12:00:00Z","activity":"hc20","source":`+who+`}`).want(t, http.StatusOK)
	}
	at := map[string]string{"moodle": "lms-a", "openedx": "lms-b", "xikolo": "lms-x", "canvas": "lms-c", "xapi": "records", "caliper": "sensor", "lti": "tool"}
	// Where passing is enough, who has passed is waited for as well.
	if r := w.rung(hooks["raw"], string(programmeSample(t, "moodle-course_completed.json"))).Results[0]; r.Result != "pending_identity" {
		t.Errorf("%+v", r)
	}
	seen := map[string]bool{}
	for _, row := range mapping.Rows {
		platform, _, _ := strings.Cut(row.File, "-")
		slug := at[platform]
		path := hooks[slug]
		if slug == "tool" {
			path += "?activity=hc20"
		}
		body := string(programmeSample(t, row.File))
		first := w.rung(path, body).Results[0]
		want, reason := row.Outcome, ""
		switch row.Outcome {
		case "issued_if_identity_known":
			want = "issued"
		case "accepted_not_counted":
			want, reason = "ignored", "not_final"
		case "ignored":
			reason = "platforms_badge"
		case "held_or_direct":
			want = "not_met" // by the course, which asks for points; where passing is enough:
			direct := w.put("/v1/sources/raw", `{"trust_email":true,"hook":{"adapter":"openedx"}}`, w.all).want(t, http.StatusOK)
			if bytes.Contains(direct.body, []byte(`"secret"`)) {
				t.Errorf("a secret is told again: %s", direct.body)
			}
			if r := w.rung(hooks["raw"], body).Results[0]; r.Result != "issued" {
				t.Errorf("%s where passing is enough: %+v", row.File, r)
			}
		}
		if first.Status != http.StatusOK || first.Result != want || first.Reason != reason || first.Event == "" && want != "ignored" {
			t.Errorf("%s: %+v, want %s", row.File, first, row.Outcome)
		}
		again := w.rung(path, body).Results[0]
		if want == "ignored" && again.Result != "ignored" || want != "ignored" && (again.Result != "replayed" || again.First != want) {
			t.Errorf("%s again: %+v", row.File, again)
		}
		seen[row.Outcome] = true
	}
	if len(mapping.Rows) != 13 || len(seen) != 8 {
		t.Errorf("%d samples, %v", len(mapping.Rows), seen)
	}
	w.holdsBy(t, "participant.04@learner.example", "hc20-achievement", "active")
	w.holdsBy(t, "participant.08@learner.example", "hc20-participation", "active")
	w.holdsBy(t, "participant.10@learner.example", "hc20-achievement", "revoked")
	w.discreet(hooks)
}

func (w *world) holdsBy(t *testing.T, email, achievement, status string) {
	t.Helper()
	var page listed
	w.with(w.all, "GET", "/v1/credentials?achievement="+achievement+"&email="+email, "").want(t, http.StatusOK).into(t, &page)
	for _, item := range page.Items {
		if item.Status == status {
			return
		}
	}
	t.Errorf("%s has no %s that is %s: %+v", email, achievement, status, page.Items)
}

// jwsBegins is the beginning of a JWS, and longer than a badge's id, whose letters
// are random.
var jwsBegins = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{20}`)

// discreet: neither secrets nor people stand in the log, and no secret in the store.
func (w *world) discreet(hooks map[string]string) {
	w.t.Helper()
	log := w.log.String()
	if !strings.Contains(log, `"route":"/v1/hooks/:source/:secret"`) || !strings.Contains(log, `"outcome":"issued"`) || !strings.Contains(log, `"event":"mdl-course_completions-9001"`) {
		w.t.Errorf("the log: %.400s", log)
	}
	for _, person := range []string{"@learner.example", "Participant"} {
		if strings.Contains(log, person) {
			w.t.Errorf("%s stands in the log", person)
		}
	}
	err := w.store.View(context.Background(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			for slug, path := range hooks {
				secret := []byte(path[strings.LastIndexByte(path, '/')+1:])
				if bytes.Contains(k, secret) || bytes.Contains(v, secret) {
					w.t.Errorf("the secret of %s stands in %s", slug, k)
				}
			}
			return nil
		})
	})
	if err != nil {
		w.t.Fatal(err)
	}
	for slug, path := range hooks {
		if strings.Contains(log, path[strings.LastIndexByte(path, '/')+1:]) {
			w.t.Errorf("the secret of %s stands in the log", slug)
		}
	}
}

func TestSecretsOfHooks(t *testing.T) {
	w := newCourse(t)
	path := w.door("lms-a", "moodle", "")
	body := string(programmeSample(t, "moodle-tool_trigger.json"))
	w.put("/v1/sources/lms-b", `{}`, w.all).want(t, http.StatusOK)
	same := ""
	for name, wrong := range map[string]string{
		"another secret": "/v1/hooks/lms-a/" + strings.Repeat("A", 26), "one letter": path[:len(path)-1] + "!", "cut": path[:len(path)-1],
		"an unknown source": strings.Replace(path, "lms-a", "lms-z", 1), "a hook that is off": strings.Replace(path, "lms-a", "lms-b", 1),
		"no slug": strings.Replace(path, "lms-a", "LMS%20a", 1), "a long secret": "/v1/hooks/lms-a/" + strings.Repeat("x", 5000),
	} {
		p := w.ring(wrong, body).problem(t, http.StatusNotFound, "not_found")
		delete(p, "requestId")
		if text := fmt.Sprint(p); same != "" && text != same {
			t.Errorf("%s is told apart: %s, not %s", name, text, same)
		} else {
			same = text
		}
	}
	for _, mistake := range []request{{method: "GET", path: path}, {method: "PUT", path: path, body: body}, {method: "POST", path: path + "/"}, {method: "POST", path: path + "?x=1"}, {method: "POST", path: path, body: "{"}} {
		a := w.do(mistake)
		if a.status < 400 || a.status >= 500 || strings.Contains(string(a.body), path[len("/v1/hooks/lms-a/"):]) {
			t.Errorf("%s: %d %s", mistake.method, a.status, a.body)
		}
	}
	// Asked for again, nothing changes; a new secret shuts the old door.
	var s sourceReply
	for _, ask := range []answer{w.put("/v1/sources/lms-a", `{"trust_email":true,"hook":{"adapter":"moodle"}}`, w.all), w.with(w.all, "GET", "/v1/sources/lms-a", ""), w.with(w.all, "GET", "/v1/sources", "")} {
		if bytes.Contains(ask.want(t, http.StatusOK).body, []byte(`"secret"`)) || bytes.Contains(ask.body, []byte("digest")) || bytes.Contains(ask.body, []byte(`"address"`)) {
			t.Errorf("%s", ask.body)
		}
	}
	if r := w.rung(path, body).Results[0]; r.Result != "issued" {
		t.Errorf("%+v", r)
	}
	w.put("/v1/sources/lms-a", `{"trust_email":true,"hook":{"adapter":"moodle","new_secret":true}}`, w.all).want(t, http.StatusOK).into(t, &s)
	w.ring(path, body).problem(t, http.StatusNotFound, "not_found")
	next := strings.TrimPrefix(s.Hook.Address, w.base)
	if r := w.rung(next, body).Results[0]; r.Result != "replayed" {
		t.Errorf("%+v", r)
	}
	w.put("/v1/sources/lms-a", `{"trust_email":true}`, w.all).want(t, http.StatusOK)
	w.ring(next, body).problem(t, http.StatusNotFound, "not_found")
	w.discreet(map[string]string{"old": path, "new": next})
}

// Guessing is slowed down; it never keeps a platform out.
func TestGuessingSecrets(t *testing.T) {
	w := newCourse(t)
	path := w.door("lms-a", "moodle", "")
	codes := map[int]int{}
	for n := range 40 {
		codes[w.ring(fmt.Sprintf("/v1/hooks/lms-%d/guess", n%2), "{}").status]++
	}
	if codes[404] < 30 || codes[429] < 5 || codes[404]+codes[429] != 40 {
		t.Errorf("%v", codes)
	}
	if a := w.ring("/v1/hooks/lms-a/guess", "{}"); a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
	w.ring(path, string(programmeSample(t, "moodle-tool_trigger.json"))).want(t, http.StatusOK)
}

func TestWhatHooksRefuse(t *testing.T) {
	w, hooks := newPlatforms(t)
	passed := string(programmeSample(t, "xapi-passed.json"))
	moodle := string(programmeSample(t, "moodle-tool_trigger.json"))
	for name, tc := range map[string]struct {
		source, body string
		status       int
		code         string
	}{
		"no JSON":           {"records", `{"a"`, 400, "malformed_json"},
		"nothing":           {"records", ``, 400, "malformed_json"},
		"too deep":          {"records", strings.Repeat("[", 40) + strings.Repeat("]", 40), 400, "too_deep"},
		"twice the same":    {"records", `{"a":1,"a":2}`, 400, "duplicate_member"},
		"too large":         {"records", `{"a":"` + strings.Repeat("x", 256<<10) + `"}`, 413, "too_large"},
		"no form":           {"lms-a", `a%zz`, 422, "malformed_body"},
		"too many":          {"records", "[" + strings.TrimSuffix(strings.Repeat("{},", 1001), ",") + "]", 413, "too_large"},
		"another course":    {"records", strings.ReplaceAll(passed, "courses/hc20", "courses/other"), 422, "unknown_activity"},
		"the future":        {"records", strings.ReplaceAll(passed, "2025-03-06T11:00:00Z", "2095-03-06T11:00:00Z"), 422, "occurred_in_future"},
		"no activity":       {"tool", string(programmeSample(t, "lti-ags-score.json")), 422, "unknown_activity"},
		"another's event":   {"lms-a", strings.Replace(moodle, "lms-a", "lms-b", 1), 403, "source_not_granted"},
		"a formula by name": {"lms-a", strings.Replace(moodle, "Participant 04", "=1+1", 1), 422, "name_suspicious"},
	} {
		t.Run(name, func(t *testing.T) {
			w.ring(hooks[tc.source], tc.body).problem(t, tc.status, tc.code)
		})
	}
	w.rung(hooks["lms-a"], moodle)
	w.ring(hooks["lms-a"], strings.Replace(moodle, "48.00000", "47.00000", 1)).problem(t, http.StatusConflict, "event_reused")
	// One of many that is refused keeps none of the others, and the whole is not
	// sent for ever.
	a := w.rung(hooks["records"], "["+passed+","+strings.ReplaceAll(strings.Replace(passed, "000000000012", "000000000013", 1), "courses/hc20", "courses/other")+`,{"verb":{"id":"x"}}]`)
	if len(a.Results) != 3 || a.Results[0].Result != "issued" || a.Results[1].Status != 422 || a.Results[1].Problem.Code != "unknown_activity" || a.Results[1].Problem.Errors[0].Pointer != "/activity" || a.Results[2].Result != "ignored" {
		t.Errorf("%+v", a)
	}
	// Of a score that does not say of what it is, the address says it.
	w.put("/v1/activities/quiz", `{"id":"quiz","kind":"course","award_rules":[{"achievement":"hc20-m1","all":[{"points_percent_gte":"80"}]}]}`, w.all).want(t, http.StatusCreated)
	for _, want := range []string{"pending_identity", "replayed"} {
		for _, activity := range []string{"hc20", "quiz"} {
			if r := w.rung(hooks["tool"]+"?activity="+activity, string(programmeSample(t, "lti-ags-score.json"))).Results[0]; r.Result != want {
				t.Errorf("of %s: %+v", activity, r)
			}
		}
	}
	form := `id=f-1&occurred_at=1740999600&activity=42&learner[id]=88&learner[email]=f%40learner.example&learner[name]=Fatou+Example&facts[points][achieved]=60&facts[points][max]=60`
	var b nativeReply
	w.do(request{method: "POST", path: hooks["lms-a"], body: form, header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}).want(t, http.StatusOK).into(t, &b)
	if b.Results[0].Result != "issued" {
		t.Errorf("%+v", b)
	}
}

// TestSignedBodies: of a platform that signs, nothing is taken in that it has not
// signed with one of the keys that were given; without keys, what is signed is no
// event.
func TestSignedBodies(t *testing.T) {
	w, _ := newPlatforms(t)
	private := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	set := func(kid string, public crypto.PublicKey) string {
		return `{"keys":[` + string(must(keys.JWK(public, kid))(t)) + `]}`
	}
	sign := func(body string) string {
		signer := must(jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: private, KeyID: "2026-01-01"}}, nil))(t)
		return must(must(signer.Sign([]byte(body)))(t).CompactSerialize())(t)
	}
	event := string(programmeSample(t, "canvas-course_completed.json"))
	with := func(keys string) sourceReply {
		t.Helper()
		var s sourceReply
		w.put("/v1/sources/lms-c", `{"trust_email":true,"hook":{"adapter":"canvas","new_secret":true,"keys":`+keys+`}}`, w.all).want(t, http.StatusOK).into(t, &s)
		return s
	}
	s := with(set("2026-01-01", private.Public()))
	path := strings.TrimPrefix(s.Hook.Address, w.base)
	if !slices.Equal(s.Hook.Keys, []string{"2026-01-01"}) {
		t.Errorf("keys %v", s.Hook.Keys)
	}
	w.ring(path, event).problem(t, http.StatusForbidden, "signature_invalid")
	w.ring(path, sign(event)+"A").problem(t, http.StatusForbidden, "signature_invalid")
	w.ring(path, sign("{")).problem(t, http.StatusBadRequest, "malformed_json")
	if n := w.store.count("P/live/k/"); n != 0 {
		t.Errorf("%d events were taken in", n)
	}
	for _, want := range []string{"issued", "replayed"} {
		if r := w.rung(path, sign(event)).Results[0]; r.Result != want {
			t.Errorf("signed: %+v", r)
		}
	}
	// The platform draws another key, and is believed once that is given.
	other := must(rsa.GenerateKey(rand.Reader, 2048))(t)
	path = strings.TrimPrefix(with(set("2026-02-01", other.Public())).Hook.Address, w.base)
	w.ring(path, sign(event)).problem(t, http.StatusForbidden, "signature_invalid")
	s = with("null")
	if path = strings.TrimPrefix(s.Hook.Address, w.base); len(s.Hook.Keys) != 0 {
		t.Errorf("keys %v", s.Hook.Keys)
	}
	if r := w.rung(path, event).Results[0]; r.Result != "replayed" {
		t.Errorf("unsigned, where nothing is signed: %+v", r)
	}
	w.ring(path, sign(event)).problem(t, http.StatusBadRequest, "malformed_json")
	for keys, pointer := range map[string]string{`"x"`: "/hook/keys", `{"keys":[{"kty":"oct","kid":"a","k":"AA"}]}`: "/hook/keys", `{"keys":[{"kty":"oct","kid":"a"}]}`: "/hook/keys/keys/0"} {
		a := w.put("/v1/sources/lms-c", `{"hook":{"adapter":"canvas","keys":`+keys+`}}`, w.all)
		if a.problem(t, http.StatusUnprocessableEntity, "keys_invalid"); !bytes.Contains(a.body, []byte(`"pointer":"`+pointer+`"`)) {
			t.Errorf("%s: %s", keys, a.body)
		}
	}
	w.put("/v1/sources/lms-a", `{"hook":{"adapter":"moodle","keys":`+set("a", other.Public())+`}}`, w.all).problem(t, http.StatusUnprocessableEntity, "keys_invalid")
	if log := w.log.String(); strings.Contains(log, "@learner.example") || jwsBegins.MatchString(log) {
		t.Error("what came stands in the log")
	}
}

// What comes by a hook for trials are trials.
func TestHookForTrials(t *testing.T) {
	w := newCourse(t)
	if _, err := w.issuer.MakeTestIssuer(t.Context(), urban, "test"); err != nil {
		t.Fatal(err)
	}
	path := w.door("lms-a", "moodle", `,"test":true`)
	body := string(programmeSample(t, "moodle-tool_trigger.json"))
	if r := w.rung(path, body).Results[0]; r.Result != "issued" || !r.Test {
		t.Errorf("%+v", r)
	}
	if live, trials := w.issued(t, urban), w.issued(t, "test-"+urban); len(live) != 0 || len(trials) != 2 {
		t.Errorf("%d badges, %d trials", len(live), len(trials))
	}
}

func TestWhoSetsSourcesUp(t *testing.T) {
	w := newCourse(t)
	manager := func(change func(*auth.Token)) string {
		limits := auth.Token{Scopes: []auth.Scope{auth.Manage, auth.Read, auth.Complete}, Issuers: []string{city}}
		if change != nil {
			change(&limits)
		}
		return w.token(limits)
	}
	mine := manager(nil)
	var s sourceReply
	w.put("/v1/sources/own", `{"trust_email":true,"hook":{"adapter":"canvas"}}`, mine).want(t, http.StatusCreated).into(t, &s)
	if !slices.Equal(s.Issuers, []string{city}) || !s.TrustEmail {
		t.Errorf("%+v", s)
	}
	theirs := manager(func(l *auth.Token) { l.Issuers = []string{other} })
	for name, tc := range map[string]struct {
		token, slug, body string
		status            int
		code              string
	}{
		"another's source":             {theirs, "own", `{}`, 403, "issuer_not_granted"},
		"a source of all":              {mine, "lms-a", `{"trust_email":true}`, 403, "issuer_not_granted"},
		"for another issuer":           {mine, "new", `{"issuers":["other-school"]}`, 403, "issuer_not_granted"},
		"an issuer there is not":       {w.all, "new", `{"issuers":["nobody"]}`, 422, "issuer_unknown"},
		"no slug of an issuer":         {w.all, "new", `{"issuers":["No One"]}`, 400, "slug_invalid"},
		"another adapter":              {mine, "new", `{"hook":{"adapter":"carrier-pigeon"}}`, 422, "adapter_unknown"},
		"a secret of their own":        {mine, "new", `{"hook":{"adapter":"moodle","secret":"hunter2"}}`, 400, "unknown_member"},
		"a wrong type":                 {mine, "new", `{"trust_email":"yes"}`, 400, "wrong_type"},
		"no slug":                      {mine, "Not%20one", `{}`, 400, "slug_invalid"},
		"another slug":                 {mine, "new", `{"slug":"other"}`, 422, "slug_mismatch"},
		"another source":               {manager(func(l *auth.Token) { l.Source = "lms-b" }), "new", `{}`, 403, "source_not_granted"},
		"a hook, who may not complete": {manager(func(l *auth.Token) { l.Scopes = []auth.Scope{auth.Manage} }), "new", `{"hook":{"adapter":"canvas"}}`, 403, "scope_missing"},
		"a reader":                     {manager(func(l *auth.Token) { l.Scopes = []auth.Scope{auth.Read} }), "own", `{}`, 403, "scope_missing"},
	} {
		t.Run(name, func(t *testing.T) { w.put("/v1/sources/"+tc.slug, tc.body, tc.token).problem(t, tc.status, tc.code) })
	}
	w.with(theirs, "GET", "/v1/sources/own", "").problem(t, http.StatusNotFound, "not_found")
	for token, want := range map[string]string{mine: "[lms-a lms-b own]", theirs: "[lms-a lms-b]"} {
		var list struct{ Items []sourceReply }
		w.with(token, "GET", "/v1/sources", "").want(t, http.StatusOK).into(t, &list)
		var slugs []string
		for _, item := range list.Items {
			slugs = append(slugs, item.Slug)
		}
		if fmt.Sprint(slugs) != want {
			t.Errorf("%v, want %s", slugs, want)
		}
	}
	// A hook reports for the issuers of its source, and for no others.
	body := strings.Replace(string(programmeSample(t, "canvas-course_completed.json")), `"HC20"`, `"hc20"`, 1)
	w.ring(strings.TrimPrefix(s.Hook.Address, w.base), body).problem(t, http.StatusForbidden, "achievement_unknown")
}
