package lru_test

import (
	"strconv"
	"sync"
	"testing"

	"laurel/internal/lru"
)

func TestTheLeastRecentlyUsedLeavesFirst(t *testing.T) {
	m := lru.New[string, int](2)
	made := 0
	get := func(key string) int {
		return m.GetOrMake(key, func() int { made++; return made })
	}
	get("a")
	get("b")
	if get("a") != 1 {
		t.Error("a was made again")
	}
	if v, ok := m.Get("a"); v != 1 || !ok {
		t.Error("a is not found")
	}
	if _, ok := m.Get("c"); ok {
		t.Error("c is found before it was made")
	}
	get("c") // b leaves
	if get("a") != 1 || get("c") != 3 {
		t.Error("a or c left")
	}
	if get("b") != 4 {
		t.Error("b had stayed")
	}
	m.Get("c") // which counts as a use
	get("d")   // so b leaves
	if _, ok := m.Get("c"); !ok {
		t.Error("c left although it was asked for last")
	}
	if m.Len() != 2 {
		t.Errorf("%d values in a map of two", m.Len())
	}
}

func TestBoundHoldsUnderConcurrency(t *testing.T) {
	m := lru.New[int, string](10)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for n := range 500 {
				key := (n * (g + 1)) % 40
				if got := m.GetOrMake(key, func() string { return strconv.Itoa(key) }); got != strconv.Itoa(key) {
					t.Errorf("%d has %s", key, got)
				}
			}
		})
	}
	wg.Wait()
	if m.Len() != 10 {
		t.Errorf("%d values", m.Len())
	}
}

func TestWeighed(t *testing.T) {
	m := lru.NewWeighed[string](10, func(s string) int { return len(s) })
	m.Put("a", "aaaa")
	m.Put("b", "bbbb")
	m.Put("large", "more than ten")
	if _, ok := m.Get("large"); ok || m.Len() != 2 || m.Weight() != 8 {
		t.Errorf("%d values of %d", m.Len(), m.Weight())
	}
	m.Put("b", "bb")
	m.Get("a")
	m.Put("c", "ccccc")
	if _, ok := m.Get("b"); ok || m.Weight() != 9 {
		t.Errorf("b stayed: %d", m.Weight())
	}
	m.Put("d", "dddddddddd")
	if m.Len() != 1 || m.Weight() != 10 {
		t.Errorf("%d values of %d", m.Len(), m.Weight())
	}
}

func TestClear(t *testing.T) {
	m := lru.NewWeighed[string](10, func(n int) int { return n })
	m.Put("a", 4)
	m.Put("b", 5)
	m.Clear()
	if _, ok := m.Get("a"); ok || m.Len() != 0 || m.Weight() != 0 {
		t.Errorf("%d values that weigh %d are left", m.Len(), m.Weight())
	}
	m.Put("a", 6)
	m.Put("c", 4)
	if v, ok := m.Get("a"); !ok || v != 6 || m.Len() != 2 {
		t.Error("it does not begin anew")
	}
}
