package feed

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"laurel/internal/tally"
	"laurel/issuer"
	"laurel/issuer/auditlog"
	"laurel/store"
)

// Sender goes out; fetch.Client is one.
type Sender interface {
	// Check refuses addresses that may not be asked, by their spelling.
	Check(url string) error
	// Post sends a body once and returns the status of the answer. It follows
	// nothing, reaches only addresses that are open to everybody, and gives up
	// in time.
	Post(ctx context.Context, url string, header map[string]string, body []byte) (status int, err error)
}

// Seal keeps secrets from who reads the store; keyring.Ring is one.
type Seal interface {
	SealSecret(plain []byte) (string, error)
	OpenSecret(sealed string) ([]byte, error)
}

// HooksConfig is what Hooks works with. All but Now and Log is required.
type HooksConfig struct {
	Store  store.Store
	Feed   *Feed
	Issuer *issuer.Issuer // puts changes of hooks on record
	Seal   Seal
	Sender Sender
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // default discards
}

// Hooks are the webhooks of one store. It is safe for concurrent use, and
// several may run on one store.
type Hooks struct {
	cfg  HooksConfig
	kick chan struct{}

	counts tally.Counts // of attempts
}

// NewHooks opens the webhooks of a store.
func NewHooks(cfg HooksConfig) (*Hooks, error) {
	if cfg.Store == nil || cfg.Feed == nil || cfg.Issuer == nil || cfg.Seal == nil || cfg.Sender == nil {
		return nil, errors.New("feed: Store, Feed, Issuer, Seal and Sender are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Hooks{cfg: cfg, kick: make(chan struct{}, 1), counts: newCounts()}, nil
}

func (h *Hooks) now() time.Time { return h.cfg.Now().UTC() }

// Create makes a hook that is told of what happens from now on, and returns the
// text of its secret, which is shown once: here, and to whoever repeats the same
// request. The errors are badge.Errors, issuer.StateError where there are too
// many, issuer.ErrIdempotencyReused, and those of the store.
func (h *Hooks) Create(ctx context.Context, owner string, w Wish, actor string, request *Request) (hook *Hook, secret string, err error) {
	if err := w.check(h.cfg.Sender); err != nil {
		return nil, "", err
	}
	now := h.now()
	made, text, err := newSecret(h.cfg.Seal, now, request)
	if err != nil {
		return nil, "", err
	}
	fresh := Hook{ID: hookPrefix + rand.Text(), Issuer: owner, CreatedAt: now, Secrets: []Secret{made}}
	w.put(&fresh, now)
	before, err := h.waiting(ctx)
	if err != nil {
		return nil, "", err
	}
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var others []*Hook
		if others, err = h.list(tx, func(slug string) bool { return slug == owner }); err != nil {
			return err
		}
		if hook, err = requested(others, request); err != nil || hook != nil {
			return err
		}
		if len(others) >= maxHooks {
			return &issuer.StateError{Rule: "too_many_webhooks", Detail: fmt.Sprintf("An issuer has at most %d webhooks. Delete one that is not used any more.", maxHooks)}
		}
		size, err := auditlog.Size(tx)
		if err != nil {
			return err
		}
		if err := store.PutJSON(tx, progressKey(fresh.ID), size); err != nil {
			return err
		}
		if err := putBefore(tx, fresh.ID, before); err != nil {
			return err
		}
		return h.change(tx, &fresh, "webhook.create", actor)
	})
	if err != nil {
		return nil, "", err
	}
	if hook != nil {
		text, err = h.shownAgain(hook, request)
		return hook, text, err
	}
	return &fresh, text, nil
}

// maxBefore bounds how many entries of before a hook are remembered: it may be told
// of more.
const maxBefore = 10_000

// waiting are the entries of the log that have no place yet. Their times do not tell
// whether they came before a hook: that of a change is older than its commit.
func (h *Hooks) waiting(ctx context.Context) (seqs []string, err error) {
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		seqs, err = auditlog.Waiting(r, maxBefore)
		return err
	})
	return seqs, err
}

// requested finds the hook that a request has made before.
func requested(hooks []*Hook, request *Request) (*Hook, error) {
	for _, hook := range hooks {
		first := hook.Secrets[len(hook.Secrets)-1]
		if same, err := first.same(request); same || err != nil {
			return hook, err
		}
	}
	return nil, nil
}

