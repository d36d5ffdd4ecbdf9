package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/feed"
	"laurel/internal/auth"
	"laurel/internal/fetch"
	"laurel/issuer"
	"laurel/store"
)

// receiver is somebody else's server under https.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []received
	status int
}

type received struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK}
	r.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{req.Header.Clone(), body})
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

func (r *receiver) all() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

// sender is the client that may reach the receiver, and no other private
// address.
func (r *receiver) sender(t *testing.T) *fetch.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	return must(fetch.New(fetch.Config{Allow: []string{u.Host}, RootCAs: roots, Timeout: 5 * time.Second}))(t)
}

// genuine verifies a request as the text of Standard Webhooks says: the secret
// without whsec_ is base64 of the key; what is signed is id, timestamp and body
// with dots between; one of the signatures behind v1, has to be right.
func (r received) genuine(secret string) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 {
		return false
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(r.header.Get("webhook-id") + "." + r.header.Get("webhook-timestamp") + "."))
	mac.Write(r.body)
	for _, s := range strings.Split(r.header.Get("webhook-signature"), " ") {
		version, text, _ := strings.Cut(s, ",")
		if signature, err := base64.StdEncoding.DecodeString(text); err == nil && version == "v1" && hmac.Equal(signature, mac.Sum(nil)) {
			return true
		}
	}
	return false
}

// deliver runs the deliverer while f says that it is not enough yet.
func (w *world) deliver(enough func() bool) {
	w.t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.hooks.Run(ctx) }()
	for end := time.Now().Add(3 * time.Minute); !enough() && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	<-done
	if !enough() {
		w.t.Fatal("the deliverer did not come to an end")
	}
}

type webhook struct {
	ID, Issuer, URL, Secret string
	Enabled                 bool
	Disabled                string
}

func (w *world) hook(body string) webhook {
	w.t.Helper()
	var h webhook
	w.post("/v1/webhooks", body).want(w.t, http.StatusCreated).into(w.t, &h)
	return h
}

type deliveryPage struct {
	Items []struct {
		ID, Type, State string
		Tries           int
		Attempts        []struct {
			Status *int
			Error  *string
		}
	}
	Next *string
}

func (w *world) deliveries(id, query string) (p deliveryPage) {
	w.t.Helper()
	w.do(request{method: "GET", path: "/v1/webhooks/" + id + "/deliveries" + query, token: w.all}).want(w.t, http.StatusOK).into(w.t, &p)
	return p
}

