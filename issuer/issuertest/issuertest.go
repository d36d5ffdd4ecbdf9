// Package issuertest makes issuers for tests, of real parts only: a key ring on
// disk, the proof suites, and the verifier as the self-check. It also holds
// their stores to what an issuer promises.
//
// It opens no store: the test chooses the backend. Start with New, end each
// scenario with Audit.
package issuertest

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"laurel/badge"
	"laurel/badge/canon"
	"laurel/badge/proof"
	"laurel/issuer"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/keys/keyring/keyringtest"
	"laurel/keys/resolve"
	"laurel/store"
	"laurel/verifier"
)

// BaseURL is the address of the service where Options name none.
const BaseURL = "https://badges.example"

// Start is when a Clock begins: after everything that the fixtures tell of,
// and a while before it is really now, so that no other clock thinks that what
// is signed lies in the future.
var Start = time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)

// Clock is a clock that stands still until it is moved or set going.
type Clock struct {
	mu    sync.Mutex
	at    time.Time
	going time.Time // since when it goes by itself; zero: it stands
}

// Now is the time of the clock.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.going.IsZero() {
		return c.at
	}
	return c.at.Add(time.Since(c.going))
}

// Go sets the clock going. While it stands, what is named by time comes in no order,
// and a store takes longer to keep it.
func (c *Clock) Go() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.going = time.Now()
}

// Advance moves the clock; back, with a negative duration.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Options choose what a Service has.
type Options struct {
	BaseURL string   // default BaseURL
	Issuers []string // slugs; each gets a profile and an Ed25519 key
	RSA     bool     // an RSA key for each too, so that VC-JWTs can be made under https
	Trials  bool     // a test issuer for each
}

// Service is an issuer on a store, with its parts.
type Service struct {
	*issuer.Issuer
	Store    store.Store
	Clock    *Clock
	Ring     *keyring.Ring
	Verifier *verifier.Verifier
	Config   issuer.Config // what Issuer was made of

	folder string // of the keys
}

// New initialises a store and opens an issuer on it. The store must be empty.
func New(t testing.TB, s store.Store, o Options) *Service {
	t.Helper()
	if o.BaseURL == "" {
		o.BaseURL = BaseURL
	}
	clock := &Clock{at: Start}
	ring, folder := newRing(t, o, clock)
	if err := issuer.Initialise(t.Context(), s, o.BaseURL, Start); err != nil {
		t.Fatal(err)
	}
	service := open(t, s, ring, o.BaseURL, clock)
	service.folder = folder
	for _, slug := range o.Issuers {
		if _, err := service.PutProfile(t.Context(), issuer.Profile{Slug: slug, Name: "Issuer " + slug}, "test"); err != nil {
			t.Fatal(err)
		}
	}
	return service
}

