package fetch

import (
	"container/list"
	"sync"
	"time"
)

const (
	maxCacheEntries = 1024
	maxCacheBytes   = 16 << 20
)

// cache keeps answers for a while, the least recently used leaving first. It is
// bounded by entries and by bytes, because strangers choose what is in it.
type cache struct {
	maxEntries, maxBytes int

	mu      sync.Mutex
	entries map[string]*list.Element // of *entry
	order   *list.List               // most recently used first
	bytes   int
}

type entry struct {
	key     string
	answer  answer
	expires time.Time
}

// overhead is roughly what an entry takes beside its texts.
const overhead = 512

func (e *entry) size() int {
	return overhead + len(e.key) + len(e.answer.body) + len(e.answer.contentType)
}

func newCache(maxEntries, maxBytes int) *cache {
	return &cache{maxEntries: maxEntries, maxBytes: maxBytes, entries: map[string]*list.Element{}, order: list.New()}
}

func (c *cache) get(key string, now time.Time) (answer, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	el := c.entries[key]
	if el == nil {
		return answer{}, false
	}
	e := el.Value.(*entry)
	if !now.Before(e.expires) {
		c.remove(el)
		return answer{}, false
	}
	c.order.MoveToFront(el)
	return e.answer, true
}

func (c *cache) put(key string, a answer, expires time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if el := c.entries[key]; el != nil {
		c.remove(el)
	}
	e := &entry{key: key, answer: a, expires: expires}
	c.entries[key] = c.order.PushFront(e)
	c.bytes += e.size()
	for len(c.entries) > c.maxEntries || c.bytes > c.maxBytes {
		c.remove(c.order.Back())
	}
}

func (c *cache) remove(el *list.Element) {
	e := c.order.Remove(el).(*entry)
	delete(c.entries, e.key)
	c.bytes -= e.size()
}
