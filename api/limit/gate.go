package limit

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"
)

// ErrFull: as many wait as may wait, or one has waited for as long as one may.
var ErrFull = errors.New("limit: too much is under way")

// Gate bounds what is under way at once, what waits for it, and for how long. It
// is safe for concurrent use.
type Gate struct {
	patience time.Duration
	longest  int // that may wait
	away     int // that may stand aside

	mu        sync.Mutex
	free      int
	aside     int
	waiting   list.List // of chan struct{}, closed when it is one's turn
	returning list.List // likewise, of those who stood aside
	refused   uint64
}

// NewGate lets so many run at once and so many more wait, as long as patience
// lasts. Half as many as may wait may stand aside.
func NewGate(running, waiting int, patience time.Duration) *Gate {
	return &Gate{patience: patience, longest: waiting, away: waiting / 2, free: running}
}

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
	switch {
	case g.free > 0:
		g.free--
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

// pass hands a place on: first to who has been inside already.
func (g *Gate) pass() {
	for _, queue := range []*list.List{&g.returning, &g.waiting} {
		if next := queue.Front(); next != nil {
			queue.Remove(next)
			close(next.Value.(chan struct{}))
			return
		}
	}
	g.free++
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
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		return
	}
	turn := make(chan struct{})
	g.returning.PushBack(turn)
	g.mu.Unlock()
	<-turn
}
