package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// jwtPatience is how long a reader waits for a JWT that is being made.
const jwtPatience = 2 * time.Second

// Run makes the second form of each badge, the VC-JWT, after its commit and
// outside of everybody's way, until ctx ends. What a crash interrupts is still
// in the queue afterwards.
func (i *Issuer) Run(ctx context.Context) error {
	for {
		n, err := i.drainJWT(ctx)
		if err != nil && ctx.Err() == nil {
			i.cfg.Log.ErrorContext(ctx, "making JWTs", "error", err)
		}
		pause := time.Minute
		if err != nil {
			pause = time.Second
		} else if n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-i.jwtKick:
		case <-time.After(pause):
		}
	}
}

func (i *Issuer) kickJWT() {
	select {
	case i.jwtKick <- struct{}{}:
	default:
	}
}

type queued struct{ issuer, seq string }

// drainJWT makes the JWTs that wait, a bounded number at a time.
func (i *Issuer) drainJWT(ctx context.Context) (int, error) {
	var waiting []queued
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		waiting = nil
		return r.Scan(key("j", ""), nil, func(k, _ []byte) error {
			parts := strings.Split(string(k), "/")
			waiting = append(waiting, queued{parts[1], parts[2]})
			if len(waiting) == 64 {
				return store.ErrStop
			}
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	var failed error
	for _, q := range waiting {
		if err := i.makeJWT(ctx, q); err != nil {
			failed = errors.Join(failed, fmt.Errorf("JWT of %s/%s: %w", q.issuer, q.seq, err))
		}
	}
	i.jwtReady.wake()
	return len(waiting), failed
}

func (i *Issuer) makeJWT(ctx context.Context, q queued) error {
	var rec *Record
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		rec, err = recordAt(r, q.issuer, q.seq)
		return err
	})
	if err != nil {
		return err
	}
	doc, err := badge.Parse(rec.Document)
	if err != nil {
		return err
	}
	// RS256 is the floor of OB 3.0 section 8.2; a did:key issuer has only its
	// Ed25519 key.
	alg := keys.RS256
	if strings.HasPrefix(doc.View().Issuer.ID, "did:key:") {
		alg = keys.EdDSA
	}
	signer, err := i.cfg.Keys.Issuer(q.issuer).Active(ctx, alg)
	if err != nil {
		return err
	}
	signed, err := i.cfg.JWT.Secure(ctx, doc, signer, rec.IssuedAt)
	if err != nil {
		return err
	}
	if err := i.cfg.SelfCheck(ctx, signed.Raw()); err != nil {
		return fmt.Errorf("%w: %w", ErrSelfCheck, err)
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		k := jwtKey(q.issuer, q.seq)
		if err := tx.Put(k, store.Seal(k, signed.Raw())); err != nil {
			return err
		}
		return tx.Delete(jwtQueueKey(q.issuer, q.seq))
	})
}

// JWT returns the badge as a compact JWS. One that is still being made is
// waited for briefly, then ErrNotReady. Reads never sign.
func (i *Issuer) JWT(ctx context.Context, rec *Record) ([]byte, error) {
	deadline := time.NewTimer(jwtPatience)
	defer deadline.Stop()
	for {
		ready := i.jwtReady.wait()
		token, err := i.storedJWT(ctx, rec)
		if !errors.Is(err, ErrNotFound) {
			return token, err
		}
		select {
		case <-ready:
		case <-time.After(100 * time.Millisecond): // another replica may be the maker
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-deadline.C:
			return nil, ErrNotReady
		}
	}
}

func (i *Issuer) storedJWT(ctx context.Context, rec *Record) ([]byte, error) {
	var token []byte
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		k := jwtKey(rec.Issuer, rec.seq)
		v, err := r.Get(k)
		if err != nil {
			return notFound(err, "JWT")
		}
		token, err = store.Unseal(k, v)
		return err
	})
	return bytes.Clone(token), err
}
