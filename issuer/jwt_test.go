package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/verifier"
)

// run runs the making of JWTs until the returned function is called.
func run(t *testing.T, i *issuer.Issuer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := i.Run(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("making JWTs ended with %v", err)
		}
	})
	return func() { cancel(); wg.Wait() }
}

// jwtAfterRestart: a process that ends between the commit and the making of
// the second form leaves it to the next one.
func jwtAfterRestart(t *testing.T, p *place) {
	var recs []*issuer.Record
	for n := range 17 { // more than one batch
		recs = append(recs, p.issue(t, award(fmt.Sprint(n))).Record)
	}
	hurry, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if token, err := p.JWT(hurry, recs[0]); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("before it is made: %.20q, %v", token, err)
	}
	p.Service = issuertest.Open(t, p.home.again(), p.Ring, issuertest.BaseURL)
	stop := run(t, p.Issuer)
	defer stop()
	recs = append(recs, p.issue(t, award("later")).Record)
	for _, rec := range recs {
		token := patientJWT(t, p, rec)
		doc, err := badge.Parse(token)
		if err != nil || doc.JWS() == nil {
			t.Fatalf("it is no JWS: %v", err)
		}
		if doc.JWS().Header.Get("alg").Text() != "RS256" || doc.View().ID != p.CredentialURL(rec.ID) {
			t.Errorf("the token is %s of %s", doc.JWS().Header.Raw(), doc.View().ID)
		}
		if r := p.Verifier.VerifyDocument(t.Context(), doc, verifier.Options{ProofOnly: true}); !r.Verified() {
			t.Errorf("it does not verify: %+v", r.Findings)
		}
		if again, err := p.JWT(t.Context(), rec); err != nil || string(again) != string(token) {
			t.Errorf("a second reader got another token, %v", err)
		}
	}
}

// patientJWT asks as often as a client would that is told to come back.
func patientJWT(t *testing.T, p *place, rec *issuer.Record) []byte {
	t.Helper()
	for range 100 {
		token, err := p.JWT(t.Context(), rec)
		if err == nil {
			return token
		} else if !errors.Is(err, issuer.ErrNotReady) {
			t.Fatal(err)
		}
	}
	t.Fatal("the JWT is not made")
	return nil
}

// TestJWTIsWaitedForBriefly: nothing makes it, and reads never sign.
func TestJWTIsWaitedForBriefly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := at(t, boltHome(t), issuertest.Options{})
		rec := p.issue(t, award("ana")).Record
		start := time.Now()
		if _, err := p.JWT(t.Context(), rec); !errors.Is(err, issuer.ErrNotReady) {
			t.Errorf("nobody makes it: %v", err)
		}
		if d := time.Since(start); d != 2*time.Second {
			t.Errorf("it was waited for %v, not 2 s", d)
		}
	})
}

// TestStuckJWTHoldsNobodyUp: an issuer without the key for it has more of them
// waiting than one batch takes.
func TestStuckJWTHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	p := at(t, boltHome(t), issuertest.Options{}) // did:web, and no RSA key
	for n := range 20 {
		p.issue(t, award(fmt.Sprint(n))) // "academy" stands before "institute"
	}
	stop := run(t, p.Issuer)
	if _, err := p.Ring.Generate(t.Context(), institute, issuer.DID(issuertest.BaseURL, institute), "RS256"); err != nil {
		t.Fatal(err)
	}
	a := award("ana")
	a.Achievement = institute + "-course"
	patientJWT(t, p, p.issue(t, a).Record)
	// The key comes, and with the next badge all that waited is made.
	if _, err := p.Ring.Generate(t.Context(), academy, issuer.DID(issuertest.BaseURL, academy), "RS256"); err != nil {
		t.Fatal(err)
	}
	p.issue(t, award("last"))
	for _, rec := range p.all(t, issuer.Filter{}) {
		patientJWT(t, p, rec)
	}
	stop()
	issuertest.Audit(t, p.Issuer)
}

// TestJWTOfDIDKey: under plain http the issuer is its Ed25519 key.
func TestJWTOfDIDKey(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	stop := run(t, p.Issuer)
	rec := p.issue(t, award("ana")).Record
	if !strings.HasPrefix(view(t, rec).ID, "http://localhost:8080/credentials/") {
		t.Errorf("the badge is %s", view(t, rec).ID)
	}
	doc, err := badge.Parse(patientJWT(t, p, rec))
	if err != nil || doc.JWS().Header.Get("alg").Text() != "EdDSA" {
		t.Errorf("the token is %v, %v", doc, err)
	}
	stop()
	issuertest.Audit(t, p.Issuer)
}

