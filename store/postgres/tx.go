package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

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

	seen *seen // in an Update what was read is noted
}

// sqlSnapshot begins the transaction of a snapshot. Its query makes the server
// take it at once; else it would do so at the first query of f.
const sqlSnapshot = `BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1`

// row is one key as it was found.
type row struct{ key, value []byte }

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
	var value []byte
	err := s.tx.QueryRow(ctx, sqlGet, key).Scan(&value)
	none := errors.Is(err, pgx.ErrNoRows)
	if err != nil && !none {
		return nil, s.fail(err)
	}
	s.seen.key(key, value, !none)
	if none {
		return nil, store.ErrNotFound
	}
	return value, nil
}

// Scan implements store.Reader.
func (s *snapshot) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	if err := s.usable(); err != nil {
		return err
	}
	from, to := store.Range(prefix, after)
	shown := s.seen.span(prefix, from)
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
	sql, args := sqlScanEnd, []any{from, limit}
	if to != nil {
		sql, args = sqlScan, []any{from, limit, to}
	}
	found, err := s.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, false, s.fail(err)
	}
	defer found.Close()
	bytes := 0
	for bytes < pageBytes && found.Next() {
		var r row
		if err := found.Scan(&r.key, &r.value); err != nil {
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
