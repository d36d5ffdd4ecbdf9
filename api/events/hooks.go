package events

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/feed"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// maxHook bounds the definition of a webhook, in bytes.
const maxHook = 16 << 10

// wishBody is what callers choose of a webhook.
type wishBody struct {
	Issuer      *string     `json:"issuer"` // when it is made; may be left out by who acts for one
	URL         string      `json:"url"`
	Types       []feed.Type `json:"types"`
	Description *string     `json:"description"`
	Enabled     *bool       `json:"enabled"` // default true
}

func (b wishBody) wish() feed.Wish {
	w := feed.Wish{URL: b.URL, Types: b.Types, Disable: b.Enabled != nil && !*b.Enabled}
	if b.Description != nil {
		w.Description = *b.Description
	}
	return w
}

// hookBody is a webhook as its owners see it. The secret stands only in the
// answer that made it.
type hookBody struct {
	ID          string        `json:"id"`
	Issuer      string        `json:"issuer"`
	URL         string        `json:"url"`
	Types       []feed.Type   `json:"types"`
	Description string        `json:"description"`
	Enabled     bool          `json:"enabled"`
	Disabled    feed.Disabled `json:"disabled,omitempty"` // why
	CreatedAt   time.Time     `json:"createdAt"`
	ChangedAt   time.Time     `json:"changedAt"`
	SecretSince time.Time     `json:"secretSince"`
	Secret      string        `json:"secret,omitempty"`
}

func show(h *feed.Hook, secret string) hookBody {
	b := hookBody{ID: h.ID, Issuer: h.Issuer, URL: h.URL, Types: h.Types, Description: h.Description, Enabled: h.Disabled == "", Disabled: h.Disabled,
		CreatedAt: h.CreatedAt, ChangedAt: h.ChangedAt, SecretSince: h.Secrets[0].CreatedAt, Secret: secret}
	if b.Types == nil {
		b.Types = []feed.Type{}
	}
	return b
}

func readWish(w http.ResponseWriter, r *http.Request) (wishBody, strictjson.Value, error) {
	var body wishBody
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxHook})
	if err == nil {
		err = wire.Decode(v, &body)
	}
	return body, v, err
}

// manages tells whose webhooks the caller may see and change.
func manages(ctx context.Context) func(issuer string) bool {
	return func(slug string) bool { return wire.MayTouch(ctx, slug, auth.Manage) }
}

// owner is the issuer that a new webhook is for; with a token for trials, its
// test issuer.
func owner(ctx context.Context, named *string) (string, error) {
	t := wire.Token(ctx)
	var slug string
	switch {
	case named != nil:
		slug = *named
	case len(t.Issuers) == 1 && t.Issuers[0] != auth.Any:
		slug = t.Issuers[0]
	default:
		return "", wire.At(wire.Required, "/issuer", "The token acts for several issuers. Name the one whose events are meant.")
	}
	if issuer.CheckSlug(slug) != nil {
		return "", wire.At(wire.InvalidSlug, "/issuer", "Give the slug of an issuer, such as city-school.")
	}
	if t.Test && !issuer.IsTest(slug) {
		slug = issuer.TestSlug(slug)
	}
	if !manages(ctx)(slug) {
		return "", &wire.Fault{Code: wire.IssuerNotGranted, Detail: "The token does not act for this issuer. Use a token of that issuer."}
	}
	return slug, nil
}

// known refuses an issuer that there is not. A test issuer may be made later than
// the webhook that waits for its first trial.
func (h *Handler) known(ctx context.Context, slug string) error {
	_, err := h.issuer.Profile(ctx, issuer.LiveSlug(slug))
	if errors.Is(err, issuer.ErrNotFound) {
		return badge.Errors{{Code: badge.MalformedValueError, Rule: "issuer_unknown", Pointer: "/issuer", Detail: "There is no such issuer here."}}
	}
	return err
}

// requested sums up a request with an idempotency key; nil without one.
func requested(r *http.Request, body []byte) (*feed.Request, error) {
	key, err := wire.IdempotencyKey(r)
	if err != nil || key == "" {
		return nil, err
	}
	sum := sha256.Sum256([]byte(wire.Token(r.Context()).ID + " POST " + r.URL.Path + "\x00" + key))
	return &feed.Request{Key: sum[:], Body: body}, nil
}

// CreateHook answers POST /v1/webhooks.
func (h *Handler) CreateHook(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	body, v, err := readWish(w, r)
	if err != nil {
		return err
	}
	request, err := requested(r, wire.Digest(v))
	if err != nil {
		return err
	}
	slug, err := owner(ctx, body.Issuer)
	if err != nil {
		return err
	}
	if err := h.known(ctx, slug); err != nil {
		return err
	}
	hook, secret, err := h.hooks.Create(ctx, slug, body.wish(), wire.Actor(ctx), request)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/webhooks/"+hook.ID)
	return wire.WriteJSON(w, http.StatusCreated, show(hook, secret))
}

type hooksBody struct {
	Items []hookBody `json:"items"`
}