// TestJWTOfExpiredBadge: the queue may have waited longer than the badge was
// valid.
func TestJWTOfExpiredBadge(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	a := award("ana")
	a.ValidUntil = issuertest.Start.Add(time.Hour)
	rec := p.issue(t, a).Record
	p.Clock.Advance(2 * time.Hour)
	stop := run(t, p.Issuer)
	patientJWT(t, p, rec)
	stop()
	issuertest.Audit(t, p.Issuer)
}

// looked counts how often a store is looked into.
type looked struct {
	store.Store
	views *atomic.Int64
}

func (l looked) View(ctx context.Context, f func(store.Reader) error) error {
	l.views.Add(1)
	return l.Store.View(ctx, f)
}

// TestNobodyMakesWhatNobodyWaitsFor: a JWT that could not be made and that
// nobody waits for any more, as of a person who was erased, keeps nobody busy.
func TestNobodyMakesWhatNobodyWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := at(t, boltHome(t), issuertest.Options{}) // did:web, and no RSA key
		rec := p.issue(t, award("ana")).Record
		var views atomic.Int64
		maker := p.with(t, func(cfg *issuer.Config) { cfg.Store = looked{p.Store, &views} })
		stop := run(t, maker)
		defer stop()
		synctest.Wait()
		if views.Load() < 2 { // for work, and for the record of what it found
			t.Fatal("nobody tries to make the JWT")
		}
		if _, _, err := p.Erase(t.Context(), amendment(rec.ID)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(1200 * time.Millisecond) // it would be tried again after a second
		before := views.Load()
		time.Sleep(300 * time.Millisecond)
		if n := views.Load() - before; n > 3 {
			t.Errorf("the store was looked into %d times for nothing", n)
		}
	})
}

// TestErasedWhileJWTsAreMade: somebody is erased between the reading of what
// waits and his turn. That is no fault, and nobody is told of one.
func TestErasedWhileJWTsAreMade(t *testing.T) {
	t.Parallel()
	p := at(t, boltHome(t), issuertest.Options{BaseURL: "http://localhost:8080"})
	first := p.issue(t, award("first")).Record
	p.Clock.Advance(time.Second)
	second := p.issue(t, award("second")).Record
	var said strings.Builder
	var once sync.Once
	maker := p.with(t, func(cfg *issuer.Config) {
		check := cfg.SelfCheck
		cfg.SelfCheck = func(ctx context.Context, raw []byte) error {
			once.Do(func() { // the first JWT is made
				if _, _, err := p.Erase(ctx, amendment(second.ID)); err != nil {
					t.Error(err)
				}
			})
			return check(ctx, raw)
		}
		cfg.Log = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelWarn}))
	})
	stop := run(t, maker)
	patientJWT(t, p, first)
	stop()
	if said.Len() > 0 {
		t.Errorf("it said %s", said.String())
	}
	issuertest.Audit(t, p.Issuer)
}

// TestDeadKeyIsAskedOnce: behind JWTs that fail for themselves a key that does
// not answer is asked once, and not for each that waits.
func TestDeadKeyIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := at(t, boltHome(t), issuertest.Options{RSA: true})
		spoilt := p.issue(t, award("first")).Record
		p.Clock.Advance(time.Second) // so that it is the first of them
		for n := range 40 {          // three batches
			p.issue(t, award(fmt.Sprint(n)))
		}
		k := "c/" + academy + "/" + spoilt.AuditSeq()
		p.overwrite(t, k, "x") // it fails before a key is asked
		var asked atomic.Int64
		dead := p.with(t, func(cfg *issuer.Config) {
			cfg.Keys = elsewhere{p.Ring, academy, func(context.Context) error { asked.Add(1); return errors.New("no answer") }}
		})
		stop := run(t, dead)
		time.Sleep(900 * time.Millisecond) // it is tried again after a second
		stop()
		if n := asked.Load(); n != 1 {
			t.Errorf("the key was asked %d times", n)
		}
	})
}
