// Package programmes is the API of courses and workshops: what platforms report,
// what an activity consists of, which platforms there are, and what a person must
// decide.
//
// Each handler reads a request strictly, makes one call of package programme and
// writes its answer. Who reports, in whose name and about whom, comes of the
// token, and of a platform's hook of its secret; a body can but agree with it.
//
// Start at New; completions.go has the call that matters most.
package programmes

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
)

// Config is what a Handler works with; every field is required.
type Config struct {
	Issuer    *issuer.Issuer
	Programme *programme.Programme
	BaseURL   string
	// Explain turns an error into the problem that an item of a batch answers
	// with, and logs what is a fault of ours.
	Explain func(ctx context.Context, err error) wire.Problem
	// WrongSecret counts that an address (as net/http gives it) has shown a secret
	// of no hook, and tells whether that is one time too many, and until when.
	WrongSecret func(remote string) (ok bool, wait time.Duration)
	Log         *slog.Logger // one line for each event that comes: its id and what became of it
}

// Handler answers platforms and staff.
type Handler struct {
	issuer    *issuer.Issuer
	programme *programme.Programme
	baseURL   string
	explain   func(ctx context.Context, err error) wire.Problem
	wrong     func(remote string) (ok bool, wait time.Duration)
	log       *slog.Logger
}

// New makes a Handler.
func New(cfg Config) *Handler {
	return &Handler{issuer: cfg.Issuer, programme: cfg.Programme, baseURL: cfg.BaseURL, explain: cfg.Explain, wrong: cfg.WrongSecret, log: cfg.Log}
}

// may tells whether the caller has one of the scopes for an issuer.
func may(ctx context.Context, slug string, scopes ...auth.Scope) bool {
	return wire.MayAct(ctx, slug, scopes...)
}

func caller(r *http.Request, scopes ...auth.Scope) programme.Caller {
	return Caller(r.Context(), scopes...)
}

// Caller is who asks, for what needs one of the scopes.
func Caller(ctx context.Context, scopes ...auth.Scope) programme.Caller {
	token := wire.Token(ctx)
	c := programme.Caller{Actor: wire.Actor(ctx), Test: token.Test, Country: token.Country,
		MayIssue: func(slug string) bool { return may(ctx, slug, scopes...) }}
	if len(token.Activities) > 0 {
		c.MayReport = func(activity string) bool { return token.AllowsActivity(activity) == nil }
	}
	return c
}

// plain refuses the parameters that a call has none of, and a header of retries
// that is none. The calls of this package need no key to be repeated: events have
// their own, and what is defined or decided twice is so once.
func plain(r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	_, err := wire.IdempotencyKey(r)
	return err
}

// address is that of a credential, or of another thing that has an id; nil
// without one.
func (h *Handler) address(path, id string) *string {
	if id == "" {
		return nil
	}
	s := h.baseURL + path + id
	return &s
}

func created(isNew bool) int {
	if isNew {
		return http.StatusCreated
	}
	return http.StatusOK
}
