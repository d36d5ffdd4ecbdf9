package bolt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// What bbolt does with a damaged page is to panic, or to read where there is no
// memory, which ends a process. Every call of it is therefore made by a function
// that begins with the two lines
//
//	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
//	defer recovered(&err)
//
// The functions of callers run outside of them: their panics are their own.

// recovered makes a store.ErrDamaged of a panic of bbolt's.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", store.ErrDamaged, p)
	}
}

// openBolt, beginBolt, closeBolt and rollback are bbolt's, guarded.
func openBolt(path string, o *bbolt.Options) (b *bbolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	return bbolt.Open(path, 0o600, o)
}

func beginBolt(b *bbolt.DB, writable bool) (tx *bbolt.Tx, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	return b.Begin(writable)
}

func rollback(tx *bbolt.Tx) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	_ = tx.Rollback() // only fails if the transaction is over
	return nil
}

func closeBolt(b *bbolt.DB) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	return b.Close()
}

// glance is how long Open waits for the inspection of the file: enough for a
// gigabyte, short enough for a restart. What is left of a larger file is
// inspected while the store serves.
const glance = time.Second

// watch is an inspection under way.
type watch struct {
	stop context.CancelFunc
	over chan struct{}
	err  error // read after over
}

// inspectAll starts the inspection of the file as it is now. Only who holds the
// line alone may call it.
func (db *DB) inspectAll() *watch {
	ctx, stop := context.WithCancel(context.Background())
	w := &watch{stop: stop, over: make(chan struct{})}
	tx, err := beginBolt(db.bolt, false)
	var i *inspection
	if err == nil {
		if i, err = newInspection(db.file, tx, db.opts.CheckValue); err != nil {
			err = errors.Join(err, rollback(tx))
		}
	}
	if err != nil {
		w.err = err
		db.harmed(err)
		close(w.over)
		return w
	}
	go func() {
		defer close(w.over)
		faulty, err := i.run(ctx)
		if err == nil { // a key that changed cannot be told from a value that did, and what it led to would be missed
			err = faulty
		}
		if err = errors.Join(err, rollback(tx)); ctx.Err() != nil || err == nil {
			return // nobody waits for it any more, or all is well
		}
		w.err = err
		db.harmed(err)
	}()
	return w
}

// end ends an inspection, finished or not.
func (w *watch) end() {
	if w != nil {
		w.stop()
		<-w.over
	}
}

// harmed turns the store read-only because of damage: what is built on damaged
// pages makes more of them. Only an inspection that finds none ends that.
func (db *DB) harmed(err error) {
	db.damage.Store(&err)
	db.line.refuse(readOnly(err))
}

// noticed is harmed for an error of a call of bbolt's, if it tells of damage.
func (db *DB) noticed(err error) {
	if errors.Is(err, store.ErrDamaged) {
		db.harmed(err)
	}
}
