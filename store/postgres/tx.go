package postgres

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

const (
	// A Scan fetches firstPage keys, then twice as many each time up to
	// longestPage. It keeps no more of a page than it takes to reach pageBytes.
	firstPage, longestPage, pageBytes = 16, 256, 1 << 20

	// Writes wait until there is something to read, or so many of them, or so
	// many bytes, and then go to the server together, in one round trip.
	batchWrites, batchBytes = 256, 4 << 20
)

// errOver is the answer of a Reader or Tx that was kept after its function.
var errOver = errors.New("postgres: the transaction is over")

// reader is what a View gets of a tx.
type reader struct{ tx *tx }

func (r reader) Get(key []byte) ([]byte, error) { return r.tx.Get(key) }

func (r reader) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	return r.tx.Scan(prefix, after, f)
}

// tx is one transaction on the server.
type tx struct {
	ctx  context.Context
	db   *DB
	tx   pgx.Tx
	err  error // the first failure; the transaction is of no use after it
	over bool

	wrote   bool
	batch   *pgx.Batch // writes that the server has not seen
	waiting int        // bytes in them
	scans   []*page    // what the Scans under way have fetched
}

// end rolls back what was not committed and gives the connection back.
func (t *tx) end() {
	t.over = true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.ctx), callPatience)
	defer cancel()
	_ = t.tx.Rollback(ctx) // if it fails the driver gives the connection up
}

// call bounds the wait for one answer of the server.
func (t *tx) call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.ctx, callPatience)
}

// fail notes the failure of a statement and returns what f is told of it.
func (t *tx) fail(err error) error {
	t.err = err
	return t.db.outward(t.ctx, err)
}

// usable returns why the transaction cannot be used, if it cannot.
func (t *tx) usable() error {
	switch {
	case t.over:
		return errOver
	case t.err != nil:
		return t.db.outward(t.ctx, t.err)
	case t.ctx.Err() != nil:
		return t.fail(t.ctx.Err())
	}
	return nil
}

// check returns why the key cannot be read or written now, if it cannot.
func (t *tx) check(key []byte) error {
	if err := t.usable(); err != nil {
		return err
	}
	return store.CheckKey(key)
}

func (t *tx) Get(key []byte) ([]byte, error) {
	if err := t.check(key); err != nil {
		return nil, err
	}
	if err := t.flush(); err != nil {
		return nil, err
	}
	ctx, cancel := t.call()
	defer cancel()
	var value []byte
	err := t.tx.QueryRow(ctx, sqlGet, key).Scan(&value)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, store.ErrNotFound
	case err != nil:
		return nil, t.fail(err)
	}
	return value, nil
}

func (t *tx) Put(key, value []byte) error {
	if err := t.check(key); err != nil {
		return err
	}
	if err := store.CheckValue(value); err != nil {
		return err
	}
	key = bytes.Clone(key)
	return t.write(key, sqlPut, key, append([]byte{}, value...)) // nil would be NULL
}

func (t *tx) Delete(key []byte) error {
	if err := t.check(key); err != nil {
		return err
	}
	key = bytes.Clone(key)
	return t.write(key, sqlDelete, key)
}

// write puts a statement off, and makes the Scans under way look again if it
// touches what they have fetched but not shown.
func (t *tx) write(key []byte, sql string, args ...any) error {
	for _, p := range t.scans {
		p.stale = p.stale || p.covers(key)
	}
	t.wrote = true
	if t.batch == nil {
		t.batch = &pgx.Batch{}
	}
	t.batch.Queue(sql, args...)
	for _, arg := range args {
		t.waiting += len(arg.([]byte))
	}
	if t.batch.Len() < batchWrites && t.waiting < batchBytes {
		return nil
	}
	return t.flush()
}

// flush sends the writes that were put off.
func (t *tx) flush() error {
	if t.batch == nil {
		return nil
	}
	batch := t.batch
	t.batch, t.waiting = nil, 0
	ctx, cancel := t.call()
	defer cancel()
	if err := t.tx.SendBatch(ctx, batch).Close(); err != nil {
		return t.fail(err)
	}
	return nil
}

// page is what a Scan has fetched: all keys from one up to, and without, another.
type page struct {
	from, to []byte // to nil: there is no end
	rows     []row  // those not shown yet
	last     bool   // no keys follow in the Scan
	stale    bool   // the store has changed between from and to
}

type row struct{ key, value []byte }

func (p *page) covers(key []byte) bool {
	return bytes.Compare(key, p.from) >= 0 && (p.to == nil || bytes.Compare(key, p.to) < 0)
}

func (t *tx) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	if err := t.usable(); err != nil {
		return err
	}
	from, to := store.Range(prefix, after)
	p := &page{from: from, to: from}
	t.scans = append(t.scans, p)
	defer func() { t.scans = slices.DeleteFunc(t.scans, func(q *page) bool { return q == p }) }()
	for limit := firstPage; ; {
		var err error
		if limit, err = t.fetch(p, to, limit); err != nil {
			return err
		}
		for len(p.rows) > 0 && !p.stale {
			r := p.rows[0]
			p.rows, p.from = p.rows[1:], store.Successor(r.key)
			if err := f(r.key, r.value); errors.Is(err, store.ErrStop) {
				return nil
			} else if err != nil {
				return err
			}
			if err := t.usable(); err != nil {
				return err
			}
		}
		if p.last && !p.stale {
			return nil
		}
	}
}

// fetch reads up to limit keys from p.from on, of those before to. It returns the
// limit for the next time.
func (t *tx) fetch(p *page, to []byte, limit int) (next int, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	ctx, cancel := t.call()
	defer cancel()
	sql, args := sqlScanEnd, []any{p.from, limit}
	if to != nil {
		sql, args = sqlScan, []any{p.from, to, limit}
	}
	found, err := t.tx.Query(ctx, sql, args...)
	if err != nil {
		return 0, t.fail(err)
	}
	defer found.Close()
	p.rows, p.stale = nil, false
	bytes := 0
	for bytes < pageBytes && found.Next() {
		var r row
		if err := found.Scan(&r.key, &r.value); err != nil {
			return 0, t.fail(err)
		}
		bytes += len(r.value)
		p.rows = append(p.rows, r)
	}
	found.Close()
	if err := found.Err(); err != nil {
		return 0, t.fail(err)
	}
	if p.last, p.to = len(p.rows) < limit && bytes < pageBytes, to; !p.last {
		p.to = store.Successor(p.rows[len(p.rows)-1].key)
	}
	if bytes >= pageBytes {
		return max(1, len(p.rows)), nil
	}
	return min(2*limit, longestPage), nil
}
