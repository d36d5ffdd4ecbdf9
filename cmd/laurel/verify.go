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

	"laurel/api/verify"
	"laurel/badge/canon"
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
	offline := set.Bool("offline", false, "make no request: keys must be in the badge's own identifiers, and its status stays open")
	asJSON := set.Bool("json", false, "print the whole report")
	lang := set.String("lang", "en", "`language` of the sentences")
	challenge := set.String("challenge", "", "`text` that the holder of a presentation was asked to sign")
	domain := set.String("domain", "", "`name` for which the presentation has to be made")
	if err := p.parse(set, args, "FILE|URL|-"); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return usagef("verify takes one file, one address, or - for standard input")
	}
	client, err := s.fetcher()
	if err != nil {
		return err
	}
	if *offline {
		client = nil
	}
	raw, err := p.readBadge(ctx, client, set.Arg(0))
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
	report, err := verifyAlone(ctx, processor, client, known, raw, verifier.Options{Challenge: *challenge, Domain: *domain})
	if err != nil {
		return err
	}
	if err := p.tell(report, *asJSON, *lang); err != nil {
		return err
	}
	return verdictCode(report.Verdict())
}

// verifyAlone needs no service and no store: only the bytes, and what others
// publish.
func verifyAlone(ctx context.Context, processor *canon.Canonicalizer, client *fetch.Client, known verifier.TrustList, raw []byte, opts verifier.Options) (*verifier.Report, error) {
	v, err := newVerifier(processor, newResolver(client, nil), sources{lists: &statusLists{outgoing: client}, others: newPages(client, nil), trust: known})
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

func (p *program) tell(report *verifier.Report, asJSON bool, lang string) error {
	catalog, err := i18n.New()
	if err != nil {
		return err
	}
	printer := catalog.For(catalog.Match("", lang))
	if asJSON {
		enc := json.NewEncoder(p.stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(verify.ReportJSON(report, printer))
	}
	wire := verify.ReportJSON(report, printer)
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
	return nil
}

// readBadge reads a file, standard input, or an address. What cannot be
// fetched is a question left open, not a bad badge.
func (p *program) readBadge(ctx context.Context, client *fetch.Client, operand string) ([]byte, error) {
	u, err := url.Parse(operand)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") {
		return p.readInput(operand)
	}
	if client == nil {
		return nil, usagef("--offline takes a file, not an address")
	}
	raw, err := fetchBadge(ctx, client, operand)
	if err != nil {
		fmt.Fprintf(p.stderr, "laurel: the badge could not be fetched: %v\n", err)
		return nil, exitError(exitUnknown)
	}
	return raw, nil
}

// fetchBadge gets a badge in whatever form its address has it.
func fetchBadge(ctx context.Context, client *fetch.Client, url string) ([]byte, error) {
	raw, _, err := client.Do(ctx, fetch.Request{URL: url, MaxBytes: verifier.MaxBytes, Follow: true,
		Accept: "application/vc, application/vc+jwt, application/json;q=0.9, application/ld+json;q=0.9, image/png;q=0.8, image/svg+xml;q=0.8, */*;q=0.1"})
	return raw, err
}

func (p *program) readInput(name string) ([]byte, error) {
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
	raw, err := io.ReadAll(io.LimitReader(in, verifier.MaxBytes+1))
	if err != nil {
		return nil, usageError{fmt.Errorf("reading %s: %w", strings.TrimSpace(name), err)} // nothing was judged: never the code of a bad badge
	}
	return raw, nil
}
