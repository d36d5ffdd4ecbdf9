package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

func TestPost(t *testing.T) {
	var got *http.Request
	var body []byte
	status := http.StatusAccepted
	s, hits := serveTLS(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		got = r
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = w.Write(make([]byte, 1<<20)) // which nobody reads
	})
	c := client(t, Config{Allow: []string{host(t, s.URL)}, RootCAs: trusting(s)})
	for n, want := range []int{202, 200, 204, 302, 307, 410, 500, 202, 202} {
		status = want
		if code, err := c.Post(t.Context(), s.URL+"/hook?a=b", map[string]string{"X-One": strconv.Itoa(n)}, []byte("said")); err != nil || code != want {
			t.Errorf("status %d, want %d, %v", code, want, err)
		}
		if got.Method != http.MethodPost || got.URL.RequestURI() != "/hook?a=b" || string(body) != "said" || got.Header.Get("X-One") != strconv.Itoa(n) ||
			got.Header.Get("Cookie") != "" || got.Header.Get("Referer") != "" || got.ContentLength != 4 {
			t.Errorf("%s %s %v %q", got.Method, got.URL, got.Header, body)
		}
	}
	if n := hits.Load(); n != 9 {
		t.Errorf("%d requests for 9: nothing is kept, followed or repeated", n)
	}
}

// TestPostBlocked: the guards are those of every fetch, and the canary hears of
// nothing.
func TestPostBlocked(t *testing.T) {
	canary, hits := serveTLS(t, func(http.ResponseWriter, *http.Request) {})
	u, err := url.Parse(canary.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	names := serveDNS(t, "127.0.0.1")
	c, err := newClient(Config{RootCAs: trusting(canary), Resolver: names.resolver(), Timeout: time.Minute}, uint16(port))
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{canary.URL, "http://" + u.Host, "https://localhost:" + u.Port(), "https://[::ffff:127.0.0.1]:" + u.Port(),
		"https://10.0.0.1/", "https://a:b@rebind.example:" + u.Port(), "file:///etc/passwd", "https://rebind.example:1/", ""} {
		wantKind(t, address, c.Check(address), Blocked)
		_, err := c.Post(t.Context(), address, nil, nil)
		wantKind(t, address, err, Blocked)
	}
	rebind := "https://rebind.example:" + u.Port() + "/"
	if err := c.Check(rebind); err != nil {
		t.Error(err)
	}
	_, err = c.Post(t.Context(), rebind, nil, []byte("said"))
	wantKind(t, "a public name that leads here", err, Blocked)
	if names.asked.Load() == 0 || hits.Load() != 0 {
		t.Errorf("%d lookups, %d hits", names.asked.Load(), hits.Load())
	}
}

func TestPostTime(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{}, 3)
	var sent atomic.Bool
	s, _ := serveTLS(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/short" {
			sent.Store(true)
		}
		arrived <- struct{}{}
		<-release
	})
	c := client(t, Config{Allow: []string{host(t, s.URL)}, RootCAs: trusting(s), Timeout: 300 * time.Millisecond})
	defer close(release)
	_, err := c.Post(t.Context(), s.URL, nil, nil)
	wantKind(t, "no answer", err, Timeout)
	short, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = c.Post(short, s.URL+"/short", nil, nil)
	wantKind(t, "less time than a request has", err, Busy)
	if sent.Load() {
		t.Error("it was sent all the same")
	}
	patient := client(t, Config{Allow: []string{host(t, s.URL)}, RootCAs: trusting(s)})
	gone, leave := context.WithCancel(t.Context())
	for len(arrived) > 0 { // the first
		<-arrived
	}
	go func() { <-arrived; leave() }()
	if _, err = patient.Post(gone, s.URL, nil, nil); !errors.Is(err, Canceled) {
		t.Errorf("who gave up: %v", err)
	}
}
