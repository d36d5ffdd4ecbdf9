package badges

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// maxAward bounds the body of one award, in bytes.
const maxAward = 1 << 20

// Issue answers POST /v1/credentials.
func (h *Handler) Issue(w http.ResponseWriter, r *http.Request) error {
	if _, err := wire.Query(r); err != nil {
		return err
	}
	key, err := wire.IdempotencyKey(r)
	if err != nil {
		return err
	}
	v, err := wire.ReadJSON(w, r, strictjson.Limits{Bytes: maxAward})
	if err != nil {
		return err
	}
	var body awardBody
	if err := wire.Decode(v, &body); err != nil {
		return err
	}
	if err := body.single(); err != nil {
		return err
	}
	award, err := body.award()
	if err != nil {
		return err
	}
	if err := h.granted(r.Context(), &award); err != nil {
		return err
	}
	award.Idempotency = idempotency(r.Context(), key, v)
	issued, err := h.issue(r.Context(), award)
	if err != nil {
		return err
	}
	return h.writeIssued(w, r, issued)
}

// issue makes a badge, and what follows from it as far as the caller may issue.
func (h *Handler) issue(ctx context.Context, a issuer.Award) (*issuer.Issued, error) {
	return h.programme.Issue(ctx, a, func(slug string) bool { return may(ctx, slug, auth.Issue) })
}

// idempotency is nil without a key, which is mostly so. asked is what the key
// stands for, but for the members to omit.
func idempotency(ctx context.Context, key string, asked strictjson.Value, omit ...string) *issuer.Idempotency {
	if key == "" {
		return nil
	}
	return &issuer.Idempotency{Scope: wire.Token(ctx).ID + " POST /v1/credentials", Key: key, Digest: wire.Digest(asked, omit...)}
}

func (h *Handler) writeIssued(w http.ResponseWriter, r *http.Request, issued *issuer.Issued) error {
	status := http.StatusCreated
	if issued.Existing {
		status = http.StatusOK
	}
	w.Header().Set("Location", "/credentials/"+issued.Record.ID)
	if issued.Replayed {
		w.Header().Set("Idempotent-Replayed", "true")
	}
	raw, err := answer(h.baseURL, issued, h.issuer.Claim(issued.Record)).encode()
	if err != nil {
		return err
	}
	wire.WriteAtOnce(w, r, "application/json", status, raw, []byte("\n"))
	return nil
}

// Answer is the body that answers POST /v1/credentials, for who issues without
// HTTP; claim is that of the badge.
func Answer(baseURL string, issued *issuer.Issued, claim string) (json.RawMessage, error) {
	return answer(baseURL, issued, claim).encode()
}

// encode puts the badge behind the rest as it is, where encoding/json would read
// it through once more.
func (b *recordBody) encode() ([]byte, error) {
	rest := *b
	rest.Credential = nil
	raw, err := wire.Marshal(&rest)
	if err != nil || len(b.Credential) == 0 {
		return raw, err
	}
	raw = append(slices.Grow(raw[:len(raw)-1], len(b.Credential)+32), `,"credential":`...)
	return append(append(raw, b.Credential...), '}'), nil
}

// answer tells of a new badge. Nothing in it changes afterwards, so that a
// repeated request gets the same bytes.
func answer(baseURL string, issued *issuer.Issued, claim string) *recordBody {
	body := record(baseURL, issued.Record)
	body.ClaimURL = claimURL(baseURL, claim)
	body.Duplicate = issued.Existing
	return body
}

// recordBody is a record as callers see it. What is not there yet is null.
type recordBody struct {
	ID           string          `json:"id"`
	Status       issuer.Status   `json:"status"`
	Test         bool            `json:"test,omitempty"` // a trial
	Duplicate    bool            `json:"duplicate,omitempty"`
	CredentialID string          `json:"credentialId"`
	VerifyURL    string          `json:"verifyUrl"`
	ClaimURL     *string         `json:"claimUrl"` // for the holder alone
	Hidden       bool            `json:"hidden"`   // by its holder
	Code         string          `json:"code"`     // printed under the QR code
	QR           qrBody          `json:"qr"`
	Downloads    downloadsBody   `json:"downloads"`
	Issuer       string          `json:"issuer"`
	Achievement  string          `json:"achievement"`
	Version      string          `json:"version"`
	Edition      *string         `json:"edition"`
	AwardedAt    string          `json:"awardedAt"`
	IssuedAt     string          `json:"issuedAt"`
	ValidUntil   *string         `json:"validUntil"`
	ExternalRef  *string         `json:"externalRef"`
	Language     *string         `json:"language"`
	Reason       *string         `json:"reason"`       // of the last change of status
	StatusAt     *string         `json:"statusAt"`     // of the last change of status
	BadgeEdition int             `json:"badgeEdition"` // 1 for the first; corrections and renewals count on
	ErasedAt     *string         `json:"erasedAt,omitempty"`
	ChangedAt    string          `json:"changedAt,omitempty"`
	Credential   json.RawMessage `json:"credential,omitempty"` // the last member: see encode
}

type qrBody struct {
	PNG string `json:"png"`
	SVG string `json:"svg"`
}

type downloadsBody struct {
	JSON string  `json:"json"`
	JWT  string  `json:"jwt"`
	PNG  string  `json:"png"`
	SVG  string  `json:"svg"`
	PDF  string  `json:"pdf"`
	Card *string `json:"card"` // nil for a badge that is not in force
}

func record(baseURL string, rec *issuer.Record) *recordBody {
	address := credentialURL(baseURL, rec.ID)
	return &recordBody{
		ID: rec.ID, Status: rec.Status, Test: issuer.IsTest(rec.Issuer), CredentialID: address, VerifyURL: verifyURL(baseURL, rec.ID),
		Hidden: !rec.HiddenAt.IsZero(),
		Code:   issuer.PrintedCode(rec.ID), QR: qrBody{address + "/qr.png", address + "/qr.svg"},
		Downloads: downloadsBody{JSON: address + ".json", JWT: address + ".jwt", PNG: address + ".png", SVG: address + ".svg", PDF: address + ".pdf", Card: cardURL(address, rec)},
		Issuer:    rec.Issuer, Achievement: rec.Achievement, Version: rec.Version, Edition: optional(rec.Term),
		AwardedAt: badge.FormatTime(rec.AwardedAt), IssuedAt: badge.FormatTime(rec.IssuedAt), ValidUntil: moment(rec.ValidUntil),
		ExternalRef: optional(rec.ExternalRef), Language: optional(rec.Language),
		Reason: optional(rec.Reason), StatusAt: moment(rec.StatusAt), BadgeEdition: rec.Edition, ErasedAt: moment(rec.ErasedAt),
		Credential: rec.Document,
	}
}

func credentialURL(baseURL, id string) string { return baseURL + "/credentials/" + id }

func verifyURL(baseURL, id string) string { return baseURL + "/v/" + id }

func cardURL(address string, rec *issuer.Record) *string {
	if rec.Status != issuer.Active {
		return nil
	}
	address += "/card"
	return &address
}

// claimURL is nil without a claim.
func claimURL(baseURL, claim string) *string {
	if claim == "" {
		return nil
	}
	address := baseURL + "/c/" + claim
	return &address
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := badge.FormatTime(t)
	return &s
}
