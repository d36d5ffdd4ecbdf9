package feed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"laurel/issuer/auditlog"
	"laurel/store"
)

// Check holds what is stored of webhooks against itself: every record is whole,
// every delivery belongs to a hook and stands in the queue exactly while it is
// pending, and no hook is ahead of the audit log. It reports each thing that is
// not so in a sentence; the error says that the store could not be read. It
// writes nothing.
func (h *Hooks) Check(ctx context.Context, report func(problem string)) error {
	return h.cfg.Store.View(ctx, func(r store.Reader) error {
		c := checker{r: r, report: report, hooks: map[string]bool{}}
		size, err := auditlog.Size(r)
		if err != nil {
			return err
		}
		for _, kind := range []struct {
			prefix string
			check  func(k, v []byte) error
		}{
			{"wh/h/", c.hook},
			{"wh/c/", func(k, v []byte) error { return c.progress(k, v, size) }},
			{"wh/b/", c.before},
			{"wh/d/", c.delivery}, {"wh/q/", c.queued},
		} {
			err := r.Scan([]byte(kind.prefix), nil, func(k, v []byte) error { return c.tell(k, kind.check(k, v)) })
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type checker struct {
	r      store.Reader
	report func(string)
	hooks  map[string]bool
}

func (c *checker) problem(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// tell makes a problem of damage, and hands on that the store cannot be read.
func (c *checker) tell(k []byte, err error) error {
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNotFound) {
		c.problem("%s: %v", k, err)
		return nil
	}
	return err
}

func (c *checker) hook(k, v []byte) error {
	var hook Hook
	if err := store.UnsealJSON(k, v, &hook); err != nil {
		return err
	}
	c.hooks[hook.ID] = true
	if string(hookKey(hook.ID)) != string(k) || len(hook.Secrets) == 0 || hook.Issuer == "" {
		c.problem("%s is no webhook", k)
	}
	_, err := c.r.Get(progressKey(hook.ID))
	return err
}

// owned tells of what is left of a hook that is no more.
func (c *checker) owned(k []byte) bool {
	id := strings.Split(string(k), "/")[2]
	if !c.hooks[id] {
		c.problem("%s belongs to no webhook", k)
	}
	return c.hooks[id]
}

func (c *checker) progress(k, v []byte, size int64) error {
	var next int64
	if err := store.UnsealJSON(k, v, &next); err != nil || !c.owned(k) {
		return err
	}
	if next < 0 || next > size {
		c.problem("%s says %d, and the audit log has %d places", k, next, size)
	}
	return nil
}

func (c *checker) before(k, v []byte) error {
	var seqs []string
	if err := store.UnsealJSON(k, v, &seqs); err != nil || !c.owned(k) {
		return err
	}
	for _, seq := range seqs {
		if _, err := auditlog.Entry(c.r, seq); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) delivery(k, v []byte) error {
	var d Delivery
	if err := store.UnsealJSON(k, v, &d); err != nil || !c.owned(k) {
		return err
	}
	hook := strings.Split(string(k), "/")[2]
	if string(deliveryKey(hook, d.Event)) != string(k) {
		c.problem("%s is the delivery of %s", k, d.ID())
	}
	_, err := c.r.Get(queueKey(hook, &d))
	if waits := err == nil; waits != (d.State == Pending) && (waits || errors.Is(err, store.ErrNotFound)) {
		c.problem("%s is %s, and waits: %t", k, d.State, waits)
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if d.Type == HookTest {
		return nil
	}
	_, err = auditlog.Entry(c.r, d.Event)
	return err
}

func (c *checker) queued(k, v []byte) error {
	if _, err := store.Unseal(k, v); err != nil {
		return err
	}
	hook, seq, due, err := parseQueueKey(k)
	if err != nil || !c.owned(k) {
		return err
	}
	var d Delivery
	if err := get(c.r, deliveryKey(hook, seq), &d); err != nil {
		return err
	}
	if d.State != Pending || !d.Next.Equal(due) {
		c.problem("%s is the place of a delivery that is %s, due at %s", k, d.State, d.Next)
	}
	return nil
}
