package api_test

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"laurel/api"
	"laurel/api/sessions"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/store"
)

// staff is a browser of somebody at the console.
type staff struct {
	*world
	cookie, mark string
}

// consoleCookie is the cookie of an answer; nil where it sets none.
func consoleCookie(a answer) *http.Cookie {
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if strings.HasSuffix(c.Name, "laurel") {
			return c
		}
	}
	return nil
}

var ownPage = []string{"Sec-Fetch-Site", "same-origin"}

// signIn opens a session with a token.
func (w *world) signIn(token string) *staff {
	w.t.Helper()
	a := w.post("/console/sign-in", url.Values{"token": {token}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...).want(w.t, http.StatusSeeOther)
	c := consoleCookie(a)
	if c == nil || c.Value == "" {
		w.t.Fatal("no cookie")
	}
	s := &staff{world: w, cookie: c.Name + "=" + c.Value}
	m := regexp.MustCompile(`name="mark" value="([^"]+)"`).FindSubmatch(s.page("/console").want(w.t, http.StatusOK).body)
	if m == nil {
		w.t.Fatal("the console has no form with a mark")
	}
	s.mark = string(m[1])
	return s
}

// page opens a page of the console.
func (s *staff) page(path string) answer {
	s.t.Helper()
	return s.do(request{method: http.MethodGet, path: path, header: map[string]string{"Cookie": s.cookie, "Accept": "text/html"}})
}

// send sends a form as a page of this session would.
func (s *staff) send(path string, form url.Values) answer {
	s.t.Helper()
	if form == nil {
		form = url.Values{}
	}
	if !form.Has("mark") {
		form.Set("mark", s.mark)
	}
	return s.raw(path, form.Encode(), ownPage...)
}

func (s *staff) raw(path, body string, header ...string) answer {
	s.t.Helper()
	h := pairs(append([]string{"Cookie", s.cookie, "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded"}, header...))
	return s.do(request{method: http.MethodPost, path: path, body: body, header: h})
}

// sendFile sends a form with a file.
func (s *staff) sendFile(path string, form map[string]string, file string) answer {
	s.t.Helper()
	body, mediaType := s.withFile(form, file)
	return s.do(request{method: http.MethodPost, path: path, body: body, header: map[string]string{"Cookie": s.cookie, "Accept": "text/html",
		"Content-Type": mediaType, "Sec-Fetch-Site": "same-origin"}})
}

func (s *staff) withFile(form map[string]string, file string) (body, mediaType string) {
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	form["mark"] = s.mark
	for name, value := range form {
		_ = m.WriteField(name, value)
	}
	if file != "" {
		part, _ := m.CreateFormFile("file", "list.csv")
		_, _ = io.WriteString(part, file)
	}
	_ = m.Close()
	return b.String(), m.FormDataContentType()
}

// hidden are the hidden fields of the form of a page that leads to an address.
func (a answer) hidden(t *testing.T, action string) map[string]string {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for n := range doc.Descendants() {
		if n.Data != "form" || !strings.HasPrefix(attr(n, "action"), action) {
			continue
		}
		for e := range n.Descendants() {
			if e.Data == "input" && attr(e, "type") == "hidden" {
				out[attr(e, "name")] = attr(e, "value")
			}
		}
	}
	if len(out) == 0 {
		t.Fatalf("no form leads to %s: %.600s", action, a.body)
	}
	return out
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func signedOut(a answer) bool {
	return a.status == http.StatusSeeOther && strings.HasPrefix(a.header.Get("Location"), "/console/sign-in") ||
		a.status == http.StatusUnauthorized && bytes.Contains(a.body, []byte(`id="token"`))
}

func TestConsoleSession(t *testing.T) {
	for name, open := range map[string]func(*testing.T, ...setting) *world{"http": newWorld, "https": newSecureWorld} {
		t.Run(name, func(t *testing.T) {
			w := open(t)
			if a := w.get("/console", "Accept", "text/html"); !signedOut(a) {
				t.Fatalf("without a session: %d %.200s", a.status, a.body)
			}
			// A token at the one door is nothing at the other.
			if a := w.do(request{method: "GET", path: "/console", token: w.all}); !signedOut(a) {
				t.Errorf("a token in the header opens the console: %d", a.status)
			}
			s := w.signIn(w.all)
			if a := w.do(request{method: "GET", path: "/v1/credentials", header: map[string]string{"Cookie": s.cookie}}); a.status != http.StatusUnauthorized {
				t.Errorf("a cookie opens the API: %d", a.status)
			}
			a := s.page("/console").want(t, http.StatusOK)
			if a.header.Get("Cache-Control") != "no-store" || a.header.Get("Referrer-Policy") != "same-origin" || a.header.Get("X-Robots-Tag") != "noindex" ||
				!strings.Contains(a.header.Get("Content-Security-Policy"), "default-src 'none'") || !strings.Contains(a.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") ||
				strings.Contains(a.header.Get("Content-Security-Policy"), "unsafe") || a.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("headers: %v", a.header)
			}
			if a := s.page("/console/sign-in").want(t, http.StatusSeeOther); a.header.Get("Cache-Control") != "no-store" {
				t.Errorf("whoever is signed in: %v", a.header)
			}
			door := w.post("/console/sign-in", url.Values{"token": {w.all}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...).want(t, http.StatusSeeOther)
			if door.header.Get("Cache-Control") != "no-store" {
				t.Errorf("with the cookie: %v", door.header)
			}
			s.sendFile("/console/sign-in", map[string]string{"token": w.all}, "").want(t, http.StatusUnsupportedMediaType)
			s.raw("/console/sign-in", url.Values{"token": {strings.Repeat("x", 5<<10)}}.Encode(), ownPage...).want(t, http.StatusRequestEntityTooLarge)
			if a := s.send("/console/sign-out", nil).want(t, http.StatusSeeOther); consoleCookie(a) == nil || consoleCookie(a).MaxAge >= 0 {
				t.Errorf("the cookie stays: %v", a.header)
			}
			if a := s.page("/console"); !signedOut(a) {
				t.Errorf("after signing out: %d", a.status)
			}
		})
	}
}

func TestConsoleCookie(t *testing.T) {
	for name, open := range map[string]func(*testing.T, ...setting) *world{"laurel": newWorld, "__Host-laurel": newSecureWorld} {
		w := open(t)
		a := w.post("/console/sign-in", url.Values{"token": {w.all}, "next": {"/console/badges"}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...)
		c := consoleCookie(a)
		if c == nil || c.Name != name || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.Secure != strings.HasPrefix(name, "__Host-") {
			t.Fatalf("cookie %+v", c)
		}
		if !strings.HasPrefix(a.header.Get("Location"), "/console/badges?") {
			t.Errorf("leads to %s", a.header.Get("Location"))
		}
		if strings.Contains(w.log.String(), w.all) || strings.Contains(w.log.String(), c.Value) {
			t.Error("a secret is in the log")
		}
		// The store holds a digest of what the browser shows, and no token text.
		seen := 0
		err := w.store.Store.View(t.Context(), func(r store.Reader) error {
			return r.Scan(nil, nil, func(k, v []byte) error {
				seen++
				if bytes.Contains(k, []byte(c.Value)) || bytes.Contains(v, []byte(c.Value)) || bytes.Contains(v, []byte(w.all)) {
					t.Errorf("%s holds a secret", k)
				}
				return nil
			})
		})
		if err != nil || seen == 0 || w.store.count("ts/") != 1 {
			t.Errorf("%d records, %d sessions, %v", seen, w.store.count("ts/"), err)
		}
	}
}

// Where to go after signing in is a page of the console, whatever a link says.
func TestConsoleLeadsNowhereElse(t *testing.T) {
	w := newWorld(t)
	for _, next := range []string{"https://evil.example/console", "//evil.example/console", "/console/../v1/keys", "/console/badges?email=a@b", "/credentials/x", "/console/sign-out", "\\evil", "/console\r\nX: y", "/console//evil.example"} {
		a := w.post("/console/sign-in", url.Values{"token": {w.all}, "next": {next}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...).want(t, http.StatusSeeOther)
		if !strings.HasPrefix(a.header.Get("Location"), "/console?") {
			t.Errorf("%q leads to %q", next, a.header.Get("Location"))
		}
	}
}

func TestConsoleSessionsEnd(t *testing.T) {
	limits := auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}}
	for name, end := range map[string]func(w *world, token auth.Token){
		"quiet":     func(w *world, _ auth.Token) { w.clock.advance(sessions.Idle) },
		"withdrawn": func(w *world, token auth.Token) { must(w.tokens.Revoke(t.Context(), token.ID))(t) },
		"run out":   func(w *world, _ auth.Token) { w.clock.advance(20 * time.Minute) },
		"long": func(w *world, _ auth.Token) {
			for range 12 * 3 {
				w.clock.advance(20 * time.Minute)
				_ = w.get("/healthz")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			l := limits
			if name == "run out" {
				l.Expires = w.clock.now().Add(15 * time.Minute)
			}
			token, text, err := w.tokens.Create(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			s := w.signIn(text)
			end(w, token)
			if a := s.page("/console"); !signedOut(a) {
				t.Errorf("a page: %d %.200s", a.status, a.body)
			}
			if a := s.send("/console/badges", nil); !signedOut(a) {
				t.Errorf("a form: %d %.200s", a.status, a.body)
			}
		})
	}
}

// A session that is used goes on, and still ends.
func TestConsoleSessionOfWhoIsThere(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	began := w.clock.now()
	for w.clock.now().Sub(began) < sessions.Absolute-20*time.Minute {
		w.clock.advance(15 * time.Minute)
		s.page("/console").want(t, http.StatusOK)
	}
	w.clock.advance(25 * time.Minute)
	if a := s.page("/console"); !signedOut(a) {
		t.Errorf("after %v: %d", w.clock.now().Sub(began), a.status)
	}
	w.signIn(w.all)
	if n := w.store.count("ts/"); n != 1 {
		t.Errorf("%d sessions are kept, one is open", n)
	}
	for range 30 {
		w.post("/console/sign-in", url.Values{"token": {w.all}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...)
	}
	if n := w.store.count("ts/"); n > 20 {
		t.Errorf("%d sessions of one token", n)
	}
}

func TestWrongTokensAtTheConsole(t *testing.T) {
	w := newWorld(t)
	try := func(token string) answer {
		return w.post("/console/sign-in", url.Values{"token": {token}}.Encode(), append(ownPage, "Content-Type", "application/x-www-form-urlencoded")...)
	}
	wrong := w.all[:len(w.all)-12] + "AAAAAAAAAAAA"
	for _, token := range []string{"", "x", wrong, "<script>alert(1)</script>"} {
		a := try(token).want(t, http.StatusUnauthorized)
		if consoleCookie(a) != nil || bytes.Contains(a.body, []byte("<script")) || len(token) > 5 && bytes.Contains(a.body, []byte(token)) {
			t.Errorf("%q: %v %.300s", token, a.header, a.body)
		}
	}
	for range 10 {
		try("x")
	}
	if a := try("x").want(t, http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Error("it is not said how long to wait")
	}
	try(w.all).want(t, http.StatusSeeOther) // who has a token is not kept out by who has none
}

// filledPage is a path of the console with names of the right form in it.
func filledPage(path string) string { return filled(path) }

// TestConsoleTakesNoForeignForms: no page that changes something does it without
// the mark of the session, or at the wish of another site.
func TestConsoleTakesNoForeignForms(t *testing.T) {
	w := newWorld(t)
	id := w.issue(1).ID
	s, another := w.signIn(w.all), w.signIn(w.all)
	records := w.store.count("u/")
	posts := 0
	for _, p := range api.ConsolePages() {
		if p.Method != http.MethodPost {
			continue
		}
		posts++
		path := strings.ReplaceAll(filledPage(p.Path), strings.Repeat("A", 22), id)
		form := func(mark string) string {
			return url.Values{"mark": {mark}, "key": {"k"}, "reason": {"fraud"}, "token": {w.all}}.Encode()
		}
		if !p.Door {
			for name, mark := range map[string]string{"none": "", "of another session": another.mark, "made up": strings.Repeat("A", 43)} {
				a := s.raw(path, form(mark), ownPage...)
				if a.status != http.StatusForbidden || !bytes.Contains(a.body, []byte("<html")) {
					t.Errorf("%s with a mark %s: %d %.200s", p.Path, name, a.status, a.body)
				}
			}
		}
		for name, header := range map[string][]string{"another site": {"Sec-Fetch-Site", "cross-site"}, "a sibling": {"Sec-Fetch-Site", "same-site"},
			"a foreign origin": {"Origin", "https://evil.example"}, "no origin": {"Origin", "null"}} {
			a := s.raw(path, form(s.mark), header...)
			if a.status != http.StatusForbidden || consoleCookie(a) != nil {
				t.Errorf("%s from %s: %d %.200s", p.Path, name, a.status, a.body)
			}
		}
		for _, mt := range []string{"text/plain", "application/json", ""} {
			if a := s.raw(path, form(s.mark), append(ownPage, "Content-Type", mt)...); a.status < 400 {
				t.Errorf("%s as %q: %d", p.Path, mt, a.status)
			}
		}
	}
	if posts < 12 {
		t.Errorf("only %d forms", posts)
	}
	if n := w.store.count("u/"); n != records {
		t.Errorf("%d changes were made", n-records)
	}
	var rec struct{ Status string }
	w.do(request{method: "GET", path: "/v1/credentials/" + id, token: w.all}).want(t, http.StatusOK).into(t, &rec)
	if rec.Status != "active" {
		t.Errorf("the badge is %s", rec.Status)
	}
}

// notForThis is what a page says to a token without the scope or with a limit.
var notForThis = regexp.MustCompile(`needs a token with the scope|keeps to no such limit|does not ask for which|there are no trials of this`)

// TestConsoleRightsAreThoseOfTheAPI: every page with every kind of token is open
// exactly where the call that it stands for is. A new page is in the list by
// itself.
func TestConsoleRightsAreThoseOfTheAPI(t *testing.T) {
	w := newWorld(t)
	kinds := map[string]auth.Token{}
	for _, scope := range auth.Scopes() {
		kinds["scope "+string(scope)] = auth.Token{Scopes: []auth.Scope{scope}}
	}
	for name, l := range map[string]auth.Token{"all": {}, "activity": {Activities: []string{"uh-kit-2025"}}, "country": {Country: "KE"}, "source": {Source: "lms-a"}, "test": {Test: true}} {
		l.Scopes = auth.Scopes()
		kinds[name] = l
	}
	refusedBy := func(a answer) bool {
		return a.status == http.StatusForbidden && (bytes.Contains(a.body, []byte(`"scope_missing"`)) || bytes.Contains(a.body, []byte(`"token_limited"`)))
	}
	opened, refused := 0, 0
	for name, l := range kinds {
		l.Issuers = []string{auth.Any}
		token := w.token(l)
		s := w.signIn(token)
		overview := string(s.page("/console").want(t, http.StatusOK).body)
		for _, p := range api.ConsolePages() {
			if p.Call == "" {
				continue
			}
			method, path, _ := strings.Cut(p.Call, " ")
			may := !refusedBy(w.do(request{method: method, path: filled(path), token: token, body: "{}", header: map[string]string{"Content-Type": "application/json"}}))
			var a answer
			if p.Method == http.MethodPost {
				a = s.send(filledPage(p.Path), nil)
			} else {
				a = s.page(filledPage(p.Path))
			}
			shut := a.status == http.StatusForbidden && notForThis.Match(a.body)
			if shut == may {
				t.Errorf("%s %s with %s: %d; %s is open: %t", p.Method, p.Path, name, a.status, p.Call, may)
			}
			if a.status >= 500 || signedOut(a) {
				t.Errorf("%s %s with %s: %d %.300s", p.Method, p.Path, name, a.status, a.body)
			}
			if may {
				opened++
			} else {
				refused++
			}
			if p.Method == http.MethodGet && !strings.Contains(p.Path, "{") && strings.Contains(overview, `href="`+p.Path+`?lang=en"`) != may {
				t.Errorf("the overview of %s names %s: %t", name, p.Path, !may)
			}
		}
	}
	if opened < 100 || refused < 100 {
		t.Errorf("%d open, %d refused", opened, refused)
	}
}

// Who acts for one issuer sees and does nothing of another's, and trials and
// what counts do not meet.
func TestConsoleKeepsToIssuers(t *testing.T) {
	w := newWorld(t)
	mine := w.issue(1)
	live, trial := w.both()
	var tried issued
	w.with(trial, "POST", "/v1/credentials", award(7)).want(t, http.StatusCreated).into(t, &tried)
	strangers := map[string]*staff{"another issuer": w.signIn(w.token(auth.Token{Scopes: auth.Scopes(), Issuers: []string{other}})), "a trial": w.signIn(trial)}
	for name, s := range strangers {
		for _, p := range api.ConsolePages() {
			if !strings.HasPrefix(p.Path, "/console/badges/") {
				continue
			}
			path := strings.ReplaceAll(p.Path, "{id}", mine.ID)
			a := s.page(path)
			if p.Method == http.MethodPost {
				a = s.send(path, url.Values{"key": {"k"}, "reason": {"fraud"}, "name": {"Mallory"}})
			}
			if a.status != http.StatusNotFound || bytes.Contains(a.body, []byte("Ana Mora")) {
				t.Errorf("%s: %s %s answers %d", name, p.Method, p.Path, a.status)
			}
		}
		for _, form := range []url.Values{{"code": {mine.ID}}, {"email": {"ana.1@learner.example"}}, {"achievement": {"healthy-city"}}, {}} {
			if a := s.send("/console/badges", form); a.status >= 500 || bytes.Contains(a.body, []byte("Ana Mora 1<")) || strings.Contains(a.header.Get("Location"), mine.ID) {
				t.Errorf("%s finds it by %v: %d", name, form, a.status)
			}
		}
	}
	if a := strangers["a trial"].page("/console"); !bytes.Contains(a.body, []byte("test token")) {
		t.Error("a test token is not told of trials")
	}
	if a := w.signIn(live).page("/console/badges/" + tried.ID); a.status != http.StatusNotFound {
		t.Errorf("a trial is shown: %d", a.status)
	}
	strangers["a trial"].page("/console/badges/"+tried.ID).want(t, http.StatusOK)
	if rec, err := w.issuer.Credential(t.Context(), mine.ID); err != nil || rec.Status != issuer.Active {
		t.Errorf("%v %v", rec, err)
	}
}

const kenyans = "ref,name,email,role,country\np-1,Achieng Otieno,achieng@learner.example,participant,KE\np-2,Paulo Reis,paulo@learner.example,participant,PT\n"

// A token of one country takes in people of that country alone, and sees its own
// lists alone.
func TestConsoleKeepsToCountries(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.token(auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Country: "KE"}))
	form := map[string]string{"activity": "uh-kit-2025"}
	preview := s.sendFile("/console/upload", form, kenyans).want(t, http.StatusOK)
	if n := strings.Count(string(preview.body), `class="tag fail">Error`); n < 1 {
		t.Errorf("%d rows are refused: %s", n, preview.body)
	}
	done := s.sendFile("/console/upload/confirm", preview.hidden(t, "/console/upload/confirm"), "").want(t, http.StatusOK)
	s.sendFile("/console/upload/result", done.hidden(t, "/console/upload/result"), "").want(t, http.StatusOK)
	if n := w.store.count("c/" + city + "/"); n != 1 {
		t.Errorf("%d badges", n)
	}
	all := w.signIn(w.all)
	list := map[string]string{"activity": "uh-kit-2025"}
	second := all.sendFile("/console/upload", list, "ref,name,email,role,country\np-9,Ana Sousa,ana@learner.example,participant,PT\n").want(t, http.StatusOK)
	all.sendFile("/console/upload/confirm", second.hidden(t, "/console/upload/confirm"), "").want(t, http.StatusOK)
	own, both := string(s.page("/console/uploads").body), string(all.page("/console/uploads").body)
	if strings.Count(own, `data-label="Activity"`) != 1 || strings.Count(both, `data-label="Activity"`) != 2 {
		t.Errorf("lists: %d of a country, %d of all", strings.Count(own, `data-label="Activity"`), strings.Count(both, `data-label="Activity"`))
	}
	for _, m := range regexp.MustCompile(`/console/uploads/([A-Za-z0-9_-]{22})`).FindAllStringSubmatch(both, -1) {
		mine := strings.Contains(own, m[1])
		if a := s.page("/console/uploads/" + m[1]); (a.status == http.StatusOK) != mine {
			t.Errorf("list %s, mine %t: %d", m[1], mine, a.status)
		}
		if !mine {
			if a := s.send("/console/uploads/"+m[1]+"/take-back", nil); a.status != http.StatusNotFound {
				t.Errorf("taking back another's list: %d", a.status)
			}
		}
	}
}

// What is confirmed is what was looked at: the same bytes, the same questions,
// and the same outcome, or it is told anew.
func TestConsoleConfirmsWhatWasPreviewed(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	one := "ref,name,email,role\np-1,Achieng Otieno,achieng@learner.example,participant\n"
	if unseen := string(s.sendFile("/console/upload", map[string]string{"activity": ""}, one).body); strings.Contains(unseen, "/console/upload/confirm") || !strings.Contains(unseen, `id="activity-error"`) {
		t.Errorf("nobody has chosen an activity: %s", unseen)
	}
	preview := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025"}, one).want(t, http.StatusOK)
	if w.store.count("c/"+city+"/") != 0 || w.store.count("p/") != 1 { // the activity's own record
		t.Errorf("a preview keeps something: %d badges, %d records", w.store.count("c/"+city+"/"), w.store.count("p/"))
	}
	hidden := preview.hidden(t, "/console/upload/confirm")
	for name, change := range map[string]func(map[string]string){
		"another list":     func(f map[string]string) { f["list"] = "cmVmLG5hbWUKcC0yLE1hbGxvcnkK" },
		"another activity": func(f map[string]string) { f["activity"] = "other" },
		"another outcome":  func(f map[string]string) { f["told"] = strings.Repeat("0", 64) },
		"no seal":          func(f map[string]string) { f["seal"] = "" },
		"no list":          func(f map[string]string) { delete(f, "list") },
	} {
		f := map[string]string{}
		for k, v := range hidden {
			f[k] = v
		}
		change(f)
		if a := s.sendFile("/console/upload/confirm", f, ""); a.status != http.StatusForbidden {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
	}
	if another := w.signIn(w.all); another.sendFile("/console/upload/confirm", hidden, "").status != http.StatusForbidden {
		t.Error("another session confirms it")
	}
	if w.store.count("c/"+city+"/") != 0 {
		t.Fatal("a badge was issued")
	}
	// Something has changed meanwhile: the rules award nothing to participants now.
	w.with(w.all, "PUT", "/v1/activities/uh-kit-2025", `{"id":"uh-kit-2025","kind":"workshop","edition":"2025-1","start":"2025-06-17","end":"2025-06-20",
		"award_rules":[{"achievement":"healthy-city","all":[{"role_in":["participant"]}]}]}`).want(t, http.StatusOK)
	again := s.sendFile("/console/upload/confirm", hidden, "").want(t, http.StatusOK)
	if !bytes.Contains(again.body, []byte("Something has changed")) || w.store.count("c/"+city+"/") != 0 {
		t.Errorf("%d badges; %s", w.store.count("c/"+city+"/"), again.body)
	}
	confirm := again.hidden(t, "/console/upload/confirm")
	for n := range 3 { // sent twice, and once more
		a := s.sendFile("/console/upload/confirm", confirm, "").want(t, http.StatusOK)
		if !bytes.Contains(a.body, []byte("/console/badges/")) || w.store.count("c/"+city+"/") != 1 {
			t.Errorf("time %d: %d badges: %s", n, w.store.count("c/"+city+"/"), a.body)
		}
	}
}

// The page of a list says with which other row one is taken together.
func TestConsoleRowsTogether(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	rows := "ref,name,role\nW-1,Ana Prado,participant\nW-1,Ana Prado,facilitator\nW-1,Ana Prado,\n"
	for lang, want := range map[string][]string{
		"en": {"Same person, taken together: 1", "taken together with row 2,", "The same person stands in row 2,"},
		"es": {"La misma persona, en conjunto: 1", "se toma junto con la fila 2,", "está en la fila 2,"},
	} {
		page := s.sendFile("/console/upload?lang="+lang, map[string]string{"activity": "uh-kit-2025"}, rows).want(t, http.StatusOK)
		for _, text := range want {
			if !bytes.Contains(page.body, []byte(text)) {
				t.Errorf("%s: %q is missing in %s", lang, text, page.body)
			}
		}
	}
}

// A doubt that a person has settled lets a row through, which the form without it
// holds up; and what was said is part of what is confirmed.
func TestConsoleSettlesDoubts(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	take := func(list, accept string) (preview, done answer) {
		preview = s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025", "accept": accept}, list)
		return preview, s.sendFile("/console/upload/confirm", preview.hidden(t, "/console/upload/confirm"), "")
	}
	if _, done := take("ref,name,role\nW-1,Ana Prado,participant\n", ""); done.status != http.StatusOK || w.store.count("c/"+city+"/") != 1 {
		t.Fatalf("%d %s", done.status, done.body)
	}
	const conflict = "accept=renamed"
	const renamed = "ref,name,role\nW-1,Ana Sousa,participant\n"
	if held := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025"}, renamed); !bytes.Contains(held.body, []byte(conflict)) {
		t.Errorf("nobody has settled it: %s", held.body)
	}
	preview, done := take(renamed, "renamed")
	if bytes.Contains(preview.body, []byte(conflict)) || !bytes.Contains(preview.body, []byte("the same person")) || !bytes.Contains(done.body, []byte("/console/badges/")) || w.store.count("c/"+city+"/") != 1 {
		t.Errorf("settled: %d badges: %s", w.store.count("c/"+city+"/"), done.body)
	}
	hidden := preview.hidden(t, "/console/upload/confirm")
	hidden["accept"] = "erased"
	if a := s.sendFile("/console/upload/confirm", hidden, ""); a.status != http.StatusForbidden {
		t.Errorf("another doubt than was looked at: %d", a.status)
	}
	if a := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025", "accept": "all"}, renamed); bytes.Contains(a.body, []byte("/console/upload/confirm")) {
		t.Errorf("a word that is none: %d %s", a.status, a.body)
	}
}

// A form that is sent twice changes once; with other words under its key it is
// refused.
func TestConsoleChangesOnce(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	id := w.issue(1).ID
	path := "/console/badges/" + id + "/revoke"
	key := s.page(path).want(t, http.StatusOK).hidden(t, path)["key"]
	if len(key) < 20 {
		t.Fatalf("key %q", key)
	}
	records := w.store.count("u/")
	for range 2 {
		a := s.send(path, url.Values{"key": {key}, "reason": {"issued_in_error"}}).want(t, http.StatusSeeOther)
		if to := a.header.Get("Location"); !strings.HasPrefix(to, "/console/badges/"+id+"?") {
			t.Errorf("leads to %s", to)
		}
	}
	if n := w.store.count("u/") - records; n != 1 {
		t.Errorf("%d changes", n)
	}
	if a := s.send(path, url.Values{"key": {key}, "reason": {"fraud"}}); a.status != http.StatusUnprocessableEntity {
		t.Errorf("other words: %d", a.status)
	}
	page := string(s.page("/console/badges/"+id+"?done=revoke").want(t, http.StatusOK).body)
	for _, want := range []string{"The badge is revoked.", "issued in error", "Badge issued", "Badge revoked", "Ana Mora 1"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, path+"?") {
		t.Error("a revoked badge can be revoked")
	}
	erase := "/console/badges/" + id + "/personal-data"
	for range 2 {
		s.send(erase, url.Values{"key": {"k1"}}).want(t, http.StatusSeeOther)
	}
	if page := string(s.page("/console/badges/"+id).want(t, http.StatusOK).body); strings.Contains(page, "Ana Mora") || !strings.Contains(page, "personal data removed") {
		t.Errorf("after an erasure: %s", page)
	}
}

// What became of a badge that was issued while the clock ran ahead is told too, though it
// is dated before the badge.
func TestConsoleTellsOfWhatWasDatedAhead(t *testing.T) {
	w := newWorld(t)
	w.clock.advance(90 * 24 * time.Hour)
	id := w.issue(1).ID
	w.clock.advance(-90 * 24 * time.Hour)
	if err := w.issuer.AcceptClock(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.issuer.Revoke(t.Context(), id, "issued_in_error", "test", func(string) bool { return true }); err != nil {
		t.Fatal(err)
	}
	page := string(w.signIn(w.all).page("/console/badges/"+id).want(t, http.StatusOK).body)
	if strings.Count(page, "Badge issued") != 1 || strings.Count(page, "Badge revoked") != 1 {
		t.Error(page)
	}
}

func TestConsoleCorrects(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	id := w.issue(1).ID
	path := "/console/badges/" + id + "/reissue"
	asked := s.page(path).want(t, http.StatusOK).hidden(t, path)["as"]
	a := s.send(path, url.Values{"key": {"k1"}, "as": {asked}, "reason": {"name_corrected"}, "name": {strings.Repeat("x", 2000)}})
	if a.status != http.StatusUnprocessableEntity || !bytes.Contains(a.body, []byte(`id="name-error"`)) {
		t.Errorf("a name that cannot be: %d %s", a.status, a.body)
	}
	once := url.Values{"key": {"k2"}, "as": {asked}, "reason": {"name_corrected"}, "name": {"Ana María Mora"}}
	for range 2 { // the second is answered as the first
		s.send(path, once).want(t, http.StatusSeeOther)
	}
	if page := string(s.page("/console/badges/" + id).body); !strings.Contains(page, "Ana María Mora") {
		t.Errorf("after a correction: %s", page)
	}
}

// A form that was opened before somebody else's correction undoes nothing of it.
func TestConsoleKeepsTheOtherCorrection(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	id := w.issue(1).ID
	path := "/console/badges/" + id + "/reissue"
	old := s.page(path).want(t, http.StatusOK).hidden(t, path)
	w.post("/v1/credentials/"+id+"/reissue", `{"recipient":{"name":"Ana María Mora"}}`).want(t, http.StatusOK)
	form := url.Values{"key": {old["key"]}, "as": {old["as"]}, "reason": {"name_corrected"}, "name": {"Ana Mora 1"}, "email": {"right@learner.example"}}
	for _, as := range []string{old["as"], "", "nonsense"} {
		form.Set("as", as)
		a := s.send(path, form)
		if a.status != http.StatusConflict || !bytes.Contains(a.body, []byte("has changed meanwhile")) || !bytes.Contains(a.body, []byte(`value="Ana María Mora"`)) {
			t.Fatalf("as %q: %d %s", as, a.status, a.body)
		}
		if rec := w.get("/credentials/" + id + ".json"); !bytes.Contains(rec.body, []byte("Ana María Mora")) {
			t.Fatalf("the correction was undone: %s", rec.body)
		}
	}
	now := s.send(path, form).hidden(t, path)
	s.send(path, url.Values{"key": {now["key"]}, "as": {now["as"]}, "reason": {"name_corrected"}, "name": {"Ana M. Mora"}}).want(t, http.StatusSeeOther)
	if page := string(s.page("/console/badges/" + id).body); !strings.Contains(page, "Ana M. Mora") {
		t.Errorf("the form that was shown anew: %s", page)
	}
}

// hostileTexts are what people might be called.
var hostileTexts = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=HYPERLINK("https://evil.example")`, "a\u202eb", `{{.Mark}}`, `javascript:alert(1)`}

// Whatever stands in a record stands on the pages as text.
func TestConsoleShowsTextsAsTexts(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.token(auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any, Label: `<b>"label"</b>`}))
	for n, name := range hostileTexts {
		body := fmt.Sprintf(`{"achievement":"healthy-city","recipient":{"name":%q,"email":"h%d@learner.example"},"awardedAt":"2025-07-11","externalRef":%q}`, strings.ReplaceAll(name, "\u202e", "")+"x", n, name[:4]+"<i>")
		w.post("/v1/credentials", body)
	}
	w.with(w.all, "PUT", "/v1/achievements/hostile", `{"issuer":"city-school","name":{"en":"<script>alert(2)</script>"},"description":{"en":"\"><img src=x onerror=alert(3)>"},"criteria":{"en":"[x](javascript:alert(4))"}}`).want(t, http.StatusCreated)
	var rows strings.Builder
	rows.WriteString("ref,name,email,role\n")
	for n, name := range hostileTexts {
		fmt.Fprintf(&rows, "%q,%q,h%d@learner.example,<b>role</b>\n", strings.ReplaceAll(name, `"`, `'`), strings.ReplaceAll(name, `"`, `'`), n)
	}
	preview := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025", "edition": "", "achievement": ""}, rows.String())
	answers := []answer{preview, s.page("/console"), s.page("/console/badges"), s.page("/console/achievements"), s.page("/console/achievements/hostile"),
		s.send("/console/badges", url.Values{"email": {`"><script>alert(5)</script>`}, "external_ref": {`<i>`}}),
		s.send("/console/badges", url.Values{"code": {`"><script>alert(6)</script>`}}), s.page("/console/statistics?activity=" + url.QueryEscape(`"><script>`)),
		s.page("/console/log"), s.sendFile("/console/upload", map[string]string{"activity": `"><script>alert(7)</script>`}, "x")}
	for _, m := range regexp.MustCompile(`/console/badges/[A-Za-z0-9_-]{22}`).FindAllString(string(answers[2].body), -1) {
		answers = append(answers, s.page(m), s.page(m+"/revoke"), s.page(m+"/reissue"))
	}
	if len(answers) < 15 {
		t.Fatalf("only %d pages", len(answers))
	}
	for n, a := range answers {
		if a.status >= 500 {
			t.Errorf("page %d: %d", n, a.status)
		}
		doc, err := html.Parse(bytes.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		for e := range doc.Descendants() {
			if e.Type != html.ElementNode {
				continue
			}
			if e.Data == "script" || e.Data == "style" || e.Data == "i" || e.Data == "b" || e.Data == "iframe" {
				t.Errorf("page %d: an element %s: %.200s", n, e.Data, a.body)
			}
			for _, at := range e.Attr {
				if strings.HasPrefix(at.Key, "on") || at.Key == "style" || (at.Key == "href" || at.Key == "src" || at.Key == "action") && !strings.HasPrefix(at.Val, "/") && !strings.HasPrefix(at.Val, "?") && !strings.HasPrefix(at.Val, "#") {
					t.Errorf("page %d: %s has %s=%q", n, e.Data, at.Key, at.Val)
				}
			}
		}
	}
}

// The table that goes on to others holds nothing that a spreadsheet would run.
func TestConsoleResultIsNoProgram(t *testing.T) {
	w := newWorld(t)
	s := w.signIn(w.all)
	list := "ref,name,email,role\n=1+1,Achieng Otieno,achieng@learner.example,participant\np-2,@SUM(A1),x@learner.example,participant\np-3,Paulo Reis,paulo@learner.example,participant\n"
	preview := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025"}, list).want(t, http.StatusOK)
	done := s.sendFile("/console/upload/confirm", preview.hidden(t, "/console/upload/confirm"), "").want(t, http.StatusOK)
	save := done.hidden(t, "/console/upload/result")
	a := s.sendFile("/console/upload/result", save, "").want(t, http.StatusOK)
	if a.header.Get("Content-Disposition") != `attachment; filename="badges.csv"` || a.header.Get("Content-Type") != "text/csv; charset=utf-8" {
		t.Errorf("headers: %v", a.header)
	}
	csv := string(a.body)
	if strings.Contains(csv, "\n=") || strings.Contains(csv, ",=") || strings.Contains(csv, ",@") || !strings.Contains(csv, "/v/") {
		t.Errorf("the table: %s", csv)
	}
	save["table"] = base64.StdEncoding.EncodeToString([]byte("<script>alert(1)</script>"))
	if a := s.sendFile("/console/upload/result", save, ""); a.status != http.StatusForbidden {
		t.Errorf("a table of somebody else's: %d", a.status)
	}
}

// Without the switch there is no console.
func TestNoConsole(t *testing.T) {
	w := newWorld(t, func(c *api.Config) { c.Sessions = nil })
	for _, p := range api.ConsolePages() {
		if a := w.do(request{method: p.Method, path: filledPage(p.Path)}); a.status != http.StatusNotFound {
			t.Errorf("%s %s: %d", p.Method, p.Path, a.status)
		}
	}
}

// A page that takes long begins with how far it is: a list that is but tried, and
// one that is taken in. What came of it follows in the same page, in every
// language, without a script.
func TestConsoleTellsHowFarAListIs(t *testing.T) {
	const size = 600
	w := newWorld(t)
	s := w.signIn(w.all)
	var rows strings.Builder
	rows.WriteString("ref,name,email,role\n")
	for n := range size {
		fmt.Fprintf(&rows, "p-%d,Participant %d,p.%d@learner.example,participant\n", n, n, n)
	}
	told := func(a answer) (steps []string, rest string) {
		doc := must(html.Parse(bytes.NewReader(a.body)))(t)
		for n := range doc.Descendants() {
			if n.Data == "progress" {
				steps = append(steps, attr(n, "value")+"/"+attr(n, "max"))
			}
		}
		before, rest, _ := strings.Cut(string(a.body), `<div class="top">`)
		if n := strings.Count(before, "<progress"); n != len(steps) || strings.Count(before, "<title>") != 1 {
			t.Errorf("%d of %d steps stand before what came of it: %.3000s", n, len(steps), before)
		}
		return steps, rest
	}
	preview := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025"}, rows.String()).want(t, http.StatusOK)
	steps, rest := told(preview)
	if !slices.Equal(steps, []string{"250/600", "500/600"}) || !strings.Contains(rest, "What the list would do") || !bytes.Contains(preview.body, []byte("250 of 600 rows looked at")) {
		t.Errorf("a list that is tried tells %v: %.3000s", steps, preview.body)
	}
	if w.store.count("c/"+city+"/") != 0 {
		t.Error("a preview issues badges")
	}
	confirm := preview.hidden(t, "/console/upload/confirm")
	// What cannot be done any more is told in the page that has begun.
	w.store.fail(store.ErrFull, nil)
	cut := s.sendFile("/console/upload/confirm", maps.Clone(confirm), "").want(t, http.StatusOK)
	if steps, rest := told(cut); !slices.Equal(steps, []string{"250/600", "500/600"}) || !strings.Contains(rest, "notice fail") || !strings.HasSuffix(strings.TrimSpace(rest), "</html>") {
		t.Errorf("cut short after %v: %.3000s", steps, rest)
	}
	w.store.fail(nil, nil)
	done := s.toldWhileNothingIsWritten("/console/upload/confirm", confirm, "500 of 600 rows looked at")
	steps, rest = told(done)
	if !slices.Equal(steps, []string{"250/600", "500/600", "250/600", "500/600"}) || !strings.Contains(rest, "The list was taken in") || !bytes.Contains(done.body, []byte("500 of 600 rows taken in")) {
		t.Errorf("a list that is taken in tells %v: %.3000s", steps, done.body)
	}
	if n := w.store.count("c/" + city + "/"); n != size {
		t.Errorf("%d badges", n)
	}
	// Where it is done at one go the status still tells what is wrong.
	if a := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025", "edition": "none"}, rows.String()); a.status != http.StatusUnprocessableEntity {
		t.Errorf("a list for no edition: %d", a.status)
	}
	if a := s.sendFile("/console/upload", map[string]string{"activity": "uh-kit-2025"}, "ref,name,role\np-x,Somebody,participant\n"); bytes.Contains(a.body, []byte("<progress")) || a.header.Get("Content-Length") == "" {
		t.Errorf("a short list: %.3000s", a.body)
	}
}

// toldWhileNothingIsWritten sends a form while nobody can write into the store,
// which can again once the answer has told something.
func (s *staff) toldWhileNothingIsWritten(path string, form map[string]string, something string) answer {
	s.t.Helper()
	inside, free := make(chan struct{}), make(chan struct{})
	letWrite := sync.OnceFunc(func() { close(free) })
	defer letWrite()
	go func() {
		_ = s.store.Store.Update(s.t.Context(), func(store.Tx) error { close(inside); <-free; return nil })
	}()
	<-inside
	body, mediaType := s.withFile(form, "")
	req := must(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.address+path, strings.NewReader(body)))(s.t)
	for name, value := range map[string]string{"Cookie": s.cookie, "Accept": "text/html", "Content-Type": mediaType, "Sec-Fetch-Site": "same-origin"} {
		req.Header.Set(name, value)
	}
	resp := must(s.client.Do(req))(s.t)
	defer resp.Body.Close()
	var all bytes.Buffer
	lines := bufio.NewReader(io.TeeReader(resp.Body, &all))
	for line := ""; !strings.Contains(line, something); {
		line = must(lines.ReadString('\n'))(s.t)
	}
	letWrite()
	must(io.Copy(io.Discard, lines))(s.t)
	return answer{status: resp.StatusCode, header: resp.Header, body: all.Bytes()}
}
