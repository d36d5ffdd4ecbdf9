package resolve

import (
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"laurel/keys"
)

const (
	maxURL      = 2048 // characters of an address or did:web
	maxDID      = 10 << 10
	maxFragment = 512
	maxSegments = 12 // of the path of a did:web
)

// source is where keys are published: an address to fetch, or a DID that holds
// its own key.
type source struct {
	id       string     // DID or address, without fragment
	url      string     // what to fetch
	inherent *published // of did:key and did:jwk
}

// target is one method of a source.
type target struct {
	source   source
	id       string // as asked for
	fragment string // "" for none
}

// parse reads the identifier of a verification method (CID 1.0 section 2.2: a
// URL).
func (r *Resolver) parse(id string) (target, error) {
	base, fragment, hasFragment := strings.Cut(id, "#")
	if hasFragment && (len(fragment) > maxFragment || !isFragment(fragment)) {
		return target{}, fmt.Errorf("%w: not a fragment: %.40q", keys.ErrInvalidIdentifier, fragment)
	}
	s, err := r.parseSource(base)
	if err != nil {
		return target{}, err
	}
	t := target{source: s, id: id, fragment: fragment}
	if isDID(base) && !hasFragment {
		// Deployed verifiers take a bare did:key, since it can mean but one key.
		if !strings.HasPrefix(base, "did:key:") {
			return target{}, fmt.Errorf("%w: %s names a controller and no key of it", keys.ErrInvalidIdentifier, show(id))
		}
		t.id = s.inherent.document.Methods[0].ID
	}
	return t, nil
}

// isDID tells a DID from an address.
func isDID(id string) bool { return strings.HasPrefix(id, "did:") }

// show quotes and cuts what others wrote, for an error message. A did:jwk is
// not shown at all: somebody may have put a private key in it.
func show(id string) string {
	if strings.Contains(id, "did:jwk:") {
		return "a did:jwk"
	}
	return fmt.Sprintf("%.120q", id)
}

// parseSource reads a DID or an address.
func (r *Resolver) parseSource(id string) (source, error) {
	if len(id) > maxDID {
		return source{}, fmt.Errorf("%w: %d characters", keys.ErrInvalidIdentifier, len(id))
	}
	kind, _, _ := strings.Cut(strings.TrimPrefix(id, "did:"), ":")
	switch {
	case !isDID(id):
		return r.parseURL(id)
	case kind == "key":
		p, err := r.didKey(id)
		return source{id: id, inherent: p}, err
	case kind == "jwk":
		p, err := inherent(keys.ParseDIDJWK(id))
		return source{id: id, inherent: p}, err
	case kind == "web":
		host, path, err := parseDIDWeb(id)
		return source{id: id, url: r.scheme(host) + "://" + host + path}, err
	}
	return source{}, fmt.Errorf("%w: the DID method %.40q", keys.ErrUnsupported, kind)
}

// maxDIDKeys is how many did:keys are kept read: they say the same for ever, and
// to read one takes longer than all else that finds its key. A longer one than
// maxDIDKey is none that holds a key known here.
const (
	maxDIDKeys = 256
	maxDIDKey  = 160 // characters
)

// didKey reads a did:key. Each is read outside of the lock that all share.
func (r *Resolver) didKey(did string) (*published, error) {
	if len(did) > maxDIDKey {
		return inherent(keys.ParseDIDKey(did))
	}
	if read, ok := r.didKeys.Get(did); ok {
		return read()
	}
	did = strings.Clone(did) // not the document that it stands in
	return r.didKeys.GetOrMake(did, func() func() (*published, error) {
		return sync.OnceValues(func() (*published, error) { return inherent(keys.ParseDIDKey(did)) })
	})()
}

// inherent is what a DID publishes that holds its own key.
func inherent(doc *keys.ControllerDocument, err error) (*published, error) {
	if err != nil {
		return nil, err
	}
	return &published{id: doc.ID, document: doc}, nil
}

