package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"laurel/internal/auth"
)

func (w *world) put(path, body, token string) answer {
	w.t.Helper()
	return w.do(request{method: http.MethodPut, path: path, body: body, token: token, header: map[string]string{"Content-Type": "application/json"}})
}

const definition = `{"issuer":"city-school","version":"1","achievementType":"Badge","inLanguage":"en","ladder":{"group":"trams","rank":1},
	"name":{"en":"Tram driver","fr":"Conducteur de tram"},"description":{"en":"Drives."},"criteria":{"en":"Drive."},
	"resultDescription":[{"id":"score","type":["ResultDescription"],"name":"Score","resultType":"Percent","valueMin":"0","valueMax":"100","requiredValue":"80"}],
	"creditsAvailable":null,"tag":["trams"],"alignment":[],"validity":"P3Y","results":"score"}`

func TestAchievementsAreDefined(t *testing.T) {
	w := newWorld(t)
	a := w.put("/v1/achievements/tram-driver", definition, w.all).want(t, http.StatusCreated)
	b := a.object(t)
	if b["slug"] != "tram-driver" || b["url"] != w.base+"/achievements/tram-driver" || a.header.Get("Location") != "/achievements/tram-driver" {
		t.Errorf("%s", a.body)
	}
	w.clock.advance(1e9)
	w.put("/v1/achievements/tram-driver", strings.Replace(definition, "Drive.", "Drive well.", 1), w.all).want(t, http.StatusOK)
	got := w.do(request{method: "GET", path: "/v1/achievements/tram-driver", token: w.all}).want(t, http.StatusOK).object(t)
	if fmt.Sprint(got["criteria"]) != "map[en:Drive well.]" {
		t.Errorf("%v", got)
	}
	body := strings.Replace(award(1), "healthy-city", "tram-driver", 1)
	w.post("/v1/credentials", strings.Replace(body, `"language"`, `"results":[{"resultDescription":"score","value":"79"}],"language"`, 1)).
		problem(t, http.StatusUnprocessableEntity, "result_below_required")
	w.post("/v1/credentials", body).want(t, http.StatusCreated)
	// What was signed stays; a change needs a version.
	w.put("/v1/achievements/tram-driver", definition, w.all).problem(t, http.StatusConflict, "conflict")
	w.put("/v1/achievements/tram-driver", strings.Replace(definition, `"version":"1"`, `"version":"2"`, 1), w.all).want(t, http.StatusOK)
	var list struct{ Items []struct{ Slug string } }
	w.do(request{method: "GET", path: "/v1/achievements", token: w.token(auth.Token{Scopes: []auth.Scope{auth.Issue}})}).want(t, http.StatusOK).into(t, &list)
	if fmt.Sprint(list.Items) != "[{healthy-city} {tram-driver} {workshop-participant}]" {
		t.Errorf("%v", list.Items)
	}
}

// Who acts for one issuer defines nothing that tells who holds what others award.
func TestRestsOnOwnAchievements(t *testing.T) {
	w := newWorld(t)
	stranger := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}, Issuers: []string{other}})
	theirs := strings.Replace(definition, "city-school", other, 1)
	for _, part := range []string{"healthy-city", "nothing-such"} {
		a := w.put("/v1/achievements/theirs", strings.Replace(theirs, `"ladder"`, `"requires":{"any":["`+part+`"]},"ladder"`, 1), stranger)
		if a.problem(t, http.StatusForbidden, "issuer_not_granted"); !strings.Contains(string(a.body), `"/requires"`) {
			t.Errorf("%s: %s", part, a.body)
		}
	}
	w.put("/v1/achievements/theirs", theirs, stranger).want(t, http.StatusCreated)
	w.put("/v1/achievements/their-whole", strings.Replace(theirs, `"ladder"`, `"requires":{"any":["theirs"]},"ladder"`, 1), stranger).want(t, http.StatusCreated)
}