// newRing has keys for all issuers. RSA keys are made once for the same options.
func newRing(t testing.TB, o Options, clock *Clock) (ring *keyring.Ring, folder string) {
	t.Helper()
	create := func(folder string) *keyring.Ring {
		ring, err := keyring.CreateWithClock(folder, keyring.Seal{}, clock.Now)
		if err != nil {
			t.Fatal(err)
		}
		for _, slug := range o.Issuers {
			generate(t, ring, o, slug)
			if o.Trials && slug != issuer.VCAPISlug {
				generate(t, ring, o, issuer.TestSlug(slug))
			}
		}
		return ring
	}
	if !o.RSA {
		folder = filepath.Join(t.TempDir(), "keys")
		return create(folder), folder
	}
	folder = keyringtest.Folder(t, fmt.Sprintf("%+v", o), func(folder string) { create(folder) })
	ring, err := keyring.OpenWithClock(folder, keyring.Seal{}, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return ring, folder
}

func generate(t testing.TB, ring *keyring.Ring, o Options, slug string) {
	t.Helper()
	did := issuer.DID(o.BaseURL, slug)
	algorithms := []keys.Algorithm{keys.EdDSA}
	if slug == issuer.VCAPISlug { // its callers choose
		algorithms = append(algorithms, keys.ES256, keys.ES384)
	}
	if o.RSA && did != "" {
		algorithms = append(algorithms, keys.RS256)
	}
	for _, alg := range algorithms {
		if _, err := ring.Generate(t.Context(), slug, issuer.KeyController(o.BaseURL, slug, alg), alg); err != nil {
			t.Fatal(err)
		}
	}
}

// Open opens an issuer on a store that New has initialised: a restart, or one
// more replica.
func Open(t testing.TB, s store.Store, ring *keyring.Ring, baseURL string) *Service {
	t.Helper()
	return open(t, s, ring, baseURL, &Clock{at: Start})
}

// Beside opens one more service on the same folder of keys, as another process
// does: it hears of no change there but by looking. The store is one of its own on
// the same data, or the same where the backend has but one.
func (s *Service) Beside(t testing.TB, db store.Store) *Service {
	t.Helper()
	ring, err := keyring.OpenWithClock(s.folder, keyring.Seal{}, s.Clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	return open(t, db, ring, s.Config.BaseURL, s.Clock)
}

func open(t testing.TB, s store.Store, ring *keyring.Ring, baseURL string, clock *Clock) *Service {
	t.Helper()
	cfg, check, own, err := Config(s, ring, baseURL, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	i, err := issuer.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	own.Issuer = i
	return &Service{Issuer: i, Store: s, Clock: clock, Ring: ring, Verifier: check, Config: cfg}
}

// Own answers for the keys of an issuer in-process (resolve.Local). It is set
// once the issuer is there, which needs it itself.
type Own struct {
	Issuer *issuer.Issuer
	Beside verifier.Records // what else is on record; may be nil
}

// ControllerDocument implements resolve.Local.
func (o *Own) ControllerDocument(ctx context.Context, id string) ([]byte, bool, error) {
	return o.Issuer.ControllerDocument(ctx, id)
}

// Now is the time by which is issued.
func (o *Own) Now() time.Time { return o.Issuer.Now() }

// RecordedAt implements verifier.Records.
func (o *Own) RecordedAt(ctx context.Context, d *badge.Document) (time.Time, bool, error) {
	at, ok, err := o.Issuer.RecordedAt(ctx, d)
	if err != nil || ok || o.Beside == nil {
		return at, ok, err
	}
	return o.Beside.RecordedAt(ctx, d)
}

// Config wires the parts of an issuer. Set Own.Issuer to what issuer.New makes
// of it.
func Config(s store.Store, ring issuer.KeyRings, baseURL string, now func() time.Time) (issuer.Config, *verifier.Verifier, *Own, error) {
	processor, err := canon.New()
	if err != nil {
		return issuer.Config{}, nil, nil, err
	}
	own := &Own{}
	v, err := verifier.New(verifier.Config{
		Canon:   processor,
		Suites:  proof.Suites(processor),
		Keys:    resolve.New(nil, own),
		Now:     own.Now,
		Records: own,
	})
	return issuer.Config{
		Store: s, Keys: ring, BaseURL: baseURL, Now: now,
		Suite: proof.NewSeries(processor), JWT: proof.VCJWT{},
		SelfCheck: SelfCheck(v, verifier.Options{ProofOnly: true}),
		Securers:  proof.Securers(processor, false), Generic: proof.Securers(processor, true),
		GenericCheck: SelfCheck(v, verifier.Options{ProofOnly: true, Generic: true}),
	}, v, own, err
}

// SelfCheck lends a verifier to an issuer, telling faults as issuer.SelfCheck
// wants them told.
func SelfCheck(v *verifier.Verifier, opts verifier.Options) issuer.SelfCheck {
	return func(ctx context.Context, document []byte) error {
		d, err := badge.Parse(document)
		if err != nil {
			return err
		}
		return v.VerifyDocument(ctx, d, opts).Err()
	}
}

// Audit holds a store to what an issuer promises and returns the number of
// credentials in it. Call it after every scenario.
func Audit(t testing.TB, i *issuer.Issuer) int {
	t.Helper()
	n, err := i.Check(context.WithoutCancel(t.Context()), func(problem string) { t.Errorf("audit: %s", problem) })
	if err != nil {
		t.Errorf("audit: %v", err)
	}
	return n
}

// Snapshot is everything that a store holds.
func Snapshot(t testing.TB, s store.Store) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := s.View(context.WithoutCancel(t.Context()), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			all[string(k)] = string(v)
			return nil
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