func TestWebhooks(t *testing.T) {
	w := newWorld(t)
	w.sequence()
	h := w.hook(`{"issuer":"city-school","url":"` + w.receiver.URL + `/hook","types":["credential.issued","credential.revoked"]}`)
	id := w.issue(1).ID
	w.post("/v1/credentials/"+id+"/revoke", `{}`).want(t, http.StatusOK)
	w.post("/v1/credentials", `{"achievement":"other-badge","recipient":{"name":"Zoë"},"awardedAt":"2025-07-11"}`).want(t, http.StatusCreated)
	w.sequence()
	all, _ := w.events("", w.all)
	w.deliver(func() bool { p := w.deliveries(h.ID, "?state=delivered"); return len(p.Items) == 2 })
	got := w.receiver.all()
	if len(got) != 2 {
		t.Fatalf("%d requests", len(got))
	}
	for _, r := range got {
		var e feed.Event
		if err := json.Unmarshal(r.body, &e); err != nil {
			t.Fatal(err)
		}
		at, err := strconv.ParseInt(r.header.Get("webhook-timestamp"), 10, 64)
		if !r.genuine(h.Secret) || e.ID != r.header.Get("webhook-id") || e.Subject != id || err != nil || time.Since(time.Unix(at, 0)).Abs() > time.Minute ||
			r.header.Get("Content-Type") != "application/json" {
			t.Errorf("%v: %s", r.header, r.body)
		}
		same := false
		for _, told := range all {
			same = same || told == e
		}
		if !same {
			t.Errorf("the feed has no %+v", e)
		}
		r.body[len(r.body)-2] ^= 1
		if r.genuine(h.Secret) {
			t.Error("a changed body verifies")
		}
	}
	w.receiver.answer(http.StatusInternalServerError)
	var d struct {
		State    string
		Attempts []struct{ Status int }
	}
	w.post("/v1/webhooks/"+h.ID+"/test", "").want(t, http.StatusOK).into(t, &d)
	if d.State != "failed" || len(d.Attempts) != 1 || d.Attempts[0].Status != http.StatusInternalServerError {
		t.Errorf("%+v", d)
	}
	w.receiver.answer(http.StatusNoContent)
	first := w.deliveries(h.ID, "?limit=1")
	if len(first.Items) != 1 || first.Items[0].Type != "webhook.test" || first.Next == nil {
		t.Fatalf("the newest: %+v", first)
	}
	u, err := url.Parse(*first.Next)
	if err != nil {
		t.Fatal(err)
	}
	rest := w.deliveries(h.ID, "?"+u.RawQuery)
	old := rest.Items[0]
	w.post("/v1/webhooks/"+h.ID+"/deliveries/"+old.ID+"/redeliver", "").want(t, http.StatusAccepted)
	w.deliver(func() bool {
		return len(w.receiver.all()) == 4 && len(w.deliveries(h.ID, "?state=pending").Items) == 0
	})
	if again := w.receiver.all()[3]; again.header.Get("webhook-id") != old.ID || !again.genuine(h.Secret) {
		t.Errorf("delivered again: %v", again.header)
	}
	// The form of the console, sent twice, sends once.
	s := w.signIn(w.all)
	form, path := s.page("/console/webhooks/"+h.ID).want(t, http.StatusOK), "/console/webhooks/"+h.ID+"/redeliver"
	sent := url.Values{}
	for name, value := range form.hidden(t, path) {
		sent.Set(name, value)
	}
	sent.Set("mark", s.mark)
	s.send(path, sent).want(t, http.StatusSeeOther)
	w.deliver(func() bool { return len(w.receiver.all()) == 5 && len(w.deliveries(h.ID, "?state=pending").Items) == 0 })
	s.send(path, sent).want(t, http.StatusSeeOther)
	if n := len(w.deliveries(h.ID, "?state=pending").Items); n != 0 {
		t.Errorf("sent twice, and %d are to be sent again", n)
	}
}

func TestWebhookSecrets(t *testing.T) {
	w := newWorld(t)
	body := `{"issuer":"city-school","url":"` + w.receiver.URL + `/hook?token=in-the-address"}`
	first := w.post("/v1/webhooks", body, "Idempotency-Key", "one").want(t, http.StatusCreated)
	again := w.post("/v1/webhooks", body, "Idempotency-Key", "one").want(t, http.StatusCreated)
	if string(first.body) != string(again.body) {
		t.Errorf("repeated: %s, then %s", first.body, again.body)
	}
	w.post("/v1/webhooks", strings.Replace(body, "/hook", "/other", 1), "Idempotency-Key", "one").problem(t, http.StatusUnprocessableEntity, "idempotency_key_reused")
	var h, turned webhook
	first.into(t, &h)
	w.post("/v1/webhooks/"+h.ID+"/secret", "", "Idempotency-Key", "two").want(t, http.StatusOK).into(t, &turned)
	if same := w.post("/v1/webhooks/"+h.ID+"/secret", "", "Idempotency-Key", "two").want(t, http.StatusOK).object(t); same["secret"] != turned.Secret {
		t.Errorf("a repeated request draws another secret: %v", same)
	}
	if turned.Secret == h.Secret || !strings.HasPrefix(turned.Secret, "whsec_") {
		t.Fatalf("%+v", turned)
	}
	test := func(older bool) {
		t.Helper()
		w.post("/v1/webhooks/"+h.ID+"/test", "").want(t, http.StatusOK)
		got := w.receiver.all()
		if last := got[len(got)-1]; !last.genuine(turned.Secret) || last.genuine(h.Secret) != older {
			t.Errorf("by the new secret %t, by the old %t", last.genuine(turned.Secret), last.genuine(h.Secret))
		}
	}
	test(true)
	w.clock.advance(24 * time.Hour)
	test(false)
	for _, path := range []string{"/v1/webhooks", "/v1/webhooks/" + h.ID, "/v1/webhooks/" + h.ID + "/deliveries"} {
		a := w.do(request{method: "GET", path: path, token: w.all}).want(t, http.StatusOK)
		w.silent(path, string(a.body), h.Secret, turned.Secret)
	}
	a := w.do(request{method: "PUT", path: "/v1/webhooks/" + h.ID, token: w.all, body: body, header: map[string]string{"Content-Type": "application/json"}})
	w.silent("PUT", string(a.want(t, http.StatusOK).body), h.Secret, turned.Secret)
	w.silent("the log", w.log.String(), h.Secret, turned.Secret, "in-the-address")
	w.silent("the store", stored(t, w.store), h.Secret, turned.Secret)
}

