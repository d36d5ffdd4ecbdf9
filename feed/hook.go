package feed

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"laurel/issuer"
)

// Hook is an address that is told of events of one issuer (Standard Webhooks).
// It holds no secret that could be read: those in Secrets are sealed.
type Hook struct {
	ID          string    `json:"id"`
	Issuer      string    `json:"issuer"` // slug
	URL         string    `json:"url"`
	Types       []Type    `json:"types,omitempty"` // none: all
	Description string    `json:"description,omitempty"`
	Disabled    Disabled  `json:"disabled,omitempty"` // "" while it is told of events
	CreatedAt   time.Time `json:"createdAt"`
	ChangedAt   time.Time `json:"changedAt"`
	Secrets     []Secret  `json:"secrets"` // the newest first
}

// Disabled says why a hook is told nothing.
type Disabled string

// The reasons.
const (
	ByHand Disabled = "by_hand"
	Gone   Disabled = "gone" // it answered 410
)

// Secret is a key that deliveries are signed with.
type Secret struct {
	Sealed    string    `json:"sealed"`
	CreatedAt time.Time `json:"createdAt"`
	Until     time.Time `json:"until,omitzero"` // the first moment at which it signs no more; zero for the newest
	Request   *Request  `json:"request,omitempty"`
}

// Request is what asked for a secret with an idempotency key, in digests.
type Request struct {
	Key  []byte `json:"key"`
	Body []byte `json:"body"`
}

// same tells whether a secret was made for this request; ErrIdempotencyReused
// where it was made for another one with the same key.
func (s Secret) same(r *Request) (bool, error) {
	if r == nil || s.Request == nil || !bytes.Equal(s.Request.Key, r.Key) {
		return false, nil
	}
	if !bytes.Equal(s.Request.Body, r.Body) {
		return true, issuer.ErrIdempotencyReused
	}
	return true, nil
}

const (
	// signsAlong is how long an old secret signs beside the new one.
	signsAlong = 24 * time.Hour
	// maxSecrets bounds how many sign at once.
	maxSecrets = 4
	// maxHooks bounds the hooks of one issuer.
	maxHooks = 20

	secretPrefix = "whsec_"
	secretBytes  = 32
	hookPrefix   = "whk_"
)

var hookPattern = regexp.MustCompile(`^whk_[A-Z2-7]{26}$`)

// newSecret draws a secret and seals it. The text is shown once.
func newSecret(seal Seal, now time.Time, request *Request) (Secret, string, error) {
	key := make([]byte, secretBytes)
	_, _ = rand.Read(key) // never fails
	sealed, err := seal.SealSecret(key)
	return Secret{Sealed: sealed, CreatedAt: now, Request: request}, secretText(key), err
}

func secretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// signing are the secrets that sign at a time, the newest first.
func (h *Hook) signing(now time.Time) []Secret {
	return slices.DeleteFunc(slices.Clone(h.Secrets), func(s Secret) bool { return !s.Until.IsZero() && !now.Before(s.Until) })
}

// wants tells whether a hook is told of an event.
func (h *Hook) wants(kind Type, issuer string) bool {
	return issuer == h.Issuer && (len(h.Types) == 0 || slices.Contains(h.Types, kind))
}

// Wish is what a caller may choose of a hook.
type Wish struct {
	URL         string
	Types       []Type // none: all
	Description string
	Disable     bool
}

// check refuses what cannot be; badge.Errors with pointers.
func (w Wish) check(to Sender) error {
	if w.URL == "" {
		return fault("required", "/url", "Give the address that is to be told, such as https://lms.example/hooks/badges.")
	}
	if to.Check(w.URL) != nil {
		return fault("address_not_allowed", "/url",
			"This address may not be asked. Give one that begins with https://, at the usual port of a host that is open to everybody, without a user name.")
	}
	for n, t := range w.Types {
		if !slices.Contains(Types(), t) {
			return fault("type_unknown", fmt.Sprintf("/types/%d", n), "No event is of this type. The description of the API lists them.")
		}
	}
	if len(w.Types) > 100 {
		return fault("too_many_items", "/types", "Leave types out to be told of everything.")
	}
	if len(w.Description) > 200 || !utf8.ValidString(w.Description) || strings.ContainsFunc(w.Description, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fault("text_invalid", "/description", "Give at most 200 bytes in one line.")
	}
	return nil
}

// put makes a hook what is wished.
func (w Wish) put(h *Hook, now time.Time) {
	h.URL, h.Types, h.Description, h.ChangedAt = w.URL, slices.Clone(w.Types), w.Description, now
	switch {
	case !w.Disable:
		h.Disabled = ""
	case h.Disabled == "":
		h.Disabled = ByHand
	}
}
