package issuer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
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
	ErrSigning           = errors.New("issuer: the key does not sign just now")
	ErrClock             = errors.New("issuer: the clock went back")
	ErrNotReady          = errors.New("issuer: not made yet")
	ErrNoCard            = errors.New("issuer: this badge has no card")
	ErrErased            = errors.New("issuer: the personal data of this credential were erased")
	ErrSelfCheck         = errors.New("issuer: the signed badge does not verify, so it was not released")
)

// NoKeyError names the issuer that has no key to sign with. It is an ErrNoKey.
type NoKeyError struct{ Issuer string } // its slug

// Error implements error.
func (e *NoKeyError) Error() string { return "issuer: " + e.Issuer + " has no active key" }

// Is makes a NoKeyError an ErrNoKey.
func (e *NoKeyError) Is(target error) bool { return target == ErrNoKey }

// KeyRings gives each issuer's keys, and keeps small secrets of the service from
// who reads the store; keyring.Ring is one.
type KeyRings interface {
	Issuer(slug string) keys.KeyRing
	SealSecret(plain []byte) (string, error)
	OpenSecret(sealed string) ([]byte, error)
}

// keyFolder is KeyRings that others may change as well; keyring.Ring is one.
type keyFolder interface {
	Reload(ctx context.Context) (changed bool, err error)
}

// SelfCheck reads a signed document as a stranger and returns an error unless
// it verifies. It must not use what the issuer knows beyond published keys.
//
// A badge.Error or badge.Errors says that the signature is good and the
// content is not, with pointers into the document; its Code is RangeError
// where nothing is wrong but that it is not valid at this moment. Any other
// error is a fault of ours.
type SelfCheck func(ctx context.Context, document []byte) error

// Config is what an Issuer needs. Securers, Generic and GenericCheck are for
// SignCredential, Securers for lists too; of the others all but Endorsements, SignTime, Now, Random and Log are
// required.
type Config struct {
	Store        store.Store
	Keys         KeyRings
	Suite        proof.Securer // embedded proof of every badge and status list
	JWT          proof.Securer // envelope of the second form
	SelfCheck    SelfCheck
	Securers     []proof.Securer  // what callers of the VC-API choose among for badges, the usual one first; lists whose issuer lacks a key for Suite take the next
	Generic      []proof.Securer  // the same for credentials that are no badges; they take inline contexts
	GenericCheck SelfCheck        // reads those back
	BaseURL      string           // https://host, or http://host:port for demonstrations; no path, no trailing slash
	Endorsements Endorsements     // of achievements that embed them; nil: none
	SignTime     time.Duration    // how long a key may take to sign that is not in memory; default 10 s
	Now          func() time.Time // default time.Now
	Random       io.Reader        // default crypto/rand; ids, salts and status indexes come from it
	Log          *slog.Logger     // one line an issue and status change; default discards
	Replica      string           // name of this process among several on one store, "" for the only one: each makes the JWTs of what it issued
}

// Issuer issues and keeps credentials. It is safe for concurrent use.
type Issuer struct {
	cfg  Config
	macs sync.Pool // of *digester, keyed with the pepper: the digests under which people are found again

	counters  counters
	clock     clock
	decoded   store.Decoded
	lists     signedLists
	jwtKick   chan struct{}
	atWork    atWork
	jwtReady  notifier
	pace      *pace
	making    sync.Mutex // one making of keys at a time
	documents documents
	reserved  reservations
	observers []Observer
	claimKey  []byte
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
	if cfg.SignTime <= 0 {
		cfg.SignTime = 10 * time.Second
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	var meta Meta
	var sealed string
	err := cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if sealed, err = sealedClaimKey(r); err != nil {
			return err
		}
		return getJSON(r, metaKey(), &meta)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the store's own record: %w", err)
	}
	if meta.layout() != schema() {
		return nil, fmt.Errorf("the layout of this store is number %d, this program knows number %d", meta.layout(), schema())
	}
	if meta.BaseURL != cfg.BaseURL {
		return nil, fmt.Errorf("this store issues for %s, not for %s: addresses of signed badges cannot be moved", meta.BaseURL, cfg.BaseURL)
	}
	i := &Issuer{cfg: cfg, counters: newCounters(), jwtKick: make(chan struct{}, 1), atWork: atWork{all: map[string]bool{}}, pace: newPace(), lists: signedLists{entries: map[string]*signedList{}},
		reserved: reservations{taken: map[string]struct{}{}}}
	i.macs.New = func() any { return &digester{mac: hmac.New(sha256.New, meta.Pepper)} }
	i.clock.reach(meta.Created.Add(-clockSkew).UnixNano()) // no clock is right that stands before
	if i.claimKey, err = openClaimKey(ctx, cfg, sealed); err != nil {
		return nil, fmt.Errorf("opening the key of claims: %w", err)
	}
	return i, nil
}

