package postgres

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// errStale says that what an Update has read is not so any more.
var errStale = errors.New("postgres: what was read has changed meanwhile")

// seen is what an Update has read in its snapshot, which has to be so still when
// it is committed.
type seen struct {
	keys  map[string]sight
	spans []*span
}

// sight is one key that was asked for.
type sight struct {
	row
	found bool
}

// span is a run of keys that was scanned, from one up to and without another:
// how many there were, and a digest of them.
type span struct {
	from, to []byte // to nil: there is no end
	rows     int
	digest   [sha256.Size]byte
}

func (s *seen) key(r row, found bool) {
	r.key = bytes.Clone(r.key)
	r.value = bytes.Clone(r.value) // the caller may write into its own
	s.keys[string(r.key)] = sight{r, found}
}

// span begins a run of which nothing was shown yet.
func (s *seen) span(from []byte) *span {
	p := &span{from: from, to: from}
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

// A settlement is the transaction that commits an Update: it makes sure that
// all that was seen is so still, and writes.
//
// PostgreSQL notes what a serializable transaction has read by pages of the
// index, on which a hundred keys lie, and takes two transactions that read and
// write beside each other for ones that clash. So nothing is read again that
// need not be: of a key that was found, the value in its place in the table; and
// of one that was not found and is put, nothing, for it is inserted.
type settlement struct {
	sql   *statements
	batch *pgx.Batch
	bytes int
	send  func(*pgx.Batch) error
}

// Statements go to the server so many at a time, or so many bytes.
const batchStatements, batchBytes = 256, 4 << 20

func (t *settlement) queue(sql string, f func(*pgx.QueuedQuery), args ...any) error {
	q := t.batch.Queue(sql, args...)
	if f != nil {
		f(q)
	}
	for _, arg := range args {
		if b, ok := arg.([]byte); ok {
			t.bytes += len(b)
		}
	}
	if t.batch.Len() < batchStatements && t.bytes < batchBytes {
		return nil
	}
	return t.flush()
}

func (t *settlement) flush() error {
	if t.batch.Len() == 0 {
		return nil
	}
	batch := t.batch
	t.batch, t.bytes = &pgx.Batch{}, 0
	return t.send(batch)
}

// rows makes sure of the number of rows that a statement is about.
func rows(want int64) func(*pgx.QueuedQuery) {
	return func(q *pgx.QueuedQuery) {
		q.Query(func(found pgx.Rows) error {
			found.Close()
			if err := found.Err(); err != nil {
				return err
			}
			if found.CommandTag().RowsAffected() != want {
				return errStale
			}
			return nil
		})
	}
}

// look makes sure of everything that was seen and is not written.
func (t *settlement) look(s *seen, written func(key []byte) bool) error {
	for _, p := range s.spans {
		sql, args := t.sql.spanEnd, []any{p.from}
		if p.to != nil {
			sql, args = t.sql.span, []any{p.from, p.to}
		}
		if p.to != nil && bytes.Equal(p.from, p.to) {
			continue // nothing was shown
		}
		if err := t.queue(sql, func(q *pgx.QueuedQuery) { q.Query(p.same) }, args...); err != nil {
			return err
		}
	}
	for _, k := range s.keys {
		if written(k.key) {
			continue
		}
		var err error
		if k.found {
			err = t.queue(t.sql.still, rows(1), k.args(t.sql)...)
		} else {
			err = t.queue(t.sql.none, rows(0), k.key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// args are those of a statement about a key that was found.
func (k sight) args(sql *statements, more ...any) []any {
	args := []any{k.key, k.value}
	if sql.places {
		args = append(args, k.at)
	}
	return append(args, more...)
}

// settling is the Tx that an Overlay is applied to.
type settling struct {
	store.Reader // none: nothing is read while it is applied
	*settlement
	seen *seen
}

// Put implements store.Tx.
func (t settling) Put(key, value []byte) error {
	value = append([]byte{}, value...) // nil would be NULL
	k, known := t.seen.keys[string(key)]
	switch {
	case !known:
		return t.queue(t.sql.put, nil, key, value)
	case k.found:
		return t.queue(t.sql.change, rows(1), k.args(t.sql, value)...)
	}
	return t.queue(t.sql.insert, rows(1), key, value)
}

// Delete implements store.Tx.
func (t settling) Delete(key []byte) error {
	k, known := t.seen.keys[string(key)]
	switch {
	case !known:
		return t.queue(t.sql.remove, nil, key)
	case k.found:
		return t.queue(t.sql.removeSeen, rows(1), k.args(t.sql)...)
	}
	return t.queue(t.sql.none, rows(0), key)
}
