package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/store"
)

const (
	// rhythm is how often is looked for what is due.
	rhythm = time.Second
	// lease is how long a delivery belongs to who tries it: longer than a turn
	// and a request together, so that nobody else tries it meanwhile, and soon
	// over after a crash.
	lease = 90 * time.Second
	// widest is how many deliveries of one hook are under way at once while its
	// receiver takes them. After a failure it is one, so that a receiver that
	// does not answer holds one place and no more.
	widest = 4
	// maxPending bounds the deliveries of one hook that wait. Events beyond it
	// stay in the audit log, which is the queue behind the queue.
	maxPending = 1000
	// spreadBatch is how many deliveries are queued in one Update.
	spreadBatch = 200
	// kept is how many deliveries that are over are kept for each hook, and
	// sweepAfter how many more there may be until some are removed.
	kept, sweepAfter = 500, 100
)

// Run delivers until ctx ends. Each hook is worked for by itself, so that none
// waits for another's receiver. What fails in the store is tried again, and told
// once a minute.
func (h *Hooks) Run(ctx context.Context) error {
	if err := h.clearOrphans(ctx); err != nil && ctx.Err() == nil {
		h.cfg.Log.ErrorContext(ctx, "clearing deleted webhooks", "error", err)
	}
	c := crew{h: h, at: map[string]*worker{}, done: make(chan *worker)}
	ticker := time.NewTicker(rhythm)
	defer ticker.Stop()
	var told time.Time
	for {
		err := c.start(ctx)
		if err != nil && ctx.Err() == nil && time.Since(told) > time.Minute {
			told = time.Now()
			h.cfg.Log.ErrorContext(ctx, "looking for webhooks to call", "error", err)
		}
		select {
		case <-ctx.Done():
			for ; c.busy > 0; c.busy-- {
				<-c.done
			}
			return ctx.Err()
		case w := <-c.done:
			c.ended(ctx, w)
		case <-h.kick:
		case <-ticker.C:
		}
	}
}

// crew is the workers; all but their work belongs to one goroutine.
type crew struct {
	h    *Hooks
	at   map[string]*worker // by hook
	busy int
	done chan *worker
}

// worker works for one hook.
type worker struct {
	h     *Hooks
	hook  string
	busy  bool
	width int // how many at once
	marks int // deliveries that were over since some were removed
	err   error
	told  time.Time
}

// start sets to work where there is something to do.
func (c *crew) start(ctx context.Context) error {
	ids, err := c.h.due(ctx)
	for _, id := range ids {
		if c.at[id] == nil {
			c.at[id] = &worker{h: c.h, hook: id, width: 1, marks: sweepAfter}
		}
		if w := c.at[id]; !w.busy {
			w.busy = true
			c.busy++
			go func() { w.err = w.work(ctx); c.done <- w }()
		}
	}
	return err
}

func (c *crew) ended(ctx context.Context, w *worker) {
	w.busy = false
	c.busy--
	if w.err != nil && ctx.Err() == nil && time.Since(w.told) > time.Minute {
		w.told = time.Now()
		c.h.cfg.Log.ErrorContext(ctx, "delivering", "webhook", w.hook, "error", w.err)
	}
}

// due lists the enabled hooks that have something to do.
func (h *Hooks) due(ctx context.Context) (ids []string, err error) {
	now := h.now()
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		ids = nil
		size, err := auditlog.Size(r)
		if err != nil {
			return err
		}
		hooks, err := h.list(r, anyIssuer)
		if err != nil {
			return err
		}
		for _, hook := range hooks {
			if hook.Disabled != "" {
				continue
			}
			var next int64
			if err := get(r, progressKey(hook.ID), &next); err != nil {
				return fmt.Errorf("webhook %s: %w", hook.ID, err)
			}
			queued, err := queued(r, hook.ID, now, 1)
			if err != nil {
				return err
			}
			if next < size || len(queued) > 0 {
				ids = append(ids, hook.ID)
			}
		}
		return nil
	})
	return ids, err
}

// queued lists the first pending deliveries of a hook that are due.
func queued(r store.Reader, hook string, now time.Time, most int) (seqs []string, err error) {
	err = r.Scan(queuePrefix(hook), nil, func(k, _ []byte) error {
		_, seq, due, err := parseQueueKey(k)
		if err != nil {
			return err
		}
		if len(seqs) == most || due.After(now) {
			return store.ErrStop
		}
		seqs = append(seqs, seq)
		return nil
	})
	return seqs, err
}

