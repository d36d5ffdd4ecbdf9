package resolve_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/keys"
	"laurel/keys/resolve"
)

func TestInherentKeys(t *testing.T) {
	r := resolve.New(canary{t}, nil)
	ec := func(c elliptic.Curve) *ecdsa.PublicKey {
		k, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return &k.PublicKey
	}
	for _, pub := range []interface{ Equal(crypto.PublicKey) bool }{newKey(t), ec(elliptic.P256()), ec(elliptic.P384())} {
		did, err := keys.DIDKey(pub)
		if err != nil {
			t.Fatal(err)
		}
		full := did + "#" + strings.TrimPrefix(did, "did:key:")
		for _, id := range []string{did, full} {
			m, err := r.Resolve(t.Context(), id)
			if err != nil || m.ID != full || m.Controller != did || !m.Assertion || !pub.Equal(m.Public) {
				t.Errorf("%s: %+v, %v", id, m, err)
			}
		}
		text, err := keys.JWK(pub, "")
		if err != nil {
			t.Fatal(err)
		}
		did = "did:jwk:" + base64.RawURLEncoding.EncodeToString(text)
		m, err := r.Resolve(t.Context(), did+"#0")
		if err != nil || m.ID != did+"#0" || m.Controller != did || !m.Assertion || !pub.Equal(m.Public) {
			t.Errorf("%s: %+v, %v", did, m, err)
		}
	}
	enc := `{"use":"enc",` + jwk(t, ec(elliptic.P256()), "", "")[1:]
	did := "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(enc))
	if m, err := r.Resolve(t.Context(), did+"#0"); err != nil || m.Assertion || m.Authentication {
		t.Errorf("use enc: %+v, %v", m, err)
	}
	if m, err := r.ResolveForIssuer(t.Context(), did+"#0", did); !errors.Is(err, keys.ErrNotAuthorized) {
		t.Errorf("use enc, for an issuer: %+v, %v", m, err)
	}
}

