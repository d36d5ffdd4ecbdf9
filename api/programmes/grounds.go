package programmes

import (
	"encoding/json"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/facts"
)

// groundsBody is what led to a badge.
type groundsBody struct {
	Credential   *string         `json:"credential"`
	Achievement  string          `json:"achievement"`
	Activity     *string         `json:"activity"`
	Edition      *string         `json:"edition"`
	State        programme.State `json:"state"`
	EarnedAt     time.Time       `json:"earnedAt"`
	RulesVersion *string         `json:"rulesVersion"` // of the definition that decided
	Rule         json.RawMessage `json:"rule"`         // as that has it
	Facts        *facts.Facts    `json:"facts"`
	Parts        []string        `json:"parts"`  // addresses of the badges that it rests on
	Upload       *string         `json:"upload"` // the list that brought it
	Direct       bool            `json:"direct"` // the badge was there before, issued directly
}

// Grounds answers GET /v1/credentials/{id}/award.
func (h *Handler) Grounds(w http.ResponseWriter, r *http.Request) error {
	if err := plain(r); err != nil {
		return err
	}
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	rec, err := h.issuer.Credential(r.Context(), id)
	if err != nil {
		return err
	}
	if !wire.MayTouch(r.Context(), rec.Issuer, auth.Read) {
		return issuer.ErrNotFound
	}
	g, err := h.programme.Grounds(r.Context(), caller(r, auth.Read), rec)
	if err != nil {
		return err
	}
	body := groundsBody{Credential: h.address(credentials, id), Achievement: g.Achievement, Activity: optional(g.Activity), Edition: optional(g.Edition), State: g.State,
		EarnedAt: g.EarnedAt.UTC(), RulesVersion: optional(g.Version), Rule: g.Rule, Facts: g.Facts, Parts: []string{}, Upload: optional(g.Upload), Direct: g.Found}
	for _, part := range g.Parts {
		body.Parts = append(body.Parts, h.baseURL+credentials+part)
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}
