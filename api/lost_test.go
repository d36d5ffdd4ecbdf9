package api_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"laurel/api"
)

// notebook keeps what was asked; mail/mail_test.go has what becomes of it.
type notebook struct {
	mu    sync.Mutex
	asked []string
}

func (n *notebook) Ask(_ context.Context, address, lang string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked = append(n.asked, address+" "+lang)
	return nil
}

// "Send me my badges" answers alike whoever asks for whom, and asks for the same.
func TestLost(t *testing.T) {
	book := &notebook{}
	w := newWorld(t, func(c *api.Config) { c.Outbox, c.VerifyRate = book, 600 })
	b := w.issue(1)
	if page := w.page("/credentials/" + b.ID); !strings.Contains(page, `href="/lost?lang=en"`) {
		t.Error("no page leads to it")
	}
	if page := w.page("/lost?lang=fr"); !strings.Contains(page, `action="/lost"`) || !strings.Contains(page, `name="lang" value="fr"`) {
		t.Errorf("%s", page)
	}
	form := func(email string) answer {
		return w.do(request{method: "POST", path: "/lost", body: url.Values{"email": {email}, "lang": {"fr"}}.Encode(),
			header: map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}})
	}
	known, unknown := form("ana.1@learner.example").want(t, http.StatusOK), form("nobody@learner.example").want(t, http.StatusOK)
	if known.same("") != unknown.same("") || known.header.Get("Cache-Control") != "no-store" || strings.Contains(string(known.body), "learner.example") {
		t.Errorf("%s\n%s", known.body, unknown.body)
	}
	w.do(request{method: "POST", path: "/lost", body: `{"email":"Ana.1@learner.example"}`, header: map[string]string{"Content-Type": "application/json"}}).want(t, http.StatusAccepted)
	form("a@b.example, c@d.example").want(t, http.StatusUnprocessableEntity) // package smtp knows what is no address
	if got := strings.Join(book.asked, ", "); got != "ana.1@learner.example fr, nobody@learner.example fr, Ana.1@learner.example en" {
		t.Errorf("asked: %s", got)
	}
	form("ana.1@learner.example").want(t, http.StatusOK)
	again := form("ana.1@learner.example").want(t, http.StatusOK)
	if len(book.asked) != 4 || again.same("") != known.same("") {
		t.Errorf("an address is asked for as often as one likes, or is told so: %v", book.asked)
	}
	form("bo@learner.example").problemPage(t)
	if strings.Contains(w.log.String(), "learner.example") {
		t.Error("the log has an address")
	}
	newWorld(t).get("/lost").problem(t, http.StatusNotFound, "not_found")
}

// problemPage expects that there were too many.
func (a answer) problemPage(t *testing.T) {
	t.Helper()
	if a.want(t, http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Errorf("%v", a.header)
	}
}
