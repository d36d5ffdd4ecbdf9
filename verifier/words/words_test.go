package words_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/idna"
	"pgregory.net/rapid"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

func catalog(t *testing.T) *i18n.Catalog {
	t.Helper()
	c, err := i18n.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func parse(t *testing.T, json string) *badge.Document {
	t.Helper()
	d, err := badge.Parse([]byte(json))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// full says all that a sentence can speak of, bare as little as possible.
const (
	full = `{"issuer":{"id":"did:web:x.example:issuers:a","type":["Profile"],"name":"X"},"validFrom":"2026-11-20T23:00:00-02:00",
		"validUntil":"2028-01-15T00:00:00Z","credentialSubject":{"type":["AchievementSubject"],"achievement":{"name":"A"},
		"identifier":[{"type":"IdentityObject","hashed":true,"identityHash":"sha256$00","identityType":"name"},
		{"type":"IdentityObject","hashed":false,"identityHash":"Ana Mora","identityType":"name"}]}}`
	bare = `{"issuer":"did:key:z6Mk"}`
)

// begun is a document that begins at the moment in which it was signed, which
// is another one in its proof, and one that says besides when it was awarded.
var (
	begun   = strings.Replace(full, `{"issuer"`, `{"proof":{"type":"DataIntegrityProof","created":"2026-11-21T01:00:00Z"},"issuer"`, 1)
	later   = strings.Replace(begun, "T01:00:00Z", "T01:00:01Z", 1)
	awarded = strings.Replace(begun, `{"proof"`, `{"awardedDate":"2025-07-11T00:00:00Z","proof"`, 1)
	unnamed = strings.Replace(begun, `"identityHash":"Ana Mora"`, `"identityHash":""`, 1)
)

// report is one in which all is well but for the given findings.
func report(doc *badge.Document, findings ...verifier.Finding) *verifier.Report {
	r := &verifier.Report{CheckedAt: time.Unix(0, 0), Document: doc, Findings: []verifier.Finding{
		{Check: verifier.CheckFormat, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckTerms, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckProof, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckIssuerKey, Outcome: verifier.Passed, Code: verifier.OK},
		{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.IssuerNotListed},
		{Check: verifier.CheckValidity, Outcome: verifier.Passed, Code: verifier.NoEnd},
		{Check: verifier.CheckRevocation, Outcome: verifier.Passed, Code: verifier.NotRevoked},
	}}
	for _, f := range findings {
		i := slices.IndexFunc(r.Findings, func(g verifier.Finding) bool { return g.Check == f.Check })
		if i < 0 {
			r.Findings = append(r.Findings, f)
		} else {
			r.Findings[i] = f
		}
	}
	return r
}

var outcomes = []verifier.Outcome{verifier.Unknown, verifier.Passed, verifier.Warned, verifier.Failed, verifier.Skipped}

func TestEveryFindingHasASentence(t *testing.T) {
	c := catalog(t)
	for _, lang := range c.Languages() {
		p := c.For(lang)
		general := map[string]bool{}
		for _, o := range outcomes {
			general[p.Text("finding."+o.String(), nil)] = true
			if !p.Has("outcome." + o.String()) {
				t.Errorf("%s: no word for %s", lang, o)
			}
		}
		for check, codes := range verifier.Codes() {
			if !p.Has("check." + string(check) + ".title") {
				t.Errorf("%s: %s has no title", lang, check)
			}
			for _, code := range codes {
				f := verifier.Finding{Check: check, Code: code, Outcome: verifier.Failed}
				for _, doc := range []string{full, bare} {
					got := words.Sentence(p, report(parse(t, doc), f), f)
					if general[got] || got == "" || strings.ContainsAny(got, "{}") || strings.HasPrefix(got, "check.") {
						t.Errorf("%s: %s.%s says %q", lang, check, code, got)
					}
				}
			}
		}
	}
}

// TestNoSentenceIsStale finds messages about findings that no check gives.
func TestNoSentenceIsStale(t *testing.T) {
	known := map[string]bool{"issuer.at": true, "outcome.not_run": true,
		"last.not_revoked": true, "last.revoked": true, "last.not_suspended": true, "last.suspended": true,
		"listed.not_revoked": true, "listed.revoked": true, "listed.not_suspended": true, "listed.suspended": true}
	var codes []verifier.Code
	var checks []verifier.Check
	for check, list := range verifier.Codes() {
		checks, codes = append(checks, check), append(codes, list...)
		known["check."+string(check)+".title"] = true
		for _, code := range list {
			known["check."+string(check)+"."+string(code)] = true
			known["check.any."+string(code)] = true
			for _, o := range outcomes {
				known["check."+string(check)+"."+string(code)+"."+o.String()] = true
			}
		}
	}
	for _, o := range outcomes {
		known["outcome."+o.String()], known["finding."+o.String()] = true, true
	}
	for _, v := range []verifier.Verdict{verifier.Valid, verifier.Warning, verifier.Invalid, verifier.Indeterminate} {
		known["headline."+v.String()], known["summary."+v.String()] = true, true
		for _, code := range codes {
			known["headline."+string(code)], known["summary."+v.String()+"."+string(code)] = true, true
		}
		for _, check := range checks {
			known["summary."+v.String()+"."+string(check)] = true
		}
	}
	for _, id := range catalog(t).For(i18n.English).IDs() {
		ours := slices.ContainsFunc([]string{"check.", "summary.", "headline.", "outcome.", "finding."}, func(p string) bool {
			return strings.HasPrefix(id, p)
		})
		if ours && !known[strings.TrimSuffix(id, ".bare")] && !known[strings.TrimSuffix(id, ".since")] && !known[strings.TrimSuffix(id, ".unnamed")] {
			t.Errorf("%s is about nothing that is ever found", id)
		}
	}
}

func TestBareFormsNeedLess(t *testing.T) {
	p := catalog(t).For(i18n.English)
	seen := 0
	for _, id := range p.IDs() {
		whole, ok := strings.CutSuffix(id, ".bare")
		if !ok {
			continue
		}
		seen++
		if !p.Has(whole) {
			t.Errorf("%s stands alone", id)
		}
		for _, name := range p.Placeholders(id) {
			if name != "Issuer" && name != words.VerdictParam {
				t.Errorf("%s wants {%s}, which may not be known", id, name)
			}
		}
	}
	if seen == 0 {
		t.Fatal("no bare forms")
	}
}

func TestSummary(t *testing.T) {
	one := func(c verifier.Check, o verifier.Outcome, code verifier.Code) verifier.Finding {
		return verifier.Finding{Check: c, Outcome: o, Code: code}
	}
	listed := one(verifier.CheckIssuerTrust, verifier.Passed, verifier.IssuerListed)
	until := one(verifier.CheckValidity, verifier.Failed, verifier.Expired)
	until.Params = map[string]string{"until": "2027-05-01T00:00:00Z"}
	for _, tt := range []struct {
		doc      string
		findings []verifier.Finding
		want     string
	}{
		{full, []verifier.Finding{listed}, "Valid. Ana Mora was awarded “A” by X on 21 November 2026."},
		{full, nil, "Valid. Ana Mora was awarded “A” by X (x.example) on 21 November 2026."},
		{begun, nil, "Valid. Ana Mora was awarded “A” by X (x.example). It has been valid since 21 November 2026."},
		{begun, []verifier.Finding{one(verifier.CheckProof, verifier.Warned, verifier.UnsupportedSuite)},
			"Valid, with a remark. Ana Mora was awarded “A” by X (x.example). It has been valid since 21 November 2026. Read the remark below before you rely on it."},
		{later, nil, "Valid. Ana Mora was awarded “A” by X (x.example) on 21 November 2026."},
		{awarded, nil, "Valid. Ana Mora was awarded “A” by X (x.example) on 11 July 2025."},
		{unnamed, nil, "Valid. “A” was awarded by X (x.example). To whom, it does not say in readable form."},
		{bare, nil, "Valid. Awarded by did:key:z6Mk. It does not say its holder’s name in readable form."},
		{full, []verifier.Finding{one(verifier.CheckIssuerTrust, verifier.Warned, verifier.TestIssuer)},
			"TEST: valid, but only a trial. The signature is good, but X (x.example) signs badges for trials only. It proves nothing about anybody."},
		{full, []verifier.Finding{one(verifier.CheckProof, verifier.Warned, verifier.UnsupportedSuite), one(verifier.CheckIssuerTrust, verifier.Warned, verifier.TestIssuer)},
			"TEST: valid, but only a trial. The signature is good, but X (x.example) signs badges for trials only. It proves nothing about anybody."},
		{full, []verifier.Finding{one(verifier.CheckProof, verifier.Warned, verifier.UnsupportedSuite)},
			"Valid, with a remark. Ana Mora was awarded “A” by X (x.example) on 21 November 2026. Read the remark below before you rely on it."},
		{full, []verifier.Finding{one(verifier.CheckRevocation, verifier.Failed, verifier.Revoked), listed},
			"Revoked. X has withdrawn this badge, “A” for Ana Mora. Do not rely on it."},
		{full, []verifier.Finding{until}, "Expired. This badge of X (x.example), “A” for Ana Mora, held until 1 May 2027. Ask the holder for a renewed one."},
		{full, []verifier.Finding{one(verifier.CheckValidity, verifier.Failed, verifier.Expired)},
			"Expired. This badge of X (x.example), “A” for Ana Mora, held until 15 January 2028. Ask the holder for a renewed one."},
		{bare, []verifier.Finding{one(verifier.CheckValidity, verifier.Failed, verifier.Expired)},
			"Expired. The time of this badge is over. Ask the holder for a renewed one."},
		{full, []verifier.Finding{one(verifier.CheckValidity, verifier.Failed, verifier.NotYetValid)},
			"Not yet valid. This badge of X (x.example), “A” for Ana Mora, holds from 21 November 2026. Check it again then."},
		{full, []verifier.Finding{one(verifier.CheckProof, verifier.Failed, verifier.ProofInvalid)},
			"Changed after signing. What this document says is not what was signed, or another key signed it. Do not rely on it; ask the holder for the original."},
		{full, []verifier.Finding{one(verifier.CheckTerms, verifier.Failed, verifier.UndefinedTerm)},
			"Not valid. This document has parts that a signature does not cover. Do not rely on it; ask the issuer for a corrected one."},
		{full, []verifier.Finding{one(verifier.CheckRevocation, verifier.Unknown, verifier.StatusListUnreachable)},
			"Not fully checked. The signature is good, but we could not check whether this badge was withdrawn. Try again; do not rely on it yet."},
		{full, []verifier.Finding{one(verifier.CheckIssuerKey, verifier.Unknown, verifier.KeyUnreachable)},
			"Could not be checked. We could not reach the issuer’s key, so we cannot tell whether the signature is good. Try again; do not rely on this badge yet."},
		{full, []verifier.Finding{one("new_check", verifier.Failed, "new_code")},
			"Not valid. At least one check failed. Do not rely on this badge; ask the holder or the issuer."},
	} {
		p := catalog(t).For(i18n.English)
		if got := words.Summary(p, report(parse(t, tt.doc), tt.findings...)); got != tt.want {
			t.Errorf("got  %q\nwant %q", got, tt.want)
		}
	}
}

// TestKeyBehindProof: a proof that waits for a key is told by the key.
func TestKeyBehindProof(t *testing.T) {
	p := catalog(t).For(i18n.English)
	r := report(parse(t, full),
		verifier.Finding{Check: verifier.CheckProof, Outcome: verifier.Unknown, Code: verifier.NoKey},
		verifier.Finding{Check: verifier.CheckIssuerKey, Outcome: verifier.Unknown, Code: verifier.KeyUnreachable})
	if got := words.Summary(p, r); !strings.Contains(got, "reach the issuer’s key") {
		t.Errorf("says %q", got)
	}
}

func TestOfNothing(t *testing.T) {
	c := catalog(t)
	for _, lang := range c.Languages() {
		p := c.For(lang)
		r := new(verifier.Report)
		if got := words.Summary(p, r); !strings.HasPrefix(got, p.Text("headline.indeterminate", nil)) || strings.Contains(got, "{") {
			t.Errorf("%s: the empty report says %q", lang, got)
		}
		f := verifier.Finding{Check: "new_check", Code: "new_code"}
		if got, want := words.Sentence(p, r, f), p.Text("finding.unknown", nil); got != want {
			t.Errorf("%s: got %q, want %q", lang, got, want)
		}
	}
	if words.Proven(nil) || words.Proven(new(verifier.Report)) {
		t.Error("nothing is proven")
	}
}

func TestProven(t *testing.T) {
	doc := parse(t, full)
	if !words.Proven(report(doc)) {
		t.Error("a good badge is not proven")
	}
	if !words.Proven(report(doc, verifier.Finding{Check: verifier.CheckRevocation, Outcome: verifier.Failed, Code: verifier.Revoked})) {
		t.Error("a withdrawn badge is still the issuer's word")
	}
	for _, c := range []verifier.Check{verifier.CheckFormat, verifier.CheckTerms, verifier.CheckProof, verifier.CheckIssuerKey} {
		for _, o := range []verifier.Outcome{verifier.Failed, verifier.Unknown} {
			if words.Proven(report(doc, verifier.Finding{Check: c, Outcome: o})) {
				t.Errorf("proven although %s is %s", c, o)
			}
		}
	}
	r := report(doc)
	r.Document = nil
	if words.Proven(r) {
		t.Error("proven without a document")
	}
}

// TestUnprovenSummariesRepeatNothing: what no signature vouches for is not told
// as if it were so, whatever check decides.
func TestUnprovenSummariesRepeatNothing(t *testing.T) {
	c := catalog(t)
	doc := parse(t, full)
	for _, lang := range c.Languages() {
		p := c.For(lang)
		for _, f := range []verifier.Finding{
			{Check: verifier.CheckProof, Outcome: verifier.Failed, Code: verifier.ProofInvalid},
			{Check: verifier.CheckIssuerKey, Outcome: verifier.Unknown, Code: verifier.KeyUnreachable},
			{Check: verifier.CheckTerms, Outcome: verifier.Failed, Code: verifier.UndefinedTerm},
		} {
			for _, later := range []verifier.Finding{{Check: verifier.CheckValidity, Outcome: verifier.Failed, Code: verifier.Expired},
				{Check: verifier.CheckRevocation, Outcome: verifier.Failed, Code: verifier.Revoked}} {
				got := words.Summary(p, report(doc, f, later))
				if strings.Contains(got, "Ana") || strings.Contains(got, "2028") || strings.Contains(got, "{") {
					t.Errorf("%s: %s is open and the summary says %q", lang, f.Check, got)
				}
			}
		}
	}
}

func TestHostileNames(t *testing.T) {
	p := catalog(t).For(i18n.English)
	doc := parse(t, `{"issuer":{"id":"https://x.example","name":"E\u001b[31m\nvil\u202eX{Date}"},"validFrom":"2026-11-20T00:00:00Z",
		"credentialSubject":{"achievement":{"name":"`+strings.Repeat("A", 10000)+`"},"identifier":[{"hashed":false,"identityType":"name","identityHash":"`+strings.Repeat("N", 10000)+`"}]}}`)
	got := words.Summary(p, report(doc))
	if want := "by E[U+001B][31m vil[U+202E]X{Date} (x.example) on"; !strings.Contains(got, want) {
		t.Errorf("%q lacks %q", got, want)
	}
	if n := len([]rune(got)); n > 420 {
		t.Errorf("a summary of %d characters", n)
	}
}

func TestHost(t *testing.T) {
	for id, want := range map[string]string{
		"did:web:badges.example":                     "badges.example",
		"did:web:badges.example:issuers:a":           "badges.example",
		"did:web:badges.example%3A8443:issuers:a":    "badges.example:8443",
		"did:web:BADGES.example":                     "badges.example",
		"https://badges.example/issuers/a":           "badges.example",
		"https://badges.example:8443/issuers/a":      "badges.example:8443",
		"https://user@badges.example/":               "badges.example",
		"https://bücher.example/":                    "xn--bcher-kva.example",
		"https://аpple.example/":                     "xn--pple-43d.example",
		"did:key:z6Mk":                               "",
		"did:web:":                                   "",
		"did:web:a%2Fb":                              "",
		"did:web:%zz":                                "",
		"urn:uuid:1":                                 "",
		"javascript:alert(1)":                        "",
		"https://[::1]/":                             "",
		"https://exa mple/":                          "",
		"did:web:" + strings.Repeat("a.", 200) + "b": "",
		"": "",
	} {
		if got := words.Host(id); got != want {
			t.Errorf("Host(%q) = %q, want %q", id, got, want)
		}
	}
}

// TestHostsAreThoseOfIDNA: what is passed over because it looks plain is what the
// rules for names would have left as it is.
func TestHostsAreThoseOfIDNA(t *testing.T) {
	piece := rapid.SampledFrom([]string{"a", "z9", "0", "example", ".", ".", "-", "--", "xn--", "xn--bcher-kva", "ab--c", "A", "é", "\u05d0", "_", " "})
	plain := 0
	rapid.Check(t, func(t *rapid.T) {
		name := strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "")
		want, err := idna.Lookup.ToASCII(strings.TrimSuffix(name, "."))
		if err != nil {
			want = ""
		}
		if want == name && name != "" {
			plain++
		}
		if got := words.Host("did:web:" + name); got != want {
			t.Errorf("%q has the host %q, want %q", name, got, want)
		}
	})
	if plain == 0 {
		t.Error("no plain name was among them")
	}
}

func TestVisible(t *testing.T) {
	for in, want := range map[string]string{
		"plain":             "plain",
		"zwnj \u200c stays": "zwnj \u200c stays",
		"a\u202eb\u2066c":   "a[U+202E]b[U+2066]c",
		"a\x00b\x1bc\u0085": "a[U+0000]b[U+001B]c[U+0085]",
		"a\r\nb\tc\x7f":     "a\nb\tc[U+007F]",
		"a\r\nb":            "a\nb",
	} {
		if got := words.Visible(in); got != want {
			t.Errorf("Visible(%q) = %q, want %q", in, got, want)
		}
	}
	if got := words.Line(" a \n\t b ", 10); got != "a b" {
		t.Errorf("got %q", got)
	}
	if got := words.Line("abcdef", 4); got != "abc…" {
		t.Errorf("got %q", got)
	}
	if got := words.Line(strings.Repeat("é", 1<<20), 5); got != "éééé…" {
		t.Errorf("got %q", got)
	}
}

// TestLine holds texts that are one line already to what becomes of others.
func TestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune(" ab~\x7f\té"))).Draw(t, "text")
		n := rapid.IntRange(1, 12).Draw(t, "most")
		want := []rune(strings.Join(strings.Fields(words.Visible(s)), " "))
		if len(want) > n {
			want = append(want[:n-1], '…')
		}
		if got := words.Line(s, n); got != string(want) {
			t.Fatalf("Line(%q, %d) = %q, want %q", s, n, got, string(want))
		}
	})
}

