package verify

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"laurel/api/certificate"
	"laurel/api/face"
	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/internal/typeset"
	"laurel/issuer"
)

// Certificate answers GET /credentials/{id}.pdf: the badge on paper, with the signed
// bytes in the file.
func (h *Handler) Certificate(w http.ResponseWriter, r *http.Request) error {
	id, _, _ := strings.Cut(r.PathValue("id"), ".")
	paper, err := paperOf(r)
	if err != nil {
		return err
	}
	f, rec, err := h.onPaper(w, r, id)
	if err != nil || rec == nil {
		return err
	}
	p, card := wire.Printer(r, h.catalog), certificate.Card{Face: f, Document: rec.Document, Paper: paper}
	raw, err := h.studio.Draw(r.Context(), drawn{"certificate", p.Lang(), card}, func(w io.Writer, fonts *typeset.Library) error {
		return certificate.Write(w, fonts, p, card)
	})
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept-Language")
	w.Header().Set("Content-Disposition", `inline; filename="`+rec.ID+`.pdf"`)
	w.Header().Set("Content-Language", p.Lang())
	wire.ServeCached(w, r, "application/pdf", wire.Revalidate, raw)
	return nil
}

// drawn is all that a certificate depends on.
type drawn struct {
	Kind, Lang string
	Card       certificate.Card
}

// Print answers GET /credentials/{id}/print: a page that prints the same.
func (h *Handler) Print(w http.ResponseWriter, r *http.Request) error {
	paper, err := paperOf(r)
	if err != nil {
		return err
	}
	f, rec, err := h.onPaper(w, r, r.PathValue("id"))
	if err != nil || rec == nil {
		return err
	}
	p, path := wire.Printer(r, h.catalog), "/credentials/"+rec.ID
	page := pages.PrintPage{Frame: pages.Frame{Host: h.host}, Face: f, Letter: paper == certificate.Letter, QR: path + "/qr.svg",
		PDF: path + ".pdf?paper=a4", Other: path + "/print?paper=letter"}
	if page.Letter {
		page.PDF, page.Other = path+".pdf?paper=letter", path+"/print?paper=a4"
	}
	h.neverKept(w)
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Print(w, p, page) })
}

// onPaper is the face of a badge that may be put on paper. For one that may not, a
// person is led to its page, which says why (the record is then nil), and a program
// gets the error of package certificate.
func (h *Handler) onPaper(w http.ResponseWriter, r *http.Request, id string) (face.Face, *issuer.Record, error) {
	f, rec, err := h.faceOf(r, id)
	if err != nil {
		return f, nil, err
	}
	err = certificate.Check(f)
	if err == nil || !errors.Is(err, certificate.ErrOutOfForce) || !wire.Prefers(r, "text/html", "application/json") {
		return f, rec, err
	}
	h.neverKept(w)
	to := "/credentials/" + rec.ID
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		query.Del("paper")
		to += "?" + query.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return f, nil, nil
}

// letterLands are where paper is cut to Letter, after CLDR; everywhere else it is
// A4.
var letterLands = []string{"BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE"}

// maxTag is how much of a language tag is looked at (RFC 5646 section 4.4.1).
const maxTag = 35

// paperOf is the paper that a reader asks for with ?paper=, else that of the land
// which their browser names first.
func paperOf(r *http.Request) (certificate.Paper, error) {
	switch r.URL.Query().Get("paper") {
	case "a4":
		return certificate.A4, nil
	case "letter":
		return certificate.Letter, nil
	case "":
	default:
		return 0, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter paper is a4 or letter."}
	}
	first, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ",")
	first, _, _ = strings.Cut(first, ";")
	if tag, err := language.Parse(strings.TrimSpace(first[:min(len(first), maxTag)])); err == nil {
		if region, sure := tag.Region(); sure == language.Exact && slices.Contains(letterLands, region.String()) {
			return certificate.Letter, nil
		}
	}
	return certificate.A4, nil
}
