package api_test

import (
	"net/http"
	"strings"
	"testing"

	"laurel/internal/auth"
)

type countsAnswer struct {
	Form                      string
	Test                      bool
	AsOf                      *string `json:"as_of"`
	Total, Countries, Regions *int
	ByCountry                 map[string]*int `json:"by_country"`
	ByMonth                   map[string]*int `json:"by_month"`
	ByState                   map[string]*int `json:"by_state"`
}

// fewPeople is a list of eight: five of one country, three of another.
func fewPeople() string {
	list := "ref,name,email,country,role\n"
	for n, country := range []string{"PT", "PT", "PT", "PT", "PT", "KE", "KE", "KE"} {
		id := string(rune('a' + n))
		list += id + ",Participant " + id + "," + id + "@roster.example," + country + ",participant\n"
	}
	return list
}

func TestStatistics(t *testing.T) {
	w := newWorld(t)
	w.roster("", fewPeople()).want(t, http.StatusOK)
	ask := func(query string) (a countsAnswer) {
		w.do(request{method: "GET", path: "/v1/statistics" + query}).want(t, http.StatusOK).into(t, &a)
		return a
	}
	if a := ask(""); a.Form != "public" || a.AsOf != nil || a.Total != nil {
		t.Errorf("before the first snapshot: %+v", a)
	}
	if err := w.programme.TakeSnapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"", "?achievement=workshop-participant", "?activity=uh-kit-2025&achievement=workshop-participant&edition=2025-1"} {
		a := ask(query)
		if a.Total == nil || *a.Total != 8 || a.ByCountry["KE"] != nil || a.ByCountry["PT"] != nil || a.AsOf == nil {
			t.Errorf("public %s: %+v", query, a)
		}
	}
	one := strings.Replace(fewPeople(), "h,Participant h", "i,Participant i", 1)
	w.roster("", strings.ReplaceAll(one, "h@roster", "i@roster")).want(t, http.StatusOK)
	if a := ask(""); *a.Total != 8 {
		t.Error("asking around one award shows it")
	}
	exact := func(limits auth.Token, query string) answer {
		limits.Scopes = []auth.Scope{auth.Stats}
		return w.do(request{method: "GET", path: "/v1/statistics" + query, token: w.token(limits)})
	}
	var a countsAnswer
	exact(auth.Token{}, "?achievement=workshop-participant").want(t, http.StatusOK).into(t, &a)
	if a.Form != "exact" || *a.Total != 9 || *a.ByCountry["KE"] != 4 || *a.ByCountry["PT"] != 5 || *a.ByState["active"] != 9 || len(a.ByMonth) != 1 {
		t.Errorf("exact: %+v", a)
	}
	a = countsAnswer{}
	exact(auth.Token{Country: "KE"}, "").want(t, http.StatusOK).into(t, &a)
	if *a.Total != 4 || len(a.ByCountry) != 1 {
		t.Errorf("of one country: %+v", a)
	}
	a = countsAnswer{}
	exact(auth.Token{Issuers: []string{other}}, "").want(t, http.StatusOK).into(t, &a)
	if *a.Total != 0 {
		t.Errorf("another issuer's: %+v", a)
	}
	exact(auth.Token{Country: "KE"}, "?country=PT").problem(t, http.StatusForbidden, "country_not_granted")
	exact(auth.Token{}, "?colour=red").problem(t, http.StatusBadRequest, "unknown_parameter")
	w.do(request{method: "GET", path: "/v1/statistics", token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}})}).problem(t, http.StatusForbidden, "scope_missing")
	w.do(request{method: "GET", path: "/v1/statistics?issuer=a&activity=b"}).problem(t, http.StatusBadRequest, "invalid_parameter")
	for _, bound := range []string{"country=KE", "state=active"} {
		p := w.do(request{method: "GET", path: "/v1/statistics?" + bound}).problem(t, http.StatusBadRequest, "invalid_parameter")
		if detail, _ := p["detail"].(string); !strings.Contains(detail, "Leave the parameter out") || !strings.Contains(detail, "stats") {
			t.Errorf("%s: %+v", bound, p)
		}
	}
	csv := w.do(request{method: "GET", path: "/v1/statistics?format=csv"}).want(t, http.StatusOK)
	if csv.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(string(csv.body), "hidden") {
		t.Errorf("%s: %s", csv.header.Get("Content-Type"), csv.body)
	}
}
