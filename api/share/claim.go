package share

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"laurel/api/pages"
	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/issuer"
	"laurel/verifier"
)

// claimBody is a badge as its holder's programs see it.
type claimBody struct {
	ID           string        `json:"id"`
	CredentialID string        `json:"credentialId"`
	VerifyURL    string        `json:"verifyUrl"`
	Status       issuer.Status `json:"status"`
	Hidden       bool          `json:"hidden"`
	HiddenAt     *string       `json:"hiddenAt"`
}

// Claim answers GET /c/{claim}: the holder's page of a badge, hidden or not. It
// changes nothing.
func (h *Handler) Claim(w http.ResponseWriter, r *http.Request) error {
	if err := h.desk.Admit(r); err != nil {
		return err
	}
	rec, err := h.issuer.Claimed(r.Context(), r.PathValue("claim"))
	if err != nil {
		return err
	}
	if asksForJSON(w, r) {
		return h.tell(w, rec)
	}
	return h.page(w, r, rec)
}

// asksForJSON also says what the answer depends on, and that nobody keeps it.
func asksForJSON(w http.ResponseWriter, r *http.Request) bool {
	w.Header().Set("Cache-Control", wire.NoStore)
	wire.Vary(w, "Accept", "Accept-Language")
	return wire.Negotiate(r, "text/html", "application/json") == "application/json"
}

func (h *Handler) tell(w http.ResponseWriter, rec *issuer.Record) error {
	body := claimBody{ID: rec.ID, CredentialID: h.issuer.CredentialURL(rec.ID), VerifyURL: h.baseURL + "/v/" + rec.ID,
		Status: rec.Status, Hidden: !rec.HiddenAt.IsZero()}
	if body.Hidden {
		since := badge.FormatTime(rec.HiddenAt)
		body.HiddenAt = &since
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

func (h *Handler) page(w http.ResponseWriter, r *http.Request, rec *issuer.Record) error {
	report, err := h.report(r, rec)
	if err != nil {
		return err
	}
	p := wire.Printer(r, h.catalog)
	path := "/credentials/" + rec.ID
	page := pages.ClaimPage{Frame: pages.Frame{Host: h.host, Languages: h.catalog.Languages()}, Report: report,
		HiddenAt: rec.HiddenAt, Action: "/c/" + r.PathValue("claim"),
		Links: pages.Links{Page: h.baseURL + path, Verify: h.baseURL + "/v/" + rec.ID, JSON: path + ".json", JWT: path + ".jwt",
			PNG: path + ".png", SVG: path + ".svg", QRSVG: path + "/qr.svg"}}
	if rec.Status == issuer.Active {
		page.Links.PDF = path + ".pdf" // of what is out of force there is none
	}
	if rec.HiddenAt.IsZero() {
		profile, err := h.issuer.Profile(r.Context(), rec.Issuer)
		if err != nil {
			return err
		}
		page.Sharing = verify.SharingOf(h.baseURL, rec, profile)
	}
	return wire.WritePage(w, p, http.StatusOK, func(w io.Writer) error { return h.pages.Claim(w, p, page) })
}

// report verifies a badge as it stands now.
func (h *Handler) report(r *http.Request, rec *issuer.Record) (*verifier.Report, error) {
	sub, err := verifier.Open(rec.Document)
	if err != nil {
		// A fault of ours, so it must not pass for one of the caller's.
		return nil, fmt.Errorf("reading credential %s as stored: %s", rec.ID, err.Error())
	}
	return h.desk.Report(r.Context(), sub, verifier.Options{})
}

// Credential answers GET /c/{claim}/credential.json: the signed badge, for a
// holder who hides it from everybody else.
func (h *Handler) Credential(w http.ResponseWriter, r *http.Request) error {
	rec, err := h.issuer.Claimed(r.Context(), r.PathValue("claim"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", rec.ID+".json"))
	w.Header().Set("Cache-Control", wire.NoStore)
	wire.WriteBytes(w, "application/vc", http.StatusOK, rec.Document)
	return nil
}

// Hide answers POST /c/{claim}/hide. What is so already stays so.
func (h *Handler) Hide(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "hide", h.issuer.Hide)
}

// Show answers POST /c/{claim}/show.
func (h *Handler) Show(w http.ResponseWriter, r *http.Request) error {
	return h.change(w, r, "show", h.issuer.Show)
}

// change answers a form with its page anew, so that going back does not send it
// again, and a program with the badge as it is now. There is nothing in a body
// that counts, so none is read.
func (h *Handler) change(w http.ResponseWriter, r *http.Request, what string,
	change func(ctx context.Context, claim string, idem *issuer.Idempotency) (*issuer.Issued, error)) error {
	if err := h.ourOwn(r); err != nil {
		return err
	}
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	claim := r.PathValue("claim")
	var idem *issuer.Idempotency
	if key != "" {
		idem = &issuer.Idempotency{Scope: "holder " + what + " " + claim, Key: key}
	}
	done, err := change(r.Context(), claim, idem)
	if err != nil {
		return err
	}
	if asksForJSON(w, r) {
		if done.Replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		return h.tell(w, done.Record)
	}
	back := url.URL{Path: "/c/" + claim}
	if lang := r.URL.Query().Get("lang"); lang != "" {
		back.RawQuery = url.Values{"lang": {lang}}.Encode()
	}
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// ourOwn refuses a form that a page of another site has sent: browsers say where
// it comes from, and programs say nothing. Our pages tell nobody their address
// (no-referrer), so where a browser has no Sec-Fetch-Site to say, which is over
// plain http or before 2023, the origin of their forms is null.
func (h *Handler) ourOwn(r *http.Request) error {
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "null" {
		return nil
	}
	if err := h.crossing.Check(r); err != nil {
		return &wire.Fault{Code: wire.CrossSite, Detail: "This was sent by a page of another site, and nothing was done. Open the page here yourself and do it there."}
	}
	return nil
}
