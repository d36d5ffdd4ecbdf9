package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"laurel/internal/otlp"
	"laurel/issuer"
	"laurel/keys"
)

// serveSettings are those that serve and `config check` know.
func serveSettings() []string {
	return []string{"listen", "metrics", "traces", "traces-ratio", "drain", "data", "store", "base-url", "seal-passphrase-file", "tls-cert", "tls-key", "trusted-proxies", "verify-rate",
		"vc-api", "console", "compact-after",
		"contexts", "trust", "font-dir", "smtp", "smtp-password-file", "mail-from", "fetch-allow", "fetch-ca", "fetch-proxy"}
}

// config has one word: check. It tells whether serve would start with the same
// flags and variables, and starts nothing.
func (p *program) config(ctx context.Context, args []string) error {
	_, args, err := subcommand(args, "check")
	if err != nil {
		return err
	}
	s := defaults()
	set, err := p.flags("config check", s, serveSettings()...)
	if err != nil {
		return err
	}
	if err := p.parse(set, args, ""); err != nil {
		return err
	}
	if set.NArg() > 0 {
		return usagef("config check takes no operands, only flags: those of laurel serve")
	}
	if err := s.check(); err != nil {
		return err
	}
	if err := s.checkClosed(); err != nil {
		return err
	}
	if baseURL, running, err := s.tryBeside(ctx); err != nil {
		return err
	} else if running {
		fmt.Fprintf(p.stdout, "The settings are in order: %s would be served from %s. A service runs on this folder, so its store and keys were left alone; laurel check looks into them.\n", baseURL, s.data)
		return nil
	}
	svc, err := open(ctx, s, discard())
	if err != nil {
		return err
	}
	err = svc.tryKeys(ctx)
	if err == nil {
		err = svc.tryClock(ctx)
	}
	if err = errors.Join(err, svc.store.Close()); err != nil {
		return err
	}
	fmt.Fprintf(p.stdout, "The settings are in order: %s would be served from %s, and every key that is to sign signs.\n", svc.baseURL, s.data)
	return nil
}

// tryBeside holds the settings against the service that runs on the folder,
// which has the store to itself; false means that none runs.
func (s *settings) tryBeside(ctx context.Context) (baseURL string, running bool, err error) {
	answer, running, err := ask(ctx, s.socket(), "base-url", []byte("{}"))
	if err != nil || !running {
		return "", running, err
	}
	if err := json.Unmarshal(answer, &baseURL); err != nil {
		return "", true, fmt.Errorf("asking the running service: %w", err)
	}
	if err := s.issuesFor(baseURL); err != nil {
		return "", true, err
	}
	if _, err := s.seal(); err != nil {
		return "", true, err
	}
	_, err = s.certificate(baseURL, func(error) {})
	return baseURL, true, err
}

// issuesFor refuses another base URL than that of the store.
func (s *settings) issuesFor(baseURL string) error {
	if s.baseURL != "" && s.baseURL != baseURL {
		return usagef("this store issues for %s, not for %s: addresses of signed badges cannot be moved", baseURL, s.baseURL)
	}
	return nil
}

func readBaseURL(_ context.Context, svc *service, _ struct{}) (string, error) {
	return svc.baseURL, nil
}

