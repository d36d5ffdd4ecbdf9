package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"laurel/api/verify"
	"laurel/badge"
	"laurel/internal/bundle"
	"laurel/internal/fetch"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/verifier"
)

// bundled is a bundle in the place of the network: it brings what was collected
// then, and nothing else.
type bundled struct{ *bundle.Bundle }

func openBundle(raw []byte) (*bundled, error) {
	b, err := bundle.Parse(raw)
	if err != nil {
		return nil, usageError{err}
	}
	return &bundled{b}, nil
}

var errNotBundled = errors.New("it is not in the bundle")

func (b *bundled) ask(_ context.Context, use bundle.Use, r fetch.Request) ([]byte, string, error) {
	d, ok := b.Find(use, r.URL)
	switch {
	case !ok:
		return nil, "", &fetch.Error{URL: r.URL, Kind: fetch.Unreachable, Err: errNotBundled}
	case int64(len(d.Bytes)) > r.MaxBytes:
		return nil, "", &fetch.Error{URL: r.URL, Kind: fetch.TooLarge}
	}
	return slices.Clone(d.Bytes), d.MediaType, nil
}

// Scheme is "http" for a host of this machine that was asked so: as online,
// nobody else may be.
func (b *bundled) Scheme(host string) string {
	for _, d := range b.Documents {
		u, err := url.Parse(d.Address)
		if err == nil && d.Use == bundle.Key && u.Scheme == "http" && u.Host == host &&
			slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname()) {
			return "http"
		}
	}
	return "https"
}

func (b *bundled) now() time.Time { return b.CollectedAt }

// bundledReport is a report with what it rests on.
type bundledReport struct {
	Bundle *toldBundle `json:"bundle"`
	*verify.Report
}

// toldBundle is what a reader has to know beside the report.
type toldBundle struct {
	AsOf string `json:"asOf"` // the word of whoever made the bundle
	// IssuerKey is "in_identifier" where the key stands in the issuer's own
	// identifier, and "as_collected" where it is what the maker of the bundle
	// says was published; "" where the issuer is not known.
	IssuerKey string `json:"issuerKey,omitempty"`
	// Ended is whether the validity has ended between then and now; left out
	// where that is not proven, or had ended then.
	Ended     *bool          `json:"ended,omitempty"`
	Until     string         `json:"until,omitempty"`
	AuditLog  []loggedIssue  `json:"auditLog,omitempty"` // of each badge of a Laurel service
	Documents []toldDocument `json:"documents"`
}

type toldDocument struct {
	Use       string `json:"use"`
	Address   string `json:"address"`
	MediaType string `json:"mediaType,omitempty"`
	FetchedAt string `json:"fetchedAt"`
}

func (b *bundled) told(report *verifier.Report) *toldBundle {
	t := &toldBundle{AsOf: badge.FormatTime(b.CollectedAt), Documents: []toldDocument{}}
	for _, r := range reports(report) {
		t.trusts(r)
		t.ends(r, time.Now())
		if place, ok := placeInLog(r); ok {
			t.AuditLog = append(t.AuditLog, b.logged(place, r.Document))
		}
	}
	for _, d := range b.Documents {
		t.Documents = append(t.Documents, toldDocument{string(d.Use), d.Address, d.MediaType, badge.FormatTime(d.FetchedAt)})
	}
	return t
}

// trusts notes whose word the issuer's key is; of several badges, the weakest.
func (t *toldBundle) trusts(r *verifier.Report) {
	if r.Document == nil || r.Document.IssuerID() == "" {
		return
	}
	id := r.Document.IssuerID()
	if strings.HasPrefix(id, "did:key:") || strings.HasPrefix(id, "did:jwk:") {
		if t.IssuerKey == "" {
			t.IssuerKey = "in_identifier"
		}
		return
	}
	t.IssuerKey = "as_collected"
}

// ends notes whether a badge that was valid then has ended since; of several
// badges, the one that ends first.
func (t *toldBundle) ends(r *verifier.Report, now time.Time) {
	f := r.Finding(verifier.CheckValidity)
	if f.Outcome != verifier.Passed {
		return
	}
	until, err := badge.ParseTime(f.Params["until"])
	ended := err == nil && now.After(until)
	if err == nil && (t.Until == "" || f.Params["until"] < t.Until) {
		t.Until = f.Params["until"]
	}
	if t.Ended == nil || ended {
		t.Ended = &ended
	}
}

