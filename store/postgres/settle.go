package postgres

import (
	"bytes"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// The statements of a settlement, each about many keys at once. In sqlStill the
// value of a key that was not there is NULL. It looks each key up by itself:
// what is joined might be read as a whole.
const (
	sqlStill = `SELECT count(*) FROM unnest($1::bytea[], $2::bytea[]) AS seen (k, v)
		WHERE (SELECT value FROM laurel_store WHERE key = seen.k) IS NOT DISTINCT FROM seen.v`
	sqlSpan    = `SELECT key, value FROM laurel_store WHERE key >= $1 AND key < $2 ORDER BY key`
	sqlSpanEnd = `SELECT key, value FROM laurel_store WHERE key >= $1 ORDER BY key`
)

// A settlement is the transaction that commits an Update: it makes sure that all
// that was seen is so still, and writes.
type settlement struct {
	batch *pgx.Batch
	bytes int
	send  func(*pgx.Batch) error

	keys, values, gone [][]byte // that are written
}

// Statements go to the server so many bytes at a time.
const batchBytes = 4 << 20

func (t *settlement) queue(sql string, f func(*pgx.QueuedQuery), args ...any) error {
	q := t.batch.Queue(sql, args...)
	if f != nil {
		f(q)
	}
	if t.bytes < batchBytes {
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

// look makes sure of everything that was seen.
func (t *settlement) look(s *seen) error {
	for _, p := range s.spans {
		if p.empty() {
			continue
		}
		sql, args := sqlSpanEnd, []any{p.from}
		if p.to != nil {
			sql, args = sqlSpan, []any{p.from, p.to}
		}
		if err := t.queue(sql, func(q *pgx.QueuedQuery) { q.Query(p.same) }, args...); err != nil {
			return err
		}
	}
	var keys, values [][]byte
	still := func() error {
		want := len(keys)
		if want == 0 {
			return nil
		}
		err := t.queue(sqlStill, func(q *pgx.QueuedQuery) { q.QueryRow(counts(want)) }, keys, values)
		keys, values = nil, nil
		return err
	}
	for _, k := range slices.Sorted(maps.Keys(s.keys)) {
		keys, values = append(keys, []byte(k)), append(values, s.keys[k])
		if t.bytes += len(k) + len(s.keys[k]); t.bytes >= batchBytes {
			if err := still(); err != nil {
				return err
			}
		}
	}
	return still()
}

// counts makes sure that all of so many are as they were.
func counts(want int) func(pgx.Row) error {
	return func(r pgx.Row) error {
		var n int
		if err := r.Scan(&n); err != nil {
			return err
		}
		if n != want {
			return errStale
		}
		return nil
	}
}

// apply writes what lies in an Overlay.
func (t *settlement) apply(o *store.Overlay) error {
	if err := o.Apply(settling{settlement: t}); err != nil {
		return err
	}
	return t.write()
}

// settling is the Tx that an Overlay is applied to.
type settling struct {
	store.Reader // none: nothing is read while it is applied
	*settlement
}

// Put implements store.Tx.
func (t settling) Put(key, value []byte) error {
	t.keys = append(t.keys, bytes.Clone(key))
	t.values = append(t.values, append([]byte{}, value...)) // nil would be NULL
	return t.grew(len(key) + len(value))
}

// Delete implements store.Tx.
func (t settling) Delete(key []byte) error {
	t.gone = append(t.gone, bytes.Clone(key))
	return t.grew(len(key))
}

func (t *settlement) grew(bytes int) error {
	if t.bytes += bytes; t.bytes < batchBytes {
		return nil
	}
	return t.write()
}

// write sends what was written. No key is among both that are put and that are
// deleted, so the order is of no account.
func (t *settlement) write() (err error) {
	if len(t.keys) > 0 {
		err = t.queue(sqlAmend, nil, t.keys, t.values)
	}
	if len(t.gone) > 0 && err == nil {
		err = t.queue(sqlRemove, nil, t.gone)
	}
	t.keys, t.values, t.gone = nil, nil, nil
	if err != nil {
		return err
	}
	return t.flush()
}
