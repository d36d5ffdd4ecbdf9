package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"laurel/issuer"
)

// healthTimeout is well under what container engines wait for a check.
const healthTimeout = 3 * time.Second

// health asks the service on this machine whether it reads and writes. It is
// for container engines, whose image holds nothing but this program.
func (p *program) health(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("health", s, "listen", "base-url")
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
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
	client := &http.Client{Timeout: healthTimeout}
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
