// Package endorsements is the API of endorsers and endorsements, and what
// anybody may read of them.
//
// Each handler reads a request strictly, makes one call of package endorser and
// writes its answer. Whether an endorsement holds is asked at the moment it is
// shown; nothing here touches a badge.
//
// Start at New.
package endorsements

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"laurel/api/verify"
	"laurel/api/wire"
	"laurel/badge"
	"laurel/endorser"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// Config is what a Handler works with; every field is required.
type Config struct {
	Endorsers *endorser.Endorsers
	Desk      *verify.Desk
	BaseURL   string
}

// Handler answers endorsers, issuers and everybody.
type Handler struct {
	endorsers *endorser.Endorsers
	desk      *verify.Desk
	baseURL   string
}

// New makes a Handler.
func New(cfg Config) *Handler {
	return &Handler{endorsers: cfg.Endorsers, desk: cfg.Desk, baseURL: cfg.BaseURL}
}

// speaksFor tells whether the caller acts for an endorser.
func speaksFor(ctx context.Context, slug string) bool {
	return wire.Token(ctx).Allows(auth.Endorse, endorser.Party(slug)) == nil
}

// may tells whether the caller acts for an endorser, or for the issuer of what is
// endorsed.
func may(ctx context.Context) func(slug, issuer string) bool {
	return func(slug, issuer string) bool {
		return speaksFor(ctx, slug) || wire.Token(ctx).Allows(auth.Endorse, issuer) == nil
	}
}

// isOperator: who acts for everybody says whom the service knows.
func isOperator(ctx context.Context) bool {
	return slices.Contains(wire.Token(ctx).Issuers, auth.Any)
}

func notGranted(slug string) error {
	return &wire.Fault{Code: wire.IssuerNotGranted,
		Detail: "The token does not act for this endorser. Use one that was made for " + endorser.Party(slug) + ", or for all issuers."}
}

const maxProfile = 64 << 10 // bytes of a profile

type endorserBody struct {
	Slug               *string `json:"slug"`
	ID                 *string `json:"id"`
	Key                *string `json:"key"`
	VerificationMethod *string `json:"verificationMethod"`
	Name               string  `json:"name"`
	URL                *string `json:"url"`
	Email              *string `json:"email"`
	Description        *string `json:"description"`
	Listed             *bool   `json:"listed"`
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// PutEndorser answers PUT /v1/endorsers/{slug}.
func (h *Handler) PutEndorser(w http.ResponseWriter, r *http.Request) error {
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxProfile})
	if err != nil {
		return err
	}
	var body endorserBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	slug, ctx := r.PathValue("slug"), r.Context()
	switch {
	case issuer.CheckSlug(endorser.Party(slug)) != nil || issuer.CheckSlug(slug) != nil:
		return &wire.Fault{Code: wire.InvalidSlug, Detail: "The address names no endorser: use 1 to 54 small letters, digits and hyphens."}
	case body.Slug != nil && *body.Slug != slug:
		return wire.At(wire.SlugMismatch, "/slug", "The address names another endorser. Leave the member out.")
	case !speaksFor(ctx, slug):
		return notGranted(slug)
	case body.Listed != nil && !isOperator(ctx):
		return &wire.Fault{Code: wire.IssuerNotGranted, Detail: "Who is listed is said by the operator: with a token for all issuers. Leave listed out."}
	}
	stored, err := h.endorsers.Put(ctx, endorser.Definition{Slug: slug, ID: text(body.ID), Key: endorser.Key(text(body.Key)),
		VerificationMethod: text(body.VerificationMethod), Name: body.Name, URL: text(body.URL), Email: text(body.Email),
		Description: text(body.Description), Listed: body.Listed, Actor: wire.Actor(ctx)})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/endorsers/"+slug)
	status := http.StatusOK
	if stored.CreatedAt.Equal(stored.ChangedAt) {
		status = http.StatusCreated
	}
	return wire.WriteJSON(w, status, stored)
}

// Endorser answers GET /v1/endorsers/{slug}.
func (h *Handler) Endorser(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if issuer.CheckSlug(slug) != nil || !reads(r.Context(), slug) {
		return issuer.ErrNotFound
	}
	e, err := h.endorsers.Endorser(r.Context(), slug)
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, e)
}

func reads(ctx context.Context, slug string) bool {
	return speaksFor(ctx, slug) || wire.Token(ctx).Allows(auth.Read, endorser.Party(slug)) == nil
}

type endorsersBody struct {
	Items []*endorser.Endorser `json:"items"`
}

