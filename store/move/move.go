// Package move copies a store into another one while it is in use, and leaves it
// for that: never are both in force, and never neither.
//
// What there is to copy is copied and compared while writing goes on. What was
// changed meanwhile is caught up with, until little is left; then writers wait for
// the rest. The decision is one commit in the old store, its last, which says for
// which copy it was left. Before that commit the copy is on disk and whole, but
// prepared only: whoever opens it is told that it is no store. After it the copy
// needs no more than to be finished, by this process or by whoever finds the one
// and the other.
//
// Start with Move.
package move

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"laurel/store"
)

const (
	// fewKeys is how little is left to catch up with while writers wait, and
	// rounds how often that is tried for: on a store that changes faster than the
	// other one takes it in, writers wait for more.
	fewKeys, rounds = 500, 8

	// batchKeys and batchBytes bound what is written to the copy at once.
	batchKeys, batchBytes = 2000, 4 << 20

	// wholeRecords is up to how many records the stores are compared once more as
	// a whole while writers wait.
	wholeRecords = 20_000

	// tellEach is after how many records it is told how many were copied.
	tellEach = 50_000

	// holdPatience is how long writers wait at most before the move is given up,
	// and finishPatience how long the copy is tried to be finished.
	holdPatience, finishPatience = 10 * time.Second, 15 * time.Second
)

// errHeld is why a move is given up that takes writers too long.
var errHeld = fmt.Errorf("%w: writers would have waited for longer than %s", store.ErrBusy, holdPatience)

// Step is what a move is doing.
type Step int

// The steps, in their order.
const (
	Copying Step = iota + 1
	Comparing
	Checking
	CatchingUp // with some changes
	Holding    // writers wait
	Finishing  // the old store is left
)

// Move is a move of one store. From is a store.Movable or a store.Lockable. What
// others change in the latter while it is copied is not followed: it is found, and
// the move given up.
type Move struct {
	From store.Store
	To   store.Builder
	Name string // of this attempt and no other; To is prepared under it

	// Check looks at the copy while it stands still, and Leave is the last change
	// of From: it says for what it was left. Tell, if it is not nil, hears of each
	// step and of how many records or changes it is about.
	Check func(context.Context) error
	Leave func(store.Tx) error
	Tell  func(step Step, n int)
}

// Result is what came of a move, also of one that failed.
type Result struct {
	Records int           // that were compared
	Changed int           // that were caught up with, some of them several times
	Held    time.Duration // that writers waited for at most
	Left    bool          // From was left, or nobody knows; else it is in force
	Done    bool          // To is in force
}

// Run moves the store. The caller closes both afterwards. Where it fails before
// From was left, that one is as it was; else what is left to do is to find out
// whether From was left, and if so to finish To.
func (m Move) Run(ctx context.Context) (Result, error) {
	w := &work{Move: m}
	switch from := m.From.(type) {
	case store.Movable:
		w.from = from
	case store.Lockable:
		w.from, w.locks = &still{Store: from, from: from}, true
	default:
		return w.Result, errors.New("move: the store can neither be followed nor locked")
	}
	defer w.end()
	for _, do := range []func(context.Context) error{w.follow, w.copy, w.compare, w.check, w.closeIn, w.hold, w.finish} {
		if err := do(ctx); err != nil {
			return w.Result, err
		}
	}
	return w.Result, nil
}

// work is a move under way.
type work struct {
	Move
	Result
	from    store.Movable
	locks   bool          // from is not followed
	changes store.Changes // nil before the first follow
}

func (w *work) tell(step Step, n int) {
	if w.Tell != nil {
		w.Tell(step, n)
	}
}

func (w *work) end() {
	if w.changes != nil {
		w.changes.End()
	}
}

// follow begins to follow, or begins anew.
func (w *work) follow(ctx context.Context) (err error) {
	w.end()
	w.changes, err = w.from.Follow(ctx)
	if err != nil {
		w.changes = nil
	}
	return err
}

