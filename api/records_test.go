package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
)

type page struct {
	Items []struct {
		ID, Achievement, Status, Issuer, ChangedAt, CredentialID string
		Credential                                               any
	}
	Next *string
}

func (w *world) list(query string, token string) (page, answer) {
	w.t.Helper()
	var p page
	a := w.do(request{method: "GET", path: "/v1/credentials" + query, token: token}).want(w.t, http.StatusOK)
	a.into(w.t, &p)
	return p, a
}

func TestListPagesThroughEverything(t *testing.T) {
	w := newWorld(t)
	var want []string
	for n := range 7 {
		want = append(want, w.issue(n).ID)
		w.clock.advance(time.Second)
	}
	var got []string
	query := "?limit=3"
	for pages := 0; ; pages++ {
		p, a := w.list(query, w.all)
		for _, item := range p.Items {
			got = append(got, item.ID)
			if item.Achievement != "healthy-city" || item.Status != "active" || item.Credential != nil {
				t.Errorf("%+v", item)
			}
		}
		link := a.header.Get("Link")
		if p.Next == nil {
			if link != "" || pages != 2 {
				t.Errorf("page %d, Link %q", pages, link)
			}
			break
		}
		if link != "<"+*p.Next+`>; rel="next"` || !strings.HasPrefix(*p.Next, w.base+"/v1/credentials?") {
			t.Fatalf("Link %q, next %q", link, *p.Next)
		}
		u, err := url.Parse(*p.Next)
		if err != nil {
			t.Fatal(err)
		}
		query = "?" + u.RawQuery
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestListFilters(t *testing.T) {
	w := newWorld(t)
	ids := map[int]string{}
	for n := range 3 {
		ids[n] = w.issue(n).ID
	}
	other := w.post("/v1/credentials", `{"achievement":"other-badge","recipient":{"name":"Zoë"},"awardedAt":"2025-07-11","externalRef":"r-9"}`).object(t)["id"].(string)
	w.clock.advance(time.Minute)
	since := w.clock.now().UTC().Format(time.RFC3339Nano)
	w.post("/v1/credentials/"+ids[1]+"/revoke", `{}`).want(t, http.StatusOK)
	all := []string{ids[0], ids[1], ids[2], other}
	for query, want := range map[string][]string{
		"":                                  all,
		"?limit=200":                        all,
		"?achievement=other-badge":          {other},
		"?achievement=workshop-participant": nil,
		"?achievement=never-heard-of":       nil,
		"?status=revoked":                   {ids[1]},
		"?status=active&achievement=healthy-city":               {ids[0], ids[2]},
		"?external_ref=r-9":                                     {other},
		"?external_ref=course-v1:Healthy%2BCity&status=revoked": {ids[1]},
		"?email=ana.2@learner.example":                          {ids[2]},
		"?email=ANA.2@Learner.example":                          {ids[2]},
		"?email=nobody@learner.example":                         nil,
		"?changed_since=" + since:                               {ids[1]},
		"?changed_since=2100-01-01":                             nil,
		"?changed_since=2020-01-01":                             all,
	} {
		p, _ := w.list(query, w.all)
		got := map[string]bool{}
		for _, item := range p.Items {
			got[item.ID] = true
		}
		if len(got) != len(want) {
			t.Errorf("%s: %d items, want %d", query, len(got), len(want))
		}
		for _, id := range want {
			if !got[id] {
				t.Errorf("%s: %s is missing", query, id)
			}
		}
	}
	mine, _ := w.list("", w.token(auth.Token{Scopes: []auth.Scope{auth.Read}, Issuers: []string{"other-school"}}))
	if len(mine.Items) != 1 || mine.Items[0].ID != other {
		t.Errorf("another issuer's token sees %+v", mine.Items)
	}
	none, _ := w.list("?email=ana.2@learner.example", w.token(auth.Token{Scopes: []auth.Scope{auth.Read}, Issuers: []string{"other-school"}}))
	if len(none.Items) != 0 {
		t.Errorf("it finds %+v by address", none.Items)
	}
}

func TestListRefuses(t *testing.T) {
	w := newWorld(t)
	for query, code := range map[string]string{
		"limit=0": "invalid_parameter", "limit=201": "invalid_parameter", "limit=ten": "invalid_parameter", "limit=": "invalid_parameter",
		"status=lost": "invalid_parameter", "achievement=Not+a+slug": "invalid_parameter", "changed_since=yesterday": "invalid_parameter",
		"cursor=!": "cursor_invalid", "cursor=bm90aGluZw": "cursor_invalid", "external-ref=x": "unknown_parameter", "limit=1&limit=2": "invalid_parameter",
		"%zz": "invalid_parameter",
	} {
		w.do(request{method: "GET", path: "/v1/credentials?" + query, token: w.all}).problem(t, http.StatusBadRequest, code)
	}
}

// What belongs to another issuer, what does not exist and what cannot exist
// answer alike.
func TestForeignRecordsAreUnknown(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	scopes := []auth.Scope{auth.Read, auth.Revoke, auth.Manage}
	foreign := w.token(auth.Token{Scopes: scopes, Issuers: []string{other}})
	for _, method := range []string{"GET", "POST"} {
		bodies := map[string]string{}
		for name, path := range map[string]string{"foreign": id, "unknown": "AAAAAAAAAAAAAAAAAAAAAA", "impossible": "x"} {
			path = "/v1/credentials/" + path
			if method == "POST" {
				path += "/revoke"
			}
			a := w.do(request{method: method, path: path, token: foreign})
			p := a.problem(t, http.StatusNotFound, "not_found")
			delete(p, "requestId")
			bodies[name] = fmt.Sprint(p)
		}
		if bodies["foreign"] != bodies["unknown"] || bodies["unknown"] != bodies["impossible"] {
			t.Errorf("%s: %v", method, bodies)
		}
	}
	if a := w.do(request{method: "GET", path: "/v1/credentials/" + id, token: w.token(auth.Token{Scopes: scopes})}); a.status != http.StatusOK {
		t.Errorf("its own issuer: %d", a.status)
	}
	if w.store.count("b/") != 0 {
		t.Error("a foreign token revoked it")
	}
	for _, path := range []string{"/v1/achievements/healthy-city", "/v1/issuers/city-school"} {
		w.do(request{method: "GET", path: path, token: foreign}).problem(t, http.StatusNotFound, "not_found")
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	first := w.post("/v1/credentials/"+id+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK).object(t)
	if first["status"] != "revoked" || first["reason"] != "issued_in_error" || first["statusAt"] == nil || first["credential"] == nil {
		t.Errorf("%v", first)
	}
	w.clock.advance(time.Hour)
	again := w.post("/v1/credentials/"+id+"/revoke", `{"reason":"something else"}`).want(t, http.StatusOK).object(t)
	if again["statusAt"] != first["statusAt"] || again["reason"] != first["reason"] {
		t.Errorf("%v", again)
	}
	record := w.do(request{method: "GET", path: "/v1/credentials/" + id, token: w.all}).want(t, http.StatusOK).object(t)
	if record["status"] != "revoked" || record["changedAt"] == "" {
		t.Errorf("%v", record)
	}
	other := w.issue(2).ID
	w.do(request{method: "POST", path: "/v1/credentials/" + other + "/revoke", token: w.all}).want(t, http.StatusOK) // no body: no reason
	third := w.issue(3).ID
	w.post("/v1/credentials/"+third+"/revoke", `{"reason":null}`).want(t, http.StatusOK)
	w.post("/v1/credentials/"+third+"/revoke", `{"why":"x"}`).problem(t, http.StatusBadRequest, "unknown_member")
	w.post("/v1/credentials/"+third+"/revoke", `{"reason":"x"}`, "Content-Type", "text/plain").problem(t, http.StatusUnsupportedMediaType, "unsupported_media_type")
	w.post("/v1/credentials/"+third+"/revoke", `{"reason":"`+strings.Repeat("x", 501)+`"}`).problem(t, http.StatusUnprocessableEntity, "too_long")
}
