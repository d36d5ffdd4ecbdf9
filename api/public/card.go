package public

import (
	"context"
	"net/http"

	"laurel/api/verify"
	"laurel/internal/qr"
	"laurel/issuer"
)

// Card answers GET /credentials/{id}/card: the address of the badge with its
// offline card behind it, as it stands in the large QR code.
func (h *Handler) Card(w http.ResponseWriter, r *http.Request) error {
	return h.code(w, r, "text/plain; charset=utf-8", h.withCard, func(address string) ([]byte, error) { return []byte(address), nil })
}

// CardPNG answers GET /credentials/{id}/card.png.
func (h *Handler) CardPNG(w http.ResponseWriter, r *http.Request) error {
	return h.codePNG(w, r, h.withCard)
}

// CardSVG answers GET /credentials/{id}/card.svg.
func (h *Handler) CardSVG(w http.ResponseWriter, r *http.Request) error {
	return h.code(w, r, "image/svg+xml", h.withCard, qr.SVG)
}

// withCard is the address of a badge with its card behind it; issuer.ErrNoCard
// where no code could hold that.
func (h *Handler) withCard(ctx context.Context, rec *issuer.Record) (string, error) {
	text, err := h.issuer.Card(ctx, rec)
	if err != nil {
		return "", err
	}
	return verify.CardAddress(h.baseURL, rec, text)
}