func (r *Resolver) parseURL(id string) (source, error) {
	u, err := parseAddress(id)
	if err != nil {
		return source{}, err
	}
	if u.Scheme == "http" && r.scheme(u.Host) != "http" && !isLoopback(u.Hostname()) {
		return source{}, fmt.Errorf("%w: %s is not https", keys.ErrInvalidIdentifier, show(id))
	}
	return source{id: id, url: id}, nil
}

// isLoopback: plain http to this machine is a matter of demos and tests, and
// the Fetcher's decision.
func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// parseAddress takes http as well; parseURL says for which hosts. What the
// parts of an address mean must not depend on the reader, hence no user, no
// back slash and nothing beyond printable ASCII.
func parseAddress(id string) (*url.URL, error) {
	u, err := url.Parse(id)
	if err != nil || len(id) > maxURL || (u.Scheme != "https" && u.Scheme != "http") || !strings.HasPrefix(id, u.Scheme+"://") ||
		u.Hostname() == "" || u.User != nil || strings.ContainsFunc(id, notInURL) {
		return nil, fmt.Errorf("%w: neither a DID nor an https address: %s", keys.ErrInvalidIdentifier, show(id))
	}
	return u, nil
}

func notInURL(c rune) bool {
	return c <= ' ' || c > '~' || strings.ContainsRune(`"<>\^{|}#`+"`", c)
}

// authority is host and port for comparison.
func authority(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return u.Scheme + "://" + strings.ToLower(u.Hostname()) + ":" + port
}

// The forms are written out because every verification reads an identifier;
// TestForms has them as patterns.

func isFragment(s string) bool { return s != "" && only(s, "._~!$&'()*+,;=:@/?%-") }

// isSegment: a part of the path of a did:web.
func isSegment(s string) bool { return s != "" && s[0] != '.' && only(s, "._-") }

// isLabel: a part of a host name.
func isLabel(s string) bool {
	return 1 <= len(s) && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && s == strings.ToLower(s) && only(s, "-")
}

// only tells whether a text is of letters and digits of ASCII and some others.
func only(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return true
}

var numberPattern = regexp.MustCompile(`^([0-9]+|0x[0-9a-f]*)$`)

// parseDIDWeb turns a did:web into the host and path of its document. The
// grammar is narrower than the method's: one text for one address, no percent
// escape but the colon before a port, no IP address (the method forbids them).
// The one exception is 127.0.0.1 with a port, for demos and tests; whether it
// is reached is the Fetcher's decision.
func parseDIDWeb(did string) (host, path string, err error) {
	name, ok := strings.CutPrefix(did, "did:web:")
	parts := strings.Split(name, ":")
	if !ok || len(did) > maxURL || len(parts) > 1+maxSegments {
		return "", "", fmt.Errorf("%w: not a did:web: %s", keys.ErrInvalidIdentifier, show(did))
	}
	host, port, hasPort := strings.Cut(parts[0], "%3A")
	if hasPort && !isPort(port) || !isHost(host, hasPort) {
		return "", "", fmt.Errorf("%w: a did:web without a proper host: %s", keys.ErrInvalidIdentifier, show(did))
	}
	if hasPort {
		host += ":" + port
	}
	for _, s := range parts[1:] {
		if !isSegment(s) {
			return "", "", fmt.Errorf("%w: a did:web without a proper path: %s", keys.ErrInvalidIdentifier, show(did))
		}
	}
	if len(parts) == 1 {
		return host, "/.well-known/did.json", nil
	}
	return host, "/" + strings.Join(parts[1:], "/") + "/did.json", nil
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == s
}

func isHost(host string, hasPort bool) bool {
	if host == "127.0.0.1" && hasPort {
		return true
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if !isLabel(l) {
			return false
		}
	}
	// A last label that is a number makes the whole an IPv4 address, to some
	// readers also in octal, hexadecimal or with fewer than four parts.
	return len(host) <= 253 && !numberPattern.MatchString(labels[len(labels)-1])
}
