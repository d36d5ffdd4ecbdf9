package public

import (
	"errors"
	"fmt"
	"net/http"

	"laurel/api/wire"
	"laurel/badge/card"
	"laurel/internal/qr"
	"laurel/issuer"
)

// Card answers GET /credentials/{id}/card: the address of the badge with its
// offline card behind it, as it stands in the large QR code.
func (h *Handler) Card(w http.ResponseWriter, r *http.Request) error {
	return h.card(w, r, "text/plain; charset=utf-8", func(address string) ([]byte, error) { return []byte(address), nil })
}

// CardPNG answers GET /credentials/{id}/card.png.
func (h *Handler) CardPNG(w http.ResponseWriter, r *http.Request) error {
	size, err := wire.Number(r.URL.Query(), "size", 0, qr.MinPixels, qr.MaxPixels)
	if err != nil {
		return err
	}
	return h.card(w, r, "image/png", func(address string) ([]byte, error) { return qr.PNG(address, size) })
}

// CardSVG answers GET /credentials/{id}/card.svg.
func (h *Handler) CardSVG(w http.ResponseWriter, r *http.Request) error {
	return h.card(w, r, "image/svg+xml", qr.SVG)
}

func (h *Handler) card(w http.ResponseWriter, r *http.Request, mediaType string, draw func(address string) ([]byte, error)) error {
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	rec, err := h.issuer.PublicEdition(r.Context(), id, 0)
	if err != nil {
		return err
	}
	text, err := h.issuer.Card(r.Context(), rec)
	if err != nil {
		return err
	}
	raw, err := draw(card.Address(h.baseURL+"/v/"+rec.ID, text))
	if errors.Is(err, qr.ErrText) {
		return fmt.Errorf("%w: %w", issuer.ErrNoCard, err)
	} else if err != nil {
		return err
	}
	wire.ServeCached(w, r, mediaType, wire.Revalidate, raw)
	return nil
}
