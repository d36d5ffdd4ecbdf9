package certificate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"laurel/api/limit"
	"laurel/internal/i18n"
	"laurel/internal/lru"
	"laurel/internal/typeset"
)

// How many certificates are kept, each of some 40 KB, how many are drawn at once,
// and how many wait for that.
const (
	kept    = 200
	atOnce  = 2
	waiting = 40
)

// Press draws certificates, a few at once, and keeps what it has drawn. It is safe
// for concurrent use.
type Press struct {
	fonts *typeset.Library
	gate  *limit.Gate
	drawn *lru.Map[[sha256.Size]byte, []byte]
}

// NewPress makes a Press that sets text in the given fonts.
func NewPress(fonts *typeset.Library) *Press {
	return &Press{fonts: fonts, gate: limit.NewGate(atOnce, waiting), drawn: lru.New[[sha256.Size]byte, []byte](kept)}
}

// PDF returns the certificate, whose bytes are not the caller's to change. Errors:
// those of Write, limit.ErrFull, that of ctx.
func (p *Press) PDF(ctx context.Context, words *i18n.Printer, c Card) ([]byte, error) {
	key, err := keyOf(words, c)
	if err != nil {
		return nil, err
	}
	if raw, ok := p.drawn.Get(key); ok {
		return raw, nil
	}
	leave, err := p.gate.Enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	var b bytes.Buffer
	if err := Write(&b, p.fonts, words, c); err != nil {
		return nil, err
	}
	return p.drawn.GetOrMake(key, b.Bytes), nil
}

// keyOf is a digest of all that a certificate depends on.
func keyOf(words *i18n.Printer, c Card) (key [sha256.Size]byte, err error) {
	raw, err := json.Marshal(struct {
		Lang string
		Card Card
	}{words.Lang(), c})
	if err != nil {
		return key, fmt.Errorf("telling certificates apart: %w", err)
	}
	return sha256.Sum256(raw), nil
}
