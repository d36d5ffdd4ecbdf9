// Package bolt keeps a store in one file, with bbolt: one process, nothing to
// operate. It is the default backend.
//
// Concurrent Updates share commits (group.go), because a commit costs two syncs
// of the disk whether it holds one change or a hundred. A commit that fails may
// have happened all the same, so the store then turns read-only until Reopen has
// settled the matter.
//
// It refuses to make a store where one was expected: Open never creates, Create
// never opens what is there.
//
// Start with Open.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"laurel/store"
)

const (
	// lockPatience is how long Open waits for another process to let go of the
	// file: longer than a restart takes, shorter than an operator's patience.
	lockPatience = 5 * time.Second

	// mapSize is the address space reserved for the file, in bytes. bbolt must
	// wait for all readers whenever the file outgrows its mapping; with this one
	// it does so once per GiB, so a long reader, a backup say, holds nobody up.
	// No memory is used by it.
	mapSize = 1 << 30

	// renamings is how often a store may be compacted while it is opened.
	renamings = 4

	// defaultQueue bounds the waiting Updates where Options does not.
	defaultQueue = 1024
)

// Options of a store. The zero value is good.
type Options struct {
	// MaxSize bounds the file, in bytes; an Update that would go beyond gets
	// store.ErrFull. Set it below the size of the disk, and raise it to go on:
	// deletions need some room themselves before they make any. The bound is
	// coarse, as the file grows 16 MiB at a time: use 64 MiB or more. 0 means no
	// bound.
	MaxSize int

	// CheckValue, where it is set, says whether a value is the one that was
	// written under its key. The file is inspected when it is opened; what is
	// damaged makes Open return store.ErrDamaged.
	CheckValue func(key, value []byte) error

	// Scattered are the first bytes of keys that come in no order: digests and other
	// random ones. It only decides how full their pages are left, and may be
	// different each time.
	Scattered string

	// Queue is how many Updates may wait for their turn; one more gets
	// store.ErrBusy. 0 means 1024.
	Queue int

	tune func(*bbolt.Options) // tests only; see export_test.go
}

// DB is an open store: a store.Store and a store.Reopener.
type DB struct {
	path  string
	opts  Options
	line  line
	last  int // how many Updates had the last group; belongs to who has the turn
	tally counters

	mu   sync.RWMutex   // held to start a View, and to exchange bolt
	bolt *bbolt.DB      // nil after Close, or after a Reopen that failed
	file *os.File       // bolt's own; bolt closes it
	one  bool           // form of file; changed with it, by who holds the line alone
	past sync.WaitGroup // of files that a compaction replaced, until their last View is over
	info fs.FileInfo    // of file, for Reopen to know it again

	openings uint64 // of files, under mu
	views    views  // that are open; begun under mu

	followed atomic.Pointer[following] // nil where nobody does; begun by who holds the line alone

	watch  *watch                // the inspection since Open; belongs to who holds the line alone
	damage atomic.Pointer[error] // what is known to be damaged; nil for nothing
	stuck  atomic.Bool           // bbolt holds a lock that it will not give back
}

var (
	_ store.Store    = (*DB)(nil)
	_ store.Reopener = (*DB)(nil)
	_ store.Movable  = (*DB)(nil)
)

// Create makes a new store at path, of mode 0600, and opens it. When it returns
// nil the file and its name in the folder are on disk. It returns
// store.ErrExists if there is a file, of whatever kind.
//
// A Create that is cut short by a crash can leave a file behind that Open
// refuses; remove it and create again.
func Create(path string, opts Options) (*DB, error) {
	db, err := create(path, opts)
	if err != nil {
		return nil, fmt.Errorf("creating store %s: %w", path, err)
	}
	return db, nil
}

func create(path string, opts Options) (*DB, error) {
	db := newDB(path, opts)
	err := db.open(os.O_RDWR | os.O_CREATE | os.O_EXCL)
	if errors.Is(err, fs.ErrExist) {
		return nil, store.ErrExists
	}
	if err == nil {
		err = begun(db.bolt)
	}
	if err == nil {
		err = syncFolder(filepath.Dir(path))
	}
	if err != nil {
		return nil, errors.Join(err, db.discard())
	}
	return db, nil
}

// discard takes back a Create that failed, but only the file that it made.
func (db *DB) discard() error {
	if db.bolt != nil {
		_ = db.bolt.Close() // nobody has used it
	}
	if db.info == nil {
		return nil
	}
	return os.Remove(db.path)
}

// Open opens the store at path. It returns store.ErrMissing if there is no file
// or an empty one, and store.ErrLocked if another process holds it for longer
// than 5 seconds.
//
// It inspects the file for a second, and goes on with what is left of a large one
// while the store serves. store.ErrDamaged says that something is not what was
// written, so that nothing can be relied on: restore a backup. Where damage is
// found later the store is read-only from then on.
//
// Before Open returns, what an earlier process wrote is made durable, so that no
// caller is told of a change that the next power cut undoes. Where the disk is
// too full for that the store opens all the same, but read-only; see Reopen.
func Open(path string, opts Options) (*DB, error) {
	db := newDB(path, opts)
	err := db.open(os.O_RDWR)
	if err == nil {
		err = removeCopy(path)
	}
	if err == nil {
		err = db.settle()
	}
	if errors.Is(err, store.ErrFull) {
		db.line.refuse(readOnly(err))
		err = nil
	}
	if err == nil {
		err = db.look()
	}
	if err != nil {
		db.letGo()
		return nil, fmt.Errorf("opening store %s: %w", path, err)
	}
	return db, nil
}

