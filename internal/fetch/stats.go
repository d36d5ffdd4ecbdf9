package fetch

import (
	"errors"
	"sync/atomic"

	"laurel/internal/tally"
)

// counters are what Stats tells of.
type counters struct {
	results tally.Counts
	kept    atomic.Uint64
	seconds *tally.Histogram
}

// good is the result of a request that was answered.
const good = "ok"

// results are the words for what requests came to.
var results = map[Kind]string{Blocked: "blocked", Unreachable: "unreachable", Timeout: "timeout", TooLarge: "too_large",
	Status: "status", Redirect: "redirect", Busy: "busy", Canceled: "canceled"}

func newCounters() counters {
	kinds := []string{good}
	for _, word := range results {
		kinds = append(kinds, word)
	}
	return counters{results: tally.Of(kinds...), seconds: tally.Seconds()}
}

// asked counts what a request came to.
func (c *counters) asked(err error) {
	var e *Error
	switch {
	case err == nil:
		c.results.Add(good)
	case errors.As(err, &e):
		c.results.Add(results[e.Kind])
	}
}

// Stats is what a Client has done since it was made.
type Stats struct {
	Results map[string]uint64 // requests by what they came to: ok, or why there was no answer
	Seconds tally.Spread      // that requests took which were sent
	Kept    uint64            // calls that were answered from what was kept
	Entries int               // answers that are kept now
	Bytes   int               // and what they take
}

// Stats tells what the Client has done since it was made.
func (c *Client) Stats() Stats {
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	return Stats{Results: c.counters.results.Numbers(), Seconds: c.counters.seconds.Spread(), Kept: c.counters.kept.Load(),
		Entries: len(c.cache.entries), Bytes: c.cache.bytes}
}
