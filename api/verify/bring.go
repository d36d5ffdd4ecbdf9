package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// maxUpload bounds a form with a badge in it, in bytes: the badge, and what
// stands around it.
const maxUpload = badge.MaxBytes + 64<<10

// brought is a document that somebody wants verified; record is set where it is
// one of our own, found by its address or code.
type brought struct {
	document *badge.Document
	record   *issuer.Record
}

// textTypes are the media types under which a credential travels as text.
var textTypes = []string{"application/json", "application/ld+json", "application/vc", "application/vc+ld+json", "application/vc+json",
	"application/vc+jwt", "application/vc+ld+json+jwt", "application/jwt", "application/jose", "text/plain", "application/octet-stream"}

// bring reads the body of a verification, whatever its form.
func (h *Handler) bring(w http.ResponseWriter, r *http.Request) (*brought, error) {
	mt := wire.MediaType(r)
	var raw []byte
	var err error
	switch {
	case mt == "multipart/form-data":
		raw, err = h.upload(w, r)
	case slices.Contains(textTypes, mt), r.Header.Get("Content-Type") == "":
		raw, err = wire.ReadBody(w, r, badge.MaxBytes)
	default:
		return nil, unsupported(mt)
	}
	if err != nil {
		return nil, err
	}
	return h.recognise(r.Context(), raw)
}

func unsupported(mt string) error {
	switch mt {
	case "image/png", "image/svg+xml", "application/pdf":
		return &wire.Fault{Code: wire.UnsupportedMediaType,
			Detail: "Badges inside pictures and PDF files are not read yet. Send the badge's JSON or its JWT."}
	}
	return &wire.Fault{Code: wire.UnsupportedMediaType,
		Detail: "Send a badge as application/json, application/vc or application/vc+jwt, or as the part file of multipart/form-data."}
}

// upload reads the one file of a multipart body.
func (h *Handler) upload(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	parts, err := readParts(w, r)
	if err != nil {
		return nil, err
	}
	raw, ok := parts["file"]
	if !ok {
		return nil, &wire.Fault{Code: wire.MalformedBody, Detail: "The body has no part called file."}
	}
	return raw, nil
}

// readParts reads a multipart body whole: each part once, all of them within
// bounds.
func readParts(w http.ResponseWriter, r *http.Request) (map[string][]byte, error) {
	if r.ContentLength > maxUpload {
		wire.Discard(w, r)
		return nil, tooLarge()
	}
	whole := r.Body
	r.Body = http.MaxBytesReader(w, whole, maxUpload)
	reader, err := r.MultipartReader()
	if err != nil {
		return nil, malformedForm()
	}
	parts := map[string][]byte{}
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return parts, nil
		}
		var raw []byte
		if err == nil {
			raw, err = io.ReadAll(part)
		}
		var over *http.MaxBytesError
		switch {
		case errors.As(err, &over) || len(raw) > badge.MaxBytes:
			r.Body = whole
			wire.Discard(w, r)
			return nil, tooLarge()
		case err != nil || part.FormName() == "" || parts[part.FormName()] != nil:
			return nil, malformedForm()
		}
		parts[part.FormName()] = append([]byte{}, raw...) // never nil, so that an empty part counts
	}
}

func tooLarge() error {
	return &wire.Fault{Code: wire.TooLarge, Detail: fmt.Sprintf("A badge has at most %d bytes.", badge.MaxBytes)}
}

func malformedForm() error {
	return &wire.Fault{Code: wire.MalformedBody, Detail: "The multipart body cannot be read. Send each part once, with a name."}
}

// pictures are the first bytes of files that hold a badge inside.
var pictures = map[string]string{"\x89PNG\r\n": "image/png", "%PDF-": "application/pdf", "<svg": "image/svg+xml", "<?xml": "image/svg+xml"}

// recognise reads bytes as a credential, or as one of the two requests that
// name one.
func (h *Handler) recognise(ctx context.Context, raw []byte) (*brought, error) {
	for start, mt := range pictures {
		if bytes.HasPrefix(raw, []byte(start)) {
			return nil, unsupported(mt)
		}
	}
	doc, err := badge.Parse(raw)
	if err != nil {
		return nil, err
	}
	root := doc.Root()
	if doc.JWS() != nil || root.Len() != 1 {
		return &brought{document: doc}, nil
	}
	for _, name := range []string{"url", "code"} {
		v := root.Get(name)
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
	return &brought{document: doc}, nil
}

// byCode finds one of our badges by what stands under its QR code. There are no
// printed codes yet, so only the id itself is known.
func (h *Handler) byCode(ctx context.Context, code string) (*brought, error) {
	return h.own(ctx, strings.TrimSpace(code), 0, false)
}

// byAddress finds one of our badges by an address of ours.
func (h *Handler) byAddress(ctx context.Context, address string) (*brought, error) {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return nil, wire.At(wire.AddressNotSupported, "/url", "Give the whole address of a badge, beginning with https://.")
	}
	if u.User != nil || u.Scheme+"://"+strings.ToLower(u.Host) != h.baseURL {
		return nil, wire.At(wire.AddressNotSupported, "/url",
			"Badges of other services are not fetched yet. Open the address, save the badge as JSON, and send that.")
	}
	name, ok := strings.CutPrefix(u.Path, "/v/")
	if !ok {
		name, ok = strings.CutPrefix(u.Path, "/credentials/")
	}
	if !ok {
		return nil, issuer.ErrNotFound
	}
	id, suffix, named := strings.Cut(name, ".")
	if named && suffix != "json" && suffix != "jwt" {
		return nil, issuer.ErrNotFound
	}
	n, err := wire.Number(u.Query(), "edition", 0, 1, issuer.MaxEdition)
	if err != nil {
		return nil, err
	}
	return h.own(ctx, id, n, suffix == "jwt")
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
	return &brought{doc, rec}, nil
}
