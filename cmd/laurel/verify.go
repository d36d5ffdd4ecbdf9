package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"laurel/api/verify"
	"laurel/badge/canon"
	"laurel/internal/bundle"
	"laurel/internal/fetch"
	"laurel/internal/i18n"
	"laurel/verifier"
)

func (p *program) verify(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("verify", s, "contexts", "trust", "fetch-allow", "fetch-ca", "fetch-proxy")
	if err != nil {
		return err
	}
	offline := set.Bool("offline", false, "make no request: of a badge, keys must be in its own identifiers, and its status stays open; a bundle is verified as of its date")
	asJSON := set.Bool("json", false, "print the whole report")
	lang := set.String("lang", "en", "`language` of the sentences")
	challenge := set.String("challenge", "", "`text` that the holder of a presentation was asked to sign")
	domain := set.String("domain", "", "`name` for which the presentation has to be made")
	keyFile := set.String("keys", "", "`file` of keys, as an issuer publishes them (JWKS or DID document), by which --offline checks an offline card")
	if err := p.parse(set, args, "FILE|URL|CARD|-"); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return usagef("verify takes one file, one address, one card, or - for standard input")
	}
	if *keyFile != "" || *offline {
		text, isCard, err := p.findCard(set.Arg(0), *keyFile != "")
		switch {
		case err != nil:
			return err
		case isCard && (!*offline || *keyFile == ""):
			return usagef("this is an offline card: verify --offline --keys FILE checks it")
		case isCard:
			return p.verifyCard(text, *keyFile, *asJSON, *lang)
		case *keyFile != "":
			return usagef("--keys is for an offline card, and this is none")
		}
	}
	m, err := p.bring(ctx, s, set.Arg(0), *offline)
	if err != nil {
		return err
	}
	processor, err := s.canonicaliser()
	if err != nil {
		return err
	}
	known, err := s.trustList()
	if err != nil {
		return err
	}
	report, err := verifyAlone(ctx, processor, m.from, m.now, known, m.raw, verifier.Options{Challenge: *challenge, Domain: *domain})
	if err != nil {
		return err
	}
	if err := p.tell(report, m.bundle, *asJSON, *lang); err != nil {
		return err
	}
	return verdictCode(report.Verdict())
}

// matter is what is to be verified, who is asked about it, and as of when.
type matter struct {
	raw    []byte
	from   web // nil for nobody
	now    func() time.Time
	bundle *bundled // that it came in; nil for none
}

// bring reads a badge, or offline a bundle with one.
func (p *program) bring(ctx context.Context, s *settings, operand string, offline bool) (m matter, err error) {
	m.now = time.Now
	client, err := s.fetcher()
	if err != nil {
		return m, err
	}
	if !offline {
		m.from = live{client}
	}
	if m.raw, err = p.readBadge(ctx, m.from, operand); err != nil || !bundle.Is(m.raw) {
		return m, err
	}
	if !offline {
		return m, usagef("this is a bundle, which has a date of its own: verify --offline reads it from a file")
	}
	if m.bundle, err = openBundle(m.raw); err != nil {
		return m, err
	}
	m.raw, m.from, m.now = m.bundle.Badge.Bytes, m.bundle, m.bundle.now
	return m, nil
}

// verifyAlone needs no service and no store: only the bytes, and what others
// publish, or published by the moment that now tells.
func verifyAlone(ctx context.Context, processor *canon.Canonicalizer, from web, now func() time.Time, known verifier.TrustList, raw []byte, opts verifier.Options) (*verifier.Report, error) {
	v, err := newVerifier(processor, newResolver(from, nil, now),
		sources{lists: &statusLists{outgoing: from}, others: newPages(from, nil), trust: known, now: now})
	if err != nil {
		return nil, err
	}
	return v.VerifyBytes(ctx, raw, opts), nil
}

func verdictCode(v verifier.Verdict) error {
	switch v {
	case verifier.Valid, verifier.Warning:
		return nil
	case verifier.Invalid:
		return exitError(exitFailure)
	}
	return exitError(exitUnknown)
}

// tell prints a report, and of a bundle first what it rests on.
func (p *program) tell(report *verifier.Report, from *bundled, asJSON bool, lang string) error {
	catalog, err := i18n.New()
	if err != nil {
		return err
	}
	printer := catalog.For(catalog.Match("", lang))
	wire := verify.ReportJSON(report, printer)
	if asJSON {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		if from != nil {
			return enc.Encode(bundledReport{from.told(report), wire})
		}
		return enc.Encode(wire)
	}
	told := &toldBundle{}
	if from != nil {
		told = from.told(report)
		told.write(p.stdout)
	}
	fmt.Fprintln(p.stdout, wire.Summary)
	for _, c := range wire.Checks {
		fmt.Fprintf(p.stdout, "  %-8s %-13s %s\n", c.Result, c.ID, c.Message)
	}
	for n, b := range wire.Badges {
		fmt.Fprintf(p.stdout, "  %-8s %-13s %s\n", b.Verdict, fmt.Sprintf("badge %d", n+1), b.Summary)
	}
	for _, e := range wire.Endorsed {
		fmt.Fprintf(p.stdout, "  %-8s %-13s %s\n", e.Result, e.Pointer, e.Message)
	}
	told.writeLog(p.stdout)
	return nil
}

// readBadge reads a file, standard input, or an address. What cannot be
// fetched is a question left open, not a bad badge.
func (p *program) readBadge(ctx context.Context, from web, operand string) ([]byte, error) {
	u, err := url.Parse(operand)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return p.readInput(operand, bundle.MaxBytes)
	}
	if from == nil {
		return nil, usagef("--offline takes a file, not an address")
	}
	raw, err := fetchBadge(ctx, from, operand)
	if err != nil {
		fmt.Fprintf(p.stderr, "laurel: the badge could not be fetched: %v\n", err)
		return nil, exitError(exitUnknown)
	}
	return raw, nil
}

// fetchBadge gets a badge in whatever form its address has it.
func fetchBadge(ctx context.Context, from web, url string) ([]byte, error) {
	raw, _, err := from.ask(ctx, bundle.Badge, fetch.Request{URL: url, MaxBytes: verifier.MaxBytes, Follow: true,
		Accept: "application/vc, application/vc+jwt, application/json;q=0.9, application/ld+json;q=0.9, image/png;q=0.8, image/svg+xml;q=0.8, application/pdf;q=0.7, */*;q=0.1"})
	return raw, err
}

// readInput reads a file, or standard input by the name "-", up to one byte
// more than the limit.
func (p *program) readInput(name string, limit int64) ([]byte, error) {
	in := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if errors.Is(err, os.ErrNotExist) {
			return nil, usagef("there is no file %s", name)
		} else if err != nil {
			return nil, usageError{err}
		}
		defer f.Close()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, limit+1))
	if err != nil {
		return nil, usageError{fmt.Errorf("reading %s: %w", strings.TrimSpace(name), err)} // nothing was judged: never the code of a bad badge
	}
	return raw, nil
}
