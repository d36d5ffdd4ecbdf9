package bolt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"laurel/store"
)

// Group commit. Updates stand in a line. The one whose turn it is runs its
// function in its own goroutine, in a bbolt transaction that it shares with the
// ones before it, and hands the turn on together with that transaction. Who finds
// nobody behind it commits for all; those who come meanwhile stand in line for the
// next commit. Where the last group had several, whom its commit has just let go,
// goroutines that are ready to run do so first, and so come into one group again. So a
// lone writer pays for nothing but its own commit, no timer delays anyone, and groups
// grow just as the disk gets slower.

// maxGroup bounds the Updates that share a commit, lest the first of them wait
// for ever while others keep coming.
const maxGroup = 256

// line is the queue for the turn, which one goroutine has at a time.
type line struct {
	mu      sync.Mutex
	limit   int       // of Updates waiting
	taken   bool      // somebody has the turn
	waiting []*waiter // first come, first served
	refused error     // what Updates get instead of a turn, if anything
}

type waiter struct {
	turn  chan *group // receives the turn; nil: begin a group of your own
	alone bool        // wants no group, but the turn to itself
}

// enter waits for the turn of an Update. The group is the one to join, or nil.
func (l *line) enter(ctx context.Context) (*group, error) {
	return l.wait(ctx, &waiter{turn: make(chan *group, 1)})
}

// enterAlone waits for the turn with no group under way. It works while Updates
// are refused, and does not count against the limit.
func (l *line) enterAlone(ctx context.Context) error {
	_, err := l.wait(ctx, &waiter{turn: make(chan *group, 1), alone: true})
	return err
}

func (l *line) wait(ctx context.Context, w *waiter) (*group, error) {
	if err := l.join(w); err != nil {
		return nil, err
	}
	select {
	case g := <-w.turn:
		return g, nil
	case <-ctx.Done():
	}
	if l.withdraw(w) {
		return nil, ctx.Err()
	}
	return <-w.turn, nil // it came at the same moment; who gets it must look at ctx
}

func (l *line) join(w *waiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !w.alone && l.refused != nil:
		return l.refused
	case !l.taken:
		l.taken = true
		w.turn <- nil
	case !w.alone && len(l.waiting) >= l.limit:
		return fmt.Errorf("%w: %d updates are waiting", store.ErrBusy, len(l.waiting))
	default:
		l.waiting = append(l.waiting, w)
	}
	return nil
}

// withdraw takes w out of the line, unless its turn has come.
func (l *line) withdraw(w *waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.waiting, w)
	if i < 0 {
		return false
	}
	l.waiting = slices.Delete(l.waiting, i, i+1)
	return true
}

// pass gives the turn and the group to the next Update. It reports false if
// there is none to take it.
func (l *line) pass(g *group) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 || l.waiting[0].alone {
		return false
	}
	l.first().turn <- g
	return true
}

// leave gives the turn, without a group, to whoever is next.
func (l *line) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		l.taken = false
		return
	}
	l.first().turn <- nil
}

func (l *line) first() *waiter {
	w := l.waiting[0]
	l.waiting = slices.Delete(l.waiting, 0, 1)
	return w
}

// refuse makes Updates, those waiting included, return err. Closed stays closed,
// and what was left stays left.
func (l *line) refuse(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !final(l.refused) || errors.Is(err, store.ErrClosed) {
		l.refused = err
	}
}

// allow ends what refuse began, unless it is for ever.
func (l *line) allow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !final(l.refused) {
		l.refused = nil
	}
}

func final(refused error) bool {
	return errors.Is(refused, store.ErrClosed) || errors.Is(refused, store.ErrMoved)
}

func (l *line) refusal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused
}

// Update implements store.Store. f runs exactly once.
func (db *DB) Update(ctx context.Context, f func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	store.Unnoted(ctx)
	g, err := db.line.enter(ctx)
	if err != nil {
		return err
	}
	if g == nil {
		g = &group{db: db, done: make(chan struct{})}
	}
	return g.update(ctx, f)
}

// group is a bbolt transaction that Updates share, one after the other. All but
// done and err belong to who has the turn.
type group struct {
	db      *DB
	tx      *bbolt.Tx // nil until the first member begins it
	members int
	alone   bool     // its only member has the turn before and afterwards
	dirty   bool     // some member's writes stand in tx
	keys    []string // that they changed, where somebody follows
	broken  error    // why tx must not be committed

	done chan struct{} // closed when the group is settled
	err  error         // of the commit; read after done
}

// update runs one member and waits for the commit that its answer rests on.
func (g *group) update(ctx context.Context, f func(store.Tx) error) error {
	rests, err := g.run(ctx, f)
	if !rests {
		return err
	}
	<-g.done
	if g.err != nil {
		return g.err
	}
	return err
}

