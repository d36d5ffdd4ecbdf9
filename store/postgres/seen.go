package postgres

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// errStale says that what an Update has read is not so any more.
var errStale = errors.New("postgres: what was read has changed meanwhile")

// seen is what an Update has read in its snapshot, which has to be so still when
// it is committed.
type seen struct {
	keys  map[string][]byte // nil: there was nothing
	spans []*span
}

// span is a run of keys that was scanned, from one up to and without another:
// how many there were, and a digest of them.
type span struct {
	prefix   []byte // that all of them have
	from, to []byte // to nil: there is no end
	rows     int
	digest   [sha256.Size]byte
}

// key notes what a Get found.
func (s *seen) key(key, value []byte, found bool) {
	if s == nil {
		return
	}
	var kept []byte
	if found {
		kept = append([]byte{}, value...) // the caller may write into its own
	}
	s.keys[string(key)] = kept
}

// span begins a run of which nothing was shown yet.
func (s *seen) span(prefix, from []byte) *span {
	if s == nil {
		return nil
	}
	p := &span{prefix: bytes.Clone(prefix), from: from, to: from}
	s.spans = append(s.spans, p)
	return p
}

func (p *span) row(r row, next []byte) {
	if p == nil {
		return
	}
	p.rows, p.to = p.rows+1, next
	h := sha256.New()
	h.Write(p.digest[:])
	_, _ = fmt.Fprintf(h, "%d:%s%d:", len(r.key), r.key, len(r.value))
	h.Write(r.value)
	h.Sum(p.digest[:0])
}

func (p *span) end(to []byte) {
	if p != nil {
		p.to = to
	}
}

// empty reports whether nothing was shown, and it was not told either that there
// is nothing.
func (p *span) empty() bool { return p.to != nil && bytes.Equal(p.from, p.to) }

// same reads a run again and holds it against what was seen.
func (p *span) same(rows pgx.Rows) error {
	now := &span{}
	for rows.Next() {
		var r row
		if err := rows.Scan(&r.key, &r.value); err != nil {
			return err
		}
		now.row(r, nil)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if now.rows != p.rows || now.digest != p.digest {
		return errStale
	}
	return nil
}
