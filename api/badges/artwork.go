package badges

import (
	"errors"
	"net/http"

	"laurel/api/wire"
	"laurel/internal/artwork"
	"laurel/internal/auth"
	"laurel/issuer"
)

// PutImage answers PUT /v1/achievements/{slug}/image: the picture itself is the
// body.
func (h *Handler) PutImage(w http.ResponseWriter, r *http.Request) error {
	a, err := h.ownAchievement(r)
	if err != nil {
		return err
	}
	said := artwork.Kind(wire.MediaType(r))
	if said != artwork.PNG && said != artwork.SVG {
		return &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "Send a picture as image/png or image/svg+xml."}
	}
	raw, err := wire.ReadBody(w, r, artwork.MaxBytes)
	if err != nil {
		return err
	}
	kind, clean, err := h.studio.Clean(r.Context(), raw)
	if err == nil && kind != said {
		return &wire.Fault{Code: wire.UnsupportedMediaType, Detail: "The picture is " + string(kind) + ", and was sent as " + string(said) + "."}
	}
	if err != nil {
		return refusedPicture(err)
	}
	if err := h.issuer.PutArtwork(r.Context(), a.Slug, string(kind), clean, wire.Actor(r.Context())); err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Image string `json:"image"`
		Type  string `json:"type"`
		Bytes int    `json:"bytes"`
	}{h.baseURL + "/achievements/" + a.Slug + "/image" + map[artwork.Kind]string{artwork.PNG: ".png", artwork.SVG: ".svg"}[kind], string(kind), len(clean)})
}

// RemoveImage answers DELETE /v1/achievements/{slug}/image: from then on it is
// drawn again.
func (h *Handler) RemoveImage(w http.ResponseWriter, r *http.Request) error {
	a, err := h.ownAchievement(r)
	if err != nil {
		return err
	}
	if err := h.issuer.PutArtwork(r.Context(), a.Slug, "", nil, wire.Actor(r.Context())); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", wire.NoStore)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ownAchievement is the one that the address names, if the caller may define it.
func (h *Handler) ownAchievement(r *http.Request) (*issuer.Achievement, error) {
	slug, err := slugOf(r, "")
	if err != nil {
		return nil, err
	}
	a, err := h.issuer.Achievement(r.Context(), slug)
	if err != nil {
		return nil, err
	}
	if issuer.IsTest(slug) || !may(r.Context(), a.Issuer, auth.Manage) {
		return nil, issuer.ErrNotFound
	}
	return a, nil
}

// refusedPicture says what is wrong with a picture, and where.
func refusedPicture(err error) error {
	for _, known := range []error{artwork.ErrUnknown, artwork.ErrDamaged, artwork.ErrSize, artwork.ErrForbidden} {
		if errors.Is(err, known) {
			return &wire.Fault{Code: wire.PictureRefused, Detail: "The picture was not taken: " + err.Error() + "."}
		}
	}
	return err
}
