package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What must show nowhere: what tells of a person, what opens something, and
// what only strangers have written.
const (
	herName    = "Wilhelmina Quisling-Featherstone"
	herAddress = "wilhelmina.quisling@learner.example"
	herRef     = "student-90210-quisling"
	herWords   = "She asked on the phone, 0151 23456789"
)

// TestLogsAndMetricsTellOfNobody: a badge lives through what badges live
// through, every call of the API is made well and badly with personal things in
// its address, its query and its body, and neither the log nor the metrics nor the
// traces hold any of it; each line of the log is JSON, and what concerns a request
// has its number.
func TestLogsAndMetricsTellOfNobody(t *testing.T) {
	traces := receiveSpans(t)
	r := serving(t, append(traces.traced(), "--vc-api", "--verify-rate", "0", "--trusted-proxies", "127.0.0.1")...)
	token := r.token(t, "issue,read,revoke,manage,roster,complete,endorse,stats,vc:issue")
	secrets := append([]string{herName, "Wilhelmina", "quisling", herAddress, herRef, "23456789", token, "hook-secret-of-ours"}, r.live(t, token)...)
	asked := r.everyCall(t, token)
	if asked < 300 {
		t.Fatalf("only %d calls were made", asked)
	}
	until(t, func() bool { // what is done behind has its turn
		return r.metric(t, "laurel_jwt_waiting")+r.metric(t, "laurel_audit_waiting")+r.metric(t, "laurel_webhook_overdue_seconds") == 0
	})
	code, metrics := r.peek(t, "/metrics")
	if code != http.StatusOK {
		t.Fatal(code)
	}
	r.stop()
	log := r.said.String()
	places := map[string]string{"the log": log, "the metrics": metrics, "the traces": traces.texts()}
	jws := regexp.MustCompile(`eyJ[A-Za-z0-9_-]{20}`) // the beginning of one, and longer than a badge's id, whose letters are random
	for where, text := range places {
		if found := jws.FindString(text); found != "" {
			t.Errorf("a JWS shows in %s: %s", where, found)
		}
	}
	for _, secret := range secrets {
		for _, form := range []string{secret, url.PathEscape(secret), url.QueryEscape(secret)} {
			for where, text := range places {
				text, form = strings.ToLower(text), strings.ToLower(form)
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%q shows in %s: %.300s", form, where, text[max(0, at-200):])
				}
			}
		}
	}
	traces.tellOfNobody(t, asked, r.badge, "127.0.0.1", "city-academy")
	numbered := regexp.MustCompile(`^[A-Z2-7]{26}$`)
	lines := 0
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "{") {
			continue // what init and the token commands print
		}
		var said map[string]any
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Errorf("no JSON: %s", line)
			continue
		}
		if slices.Contains([]string{"request", "issued", "status changed", "amended", "changed", "erased"}, fmt.Sprint(said["msg"])) {
			if number, _ := said["request"].(string); !numbered.MatchString(number) {
				t.Errorf("without the number of its request: %s", line)
			}
			lines++
		}
	}
	if lines < asked {
		t.Errorf("%d calls, %d lines about them", asked, lines)
	}
}

