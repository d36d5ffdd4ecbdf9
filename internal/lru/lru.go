// Package lru is a map of bounded size: what was not used for longest leaves
// first. It is for things that strangers name, such as addresses, whose number
// has no bound of its own.
//
// It does not expire anything and does not weigh its values. Start at New.
package lru

import (
	"container/list"
	"sync"
)

// Map holds at most a given number of values. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	limit int

	mu    sync.Mutex
	items map[K]*list.Element // of *item[K, V]
	order *list.List          // most recently used first
}

type item[K comparable, V any] struct {
	key   K
	value V
}

// New makes a map of at most limit values, one at least.
func New[K comparable, V any](limit int) *Map[K, V] {
	return &Map[K, V]{limit: max(limit, 1), items: map[K]*list.Element{}, order: list.New()}
}

// GetOrMake returns the value of a key, and one fresh from make where there is
// none yet. make runs under the map's lock: it only makes the value.
func (m *Map[K, V]) GetOrMake(key K, make func() V) V {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.items[key]; e != nil {
		m.order.MoveToFront(e)
		return e.Value.(*item[K, V]).value
	}
	value := make()
	m.items[key] = m.order.PushFront(&item[K, V]{key, value})
	if m.order.Len() > m.limit {
		oldest := m.order.Remove(m.order.Back()).(*item[K, V])
		delete(m.items, oldest.key)
	}
	return value
}

// Get returns the value of a key, where there is one.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := m.items[key]
	if e == nil {
		return value, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*item[K, V]).value, true
}

// Len returns the number of values held.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}
