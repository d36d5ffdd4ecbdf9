package issuer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"laurel/store"
)

// What is made after the commit has to be made some time, not now: one RS256
// signature costs as much as a dozen badges. So whoever makes it rests while
// badges are issued, but makes first, and at once, what somebody waits for.

const (
	// rests is how many times as long the maker rests, while badges are issued,
	// as it worked: it takes an eighth of one processor then.
	rests = 7

	// calm is how long no badge must have been issued for the maker not to rest.
	calm = 50 * time.Millisecond
)

// pace tells the maker when to rest, and what is waited for.
type pace struct {
	issued atomic.Int64 // when a badge was issued last, in Unix nanoseconds

	mu     sync.Mutex
	wanted map[place]struct{}
	asked  chan struct{} // holds one where something came to be wanted
}

// place is where a badge stands in the queues.
type place struct{ issuer, seq string }

func newPace() *pace {
	return &pace{wanted: map[place]struct{}{}, asked: make(chan struct{}, 1)}
}

// now notes that a badge was issued. It is the real clock's, which alone tells
// what keeps the processors busy.
func (p *pace) now() { p.issued.Store(time.Now().UnixNano()) }

// want puts a badge before all others, once.
func (p *pace) want(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted[at] = struct{}{}
	select {
	case p.asked <- struct{}{}:
	default:
	}
}

// take returns what is wanted of an issuer's badges and forgets it: what cannot
// be made must not be tried again and again.
func (p *pace) take(issuer string) (list []queued) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at := range p.wanted {
		if at.issuer == issuer {
			list = append(list, queued{issuer: at.issuer, seq: at.seq})
			delete(p.wanted, at)
		}
	}
	return list
}

// forget ends the wanting of a badge.
func (p *pace) forget(at place) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.wanted, at)
}

// pressed reports whether somebody waits.
func (p *pace) pressed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.wanted) > 0
}

// rest lets those who issue go first, after so much work.
func (p *pace) rest(ctx context.Context, worked time.Duration) {
	if p.pressed() || time.Since(time.Unix(0, p.issued.Load())) > calm {
		return
	}
	select {
	case <-p.asked:
	case <-ctx.Done():
	case <-time.After(rests * worked):
	}
}

// wantedJWTs are those of an issuer's badges that somebody waits for and that
// are still to be made.
func (i *Issuer) wantedJWTs(ctx context.Context, issuer string) ([]queued, error) {
	wanted := i.pace.take(issuer)
	if len(wanted) == 0 {
		return nil, nil
	}
	var batch []queued
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		batch = nil
		for _, q := range wanted {
			if waits, err := exists(r, jwtQueueKey(q.issuer, q.seq)); err != nil {
				return err
			} else if waits {
				batch = append(batch, q)
			}
		}
		return nil
	})
	return batch, err
}
