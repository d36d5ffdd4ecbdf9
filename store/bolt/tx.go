package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// errOver is the answer of a Reader or Tx that was kept after its function.
var errOver = errors.New("bolt: the transaction is over")

// reader reads the bucket as one bbolt transaction sees it.
type reader struct {
	ctx    context.Context
	bucket *bbolt.Bucket // nil when the transaction is over
	err    error         // what ended the transaction early, once a method met it
	writes int           // made through the tx around it; they unsettle cursors
}

// usable returns why the transaction cannot be used, if it cannot.
func (r *reader) usable() error {
	if r.bucket == nil {
		return errOver
	}
	if r.err == nil {
		r.err = r.ctx.Err()
	}
	return r.err
}

// check returns why the key cannot be read or written now, if it cannot.
func (r *reader) check(key []byte) error {
	if err := r.usable(); err != nil {
		return err
	}
	return store.CheckKey(key)
}

func (r *reader) Get(key []byte) ([]byte, error) {
	if err := r.check(key); err != nil {
		return nil, err
	}
	value := r.bucket.Get(key)
	if value == nil {
		return nil, store.ErrNotFound
	}
	return clone(value), nil
}

func (r *reader) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	if err := r.usable(); err != nil {
		return err
	}
	from, to := store.Range(prefix, after)
	cursor, seen := r.bucket.Cursor(), r.writes
	k, v := cursor.Seek(from)
	for k != nil && (to == nil || bytes.Compare(k, to) < 0) {
		if err := f(clone(k), clone(v)); errors.Is(err, store.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
		if err := r.usable(); err != nil {
			return err
		}
		if r.writes == seen {
			k, v = cursor.Next()
			continue
		}
		seen = r.writes // the cursor may point anywhere now
		k, v = cursor.Seek(store.Successor(k))
	}
	return nil
}

// tx is one Update's part of a group's bbolt transaction. It writes straight
// into the bucket and remembers what was there, which gives back the savepoints
// that bbolt lacks: undo restores what the Updates before it had left.
type tx struct {
	reader
	changes []change
}

// change is one write: the key and what it had before, nil for nothing.
type change struct{ key, old []byte }

func (t *tx) Put(key, value []byte) error {
	if err := t.check(key); err != nil {
		return err
	}
	if err := store.CheckValue(value); err != nil {
		return err
	}
	t.remember(key)
	t.err = t.bucket.Put(key, clone(value))
	return t.err
}

func (t *tx) Delete(key []byte) error {
	if err := t.check(key); err != nil {
		return err
	}
	t.remember(key)
	t.err = t.bucket.Delete(key)
	return t.err
}

// remember notes the key's value before a write. The value is bbolt's own slice:
// it stays as it is until the transaction ends.
func (t *tx) remember(key []byte) {
	t.writes++
	t.changes = append(t.changes, change{clone(key), t.bucket.Get(key)})
}

// undo takes the transaction's writes back, last first. If it fails, or panics
// on a damaged page, the bucket is in no state to be committed.
func (t *tx) undo() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("undoing: panic: %v", p)
		}
	}()
	for i := len(t.changes) - 1; i >= 0; i-- {
		c := t.changes[i]
		if c.old == nil {
			err = t.bucket.Delete(c.key)
		} else {
			err = t.bucket.Put(c.key, c.old)
		}
		if err != nil {
			return fmt.Errorf("undoing: %w", err)
		}
	}
	return nil
}

// clone copies b into a slice that is never nil: bbolt's nil means no value.
func clone(b []byte) []byte { return append([]byte{}, b...) }