// write says it in lines before the verdict.
func (t *toldBundle) write(w io.Writer) {
	fmt.Fprintf(w, "As of %s, with what was collected then: that moment is meant by “now” below. Nobody was asked today; the date is the word of whoever made this bundle.\n", t.AsOf)
	switch t.IssuerKey {
	case "in_identifier":
		fmt.Fprintln(w, "The issuer's key stands in its identifier: the signature needs no trust in whoever made this bundle.")
	case "as_collected":
		fmt.Fprintln(w, "What the issuer published (did:web or an address), its key above all, is only as trustworthy as whoever made this bundle.")
	}
	switch {
	case t.Ended == nil:
	case *t.Ended:
		fmt.Fprintf(w, "The validity has ended since, on %s.\n", t.Until)
	case t.Until != "":
		fmt.Fprintf(w, "The validity has not ended since; it ends on %s.\n", t.Until)
	default:
		fmt.Fprintln(w, "The validity has no end.")
	}
}

// writeLog says what the audit log shows, after the checks.
func (t *toldBundle) writeLog(w io.Writer) {
	for _, l := range t.AuditLog {
		fmt.Fprintf(w, "  %-8s %-13s %s\n", l.Result, "audit_log", l.Message)
	}
}

// loggedIssue is what the audit log of a service shows of a badge. It changes no
// verdict: the log is kept by the service itself, and its key came with the
// bundle.
type loggedIssue struct {
	Result  string `json:"result"` // pass, fail, unknown
	Message string `json:"message"`
	At      string `json:"at,omitempty"`    // when the record says that it was issued
	Index   *int64 `json:"index,omitempty"` // its place in the log, from 0
	Size    int64  `json:"size,omitempty"`  // of the log that was signed
}

func (b *bundled) logged(place logPlace, d *badge.Document) loggedIssue {
	entry, hasEntry := b.Find(bundle.Log, place.entry())
	keys, hasKeys := b.Find(bundle.Log, place.keys())
	if !hasEntry || !hasKeys {
		return loggedIssue{Result: "unknown", Message: "The bundle has no record of the badge's issue from an audit log."}
	}
	l, err := readLog(entry.Bytes, strings.Fields(string(keys.Bytes)), place, d)
	if err != nil {
		return loggedIssue{Result: "fail", Message: fmt.Sprintf("The record from the audit log does not show the badge's issue: %.200q.", err.Error())}
	}
	return l
}

// readLog proves the record first, and then reads it.
func readLog(answer []byte, keys []string, place logPlace, d *badge.Document) (loggedIssue, error) {
	var told struct {
		Entry string `json:"entry"`
		Proof string `json:"proof"`
	}
	root, err := strictjson.Parse(answer, strictjson.Limits{Bytes: maxLogPage})
	if err == nil {
		err = strictjson.Decode(root, &told)
	}
	if err != nil {
		return loggedIssue{}, err
	}
	proof, err := auditlog.ParseProof([]byte(told.Proof))
	if err != nil {
		return loggedIssue{}, err
	}
	c, err := proof.Verify([]byte(told.Entry), keys...)
	if err != nil {
		return loggedIssue{}, err
	}
	if c.Origin != place.host+"/log" {
		return loggedIssue{}, errors.New("it is of another log")
	}
	return readEntry(told.Entry, loggedIssue{Index: &proof.Index, Size: c.Tree.N}, place, d)
}

// readEntry holds a record that the log has against the badge.
func readEntry(entry string, l loggedIssue, place logPlace, d *badge.Document) (loggedIssue, error) {
	root, err := strictjson.Parse([]byte(entry), strictjson.Limits{Bytes: maxLogPage})
	if err != nil {
		return loggedIssue{}, err
	}
	at, err := badge.ParseTime(root.Get("at").Text())
	if err != nil {
		return loggedIssue{}, err
	}
	if root.Get("subject").Text() != place.id {
		return loggedIssue{}, errors.New("it is about another badge")
	}
	l.At = badge.FormatTime(at)
	l.Result, l.Message = "pass", fmt.Sprintf("The audit log at %s, by its key as it was collected, holds the issue of exactly this badge, of %s: record %d of %d.",
		place.host, l.At, *l.Index+1, l.Size)
	if root.Get("document").Text() != issuer.DocumentDigest(d.Payload()) {
		l.Result, l.Message = "unknown", "The record from the audit log is of another form or edition of this badge."
	}
	return l, nil
}
