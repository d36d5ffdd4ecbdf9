package api_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/api"
	"laurel/api/cache"
	"laurel/issuer"
)

// keeping is a world whose clock stands still, so that no answer that is kept
// ends by itself, with a second service on the same store that keeps none: it
// tells what an answer has to be.
type keeping struct {
	*world
	plain http.Handler
}

func newKeeping(t *testing.T) *keeping {
	k := &keeping{}
	var cfg api.Config
	k.world = newSecureWorld(t, func(c *api.Config) { cfg = *c })
	cfg.Cache = nil
	k.plain = must(api.New(cfg))(t)
	k.clock.set(time.Now().UTC())
	return k
}

// publicly are requests whose answers are kept.
func publicly(id string) []request {
	get := func(path string, header ...string) request {
		return request{method: http.MethodGet, path: path, header: pairs(header)}
	}
	page := "/credentials/" + id
	return []request{
		get(page, "Accept", "text/html"), get(page, "Accept", "text/html", "Accept-Language", "fr"), get(page+"?lang=ar", "Accept", "text/html"),
		get("/v/"+id, "Accept", "text/html", "Accept-Encoding", "gzip"), get("/v/"+id, "Accept", "application/json"), get(page, "Accept", "text/plain"),
		get(page), get(page + ".jwt"), get(page + "/qr.svg"), get(page + "/qr.png"), get("/status/city-school-1"), get("/status/city-school-s1"),
	}
}

// now is what the service that keeps nothing answers.
func (k *keeping) now(r request) answer { return k.by(k.plain, r) }

// by is what a service answers.
func (k *keeping) by(service http.Handler, r request) answer {
	req := httptest.NewRequestWithContext(k.t.Context(), r.method, r.path, strings.NewReader(r.body))
	_, req.Host, _ = strings.Cut(k.base, "://")
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	service.ServeHTTP(w, req)
	return answer{w.Code, w.Result().Header, w.Body.Bytes()}
}

// hold asks for everything, twice, and demands what the service that keeps
// nothing says. It returns the answers.
func (k *keeping) hold(after string, ids ...string) map[string]string {
	k.t.Helper()
	all := map[string]string{}
	for _, id := range ids {
		for _, r := range publicly(id) {
			name := r.path + fmt.Sprint(r.header)
			want := k.now(r).same(id)
			for range 2 {
				if got := k.do(r).same(id); got != want {
					k.t.Errorf("after %s, %s is\n%.3000s\nand not\n%.3000s", after, name, got, want)
				}
			}
			all[name] = want
		}
	}
	return all
}

// Whatever changes shows in the very next answer: each is that of a service which
// keeps nothing.
func TestNoAnswerOutlivesAChange(t *testing.T) {
	k := newKeeping(t)
	k.licence()
	licence, course := k.issueOf("licence", 1), k.issue(2)
	of := "/v1/credentials/" + licence.ID
	change := func(method, path, body string) func() {
		return func() {
			a := k.do(request{method: method, path: path, body: body, token: k.all, header: map[string]string{"Content-Type": "application/json"}})
			if a.status >= 300 {
				t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
			}
		}
	}
	holder := func(what string) func() {
		return func() {
			a := k.tell("POST", k.claim(course)+what, "Content-Type", "application/x-www-form-urlencoded")
			if a.status >= 400 {
				t.Fatalf("%s: %d %s", what, a.status, a.body)
			}
		}
	}
	var endorsement endorsed
	key := must(k.keys.Ring.Issuer(city).Published(t.Context()))(t)[0]
	before := k.hold("the start", licence.ID, course.ID)
	for _, step := range []struct {
		name   string
		change func()
		shows  int // at least so many answers are others than before
	}{
		{"a suspension", change("POST", of+"/suspend", `{"reason":"under_review"}`), 6},
		{"its end", change("POST", of+"/reinstate", `{}`), 6},
		{"a correction", change("POST", of+"/reissue", `{"recipient":{"name":"Ana Moreno"}}`), 6},
		{"an endorser", change("PUT", "/v1/endorsers/cities-network", networkBody), 0},
		{"an endorsement", func() {
			k.post("/v1/endorsements", ourRequest).want(t, http.StatusCreated).into(t, &endorsement)
		}, 4},
		{"the end of the endorsement", func() { change("DELETE", "/v1/endorsements/"+endorsement.ID, "")() }, 4},
		{"another profile", change("PUT", "/v1/issuers/city-school", `{"name":"Example City School","linkedinOrganizationId":"1337"}`), 4},
		{"another version of an achievement", change("PUT", "/v1/achievements/licence",
			`{"issuer":"city-school","name":"Licence to teach","description":"May teach.","criteria":"Pass again.","suspendable":true,"version":"2"}`), 0},
		{"a hidden badge", holder("/hide"), 10},
		{"a badge shown again", holder("/show"), 10},
		{"another day", func() { k.clock.advance(24 * time.Hour) }, 4},
		{"a key that was revoked", func() {
			if err := k.keys.Ring.Revoke(context.Background(), city, key.ID, k.clock.now()); err != nil {
				t.Fatal(err)
			}
		}, 0},
		{"a revocation", change("POST", of+"/revoke", `{"reason":"issued_in_error"}`), 4},
		{"an erasure", change("DELETE", "/v1/credentials/"+course.ID+"/personal-data", ""), 10},
	} {
		step.change()
		after := k.hold(step.name, licence.ID, course.ID)
		differ := 0
		for name := range after {
			if after[name] != before[name] {
				differ++
			}
		}
		t.Logf("%s: %d answers are others", step.name, differ)
		if differ < step.shows {
			t.Errorf("%s shows in %d answers only", step.name, differ)
		}
		before = after
	}
}