// Hooks answers GET /v1/webhooks.
func (h *Handler) Hooks(w http.ResponseWriter, r *http.Request) error {
	list, err := h.hooks.List(r.Context(), manages(r.Context()))
	if err != nil {
		return err
	}
	body := hooksBody{Items: make([]hookBody, len(list))}
	for n, hook := range list {
		body.Items[n] = show(hook, "")
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

// Hook answers GET /v1/webhooks/{id}.
func (h *Handler) Hook(w http.ResponseWriter, r *http.Request) error {
	hook, err := h.hooks.Get(r.Context(), r.PathValue("id"), manages(r.Context()))
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, show(hook, ""))
}

// PutHook answers PUT /v1/webhooks/{id}.
func (h *Handler) PutHook(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	body, _, err := readWish(w, r)
	if err != nil {
		return err
	}
	id, may := r.PathValue("id"), manages(ctx)
	now, err := h.hooks.Get(ctx, id, may)
	if err != nil {
		return err
	}
	if body.Issuer != nil && issuer.LiveSlug(*body.Issuer) != issuer.LiveSlug(now.Issuer) {
		return wire.At(wire.SlugMismatch, "/issuer", "A webhook stays with its issuer. Leave this out, or make another webhook.")
	}
	hook, err := h.hooks.Change(ctx, id, body.wish(), wire.Actor(ctx), may)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, show(hook, ""))
}

// DeleteHook answers DELETE /v1/webhooks/{id}.
func (h *Handler) DeleteHook(w http.ResponseWriter, r *http.Request) error {
	if err := h.hooks.Delete(r.Context(), r.PathValue("id"), wire.Actor(r.Context()), manages(r.Context())); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// RotateSecret answers POST /v1/webhooks/{id}/secret.
func (h *Handler) RotateSecret(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	request, err := requested(r, nil)
	if err != nil {
		return err
	}
	hook, secret, err := h.hooks.Rotate(ctx, r.PathValue("id"), wire.Actor(ctx), manages(ctx), request)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, show(hook, secret))
}

// TestHook answers POST /v1/webhooks/{id}/test with what came of it.
func (h *Handler) TestHook(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.IdempotencyKey(r); err != nil {
		return err
	}
	d, err := h.hooks.Test(r.Context(), r.PathValue("id"), manages(r.Context()))
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, showDelivery(d))
}

// deliveryBody is an event on its way to a webhook.
type deliveryBody struct {
	ID       string        `json:"id"` // that of the event
	Type     feed.Type     `json:"type"`
	At       time.Time     `json:"at"`
	QueuedAt time.Time     `json:"queuedAt"`
	State    feed.State    `json:"state"`
	NextAt   *time.Time    `json:"nextAt"`
	Tries    int           `json:"tries"`
	Attempts []attemptBody `json:"attempts"`
}

type attemptBody struct {
	At     time.Time `json:"at"`
	Millis int64     `json:"millis"`
	Status *int      `json:"status"`
	Error  *string   `json:"error"`
}

func showDelivery(d *feed.Delivery) deliveryBody {
	b := deliveryBody{ID: d.ID(), Type: d.Type, At: d.At, QueuedAt: d.QueuedAt, State: d.State, Tries: d.Tries, Attempts: make([]attemptBody, len(d.Attempts))}
	if d.State == feed.Pending {
		b.NextAt = &d.Next
	}
	for n, a := range d.Attempts {
		b.Attempts[n] = attemptBody{At: a.At, Millis: a.Millis}
		if a.Status != 0 {
			b.Attempts[n].Status = &a.Status
		}
		if a.Error != "" {
			b.Attempts[n].Error = &a.Error
		}
	}
	return b
}

type deliveriesBody struct {
	Items []deliveryBody `json:"items"`
	Next  *string        `json:"next"` // address of the next page
}

// Deliveries answers GET /v1/webhooks/{id}/deliveries.
func (h *Handler) Deliveries(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "cursor", "limit", "state")
	if err != nil {
		return err
	}
	f := feed.Filter{State: feed.State(q.Get("state")), Before: q.Get("cursor")}
	if f.Limit, err = wire.Number(q, "limit", defaultPage, 1, largestPage); err != nil {
		return err
	}
	if f.State != "" && f.State != feed.Pending && f.State != feed.Delivered && f.State != feed.Failed {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter state is pending, delivered or failed."}
	}
	if f.Before != "" && !feed.IsEventID(f.Before) {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter cursor is the id of a delivery; begin without one."}
	}
	id := r.PathValue("id")
	list, more, err := h.hooks.Deliveries(r.Context(), id, manages(r.Context()), f)
	if err != nil {
		return err
	}
	body := deliveriesBody{Items: make([]deliveryBody, len(list))}
	for n, d := range list {
		body.Items[n] = showDelivery(d)
	}
	if more {
		q.Set("cursor", list[len(list)-1].ID())
		next := h.baseURL + "/v1/webhooks/" + id + "/deliveries?" + q.Encode()
		body.Next = &next
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

// Redeliver answers POST /v1/webhooks/{id}/deliveries/{delivery}/redeliver.
func (h *Handler) Redeliver(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.IdempotencyKey(r); err != nil {
		return err
	}
	d, err := h.hooks.Redeliver(r.Context(), r.PathValue("id"), r.PathValue("delivery"), manages(r.Context()), nil)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusAccepted, showDelivery(d))
}
