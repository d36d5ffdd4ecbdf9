package fetch

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// slots bounds how many requests are under way, in all and for one host.
type slots struct {
	all     *semaphore.Weighted
	perHost int64

	mu    sync.Mutex
	hosts map[string]*hostSlots // those in use, and no others
}

type hostSlots struct {
	*semaphore.Weighted
	users int // holding or waiting
}

func newSlots(all, perHost int64) *slots {
	return &slots{all: semaphore.NewWeighted(all), perHost: perHost, hosts: map[string]*hostSlots{}}
}

// take waits for a turn, until ctx ends. The host's comes first: who waits for a
// slow host must not hold a place that others could use.
func (s *slots) take(ctx context.Context, host string) (release func(), err error) {
	h := s.join(host)
	if err := h.Acquire(ctx, 1); err != nil {
		s.leave(host)
		return nil, err
	}
	if err := s.all.Acquire(ctx, 1); err != nil {
		h.Release(1)
		s.leave(host)
		return nil, err
	}
	return func() {
		s.all.Release(1)
		h.Release(1)
		s.leave(host)
	}, nil
}

func (s *slots) join(host string) *hostSlots {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.hosts[host]
	if h == nil {
		h = &hostSlots{Weighted: semaphore.NewWeighted(s.perHost)}
		s.hosts[host] = h
	}
	h.users++
	return h
}

func (s *slots) leave(host string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.hosts[host]; h.users > 1 {
		h.users--
	} else {
		delete(s.hosts, host)
	}
}
