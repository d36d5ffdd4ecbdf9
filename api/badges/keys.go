package badges

import (
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
	"laurel/keys"
)

// keysBody asks for keys of an issuer; every member may be left out.
type keysBody struct {
	Algorithms []string `json:"algorithms"`
	ActivateAt *string  `json:"activateAt"` // a time; one that has passed, at once
	Rotate     *bool    `json:"rotate"`
}

// keyBody is a key as its owners see it.
type keyBody struct {
	ID         string         `json:"id"`
	Algorithm  keys.Algorithm `json:"algorithm"`
	State      keys.State     `json:"state"`
	Signs      bool           `json:"signs"`
	CreatedAt  time.Time      `json:"createdAt"`
	ActivateAt *time.Time     `json:"activateAt"`
	RetiredAt  *time.Time     `json:"retiredAt"`
	RevokedAt  *time.Time     `json:"revokedAt"`
}

type keysAnswer struct {
	Items []keyBody `json:"items"`
}

func showKeys(list []keys.Info) keysAnswer {
	out := keysAnswer{Items: make([]keyBody, len(list))}
	for n, k := range list {
		out.Items[n] = keyBody{k.Method.ID, k.Algorithm, k.State, k.Signs, k.Created, orNull(k.Activates), orNull(k.Retired), orNull(k.Revoked)}
	}
	return out
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// CreateKeys answers POST /v1/issuers/{slug}/keys. The issuer need not be there
// yet: without TLS it is one of its keys.
func (h *Handler) CreateKeys(w http.ResponseWriter, r *http.Request) error {
	slug, ctx := r.PathValue("slug"), r.Context()
	if issuer.CheckSlug(slug) != nil || slug == issuer.LogSlug {
		return issuer.ErrNotFound
	}
	idem, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	if !may(ctx, slug, auth.Manage) {
		return notGranted(slug)
	}
	n := issuer.NewKeys{Issuer: slug, Actor: wire.Actor(ctx)}
	var digest []byte
	if r.ContentLength != 0 {
		if digest, err = readNewKeys(w, r, &n); err != nil {
			return err
		}
	}
	if idem != "" {
		n.Idempotency = &issuer.Idempotency{Scope: wire.Token(ctx).ID + " POST /v1/issuers/" + slug + "/keys", Key: idem, Digest: digest}
	}
	made, replayed, err := h.issuer.CreateKeys(ctx, n)
	if err != nil {
		return err
	}
	if replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	return wire.WriteJSON(w, http.StatusCreated, showKeys(made))
}

func readNewKeys(w http.ResponseWriter, r *http.Request, n *issuer.NewKeys) (digest []byte, err error) {
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: 16 << 10})
	if err != nil {
		return nil, err
	}
	var body keysBody
	if err := wire.Decode(v, &body); err != nil {
		return nil, err
	}
	for _, name := range body.Algorithms {
		n.Algorithms = append(n.Algorithms, keys.Algorithm(name))
	}
	if body.ActivateAt != nil {
		if n.Activates, err = badge.ParseRFC3339(*body.ActivateAt); err != nil || n.Activates.IsZero() {
			return nil, badge.Errors{{Code: badge.MalformedValueError, Rule: "date_invalid", Pointer: "/activateAt",
				Detail: "Give a date-time with a time zone, such as 2026-11-21T10:00:00Z."}}
		}
	}
	n.Rotate = body.Rotate != nil && *body.Rotate
	return wire.Digest(v), nil
}

// Keys answers GET /v1/issuers/{slug}/keys.
func (h *Handler) Keys(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil || slug == issuer.LogSlug || !may(r.Context(), slug, auth.Read, auth.Manage) {
		return issuer.ErrNotFound
	}
	list, err := h.issuer.Keys(r.Context(), slug)
	if err == nil && len(list) == 0 {
		err = issuer.ErrNotFound
	}
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, showKeys(list))
}
