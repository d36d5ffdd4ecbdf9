package issuer_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/proof"
	"laurel/badge/status"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys/resolve"
	"laurel/store"
	"laurel/verifier"
)

func indexes(t *testing.T, p *place) {
	var drawn []int
	for n := range 16 {
		drawn = append(drawn, p.issue(t, award(fmt.Sprint(n))).Record.Index)
	}
	seen := map[int]bool{}
	low := 0
	for _, n := range drawn {
		if n < 0 || n >= status.MinimumBits || seen[n] {
			t.Errorf("index %d is out of the list or twice", n)
		}
		seen[n] = true
		if n < status.MinimumBits/2 {
			low++
		}
	}
	// Each of these fails for good indexes once in some ten thousand runs.
	if slices.IsSorted(drawn) || low == 0 || low == len(drawn) {
		t.Errorf("these indexes tell in which order badges were issued: %v", drawn)
	}
}

// stuck is a source of randomness that draws one status index over and over;
// ids and salts stay random. An index is the only thing that takes three bytes.
type stuck struct{}

func (stuck) Read(b []byte) (int, error) {
	if len(b) == 3 {
		clear(b)
		return len(b), nil
	}
	return rand.Read(b)
}

var _ io.Reader = stuck{}

func nextList(t *testing.T, p *place) {
	cfg := p.Config
	cfg.Random = stuck{}
	stuckIssuer, err := issuer.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		issued, err := stuckIssuer.Issue(t.Context(), award(fmt.Sprint(n)))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("%s-%d", academy, n+1); issued.Record.List != want || issued.Record.Index != 0 {
			t.Errorf("badge %d has index %d of %s, want 0 of %s", n, issued.Record.Index, issued.Record.List, want)
		}
	}
	before := issuertest.Snapshot(t, p.Store)
	if _, err := stuckIssuer.Preview(t.Context(), award("new")); err != nil || len(before) != len(issuertest.Snapshot(t, p.Store)) {
		t.Errorf("a preview with the list full: %v, or it wrote something", err)
	}
	if issued := p.issue(t, award("3")); issued.Record.List != academy+"-3" {
		t.Errorf("the next badge is on list %s", issued.Record.List)
	}
	for _, rec := range p.all(t, issuer.Filter{}) {
		if _, err := p.Revoke(t.Context(), rec.ID, "", "test", anyIssuer); err != nil {
			t.Error(err)
		}
	}
}

// bit reads one entry of a list as published.
func (p *place) bit(t *testing.T, list string, index int) bool {
	t.Helper()
	on, err := p.bits(t, list).Bit(index)
	if err != nil {
		t.Fatal(err)
	}
	return on
}

