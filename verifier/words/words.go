// Package words says what a verification found, in the language of the reader:
// the verdict in one line, and a sentence for each check.
//
// It decides nothing: it refuses to say more than the report found, and leaves
// a value out rather than guess it. Texts of strangers are tamed before they
// stand in a sentence, but they are plain text still, for the caller to escape.
//
// Start at Summary and Sentence.
package words

import (
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
)

// VerdictParam is the placeholder of a summary that holds its headline.
const VerdictParam = "Verdict"

// Headline returns the verdict in a word or two: "Valid", "Revoked".
func Headline(p *i18n.Printer, r *verifier.Report) string {
	return text(say(p, unsaid, []string{"headline", string(decisive(r).Code)}, []string{"headline", r.Verdict().String()}))
}

// unsaid is for messages that speak of no value.
func unsaid(string) string { return "" }

// Summary returns the whole answer in one line, which begins with the
// headline and, where the badge may not be relied on, says what to do.
func Summary(p *i18n.Printer, r *verifier.Report) string { return text(SummaryParts(p, r)) }

// SummaryParts returns Summary in parts.
func SummaryParts(p *i18n.Printer, r *verifier.Report) []i18n.Part {
	f, proven, verdict := decisive(r), Proven(r), r.Verdict().String()
	value := func(name string) string {
		switch {
		case name == VerdictParam:
			return Headline(p, r)
		case !proven && slices.Contains(claims, name): // nobody's word, so the answer does not repeat it
			return ""
		}
		return fact(p, r, f, name)
	}
	if len(r.Badges) > 0 { // none of which speaks for all
		return say(p, value, []string{"summary", verdict, string(verifier.SeveralBadges)})
	}
	return say(p, value, []string{"summary", verdict, string(f.Code)}, []string{"summary", verdict, string(f.Check)},
		[]string{"summary", verdict, lacking(value)}, []string{"summary", verdict})
}

// lacking names the summary for a badge that does not say whose it is, or on which
// day it was awarded; there is none by the name "", for a badge that lacks nothing
// or too much.
func lacking(value func(name string) string) string {
	switch {
	case value("Achievement") == "":
	case value("Name") == "":
		return "unnamed"
	case value("Date") == "" && value("ValidFrom") != "":
		return "since"
	}
	return ""
}

// claims are the values of a summary that the document itself states.
var claims = []string{"Name", "Achievement", "Date", "ValidFrom", "ValidUntil"}

// decisive is the finding that the report names as such, and behind a proof
// that waits for its key, what became of the key.
func decisive(r *verifier.Report) verifier.Finding {
	f := r.Decisive()
	if f.Code == verifier.NoKey {
		return r.Finding(verifier.CheckIssuerKey)
	}
	return f
}

// Title returns what a check is called.
func Title(p *i18n.Printer, c verifier.Check) string { return p.Text("check."+string(c)+".title", nil) }

// Result returns the outcome of a check in a word or two: "Passed". What was
// left alone because of an earlier answer is told from what was not needed.
func Result(p *i18n.Printer, f verifier.Finding) string {
	if f.Code == verifier.NotRun {
		return p.Text("outcome.not_run", nil)
	}
	return p.Text("outcome."+f.Outcome.String(), nil)
}

// Sentence returns what one check of a report found.
func Sentence(p *i18n.Printer, r *verifier.Report, f verifier.Finding) string {
	return text(SentenceParts(p, r, f))
}

// SentenceParts returns Sentence in parts. A code that weighs more in one
// outcome than in another may have a sentence for it; a finding without any of
// its own gets the general one of its outcome.
func SentenceParts(p *i18n.Printer, r *verifier.Report, f verifier.Finding) []i18n.Part {
	check, code, outcome := string(f.Check), string(f.Code), f.Outcome.String()
	return say(p, func(name string) string { return fact(p, r, f, name) },
		[]string{"check", check, code, outcome}, []string{"check", check, code}, []string{"check.any", code}, []string{"finding", outcome})
}

// say takes the first message that there is, and of a message whose values are
// not all known the bare form, which does without them.
func say(p *i18n.Printer, value func(name string) string, ids ...[]string) []i18n.Part {
	for _, id := range ids {
		m := p.Find(id...)
		if m == nil {
			continue
		}
		parts := m.With(value)
		if slices.ContainsFunc(parts, func(part i18n.Part) bool { return part.Param != "" && part.Text == "" }) {
			if bare := p.Find(append(id, "bare")...); bare != nil {
				parts = bare.With(value)
			}
		}
		return parts
	}
	return nil
}

func text(parts []i18n.Part) string {
	if len(parts) == 1 { // as most have
		return parts[0].Text
	}
	var s strings.Builder
	for _, part := range parts {
		s.WriteString(part.Text)
	}
	return s.String()
}

