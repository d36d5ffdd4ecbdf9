package shares

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestPool: the bound on all, and no leak of counters, under a fake clock.
func TestPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New[string](3, 2)
		var now, most, refused atomic.Int64
		for i := range 40 {
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				release, err := s.Take(ctx, fmt.Sprintf("host-%d", i%10), 1)
				if err != nil {
					refused.Add(1)
					return
				}
				n := now.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				time.Sleep(time.Second)
				now.Add(-1)
				release()
			}()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if most.Load() != 3 || now.Load() != 0 {
			t.Errorf("%d at once, %d left, want 3 and 0", most.Load(), now.Load())
		}
		// Three places for five seconds serve fifteen or so; the others gave up.
		if n := refused.Load(); n < 22 || n > 28 {
			t.Errorf("%d gave up", n)
		}
		if len(s.shares) != 0 {
			t.Errorf("%d hosts are still counted", len(s.shares))
		}
	})
}

// TestShare: one that has all it may have waits, and nobody waits for it.
func TestShare(t *testing.T) {
	p := New[string](10, 4)
	first, err := p.Take(t.Context(), "a", 4)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := p.Take(ctx, "a", 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("beyond its share: %v", err)
	}
	other, err := p.Take(t.Context(), "b", 4)
	if err != nil {
		t.Fatal(err)
	}
	first()
	other()
	whole, err := p.Take(t.Context(), "a", 100)
	if err != nil {
		t.Fatal(err)
	}
	whole()
	if len(p.shares) != 0 {
		t.Errorf("%d are still counted", len(p.shares))
	}
}
