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
// in the queue afterwards. What fails is tried again, less and less often
// unless something new arrives, and told once a minute.
func (i *Issuer) Run(ctx context.Context) error {
	const soon, rarely = time.Second, time.Minute
	pause := soon
	var told time.Time
	for {
		err := i.drainJWT(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait := rarely
		if err != nil {
			wait, pause = pause, min(2*pause, rarely)
		} else {
			pause = soon
		}
		if err != nil && time.Since(told) > rarely {
			told = time.Now()
			i.cfg.Log.ErrorContext(ctx, "making JWTs", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-i.jwtKick:
		case <-time.After(wait):
		}
	}
}

func (i *Issuer) kickJWT() {
	select {
	case i.jwtKick <- struct{}{}:
	default:
	}
}

// queued is a badge whose JWT is still to be made, and the JWT once it is.
type queued struct {
	issuer, seq string
	jwt         []byte
}

// jwtBatch is how many JWTs are stored together: a commit costs as much as
// making one.
const jwtBatch = 16

// drainJWT makes all JWTs that wait. Those that cannot be made keep nobody
// waiting behind them; the error is that of the first.
func (i *Issuer) drainJWT(ctx context.Context) error {
	var failed error
	var after []byte
	for {
		batch, err := i.waitingJWTs(ctx, after)
		if err != nil || len(batch) == 0 {
			return errors.Join(failed, err)
		}
		last := batch[len(batch)-1]
		after = jwtQueueKey(last.issuer, last.seq)
		made := batch[:0]
		for _, q := range batch {
			if q.jwt, err = i.makeJWT(ctx, q); err == nil {
				made = append(made, q)
			} else if failed == nil {
				failed = fmt.Errorf("JWT of %s/%s: %w", q.issuer, q.seq, err)
			}
		}
		if err := i.storeJWTs(ctx, made); err != nil {
			return err
		}
		i.jwtReady.wake()
	}
}

func (i *Issuer) waitingJWTs(ctx context.Context, after []byte) ([]queued, error) {
	var batch []queued
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		return r.Scan(key("j", ""), after, func(k, _ []byte) error {
			parts := strings.Split(string(k), "/")
			batch = append(batch, queued{issuer: parts[1], seq: parts[2]})
			if len(batch) == jwtBatch {
				return store.ErrStop
			}
			return nil
		})
	})
	return batch, err
}

func (i *Issuer) makeJWT(ctx context.Context, q queued) ([]byte, error) {
	var rec *Record
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		rec, err = recordAt(r, q.issuer, q.seq)
		return err
	})
	if err != nil {
		return nil, err
	}
	doc, err := badge.Parse(rec.Document)
	if err != nil {
		return nil, err
	}
	// RS256 is the floor of OB 3.0 section 8.2; a did:key issuer has only its
	// Ed25519 key.
	alg := keys.RS256
	if strings.HasPrefix(doc.View().Issuer.ID, "did:key:") {
		alg = keys.EdDSA
	}
	signer, err := i.signer(ctx, q.issuer, alg)
	if err != nil {
		return nil, err
	}
	signed, err := i.cfg.JWT.Secure(ctx, doc, signer, rec.IssuedAt)
	if err != nil {
		return nil, err
	}
	// The queue may have waited longer than the badge is valid.
	if err := authentic(i.cfg.SelfCheck(ctx, signed.Raw())); err != nil {
		return nil, i.selfCheckFailed(ctx, q.issuer, err)
	}
	return signed.Raw(), nil
}

// storeJWTs keeps what another replica has made first: a badge has one JWT. It
// keeps nothing that is not asked for any more: the person may have been erased
// while the JWT was made.
func (i *Issuer) storeJWTs(ctx context.Context, made []queued) error {
	if len(made) == 0 {
		return nil
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		for _, q := range made {
			waits, err := exists(tx, jwtQueueKey(q.issuer, q.seq))
			if err != nil {
				return err
			}
			if !waits {
				continue
			}
			k := jwtKey(q.issuer, q.seq)
			if err := tx.Put(k, store.Seal(k, q.jwt)); err != nil {
				return err
			}
			if err := tx.Delete(jwtQueueKey(q.issuer, q.seq)); err != nil {
				return err
			}
		}
		return nil
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
