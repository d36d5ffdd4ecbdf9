// Package resolve finds the verification method that an identifier names:
// did:key and did:jwk by themselves, did:web and https addresses by the
// document published there (CID 1.0 section 3.3).
//
// It takes no key from an identifier's fragment, and believes no document about
// anybody but the controller whose address it came from. It makes no request
// itself: a Fetcher does, and decides what may be reached. What could not be
// fetched is keys.ErrUnreachable, never a missing key.
//
// Start at New; Resolve finds a method by its id, ResolveForIssuer and
// ResolveKeyForIssuer find it among what one issuer publishes.
package resolve

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"laurel/internal/lru"
	"laurel/keys"
)

// Fetcher fetches documents from strangers. Every error of it means that
// nothing could be learnt. It may also have a method Scheme(host string)
// string, which names the hosts ("name:port") to be asked by "http"; all
// others are asked by "https". A Resolver keeps documents for 5 minutes, and
// asks anew when it wants a newer one: a Fetcher best keeps none itself.
type Fetcher interface {
	Get(ctx context.Context, url string, maxBytes int64) (body []byte, contentType string, err error)
}

// Local answers for our own issuers, in-process and as they are now, so that they
// are never asked over the network. The id is a did:web, or an address without
// fragment; false means that it is not one of ours. A Local may also have a
// method Owns(id string) bool, which tells as much without making a document, and
// a method Changes() uint64, which counts whatever may change one of its documents:
// while the count stays, none is asked for twice.
type Local interface {
	ControllerDocument(ctx context.Context, id string) ([]byte, bool, error)
}

// Resolver is a keys.Resolver. It is safe for concurrent use.
type Resolver struct {
	fetcher Fetcher
	local   Local
	changes func() uint64 // of Local; nil where it does not count
	cache   *cache
	didKeys *lru.Map[string, func() (*published, error)]
	own     readings
	flights singleflight.Group
}

var _ keys.Resolver = (*Resolver)(nil)

// New makes a Resolver. Without a Fetcher it is offline: all that is published
// elsewhere is keys.ErrUnreachable. Without a Local no issuer is our own.
func New(f Fetcher, local Local) *Resolver { return NewWithClock(f, local, time.Now) }

// NewWithClock is New with the clock that ages documents.
func NewWithClock(f Fetcher, local Local, now func() time.Time) *Resolver {
	r := &Resolver{fetcher: f, local: local, cache: newCache(now), didKeys: lru.New[string, func() (*published, error)](maxDIDKeys)}
	if counting, ok := local.(interface{ Changes() uint64 }); ok {
		r.changes = counting.Changes
	}
	return r
}

// Resolve finds a verification method: "did:key:z…" with or without its
// fragment, "did:jwk:…#0", "did:web:…#fragment", or an https address of a
// controller document with the fragment of a method, of a JWK Set with a kid,
// or of one JWK. The method says who controls it. For a bare JWK or JWK Set
// that is shown only where the set stands at the well-known address of a host
// and the key names an issuer of that host; otherwise Controller is empty and
// Assertion false: use ResolveForIssuer.
//
// The error is keys.ErrInvalidIdentifier, keys.ErrUnsupported for a DID method
// that is not known here, keys.ErrUnreachable, keys.ErrMethodNotFound,
// keys.ErrInvalidDocument, or what the keys package has against the key;
// keys.Wrong sorts them.
func (r *Resolver) Resolve(ctx context.Context, id string) (keys.VerificationMethod, error) {
	if m, ok := r.atOnce(id); ok {
		return m, nil
	}
	target, err := r.parse(id)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	return r.find(ctx, target.source, func(p *published) (keys.VerificationMethod, error) {
		return p.named(target)
	})
}

// find picks a method out of what a source offers. What is not found in a
// document that was kept for a while is looked for in a new one: a key may
// have been added since.
func (r *Resolver) find(ctx context.Context, s source, pick func(*published) (keys.VerificationMethod, error)) (keys.VerificationMethod, error) {
	p, kept, err := r.load(ctx, s)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	m, err := pick(p)
	if !kept || !errors.Is(err, keys.ErrMethodNotFound) {
		return m, err
	}
	if err := r.fetchEarly(ctx, s); err != nil {
		return keys.VerificationMethod{}, err
	}
	if newer, ok := r.cache.get(s.id); ok && newer != p {
		return pick(newer)
	}
	return m, err
}

