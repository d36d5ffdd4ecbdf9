package api

import (
	"testing"
	"time"
)

// TestSeldom: a state that every request meets is told once a minute, with how
// many met it meanwhile, and each state by itself.
func TestSeldom(t *testing.T) {
	var s seldom
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		code   string
		after  time.Duration
		untold int
		ok     bool
	}{
		{"storage_full", 0, 0, true},
		{"storage_full", time.Second, 0, false},
		{"read_only", time.Second, 0, true},
		{"storage_full", 59 * time.Second, 0, false},
		{"storage_full", 61 * time.Second, 2, true},
		{"storage_full", 62 * time.Second, 0, false},
		{"storage_full", 3 * time.Minute, 1, true},
	} {
		if untold, ok := s.tell(c.code, at.Add(c.after)); untold != c.untold || ok != c.ok {
			t.Errorf("%s after %v: %d, %t", c.code, c.after, untold, ok)
		}
	}
}
