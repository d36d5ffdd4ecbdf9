package store

import (
	"context"
	"errors"
	"time"
)

// How long KeepWritable waits before it looks, and between attempts that fail.
const (
	lookEvery    = time.Second
	longestPause = time.Minute
)

// KeepWritable reopens a store as soon as it has turned read-only, until ctx
// ends or the store was left for another one. What fails is tried again, less and
// less often. told is called after each attempt, with nil when the store takes
// changes again.
func KeepWritable(ctx context.Context, s Reopener, told func(error)) {
	pause := lookEvery
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if s.Writable() {
			pause = lookEvery
			continue
		}
		err := s.Reopen(ctx)
		if ctx.Err() != nil || errors.Is(err, ErrMoved) {
			return
		}
		if told(err); err != nil {
			pause = min(2*pause, longestPause)
		} else {
			pause = lookEvery
		}
	}
}
