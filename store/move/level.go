package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"laurel/store"
)

// level brings the copy to a snapshot, and calls then with that snapshot and the
// keys that were different. Where it is not known any more what has changed, all
// is compared.
func (w *work) level(ctx context.Context, then func(old store.Reader, keys [][]byte) error) error {
	err := w.levelBy(ctx, w.touched, then)
	if errors.Is(err, store.ErrLost) {
		if err = w.follow(ctx); err == nil {
			err = w.levelBy(ctx, w.parted, then)
		}
	}
	return err
}

// levelBy is level by one way to find out what is different.
func (w *work) levelBy(ctx context.Context, find func(context.Context, store.Reader, func([][]byte) error) error,
	then func(old store.Reader, keys [][]byte) error) error {
	return w.from.View(ctx, func(old store.Reader) error {
		var all [][]byte
		err := find(ctx, old, func(keys [][]byte) error {
			all = append(all, keys...)
			return w.put(ctx, old, keys)
		})
		if err != nil {
			return err
		}
		w.Changed += len(all)
		return then(old, all)
	})
}

// touched finds the keys that were changed while the store was followed.
func (w *work) touched(_ context.Context, old store.Reader, found func([][]byte) error) error {
	keys, err := w.changes.Until(old)
	if err != nil || len(keys) == 0 {
		return err
	}
	slices.SortFunc(keys, bytes.Compare)
	w.tell(CatchingUp, len(keys))
	return found(keys)
}

// parted finds the keys at which the copy is different, by reading both.
func (w *work) parted(ctx context.Context, old store.Reader, found func([][]byte) error) error {
	w.tell(Comparing, 0)
	for after := []byte(nil); ; {
		var keys [][]byte
		err := w.To.View(ctx, func(fresh store.Reader) (err error) {
			keys, after, err = store.Differ(old, fresh, after)
			return err
		})
		if err == nil {
			err = found(keys)
		}
		if err != nil || after == nil {
			return err
		}
	}
}

// put gives keys in the copy the values that they have in a snapshot.
func (w *work) put(ctx context.Context, old store.Reader, keys [][]byte) error {
	for len(keys) > 0 {
		batch, err := read(old, keys)
		if err != nil {
			return err
		}
		keys = keys[len(batch):]
		err = w.To.Update(ctx, func(tx store.Tx) error {
			for _, c := range batch {
				if err := c.put(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("catching up: %w", err)
		}
	}
	return nil
}

// change is a key as it is now.
type change struct {
	key, value []byte // nil for none
}

func (c change) put(tx store.Tx) error {
	if c.value == nil {
		return tx.Delete(c.key)
	}
	return tx.Put(c.key, c.value)
}

// read reads the first of some keys, as many as are written at once.
func read(old store.Reader, keys [][]byte) (batch []change, err error) {
	for size := 0; len(batch) < min(len(keys), batchKeys) && size < batchBytes; {
		key := keys[len(batch)]
		value, err := old.Get(key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if value != nil {
			if _, err := store.Unseal(key, value); err != nil {
				return nil, fmt.Errorf("record %q: %w", key, err)
			}
		}
		size += len(key) + len(value)
		batch = append(batch, change{key, value})
	}
	return batch, nil
}

// same holds some keys of a snapshot against the copy.
func (w *work) same(ctx context.Context, old store.Reader, keys [][]byte) error {
	return w.To.View(ctx, func(fresh store.Reader) error {
		for _, key := range keys {
			was, err := old.Get(key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			is, err := fresh.Get(key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if (was == nil) != (is == nil) || !bytes.Equal(was, is) {
				return fmt.Errorf("%w at %q", store.ErrDiffer, key)
			}
		}
		return nil
	})
}
