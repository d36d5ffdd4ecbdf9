// Package statistics answers GET /v1/statistics: exactly to a token, and to
// everybody what names nobody.
package statistics

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/programme"
	counts "laurel/programme/statistics"
)

// Handler answers for the counts.
type Handler struct{ programme *programme.Programme }

// New makes the handler.
func New(p *programme.Programme) *Handler { return &Handler{p} }

// answer is a report with the moment that it tells of.
type answer struct {
	Form string     `json:"form"` // public or exact
	AsOf *time.Time `json:"as_of"`
	counts.Report
}

// Statistics answers GET /v1/statistics.
func (h *Handler) Statistics(w http.ResponseWriter, r *http.Request) error {
	wire.Vary(w, "Accept", "Authorization")
	if wire.Token(r.Context()).ID != "" {
		return h.exact(w, r)
	}
	return h.public(w, r)
}

// public answers from the snapshot of the day.
func (h *Handler) public(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "issuer", "activity", "achievement", "edition", "format", "country", "state")
	if err != nil {
		return err
	}
	for _, bound := range []string{"country", "state"} {
		if q.Has(bound) {
			return &wire.Fault{Code: wire.InvalidParameter, Detail: "The public figures are not bounded by " + bound + ". Leave the parameter out: by_country has the countries. With a token of the scope stats it chooses among what is the token's."}
		}
	}
	report, taken, ok, err := h.programme.Public(r.Context(), counts.Scope{Issuer: q.Get("issuer"), Activity: q.Get("activity"),
		Achievement: q.Get("achievement"), Edition: edition(q.Get("edition"))})
	if err != nil {
		return err
	}
	if !ok {
		return &wire.Fault{Code: wire.InvalidParameter,
			Detail: "Public figures are of everything, of one issuer, one activity or one achievement, or of one edition of the last two. A token with the scope stats may ask for any choice."}
	}
	w.Header().Set("Cache-Control", "public, max-age=3600")
	a := answer{Form: "public", Report: report}
	if !taken.IsZero() {
		a.AsOf = &taken
	}
	return write(w, r, q.Get("format"), a)
}

// exact answers a token of what is its own.
func (h *Handler) exact(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "issuer", "activity", "achievement", "edition", "country", "state", "format")
	if err != nil {
		return err
	}
	token := wire.Token(r.Context())
	if country := q.Get("country"); country != "" && token.AllowsCountry(country) != nil {
		return &programme.Forbidden{Rule: "country_not_granted", Detail: "This token is for people of " + token.Country + " alone."}
	}
	report, err := h.programme.Counts(r.Context(), Caller(r.Context()), counts.Filter{Issuer: q.Get("issuer"), Activity: q.Get("activity"),
		Achievement: q.Get("achievement"), Edition: edition(q.Get("edition")), Country: q.Get("country"), State: q.Get("state")})
	if err != nil {
		return err
	}
	return write(w, r, q.Get("format"), answer{Form: "exact", Report: report})
}

// Caller is who asks for exact counts.
func Caller(ctx context.Context) programme.Caller {
	token := wire.Token(ctx)
	return programme.Caller{Actor: wire.Actor(ctx), Test: token.Test, Country: token.Country,
		MayIssue:  func(slug string) bool { return token.Allows(auth.Stats, slug) == nil },
		MayReport: func(activity string) bool { return token.AllowsActivity(activity) == nil }}
}

// edition reads the name of an edition; "-" is the one without a name, which
// is no bound.
func edition(s string) string {
	if s == "-" {
		return ""
	}
	return s
}

func write(w http.ResponseWriter, r *http.Request, format string, a answer) error {
	switch {
	case format == "csv" || format == "" && wire.Negotiate(r, "application/json", "text/csv") == "text/csv":
		var b bytes.Buffer
		if err := a.WriteCSV(&b); err != nil {
			return err
		}
		wire.WriteBytes(w, "text/csv; charset=utf-8", http.StatusOK, b.Bytes())
		return nil
	case format != "" && format != "json":
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter format is json or csv."}
	}
	return wire.WriteJSON(w, http.StatusOK, a)
}
