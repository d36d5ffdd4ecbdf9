package fetch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"laurel/internal/porttest"
)

// TestMain names a proxy that does not exist in the environment, before anybody
// can have read it: no test passes if it is honoured.
func TestMain(m *testing.M) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy"} {
		if err := os.Setenv(name, "http://127.0.0.1:9"); err != nil {
			panic(err)
		}
	}
	_, _ = os.Unsetenv("NO_PROXY"), os.Unsetenv("no_proxy")
	goleak.VerifyTestMain(m)
}

// counter is a handler that counts who came.
type counter struct {
	hits atomic.Int64
	http.Handler
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.hits.Add(1)
	c.Handler.ServeHTTP(w, r)
}

func serve(t testing.TB, h http.HandlerFunc) (base string, hits *atomic.Int64) {
	t.Helper()
	c := &counter{Handler: h}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	return s.URL, &c.hits
}

func serveTLS(t testing.TB, h http.HandlerFunc) (s *httptest.Server, hits *atomic.Int64) {
	t.Helper()
	c := &counter{Handler: h}
	s = httptest.NewUnstartedServer(c)
	s.Config.ErrorLog = quiet()
	s.StartTLS()
	t.Cleanup(s.Close)
	return s, &c.hits
}

func trusting(s *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func host(t testing.TB, base string) string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func client(t testing.TB, cfg Config) *Client {
	t.Helper()
	if cfg.Timeout == 0 {
		cfg.Timeout = time.Minute
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func wantKind(t testing.TB, name string, err error, want Kind) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != want || !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", name, err, want)
	}
}

func TestGet(t *testing.T) {
	var got http.Header
	var path string
	base, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, path = r.Header.Clone(), r.URL.RequestURI()
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		w.Header().Set("Content-Type", "application/vc")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = io.WriteString(w, "hello")
	})
	c := client(t, Config{Allow: []string{host(t, base)}})
	for range 2 {
		body, contentType, err := c.Do(t.Context(), Request{URL: base + "/a?b=c#d", Accept: "application/vc"})
		if err != nil || string(body) != "hello" || contentType != "application/vc" {
			t.Fatalf("got %q, %q, %v", body, contentType, err)
		}
	}
	want := http.Header{"User-Agent": {"laurel"}, "Accept": {"application/vc"}, "Accept-Encoding": {"identity"}, "Connection": {"close"}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("headers sent: %v, want %v", got, want)
	}
	if path != "/a?b=c" {
		t.Errorf("asked for %s", path)
	}
}

func TestGetTLS(t *testing.T) {
	s, hits := serveTLS(t, say("hello"))
	c := client(t, Config{Allow: []string{host(t, s.URL)}, RootCAs: trusting(s)})
	if body, _, err := c.Get(t.Context(), s.URL, 0); err != nil || string(body) != "hello" || hits.Load() != 1 {
		t.Errorf("got %q, %v", body, err)
	}
}

