package pages_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"laurel/api/pages"
	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
)

// elements and attributes are all that a page of ours may be made of.
var (
	elements = strings.Fields(`html head meta title link body header nav main section aside footer figure figcaption
		h1 h2 h3 h4 h5 h6 p br hr ul ol li dl dt dd div span strong em small bdi time code pre blockquote a img
		details summary table thead tbody tr th td form label input textarea button svg defs symbol g path use circle video script style`)
	attributes = strings.Fields(`lang dir class id role href hreflang rel src alt width height charset name content property type
		for action method enctype value rows required readonly autocomplete autocapitalize spellcheck inputmode download scope
		datetime viewbox d transform x y cx cy r fill stroke stroke-width stroke-linecap stroke-linejoin stroke-dasharray
		aria-label aria-labelledby aria-describedby aria-hidden aria-current loading
		hidden muted playsinline defer data-stop data-found data-failed`)
	voidOfLinks = []string{"src", "href", "action"}
)

// hold checks what is true of every page, whatever stands on it.
func hold(t *testing.T, name, page, lang, dir string) dom {
	t.Helper()
	d := parsePage(t, page)
	root := one(t, d.named("html"), "html")
	if root.attr("lang") != lang || root.attr("dir") != dir {
		t.Errorf("%s: lang %q dir %q", name, root.attr("lang"), root.attr("dir"))
	}
	for _, landmark := range []string{"h1", "main", "title"} {
		if n := len(d.named(landmark)); n != 1 {
			t.Errorf("%s: %d elements %s", name, n, landmark)
		}
	}
	ids := map[string]bool{}
	for n := range d.Descendants() {
		e := dom{n}
		if id := e.attr("id"); id != "" {
			if ids[id] {
				t.Errorf("%s: the id %q stands twice", name, id)
			}
			ids[id] = true
		}
	}
	for _, e := range d.all(func(*html.Node) bool { return true }) {
		holdElement(t, name, e, ids)
	}
	return d
}

// outward is what links in strangers' texts begin with.
var outward = regexp.MustCompile("^(https?|mailto):")

func holdElement(t *testing.T, name string, e dom, ids map[string]bool) {
	t.Helper()
	if !slices.Contains(elements, e.Data) {
		t.Errorf("%s: an element %s", name, e.Data)
	}
	for _, a := range e.Attr {
		if !slices.Contains(attributes, strings.ToLower(a.Key)) {
			t.Errorf("%s: %s has an attribute %s=%q", name, e.Data, a.Key, a.Val)
		}
		if slices.Contains(voidOfLinks, a.Key) {
			holdAddress(t, name, e, a.Val)
		}
		if slices.Contains([]string{"for", "aria-labelledby", "aria-describedby"}, a.Key) && !ids[a.Val] {
			t.Errorf("%s: %s of %s names nothing: %q", name, a.Key, e.Data, a.Val)
		}
	}
	switch e.Data {
	case "a":
		if inProse(e) && !outward.MatchString(e.attr("href")) {
			t.Errorf("%s: a stranger's text leads into our pages: %q", name, e.attr("href"))
		}
	case "use":
		if id, ok := strings.CutPrefix(e.attr("href"), "#"); !ok || !ids[id] {
			t.Errorf("%s: use of %q", name, e.attr("href"))
		}
	case "style":
		var css strings.Builder
		for n := range e.Descendants() {
			css.WriteString(n.Data)
		}
		sum := sha256.Sum256([]byte(css.String()))
		if source := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; source != newWorld(t).pages.StyleSource() {
			t.Errorf("%s: a style that the policy does not name: %.60q", name, css.String())
		}
	case "script":
		if name != "home" && !strings.HasSuffix(name, " home") || !strings.HasPrefix(e.attr("src"), pages.AssetPath) || e.text() != "" {
			t.Errorf("%s: a script %q", name, e.attr("src"))
		}
	case "img":
		if !e.has("alt") {
			t.Errorf("%s: a picture without alt", name)
		}
	case "section":
		if !e.has("aria-labelledby") && !strings.Contains(e.attr("class"), "fields") {
			t.Errorf("%s: a section without a name", name)
		}
	}
}

func inProse(e dom) bool {
	for n := range e.Ancestors() {
		if (dom{n}).attr("class") == "prose" {
			return true
		}
	}
	return false
}

