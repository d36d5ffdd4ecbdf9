package mail

import (
	"bytes"
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"laurel/feed"
	"laurel/internal/smtp"
	"laurel/issuer"
	"laurel/store"
)

const (
	// rhythm is how often is looked for what is due.
	rhythm = time.Second
	// lease is how long a letter belongs to who sends it: longer than a try, and
	// soon over after a crash.
	lease = 2 * time.Minute
	// turn is how many letters are taken up at once, and atOnce how many of them
	// are handed over side by side.
	turn, atOnce = 64, 4
	// rest is how long the server is left alone that could not be used.
	rest = 20 * time.Second
	// patience is how long a letter that was asked for is tried: who lost their
	// links asks again.
	patience = 24 * time.Hour
)

// Run sends until ctx ends. What fails in the store is tried again, and told once
// a minute.
func (o *Outbox) Run(ctx context.Context) error {
	ticker := time.NewTicker(rhythm)
	defer ticker.Stop()
	var told, silent time.Time
	for {
		if !time.Now().Before(silent) {
			reached, err := o.Deliver(ctx)
			if err != nil && ctx.Err() == nil && time.Since(told) > time.Minute {
				told = time.Now()
				o.cfg.Log.ErrorContext(ctx, "sending mail", "error", err)
			}
			if !reached {
				silent = time.Now().Add(rest)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-o.kick:
		case <-ticker.C:
		}
	}
}

// waiting is a letter that is due, under the key where it stands.
type waiting struct {
	key  []byte
	kind kind
	seq  string
	letter
}

// Deliver sends what is due now, once. reached is false where the mail server
// could not be used.
func (o *Outbox) Deliver(ctx context.Context) (reached bool, err error) {
	for {
		due, err := o.due(ctx)
		if err != nil || len(due) == 0 {
			return true, err
		}
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(atOnce)
		for _, l := range due {
			group.Go(func() error { return o.deliver(ctx, l) })
		}
		err = group.Wait()
		if errors.Is(err, smtp.ErrUnreachable) {
			o.cfg.Log.WarnContext(ctx, "the mail server cannot be used", "error", err)
			return false, nil
		}
		if err != nil {
			return true, err
		}
	}
}

// due are letters whose time has come, those that wait longest first.
func (o *Outbox) due(ctx context.Context) (list []waiting, err error) {
	now := o.now()
	err = o.cfg.Store.View(ctx, func(r store.Reader) error {
		list = nil
		for _, of := range []kind{earned, asked} {
			here := 0
			err := r.Scan([]byte(prefix(of)), nil, func(k, v []byte) error {
				_, at, seq, err := parseKey(k)
				if err != nil {
					return err
				}
				if here++; at.After(now) || here > turn {
					return store.ErrStop
				}
				w := waiting{key: bytes.Clone(k), kind: of, seq: seq}
				list = append(list, w)
				return store.UnsealJSON(k, v, &list[len(list)-1].letter)
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return list, err
}

// deliver takes a letter up, writes it and hands it over. The error is that of
// the store, or one of smtp.ErrUnreachable.
func (o *Outbox) deliver(ctx context.Context, w waiting) error {
	mine, err := o.move(ctx, &w, o.now().Add(lease))
	if err != nil || !mine {
		return err
	}
	message, err := o.write(ctx, w)
	if err != nil {
		return err // it is tried again when the lease is over
	}
	if message == nil {
		return o.end(ctx, &w) // there is nothing to be told any more
	}
	err = o.cfg.Sender.Send(ctx, *message)
	settle := context.WithoutCancel(ctx) // whatever came of it is written down
	switch {
	case err == nil:
		o.counts.Add(sent)
		return o.end(settle, &w)
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, smtp.ErrRefused):
		return o.giveUp(settle, &w, err)
	default:
		return errors.Join(o.again(settle, &w, err), unreachable(err))
	}
}

func unreachable(err error) error {
	if errors.Is(err, smtp.ErrUnreachable) {
		return err
	}
	return nil
}

// again has a letter tried later, as long as there is a later.
func (o *Outbox) again(ctx context.Context, w *waiting, why error) error {
	if errors.Is(why, smtp.ErrUnreachable) {
		o.counts.Add(notReached)
	} else {
		o.counts.Add(later)
	}
	w.Tries++
	pause, more := feed.Pause(w.Tries)
	next := o.now().Add(pause)
	if !more || w.kind == asked && next.Sub(w.At) > patience {
		return o.giveUp(ctx, w, why)
	}
	_, err := o.move(ctx, w, next)
	return err
}

// giveUp says of what nothing came, and not whom it was for.
func (o *Outbox) giveUp(ctx context.Context, w *waiting, why error) error {
	o.counts.Add(gaveUp)
	o.cfg.Log.WarnContext(ctx, "a letter was given up", "kind", map[kind]string{earned: "earned", asked: "asked"}[w.kind],
		"credential", w.Credential, "tries", w.Tries, "error", why)
	return o.end(ctx, w)
}

// move puts a letter at another time; false where somebody else has it, or it is
// there no more.
func (o *Outbox) move(ctx context.Context, w *waiting, to time.Time) (mine bool, err error) {
	next := key(w.kind, to, w.seq)
	err = o.cfg.Store.Update(ctx, func(tx store.Tx) error {
		mine = false
		_, err := tx.Get(w.key)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		mine = true
		if err := tx.Delete(w.key); err != nil {
			return err
		}
		return store.PutJSON(tx, next, w.letter)
	})
	if err == nil && mine {
		w.key = next
	}
	return mine, err
}

// end removes a letter with its address.
func (o *Outbox) end(ctx context.Context, w *waiting) error {
	return o.cfg.Store.Update(ctx, func(tx store.Tx) error { return tx.Delete(w.key) })
}

// badges are those that a letter tells of: none where the badge was erased since,
// or its address corrected, as its claim is then not for who would read it.
func (o *Outbox) badges(ctx context.Context, w waiting, address string) ([]*issuer.Record, error) {
	if w.kind == earned {
		rec, err := o.cfg.Issuer.Credential(ctx, w.Credential)
		if errors.Is(err, issuer.ErrNotFound) || err == nil && (!o.cfg.Issuer.Reaches(rec, address) || rec.Status == issuer.Revoked) {
			return nil, nil
		} else if err != nil {
			return nil, err
		}
		return []*issuer.Record{rec}, nil
	}
	profiles, err := o.cfg.Issuer.Profiles(ctx)
	if err != nil {
		return nil, err
	}
	f := issuer.Filter{Email: address, Limit: maxBadges}
	for _, p := range profiles {
		if !issuer.IsTest(p.Slug) {
			f.Issuers = append(f.Issuers, p.Slug)
		}
	}
	page, err := o.cfg.Issuer.List(ctx, f)
	if err != nil {
		return nil, err
	}
	return page.Records, nil
}
