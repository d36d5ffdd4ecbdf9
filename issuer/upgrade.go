package issuer

import (
	"context"
	"errors"
	"fmt"

	"laurel/store"
)

// ErrNewerStore: a later version of this program has written the store.
var ErrNewerStore = errors.New("issuer: the store is of a newer version of laurel")

// A step takes a store from one layout to the next. It may use many Updates and
// may be cut short by a crash: it is then done again from its beginning, and
// finds what it did already. Its last Update sets the number and is not its
// matter.
type step func(ctx context.Context, s store.Store) error

// steps lead from the layout of each number to the next one; steps[0] from 1 to
// 2. They only ever lead forward, and none is ever removed: a store of any
// version can be opened by any later one.
var steps = []step{
	nothingToDo, // since 2 records may be packed (stencil.go); those from before are read as they are
}

// nothingToDo leads to a layout that only adds to the one before it: an older
// program would not understand what is new, which is what the number tells it.
func nothingToDo(context.Context, store.Store) error { return nil }

// Upgrade brings a store to the layout that this program knows, step by step,
// and tells from which number it came. One of a newer layout is ErrNewerStore
// and stays untouched, ErrNotFound is one that was never initialised.
func Upgrade(ctx context.Context, s store.Store) (from int, err error) {
	return upgrade(ctx, s, steps)
}

func upgrade(ctx context.Context, s store.Store, steps []step) (from int, err error) {
	known := 1 + len(steps)
	meta, err := ReadMeta(ctx, s)
	if err != nil {
		return 0, err
	}
	from = meta.layout()
	switch {
	case from > known:
		return from, fmt.Errorf("%w: its layout is number %d, this program knows up to %d. Install the version that wrote it, or a later one", ErrNewerStore, from, known)
	case from < 1:
		return from, fmt.Errorf("the layout of the store is number %d: %w", from, store.ErrDamaged)
	}
	for n := from; n < known; n++ {
		if err := steps[n-1](ctx, s); err != nil {
			return from, fmt.Errorf("bringing the store from layout %d to %d: %w", n, n+1, err)
		}
		if err := setLayout(ctx, s, n, n+1); err != nil {
			return from, fmt.Errorf("noting layout %d: %w", n+1, err)
		}
	}
	return from, nil
}

// layout is 1 for stores that do not say.
func (m Meta) layout() int {
	if m.Schema == 0 {
		return 1
	}
	return m.Schema
}

// setLayout notes a step that is done, unless another process did.
func setLayout(ctx context.Context, s store.Store, from, to int) error {
	return s.Update(ctx, func(tx store.Tx) error {
		var meta Meta
		if err := getJSON(tx, metaKey(), &meta); err != nil {
			return err
		}
		if meta.layout() != from {
			return nil
		}
		meta.Schema = to
		return store.PutJSON(tx, metaKey(), meta)
	})
}
