package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"laurel/api"
	"laurel/api/cache"
	"laurel/api/pages"
	"laurel/api/public"
	"laurel/api/sessions"
	"laurel/api/tokens"
	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/endorser"
	"laurel/feed"
	"laurel/internal/auth"
	"laurel/internal/i18n"
	"laurel/internal/typeset"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/keyring/keyringtest"
	"laurel/keys/resolve"
	"laurel/programme"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/verifier"
)

func TestMain(m *testing.M) {
	// The server lingers for half a second over a connection whose body it
	// refused.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// world is the whole service, wired as the command wires it, over a real store
// and real keys, behind a real server.
type world struct {
	keys      *device
	t         *testing.T
	base      string // base URL, as signed into badges
	address   string // where the server listens
	store     *faulty
	issuer    *issuer.Issuer
	tokens    *tokens.Tokens
	endorsers *endorser.Endorsers
	programme *programme.Programme
	audit     *auditlog.Log
	hooks     *feed.Hooks
	receiver  *receiver
	clock     *clock
	log       *journal
	contract  *contract
	handler   http.Handler
	client    *http.Client
	all       string // a token with every scope for every issuer
}

// words and look are read once: they do not change.
var (
	words = sync.OnceValues(i18n.New)
	look  = sync.OnceValues(func() (*pages.Pages, error) {
		catalog, err := words()
		if err != nil {
			return nil, err
		}
		return pages.New(catalog)
	})
)

// clock can be set. It starts at the present; once it is set it stands still.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
	still  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.still.IsZero() {
		return c.still.Add(c.offset)
	}
	return time.Now().Add(c.offset)
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.still, c.offset = at, 0
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// journal keeps what was logged.
type journal struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.out.String()
}

// faulty is a real store whose changes can be made to fail.
type faulty struct {
	store.Store
	mu     sync.Mutex
	update error
	view   error
}

func (f *faulty) fail(update, view error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.update, f.view = update, view
}

func (f *faulty) Update(ctx context.Context, do func(store.Tx) error) error {
	f.mu.Lock()
	err := f.update
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Store.Update(ctx, do)
}

func (f *faulty) View(ctx context.Context, do func(store.Reader) error) error {
	f.mu.Lock()
	err := f.view
	f.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Store.View(ctx, do)
}

// keys counts what is stored, by the first part of its key.
func (f *faulty) count(prefix string) int {
	n := 0
	_ = f.Store.View(context.Background(), func(r store.Reader) error {
		return r.Scan([]byte(prefix), nil, func(_, _ []byte) error { n++; return nil })
	})
	return n
}

// city and other are the issuers of every world; the first has what can be
// earned.
const (
	city  = "city-school"
	other = "other-school"
)

type setting func(*api.Config)

// newWorld starts a service under an http address of its own.
func newWorld(t *testing.T, settings ...setting) *world {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return newWorldAt(t, "http://"+listener.Addr().String(), listener, settings...)
}

func newWorldAt(t *testing.T, base string, listener net.Listener, settings ...setting) *world {
	t.Helper()
	return newWorldSince(t, &clock{}, base, listener, settings...)
}

