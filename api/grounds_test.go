package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"laurel/internal/auth"
)

// earned uploads a list of one person and returns the id of the badge.
func (w *world) earned(row string) string {
	w.t.Helper()
	a := w.do(request{method: "POST", path: "/v1/rosters/uh-kit-2025", token: w.all, body: "ref,name,email\n" + row + "\n", header: map[string]string{"Content-Type": "text/csv"}})
	var list listAnswer
	a.want(w.t, http.StatusOK).into(w.t, &list)
	if len(list.Rows) != 1 || list.Rows[0].Credential == "" {
		w.t.Fatalf("%s", a.body)
	}
	return list.Rows[0].Credential[strings.LastIndexByte(list.Rows[0].Credential, '/')+1:]
}

// What led to a badge is told to staff of its activity and issuer, in the words of
// that time, and to nobody else.
func TestGrounds(t *testing.T) {
	w := newWorld(t)
	id := w.earned("W-1,Ana Prado,ana@roster.example")
	path := "/v1/credentials/" + id + "/award"
	ask := func(of auth.Token) answer {
		of.Scopes = []auth.Scope{auth.Read}
		return w.do(request{method: "GET", path: path, token: w.token(of)})
	}
	var first, later struct {
		Credential, Achievement, Activity, Edition, State, RulesVersion, Upload string
		EarnedAt                                                                time.Time
		Rule                                                                    json.RawMessage
		Facts                                                                   struct{ Roles map[string]time.Time }
		Direct                                                                  bool
	}
	a := w.do(request{method: "GET", path: path, token: w.all}).want(t, http.StatusOK)
	a.into(t, &first)
	if first.Achievement != "workshop-participant" || first.Activity != "uh-kit-2025" || first.State != "issued" || len(first.RulesVersion) != 16 || first.Upload == "" ||
		!strings.HasSuffix(first.Credential, "/credentials/"+id) || first.Facts.Roles["participant"].IsZero() || !bytes.Contains(first.Rule, []byte(`"role_in"`)) || first.Direct {
		t.Errorf("%s", a.body)
	}
	// The rules change; what decided then stays.
	w.with(w.all, "PUT", "/v1/activities/uh-kit-2025", `{"id":"uh-kit-2025","kind":"workshop","edition":"2025-1","start":"2025-06-17","end":"2025-06-20",
		"award_rules":[{"achievement":"healthy-city","all":[{"role_in":["speaker"]}]}]}`).want(t, http.StatusOK)
	w.do(request{method: "GET", path: path, token: w.all}).want(t, http.StatusOK).into(t, &later)
	if later.RulesVersion != first.RulesVersion || !bytes.Equal(later.Rule, first.Rule) {
		t.Errorf("another rule: %s, and was %s", later.Rule, first.Rule)
	}
	for name, c := range map[string]struct {
		token auth.Token
		want  int
	}{
		"its issuer":       {auth.Token{Issuers: []string{city}}, http.StatusOK},
		"its activity":     {auth.Token{Activities: []string{"uh-kit-2025"}}, http.StatusOK},
		"another activity": {auth.Token{Activities: []string{"another"}}, http.StatusNotFound},
		"another issuer":   {auth.Token{Issuers: []string{other}}, http.StatusNotFound},
		"a country":        {auth.Token{Country: "KE"}, http.StatusForbidden},
		"a trial":          {auth.Token{Test: true}, http.StatusNotFound},
	} {
		if c.token.Issuers == nil {
			c.token.Issuers = []string{auth.Any}
		}
		if a := ask(c.token); a.status != c.want {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	w.do(request{method: "GET", path: "/v1/credentials/" + w.issue(1).ID + "/award", token: w.all}).problem(t, http.StatusNotFound, "not_found")
	w.do(request{method: "DELETE", path: "/v1/credentials/" + id + "/personal-data", token: w.all}).want(t, http.StatusOK)
	if a := w.do(request{method: "GET", path: path, token: w.all}); a.status != http.StatusNotFound {
		t.Errorf("of somebody who was erased: %d %s", a.status, a.body)
	}
}

// The console shows it on the page of the badge, in the language of the page, and the
// public pages do not.
func TestConsoleGrounds(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	id := w.earned("W-1,Ana Prado,ana@roster.example")
	var told struct{ RulesVersion string }
	w.do(request{method: "GET", path: "/v1/credentials/" + id + "/award", token: w.all}).want(t, http.StatusOK).into(t, &told)
	for lang, words := range map[string][]string{"en": {"What led to it", "Version of the rules", "Role"}, "fr": {"Ce qui y a mené", "Version des règles", "Rôle"},
		"es": {"Qué llevó a ella", "Versión de las reglas", "Función"}, "ar": {"ما أدى إليها", "إصدار القواعد", "الدور"},
		"ru": {"Что к нему привело", "Версия правил", "Роль"}, "zh": {"颁发依据", "规则版本", "角色"}} {
		page := s.page("/console/badges/"+id+"?lang="+lang).want(t, http.StatusOK)
		for _, text := range append(words, told.RulesVersion, "role_in", ">participant<", "uh-kit-2025") {
			if !bytes.Contains(page.body, []byte(text)) {
				t.Errorf("%s: %q is missing in %s", lang, text, page.body)
			}
		}
	}
	if page := s.page("/console/badges/"+w.issue(1).ID).want(t, http.StatusOK); bytes.Contains(page.body, []byte("What led to it")) {
		t.Error("something led to a badge that was issued directly")
	}
	for _, path := range []string{"/v/" + id, "/credentials/" + id, "/credentials/" + id + ".json"} {
		if page := w.get(path).want(t, http.StatusOK); bytes.Contains(page.body, []byte(told.RulesVersion)) || bytes.Contains(page.body, []byte("role_in")) {
			t.Errorf("%s tells it: %s", path, page.body)
		}
	}
}
