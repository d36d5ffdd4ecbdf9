package api_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"laurel/feed"
	"laurel/internal/auth"
)

type eventPage struct {
	Items  []feed.Event
	Cursor string
	Next   *string
}

// events follows the links from an address on.
func (w *world) events(query, token string) (all []feed.Event, cursor string) {
	w.t.Helper()
	for {
		var p eventPage
		a := w.do(request{method: "GET", path: "/v1/events" + query, token: token}).want(w.t, http.StatusOK)
		a.into(w.t, &p)
		all = append(all, p.Items...)
		link := a.header.Get("Link")
		if p.Next == nil {
			if link != "" {
				w.t.Errorf("Link %q on the last page", link)
			}
			return all, p.Cursor
		}
		u, err := url.Parse(*p.Next)
		if err != nil || link != "<"+*p.Next+`>; rel="next"` || !strings.HasPrefix(*p.Next, w.base+"/v1/events?") {
			w.t.Fatalf("Link %q, next %q", link, *p.Next)
		}
		query = "?" + u.RawQuery
	}
}

func (w *world) sequence() {
	w.t.Helper()
	if _, err := w.audit.Sequence(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.sequence()
	_, cursor := w.events("?limit=1", w.all)
	id := w.issue(1).ID
	w.post("/v1/credentials", `{"achievement":"other-badge","recipient":{"name":"Zoë"},"awardedAt":"2025-07-11"}`).want(t, http.StatusCreated)
	w.post("/v1/credentials/"+id+"/revoke", `{"reason":"issued_in_error"}`).want(t, http.StatusOK)
	w.sequence()
	reader := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}})
	for limit, want := range map[string]int{"1": 2, "200": 2} {
		mine, end := w.events("?after="+cursor+"&limit="+limit, reader)
		if len(mine) != want || mine[0].Type != feed.CredentialIssued || mine[1].Type != feed.CredentialRevoked || mine[1].Subject != id ||
			mine[1].Data.Reason != "issued_in_error" || mine[1].Data.VerifyURL != w.base+"/v/"+id {
			t.Errorf("%+v", mine)
		}
		if more, same := w.events("?after="+end, reader); len(more) != 0 || same != end {
			t.Errorf("behind the last one: %+v, cursor %s", more, same)
		}
	}
	all, _ := w.events("?after="+cursor, w.all)
	if len(all) != 3 || !slices.ContainsFunc(all, func(e feed.Event) bool { return e.Issuer == other }) {
		t.Errorf("who sees everything is told %+v", all)
	}
}

func TestEventsRefuses(t *testing.T) {
	w := newWorld(t)
	for query, code := range map[string]string{
		"limit=0": "invalid_parameter", "limit=201": "invalid_parameter", "cursor=0": "unknown_parameter", "after=!": "cursor_invalid",
		"after=0&after=0": "invalid_parameter",
	} {
		w.do(request{method: "GET", path: "/v1/events?" + query, token: w.all}).problem(t, http.StatusBadRequest, code)
	}
	w.do(request{method: "GET", path: "/v1/events?after=1000-0123456789ab", token: w.all}).problem(t, http.StatusGone, "cursor_gone")
	w.get("/v1/events").problem(t, http.StatusUnauthorized, "token_missing")
	for _, limits := range []auth.Token{{Scopes: []auth.Scope{auth.Issue}}, {Scopes: []auth.Scope{auth.Read}, Country: "KE"}, {Scopes: []auth.Scope{auth.Read}, Activities: []string{"uh-kit-2025"}}} {
		w.do(request{method: "GET", path: "/v1/events", token: w.token(limits)}).want(t, http.StatusForbidden)
	}
}