// Every one of these is refused before anything is sent, even before a lookup.
func TestBlockedAsWritten(t *testing.T) {
	base, hits := serve(t, say("canary"))
	_, port, _ := net.SplitHostPort(host(t, base))
	portNumber := uint16(0)
	if _, err := fmt.Sscan(port, &portNumber); err != nil {
		t.Fatal(err)
	}
	// The canary's port counts as that of strangers, so only the address can
	// be what keeps us away.
	c, err := newClient(Config{Resolver: noLookup(t)}, portNumber)
	if err != nil {
		t.Fatal(err)
	}
	at := func(host string) string { return "https://" + host + ":" + port + "/" }
	for _, raw := range []string{
		"", "/", "example.com", "//example.com/", "https:///x", "https:example.com", "https://", "%", "https://a b.example/",
		"http://example.com/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:70/", "data:text/plain,x", "HTTPS+unix://x.example/",
		at("user@example.com"), at("user:secret@example.com"), at("example.com@127.0.0.1"),
		"https://example.com:22/", "https://example.com:8443/", "https://example.com:0/", "https://example.com:99999/",
		at("127.0.0.1"), at("127.8.9.10"), at("0.0.0.0"), at("10.1.2.3"), at("172.16.0.1"), at("192.168.1.1"),
		at("169.254.169.254"), at("100.64.0.1"), at("198.18.0.1"), at("224.0.0.1"), at("255.255.255.255"),
		at("[::1]"), at("[::]"), at("[::ffff:127.0.0.1]"), at("[::ffff:7f00:1]"), at("[::127.0.0.1]"), at("[64:ff9b::7f00:1]"),
		at("[2002:7f00:1::]"), at("[fe80::1]"), at("[fe80::1%25lo]"), at("[fc00::1]"), at("[ff02::1]"), at("[2001:db8::1]"),
		at("2130706433"), at("0x7f000001"), at("0177.0.0.1"), at("127.1"), at("0x7f.1"), at("127.0.0.1."), at("017700000001"),
		at("localhost"), at("LOCALHOST"), at("localhost."), at("a.localhost"), at("printer.local"), at("metadata.google.internal"),
		at("router.home.arpa"), at("intranet"), at("ex_ample"), at("exämple.com"), at("example.com."), at("a..example.com"),
		at("１２７.0.0.1"), at("①②⑦.0.0.1"), at("127。0。0。1"), "https://example.com/" + strings.Repeat("a", maxURL),
	} {
		_, _, err := c.Get(t.Context(), raw, 0)
		wantKind(t, raw, err, Blocked)
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests reached the canary", hits.Load())
	}
}

// noLookup is a resolver that must not be asked.
func noLookup(t *testing.T) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("a name was looked up")
		return nil, errors.New("no lookups here")
	}}
}

func TestAllowIsExact(t *testing.T) {
	base, hits := serve(t, say("canary"))
	_, port, _ := net.SplitHostPort(host(t, base))
	c := client(t, Config{Allow: []string{"127.0.0.1:1", "localhost:" + port, "badges.example:80"}})
	for _, raw := range []string{base, "http://127.0.0.1:" + port + "/", "http://badges.example:8080/", "http://127.0.0.1/"} {
		_, _, err := c.Get(t.Context(), raw, 0)
		wantKind(t, raw, err, Blocked)
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests reached the canary", hits.Load())
	}
	for _, raw := range []string{"http://localhost:" + port, "HTTP://LocalHost:" + port + "/"} {
		if _, _, err := c.Get(t.Context(), raw, 0); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
	}
}

// A host that is allowed and found at a private address may be asked over
// https; plain http stops at the dialler unless the address is loopback.
func TestPlainOnlyToLoopback(t *testing.T) {
	dns := serveDNS(t, "10.255.255.1")
	c := client(t, Config{Allow: []string{"badges.example:80"}, Resolver: dns.resolver()})
	_, _, err := c.Get(t.Context(), "http://badges.example/", 0)
	wantKind(t, "plain http to 10.255.255.1", err, Blocked)
	if !errors.Is(err, errNotLoopback) {
		t.Errorf("stopped for another reason: %v", err)
	}
	if dns.asked.Load() == 0 {
		t.Error("the name was never looked up")
	}
}

func TestPrivateAddressOfAllowedHost(t *testing.T) {
	s, hits := serveTLS(t, say("hello"))
	_, port, _ := net.SplitHostPort(host(t, s.URL))
	dns := serveDNS(t, "127.0.0.1")
	c := client(t, Config{Allow: []string{"Example.com:" + port}, Resolver: dns.resolver(), RootCAs: trusting(s)})
	if body, _, err := c.Get(t.Context(), "https://example.com:"+port+"/", 0); err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
	if hits.Load() != 1 {
		t.Errorf("%d hits", hits.Load())
	}
}