// holdAddress: what a page loads or sends is on the host that served it; what
// it only links to is http, https or mailto, and marked as a stranger's.
func holdAddress(t *testing.T, name string, e dom, address string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Errorf("%s: %s leads to %q", name, e.Data, address)
		return
	}
	if u.Scheme == "" && u.Host == "" || u.Host == "badges.example" {
		return
	}
	if e.Data != "a" {
		t.Errorf("%s: %s loads %q", name, e.Data, address)
	}
	if !slices.Contains([]string{"http", "https", "mailto"}, u.Scheme) || u.User != nil {
		t.Errorf("%s: a link leads to %q", name, address)
	}
	if e.attr("rel") != "nofollow noopener ugc" {
		t.Errorf("%s: a link to %q has rel %q", name, address, e.attr("rel"))
	}
}

// last shortens a list of pages that differ only in our own words, where few
// reports are looked at too.
func last[T ~int](all T, reports int) T {
	if reports < 10 {
		return 0
	}
	return all
}

// everyPage renders each kind of page around a document.
func everyPage(t *testing.T, w world, lang i18n.Lang, doc *badge.Document, reports map[string]*verifier.Report) map[string]string {
	t.Helper()
	p, f := w.catalog.For(lang), w.frame()
	out := map[string]string{}
	add := func(name string, err error, b *bytes.Buffer) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = b.String()
		b.Reset()
	}
	var b bytes.Buffer
	c := doc.View()
	achievement := c.CredentialSubject.Achievement
	hostile := c.Name
	for state, r := range reports {
		out["verification "+state] = w.verification(t, lang, r, nil)
		mine := own()
		mine.Register = &pages.Register{Since: time.Now(), Reason: hostile}
		mine.Endorsed = besides(doc, hostile)
		mine.Translation = &pages.Translation{Lang: "fr", Name: hostile, Description: hostile, Criteria: hostile}
		out["own "+state] = w.verification(t, lang, r, mine)
	}
	add("home", w.pages.Home(&b, p, pages.HomePage{Frame: f, API: "/openapi.json"}), &b)
	add("not found", w.pages.NotFound(&b, p, pages.NotFoundPage{Frame: f}), &b)
	add("no such code", w.pages.NotFound(&b, p, pages.NotFoundPage{Frame: f, Code: true}), &b)
	add("gone", w.pages.Gone(&b, p, pages.GonePage{Frame: f}), &b)
	for fault := pages.FaultMalformed; fault <= last(pages.FaultBadLink, len(reports)); fault++ {
		page := pages.UnreadablePage{Frame: f, Fault: fault, Detail: hostile}
		add(fmt.Sprint("unreadable ", fault), w.pages.Unreadable(&b, p, page), &b)
	}
	for problem := pages.ProblemInternal; problem <= last(pages.ProblemUnavailable, len(reports)); problem++ {
		page := pages.ProblemPage{Frame: f, Problem: problem, RequestID: hostile, Detail: hostile}
		add(fmt.Sprint("problem ", problem), w.pages.Problem(&b, p, page), &b)
	}
	add("achievement", w.pages.Achievement(&b, p, pages.AchievementPage{Frame: f, Achievement: achievement, Image: "/image.png",
		JSON: "/a.json", Issuer: pages.Link{Name: c.Issuer.Name, URL: "/issuers/a"}, Editions: []pages.Edition{{Lang: "fr", URL: "/a/fr"}}, Endorsed: besides(doc, hostile)}), &b)
	add("issuer", w.pages.Issuer(&b, p, pages.IssuerPage{Frame: f, Profile: c.Issuer, Endorsed: besides(doc, hostile), Achievements: []pages.Link{{Name: hostile, URL: "/a"}},
		Keys: []pages.Key{{ID: hostile, Algorithm: "Ed25519", State: pages.KeyActive, Since: time.Now()}}}), &b)
	return out
}

// besides are endorsements beside a page, of every kind.
func besides(doc *badge.Document, text string) []pages.Endorsement {
	var out []pages.Endorsement
	for _, by := range []string{text, ""} {
		for _, code := range []verifier.Code{verifier.EndorsementHolds, verifier.EndorsementExpired, verifier.EndorsementOpen,
			verifier.EndorsementInvalid, verifier.EndorsementWithdrawn, verifier.EndorsementKeyEnded} {
			out = append(out, pages.Endorsement{By: by, URL: "https://network.example/", Signed: "/endorsements/a", Comment: text,
				Verified: verifier.Endorsement{Finding: finding(verifier.CheckEndorsement, verifier.Warned, code), Report: report(doc)}})
		}
	}
	return out
}

func soundPages(t *testing.T, w world, lang i18n.Lang) map[string]string {
	t.Helper()
	doc := document(t, planning)
	return everyPage(t, w, lang, doc, states(doc))
}

