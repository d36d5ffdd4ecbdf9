package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"laurel/api/limit"
	"laurel/api/pages"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/fetch"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/verifier"
)

// maxUpload bounds a form with a badge in it, in bytes: the badge, and what
// stands around it.
const maxUpload = verifier.MaxBytes + 64<<10

// brought is what somebody wants verified; record is set where it is one of our
// own, found by its address or code.
type brought struct {
	submission *verifier.Submission
	record     *issuer.Record
	again      *pages.Again // what the form sends to have it verified again; nil for what has an address
}

// textTypes are the media types under which a credential travels as text.
var textTypes = []string{"application/json", "application/ld+json", "application/vc", "application/vc+ld+json", "application/vc+json",
	"application/vc+jwt", "application/vc+ld+json+jwt", "application/vp", "application/vp+jwt", "application/jwt", "application/jose", "text/plain"}

// fileTypes are those of what can be larger than a text; a file whose kind nobody
// told may be a picture or a PDF. What it is, its first bytes tell.
var fileTypes = []string{"image/png", "image/svg+xml", "application/pdf", "application/octet-stream"}

// bring reads the body of a verification, whatever its form.
func (h *Handler) bring(w http.ResponseWriter, r *http.Request) (*brought, error) {
	mt := wire.MediaType(r)
	var raw []byte
	var err error
	switch {
	case mt == "multipart/form-data":
		raw, err = h.upload(w, r)
	case slices.Contains(textTypes, mt):
		raw, err = wire.ReadBody(w, r, badge.MaxBytes)
	case slices.Contains(fileTypes, mt), r.Header.Get("Content-Type") == "":
		raw, err = wire.ReadBody(w, r, verifier.MaxBytes)
	default:
		return nil, errUnsupported()
	}
	if err != nil {
		return nil, err
	}
	return h.recognise(r.Context(), raw)
}

func errUnsupported() error {
	return &wire.Fault{Code: wire.UnsupportedMediaType,
		Detail: "Send a badge as application/json, application/vc, application/vc+jwt, image/png, image/svg+xml or application/pdf, or as the part file of multipart/form-data."}
}

// upload reads the one file of a multipart body.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	parts, err := wire.ReadForm(w, r, verifier.MaxBytes)
	if err != nil {
		return nil, err
	}
	return wire.FormFile(parts)
}

func tooLarge() error {
	return &wire.Fault{Code: wire.TooLarge, Detail: fmt.Sprintf("A badge has at most %d bytes, and a picture or PDF with one %d.", badge.MaxBytes, verifier.MaxBytes)}
}

// recognise reads bytes as a badge in any of its forms, or as one of the two
// requests that name one.
func (h *Handler) recognise(ctx context.Context, raw []byte) (*brought, error) {
	sub, err := verifier.Open(raw)
	if err != nil {
		return nil, err
	}
	doc := sub.Document()
	if doc == nil || doc.JWS() != nil || doc.Root().Len() != 1 {
		return &brought{submission: sub}, nil
	}
	for _, name := range []string{"url", "code"} {
		v := doc.Root().Get(name)
		switch v.Kind() {
		case strictjson.Absent:
			continue
		case strictjson.String:
			if name == "code" {
				return h.byCode(ctx, v.Text())
			}
			return h.byAddress(ctx, v.Text())
		}
		return nil, wire.At(wire.WrongType, "/"+name, "Give a text.")
	}
	return &brought{submission: sub}, nil
}

// byCode finds one of our badges by what stands under its QR code: the printed
// code, or the id itself.
func (h *Handler) byCode(ctx context.Context, code string) (*brought, error) {
	id, err := h.idOf(ctx, strings.TrimSpace(code))
	if err != nil {
		return nil, err
	}
	return h.own(ctx, id, 0, false)
}

// idOf is the id that a printed code stands for, and anything else as it is.
func (h *Handler) idOf(ctx context.Context, text string) (string, error) {
	if !issuer.IsPrintedCode(text) {
		return text, nil
	}
	return h.issuer.ByPrintedCode(ctx, text)
}

// byAddress finds one of our badges by an address of ours, and fetches what
// stands at any other.
func (h *Handler) byAddress(ctx context.Context, address string) (*brought, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, wire.At(wire.AddressNotSupported, "/url", "Give the whole address of a badge, beginning with https://.")
	}
	if u.User != nil || u.Scheme+"://"+strings.ToLower(u.Host) != h.baseURL {
		return h.foreign(ctx, u)
	}
	name, ok := strings.CutPrefix(u.Path, "/v/")
	if !ok {
		name, ok = strings.CutPrefix(u.Path, "/credentials/")
	}
	if !ok {
		return nil, issuer.ErrNotFound
	}
	id, suffix, named := strings.Cut(name, ".")
	if named && !slices.Contains([]string{"json", "jwt", "png", "svg", "pdf", "txt"}, suffix) {
		return nil, issuer.ErrNotFound
	}
	n, err := wire.Number(u.Query(), "edition", 0, 1, issuer.MaxEdition)
	if err != nil {
		return nil, err
	}
	if id, err = h.idOf(ctx, id); err != nil {
		return nil, err
	}
	return h.own(ctx, id, n, suffix == "jwt")
}

// foreign fetches a badge of another service, in any form that could be sent
// as well. What it names in its turn is not followed.
func (h *Handler) foreign(ctx context.Context, u *url.URL) (*brought, error) {
	if h.fetch == nil || u.User != nil {
		return nil, wire.At(wire.AddressNotSupported, "/url",
			"This address is not fetched here. Open it, save the badge as JSON, and send that.")
	}
	place, err := h.fetching.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer place.Leave()
	back := limit.Aside(ctx)
	raw, err := h.fetch(ctx, u.String())
	back()
	switch {
	case errors.Is(err, fetch.Blocked), errors.Is(err, fetch.Redirect):
		return nil, wire.At(wire.AddressNotSupported, "/url",
			"This address is not one that we fetch from. Open it, save the badge as JSON, and send that.")
	case errors.Is(err, fetch.TooLarge):
		return nil, tooLarge()
	case errors.Is(err, fetch.Busy):
		return nil, limit.ErrFull
	case err != nil:
		return nil, wire.At(wire.AddressUnreachable, "/url",
			"Nothing could be fetched from this address. Try again later, or save the badge there and send it.")
	}
	sub, err := verifier.Open(raw)
	if err != nil {
		return nil, err
	}
	return &brought{submission: sub}, nil
}

// own reads a badge of ours, in its current edition or a given one, as a JWS
// where that form is asked for.
func (h *Handler) own(ctx context.Context, id string, edition int, jws bool) (*brought, error) {
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	rec, err := h.issuer.PublicEdition(ctx, id, edition)
	if err != nil {
		return nil, err
	}
	raw := rec.Document
	if jws {
		if raw, err = h.issuer.JWT(ctx, rec); err != nil {
			return nil, err
		}
	}
	doc, err := badge.Parse(raw)
	if err != nil {
		// A fault of ours, so it must not pass for one of the caller's.
		return nil, fmt.Errorf("reading credential %s as stored: %s", rec.ID, err.Error())
	}
	return &brought{submission: verifier.Submit(doc), record: rec}, nil
}