// Proven reports whether what the document says is the word of its issuer:
// its signature and key held, and nothing in it escapes the signature. The
// verdict can still be against it, as for a withdrawn badge.
func Proven(r *verifier.Report) bool {
	if r == nil || r.Document == nil {
		return false
	}
	for _, c := range []verifier.Check{verifier.CheckProof, verifier.CheckIssuerKey} {
		if o := r.Finding(c).Outcome; o != verifier.Passed && o != verifier.Warned {
			return false
		}
	}
	for _, f := range r.Findings {
		if f.Check != verifier.CheckFormat && f.Check != verifier.CheckTerms {
			continue
		}
		if f.Outcome == verifier.Failed || f.Outcome == verifier.Unknown {
			return false
		}
	}
	return true
}

// longest is how many characters of a name a sentence takes.
const longest = 120

// fact is a value that sentences may speak of; "" for what the document does not
// say. Issuer always has one.
func fact(p *i18n.Printer, r *verifier.Report, f verifier.Finding, name string) string {
	switch name {
	case "List", "Address", "Holder":
		return Line(f.Params[strings.ToLower(name)], longest)
	case "Message":
		return Line(f.Params["message"], 3*longest)
	case "Part":
		return Line(f.Params[verifier.ParamPart], longest)
	case "Last":
		return last(p, f)
	case "ListEnd":
		return date(p, f.Params["until"])
	}
	if r == nil || r.Document == nil {
		return ""
	}
	return claim(p, r, f, name)
}

// claim is what the document itself states.
func claim(p *i18n.Printer, r *verifier.Report, f verifier.Finding, name string) string {
	d := r.Document
	issuer := d.View().Issuer
	switch name {
	case "Name":
		return Name(Holder(d), longest)
	case "Date":
		return date(p, Awarded(d))
	case "ValidFrom":
		from := first(f.Params["from"], d.ValidFrom())
		if f.Code == verifier.NotYetValid {
			return Moment(p, from, r.CheckedAt)
		}
		return date(p, from) // since when it holds is a day
	case "ValidUntil":
		return Moment(p, first(f.Params["until"], d.ValidUntil()), r.CheckedAt)
	case "Achievement":
		if a := achievement(d); a != nil {
			return Name(a.Name, longest)
		}
	case "Issuer":
		if issuer == nil {
			return "–"
		}
		return issuerName(p, r, issuer)
	case "Host":
		if issuer != nil {
			return Host(issuer.ID)
		}
	}
	return ""
}

// lastWords are what a status list said when it could be had last.
var lastWords = map[string]string{
	"not_revoked":          "last.not_revoked",
	"not_revoked_unsigned": "last.not_revoked",
	"revoked":              "last.revoked",
	"not_suspended":        "last.not_suspended",
	"suspended":            "last.suspended",
}

// listedWords are what a status list says that has ended since.
var listedWords = map[string]string{
	"not_revoked":   "listed.not_revoked",
	"revoked":       "listed.revoked",
	"not_suspended": "listed.not_suspended",
	"suspended":     "listed.suspended",
}

// last says what was known before a list could not be had any more, "" for
// nothing.
func last(p *i18n.Printer, f verifier.Finding) string {
	if id := listedWords[f.Params["last"]]; f.Code == verifier.StatusListExpired && id != "" {
		return p.Text(id, nil)
	}
	on := date(p, f.Params["lastAt"])
	id := lastWords[f.Params["last"]]
	if on == "" || id == "" {
		return ""
	}
	return p.Text(id, i18n.Params{"LastDate": on})
}

// issuerName is the issuer's own word; for one that nobody we know vouches
// for, the host that its key belongs to stands beside it.
func issuerName(p *i18n.Printer, r *verifier.Report, issuer *badge.Profile) string {
	host := Host(issuer.ID)
	name := Name(first(issuer.Name, host, issuer.ID, "–"), longest)
	if host == "" || host == name || r.Finding(verifier.CheckIssuerTrust).Code == verifier.IssuerListed {
		return name
	}
	return p.Text("issuer.at", i18n.Params{"Issuer": name, "Host": host})
}

// Moment returns the day of a date-time, and on the day of a check its time too:
// what begins or ends on that day is in force for a part of it. It is "" for a text
// that is no date-time.
func Moment(p *i18n.Printer, s string, checked time.Time) string {
	at, err := badge.ParseTime(s)
	if err == nil && at.UTC().Format(time.DateOnly) == checked.UTC().Format(time.DateOnly) {
		return p.DateTime(at)
	}
	return date(p, s)
}

func date(p *i18n.Printer, s string) string {
	at, err := badge.ParseTime(s)
	if err != nil {
		return ""
	}
	return p.Date(at)
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