// states are reports of one document that make different pages.
func states(doc *badge.Document) map[string]*verifier.Report {
	listed := finding(verifier.CheckIssuerTrust, verifier.Passed, verifier.IssuerListed)
	expired := finding(verifier.CheckValidity, verifier.Failed, verifier.Expired)
	expired.Params = map[string]string{"until": "2026-01-15T00:00:00Z"}
	return map[string]*verifier.Report{
		"valid":                   report(doc, listed),
		"valid, not listed":       report(doc),
		"trial":                   report(doc, finding(verifier.CheckIssuerTrust, verifier.Warned, verifier.TestIssuer)),
		"remark":                  report(doc, listed, finding(verifier.CheckProof, verifier.Warned, verifier.UnsupportedSuite)),
		"tampered":                tampered(doc),
		"unsigned":                report(doc, finding(verifier.CheckProof, verifier.Failed, verifier.NoProof)),
		"unknown term":            report(doc, finding(verifier.CheckTerms, verifier.Failed, verifier.UndefinedTerm)),
		"wrong key":               report(doc, finding(verifier.CheckIssuerKey, verifier.Failed, verifier.WrongController)),
		"revoked":                 report(doc, finding(verifier.CheckRevocation, verifier.Failed, verifier.Revoked)),
		"superseded":              report(doc, finding(verifier.CheckRevocation, verifier.Failed, verifier.Superseded)),
		"suspended":               report(doc, finding(verifier.CheckSuspension, verifier.Failed, verifier.Suspended)),
		"expired":                 report(doc, expired),
		"not yet valid":           report(doc, finding(verifier.CheckValidity, verifier.Failed, verifier.NotYetValid)),
		"status list unreachable": report(doc, finding(verifier.CheckRevocation, verifier.Unknown, verifier.StatusListUnreachable)),
		"key unreachable":         report(doc, finding(verifier.CheckIssuerKey, verifier.Unknown, verifier.KeyUnreachable)),
		"endorsed":                endorsed(doc),
		"nothing":                 nil,
	}
}

// endorsed is a good badge with one good endorsement, and one of which nothing
// is proven.
func endorsed(doc *badge.Document) *verifier.Report {
	r := report(doc, finding(verifier.CheckEndorsement, verifier.Warned, verifier.EndorsementNotGood))
	text := `{"issuer":{"id":"did:web:guild.example","type":["Profile"],"name":"Guild"},"credentialSubject":{"id":"urn:x","type":["EndorsementSubject"],"endorsementComment":"Good <b>work</b>."}}`
	by, err := badge.Parse([]byte(text))
	if err != nil {
		panic(err)
	}
	bad := report(by, finding(verifier.CheckProof, verifier.Failed, verifier.ProofInvalid))
	r.Endorsements = []verifier.Endorsement{
		{Pointer: "/endorsement/0", Finding: finding(verifier.CheckEndorsement, verifier.Passed, verifier.EndorsementHolds), Report: report(by)},
		{Pointer: "/endorsement/1", Finding: finding(verifier.CheckEndorsement, verifier.Warned, verifier.EndorsementInvalid), Report: bad},
		{Pointer: "/endorsement/2", Finding: finding(verifier.CheckEndorsement, verifier.Warned, verifier.EndorsementInvalid)},
	}
	return r
}

// messaged has a finding that few badges have, in words of the issuer.
func messaged(doc *badge.Document) *verifier.Report {
	f := finding(verifier.CheckStatusMessage, verifier.Warned, verifier.StatusMessage)
	f.Params = map[string]string{"message": "under <i>appeal</i>", "status": "0x1"}
	r := report(doc)
	r.Findings = append(r.Findings, f)
	return r
}

// TestEndorsements: what somebody else says stands on the page with who says
// it, where that is proven, and is text.
func TestEndorsements(t *testing.T) {
	w := newWorld(t)
	page := w.verification(t, i18n.English, endorsed(document(t, planning)), nil)
	for piece, times := range map[string]int{
		"Guild (guild.example) endorses this. The endorsement is genuine.": 1,
		"An endorsement in the name of Guild (guild.example)":              1,
		"did:web:guild.example":         1,
		"Good &lt;b&gt;work&lt;/b&gt;.": 1,
		"What others say about it":      1,
		"Good <b>work</b>":              0,
	} {
		text := parsePage(t, page).text()
		n := strings.Count(page, piece)
		if !strings.Contains(piece, "&") && !strings.Contains(piece, "<") {
			n = strings.Count(text, piece)
		}
		if n != times {
			t.Errorf("%q stands there %d times, want %d", piece, n, times)
		}
	}
	page = w.verification(t, i18n.English, messaged(document(t, planning)), nil)
	if !strings.Contains(page, "under &lt;i&gt;appeal&lt;/i&gt;") || strings.Contains(page, "<i>appeal") {
		t.Error("the issuer's message is not shown as text")
	}
}

