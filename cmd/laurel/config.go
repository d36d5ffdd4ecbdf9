package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"crypto/x509"

	"laurel/internal/fetch"
	"laurel/internal/smtp"
	"laurel/internal/typeset"
	"laurel/verifier"
	"laurel/verifier/trust"
)

// settings is everything that can be set, by flag, by environment or by
// default, in this order. Secrets come as paths of files.
type settings struct {
	listen, data, store, baseURL, passphraseFile, contexts string
	fetchAllow, fetchCA, fetchProxy                        string
	smtp, smtpPasswordFile, mailFrom                       string
	metrics, traces, tracesRatio                           string
	verifyRate, compactAfter, drain                        int
	vcAPI, console                                         bool
	trust, fonts, trustedProxies                           []string
	tlsCert, tlsKey                                        string

	traced *traces // what serve has made of traces; nil: nothing is traced
}

// setting declares one of them. A setting's environment variable is its name
// in capitals after LAUREL_.
type setting struct {
	name, usage string
	text        *string
	number      *int
	truth       *bool
	list        *[]string // given several times, or with commas
}

func (s *settings) declared() []setting {
	return []setting{
		{name: "listen", text: &s.listen, usage: "`address` to listen on"},
		{name: "metrics", text: &s.metrics, usage: "private `address` for metrics and profiles, 127.0.0.1:9464 or unix:/run/laurel/metrics.sock; without it there are none"},
		{name: "traces", text: &s.traces, usage: "`URL` of an OpenTelemetry collector (OTLP over HTTP), such as http://127.0.0.1:4318; without it nothing is traced"},
		{name: "traces-ratio", text: &s.tracesRatio, usage: "`share` of requests that are traced, from 0 to 1; where a trusted proxy has begun a trace, it decides"},
		{name: "data", text: &s.data, usage: "`folder` of the store and the keys"},
		{name: "store", text: &s.store, usage: "postgres://… `URL`; without it the store is a file in the data folder"},
		{name: "base-url", text: &s.baseURL, usage: "public `address` of the service, such as https://badges.example.org; it is signed into every badge"},
		{name: "seal-passphrase-file", text: &s.passphraseFile, usage: "`file` with the passphrase that seals the keys; without it a key file beside them does"},
		{name: "contexts", text: &s.contexts, usage: "`folder` of further JSON-LD contexts that badges may name, listed with their digests in its contexts.json"},
		{name: "tls-cert", text: &s.tlsCert, usage: "PEM `file` with the certificate and its chain; without it HTTP is plain, for a proxy in front"},
		{name: "tls-key", text: &s.tlsKey, usage: "PEM `file` with the key of the certificate"},
		{name: "trusted-proxies", list: &s.trustedProxies, usage: "`networks` of proxies in front, such as 10.0.0.0/8,::1; what they say of who asks is believed (X-Forwarded-For)"},
		{name: "verify-rate", number: &s.verifyRate, usage: "verifications a `minute` and address; 0 for no limit"},
		{name: "compact-after", number: &s.compactAfter, usage: "`hours` after an erasure until the store's file is compacted; 0 for never by itself"},
		{name: "drain", number: &s.drain, usage: "`seconds` that the service goes on answering after it was told to stop, while /readyz says that it is stopping"},
		{name: "vc-api", truth: &s.vcAPI, usage: "answer POST /credentials/issue and /credentials/status of the VC-API, with keys of its own"},
		{name: "console", truth: &s.console, usage: "staff console at /console, for who has a token"},
		{name: "trust", list: &s.trust, usage: "`file` with a list of issuers that are known, as often as there are lists; a change in it is seen at once"},
		{name: "font-dir", list: &s.fonts, usage: "`folder` of fonts for pictures and certificates, as often as there are folders; without it those of the system"},
		{name: "smtp", text: &s.smtp, usage: "mail server `URL`, smtps://user@host:465 or smtp+starttls://user@host:587; without it no mail is sent"},
		{name: "smtp-password-file", text: &s.smtpPasswordFile, usage: "`file` with the password for the mail server"},
		{name: "mail-from", text: &s.mailFrom, usage: "`address` that mail comes from, such as \"Example School <badges@example.org>\""},
		{name: "fetch-allow", text: &s.fetchAllow, usage: "`host:port,…` that may be asked whatever their address"},
		{name: "fetch-ca", text: &s.fetchCA, usage: "PEM `file` of further trusted roots for outgoing requests"},
		{name: "fetch-proxy", text: &s.fetchProxy, usage: "proxy `URL` for all outgoing requests"},
	}
}

func defaults() *settings {
	return &settings{listen: "127.0.0.1:8080", data: "laurel-data", verifyRate: 600, compactAfter: 24, console: true, tracesRatio: "0.1"}
}

func variable(name string) string {
	return "LAUREL_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// flags makes the flag set of a command that knows some of the settings, with
// the environment as their defaults.
func (p *program) flags(command string, s *settings, names ...string) (*flag.FlagSet, error) {
	set := flag.NewFlagSet(command, flag.ContinueOnError)
	set.SetOutput(p.stderr)
	if err := p.readEnvironment(s); err != nil {
		return nil, err
	}
	for _, d := range s.declared() {
		if !slices.Contains(names, d.name) {
			continue
		}
		help := d.usage + " (" + variable(d.name) + ")"
		switch {
		case d.text != nil:
			set.StringVar(d.text, d.name, *d.text, help)
		case d.number != nil:
			set.IntVar(d.number, d.name, *d.number, help)
		case d.list != nil:
			set.Func(d.name, help, appendTo(d.list))
		default:
			set.BoolVar(d.truth, d.name, *d.truth, help)
		}
	}
	return set, nil
}

// readEnvironment refuses variables that it does not know: a setting with a
// slip in its name must not be passed over.
func (p *program) readEnvironment(s *settings) error {
	known := map[string]setting{}
	for _, d := range s.declared() {
		known[variable(d.name)] = d
	}
	for _, entry := range p.environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "LAUREL_") {
			continue
		}
		d, ok := known[name]
		if !ok {
			return usagef("the environment variable %s is no setting; `laurel serve --help` lists them", name)
		}
		if err := d.set(value); err != nil {
			return usagef("%s: %w", name, err)
		}
	}
	return nil
}

