package issuer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"laurel/store"
)

// Artwork is the picture that organisers made for an achievement. It is shown in
// place of a drawing and baked into badges from then on; it belongs to no version,
// and what was baked before keeps what it has.
type Artwork struct {
	MediaType string    `json:"mediaType"`
	Picture   []byte    `json:"picture"`
	ChangedAt time.Time `json:"changedAt"`
}

func artworkKey(slug string) []byte { return key("I", slug) }

// PutArtwork keeps a picture, which the caller has made sure of, for an
// achievement, in place of what there was; ErrNotFound. An empty one takes away
// what there was.
func (i *Issuer) PutArtwork(ctx context.Context, slug, mediaType string, picture []byte, actor string) error {
	if CheckSlug(slug) != nil {
		return fmt.Errorf("artwork: %w", ErrNotFound)
	}
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return err
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var a Achievement
		if err := getJSON(tx, achievementKey(slug), &a); err != nil {
			return err
		}
		var err error
		if len(picture) == 0 {
			err = tx.Delete(artworkKey(slug))
		} else {
			err = store.PutJSON(tx, artworkKey(slug), &Artwork{mediaType, picture, now})
		}
		if err != nil {
			return err
		}
		return putAudit(tx, seq, Event{At: now, Actor: actor, Action: "achievement.image", Issuer: a.Issuer, Subject: slug + "/" + a.Version})
	})
	if err != nil {
		return fmt.Errorf("storing the picture of achievement %s: %w", slug, err)
	}
	return nil
}

// Artwork returns the picture that was made for an achievement; nil where there
// is none. Trials have none: it would not say that they are.
func (i *Issuer) Artwork(ctx context.Context, slug string) (*Artwork, error) {
	art := new(Artwork)
	err := i.cfg.Store.View(ctx, func(r store.Reader) error { return getJSON(r, artworkKey(slug), art) })
	switch {
	case errors.Is(err, ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading the picture of achievement %s: %w", slug, err)
	}
	return art, nil
}
