package pages

import (
	"bytes"
	_ "embed" // the style sheet
	"io"
	"time"

	"laurel/api/face"
	"laurel/internal/i18n"
	"laurel/verifier/words"
)

//go:embed assets/print.css
var printSheet []byte

// PrintSheet returns the style sheet of the page for printing (text/css), and its
// name below AssetPath. The name changes with the content.
func (s *Pages) PrintSheet() (name string, css []byte) {
	return hashed("print", ".css", printSheet), bytes.Clone(printSheet)
}

// PrintPage is a badge as it is printed on one sheet. What may not be put on paper
// is for its caller to know.
type PrintPage struct {
	Frame
	Face   face.Face
	Letter bool   // the paper; else A4
	QR     string // address of the QR code on this host, an SVG
	Card   string // address of the code for checks without a network, an SVG; "" for none
	PDF    string // address of the same as a file; "" for none
	Other  string // address of this page for the other paper
	Switch string // address of this page with that code, or where it has it without; "" for none
}

type printView struct {
	view
	PrintPage
	SheetHref string
	State     string
	Facts     []string
	Fine      [][]i18n.Part
	SignedTag string // of the language of what is signed
}

// Print writes the page that prints a badge on one sheet: the same as the
// certificate.
func (s *Pages) Print(w io.Writer, p *i18n.Printer, page PrintPage) error {
	signed := page.Face.Signed
	sheet, _ := s.PrintSheet()
	v := printView{view: s.view(p, page.Frame, words.Name(signed.Title, 120)), PrintPage: page, SheetHref: AssetPath + sheet,
		Facts: page.Face.Facts(p), Fine: fine(p, page), SignedTag: signed.Language}
	if !page.Face.Holds() {
		v.State = page.Face.Standing(p)
	}
	return s.write(w, "print", v)
}

// OtherPaper is the name of the paper that Other is for.
func (p PrintPage) OtherPaper() string {
	if p.Letter {
		return "A4"
	}
	return "Letter"
}

// fine says what a print is worth by itself. Names are set apart from the words
// around them.
func fine(p *i18n.Printer, page PrintPage) [][]i18n.Part {
	f := page.Face
	out := [][]i18n.Part{p.Parts("certificate.proves", i18n.Params{"Host": f.Beside.Host})}
	if at := f.Signed.At; !at.IsZero() {
		out = append(out, signedOn(p, f, at))
	}
	if page.Card != "" {
		out = append(out, p.Parts("certificate.offline.about", nil))
	}
	if lang := f.Signed.Language; lang != "" && lang != p.Lang() {
		out = append(out, p.Parts("certificate.language", i18n.Params{"Language": words.Line(p.LanguageName(lang), 60)}))
	}
	return out
}

func signedOn(p *i18n.Printer, f face.Face, at time.Time) []i18n.Part {
	return p.Parts("certificate.signed", i18n.Params{"Date": p.Date(at), "Issuer": f.Signed.By()})
}
