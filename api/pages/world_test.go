package pages_test

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"laurel/api/pages"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
)

// world is what a page needs.
type world struct {
	catalog *i18n.Catalog
	pages   *pages.Pages
}

// readWorld reads words and templates once: they do not change.
var readWorld = sync.OnceValues(func() (world, error) {
	catalog, err := i18n.New()
	if err != nil {
		return world{}, err
	}
	p, err := pages.New(catalog)
	return world{catalog, p}, err
})

func newWorld(t *testing.T) world {
	t.Helper()
	w, err := readWorld()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) frame() pages.Frame {
	return pages.Frame{Host: "badges.example", Languages: w.catalog.Languages(), Canonical: "https://badges.example/page"}
}

// verification renders a badge page.
func (w world) verification(t *testing.T, lang i18n.Lang, r *verifier.Report, own *pages.Own) string {
	t.Helper()
	var b bytes.Buffer
	page := pages.VerificationPage{Frame: w.frame(), Report: r, Own: own}
	if err := w.pages.Verification(&b, w.catalog.For(lang), page); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func own() *pages.Own {
	return &pages.Own{
		Code:    "K7QF-2M9X-TR4W",
		Sharing: &pages.Sharing{ID: "abc", Organization: "1337", Embed: "https://badges.example/credentials/abc/embed", OEmbed: "https://badges.example/oembed?format=json&url=abc"},
		Links: pages.Links{
			Page: "https://badges.example/credentials/abc", Verify: "https://badges.example/v/abc",
			JSON: "/credentials/abc.json", JWT: "/credentials/abc.jwt", PNG: "/credentials/abc.png",
			SVG: "/credentials/abc.svg", PDF: "/credentials/abc.pdf",
			QRPNG: "/credentials/abc/qr.png", QRSVG: "/credentials/abc/qr.svg", Image: "/achievements/a/image.png",
			Preview: "https://badges.example/preview.png", PreviewWidth: 1200, PreviewHeight: 630, Match: "/v/abc/match",
			Newer: "/credentials/new", First: "/credentials/first",
		},
	}
}

func document(t *testing.T, file string) *badge.Document {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(raw))
}

func parse(t *testing.T, json string) *badge.Document {
	t.Helper()
	d, err := badge.Parse([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const (
	participant = "credential-workshop-participant.json"
	planning    = "credential-dh-planning.json"
	trainer     = "credential-dh-trainer.json"
)

// order is the order of the checks in a report.
var order = []verifier.Check{verifier.CheckFormat, verifier.CheckSchema, verifier.CheckTerms, verifier.CheckProof,
	verifier.CheckIssuerKey, verifier.CheckIssuerTrust, verifier.CheckValidity, verifier.CheckRevocation,
	verifier.CheckSuspension, verifier.CheckRefresh, verifier.CheckRecipient, verifier.CheckEndorsement}

// report is the report of a good badge but for the given findings. After a
// failure up to the key, nothing more is looked at.
func report(doc *badge.Document, findings ...verifier.Finding) *verifier.Report {
	good := map[verifier.Check]verifier.Finding{
		verifier.CheckIssuerTrust: {Outcome: verifier.Warned, Code: verifier.IssuerNotListed},
		verifier.CheckValidity:    {Outcome: verifier.Passed, Code: verifier.NoEnd},
		verifier.CheckRevocation:  {Outcome: verifier.Passed, Code: verifier.NotRevoked},
		verifier.CheckSuspension:  {Outcome: verifier.Skipped, Code: verifier.NoStatus},
		verifier.CheckRefresh:     {Outcome: verifier.Skipped, Code: verifier.NoRefresh},
		verifier.CheckRecipient:   {Outcome: verifier.Skipped, Code: verifier.NotAsked},
		verifier.CheckEndorsement: {Outcome: verifier.Skipped, Code: verifier.NoEndorsement},
	}
	r := &verifier.Report{CheckedAt: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC), Document: doc}
	stopped := false
	for i, c := range order {
		f, special := good[c]
		if !special {
			f = verifier.Finding{Outcome: verifier.Passed, Code: verifier.OK}
		}
		if stopped {
			f = verifier.Finding{Outcome: verifier.Skipped, Code: verifier.NotRun}
		}
		if at := slices.IndexFunc(findings, func(g verifier.Finding) bool { return g.Check == c }); at >= 0 {
			f = findings[at]
		}
		f.Check = c
		r.Findings = append(r.Findings, f)
		stopped = stopped || i <= 4 && (f.Outcome == verifier.Failed || f.Outcome == verifier.Unknown)
	}
	return r
}

func finding(c verifier.Check, o verifier.Outcome, code verifier.Code) verifier.Finding {
	return verifier.Finding{Check: c, Outcome: o, Code: code}
}

// tampered is the report of a changed badge.
func tampered(doc *badge.Document) *verifier.Report {
	return report(doc, finding(verifier.CheckProof, verifier.Failed, verifier.ProofInvalid))
}

// dom is a parsed page with what tests ask of it.
type dom struct{ *html.Node }

func parsePage(t *testing.T, page string) dom {
	t.Helper()
	n, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return dom{n}
}

// all returns the elements that a predicate holds for, in document order.
func (d dom) all(want func(*html.Node) bool) []dom {
	var out []dom
	for n := range d.Descendants() {
		if n.Type == html.ElementNode && want(n) {
			out = append(out, dom{n})
		}
	}
	return out
}

func (d dom) named(element string) []dom {
	return d.all(func(n *html.Node) bool { return n.Data == element })
}

func (d dom) class(name string) []dom {
	return d.all(func(n *html.Node) bool { return slices.Contains(strings.Fields(dom{n}.attr("class")), name) })
}

func (d dom) attr(name string) string {
	for _, a := range d.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func (d dom) has(name string) bool {
	return slices.ContainsFunc(d.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// text is what is read of a node, with runs of blanks made one.
func (d dom) text() string {
	var b strings.Builder
	for n := range d.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "style" {
			b.WriteString(n.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func one(t *testing.T, list []dom, what string) dom {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("%d of %s, want one", len(list), what)
	}
	return list[0]
}