func TestWhatAnAchievementRestsOnIsKept(t *testing.T) {
	w := newWorld(t)
	whole := strings.Replace(definition, `"ladder"`, `"requires":{"n_of":{"n":1,"of":["healthy-city","workshop-participant"]}},"suspendable":true,"embedEndorsements":true,"ladder"`, 1)
	w.put("/v1/achievements/whole", whole, w.all).want(t, http.StatusCreated)
	get := func() map[string]any {
		b := w.do(request{method: "GET", path: "/v1/achievements/whole", token: w.all}).want(t, http.StatusOK).object(t)
		for _, ours := range []string{"createdAt", "changedAt", "url"} {
			delete(b, ours)
		}
		return b
	}
	before := get()
	if fmt.Sprint(before["requires"]) != "map[n_of:map[n:1 of:[healthy-city workshop-participant]]]" {
		t.Errorf("requires: %v", before["requires"])
	}
	w.clock.advance(1e9)
	w.put("/v1/achievements/whole", string(must(json.Marshal(before))(t)), w.all).want(t, http.StatusOK)
	if after := get(); !reflect.DeepEqual(before, after) {
		t.Errorf("before %v\nafter  %v", before, after)
	}
	circle := w.put("/v1/achievements/workshop-participant", strings.Replace(definition, `"ladder"`, `"requires":{"all":["whole"]},"ladder"`, 1), w.all)
	if circle.problem(t, http.StatusUnprocessableEntity, "circular"); !strings.Contains(string(circle.body), `"/requires/all/0"`) {
		t.Errorf("%s", circle.body)
	}
	for given, pointer := range map[string]string{
		`{}`:                                     "/requires",
		`{"all":["healthy-city","whole"]}`:       "/requires/all/1",
		`{"any":["Not one"]}`:                    "/requires/any/0",
		`{"n_of":{"n":2,"of":["healthy-city"]}}`: "/requires/n_of/n",
		`{"n_of":{"n":1,"of":["workshop-participant","-"]}}`: "/requires/n_of/of/1",
	} {
		a := w.put("/v1/achievements/whole", strings.Replace(definition, `"ladder"`, `"requires":`+given+`,"ladder"`, 1), w.all).want(t, http.StatusUnprocessableEntity)
		if !strings.Contains(string(a.body), `"`+pointer+`"`) {
			t.Errorf("%s: %s", given, a.body)
		}
	}
}

func TestInlineRestsOnNothing(t *testing.T) {
	w := newWorld(t)
	a := w.post("/v1/credentials", `{"achievement":{"name":"x","description":"x","criteria":"x","requires":{"all":["healthy-city"]}},"recipient":{"name":"Ana"},"awardedAt":"2025-07-11"}`)
	if a.want(t, http.StatusUnprocessableEntity); !strings.Contains(string(a.body), `"/achievement/requires"`) {
		t.Errorf("%s", a.body)
	}
}

func TestAchievementsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for name, tc := range map[string]struct {
		slug, old, new string
		status         int
		code           string
	}{
		"an unknown member":        {"x", `"tag"`, `"tags"`, 400, "unknown_member"},
		"a number for a text":      {"x", `"Tram driver"`, `5`, 400, "wrong_type"},
		"an unknown issuer":        {"x", "city-school", "nobody", 422, "issuer_unknown"},
		"another slug in the body": {"x", `"version"`, `"slug":"y","version"`, 422, "slug_mismatch"},
		"no slug":                  {"Not%20one", `"version"`, `"version"`, 400, "slug_invalid"},
		"a change of dates":        {"x", `"version"`, `"createdAt":"2020-01-01T00:00:00Z","version"`, 400, "unknown_member"},
		"no such type":             {"x", `"Badge"`, `"Medal"`, 422, "achievement_type_unknown"},
		"too large":                {"x", `"Drives."`, `"` + strings.Repeat("x", 256<<10) + `"`, 413, "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Replace(definition, tc.old, tc.new, 1)
			w.put("/v1/achievements/"+tc.slug, body, w.all).problem(t, tc.status, tc.code)
		})
	}
	manager := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}, Issuers: []string{other}})
	w.put("/v1/achievements/x", definition, manager).problem(t, http.StatusForbidden, "issuer_not_granted")
	w.put("/v1/achievements/healthy-city", strings.Replace(definition, "city-school", "other-school", 1), manager).problem(t, http.StatusForbidden, "belongs_to_another_issuer")
	w.put("/v1/achievements/x", strings.Replace(definition, `"issuer":"city-school",`, "", 1), w.all).problem(t, 422, "required")
	w.put("/v1/achievements/mine", strings.Replace(definition, `"issuer":"city-school",`, "", 1), manager).want(t, http.StatusCreated)
}

func TestIssuersAreDefined(t *testing.T) {
	w := newWorld(t)
	manager := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage, auth.Read}})
	w.clock.advance(1e9)
	a := w.put("/v1/issuers/city-school", `{"name":"City School","url":"https://city.example/","email":null,"plainOnly":true}`, manager).want(t, http.StatusOK)
	if b := a.object(t); b["name"] != "City School" || b["page"] != w.base+"/issuers/city-school" || !strings.HasPrefix(b["id"].(string), "did:key:") {
		t.Errorf("%s", a.body)
	}
	got := w.do(request{method: "GET", path: "/v1/issuers/city-school", token: manager}).want(t, http.StatusOK).object(t)
	if got["plainOnly"] != true || got["email"] != nil {
		t.Errorf("%v", got)
	}
	w.put("/v1/issuers/city-school", `{"name":"x","id":"did:web:evil.example"}`, manager).problem(t, 400, "unknown_member")
	w.put("/v1/issuers/city-school", `{"url":"x"}`, manager).problem(t, 422, "several_faults")
	w.put("/v1/issuers/other-school", `{"name":"x"}`, manager).problem(t, 403, "issuer_not_granted")
	w.put("/v1/issuers/Not%20one", `{"name":"x"}`, w.all).problem(t, 400, "slug_invalid")
	// Under an http address an issuer is its key, so it needs one first.
	w.put("/v1/issuers/keyless", `{"name":"x"}`, w.all).problem(t, 409, "issuer_without_key")
}
