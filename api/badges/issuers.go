package badges

import (
	"net/http"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

type profileBody struct {
	Slug        *string `json:"slug"`
	Name        string  `json:"name"`
	URL         *string `json:"url"`
	Email       *string `json:"email"`
	Phone       *string `json:"phone"`
	Description *string `json:"description"`
	PlainOnly   *bool   `json:"plainOnly"`
	LinkedIn    *string `json:"linkedinOrganizationId"`
	Notify      *string `json:"notify"`
}

// profileAnswer is an issuer as its owners see it.
type profileAnswer struct {
	*issuer.Profile
	Page string `json:"page"`
}

func (h *Handler) showProfile(p *issuer.Profile) profileAnswer {
	return profileAnswer{p, h.baseURL + "/issuers/" + p.Slug}
}

// PutIssuer answers PUT /v1/issuers/{slug}.
func (h *Handler) PutIssuer(w http.ResponseWriter, r *http.Request) error {
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxDefinition})
	if err != nil {
		return err
	}
	var body profileBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	slug, err := slugOf(r, text(body.Slug))
	if err != nil {
		return err
	}
	ctx := r.Context()
	if !may(ctx, slug, auth.Manage) {
		return notGranted(slug)
	}
	stored, err := h.issuer.PutProfile(ctx, issuer.Profile{Slug: slug, Name: body.Name, URL: text(body.URL),
		Email: text(body.Email), Phone: text(body.Phone), Description: text(body.Description),
		PlainOnly: body.PlainOnly != nil && *body.PlainOnly, LinkedIn: text(body.LinkedIn), Notify: issuer.Notify(text(body.Notify))}, wire.Actor(ctx))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/issuers/"+slug)
	return wire.WriteJSON(w, created(stored.CreatedAt.Equal(stored.ChangedAt)), h.showProfile(stored))
}

// Issuer answers GET /v1/issuers/{slug}.
func (h *Handler) Issuer(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil || !may(r.Context(), slug, auth.Read, auth.Manage) {
		return issuer.ErrNotFound
	}
	p, err := h.issuer.Profile(r.Context(), slug)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, h.showProfile(p))
}
