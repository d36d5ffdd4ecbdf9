package pages

import (
	"slices"

	"laurel/badge"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// Endorsement is somebody's word that stands beside what a page shows, and what
// was found about it now.
type Endorsement struct {
	By       string // name of an endorser that the operator has listed; "" for an unverified party
	URL      string // their page; "" for none
	Signed   string // address of the signed bytes on this host
	Comment  string // as signed
	Verified verifier.Endorsement
}

// besideView is an endorsement as the pages show it.
type besideView struct {
	Outcome, Comment, URL, Signed string
	Title                         []i18n.Part
	Result                        string
}

// beside says what stands beside a page's subject, but for what is in the badge
// itself and shown there. What was withdrawn is not current.
func beside(p *i18n.Printer, list []Endorsement, embedded []verifier.Endorsement) []besideView {
	var out []besideView
	for _, e := range list {
		if e.Verified.Finding.Code == verifier.EndorsementWithdrawn || carries(embedded, e.Verified.Report) {
			continue
		}
		out = append(out, besideOf(p, e))
	}
	return out
}

func carries(embedded []verifier.Endorsement, r *verifier.Report) bool {
	return r != nil && r.Document != nil && slices.ContainsFunc(embedded, func(e verifier.Endorsement) bool {
		return e.Report != nil && sameID(e.Report.Document, r.Document)
	})
}

func sameID(a, b *badge.Document) bool {
	id := b.Root().Get("id").Text()
	return a != nil && id != "" && a.Root().Get("id").Text() == id
}

// besideWords are the results that are told apart; all others are one.
var besideWords = map[verifier.Code]string{
	verifier.EndorsementHolds:    "page.endorsed.holds",
	verifier.EndorsementExpired:  "page.endorsed.expired",
	verifier.EndorsementKeyEnded: "page.endorsed.key",
	verifier.EndorsementOpen:     "page.endorsed.open",
}

// besideOf names an endorser only where the operator knows it and its signature
// holds. A party that nobody has listed is shown as that, whatever it calls
// itself.
func besideOf(p *i18n.Printer, e Endorsement) besideView {
	code := e.Verified.Finding.Code
	holds := code == verifier.EndorsementHolds
	v := besideView{Outcome: "warn", Signed: e.Signed}
	result := besideWords[code]
	switch {
	case result == "":
		result = "page.endorsed.bad"
	case holds && e.Verified.Finding.Outcome == verifier.Warned:
		result = "page.endorsed.recorded"
	case code == verifier.EndorsementOpen || holds && e.By == "":
		v.Outcome = "unknown"
	case holds:
		v.Outcome = "pass"
	}
	title, by := "page.endorsed.unconfirmed", words.Name(e.By, 300)
	if proven := words.Proven(e.Verified.Report) && (holds || code == verifier.EndorsementExpired); proven {
		v.Comment = words.Line(e.Comment, 1000)
		if by != "" {
			v.URL = e.URL
		}
		switch {
		case by == "":
			title = "page.endorsed.unverified"
		case holds:
			title = "page.endorsed.by"
		default:
			title = "page.endorsed.once"
		}
	}
	if title == "page.endorsed.unverified" && holds {
		result = "page.endorsed.party"
	}
	v.Title, v.Result = p.Parts(title, i18n.Params{"Endorser": by}), p.Text(result, nil)
	return v
}
