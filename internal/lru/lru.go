// Package lru is a map of bounded size: what was not used for longest leaves
// first. It is for things that strangers name, such as addresses, whose number
// has no bound of its own.
//
// It does not expire anything. Start at New, or at NewWeighed where values differ
// much in size.
package lru

import (
	"container/list"
	"sync"
)

// Map holds at most a given number or weight of values. It is safe for concurrent
// use.
type Map[K comparable, V any] struct {
	limit int
	weigh func(V) int

	mu     sync.Mutex
	items  map[K]*list.Element // of *item[K, V]
	order  *list.List          // most recently used first
	weight int
}

type item[K comparable, V any] struct {
	key    K
	value  V
	weight int
}

// New makes a map of at most limit values, one at least.
func New[K comparable, V any](limit int) *Map[K, V] {
	return NewWeighed[K](max(limit, 1), func(V) int { return 1 })
}

// NewWeighed makes a map of values that weigh at most limit together. A value
// weighs the same for as long as it is held; one above the limit is not held.
func NewWeighed[K comparable, V any](limit int, weigh func(V) int) *Map[K, V] {
	return &Map[K, V]{limit: limit, weigh: weigh, items: map[K]*list.Element{}, order: list.New()}
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
	m.put(key, value)
	return value
}

// Put sets the value of a key.
func (m *Map[K, V]) Put(key K, value V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if e := m.items[key]; e != nil {
		m.drop(e)
	}
	m.put(key, value)
}

func (m *Map[K, V]) put(key K, value V) {
	it := &item[K, V]{key, value, m.weigh(value)}
	if it.weight > m.limit {
		return
	}
	m.items[key] = m.order.PushFront(it)
	for m.weight += it.weight; m.weight > m.limit; {
		m.drop(m.order.Back())
	}
}

func (m *Map[K, V]) drop(e *list.Element) {
	gone := m.order.Remove(e).(*item[K, V])
	m.weight -= gone.weight
	delete(m.items, gone.key)
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

// Clear drops all.
func (m *Map[K, V]) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items, m.weight = map[K]*list.Element{}, 0
	m.order.Init()
}

// Len returns the number of values held.
func (m *Map[K, V]) Len() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.order.Len()
}

// Weight returns what the values held weigh together.
func (m *Map[K, V]) Weight() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.weight
}
