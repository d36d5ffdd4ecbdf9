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
