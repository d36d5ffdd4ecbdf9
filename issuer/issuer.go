package issuer

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"

	"laurel/badge/proof"
	"laurel/keys"
	"laurel/store"
)

// The conditions that callers tell apart, by errors.Is. Faults of a request
// are badge.Errors.
var (
	ErrNotFound          = errors.New("issuer: not found")
	ErrForbidden         = errors.New("issuer: this belongs to another issuer")
	ErrIdempotencyReused = errors.New("issuer: the idempotency key was used for another request")
	ErrConflict          = errors.New("issuer: conflicts with what is stored")
	ErrNoKey             = errors.New("issuer: the issuer has no active key")
	ErrNotReady          = errors.New("issuer: not made yet")
	ErrSelfCheck         = errors.New("issuer: the signed badge does not verify, so it was not released")
)

// KeyRings gives each issuer's keys; keyring.Ring is one.
type KeyRings interface {
	Issuer(slug string) keys.KeyRing
}

// SelfCheck reads a signed document as a stranger and returns an error unless
// it verifies. It must not use what the issuer knows beyond published keys.
type SelfCheck func(ctx context.Context, document []byte) error

// Config is what an Issuer needs. All fields but Now, Random and Log are
// required.
type Config struct {
	Store     store.Store
	Keys      KeyRings
	Suite     proof.Suite // embedded proof of every badge and status list
	JWT       proof.Suite // envelope of the second form
	SelfCheck SelfCheck
	BaseURL   string           // https://host, or http://host:port on loopback; no path, no trailing slash
	Now       func() time.Time // default time.Now
	Random    io.Reader        // default crypto/rand; ids, salts and status indexes come from it
	Log       *slog.Logger     // one line an issue and status change; default discards
}

// Issuer issues and keeps credentials. It is safe for concurrent use.
type Issuer struct {
	cfg    Config
	pepper []byte // keys the digests under which people are found again

	lists    signedLists
	jwtKick  chan struct{}
	jwtReady notifier
}

// New opens the issuer over a store that Initialise has prepared.
func New(ctx context.Context, cfg Config) (*Issuer, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Suite == nil || cfg.JWT == nil || cfg.SelfCheck == nil {
		return nil, errors.New("issuer: Store, Keys, Suite, JWT and SelfCheck are required")
	}
	if err := CheckBaseURL(cfg.BaseURL); err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	var meta Meta
	err := cfg.Store.View(ctx, func(r store.Reader) error { return getJSON(r, metaKey(), &meta) })
	if err != nil {
		return nil, fmt.Errorf("reading the store's own record: %w", err)
	}
	if meta.BaseURL != cfg.BaseURL {
		return nil, fmt.Errorf("this store issues for %s, not for %s: addresses of signed badges cannot be moved", meta.BaseURL, cfg.BaseURL)
	}
	return &Issuer{cfg: cfg, pepper: meta.Pepper, jwtKick: make(chan struct{}, 1), lists: signedLists{entries: map[string]*signedList{}}}, nil
}

// Meta is what a store says about itself.
type Meta struct {
	Schema  int       `json:"schema"`
	BaseURL string    `json:"baseUrl"`
	Pepper  []byte    `json:"pepper"`
	Created time.Time `json:"created"`
}

// Initialise prepares an empty store. It never changes one that is in use:
// ErrConflict.
func Initialise(ctx context.Context, s store.Store, baseURL string, now time.Time) error {
	if err := CheckBaseURL(baseURL); err != nil {
		return err
	}
	pepper := make([]byte, 32)
	if _, err := rand.Read(pepper); err != nil {
		return fmt.Errorf("drawing the store's pepper: %w", err)
	}
	return s.Update(ctx, func(tx store.Tx) error {
		if _, err := tx.Get(metaKey()); !errors.Is(err, store.ErrNotFound) {
			return errors.Join(err, fmt.Errorf("%w: the store is in use already", ErrConflict))
		}
		return putJSON(tx, metaKey(), Meta{Schema: 1, BaseURL: baseURL, Pepper: pepper, Created: now.UTC()})
	})
}

// ReadMeta tells what a store says about itself; ErrNotFound for one that was
// never initialised.
func ReadMeta(ctx context.Context, s store.Store) (Meta, error) {
	var meta Meta
	err := s.View(ctx, func(r store.Reader) error { return getJSON(r, metaKey(), &meta) })
	return meta, err
}

// CheckBaseURL refuses what cannot stand at the front of a signed address:
// https, or http for a loopback or private demonstration, and no path.
func CheckBaseURL(base string) error {
	u, err := url.Parse(base)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil ||
		u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.String() != base || strings.ToLower(base) != base {
		return fmt.Errorf("the base URL %q must be https://host or http://host:port, in lower case, without a path or a trailing slash", base)
	}
	return nil
}

func (i *Issuer) now() time.Time { return i.cfg.Now().UTC() }

// notifier wakes everybody who waits for something to be made.
type notifier struct {
	mu sync.Mutex
	ch chan struct{}
}

func (n *notifier) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch == nil {
		n.ch = make(chan struct{})
	}
	return n.ch
}

func (n *notifier) wake() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ch != nil {
		close(n.ch)
		n.ch = nil
	}
}