// check holds the settings against themselves and against the files that they
// name. It opens neither the keys nor the store, and asks nobody.
func (s *settings) check() error {
	for _, look := range []func() error{s.checkNumbers, s.checkAddresses, s.checkTraces, s.checkFolder, s.checkMail, s.checkSources} {
		if err := look(); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) checkNumbers() error {
	for _, n := range []struct {
		name  string
		value int
		most  int
		means string
	}{
		{"verify-rate", s.verifyRate, 1_000_000, "a number of verifications a minute, 0 for no limit"},
		{"compact-after", s.compactAfter, 24 * 365, "a number of hours, 0 for never"},
		{"drain", s.drain, 600, "a number of seconds, 600 at most"},
	} {
		if n.value < 0 || n.value > n.most {
			return usagef("--%s is %s, not %d", n.name, n.means, n.value)
		}
	}
	return nil
}

func (s *settings) checkAddresses() error {
	if err := checkListen("--listen", s.listen); err != nil {
		return err
	}
	if err := s.checkMetrics(); err != nil {
		return err
	}
	if s.baseURL == "" {
		return nil
	}
	if err := issuer.CheckBaseURL(s.baseURL); err != nil {
		return usagef("--base-url: %w", err)
	}
	return checkPublic(s.baseURL)
}

// checkMetrics takes places alone that the public does not reach: who asks there
// shows no token, and is answered profiles of the running program.
func (s *settings) checkMetrics() error {
	if s.metrics == "" {
		return nil
	}
	if path, isSocket := strings.CutPrefix(s.metrics, "unix:"); isSocket {
		return checkSocket("--metrics", path)
	}
	if err := checkListen("--metrics", s.metrics); err != nil {
		return err
	}
	if samePort(s.metrics, s.listen) {
		return usagef("--metrics %s is where --listen is: metrics are for nobody else, so give them a port of their own", s.metrics)
	}
	host, port, _ := net.SplitHostPort(s.metrics)
	switch addr, err := netip.ParseAddr(host); {
	case host == "localhost":
		return nil
	case err != nil || addr.Unmap().IsUnspecified():
		return usagef("--metrics %s is open to everybody who reaches this machine, and asks for no token: name a private address, 127.0.0.1:%s or that of the interface (in a container \"$(hostname -i):%s\"), or a socket, unix:/run/laurel/metrics.sock", s.metrics, port, port)
	case !isPrivate(addr.Unmap()):
		return usagef("--metrics %s is a public address, and metrics ask for no token: name a private one, such as 127.0.0.1:%s, or a socket, unix:/run/laurel/metrics.sock", s.metrics, port)
	}
	return nil
}

// checkTraces asks nobody whether a collector is there: it may come later.
func (s *settings) checkTraces() error {
	if _, err := s.ratio(); err != nil || s.traces == "" {
		return err
	}
	_, err := s.collector()
	return err
}

// collector is where traces go. Plain http is for networks that others do not
// listen in.
func (s *settings) collector() (string, error) {
	u, err := otlp.Endpoint(s.traces)
	if err != nil {
		return "", usagef("--traces: %w", err)
	}
	if addr, err := netip.ParseAddr(u.Hostname()); u.Scheme == "http" && err == nil && !isPrivate(addr.Unmap()) {
		return "", usagef("--traces %s is a public address under plain http, where others can read along: use https, or a collector on this machine that sends them on", s.traces)
	}
	return u.String(), nil
}

// ratio is the share of requests that are traced.
func (s *settings) ratio() (float64, error) {
	n, err := strconv.ParseFloat(s.tracesRatio, 64)
	if err != nil || !(n >= 0 && n <= 1) {
		return 0, usagef("--traces-ratio is a number from 0 to 1, such as 0.1 for every tenth request, not %q", s.tracesRatio)
	}
	return n, nil
}

// isPrivate holds for addresses that the public does not reach: of this machine,
// of private networks (RFC 1918, RFC 4193), of the link, and those that providers
// and overlay networks share out (RFC 6598).
func isPrivate(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast() || netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64}), 10).Contains(addr)
}

// checkPublic refuses plain http but on this machine: others could change what a
// page says, and such an issuer cannot change its key.
func checkPublic(baseURL string) error {
	u, err := url.Parse(baseURL)
	if err != nil {
		return usagef("--base-url: %w", err)
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usagef("--base-url %s: plain http is for this machine alone, such as http://127.0.0.1:8080. Use https and a name; for a demonstration in your network there is laurel demo --lan", baseURL)
	}
	return nil
}

func checkListen(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return usagef("%s %q is no host:port; an address to listen on is written 127.0.0.1:8080, or :8080 for all of this machine", flag, address)
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return usagef("%s %q: %q is no port; ports are numbers up to 65535", flag, address, port)
	}
	if host != "" && host != "localhost" && net.ParseIP(host) == nil {
		return usagef("%s %q: listen on an IP address of this machine, such as 127.0.0.1, not on a name", flag, address)
	}
	return nil
}

// samePort tells whether two addresses would meet on one port.
func samePort(a, b string) bool {
	_, at, _ := net.SplitHostPort(a)
	_, bt, _ := net.SplitHostPort(b)
	return at == bt && at != "0"
}

// longestSocket is what a socket's name has room for on Linux, less its end.
const longestSocket = 107

func checkSocket(what, path string) error {
	switch {
	case path == "":
		return usagef("%s: unix: needs a path, such as unix:/run/laurel/metrics.sock", what)
	case len(path) > longestSocket:
		return usagef("%s: the name of the socket %s is longer than the %d bytes that a socket may have; use a shorter path", what, path, longestSocket)
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return usagef("%s: there is no folder %s for the socket; make it first", what, filepath.Dir(path))
	}
	return nil
}

