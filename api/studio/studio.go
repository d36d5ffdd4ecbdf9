// Package studio draws pictures and certificates for answers: a few at once, each once, and keeps
// what it has drawn.
//
// Drawing is bound by the processor, so it gets half of them and never all:
// whoever issues or verifies goes on beside it. Who finds the queue full is told
// to come back, and whoever goes away leaves it. Nothing is drawn within a
// transaction, and no picture is stored.
//
// It refuses to know what a picture is of: a key is all that it depends on. Start
// at New.
package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"golang.org/x/sync/singleflight"

	"laurel/api/limit"
	"laurel/internal/artwork"
	"laurel/internal/draw"
	"laurel/internal/lru"
	"laurel/internal/typeset"
)

const (
	kept     = 512 // pictures, of 40 KB each as a rule
	waiting  = 64  // for a place, of some 0.1 s each
	patience = 10 * time.Second
)

// Studio draws. It is safe for concurrent use.
type Studio struct {
	fonts *typeset.Library
	gate  *limit.Gate
	under singleflight.Group
	drawn *lru.Map[key, []byte]
}

// key is a digest of all that a picture depends on.
type key = [sha256.Size]byte

// New makes a Studio that sets text in the given fonts.
func New(fonts *typeset.Library) *Studio {
	places := max(1, runtime.GOMAXPROCS(0)/2)
	return &Studio{fonts: fonts, gate: limit.NewGate(places, waiting, patience), drawn: lru.New[key, []byte](kept)}
}

// Medal returns the picture of an achievement, as a PNG of the usual size or, in
// outlines, as an SVG. The bytes are not the caller's to change. Errors: those of
// package draw, limit.ErrFull, that of ctx.
func (s *Studio) Medal(ctx context.Context, m draw.Medal, outlines bool) ([]byte, error) {
	return s.picture(ctx, struct {
		draw.Medal
		Outlines bool
	}{m, outlines}, func(w io.Writer) error {
		if outlines {
			return draw.SVG(w, s.fonts, m)
		}
		return draw.Badge(w, s.fonts, m, draw.Size)
	})
}

// Preview returns the picture of a badge, as a PNG. art is the artwork of its
// achievement, nil for none. The rest is as with Medal.
func (s *Studio) Preview(ctx context.Context, p draw.Preview, art []byte) ([]byte, error) {
	return s.picture(ctx, struct {
		draw.Preview
		Art []byte
	}{p, art}, func(w io.Writer) error {
		if art != nil {
			var err error
			if p.Artwork, err = artwork.Decode(art); err != nil {
				return err
			}
		}
		return p.PNG(w, s.fonts)
	})
}

// Clean reads a picture of somebody else's, as package artwork does, in the same
// places in which is drawn. Errors: those of package artwork, limit.ErrFull, that
// of ctx.
func (s *Studio) Clean(ctx context.Context, raw []byte) (artwork.Kind, []byte, error) {
	defer limit.Aside(ctx)()
	place, err := s.gate.Enter(ctx)
	if err != nil {
		return "", nil, err
	}
	defer place.Leave()
	return artwork.Read(raw)
}

// Draw returns what write makes of something that is no picture: of holds all that
// it depends on, its kind too, and can be written as JSON. The rest is as with
// Medal; errors are those of write.
func (s *Studio) Draw(ctx context.Context, of any, write func(io.Writer, *typeset.Library) error) ([]byte, error) {
	return s.picture(ctx, of, func(w io.Writer) error { return write(w, s.fonts) })
}

// picture is what was drawn of something, now or before. What is being drawn is
// drawn on when its first caller goes away: others may wait for it.
func (s *Studio) picture(ctx context.Context, of any, write func(io.Writer) error) ([]byte, error) {
	told, err := json.Marshal(of)
	if err != nil {
		return nil, fmt.Errorf("telling pictures apart: %w", err)
	}
	id := sha256.Sum256(told)
	if raw, ok := s.drawn.Get(id); ok {
		return raw, nil
	}
	defer limit.Aside(ctx)() // whoever asks does nothing meanwhile
	done := s.under.DoChan(string(id[:]), func() (any, error) { return s.draw(id, write) })
	select {
	case r := <-done:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.([]byte), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *Studio) draw(id key, write func(io.Writer) error) ([]byte, error) {
	place, err := s.gate.Enter(context.Background())
	if err != nil {
		return nil, err
	}
	defer place.Leave()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		return nil, err
	}
	return s.drawn.GetOrMake(id, b.Bytes), nil
}
