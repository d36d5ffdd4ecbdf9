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
	// farAhead is how far ahead of now a moment lies that no clock of a service has
	// dated that was right, however badly two of them agree.
	farAhead = time.Minute
)

// clock remembers the latest moment that is on record.
type clock struct {
	latest atomic.Int64 // in nanoseconds since 1970; 0 before the first
	known  atomic.Bool  // the first look into the store was taken

	mu       sync.Mutex // for looking into the store, and of what follows
	looked   time.Time
	accepted int64 // Since of the last setting that was taken in
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

// Now is the time by which is issued: that of the clock, which stands still
// where it stepped back a little. What reads back what is signed (SelfCheck)
// goes by it too, or would find it not valid yet.
func (i *Issuer) Now() time.Time { return i.now() }

func (i *Issuer) now() time.Time {
	now := i.cfg.Now().UTC()
	if behind := i.clock.behind(now); behind > 0 && behind <= setback {
		return now.Add(behind)
	}
	return now
}

// Steady tells whether the clock can be believed: ErrClock, or the error of the
// store. While it cannot, nothing is issued and no key is made; what was issued
// is withdrawn as ever, and its JWTs and status lists are signed.
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

// setting says that what was put on record between two moments was dated by a
// clock that ran ahead.
type setting struct {
	Since time.Time `json:"since"` // when somebody said so, by a clock that is right
	Until time.Time `json:"until"` // the latest moment that was on record
}

func settingKey() []byte { return key("s") }

// lookAtRecord takes in what others, or an earlier run, have put on record.
// Whoever finds somebody looking does not wait, but for the first look: a glance
// is only now and then.
func (i *Issuer) lookAtRecord(ctx context.Context) error {
	c := &i.clock
	if !c.mu.TryLock() {
		if c.known.Load() {
			return nil
		}
		c.mu.Lock()
	}
	defer c.mu.Unlock()
	if c.known.Load() && time.Since(c.looked) < glance {
		return nil
	}
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var set setting
		if _, err := find(r, settingKey(), &set); err != nil {
			return err
		}
		c.heed(set)
		newest, err := newestRecord(r, later(set.Until, time.Unix(0, c.latest.Load())))
		if !newest.IsZero() {
			c.reach(newest.UnixNano())
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("looking for the latest moment on record: %w", err)
	}
	c.looked = time.Now()
	c.known.Store(true)
	return nil
}

// heed forgets what was remembered when somebody says that it was dated wrongly.
// What is on record after that is found there.
func (c *clock) heed(set setting) {
	if since := set.Since.UnixNano(); !set.Since.IsZero() && since != c.accepted {
		c.accepted = since
		c.latest.Store(since)
	}
}

// datedAhead tells of a moment on record that somebody said a clock has dated that ran
// ahead. What was dated rightly since cannot be told from it by this alone: who asks
// knows how far ahead the moment lies.
func datedAhead(r store.Reader, at time.Time) (bool, error) {
	var set setting
	_, err := find(r, settingKey(), &set)
	return at.After(set.Since) && !at.Truncate(time.Millisecond).After(set.Until), err
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// newestRecord is the time of the newest audit record after a moment, zero where
// there is none: they are ordered by it, and of each change there is one. Its
// sequence tells the time to the millisecond; what is not counted is not
// claimed.
func newestRecord(r store.Reader, than time.Time) (time.Time, error) {
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
	first := int(than.UnixMilli()) + 1
	if after(first) || failed != nil {
		return time.Time{}, failed
	}
	ms := first + sort.Search(moments-first, func(n int) bool { return after(first + n) })
	return time.UnixMilli(int64(ms - 1)).UTC(), failed
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
// the audit record. A clock that is not behind is left as it is. Until what was
// dated ahead has passed, records in between cannot be told from it: the clock
// is held against the moment of this, and what this process issues itself.
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
		var before setting
		if _, err := find(tx, settingKey(), &before); err != nil {
			return err
		}
		set.Until = later(set.Until, before.Until)
		newest, err := newestRecord(tx, set.Until)
		if err != nil {
			return err
		}
		set.Until = later(set.Until, newest)
		if err := store.PutJSON(tx, settingKey(), set); err != nil {
			return err
		}
		return putAudit(tx, seq, Event{At: now, Actor: actor, Action: "clock.accept"})
	})
	if err != nil {
		return fmt.Errorf("accepting the clock: %w", err)
	}
	i.clock.mu.Lock()
	defer i.clock.mu.Unlock()
	i.clock.heed(set)
	i.cfg.Log.WarnContext(ctx, "the clock was accepted", "now", now, "was", set.Until, "actor", actor)
	return nil
}
