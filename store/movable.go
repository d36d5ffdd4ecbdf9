package store

import (
	"context"
	"errors"
)

// Movable is implemented by the backends whose store can be left for another one
// while it is in use.
type Movable interface {
	Store

	// Follow notes from now on which keys are changed, for a copy that is made
	// meanwhile. ErrBusy where somebody follows already.
	Follow(ctx context.Context) (Changes, error)

	// Hold lets the Updates under way come to their end and has later ones wait
	// until do has returned. Views go on. It returns do's error as it is.
	Hold(ctx context.Context, do func(Leave) error) error
}

// Leave makes the last change of a store: once it was made, or may have been, the
// store takes no other and every Update gets ErrMoved. Where it certainly was not
// made the store stays in use.
type Leave func(ctx context.Context, last func(Tx) error) error

// Lockable is implemented by the backends whose store others may change whom this
// process does not know of.
type Lockable interface {
	Store

	// Lock has everybody else wait until do has returned, those who read as well,
	// and gives the only way to the store. It returns do's error as it is; ErrBusy
	// where others do not come to their end.
	Lock(ctx context.Context, do func(Locked) error) error
}

// Locked is a store that nobody else comes to.
type Locked interface {
	View(ctx context.Context, f func(Reader) error) error

	// Leave is a Leave, for every process: nothing is done with a Locked after it.
	Leave(ctx context.Context, last func(Tx) error) error
}

// ErrLost says that it is not known any more what has changed: too much has, or
// the store's file was opened anew.
var ErrLost = errors.New("store: it is not known what has changed")

// Changes are the keys that were changed since Follow.
type Changes interface {
	// Until returns the keys that were changed up to a snapshot and that no Until
	// before has returned; some may have been changed later only. After ErrLost
	// there is nothing to do but to End and Follow anew.
	Until(snapshot Reader) (keys [][]byte, err error)

	// End ends it.
	End()
}
