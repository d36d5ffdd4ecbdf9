package public

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"laurel/api/limit"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/badge/bake"
	"laurel/internal/qr"
	"laurel/issuer"
)

const (
	notReadyPause = 5 * time.Second
	pictureAge    = 24 * time.Hour
)

// forms of a credential by media type; the first is what a caller gets who
// says nothing, or nothing that we have.
var (
	jsonForms = []string{"application/vc", "application/json", "application/ld+json"}
	jwtForms  = []string{"application/vc+jwt", "application/jwt", "text/plain"}
)

// Credential answers GET /credentials/{id}: the badge, in the form that the
// caller prefers or the suffix names.
func (h *Handler) Credential(w http.ResponseWriter, r *http.Request) error {
	id, suffix, named := strings.Cut(r.PathValue("id"), ".")
	wire.Vary(w, "Accept")
	if !named {
		return h.negotiated(w, r, id)
	}
	switch suffix {
	case "json":
		return h.document(w, r, id, wire.Negotiate(r, jsonForms...))
	case "jwt":
		return h.token(w, r, id, wire.Negotiate(r, jwtForms...))
	case "png", "svg":
		return h.baked(w, r, id, suffix)
	case "txt":
		return h.plain(w, r)
	case "pdf":
		return h.paper(w, r)
	}
	return issuer.ErrNotFound
}

func (h *Handler) negotiated(w http.ResponseWriter, r *http.Request, id string) error {
	offers := append([]string{}, jsonForms...)
	offers = append(offers, "application/vc+jwt", "application/jwt", "text/html", "text/plain")
	switch form := wire.Negotiate(r, offers...); form {
	case "text/html":
		return h.badge(w, r)
	case "text/plain":
		return h.plain(w, r)
	case "application/vc+jwt", "application/jwt":
		return h.token(w, r, id, form)
	default:
		return h.document(w, r, id, form)
	}
}

// record reads what an id stands for: the current edition, or with ?edition= an
// earlier one that may be shown.
func (h *Handler) record(r *http.Request, id string) (*issuer.Record, error) {
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	n, err := wire.Number(r.URL.Query(), "edition", 0, 1, issuer.MaxEdition)
	if err != nil {
		return nil, err
	}
	return h.issuer.PublicEdition(r.Context(), id, n)
}

func (h *Handler) document(w http.ResponseWriter, r *http.Request, id, mediaType string) error {
	rec, err := h.record(r, id)
	if err != nil {
		return err
	}
	name(w, id, "json")
	wire.ServeCached(w, r, mediaType, wire.Revalidate, rec.Document)
	return nil
}

func (h *Handler) token(w http.ResponseWriter, r *http.Request, id, mediaType string) error {
	rec, err := h.record(r, id)
	if err != nil {
		return err
	}
	jwt, err := h.issuer.JWT(r.Context(), rec)
	if err != nil {
		return err
	}
	name(w, id, "jwt")
	wire.ServeCached(w, r, mediaType, wire.Revalidate, jwt)
	return nil
}

// baked answers with the picture of the achievement and the badge in it (OB 3.0
// section 5.3).
func (h *Handler) baked(w http.ResponseWriter, r *http.Request, id, suffix string) error {
	rec, err := h.record(r, id)
	if err != nil {
		return err
	}
	d, err := h.definitionOf(r.Context(), rec.SignedAchievement())
	if err != nil {
		return fmt.Errorf("reading the achievement of credential %s: %w", rec.ID, err)
	}
	picture, err := h.pictured(r.Context(), d, suffix == "svg")
	if err != nil {
		return err
	}
	doc, err := badge.Parse(rec.Document)
	if err != nil {
		// A fault of ours, so it must not pass for one of the caller's.
		return fmt.Errorf("reading credential %s as stored: %s", rec.ID, err.Error())
	}
	if err := limit.Await(r.Context()); err != nil {
		return err
	}
	raw, err := bake.Embed(picture, doc)
	if err != nil {
		return fmt.Errorf("baking credential %s: %w", rec.ID, err)
	}
	name(w, id, suffix)
	wire.ServeCached(w, r, pictureForms[suffix], wire.Revalidate, raw)
	return nil
}