// live has a badge of hers live through what badges live through, and gives
// what was secret about it.
func (r *running) live(t *testing.T, token string) (secrets []string) {
	t.Helper()
	want := func(method, path, body string, codes ...int) string {
		t.Helper()
		code, answer := r.ask(t, method, path, token, body)
		if !slices.Contains(codes, code) {
			t.Fatalf("%s %s: %d %s", method, path, code, answer)
		}
		return answer
	}
	want("PUT", "/v1/achievements/first-aid", firstAid, 201)
	want("PUT", "/v1/achievements/licence", strings.Replace(firstAid, `"name"`, `"suspendable":true,"validity":"P3Y","name"`, 1), 201)
	award := fmt.Sprintf(`{"achievement":"licence","recipient":{"name":%q,"email":%q,"externalId":%q},"externalRef":%q,"awardedAt":"2025-07-11"}`, herName, herAddress, herRef, herRef)
	var issued struct{ ID, ClaimURL string }
	if err := json.Unmarshal([]byte(want("POST", "/v1/credentials", award, 201)), &issued); err != nil {
		t.Fatal(err)
	}
	id := "/v1/credentials/" + issued.ID
	want("POST", "/v1/credentials", award, 200, 409)
	want("POST", id+"/suspend", fmt.Sprintf(`{"reason":%q}`, herWords), 200)
	want("POST", id+"/reinstate", `{}`, 200)
	want("POST", id+"/reissue", fmt.Sprintf(`{"recipient":{"name":%q}}`, herName+" II"), 200)
	want("GET", "/v1/credentials?email="+url.QueryEscape(herAddress), "", 200)
	claim := strings.TrimPrefix(issued.ClaimURL, r.url)
	want("GET", claim, "", 200)
	want("GET", claim+"/credential.json", "", 200)
	badge := want("GET", "/credentials/"+issued.ID+".json", "", 200)
	want("POST", "/v1/verify", badge, 200)
	want("POST", "/v1/verify", strings.Replace(badge, herName, herName+" III", 1), 200)
	until(t, func() bool { // the JWT is made behind
		code, jwt := r.ask(t, "GET", "/credentials/"+issued.ID+".jwt", "", "")
		if code == 200 {
			want("POST", "/v1/verify", jwt, 200)
			secrets = append(secrets, jwt[:40])
		}
		return code == 200
	})
	want("POST", "/v1/verify", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ3aWxoZWxtaW5hIn0.", 200)
	want("POST", "/v1/webhooks", `{"issuer":"city-academy","url":"https://lms.quisling.example/hook-secret-of-ours"}`, 201, 422)
	want("POST", id+"/revoke", fmt.Sprintf(`{"reason":%q}`, herWords), 200)
	want("DELETE", id+"/personal-data", "", 200)
	r.badge = issued.ID
	return append(secrets, strings.TrimPrefix(claim, "/c/"))
}

// everyCall makes each call that the description knows: with a token and
// without, with what it does not expect in each place. It tells how many it
// made.
func (r *running) everyCall(t *testing.T, token string) (asked int) {
	t.Helper()
	_, description := r.ask(t, "GET", "/openapi.json", "", "")
	var api struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal([]byte(description), &api); err != nil || len(api.Paths) < 60 {
		t.Fatalf("%d paths, %v", len(api.Paths), err)
	}
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	bodies := []string{
		fmt.Sprintf(`{"achievement":%q,"recipient":{"name":%q,"email":%q},"items":[{"externalRef":%q}],"reason":%q,"issuer":%q,"url":%q}`,
			herAddress, herName, herAddress, herRef, herWords, herRef, "https://"+herRef+".example/"),
		"name,email\n" + herName + "," + herAddress + "\n",
		`{"verifiableCredential":"eyJhbGciOiJFZERTQSJ9.eyJ2YyI6eyJuYW1lIjoiV2lsaGVsbWluYSJ9fQ.c2lnbmF0dXJl"}`,
	}
	for path, methods := range api.Paths {
		for method := range methods {
			if method == "parameters" {
				continue
			}
			for n, body := range bodies {
				address := parameter.ReplaceAllString(path, url.PathEscape([]string{herAddress, herRef, "eyJhbGciOiJub25lIn0"}[n]))
				with := []string{token, "", "lrl_" + herRef}[(n+asked)%3]
				code, answer := r.ask(t, strings.ToUpper(method), address+"?name="+url.QueryEscape(herName)+"&email="+url.QueryEscape(herAddress), with, body)
				if code >= 500 && code != http.StatusNotImplemented && code != http.StatusServiceUnavailable {
					t.Errorf("%s %s: %d %s", method, address, code, answer)
				}
				asked++
			}
		}
	}
	for _, odd := range []string{"/" + url.PathEscape(herName), "/credentials/" + url.PathEscape(herAddress) + "/nothing", "/c/" + herRef, "/v1/hooks/" + herRef + "/hook-secret-of-ours"} {
		r.ask(t, "GET", odd, "", "")
		r.ask(t, "PATCH", odd, token, bodies[0])
		asked += 2
	}
	return asked
}
