package resolve

import (
	"sync"
	"time"
)

const (
	// maxAge is how long a document is believed without asking again; a key
	// revoked is seen after that at the latest.
	maxAge = 5 * time.Minute
	// refreshAge is the age from which a document in which something was
	// missing is fetched anew: at most once in that time for each document.
	refreshAge = time.Minute

	maxCacheEntries = 1024
	maxCacheBytes   = 32 << 20 // of documents as they were fetched
)

// cache keeps what was fetched and could be read, under its exact DID or
// address. Failures are not kept.
type cache struct {
	now func() time.Time

	mu      sync.Mutex
	entries map[string]cached
	bytes   int
}

type cached struct {
	published *published
	fetched   time.Time
	bytes     int
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: map[string]cached{}}
}

// get returns what is kept and its age, if that is below limit. What lies in
// the future, because the clock was set back, counts as old.
func (c *cache) get(id string, limit time.Duration) (*published, time.Duration, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	age := c.now().Sub(e.fetched)
	if !ok || age < 0 || age >= limit {
		return nil, 0, false
	}
	return e.published, age, true
}

func (c *cache) put(id string, p *published, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop(id)
	c.entries[id] = cached{p, c.now(), bytes}
	c.bytes += bytes
	// Any victim will do: losing one costs a fetch, and strangers who fill the
	// cache fill it with their own.
	for victim := range c.entries {
		if len(c.entries) <= maxCacheEntries && c.bytes <= maxCacheBytes {
			return
		}
		if victim != id {
			c.drop(victim)
		}
	}
}

func (c *cache) drop(id string) {
	if e, ok := c.entries[id]; ok {
		c.bytes -= e.bytes
		delete(c.entries, id)
	}
}
