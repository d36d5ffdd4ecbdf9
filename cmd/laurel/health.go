package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"laurel/issuer"
)

// healthTimeout is well under what container engines wait for a check.
const healthTimeout = 3 * time.Second

// health asks the service on this machine whether it reads and writes. It is
// for container engines, whose image holds nothing but this program.
func (p *program) health(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("health", s, "listen", "base-url", "tls-cert")
	if err != nil {
		return err
	}
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(s.listen)
	if err != nil {
		return usagef("--listen: %w", err)
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme, transport, err := s.toItself()
	if err != nil {
		return err
	}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	if issuer.CheckBaseURL(s.baseURL) == nil {
		public, err := url.Parse(s.baseURL)
		if err != nil {
			return err
		}
		req.Host = public.Host
	}
	client := &http.Client{Timeout: healthTimeout, Transport: transport}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the service does not answer: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the service is not ready: %s", resp.Status)
	}
	return nil
}

// toItself is how the service is reached that has these settings. Of a service
// with a certificate just that one is taken, for whatever name it is.
func (s *settings) toItself() (scheme string, transport *http.Transport, err error) {
	if s.tlsCert == "" {
		return "http", &http.Transport{}, nil
	}
	raw, err := os.ReadFile(s.tlsCert)
	if err != nil {
		return "", nil, usagef("--tls-cert: %w", err)
	}
	block, _ := pem.Decode(raw)
	if block == nil {
		return "", nil, usagef("--tls-cert %s holds no certificate", s.tlsCert)
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return "", nil, usagef("--tls-cert %s: %w", s.tlsCert, err)
	}
	only := x509.NewCertPool()
	only.AddCert(leaf)
	name := ""
	if len(leaf.DNSNames) > 0 {
		name = strings.Replace(leaf.DNSNames[0], "*", "www", 1)
	} else if len(leaf.IPAddresses) > 0 {
		name = leaf.IPAddresses[0].String()
	}
	return "https", &http.Transport{TLSClientConfig: &tls.Config{RootCAs: only, ServerName: name, MinVersion: tls.VersionTLS12}}, nil
}
