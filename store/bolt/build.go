package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"laurel/store"
)

// buildPath is where a store is filled that does not have its name yet.
func buildPath(path string) string { return path + ".unfinished" }

// preparedPath is where a store is that waits to be finished.
func preparedPath(path, name string) string { return path + ".prepared-" + name }

// Build is a store that is being filled under another name: a store.Builder.
type Build struct {
	*DB
	final string

	mu       sync.Mutex
	finished bool // or prepared: Close leaves it
	filling  filling
}

var _ store.Builder = (*Build)(nil)

// NewBuild begins a store at path. Until Finish its file has another name,
// beside that one; what an earlier Build has left there is removed. It returns
// store.ErrExists if there is a file at path, of whatever kind.
func NewBuild(path string, opts Options) (*Build, error) {
	if err := vacant(path); err != nil {
		return nil, err
	}
	if err := os.Remove(buildPath(path)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	db, err := Create(buildPath(path), opts)
	if err != nil {
		return nil, err
	}
	db.bolt.NoSync = true // Finish syncs once for all
	return &Build{DB: db, final: path, filling: filling{to: db}}, nil
}

func vacant(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("building store %s: %w", path, store.ErrExists)
	} else if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Append implements store.Sink.
func (b *Build) Append(ctx context.Context, key, value []byte) error {
	if err := errors.Join(ctx.Err(), store.CheckKey(key), store.CheckValue(value)); err != nil {
		return err
	}
	return b.filled(b.filling.append(key, value))
}

// Flush implements store.Builder.
func (b *Build) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.filled(b.filling.flush())
}

// filled says what came of it.
func (b *Build) filled(err error) error {
	if isFull(err) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err != nil {
		return fmt.Errorf("filling store %s: %w", b.final, err)
	}
	return nil
}

// Amend implements store.Builder.
func (b *Build) Amend(ctx context.Context, changes []store.Change) error {
	return b.Update(ctx, func(tx store.Tx) (err error) {
		for _, c := range changes {
			if c.Value == nil {
				err = tx.Delete(c.Key)
			} else {
				err = tx.Put(c.Key, c.Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Values implements store.Builder.
func (b *Build) Values(ctx context.Context, keys [][]byte) (values [][]byte, err error) {
	err = b.View(ctx, func(r store.Reader) error {
		for _, key := range keys {
			value, err := r.Get(key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			values = append(values, value)
		}
		return nil
	})
	return values, err
}

// Prepare implements store.Builder.
func (b *Build) Prepare(ctx context.Context, name string) error {
	if err := b.give(ctx, preparedPath(b.final, name)); err != nil {
		return fmt.Errorf("preparing store %s: %w", b.final, err)
	}
	return nil
}

// Finish implements store.Builder.
func (b *Build) Finish(ctx context.Context) error {
	if err := b.give(ctx, b.final); err != nil {
		return fmt.Errorf("finishing store %s: %w", b.final, err)
	}
	return nil
}

// give makes what was built durable, and gives it a name.
func (b *Build) give(ctx context.Context, path string) error {
	if err := b.Flush(ctx); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bolt.NoSync = false
	err := b.bolt.Sync()
	if err == nil {
		err = b.stillHere()
	}
	if err == nil {
		err = rename(b.path, path)
	}
	if err == nil {
		b.finished, b.path = true, path
		err = syncFolder(filepath.Dir(path))
	}
	return err
}

// stillHere makes sure that nobody has begun another store in the place.
func (b *Build) stillHere() error {
	now, err := os.Stat(b.path)
	if err == nil && !os.SameFile(now, b.info) {
		err = errors.New("another process fills a store in the same place")
	}
	return err
}

// rename never takes the place of another file.
func rename(from, to string) error {
	if err := vacant(to); err != nil {
		return err
	}
	return os.Rename(from, to)
}

// FinishPrepared finishes what a Build has prepared under a name and did not come
// to finish. fs.ErrNotExist where there is nothing to finish.
func FinishPrepared(path, name string) error {
	err := rename(preparedPath(path, name), path)
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("finishing store %s: %w", path, err)
	}
	return nil
}

// Discard removes what a Build has prepared under a name, if it has.
func Discard(path, name string) error {
	err := os.Remove(preparedPath(path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Close implements store.Store. Before Prepare or Finish it removes what was built.
func (b *Build) Close() error {
	err := b.DB.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.finished {
		return err
	}
	b.finished = true // there is nothing left to remove
	return errors.Join(err, os.Remove(b.path))
}
