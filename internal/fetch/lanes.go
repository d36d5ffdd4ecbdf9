package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"syscall"
	"time"
)

const maxHeaderBytes = 64 << 10

var errNotLoopback = errors.New("plain http to an address that is not loopback")

// control judges an address at the moment it is dialled (net.Dialer.Control):
// there is no later lookup that could give another one.
type control func(network, address string, c syscall.RawConn) error

// lanes are the ways out. Each has its own dialler, so that no request can take
// another's permissions.
type lanes struct {
	stranger *http.Transport // https, public addresses
	allowed  *http.Transport // https, any address, to hosts the operator named
	plain    *http.Transport // http, loopback only
	proxied  *http.Transport // nil without a proxy
}

func newLanes(cfg Config, guard control) (lanes, error) {
	l := lanes{
		stranger: newTransport(cfg, guard),
		allowed:  newTransport(cfg, nil),
		plain:    newTransport(cfg, onlyLoopback),
	}
	if cfg.Proxy != nil {
		if !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, cfg.Proxy.Scheme) || cfg.Proxy.Host == "" {
			return lanes{}, fmt.Errorf("fetch: proxy %q is no http, https or socks5 URL", cfg.Proxy.Redacted())
		}
		l.proxied = newTransport(cfg, nil)
		l.proxied.Proxy = http.ProxyURL(cfg.Proxy)
	}
	return l, nil
}

func (c *Client) lane(u *url.URL) *http.Transport {
	_, allowed := c.gate.allow[c.gate.hostPort(u)]
	switch {
	case c.lanes.proxied != nil && !writtenLoopback(u):
		return c.lanes.proxied
	case u.Scheme == "http":
		return c.lanes.plain
	case allowed:
		return c.lanes.allowed
	}
	return c.lanes.stranger
}

func onlyLoopback(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || !ap.Addr().Unmap().IsLoopback() {
		return errNotLoopback
	}
	return nil
}

// newTransport speaks HTTP/1.1 on a new connection each time. That connection
// has a deadline of its own, because http.Transport lets dials, handshakes and
// proxies go on after the request that wanted them has ended.
func newTransport(cfg Config, check control) *http.Transport {
	d := &net.Dialer{Timeout: cfg.Timeout, Control: check, Resolver: cfg.Resolver}
	return &http.Transport{
		Proxy: nil, // and never the environment's
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := d.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			if err := conn.SetDeadline(time.Now().Add(cfg.Timeout)); err != nil {
				return nil, errors.Join(err, conn.Close())
			}
			return conn, nil
		},
		TLSClientConfig:        &tls.Config{RootCAs: cfg.RootCAs, MinVersion: tls.VersionTLS12},
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}