// Endorsers answers GET /v1/endorsers.
func (h *Handler) Endorsers(w http.ResponseWriter, r *http.Request) error {
	all, err := h.endorsers.Endorsers(r.Context())
	if err != nil {
		return err
	}
	body := endorsersBody{Items: []*endorser.Endorser{}}
	for _, e := range all {
		if reads(r.Context(), e.Slug) {
			body.Items = append(body.Items, e)
		}
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

type subjectBody struct {
	Achievement *string `json:"achievement"`
	Issuer      *string `json:"issuer"`
	Credential  *string `json:"credential"`
}

type requestBody struct {
	Endorser   string      `json:"endorser"`
	Subject    subjectBody `json:"subject"`
	Comment    string      `json:"comment"`
	ValidFrom  *string     `json:"validFrom"`
	ValidUntil *string     `json:"validUntil"`
}

// Media types of what is signed, by its form.
var (
	jsonForms = []string{"application/vc", "application/json", "application/ld+json"}
	jwtForms  = []string{"application/vc+jwt", "application/jwt"}
)

// Endorse answers POST /v1/endorsements: it signs what is asked for with the
// endorser's key, or takes what an endorser has signed.
func (h *Handler) Endorse(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	mt := wire.MediaType(r)
	if !slices.Contains(jsonForms, mt) && !slices.Contains(jwtForms, mt) {
		return &wire.Fault{Code: wire.UnsupportedMediaType,
			Detail: "Send a request as application/json, or a signed EndorsementCredential as application/json, application/vc or application/vc+jwt."}
	}
	raw, err := wire.ReadBody(w, r, endorser.MaxBytes)
	if err != nil {
		return err
	}
	if slices.Contains(jwtForms, mt) {
		return h.accept(w, r, raw, key)
	}
	v, err := wire.ParseJSON(raw, strictjson.Limits{Bytes: endorser.MaxBytes})
	if err != nil {
		return err
	}
	if mt != "application/json" || v.Get("@context").Exists() {
		return h.accept(w, r, raw, key)
	}
	return h.sign(w, r, v, key)
}

func (h *Handler) sign(w http.ResponseWriter, r *http.Request, v strictjson.Value, key string) error {
	var body requestBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	ctx := r.Context()
	q := endorser.Request{Endorser: body.Endorser, Comment: body.Comment, Actor: wire.Actor(ctx),
		Subject:     endorser.Subject{Achievement: text(body.Subject.Achievement), Issuer: text(body.Subject.Issuer), Credential: text(body.Subject.Credential)},
		Idempotency: idempotency(ctx, key, wire.Digest(v))}
	for _, t := range []struct {
		pointer string
		given   *string
		into    *time.Time
	}{{"/validFrom", body.ValidFrom, &q.ValidFrom}, {"/validUntil", body.ValidUntil, &q.ValidUntil}} {
		if t.given == nil {
			continue
		}
		var err error
		if *t.into, err = wire.Time(*t.given); err != nil {
			return badge.Errors{{Code: badge.MalformedValueError, Rule: "date_invalid", Pointer: t.pointer,
				Detail: "Give a day such as 2025-02-01, or a moment such as 2025-02-01T08:00:00Z."}}
		}
	}
	if !speaksFor(ctx, q.Endorser) {
		return notGranted(clip(q.Endorser))
	}
	made, err := h.endorsers.Endorse(ctx, q)
	if err != nil {
		return err
	}
	return h.made(w, made)
}

func clip(slug string) string {
	if issuer.CheckSlug(slug) != nil {
		return "it"
	}
	return slug
}

func (h *Handler) accept(w http.ResponseWriter, r *http.Request, raw []byte, key string) error {
	ctx := r.Context()
	made, err := h.endorsers.Accept(ctx, endorser.Brought{Document: raw, Actor: wire.Actor(ctx), May: may(ctx),
		Idempotency: idempotency(ctx, key, []byte(issuer.DocumentDigest(raw)))})
	if err != nil {
		return err
	}
	return h.made(w, made)
}

// idempotency is nil without a key.
func idempotency(ctx context.Context, key string, digest []byte) *issuer.Idempotency {
	if key == "" {
		return nil
	}
	return &issuer.Idempotency{Scope: wire.Token(ctx).ID + " POST /v1/endorsements", Key: key, Digest: digest}
}

// recordBody is an endorsement as callers see it; what is not there is null.
type recordBody struct {
	ID          string           `json:"id"`
	URL         string           `json:"url"` // where the signed bytes are
	Endorser    string           `json:"endorser"`
	Subject     endorser.Subject `json:"subject"`
	Comment     string           `json:"comment"`
	ValidFrom   string           `json:"validFrom"`
	ValidUntil  *string          `json:"validUntil"`
	CreatedAt   string           `json:"createdAt"`
	WithdrawnAt *string          `json:"withdrawnAt"`
	Duplicate   bool             `json:"duplicate,omitempty"`
}

func (h *Handler) record(e *endorser.Endorsement) recordBody {
	return recordBody{ID: e.ID, URL: h.baseURL + "/endorsements/" + e.ID, Endorser: e.Endorser, Subject: e.Subject, Comment: e.Comment,
		ValidFrom: badge.FormatTime(e.ValidFrom), ValidUntil: orNull(e.ValidUntil), CreatedAt: badge.FormatTime(e.CreatedAt), WithdrawnAt: orNull(e.WithdrawnAt)}
}

func orNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := badge.FormatTime(t)
	return &s
}

func (h *Handler) made(w http.ResponseWriter, made *endorser.Result) error {
	body := h.record(made.Endorsement)
	status := http.StatusCreated
	if made.Existing {
		status, body.Duplicate = http.StatusOK, true
	}
	if made.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	w.Header().Set("Location", "/endorsements/"+made.ID)
	return wire.WriteJSON(w, status, body)
}

// Endorsement answers GET /v1/endorsements/{id}.
func (h *Handler) Endorsement(w http.ResponseWriter, r *http.Request) error {
	e, err := h.stored(r)
	if err != nil {
		return err
	}
	if !may(r.Context())(e.Endorser, e.Subject.Issuer) {
		return issuer.ErrNotFound
	}
	return wire.WriteJSON(w, http.StatusOK, h.record(e))
}

func (h *Handler) stored(r *http.Request) (*endorser.Endorsement, error) {
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return nil, issuer.ErrNotFound
	}
	return h.endorsers.Endorsement(r.Context(), id)
}

