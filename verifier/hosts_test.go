package verifier_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/keys"
	"laurel/verifier"
)

// patient is how long one request may take in these tests, and slow is longer
// than any of them.
const (
	patient = 3 * time.Second
	slow    = 20 * time.Second
)

// hostile are answers of hosts that mean no good.
var hostile = map[string]http.HandlerFunc{
	"sleeps": func(_ http.ResponseWriter, r *http.Request) { sleep(r) },
	"sleeps after the header": func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		sleep(r)
	},
	"drips": func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	},
	"redirects for ever": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path+"?"+r.URL.RawQuery+"x", http.StatusFound)
	},
	"redirects to ourselves": func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
	},
	"sends without end": func(w http.ResponseWriter, r *http.Request) {
		chunk := make([]byte, 1<<16)
		for n := 0; n < 10<<30 && r.Context().Err() == nil; n += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	},
	"announces 10 GB": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(10<<30))
		_, _ = io.WriteString(w, "{")
	},
	"sends a bomb": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		zeros := make([]byte, 1<<20)
		for range 8 {
			_, _ = z.Write(zeros)
		}
		_ = z.Close()
	},
	"sends a header without end": func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X", strings.Repeat("x", 200<<10))
	},
	"hangs up": func(w http.ResponseWriter, _ *http.Request) {
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = c.Close()
		}
	},
	"fails": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
}

func sleep(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(slow):
	}
}

// TestHostileHosts: whatever a host does, its own check alone stays open, the
// others answer, and the whole ends soon.
func TestHostileHosts(t *testing.T) {
	for name, answer := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tn := newTown(t, patient)
			h := tn.newHouse("a")
			for _, page := range []string{"status", "schema", "newest", "report"} {
				tn.answers("/issuers/a/"+page, answer)
			}
			began := time.Now()
			r := verifyOnce(t, tn.v, h.badge(
				swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"`+h.at("schema")+`","type":"JsonSchema"}]`),
				put("refreshService", `{"id":"`+h.at("newest")+`","type":"1EdTechCredentialRefresh"}`),
				put("relatedResource", `[{"id":"`+h.at("report")+`","digestSRI":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="}]`),
			), verifier.Options{})
			expect(t, r, indeterminate, finding{proofs, pass, verifier.OK}, finding{issuerKey, pass, verifier.OK},
				finding{schema, open, verifier.SchemaUnreachable}, finding{revocation, open, verifier.StatusListUnreachable},
				finding{resources, open, verifier.ResourceUnreachable}, finding{refresh, warn, verifier.RefreshUnreachable},
				finding{validity, pass, verifier.OK})
			if took := time.Since(began); took >= slow {
				t.Errorf("took %s", took)
			}
			tn.answers("/issuers/a/did.json", answer)
			expect(t, verifyOnce(t, tn.stranger(t).v, h.badge(), verifier.Options{}), indeterminate, finding{issuerKey, open, verifier.KeyUnreachable})
		})
	}
}

// deafSources never answer, and do not listen to whom they keep waiting either.
type deafSources struct {
	release chan struct{}
	given   chan time.Duration // to each that is asked
}

func (d deafSources) StatusList(ctx context.Context, _ string) ([]byte, error) {
	return d.Page(ctx, "")
}

func (d deafSources) Page(ctx context.Context, _ string) ([]byte, error) {
	end, _ := ctx.Deadline()
	d.given <- time.Until(end)
	<-d.release
	return nil, nil
}

// TestPatienceEnds: a verification ends within eight seconds, even if what it
// asks ignores that it should end.
func TestPatienceEnds(t *testing.T) {
	t.Parallel()
	d := deafSources{make(chan struct{}), make(chan time.Duration, 9)}
	t.Cleanup(func() { close(d.release) })
	w := newWorld(t, func(cfg *verifier.Config) { cfg.Status, cfg.Pages = d, d })
	text := w.badge(put("refreshService", `{"id":"`+editionsURL+`","type":"1EdTechCredentialRefresh"}`))
	r := verifyOnce(t, w.v, text, verifier.Options{})
	expect(t, r, indeterminate, finding{revocation, open, verifier.StatusListUnreachable}, finding{refresh, warn, verifier.RefreshUnreachable})
	if len(d.given) == 0 {
		t.Error("nobody was asked")
	}
	for range len(d.given) {
		if given := <-d.given; given > 8*time.Second {
			t.Errorf("%s are given to answer", given)
		}
	}
}

