//go:build linux

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// until is what has changed up to now.
func until(t *testing.T, db *bolt.DB, c store.Changes) (keys []string, err error) {
	t.Helper()
	failed := db.View(t.Context(), func(r store.Reader) error {
		var found [][]byte
		found, err = c.Until(r)
		for _, k := range found {
			keys = append(keys, string(k))
		}
		return nil
	})
	if failed != nil {
		t.Fatal(failed)
	}
	slices.Sort(keys)
	return keys, err
}

// TestFollow: who follows is told of every key that a commit has changed, once it
// can be seen, of none that was taken back, and is told where that is not known.
func TestFollow(t *testing.T) {
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	want := func(c store.Changes, keys ...string) {
		t.Helper()
		if got, err := until(t, db, c); err != nil || !slices.Equal(got, keys) {
			t.Errorf("changed: %q, %v; want %q", got, err, keys)
		}
	}
	must(put(ctx, db, "before", "it"))
	c, err := db.Follow(ctx)
	must(err)
	if _, err := db.Follow(ctx); !errors.Is(err, store.ErrBusy) {
		t.Errorf("two follow: %v", err)
	}
	want(c)
	must(put(ctx, db, "a", "1"))
	must(put(ctx, db, "b", "1"))
	if err := db.Update(ctx, func(tx store.Tx) error {
		return errors.Join(tx.Put([]byte("taken back"), nil), errors.New("no"))
	}); err == nil {
		t.Error("an Update that failed did not")
	}
	must(db.Update(ctx, func(tx store.Tx) error { return tx.Delete([]byte("before")) }))
	want(c, "a", "b", "before")
	want(c)

	// What a snapshot does not show yet is told again with the next.
	must(db.View(ctx, func(r store.Reader) error {
		must(put(ctx, db, "later", "1"))
		_, err := c.Until(r)
		return err
	}))
	want(c, "later")

	var all sync.WaitGroup
	var wanted []string
	for n := range 50 {
		wanted = append(wanted, fmt.Sprintf("%02d", n))
		all.Go(func() { must(put(ctx, db, fmt.Sprintf("%02d", n), "side by side")) })
	}
	all.Wait()
	want(c, wanted...)

	must(db.Compact(ctx))
	must(put(ctx, db, "in another file", "1"))
	if _, err := until(t, db, c); !errors.Is(err, store.ErrLost) {
		t.Errorf("in another file: %v", err)
	}
	c.End()
	c, err = db.Follow(ctx)
	must(err)
	bolt.Limit(c, 3)
	for n := range 4 {
		must(put(ctx, db, fmt.Sprint(n), "1"))
	}
	if _, err := until(t, db, c); !errors.Is(err, store.ErrLost) {
		t.Errorf("too many: %v", err)
	}
	c.End()
}

// TestHold: while a store is held writers wait and readers do not. Where it is not
// left they go on; where it is, nobody writes any more, whatever is tried.
func TestHold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	no := errors.New("no")
	waiting := make(chan error, 1)
	hold := func(do func(store.Leave) error) error {
		return db.Hold(ctx, func(leave store.Leave) error {
			go func() { waiting <- put(ctx, db, "waited", "1") }()
			for db.Waiting() == 0 {
				time.Sleep(time.Millisecond)
			}
			if err := db.View(ctx, func(store.Reader) error { return nil }); err != nil {
				t.Errorf("reading meanwhile: %v", err)
			}
			return do(leave)
		})
	}
	if err := hold(func(leave store.Leave) error {
		return leave(ctx, func(tx store.Tx) error { return errors.Join(tx.Put([]byte("left"), nil), no) })
	}); !errors.Is(err, no) {
		t.Errorf("not left: %v", err)
	}
	if err := <-waiting; err != nil {
		t.Errorf("who waited for a store that was not left: %v", err)
	}
	if err := hold(func(leave store.Leave) error {
		return leave(ctx, func(tx store.Tx) error { return tx.Put([]byte("left"), nil) })
	}); err != nil {
		t.Errorf("left: %v", err)
	}
	for what, err := range map[string]error{"who waited": <-waiting, "who comes later": put(ctx, db, "later", "1"), "reopening": db.Reopen(ctx), "compacting": db.Compact(ctx)} {
		if !errors.Is(err, store.ErrMoved) || !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if db.Writable() {
		t.Error("what was left is writable")
	}
	if err := db.View(ctx, func(r store.Reader) error { _, err := r.Get([]byte("left")); return err }); err != nil {
		t.Errorf("the last change: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if err := put(ctx, db, "later", "1"); !errors.Is(err, store.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// TestLeftOrNot: where it is not known whether the last change was made the store
// takes no other until it is opened anew by somebody who looks.
func TestLeftOrNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	var file *os.File
	db, err = bolt.Open(path, bolt.Options{}.WithBolt(func(o *bbolt.Options) {
		open := o.OpenFile
		o.OpenFile = func(path string, flag int, mode fs.FileMode) (f *os.File, err error) {
			f, err = open(path, flag, mode)
			file = f
			return f, err
		}
	}))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := t.Context()
	readOnly, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer readOnly.Close()
	err = db.Hold(ctx, func(leave store.Leave) error {
		if err := syscall.Dup3(int(readOnly.Fd()), int(file.Fd()), 0); err != nil {
			t.Fatal(err)
		}
		return leave(ctx, func(tx store.Tx) error { return tx.Put([]byte("left"), nil) })
	})
	if !errors.Is(err, store.ErrUnknownOutcome) {
		t.Errorf("a disk that does not write: %v", err)
	}
	if err := db.Reopen(context.WithoutCancel(ctx)); !errors.Is(err, store.ErrMoved) {
		t.Errorf("reopening: %v", err)
	}
	if err := put(ctx, db, "later", "1"); !errors.Is(err, store.ErrMoved) {
		t.Errorf("later: %v", err)
	}
}