func (s *settings) checkFolder() error {
	info, err := os.Stat(s.data)
	switch {
	case err != nil:
		return fmt.Errorf("there is no data folder at %s. Is its disk mounted? `laurel init --data %s …` makes a new one", s.data, s.data)
	case !info.IsDir():
		return fmt.Errorf("--data %s is no folder. Name the folder that laurel init has made", s.data)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others can write into the data folder %s (mode %04o), and so put another store in its place: chmod 0700 %s", s.data, info.Mode().Perm(), s.data)
	}
	if err := checkSocket("--data", s.socket()); err != nil {
		return err
	}
	if s.store == "" {
		return nil
	}
	if u, err := url.Parse(s.store); err != nil || !slices.Contains([]string{"postgres", "postgresql"}, u.Scheme) || u.Host == "" && u.Query().Get("host") == "" { // which names a folder of sockets
		return usagef("--store is no URL of a PostgreSQL database, such as postgres://laurel@db.internal:5432/laurel; leave it out for a file in the data folder")
	}
	return nil
}

// checkClosed refuses a data folder that is open to others, as the keyring does with
// keys: names of people and digests of their addresses are in it. Into a closed one
// nobody gets, whatever the modes of files in it. A service starts all the same, and
// warns: it ran on that folder before.
func (s *settings) checkClosed() error {
	info, err := os.Stat(s.data)
	if errors.Is(err, fs.ErrNotExist) { // whether it should be there is asked elsewhere
		return nil
	} else if err != nil {
		return err
	}
	if open := info.Mode().Perm(); open&0o077 != 0 {
		return fmt.Errorf("%s is open to others (mode %04o), and holds names of people: chmod 0700 %s", s.data, open, s.data)
	}
	return nil
}

// readSecret reads a file that a flag names for a secret in it, which has to be
// closed to others.
func readSecret(flag, path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, usagef("%s: %w. Name a file that can be read", flag, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, usagef("%s: %w", flag, err)
	}
	if open := info.Mode().Perm(); open&0o077 != 0 {
		return nil, usagef("%s %s: others can read what is secret in it (mode %04o): chmod 0600 %s", flag, path, open, path)
	}
	raw, err := io.ReadAll(file)
	if err != nil {
		return nil, usagef("%s: %w", flag, err)
	}
	return raw, nil
}

func (s *settings) checkMail() error {
	if s.smtp == "" && (s.smtpPasswordFile != "" || s.mailFrom != "") {
		return usagef("--smtp-password-file and --mail-from are for --smtp, which is missing; give it, or leave them out")
	}
	_, err := s.mailer()
	return err
}

// checkSources looks at what others give us: contexts, lists of issuers, fonts,
// and the ways out.
func (s *settings) checkSources() error {
	for _, folder := range s.fonts {
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return usagef("--font-dir: there is no folder %s; leave the flag out for the system's fonts", folder)
		}
	}
	if _, err := s.trusted(); err != nil {
		return err
	}
	if _, err := s.fetcher(); err != nil {
		return err
	}
	if _, err := s.canonicaliser(); err != nil {
		return err
	}
	_, err := s.trustList()
	return err
}

// tryKeys has each key that signs make a signature, which its published half is
// to take, before a badge needs it.
func (svc *service) tryKeys(ctx context.Context) error {
	challenge := make([]byte, 32)
	if _, err := rand.Read(challenge); err != nil {
		return fmt.Errorf("drawing something to sign: %w", err)
	}
	for _, slug := range svc.ring.Issuers() {
		for _, alg := range issuer.Algorithms() {
			err := tryKey(ctx, svc.ring.Issuer(slug), alg, challenge)
			if err != nil && !errors.Is(err, keys.ErrNoActiveKey) {
				return fmt.Errorf("the %s key of %s does not sign as it should: %w. Put the keys folder back from a copy", alg, slug, err)
			}
		}
	}
	return nil
}

// tryClock holds the clock against what is on record. A service starts all the
// same where it is behind: verifying goes on, and issuing waits.
func (svc *service) tryClock(ctx context.Context) error {
	err := svc.issuer.Steady(ctx)
	if errors.Is(err, issuer.ErrClock) {
		return fmt.Errorf("%w. Set the clock right, or where it ran ahead before, say so with laurel clock --accept --data %s", err, svc.settings.data)
	}
	return err
}

func tryKey(ctx context.Context, ring keys.KeyRing, alg keys.Algorithm, challenge []byte) error {
	signer, err := ring.Active(ctx, alg)
	if err != nil {
		return err
	}
	signature, err := signer.Sign(ctx, challenge)
	if err != nil {
		return err
	}
	return signer.Method().Verify(challenge, signature)
}
