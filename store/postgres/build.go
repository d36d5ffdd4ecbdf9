package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// The version of a store that is being filled, and of one that waits to be
// finished, each followed by its name. Open knows them, and no program before it
// opens one whose version it does not know.
const (
	unfinished = "unfinished"
	prepared   = "prepared"
)

func unfinishedAs(name string) string { return strings.TrimRight(unfinished+" "+name, " ") }

func preparedAs(name string) string { return prepared + " " + name }

// left is what a Build has left behind, by the version found; nil for a version
// of something else.
func left(version string) *store.Unfinished {
	state, name, _ := strings.Cut(version, " ")
	if state != unfinished && state != prepared {
		return nil
	}
	return &store.Unfinished{Name: name, Prepared: state == prepared}
}

// The statements by which a copy catches up, many keys at once.
const (
	sqlAmend = `INSERT INTO laurel_store (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`
	sqlRemove = `DELETE FROM laurel_store WHERE key = ANY($1::bytea[])`
	sqlValues = `SELECT key, value FROM laurel_store WHERE key = ANY($1::bytea[])`
)

// sqlDrop takes back a table that was made here; sqlForget and sqlBecome see to it
// that it still is what it was.
const (
	sqlDrop   = `DROP TABLE laurel_store`
	sqlForget = `DELETE FROM laurel_store WHERE key = $1 AND value IN ($2, $3)`
	sqlBecome = `UPDATE laurel_store SET value = $2 WHERE key = $1 AND value = $3`
)

// buildBytes is how much goes to the server at once.
const buildBytes = 4 << 20

// Build is a store that is being filled: a store.Builder.
type Build struct {
	*DB
	version string // that stands in the table
	kept    bool   // Close leaves it
	waiting [][]any
	size    int
}

var _ store.Builder = (*Build)(nil)

// NewBuild makes the store's table in the database at url, to be filled. Until
// Finish, Open answers with a store.Unfinished of the name. It returns
// store.ErrExists if the table is there, whatever it holds.
func NewBuild(ctx context.Context, url, name string) (*Build, error) {
	db, err := createAs(ctx, url, unfinishedAs(name))
	if err != nil {
		return nil, err
	}
	return &Build{DB: db, version: unfinishedAs(name)}, nil
}

// Append implements store.Sink.
func (b *Build) Append(ctx context.Context, key, value []byte) error {
	if err := errors.Join(ctx.Err(), store.CheckKey(key), store.CheckValue(value)); err != nil {
		return err
	}
	b.waiting = append(b.waiting, []any{key, append([]byte{}, value...)}) // nil would be NULL
	if b.size += len(key) + len(value); b.size < buildBytes {
		return nil
	}
	return b.Flush(ctx)
}

// Flush implements store.Builder.
func (b *Build) Flush(ctx context.Context) error {
	rows := b.waiting
	b.waiting, b.size = nil, 0
	if len(rows) == 0 {
		return ctx.Err()
	}
	_, err := b.pool.CopyFrom(ctx, pgx.Identifier{"laurel_store"}, []string{"key", "value"}, pgx.CopyFromRows(rows))
	if is(err, diskFull) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("filling the store: %w", err)
	}
	return nil
}

// Amend implements store.Builder.
func (b *Build) Amend(ctx context.Context, changes []store.Change) error {
	var keys, values, gone [][]byte
	for _, c := range changes {
		if err := errors.Join(store.CheckKey(c.Key), store.CheckValue(c.Value)); err != nil {
			return err
		}
		if c.Value == nil {
			gone = append(gone, c.Key)
		} else {
			keys, values = append(keys, c.Key), append(values, c.Value)
		}
	}
	ctx, cancel := call(ctx)
	defer cancel()
	err := pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlAmend, keys, values)
		if err == nil {
			_, err = tx.Exec(ctx, sqlRemove, gone)
		}
		return err
	})
	if is(err, diskFull) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("filling the store: %w", err)
	}
	return nil
}

