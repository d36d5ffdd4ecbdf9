package main

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"laurel/internal/certfile"
	"laurel/internal/door"
	"laurel/internal/origin"
)

// How many connections the public may have open. Each takes some 20 KB, and with a
// header of the largest size twice as much.
const (
	maxConnections    = 8192
	connectionsOfEach = maxConnections / 4
)

// publicServer is the server that everybody reaches.
type publicServer struct {
	*http.Server
	door *door.Listener
	tls  *certfile.Pair // nil: plain HTTP
}

// newPublic prepares the server for a listener. Files and connections share what
// the system allows of both: half of it is for who comes.
func (svc *service) newPublic(handler http.Handler, listener net.Listener) *publicServer {
	all := min(maxConnections, openFiles()/2)
	p := &publicServer{Server: newServer(handler, svc.log), tls: svc.certificate,
		door: door.New(listener, door.Bounds{All: all, Each: min(connectionsOfEach, max(all/4, 1)), Proxies: svc.proxies})}
	p.ConnContext = door.With
	p.ConnState = func(c net.Conn, state http.ConnState) {
		switch state {
		case http.StateActive:
			p.door.Busy(c, true)
		case http.StateIdle:
			p.door.Busy(c, false)
		}
	}
	if p.tls != nil {
		p.TLSConfig = p.tls.Config()
	}
	return p
}

// serve answers until the server is shut down.
func (p *publicServer) serve() error {
	if p.tls != nil {
		return p.ServeTLS(p.door, "", "")
	}
	return p.Serve(p.door)
}

// trusted reads the proxies that are told who asks.
func (s *settings) trusted() (origin.Proxies, error) {
	proxies, err := origin.Parse(s.trustedProxies)
	if err != nil {
		return nil, usagef("--trusted-proxies: %w", err)
	}
	return proxies, nil
}

// certificate reads the certificate that is served; nil where there is none.
func (s *settings) certificate(baseURL string, failed func(error)) (*certfile.Pair, error) {
	if s.tlsCert == "" && s.tlsKey == "" {
		return nil, nil
	}
	if s.tlsCert == "" || s.tlsKey == "" {
		return nil, usagef("--tls-cert and --tls-key belong together: a certificate and its key")
	}
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("the base URL: %w", err)
	}
	if u.Scheme != "https" {
		return nil, usagef("--tls-cert is for a base URL that begins with https://, and this store issues for %s", baseURL)
	}
	if info, err := os.Stat(s.tlsKey); err == nil && info.Mode().Perm()&0o007 != 0 {
		return nil, usagef("--tls-key %s: everybody on this machine can read the key (mode %04o): chmod 0600 %s", s.tlsKey, info.Mode().Perm(), s.tlsKey)
	}
	pair, err := certfile.Open(s.tlsCert, s.tlsKey, u.Hostname(), time.Now, failed)
	if err != nil {
		return nil, usagef("--tls-cert, --tls-key: %w", err)
	}
	return pair, nil
}
