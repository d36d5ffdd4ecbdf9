package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"laurel/store"
)

// No snapshot is held for longer than a page or a batch takes, for one that is held
// has the store's file grow, and now and then has everybody wait. So the copy is of
// no one moment before the last catch-up: each key is as it was at some moment since
// the store was followed, and those that have changed since then are known.

// side reads both stores from the first key to the last, and hears of each way.
func (w *work) side(ctx context.Context, hear func(store.Side)) error {
	w.tell(Comparing, 0)
	for at := (store.Side{}); ; {
		err := w.from.View(ctx, func(old store.Reader) error {
			return w.To.View(ctx, func(fresh store.Reader) (err error) {
				at, err = store.Differ(old, fresh, at.Next)
				return err
			})
		})
		if err != nil {
			return err
		}
		if hear(at); at.Next == nil {
			return nil
		}
	}
}

// catchUp gives the copy what was changed since the last time, and returns the
// keys in their order.
func (w *work) catchUp(ctx context.Context) (keys [][]byte, err error) {
	if err := w.from.View(ctx, func(now store.Reader) (err error) {
		keys, err = w.changes.Until(now)
		return err
	}); err != nil {
		return nil, err
	}
	slices.SortFunc(keys, bytes.Compare)
	w.tell(CatchingUp, len(keys))
	return keys, w.put(ctx, keys)
}

// mend follows anew and reads both stores, where it is not known any more what has
// changed.
func (w *work) mend(ctx context.Context) error {
	if err := w.follow(ctx); err != nil {
		return err
	}
	var parted [][]byte
	w.Records = 0
	if err := w.side(ctx, func(s store.Side) {
		parted = append(parted, s.Parted...)
		w.Records += s.Same
	}); err != nil {
		return err
	}
	w.Records += len(parted)
	return w.put(ctx, parted)
}

// put gives keys in the copy the values that they have now, and reads them again
// there. What changes in the meantime is caught up with later.
func (w *work) put(ctx context.Context, keys [][]byte) error {
	w.Changed += len(keys)
	for len(keys) > 0 {
		some, err := w.read(ctx, keys)
		if err == nil {
			err = w.To.Amend(ctx, some)
		}
		var written [][]byte
		if err == nil {
			written, err = w.To.Values(ctx, keys[:len(some)])
		}
		if err != nil {
			return fmt.Errorf("catching up: %w", err)
		}
		for n, c := range some {
			if (written[n] == nil) != (c.Value == nil) || !bytes.Equal(written[n], c.Value) {
				return fmt.Errorf("%w at %q", store.ErrDiffer, c.Key)
			}
		}
		keys = keys[len(some):]
	}
	return nil
}

// read reads the first of some keys, as many as are written at once.
func (w *work) read(ctx context.Context, keys [][]byte) (some []store.Change, err error) {
	err = w.from.View(ctx, func(now store.Reader) error {
		for size := 0; len(some) < min(len(keys), batchKeys) && size < batchBytes; {
			key := keys[len(some)]
			value, err := now.Get(key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			if value != nil {
				if _, err := store.Unseal(key, value); err != nil {
					return fmt.Errorf("record %q: %w", key, err)
				}
			}
			size += len(key) + len(value)
			some = append(some, store.Change{Key: key, Value: value})
		}
		return nil
	})
	return some, err
}
