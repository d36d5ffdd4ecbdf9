package pages

import (
	"io"
	"time"

	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/verifier"
	"laurel/verifier/words"
)

// ClaimPage is a badge for its holder alone, who may hide it and show it.
type ClaimPage struct {
	Frame
	Report   *verifier.Report
	HiddenAt time.Time // zero while it is shown
	Action   string    // address of the page; those of its forms and of its file begin with it
	Links    Links     // of the badge, which lead nowhere while it is hidden
	Sharing  *Sharing  // nil while it is hidden
}

type claimView struct {
	view
	Verdict, Glyph, Word string
	Said                 []i18n.Part
	Name                 string // of the achievement; "" where it is not proven
	Hidden               bool
	Since                string
	Action               string
	Links                Links
	Downloads            []download
	Sharing              *sharingView
}

// Claim writes the holder's page.
func (s *Pages) Claim(w io.Writer, p *i18n.Printer, page ClaimPage) error {
	r := page.Report
	v := claimView{view: s.view(p, page.Frame, p.Text("claim.title", nil)), Verdict: r.Verdict().String(), Glyph: glyph(r.Verdict()),
		Hidden: !page.HiddenAt.IsZero(), Since: p.DateTime(page.HiddenAt), Action: page.Action}
	v.Word, v.Said = setOff(words.SummaryParts(p, r))
	if subject := subjectOf(r); subject != nil && subject.Achievement != nil && words.Proven(r) {
		v.Name = words.Name(subject.Achievement.Name, 200)
	}
	v.Downloads = []download{{page.Action + "/credential.json", v.T("page.copies.json")}}
	if !v.Hidden {
		v.Links, v.Sharing = page.Links, sharingOf(p, face.Of(p, r, face.Beside{}), page.Links, page.Sharing)
		v.Downloads = append(v.Downloads, download{page.Links.PNG, v.T("page.copies.png")}, download{page.Links.SVG, v.T("page.copies.svg")})
		if page.Links.PDF != "" {
			v.Downloads = append(v.Downloads, download{v.Local(page.Links.PDF), v.T("page.copies.pdf")})
		}
	}
	return s.write(w, "claim", v)
}
