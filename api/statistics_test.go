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

// TestTrialsAreNotCounted: however many there are, neither the public nor who
// sees everything is told of one; whoever tries is, in JSON and in CSV, and told
// what they are.
func TestTrialsAreNotCounted(t *testing.T) {
	w := newWorld(t)
	live, test := w.both()
	list := request{method: "POST", path: "/v1/rosters/uh-kit-2025", body: fewPeople(), token: test, header: map[string]string{"Content-Type": "text/csv"}}
	w.do(list).want(t, http.StatusOK)
	counted := func(token, query string) (a countsAnswer) {
		t.Helper()
		if err := w.programme.TakeSnapshot(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.do(request{method: "GET", path: "/v1/statistics" + query, token: token}).want(t, http.StatusOK).into(t, &a)
		return a
	}
	for _, query := range []string{"", "?achievement=workshop-participant", "?activity=uh-kit-2025", "?issuer=" + city, "?issuer=test-" + city} {
		if a := counted("", query); a.Form != "public" || a.Total != nil || a.ByCountry != nil || a.Test {
			t.Errorf("the public is told %s: %+v", query, a)
		}
		if a := counted(live, query); *a.Total != 0 || len(a.ByCountry) != 0 || a.Test {
			t.Errorf("staff are told %s: %+v", query, a)
		}
		if a := counted(test, query); *a.Total != 8 || *a.ByCountry["KE"] != 3 || !a.Test {
			t.Errorf("who tries is told %s: %+v", query, a)
		}
	}
	csv := func(token string) string {
		return string(w.do(request{method: "GET", path: "/v1/statistics?format=csv", token: token}).want(t, http.StatusOK).body)
	}
	if got := csv(test); !strings.HasPrefix(got, "dimension,key,count\r\ntest,,true\r\ntotal,,8\r\n") {
		t.Errorf("the CSV of trials: %s", got)
	}
	list.token = live
	w.do(list).want(t, http.StatusOK)
	if a := counted("", "?achievement=workshop-participant"); a.Total == nil || *a.Total != 8 {
		t.Errorf("what counts, beside as many trials: %+v", a)
	}
	if got := csv(live); !strings.HasPrefix(got, "dimension,key,count\r\ntotal,,8\r\n") {
		t.Errorf("the CSV of what counts: %s", got)
	}
}