// newWorldSince starts a service whose clock does not show the present, nor does
// anything that it makes.
func newWorldSince(t *testing.T, clock *clock, base string, listener net.Listener, settings ...setting) *world {
	t.Helper()
	w := &world{t: t, base: base, address: "http://" + listener.Addr().String(), clock: clock, log: &journal{}, contract: theContract(t)}
	ctx := context.Background()
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	ring := w.newRing()
	w.keys = &device{Ring: ring}
	db := must(bolt.Create(filepath.Join(t.TempDir(), "laurel.db"), bolt.Options{}))(t)
	w.store = &faulty{Store: db}
	if err := issuer.Initialise(ctx, w.store, base, w.clock.now()); err != nil {
		t.Fatal(err)
	}
	processor := must(canon.New())(t)
	own := &ownRecords{base: base}
	resolver := resolve.New(nil, own)
	full := w.verifier(processor, resolver, own)
	plain := w.verifier(processor, resolver, nil)
	w.issuer = must(issuer.New(ctx, issuer.Config{Store: w.store, Keys: w.keys, BaseURL: base, Now: w.clock.now, Log: log,
		Suite: proof.EdDSARDFC2022{Canon: processor}, JWT: proof.VCJWT{}, SelfCheck: selfCheck(plain, verifier.Options{ProofOnly: true}),
		Securers: proof.Securers(processor, false), Generic: proof.Securers(processor, true),
		GenericCheck: selfCheck(plain, verifier.Options{ProofOnly: true, Generic: true}), Endorsements: endorser.Embedded}))(t)
	own.issuer = w.issuer
	w.tokens = tokens.New(w.store, func(tx store.Tx, action, id string) error {
		return w.issuer.Note(tx, issuer.Event{Action: action, Subject: id})
	}, w.clock.now)
	_, host, _ := strings.Cut(base, "://")
	w.audit = must(auditlog.New(auditlog.Config{Store: w.store, Origin: host + "/log", Keys: ring.Issuer(issuer.LogSlug)}))(t)
	w.programme = programme.New(w.store, w.issuer)
	work := w.programme
	own.work = work
	events := feed.New(w.store, w.issuer, base)
	w.receiver = newReceiver(t)
	w.hooks = must(feed.NewHooks(feed.HooksConfig{Store: w.store, Feed: events, Issuer: w.issuer, Seal: ring, Sender: w.receiver.sender(t), Now: w.clock.now, Log: log}))(t)
	catalog, faces := must(words())(t), must(look())(t)
	w.endorsers = endorser.New(endorser.Config{Store: w.store, Issuer: w.issuer, Verify: func(ctx context.Context, document []byte) error {
		return full.Verify(ctx, document).Refusal()
	}})
	own.said = w.endorsers
	w.issuer.Observe(w.endorsers.Observe)
	cfg := api.Config{Issuer: w.issuer, Programme: work, Endorsers: w.endorsers, Verifier: full, Tokens: w.tokens, Audit: w.audit, Feed: events, Hooks: w.hooks, Pages: faces,
		Catalog: catalog, Fonts: typeset.Open(nil), BaseURL: base, VCAPI: w.issuer, Now: w.clock.now, Log: log, Cache: cache.New(cache.Config{Store: w.store, Changes: ring.Changes, Now: w.clock.now, Bytes: cache.DefaultBytes}),
		Sessions: sessions.New(w.store, w.tokens, w.clock.now),
		Ready: func(ctx context.Context) public.Readiness {
			return public.Readiness{Read: w.store.View(ctx, func(store.Reader) error { return nil }), Write: w.store.Update(ctx, func(store.Tx) error { return nil })}
		}}
	for _, set := range settings {
		set(&cfg)
	}
	w.handler = must(api.New(cfg))(t)
	w.serve(w.handler, listener)
	t.Cleanup(func() { _ = db.Close() })
	w.runJWTs()
	w.define(ctx, work)
	_, w.all, _ = w.tokens.Create(ctx, auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any})
	return w
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// newRing has the keys of all issuers and of the log. Those of the one https
// address, of which one is an RSA key, are made once.
func (w *world) newRing() *keyring.Ring {
	w.t.Helper()
	create := func(folder string) *keyring.Ring {
		ring := must(keyring.CreateWithClock(folder, keyring.Seal{}, w.clock.now))(w.t)
		for _, slug := range []string{city, other, issuer.VCAPISlug} {
			w.makeKeys(ring, slug)
		}
		if _, err := ring.Generate(context.Background(), issuer.LogSlug, w.base+"/log", keys.EdDSA); err != nil {
			w.t.Fatal(err)
		}
		return ring
	}
	if w.base != secureBase {
		return create(filepath.Join(w.t.TempDir(), "keys"))
	}
	folder := keyringtest.Folder(w.t, w.base, func(folder string) { create(folder) })
	return must(keyring.OpenWithClock(folder, keyring.Seal{}, w.clock.now))(w.t)
}