// shownAgain is the text of the secret that a request has made, for who did not
// get the first answer.
func (h *Hooks) shownAgain(hook *Hook, request *Request) (string, error) {
	for _, s := range hook.Secrets {
		if same, err := s.same(request); err != nil {
			return "", err
		} else if same {
			key, err := h.cfg.Seal.OpenSecret(s.Sealed)
			return secretText(key), err
		}
	}
	return "", nil
}

// change writes a hook and puts that on record.
func (h *Hooks) change(tx store.Tx, hook *Hook, action, actor string) error {
	if err := store.PutJSON(tx, hookKey(hook.ID), hook); err != nil {
		return err
	}
	return h.note(tx, hook, action, actor)
}

func (h *Hooks) note(tx store.Tx, hook *Hook, action, actor string) error {
	return h.cfg.Issuer.Note(tx, issuer.Event{Actor: actor, Action: action, Issuer: hook.Issuer, Subject: hook.ID})
}

func read(r store.Reader, id string, may func(issuer string) bool) (*Hook, error) {
	if !hookPattern.MatchString(id) {
		return nil, fmt.Errorf("webhook: %w", issuer.ErrNotFound)
	}
	hook := new(Hook)
	found, err := find(r, hookKey(id), hook)
	if err == nil && (!found || !may(hook.Issuer)) {
		err = fmt.Errorf("webhook: %w", issuer.ErrNotFound)
	}
	return hook, err
}

func anyIssuer(string) bool { return true }

// Get returns a hook that the caller may see; issuer.ErrNotFound.
func (h *Hooks) Get(ctx context.Context, id string, may func(issuer string) bool) (hook *Hook, err error) {
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		hook, err = read(r, id, may)
		return err
	})
	return hook, err
}

// List returns the hooks that the caller may see, the oldest first.
func (h *Hooks) List(ctx context.Context, may func(issuer string) bool) (list []*Hook, err error) {
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		list, err = h.list(r, may)
		return err
	})
	slices.SortFunc(list, func(a, b *Hook) int { return a.CreatedAt.Compare(b.CreatedAt) })
	return list, err
}

func (h *Hooks) list(r store.Reader, may func(issuer string) bool) (list []*Hook, err error) {
	err = r.Scan(hookKey(""), nil, func(k, v []byte) error {
		hook := new(Hook)
		if err := store.UnsealJSON(k, v, hook); err != nil {
			return err
		}
		if may(hook.Issuer) {
			list = append(list, hook)
		}
		return nil
	})
	return list, err
}

// Change makes a hook what is wished. One that is enabled anew is told of all
// that happened meanwhile.
func (h *Hooks) Change(ctx context.Context, id string, w Wish, actor string, may func(issuer string) bool) (hook *Hook, err error) {
	if err := w.check(h.cfg.Sender); err != nil {
		return nil, err
	}
	now := h.now()
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if hook, err = read(tx, id, may); err != nil {
			return err
		}
		w.put(hook, now)
		return h.change(tx, hook, "webhook.change", actor)
	})
	h.hurry()
	return hook, err
}

// Rotate gives a hook another secret; those before sign along for a day. The
// text is shown as Create does.
func (h *Hooks) Rotate(ctx context.Context, id, actor string, may func(issuer string) bool, request *Request) (hook *Hook, secret string, err error) {
	now := h.now()
	made, text, err := newSecret(h.cfg.Seal, now, request)
	if err != nil {
		return nil, "", err
	}
	again := false
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if hook, err = read(tx, id, may); err != nil {
			return err
		}
		for _, s := range hook.Secrets {
			if again, err = s.same(request); again || err != nil {
				return err
			}
		}
		good := hook.signing(now)
		if len(good) >= maxSecrets {
			return &issuer.StateError{Rule: "rotated_often", Detail: "The secret was changed several times today, and the old ones still sign. Try again tomorrow."}
		}
		if good[0].Until.IsZero() {
			good[0].Until = now.Add(signsAlong)
		}
		hook.Secrets, hook.ChangedAt = append([]Secret{made}, good...), now
		return h.change(tx, hook, "webhook.rotate", actor)
	})
	if err == nil && again {
		text, err = h.shownAgain(hook, request)
	}
	return hook, text, err
}

// Delete removes a hook with all that was to be delivered to it.
func (h *Hooks) Delete(ctx context.Context, id, actor string, may func(issuer string) bool) error {
	err := h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		hook, err := read(tx, id, may)
		if err != nil {
			return err
		}
		if err := tx.Delete(hookKey(id)); err != nil {
			return err
		}
		return h.note(tx, hook, "webhook.delete", actor)
	})
	if err == nil {
		err = h.clear(ctx, id)
	}
	return err
}

