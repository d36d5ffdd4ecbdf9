package badges

import (
	"context"
	"net/http"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/issuer"
)

// personBody is what of a recipient can be said otherwise. What is null or
// left out stays as it is; an empty text takes it away.
type personBody struct {
	Name       *string `json:"name"`
	Email      *string `json:"email"`
	ExternalID *string `json:"externalId"`
}

type reissueBody struct {
	Reason        *string           `json:"reason"`
	Recipient     personBody        `json:"recipient"`
	Activity      *spanBody         `json:"activity"`
	Role          *string           `json:"role"`
	Narrative     *string           `json:"narrative"`
	Evidence      *[]badge.Evidence `json:"evidence"`
	Results       *[]badge.Result   `json:"results"`
	CreditsEarned *float64          `json:"creditsEarned"`
	Language      *string           `json:"language"`
	ExternalRef   *string           `json:"externalRef"`
}

// Reissue answers POST /v1/credentials/{id}/reissue: the same badge with a
// correction. What is corrected already stays as it is.
func (h *Handler) Reissue(w http.ResponseWriter, r *http.Request) error {
	var body reissueBody
	a, err := h.amendment(w, r, "reissue", &body)
	if err != nil {
		return err
	}
	a.Reason = text(body.Reason)
	c := issuer.Correction{Name: body.Recipient.Name, Email: body.Recipient.Email, ExternalID: body.Recipient.ExternalID,
		Role: body.Role, Narrative: body.Narrative, Evidence: body.Evidence, Results: body.Results, CreditsEarned: body.CreditsEarned,
		Language: body.Language, ExternalRef: body.ExternalRef}
	if body.Activity != nil {
		var faults badge.Errors
		c.ActivityStart = removableMoment(&faults, body.Activity.Start, "/activity/start")
		c.ActivityEnd = removableMoment(&faults, body.Activity.End, "/activity/end")
		if err := faults.Err(); err != nil {
			return err
		}
	}
	issued, err := h.issuer.Reissue(r.Context(), a, c)
	return h.amended(w, r, issued, err)
}

type renewBody struct {
	Reason     *string `json:"reason"`
	ValidUntil *string `json:"validUntil"`
}

// Renew answers POST /v1/credentials/{id}/renew: the same badge for a further
// term. What has a whole term before it stays as it is.
func (h *Handler) Renew(w http.ResponseWriter, r *http.Request) error {
	var body renewBody
	a, err := h.amendment(w, r, "renew", &body)
	if err != nil {
		return err
	}
	a.Reason = text(body.Reason)
	var faults badge.Errors
	var until time.Time
	if t := optionalMoment(&faults, body.ValidUntil, "/validUntil"); t != nil {
		until = *t
	}
	if err := faults.Err(); err != nil {
		return err
	}
	issued, err := h.programme.Renew(r.Context(), a, until)
	return h.amended(w, r, issued, err)
}

type registerBody struct {
	Reason      *string      `json:"reason"`
	Recipient   contactsBody `json:"recipient"`
	Language    *string      `json:"language"`
	ExternalRef *string      `json:"externalRef"`
}

type contactsBody struct {
	Email      *string `json:"email"`
	ExternalID *string `json:"externalId"`
}

// ChangeRegister answers PATCH /v1/credentials/{id}: what stands in the
// register and is not signed, such as a holder's new address.
func (h *Handler) ChangeRegister(w http.ResponseWriter, r *http.Request) error {
	var body registerBody
	a, err := h.amendment(w, r, "register", &body)
	if err != nil {
		return err
	}
	a.Reason = text(body.Reason)
	issued, err := h.issuer.ChangeRegister(r.Context(), a, issuer.Register{Email: body.Recipient.Email,
		ExternalID: body.Recipient.ExternalID, Language: body.Language, ExternalRef: body.ExternalRef})
	return h.amended(w, r, issued, err)
}

// RenewClaim answers POST /v1/credentials/{id}/claim: another claim link for the
// holder, where the one before has come into strange hands.
func (h *Handler) RenewClaim(w http.ResponseWriter, r *http.Request) error {
	a, err := h.amendment(w, r, "claim", &struct{}{})
	if err != nil {
		return err
	}
	issued, err := h.issuer.RenewClaim(r.Context(), a)
	return h.amended(w, r, issued, err)
}

// amendment reads a request that amends one credential. The same key under
// another address is another request.
func (h *Handler) amendment(w http.ResponseWriter, r *http.Request, what string, into any) (issuer.Amendment, error) {
	a := issuer.Amendment{ID: r.PathValue("id"), Actor: wire.Actor(r.Context()), MayTouch: mayIssue(r.Context())}
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return a, err
	}
	digest, err := readOptional(w, r, maxAward, into)
	if err != nil {
		return a, err
	}
	a.Idempotency = amendmentKey(r.Context(), what, a.ID, key, digest)
	return a, nil
}

// amendmentKey is nil without a key.
func amendmentKey(ctx context.Context, what, id, key string, digest []byte) *issuer.Idempotency {
	if key == "" {
		return nil
	}
	return &issuer.Idempotency{Scope: wire.Token(ctx).ID + " " + what + " " + id, Key: key, Digest: digest}
}

func mayIssue(ctx context.Context) func(slug string) bool {
	return func(slug string) bool { return wire.MayTouch(ctx, slug, auth.Issue) }
}

func (h *Handler) amended(w http.ResponseWriter, r *http.Request, issued *issuer.Issued, err error) error {
	if err != nil {
		return err
	}
	if issued.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	return wire.WriteJSON(w, http.StatusOK, h.stored(r.Context(), issued.Record))
}

// optionalMoment is nil for a date that was not given.
func optionalMoment(faults *badge.Errors, s *string, pointer string) *time.Time {
	if s == nil || *s == "" {
		return nil
	}
	t, err := wire.Time(*s)
	if err != nil {
		*faults = append(*faults, dateFault(pointer))
	}
	return &t
}

// removableMoment is optionalMoment for a date that an empty text takes away.
func removableMoment(faults *badge.Errors, s *string, pointer string) *time.Time {
	if s != nil && *s == "" {
		return &time.Time{}
	}
	return optionalMoment(faults, s, pointer)
}

// Erase answers DELETE /v1/credentials/{id}/personal-data. It can be repeated:
// what is erased stays as it is.
func (h *Handler) Erase(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	rec, _, err := h.issuer.Erase(ctx, issuer.Amendment{ID: r.PathValue("id"), Actor: wire.Actor(ctx), MayTouch: mayRevoke(ctx)})
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, h.stored(ctx, rec))
}
