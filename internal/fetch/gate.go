package fetch

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"code.dny.dev/ssrf"
)

// maxURL is the longest address we follow, in bytes.
const maxURL = 2048

// gate judges addresses as they are written. The dialler judges them again as
// they are dialled; this look comes first because it costs no lookup, and
// because behind a proxy it is the only one we have.
type gate struct {
	allow   map[string]string // host:port -> "http" where marked so, else ""
	guard   *ssrf.Guardian
	port    string // of strangers
	proxied bool
}

func newGate(allow []string, proxied bool, port uint16) (gate, error) {
	g := gate{
		allow: make(map[string]string, len(allow)), proxied: proxied,
		guard: ssrf.New(ssrf.WithPorts(port)), port: fmt.Sprint(port),
	}
	for _, entry := range allow {
		at, plain := strings.CutPrefix(entry, "http://")
		host, port, err := net.SplitHostPort(at)
		if err != nil || host == "" || port == "" || strings.ContainsAny(at, "/@?# ") {
			return gate{}, fmt.Errorf("fetch: allowed host %q is neither host:port nor http://host:port", entry)
		}
		scheme := ""
		if plain {
			scheme = "http"
		}
		if ip, err := netip.ParseAddr(host); plain && err == nil && !ip.IsLoopback() {
			return gate{}, fmt.Errorf("fetch: allowed host %q: plain http is for loopback alone", entry)
		}
		g.allow[net.JoinHostPort(strings.ToLower(host), port)] = scheme
	}
	return g, nil
}

func (g gate) scheme(host string) string {
	host = strings.ToLower(host)
	if _, _, err := net.SplitHostPort(host); err != nil {
		host = net.JoinHostPort(strings.Trim(host, "[]"), g.port)
	}
	if g.allow[host] == "http" {
		return "http"
	}
	return "https"
}

// parse reads an address that somebody gave us and checks it. The fragment is
// dropped: it is never sent, and must not make one document look like many.
func (g gate) parse(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("address of %d bytes", len(raw))
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("malformed address") // the cause repeats the address
	}
	u.Fragment, u.RawFragment = "", ""
	return u, g.check(u)
}

// check decides by scheme, host and port as written.
func (g gate) check(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("scheme %.20q", u.Scheme)
	case u.Opaque != "" || u.Host == "":
		return errors.New("no host")
	case u.User != nil:
		return errors.New("user name in the address")
	}
	_, allowed := g.allow[g.hostPort(u)]
	switch {
	case u.Scheme == "http" && !allowed:
		return errors.New("plain http")
	case u.Scheme == "http" && g.proxied && !writtenLoopback(u):
		return errors.New("plain http to a name, through a proxy")
	case allowed:
		return nil
	case u.Port() != "" && u.Port() != g.port:
		return fmt.Errorf("port %s", u.Port())
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		return g.guard.SafeAddr(ip)
	}
	return checkName(strings.ToLower(u.Hostname()))
}

// hostPort is the form in which allowed hosts are kept, and requests counted.
func (g gate) hostPort(u *url.URL) string {
	port := u.Port()
	switch {
	case port != "":
	case u.Scheme == "http":
		port = "80"
	default:
		port = g.port
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}

// publicName is a name in ASCII with at least one dot whose last label begins
// with a letter. That leaves out names of the own network, and what resolvers
// take for an address in disguise: 2130706433, 0x7f.1, 127.1.
var publicName = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// notPublic are the domains set aside for the own machine or network (RFC 6761,
// RFC 6762, RFC 8375, and ICANN's choice of "internal").
var notPublic = []string{".localhost", ".local", ".internal", ".home.arpa"}

func checkName(host string) error {
	if len(host) > 253 || !publicName.MatchString(host) {
		return errors.New("not a public host name")
	}
	for _, domain := range notPublic {
		if strings.HasSuffix(host, domain) {
			return fmt.Errorf("host name in %s", domain[1:])
		}
	}
	return nil
}

// writtenLoopback tells whether an address is the own machine by its very
// spelling.
func writtenLoopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return err == nil && ip.IsLoopback() || strings.EqualFold(u.Hostname(), "localhost")
}