// look begins to inspect the file, and returns what is found soon.
func (db *DB) look() error {
	db.watch = db.inspectAll()
	select {
	case <-db.watch.over:
		return db.watch.err
	case <-time.After(glance):
		return nil
	}
}

// letGo gives up the file, whatever bbolt says.
func (db *DB) letGo() {
	db.watch.end()
	if db.bolt != nil && !db.stuck.Load() && closeBolt(db.bolt) == nil {
		return
	}
	if db.file != nil {
		_ = errors.Join(unlock(db.file), db.file.Close()) // it is closed already where bbolt did it
	}
}

func newDB(path string, opts Options) *DB {
	if opts.Queue == 0 {
		opts.Queue = defaultQueue
	}
	return &DB{path: path, opts: opts, line: line{limit: opts.Queue}, tally: newCounters()}
}

// open opens the file with flag. While it waited for another process to let go
// of the file, that one may have put a compacted copy in its place: what has
// lost its name is not the store any more.
func (db *DB) open(flag int) error {
	before := db.info
	for range renamings {
		if err := db.openOnce(flag); err != nil {
			return err
		}
		now, err := os.Stat(db.path)
		if err == nil && os.SameFile(now, db.info) {
			return nil
		}
		if err := db.bolt.Close(); err != nil {
			return err
		}
		db.bolt, db.info = nil, before
	}
	return store.ErrLocked
}

func (db *DB) openOnce(flag int) error {
	o := &bbolt.Options{
		Timeout:         lockPatience,
		FreelistType:    bbolt.FreelistArrayType, // the other one sorts all free pages in each commit
		InitialMmapSize: mapSize,
		PageSize:        pageSize,
		MaxSize:         db.opts.MaxSize,
		NoStatistics:    true,
		OpenFile:        func(path string, _ int, mode fs.FileMode) (*os.File, error) { return db.openFile(path, flag, mode) },
	}
	if db.opts.tune != nil {
		db.opts.tune(o)
	}
	db.file = nil
	b, err := openBolt(db.path, o)
	if err != nil && db.file != nil { // after a panic bbolt has neither unlocked nor closed it
		_ = errors.Join(unlock(db.file), db.file.Close())
		db.file = nil
	}
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return store.ErrLocked
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", store.ErrMissing, err)
	case err != nil:
		return err
	}
	db.bolt = b
	db.openings++
	return nil
}

// openFile is where bbolt gets its file from. It never lets bbolt turn a missing
// or empty file into a new store, nor read one that is not all there, and gives
// Reopen only the file it had before: another one under the same name is another
// disk or another store.
func (db *DB) openFile(path string, flag int, mode fs.FileMode) (*os.File, error) {
	file, err := os.OpenFile(path, flag, mode)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	made := flag&os.O_CREATE != 0
	if err == nil && !made && info.Size() > 0 {
		err = complete(file)
	}
	switch {
	case err != nil:
	case info.Size() == 0 && !made:
		err = fmt.Errorf("%w: the file is empty", store.ErrMissing)
	case db.info != nil && !os.SameFile(db.info, info):
		err = errors.New("the file was replaced while it was open")
	default:
		db.file, db.info = file, info
		return file, nil
	}
	_ = file.Close() // err says more
	return nil, err
}

// settle makes durable what readers see, before anything is built on it: it
// writes the meta page in force once more, as it is, and syncs. bbolt does not do
// so. But a process that is killed between the write of a meta page and its sync
// leaves a commit that the next one sees, and after a sync that failed the system
// may hold a page for written that is not. Were that commit then lost in a power
// cut, callers would have been told of it; worse, the next commit would by then
// have written over pages that the older meta page, the one on the disk, still
// needs. The data of the commit was synced before its meta page was written.
func (db *DB) settle() error {
	tx, err := beginBolt(db.bolt, false)
	if err != nil {
		return err
	}
	one, err := oneBucket(tx)
	if err == nil {
		db.one = one
	}
	slot := int64(tx.ID() % 2)
	if err := errors.Join(err, rollback(tx)); err != nil {
		return err
	}
	page := make([]byte, db.bolt.Info().PageSize)
	at := slot * int64(len(page))
	if _, err := db.file.ReadAt(page, at); err != nil {
		return fmt.Errorf("reading the meta page: %w", err)
	}
	if _, err := db.file.WriteAt(page, at); isFull(err) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	} else if err != nil {
		return fmt.Errorf("writing the meta page: %w", err)
	}
	if err := db.bolt.Sync(); err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	// A compaction that was cut short may have given the file its name.
	return syncFolder(filepath.Dir(db.path))
}