// Values implements store.Builder.
func (b *Build) Values(ctx context.Context, keys [][]byte) (values [][]byte, err error) {
	ctx, cancel := call(ctx)
	defer cancel()
	rows, err := b.pool.Query(ctx, sqlValues, keys)
	if err != nil {
		return nil, fmt.Errorf("reading what was written: %w", err)
	}
	found := map[string][]byte{}
	var key, value []byte
	_, err = pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		found[string(key)] = append([]byte{}, value...)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading what was written: %w", err)
	}
	for _, key := range keys {
		values = append(values, found[string(key)])
	}
	return values, nil
}

// Prepare implements store.Builder.
func (b *Build) Prepare(ctx context.Context, name string) error {
	if err := b.become(ctx, preparedAs(name)); err != nil {
		return fmt.Errorf("preparing the store: %w", err)
	}
	return nil
}

// Finish implements store.Builder.
func (b *Build) Finish(ctx context.Context) error {
	if err := b.become(ctx, version); err != nil {
		return fmt.Errorf("finishing the store: %w", err)
	}
	return nil
}

// become gives what was filled another version. Where that fails it may have
// happened all the same, so it is kept already.
func (b *Build) become(ctx context.Context, next string) error {
	if err := b.Flush(ctx); err != nil {
		return err
	}
	b.kept = b.kept || next != version
	ctx, cancel := call(ctx)
	defer cancel()
	done, err := b.pool.Exec(ctx, sqlBecome, []byte{}, []byte(next), []byte(b.version))
	if err == nil && done.RowsAffected() != 1 {
		err = errors.New("the table laurel_store was changed by somebody else")
	}
	if err == nil {
		b.version, b.kept = next, true
	}
	return err
}

// FinishPrepared finishes what a Build has prepared under a name in the database
// at url. It is no error where somebody else was faster; late is false then.
func FinishPrepared(ctx context.Context, url, name string) (late bool, err error) {
	err = changing(ctx, url, func(db *DB) error {
		done, err := db.pool.Exec(ctx, sqlBecome, []byte{}, []byte(version), []byte(preparedAs(name)))
		late = done.RowsAffected() > 0
		return err
	})
	if err != nil {
		return false, fmt.Errorf("finishing the store: %w", err)
	}
	return late, nil
}

// Discard drops what a Build of that name has left in the database at url, if it
// has, and nothing else.
func Discard(ctx context.Context, url, name string) error {
	err := changing(ctx, url, func(db *DB) error {
		return pgx.BeginFunc(ctx, db.pool, func(tx pgx.Tx) error {
			done, err := tx.Exec(ctx, sqlForget, []byte{}, []byte(unfinishedAs(name)), []byte(preparedAs(name)))
			if err != nil || done.RowsAffected() == 0 {
				return err
			}
			_, err = tx.Exec(ctx, sqlDrop)
			return err
		})
	})
	if err != nil && !is(err, undefinedTable) {
		return fmt.Errorf("looking for what an earlier attempt has left: %w", err)
	}
	return nil
}

// changing works on a database that holds no store yet.
func changing(ctx context.Context, url string, do func(*DB) error) error {
	db, err := connect(ctx, url)
	if err != nil {
		return err
	}
	defer db.pool.Close()
	return reached(do(db))
}

// Close implements store.Store. Before Prepare or Finish it drops the table.
func (b *Build) Close() error {
	if b.closed.Load() {
		return nil
	}
	var err error
	if !b.kept {
		ctx, cancel := context.WithTimeout(context.Background(), callPatience)
		defer cancel()
		err = pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
			done, err := tx.Exec(ctx, sqlForget, []byte{}, []byte(b.version), []byte(b.version))
			if err == nil && done.RowsAffected() == 1 {
				_, err = tx.Exec(ctx, sqlDrop)
			}
			return err
		})
	}
	return errors.Join(err, b.DB.Close())
}
