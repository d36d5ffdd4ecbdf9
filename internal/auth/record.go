package auth

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// recordVersion is raised with every change that older code could misread.
// Version 2 came with rate and test; a record of version 1 has neither.
const recordVersion = 2

// ErrRecord: the bytes are not a record of a token that this build can read.
var ErrRecord = errors.New("auth: unreadable token record")

// record is the stored form of a Token.
type record struct {
	Version    int       `json:"v"`
	ID         string    `json:"id"`
	SecretHash []byte    `json:"secretHash"`
	Scopes     []Scope   `json:"scopes"`
	Issuers    []string  `json:"issuers"`
	Activities []string  `json:"activities,omitempty"`
	Source     string    `json:"source,omitempty"`
	Country    string    `json:"country,omitempty"`
	Rate       int       `json:"rate,omitempty"`
	Test       bool      `json:"test,omitempty"`
	Label      string    `json:"label,omitempty"`
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires,omitzero"`
	Revoked    time.Time `json:"revoked,omitzero"`
}

// MarshalBinary returns the form to store: JSON with a version. It holds the
// hash of the secret, so it is for the store and for nobody's eyes.
func (t Token) MarshalBinary() ([]byte, error) {
	return json.Marshal(record{
		Version: recordVersion, ID: t.ID, SecretHash: t.SecretHash[:],
		Scopes: t.Scopes, Issuers: t.Issuers, Activities: t.Activities,
		Source: t.Source, Country: t.Country, Rate: t.Rate, Test: t.Test, Label: t.Label,
		Created: t.Created, Expires: t.Expires, Revoked: t.Revoked,
	})
}

// UnmarshalBinary reads what MarshalBinary wrote. A member it does not know may
// be a limit, so it is refused rather than passed over. Error: ErrRecord.
func (t *Token) UnmarshalBinary(data []byte) error {
	var r record
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows", ErrRecord)
	}
	if len(r.SecretHash) != len(t.SecretHash) {
		return fmt.Errorf("%w: hash of %d bytes", ErrRecord, len(r.SecretHash))
	}
	got := Token{
		ID: r.ID, SecretHash: [sha256.Size]byte(r.SecretHash),
		Scopes: r.Scopes, Issuers: r.Issuers, Activities: r.Activities,
		Source: r.Source, Country: r.Country, Rate: r.Rate, Test: r.Test, Label: r.Label,
		Created: r.Created, Expires: r.Expires, Revoked: r.Revoked,
	}
	switch {
	case r.Version < 1 || r.Version > recordVersion:
		return fmt.Errorf("%w: version %d", ErrRecord, r.Version)
	case len(r.ID) != idLength || !onlyAlphabet(r.ID):
		return fmt.Errorf("%w: malformed id", ErrRecord)
	}
	*t = got
	return nil
}

// MarshalJSON refuses: an answer to a caller has its own form, and the stored
// one must not slip into it.
func (t Token) MarshalJSON() ([]byte, error) {
	return nil, errors.New("auth: a token record has no public JSON form")
}
