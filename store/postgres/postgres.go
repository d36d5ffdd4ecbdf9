// Package postgres keeps a store in one table of a PostgreSQL database, for
// several processes at once. On databases that only speak the same protocol, and
// are serializable, such as CockroachDB, it asks for nothing that those lack.
//
// Each Update is rehearsed on a snapshot and settled in a short transaction, under
// locks (see locks.go), or in a serializable one where the server has none. Where
// what it rests on has changed meanwhile, or its connection is lost before the
// commit, it is run again, for some seconds. A connection that is lost during the
// commit leaves the outcome unknown, as store.ErrUnknownOutcome says; the store
// stays writable, for the server has settled the matter by the time it answers
// again.
//
// It refuses to make its table where one was expected: Open never creates.
//
// Start with Open.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"laurel/internal/tally"
	"laurel/store"
)

// The statements. No key of a caller is empty,
// so the empty one holds the version of the layout.
const (
	sqlCreate  = `CREATE TABLE laurel_store (key bytea PRIMARY KEY, value bytea NOT NULL)`
	sqlPut     = `INSERT INTO laurel_store (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	sqlGet     = `SELECT value FROM laurel_store WHERE key = $1`
	sqlScan    = `SELECT key, value FROM laurel_store WHERE key >= $1 AND key < $3 ORDER BY key LIMIT $2`
	sqlScanEnd = `SELECT key, value FROM laurel_store WHERE key >= $1 ORDER BY key LIMIT $2`
)

// version is that of the layout.
const version = "1"

// DB is an open store.
type DB struct {
	pool     *pgxpool.Pool
	locked   bool   // Updates are settled under locks
	most     int    // locks for one Update
	groups   Groups // nil for none
	patience time.Duration
	closed   atomic.Bool
	updates  atomic.Uint64
	retries  atomic.Uint64
	unknown  atomic.Uint64
	commits  *tally.Histogram
}

var _ store.Store = (*DB)(nil)

// Create makes the store's table in the database at url and opens the store. It
// returns store.ErrExists if the table is there.
func Create(ctx context.Context, url string) (*DB, error) { return createAs(ctx, url, version) }

// createAs creates a store of some version.
func createAs(ctx context.Context, url, version string) (*DB, error) {
	db, err := connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("creating the store: %w", err)
	}
	err = pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, sqlCreate); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, sqlPut, []byte{}, []byte(version))
		return err
	})
	if is(err, duplicateTable, uniqueViolation) { // the latter if two create at once
		err = store.ErrExists
	}
	if err != nil {
		db.pool.Close()
		return nil, fmt.Errorf("creating the store: %w", reached(err))
	}
	return db.look(ctx)
}

// Open opens the store in the database at url, a URL or a string of settings as
// PostgreSQL's own programs take them; pool_max_conns in it bounds the
// connections. It returns store.ErrMissing if the store's table is not there, and
// a store.Unfinished where it was being filled.
func Open(ctx context.Context, url string) (*DB, error) {
	db, err := connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	var found []byte
	err = db.pool.QueryRow(ctx, sqlGet, []byte{}).Scan(&found)
	switch {
	case is(err, undefinedTable):
		err = fmt.Errorf("%w: the database has no table laurel_store", store.ErrMissing)
	case errors.Is(err, pgx.ErrNoRows):
		err = errors.New("the table laurel_store is not a store of this program")
	case err == nil && left(string(found)) != nil:
		err = left(string(found))
	case err == nil && string(found) != version:
		err = fmt.Errorf("the store has version %q, this program knows %q", found, version)
	}
	if err != nil {
		db.pool.Close()
		return nil, fmt.Errorf("opening the store: %w", reached(err))
	}
	return db.look(ctx)
}

// unreached tells in one line of a server that is not reached: the driver has a
// line for each attempt, with TLS and without it, at each address.
type unreached struct{ error }

// reached makes an unreached of the error where there is no connection.
func reached(err error) error {
	if errors.As(err, new(*pgconn.ConnectError)) {
		return unreached{err}
	}
	return err
}

// Error implements error.
func (u unreached) Error() string {
	first, tried, _ := strings.Cut(u.error.Error(), ":")
	said := []string{first + ":"}
	for line := range strings.Lines(tried) {
		line = strings.Join(strings.Fields(line), " ")
		if line != "" && !slices.Contains(said, line) {
			said = append(said, line)
		}
	}
	return strings.Join(said, " ")
}

func (u unreached) Unwrap() error { return u.error }

// Address tells where the database at url is, with nothing that is secret in it.
func Address(url string) string {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return "postgres://…"
	}
	c := config.ConnConfig
	if strings.HasPrefix(c.Host, "/") { // a folder of sockets
		return fmt.Sprintf("postgres://%s@/%s?host=%s", c.User, c.Database, c.Host)
	}
	return fmt.Sprintf("postgres://%s@%s/%s", c.User, net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port))), c.Database)
}

func connect(ctx context.Context, url string) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// A sequential scan, which the planner takes for small tables, locks the
	// whole table against serializable writers; the index, only what was read.
	config.AfterConnect = func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SET enable_seqscan = off`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &DB{pool: pool, most: mostLocks, patience: patience, commits: tally.Seconds()}, nil
}

