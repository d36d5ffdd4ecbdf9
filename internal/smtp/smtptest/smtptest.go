// Package smtptest is a mail server on a loopback address, for tests: a real one,
// with TLS under a root of its own, that keeps what it is given.
package smtptest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	gosmtp "github.com/emersion/go-smtp"
)

// The account that may log in.
const (
	User     = "laurel"
	Password = "correct horse"
)

// Server is a running server.
type Server struct {
	Address string // host:port, of STARTTLS; with Implicit of TLS from the first byte
	Roots   *x509.CertPool
	PEM     []byte // the root

	mu     sync.Mutex
	got    []Mail
	refuse func(to string) error
}

// Mail is a message that the server has taken.
type Mail struct {
	From, To, User string
	Encrypted      bool
	Data           string
}

// Options choose a server.
type Options struct {
	Implicit bool   // TLS from the first byte
	Plain    bool   // no TLS at all
	Name     string // that the certificate is for; "" is the address where it listens
}

// New starts a server that stops with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s := &Server{}
	config := s.certificate(t, o.Name)
	back := gosmtp.NewServer(gosmtp.BackendFunc(func(c *gosmtp.Conn) (gosmtp.Session, error) { return &session{server: s, conn: c}, nil }))
	back.Domain, back.MaxMessageBytes, back.EnableSMTPUTF8 = "mail.example", 1<<20, true
	back.AllowInsecureAuth = false
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Address = listener.Addr().String()
	switch {
	case o.Implicit:
		listener = tls.NewListener(listener, config)
	case !o.Plain:
		back.TLSConfig = config
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = back.Serve(listener) }()
	t.Cleanup(func() { _ = back.Close(); _ = listener.Close(); <-done }) // it may not have begun yet
	return s
}

func (s *Server) certificate(t testing.TB, name string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if name != "" {
		template.IPAddresses, template.DNSNames = nil, []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	s.Roots = x509.NewCertPool()
	s.Roots.AddCert(leaf)
	s.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}}, MinVersion: tls.VersionTLS12}
}

// Got is what the server has taken so far.
func (s *Server) Got() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.got...)
}

// Refuse has recipients refused, with an error of SMTP; nil takes them again.
func (s *Server) Refuse(by func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = by
}

// Said is an answer of a server.
func Said(code int, text string) error {
	return &gosmtp.SMTPError{Code: code, EnhancedCode: gosmtp.NoEnhancedCode, Message: text}
}

type session struct {
	server *Server
	conn   *gosmtp.Conn
	mail   Mail
}

// AuthMechanisms implements smtp.AuthSession.
func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth implements smtp.AuthSession.
func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return Said(535, "wrong password of "+user)
		}
		s.mail.User = user
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *session) Mail(from string, _ *gosmtp.MailOptions) error {
	s.mail.From = from
	return nil
}

// Rcpt implements smtp.Session.
func (s *session) Rcpt(to string, _ *gosmtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.mail.To != "" {
		return Said(452, "one at a time")
	}
	if s.server.refuse != nil {
		if err := s.server.refuse(to); err != nil {
			return err
		}
	}
	s.mail.To = to
	return nil
}

// Data implements smtp.Session.
func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mail.Data = strings.ReplaceAll(string(raw), "\r\n", "\n")
	_, s.mail.Encrypted = s.conn.TLSConnectionState()
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.got = append(s.server.got, s.mail)
	return nil
}

// Reset implements smtp.Session.
func (s *session) Reset() { s.mail = Mail{User: s.mail.User} }

// Logout implements smtp.Session.
func (s *session) Logout() error { return nil }
