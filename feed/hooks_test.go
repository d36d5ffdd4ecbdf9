package feed_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
	"golang.org/x/sync/errgroup"

	"laurel/feed"
	"laurel/internal/fetch"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/store/bolt"
)

// receiver is somebody else's server under https; each path answers as it was
// told, 200 by default.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    map[string][]string // by path, the ids in their order
	status map[string]int
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: map[string][]string{}, status: map[string]int{}}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		var e feed.Event
		r.mu.Lock()
		defer r.mu.Unlock()
		if err := json.Unmarshal(body, &e); err != nil || e.ID != req.Header.Get("webhook-id") {
			r.got["wrong"] = append(r.got["wrong"], string(body))
		}
		r.got[req.URL.Path] = append(r.got[req.URL.Path], e.ID)
		switch status := r.status[req.URL.Path]; status {
		case 0:
		case http.StatusFound:
			http.Redirect(w, req, "/redirected", status)
		case -1:
			panic(http.ErrAbortHandler)
		default:
			w.WriteHeader(status)
		}
	}))
	r.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r.StartTLS()
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(path string, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status[path] = status
}

func (r *receiver) at(path string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got[path])
}

// sender may reach the receiver, and no other private address.
func (r *receiver) sender(t *testing.T, resolver *net.Resolver) *fetch.Client {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(r.Certificate())
	u, err := url.Parse(r.URL)
	if err != nil {
		t.Fatal(err)
	}
	c, err := fetch.New(fetch.Config{Allow: []string{u.Host}, RootCAs: roots, Timeout: 5 * time.Second, Resolver: resolver})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told is a place whose events go out.
type told struct {
	*place
	*feed.Hooks
	receiver *receiver
	log      *bytes.Buffer
}

func telling(t *testing.T, p *place, r *receiver, resolver *net.Resolver) *told {
	t.Helper()
	w := &told{place: p, receiver: r, log: new(bytes.Buffer)}
	var err error
	w.Hooks, err = feed.NewHooks(feed.HooksConfig{Store: p.Store, Feed: p.Feed, Issuer: p.Issuer, Seal: p.Ring, Sender: r.sender(t, resolver),
		Now: p.Clock.Now, Log: slog.New(slog.NewTextHandler(w.log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func newTold(t *testing.T) *told {
	s, _ := backends["bolt"](t)
	p := at(t, s)
	p.sequence(t)
	return telling(t, p, newReceiver(t), nil)
}

func (w *told) hook(t *testing.T, path string, types ...feed.Type) string {
	t.Helper()
	hook, secret, err := w.Create(t.Context(), academy, feed.Wish{URL: w.receiver.URL + path, Types: types}, "test", nil)
	if err != nil || !strings.HasPrefix(secret, "whsec_") {
		t.Fatal(secret, err)
	}
	return hook.ID
}

func (w *told) once(t *testing.T) {
	t.Helper()
	if err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.whole(t)
}

func (w *told) whole(t *testing.T) {
	t.Helper()
	if err := w.Hooks.Check(context.WithoutCancel(t.Context()), func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

func (w *told) deliveries(t *testing.T, hook string, state feed.State) []*feed.Delivery {
	t.Helper()
	list, more, err := w.Deliveries(t.Context(), hook, anyone, feed.Filter{State: state})
	if err != nil || more && len(list) != 200 {
		t.Fatal(len(list), more, err)
	}
	return list
}

// events issues badges, many at once since those share a commit, and returns the ids
// of their events.
func (w *told) events(t *testing.T, n int) (ids []string) {
	t.Helper()
	_, cursor := w.all(t, anyone, 200)
	var issuing errgroup.Group
	issuing.SetLimit(16)
	for range n {
		w.Clock.Advance(time.Millisecond)
		who := fmt.Sprint(w.Clock.Now().UnixNano())
		issuing.Go(func() error {
			_, err := w.Issue(t.Context(), award(academy, who))
			return err
		})
	}
	if err := issuing.Wait(); err != nil {
		t.Fatal(err)
	}
	w.sequence(t)
	for more := true; more; {
		page, err := w.Feed.Page(t.Context(), feed.Query{Sees: func(slug string) bool { return slug == academy }, After: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if e.Type == feed.CredentialIssued {
				ids = append(ids, e.ID)
			}
		}
		cursor, more = page.Cursor, page.More
	}
	if len(ids) != n {
		t.Fatalf("%d events of %d", len(ids), n)
	}
	return ids
}

// TestFromItsMaking: a hook is told of what is committed after it was made, whatever
// its time, and of nothing before, also where that had no place in the log yet.
func TestFromItsMaking(t *testing.T) {
	w := newTold(t)
	w.Clock.Advance(time.Minute)
	w.issue(t, academy, "placed")
	w.sequence(t)
	w.issue(t, academy, "waiting")
	w.Clock.Advance(time.Second)
	hook := w.hook(t, "/hook")
	w.Clock.Advance(-2 * time.Second) // the clock of who issues is behind
	late := w.issue(t, academy, "late")
	w.Clock.Advance(4 * time.Second)
	after := w.issue(t, academy, "after")
	for range 2 {
		w.sequence(t)
		w.once(t)
	}
	events, _ := w.all(t, anyone, 200)
	var want []string
	for _, e := range events {
		if e.Type == feed.CredentialIssued && (strings.HasSuffix(e.Subject, late.ID) || strings.HasSuffix(e.Subject, after.ID)) {
			want = append(want, e.ID)
		}
	}
	got := w.receiver.at("/hook") // in any order
	slices.Sort(got)
	if slices.Sort(want); len(want) != 2 || !slices.Equal(got, want) {
		t.Errorf("told of %v, want %v", got, want)
	}
	if n := w.count(t, "wh/b/"); n != 0 {
		t.Errorf("%d records of what was before stay", n)
	}
	// What still waits when the hook is deleted goes with it.
	w.issue(t, academy, "again")
	other := w.hook(t, "/other")
	if n := w.count(t, "wh/b/"); n != 1 {
		t.Errorf("%d records of what was before", n)
	}
	for _, id := range []string{hook, other} {
		if err := w.Delete(t.Context(), id, "test", anyone); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.count(t, "wh/"); n != 0 {
		t.Errorf("%d records of deleted hooks stay", n)
	}
}

// TestRetries: an event is tried again, less and less often, for three days.
func TestRetries(t *testing.T) {
	w := newTold(t)
	hook := w.hook(t, "/hook", feed.CredentialIssued)
	w.receiver.answer("/hook", http.StatusServiceUnavailable)
	id := w.events(t, 1)[0]
	begun := w.Clock.Now()
	w.once(t)
	last := time.Duration(0)
	for n := 1; ; n++ {
		if got := w.receiver.at("/hook"); len(got) != n || got[n-1] != id {
			t.Fatalf("after %s: %d tries", w.Clock.Now().Sub(begun), len(got))
		}
		d := w.deliveries(t, hook, "")[0]
		if d.State != feed.Pending {
			break
		}
		pause := d.Next.Sub(w.Clock.Now())
		if pause < 4*time.Second || pause > 18*time.Hour || pause < last*8/10 {
			t.Fatalf("after try %d a pause of %s, the one before was %s", n, pause, last)
		}
		last = pause
		w.Clock.Advance(pause - 2*time.Millisecond)
		w.once(t)
		if len(w.receiver.at("/hook")) != n {
			t.Fatal("it was tried too early")
		}
		w.Clock.Advance(2 * time.Millisecond)
		w.once(t)
	}
	d := w.deliveries(t, hook, feed.Failed)
	if all := w.Clock.Now().Sub(begun); len(d) != 1 || len(d[0].Attempts) != feed.Tries || all < 64*time.Hour || all > 80*time.Hour {
		t.Errorf("given up after %s and %d tries", all, len(d[0].Attempts))
	}
	w.Clock.Advance(1000 * time.Hour)
	w.once(t)
	w.receiver.answer("/hook", 0)
	if _, err := w.Redeliver(t.Context(), hook, id, anyone, nil); err != nil {
		t.Fatal(err)
	}
	w.once(t)
	if got := w.receiver.at("/hook"); len(got) != feed.Tries+1 || got[feed.Tries] != id || len(w.deliveries(t, hook, feed.Delivered)) != 1 {
		t.Errorf("delivered anew: %d requests", len(got))
	}
	// Whoever asks as of the last try but one is not heard.
	stale := func(now *feed.Delivery) bool { return len(now.Attempts) == len(d[0].Attempts) }
	if _, err := w.Redeliver(t.Context(), hook, id, anyone, stale); err != nil {
		t.Fatal(err)
	}
	w.once(t)
	if n := len(w.receiver.at("/hook")); n != feed.Tries+1 {
		t.Errorf("asked for once, and sent %d times", n-feed.Tries)
	}
}

// TestAnswers: what counts as received, and what does not.
func TestAnswers(t *testing.T) {
	w := newTold(t)
	type outcome struct {
		state feed.State
		error string
	}
	cases := map[int]outcome{200: {feed.Delivered, ""}, 202: {feed.Delivered, ""}, 204: {feed.Delivered, ""}, 299: {feed.Delivered, ""},
		302: {feed.Pending, ""}, 304: {feed.Pending, ""}, 400: {feed.Pending, ""}, 404: {feed.Pending, ""}, 500: {feed.Pending, ""}, 410: {feed.Failed, ""}, -1: {feed.Pending, "unreachable"}}
	hooks := map[int]string{}
	for status := range cases {
		path := fmt.Sprintf("/answers-%d", status)
		w.receiver.answer(path, status)
		hooks[status] = w.hook(t, path, feed.CredentialIssued)
	}
	w.events(t, 2)
	w.once(t)
	for status, want := range cases {
		list := w.deliveries(t, hooks[status], want.state)
		if len(list) == 0 || len(list[0].Attempts)+len(list[len(list)-1].Attempts) == 0 {
			t.Errorf("%d: %+v", status, w.deliveries(t, hooks[status], ""))
			continue
		}
		d := list[len(list)-1]
		if a := d.Attempts[0]; a.Status != max(0, status) || a.Error != want.error {
			t.Errorf("%d: %+v", status, a)
		}
	}
	if n := len(w.receiver.at("/redirected")) + len(w.receiver.at("wrong")); n > 0 {
		t.Errorf("%d requests that should not be", n)
	}
	gone, err := w.Get(t.Context(), hooks[410], anyone)
	if err != nil || gone.Disabled != feed.Gone || len(w.receiver.at("/answers-410")) != 1 {
		t.Errorf("%+v, %v, %d requests", gone, err, len(w.receiver.at("/answers-410")))
	}
	if strings.Contains(w.log.String(), w.receiver.URL) || !strings.Contains(w.log.String(), hooks[410]) {
		t.Errorf("the log: %s", w.log)
	}
	// Enabled anew it is told of what happened meanwhile.
	w.events(t, 1)
	w.once(t)
	w.receiver.answer("/answers-410", 0)
	if _, err := w.Change(t.Context(), hooks[410], feed.Wish{URL: gone.URL, Types: gone.Types}, "test", anyone); err != nil {
		t.Fatal(err)
	}
	w.once(t)
	if n := len(w.deliveries(t, hooks[410], feed.Delivered)); n != 2 {
		t.Errorf("%d of 2 were delivered after all", n)
	}
}

// TestNobodyWaits: one receiver that never answers in order, and one that does.
// Run is what runs in the service.
func TestNobodyWaits(t *testing.T) {
	w := newTold(t)
	w.receiver.answer("/dead", http.StatusInternalServerError)
	dead, well := w.hook(t, "/dead", feed.CredentialIssued), w.hook(t, "/well", feed.CredentialIssued)
	ids := w.events(t, 60)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	late := w.events(t, 5)
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end) && len(w.receiver.at("/well")) < 65; {
		time.Sleep(10 * time.Millisecond)
	}
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end) && len(w.receiver.at("/dead")) < 65; {
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err == nil || ctx.Err() == nil {
		t.Error("Run ended by itself")
	}
	got := w.receiver.at("/well")
	slices.Sort(got)
	want := append(slices.Clone(ids), late...)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d were delivered", len(got), len(want))
	}
	if n := len(w.deliveries(t, dead, feed.Pending)); n != 65 {
		t.Errorf("%d of the dead receiver's are pending", n)
	}
	if n := len(w.deliveries(t, well, feed.Pending)); n != 0 {
		t.Errorf("%d are pending", n)
	}
	w.whole(t)
}

// TestCrash: whoever takes a delivery and dies holds it up for a lease and no
// longer, and the place in the log goes on where it was.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := at(t, db)
	p.sequence(t)
	w := telling(t, p, newReceiver(t), nil)
	hook := w.hook(t, "/hook", feed.CredentialIssued)
	ids := w.events(t, 3)
	if moved, err := w.Spread(t.Context(), hook); !moved || err != nil {
		t.Fatal(moved, err)
	}
	claimed, err := w.Claim(t.Context(), hook, 2)
	if err != nil || !slices.Equal(claimed, ids[:2]) {
		t.Fatal(claimed, err)
	}
	ids = append(ids, w.events(t, 1)...)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	next := issuertest.Open(t, db, p.Ring, issuertest.BaseURL)
	next.Clock.Advance(p.Clock.Now().Sub(next.Clock.Now()))
	w = telling(t, around(t, next), w.receiver, nil)
	w.once(t)
	if got := w.receiver.at("/hook"); !slices.Equal(got, ids[2:]) {
		t.Errorf("at once: %v, want %v", got, ids[2:])
	}
	w.Clock.Advance(feed.Lease)
	w.once(t)
	got := w.receiver.at("/hook")
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) || len(w.deliveries(t, hook, feed.Delivered)) != 4 {
		t.Errorf("at last: %v, want %v", got, ids)
	}
}

// TestReplicas: two services on one store deliver everything, once.
func TestReplicas(t *testing.T) {
	for name, open := range backends {
		t.Run(name, func(t *testing.T) {
			s, beside := open(t)
			p := at(t, s)
			p.sequence(t)
			r := newReceiver(t)
			other := around(t, issuertest.Open(t, beside(), p.Ring, issuertest.BaseURL))
			other.Clock.Advance(p.Clock.Now().Sub(other.Clock.Now()) + time.Second)
			both := []*told{telling(t, p, r, nil), telling(t, other, r, nil)}
			hook := both[0].hook(t, "/hook", feed.CredentialIssued)
			ctx, stop := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for _, w := range both {
				all.Go(func() { _ = w.Run(ctx) })
			}
			ids := both[0].events(t, 40)
			for end := time.Now().Add(5 * time.Minute); time.Now().Before(end) && len(both[0].deliveries(t, hook, feed.Delivered)) < 40; {
				time.Sleep(20 * time.Millisecond)
				p.Clock.Advance(20 * time.Millisecond)
				other.Clock.Advance(20 * time.Millisecond)
			}
			stop()
			all.Wait()
			got := r.at("/hook")
			slices.Sort(got)
			slices.Sort(ids)
			if !slices.Equal(got, ids) {
				t.Errorf("%d requests for %d events", len(got), len(ids))
			}
			both[0].whole(t)
		})
	}
}

// TestBounds: what waits and what is kept is bounded, and nothing is lost by it.
func TestBounds(t *testing.T) {
	w := newTold(t)
	hook := w.hook(t, "/hook", feed.CredentialIssued)
	n := feed.MaxPending + 150
	ids := w.events(t, n)
	for moved := true; moved; {
		var err error
		if moved, err = w.Spread(t.Context(), hook); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.count(t, "wh/q/"); got != feed.MaxPending {
		t.Errorf("%d wait", got)
	}
	w.once(t)
	got := w.receiver.at("/hook")
	slices.Sort(got)
	slices.Sort(ids)
	if !slices.Equal(got, ids) {
		t.Errorf("%d requests for %d events", len(got), len(ids))
	}
	if left := w.count(t, "wh/d/"); left != feed.Kept {
		t.Errorf("%d deliveries are kept", left)
	}
	if err := w.Delete(t.Context(), hook, "test", anyone); err != nil {
		t.Fatal(err)
	}
	if left := w.count(t, "wh/"); left != 0 {
		t.Errorf("%d records are left of a deleted hook", left)
	}
	w.whole(t)
}

func (w *told) count(t *testing.T, prefix string) (n int) {
	t.Helper()
	err := w.Store.View(t.Context(), func(r store.Reader) error {
		return r.Scan([]byte(prefix), nil, func(_, _ []byte) error { n++; return nil })
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestRebinding: a public name that leads to this machine is found out when it
// is dialled.
func TestRebinding(t *testing.T) {
	s, _ := backends["bolt"](t)
	p := at(t, s)
	p.sequence(t)
	for _, ip := range []string{"127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "100.64.0.1"} {
		asked := new(atomic.Int64)
		w := telling(t, p, newReceiver(t), resolverTo(t, netip.MustParseAddr(ip), asked))
		hook, _, err := w.Create(t.Context(), academy, feed.Wish{URL: "https://rebind.example/hook"}, "test", nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := w.Test(t.Context(), hook.ID, anyone)
		if err != nil || d.State != feed.Failed || d.Attempts[0].Error != "address_not_allowed" || asked.Load() == 0 {
			t.Errorf("%s: %+v, %v, %d lookups", ip, d, err, asked.Load())
		}
	}
}

// resolverTo asks a name server on loopback to which every name has one address.
func resolverTo(t *testing.T, ip netip.Addr, asked *atomic.Int64) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			asked.Add(1)
			q := m.Questions[0]
			m.Response, m.Additionals = true, nil
			header := dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class}
			switch {
			case q.Type == dnsmessage.TypeA && ip.Is4():
				m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AResource{A: ip.As4()}}}
			case q.Type == dnsmessage.TypeAAAA && ip.Is6():
				m.Answers = []dnsmessage.Resource{{Header: header, Body: &dnsmessage.AAAAResource{AAAA: ip.As16()}}}
			}
			if reply, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(reply, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// TestErasedIsNotDelivered: what waits while a person is erased goes out without
// what was theirs.
func TestErasedIsNotDelivered(t *testing.T) {
	w := newTold(t)
	bodies := make(chan string, 10)
	w.receiver.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
	})
	w.hook(t, "/hook", feed.CredentialIssued)
	w.Clock.Advance(time.Second)
	rec := w.issue(t, academy, "ana")
	if _, _, err := w.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: anyone}); err != nil {
		t.Fatal(err)
	}
	w.sequence(t)
	w.once(t)
	if body := <-bodies; !strings.Contains(body, rec.ID) || strings.Contains(body, "ref-ana") {
		t.Errorf("told: %s", body)
	}
}
