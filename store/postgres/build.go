package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// unfinished is the version of a store that is being filled. Open knows it, and
// no program before it opens one whose version it does not know.
const unfinished = "unfinished"

// ErrUnfinished is Open's answer where something was copied into the database
// and did not come to its end.
var ErrUnfinished = errors.New("postgres: the table laurel_store was being filled and is not whole; drop it and begin again")

// sqlDrop takes back a table that was made here.
const sqlDrop = `DROP TABLE laurel_store`

// buildBytes is how much goes to the server at once.
const buildBytes = 4 << 20

// Build is a store that is being filled: a store.Builder.
type Build struct {
	*DB
	finished bool
	waiting  [][]any
	size     int
}

var _ store.Builder = (*Build)(nil)

// NewBuild makes the store's table in the database at url, to be filled. Until
// Finish, Open answers ErrUnfinished. It returns store.ErrExists if the table is
// there, whatever it holds.
func NewBuild(ctx context.Context, url string) (*Build, error) {
	db, err := createAs(ctx, url, unfinished)
	if err != nil {
		return nil, err
	}
	return &Build{DB: db}, nil
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

// Finish implements store.Builder.
func (b *Build) Finish(ctx context.Context) error {
	err := b.Flush(ctx)
	if err == nil {
		_, err = b.pool.Exec(ctx, sqlPut, []byte{}, []byte(version))
	}
	if err != nil {
		return fmt.Errorf("finishing the store: %w", err)
	}
	b.finished = true
	return nil
}

// Close implements store.Store. Before Finish it drops the table.
func (b *Build) Close() error {
	if b.closed.Load() {
		return nil
	}
	var err error
	if !b.finished {
		ctx, cancel := context.WithTimeout(context.Background(), callPatience)
		defer cancel()
		_, err = b.pool.Exec(ctx, sqlDrop)
	}
	return errors.Join(err, b.DB.Close())
}
