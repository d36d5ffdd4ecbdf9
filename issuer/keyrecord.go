package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/keys"
	"laurel/store"
)

// ErrKeyLost: a key that was published is not among the keys any more. The
// badges that it signed would turn invalid, which they are not.
var ErrKeyLost = errors.New("issuer: a published key is missing")

// publishedKey is the store's own note of a key: what was published once must
// stay published for ever, and only the store can tell that a file is gone.
type publishedKey struct {
	ID         string `json:"id"`
	Controller string `json:"controller"`
	JWK        string `json:"jwk"`
	// RevokedAt is when it was put on record that the key signs no more, just
	// before its file says so.
	RevokedAt time.Time `json:"revokedAt,omitzero"`
}

func publishedKeyKey(issuer, methodID string) []byte {
	_, fragment, _ := strings.Cut(methodID, "#")
	return key("h", issuer, fragment)
}

// RecordKeys notes the keys that an issuer publishes now. Those noted before
// stay noted.
func (i *Issuer) RecordKeys(ctx context.Context, slug, actor string) error {
	published, err := i.cfg.Keys.Issuer(slug).Published(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys of %s: %w", slug, err)
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error { return i.putKeys(tx, slug, published, actor) })
}

func (i *Issuer) putKeys(tx store.Tx, slug string, published []keys.VerificationMethod, actor string) error {
	for _, m := range published {
		k := publishedKeyKey(slug, m.ID)
		if known, err := exists(tx, k); err != nil {
			return err
		} else if known {
			continue
		}
		jwk, err := keys.JWK(m.Public, m.ID)
		if err != nil {
			return fmt.Errorf("noting the key %s: %w", m.ID, err)
		}
		if err := store.PutJSON(tx, k, publishedKey{ID: m.ID, Controller: m.Controller, JWK: string(jwk)}); err != nil {
			return err
		}
		if err := i.Note(tx, Event{Actor: actor, Action: "key.publish", Issuer: slug, Subject: m.ID}); err != nil {
			return err
		}
	}
	return nil
}

// noteRevoked puts on record that a key signs no more. Every Update that keeps
// what a key has signed reads this, so none that comes after it does.
func (i *Issuer) noteRevoked(ctx context.Context, slug string, m keys.VerificationMethod, actor string) error {
	err := i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := i.putKeys(tx, slug, []keys.VerificationMethod{m}, actor); err != nil {
			return err
		}
		k := publishedKeyKey(slug, m.ID)
		var p publishedKey
		if err := getJSON(tx, k, &p); err != nil || !p.RevokedAt.IsZero() {
			return err
		}
		p.RevokedAt = i.now()
		return store.PutJSON(tx, k, p)
	})
	if err != nil {
		return fmt.Errorf("noting that the key %s is revoked: %w", m.ID, err)
	}
	return nil
}

// CheckKeys holds the key ring to what was ever published: the error is
// ErrKeyLost and names the key. A service must not start on less, because its
// own genuine badges would be told as invalid.
func (i *Issuer) CheckKeys(ctx context.Context) error {
	noted := map[string][]publishedKey{}
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		clear(noted)
		return r.Scan(key("h", ""), nil, func(k, v []byte) error {
			var p publishedKey
			if err := store.UnsealJSON(k, v, &p); err != nil {
				return err
			}
			slug := strings.Split(string(k), "/")[1]
			noted[slug] = append(noted[slug], p)
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("reading the published keys: %w", err)
	}
	for slug, list := range noted {
		if err := i.checkPublished(ctx, slug, list); err != nil {
			return err
		}
	}
	return nil
}

func (i *Issuer) checkPublished(ctx context.Context, slug string, noted []publishedKey) error {
	published, err := i.cfg.Keys.Issuer(slug).Published(ctx)
	if err != nil {
		return fmt.Errorf("reading the keys of %s: %w", slug, err)
	}
	there := map[string]bool{}
	for _, m := range published {
		there[m.ID] = true
	}
	for _, p := range noted {
		if !there[p.ID] {
			return fmt.Errorf("%w: %s of the issuer %s is not in the keys folder. Restore its file from a copy; without it the badges that it signed cannot be verified", ErrKeyLost, p.ID, slug)
		}
	}
	return nil
}
