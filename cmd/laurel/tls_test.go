package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// makeCertificate writes a certificate for a host and its key into a folder.
func makeCertificate(t *testing.T, folder, host string, ends time.Time) (cert, key string, der []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), DNSNames: []string{host}, NotBefore: time.Now().Add(-24 * time.Hour), NotAfter: ends,
		IsCA: true, BasicConstraintsValid: true}
	if ip := net.ParseIP(host); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	if der, err = x509.CreateCertificate(rand.Reader, template, template, private.Public(), private); err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key, der
}

// here runs a command in this process and returns its code and what it said.
func here(ctx context.Context, said io.Writer, args ...string) int {
	return (&program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: said}).exit(ctx, args)
}

// TestServesTLS: with a certificate of its own the service speaks TLS 1.2 and 1.3,
// HTTP/1.1 and 2, and is what it is behind a proxy.
func TestServesTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data := filepath.Join(folder, "data")
	cert, key, der := makeCertificate(t, folder, "badges.example", time.Now().Add(time.Hour))
	var said bytes.Buffer
	if code := here(t.Context(), &said, "init", "--data", data, "--base-url", "https://badges.example", "--issuer", "a", "--name", "A"); code != exitOK {
		t.Fatalf("%d: %s", code, &said)
	}
	refusesCertificates(t, folder, data, cert, key)
	ctx, stop := context.WithCancel(t.Context())
	log, logged := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- here(ctx, logged, "serve", "--data", data, "--listen", "127.0.0.1:0", "--tls-cert", cert, "--tls-key", key)
		logged.Close()
	}()
	t.Cleanup(func() { stop(); <-ended })
	address := listening(t, log)
	if code := here(t.Context(), &said, "health", "--listen", address, "--tls-cert", cert); code != exitOK {
		t.Errorf("laurel health: %d, %s", code, &said)
	}
	roots := x509.NewCertPool()
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(leaf)
	for _, c := range []struct {
		version uint16
		http2   bool
		proto   string
	}{{tls.VersionTLS12, false, "HTTP/1.1"}, {tls.VersionTLS13, false, "HTTP/1.1"}, {tls.VersionTLS13, true, "HTTP/2.0"}, {tls.VersionTLS11, false, ""}} {
		transport := &http.Transport{ForceAttemptHTTP2: c.http2, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS10, MaxVersion: c.version},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, address)
			}}
		resp, err := (&http.Client{Transport: transport, Timeout: 2 * time.Minute}).Get("https://badges.example/readyz")
		if c.proto == "" {
			if err == nil {
				t.Error("TLS 1.1 is spoken")
			}
			continue
		}
		if err != nil {
			t.Fatalf("%x: %v", c.version, err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Proto != c.proto || resp.TLS.Version != c.version || resp.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%x: %s %s %v", c.version, resp.Proto, resp.Status, resp.Header)
		}
		transport.CloseIdleConnections()
	}
	takesLittle(t, address, data, roots)
}

// takesLittle reads a page by HTTP/2 with room for a kilobyte, until it is kept
// and longer: each time it comes whole.
func takesLittle(t *testing.T, address, data string, roots *x509.CertPool) {
	t.Helper()
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}, DisableCompression: true,
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 1 << 10},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 2 * time.Minute}
	var token bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: &token, stderr: io.Discard}
	if code := p.exit(t.Context(), []string{"token", "create", "--data", data, "--issuer", "a", "--scope", "issue,manage"}); code != exitOK {
		t.Fatalf("%d: %s", code, &token)
	}
	ask := func(method, path, body string) []byte {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, "https://badges.example"+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if req.Header.Set("Accept", "text/html"); body != "" {
			req.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + strings.TrimSpace(token.String())}}
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode >= 300 || resp.ProtoMajor != 2 {
			t.Fatalf("%s %s: %s %s, %v: %s", method, path, resp.Proto, resp.Status, err, answer)
		}
		return answer
	}
	ask(http.MethodPut, "/v1/achievements/first-aid", strings.Replace(firstAid, "city-academy", "a", 1))
	var issued struct{ ID string }
	if err := json.Unmarshal(ask(http.MethodPost, "/v1/credentials", `{"achievement":"first-aid","recipient":{"name":"Ana Example"},"awardedAt":"2025-07-11"}`), &issued); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		if page := ask(http.MethodGet, "/v/"+issued.ID, ""); len(page) < 16<<10 || !strings.HasSuffix(strings.TrimSpace(string(page)), "</html>") {
			t.Fatalf("%d bytes of a page: %s", len(page), page)
		}
	}
}

// listening reads the log until the service says where it listens, and the rest
// of it beside.
func listening(t *testing.T, log io.Reader) string {
	t.Helper()
	lines := json.NewDecoder(log)
	for {
		var line struct{ Msg, Listen string }
		if err := lines.Decode(&line); err != nil {
			t.Fatalf("the service ended before it listened: %v", err)
		}
		if line.Msg == "serving" {
			go func() { _, _ = io.Copy(io.Discard, io.MultiReader(lines.Buffered(), log)) }()
			return line.Listen
		}
	}
}

// refusesCertificates: what cannot be served is told at the start.
func refusesCertificates(t *testing.T, folder, data, cert, key string) {
	t.Helper()
	made := func(name, host string, ends time.Time) []string {
		at := filepath.Join(folder, name)
		if err := os.Mkdir(at, 0o700); err != nil {
			t.Fatal(err)
		}
		c, k, _ := makeCertificate(t, at, host, ends)
		return []string{"--tls-cert", c, "--tls-key", k}
	}
	other := made("other", "badges.example", time.Now().Add(time.Hour))
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"half of it":       {[]string{"--tls-cert", cert}, "belong together"},
		"a key of another": {[]string{"--tls-cert", cert, "--tls-key", other[3]}, "does not match"},
		"an expired one":   {made("expired", "badges.example", time.Now().Add(-time.Hour)), "expired at"},
		"of another host":  {made("foreign", "evil.example", time.Now().Add(time.Hour)), "not for the host of the base URL"},
		"no file":          {[]string{"--tls-cert", filepath.Join(folder, "none"), "--tls-key", key}, "no such file"},
		"no network":       {[]string{"--trusted-proxies", "10.0.0.0/8,proxy.example"}, `"proxy.example" is no address`},
		"a wrong network":  {[]string{"--trusted-proxies", "10.0.0.1/8"}, "within the network 10.0.0.0/8"},
	} {
		var said bytes.Buffer
		if code := here(t.Context(), &said, append([]string{"serve", "--data", data, "--listen", "127.0.0.1:0"}, c.flags...)...); code != exitUsage || !strings.Contains(said.String(), c.says) {
			t.Errorf("%s: %d, %s", name, code, &said)
		}
	}
}
