// Package tokens keeps the API tokens of the service: made, found again when a
// caller shows one, listed and withdrawn.
//
// It refuses to keep a secret (what is stored is its hash, see internal/auth)
// and to decide what a token may do. The store is asked for every token that is
// shown, so that a withdrawn one ends at once on every replica.
//
// Start at Tokens.Create and Tokens.Authenticate.
package tokens

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/internal/auth"
	"laurel/store"
)

// ErrNotFound: there is no token of that id.
var ErrNotFound = errors.New("tokens: not found")

// Tokens is the tokens of one store. It is safe for concurrent use.
type Tokens struct {
	store store.Store
	note  Note
	now   func() time.Time
	uses  uses
	known store.Decoded
}

// Note writes the audit record of a change to a token, in the same Update.
type Note func(tx store.Tx, action, tokenID string) error

// New opens the tokens of a store. now may be nil for time.Now.
func New(s store.Store, note Note, now func() time.Time) *Tokens {
	if now == nil {
		now = time.Now
	}
	return &Tokens{store: s, note: note, now: now}
}

// Tokens lie beside the records of the issuer under a prefix of their own:
//
//	t/<id>   token (auth.Token.MarshalBinary), sealed
//	t!/<id>  when it was used last, to the minute (RFC 3339), sealed
func tokenKey(id string) []byte { return []byte("t/" + id) }
func useKey(id string) []byte   { return []byte("t!/" + id) }

// Create makes a token with the scopes, limits, label and expiry of limits, and
// returns it with the text to show once. The error is auth.ErrInvalid, or that
// of the store.
func (t *Tokens) Create(ctx context.Context, limits auth.Token) (auth.Token, string, error) {
	limits.Created = t.now().UTC()
	token, text, err := auth.New(limits)
	if err != nil {
		return auth.Token{}, "", err
	}
	err = t.store.Update(ctx, func(tx store.Tx) error { return t.change(tx, token, "token.create") })
	if err != nil {
		return auth.Token{}, "", fmt.Errorf("storing token %s: %w", token.ID, err)
	}
	return token, text, nil
}

// Authenticate returns the token that a caller shows. The errors are
// auth.ErrMalformed, ErrSecret (also for a token that does not exist),
// ErrRevoked and ErrExpired, or that of the store. Whether a token exists
// cannot be told from the time it takes: the same hash is made and compared. What
// it has lists of is shared, and must not be changed.
func (t *Tokens) Authenticate(ctx context.Context, text string) (auth.Token, error) {
	id, secret, err := auth.Parse(text)
	if err != nil {
		return auth.Token{}, err
	}
	token, err := t.read(ctx, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return auth.Token{}, err
	}
	if err := token.Verify(secret, t.now()); err != nil {
		return auth.Token{}, err
	}
	t.uses.note(token.ID, t.now())
	return token, nil
}

// Standing returns a token by its id, for whoever signed in with it before. The
// errors are ErrNotFound, auth.ErrRevoked and auth.ErrExpired, or that of the
// store.
func (t *Tokens) Standing(ctx context.Context, id string) (auth.Token, error) {
	token, err := t.read(ctx, id)
	if err != nil {
		return auth.Token{}, err
	}
	now := t.now()
	if err := token.Stands(now); err != nil {
		return auth.Token{}, err
	}
	t.uses.note(id, now)
	return token, nil
}

// read is for who shows a token, many times a second: it is decoded once.
func (t *Tokens) read(ctx context.Context, id string) (auth.Token, error) {
	k := tokenKey(id)
	if store.CheckKey(k) != nil {
		return auth.Token{}, ErrNotFound
	}
	var token *auth.Token
	err := t.store.View(ctx, func(r store.Reader) (err error) {
		token, err = store.Shared(&t.known, r, k, decode)
		return err
	})
	if err != nil {
		return auth.Token{}, unread(err)
	}
	return *token, nil
}

// Entry is a token in the list of all.
type Entry struct {
	auth.Token
	Used time.Time // last, to the minute, and not before it was made; zero: never
}

// List returns every token, withdrawn and expired ones included, by id.
func (t *Tokens) List(ctx context.Context) ([]Entry, error) {
	var out []Entry
	err := t.store.View(ctx, func(r store.Reader) error {
		out = nil
		return r.Scan(tokenKey(""), nil, func(k, v []byte) error {
			token, err := decode(k, v)
			if err != nil {
				return err
			}
			used, err := readUse(r, token.ID)
			if err != nil {
				return err
			}
			used = t.uses.latest(token.ID, used)
			if !used.IsZero() && used.Before(token.Created) { // within the minute in which it was made
				used = token.Created
			}
			out = append(out, Entry{*token, used})
			return nil
		})
	})
	return out, err
}

// Revoke withdraws a token for good and returns it; one that was withdrawn
// before keeps its time. The error is ErrNotFound, or that of the store.
func (t *Tokens) Revoke(ctx context.Context, id string) (auth.Token, error) {
	var token auth.Token
	err := t.store.Update(ctx, func(tx store.Tx) error {
		var err error
		if token, err = get(tx, id); err != nil || !token.Revoked.IsZero() {
			return err
		}
		token.Revoked = t.now().UTC()
		return t.change(tx, token, "token.revoke")
	})
	if err != nil {
		return auth.Token{}, fmt.Errorf("revoking a token: %w", err)
	}
	return token, nil
}

func (t *Tokens) change(tx store.Tx, token auth.Token, action string) error {
	if err := put(tx, token); err != nil {
		return err
	}
	return t.note(tx, action, token.ID)
}

func put(tx store.Tx, token auth.Token) error {
	payload, err := token.MarshalBinary()
	if err != nil {
		return fmt.Errorf("encoding token %s: %w", token.ID, err)
	}
	k := tokenKey(token.ID)
	return tx.Put(k, store.Seal(k, payload))
}

func get(r store.Reader, id string) (auth.Token, error) {
	k := tokenKey(id)
	if store.CheckKey(k) != nil {
		return auth.Token{}, ErrNotFound
	}
	v, err := r.Get(k)
	if err != nil {
		return auth.Token{}, unread(err)
	}
	token, err := decode(k, v)
	if err != nil {
		return auth.Token{}, err
	}
	return *token, nil
}

func unread(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	return fmt.Errorf("reading a token: %w", err)
}

func decode(k, v []byte) (*auth.Token, error) {
	token := new(auth.Token)
	payload, err := store.Unseal(k, v)
	if err != nil {
		return nil, fmt.Errorf("token %s: %w", k, err)
	}
	if err := token.UnmarshalBinary(payload); err != nil {
		return nil, fmt.Errorf("token %s: %w", k, err)
	}
	if string(tokenKey(token.ID)) != string(k) {
		return nil, fmt.Errorf("token %s: %w", k, store.ErrDamaged)
	}
	return token, nil
}