// appendTo collects the values of a flag; the first takes the place of what
// the environment said.
func appendTo(list *[]string) func(string) error {
	given := false
	return func(value string) error {
		if !given {
			*list, given = nil, true
		}
		*list = append(*list, split(value)...)
		return nil
	}
}

func split(value string) []string {
	var all []string
	for _, s := range strings.Split(value, ",") {
		if s = strings.TrimSpace(s); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// trustList reads the lists of issuers; nil where there is none.
func (s *settings) trustList() (verifier.TrustList, error) {
	if len(s.trust) == 0 {
		return nil, nil
	}
	lists, err := trust.Open(s.trust...)
	if err != nil {
		return nil, usagef("--trust: %w", err)
	}
	return lists, nil
}

func (d setting) set(value string) (err error) {
	switch {
	case d.text != nil:
		*d.text = value
	case d.number != nil:
		*d.number, err = strconv.Atoi(value)
	case d.list != nil:
		*d.list = split(value)
	default:
		*d.truth, err = strconv.ParseBool(value)
	}
	return err
}

// parse reads the command line; a --help ends the command well.
func (p *program) parse(set *flag.FlagSet, args []string, operands string) error {
	set.SetOutput(io.Discard) // what is wrong is said once, below
	err := set.Parse(interleaved(set, args))
	if errors.Is(err, flag.ErrHelp) {
		set.SetOutput(p.stderr)
		fmt.Fprintf(p.stderr, "Usage: laurel %s [flags] %s\n\n", set.Name(), operands)
		set.PrintDefaults()
		return exitError(exitOK)
	} else if err != nil {
		return usagef("%w; laurel %s --help lists the flags", err, set.Name())
	}
	return nil
}

// interleaved puts flags before operands, so that both orders work.
func interleaved(set *flag.FlagSet, args []string) []string {
	var front, back []string
	for n := 0; n < len(args); n++ {
		arg := args[n]
		if arg == "--" {
			back = append(back, args[n+1:]...)
			break
		}
		if len(arg) < 2 || arg[0] != '-' {
			back = append(back, arg)
			continue
		}
		front = append(front, arg)
		if takesValue(set, arg) && n+1 < len(args) {
			n++
			front = append(front, args[n])
		}
	}
	return append(append(front, "--"), back...)
}

func takesValue(set *flag.FlagSet, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	f := set.Lookup(name)
	if f == nil {
		return false
	}
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return !ok || !b.IsBoolFlag()
}

func (s *settings) keysFolder() string { return filepath.Join(s.data, "keys") }
func (s *settings) storeFile() string  { return filepath.Join(s.data, "laurel.db") }
func (s *settings) socket() string     { return filepath.Join(s.data, "admin.sock") }

// library is the fonts that pictures and certificates are set in.
func (s *settings) library() *typeset.Library {
	if len(s.fonts) > 0 {
		return typeset.Open(s.fonts)
	}
	return typeset.Open(typeset.SystemFolders())
}

// fetcher makes the outgoing client.
func (s *settings) fetcher() (*fetch.Client, error) {
	return s.outgoing(fetch.Config{MaxBytes: verifier.MaxBytes})
}

// hookTimeout is how long a receiver of webhooks has to answer.
const hookTimeout = 10 * time.Second

// caller makes the client that calls webhooks: slow receivers take no place
// from verifications.
func (s *settings) caller() (*fetch.Client, error) {
	return s.outgoing(fetch.Config{Timeout: hookTimeout})
}

// outgoing makes a client that goes where the settings let it.
func (s *settings) outgoing(cfg fetch.Config) (*fetch.Client, error) {
	cfg.Allow = split(s.fetchAllow)
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	cfg.RootCAs = roots
	if s.fetchProxy != "" {
		u, err := url.Parse(s.fetchProxy)
		if err != nil {
			return nil, usagef("--fetch-proxy: %w", err)
		}
		cfg.Proxy = u
	}
	client, err := fetch.New(cfg)
	if err != nil {
		return nil, usageError{err}
	}
	return client, nil
}

// roots are those that connections to others are checked by; nil for those of
// the system.
func (s *settings) roots() (*x509.CertPool, error) {
	if s.fetchCA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(s.fetchCA)
	if err != nil {
		return nil, usagef("--fetch-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, usagef("--fetch-ca: %s holds no PEM certificate", s.fetchCA)
	}
	return pool, nil
}

// mailer is nil where no mail is to be sent.
func (s *settings) mailer() (*smtp.Sender, error) {
	if s.smtp == "" {
		return nil, nil
	}
	roots, err := s.roots()
	if err != nil {
		return nil, err
	}
	password := ""
	if s.smtpPasswordFile != "" {
		raw, err := readSecret("--smtp-password-file", s.smtpPasswordFile)
		if err != nil {
			return nil, err
		}
		password = strings.TrimRight(string(raw), "\r\n")
	}
	sender, err := smtp.New(smtp.Config{URL: s.smtp, Password: password, From: s.mailFrom, RootCAs: roots})
	if err != nil {
		return nil, usagef("--smtp, --mail-from: %w", err)
	}
	return sender, nil
}