// makeKeys makes one key, and under https the RSA key of the second form too.
func (w *world) makeKeys(ring *keyring.Ring, slug string) {
	w.t.Helper()
	did := issuer.DID(w.base, slug)
	if _, err := ring.Generate(context.Background(), slug, did, keys.EdDSA); err != nil {
		w.t.Fatal(err)
	}
	if did == "" || slug != city {
		return
	}
	if _, err := ring.Generate(context.Background(), slug, did, keys.RS256); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) verifier(processor *canon.Canonicalizer, resolver *resolve.Resolver, lists *ownRecords) *verifier.Verifier {
	cfg := verifier.Config{Canon: processor, Keys: resolver, Now: w.clock.now,
		Suites: proof.Suites(processor)}
	if lists != nil {
		cfg.Status, cfg.Newer, cfg.Standing, cfg.Records = lists, lists.newer, lists.standing, lists
	}
	return must(verifier.New(cfg))(w.t)
}

func selfCheck(v *verifier.Verifier, opts verifier.Options) issuer.SelfCheck {
	return func(ctx context.Context, document []byte) error {
		return v.VerifyBytes(ctx, document, opts).Err()
	}
}

// ownRecords answers for what the service itself publishes.
type ownRecords struct {
	base   string
	issuer *issuer.Issuer
	work   *programme.Programme
	said   *endorser.Endorsers
}

func (o *ownRecords) RecordedAt(ctx context.Context, d *badge.Document) (at time.Time, ok bool, err error) {
	if at, ok, err = o.issuer.RecordedAt(ctx, d); ok || err != nil {
		return at, ok, err
	}
	return o.said.RecordedAt(ctx, d)
}

func (o *ownRecords) ControllerDocument(ctx context.Context, id string) ([]byte, bool, error) {
	return o.issuer.ControllerDocument(ctx, id)
}

func (o *ownRecords) StatusList(ctx context.Context, url string) ([]byte, error) {
	name, ok := strings.CutPrefix(url, o.base+"/status/")
	if !ok {
		return nil, errors.New("this world has no network")
	}
	return o.issuer.StatusList(ctx, name)
}

func (o *ownRecords) newer(ctx context.Context, url string, index int) (string, bool) {
	address, ok, err := o.issuer.NewerEdition(ctx, strings.TrimPrefix(url, o.base+"/status/"), index)
	return address, ok && err == nil
}

func (o *ownRecords) standing(ctx context.Context, url string, index int) (verifier.Standing, error) {
	name, ours := strings.CutPrefix(url, o.base+"/status/")
	if !ours {
		return nil, nil
	}
	return o.work.Standing(ctx, name, index)
}

func (w *world) serve(h http.Handler, listener net.Listener) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	transport := &http.Transport{MaxIdleConnsPerHost: 100, DisableCompression: true}
	w.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-done
	})
}

func (w *world) runJWTs() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = w.issuer.Run(ctx) }()
	w.t.Cleanup(func() { cancel(); <-done })
}