// Names that look public and lead home: the dialler sees where they lead.
func TestRebinding(t *testing.T) {
	s, hits := serveTLS(t, say("canary"))
	_, port, _ := net.SplitHostPort(host(t, s.URL))
	portNumber := uint16(0)
	if _, err := fmt.Sscan(port, &portNumber); err != nil {
		t.Fatal(err)
	}
	for _, ip := range []string{"127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "fd00::1", "0.0.0.0"} {
		dns := serveDNS(t, ip)
		c, err := newClient(Config{Resolver: dns.resolver(), RootCAs: trusting(s), Timeout: time.Minute}, portNumber)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Get(t.Context(), "https://example.com:"+port+"/", 0)
		wantKind(t, ip, err, Blocked)
		if dns.asked.Load() == 0 {
			t.Errorf("%s: the name was never looked up", ip)
		}
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests reached the canary", hits.Load())
	}
}

// See TestMain: the standard client, asked the same, would go to the proxy.
func TestEnvironmentProxyIsIgnored(t *testing.T) {
	req := httptest.NewRequest(http.MethodGet, "https://example.com/", nil)
	if u, err := http.ProxyFromEnvironment(req); err != nil || u == nil {
		t.Fatalf("the environment names no proxy (%v, %v), so nothing is shown", u, err)
	}
	s, hits := serveTLS(t, say("hello"))
	_, port, _ := net.SplitHostPort(host(t, s.URL))
	dns := serveDNS(t, "127.0.0.1")
	c := client(t, Config{Allow: []string{"example.com:" + port}, Resolver: dns.resolver(), RootCAs: trusting(s)})
	if _, _, err := c.Get(t.Context(), "https://example.com:"+port+"/", 0); err != nil || hits.Load() != 1 {
		t.Errorf("%d direct, %v", hits.Load(), err)
	}
}

// connectProxy is a real forward proxy that takes every CONNECT to target.
func connectProxy(t *testing.T, target string) (base string, asked func() []string) {
	var mu sync.Mutex
	var hosts []string
	var tunnels sync.WaitGroup
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		hosts = append(hosts, r.Method+" "+r.Host)
		mu.Unlock()
		out, err := net.Dial("tcp", target)
		if err != nil || r.Method != http.MethodConnect {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		// Not before: what the client says then, the server would read.
		if _, err := io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
			t.Error(err)
		}
		pipe := func(to, from net.Conn) {
			_, _ = io.Copy(to, from)
			_ = to.Close()
			_ = from.Close()
		}
		tunnels.Go(func() { pipe(out, in) })
		tunnels.Go(func() { pipe(in, out) })
	}))
	t.Cleanup(func() { s.Close(); tunnels.Wait() })
	return s.URL, func() []string { mu.Lock(); defer mu.Unlock(); return hosts }
}

func TestProxy(t *testing.T) {
	s, hits := serveTLS(t, say("hello"))
	proxy, asked := connectProxy(t, host(t, s.URL))
	proxyURL, err := url.Parse(proxy)
	if err != nil {
		t.Fatal(err)
	}
	plain, plainHits := serve(t, say("direct"))
	c := client(t, Config{Proxy: proxyURL, RootCAs: trusting(s), Resolver: noLookup(t), Allow: []string{host(t, plain), "badges.example:80"}})
	if body, _, err := c.Get(t.Context(), "https://example.com/", 0); err != nil || string(body) != "hello" {
		t.Errorf("got %q, %v", body, err)
	}
	if got := asked(); len(got) != 1 || got[0] != "CONNECT example.com:443" || hits.Load() != 1 {
		t.Errorf("proxy was asked %q, %d hits", got, hits.Load())
	}
	for _, raw := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://localhost/", "https://intranet/", "https://2130706433/",
		"https://0x7f.0.0.1/", "https://db.internal/", "https://example.com:8443/", "http://example.com/", "http://badges.example/",
	} {
		_, _, err := c.Get(t.Context(), raw, 0)
		wantKind(t, raw, err, Blocked)
	}
	if body, _, err := c.Get(t.Context(), plain, 0); err != nil || string(body) != "direct" || plainHits.Load() != 1 {
		t.Errorf("own machine: %q, %v", body, err)
	}
	if got := asked(); len(got) != 1 {
		t.Errorf("proxy was asked %q", got)
	}
}