// work queues what is new and delivers what is due, until there is neither.
func (w *worker) work(ctx context.Context) error {
	for {
		moved, err := w.h.spread(ctx, w.hook)
		if err != nil {
			return err
		}
		claimed, err := w.h.claim(ctx, w.hook, w.width)
		if err != nil {
			return err
		}
		if len(claimed) == 0 && !moved {
			return w.sweep(ctx)
		}
		if err := w.deliver(ctx, claimed); err != nil {
			return err
		}
	}
}

// deliver tries some deliveries side by side.
func (w *worker) deliver(ctx context.Context, claimed []*Delivery) error {
	var all sync.WaitGroup
	errs := make([]error, len(claimed))
	good := make([]bool, len(claimed))
	for n, d := range claimed {
		all.Go(func() { good[n], errs[n] = w.h.try(ctx, w.hook, d) })
	}
	all.Wait()
	for _, ok := range good {
		w.marks++
		if w.width = min(2*w.width, widest); !ok {
			w.width = 1
			break
		}
	}
	return errors.Join(errs...)
}

// spread makes deliveries of the entries of the log behind the last one that
// was looked at, as many as there is room for. It reports whether it came on.
func (h *Hooks) spread(ctx context.Context, id string) (moved bool, err error) {
	var from, to int64
	var found []*Delivery
	var before, left []string
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		found, before = nil, nil
		hook, err := enabled(r, id)
		if hook == nil || err != nil {
			return err
		}
		if err := get(r, progressKey(id), &from); err != nil {
			return err
		}
		room, err := h.room(r, id)
		if err != nil {
			return err
		}
		if _, err := find(r, beforeKey(id), &before); err != nil {
			return err
		}
		found, left, to, err = h.wanted(r, hook, from, before, min(room, spreadBatch))
		return err
	})
	if err != nil || to <= from {
		return false, err
	}
	now := h.now()
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		moved = false
		var at int64
		if hook, err := enabled(tx, id); hook == nil || err != nil {
			return err
		}
		if err := get(tx, progressKey(id), &at); err != nil || at != from {
			return err // another one was first
		}
		for _, d := range found {
			d.QueuedAt, d.Next, d.State = now, now, Pending
			if err := putDelivery(tx, id, time.Time{}, d); err != nil {
				return err
			}
		}
		moved = true
		if len(left) < len(before) {
			if err := putBefore(tx, id, left); err != nil {
				return err
			}
		}
		return store.PutJSON(tx, progressKey(id), to)
	})
	return moved, err
}

// enabled is a hook that is to be told; nil where it is not, or is no more.
func enabled(r store.Reader, id string) (*Hook, error) {
	hook := new(Hook)
	found, err := find(r, hookKey(id), hook)
	if !found || hook.Disabled != "" {
		return nil, err
	}
	return hook, err
}

// room is how many deliveries more may wait.
func (h *Hooks) room(r store.Reader, id string) (int, error) {
	waiting := 0
	err := r.Scan(queuePrefix(id), nil, func(_, _ []byte) error {
		if waiting++; waiting == maxPending {
			return store.ErrStop
		}
		return nil
	})
	return maxPending - waiting, err
}

// wanted reads the log from a place on for events that a hook wants, most of
// them, and returns what of before the hook is left and where to go on.
func (h *Hooks) wanted(r store.Reader, hook *Hook, from int64, before []string, most int) (found []*Delivery, left []string, to int64, err error) {
	to = from
	old := map[string]bool{}
	for _, seq := range before {
		old[seq] = true
	}
	err = auditlog.Placed(r, from, func(n int64, seq string, entry []byte) error {
		if len(found) == most || n-from == looked {
			return store.ErrStop
		}
		to = n + 1
		if old[seq] {
			delete(old, seq)
			return nil
		}
		e, err := issuer.ReadEvent(entry)
		if err != nil {
			return fmt.Errorf("place %d of the audit log: %w", n, err)
		}
		if kind, told := typeOf(e.Action); told && hook.wants(kind, e.Issuer) {
			found = append(found, &Delivery{Event: seq, Type: kind, At: e.At})
		}
		return nil
	})
	return found, slices.Sorted(maps.Keys(old)), to, err
}