// schema is the number of the layout of records.go. A store of another one is
// not opened, only upgraded: half understood records would be overwritten by
// half of them.
func schema() int { return 1 + len(steps) }

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
		if used, err := exists(tx, metaKey()); err != nil {
			return err
		} else if used {
			return fmt.Errorf("%w: the store is in use already", ErrConflict)
		}
		return store.PutJSON(tx, metaKey(), Meta{Schema: schema(), BaseURL: baseURL, Pepper: pepper, Created: now.UTC()})
	})
}

// ReadMeta tells what a store says about itself; ErrNotFound for one that was
// never initialised.
func ReadMeta(ctx context.Context, s store.Store) (Meta, error) {
	var meta Meta
	err := s.View(ctx, func(r store.Reader) error { return getJSON(r, metaKey(), &meta) })
	return meta, err
}

var baseURLPattern = regexp.MustCompile(`^https?://([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?$`)

// CheckBaseURL refuses what cannot stand at the front of a signed address:
// a scheme and a host in their one spelling, no path. An https host needs a
// name, because a did:web has no IP address (127.0.0.1 with a port is let
// through for tests, as package keys/resolve does); http is for
// demonstrations.
func CheckBaseURL(base string) error {
	if !baseURLPattern.MatchString(base) {
		return fmt.Errorf("the base URL %q must be https://host or http://host:port, in lower case, without a path or a trailing slash", clip(base, 200))
	}
	if host, ok := strings.CutPrefix(base, "https://"); ok && isAddress(host) {
		return fmt.Errorf("the base URL %q must have a host name: an issuer under https is a did:web, which has no IP address", base)
	}
	if u, err := url.Parse(base); err != nil || (u.Scheme == "http" && u.Hostname() != "localhost" && net.ParseIP(u.Hostname()) == nil) {
		return fmt.Errorf("the base URL %q needs https: plain http is for demonstrations, by localhost or an IP address", base)
	}
	return nil
}

func isAddress(host string) bool {
	if a, err := netip.ParseAddrPort(host); err == nil {
		return a.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	_, err := netip.ParseAddr(host)
	return err == nil || strings.HasPrefix(host, "[")
}

// signer is the key that an issuer signs with now; ErrNoKey, or ErrSigning
// where the key cannot be reached.
func (i *Issuer) signer(ctx context.Context, slug string, alg keys.Algorithm) (keys.Signer, error) {
	key, err := i.cfg.Keys.Issuer(slug).Active(ctx, alg)
	if errors.Is(err, keys.ErrNoActiveKey) {
		return nil, fmt.Errorf("signing by %s: %w", alg, &NoKeyError{Issuer: slug})
	} else if err != nil {
		return nil, fmt.Errorf("%w: opening the key of %s: %w", ErrSigning, slug, err)
	}
	return patient{key, i.cfg.SignTime, &i.counters}, nil
}

// patient gives a key a while to sign, so that one that lives in a device or
// far away and hangs holds nobody up for longer; and it tells such a failure
// from all others. What is in memory needs no timer, and none is set up for it.
type patient struct {
	keys.Signer
	limit time.Duration
	count *counters
}

// Sign implements keys.Signer.
func (p patient) Sign(ctx context.Context, message []byte) ([]byte, error) {
	if _, prompt := p.Signer.(keys.PromptSigner); !prompt {
		limited, cancel := context.WithTimeout(ctx, p.limit)
		defer cancel()
		ctx = limited
	}
	start := time.Now()
	signature, err := p.Signer.Sign(ctx, message)
	if err != nil {
		p.count.notSigned.Add(1)
		return nil, fmt.Errorf("%w: %s: %w", ErrSigning, p.Method().ID, err)
	}
	p.count.signing.Observe(time.Since(start).Seconds())
	return signature, nil
}

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