// silent fails where a text holds a secret, in the form that is shown or as the
// key that it stands for.
func (w *world) silent(where, text string, secrets ...string) {
	w.t.Helper()
	for _, s := range secrets {
		bare := strings.TrimPrefix(s, "whsec_")
		key, _ := base64.StdEncoding.DecodeString(bare)
		if strings.Contains(text, bare) || len(key) == 32 && strings.Contains(text, string(key)) {
			w.t.Errorf("%s holds a secret", where)
		}
	}
}

func TestWebhookRefuses(t *testing.T) {
	w := newWorld(t)
	h := w.hook(`{"issuer":"city-school","url":"` + w.receiver.URL + `"}`)
	at := func(a answer, code, pointer string) {
		t.Helper()
		p := a.problem(t, http.StatusUnprocessableEntity, code)
		errs, _ := p["errors"].([]any)
		if len(errs) == 0 || errs[0].(map[string]any)["pointer"] != pointer {
			t.Errorf("%s points at %v", code, errs)
		}
	}
	for _, address := range []string{"http://lms.example/", "https://127.0.0.1/", "https://127.0.0.1:" + strings.Split(w.address, ":")[2], "https://localhost/", "https://10.1.2.3/", "https://[::1]/",
		"https://169.254.169.254/latest", "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://a:b@lms.example/", "https://lms.example:8443/", "ftp://lms.example", "lms.example", "https://db.internal/"} {
		at(w.post("/v1/webhooks", `{"issuer":"city-school","url":"`+address+`"}`), "address_not_allowed", "/url")
		at(w.do(request{method: "PUT", path: "/v1/webhooks/" + h.ID, token: w.all, body: `{"url":"` + address + `"}`, header: map[string]string{"Content-Type": "application/json"}}), "address_not_allowed", "/url")
	}
	good := `"url":"https://lms.example/hook"`
	at(w.post("/v1/webhooks", `{"issuer":"city-school","url":""}`), "required", "/url")
	at(w.post("/v1/webhooks", `{`+good+`}`), "required", "/issuer")
	at(w.post("/v1/webhooks", `{"issuer":"city-school",`+good+`,"types":["credential.issued","credential.lost"]}`), "type_unknown", "/types/1")
	at(w.post("/v1/webhooks", `{"issuer":"city-school",`+good+`,"description":"two\nlines"}`), "text_invalid", "/description")
	at(w.do(request{method: "PUT", path: "/v1/webhooks/" + h.ID, token: w.all, body: `{"issuer":"other-school",` + good + `}`, header: map[string]string{"Content-Type": "application/json"}}), "slug_mismatch", "/issuer")
	w.post("/v1/webhooks", `{"issuer":"city-school",`+good+`,"secret":"mine"}`).problem(t, http.StatusBadRequest, "unknown_member")
	stranger := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}, Issuers: []string{other}})
	json := map[string]string{"Content-Type": "application/json"}
	w.do(request{method: "POST", path: "/v1/webhooks", token: stranger, body: `{"issuer":"city-school",` + good + `}`, header: json}).problem(t, http.StatusForbidden, "issuer_not_granted")
	for _, r := range []request{{method: "GET", path: ""}, {method: "PUT", path: "", body: `{` + good + `}`, header: json}, {method: "DELETE", path: ""}, {method: "POST", path: "/test"},
		{method: "POST", path: "/secret"}, {method: "GET", path: "/deliveries"}, {method: "POST", path: "/deliveries/evt_00000000000000000000000000000000/redeliver"}} {
		r.token, r.path = stranger, "/v1/webhooks/"+h.ID+r.path
		w.do(r).problem(t, http.StatusNotFound, "not_found")
	}
	trial := w.token(auth.Token{Scopes: []auth.Scope{auth.Manage}, Test: true})
	w.do(request{method: "GET", path: "/v1/webhooks/" + h.ID, token: trial}).problem(t, http.StatusNotFound, "not_found")
	made := w.do(request{method: "POST", path: "/v1/webhooks", token: trial, body: `{` + good + `}`, header: json}).want(t, http.StatusCreated).object(t)
	if made["issuer"] != issuer.TestSlug(city) {
		t.Errorf("a token for trials makes a webhook of %v", made["issuer"])
	}
	w.do(request{method: "GET", path: "/v1/webhooks/" + made["id"].(string), token: w.all}).problem(t, http.StatusNotFound, "not_found")
	w.do(request{method: "POST", path: "/v1/webhooks", token: w.all, body: `{"issuer":"` + issuer.TestSlug(city) + `",` + good + `}`, header: json}).problem(t, http.StatusForbidden, "issuer_not_granted")
	reader := w.token(auth.Token{Scopes: []auth.Scope{auth.Read}})
	w.do(request{method: "GET", path: "/v1/webhooks", token: reader}).problem(t, http.StatusForbidden, "scope_missing")
	w.post("/v1/webhooks/"+h.ID+"/deliveries/evt_00000000000000000000000000000000/redeliver", "").problem(t, http.StatusNotFound, "not_found")
	for n := 1; n < 20; n++ {
		w.hook(`{"issuer":"city-school",` + good + `}`)
	}
	w.post("/v1/webhooks", `{"issuer":"city-school",`+good+`}`).problem(t, http.StatusConflict, "too_many_webhooks")
	w.do(request{method: "DELETE", path: "/v1/webhooks/" + h.ID, token: w.all}).want(t, http.StatusNoContent)
	w.do(request{method: "GET", path: "/v1/webhooks/" + h.ID, token: w.all}).problem(t, http.StatusNotFound, "not_found")
}

// stored is everything that a store holds, as one text.
func stored(t *testing.T, s store.Store) string {
	t.Helper()
	var all strings.Builder
	err := s.View(context.Background(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			all.Write(k)
			all.Write(v)
			return nil
		})
	})
	if err != nil || all.Len() == 0 {
		t.Fatalf("reading the store: %v", err)
	}
	return all.String()
}

func TestWebhookOfNobody(t *testing.T) {
	w := newWorld(t)
	a := w.with(w.all, "POST", "/v1/webhooks", `{"issuer":"nobody","url":"https://receiver.example/hook","types":[]}`)
	if a.want(t, http.StatusUnprocessableEntity); !strings.Contains(string(a.body), `"issuer_unknown"`) || !strings.Contains(string(a.body), `"/issuer"`) {
		t.Errorf("%s", a.body)
	}
}
