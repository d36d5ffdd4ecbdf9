// Package fetch is the one HTTP client that leaves this house. Addresses come
// from badges, hence from strangers: keys, DID documents, status lists.
//
// It refuses everything but https to public addresses on port 443, unless the
// operator named the host; it decides on the address that is really dialled,
// not on a name looked up before. It bounds time, size, redirects and how much
// is asked of one host at once. It sends no cookie, no credentials and no
// referrer, follows no redirect unless told to, and never reads the
// environment. What an answer means is its callers' question.
//
// Start with New and Get.
package fetch

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"golang.org/x/sync/singleflight"

	"laurel/internal/shares"
)

const (
	defaultTimeout      = 5 * time.Second
	defaultMaxBytes     = 1 << 20
	defaultMaxRedirects = 2

	maxConcurrent        = 64 // requests at once, whatever the host
	maxConcurrentPerHost = 2

	// maxFresh bounds how long a good answer is kept, whatever its server
	// says: a revocation must be seen soon.
	maxFresh = 5 * time.Minute
	// failureFresh is how long a failure is kept, so that a badge cannot make
	// us knock at a dead door again and again.
	failureFresh = 30 * time.Second
)

// Config holds the settings of a Client. The zero value is usable.
type Config struct {
	// Allow names hosts that may be reached whatever their address and port,
	// each as "host:port" or "http://host:port". Plain http is spoken only
	// with these, and only where the address dialled is loopback; the longer
	// form makes Scheme answer "http" for the host.
	Allow []string
	// RootCAs are the certificates to trust; nil means those of the system.
	RootCAs *x509.CertPool
	// Proxy, an http, https or socks5 URL, takes all requests but those to a
	// loopback address written as such ("localhost", "127.0.0.1", "[::1]").
	// The proxy then looks up names, so this side can judge only names and
	// addresses as written; that it reaches no private network by a public
	// name is the proxy's task.
	Proxy *url.URL
	// Resolver looks up names; nil means the system's.
	Resolver *net.Resolver
	// Timeout bounds a fetch from beginning to end, waiting for its turn and
	// redirects included; 0 means 5 s.
	Timeout time.Duration
	// MaxBytes is the largest body, in bytes, that any call may get; 0 means
	// 1 MiB.
	MaxBytes int64
	// MaxRedirects is how many redirects GetFollowing follows; 0 means 2.
	MaxRedirects int
	// Now is the clock of the cache; nil means time.Now.
	Now func() time.Time
}

// Client fetches. It is safe for concurrent use.
type Client struct {
	cfg     Config
	gate    gate
	lanes   lanes
	slots   *shares.Pool[string] // requests under way, by host
	cache   *cache
	flights singleflight.Group

	counters counters
}

// Request is one GET and its conditions.
type Request struct {
	URL string
	// Accept is the header of that name; empty means anything.
	Accept string
	// MaxBytes bounds the body in bytes; 0, or more than Config.MaxBytes,
	// means Config.MaxBytes.
	MaxBytes int64
	// Follow allows redirects of the same scheme, each under the same checks.
	Follow bool
	// Fresh passes over a good answer kept from before; a failure of the last
	// 30 s still counts.
	Fresh bool
}

// New returns a Client, or an error that names the setting at fault.
func New(cfg Config) (*Client, error) { return newClient(cfg, 443) }

