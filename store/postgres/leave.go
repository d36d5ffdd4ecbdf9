package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// A store that is left takes no change of any process, also of one that has it
// open: the server refuses new and changed rows. Rows that are there are not
// looked at, and a copy by pg_dump keeps it so.
const (
	sqlLock   = `LOCK TABLE laurel_store IN ACCESS EXCLUSIVE MODE`
	sqlLeave  = `ALTER TABLE laurel_store ADD CONSTRAINT laurel_left CHECK (false) NOT VALID`
	sqlReturn = `ALTER TABLE laurel_store DROP CONSTRAINT IF EXISTS laurel_left`
	// What refuses every change: a standby, or a database that is only read; and sqlLeave.
	sqlRefuses = `SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean,
		EXISTS (SELECT 1 FROM pg_constraint WHERE conname = 'laurel_left' AND conrelid = 'laurel_store'::regclass)`
)

var _ store.Lockable = (*DB)(nil)

// Lock implements store.Lockable. The store's user has to own its table to Leave.
func (db *DB) Lock(ctx context.Context, do func(store.Locked) error) error {
	begin, cancel := call(ctx)
	defer cancel()
	ptx, err := db.pool.Begin(begin)
	if err != nil {
		return db.outward(ctx, err)
	}
	defer rollback(ctx, ptx)
	if _, err := ptx.Exec(begin, sqlLock); err != nil {
		return fmt.Errorf("locking the store's table: %w", db.outward(ctx, err))
	}
	return do(&locked{db: db, tx: ptx})
}

// locked is the transaction that has the lock: what it reads is of one state,
// though it is not isolated, for nobody else writes.
type locked struct {
	db *DB
	tx pgx.Tx
}

// View implements store.Locked.
func (l *locked) View(ctx context.Context, f func(store.Reader) error) error {
	s := &snapshot{ctx: ctx, db: l.db, tx: l.tx}
	defer func() { s.over = true }()
	return f(s)
}

// Leave implements store.Locked.
func (l *locked) Leave(ctx context.Context, last func(store.Tx) error) error {
	t := &tx{snapshot: &snapshot{ctx: ctx, db: l.db, tx: l.tx}}
	t.Overlay = store.NewOverlay(t.snapshot)
	defer func() { t.snapshot.over = true }()
	if err := last(t); err != nil {
		return err
	}
	if t.snapshot.err != nil {
		return l.db.outward(ctx, t.snapshot.err)
	}
	err := l.db.settlement(ctx, l.tx).apply(t.Overlay)
	if err == nil {
		_, err = l.tx.Exec(ctx, sqlLeave)
	}
	if err != nil {
		return fmt.Errorf("leaving the store: %w", l.db.outward(ctx, err))
	}
	fault, result := commit(ctx, l.tx, true)
	if fault != nil {
		return fmt.Errorf("leaving the store: %w", l.db.outward(ctx, fault))
	}
	return result
}

// Return has a store that was left take changes again.
func (db *DB) Return(ctx context.Context) error {
	ctx, cancel := call(ctx)
	defer cancel()
	if _, err := db.pool.Exec(ctx, sqlReturn); err != nil {
		return fmt.Errorf("having the store take changes again: %w", db.outward(ctx, err))
	}
	return nil
}

// Refuses implements store.Refuser: ErrReadOnly where the server only reads.
func (db *DB) Refuses(ctx context.Context) error {
	ctx, cancel := call(ctx)
	defer cancel()
	var reads, left bool
	err := db.pool.QueryRow(ctx, sqlRefuses).Scan(&reads, &left)
	switch {
	case err != nil:
		return db.outward(ctx, err)
	case left:
		return store.ErrMoved
	case reads:
		return store.ErrReadOnly
	}
	return nil
}
