package share

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"laurel/api/face"
	"laurel/api/pages"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/internal/i18n"
	"laurel/issuer"
	"laurel/verifier"
)

// framed is the policy of the one view that pages of other sites may frame.
// Nothing can be clicked in it but the way out to the whole page.
const framed = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; frame-ancestors *; base-uri 'none'"

// Embed answers GET /credentials/{id}/embed: how a badge stands now, in a frame;
// with ?edition= an earlier edition of it.
func (h *Handler) Embed(w http.ResponseWriter, r *http.Request) error {
	edition, err := editionIn(r.URL.Query())
	if err != nil {
		return err
	}
	rec, report, err := h.shown(r, r.PathValue("id"), edition)
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	address := h.issuer.CredentialURL(rec.ID) + verify.EditionQuery(rec)
	page := pages.EmbedPage{Frame: pages.Frame{Host: h.host, Canonical: address}, Report: report,
		Page: address, Image: "/achievements/" + rec.SignedAchievement() + "/image.png"}
	w.Header().Set("Content-Security-Policy", framed)
	w.Header().Set("Cache-Control", wire.NoStore)
	wire.Vary(w, "Accept-Language")
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Embed(w, p, page) })
}

// editionIn is the edition that an address of ours asks for; 0 for the current one.
func editionIn(q url.Values) (int, error) {
	return wire.Number(q, "edition", 0, 1, issuer.MaxEdition)
}

// shown is an edition of a badge that may be shown to everybody, verified now.
func (h *Handler) shown(r *http.Request, id string, edition int) (*issuer.Record, *verifier.Report, error) {
	if err := h.desk.Admit(r); err != nil {
		return nil, nil, err
	}
	rec, err := h.issuer.PublicEdition(r.Context(), id, edition)
	if err != nil {
		return nil, nil, err
	}
	report, err := h.report(r, rec)
	return rec, report, err
}

// embedBody is how another site shows a badge (oEmbed 1.0).
type embedBody struct {
	Version      string `json:"version"`
	Type         string `json:"type"`
	Title        string `json:"title"`
	AuthorName   string `json:"author_name,omitempty"`
	ProviderName string `json:"provider_name"`
	ProviderURL  string `json:"provider_url"`
	HTML         string `json:"html"`
	Width        int    `json:"width"`
	Height       int    `json:"height"`
}

// OEmbed answers GET /oembed?url=, for sites that make a frame of a link.
func (h *Handler) OEmbed(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "url", "format", "maxwidth", "maxheight")
	if err != nil {
		return err
	}
	if format := q.Get("format"); format != "" && format != "json" {
		return &wire.Fault{Code: wire.FormatNotOffered, Detail: "This is told as JSON alone. Give format=json, or leave it out."}
	}
	id, edition, err := h.badgeAt(r, q.Get("url"))
	if err != nil {
		return err
	}
	rec, report, err := h.shown(r, id, edition)
	if err != nil {
		return err
	}
	f := face.Of(h.catalog.For(i18n.English), report, face.Beside{})
	body := embedBody{Version: "1.0", Type: "rich", Title: f.Headline, ProviderName: "Laurel", ProviderURL: h.baseURL,
		Width: pages.EmbedWidth, Height: pages.EmbedHeight}
	if f.Holds() {
		body.Title, body.AuthorName = f.Signed.Title, f.Signed.Issuer
	}
	body.HTML = pages.IFrame(h.issuer.CredentialURL(rec.ID)+"/embed"+verify.EditionQuery(rec), body.Title)
	w.Header().Set("Cache-Control", wire.NoStore)
	return wire.WriteJSON(w, http.StatusOK, body)
}

// badgeAt is the id and the edition of the badge whose page stands at an address of
// ours.
func (h *Handler) badgeAt(r *http.Request, address string) (id string, edition int, err error) {
	u, err := url.Parse(address)
	if address == "" || err != nil {
		return "", 0, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter url is the address of a badge of this service."}
	}
	if u.User != nil || u.Scheme+"://"+strings.ToLower(u.Host) != h.baseURL {
		return "", 0, issuer.ErrNotFound
	}
	if edition, err = editionIn(u.Query()); err != nil {
		return "", 0, err
	}
	for _, folder := range []string{"/credentials/", "/v/"} {
		id, ok := strings.CutPrefix(u.Path, folder)
		if ok && folder == "/v/" && issuer.IsPrintedCode(id) {
			id, err = h.issuer.ByPrintedCode(r.Context(), id)
		}
		if ok {
			return id, edition, err
		}
	}
	return "", 0, issuer.ErrNotFound
}