// newClient takes the port that strangers may be reached at, because a test can
// seldom listen on 443.
func newClient(cfg Config, port uint16) (*Client, error) {
	if cfg.Timeout < 0 || cfg.MaxBytes < 0 || cfg.MaxRedirects < 0 {
		return nil, errors.New("fetch: negative limit")
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if cfg.MaxRedirects == 0 {
		cfg.MaxRedirects = defaultMaxRedirects
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	g, err := newGate(cfg.Allow, cfg.Proxy != nil, port)
	if err != nil {
		return nil, err
	}
	l, err := newLanes(cfg, g.guard.Safe)
	if err != nil {
		return nil, err
	}
	return &Client{
		cfg: cfg, gate: g, lanes: l,
		slots: shares.New[string](maxConcurrent, maxConcurrentPerHost),
		cache: newCache(maxCacheEntries, maxCacheBytes), counters: newCounters(),
	}, nil
}

// Scheme is the scheme by which to address host (a "host:port", or a host alone
// for port 443) where an identifier leaves it open, as did:web does: "http" for
// a host that was allowed as "http://host:port", else "https".
func (c *Client) Scheme(host string) string { return c.gate.scheme(host) }

// Get fetches url and returns its body, at most maxBytes long (0 means
// Config.MaxBytes), and its Content-Type header. A redirect is an error. Errors
// are of type *Error.
func (c *Client) Get(ctx context.Context, url string, maxBytes int64) (body []byte, contentType string, err error) {
	return c.Do(ctx, Request{URL: url, MaxBytes: maxBytes})
}

// GetFollowing is Get, but follows up to Config.MaxRedirects redirects of the
// same scheme, each under the same checks. It is for status lists, which are
// often moved; keys and DID documents are bound to their address.
func (c *Client) GetFollowing(ctx context.Context, url string, maxBytes int64) (body []byte, contentType string, err error) {
	return c.Do(ctx, Request{URL: url, MaxBytes: maxBytes, Follow: true})
}

// Do fetches under the conditions of r. Calls for the same thing share one
// fetch, which goes on when one of them gives up. Good answers are kept for as
// long as Cache-Control says, at most 5 minutes (and that long where it says
// nothing), failures for 30 s. The body is the caller's own. Errors are of type
// *Error.
func (c *Client) Do(ctx context.Context, r Request) (body []byte, contentType string, err error) {
	u, err := c.gate.parse(r.URL)
	if err != nil {
		c.counters.results.Add(results[Blocked])
		return nil, "", &Error{URL: r.URL, Kind: Blocked, Err: err}
	}
	if r.MaxBytes <= 0 || r.MaxBytes > c.cfg.MaxBytes {
		r.MaxBytes = c.cfg.MaxBytes
	}
	key := fmt.Sprintf("%d %t %q %s", r.MaxBytes, r.Follow, r.Accept, u)
	a, ok := c.kept(key, r.Fresh)
	if ok {
		c.counters.kept.Add(1)
	} else {
		a, err = c.share(ctx, key, r, u)
	}
	if err == nil {
		err = a.err
	}
	if err != nil {
		return nil, "", asked(r.URL, err)
	}
	return bytes.Clone(a.body), a.contentType, nil
}

// share joins the fetch that is under way for key, or starts it. It belongs to
// no caller: it has its own deadline, and ends without anybody waiting.
func (c *Client) share(ctx context.Context, key string, r Request, u *url.URL) (answer, error) {
	flight := c.flights.DoChan(key, func() (any, error) {
		// Between our look and our turn another flight may have landed.
		if a, ok := c.kept(key, r.Fresh); ok {
			return a, nil
		}
		ctx, cancel := context.WithTimeout(context.Background(), c.cfg.Timeout)
		defer cancel()
		start := time.Now()
		a := c.fetch(ctx, r, u)
		c.counters.asked(a.err)
		c.counters.seconds.Observe(time.Since(start).Seconds())
		c.keep(key, a)
		return a, nil
	})
	select {
	case <-ctx.Done():
		return answer{}, &Error{Kind: kindOf(ctx.Err()), Err: ctx.Err()}
	case done := <-flight:
		return done.Val.(answer), nil
	}
}

// answer is what a fetch came to: a body or an error.
type answer struct {
	body        []byte
	contentType string
	err         error
	fresh       time.Duration // how long it may be kept
}

// Good answers and failures are kept apart: a failed attempt to refresh must not
// take away what is still good.
const failed = "failed "

func (c *Client) kept(key string, fresh bool) (answer, bool) {
	now := c.cfg.Now()
	if !fresh {
		if a, ok := c.cache.get(key, now); ok {
			return a, true
		}
	}
	return c.cache.get(failed+key, now)
}

func (c *Client) keep(key string, a answer) {
	if a.err != nil {
		key = failed + key
	}
	if a.fresh > 0 {
		c.cache.put(key, a, c.cfg.Now().Add(a.fresh))
	}
}
