package resolve

import (
	"sync"
	"time"
)

const (
	// maxAge is how long a document is believed without asking again; a key
	// revoked is seen after that at the latest.
	maxAge = 5 * time.Minute
	// refreshAge bounds how often a document is fetched before its time, because
	// a key was missing in it or a proof failed with it: at most once in that
	// time for each document, whatever came of it. Forged badges can cause no
	// more requests to a host than that.
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
	early     time.Time // when it was last asked for before its time
	failed    error     // what kept that from being answered
}

func newCache(now func() time.Time) *cache {
	return &cache{now: now, entries: map[string]cached{}}
}

// get returns what is kept and not too old. What lies in the future, because
// the clock was set back, counts as old.
func (c *cache) get(id string) (*published, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	age := c.now().Sub(e.fetched)
	if !ok || age < 0 || age >= maxAge {
		return nil, false
	}
	return e.published, true
}

// fetched tells when a document that is kept was fetched.
func (c *cache) fetched(id string) (at time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	return e.fetched, ok
}

// askEarly tells whether a document may be asked for before its time, and notes
// that it is. Where it may not, the error is what came of the time before.
func (c *cache) askEarly(id string) (allowed bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[id]
	if !ok {
		return false, nil
	}
	if since := c.now().Sub(e.early); since >= 0 && since < refreshAge {
		return false, e.failed
	}
	e.early, e.failed = c.now(), nil
	c.entries[id] = e
	return true, nil
}

// askedEarly notes that nothing was learnt by it.
func (c *cache) askedEarly(id string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.entries[id]; ok {
		e.failed = err
		c.entries[id] = e
	}
}

func (c *cache) put(id string, p *published, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	early := c.entries[id].early
	c.drop(id)
	c.entries[id] = cached{published: p, fetched: c.now(), bytes: bytes, early: early}
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
