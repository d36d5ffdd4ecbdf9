// Package limit keeps one caller from taking what is meant for all: how often
// an address may ask (Rate) or somebody with a rate of their own (Quota), how much
// is under way at once (Gate, Turn), and how much memory it takes (Room).
//
// It knows nothing of HTTP and looks at no header: who an address is, others say.
// Its memory is bounded whoever asks.
//
// Start at NewRate, NewQuota, NewGate and NewRoom.
package limit

import (
	"context"
	"net/netip"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"laurel/internal/lru"
	"laurel/internal/origin"
	"laurel/internal/shares"
)

// addresses bounds how many callers are remembered. An address that is
// forgotten starts afresh, which costs an attacker as many others.
const addresses = 1 << 16

// Rate counts what each address asks. It is safe for concurrent use.
type Rate struct {
	perMinute int
	now       func() time.Time
	known     *lru.Map[netip.Addr, *rate.Limiter]
}

// NewRate allows so many requests a minute to an address, all of them at once
// if it likes; none or fewer means no limit.
func NewRate(perMinute int, now func() time.Time) *Rate {
	return &Rate{perMinute: perMinute, now: now, known: lru.New[netip.Addr, *rate.Limiter](addresses)}
}

// Allow counts one request of an address (host:port or host, as net/http gives
// it). Where it is one too many, wait says when there is room for the next.
func (r *Rate) Allow(remote string) (ok bool, wait time.Duration) {
	if r.perMinute <= 0 {
		return true, 0
	}
	now := r.now()
	l := r.known.GetOrMake(origin.Of(remote), func() *rate.Limiter { return perMinute(r.perMinute) })
	wait = take(l, now)
	return wait == 0, wait
}

// perMinute allows so many a minute, all of them at once if one likes.
func perMinute(n int) *rate.Limiter { return rate.NewLimiter(rate.Limit(float64(n)/60), n) }

// take counts one request, or none and how long to wait for room for it.
func take(l *rate.Limiter, now time.Time) (wait time.Duration) {
	reservation := l.ReserveN(now, 1)
	if wait = reservation.DelayFrom(now); wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}

// names bounds how many are remembered who have a rate of their own.
const names = 1 << 14

// Quota counts what callers ask who each have a rate of their own. It is safe
// for concurrent use.
type Quota struct {
	now   func() time.Time
	known *lru.Map[string, *rate.Limiter]
}

// NewQuota makes a Quota.
func NewQuota(now func() time.Time) *Quota {
	return &Quota{now: now, known: lru.New[string, *rate.Limiter](names)}
}

// Balance is what a caller has left.
type Balance struct {
	Left  int           // requests that may be made at once
	Whole time.Duration // until as many may be made as at first
	Wait  time.Duration // until there is room for the request; 0: it was counted
}

// Take counts one request of a name whose rate is so many a minute, one at least;
// the rate of a name stays.
func (q *Quota) Take(name string, each int) Balance {
	now, l := q.now(), q.known.GetOrMake(name, func() *rate.Limiter { return perMinute(each) })
	b := Balance{Wait: take(l, now)}
	tokens := max(l.TokensAt(now), 0)
	b.Left = int(tokens)
	b.Whole = time.Duration((float64(each) - tokens) * float64(time.Minute) / float64(each))
	return b
}

// Room bounds how many bytes are held at once, by all addresses together and by
// each of them. It is safe for concurrent use.
type Room struct {
	bytes    *shares.Pool[netip.Addr]
	size     int64
	patience time.Duration
	held     atomic.Int64
	refused  atomic.Uint64
}

// Use is how much of a room is taken.
type Use struct {
	Held    int64  // bytes, now
	Refused uint64 // who found no place, since the start
}

// Use tells how much of the room is taken.
func (r *Room) Use() Use { return Use{Held: r.held.Load(), Refused: r.refused.Load()} }

// NewRoom makes room for size bytes, and for share of them to one address. Who
// finds none waits for it as long as patience lasts.
func NewRoom(size, share int64, patience time.Duration) *Room {
	return &Room{bytes: shares.New[netip.Addr](size, share), size: size, patience: patience}
}

// Take waits for room for n bytes for an address (as Rate.Allow has it), in the
// order of asking; more than the whole of it takes the whole. The caller calls
// leave when it holds them no more; without an error only. The errors are
// ErrFull, and that of ctx.
func (r *Room) Take(ctx context.Context, remote string, n int64) (leave func(), err error) {
	waiting, stop := context.WithTimeout(ctx, r.patience)
	defer stop()
	give, err := r.bytes.Take(waiting, origin.Of(remote), n)
	if err != nil && ctx.Err() == nil {
		r.refused.Add(1)
		err = ErrFull
	}
	if err != nil {
		return nil, err
	}
	n = min(n, r.size)
	r.held.Add(n)
	return func() { r.held.Add(-n); give() }, nil
}