// together is how much is removed in one Update.
const together = 200

// clear removes what is left of a hook that is no more. What a crash interrupts
// is cleared at the next start.
func (h *Hooks) clear(ctx context.Context, id string) error {
	for {
		left := 0
		err := h.cfg.Store.Update(ctx, func(tx store.Tx) error {
			left = 0
			for _, prefix := range [][]byte{progressKey(id), beforeKey(id), queuePrefix(id), deliveryKey(id, "")} {
				err := tx.Scan(prefix, nil, func(k, _ []byte) error {
					if left++; left > together {
						return store.ErrStop
					}
					return tx.Delete(k)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil || left <= together {
			return err
		}
	}
}

// clearOrphans clears what a crash has left of hooks that are no more.
func (h *Hooks) clearOrphans(ctx context.Context) error {
	orphans := map[string]bool{}
	err := h.cfg.Store.View(ctx, func(r store.Reader) error {
		clear(orphans)
		for _, prefix := range []string{"wh/c/", "wh/b/", "wh/d/", "wh/q/"} {
			err := r.Scan([]byte(prefix), nil, func(k, _ []byte) error {
				id := strings.Split(string(k), "/")[2]
				if orphans[id] {
					return nil
				}
				_, err := r.Get(hookKey(id))
				if errors.Is(err, store.ErrNotFound) {
					orphans[id], err = true, nil
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for id := range orphans {
		err = errors.Join(err, h.clear(ctx, id))
	}
	return err
}

// Filter chooses deliveries of a hook.
type Filter struct {
	State  State  // "" for all
	Before string // id of a delivery: older ones
	Limit  int    // 1 to 200; anything else is 200
}

// Deliveries returns deliveries of a hook, the newest first, and whether there
// are more.
func (h *Hooks) Deliveries(ctx context.Context, id string, may func(issuer string) bool, f Filter) (list []*Delivery, more bool, err error) {
	if f.Limit < 1 || f.Limit > maxPage {
		f.Limit = maxPage
	}
	err = h.cfg.Store.View(ctx, func(r store.Reader) error {
		list = nil
		if _, err := read(r, id, may); err != nil {
			return err
		}
		return r.Scan(deliveryKey(id, ""), nil, func(k, v []byte) error {
			d := new(Delivery)
			if err := store.UnsealJSON(k, v, d); err != nil {
				return err
			}
			if (f.State == "" || d.State == f.State) && (f.Before == "" || d.ID() < f.Before) {
				list = append(list, d)
			}
			return nil
		})
	})
	slices.Reverse(list)
	if more = len(list) > f.Limit; more {
		list = list[:f.Limit]
	}
	return list, more, err
}

// Redeliver tries a delivery anew, at once and then with all the tries of a new
// one. fits may refuse a delivery as it stands, which then stays so and is no error;
// nil takes any. The errors are issuer.ErrNotFound, issuer.StateError where the hook is
// disabled, and those of the store.
func (h *Hooks) Redeliver(ctx context.Context, id, delivery string, may func(issuer string) bool, fits func(*Delivery) bool) (d *Delivery, err error) {
	if !IsEventID(delivery) {
		return nil, fmt.Errorf("delivery: %w", issuer.ErrNotFound)
	}
	now := h.now()
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		hook, err := read(tx, id, may)
		if err != nil {
			return err
		}
		if hook.Disabled != "" {
			return &issuer.StateError{Rule: "webhook_disabled", Detail: "This webhook is disabled. Enable it first."}
		}
		d = new(Delivery)
		if found, err := find(tx, deliveryKey(id, strings.TrimPrefix(delivery, idPrefix)), d); err != nil {
			return err
		} else if !found {
			return fmt.Errorf("delivery: %w", issuer.ErrNotFound)
		}
		if d.Claim != "" && now.Before(d.Next) || fits != nil && !fits(d) {
			return nil // it is being tried, or was tried since
		}
		was := d.Next
		d.State, d.Next, d.Tries, d.Claim = Pending, now, 0, ""
		return putDelivery(tx, id, was, d)
	})
	if err != nil {
		return nil, err
	}
	h.hurry()
	return d, nil
}

// hurry lets what is due be looked for now.
func (h *Hooks) hurry() {
	select {
	case h.kick <- struct{}{}:
	default:
	}
}
