// Package cache keeps answers to public reads as they went out, for whoever asks
// the same within the same second.
//
// An answer is given again only where it would come out alike: every key of the
// store that it was made of is as it was (package store notes them, so that
// nothing can be forgotten), and so are the keys and lists that stand beside the
// store; and the clock shows the second in which it was made, so that nothing
// that begins or ends at a moment can pass unseen. All of that is looked at for
// each request, in a snapshot that begins after the request, so a change that was
// acknowledged shows in the next answer, whichever replica made it.
//
// It refuses whatever could depend on who asks: requests with a token, a body or
// any parameter but the language. What it holds is bounded in bytes. Start at New.
package cache

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"laurel/api/wire"
	"laurel/internal/lru"
	"laurel/store"
)

const (
	// DefaultBytes is how much is held as a rule.
	DefaultBytes = 32 << 20
	// largest is the largest body that is kept, in bytes.
	largest = 512 << 10
	// rounds is how often a request waits for another that makes the same answer.
	rounds = 3
)

// Config is what a Cache works with; all fields are required.
type Config struct {
	Store store.Store
	// Changes counts the changes of all that answers rest on beside the store and
	// the clock.
	Changes func() uint64
	Now     func() time.Time
	Bytes   int // how much is held
}

// Cache keeps answers. It is safe for concurrent use; a nil Cache keeps nothing.
type Cache struct {
	cfg  Config
	kept *lru.Map[key, *Answer]

	mu     sync.Mutex
	making map[key]chan struct{} // closed when the answer is made
	second int64                 // since 1970, of the answers that are kept

	hits, misses, stale atomic.Uint64
}

// New makes a Cache.
func New(cfg Config) *Cache {
	return &Cache{cfg: cfg, kept: lru.NewWeighed[key](cfg.Bytes, (*Answer).weight), making: map[key]chan struct{}{}}
}

// Stats are counts since New, and what is held now.
type Stats struct {
	Hits   uint64 // requests that got an answer that was kept
	Misses uint64 // requests for which one was made
	Stale  uint64 // answers that were kept and did not count any more, but for their second
	Bytes  int
	Held   int // answers
}

// Stats tells how well it works.
func (c *Cache) Stats() Stats {
	if c == nil {
		return Stats{}
	}
	return Stats{c.hits.Load(), c.misses.Load(), c.stale.Load(), c.kept.Weight(), c.kept.Len()}
}

// Find returns the answer to a request where one is kept that counts.
func (c *Cache) Find(r *http.Request) *Answer {
	if c == nil {
		return nil
	}
	k, ok := keyOf(r)
	if !ok {
		return nil
	}
	return c.find(r.Context(), k)
}

func (c *Cache) find(ctx context.Context, k key) *Answer {
	a, ok := c.kept.Get(k)
	if !ok || a.second != c.cfg.Now().Unix() {
		return nil
	}
	if a.changes != c.cfg.Changes() || !c.same(ctx, a) {
		c.stale.Add(1)
		return nil
	}
	c.hits.Add(1)
	return a
}

// same asks the store whether an answer would come out alike. A store that cannot
// tell is for the handler to meet.
func (c *Cache) same(ctx context.Context, a *Answer) (same bool) {
	err := c.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		at, knows := r.(store.Versioned)
		if knows {
			if seen := a.seen.Load(); seen != nil && *seen == at.Version() {
				same = true
				return nil
			}
		}
		if same, err = a.reads.Same(r); same && knows {
			v := at.Version()
			a.seen.Store(&v)
		}
		return err
	})
	return err == nil && same
}

// Kept is a handler whose answers are kept. Of several requests for the same at
// once one makes it, and the others wait. admit counts what counts as a
// verification, as the handler does.
func (c *Cache) Kept(handle wire.Handler, admit func(*http.Request) error) wire.Handler {
	if c == nil {
		return handle
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		k, ok := keyOf(r)
		if !ok {
			return handle(w, r)
		}
		for range rounds {
			if a := c.find(r.Context(), k); a != nil {
				if a.counts {
					if err := admit(r); err != nil {
						return err
					}
				}
				a.Write(w, r, nil)
				return nil
			}
			made, mine := c.begin(k)
			if mine {
				defer c.end(k)
				return c.make(w, r, k, handle)
			}
			select {
			case <-made:
			case <-r.Context().Done():
				return r.Context().Err()
			}
		}
		return handle(w, r)
	}
}

func (c *Cache) begin(k key) (made chan struct{}, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	made, ok := c.making[k]
	if !ok {
		made = make(chan struct{})
		c.making[k] = made
	}
	return made, !ok
}

func (c *Cache) end(k key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.making[k])
	delete(c.making, k)
}

// keep keeps an answer, and none of other seconds, which nobody gets any more.
func (c *Cache) keep(k key, a *Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.second != a.second {
		c.second = a.second
		c.kept.Clear()
	}
	c.kept.Put(k, a)
}

// make has an answer made and keeps it. What it rests on beside the store is
// looked at before, so that a change meanwhile is one since. What ends with a
// second is in force at its first instant and at no later one, so an answer of
// that instant is good for it alone.
func (c *Cache) make(w http.ResponseWriter, r *http.Request, k key, handle wire.Handler) error {
	c.misses.Add(1)
	now := c.cfg.Now()
	a := &Answer{second: now.Unix(), changes: c.cfg.Changes()}
	ctx, reads := store.WithReads(r.Context())
	ctx, counted := wire.WithCounted(ctx)
	made := &recorder{ResponseWriter: w}
	if err := handle(made, unconditional(r.WithContext(ctx))); err != nil {
		return err
	}
	a.take(made, r)
	a.counts = counted.Load()
	if size, whole := reads.Whole(); whole && now.Nanosecond() > 0 && a.keepable() {
		a.reads, a.size = reads, size
		c.keep(k, a)
	}
	a.Write(w, r, nil)
	return nil
}
