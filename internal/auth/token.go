// Package auth is the API token: what it may do, how it is written down, and
// how one that a caller shows is checked against the record we keep.
//
// It refuses to store anything and to know about HTTP: a caller keeps records
// under their id, finds the one that Parse names, and asks Verify and then
// Allows. The secret itself is never part of a record; what is kept is its
// SHA-256, which is enough because the secret has 256 bits of its own. The zero
// Token verifies nothing and allows nothing.
//
// Start with New, which makes a token, and Parse, which reads one.
package auth

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// Any stands in a limit for "whichever": every issuer, every source.
const Any = "*"

// MaxRate bounds the Rate of a token.
const MaxRate = 1_000_000

var (
	// ErrSecret: the secret is not the one of this token.
	ErrSecret = errors.New("auth: wrong secret")
	// ErrExpired: the secret is right, the token's time is over.
	ErrExpired = errors.New("auth: token has expired")
	// ErrRevoked: the secret is right, the token was withdrawn.
	ErrRevoked = errors.New("auth: token was revoked")

	// ErrForbidden: a verified token may not do this. The five errors below
	// are each an ErrForbidden too.
	ErrForbidden = errors.New("auth: not allowed")
	// ErrScope: the token lacks the scope.
	ErrScope = fmt.Errorf("%w: scope not granted", ErrForbidden)
	// ErrIssuer: the token does not act for this issuer.
	ErrIssuer = fmt.Errorf("%w: issuer not granted", ErrForbidden)
	// ErrActivity: the token is limited to other activities.
	ErrActivity = fmt.Errorf("%w: activity not granted", ErrForbidden)
	// ErrSource: the token does not speak for this source.
	ErrSource = fmt.Errorf("%w: source not granted", ErrForbidden)
	// ErrCountry: the token is limited to another country.
	ErrCountry = fmt.Errorf("%w: country not granted", ErrForbidden)

	// ErrInvalid: New was asked for a token that makes no sense.
	ErrInvalid = errors.New("auth: invalid token settings")
)

// Token is our record of an API token.
type Token struct {
	ID         string            // 12 letters and digits; public
	SecretHash [sha256.Size]byte // SHA-256 of the secret; all zero matches nothing

	Scopes     []Scope  // what it may do; none: nothing
	Issuers    []string // slugs it acts for, or Any alone; none: no issuer
	Activities []string // slugs it is limited to; none: every activity of its issuers
	Source     string   // the event source it speaks for, or Any; empty: none
	Country    string   // ISO 3166-1 alpha-2 it is limited to; empty: every country
	Rate       int      // requests a minute; 0: as many as it likes
	Test       bool     // for trials: nothing that is done with it counts

	Label   string    // for people; up to 200 bytes
	Created time.Time // UTC
	Expires time.Time // UTC; zero: never
	Revoked time.Time // UTC; anything but zero: withdrawn, whatever the time
}

// New makes a token with the limits, label and times of t, and returns it with
// a fresh ID and the text to show once; the text cannot be had again. Error:
// ErrInvalid, saying what is wrong with t.
func New(t Token) (Token, string, error) {
	if err := t.validate(); err != nil {
		return Token{}, "", err
	}
	secret := random(secretLength)
	t.ID = random(idLength)
	t.SecretHash = sha256.Sum256([]byte(secret))
	t.Scopes = slices.Clone(t.Scopes)
	t.Issuers = slices.Clone(t.Issuers)
	t.Activities = slices.Clone(t.Activities)
	t.Created, t.Expires = t.Created.UTC(), t.Expires.UTC()
	return t, format(t.ID, secret), nil
}