// load brings what a source offers, and tells whether it was kept from before.
func (r *Resolver) load(ctx context.Context, s source) (p *published, kept bool, err error) {
	if s.inherent != nil {
		return s.inherent, false, nil
	}
	if r.local != nil {
		changes := uint64(0)
		if r.changes != nil {
			changes = r.changes() // before the document: what changes meanwhile may be in it or not
		}
		raw, ours, err := r.local.ControllerDocument(ctx, s.id)
		if err != nil {
			return nil, false, fmt.Errorf("reading our own keys of %s: %w", show(s.id), err)
		}
		if ours {
			p, err := r.own.read(raw, s, changes)
			return p, false, err
		}
	}
	if p, ok := r.cache.get(s.id); ok {
		return p, true, nil
	}
	p, err = r.fetch(ctx, s)
	return p, false, err
}

// fetchTime bounds a fetch that no caller waits for any more.
const fetchTime = 15 * time.Second

// fetch shares one request among all who ask for the same source at a time. It
// goes on when the first of them gives up, since the others still wait.
func (r *Resolver) fetch(ctx context.Context, s source) (*published, error) {
	if r.fetcher == nil {
		return nil, fmt.Errorf("%w: %s: this is offline", keys.ErrUnreachable, show(s.id))
	}
	return r.shared(ctx, s, s.id, func(ctx context.Context) (*published, error) { return r.fetchAlone(ctx, s) })
}

// fetchEarly replaces a document that is kept before its time, if it may. The
// error says that it could not.
func (r *Resolver) fetchEarly(ctx context.Context, s source) error {
	_, err := r.shared(ctx, s, "early "+s.id, func(ctx context.Context) (*published, error) {
		if allowed, err := r.cache.askEarly(s.id); !allowed {
			return nil, err
		}
		p, err := r.fetchAlone(ctx, s)
		if err != nil {
			r.cache.askedEarly(s.id, err)
		}
		return p, err
	})
	return err
}

func (r *Resolver) shared(ctx context.Context, s source, name string, do func(context.Context) (*published, error)) (*published, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", keys.ErrUnreachable, show(s.id), err)
	}
	flight := r.flights.DoChan(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
		defer cancel()
		return do(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %s: %w", keys.ErrUnreachable, show(s.id), ctx.Err())
	case done := <-flight:
		if done.Err != nil {
			return nil, done.Err
		}
		return done.Val.(*published), nil
	}
}

func (r *Resolver) fetchAlone(ctx context.Context, s source) (*published, error) {
	raw, _, err := r.fetcher.Get(ctx, s.url, keys.MaxDocument)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", keys.ErrUnreachable, show(s.id), err)
	}
	p, err := read(raw, s)
	if err != nil {
		return nil, err
	}
	r.cache.put(s.id, p, len(raw))
	return p, nil
}

// Refresh looks again at what an issuer publishes, because something failed
// with a key of it: the key may have been replaced since. What was fetched
// before the time given is fetched anew, each document at most once a minute
// however often it is asked. It tells whether there is anything newer, so that
// asking for the key again can give another answer. What cannot be fetched
// leaves things as they were.
func (r *Resolver) Refresh(ctx context.Context, issuerID string, before time.Time) bool {
	newer := false
	for _, id := range places(issuerID) {
		newer = r.refresh(ctx, id, before) || newer
	}
	return newer
}

// AtHand tells whether a key of an issuer can be told without a request: it
// stands in the identifier, in a document that is kept, or is our own.
func (r *Resolver) AtHand(issuerID string) bool {
	if issuerID == "" {
		return false
	}
	if strings.HasPrefix(issuerID, "did:key:") || strings.HasPrefix(issuerID, "did:jwk:") {
		return true
	}
	if own, ok := r.local.(interface{ Owns(id string) bool }); ok && own.Owns(issuerID) {
		return true
	}
	for _, id := range places(issuerID) {
		if _, kept := r.cache.get(id); kept {
			return true
		}
	}
	return false
}

// places are where an issuer publishes keys.
func places(issuerID string) []string {
	if isDID(issuerID) {
		return []string{issuerID}
	}
	set, err := wellKnownSet(issuerID)
	if err != nil {
		return nil
	}
	return []string{issuerID, set}
}

func (r *Resolver) refresh(ctx context.Context, id string, before time.Time) bool {
	fetched, kept := r.cache.fetched(id)
	if !kept {
		return false // nothing of it was used: it was not there, or is our own
	}
	if fetched.Before(before) {
		s, err := r.parseSource(id)
		if err != nil || r.fetchEarly(ctx, s) != nil {
			return false
		}
		fetched, kept = r.cache.fetched(id)
	}
	return kept && !fetched.Before(before)
}

// scheme is how the Fetcher wants a host to be asked.
func (r *Resolver) scheme(host string) string {
	if f, ok := r.fetcher.(interface{ Scheme(host string) string }); ok && f.Scheme(host) == "http" {
		return "http"
	}
	return "https"
}
