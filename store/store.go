// Package store is the seam between the domain and whatever keeps its bytes:
// an ordered map of byte keys to byte values, read in snapshots and changed in
// serializable transactions.
//
// It knows nothing of badges. The typed records, their key layout, encoding and
// checksums stand beside their domain and are functions over a Tx, so that each
// operation of the domain is one Update and every backend may retry its own
// conflicts. It refuses whatever a backend could not keep for every caller
// alike: empty keys, and keys and values above the limits of the weakest
// backend.
//
// Start with Store and the promises written on its methods. The backends are in
// store/bolt and store/postgres; store/storetest holds the one suite that says
// whether a backend keeps the promises.
package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Limits of keys and values, in bytes: those of the weakest backend, so that
// what one backend took can always be moved to another.
const (
	// MaxKeySize is the longest key. PostgreSQL keeps the whole key in an index
	// entry, which holds 2,704 bytes; the rest is room for other ordered stores.
	MaxKeySize = 1024
	// MaxValueSize is the longest value. PostgreSQL would take a gigabyte and
	// bbolt two; databases that speak PostgreSQL's protocol bound a whole
	// command at 64 MiB.
	MaxValueSize = 16 << 20
)

// The errors that callers tell apart, by errors.Is. Of all but
// ErrUnknownOutcome it is certain that the Update changed nothing.
var (
	// ErrNotFound is Get's answer for a key that has no value.
	ErrNotFound = errors.New("store: not found")

	// ErrUnknownOutcome says that a commit failed in a way that leaves open
	// whether it happened. Never report it as "not done": repeat the operation
	// under the same key, once the store is writable again, and let what is
	// found there tell.
	ErrUnknownOutcome = errors.New("store: commit of unknown outcome")

	// ErrReadOnly refuses an Update on a store that takes no changes: one that
	// had a commit of unknown outcome and was not reopened, or a database
	// server in standby. View goes on.
	ErrReadOnly = errors.New("store: read-only")

	// ErrMoved refuses an Update on a store that was left for another one. It is
	// an ErrReadOnly that does not pass.
	ErrMoved = fmt.Errorf("%w: it was left for another one", ErrReadOnly)

	// ErrFull says that the room for data is used up. The store stays writable:
	// Updates succeed again as soon as there is room.
	ErrFull = errors.New("store: full")

	// ErrBusy says that too many Updates were waiting, or that an Update lost
	// against others, or found no connection, for longer than the backend is
	// patient. The caller may try again, best after a pause.
	ErrBusy = errors.New("store: busy")

	// ErrTooLarge refuses a key above MaxKeySize or a value above MaxValueSize.
	ErrTooLarge = errors.New("store: key or value too large")

	// ErrEmptyKey refuses a key of no bytes.
	ErrEmptyKey = errors.New("store: empty key")

	// ErrClosed is the answer of a store after Close.
	ErrClosed = errors.New("store: closed")

	// ErrMissing says that Open found no store where it was told to look. A
	// store is made only by the backend's Create, never by Open, so that a disk
	// that is not mounted cannot become a new and empty store.
	ErrMissing = errors.New("store: there is no store here")

	// ErrExists says that Create found something where the store was to be.
	ErrExists = errors.New("store: exists already")

	// ErrLocked says that another process has the store open.
	ErrLocked = errors.New("store: in use by another process")

	// ErrStop, returned by the function given to Scan, ends the Scan early
	// without an error: Scan then returns nil.
	ErrStop = errors.New("store: end of scan")
)

// Store is an ordered map of byte keys to byte values. All its methods may be
// called by many goroutines at once.
type Store interface {
	// View calls f, once, with a snapshot: all that was committed when View
	// began, and nothing committed later. It returns f's error as it is. Views
	// neither wait for Updates nor hold them up.
	//
	// The Reader ends with f and is for f's goroutine alone. f must not call the
	// store's own methods: a View within a View can wait for itself.
	//
	// Cancelling ctx makes the Reader's methods fail with ctx.Err().
	View(ctx context.Context, f func(Reader) error) error

	// Update calls f with a transaction and commits what f wrote, all or
	// nothing. When it returns nil the changes are durable: they outlive a crash
	// of the process and, as far as the disk or the server keeps its word, of
	// the machine. Concurrent Updates behave as if they had run one after the
	// other.
	//
	// f may run more than once, so it has no effects but those on Tx and on
	// variables that it sets anew on each run. It must not keep the Tx, nor hand
	// it to another goroutine, nor call the store's own methods. It should be
	// short: other Updates may wait for it.
	//
	// An error that f returns aborts this Update alone and is returned as it
	// is. If f panics or ends its goroutine, this Update alone is aborted, and
	// the panic goes on in the caller's goroutine. Other Updates that share a
	// commit with it are not touched.
	//
	// Cancelling ctx before f is called makes Update return ctx.Err(). While f
	// runs it makes the Tx's methods fail with ctx.Err(), and then the Update is
	// aborted even if f returns nil. Once f has returned nil, the outcome is
	// awaited whatever becomes of ctx. In the first two cases there is no
	// effect.
	//
	// See the errors of this package for what else Update returns. Where f's
	// own answer, an error included, rests on changes whose commit then failed,
	// Update returns the failure of the commit instead.
	Update(ctx context.Context, f func(Tx) error) error

	// Close waits for the Views and Updates under way, then frees what the store
	// holds. Updates that have not begun, and all later calls, get ErrClosed; a
	// second Close returns nil. It must not be called from within a View or an
	// Update.
	Close() error
}