func TestEveryPageIsSound(t *testing.T) {
	w := newWorld(t)
	dirs := map[i18n.Lang]string{"ar": "rtl"}
	for _, lang := range tried(w.catalog.Languages()) {
		dir := dirs[lang]
		if dir == "" {
			dir = "ltr"
		}
		for name, page := range soundPages(t, w, lang) {
			d := hold(t, string(lang)+" "+name, page, string(lang), dir)
			if strings.ContainsAny(d.text(), "{}") || strings.Contains(d.text(), "ZgotmplZ") {
				t.Errorf("%s %s: a placeholder is left: %s", lang, name, d.text())
			}
			for _, field := range d.all(func(n *html.Node) bool { return n.Data == "input" || n.Data == "textarea" }) {
				labels := d.all(func(n *html.Node) bool { return n.Data == "label" && dom{n}.attr("for") == field.attr("id") })
				if field.attr("type") != "hidden" && len(labels) != 1 {
					t.Errorf("%s %s: the field %q has %d labels", lang, name, field.attr("name"), len(labels))
				}
			}
			if indexed := !strings.Contains(page, "noindex"); indexed != (name == "home") {
				t.Errorf("%s %s: may be indexed: %v", lang, name, indexed)
			}
		}
	}
}

func narrative(t *testing.T, source string) dom {
	t.Helper()
	w := newWorld(t)
	var b bytes.Buffer
	a := &badge.Achievement{Name: "A", Criteria: &badge.Criteria{Narrative: source}}
	if err := w.pages.Achievement(&b, w.catalog.For("en"), pages.AchievementPage{Achievement: a}); err != nil {
		t.Fatal(err)
	}
	return hold(t, source, b.String(), "en", "ltr")
}

func TestMarkdown(t *testing.T) {
	d := narrative(t, "# Head\n\nA *b* **c** `d` [e](https://e.example/?a=1&b=2) <mailto:f@g.example>\n\n1. one\n2. two\n\n![alt](https://h.example/i.png)")
	prose := one(t, d.class("prose"), "prose")
	for _, tt := range []struct{ element, text string }{
		{"h4", "Head"}, {"em", "b"}, {"strong", "c"}, {"code", "d"}, {"li", "one"},
	} {
		if list := prose.named(tt.element); len(list) == 0 || list[0].text() != tt.text {
			t.Errorf("no %s with %q", tt.element, tt.text)
		}
	}
	links := prose.named("a")
	if len(links) != 2 || links[0].attr("href") != "https://e.example/?a=1&b=2" || links[1].attr("href") != "mailto:f@g.example" {
		t.Errorf("links: %v", links)
	}
	if len(prose.named("img")) != 0 {
		t.Error("a picture of a stranger is shown")
	}
	if prose.attr("dir") != "auto" {
		t.Error("the narrative does not find its own direction")
	}
}

func TestUnsafeLinksKeepTheirText(t *testing.T) {
	d := narrative(t, "[say *this*](javascript:x) and <javascript:alert(2)> [no](/v1/x) [name](https://who.example@evil.example/)")
	prose := one(t, d.class("prose"), "prose")
	if got := prose.text(); got != "say this and javascript:alert(2) no name" || len(prose.named("em")) != 1 {
		t.Errorf("shown as %q", got)
	}
	if n := len(prose.named("a")); n != 0 {
		t.Errorf("%d links are left", n)
	}
}

func TestLongNarrativeIsShownAsWritten(t *testing.T) {
	source := "*not emphasised* " + strings.Repeat("word ", 5_000)
	d := narrative(t, source)
	if len(d.class("prose")) != 0 || len(d.named("em")) != 0 {
		t.Error("a text beyond the bound was laid out")
	}
	if !strings.Contains(d.text(), strings.TrimSpace(source)) || !strings.Contains(d.text(), "too long to be laid out") {
		t.Error("the text is not shown whole, or nothing says why it looks like this")
	}
}

// TestNarrativesShareTheRoom: the bound is that of a page, not of one text.
func TestNarrativesShareTheRoom(t *testing.T) {
	w := newWorld(t)
	evidence := strings.Repeat(`{"type":["Evidence"],"narrative":"*em* `+strings.Repeat("word ", 1_500)+`"},`, 20)
	doc := parse(t, `{"evidence":[`+strings.TrimSuffix(evidence, ",")+`]}`)
	d := hold(t, "many narratives", w.verification(t, "en", report(doc), nil), "en", "ltr")
	if n := len(d.class("prose")); n != 2 { // of 7.5 kB each
		t.Errorf("%d of 20 narratives are laid out", n)
	}
	if n := strings.Count(d.text(), "too long to be laid out"); n != 18 {
		t.Errorf("%d of 18 say why they are not laid out", n)
	}
}
