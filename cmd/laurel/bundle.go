package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/badge/canon"
	"laurel/internal/bundle"
	"laurel/internal/fetch"
	"laurel/issuer"
	"laurel/verifier"
	sentences "laurel/verifier/words"
)

// bundle verifies a badge and keeps everything that this took, in one file from
// which it can be verified again without a network.
func (p *program) bundle(ctx context.Context, args []string) error {
	s := defaults()
	set, err := p.flags("bundle", s, "contexts", "fetch-allow", "fetch-ca", "fetch-proxy")
	if err != nil {
		return err
	}
	out := set.String("o", "-", "`file` for the bundle, which replaces one that is there; - for standard output")
	if err := p.parse(set, args, "FILE|URL|-"); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return usagef("bundle takes one file, one address, or - for standard input")
	}
	client, err := s.fetcher()
	if err != nil {
		return err
	}
	processor, err := s.canonicaliser()
	if err != nil {
		return err
	}
	b, err := p.collect(ctx, processor, &recorder{from: live{client}}, set.Arg(0))
	if err != nil {
		return err
	}
	raw, err := b.Encode()
	if err != nil {
		return fmt.Errorf("making the bundle: %w", err)
	}
	return p.handOver(ctx, processor, raw, *out)
}

// collect brings a badge and verifies it as of now, with a recorder in between.
func (p *program) collect(ctx context.Context, processor *canon.Canonicalizer, rec *recorder, operand string) (*bundle.Bundle, error) {
	raw, err := p.readBadge(ctx, rec, operand)
	if err != nil {
		return nil, err
	}
	if bundle.Is(raw) {
		return nil, usagef("%s is a bundle already", operand)
	}
	at := time.Now().UTC()
	report, err := verifyAlone(ctx, processor, rec, func() time.Time { return at }, nil, raw, verifier.Options{})
	if err != nil {
		return nil, err
	}
	for _, r := range reports(report) {
		if place, ok := placeInLog(r); ok {
			rec.askLog(ctx, place)
		}
	}
	collected, missed := rec.collected(at, raw)
	for _, err := range missed {
		fmt.Fprintf(p.stderr, "laurel: not in the bundle: %v\n", err)
	}
	return collected, nil
}

// handOver reads a bundle back as whoever gets it will, tells what they will
// find, and writes it. A badge that is not good can be bundled too.
func (p *program) handOver(ctx context.Context, processor *canon.Canonicalizer, raw []byte, out string) error {
	b, err := openBundle(raw)
	if err != nil {
		return fmt.Errorf("reading the bundle back: %w", err)
	}
	report, err := verifyAlone(ctx, processor, b, b.now, nil, b.Badge.Bytes, verifier.Options{})
	if err != nil {
		return err
	}
	if out == "-" {
		_, err = p.stdout.Write(raw)
	} else {
		err = os.WriteFile(out, raw, 0o600) // it speaks of a person
	}
	if err != nil {
		return fmt.Errorf("writing the bundle: %w", err)
	}
	fmt.Fprintf(p.stderr, "laurel: a badge and %d documents as of %s; the badge is then: %s\n",
		len(b.Documents), badge.FormatTime(b.CollectedAt), report.Verdict())
	return nil
}

// recorder keeps a copy of all that comes through it. The last copy counts:
// what was fetched anew is what decided.
type recorder struct {
	from web

	mu        sync.Mutex
	documents []bundle.Document
	missed    []error
}

func (r *recorder) ask(ctx context.Context, use bundle.Use, q fetch.Request) ([]byte, string, error) {
	body, mediaType, err := r.from.ask(ctx, use, q)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case errors.Is(err, fetch.Canceled): // nobody waited for it any more
	case err != nil:
		r.missed = append(r.missed, err)
	default:
		r.documents = slices.DeleteFunc(r.documents, func(d bundle.Document) bool { return d.Use == use && d.Address == q.URL })
		r.documents = append(r.documents, bundle.Document{Use: use, Address: q.URL, MediaType: bundle.CleanMediaType(mediaType), FetchedAt: time.Now().UTC(), Bytes: body})
	}
	return body, mediaType, err
}

// Scheme is that of the client.
func (r *recorder) Scheme(host string) string { return r.from.Scheme(host) }

// collected makes a bundle of the copies, and tells what is not among them. A
// request that nobody waits for any more may still end afterwards.
func (r *recorder) collected(at time.Time, raw []byte) (*bundle.Bundle, []error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := &bundle.Bundle{CollectedAt: at, Badge: bundle.Document{Use: bundle.Badge, FetchedAt: at, Bytes: raw}}
	for _, d := range r.documents {
		if d.Use == bundle.Badge {
			b.Badge = d
		} else {
			b.Documents = append(b.Documents, d)
		}
	}
	return b, slices.Clone(r.missed)
}

// maxLogPage bounds what an audit log answers, in bytes.
const maxLogPage = 256 << 10

// askLog asks for the audit record of a badge and for the keys of its log. A
// service that has no log of this kind has no answer either.
func (r *recorder) askLog(ctx context.Context, place logPlace) {
	for _, address := range []string{place.entry(), place.keys()} {
		if _, _, err := r.ask(ctx, bundle.Log, fetch.Request{URL: address, MaxBytes: maxLogPage}); err != nil {
			return
		}
	}
}

// logPlace is where a Laurel service shows the audit record of a badge.
type logPlace struct{ base, host, id string }

func (l logPlace) entry() string { return l.base + "/log/entries/" + l.id }
func (l logPlace) keys() string  { return l.base + "/log/key" }

// placeInLog reads the place out of what is signed: the badge's id has the form
// that Laurel gives, and its issuer one that a service at this address has.
func placeInLog(r *verifier.Report) (logPlace, bool) {
	if !sentences.Proven(r) {
		return logPlace{}, false
	}
	u, err := url.Parse(r.Document.Root().Get("id").Text())
	if err != nil {
		return logPlace{}, false
	}
	l := logPlace{base: u.Scheme + "://" + u.Host, host: u.Host}
	id, ours := strings.CutPrefix(u.String(), l.base+"/credentials/")
	l.id = id
	if !ours || !wire.IsID(id) || issuer.CheckBaseURL(l.base) != nil {
		return logPlace{}, false
	}
	owner := r.Document.IssuerID()
	if did := issuer.DID(l.base, ""); did != "" {
		return l, strings.HasPrefix(owner, did)
	}
	return l, strings.HasPrefix(owner, "did:key:")
}

// reports are those on single badges: the report itself, or those on the badges
// of a presentation.
func reports(r *verifier.Report) []*verifier.Report {
	if len(r.Badges) > 0 {
		return r.Badges
	}
	return []*verifier.Report{r}
}