func TestPublishedKeys(t *testing.T) {
	s := newSite(t)
	host, pub := s.URL, newKey(t)
	s.set("/.well-known/did.json", document(t, s.did(), "k", pub))
	s.set("/issuers/main/did.json", document(t, s.did("issuers", "main"), "k", pub))
	s.set("/issuer", document(t, host+"/issuer", "k", pub))
	s.set("/issuer.json", document(t, host+"/issuer.json?v=1", "k", pub))
	s.set("/keys", set(jwk(t, newKey(t), "other", ""), jwk(t, pub, "k", "")))
	s.set("/full", set(jwk(t, newKey(t), "k2", ""), jwk(t, pub, host+"/full#k", "")))
	s.set("/whole", set(jwk(t, pub, host+"/whole", "")))
	s.set("/key", jwk(t, pub, "k", ""))
	s.set("/nameless", jwk(t, pub, "", ""))
	r := resolve.New(s, nil)
	for id, controller := range map[string]string{
		s.did() + "#k":                  s.did(),
		s.did("issuers", "main") + "#k": s.did("issuers", "main"),
		host + "/issuer#k":              host + "/issuer",
		host + "/issuer.json?v=1#k":     host + "/issuer.json?v=1",
		host + "/keys#k":                "",
		host + "/full#k":                "",
		host + "/whole":                 "",
		host + "/key#k":                 "",
		host + "/nameless#k":            "",
		host + "/nameless":              "",
	} {
		m, err := r.Resolve(t.Context(), id)
		if err != nil || m.ID != id || m.Controller != controller || !pub.Equal(m.Public) || m.Assertion != (controller != "") {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	for _, id := range []string{
		s.did() + "#other", host + "/issuer#K", host + "/issuer", host + "/keys#none", host + "/keys",
		host + "/whole#k", host + "/key#other", host + "/key",
	} {
		if m, err := r.Resolve(t.Context(), id); !errors.Is(err, keys.ErrMethodNotFound) || m.Public != nil {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
}

func TestIdentifierRefusals(t *testing.T) {
	r := resolve.New(canary{t}, nil)
	private := "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(`{"kty":"OKP","crv":"Ed25519","d":"c2VjcmV0","x":"AA"}`))
	for id, want := range map[string]error{
		"":                                       keys.ErrInvalidIdentifier,
		"#k":                                     keys.ErrInvalidIdentifier,
		"key-1":                                  keys.ErrInvalidIdentifier,
		"/etc/passwd":                            keys.ErrInvalidIdentifier,
		"file:///etc/passwd#k":                   keys.ErrInvalidIdentifier,
		"http://school.example/keys#k":           keys.ErrInvalidIdentifier,
		"HTTPS://school.example/keys#k":          keys.ErrInvalidIdentifier,
		"ftp://school.example/keys#k":            keys.ErrInvalidIdentifier,
		"//school.example/keys#k":                keys.ErrInvalidIdentifier,
		"https:school.example/keys#k":            keys.ErrInvalidIdentifier,
		"https:///keys#k":                        keys.ErrInvalidIdentifier,
		"https://:443/keys#k":                    keys.ErrInvalidIdentifier,
		"https://a@school.example/keys#k":        keys.ErrInvalidIdentifier,
		"https://school.example\\@evil#k":        keys.ErrInvalidIdentifier,
		"https://school.example/a b#k":           keys.ErrInvalidIdentifier,
		"https://school.example/é#k":             keys.ErrInvalidIdentifier,
		"https://school.example/\n#k":            keys.ErrInvalidIdentifier,
		"https://school.example/<script>#k":      keys.ErrInvalidIdentifier,
		"https://school.example/keys#":           keys.ErrInvalidIdentifier,
		"https://school.example/keys#a#b":        keys.ErrInvalidIdentifier,
		"https://school.example/keys#a b":        keys.ErrInvalidIdentifier,
		"https://school.example/keys#' OR 1=1;":  keys.ErrInvalidIdentifier,
		"https://" + strings.Repeat("a", 3000):   keys.ErrInvalidIdentifier,
		"https://school.example/#" + long(600):   keys.ErrInvalidIdentifier,
		"urn:uuid:0d3c-1":                        keys.ErrInvalidIdentifier,
		"mailto:a@school.example":                keys.ErrInvalidIdentifier,
		"data:application/json,{}":               keys.ErrInvalidIdentifier,
		"DID:web:school.example#k":               keys.ErrInvalidIdentifier,
		"did:web:school.example":                 keys.ErrInvalidIdentifier,
		"did:web:school.example#":                keys.ErrInvalidIdentifier,
		"did:web:school.example/path#k":          keys.ErrInvalidIdentifier,
		"did:web:school.example?a=b#k":           keys.ErrInvalidIdentifier,
		"did:jwk:e30":                            keys.ErrInvalidKey,
		"did:jwk:#0":                             keys.ErrInvalidIdentifier,
		"did:key:z6Mk":                           keys.ErrUnsupported,
		"did:key:":                               keys.ErrInvalidIdentifier,
		"did:":                                   keys.ErrUnsupported,
		"did:ion:EiA#k":                          keys.ErrUnsupported,
		"did:example:123#k":                      keys.ErrUnsupported,
		"did:webvh:school.example#k":             keys.ErrUnsupported,
		"did:jwk:" + strings.Repeat("A", 64<<10): keys.ErrInvalidIdentifier,
		private + "#0":                           keys.ErrPrivateKeyExposed,
	} {
		m, err := r.Resolve(t.Context(), id)
		if !errors.Is(err, want) || m.Public != nil {
			t.Errorf("%.80q: %+v, %v; want %v", id, m, err, want)
			continue
		}
		if len(err.Error()) > 500 || strings.Contains(err.Error(), private[8:30]) {
			t.Errorf("%.80q: the error says too much: %.300v", id, err)
		}
	}
	good, err := keys.DIDKey(newKey(t))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Resolve(t.Context(), good+"#other"); !errors.Is(err, keys.ErrMethodNotFound) {
		t.Errorf("another fragment: %v", err)
	}
	did := "did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(jwk(t, newKey(t), "k", "")))
	for _, id := range []string{did + "#k", did + "#1", did + "#00"} {
		if _, err := r.Resolve(t.Context(), id); !errors.Is(err, keys.ErrMethodNotFound) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := r.Resolve(t.Context(), did); !errors.Is(err, keys.ErrInvalidIdentifier) {
		t.Errorf("a bare did:jwk: %v", err)
	}
	if _, err := r.ResolveForIssuer(t.Context(), good, private); !errors.Is(err, keys.ErrNotAuthorized) || strings.Contains(err.Error(), private[8:30]) {
		t.Errorf("a private key as issuer: %v", err)
	}
}

func long(n int) string { return strings.Repeat("k", n) }

func TestDIDWebGrammar(t *testing.T) {
	for did, url := range map[string]string{
		"did:web:school.example":                        "https://school.example/.well-known/did.json",
		"did:web:school.example%3A8443":                 "https://school.example:8443/.well-known/did.json",
		"did:web:school.example:a":                      "https://school.example/a/did.json",
		"did:web:school.example:issuers:B_1.x-y":        "https://school.example/issuers/B_1.x-y/did.json",
		"did:web:school.example%3A3000:a:-b":            "https://school.example:3000/a/-b/did.json",
		"did:web:localhost%3A8080":                      "https://localhost:8080/.well-known/did.json",
		"did:web:127.0.0.1%3A8080:issuers:main":         "https://127.0.0.1:8080/issuers/main/did.json",
		"did:web:xn--schl-5qa.example":                  "https://xn--schl-5qa.example/.well-known/did.json",
		"did:web:1.2.3.4.example":                       "https://1.2.3.4.example/.well-known/did.json",
		"did:web:" + strings.Repeat("a", 63) + ".b":     "https://" + strings.Repeat("a", 63) + ".b/.well-known/did.json",
		"did:web:a.example" + strings.Repeat(":s", 12):  "https://a.example" + strings.Repeat("/s", 12) + "/did.json",
		"did:web:demo.localhost%3A9000:a:b:c:..did..x!": "", // below
	} {
		f := &recorder{}
		_, err := resolve.New(f, nil).Resolve(t.Context(), did+"#k")
		if url == "" {
			if !errors.Is(err, keys.ErrInvalidIdentifier) || len(f.urls) != 0 {
				t.Errorf("%s: %v, asked for %v", did, err, f.urls)
			}
			continue
		}
		if !errors.Is(err, keys.ErrUnreachable) || len(f.urls) != 1 || f.urls[0] != url {
			t.Errorf("%s: %v, asked for %v", did, err, f.urls)
		}
	}
	r := resolve.New(canary{t}, nil)
	for _, did := range []string{
		"did:web:", "did:web::", "did:web:.", "did:web:a..example", "did:web:a.example.", "did:web:.a.example", "did:web:-a.example",
		"did:web:a-.example", "did:web:A.example", "did:web:a_b.example", "did:web:a.example:", "did:web:a.example::b",
		"did:web:127.0.0.1", "did:web:10.0.0.1", "did:web:10.0.0.1%3A80", "did:web:169.254.169.254", "did:web:2130706433",
		"did:web:0x7f000001", "did:web:0x7f.1", "did:web:0177.0.0.1", "did:web:127.1", "did:web:1.2.3.4", "did:web:a.0x1", "did:web:a.0x",
		"did:web:[::1]", "did:web:%5B%3A%3A1%5D", "did:web:::1",
		"did:web:a.example%3a80", "did:web:a.example%3A", "did:web:a.example%3A0", "did:web:a.example%3A080", "did:web:a.example%3A65536",
		"did:web:a.example%3A-1", "did:web:a.example%3A+80", "did:web:a.example%3A80%3A81", "did:web:a.example%3A8080x", "did:web:a.example:80%3A",
		"did:web:a%40evil.example", "did:web:a@evil.example", "did:web:a.example%2Fx", "did:web:a.example%3Fx", "did:web:a.example%23x",
		"did:web:a.example/x", "did:web:a.example?x", "did:web:a.example\\x", "did:web:a.example x", "did:web:a.example\tx", "did:web:a.example\x00",
		"did:web:a.example:..", "did:web:a.example:.", "did:web:a.example:..:b", "did:web:a.example:.hidden", "did:web:a.example:%2e%2e",
		"did:web:a.example:a%2Fb", "did:web:a.example:a b", "did:web:a.example:é", "did:web:é.example", "did:web:a.example:a~b",
		"did:web:" + strings.Repeat("a", 64) + ".example", "did:web:" + strings.Repeat("a.", 130) + "example",
		"did:web:a.example" + strings.Repeat(":s", 13), "did:web:a.example:" + strings.Repeat("s", 4096),
	} {
		if m, err := r.Resolve(t.Context(), did+"#k"); !errors.Is(err, keys.ErrInvalidIdentifier) || m.Public != nil {
			t.Errorf("%q: %+v, %v", did, m, err)
		}
	}
}

func TestScheme(t *testing.T) {
	f := &recorder{http: "demo.example:8080"}
	r := resolve.New(f, nil)
	for _, id := range []string{
		"did:web:demo.example%3A8080#k", "did:web:demo.example%3A8081#k", "http://demo.example:8080/keys#k",
		"http://localhost/keys#k", "http://127.0.0.1:1/keys#k", "http://[::1]:1/keys#k",
	} {
		if _, err := r.Resolve(t.Context(), id); !errors.Is(err, keys.ErrUnreachable) {
			t.Errorf("%s: %v", id, err)
		}
	}
	want := []string{
		"http://demo.example:8080/.well-known/did.json", "https://demo.example:8081/.well-known/did.json", "http://demo.example:8080/keys",
		"http://localhost/keys", "http://127.0.0.1:1/keys", "http://[::1]:1/keys",
	}
	if !slices.Equal(f.urls, want) {
		t.Errorf("asked for %v", f.urls)
	}
	for _, id := range []string{"http://demo.example:8081/keys#k", "http://localhost.example/keys#k", "http://10.0.0.1/keys#k"} {
		if _, err := r.Resolve(t.Context(), id); !errors.Is(err, keys.ErrInvalidIdentifier) || len(f.urls) != len(want) {
			t.Errorf("%s: %v, %v", id, err, f.urls)
		}
	}
}

// What cannot be fetched is an open question, never a missing key.
func TestUnreachable(t *testing.T) {
	s := newSite(t)
	s.set("/keys", set(jwk(t, newKey(t), "k", "")))
	s.set("/huge", strings.Repeat(" ", keys.MaxDocument+1))
	closed := httptest.NewTLSServer(http.NotFoundHandler())
	closed.Close()
	r := resolve.New(s, nil)
	for name, id := range map[string]string{
		"not found":          s.URL + "/none#k",
		"no did.json":        s.did("nobody") + "#k",
		"too large":          s.URL + "/huge#k",
		"a closed port":      closed.URL + "/keys#k",
		"another name's TLS": strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/keys#k",
	} {
		m, err := r.Resolve(t.Context(), id)
		if !errors.Is(err, keys.ErrUnreachable) || keys.Wrong(err) || m.Public != nil {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	if _, err := r.Resolve(t.Context(), s.URL+"/keys#k"); err != nil {
		t.Fatalf("the control: %v", err)
	}
	if _, err := resolve.New(wary{}, nil).Resolve(t.Context(), s.URL+"/keys#k"); !errors.Is(err, keys.ErrUnreachable) {
		t.Errorf("an unknown certificate: %v", err)
	}
	for _, id := range []string{s.URL + "/keys#k", s.did() + "#k"} {
		if _, err := resolve.New(nil, nil).Resolve(t.Context(), id); !errors.Is(err, keys.ErrUnreachable) {
			t.Errorf("offline: %v", err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s.hold = make(chan struct{})
	defer close(s.hold)
	if _, err := r.Resolve(cancelled, s.URL+"/slow#k"); !errors.Is(err, keys.ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestLies(t *testing.T) {
	s := newSite(t)
	pub := newKey(t)
	victim := "did:web:victim.example"
	s.set("/other/did.json", document(t, victim, "k", pub))
	s.set("/html/did.json", "<!doctype html><title>Hello</title>")
	s.set("/array/did.json", "[]")
	s.set("/set/did.json", set(jwk(t, pub, "k", "")))
	s.set("/foreign/did.json", strings.Replace(document(t, s.did("foreign"), "k", pub),
		`"controller":"`+s.did("foreign"), `"controller":"`+victim, 1))
	s.set("/private/did.json", strings.Replace(document(t, s.did("private"), "k", pub), `"type":"Multikey"`, `"type":"Multikey","secretKeyMultibase":"zc2VjcmV0"`, 1))
	s.set("/other", document(t, s.URL+"/another", "k", pub))
	s.set("/both", `{"id":"`+s.URL+`/both","verificationMethod":[],`+set(jwk(t, pub, "k", ""))[1:])
	s.set("/setkey", strings.TrimSuffix(jwk(t, pub, "k", ""), "}")+`,"keys":[]}`)
	s.set("/twice", set(jwk(t, pub, "k", ""), jwk(t, newKey(t), "k", "")))
	s.set("/twoforms", set(jwk(t, pub, "k", ""), jwk(t, pub, s.URL+"/twoforms#k", "")))
	s.set("/d", strings.TrimSuffix(jwk(t, pub, "k", ""), "}")+`,"d":"c2VjcmV0"}`)
	s.set("/dset", set(jwk(t, pub, "k", ""), `{"kty":"OKP","d":"c2VjcmV0"}`))
	s.set("/p521", set(`{"kty":"EC","crv":"P-521","kid":"k"}`))
	s.set("/enc", set(strings.TrimSuffix(jwk(t, pub, "k", ""), "}")+`,"use":"enc"}`))
	r := resolve.New(s, nil)
	for id, want := range map[string]error{
		s.did("other") + "#k":   keys.ErrInvalidDocument,
		s.did("html") + "#k":    keys.ErrInvalidDocument,
		s.did("array") + "#k":   keys.ErrInvalidDocument,
		s.did("set") + "#k":     keys.ErrInvalidDocument,
		s.did("foreign") + "#k": keys.ErrNotAuthorized,
		s.did("private") + "#k": keys.ErrPrivateKeyExposed,
		s.URL + "/other#k":      keys.ErrInvalidDocument,
		s.URL + "/both#k":       keys.ErrInvalidDocument,
		s.URL + "/setkey#k":     keys.ErrInvalidDocument,
		s.URL + "/twice#k":      keys.ErrInvalidDocument,
		s.URL + "/twoforms#k":   keys.ErrInvalidDocument,
		s.URL + "/d#k":          keys.ErrPrivateKeyExposed,
		s.URL + "/dset#k":       keys.ErrPrivateKeyExposed,
		s.URL + "/p521#k":       keys.ErrUnsupported,
		s.URL + "/enc#k":        keys.ErrNotAuthorized,
	} {
		m, err := r.Resolve(t.Context(), id)
		if !errors.Is(err, want) || m.Public != nil || keys.Wrong(err) != (want != keys.ErrUnsupported) {
			t.Errorf("%s: %+v, %v; want %v", id, m, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("%s: the private value is shown: %v", id, err)
		}
	}
}

// A key in a JWK Set may claim any issuer; that it stands at the well-known
// address of the issuer's own host is what shows it.
func TestClaimedIssuers(t *testing.T) {
	attacker, school := newSite(t), newSite(t)
	pub := newKey(t)
	own, tenant := school.URL+"/issuers/a", "https://victim.example/issuers/a"
	school.set("/.well-known/jwks.json", set(jwk(t, pub, "own", own), jwk(t, pub, "foreign", tenant), jwk(t, pub, "silent", ""), jwk(t, pub, "did", school.did())))
	school.set("/tenants/b/keys", set(jwk(t, pub, "own", own)))
	school.set("/tenants/b/key", jwk(t, pub, "own", own))
	attacker.set("/.well-known/jwks.json", set(jwk(t, pub, "own", own)))
	for id, controller := range map[string]string{
		school.URL + "/.well-known/jwks.json#own":     own,
		school.URL + "/.well-known/jwks.json#foreign": "",
		school.URL + "/.well-known/jwks.json#silent":  "",
		school.URL + "/.well-known/jwks.json#did":     "",
		school.URL + "/tenants/b/keys#own":            "",
		school.URL + "/tenants/b/key#own":             "",
	} {
		m, err := resolve.New(school, nil).Resolve(t.Context(), id)
		if err != nil || m.Controller != controller || m.Assertion != (controller != "") {
			t.Errorf("%s: %+v, %v", id, m, err)
		}
	}
	m, err := resolve.New(attacker, nil).Resolve(t.Context(), attacker.URL+"/.well-known/jwks.json#own")
	if err != nil || m.Controller != "" || m.Assertion {
		t.Errorf("the attacker's host: %+v, %v", m, err)
	}
}

// localIssuers answers for what it holds.
type localIssuers struct {
	mu        sync.Mutex
	documents map[string]string
	err       error
}

func (l *localIssuers) ControllerDocument(_ context.Context, id string) ([]byte, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, false, l.err
	}
	d, ok := l.documents[id]
	return []byte(d), ok, nil
}

func TestLocal(t *testing.T) {
	const did = "did:web:school.example:issuers:main"
	first, second := newKey(t), newKey(t)
	local := &localIssuers{documents: map[string]string{did: document(t, did, "k", first)}}
	r := resolve.New(canary{t}, local)
	if m, err := r.Resolve(t.Context(), did+"#k"); err != nil || !first.Equal(m.Public) || m.Controller != did {
		t.Fatalf("%+v, %v", m, err)
	}
	// Our own rotation is seen at once.
	local.documents[did] = document(t, did, "k2", second)
	if m, err := r.ResolveForIssuer(t.Context(), did+"#k2", did); err != nil || !second.Equal(m.Public) {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := r.Resolve(t.Context(), did+"#k"); !errors.Is(err, keys.ErrMethodNotFound) {
		t.Errorf("the former key: %v", err)
	}
	offline := resolve.New(nil, local)
	if m, err := offline.Resolve(t.Context(), did+"#k2"); err != nil || !second.Equal(m.Public) {
		t.Errorf("offline: %+v, %v", m, err)
	}
	if _, err := offline.Resolve(t.Context(), "did:web:other.example#k"); !errors.Is(err, keys.ErrUnreachable) {
		t.Errorf("offline, elsewhere: %v", err)
	}
	// A failure of ours is neither the badge's fault nor the network's.
	local.err = errors.New("disk")
	_, err := r.Resolve(t.Context(), did+"#k2")
	if !errors.Is(err, local.err) || keys.Wrong(err) || errors.Is(err, keys.ErrUnreachable) {
		t.Errorf("our disk: %v", err)
	}
}

// countedIssuers are localIssuers that count their changes.
type countedIssuers struct {
	localIssuers
	changes uint64
	asked   int
}

func (c *countedIssuers) Changes() uint64 { return c.changes }

func (c *countedIssuers) ControllerDocument(ctx context.Context, id string) ([]byte, bool, error) {
	c.asked++
	return c.localIssuers.ControllerDocument(ctx, id)
}

// TestCountedLocal: what is ours is not asked for again while nothing changed, and
// as soon as something did.
func TestCountedLocal(t *testing.T) {
	const did, other = "did:web:school.example:issuers:main", "did:web:school.example:issuers:other"
	first, second := newKey(t), newKey(t)
	local := &countedIssuers{localIssuers: localIssuers{documents: map[string]string{did: document(t, did, "k", first), other: document(t, other, "k", first)}}}
	r := resolve.New(canary{t}, local)
	resolves := func(id string, want error, asked int) {
		t.Helper()
		m, err := r.Resolve(t.Context(), id)
		if !errors.Is(err, want) || (err == nil) != (want == nil) || want == nil && m.ID != id || local.asked != asked {
			t.Errorf("%s: %+v, %v; asked %d times", id, m, err, local.asked)
		}
	}
	resolves(did+"#k", nil, 1)
	resolves(did+"#k", nil, 1)
	resolves(other+"#k", nil, 2)
	resolves(did+"#k2", keys.ErrMethodNotFound, 3) // what is not there is looked for
	resolves(did, keys.ErrInvalidIdentifier, 3)    // a key has a fragment, here too
	local.changes++                                // of another issuer, and each is asked for once
	resolves(did+"#k", nil, 4)
	resolves(did+"#k", nil, 4)
	local.documents[did] = document(t, did, "k2", second)
	local.changes++
	resolves(did+"#k", keys.ErrMethodNotFound, 5)
	resolves(did+"#k2", nil, 5)
	local.changes++
	local.err = errors.New("disk")
	resolves(did+"#k2", local.err, 6)
}

func TestCache(t *testing.T) {
	s := newSite(t)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	r := resolve.NewWithClock(s, nil, func() time.Time { return now })
	const path = "/.well-known/did.json"
	did := s.did()
	resolves := func(fragment string, want error, hits int) {
		t.Helper()
		if _, err := r.Resolve(t.Context(), did+"#"+fragment); !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Errorf("%s: %v, want %v", fragment, err, want)
		}
		if got := s.count(path); got != hits {
			t.Errorf("%s: %d requests, want %d", fragment, got, hits)
		}
	}
	resolves("one", keys.ErrUnreachable, 1)
	resolves("one", keys.ErrUnreachable, 2) // failures are not kept
	s.set(path, "{}")
	resolves("one", keys.ErrInvalidDocument, 3)
	resolves("one", keys.ErrInvalidDocument, 4) // nor what cannot be read
	s.set(path, document(t, did, "one", newKey(t)))
	resolves("one", nil, 5)
	resolves("two", keys.ErrMethodNotFound, 6) // a missing key is looked for anew
	s.set(path, document(t, did, "two", newKey(t)))
	now = now.Add(59 * time.Second)
	resolves("one", nil, 6)                    // still believed
	resolves("two", keys.ErrMethodNotFound, 6) // too soon to ask again
	now = now.Add(time.Second)
	resolves("one", nil, 6)
	resolves("two", nil, 7)
	resolves("one", keys.ErrMethodNotFound, 7)
	now = now.Add(5*time.Minute - time.Nanosecond)
	resolves("two", nil, 7)
	now = now.Add(time.Nanosecond)
	resolves("two", nil, 8)
	now = now.Add(-time.Hour) // a clock set back must not keep a document for an hour
	resolves("two", nil, 9)
	s.mu.Lock()
	delete(s.pages, path)
	s.mu.Unlock()
	now = now.Add(time.Minute)
	resolves("three", keys.ErrUnreachable, 10) // could not look again: not "missing"
	resolves("three", keys.ErrUnreachable, 10) // nor a moment later
	resolves("two", nil, 10)
}

func TestOneRequestForMany(t *testing.T) {
	s := newSite(t)
	pub := newKey(t)
	s.set("/.well-known/did.json", document(t, s.did(), "k", pub))
	s.hold = make(chan struct{})
	r := resolve.New(s, nil)
	// The first to ask gives up; the request goes on for the others.
	impatient, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := r.Resolve(impatient, s.did()+"#k")
		gone <- err
	}()
	for s.count("/.well-known/did.json") == 0 {
		time.Sleep(time.Millisecond)
	}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if m, err := r.Resolve(t.Context(), s.did()+"#k"); err != nil || !pub.Equal(m.Public) {
				t.Errorf("%+v, %v", m, err)
			}
		})
	}
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the first: %v", err)
	}
	close(s.hold)
	wg.Wait()
	if n := s.count("/.well-known/did.json"); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func FuzzDIDWeb(f *testing.F) {
	for _, did := range []string{"did:web:school.example", "did:web:localhost%3A8080:a:b", "did:web:127.0.0.1%3A1"} {
		asked := &recorder{}
		if _, err := resolve.New(asked, nil).Resolve(context.Background(), did+"#k"); !errors.Is(err, keys.ErrUnreachable) || len(asked.urls) != 1 {
			f.Fatalf("seed %s: %v, %v", did, err, asked.urls)
		}
		f.Add(did)
	}
	for _, did := range []string{"did:web:10.0.0.1", "did:web:a.example:..", "did:web:a%2Fb", "did:web:a@b"} {
		if _, err := resolve.New(canary{f}, nil).Resolve(context.Background(), did+"#k"); !errors.Is(err, keys.ErrInvalidIdentifier) {
			f.Fatalf("seed %s: %v", did, err)
		}
		f.Add(did)
	}
	f.Fuzz(func(t *testing.T, did string) {
		asked := &recorder{}
		_, err := resolve.New(asked, nil).Resolve(context.Background(), did+"#k")
		if !strings.HasPrefix(did, "did:web:") {
			return
		}
		if len(asked.urls) == 0 {
			if !errors.Is(err, keys.ErrInvalidIdentifier) {
				t.Fatalf("%q: %v", did, err)
			}
			return
		}
		// One text for one address: the address gives the DID back.
		rest := strings.TrimSuffix(strings.TrimPrefix(asked.urls[0], "https://"), "/did.json")
		host, path, _ := strings.Cut(strings.TrimSuffix(rest, "/.well-known"), "/")
		back := "did:web:" + strings.Replace(host, ":", "%3A", 1)
		if path != "" {
			back += ":" + strings.ReplaceAll(path, "/", ":")
		}
		if back != did {
			t.Fatalf("%q asks for %q, which is %q", did, asked.urls[0], back)
		}
		if strings.Contains(rest, "..") && strings.Contains(rest, "/..") || strings.ContainsAny(rest, "@?#\\% ") {
			t.Fatalf("%q asks for %q", did, asked.urls[0])
		}
	})
}
