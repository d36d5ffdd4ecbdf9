package certfile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"laurel/internal/certfile"
)

var start = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// write makes a certificate for a host that holds from a day before start, with
// its key, and returns its serial number.
func write(t *testing.T, cert, key, host string, days int, serial int64) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "ignored.example"}, DNSNames: []string{host},
		NotBefore: start.AddDate(0, 0, -1), NotAfter: start.AddDate(0, 0, days)}
	if ip := net.ParseIP(host); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	put(t, cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	put(t, key, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if path == "" {
		return
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// serial is that of the certificate which a client is shown.
func serial(t *testing.T, p *certfile.Pair) int64 {
	t.Helper()
	shown, err := p.Config().GetCertificate(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return shown.Leaf.SerialNumber.Int64()
}

func TestOpen(t *testing.T) {
	folder := t.TempDir()
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	other := filepath.Join(folder, "other.pem")
	for name, c := range map[string]struct {
		prepare    func()
		host, says string
	}{
		"good":             {func() { write(t, cert, key, "badges.example", 1, 1) }, "badges.example", ""},
		"an address":       {func() { write(t, cert, key, "192.0.2.1", 1, 1) }, "192.0.2.1", ""},
		"a wildcard":       {func() { write(t, cert, key, "*.example", 1, 1) }, "badges.example", ""},
		"another host":     {func() { write(t, cert, key, "evil.example", 1, 1) }, "badges.example", "not for the host of the base URL"},
		"a name alone":     {func() { write(t, cert, key, "other.example", 1, 1) }, "ignored.example", "not for the host of the base URL"},
		"expired":          {func() { write(t, cert, key, "badges.example", 0, 1) }, "badges.example", "expired at 2026-11-22T12:00:00Z"},
		"the key of other": {func() { write(t, cert, key, "badges.example", 1, 1); write(t, other, key, "badges.example", 1, 2) }, "badges.example", "does not match"},
		"no certificate":   {func() { write(t, cert, key, "badges.example", 1, 1); put(t, cert, "hello") }, "badges.example", "cert.pem"},
		"no key":           {func() { write(t, cert, key, "badges.example", 1, 1); put(t, key, "hello") }, "badges.example", "key.pem"},
		"missing":          {func() { _ = os.Remove(cert) }, "badges.example", "cert.pem"},
	} {
		c.prepare()
		p, err := certfile.Open(cert, key, c.host, func() time.Time { return start.Add(time.Second) }, nil)
		switch {
		case c.says == "" && (err != nil || serial(t, p) != 1):
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, cert, key, "badges.example", 1, 1)
	if _, err := certfile.Open(cert, key, "badges.example", func() time.Time { return start.AddDate(0, -1, 0) }, nil); err == nil || !strings.Contains(err.Error(), "holds only from") {
		t.Errorf("of tomorrow: %v", err)
	}
}

// A certificate that is replaced is shown soon after; one that cannot be taken is
// told of once, and the one before is shown on.
func TestReplaced(t *testing.T) {
	folder, c := t.TempDir(), &clock{start}
	cert, key := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	write(t, cert, key, "badges.example", 1, 1)
	var told []error
	p, err := certfile.Open(cert, key, "badges.example", c.now, func(err error) { told = append(told, err) })
	if err != nil {
		t.Fatal(err)
	}
	aged := 0
	expect := func(what string, number int64, faults int) {
		t.Helper()
		aged++ // file systems tell times in steps that may be coarse
		for _, path := range []string{cert, key} {
			_ = os.Chtimes(path, time.Time{}, start.Add(time.Duration(aged)*time.Minute))
		}
		for range 3 {
			c.at = c.at.Add(time.Minute)
			if got := serial(t, p); got != number || len(told) != faults {
				t.Fatalf("%s: certificate %d, told %v", what, got, told)
			}
		}
	}
	write(t, cert, key, "badges.example", 90, 2)
	if serial(t, p) != 1 {
		t.Error("the files are read at every handshake")
	}
	expect("replaced", 2, 0)
	if !p.Expires().Equal(start.AddDate(0, 0, 90)) {
		t.Errorf("expires %v", p.Expires())
	}
	write(t, cert, "", "badges.example", 90, 3)
	expect("half replaced", 2, 1)
	write(t, cert, key, "badges.example", 90, 4)
	expect("replaced wholly", 4, 1)
	write(t, cert, key, "evil.example", 90, 5)
	expect("for another host", 4, 2)
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	expect("removed", 4, 3)
	write(t, cert, key, "badges.example", 90, 6)
	expect("back again", 6, 3)
}