// syncFolder makes the names in the folder durable.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := folder.Sync(); err != nil {
		_ = folder.Close() // the failed sync says more
		return fmt.Errorf("syncing the folder: %w", err)
	}
	return folder.Close()
}

// View implements store.Store.
func (db *DB) View(ctx context.Context, f func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, opening, err := db.beginView()
	if err != nil {
		return err
	}
	r := &viewer{reader{db: db, ctx: ctx, snapshot: s, tree: tree{tx: s.tx, one: s.one}}, store.Version{Opening: opening, Commit: s.commit}}
	defer func() {
		r.tree = tree{}
		db.views.close(s)
	}()
	return f(store.Noted(ctx, r))
}

// viewer is what a View gets: a reader of a snapshot that has a name.
type viewer struct {
	reader
	version store.Version
}

// Version implements store.Versioned. bbolt counts commits up, in each file anew.
func (v *viewer) Version() store.Version { return v.version }

// beginView takes a snapshot of the file as it is open now, and tells the
// how-manieth opening that is.
func (db *DB) beginView() (s *snapshot, opening uint64, err error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	tx, err := db.begin(false)
	if err != nil {
		return nil, 0, err
	}
	return db.views.open(tx, db.one), db.openings, nil
}

// begin starts a bbolt transaction on the file as it is open now. Its caller
// holds mu.
func (db *DB) begin(writable bool) (*bbolt.Tx, error) {
	if db.bolt == nil {
		if err := db.line.refusal(); err != nil {
			return nil, err
		}
		return nil, store.ErrClosed
	}
	if db.stuck.Load() {
		return nil, *db.damage.Load()
	}
	tx, err := beginBolt(db.bolt, writable)
	if errors.Is(err, store.ErrDamaged) {
		db.noticed(err)
		db.stuck.Store(true)
	}
	if err != nil {
		return nil, fmt.Errorf("beginning a transaction: %w", err)
	}
	return tx, nil
}

// beginUpdate is begin for who holds the line.
func (db *DB) beginUpdate() (*bbolt.Tx, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	return db.begin(true)
}

// Writable implements store.Reopener.
func (db *DB) Writable() bool { return db.line.refusal() == nil }

// Reopen implements store.Reopener: it closes the file, opens it again, and makes
// durable what readers see in it. Until it has succeeded the store stays
// read-only; where not even opening succeeded, View too returns the reason.
func (db *DB) Reopen(ctx context.Context) error {
	if err := db.line.enterAlone(ctx); err != nil {
		return err
	}
	defer db.line.leave()
	switch err := db.line.refusal(); {
	case err == nil:
		return nil
	case final(err):
		return err
	}
	err := db.stillDamaged()
	if err == nil {
		err = db.reopen()
	}
	if err != nil {
		db.line.refuse(readOnly(err))
		return fmt.Errorf("reopening store %s: %w", db.path, err)
	}
	db.line.allow()
	return db.lookAgain()
}

// lookAgain begins to inspect the file that was opened anew, before any Update.
// What was found meanwhile was found after all: allow must not have ended it.
func (db *DB) lookAgain() error {
	found := db.damage.Load()
	if found == nil {
		db.watch = db.inspectAll()
		found = db.damage.Load()
	}
	if found == nil {
		return nil
	}
	db.line.refuse(readOnly(*found))
	return fmt.Errorf("reopening store %s: %w", db.path, *found)
}

// stillDamaged inspects a file that was found to be damaged once more: a disk that
// did not read may read again.
func (db *DB) stillDamaged() error {
	found := db.damage.Load()
	switch {
	case found == nil:
		return nil
	case db.stuck.Load() || db.bolt == nil:
		return *found // until the process is started again
	}
	return db.sound()
}

// reopen exchanges the open file for a fresh one; Views that are under way get
// store.ErrBusy from then on. Only who holds the line alone may call it.
func (db *DB) reopen() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.bolt != nil {
		// bbolt waits for whoever reads, and a backup may read for an hour, while
		// nobody else could begin to.
		db.views.end()
		db.letGo()
		db.bolt = nil
	}
	if err := db.open(os.O_RDWR); err != nil {
		return err
	}
	return db.settle()
}

// readOnly is what Updates are told after cause. The cause is text only: that a
// commit's outcome is unknown must not be said of the Updates refused after it.
func readOnly(cause error) error {
	return fmt.Errorf("%w since: %s", store.ErrReadOnly, cause.Error())
}

// Close implements store.Store.
func (db *DB) Close() error {
	db.line.refuse(store.ErrClosed)
	if err := db.line.enterAlone(context.Background()); err != nil {
		return err
	}
	defer db.line.leave()
	db.past.Wait()
	db.mu.Lock()
	defer db.mu.Unlock()
	db.watch.end()
	switch {
	case db.bolt == nil:
		return nil
	case db.stuck.Load():
		return errors.Join(unlock(db.file), db.file.Close())
	}
	err := closeBolt(db.bolt)
	db.bolt = nil
	if err != nil {
		return fmt.Errorf("closing store %s: %w", db.path, err)
	}
	return nil
}
