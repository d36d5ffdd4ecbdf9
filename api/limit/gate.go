package limit

import (
	"container/list"
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// ErrFull: as many wait as may wait, or one has waited for as long as one may.
var ErrFull = errors.New("limit: too much is under way")

// Gate bounds what is under way at once, what waits for it, and for how long. It
// is safe for concurrent use.
type Gate struct {
	patience time.Duration
	places   int
	longest  int // that may wait
	away     int // that may stand aside

	beside     *Gate // nil: there is none
	processors int   // for both

	mu        sync.Mutex
	inside    int
	aside     int
	waiting   list.List // of chan struct{}, closed when it is one's turn
	returning list.List // likewise, of those who stood aside
	refused   uint64
	seen      seen
}

// seen is what a gate shows to the one beside it, which must not wait for its
// lock.
type seen struct {
	inside, waiting atomic.Bool
	left            atomic.Int64 // when somebody gave a place up last, in Unix nanoseconds
}

// NewGate lets so many run at once and so many more wait, as long as patience
// lasts. Half as many as may wait may stand aside.
func NewGate(running, waiting int, patience time.Duration) *Gate {
	return &Gate{patience: patience, longest: waiting, away: waiting / 2, places: running}
}

// Beside lets two gates share so many processors, so that what comes to one of
// them does not wait behind all that runs at the other. While there is anybody at
// the other gate, a gate lets so few begin that one processor is left; while
// somebody waits there, half of the processors; one at the least, always. Beside
// nobody it lets run what it was made for. It is for the time before the gates are
// in use.
//
// One processor that has nothing to do is worth more than its part of the work:
// Go looks for what has arrived, and goes on after a sync of the disk, when a
// processor has nothing else to do, and otherwise only every ten milliseconds.
func Beside(a, b *Gate, processors int) {
	a.beside, b.beside = b, a
	a.processors, b.processors = processors, processors
}

// lingers is how long after the last one has left there still is somebody at a
// gate: those who ask one thing after the other are away between two of them.
const lingers = 50 * time.Millisecond

// Load is how much there is at a gate just now.
type Load struct {
	Waiting int    // for their turn
	Aside   int    // for others
	Refused uint64 // since the start
}

// Load tells how much there is at the gate.
func (g *Gate) Load() Load {
	g.mu.Lock()
	defer g.mu.Unlock()
	return Load{Waiting: g.waiting.Len(), Aside: g.aside, Refused: g.refused}
}

// Enter waits for its turn. The caller calls leave once when it is done; without
// an error only. The errors are ErrFull and that of ctx.
func (g *Gate) Enter(ctx context.Context) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	turn, place, err := g.stand()
	if err != nil || turn == nil {
		return g.leave, err
	}
	enough := time.NewTimer(g.patience)
	defer enough.Stop()
	select {
	case <-turn:
		// Go runs at once, in place of who has left, whom that one has woken. All
		// who wait for a processor would be passed over as long as anybody waits
		// here, so they go first.
		runtime.Gosched()
		return g.leave, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-enough.C:
		err = ErrFull
	}
	if !g.withdraw(place, err) {
		return g.leave, nil // the turn came at the same moment
	}
	return nil, err
}

// stand takes a free place, or else one in the queue.
func (g *Gate) stand() (turn chan struct{}, place *list.Element, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.show()
	g.fill()
	switch {
	case g.inside < g.width():
		g.inside++
		return nil, nil, nil
	case g.waiting.Len() >= g.longest:
		g.refused++
		return nil, nil, ErrFull
	}
	turn = make(chan struct{})
	return turn, g.waiting.PushBack(turn), nil
}

// withdraw leaves the queue, unless the turn has come.
func (g *Gate) withdraw(place *list.Element, why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.show()
	select {
	case <-place.Value.(chan struct{}):
		return false
	default:
	}
	g.waiting.Remove(place)
	if errors.Is(why, ErrFull) {
		g.refused++
	}
	return true
}

func (g *Gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.pass()
}

// pass gives a place up.
func (g *Gate) pass() {
	g.inside--
	g.seen.left.Store(time.Now().UnixNano())
	g.fill()
	g.show()
}

// fill lets in whom there is room for: first who has been inside already, for as
// many of them as the gate was made for. They may hold what those inside wait for.
// As a gate lets in one at the least, somebody is inside while anybody waits, and
// comes here at the end.
func (g *Gate) fill() {
	for g.returning.Len() > 0 && g.inside < g.places {
		g.call(&g.returning)
	}
	for g.waiting.Len() > 0 && g.inside < g.width() {
		g.call(&g.waiting)
	}
}

func (g *Gate) call(queue *list.List) {
	g.inside++
	close(queue.Remove(queue.Front()).(chan struct{}))
}

// width is how many may be inside for another one to begin.
func (g *Gate) width() int {
	switch {
	case g.beside == nil || !g.beside.seen.anybody():
		return g.places
	case g.beside.seen.waiting.Load():
		return min(g.places, max(1, g.processors/2))
	}
	return min(g.places, max(1, g.processors-1))
}

func (g *Gate) show() {
	g.seen.inside.Store(g.inside > 0)
	g.seen.waiting.Store(g.waiting.Len() > 0)
}

// anybody tells whether there is somebody, or was a moment ago.
func (s *seen) anybody() bool {
	return s.inside.Load() || s.waiting.Load() || time.Since(time.Unix(0, s.left.Load())) < lingers
}

// Aside lets somebody else run while the caller, who has entered, only waits
// for others; before going on the caller calls back, which waits for a turn.
// Where too many stand aside already, the caller keeps its place: those who are
// slow must not be all who are inside.
func (g *Gate) Aside() (back func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.aside >= g.away {
		return func() {}
	}
	g.aside++
	g.pass()
	return g.back
}

func (g *Gate) back() {
	g.mu.Lock()
	g.aside--
	if g.inside < g.places {
		g.inside++
		g.show()
		g.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	g.returning.PushBack(turn)
	g.mu.Unlock()
	<-turn
}