// A badge ends at a moment, and nothing is committed then.
func TestNoAnswerOutlivesTheBadge(t *testing.T) {
	k := newKeeping(t)
	end := k.clock.now().Truncate(time.Second).Add(time.Hour)
	var b issued
	k.post("/v1/credentials", fmt.Sprintf(`{"achievement":"healthy-city","recipient":{"name":"Ana"},"awardedAt":"2025-07-11","validUntil":%q}`,
		end.Format(time.RFC3339))).want(t, http.StatusCreated).into(t, &b)
	k.clock.set(end.Add(-time.Millisecond))
	inForce := k.hold("the last second", b.ID)
	k.clock.set(end) // its very last moment, and the first of another second
	k.hold("its last moment", b.ID)
	k.clock.set(end.Add(time.Millisecond))
	for name, is := range k.hold("the end", b.ID) {
		if strings.HasPrefix(name, "/v/") && is == inForce[name] {
			t.Errorf("%s is as before: %.200s", name, is)
		}
	}
}

// While badges are changed by many, nobody who was told of a change gets an
// answer from before it.
func TestNoAnswerOutlivesAChangeUnderLoad(t *testing.T) {
	k := newKeeping(t)
	k.licence()
	b := k.issueOf("licence", 1)
	stop, idle := make(chan struct{}), k.issue(2)
	var load sync.WaitGroup
	for range 4 {
		load.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				for _, id := range []string{b.ID, idle.ID} {
					if a, err := k.send(request{method: "GET", path: "/v/" + id, header: map[string]string{"Accept": "text/html"}}); err != nil || a.status != http.StatusOK {
						t.Errorf("%d %v", a.status, err)
					}
				}
			}
		})
	}
	for n := range 20 {
		action, sign := "suspend", "Suspended"
		if n%2 == 1 {
			action, sign = "reinstate", "Valid"
		}
		k.post("/v1/credentials/"+b.ID+"/"+action, `{}`).want(t, http.StatusOK)
		var r struct{ Verdict string }
		k.get("/v/"+b.ID, "Accept", "application/json").into(t, &r)
		if page := k.page("/v/" + b.ID); (r.Verdict == "valid") != (n%2 == 1) || strings.Contains(page, "suspended by") && n%2 == 1 {
			t.Errorf("after %d, %s: the verdict is %s, not %s", n, action, r.Verdict, sign)
		}
		want := k.now(request{method: "GET", path: "/v/" + b.ID, header: map[string]string{"Accept": "text/html"}})
		if got := k.get("/v/"+b.ID, "Accept", "text/html"); got.same(b.ID) != want.same(b.ID) {
			t.Errorf("after %d, %s: the page is of before", n, action)
		}
	}
	close(stop)
	load.Wait()
}

