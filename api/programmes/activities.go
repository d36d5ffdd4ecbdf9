package programmes

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/rules"
)

// maxDefinition bounds a definition, in bytes.
const maxDefinition = 256 << 10

// PutActivity answers PUT /v1/activities/{slug}. The definition is kept, and
// given back, as it came.
func (h *Handler) PutActivity(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil {
		return invalidSlug()
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxDefinition})
	if err != nil {
		return err
	}
	if id := v.Get("id"); id.Exists() && id.Text() != slug {
		return wire.At(wire.SlugMismatch, "/id", "The id is not that of the address.")
	}
	a, isNew, err := h.programme.Define(r.Context(), caller(r, auth.Manage), []byte(v.Raw()))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/activities/"+a.ID)
	writeDefinition(w, created(isNew), a)
	return nil
}

func writeDefinition(w http.ResponseWriter, status int, a *rules.Activity) {
	wire.WriteBytes(w, "application/json", status, a.Definition)
}

func invalidSlug() error {
	return &wire.Fault{Code: wire.InvalidSlug, Detail: "The last part of the address is a slug: 1 to 63 small letters, digits and hyphens."}
}

// Activity answers GET /v1/activities/{slug}.
func (h *Handler) Activity(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	a, err := h.programme.Activity(r.Context(), r.PathValue("slug"))
	if err != nil {
		return err
	}
	if sees, err := h.sees(r.Context(), a); err != nil {
		return err
	} else if !sees {
		return programme.ErrUnknownActivity
	}
	writeDefinition(w, http.StatusOK, a)
	return nil
}

// Activities answers GET /v1/activities.
func (h *Handler) Activities(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	all, err := h.programme.Activities(r.Context())
	if err != nil {
		return err
	}
	items := []*rules.Activity{}
	for _, a := range all {
		sees, err := h.sees(r.Context(), a)
		if err != nil {
			return err
		}
		if sees {
			items = append(items, a)
		}
	}
	return wire.WriteJSON(w, http.StatusOK, struct {
		Items []*rules.Activity `json:"items"`
	}{items})
}

func (h *Handler) sees(ctx context.Context, a *rules.Activity) (bool, error) {
	return Sees(ctx, h.issuer, a)
}

// Sees tells whether an activity is the caller's affair: one in which something
// of an issuer can be earned that the caller acts for. Callers who act for all
// see all.
func Sees(ctx context.Context, register *issuer.Issuer, a *rules.Activity) (bool, error) {
	token := wire.Token(ctx)
	switch granted := token.AllowsActivity(a.ID) == nil; {
	case !granted:
		return false, nil
	case slices.Contains(token.Issuers, auth.Any):
		return true, nil
	}
	for _, rule := range a.Rules {
		t, err := register.Achievement(ctx, rule.Achievement)
		if errors.Is(err, issuer.ErrNotFound) {
			continue
		} else if err != nil {
			return false, err
		}
		if may(ctx, t.Issuer, auth.Read, auth.Manage) {
			return true, nil
		}
	}
	return false, nil
}
