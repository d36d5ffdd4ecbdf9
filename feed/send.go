package feed

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"laurel/internal/fetch"
	"laurel/store"
)

// errNotSent says that nothing was sent, for no fault of the receiver.
var errNotSent = errors.New("feed: not sent")

// turn bounds a request with its wait for others to the same host, of which only
// so many are under way at once.
const turn = 30 * time.Second

// attempt tells a hook of an event, once. The error, which may be errNotSent,
// says that this was no attempt; whatever the receiver is to blame for stands in
// the Attempt.
func (h *Hooks) attempt(ctx context.Context, hook *Hook, e Event) (Attempt, error) {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return Attempt{}, fmt.Errorf("encoding event %s: %w", e.ID, err)
	}
	payload := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	at := h.now()
	signature, err := h.sign(hook, e.ID, at, payload)
	if err != nil {
		return Attempt{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, turn)
	defer cancel()
	start := time.Now() // a duration is measured on the real clock
	status, err := h.cfg.Sender.Post(ctx, hook.URL, map[string]string{
		"Content-Type":      "application/json",
		"webhook-id":        e.ID,
		"webhook-timestamp": strconv.FormatInt(at.Unix(), 10),
		"webhook-signature": signature,
	}, payload)
	a := Attempt{At: at, Millis: time.Since(start).Milliseconds(), Status: status}
	switch {
	case err == nil:
	case errors.Is(err, fetch.Busy), errors.Is(err, fetch.Canceled):
		return Attempt{}, errNotSent
	case errors.Is(err, fetch.Blocked):
		a.Error = "address_not_allowed"
	case errors.Is(err, fetch.Timeout):
		a.Error = "timed_out"
	default:
		a.Error = "unreachable"
	}
	return a, nil
}

// sign is the header webhook-signature (Standard Webhooks): HMAC-SHA256 over id,
// time and body, by each secret that signs now.
func (h *Hooks) sign(hook *Hook, id string, at time.Time, body []byte) (string, error) {
	var out []byte
	for _, s := range hook.signing(at) {
		key, err := h.cfg.Seal.OpenSecret(s.Sealed)
		if err != nil {
			return "", fmt.Errorf("webhook %s: %w", hook.ID, err)
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		if len(out) > 0 {
			out = append(out, ' ')
		}
		out = base64.StdEncoding.AppendEncode(append(out, "v1,"...), mac.Sum(nil))
	}
	return string(out), nil
}

// Test tells a hook of an event that is none, now and once, also one that is
// disabled, and returns what came of it. It stands in the list of deliveries.
func (h *Hooks) Test(ctx context.Context, id string, may func(issuer string) bool) (*Delivery, error) {
	hook, err := h.Get(ctx, id, may)
	if err != nil {
		return nil, err
	}
	now := h.now()
	d := &Delivery{Event: newSeq(now), Type: HookTest, At: now, QueuedAt: now, Tries: 1, State: Failed}
	a, err := h.attempt(ctx, hook, h.testEvent(hook, d))
	if errors.Is(err, errNotSent) {
		return nil, fmt.Errorf("testing webhook %s: %w", id, store.ErrBusy)
	} else if err != nil {
		return nil, err
	}
	if a.good() {
		d.State = Delivered
	}
	d.Attempts = []Attempt{a}
	err = h.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if _, err := read(tx, id, may); err != nil {
			return err
		}
		return putDelivery(tx, id, time.Time{}, d)
	})
	return d, err
}

func (h *Hooks) testEvent(hook *Hook, d *Delivery) Event {
	return Event{ID: d.ID(), Type: HookTest, At: d.At, Issuer: hook.Issuer, Subject: hook.ID}
}

// newSeq is a sequence as audit records have: unique, and ascending with time.
func newSeq(at time.Time) string {
	var b [18]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli()))
	_, _ = rand.Read(b[8:]) // never fails
	return hex.EncodeToString(b[2:])
}
