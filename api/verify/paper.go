package verify

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"laurel/api/certificate"
	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/badge/card"
	"laurel/internal/qr"
	"laurel/internal/typeset"
	"laurel/issuer"
)

// Certificate answers GET /credentials/{id}.pdf: the badge on paper, with the signed
// bytes in the file.
func (h *Handler) Certificate(w http.ResponseWriter, r *http.Request) error {
	id, _, _ := strings.Cut(r.PathValue("id"), ".")
	sheet, rec, err := h.onPaper(w, r, id)
	if err != nil || rec == nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	raw, err := h.studio.Draw(r.Context(), drawn{"certificate", p.Lang(), sheet}, func(w io.Writer, fonts *typeset.Library) error {
		return certificate.Write(w, fonts, p, sheet)
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
	sheet, rec, err := h.onPaper(w, r, r.PathValue("id"))
	if err != nil || rec == nil {
		return err
	}
	p, page := wire.Printer(r, h.catalog), h.printPage(r, sheet, rec)
	h.neverKept(w)
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Print(w, p, page) })
}

func (h *Handler) printPage(r *http.Request, sheet certificate.Card, rec *issuer.Record) pages.PrintPage {
	path, this, other := "/credentials/"+rec.ID, "?paper=a4", "?paper=letter"
	letter := sheet.Paper == certificate.Letter
	if letter {
		this, other = other, this
	}
	page := pages.PrintPage{Frame: h.frame(), Face: sheet.Face, Letter: letter, QR: path + "/qr.svg"}
	page.Here = wire.Here(r)
	with, also := "&offline=1", ""
	if sheet.OfflineCard != "" {
		page.Card, page.Switch, also = path+"/card.svg", path+"/print"+this, with
	} else if h.hasCard(r, rec) {
		page.Switch = path + "/print" + this + with
	}
	page.PDF, page.Other = path+".pdf"+this+also, path+"/print"+other+also
	return page
}

// hasCard tells whether a second code can be had right now.
func (h *Handler) hasCard(r *http.Request, rec *issuer.Record) bool {
	text, err := h.issuer.CardMade(r.Context(), rec)
	if err == nil {
		_, err = CardAddress(h.baseURL, rec, text)
	}
	return err == nil
}

// CardAddress returns the address of a badge with its card behind it, as it stands
// in a code; issuer.ErrNoCard where no code could hold it.
func CardAddress(baseURL string, rec *issuer.Record, text string) (string, error) {
	address := card.Address(baseURL+"/v/"+rec.ID, text)
	if len(address) > qr.MaxText {
		return "", fmt.Errorf("%w: the address has %d bytes, and a code at most %d", issuer.ErrNoCard, len(address), qr.MaxText)
	}
	return address, nil
}

// offlineCard is what the second code holds where one is asked for with ?offline=1,
// else "". There is one for what has a code at /credentials/{id}/card.svg, and the
// errors are those of that.
func (h *Handler) offlineCard(r *http.Request, rec *issuer.Record) (string, error) {
	wanted, err := wire.Number(r.URL.Query(), "offline", 0, 0, 1)
	if err != nil || wanted == 0 {
		return "", err
	}
	text, err := h.issuer.Card(r.Context(), rec)
	if err != nil {
		return "", err
	}
	return CardAddress(h.baseURL, rec, text)
}

// onPaper is what is put on paper of a badge. For one that may not be, a person is
// led to its page, which says why (the record is then nil), and a program gets the
// error of package certificate, or that of the card which it asked for.
func (h *Handler) onPaper(w http.ResponseWriter, r *http.Request, id string) (certificate.Card, *issuer.Record, error) {
	paper, err := paperOf(r)
	if err != nil {
		return certificate.Card{}, nil, err
	}
	f, rec, err := h.faceOf(r, id)
	if err != nil {
		return certificate.Card{}, nil, err
	}
	standing := certificate.Check(f)
	if errors.Is(standing, certificate.ErrOutOfForce) && wire.Prefers(r, "text/html", "application/json") {
		h.leadTo(w, r, rec)
		return certificate.Card{}, nil, nil
	}
	offline, err := h.offlineCard(r, rec)
	if err == nil {
		err = standing
	}
	return certificate.Card{Face: f, Document: rec.Document, Paper: paper, OfflineCard: offline}, rec, err
}

// leadTo leads a browser to the page of a badge.
func (h *Handler) leadTo(w http.ResponseWriter, r *http.Request, rec *issuer.Record) {
	h.neverKept(w)
	to := "/credentials/" + rec.ID
	if r.URL.RawQuery != "" {
		query := r.URL.Query()
		query.Del("paper")
		query.Del("offline")
		to += "?" + query.Encode()
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
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