// TestSummarySaysWhatToDo holds every summary of a badge that may not be relied
// on to naming a next step.
func TestSummarySaysWhatToDo(t *testing.T) {
	p := catalog(t).For(i18n.English)
	verbs := []string{"Ask", "ask", "Try", "Do not", "do not", "Check", "check", "judge"}
	for _, id := range p.IDs() {
		if !strings.HasPrefix(id, "summary.invalid") && !strings.HasPrefix(id, "summary.indeterminate") || id == "summary.invalid.recipient" {
			continue
		}
		text := p.Text(id, nil)
		if !slices.ContainsFunc(verbs, func(v string) bool { return strings.Contains(text, v) }) {
			t.Errorf("%s does not say what to do: %q", id, text)
		}
	}
}

// TestUnreadableEndorsement: nobody is named who could not be read.
func TestUnreadableEndorsement(t *testing.T) {
	for code, want := range map[verifier.Code]string{
		verifier.EndorsementInvalid: "An endorsement in it cannot be read. Do not count it.",
		verifier.EndorsementOpen:    "An endorsement in it could not be read. Do not count it yet.",
	} {
		f := verifier.Finding{Check: verifier.CheckEndorsement, Outcome: verifier.Warned, Code: code}
		if got := words.Sentence(catalog(t).For(i18n.English), nil, f); got != want {
			t.Errorf("%s: %q, want %q", code, got, want)
		}
	}
}

