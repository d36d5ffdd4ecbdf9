package badges

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
)

// How many records a page has.
const (
	defaultPage = 50
	largestPage = 200
)

type pageBody struct {
	Items []*recordBody `json:"items"`
	Next  *string       `json:"next"` // address of the next page
}

// List answers GET /v1/credentials.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "cursor", "limit", "achievement", "status", "external_ref", "email", "changed_since")
	if err != nil {
		return err
	}
	f, err := h.filter(r, q)
	if err != nil {
		return err
	}
	page, err := h.issuer.List(r.Context(), f)
	if err != nil {
		return err
	}
	body := pageBody{Items: make([]*recordBody, len(page.Records))}
	for n, rec := range page.Records {
		body.Items[n] = h.stored(r.Context(), rec)
		body.Items[n].Credential = nil
	}
	if page.Next != "" {
		q.Set("cursor", page.Next)
		next := h.baseURL + "/v1/credentials?" + q.Encode()
		body.Next = &next
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

func (h *Handler) filter(r *http.Request, q url.Values) (issuer.Filter, error) {
	f := issuer.Filter{Achievement: q.Get("achievement"), Status: issuer.Status(q.Get("status")),
		ExternalRef: q.Get("external_ref"), Email: q.Get("email"), Cursor: q.Get("cursor")}
	var err error
	if f.Limit, err = wire.Number(q, "limit", defaultPage, 1, largestPage); err != nil {
		return f, err
	}
	if f.Status != "" && !slices.Contains([]issuer.Status{issuer.Active, issuer.Suspended, issuer.Revoked}, f.Status) {
		return f, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter status is active, suspended or revoked."}
	}
	if f.Achievement != "" && issuer.CheckSlug(f.Achievement) != nil {
		return f, &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter achievement is the slug of an achievement."}
	}
	if since := q.Get("changed_since"); since != "" {
		if f.ChangedSince, err = wire.Time(since); err != nil {
			return f, &wire.Fault{Code: wire.InvalidParameter,
				Detail: "The parameter changed_since is a day such as 2025-07-11 or a moment such as 2025-07-11T08:00:00Z (write + as %2B)."}
		}
	}
	f.Issuers, err = Issuers(r.Context(), h.issuer)
	return f, err
}

// Issuers lists the issuers whose badges the caller may read, in order.
func Issuers(ctx context.Context, register *issuer.Issuer) ([]string, error) {
	var all []string
	token := wire.Token(ctx)
	if slices.Contains(token.Issuers, auth.Any) {
		profiles, err := register.Profiles(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range profiles {
			all = append(all, p.Slug)
		}
	}
	for _, slug := range token.Issuers {
		switch {
		case slug == auth.Any:
		case token.Test:
			all = append(all, issuer.TestSlug(slug))
		default:
			all = append(all, slug)
		}
	}
	all = slices.DeleteFunc(all, func(slug string) bool { return !wire.MayTouch(ctx, slug, auth.Read) })
	return slices.Compact(slices.Sorted(slices.Values(all))), nil
}

// stored is a record as it stands now. The claim is for who may hand it on to
// the holder.
func (h *Handler) stored(ctx context.Context, rec *issuer.Record) *recordBody {
	body := record(h.baseURL, rec)
	if wire.MayTouch(ctx, rec.Issuer, auth.Read) || wire.MayTouch(ctx, rec.Issuer, auth.Issue) {
		body.ClaimURL = claimURL(h.baseURL, h.issuer.Claim(rec))
	}
	body.ChangedAt = rec.ChangedAt.UTC().Format(time.RFC3339Nano)
	return body
}

// Record answers GET /v1/credentials/{id}, with ?edition= any edition.
func (h *Handler) Record(w http.ResponseWriter, r *http.Request) error {
	rec, err := h.recordOf(r, auth.Read)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, h.stored(r.Context(), rec))
}
