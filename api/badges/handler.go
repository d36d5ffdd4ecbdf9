// Package badges is the API for course platforms and staff: issuing, one badge
// or many, records, revocation, rosters, achievements and issuers.
//
// Each handler reads a request strictly, makes one call of the domain and
// writes its answer. It decides nothing about badges, and it sees only what the
// token may see: whatever belongs to another issuer is as unknown as what does
// not exist.
//
// Start at New; issue.go has the call that matters most.
package badges

import (
	"context"
	"net/http"

	"laurel/api/studio"
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
	Studio    *studio.Studio
	// Explain turns an error into the problem that an item of a batch answers
	// with, and logs what is a fault of ours.
	Explain func(ctx context.Context, err error) wire.Problem
}

// Handler answers platforms and staff.
type Handler struct {
	issuer    *issuer.Issuer
	programme *programme.Programme
	baseURL   string
	studio    *studio.Studio
	explain   func(ctx context.Context, err error) wire.Problem
}

// New makes a Handler.
func New(cfg Config) *Handler {
	return &Handler{issuer: cfg.Issuer, programme: cfg.Programme, baseURL: cfg.BaseURL, studio: cfg.Studio, explain: cfg.Explain}
}

// may tells whether the caller has one of the scopes for an issuer, to award or
// define in its name. What was awarded is a matter of wire.MayTouch.
func may(ctx context.Context, slug string, scopes ...auth.Scope) bool {
	return wire.MayAct(ctx, slug, scopes...)
}

// notGranted refuses a caller who speaks for other issuers.
func notGranted(slug string) error {
	return &wire.Fault{Code: wire.IssuerNotGranted,
		Detail: "The token does not act for the issuer " + clip(slug) + ". Use a token of that issuer, or an achievement of your own."}
}

func clip(s string) string {
	if len(s) > 63 {
		return "of that name"
	}
	return s
}

// recordOf reads the record that a path names, if the caller may see it.
func (h *Handler) recordOf(r *http.Request, scope auth.Scope) (*issuer.Record, error) {
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	q, err := wire.Query(r, "edition")
	if err != nil {
		return nil, err
	}
	n, err := wire.Number(q, "edition", 0, 1, issuer.MaxEdition)
	if err != nil {
		return nil, err
	}
	var rec *issuer.Record
	if n == 0 {
		rec, err = h.issuer.Credential(r.Context(), id)
	} else {
		rec, _, err = h.issuer.Edition(r.Context(), id, n)
	}
	if err != nil {
		return nil, err
	}
	if !wire.MayTouch(r.Context(), rec.Issuer, scope) {
		return nil, issuer.ErrNotFound
	}
	return rec, nil
}