// untilJWTs waits until none is left to be made.
func (w *world) untilJWTs() {
	w.t.Helper()
	for waiting := 1; waiting > 0; time.Sleep(time.Millisecond) { // until go test gives up
		waiting = 0
		err := w.store.View(w.t.Context(), func(r store.Reader) error {
			return r.Scan([]byte("j/"), nil, func(_, _ []byte) error { waiting++; return nil })
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// define makes the issuers, three achievements and a workshop.
func (w *world) define(ctx context.Context, work *programme.Programme) {
	w.t.Helper()
	credits := 1.0
	for _, p := range []issuer.Profile{{Slug: city, Name: "Example City School", URL: "https://city-school.example/"},
		{Slug: other, Name: "Example Other School"}, {Slug: issuer.VCAPISlug, Name: "VC-API issuer"}} {
		must(w.issuer.PutProfile(ctx, p, "test"))(w.t)
	}
	for _, a := range []issuer.Achievement{
		{Slug: "healthy-city", Issuer: city, Name: issuer.Text{"en": "Healthy City in 20 Steps", "fr": "Ville-santé en 20 étapes"},
			Description: issuer.Text{"en": "Completed the course.", "fr": "A suivi le cours."}, Criteria: issuer.Text{"en": "Score 80 %."},
			CreditsAvailable: &credits, Results: issuer.ResultsScore},
		{Slug: "workshop-participant", Issuer: city, Name: issuer.Text{"en": "Workshop participant"},
			Description: issuer.Text{"en": "Took part in the workshop."}, Criteria: issuer.Text{"en": "Be there."}},
		{Slug: "other-badge", Issuer: other, Name: issuer.Text{"en": "Other badge"},
			Description: issuer.Text{"en": "Something else."}, Criteria: issuer.Text{"en": "Do it."}},
	} {
		must(w.issuer.PutAchievement(ctx, a, "test"))(w.t)
	}
	must(work.PutActivity(ctx, []byte(`{"id":"uh-kit-2025","kind":"workshop","edition":"2025-1","start":"2025-06-17","end":"2025-06-20",
		"award_rules":[{"achievement":"workshop-participant","all":[{"role_in":["participant","facilitator"]}]}]}`), "test"))(w.t)
}

// token makes a token with limits of its own.
func (w *world) token(limits auth.Token) string {
	w.t.Helper()
	if limits.Issuers == nil {
		limits.Issuers = []string{city}
	}
	_, text, err := w.tokens.Create(context.Background(), limits)
	if err != nil {
		w.t.Fatal(err)
	}
	return text
}

// request is one request of a test.
type request struct {
	method, path, body string
	token              string
	header             map[string]string
	host               string
}

// answer is what came back, read whole.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request and holds the answer against the published contract.
func (w *world) do(r request) answer {
	w.t.Helper()
	a, err := w.send(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.method, r.path, err)
	}
	return a
}

func (w *world) send(r request) (answer, error) {
	req, err := http.NewRequest(r.method, w.address+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	_, req.Host, _ = strings.Cut(w.base, "://")
	if r.host != "" {
		req.Host = r.host
	}
	if r.token != "" {
		req.Header.Set("Authorization", "Bearer "+r.token)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{resp.StatusCode, resp.Header, body}
	w.contract.hold(w.t, req, r.body, a)
	return a, nil
}

func (w *world) get(path string, header ...string) answer {
	w.t.Helper()
	return w.do(request{method: http.MethodGet, path: path, header: pairs(header)})
}

// post sends JSON with the token of all scopes.
func (w *world) post(path, body string, header ...string) answer {
	w.t.Helper()
	h := pairs(header)
	if h["Content-Type"] == "" {
		h["Content-Type"] = "application/json"
	}
	return w.do(request{method: http.MethodPost, path: path, body: body, token: w.all, header: h})
}

func pairs(list []string) map[string]string {
	h := map[string]string{}
	for n := 0; n+1 < len(list); n += 2 {
		h[list[n]] = list[n+1]
	}
	return h
}

// into reads a JSON body.
func (a answer) into(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("status %d, body %.300q: %v", a.status, a.body, err)
	}
}

// object reads a JSON body that is an object.
func (a answer) object(t *testing.T) map[string]any {
	t.Helper()
	var m map[string]any
	a.into(t, &m)
	return m
}

// want fails unless the status is as expected.
func (a answer) want(t *testing.T, status int) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %.600s", a.status, status, a.body)
	}
	return a
}

// problem reads the answer as a problem document with a code.
func (a answer) problem(t *testing.T, status int, code string) map[string]any {
	t.Helper()
	a.want(t, status)
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Fatalf("content type %q: %.300s", ct, a.body)
	}
	p := a.object(t)
	if p["code"] != code || p["status"] != float64(status) || p["requestId"] != a.header.Get("X-Request-Id") || p["detail"] == "" {
		t.Fatalf("problem %s, want code %s", a.body, code)
	}
	return p
}

// award is a body that is in order.
func award(n int) string {
	return fmt.Sprintf(`{"achievement":"healthy-city","recipient":{"name":"Ana Mora %d","email":"ana.%d@learner.example","externalId":"lms-%d"},
		"awardedAt":"2025-07-11","language":"fr","externalRef":"course-v1:Healthy+City"}`, n, n, n)
}

// issued is what tests need of a new badge.
type issued struct {
	ID, Status, CredentialID, VerifyURL, ClaimURL string
	Credential                                    json.RawMessage
}

func (w *world) issue(n int) issued {
	w.t.Helper()
	var b issued
	w.post("/v1/credentials", award(n)).want(w.t, http.StatusCreated).into(w.t, &b)
	return b
}
