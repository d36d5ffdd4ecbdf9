package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"laurel/store"
)

const (
	// patience is how long an Update is tried again, or waits for a connection:
	// longer than a server takes to restart.
	patience = 5 * time.Second

	// callPatience bounds the wait for the server's answer to one statement, the
	// commit included.
	callPatience = 10 * time.Second

	// The pause before another try is random, up to firstPause at first, and up
	// to twice as much each time, but never more than longestPause.
	firstPause, longestPause = 4 * time.Millisecond, 250 * time.Millisecond
)

// Update implements store.Store.
func (db *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	store.Unnoted(ctx)
	var result error
	if err := db.insist(ctx, func(begin context.Context) (fault error) {
		fault, result = db.try(ctx, begin, f)
		return fault
	}); err != nil {
		return err
	}
	return result
}

// try runs f once. It returns either a fault, with which certainly nothing was
// committed, or the Update's result.
func (db *DB) try(ctx, begin context.Context, f func(store.Tx) error) (fault, result error) {
	ptx, err := db.pool.BeginTx(begin, pgx.TxOptions{IsoLevel: pgx.Serializable})
	if err != nil {
		return err, nil
	}
	t := &tx{ctx: ctx, db: db, tx: ptx}
	defer t.end() // takes back what is not committed, also if f panics
	err = f(t)
	switch {
	case t.err != nil:
		return t.err, nil // whatever f made of it
	case err != nil:
		return nil, err
	}
	// From here on the outcome is awaited.
	t.ctx = context.WithoutCancel(ctx)
	if err := t.flush(); err != nil {
		return t.err, nil
	}
	return t.commit()
}

// commit commits, and tells by the error whether it can have happened.
func (t *tx) commit() (fault, result error) {
	if t.tx.Conn().IsClosed() {
		return errors.New("the connection was lost before the commit"), nil
	}
	ctx, cancel := t.call()
	defer cancel()
	err := t.tx.Commit(ctx)
	switch {
	case err == nil:
		return nil, nil
	case !t.wrote, isRefusal(err):
		return err, nil
	}
	// Not even pgconn.SafeToRetry can be asked: of a connection that is lost
	// after the commit was sent, pgx 5.12 says that nothing was sent.
	return nil, fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err)
}

// isRefusal reports whether the server answered that it did not commit. Answers
// that come with the end of the connection, or that say so, leave it open.
func isRefusal(err error) bool {
	if errors.Is(err, pgx.ErrTxCommitRollback) {
		return true
	}
	var answer *pgconn.PgError
	return errors.As(err, &answer) && answer.SeverityUnlocalized != "FATAL" && answer.SeverityUnlocalized != "PANIC" &&
		answer.Code != completionUnknown && !strings.HasPrefix(answer.Code, connectionException)
}

// insist repeats try while it fails for reasons that pass, until patience is at
// its end. The context for try bounds what it waits for.
func (db *DB) insist(ctx context.Context, try func(context.Context) error) error {
	begin, cancel := context.WithTimeout(ctx, db.patience)
	defer cancel()
	for longest := firstPause; ; longest = min(2*longest, longestPause) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if db.closed.Load() {
			return store.ErrClosed
		}
		err := try(begin)
		if err == nil {
			return nil
		}
		if begin.Err() != nil || db.closed.Load() || !passes(err) {
			return db.outward(ctx, err)
		}
		db.retries.Add(1)
		select {
		case <-time.After(rand.N(longest)):
		case <-begin.Done():
		}
	}
}

// passes reports whether another try may succeed: the Update lost against
// others, or the server was not there or too busy. What is no answer of the
// server is a fault of the connection.
func passes(err error) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return true
	}
	return strings.HasPrefix(answer.Code, connectionException) || is(err, serializationFailure, deadlockDetected,
		completionUnknown, tooManyConnections, adminShutdown, crashShutdown, cannotConnectNow)
}

// outward turns what the driver says into the words of package store.
func (db *DB) outward(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case db.closed.Load():
		return store.ErrClosed
	case passes(err):
		return fmt.Errorf("%w: %w", store.ErrBusy, err)
	case is(err, diskFull):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case is(err, readOnlyTransaction):
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	}
	return fmt.Errorf("postgres: %w", err)
}
