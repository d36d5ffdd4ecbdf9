package verifier_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/fetch"
	"laurel/keys"
	"laurel/keys/resolve"
	"laurel/verifier"
)

// outgoing is the real client as what a verifier asks.
type outgoing struct{ client *fetch.Client }

func (o outgoing) Get(ctx context.Context, url string, maxBytes int64) ([]byte, string, error) {
	return o.client.Get(ctx, url, maxBytes)
}

func (o outgoing) Scheme(host string) string { return o.client.Scheme(host) }

func (o outgoing) StatusList(ctx context.Context, url string) ([]byte, error) {
	return o.Page(ctx, url)
}

func (o outgoing) Page(ctx context.Context, url string) ([]byte, error) {
	raw, _, err := o.client.GetFollowing(ctx, url, 1<<20)
	return raw, err
}

// town is a world whose pages stand on a real server on loopback, and a
// verifier that has to go there.
type town struct {
	*world
	trust
	timeout time.Duration // of a request
	hosts   []string
	host    string // name and port
	mu      sync.Mutex
	hostile map[string]http.HandlerFunc // paths that answer otherwise
}

// answers makes a path answer otherwise than with its page.
func (tn *town) answers(path string, f http.HandlerFunc) {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	tn.hostile[path] = f
}

func newTown(t testing.TB, timeout time.Duration) *town {
	t.Helper()
	return newTownOf(t, timeout, 1)
}

// newTownOf makes a town of several hosts, which all show the same pages.
func newTownOf(t testing.TB, timeout time.Duration, hosts int) *town {
	t.Helper()
	tn := &town{trust: trust{}, hostile: map[string]http.HandlerFunc{}, timeout: timeout}
	for range hosts {
		server := httptest.NewServer(tn)
		t.Cleanup(server.Close)
		_, port, err := net.SplitHostPort(server.Listener.Addr().String())
		must(t, err)
		tn.hosts = append(tn.hosts, "localhost:"+port)
	}
	tn.host = tn.hosts[0]
	tn.world = tn.stranger(t)
	return tn
}

// stranger is a world whose verifier has to ask the town, and knows nothing
// yet.
func (tn *town) stranger(t testing.TB) *world {
	t.Helper()
	var allowed []string
	for _, host := range tn.hosts {
		allowed = append(allowed, "http://"+host)
	}
	client, err := fetch.New(fetch.Config{Allow: allowed, Timeout: tn.timeout})
	must(t, err)
	out := outgoing{client}
	return newWorld(t, func(cfg *verifier.Config) {
		cfg.Keys = resolve.NewWithClock(out, nil, func() time.Time { return now })
		cfg.Status, cfg.Pages, cfg.Trust = out, out, tn.trust
	})
}

func (tn *town) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tn.mu.Lock()
	f := tn.hostile[r.URL.Path]
	tn.mu.Unlock()
	if f != nil {
		f(w, r)
		return
	}
	page, _, err := tn.web.Get(r.Context(), "http://"+r.Host+r.URL.Path, 0)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	_, _ = w.Write(page)
}

// house is one issuer of a town, with addresses of its own.
type house struct {
	*town
	host string
	name string
	did  string
	key  signer
}

// newHouse publishes a fresh key of a new issuer, changed before that, and its
// empty revocation list.
func (tn *town) newHouse(name string, change ...func(*keys.VerificationMethod)) *house {
	tn.t.Helper()
	h := &house{town: tn, host: tn.host, name: name, did: "did:web:" + strings.ReplaceAll(tn.host, ":", "%3A") + ":issuers:" + name, key: keyPair(tn.t, keys.EdDSA)}
	h.key.method.ID, h.key.method.Controller, h.key.method.Assertion = h.did+"#key", h.did, true
	h.publish(change...)
	h.list(h.at("status"), "revocation", h.key, nil)
	return h
}

func (h *house) publish(change ...func(*keys.VerificationMethod)) {
	h.t.Helper()
	m := h.key.method
	for _, f := range change {
		f(&m)
	}
	doc, err := keys.Document(h.did, []keys.VerificationMethod{m})
	must(h.t, err)
	h.web.put(h.at("did.json"), doc)
}

// rotate publishes another key before the one that there is, which stays.
func (h *house) rotate() {
	h.t.Helper()
	fresh := keyPair(h.t, keys.EdDSA).method
	fresh.ID, fresh.Controller, fresh.Assertion = h.did+"#key-2", h.did, true
	doc, err := keys.Document(h.did, []keys.VerificationMethod{fresh, h.key.method})
	must(h.t, err)
	h.web.put(h.at("did.json"), doc)
}

// at is an address of the house.
func (h *house) at(page string) string {
	return "http://" + h.host + "/issuers/" + h.name + "/" + page
}

func (h *house) gone(page string) {
	h.web.mu.Lock()
	defer h.web.mu.Unlock()
	delete(h.web.pages, h.at(page))
}

// entry is a status entry of the house's badges.
func (h *house) entry(purpose, index, more string) string {
	return entryOf(purpose, index, h.at("status"), more)
}

// words are the badge of the house before it is signed.
func (h *house) words(edits ...edit) string {
	h.t.Helper()
	return h.unsigned(h.did, append([]edit{put("credentialStatus", h.entry("revocation", "7", ""))}, edits...)...)
}

// badge is the same signed.
func (h *house) badge(edits ...edit) string {
	h.t.Helper()
	return h.sign(h.words(edits...), h.key, now.Add(-time.Hour))
}

func TestTownIsReal(t *testing.T) {
	tn := newTown(t, time.Second)
	r := tn.v.Verify(t.Context(), []byte(tn.newHouse("a").badge()))
	expect(t, r, valid, finding{issuerKey, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked})
	if n := tn.web.asked.Load(); n != 2 {
		t.Errorf("%d requests", n)
	}
}
