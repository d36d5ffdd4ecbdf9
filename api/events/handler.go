// Package events is the API for systems that follow what happens: the feed of
// events, and webhooks.
//
// A caller is told of the issuers that its token acts for, and of no others; of
// trials, who has a token for trials.
//
// Start at New.
package events

import (
	"net/http"

	"laurel/api/wire"
	"laurel/feed"
	"laurel/internal/auth"
	"laurel/issuer"
)

// Config is what a Handler works with; every field is required.
type Config struct {
	Issuer  *issuer.Issuer
	Feed    *feed.Feed
	Hooks   *feed.Hooks
	BaseURL string
}

// Handler answers systems that follow what happens.
type Handler struct {
	issuer  *issuer.Issuer
	feed    *feed.Feed
	hooks   *feed.Hooks
	baseURL string
}

// New makes a Handler.
func New(cfg Config) *Handler {
	return &Handler{issuer: cfg.Issuer, feed: cfg.Feed, hooks: cfg.Hooks, baseURL: cfg.BaseURL}
}

// How many events a page has.
const (
	defaultPage = 100
	largestPage = 200
)

type pageBody struct {
	Items  []feed.Event `json:"items"`
	Cursor string       `json:"cursor"` // to be sent as after, next time
	Next   *string      `json:"next"`   // address of the next page, where there is more already
}

// List answers GET /v1/events.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "after", "limit")
	if err != nil {
		return err
	}
	limit, err := wire.Number(q, "limit", defaultPage, 1, largestPage)
	if err != nil {
		return err
	}
	page, err := h.feed.Page(r.Context(), feed.Query{After: q.Get("after"), Limit: limit,
		Sees: func(slug string) bool { return wire.MayTouch(r.Context(), slug, auth.Read) }})
	if err != nil {
		return err
	}
	body := pageBody{Items: page.Events, Cursor: page.Cursor}
	if body.Items == nil {
		body.Items = []feed.Event{}
	}
	if page.More {
		q.Set("after", page.Cursor)
		next := h.baseURL + "/v1/events?" + q.Encode()
		body.Next = &next
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}