// What is kept goes out like what was made: to HEAD without a body, as 304 to who
// has it, compressed to who takes it so, each with a number of its own and a line
// in the log, and to nobody under another name.
func TestKeptAnswersAreWhole(t *testing.T) {
	k := newKeeping(t)
	id := k.issue(1).ID
	path := "/credentials/" + id
	first, again := k.get(path), k.get(path)
	if first.same(id) != again.same(id) || first.header.Get("X-Request-Id") == again.header.Get("X-Request-Id") {
		t.Errorf("%v\n%v", first.header, again.header)
	}
	if line := again.header.Get("X-Request-Id"); strings.Count(k.log.String(), line) != 1 || !strings.Contains(k.log.String(), `"route":"/credentials/:id"`) {
		t.Error("the log has no line of what was kept")
	}
	tag := first.header.Get("ETag")
	for _, given := range []string{tag, "W/" + tag, `"x", ` + tag, "*"} {
		a := k.get(path, "If-None-Match", given).want(t, http.StatusNotModified)
		if len(a.body) > 0 || a.header.Get("ETag") != tag || a.header.Get("Content-Type") != "" || a.header.Get("Cache-Control") == "" {
			t.Errorf("%s: %v", given, a.header)
		}
	}
	k.get(path, "If-None-Match", `"other"`).want(t, http.StatusOK)
	if head := k.do(request{method: http.MethodHead, path: path}); head.status != http.StatusOK || len(head.body) > 0 || head.header.Get("Content-Length") != fmt.Sprint(len(first.body)) {
		t.Errorf("HEAD: %d %v", head.status, head.header)
	}
	page := k.page(path)
	for _, encoding := range []string{"gzip", "gzip;q=0", "br, gzip"} {
		for range 2 {
			a := k.get(path, "Accept", "text/html", "Accept-Encoding", encoding)
			body := string(a.body)
			if a.header.Get("Content-Encoding") == "gzip" {
				body = string(must(io.ReadAll(must(gzip.NewReader(strings.NewReader(body)))(t)))(t))
			}
			if body != page || (a.header.Get("Content-Encoding") == "gzip") == strings.Contains(encoding, "q=0") {
				t.Errorf("%s: %v", encoding, a.header)
			}
		}
	}
	k.post("/v1/credentials/"+id+"/reissue", `{"recipient":{"name":"Ana Moreno"}}`).want(t, http.StatusOK)
	if a := k.get(path, "If-None-Match", tag).want(t, http.StatusOK); a.header.Get("ETag") == tag {
		t.Error("the new edition has the tag of the old one")
	}
	k.do(request{method: "GET", path: path, host: "elsewhere.example"}).want(t, http.StatusMisdirectedRequest)
	k.store.fail(nil, io.ErrUnexpectedEOF)
	if a := k.get(path); a.status < 500 {
		t.Errorf("a store that cannot be read: %d", a.status)
	}
}

// However much is asked for, what is kept takes no more than its room, and what
// has left it is made anew.
func TestKeptAnswersAreBounded(t *testing.T) {
	const room = 300 << 10
	var cfg api.Config
	k := &keeping{world: newSecureWorld(t, func(c *api.Config) { cfg = *c })}
	cfg.Cache = nil
	k.plain = must(api.New(cfg))(t)
	kept := cache.New(cache.Config{Store: k.store, Changes: k.keys.Changes, Now: k.clock.now, Bytes: room})
	cfg.Cache = kept
	small := must(api.New(cfg))(t)
	k.clock.set(time.Now().UTC())
	for n := range 3 {
		id := k.issue(n + 1).ID
		for _, lang := range []string{"ar", "en", "es", "fr", "ru", "zh"} {
			r := request{method: http.MethodGet, path: "/credentials/" + id + "?lang=" + lang, header: map[string]string{"Accept": "text/html"}}
			want := k.now(r).same(id)
			for range 2 {
				if got := k.by(small, r).same(id); got != want {
					t.Errorf("%s: %.600s", r.path, got)
				}
			}
			if s := kept.Stats(); s.Bytes > room {
				t.Fatalf("%d bytes are kept", s.Bytes)
			}
		}
	}
	if s := kept.Stats(); s.Held == 0 || s.Held >= 18 || s.Hits < 18 {
		t.Errorf("%+v: nothing was kept, or nothing left", s)
	}
	k.clock.set(k.clock.now().Add(time.Second))
	k.by(small, request{method: http.MethodGet, path: "/credentials/" + k.issue(4).ID})
	if s := kept.Stats(); s.Held != 1 {
		t.Errorf("%d answers are held, and those of the second before are good for nobody", s.Held)
	}
}

// Another issuer's badges of the same service are untouched, and what is not a
// plain read is not kept at all.
func TestWhatIsNotKept(t *testing.T) {
	k := newKeeping(t)
	b := k.issue(1)
	id := b.ID
	for _, path := range []string{"/credentials/" + id + "?edition=1", "/v/" + id + "?format=json", "/credentials/AAAAAAAAAAAAAAAAAAAAAA", k.claim(b)} {
		for range 2 {
			a := k.get(path, "Accept", "text/html")
			if want := k.now(request{method: "GET", path: path, header: map[string]string{"Accept": "text/html"}}); a.same(id) != want.same(id) {
				t.Errorf("%s: %d, not %d", path, a.status, want.status)
			}
		}
	}
	if issuer.IsTest(city) {
		t.Error("the city issues trials")
	}
}