// Withdraw answers DELETE /v1/endorsements/{id}. The record stays, withdrawn.
func (h *Handler) Withdraw(w http.ResponseWriter, r *http.Request) error {
	id, ctx := r.PathValue("id"), r.Context()
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	e, err := h.endorsers.Withdraw(ctx, id, wire.Actor(ctx), may(ctx))
	if err != nil {
		return err
	}
	return wire.WriteJSON(w, http.StatusOK, h.record(e))
}

// How many endorsements a page of the list has.
const (
	defaultPage = 50
	largestPage = 200
)

type pageBody struct {
	Items []recordBody `json:"items"`
	Next  *string      `json:"next"` // address of the next page
}

// List answers GET /v1/endorsements.
func (h *Handler) List(w http.ResponseWriter, r *http.Request) error {
	q, err := wire.Query(r, "endorser", "achievement", "issuer", "credential", "cursor", "limit")
	if err != nil {
		return err
	}
	limit, err := wire.Number(q, "limit", defaultPage, 1, largestPage)
	if err != nil {
		return err
	}
	after := q.Get("cursor")
	if after != "" && !wire.IsID(after) {
		return &wire.Fault{Code: wire.InvalidParameter, Detail: "The parameter cursor is taken from the address of the next page."}
	}
	f := endorser.Filter{Endorser: q.Get("endorser"), After: after, Limit: limit, May: may(r.Context()),
		Subject: endorser.Subject{Achievement: q.Get("achievement"), Issuer: q.Get("issuer"), Credential: q.Get("credential")}}
	list, more, err := h.endorsers.List(r.Context(), f)
	if err != nil {
		return err
	}
	body := pageBody{Items: make([]recordBody, len(list))}
	for n, e := range list {
		body.Items[n] = h.record(e)
	}
	if more {
		q.Set("cursor", list[len(list)-1].ID)
		next := h.baseURL + "/v1/endorsements?" + q.Encode()
		body.Next = &next
		w.Header().Set("Link", "<"+next+`>; rel="next"`)
	}
	return wire.WriteJSON(w, http.StatusOK, body)
}

// Signed answers GET /endorsements/{id}: the bytes as they were signed, also of
// one that was withdrawn, whose status says so.
func (h *Handler) Signed(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if !wire.IsID(id) {
		return issuer.ErrNotFound
	}
	e, err := h.endorsers.Public(r.Context(), id)
	if err != nil {
		return err
	}
	forms, suffix := jsonForms, "json"
	if !strings.HasPrefix(strings.TrimSpace(string(e.Document)), "{") {
		forms, suffix = jwtForms, "jwt"
	}
	if e.Erased() {
		return issuer.ErrErased
	}
	wire.Vary(w, "Accept")
	w.Header().Set("Content-Disposition", fmt.Sprintf("inline; filename=%q", e.ID+"."+suffix))
	wire.ServeCached(w, r, wire.Negotiate(r, forms...), wire.Revalidate, e.Document)
	return nil
}