// TestStrangersAreToldByTheirHost in every language: who seems to be of the service
// that verifies is called what they call themselves, with their host or without.
func TestStrangersAreToldByTheirHost(t *testing.T) {
	c := catalog(t)
	for _, code := range []verifier.Code{verifier.BorrowedAchievement, verifier.BorrowedName} {
		f := verifier.Finding{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: code}
		for _, lang := range c.Languages() {
			p := c.For(lang)
			for document, host := range map[string]bool{full: true, strings.Replace(full, "did:web:x.example:issuers:a", "did:key:z6Mk", 1): false} {
				r := report(parse(t, document), f)
				// The other warning comes before it among the checks, and is not told first.
				r.Findings[2].Outcome, r.Findings[2].Code = verifier.Warned, verifier.UnsupportedSuite
				for _, said := range []string{words.Summary(p, r), words.Sentence(p, r, f)} {
					if !strings.Contains(said, "X") || strings.Contains(said, "x.example") != host || strings.Contains(said, "Ana Mora") {
						t.Errorf("%s, %s: %q", lang, code, said)
					}
				}
				if got := words.Summary(p, r); !strings.HasPrefix(got, p.Text("headline."+string(code), nil)) {
					t.Errorf("%s, %s: %q", lang, code, got)
				}
			}
		}
	}
	en := c.For(i18n.English)
	f := verifier.Finding{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.BorrowedAchievement}
	if got := words.Summary(en, report(parse(t, strings.Replace(full, "did:web:x.example:issuers:a", "did:key:z6Mk", 1)), f)); !strings.Contains(got, "somebody who goes by the name X and has no web address to judge by.") {
		t.Error(got)
	}
}

// TestTrialsAreNamedFirst in every language: the headline is one of its own, and
// the first sentences say whose trial it is.
func TestTrialsAreNamedFirst(t *testing.T) {
	c := catalog(t)
	trial := verifier.Finding{Check: verifier.CheckIssuerTrust, Outcome: verifier.Warned, Code: verifier.TestIssuer}
	other := verifier.Finding{Check: verifier.CheckProof, Outcome: verifier.Warned, Code: verifier.UnsupportedSuite}
	doc := parse(t, strings.Replace(full, `"name":"X"`, `"name":"[TEST] X"`, 1))
	for _, lang := range c.Languages() {
		p := c.For(lang)
		r := report(doc, trial)
		if words.Headline(p, r) == words.Headline(p, report(doc, other)) || words.Headline(p, r) == words.Headline(p, report(doc)) {
			t.Errorf("%s: the headline of a trial is that of others: %q", lang, words.Headline(p, r))
		}
		if got := words.Summary(p, r); !strings.Contains(got, "[TEST] X") || !strings.HasPrefix(got, words.Headline(p, r)) {
			t.Errorf("%s: %q", lang, got)
		}
	}
}