// TestOneWave: the key, the list, the schema, the document and the endorser's
// key are under way together: none of them is answered before all were asked
// for.
func TestOneWave(t *testing.T) {
	tn := newTownOf(t, 5*time.Second, 5) // a host is asked for two things at once at most
	h := tn.newHouse("a")
	tn.host = tn.hosts[1]
	guild := tn.newHouse("guild")
	on := func(host int, page string) string { return "http://" + tn.hosts[host] + "/" + page }
	h.list(on(2, "list"), "revocation", h.key, nil)
	h.web.put(on(3, "schema"), []byte(`{"required":["issuer"]}`))
	h.web.put(on(4, "report"), []byte("hello world"))
	text := h.badge(put("credentialStatus", entryOf("revocation", "7", on(2, "list"), "")),
		swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"`+on(3, "schema")+`","type":"JsonSchema"}]`),
		put("relatedResource", `[{"id":"`+on(4, "report")+`","digestSRI":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="}]`),
		add(`"endorsement":[`+h.endorsedBy(guild.key, about("https://badges.example.edu/credentials/3732f6a0-5b1e-4f9a-9c47-5d3f1b7b2a11"))+`]`))
	pages := []string{"/issuers/a/did.json", "/issuers/guild/did.json", "/list", "/schema", "/report"}
	together := make(chan struct{})
	var asked atomic.Int64
	for _, page := range pages {
		tn.answers(page, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == int64(len(pages)) {
				close(together)
			}
			select {
			case <-together:
			case <-r.Context().Done():
			}
			page, _, _ := tn.web.Get(r.Context(), "http://"+r.Host+r.URL.Path, 0)
			_, _ = w.Write(page)
		})
	}
	expect(t, verifyOnce(t, tn.v, text, verifier.Options{}), valid, finding{issuerKey, pass, verifier.OK}, finding{schema, pass, verifier.OK},
		finding{revocation, pass, verifier.NotRevoked}, finding{resources, pass, verifier.ResourcesMatch}, finding{endorsements, pass, verifier.EndorsementsHold})
	if n := asked.Load(); n != int64(len(pages)) {
		t.Errorf("%d requests", n)
	}
}

// meeting is a source of lists and of pages that gives neither before both were
// asked for.
type meeting struct {
	*web
	list, page chan struct{}
	alone      atomic.Bool
}

func (m *meeting) StatusList(ctx context.Context, url string) ([]byte, error) {
	close(m.list)
	return m.after(ctx, m.page, url)
}

func (m *meeting) Page(ctx context.Context, url string) ([]byte, error) {
	close(m.page)
	return m.after(ctx, m.list, url)
}

func (m *meeting) after(ctx context.Context, other <-chan struct{}, url string) ([]byte, error) {
	select {
	case <-other:
	case <-time.After(slow):
		m.alone.Store(true)
	}
	page, _, err := m.web.Get(ctx, url, 0)
	return page, err
}

// TestSchemaAndListTogether: of an issuer whose key is at hand, too, nothing
// waits for anything: the schema of others is asked for with the list, not
// before it.
func TestSchemaAndListTogether(t *testing.T) {
	var m *meeting
	w := newWorld(t, func(c *verifier.Config) {
		m = &meeting{web: c.Status.(*web), list: make(chan struct{}), page: make(chan struct{})}
		c.Status, c.Pages = m, m
	})
	w.list(listURL, "revocation", w.issuer, nil)
	w.web.put("https://x.example/schema", []byte(`{"required":["issuer"]}`))
	text := w.badge(swap(`"1EdTechJsonSchemaValidator2019"}]`, `"1EdTechJsonSchemaValidator2019"},{"id":"https://x.example/schema","type":"JsonSchema"}]`))
	expect(t, verifyOnce(t, w.v, text, verifier.Options{}), valid, finding{schema, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked})
	if m.alone.Load() {
		t.Error("one waited for the other")
	}
}

// TestHostsHaveNoSayBeforeTheirTurn: what is asked ahead counts only where the
// order of the checks comes to it.
func TestHostsHaveNoSayBeforeTheirTurn(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	h.list(h.at("status"), "revocation", h.key, []int{7})
	forged := swap(`"value":"94"`, `"value":"99"`)(t, h.badge())
	expect(t, verifyOnce(t, tn.v, forged, verifier.Options{}), invalid, notRun(finding{proofs, fail, verifier.ProofInvalid})...)
	expired := h.badge(put("validUntil", `"2026-11-21T09:00:00Z"`))
	r := verifyOnce(t, tn.v, expired, verifier.Options{})
	expect(t, r, invalid, finding{validity, fail, verifier.Expired}, finding{revocation, fail, verifier.Revoked})
	if f := r.Decisive(); f.Check != validity {
		t.Errorf("decided by %s", f.Check)
	}
}

// TestManyRequestsOfOneBadge: one badge that names as much as it can makes no
// more than six requests, what decides first.
func TestManyRequestsOfOneBadge(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	var hits atomic.Int64
	other := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { hits.Add(1); http.NotFound(w, r) })
	var related, schemas, endorsing []string
	for i := range 20 {
		n := strconv.Itoa(i)
		for _, page := range []string{"schema", "report"} {
			tn.answers("/issuers/a/"+page+n, other)
		}
		schemas = append(schemas, `{"id":"`+h.at("schema"+n)+`","type":"JsonSchema"}`)
		related = append(related, `{"id":"`+h.at("report"+n)+`","digestSRI":"sha256-uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="}`)
		g := tn.newHouse("guild" + n)
		tn.answers("/issuers/guild"+n+"/did.json", other)
		endorsing = append(endorsing, h.endorsedBy(g.key))
	}
	r := verifyOnce(t, tn.v, h.badge(put("credentialSchema", "["+strings.Join(schemas, ",")+"]"), put("relatedResource", "["+strings.Join(related, ",")+"]"),
		add(`"endorsement":[`+strings.Join(endorsing, ",")+`]`)), verifier.Options{})
	expect(t, r, indeterminate, finding{issuerKey, pass, verifier.OK}, finding{revocation, pass, verifier.NotRevoked}, finding{schema, open, verifier.SchemaUnreachable})
	if n := hits.Load(); n > 4 {
		t.Errorf("%d requests beside the key and the list", n)
	}
}