// claim takes deliveries that are due for this process, for the time of a lease.
func (h *Hooks) claim(ctx context.Context, id string, most int) (claimed []*Delivery, err error) {
	now := h.now()
	var seqs []string
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		hook, err := enabled(r, id)
		if hook != nil && err == nil {
			seqs, err = queued(r, id, now, most)
		}
		return err
	})
	if err != nil || len(seqs) == 0 {
		return nil, err
	}
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		claimed = nil
		for _, seq := range seqs {
			d := new(Delivery)
			found, err := find(tx, deliveryKey(id, seq), d)
			if err != nil {
				return err
			}
			if !found || d.State != Pending || d.Next.After(now) {
				continue // another one was first
			}
			was := d.Next
			d.Claim, d.Next = rand.Text(), now.Add(lease)
			if err := putDelivery(tx, id, was, d); err != nil {
				return err
			}
			claimed = append(claimed, d)
		}
		return nil
	})
	return claimed, err
}

// try makes one attempt and notes what came of it.
func (h *Hooks) try(ctx context.Context, id string, d *Delivery) (good bool, err error) {
	var hook *Hook
	var e Event
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		if hook, err = enabled(r, id); hook == nil || err != nil {
			return err
		}
		if d.Type == HookTest {
			e = h.testEvent(hook, d)
			return nil
		}
		e, err = h.cfg.Feed.eventOf(r, d.Event)
		return err
	})
	var a Attempt
	switch {
	case err == nil && hook == nil:
		err = errNotSent
	case err == nil:
		a, err = h.attempt(ctx, hook, e)
	case ctx.Err() == nil: // the fault is ours, and must not come back at once
		a = Attempt{At: h.now(), Error: "event_unreadable"}
		return false, errors.Join(err, h.mark(ctx, id, d, &a))
	}
	if err != nil {
		// What was begun is to be ended, also where the service is being stopped.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if failed := h.mark(ctx, id, d, nil); !errors.Is(err, errNotSent) || failed != nil {
			return false, errors.Join(err, failed)
		}
		return false, nil
	}
	return a.good(), h.mark(ctx, id, d, &a)
}

// mark notes an attempt, or that there was none, unless the delivery is
// somebody else's meanwhile. Who answers 410 is told no more.
func (h *Hooks) mark(ctx context.Context, id string, claimed *Delivery, a *Attempt) error {
	now := h.now()
	gone, came := false, ""
	err := h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		gone, came = false, ""
		d := new(Delivery)
		if found, err := find(tx, deliveryKey(id, claimed.Event), d); err != nil || !found || d.Claim != claimed.Claim {
			return err
		}
		was := d.Next
		if a == nil {
			d.Claim, d.Next = "", now
			return putDelivery(tx, id, was, d)
		}
		d.tried(*a, now)
		came = cameTo(d)
		if err := putDelivery(tx, id, was, d); err != nil || a.Status != statusGone {
			return err
		}
		hook, err := enabled(tx, id)
		if hook == nil || err != nil {
			return err
		}
		hook.Disabled, hook.ChangedAt, gone = Gone, now, true
		return h.change(tx, hook, "webhook.disable", "receiver")
	})
	if err == nil {
		h.counts.Add(came)
	}
	if err == nil && gone {
		h.cfg.Log.WarnContext(ctx, "a webhook was disabled, because its address answered 410", "webhook", id)
	}
	return err
}

// sweep removes the oldest deliveries that are over, beyond those that are kept.
func (w *worker) sweep(ctx context.Context) error {
	if w.marks < sweepAfter {
		return nil
	}
	var over []string
	err := w.h.cfg.Store.View(ctx, func(r store.Reader) error {
		over = nil
		return r.Scan(deliveryKey(w.hook, ""), nil, func(k, v []byte) error {
			var d Delivery
			err := store.UnsealJSON(k, v, &d)
			if err == nil && d.State != Pending {
				over = append(over, string(k[strings.LastIndexByte(string(k), '/')+1:]))
			}
			return err
		})
	})
	for err == nil && len(over) > kept {
		some := over[:min(len(over)-kept, together)]
		over = over[len(some):]
		err = w.h.cfg.Store.Update(ctx, func(tx store.Tx) error { return removeOver(tx, w.hook, some) })
	}
	if err == nil {
		w.marks = 0
	}
	return err
}

func removeOver(tx store.Tx, hook string, seqs []string) error {
	for _, seq := range seqs {
		d := new(Delivery)
		if found, err := find(tx, deliveryKey(hook, seq), d); err != nil {
			return err
		} else if !found || d.State == Pending {
			continue // it was asked for anew
		}
		if err := tx.Delete(deliveryKey(hook, seq)); err != nil {
			return err
		}
	}
	return nil
}
