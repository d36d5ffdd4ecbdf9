// Package sessions keeps who is signed in to the staff console: which browser
// acts with which token, since when, and until when.
//
// A session has no rights: it leads to a token, which is read from the store at
// every request, so that with a token that is withdrawn or has run out its
// sessions end, on every replica and at once. What a browser shows is a secret
// of 130 bits, of which only the digest is kept: who reads the store cannot
// sign in with it.
//
// Start at Sessions.Begin and Sessions.Find.
package sessions

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/api/tokens"
	"laurel/internal/auth"
	"laurel/store"
)

// How long a session lasts: without a request, and whatever happens.
const (
	Idle     = 30 * time.Minute
	Absolute = 12 * time.Hour
)

// perToken bounds the sessions of one token; the one that was quiet for longest
// makes room.
const perToken = 20

// seenEvery is how exactly it is noted when a session was used last: not every
// request is to write.
const seenEvery = time.Minute

// ErrEnded: there is no such session, or it is over.
var ErrEnded = errors.New("sessions: signed out")

// Sessions is the sessions of one store. It is safe for concurrent use.
type Sessions struct {
	store  store.Store
	tokens *tokens.Tokens
	now    func() time.Time
}

// New opens the sessions of a store. now may be nil for time.Now.
func New(s store.Store, t *tokens.Tokens, now func() time.Time) *Sessions {
	if now == nil {
		now = time.Now
	}
	return &Sessions{store: s, tokens: t, now: now}
}

// Sessions lie beside the tokens, under the digests of their secrets:
//
//	ts/<digest>   session, sealed
const prefix = "ts/"

func key(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return []byte(prefix + hex.EncodeToString(sum[:]))
}

// record is a session as it is kept.
type record struct {
	Token string    `json:"token"` // id
	Begun time.Time `json:"begun"`
	Seen  time.Time `json:"seen"` // last used, to the minute
}

func (r record) over(now time.Time) bool {
	return !now.Before(r.Begun.Add(Absolute)) || !now.Before(r.Seen.Add(Idle)) || now.Before(r.Begun.Add(-Idle)) // of a clock that went back
}

// Session is somebody who is signed in.
type Session struct {
	Token  auth.Token // as it stands now
	Until  time.Time  // when it ends at the latest
	secret string
}

// secretLength is that of rand.Text: 26 characters of 5 bits.
const secretLength = 26

// Begin signs in with the text of a token, and returns the secret that the
// browser is to show. The errors are those of tokens.Authenticate, and of the
// store. What is over of others is swept out.
func (s *Sessions) Begin(ctx context.Context, text string) (secret string, session Session, err error) {
	token, err := s.tokens.Authenticate(ctx, text)
	if err != nil {
		return "", Session{}, err
	}
	now := s.now().UTC()
	secret = rand.Text()
	err = s.store.Update(ctx, func(tx store.Tx) error {
		if err := s.makeRoom(tx, token.ID, now); err != nil {
			return err
		}
		return store.PutJSON(tx, key(secret), record{Token: token.ID, Begun: now, Seen: now})
	})
	if err != nil {
		return "", Session{}, fmt.Errorf("signing in: %w", err)
	}
	return secret, Session{Token: token, Until: now.Add(Absolute), secret: secret}, nil
}

// makeRoom removes the sessions that are over, and the quietest ones of a token
// that has as many as it may.
func (s *Sessions) makeRoom(tx store.Tx, token string, now time.Time) error {
	type one struct {
		key  []byte
		seen time.Time
	}
	var gone [][]byte
	var own []one
	err := tx.Scan([]byte(prefix), nil, func(k, v []byte) error {
		var r record
		if err := store.UnsealJSON(k, v, &r); err != nil {
			return fmt.Errorf("session: %w", err)
		}
		switch {
		case r.over(now):
			gone = append(gone, slices.Clone(k))
		case r.Token == token:
			own = append(own, one{slices.Clone(k), r.Seen})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(own, func(a, b one) int { return a.seen.Compare(b.seen) })
	for n := 0; len(own)-n >= perToken; n++ {
		gone = append(gone, own[n].key)
	}
	for _, k := range gone {
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	return nil
}

// Find returns the session of a secret that a browser shows. The errors are
// ErrEnded, for a token that was withdrawn or has run out auth.ErrRevoked and
// auth.ErrExpired, and those of the store.
func (s *Sessions) Find(ctx context.Context, secret string) (Session, error) {
	if len(secret) != secretLength {
		return Session{}, ErrEnded
	}
	k, now := key(secret), s.now().UTC()
	var r record
	err := s.store.View(ctx, func(from store.Reader) error {
		v, err := from.Get(k)
		if err != nil {
			return err
		}
		return store.UnsealJSON(k, v, &r)
	})
	if errors.Is(err, store.ErrNotFound) {
		return Session{}, ErrEnded
	} else if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	if r.over(now) {
		return Session{}, ErrEnded
	}
	token, err := s.tokens.Standing(ctx, r.Token)
	if errors.Is(err, tokens.ErrNotFound) {
		return Session{}, ErrEnded
	} else if err != nil {
		return Session{}, err
	}
	if now.Sub(r.Seen) >= seenEvery {
		s.see(ctx, k, now)
	}
	return Session{Token: token, Until: r.Begun.Add(Absolute), secret: secret}, nil
}

// see notes that a session was used. Where that cannot be written just now, the
// session goes on and merely ends sooner.
func (s *Sessions) see(ctx context.Context, k []byte, now time.Time) {
	_ = s.store.Update(ctx, func(tx store.Tx) error {
		v, err := tx.Get(k)
		if err != nil {
			return err // signed out meanwhile
		}
		var r record
		if err := store.UnsealJSON(k, v, &r); err != nil || r.over(now) {
			return err
		}
		r.Seen = now
		return store.PutJSON(tx, k, r)
	})
}

// End signs a browser out; one that is signed out already stays so.
func (s *Sessions) End(ctx context.Context, secret string) error {
	if err := s.store.Update(ctx, func(tx store.Tx) error { return tx.Delete(key(secret)) }); err != nil {
		return fmt.Errorf("signing out: %w", err)
	}
	return nil
}

// Mark is what only a page of this session can show: a code over a text for one
// purpose. It gives nothing away of the secret, which is its key.
func (s Session) Mark(purpose, text string) string {
	mac := hmac.New(sha256.New, []byte(s.secret))
	fmt.Fprintf(mac, "%d:%s%s", len(purpose), purpose, text)
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// Marked tells whether a code is the Mark of a text, in constant time; never of
// nobody's session.
func (s Session) Marked(purpose, text, code string) bool {
	return s.secret != "" && hmac.Equal([]byte(s.Mark(purpose, text)), []byte(code))
}
