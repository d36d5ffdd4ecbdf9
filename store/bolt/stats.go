package bolt

import (
	"context"
	"sync/atomic"
	"time"

	"laurel/internal/tally"
	"laurel/store"
)

// counters are what Stats tells of.
type counters struct {
	group, commit *tally.Histogram
	full, unknown atomic.Uint64
	noRoom        atomic.Int64 // when the last commit found none, in nanoseconds since 1970; 0 if it found some
}

func newCounters() counters {
	return counters{group: tally.New(1, 2, 4, 8, 16, 32, 64, 128, maxGroup), commit: tally.Seconds()}
}

// Stats is what a store has done since it was opened, and how it is.
type Stats struct {
	Group    tally.Spread // Updates that shared a commit
	Commit   tally.Spread // seconds that a commit took
	Waiting  int          // Updates that wait for their turn
	Full     uint64       // commits for which there was no room
	Unknown  uint64       // commits of unknown outcome
	FileSize int64        // bytes of the file; 0 where there is none just now
}

// fullFor is how long a store counts as full without another try: who is told that
// it is sends nothing, and it would never be found to have room again.
const fullFor = time.Minute

// Refuses implements store.Refuser: ErrReadOnly where it is not Writable, ErrFull where
// the last commit found no room, less than a minute ago.
func (db *DB) Refuses(context.Context) error {
	if !db.Writable() {
		return store.ErrReadOnly
	}
	if at := db.tally.noRoom.Load(); at != 0 && time.Since(time.Unix(0, at)) < fullFor {
		return store.ErrFull
	}
	return nil
}

// Stats tells what the store has done since it was opened.
func (db *DB) Stats() Stats {
	s := Stats{Group: db.tally.group.Spread(), Commit: db.tally.commit.Spread(), Waiting: db.line.length(),
		Full: db.tally.full.Load(), Unknown: db.tally.unknown.Load()}
	db.mu.RLock()
	defer db.mu.RUnlock()
	if db.bolt == nil {
		return s
	}
	if info, err := db.file.Stat(); err == nil {
		s.FileSize = info.Size()
	}
	return s
}

// measured notes what a commit of some members came to.
func (c *counters) measured(members int, took time.Duration) {
	c.group.Observe(float64(members))
	c.commit.Observe(took.Seconds())
}

// length is how many wait for the turn.
func (l *line) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
