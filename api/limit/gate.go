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
	inside    int       // with those who came back
	begun     int       // of them, who never stood aside
	aside     int       // who stand aside
	cameBack  bool      // whoever was called last came back
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

// Place is what somebody has who has entered.
type Place struct {
	gate *Gate

	// Guarded by the gate.
	aside, returned bool // stands aside, stood aside and came back
	left            bool // while it stood aside
}

// Enter waits for its turn. The caller leaves the place once when it is done;
// without an error only. The errors are ErrFull and that of ctx.
func (g *Gate) Enter(ctx context.Context) (*Place, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	turn, queued, err := g.stand()
	if err != nil {
		return nil, err
	}
	if turn == nil {
		return &Place{gate: g}, nil
	}
	enough := time.NewTimer(g.patience)
	defer enough.Stop()
	select {
	case <-turn:
		// Go runs at once, in place of who has left, whom that one has woken. All
		// who wait for a processor would be passed over as long as anybody waits
		// here, so they go first.
		runtime.Gosched()
		return &Place{gate: g}, nil
	case <-ctx.Done():
		err = ctx.Err()
	case <-enough.C:
		err = ErrFull
	}
	if !g.withdraw(queued, err) {
		return &Place{gate: g}, nil // the turn came at the same moment
	}
	return nil, err
}

// stand takes a free place, or else one in the queue.
func (g *Gate) stand() (turn chan struct{}, queued *list.Element, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.show()
	g.fill()
	switch {
	case g.mayBegin():
		g.begin()
		return nil, nil, nil
	case g.waiting.Len() >= g.longest:
		g.refused++
		return nil, nil, ErrFull
	}
	turn = make(chan struct{})
	return turn, g.waiting.PushBack(turn), nil
}

// withdraw leaves the queue, unless the turn has come.
func (g *Gate) withdraw(queued *list.Element, why error) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	defer g.show()
	select {
	case <-queued.Value.(chan struct{}):
		return false
	default:
	}
	g.waiting.Remove(queued)
	if errors.Is(why, ErrFull) {
		g.refused++
	}
	return true
}

// Leave gives the place up for good.
func (p *Place) Leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.aside {
		p.left = true
		return
	}
	p.pass()
}

// pass gives a place up.
func (p *Place) pass() {
	g := p.gate
	g.inside--
	if !p.returned {
		g.begun--
	}
	g.seen.left.Store(time.Now().UnixNano())
	g.fill()
	g.show()
}

// fill lets in whom there is room for: who has been inside already, and may hold
// what those inside wait for, and in turn with them who has not. As one at the
// least may begin, nobody waits at a gate that all have left.
func (g *Gate) fill() {
	for g.inside < g.places {
		begins := g.waiting.Len() > 0 && g.mayBegin()
		switch {
		case g.returning.Len() > 0 && !(begins && g.cameBack):
			g.call(&g.returning)
			g.inside++
			g.cameBack = true
		case begins:
			g.call(&g.waiting)
			g.begin()
			g.cameBack = false
		default:
			return
		}
	}
}

func (g *Gate) call(queue *list.List) { close(queue.Remove(queue.Front()).(chan struct{})) }

func (g *Gate) mayBegin() bool { return g.inside < g.places && g.begun < g.width() }

func (g *Gate) begin() { g.inside, g.begun = g.inside+1, g.begun+1 }

// width is how many may be inside who have not come back.
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

// Aside lets somebody else run while the caller only waits for others; before
// going on the caller calls back, which waits for a turn. Where too many stand
// aside already, the caller keeps its place: those who are slow must not be all who
// are inside.
func (p *Place) Aside() (back func()) {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.aside >= g.away {
		return func() {}
	}
	g.aside++
	p.pass()
	p.aside = true
	return p.back
}

func (p *Place) back() {
	g := p.gate
	g.mu.Lock()
	g.aside--
	p.aside, p.returned = false, true
	if p.left {
		g.mu.Unlock()
		return
	}
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
