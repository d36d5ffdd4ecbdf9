package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// errOver is the answer of a Reader or Tx that was kept after its function.
var errOver = errors.New("bolt: the transaction is over")

// reader reads the map as one bbolt transaction sees it.
type reader struct {
	db     *DB
	ctx    context.Context
	tree   tree  // empty when the transaction is over
	err    error // what ended the transaction early, once a method met it
	writes int   // made through the tx around it; they unsettle cursors

	snapshot *snapshot // of a View; nil in an Update
}

// usable returns why the transaction cannot be used, if it cannot.
func (r *reader) usable() error {
	if r.tree.tx == nil {
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
	value, err := r.get(key)
	switch {
	case err != nil:
		r.db.noticed(err)
		return nil, err
	case value == nil:
		return nil, store.ErrNotFound
	}
	return value, nil
}

// get is nil for no value.
func (r *reader) get(key []byte) (value []byte, err error) {
	if err := r.snapshot.hold(); err != nil {
		return nil, err
	}
	defer r.snapshot.release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	if value = r.tree.get(key); value != nil {
		value, err = whole(value)
	}
	return value, err
}

// Holds implements store.Holder.
func (r *reader) Holds(key, value []byte) (bool, error) {
	if err := r.check(key); err != nil {
		return false, err
	}
	has, holds, err := r.compare(key, value)
	switch {
	case err != nil:
		r.db.noticed(err)
		return false, err
	case !has:
		return false, store.ErrNotFound
	}
	return holds, nil
}

func (r *reader) compare(key, value []byte) (has, holds bool, err error) {
	if err := r.snapshot.hold(); err != nil {
		return false, false, err
	}
	defer r.snapshot.release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	is := r.tree.get(key)
	return is != nil, bytes.Equal(is, value), nil
}

// whole copies a value, unless no value of ours is as long.
func whole(value []byte) ([]byte, error) {
	if err := store.CheckValue(value); err != nil {
		return nil, fmt.Errorf("%w: %w", store.ErrDamaged, err)
	}
	return clone(value), nil
}

// cursor is one in the bucket of a key, nil where there is none.
func (r *reader) cursor(key []byte) (c *bbolt.Cursor, err error) {
	if err := r.snapshot.hold(); err != nil {
		return nil, err
	}
	defer r.snapshot.release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	if b := r.tree.bucket(key); b != nil {
		c = b.Cursor()
	}
	return c, nil
}

// step moves a cursor to a key, or on by one where that is nil, and copies what is
// there; a nil key is the end.
func (r *reader) step(cursor *bbolt.Cursor, to []byte) (k, v []byte, err error) {
	if err := r.snapshot.hold(); err != nil {
		return nil, nil, err
	}
	defer r.snapshot.release()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	if to != nil {
		k, v = cursor.Seek(to)
	} else {
		k, v = cursor.Next()
	}
	switch {
	case k == nil:
		return nil, nil, nil
	case store.CheckKey(k) != nil:
		return nil, nil, fmt.Errorf("%w: a key that is none", store.ErrDamaged)
	}
	v, err = whole(v)
	return clone(k), v, err
}

func (r *reader) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	if err := r.usable(); err != nil {
		return err
	}
	from, to := store.Range(prefix, after)
	for from != nil && (to == nil || bytes.Compare(from, to) < 0) {
		end := r.tree.end(from)
		err := r.scanBucket(from, least(to, end), f)
		if errors.Is(err, store.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
		from = end
	}
	return nil
}

// least is the first of two ends, of which nil is none.
func least(a, b []byte) []byte {
	if a == nil || b != nil && bytes.Compare(b, a) < 0 {
		return b
	}
	return a
}

// scanBucket is Scan for the bucket that from belongs into.
func (r *reader) scanBucket(from, to []byte, f func(key, value []byte) error) error {
	cursor, err := r.cursor(from)
	if err != nil {
		r.db.noticed(err)
		return err
	}
	if cursor == nil {
		return nil
	}
	seen, last := r.writes, []byte(nil)
	for {
		k, v, err := r.step(cursor, from)
		if err == nil && k != nil && bytes.Compare(k, last) <= 0 {
			err = fmt.Errorf("%w: keys are not in order", store.ErrDamaged) // else it could go round for ever
		}
		if err != nil {
			r.db.noticed(err)
			return err
		}
		if k == nil || to != nil && bytes.Compare(k, to) >= 0 {
			return nil
		}
		last, from = append(last[:0], k...), nil
		if err := f(k, v); err != nil {
			return err
		}
		if err := r.usable(); err != nil {
			return err
		}
		if r.writes != seen { // the cursor may point anywhere now
			seen, from = r.writes, store.Successor(last)
		}
	}
}

// tx is one Update's part of a group's bbolt transaction. It writes straight
// into the map and remembers what was there, which gives back the savepoints
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
	return t.write(key, clone(value))
}

func (t *tx) Delete(key []byte) error {
	if err := t.check(key); err != nil {
		return err
	}
	return t.write(key, nil)
}

// write sets a value, or deletes it where that is nil. The value from before that
// it notes is bbolt's own slice: it stays as it is until the transaction ends.
func (t *tx) write(key, value []byte) error {
	t.writes++
	old, err := t.set(key, value)
	if err != nil {
		t.err = err
		t.db.noticed(err)
	}
	t.changes = append(t.changes, change{clone(key), old})
	return err
}

func (t *tx) set(key, value []byte) (old []byte, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	old = t.tree.get(key)
	if value == nil {
		return old, t.tree.delete(key)
	}
	return old, t.tree.put(key, value)
}

// undo takes the transaction's writes back, last first. If it fails, or panics
// on a damaged page, the file is in no state to be committed.
func (t *tx) undo() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	for i := len(t.changes) - 1; i >= 0; i-- {
		c := t.changes[i]
		if c.old == nil {
			err = t.tree.delete(c.key)
		} else {
			err = t.tree.put(c.key, c.old)
		}
		if err != nil {
			return fmt.Errorf("undoing: %w", err)
		}
	}
	return nil
}

// clone copies b into a slice that is never nil: bbolt's nil means no value.
func clone(b []byte) []byte {
	c := make([]byte, len(b))
	copy(c, b)
	return c
}
