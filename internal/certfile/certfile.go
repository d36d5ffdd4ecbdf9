// Package certfile serves a TLS certificate from two files, and takes in what
// replaces them while the service runs.
//
// It asks no authority for a certificate; programs that do write the files. Start
// at Open.
package certfile

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"sync"
	"time"
)

// every is how often the files are looked at, at most: with a handshake.
const every = 10 * time.Second

// Pair is a certificate with its key. It is safe for concurrent use.
type Pair struct {
	cert, key, host string
	now             func() time.Time
	failed          func(error) // told of files that cannot be taken

	mu     sync.Mutex
	loaded *tls.Certificate
	seen   [2]state
	looked time.Time
}

// state is what a file looks like from outside.
type state struct {
	changed time.Time
	size    int64
}

// Open reads PEM files with a chain, the server's own certificate first, and its
// private key. They have to fit together, hold now and be for the host (a DNS name
// or IP address). Later on they are read again when they have changed; where what
// is there then cannot be taken, failed is told so, once for each change, and the
// certificate stays the one before.
func Open(cert, key, host string, now func() time.Time, failed func(error)) (*Pair, error) {
	p := &Pair{cert: cert, key: key, host: host, now: now, failed: failed}
	seen, err := p.look()
	if err != nil {
		return nil, err
	}
	if p.loaded, err = p.load(); err != nil {
		return nil, err
	}
	p.seen, p.looked = seen, now()
	return p, nil
}

// Config is for a server that shows the certificate: TLS 1.2 or later, HTTP/2 or
// 1.1.
func (p *Pair) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return p.current(), nil }}
}

// Expires is when the certificate ends that is shown now.
func (p *Pair) Expires() time.Time { return p.current().Leaf.NotAfter }

func (p *Pair) current() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.now(); now.Sub(p.looked) >= every || now.Before(p.looked) {
		p.looked = now
		p.refresh()
	}
	return p.loaded
}

// refresh takes in what has changed. Who replaces two files does it one after the
// other: between them they do not fit, which the next look mends.
func (p *Pair) refresh() {
	seen, err := p.look()
	if err == nil && seen == p.seen {
		return
	}
	var loaded *tls.Certificate
	if err == nil {
		loaded, err = p.load()
	}
	if err != nil {
		if seen != p.seen {
			p.failed(err)
		}
		p.seen = seen
		return
	}
	p.loaded, p.seen = loaded, seen
}

func (p *Pair) look() (seen [2]state, err error) {
	for n, path := range []string{p.cert, p.key} {
		info, failed := os.Stat(path)
		if failed != nil {
			if err == nil { // the first says enough
				err = failed
			}
			continue
		}
		seen[n] = state{info.ModTime(), info.Size()}
	}
	return seen, err
}

func (p *Pair) load() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(p.cert, p.key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s: %w", p.cert, p.key, err)
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, fmt.Errorf("%s: %w", p.cert, err)
		}
	}
	now := p.now()
	switch leaf := pair.Leaf; {
	case now.After(leaf.NotAfter):
		return nil, fmt.Errorf("%s: the certificate expired at %s", p.cert, leaf.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(leaf.NotBefore):
		return nil, fmt.Errorf("%s: the certificate holds only from %s", p.cert, leaf.NotBefore.UTC().Format(time.RFC3339))
	}
	if err := pair.Leaf.VerifyHostname(p.host); err != nil {
		return nil, fmt.Errorf("%s: it is not for the host of the base URL: %w", p.cert, err)
	}
	return &pair, nil
}