// TestWaiting: whoever counts verifications is told when one only waits, and
// when it goes on.
func TestWaiting(t *testing.T) {
	tn := newTown(t, 5*time.Second)
	h := tn.newHouse("a")
	text := h.badge()
	waiting, times := 0, 0
	opts := verifier.Options{Waiting: func() func() {
		waiting++
		times++
		return func() { waiting-- }
	}}
	expect(t, verifyOnce(t, tn.v, text, opts), valid)
	if waiting != 0 || times == 0 || times > 2 {
		t.Errorf("it waited %d times, and %d times still", times, waiting)
	}
	times = 0
	expect(t, verifyOnce(t, tn.v, h.badge(drop("credentialStatus")), opts), valid) // the key is at hand
	if times != 0 {
		t.Errorf("it waited %d times for nobody", times)
	}
}

// lastMoment is a list of issuers that is asked when the lists have arrived,
// and ends the patience of whoever waits for them.
type lastMoment struct {
	*web
	wait  sync.WaitGroup // for the lists
	seen  atomic.Bool    // errands were under way: their name is still the one that is looked for
	leave context.CancelFunc
}

func (l *lastMoment) StatusList(ctx context.Context, url string) ([]byte, error) {
	defer l.wait.Done()
	if errandsUnderWay() { // this is one
		l.seen.Store(true)
	}
	return l.web.StatusList(ctx, url)
}

func (l *lastMoment) Knows(context.Context, string) (verifier.Listing, bool, error) {
	l.wait.Wait()
	for end := time.Now().Add(time.Minute); errandsUnderWay() && time.Now().Before(end); { // until what was brought is put down
		time.Sleep(time.Millisecond)
	}
	l.leave()
	return verifier.Listing{}, false, nil
}

func errandsUnderWay() bool {
	buf := make([]byte, 1<<20)
	return bytes.Contains(buf[:runtime.Stack(buf, true)], []byte("created by laurel/verifier.(*errands).begin"))
}

// TestAnswerOfTheLastMoment: what has arrived counts, though nobody would have
// waited any longer.
func TestAnswerOfTheLastMoment(t *testing.T) {
	var last *lastMoment
	w := newWorld(t, func(c *verifier.Config) {
		last = &lastMoment{web: c.Status.(*web)}
		c.Status, c.Trust = last, last
	})
	w.list(listURL, "revocation", w.issuer, nil)
	w.list(suspensionURL, "suspension", w.issuer, nil)
	text := w.badge(put("credentialStatus", "["+entryOf("revocation", "7", listURL, "")+","+entryOf("suspension", "7", suspensionURL, "")+"]"))
	for range 20 { // it was a matter of luck
		ctx, cancel := context.WithCancel(context.Background())
		last.leave = cancel
		last.wait.Add(2)
		if r := w.v.Verify(ctx, []byte(text)); r.Verdict() != valid {
			t.Fatal(lines(r))
		}
	}
	if !last.seen.Load() {
		t.Error("errands are not what they were called: nobody waited for them here")
	}
}

// watching notes how long what it was asked for may take.
type watching struct {
	verifier.KeyResolver
	last context.Context
}

func (w *watching) Resolve(ctx context.Context, id string) (keys.VerificationMethod, error) {
	w.last = ctx
	return w.KeyResolver.Resolve(ctx, id)
}

// TestErrandsEndWithTheAnswer: nothing is under way any more when there is an
// answer, to whatever was brought and however short the caller's time is.
func TestErrandsEndWithTheAnswer(t *testing.T) {
	var watch *watching
	w := newWorld(t, func(c *verifier.Config) {
		watch = &watching{KeyResolver: c.Keys}
		c.Keys = watch
	})
	key := w.publish(keyPair(t, keys.EdDSA), func(m *keys.VerificationMethod) { m.Authentication = true })
	w.list(listURL, "revocation", key, nil)
	text := w.sign(w.unsigned(webDID), key, now)
	for name, brought := range map[string]string{
		"badge":        text,
		"presentation": w.presented(key, true, nil),
	} {
		for _, limit := range []time.Duration{7 * time.Second, time.Hour} {
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			watch.last = nil
			r := w.v.VerifyBytes(ctx, []byte(brought), verifier.Options{Generic: name == "presentation"})
			if r.Verdict() != valid {
				t.Errorf("%s: %s\n%s", name, r.Verdict(), lines(r))
			}
			if watch.last == nil || watch.last.Err() == nil {
				t.Errorf("%s within %s: what was asked for may go on", name, limit)
			}
			cancel()
		}
	}
}