// run calls f, keeps its writes or takes them back, and hands the turn on
// however f ends, be it by a panic or by runtime.Goexit. It reports whether the
// answer rests on writes that are not committed yet, its own or those that f saw
// of members before it.
func (g *group) run(ctx context.Context, f func(store.Tx) error) (rests bool, err error) {
	defer g.handOn()
	if err := g.begin(ctx); err != nil {
		return false, err
	}
	t := &tx{reader: reader{db: g.db, ctx: ctx, tree: tree{tx: g.tx, one: g.db.one, scattered: g.db.opts.Scattered}}}
	kept := false
	defer func() {
		if !kept {
			g.broken = t.undo()
		}
		t.tree = tree{}
	}()
	if err = f(t); err == nil {
		err = t.err // f may have overlooked it
	}
	kept = err == nil
	if kept && len(t.changes) > 0 {
		g.dirty = true
		g.follow(t.changes)
	}
	return g.dirty, err
}

// begin checks that the member may still run: while it waited, it may have been
// cancelled and the store may have been closed or turned read-only.
func (g *group) begin(ctx context.Context) error {
	g.members++
	err := ctx.Err()
	if err == nil {
		err = g.db.line.refusal()
	}
	if err == nil && g.tx == nil {
		g.tx, err = g.db.beginUpdate()
	}
	return err
}

// handOn passes the turn on within the group, or settles the group and passes it
// on to the next.
func (g *group) handOn() {
	if g.passed() {
		return
	}
	if g.db.last > 1 { // those of the last group, who are about to stand in line again, do
		runtime.Gosched()
		if g.passed() {
			return
		}
	}
	g.db.last = g.members
	g.err = g.settle()
	close(g.done)
	if !g.alone {
		g.db.line.leave()
	}
}

// passed hands the turn on within the group, where somebody may and can take it.
func (g *group) passed() bool {
	return !g.alone && g.broken == nil && g.members < maxGroup && g.db.line.pass(g)
}

// settle ends the group's transaction: by a commit if there is anything to
// commit. After a failure that leaves the outcome open it turns the store
// read-only.
func (g *group) settle() error {
	if g.tx == nil {
		return nil
	}
	if g.broken != nil || !g.dirty {
		if err := rollback(g.tx); err != nil {
			g.db.stuck.Store(true)
			g.db.harmed(err)
		}
		return g.broken
	}
	id, start := g.tx.ID(), time.Now()
	if f := g.db.followed.Load(); f != nil {
		f.note(uint64(id), g.keys)
	}
	err := g.commit()
	switch {
	case err == nil:
		g.db.tally.measured(g.members, time.Since(start))
		g.db.tally.noRoom.Store(0)
		return nil
	case isFull(err) && !visible(g.db.bolt, id):
		g.db.tally.full.Add(1)
		g.db.tally.noRoom.Store(time.Now().UnixNano())
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	g.db.tally.unknown.Add(1)
	if errors.Is(err, store.ErrDamaged) {
		g.db.harmed(err)
	}
	g.db.line.refuse(readOnly(err))
	return fmt.Errorf("%w: %w", store.ErrUnknownOutcome, err)
}

// commit turns a panic of bbolt into an error: the members wait for an answer, and
// the lock must go back.
func (g *group) commit() error {
	err := commitBolt(g.tx)
	if errors.Is(err, store.ErrDamaged) && rollback(g.tx) != nil {
		g.db.stuck.Store(true)
	}
	return err
}

func commitBolt(tx *bbolt.Tx) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	return tx.Commit()
}

// isFull reports whether a commit failed for want of room, either within
// Options.MaxSize or on the disk, while it wrote. The same errors from a sync do
// not count: what the disk has then is anybody's guess. bbolt hands on a failed
// write as the *fs.PathError that it got, a failed sync as the bare number.
func isFull(err error) bool {
	if errors.Is(err, berrors.ErrMaxSizeReached) {
		return true
	}
	var write *fs.PathError
	if !errors.As(err, &write) {
		return false
	}
	return errors.Is(write.Err, syscall.ENOSPC) || errors.Is(write.Err, syscall.EDQUOT) ||
		errors.Is(write.Err, syscall.EFBIG)
}

// visible reports whether the transaction of that id may have become what
// readers see: the write that failed may have been that of the meta page.
func visible(b *bbolt.DB, id int) bool {
	tx, err := beginBolt(b, false)
	if err != nil {
		return true
	}
	seen := tx.ID()
	return rollback(tx) != nil || seen >= id
}