// View implements store.Store.
func (db *DB) View(ctx context.Context, f func(store.Reader) error) error {
	ctx, end := store.Patient(ctx)
	defer end(false)
	var ptx pgx.Tx
	if err := db.insist(ctx, func(begin context.Context) (err error) {
		ptx, err = db.pool.BeginTx(begin, pgx.TxOptions{BeginQuery: sqlSnapshot})
		return err
	}); err != nil {
		return err
	}
	s := &snapshot{ctx: ctx, db: db, tx: ptx}
	defer s.end()
	return f(store.Noted(ctx, s))
}

// Close implements store.Store.
func (db *DB) Close() error {
	db.closed.Store(true)
	db.pool.Close()
	return nil
}

// Retries returns how often an Update or View was tried again since Open.
func (db *DB) Retries() uint64 { return db.retries.Load() }

// Stats are counts since Open, and what the connections do now.
type Stats struct {
	Updates     uint64       // that were begun
	Retries     uint64       // further tries of Updates and Views
	Connections int          // open ones
	InUse       int          // of them
	Limit       int          // pool_max_conns
	Unknown     uint64       // Updates whose outcome is unknown
	Commit      tally.Spread // seconds that commits of changes took, until they were acknowledged
}

// Stats returns what was counted.
func (db *DB) Stats() Stats {
	pool := db.pool.Stat()
	return Stats{Updates: db.updates.Load(), Retries: db.retries.Load(), Connections: int(pool.TotalConns()),
		InUse: int(pool.AcquiredConns()), Limit: int(pool.MaxConns()), Unknown: db.unknown.Load(), Commit: db.commits.Spread()}
}

// SQLSTATE codes that are told apart.
const (
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	completionUnknown    = "40003"
	readOnlyTransaction  = "25006"
	uniqueViolation      = "23505"
	undefinedTable       = "42P01"
	undefinedColumn      = "42703"
	undefinedFunction    = "42883"
	featureNotSupported  = "0A000"
	duplicateTable       = "42P07"
	checkViolation       = "23514"
	diskFull             = "53100"
	outOfMemory          = "53200"
	tooManyConnections   = "53300"
	adminShutdown        = "57P01"
	crashShutdown        = "57P02"
	cannotConnectNow     = "57P03"

	connectionException = "08" // the class of codes that begin so
)

// is reports whether the server answered with one of the codes.
func is(err error, codes ...string) bool {
	var answer *pgconn.PgError
	if !errors.As(err, &answer) {
		return false
	}
	for _, code := range codes {
		if answer.Code == code {
			return true
		}
	}
	return false
}
