package resolve_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"laurel/keys"
)

// site is a TLS server on loopback whose pages a test sets, and the Fetcher
// that trusts its certificate.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	pages map[string]string
	hits  map[string]int
	hold  chan struct{} // when set, answers wait for it
}

func newSite(t testing.TB) *site {
	s := &site{pages: map[string]string{}, hits: map[string]int{}}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that break off are part of the tests
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.hits[r.URL.Path]++
	page, ok := s.pages[r.URL.Path]
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	_, _ = io.WriteString(w, page)
}

func (s *site) set(path, page string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = page
}

func (s *site) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hits[path]
}

// Get is the Fetcher.
func (s *site) Get(ctx context.Context, url string, maxBytes int64) ([]byte, string, error) {
	return get(ctx, s.Client(), url, maxBytes)
}

// wary is a Fetcher that does not trust the certificates of sites.
type wary struct{}

func (wary) Get(ctx context.Context, url string, maxBytes int64) ([]byte, string, error) {
	return get(ctx, &http.Client{Transport: &http.Transport{}}, url, maxBytes)
}

func get(ctx context.Context, client *http.Client, url string, maxBytes int64) ([]byte, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBytes+1))
	if int64(len(body)) > maxBytes {
		return nil, "", errors.New("too large")
	}
	return body, resp.Header.Get("Content-Type"), err
}

// did is the did:web of the site, with path segments.
func (s *site) did(segments ...string) string {
	host := strings.TrimPrefix(s.URL, "https://")
	return strings.Join(append([]string{"did:web:" + strings.Replace(host, ":", "%3A", 1)}, segments...), ":")
}

func newKey(t testing.TB) ed25519.PublicKey {
	t.Helper()
	pub, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return pub
}

// document is the controller document of id with one key for assertions.
func document(t testing.TB, id, fragment string, pub crypto.PublicKey) string {
	t.Helper()
	raw, err := keys.Document(id, []keys.VerificationMethod{{ID: id + "#" + fragment, Controller: id, Public: pub, Assertion: true}})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// jwk is a JSON Web Key, with iss unless it is empty.
func jwk(t testing.TB, pub crypto.PublicKey, kid, iss string) string {
	t.Helper()
	raw, err := keys.JWK(pub, kid)
	if err != nil {
		t.Fatal(err)
	}
	if iss == "" {
		return string(raw)
	}
	members := map[string]string{}
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	members["iss"] = iss
	if raw, err = json.Marshal(members); err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func set(jwks ...string) string { return `{"keys":[` + strings.Join(jwks, ",") + `]}` }

// canary is a Fetcher that nothing may ask.
type canary struct{ t testing.TB }

func (c canary) Get(_ context.Context, url string, _ int64) ([]byte, string, error) {
	c.t.Errorf("%s was asked for", url)
	return nil, "", errors.New("canary")
}

// recorder is a Fetcher that notes what it is asked for, and reaches nothing.
type recorder struct {
	urls []string
	http string // a host to be asked by http
}

func (r *recorder) Get(_ context.Context, url string, _ int64) ([]byte, string, error) {
	r.urls = append(r.urls, url)
	return nil, "", errors.New("nothing is reached")
}

func (r *recorder) Scheme(host string) string {
	if host == r.http {
		return "http"
	}
	return "https"
}
