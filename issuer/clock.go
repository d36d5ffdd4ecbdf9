package issuer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sort"
	"sync"
	"sync/atomic"
	"time"

	"laurel/store"
)

const (
	// setback is how far a clock may step back before it is not believed: as
	// much as keeping it in time takes. Within it the time stands still.
	setback = 5 * time.Second
	// glance is how often it is looked at what other replicas put on record.
	glance = 5 * time.Second
)

// clock remembers the latest moment that is on record, or about to be.
type clock struct {
	latest   atomic.Int64 // in nanoseconds since 1970; 0 before the first
	accepted atomic.Int64 // Since of the last setting that was taken in

	mu     sync.Mutex // for looking into the store
	looked time.Time
}

// behind is how far a moment lies before the latest one, at least 0.
func (c *clock) behind(now time.Time) time.Duration {
	return max(time.Duration(c.latest.Load()-now.UnixNano()), 0)
}

// reach moves the latest moment on.
func (c *clock) reach(at int64) {
	for {
		latest := c.latest.Load()
		if at <= latest || c.latest.CompareAndSwap(latest, at) {
			return
		}
	}
}

// now is the time of the clock, which stands still where it stepped back a
// little.
func (i *Issuer) now() time.Time {
	now := i.cfg.Now().UTC()
	if behind := i.clock.behind(now); behind > 0 && behind <= setback {
		return now.Add(behind)
	}
	return now
}

// Steady tells whether the clock can be believed: ErrClock, or the error of the
// store. While it cannot, nothing is signed; what was is withdrawn as ever.
func (i *Issuer) Steady(ctx context.Context) error {
	if err := i.lookAtRecord(ctx); err != nil {
		return err
	}
	now := i.cfg.Now().UTC()
	if behind := i.clock.behind(now); behind > setback {
		return fmt.Errorf("%w: it shows %s, and %s is on record", ErrClock, now.Format(time.RFC3339), now.Add(behind).Format(time.RFC3339))
	}
	return nil
}

// onTime refuses to sign with a clock that is not steady: the dates of badges,
// and of their records, would lie before what was signed earlier, and the order
// of the records is what tells a badge from one that a thief dates back.
func (i *Issuer) onTime(ctx context.Context) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	i.clock.reach(i.now().UnixNano())
	return nil
}

// setting says that what was put on record between two moments was dated by a
// clock that ran ahead.
type setting struct {
	Since time.Time `json:"since"` // when somebody said so, by a clock that is right
	Until time.Time `json:"until"` // the latest moment that was on record
}

func (s setting) covers(at int64) bool { return at > s.Since.UnixNano() && at <= s.Until.UnixNano() }

func settingKey() []byte { return key("s") }

// lookAtRecord takes in what others, or an earlier run, have put on record.
// Whoever finds somebody looking does not wait: a glance is only now and then.
func (i *Issuer) lookAtRecord(ctx context.Context) error {
	c := &i.clock
	if !c.mu.TryLock() {
		return nil
	}
	defer c.mu.Unlock()
	if !c.looked.IsZero() && time.Since(c.looked) < glance {
		return nil
	}
	var set setting
	var newest time.Time
	err := i.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		set = setting{}
		if _, err = find(r, settingKey(), &set); err == nil {
			newest, err = newestRecord(r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for the latest moment on record: %w", err)
	}
	c.looked = time.Now()
	c.take(set, newest)
	return nil
}

// take believes what is on record, but for what somebody said was dated wrongly.
func (c *clock) take(set setting, newest time.Time) {
	if since := set.Since.UnixNano(); !set.Since.IsZero() && c.accepted.Swap(since) != since {
		if set.covers(c.latest.Load()) {
			c.latest.Store(since)
		}
		c.reach(since)
	}
	if !newest.IsZero() && !set.covers(newest.UnixNano()) {
		c.reach(newest.UnixNano())
	}
}

// newestRecord is the time of the newest audit record, zero where there is none:
// they are ordered by it, and of each change there is one. Its sequence tells
// the time to the millisecond; what is not counted is not claimed.
func newestRecord(r store.Reader) (time.Time, error) {
	var failed error
	after := func(ms int) (none bool) { // whether there is no record from that millisecond on
		none = true
		if failed == nil {
			failed = r.Scan(auditKey(""), auditKey(momentText(uint64(ms))), func([]byte, []byte) error {
				none = false
				return store.ErrStop
			})
		}
		return none
	}
	const moments = 1 << 48
	ms := sort.Search(moments, after)
	if failed != nil || ms == 0 {
		return time.Time{}, failed
	}
	return time.UnixMilli(int64(ms - 1)).UTC(), nil
}

// momentText is the beginning of every sequence of a millisecond.
func momentText(ms uint64) string {
	return hex.EncodeToString([]byte{byte(ms >> 40), byte(ms >> 32), byte(ms >> 24), byte(ms >> 16), byte(ms >> 8), byte(ms)})
}

// Moments are the time of the clock and the latest that it is held against.
type Moments struct {
	Now    time.Time `json:"now"`
	Latest time.Time `json:"latest"`
}

// Behind tells that the clock is not believed.
func (m Moments) Behind() bool { return m.Latest.Sub(m.Now) > setback }

// Moments tells how the clock stands to what is on record.
func (i *Issuer) Moments(ctx context.Context) (Moments, error) {
	if err := i.lookAtRecord(ctx); err != nil {
		return Moments{}, err
	}
	return Moments{Now: i.cfg.Now().UTC(), Latest: time.Unix(0, i.clock.latest.Load()).UTC()}, nil
}

// AcceptClock says that the clock is right and that it ran ahead before: what
// it dated into the future then does not hold up what comes now. It is put on
// the audit record. A clock that is not behind is left as it is.
func (i *Issuer) AcceptClock(ctx context.Context, actor string) error {
	if err := i.Steady(ctx); !errors.Is(err, ErrClock) {
		return err
	}
	now := i.cfg.Now().UTC()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return err
	}
	set := setting{Since: now, Until: now.Add(i.clock.behind(now))}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if err := putJSON(tx, settingKey(), set); err != nil {
			return err
		}
		return putAudit(tx, seq, Event{At: now, Actor: actor, Action: "clock.accept"})
	})
	if err != nil {
		return fmt.Errorf("accepting the clock: %w", err)
	}
	i.clock.mu.Lock()
	defer i.clock.mu.Unlock()
	i.clock.take(set, time.Time{})
	i.cfg.Log.WarnContext(ctx, "the clock was accepted", "now", now, "was", set.Until, "actor", actor)
	return nil
}
