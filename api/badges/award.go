package badges

import (
	"context"
	"errors"
	"time"

	"laurel/api/wire"
	"laurel/badge"
	"laurel/internal/auth"
	"laurel/internal/strictjson"
	"laurel/issuer"
)

// awardBody asks for one badge. Pointers may be null or left out.
type awardBody struct {
	IdempotencyKey *string          `json:"idempotencyKey"` // in a batch only
	Achievement    strictjson.Value `json:"achievement"`    // slug, or an object
	Edition        *string          `json:"edition"`
	Recipient      recipientBody    `json:"recipient"`
	AwardedAt      string           `json:"awardedAt"`
	ValidUntil     *string          `json:"validUntil"`
	Activity       *spanBody        `json:"activity"`
	Role           *string          `json:"role"`
	Narrative      *string          `json:"narrative"`
	Evidence       []badge.Evidence `json:"evidence"`
	Results        []badge.Result   `json:"results"`
	CreditsEarned  *float64         `json:"creditsEarned"`
	Language       *string          `json:"language"`
	ExternalRef    *string          `json:"externalRef"`
	OnDuplicate    *string          `json:"onDuplicate"`
}

type recipientBody struct {
	Name       string  `json:"name"`
	Email      *string `json:"email"`
	ExternalID *string `json:"externalId"`
	DID        *string `json:"did"`
}

type spanBody struct {
	Start *string `json:"start"`
	End   *string `json:"end"`
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// noEdition is how callers may write that a course has no editions.
const noEdition = "-"

func edition(s string) string {
	if s == noEdition {
		return ""
	}
	return s
}

// ParseAward reads the body of POST /v1/credentials, for who issues without
// HTTP. The error is a wire.Fault or badge.Errors.
func ParseAward(raw []byte) (issuer.Award, error) {
	v, err := wire.ParseJSON(raw, strictjson.Limits{Bytes: maxAward})
	if err != nil {
		return issuer.Award{}, err
	}
	var body awardBody
	if err := wire.Decode(v, &body); err != nil {
		return issuer.Award{}, err
	}
	if err := body.single(); err != nil {
		return issuer.Award{}, err
	}
	return body.award()
}

// single refuses what only an item of a batch has.
func (body *awardBody) single() error {
	if body.IdempotencyKey != nil {
		return wire.At(wire.UnknownMember, "/idempotencyKey", "For a single badge, send the key as the header Idempotency-Key.")
	}
	return nil
}

// award is what a body asks for.
func (body *awardBody) award() (issuer.Award, error) {
	a := issuer.Award{
		Edition: edition(text(body.Edition)),
		Recipient: issuer.Recipient{Name: body.Recipient.Name, Email: text(body.Recipient.Email),
			ExternalID: text(body.Recipient.ExternalID), DID: text(body.Recipient.DID)},
		Role: text(body.Role), Narrative: text(body.Narrative), Evidence: body.Evidence, Results: body.Results,
		CreditsEarned: body.CreditsEarned, Language: text(body.Language), ExternalRef: text(body.ExternalRef),
		OnDuplicate: issuer.OnDuplicate(text(body.OnDuplicate)),
	}
	if err := body.dates(&a); err != nil {
		return a, err
	}
	switch v := body.Achievement; v.Kind() {
	case strictjson.Absent: // the issuer says that it is required
	case strictjson.String:
		a.Achievement = v.Text()
	case strictjson.Object:
		inline, err := readAchievement(v)
		if err != nil {
			return a, under("/achievement", err)
		}
		a.Issuer, a.Inline = inline.Issuer, inline
	default:
		return a, wire.At(wire.WrongType, "/achievement", "Give the slug of an achievement as a text, or a whole achievement as an object.")
	}
	return a, nil
}

// dates reads every date at once, so that all slips are told together.
func (body *awardBody) dates(a *issuer.Award) error {
	var faults badge.Errors
	read := func(s *string, pointer string, into *time.Time) {
		if s == nil || *s == "" {
			return
		}
		t, err := wire.Time(*s)
		if err != nil {
			faults = append(faults, dateFault(pointer))
		}
		*into = t
	}
	read(&body.AwardedAt, "/awardedAt", &a.AwardedAt)
	read(body.ValidUntil, "/validUntil", &a.ValidUntil)
	if body.Activity != nil {
		read(body.Activity.Start, "/activity/start", &a.ActivityStart)
		read(body.Activity.End, "/activity/end", &a.ActivityEnd)
	}
	return faults.Err()
}

func dateFault(pointer string) *badge.Error {
	return &badge.Error{Code: badge.MalformedValueError, Rule: "date_invalid", Pointer: pointer,
		Detail: "Write a day such as 2025-07-11, or a moment with its time zone such as 2025-07-11T08:00:00Z."}
}

// granted holds an award to the issuers that the caller speaks for, and makes it a
// trial where the token is for trials.
// Achievements are public, so naming the issuer of one gives nothing away.
func (h *Handler) granted(ctx context.Context, a *issuer.Award) error {
	switch {
	case a.Inline != nil:
		if a.Issuer == "" {
			a.Issuer = onlyIssuer(ctx)
			a.Inline.Issuer = a.Issuer
		}
	case issuer.CheckSlug(a.Achievement) == nil:
		whose, err := h.issuer.AwardedBy(ctx, a.Achievement)
		if err != nil && !errors.Is(err, issuer.ErrNotFound) {
			return err
		} else if err == nil {
			a.Issuer = whose
		}
	}
	// Without an issuer the achievement is unknown, or says whose it is not:
	// that is for the domain to tell.
	if a.Issuer != "" && !may(ctx, a.Issuer, auth.Issue) {
		return notGranted(a.Issuer)
	}
	a.Actor, a.Test = wire.Actor(ctx), wire.Token(ctx).Test
	if a.Inline != nil {
		return nil
	}
	name, err := h.programme.EditionFor(ctx, a.Achievement, a.Edition)
	a.Edition = name
	return err
}

// onlyIssuer is the issuer that a token speaks for, if it is a single one.
func onlyIssuer(ctx context.Context) string {
	if list := wire.Token(ctx).Issuers; len(list) == 1 && list[0] != auth.Any {
		return list[0]
	}
	return ""
}

// under moves the pointers of a fault below a member.
func under(prefix string, err error) error {
	var f *wire.Fault
	if !errors.As(err, &f) {
		return err
	}
	for n := range f.Errors {
		f.Errors[n].Pointer = prefix + f.Errors[n].Pointer
	}
	return f
}