// Reader reads one state of the store.
type Reader interface {
	// Get returns a copy of the key's value, or ErrNotFound. A value of no bytes
	// is a value: an empty slice that is not nil.
	Get(key []byte) ([]byte, error)

	// Scan calls f for each key that begins with prefix and is greater than
	// after, in ascending order of bytes. An empty prefix means all keys, an
	// empty after starts at the first; after is a whole key and need not exist,
	// nor begin with prefix. The slices given to f are copies.
	//
	// An error from f ends the Scan, which returns it as it is, or nil if it is
	// ErrStop.
	//
	// In an Update f may write: keys beyond the one just shown are then shown
	// as they have become, and those before it are not shown again.
	Scan(prefix, after []byte, f func(key, value []byte) error) error
}

// Holder is implemented by the Readers that tell whether a key has some value
// without copying the one that it has.
type Holder interface {
	Holds(key, value []byte) (bool, error)
}

// Holds reports whether a key has exactly that value. The error is that of Get.
func Holds(r Reader, key, value []byte) (bool, error) {
	if h, ok := r.(Holder); ok {
		return h.Holds(key, value)
	}
	has, err := r.Get(key)
	return err == nil && bytes.Equal(has, value), err
}

// Tx is a Reader that also writes, and that reads its own writes.
type Tx interface {
	Reader

	// Put sets the key's value. Key and value are copied. A nil value is an
	// empty one.
	Put(key, value []byte) error

	// Delete removes the key; one that has no value is no error.
	Delete(key []byte) error
}

// Reopener is implemented by the backends that turn read-only after a commit of
// unknown outcome.
type Reopener interface {
	// Writable reports whether Update takes changes. It is false after a commit
	// of unknown outcome, until Reopen has succeeded. While it is false, a View
	// may show changes of which it is not settled that they are durable: good
	// enough to go on answering readers, not to acknowledge a write.
	Writable() bool

	// Reopen settles what happened and makes the store writable again, or
	// returns why it cannot; it may then be called again. On a writable store it
	// does nothing. Views wait for it, and it waits for Views.
	Reopen(ctx context.Context) error
}

// Refuser is implemented by the backends that know what stands in the way of changes.
type Refuser interface {
	// Refuses tells why every Update would be refused now, without making one:
	// ErrReadOnly, ErrMoved where the store was left for another one, ErrFull, or what
	// View would say where that cannot be asked. nil where nothing is known of.
	Refuses(ctx context.Context) error
}

// Compacter is implemented by the backends whose file keeps the bytes of what
// was deleted.
type Compacter interface {
	// Compact makes sure that no byte of what was deleted before is left in the
	// store's file. What the disk itself keeps of a file that was removed is
	// beyond it. Updates wait for it, Views go on.
	Compact(ctx context.Context) error
}

// CheckKey returns ErrEmptyKey or ErrTooLarge for a key that no backend takes.
// Get, Put and Delete of every backend begin with it.
func CheckKey(key []byte) error {
	switch {
	case len(key) == 0:
		return ErrEmptyKey
	case len(key) > MaxKeySize:
		return fmt.Errorf("%w: key of %d bytes, limit %d", ErrTooLarge, len(key), MaxKeySize)
	}
	return nil
}

// CheckValue returns ErrTooLarge for a value that no backend takes.
func CheckValue(value []byte) error {
	if len(value) > MaxValueSize {
		return fmt.Errorf("%w: value of %d bytes, limit %d", ErrTooLarge, len(value), MaxValueSize)
	}
	return nil
}

// Range turns what Scan was given into the range of keys that a backend walks:
// from the first that may be shown up to, and without, the second. The second
// is nil where there is no upper end. The results are new slices.
func Range(prefix, after []byte) (from, to []byte) {
	from = bytes.Clone(prefix)
	if len(after) > 0 && bytes.Compare(after, prefix) >= 0 {
		from = Successor(after)
	}
	if len(from) == 0 {
		from = Successor(nil) // the least key there can be
	}
	return from, prefixEnd(prefix)
}

// Successor returns the least key greater than key.
func Successor(key []byte) []byte {
	next := make([]byte, len(key)+1)
	copy(next, key)
	return next
}

// prefixEnd returns the least key greater than all keys with the prefix, nil if
// there is none: the prefix is empty or of 0xff only.
func prefixEnd(prefix []byte) []byte {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] != 0xff {
			end := bytes.Clone(prefix[:i+1])
			end[i]++
			return end
		}
	}
	return nil
}
