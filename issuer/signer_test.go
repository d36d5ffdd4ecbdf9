package issuer_test

import (
	"context"
	"errors"
	"maps"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
)

// elsewhere is a key ring whose keys of one issuer are in a device: it signs
// with the real key, after what the device does first.
type elsewhere struct {
	issuer.KeyRings
	slug string
	do   func(ctx context.Context) error
}

func (e elsewhere) Issuer(slug string) keys.KeyRing {
	if slug != e.slug {
		return e.KeyRings.Issuer(slug)
	}
	return ringElsewhere{e.KeyRings.Issuer(slug), e.do}
}

type ringElsewhere struct {
	keys.KeyRing
	do func(ctx context.Context) error
}

func (r ringElsewhere) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	s, err := r.KeyRing.Active(ctx, alg)
	return signerElsewhere{s, r.do}, err
}

type signerElsewhere struct {
	keys.Signer
	do func(ctx context.Context) error
}

func (s signerElsewhere) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if err := s.do(ctx); err != nil {
		return nil, err
	}
	return s.Signer.Sign(ctx, message)
}

// hangs is a device that does not answer.
func hangs(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

// failingDevice: a device that fails leaves nothing behind, is told as such,
// and once it works again the same request is answered.
func failingDevice(t *testing.T, p *place) {
	var broken atomic.Bool
	lost := errors.New("the session was lost")
	i := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys = elsewhere{p.Ring, academy, func(context.Context) error {
			if broken.Load() {
				return lost
			}
			return nil
		}}
	})
	broken.Store(true)
	before := issuertest.Snapshot(t, p.Store)
	for range 3 {
		if issued, err := i.Issue(t.Context(), keyed(award("ana"), "key", "body")); issued != nil || !errors.Is(err, issuer.ErrSigning) || !errors.Is(err, lost) {
			t.Errorf("%+v, %v", issued, err)
		}
		if raw, err := i.StatusList(t.Context(), academy+"-1"); raw != nil || !errors.Is(err, issuer.ErrSigning) {
			t.Errorf("%.40s, %v", raw, err)
		}
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("something was stored")
	}
	broken.Store(false)
	if _, err := i.Issue(t.Context(), keyed(award("ana"), "key", "body")); err != nil {
		t.Error(err)
	}
	if _, err := i.StatusList(t.Context(), academy+"-1"); err != nil {
		t.Error(err)
	}
}

// hangingDevice: a key that does not answer is given up after a while, and
// nobody who asks for a list waits longer than he wants to.
func hangingDevice(t *testing.T, p *place) {
	i := p.with(t, func(cfg *issuer.Config) {
		cfg.Keys, cfg.SignTime = elsewhere{p.Ring, academy, hangs}, 100*time.Millisecond
	})
	before := issuertest.Snapshot(t, p.Store)
	if issued, err := i.Issue(t.Context(), award("ana")); issued != nil || !errors.Is(err, issuer.ErrSigning) {
		t.Errorf("%+v, %v", issued, err)
	}
	for _, limit := range []time.Duration{10 * time.Millisecond, time.Hour} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		began := time.Now()
		raw, err := i.StatusList(ctx, academy+"-1")
		if raw != nil || !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > time.Minute {
			t.Errorf("%.40s, %v, after %s", raw, err, time.Since(began))
		}
		cancel()
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("something was stored")
	}
	// The others go on.
	a := award("ben")
	a.Achievement = institute + "-course"
	if _, err := i.Issue(t.Context(), a); err != nil {
		t.Error(err)
	}
}

// jwtOfOthers: one issuer's key hangs, and the JWTs of the others are made all
// the same; its own are made once it answers.
func jwtOfOthers(t *testing.T, p *place) {
	var stuck atomic.Bool
	stuck.Store(true)
	answers := make(chan struct{})
	i := p.with(t, func(cfg *issuer.Config) {
		cfg.SignTime = time.Minute
		cfg.Keys = elsewhere{p.Ring, academy, func(ctx context.Context) error {
			if !stuck.Load() {
				return nil
			}
			select {
			case <-answers:
				return errors.New("the session was lost")
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
	})
	var waiting []*issuer.Record
	for n := range 40 { // more than one batch, and first in the queue
		a := award(strings.Repeat("x", n+1))
		waiting = append(waiting, p.issue(t, a).Record)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- i.Run(ctx) }()
	for n := range 20 {
		a := award(strings.Repeat("y", n+1))
		a.Achievement = institute + "-course"
		issued, err := i.Issue(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(3 * time.Minute); ; {
			if _, err := i.JWT(t.Context(), issued.Record); err == nil {
				break
			} else if !errors.Is(err, issuer.ErrNotReady) || time.Now().After(deadline) {
				t.Fatalf("another's key holds up a JWT: %v", err)
			}
		}
	}
	stuck.Store(false)
	close(answers)
	for _, rec := range waiting {
		for deadline := time.Now().Add(3 * time.Minute); ; {
			if _, err := i.JWT(t.Context(), rec); err == nil {
				break
			} else if !errors.Is(err, issuer.ErrNotReady) || time.Now().After(deadline) {
				t.Fatalf("its own JWT is never made: %v", err)
			}
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
