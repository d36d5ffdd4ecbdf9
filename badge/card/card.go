// Package card is the offline card: the few facts of a badge that fit into a QR
// code, signed by its issuer's key, for a place without a network.
//
// A card is no credential. It says what was signed and cannot say whether the
// badge was withdrawn since; whoever tells somebody that a card is genuine says
// that too. It names no issuer by more than its short name: who signed it is told
// by whoever vouches for the key, never by the card.
//
// Start at Sign and Parse.
package card

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/internal/strictjson"
	"laurel/keys"
)

const (
	// MaxLength bounds a card, in bytes. One that short fits into a QR code.
	MaxLength = 1024
	// KeyLength is how much of the end of a key's identifier a card names, in
	// characters: 70 bits of a fingerprint tell keys apart, and the signature
	// tells whether it is the key.
	KeyLength = 12

	typ    = "card" // of the header (RFC 8725 section 3.11): a card passes for nothing else
	marker = "#o="
	day    = "2006-01-02"
)

var (
	// ErrNoCard: a text is no card, or one of another form.
	ErrNoCard = errors.New("card: this is no card")
	// ErrUnfit: a badge whose facts do not fit into a card.
	ErrUnfit = errors.New("card: it does not fit into a card")
)

// Card is what is signed.
type Card struct {
	Issuer      string // short name of the issuer at its service
	ID          string // of the badge at its service
	Achievement string // name, as in the badge
	Holder      string // name; "" for none
	From, Until string // days, as in 2025-07-11: since when the badge holds, and until when; Until is "" for no end
}

// Signed is a card as it was brought. Nothing of it is to be believed before
// Verify.
type Signed struct {
	Card
	Key       string // end of the identifier of the key that is said to have signed
	algorithm keys.Algorithm
	input     []byte
	signature []byte
}

// Of takes the facts of a card out of a badge of the service. The error is
// ErrUnfit.
func Of(d *badge.Document, issuer, id string) (Card, error) {
	v := d.View()
	if v.CredentialSubject == nil || v.CredentialSubject.Achievement == nil {
		return Card{}, fmt.Errorf("%w: it has no achievement", ErrUnfit)
	}
	c := Card{Issuer: issuer, ID: id, Achievement: v.CredentialSubject.Achievement.Name, Holder: v.CredentialSubject.HolderName()}
	var err error
	if c.From, err = dayOf(d.ValidFrom()); err == nil && d.ValidUntil() != "" {
		c.Until, err = dayOf(d.ValidUntil())
	}
	return c, err
}

func dayOf(moment string) (string, error) {
	at, err := badge.ParseTime(moment)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnfit, err)
	}
	return at.UTC().Format(day), nil
}

type header struct {
	Algorithm keys.Algorithm `json:"alg"`
	Key       string         `json:"kid"`
	Type      string         `json:"typ"`
}

// body has names of one letter: every byte of it is printed.
type body struct {
	Issuer      string `json:"i"`
	ID          string `json:"j"`
	Achievement string `json:"a"`
	Holder      string `json:"n,omitempty"`
	From        string `json:"d"`
	Until       string `json:"u,omitempty"`
}

// Sign makes a card: a compact JWS (RFC 7515 section 7.1) in EdDSA or ES256. The
// error is ErrUnfit, or that of the key.
func Sign(ctx context.Context, c Card, key keys.Signer) (string, error) {
	m := key.Method()
	alg, err := m.Algorithm()
	if err != nil {
		return "", err
	}
	if alg != keys.EdDSA && alg != keys.ES256 {
		return "", fmt.Errorf("%w: signatures of %s are too long", ErrUnfit, alg)
	}
	head, err := encoded(header{alg, m.ID[max(0, len(m.ID)-KeyLength):], typ})
	if err != nil {
		return "", err
	}
	payload, err := encoded(body(c))
	if err != nil {
		return "", err
	}
	input := head + "." + payload
	signature, err := key.Sign(ctx, []byte(input))
	if err != nil {
		return "", err
	}
	out := input + "." + base64.RawURLEncoding.EncodeToString(signature)
	if len(out) > MaxLength {
		return "", fmt.Errorf("%w: it has %d bytes", ErrUnfit, len(out))
	}
	return out, nil
}

func encoded(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strings.TrimSuffix(b.String(), "\n"))), nil
}

// Address is where a badge is verified, with its card behind the sign that a
// browser sends to nobody.
func Address(verifyURL, card string) string { return verifyURL + marker + card }

// In is the card in a text: one by itself, or in an address.
func In(text string) (card string, ok bool) {
	text = strings.TrimSpace(text)
	if _, after, found := strings.Cut(text, marker); found {
		return after, true
	}
	s, err := Parse(text)
	return text, err == nil && s != nil
}

// Parse reads a card. The error is ErrNoCard.
func Parse(text string) (*Signed, error) {
	parts := strings.Split(text, ".")
	if len(text) > MaxLength || len(parts) != 3 {
		return nil, fmt.Errorf("%w: it has not its three parts", ErrNoCard)
	}
	var h header
	var b body
	if err := decoded(parts[0], &h); err != nil {
		return nil, err
	}
	if err := decoded(parts[1], &b); err != nil {
		return nil, err
	}
	signature, err := base64.RawURLEncoding.Strict().DecodeString(parts[2])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoCard, err)
	}
	s := &Signed{Card: Card(b), Key: h.Key, algorithm: h.Algorithm, input: []byte(parts[0] + "." + parts[1]), signature: signature}
	switch {
	case h.Type != typ, len(h.Key) < KeyLength:
		return nil, fmt.Errorf("%w: its header is another", ErrNoCard)
	case b.Issuer == "", b.ID == "", b.Achievement == "", !isDay(b.From), b.Until != "" && !isDay(b.Until):
		return nil, fmt.Errorf("%w: something is missing", ErrNoCard)
	}
	return s, nil
}

func decoded(part string, into any) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCard, err)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: MaxLength})
	if err == nil {
		err = strictjson.Decode(v, into)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNoCard, err)
	}
	return nil
}

func isDay(s string) bool {
	_, err := time.Parse(day, s)
	return err == nil
}

// NamedBy tells whether a key is the one that the card names.
func (s *Signed) NamedBy(m keys.VerificationMethod) bool { return strings.HasSuffix(m.ID, s.Key) }

// Verify checks the signature with a key. It does not look at whose the key is,
// nor whether it still proves anything.
func (s *Signed) Verify(m keys.VerificationMethod) error {
	alg, err := m.Algorithm()
	if err != nil {
		return err
	}
	if alg != s.algorithm || (alg != keys.EdDSA && alg != keys.ES256) {
		return fmt.Errorf("%w: another algorithm than the key's", keys.ErrSignature)
	}
	return m.Verify(s.input, s.signature)
}

// Ended tells whether the last day of the badge is over, everywhere.
func (s *Signed) Ended(now time.Time) bool {
	until, err := time.Parse(day, s.Until)
	return err == nil && now.After(until.AddDate(0, 0, 1))
}

// Begun tells whether the first day of the badge has come.
func (s *Signed) Begun(now time.Time) bool {
	from, err := time.Parse(day, s.From)
	return err == nil && !now.Before(from)
}
