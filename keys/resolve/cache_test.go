package resolve

import (
	"fmt"
	"testing"
	"time"
)

func TestCacheBounds(t *testing.T) {
	c := newCache(time.Now)
	for i := range 3 * maxCacheEntries {
		id := fmt.Sprint("did:web:", i)
		c.put(id, &published{id: id}, 10)
		if p, ok := c.get(id); !ok || p.id != id {
			t.Fatalf("%s was not kept", id)
		}
	}
	if len(c.entries) != maxCacheEntries || c.bytes != 10*maxCacheEntries {
		t.Errorf("%d entries, %d bytes", len(c.entries), c.bytes)
	}
	c.put("large", &published{id: "large"}, maxCacheBytes-15)
	if len(c.entries) != 2 || c.bytes > maxCacheBytes {
		t.Errorf("%d entries, %d bytes", len(c.entries), c.bytes)
	}
	for range 3 {
		c.put("large", &published{id: "large"}, 7)
	}
	c.drop("none")
	sum := 0
	for _, e := range c.entries {
		sum += e.bytes
	}
	if c.bytes != sum || len(c.entries) != 2 {
		t.Errorf("%d bytes, counted %d", sum, c.bytes)
	}
}
