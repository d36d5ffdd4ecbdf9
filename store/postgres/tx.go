package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"laurel/store"
)

// A Scan fetches firstPage keys, then twice as many each time up to longestPage.
// It keeps no more of a page than it takes to reach pageBytes.
const firstPage, longestPage, pageBytes = 16, 256, 1 << 20

// errOver is the answer of a Reader or Tx that was kept after its function.
var errOver = errors.New("postgres: the transaction is over")

// snapshot reads one state of the store.
type snapshot struct {
	ctx  context.Context
	db   *DB
	tx   pgx.Tx
	err  error // the first failure; the snapshot is of no use after it
	over bool

	// In an Update what was read is noted in seen, and watch tells that nothing
	// need be: a row of the key's group tells. Both are nil in a View.
	seen  *seen
	watch func(key []byte) (told bool, err error)
}

// sqlSnapshot begins the transaction of a snapshot. Its query makes the server
// take it at once; else it would do so at the first query of f.
const sqlSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`

// row is one key as it was found. Where the server tells, at is the place of
// its value in the table.
type row struct {
	key, value []byte
	at         pgtype.TID
}

// end gives the snapshot back.
func (s *snapshot) end() {
	s.over = true
	rollback(s.ctx, s.tx)
}

// rollback takes back what was not committed. If it fails the driver gives the
// connection up.
func rollback(ctx context.Context, tx pgx.Tx) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endPatience)
	defer cancel()
	_ = tx.Rollback(ctx)
}

// call bounds the wait for one answer of the server.
func call(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, callPatience)
}

// fail notes the failure of a statement and returns what f is told of it.
func (s *snapshot) fail(err error) error {
	s.err = err
	return s.db.outward(s.ctx, err)
}

// usable returns why the snapshot cannot be used, if it cannot.
func (s *snapshot) usable() error {
	switch {
	case s.over:
		return errOver
	case s.err != nil:
		return s.db.outward(s.ctx, s.err)
	case s.ctx.Err() != nil:
		return s.fail(s.ctx.Err())
	}
	return nil
}

// Get implements store.Reader.
func (s *snapshot) Get(key []byte) ([]byte, error) {
	if err := s.usable(); err != nil {
		return nil, err
	}
	if err := store.CheckKey(key); err != nil {
		return nil, err
	}
	ctx, cancel := call(s.ctx)
	defer cancel()
	found := row{key: key}
	into := []any{&found.value}
	if s.db.sql.places {
		into = append(into, &found.at)
	}
	err := s.tx.QueryRow(ctx, s.db.sql.get, key).Scan(into...)
	none := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !none {
		return nil, s.fail(err)
	}
	if err := s.note(found, !none); err != nil {
		return nil, err
	}
	if none {
		return nil, store.ErrNotFound
	}
	return found.value, nil
}

// note notes what a Get found.
func (s *snapshot) note(r row, found bool) error {
	if s.seen == nil {
		return nil
	}
	if !found {
		if told, err := s.watch(r.key); told || err != nil {
			return err
		}
	}
	s.seen.key(r, found)
	return nil
}

// span notes that a Scan begins; nil where nothing is to be noted of it.
func (s *snapshot) span(prefix, from []byte) (*span, error) {
	if s.seen == nil {
		return nil, nil
	}
	if told, err := s.watch(prefix); told || err != nil {
		return nil, err
	}
	return s.seen.span(from), nil
}

// Scan implements store.Reader.
func (s *snapshot) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	from, to := store.Range(prefix, after)
	shown, err := s.span(prefix, from)
	if err != nil {
		return err
	}
	for limit := firstPage; ; {
		rows, last, err := s.fetch(from, to, limit)
		if err != nil {
			return err
		}
		for _, r := range rows {
			from = store.Successor(r.key)
			shown.row(r, from)
			if err := f(r.key, r.value); errors.Is(err, store.ErrStop) {
				return nil
			} else if err != nil {
				return err
			}
			if err := s.usable(); err != nil {
				return err
			}
		}
		if last {
			shown.end(to)
			return nil
		}
		limit = min(2*limit, longestPage)
	}
}

// fetch reads up to limit keys from one on, of those before another; last tells
// that no others follow.
func (s *snapshot) fetch(from, to []byte, limit int) (rows []row, last bool, err error) {
	ctx, cancel := call(s.ctx)
	defer cancel()
	sql, args := s.db.sql.scanEnd, []any{from, limit}
	if to != nil {
		sql, args = s.db.sql.scan, []any{from, limit, to}
	}
	found, err := s.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, false, s.fail(err)
	}
	defer found.Close()
	bytes := 0
	for bytes < pageBytes && found.Next() {
		var r row
		into := []any{&r.key, &r.value}
		if s.db.sql.places {
			into = append(into, &r.at)
		}
		if err := found.Scan(into...); err != nil {
			return nil, false, s.fail(err)
		}
		bytes += len(r.value)
		rows = append(rows, r)
	}
	found.Close()
	if err := found.Err(); err != nil {
		return nil, false, s.fail(err)
	}
	return rows, len(rows) < limit && bytes < pageBytes, nil
}