// copy copies page by page, each as it is when its turn comes.
func (w *work) copy(ctx context.Context) error {
	copied, told := 0, -tellEach
	for after, more := []byte(nil), true; more; {
		if copied-told >= tellEach {
			w.tell(Copying, copied)
			told = copied
		}
		var page []store.Change
		err := w.from.View(ctx, func(now store.Reader) (err error) {
			page, more, err = store.Page(now, after)
			return err
		})
		for _, c := range page {
			if _, damaged := store.Unseal(c.Key, c.Value); err == nil && damaged != nil {
				err = fmt.Errorf("record %q: %w", c.Key, damaged)
			}
			if err == nil {
				err = w.To.Append(ctx, c.Key, c.Value)
			}
			after = c.Key
		}
		if err != nil {
			return err
		}
		copied += len(page)
	}
	return w.To.Flush(ctx)
}

// compare holds every record against the copy. The two may part where something
// was changed meanwhile, and nowhere else.
func (w *work) compare(ctx context.Context) error {
	var parted [][]byte
	if err := w.side(ctx, func(s store.Side) {
		parted = append(parted, s.Parted...)
		w.Records += s.Same
	}); err != nil {
		return err
	}
	changed, err := w.catchUp(ctx)
	if errors.Is(err, store.ErrLost) {
		return w.mend(ctx)
	}
	for _, key := range parted {
		if _, known := slices.BinarySearchFunc(changed, key, bytes.Compare); err == nil && !known {
			err = fmt.Errorf("%w at %q. Does something else write to one of the two?", store.ErrDiffer, key)
		}
	}
	w.Records += len(parted)
	return err
}

func (w *work) check(ctx context.Context) error {
	w.tell(Checking, w.Records)
	return w.Check(ctx)
}

// closeIn catches up until little is left.
func (w *work) closeIn(ctx context.Context) error {
	for range rounds {
		changed, err := w.catchUp(ctx)
		if errors.Is(err, store.ErrLost) {
			err = w.mend(ctx)
		} else if len(changed) <= fewKeys {
			return err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// hold has writers wait, catches up with the last of it, and leaves the old store.
func (w *work) hold(ctx context.Context) error {
	cancel := context.CancelFunc(func() {})
	if !w.locks { // else no service is at work
		ctx, cancel = context.WithTimeoutCause(ctx, holdPatience, errHeld)
	}
	defer cancel()
	err := w.from.Hold(ctx, func(leave store.Leave) error {
		begun := time.Now()
		defer func() { w.Held = time.Since(begun) }()
		w.tell(Holding, 0)
		if err := w.last(ctx); err != nil {
			return err
		}
		if err := w.To.Prepare(ctx, w.Name); err != nil {
			return err
		}
		err := leave(ctx, w.Leave)
		w.Left = err == nil || errors.Is(err, store.ErrUnknownOutcome)
		return err
	})
	if err != nil && ctx.Err() != nil {
		err = errors.Join(context.Cause(ctx), err)
	}
	return err
}

// last makes the copy the same for good. Of a small store every record is compared
// once more, and of one that was not followed in any case.
func (w *work) last(ctx context.Context) error {
	if _, err := w.catchUp(ctx); err != nil || w.Records > wholeRecords && !w.locks {
		return err
	}
	return w.from.View(ctx, func(old store.Reader) error {
		return w.To.View(ctx, func(fresh store.Reader) (err error) {
			w.Records, err = store.Compare(old, fresh)
			return err
		})
	})
}

// finish has the copy be a store. Whoever asked for the move may have gone
// meanwhile, but there is no way back.
func (w *work) finish(ctx context.Context) error {
	w.tell(Finishing, 0)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishPatience)
	defer cancel()
	err := w.To.Finish(ctx)
	w.Done = err == nil
	return err
}

// still is a store that is not followed, but locked for the last comparison.
type still struct {
	store.Store
	from   store.Lockable
	locked store.Locked // nil before Hold
}

// Follow implements store.Movable.
func (*still) Follow(context.Context) (store.Changes, error) { return none{}, nil }

// Hold implements store.Movable.
func (s *still) Hold(ctx context.Context, do func(store.Leave) error) error {
	return s.from.Lock(ctx, func(locked store.Locked) error {
		s.locked = locked
		defer func() { s.locked = nil }()
		return do(locked.Leave)
	})
}

// View implements store.Store.
func (s *still) View(ctx context.Context, f func(store.Reader) error) error {
	if s.locked != nil {
		return s.locked.View(ctx, f)
	}
	return s.Store.View(ctx, f)
}

type none struct{}

// Until implements store.Changes.
func (none) Until(store.Reader) ([][]byte, error) { return nil, nil }

// End implements store.Changes.
func (none) End() {}