func (p *place) bits(t *testing.T, list string) *status.List {
	t.Helper()
	raw, err := p.StatusList(t.Context(), list)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := badge.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	l, err := status.Decode(doc.Root().Get("credentialSubject").Get("encodedList").Text(), status.DefaultMaxBytes)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// ownLists gives the verifier the lists of one issuer.
type ownLists struct{ *issuer.Issuer }

func (o ownLists) StatusList(ctx context.Context, url string) ([]byte, error) {
	return o.Issuer.StatusList(ctx, strings.TrimPrefix(url, o.Issuer.StatusListURL("")))
}

// full is a verifier that reads our status lists.
func (p *place) full(t *testing.T) *verifier.Verifier {
	t.Helper()
	suite := p.Config.Generic[0].(proof.EdDSARDFC2022)
	v, err := verifier.New(verifier.Config{Canon: suite.Canon, Suites: proof.Suites(suite.Canon),
		Keys: resolve.New(nil, &issuertest.Own{Issuer: p.Issuer}), Status: ownLists{p.Issuer}, Now: p.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func revocation(t *testing.T, p *place) {
	check := p.full(t)
	rec, other := p.issue(t, award("ana")).Record, p.issue(t, award("bo")).Record
	if r := check.Verify(t.Context(), rec.Document); r.Verdict() != verifier.Valid || r.Finding(verifier.CheckRevocation).Code != verifier.NotRevoked {
		t.Fatalf("before: %v %+v", r.Verdict(), r.Findings)
	}
	before := issuertest.Snapshot(t, p.Store)
	refused := map[string]struct {
		id       string
		mayTouch func(string) bool
	}{
		"foreign issuer": {rec.ID, func(slug string) bool { return slug == institute }},
		"unknown id":     {strings.Repeat("A", 22), anyIssuer},
		"no id at all":   {"../x", anyIssuer},
		"a long id":      {strings.Repeat("A", 5000), anyIssuer},
	}
	for name, c := range refused {
		if _, err := p.Revoke(t.Context(), c.id, "", "test", c.mayTouch); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var list badge.Errors
	if _, err := p.Revoke(t.Context(), rec.ID, "bad\u0000", "test", anyIssuer); !errors.As(err, &list) || list[0].Pointer != "/reason" {
		t.Errorf("a reason with a control character: %v", err)
	}
	if len(before) != len(issuertest.Snapshot(t, p.Store)) {
		t.Error("a refused revocation left something in the store")
	}
	p.Clock.Advance(time.Hour)
	revoked, err := p.Revoke(t.Context(), rec.ID, "issued in error", "clerk", anyIssuer)
	if err != nil || revoked.Status != issuer.Revoked || revoked.Reason != "issued in error" || !revoked.StatusAt.Equal(p.Clock.Now()) {
		t.Fatalf("revoking gave %+v, %v", revoked, err)
	}
	after := issuertest.Snapshot(t, p.Store)
	p.Clock.Advance(time.Hour)
	again, err := p.Revoke(t.Context(), rec.ID, "another reason", "clerk", anyIssuer)
	if err != nil || again.Reason != "issued in error" || !again.StatusAt.Equal(revoked.StatusAt) || len(issuertest.Snapshot(t, p.Store)) != len(after) {
		t.Errorf("revoking again gave %+v, %v, or wrote something", again, err)
	}
	if !p.bit(t, rec.List, rec.Index) || p.bit(t, other.List, other.Index) {
		t.Error("the bits of the list are not those of the records")
	}
	if r := check.Verify(t.Context(), rec.Document); r.Verdict() != verifier.Invalid || r.Finding(verifier.CheckRevocation).Code != verifier.Revoked {
		t.Errorf("after: %v %+v", r.Verdict(), r.Findings)
	}
	if r := check.Verify(t.Context(), other.Document); r.Verdict() != verifier.Valid {
		t.Errorf("the badge of somebody else: %v %+v", r.Verdict(), r.Findings)
	}
	if _, err := p.StatusList(t.Context(), academy+"-2"); !errors.Is(err, issuer.ErrNotFound) {
		t.Errorf("a list that was never opened: %v", err)
	}
	for _, name := range []string{"", "1", "academy", "nobody-1", "academy-01", "academy-1/x", strings.Repeat("a", 5000) + "-1"} {
		if _, err := p.StatusList(t.Context(), name); !errors.Is(err, issuer.ErrNotFound) {
			t.Errorf("list %.20q: %v", name, err)
		}
	}
}

// TestListIsSignedOnceForAChange counts signatures.
func TestListIsSignedOnceForAChange(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	var signed atomic.Int64
	counting := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = tampered{p.Ring, func(s signer) signer { signed.Add(1); return s }}
	})
	rec := p.issue(t, award("ana")).Record
	fetch := func() []byte {
		t.Helper()
		raw, err := counting.StatusList(t.Context(), rec.List)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { fetch() })
	}
	wg.Wait()
	first := fetch()
	if signed.Load() != 1 {
		t.Errorf("17 readers of an unchanged list made %d signatures", signed.Load())
	}
	p.Clock.Advance(6 * time.Hour)
	p.issue(t, award("bo")) // changes no bit
	if !bytes.Equal(fetch(), first) || signed.Load() != 1 {
		t.Error("the list was signed anew without a change")
	}
	if _, err := p.Revoke(t.Context(), rec.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(fetch(), first) || signed.Load() != 2 {
		t.Error("the revocation does not show in the list")
	}
	p.Clock.Advance(13 * time.Hour)
	fetch()
	if signed.Load() != 3 {
		t.Error("after half a day the list was not signed afresh")
	}
	p.Clock.Advance(-3 * time.Hour) // the clock is set back: a list from the future is not served
	fetch()
	if signed.Load() != 4 {
		t.Error("a list signed in the future was served")
	}
}

// lookedAt counts what is read in Views of a store that knows its states.
type lookedAt struct {
	store.Store
	reads atomic.Int64
}

func (l *lookedAt) View(ctx context.Context, f func(store.Reader) error) error {
	return l.Store.View(ctx, func(r store.Reader) error {
		return f(countedReader{r.(versionedReader), l})
	})
}

// versionedReader is a Reader of such a store.
type versionedReader interface {
	store.Reader
	store.Versioned
}

type countedReader struct {
	versionedReader
	by *lookedAt
}

func (c countedReader) Get(key []byte) ([]byte, error) {
	c.by.reads.Add(1)
	return c.versionedReader.Get(key)
}

// TestListIsLookedAtOnceForACommit: while nothing at all was committed a list is what
// it was, and after whatever commit it is read anew, somebody else's too.
func TestListIsLookedAtOnceForACommit(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	counted := &lookedAt{}
	counting := p.with(t, func(cfg *issuer.Config) {
		counted.Store = cfg.Store
		cfg.Store = counted
	})
	rec := p.issue(t, award("ana")).Record
	read := func() (document []byte, reads int64) {
		t.Helper()
		before := counted.reads.Load()
		document, err := counting.StatusList(t.Context(), rec.List)
		if err != nil {
			t.Fatal(err)
		}
		return document, counted.reads.Load() - before
	}
	read() // which signs it
	first, reads := read()
	if reads != 1 {
		t.Errorf("%d reads of a list that was just signed", reads)
	}
	if again, reads := read(); reads != 0 || !bytes.Equal(again, first) {
		t.Errorf("%d reads where nothing was committed", reads)
	}
	p.issue(t, award("bo"))
	if again, reads := read(); reads != 1 || !bytes.Equal(again, first) {
		t.Errorf("%d reads after a commit that is nothing to the list", reads)
	}
	if _, err := p.Revoke(t.Context(), rec.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if again, reads := read(); reads == 0 || bytes.Equal(again, first) {
		t.Errorf("the revocation does not show, after %d reads", reads)
	}
}

// listsWhileRevoking: whatever a reader has seen set stays set.
func listsWhileRevoking(t *testing.T, p *place) {
	const badges, writers = 16, 4
	var ids []string
	for n := range badges {
		ids = append(ids, p.issue(t, award(fmt.Sprint(n))).Record.ID)
	}
	mathrand.Shuffle(len(ids), func(a, b int) { ids[a], ids[b] = ids[b], ids[a] })
	done := make(chan struct{})
	var reader, revoking sync.WaitGroup
	reads := 0
	reader.Go(func() {
		last := status.New(0)
		for {
			now := p.bits(t, academy+"-1")
			for n := range status.MinimumBits {
				was, _ := last.Bit(n)
				if is, _ := now.Bit(n); was && !is {
					t.Errorf("bit %d was set and is no more", n)
				}
			}
			last = now
			reads++
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for w := range writers {
		revoking.Go(func() {
			for n := w; n < badges; n += writers {
				rec, err := p.Revoke(t.Context(), ids[n], "", "test", anyIssuer)
				if err != nil {
					t.Error(err)
				} else if !p.bit(t, rec.List, rec.Index) {
					t.Error("a revocation was acknowledged and does not show")
				}
			}
		})
	}
	revoking.Wait()
	close(done)
	reader.Wait()
	t.Logf("%d lists read while %d badges were revoked", reads, badges)
}