func TestStatus(t *testing.T) {
	base, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		code := 0
		_, _ = fmt.Sscan(r.URL.Path[1:], &code)
		w.WriteHeader(code)
	})
	c := client(t, Config{Allow: []string{host(t, base)}})
	for _, code := range []int{201, 204, 206, 304, 400, 401, 404, 410, 429, 500, 503} {
		_, _, err := c.Get(t.Context(), fmt.Sprintf("%s/%d", base, code), 0)
		wantKind(t, fmt.Sprint(code), err, Status)
		var e *Error
		if !errors.As(err, &e) || e.Code != code || !strings.Contains(err.Error(), fmt.Sprint(code)) {
			t.Errorf("%d: %v", code, err)
		}
	}
}

func TestRedirects(t *testing.T) {
	canary, canaryHits := serve(t, say("canary"))
	tlsCanary, tlsHits := serveTLS(t, say("canary"))
	var other string
	base, hits := serve(t, func(w http.ResponseWriter, r *http.Request) {
		to := map[string]string{
			"/one": "/good", "/two": "/one", "/three": "/two", "/loop": "/loop", "/other": other + "/good",
			"/scheme": tlsCanary.URL, "/private": canary, "/metadata": "http://169.254.169.254/latest/", "/file": "file:///etc/passwd",
			"/user": "http://u:p@" + r.Host + "/good", "/none": "", "/bad": "http://[", "/relative": "good",
		}
		if r.URL.Path == "/good" {
			_, _ = io.WriteString(w, "moved here")
			return
		}
		w.Header()["Location"] = []string{to[r.URL.Path]}
		w.WriteHeader(http.StatusFound)
	})
	other, _ = serve(t, say("elsewhere"))
	c := client(t, Config{Allow: []string{host(t, base), host(t, other), host(t, tlsCanary.URL)}, RootCAs: trusting(tlsCanary)})

	_, _, err := c.Get(t.Context(), base+"/one", 0)
	wantKind(t, "Get of a redirect", err, Redirect)
	if hits.Load() != 1 {
		t.Errorf("Get made %d requests", hits.Load())
	}
	for path, want := range map[string]string{"/good": "moved here", "/one": "moved here", "/two": "moved here", "/relative": "moved here", "/other": "elsewhere"} {
		if body, _, err := c.GetFollowing(t.Context(), base+path, 0); err != nil || string(body) != want {
			t.Errorf("%s: got %q, %v", path, body, err)
		}
	}
	for path, want := range map[string]Kind{
		"/three": Redirect, "/loop": Redirect, "/scheme": Redirect, "/file": Redirect, "/none": Redirect, "/bad": Redirect,
		"/private": Blocked, "/metadata": Blocked, "/user": Blocked,
	} {
		_, _, err := c.GetFollowing(t.Context(), base+path, 0)
		wantKind(t, path, err, want)
	}
	if canaryHits.Load() != 0 || tlsHits.Load() != 0 {
		t.Errorf("canaries hit: %d, %d", canaryHits.Load(), tlsHits.Load())
	}
}

func TestTooLarge(t *testing.T) {
	base, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/exact":
			_, _ = io.WriteString(w, strings.Repeat("x", 1000))
		case "/announced":
			w.Header().Set("Content-Length", "1001")
			_, _ = io.WriteString(w, strings.Repeat("x", 1001))
		case "/endless":
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<14)); err != nil {
					return
				}
			}
		}
	})
	c := client(t, Config{Allow: []string{host(t, base)}, MaxBytes: 1000})
	if body, _, err := c.Get(t.Context(), base+"/exact", 1<<40); err != nil || len(body) != 1000 {
		t.Errorf("exactly the bound: %d bytes, %v", len(body), err)
	}
	for _, path := range []string{"/announced", "/endless"} {
		_, _, err := c.Get(t.Context(), base+path, 0)
		wantKind(t, path, err, TooLarge)
	}
	_, _, err := c.Get(t.Context(), base+"/exact", 999)
	wantKind(t, "the caller's own bound", err, TooLarge)
}

