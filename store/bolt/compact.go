package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// bbolt never gives bytes back: what was deleted stands in its file until the
// page is used anew. Compact copies what there is into a fresh file and puts
// that in the place of the old one.
//
// The copy is locked before it has the store's name, so that there is no moment
// at which another process could take the store over; and it is whole on disk
// before, so that whichever file has the name after a crash is the store.

// copySize is how much is copied in one transaction, in bytes.
const copySize = 4 << 20

// copyPath is where the copy is made. Open removes what a crash left there.
func copyPath(path string) string { return path + ".compact" }

var _ store.Compacter = (*DB)(nil)

// Compact implements store.Compacter. Updates wait for it, Views do not. It
// needs room for the copy; store.ErrFull says that there is none. Where it
// returns an error the store is as it was, but that after a rename that may not
// be durable it is read-only until Reopen.
func (db *DB) Compact(ctx context.Context) error {
	if err := db.line.enterAlone(ctx); err != nil {
		return err
	}
	old, err := db.compact()
	if old != nil {
		db.past.Add(1)
		defer db.past.Done()
	}
	db.line.leave()
	if old != nil {
		err = errors.Join(err, old.Close()) // when its last View is over
	}
	if err != nil {
		return fmt.Errorf("compacting store %s: %w", db.path, err)
	}
	return nil
}

// sound inspects the file: a copy of one that is damaged would be whole, and
// without what was lost.
func (db *DB) sound() error {
	db.watch.end()
	db.damage.Store(nil)
	db.watch = db.inspectAll()
	<-db.watch.over
	if found := db.damage.Load(); found != nil {
		return *found
	}
	return nil
}

// compact returns the file that was replaced. Only who holds the line alone may
// call it.
func (db *DB) compact() (old *bbolt.DB, err error) {
	if err := db.line.refusal(); err != nil {
		return nil, err
	}
	if err := db.sound(); err != nil {
		return nil, err
	}
	fresh, err := db.copy()
	if isFull(err) {
		err = fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	if err == nil {
		err = os.Rename(fresh.path, db.path)
	}
	if err != nil {
		return nil, errors.Join(err, fresh.giveUp())
	}
	db.mu.Lock()
	old, db.bolt, db.file, db.info, db.one = db.bolt, fresh.bolt, fresh.file, fresh.info, fresh.one
	db.openings++
	db.mu.Unlock()
	if err := syncFolder(filepath.Dir(db.path)); err != nil {
		db.line.refuse(readOnly(err))
		return old, err
	}
	return old, nil
}

// copy makes a store of the same content beside this one, whole on disk.
func (db *DB) copy() (fresh *DB, err error) {
	fresh = newDB(copyPath(db.path), db.opts)
	if err := removeCopy(db.path); err != nil {
		return fresh, err
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	if err := fresh.open(os.O_RDWR | os.O_CREATE | os.O_EXCL); err != nil {
		return fresh, err
	}
	fresh.bolt.NoSync = true // one sync at the end does for all
	if err := begun(fresh.bolt); err != nil {
		return fresh, err
	}
	if err := db.copyInto(fresh); err != nil {
		return fresh, err
	}
	fresh.bolt.NoSync = false
	return fresh, fresh.bolt.Sync()
}

// giveUp takes a copy back that was not to be.
func (db *DB) giveUp() error {
	if db.bolt != nil {
		_ = db.bolt.Close() // nobody has used it
	}
	err := os.Remove(db.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// removeCopy removes what a crash has left of the copy of a store. Only who has
// the store locked may call it.
func removeCopy(path string) error {
	err := os.Remove(copyPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