func (t Token) validate() error {
	for _, s := range t.Scopes {
		if _, err := ParseScope(string(s)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	for _, name := range slices.Concat(t.Issuers, t.Activities) {
		if name == "" || !printable(name, 128) {
			return fmt.Errorf("%w: malformed slug %.40q", ErrInvalid, name)
		}
	}
	switch {
	case len(t.Scopes) == 0:
		return fmt.Errorf("%w: no scope", ErrInvalid)
	case len(t.Issuers) == 0:
		return fmt.Errorf("%w: no issuer; name some, or %q for every one", ErrInvalid, Any)
	case slices.Contains(t.Issuers, Any) && len(t.Issuers) > 1:
		return fmt.Errorf("%w: %q beside named issuers", ErrInvalid, Any)
	case slices.Contains(t.Activities, Any):
		return fmt.Errorf("%w: leave activities empty instead of %q", ErrInvalid, Any)
	case !printable(t.Source, 128):
		return fmt.Errorf("%w: malformed source", ErrInvalid)
	case t.Country != "" && !isCountry(t.Country):
		return fmt.Errorf("%w: country is not two capital letters", ErrInvalid)
	case t.Rate < 0 || t.Rate > MaxRate:
		return fmt.Errorf("%w: a rate is a number of requests a minute up to %d, 0 for no limit", ErrInvalid, MaxRate)
	case !printable(t.Label, 200):
		return fmt.Errorf("%w: label is longer than 200 bytes or has control characters", ErrInvalid)
	case t.Created.IsZero():
		return fmt.Errorf("%w: no time of creation", ErrInvalid)
	case !t.Expires.IsZero() && !t.Expires.After(t.Created):
		return fmt.Errorf("%w: expires before it is created", ErrInvalid)
	case !t.Revoked.IsZero():
		return fmt.Errorf("%w: revoked from the start", ErrInvalid)
	}
	return nil
}

func printable(s string, maxBytes int) bool {
	if len(s) > maxBytes || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

func isCountry(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

// Verify tells whether secret, as Parse returns it, is this token's and the
// token is good at the time now. Errors: ErrSecret, ErrRevoked, ErrExpired; the
// last two are told only to who holds the secret. The comparison takes the same
// time whatever is wrong; where no record has the id that was shown, ask the
// zero Token, which does the same work and answers ErrSecret.
func (t Token) Verify(secret []byte, now time.Time) error {
	sum := sha256.Sum256(secret)
	var none [sha256.Size]byte
	same := subtle.ConstantTimeCompare(sum[:], t.SecretHash[:])
	unset := subtle.ConstantTimeCompare(none[:], t.SecretHash[:])
	if same != 1 || unset == 1 {
		return ErrSecret
	}
	return t.Stands(now)
}

// Stands tells whether the token is good at the time now, for who has verified
// its secret before. Errors: ErrRevoked, ErrExpired.
func (t Token) Stands(now time.Time) error {
	switch {
	case !t.Revoked.IsZero():
		return ErrRevoked
	case !t.Expires.IsZero() && !now.Before(t.Expires):
		return ErrExpired
	}
	return nil
}

// Allows tells whether the token has the scope and acts for the issuer (a slug).
// Errors: ErrScope, ErrIssuer; an empty issuer is no issuer.
func (t Token) Allows(scope Scope, issuer string) error {
	if err := t.AllowsScope(scope); err != nil {
		return err
	}
	if issuer == "" || (!slices.Contains(t.Issuers, issuer) && !slices.Contains(t.Issuers, Any)) {
		return ErrIssuer
	}
	return nil
}

// AllowsScope tells whether the token has the scope, for calls that concern no
// single issuer. Error: ErrScope.
func (t Token) AllowsScope(scope Scope) error {
	if !slices.Contains(t.Scopes, scope) {
		return fmt.Errorf("%w: %s", ErrScope, scope)
	}
	return nil
}

// AllowsActivity tells whether the token's limit, where it has one, includes the
// activity (a slug). Error: ErrActivity.
func (t Token) AllowsActivity(activity string) error {
	if len(t.Activities) > 0 && !slices.Contains(t.Activities, activity) {
		return ErrActivity
	}
	return nil
}

// AllowsSource tells whether the token speaks for the source of events. Error:
// ErrSource, always so for an empty source.
func (t Token) AllowsSource(source string) error {
	if source == "" || (t.Source != source && t.Source != Any) {
		return ErrSource
	}
	return nil
}

// AllowsCountry tells whether the token's limit, where it has one, is this
// country (ISO 3166-1 alpha-2, capitals). Error: ErrCountry.
func (t Token) AllowsCountry(country string) error {
	if t.Country != "" && t.Country != country {
		return ErrCountry
	}
	return nil
}

// String names the token without anything that would help to use it.
func (t Token) String() string { return "token " + t.ID }

// GoString does for %#v what String does for %v.
func (t Token) GoString() string { return t.String() }

// LogValue does for structured logs what String does for text.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.ID) }