// rawServer answers each connection with write, which may do as it likes until
// the other side goes away.
func rawServer(t *testing.T, write func(net.Conn)) (base string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(time.Minute))
				write(conn)
			})
		}
	})
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	return "http://" + l.Addr().String()
}

// afterRequest reads a request, then sends parts of an answer until it cannot.
func afterRequest(pause time.Duration, first, again string) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, err := io.WriteString(conn, first)
		for ; err == nil && again != ""; time.Sleep(pause) {
			_, err = io.WriteString(conn, again)
		}
	}
}

func TestHostileServers(t *testing.T) {
	const limit, ample = 400 * time.Millisecond, 30 * time.Second
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	hang := func(conn net.Conn) {
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		silent(conn)
	}
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 16 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()

	for _, c := range []struct {
		name  string
		write func(net.Conn)
		want  Kind
	}{
		{"hang", hang, Timeout},
		{"drip of header", afterRequest(20*time.Millisecond, "HTTP/1.1 200 OK\r\nX: ", "x"), Timeout},
		{"drip of body", afterRequest(20*time.Millisecond, "HTTP/1.1 200 OK\r\n\r\n", "x"), Timeout},
		{"drip of chunks", afterRequest(20*time.Millisecond, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"), Timeout},
		{"huge header", afterRequest(0, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 100<<10)+"\r\n\r\n", ""), Unreachable},
		{"endless header line", afterRequest(0, "HTTP/1.1 200 OK\r\nX: ", strings.Repeat("x", 1<<14)), Unreachable},
		{"endless headers", afterRequest(0, "HTTP/1.1 200 OK\r\n", strings.Repeat("X: y\r\n", 1<<10)), Unreachable},
		{"flood of 1xx", afterRequest(0, "", strings.Repeat("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", 100)), Unreachable},
		{"endless trailers", afterRequest(0, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n1\r\nx\r\n0\r\n", strings.Repeat("X: y\r\n", 1<<10)), Unreachable},
		{"cut short", afterRequest(0, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", ""), Unreachable},
		{"not HTTP", afterRequest(0, "SSH-2.0-OpenSSH_9.6\r\n", ""), Unreachable},
		{"closes at once", func(net.Conn) {}, Unreachable},
		{"two lengths", afterRequest(0, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", ""), Unreachable},
		{"gzip nobody asked for", afterRequest(0, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "+fmt.Sprint(bomb.Len())+"\r\n\r\n"+bomb.String(), ""), Unreachable},
		{"switching protocols", afterRequest(0, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", ""), Status},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := rawServer(t, c.write)
			patience := ample
			if c.want == Timeout {
				patience = limit
			}
			cl := client(t, Config{Allow: []string{host(t, base)}, Timeout: patience})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, _, err := cl.Get(t.Context(), base, 0)
			if took := time.Since(start); took > ample { // those servers go on for longer
				t.Errorf("took %v", took)
			}
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("%d bytes allocated", grown)
			}
			wantKind(t, c.name, err, c.want)
		})
	}
	t.Run("hang in the TLS handshake", func(t *testing.T) {
		base := rawServer(t, silent)
		cl := client(t, Config{Allow: []string{host(t, base)}, Timeout: limit})
		_, _, err := cl.Get(t.Context(), "https://"+host(t, base), 0)
		wantKind(t, "TLS", err, Timeout)
	})
	t.Run("nobody listens", func(t *testing.T) {
		gone := porttest.Address(t)
		_, _, err := client(t, Config{Allow: []string{gone}}).Get(t.Context(), "http://"+gone, 0)
		wantKind(t, "closed port", err, Unreachable)
	})
	t.Run("slow name server", func(t *testing.T) {
		cl := client(t, Config{Timeout: limit, Resolver: &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}})
		_, _, err := cl.Get(t.Context(), "https://example.com/", 0)
		wantKind(t, "DNS", err, Timeout)
	})
}

func TestTLS(t *testing.T) {
	good, hits := serveTLS(t, say("hello"))
	_, port, _ := net.SplitHostPort(host(t, good.URL))
	loopback := serveDNS(t, "127.0.0.1").resolver()

	old := httptest.NewUnstartedServer(say("hello"))
	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.Config.ErrorLog = quiet()
	old.StartTLS()
	t.Cleanup(old.Close)

	late := httptest.NewUnstartedServer(say("hello"))
	expired, roots := selfSigned(t, time.Now().Add(-time.Hour))
	late.TLS = &tls.Config{Certificates: []tls.Certificate{expired}}
	late.Config.ErrorLog = quiet()
	late.StartTLS()
	t.Cleanup(late.Close)

	plain, _ := serve(t, say("hello"))
	for _, c := range []struct {
		name, url string
		cfg       Config
	}{
		{"unknown authority", good.URL, Config{}},
		{"wrong name", "https://other.test:" + port, Config{RootCAs: trusting(good), Resolver: loopback}},
		{"expired", late.URL, Config{RootCAs: roots}},
		{"TLS 1.1", old.URL, Config{RootCAs: trusting(old)}},
		{"http server asked over https", "https://" + host(t, plain), Config{}},
	} {
		c.cfg.Allow = []string{host(t, c.url)}
		_, _, err := client(t, c.cfg).Get(t.Context(), c.url, 0)
		wantKind(t, c.name, err, Unreachable)
	}
	if hits.Load() != 0 {
		t.Errorf("%d requests were sent all the same", hits.Load())
	}
}

// selfSigned is a certificate for 127.0.0.1 that is good until notAfter.
func selfSigned(t *testing.T, notAfter time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: notAfter.Add(-time.Hour), NotAfter: notAfter,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

func TestNewRefuses(t *testing.T) {
	for name, cfg := range map[string]Config{
		"no port":              {Allow: []string{"badges.example"}},
		"no host":              {Allow: []string{":443"}},
		"empty":                {Allow: []string{""}},
		"https prefix":         {Allow: []string{"https://badges.example:443"}},
		"path":                 {Allow: []string{"http://localhost:80/path"}},
		"user":                 {Allow: []string{"u@localhost:80"}},
		"plain, not loopback":  {Allow: []string{"http://10.0.0.1:80"}},
		"bare IPv6":            {Allow: []string{"::1:80"}},
		"negative timeout":     {Timeout: -1},
		"negative size":        {MaxBytes: -1},
		"negative redirects":   {MaxRedirects: -1},
		"proxy without host":   {Proxy: &url.URL{Scheme: "http"}},
		"proxy of odd scheme":  {Proxy: &url.URL{Scheme: "ftp", Host: "proxy.example"}},
		"proxy without scheme": {Proxy: &url.URL{Host: "proxy.example"}},
	} {
		if c, err := New(cfg); err == nil || c != nil {
			t.Errorf("%s: accepted", name)
		}
	}
	secret := &url.URL{Scheme: "ftp", Host: "proxy.example", User: url.UserPassword("u", "hunter2")}
	if _, err := New(Config{Proxy: secret}); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("proxy error: %v", err)
	}
}

func TestScheme(t *testing.T) {
	c := client(t, Config{Allow: []string{"http://localhost:8080", "localhost:8081", "http://[::1]:80", "badges.example:443"}})
	for host, want := range map[string]string{
		"localhost:8080": "http", "LocalHost:8080": "http", "[::1]:80": "http",
		"localhost:8081": "https", "localhost": "https", "badges.example": "https", "badges.example:443": "https",
		"other.example": "https", "other.example:8080": "https", "": "https", "::1": "https",
	} {
		if got := c.Scheme(host); got != want {
			t.Errorf("Scheme(%q) = %s, want %s", host, got, want)
		}
	}
}

func TestErrorsDoNotGrow(t *testing.T) {
	c := client(t, Config{})
	_, _, err := c.Get(t.Context(), "https://x.example/\n"+strings.Repeat("a", 1<<20), 0)
	wantKind(t, "long", err, Blocked)
	if text := err.Error(); len(text) > 500 || strings.ContainsAny(text, "\n\r") {
		t.Errorf("error text of %d bytes: %.80q", len(text), text)
	}
}