// pictureForms are the media types of baked badges by suffix.
var pictureForms = map[string]string{"png": "image/png", "svg": "image/svg+xml"}

// name is what a browser calls the file when it keeps it.
func name(w http.ResponseWriter, id, suffix string) {
	w.Header().Set("Content-Disposition", `inline; filename="`+id+"."+suffix+`"`)
}

// QRPNG answers GET /credentials/{id}/qr.png.
func (h *Handler) QRPNG(w http.ResponseWriter, r *http.Request) error {
	return h.codePNG(w, r, h.verified)
}

// QRSVG answers GET /credentials/{id}/qr.svg.
func (h *Handler) QRSVG(w http.ResponseWriter, r *http.Request) error {
	return h.code(w, r, "image/svg+xml", h.verified, qr.SVG)
}

// verified is the address where one of our badges is verified. It is one for all
// editions.
func (h *Handler) verified(_ context.Context, rec *issuer.Record) (string, error) {
	return h.baseURL + "/v/" + rec.ID, nil
}

// address is what a code of a badge holds.
type address func(context.Context, *issuer.Record) (string, error)

func (h *Handler) codePNG(w http.ResponseWriter, r *http.Request, a address) error {
	size, err := wire.Number(r.URL.Query(), "size", 0, qr.MinPixels, qr.MaxPixels)
	if err != nil {
		return err
	}
	return h.code(w, r, "image/png", a, func(text string) ([]byte, error) { return qr.PNG(text, size) })
}

// code draws an address of the badge that is asked for, and of no other.
func (h *Handler) code(w http.ResponseWriter, r *http.Request, mediaType string, a address, draw func(text string) ([]byte, error)) error {
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	rec, err := h.issuer.PublicEdition(r.Context(), id, 0)
	if err != nil {
		return err
	}
	text, err := a(r.Context(), rec)
	if err != nil {
		return err
	}
	if err := limit.Await(r.Context()); err != nil { // each size is a picture of its own
		return err
	}
	raw, err := draw(text)
	if err != nil {
		return err
	}
	// Its holder may hide the badge at any moment: caches ask each time.
	wire.ServeCached(w, r, mediaType, wire.Revalidate, raw)
	return nil
}

// StatusList answers GET /status/{list}.
func (h *Handler) StatusList(w http.ResponseWriter, r *http.Request) error {
	raw, err := h.issuer.StatusList(r.Context(), r.PathValue("list"))
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept")
	wire.ServeCached(w, r, wire.Negotiate(r, jsonForms...), wire.MaxAge(issuer.ListTTL), raw)
	return nil
}

// DIDDocument answers GET /issuers/{slug}/did.json.
func (h *Handler) DIDDocument(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if slug == issuer.VCAPISlug { // its identifier is that of the host
		return issuer.ErrNotFound
	}
	return h.keys(w, r, slug)
}

// RootDIDDocument answers GET /.well-known/did.json: the keys of the VC-API,
// whose identifier is that of the host.
func (h *Handler) RootDIDDocument(w http.ResponseWriter, r *http.Request) error {
	return h.keys(w, r, issuer.VCAPISlug)
}

func (h *Handler) keys(w http.ResponseWriter, r *http.Request, slug string) error {
	if issuer.CheckSlug(slug) != nil {
		return issuer.ErrNotFound
	}
	raw, err := h.issuer.PublishedKeys(r.Context(), slug)
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept")
	mediaType := wire.Negotiate(r, "application/json", "application/did+json", "application/did+ld+json", "application/ld+json")
	wire.ServeCached(w, r, mediaType, wire.Revalidate, raw)
	return nil
}

// JWKS answers GET /.well-known/jwks.json.
func (h *Handler) JWKS(w http.ResponseWriter, r *http.Request) error {
	raw, err := h.issuer.JWKS(r.Context())
	if err != nil {
		return err
	}
	wire.Vary(w, "Accept")
	wire.ServeCached(w, r, wire.Negotiate(r, "application/json", "application/jwk-set+json"), wire.Revalidate, raw)
	return nil
}
