package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// An Update is settled on PostgreSQL under locks on all that it has read, shared,
// and all that it writes, alone, which it takes before it looks whether what it
// has read is so still, and keeps until it is committed. So from that look on
// until its commit nobody changes what it rests on, and Updates behave as if each
// had happened as a whole when it had all its locks. A snapshot has of two
// Updates of which one rests on the other never the later one alone: who waited
// for a lock got it when the other one was committed.
//
// The locks are PostgreSQL's advisory ones, of transactions, on names: a key that
// is not there has a name too, and a run of keys that of its group. Serializable
// transactions notice the same by pages of the index and of the table, on which
// lie a hundred neighbours, and end one of two that have nothing to do with each
// other; locks on rows are written to the disk, say nothing about what is not
// there, and let one who would change what many read wait for ever.
//
// All take their locks in the order of the names, so that nobody waits in a
// circle, and wait for nothing else once they have them.

// sqlLocks takes locks in the order of the arrays. Each later statement of the
// transaction sees all that was committed before they were granted.
const sqlLocks = `SELECT CASE WHEN alone THEN pg_advisory_xact_lock(name) ELSE pg_advisory_xact_lock_shared(name) END
	FROM unnest($1::bigint[], $2::boolean[]) AS wanted (name, alone)`

// everything is the name of the whole store, before all others: who writes takes
// it shared, who has read what no other name stands for takes it alone.
const everything = math.MinInt64

// mostLocks is how many one Update takes, that of the whole store included; a larger
// one takes that alone. Sixteen JWTs that are stored together need 49. The
// server has room for 64 for each of its connections, if nobody has asked it for
// more (max_locks_per_transaction).
const mostLocks = 56

// locks are the names that an Update locks, and whether alone.
type locks map[int64]bool

func (l locks) add(name int64, alone bool) { l[name] = l[name] || alone }

// nameOf is the lock of a key: that of its group, if it belongs to one.
func (db *DB) nameOf(key []byte) int64 {
	if db.groups != nil {
		if group := db.groups(key, false); group != nil {
			return name("group", group)
		}
	}
	return name("key", key)
}

// nameOfAll is the lock of all keys that begin with a prefix, if they have one in
// common.
func (db *DB) nameOfAll(prefix []byte) (n int64, ok bool) {
	if db.groups == nil {
		return 0, false
	}
	group := db.groups(prefix, true)
	if group == nil {
		return 0, false
	}
	return name("group", group), true
}

func name(kind string, of []byte) int64 {
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "laurel_store %s ", kind)
	h.Write(of)
	return int64(binary.BigEndian.Uint64(h.Sum(nil))) //nolint:gosec // any 64 bits will do
}

// locks are those of all that was seen and is written.
func (t *tx) locks(db *DB) locks {
	l := locks{everything: false}
	for _, p := range t.seen.spans {
		if p.empty() {
			continue
		}
		if n, ok := db.nameOfAll(p.prefix); ok {
			l.add(n, false)
		} else {
			l.add(everything, true)
		}
	}
	for key := range t.seen.keys {
		l.add(db.nameOf([]byte(key)), false)
	}
	_ = t.Apply(naming{db: db, locks: l})
	if l[everything] || len(l) > db.most {
		return locks{everything: true}
	}
	return l
}

// naming is the Tx that collects the locks of what an Overlay writes.
type naming struct {
	store.Reader
	db    *DB
	locks locks
}

// Put implements store.Tx.
func (n naming) Put(key, _ []byte) error { return n.Delete(key) }

// Delete implements store.Tx.
func (n naming) Delete(key []byte) error {
	n.locks.add(n.db.nameOf(key), true)
	return nil
}

// take has a settlement take locks.
func (t *settlement) take(l locks) error {
	names := slices.Sorted(maps.Keys(l))
	alone := make([]bool, len(names))
	for i, name := range names {
		alone[i] = l[name]
	}
	return t.queue(sqlLocks, nil, names, alone)
}

// Statements that tell whether the server is PostgreSQL, and keeps such locks:
// there are servers that know the functions and do nothing.
const (
	sqlPlaces = `SELECT ctid FROM laurel_store LIMIT 0`
	sqlTry    = `SELECT pg_advisory_xact_lock_shared($1)`
	sqlKept   = `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()`
)

// look finds out how Updates are to be settled.
func (db *DB) look(ctx context.Context) (*DB, error) {
	kept := 0
	err := pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlPlaces)
		if err == nil {
			_, err = tx.Exec(ctx, sqlTry, name("try", nil))
		}
		if err == nil {
			err = tx.QueryRow(ctx, sqlKept).Scan(&kept)
		}
		return err
	})
	if err != nil && !is(err, undefinedColumn, undefinedFunction, undefinedTable, featureNotSupported) {
		db.pool.Close()
		return nil, fmt.Errorf("looking at the store's table: %w", err)
	}
	db.locked = err == nil && kept > 0
	return db, nil
}
