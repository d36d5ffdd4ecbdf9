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
	"github.com/jackc/pgx/v5/pgxpool"

	"laurel/store"
)

const (
	// patience is how long an Update is tried again, or waits for a connection:
	// longer than a server takes to restart.
	patience = 5 * time.Second

	// callPatience bounds the wait for the server's answer to one statement, the
	// commit included.
	callPatience = 10 * time.Second

	// commitPatience is how long a commit that was sent is awaited at least,
	// however little time its caller has left, and endPatience how long the end of
	// a transaction is, before its connection is given up.
	commitPatience, endPatience = 2 * time.Second, 2 * time.Second

	// The pause before another try is random, up to firstPause at first, and up
	// to twice as much each time, but never more than longestPause.
	firstPause, longestPause = 4 * time.Millisecond, 250 * time.Millisecond
)

// Update implements store.Store.
func (db *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	store.Unnoted(ctx)
	db.updates.Add(1)
	ctx, end := store.Patient(ctx)
	var result error
	err := db.insist(ctx, func(begin context.Context) (fault error) {
		fault, result = db.try(ctx, begin, f)
		return fault
	})
	if err == nil {
		err = result
	}
	end(err == nil)
	return err
}

// try runs f once, on a snapshot, and then commits what it wrote if what it read
// is so still. It returns either a fault, with which certainly nothing was
// committed, or the Update's result.
func (db *DB) try(ctx, begin context.Context, f func(store.Tx) error) (fault, result error) {
	conn, err := db.pool.Acquire(begin)
	if err != nil {
		return err, nil
	}
	defer conn.Release()
	t := &tx{seen: &seen{keys: map[string][]byte{}}}
	if fault, result := db.rehearse(ctx, begin, conn, t, f); fault != nil || result != nil {
		return fault, result
	}
	// From here on the outcome is awaited, though the caller be gone, and as long
	// as there is time.
	settling := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		settling, cancel = context.WithDeadline(settling, deadline)
		defer cancel()
	}
	return db.settle(settling, conn, t)
}

// tx is what f of an Update works with: what it writes lies over what it reads.
type tx struct {
	*store.Overlay
	snapshot *snapshot
	seen     *seen
	wrote    bool
}

// rehearse runs f.
func (db *DB) rehearse(ctx, begin context.Context, conn *pgxpool.Conn, t *tx, f func(store.Tx) error) (fault, result error) {
	ptx, err := conn.BeginTx(begin, pgx.TxOptions{BeginQuery: sqlSnapshot})
	if err != nil {
		return err, nil
	}
	t.snapshot = &snapshot{ctx: ctx, db: db, tx: ptx, seen: t.seen}
	t.Overlay = store.NewOverlay(t.snapshot)
	defer t.snapshot.end() // also if f panics
	err = f(t)
	if t.snapshot.err != nil {
		return t.snapshot.err, nil // whatever f made of it
	}
	return nil, err
}

// Get implements store.Tx.
func (t *tx) Get(key []byte) ([]byte, error) {
	if err := t.snapshot.usable(); err != nil {
		return nil, err
	}
	return t.Overlay.Get(key)
}

// Put implements store.Tx.
func (t *tx) Put(key, value []byte) error {
	if err := t.snapshot.usable(); err != nil {
		return err
	}
	t.wrote = true
	return t.Overlay.Put(key, value)
}

// Delete implements store.Tx.
func (t *tx) Delete(key []byte) error {
	if err := t.snapshot.usable(); err != nil {
		return err
	}
	t.wrote = true
	return t.Overlay.Delete(key)
}

// settle commits what f has written. Where that was nothing, locks have made sure
// already that the snapshot is a state between two Updates.
func (db *DB) settle(ctx context.Context, conn *pgxpool.Conn, t *tx) (fault, result error) {
	if !t.wrote && (db.locked || len(t.seen.keys)+len(t.seen.spans) == 0) {
		return nil, nil
	}
	begin, cancel := call(ctx)
	defer cancel()
	level := pgx.Serializable
	if db.locked {
		level = pgx.ReadCommitted // each statement sees what is committed when it begins
	}
	ptx, err := conn.BeginTx(begin, pgx.TxOptions{IsoLevel: level})
	if err != nil {
		return err, nil
	}
	defer rollback(ctx, ptx) // takes back what is not committed
	s := db.settlement(ctx, ptx)
	if db.locked {
		err = s.take(t.locks(db))
	}
	if err == nil {
		err = s.look(t.seen)
	}
	if err == nil {
		err = s.apply(t.Overlay)
	}
	if err != nil {
		return err, nil
	}
	start := time.Now()
	fault, result = commit(ctx, ptx, t.wrote)
	switch {
	case result != nil:
		db.unknown.Add(1)
	case fault == nil && t.wrote:
		db.commits.Observe(time.Since(start).Seconds())
	}
	return fault, result
}

func (db *DB) settlement(ctx context.Context, ptx pgx.Tx) *settlement {
	return &settlement{batch: &pgx.Batch{}, send: func(b *pgx.Batch) error {
		ctx, cancel := call(ctx)
		defer cancel()
		return ptx.SendBatch(ctx, b).Close()
	}}
}

// commit commits, and tells by the error whether it can have happened.
func commit(ctx context.Context, tx pgx.Tx, wrote bool) (fault, result error) {
	if tx.Conn().IsClosed() {
		return errors.New("the connection was lost before the commit"), nil
	}
	patience := callPatience
	if deadline, ok := ctx.Deadline(); ok {
		patience = min(patience, max(time.Until(deadline), commitPatience))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err := tx.Commit(ctx)
	switch {
	case err == nil:
		return nil, nil
	case !wrote, isRefusal(err):
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
		if ctx.Err() != nil {
			return context.Cause(ctx)
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
	return strings.HasPrefix(answer.Code, connectionException) || is(err, serializationFailure, deadlockDetected, outOfMemory,
		completionUnknown, tooManyConnections, adminShutdown, crashShutdown, cannotConnectNow)
}

// outward turns what the driver says into the words of package store.
func (db *DB) outward(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case db.closed.Load():
		return store.ErrClosed
	case passes(err):
		return fmt.Errorf("%w: %w", store.ErrBusy, err)
	case is(err, diskFull):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case is(err, checkViolation): // sqlLeave
		return fmt.Errorf("%w: %w", store.ErrMoved, err)
	case is(err, readOnlyTransaction):
		return fmt.Errorf("%w: %w", store.ErrReadOnly, err)
	}
	return fmt.Errorf("postgres: %w", err)
}
