// Package shares bounds what is in use at once: by all together, and by each of
// those who are told apart, such as hosts or addresses, so that one of them
// cannot take all of it.
//
// It does not know what is shared, nor for how long. Start at New.
package shares

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Pool holds a quantity, of which each key may have a share. It is safe for
// concurrent use.
type Pool[K comparable] struct {
	all        *semaphore.Weighted
	size, each int64

	mu     sync.Mutex
	shares map[K]*share // of those that hold or wait, and of no others
}

type share struct {
	*semaphore.Weighted
	users int // holding or waiting
}

// New makes a pool of size, of which one key may have each.
func New[K comparable](size, each int64) *Pool[K] {
	return &Pool[K]{all: semaphore.NewWeighted(size), size: size, each: each, shares: map[K]*share{}}
}

// Take waits for n, in the order of asking, until ctx ends; its error is that of
// ctx. More than the whole takes the whole, and all that one may have is taken
// from its share. The share comes first: who has used up its own must not hold a
// place that others could use. The caller calls release once, without an error
// only.
func (p *Pool[K]) Take(ctx context.Context, of K, n int64) (release func(), err error) {
	n, own := min(n, p.size), min(n, p.each)
	s := p.join(of)
	if err := s.Acquire(ctx, own); err != nil {
		p.leave(of)
		return nil, err
	}
	if err := p.all.Acquire(ctx, n); err != nil {
		s.Release(own)
		p.leave(of)
		return nil, err
	}
	return func() {
		p.all.Release(n)
		s.Release(own)
		p.leave(of)
	}, nil
}

func (p *Pool[K]) join(of K) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shares[of]
	if s == nil {
		s = &share{Weighted: semaphore.NewWeighted(p.each)}
		p.shares[of] = s
	}
	s.users++
	return s
}

func (p *Pool[K]) leave(of K) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.shares[of]; s.users > 1 {
		s.users--
	} else {
		delete(p.shares, of)
	}
}
