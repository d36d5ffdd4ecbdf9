package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"laurel/badge"
	"laurel/keys"
	"laurel/store"
)

// jwtPatience is how long a reader waits for a JWT that is being made.
const jwtPatience = 2 * time.Second

// Run makes the second form of each badge, the VC-JWT, after its commit and
// outside of everybody's way, until ctx ends. What a crash interrupts is still
// in the queue afterwards. Each issuer has a queue of its own, so that a key
// that does not answer holds up no other issuer. What fails is tried again,
// less and less often unless something new arrives, and told once a minute.
func (i *Issuer) Run(ctx context.Context) error {
	m := makers{i: i, of: map[string]*maker{}, done: make(chan result)}
	var told time.Time
	for {
		err := m.start(ctx)
		if err != nil && ctx.Err() == nil && time.Since(told) > rarely {
			told = time.Now()
			i.cfg.Log.ErrorContext(ctx, "looking for JWTs to make", "error", err)
		}
		select {
		case <-ctx.Done():
			m.wait()
			return ctx.Err()
		case <-i.jwtKick:
			m.hurry()
		case r := <-m.done:
			m.ended(ctx, r)
		case <-time.After(m.pause(err)):
		}
	}
}

// How soon what failed is tried again: soon at first, then rarely.
const soon, rarely = time.Second, time.Minute

// maxMakers bounds how many issuers' JWTs are made at once.
const maxMakers = 8

// makers makes the JWTs of several issuers side by side. All but the making
// belongs to one goroutine.
type makers struct {
	i    *Issuer
	of   map[string]*maker // by issuer, where there is something to make or to remember
	busy int
	done chan result
}

type maker struct {
	busy   bool
	pause  time.Duration // after the next failure
	due    time.Time     // not before then
	told   time.Time
	others others // while it is busy they are the drain's
}

type result struct {
	issuer string
	err    error
}

// start sets to work for every issuer that has something waiting and is due.
func (m *makers) start(ctx context.Context) error {
	slugs, err := m.i.issuersWaiting(ctx)
	if err == nil { // what nobody waits for any more is forgotten: it would be due for ever
		maps.DeleteFunc(m.of, func(slug string, one *maker) bool { return !one.busy && !slices.Contains(slugs, slug) })
	}
	for _, slug := range slugs {
		if m.of[slug] == nil {
			m.of[slug] = &maker{pause: soon, others: others{}}
		}
		if one := m.of[slug]; !one.busy && m.busy < maxMakers && !time.Now().Before(one.due) {
			one.busy = true
			m.busy++
			m.i.atWork.begin(slug)
			go func() { m.done <- result{slug, m.i.drainJWT(ctx, slug, one.others)} }()
		}
	}
	return err
}

// hurry makes everybody due: something new arrived.
func (m *makers) hurry() {
	for _, one := range m.of {
		one.due = time.Time{}
	}
}

func (m *makers) ended(ctx context.Context, r result) {
	one, again := m.of[r.issuer], m.i.atWork.end(r.issuer)
	one.busy = false
	m.busy--
	if r.err == nil && len(one.others) == 0 {
		delete(m.of, r.issuer)
		return
	}
	if r.err == nil { // what is left waits for other services
		if one.pause = soon; !again {
			one.due = time.Now().Add(soon)
		}
		return
	}
	if !again {
		one.due = time.Now().Add(one.pause)
	}
	one.pause = min(2*one.pause, rarely)
	if ctx.Err() == nil && time.Since(one.told) > rarely {
		one.told = time.Now()
		m.i.cfg.Log.ErrorContext(ctx, "making JWTs", "issuer", r.issuer, "error", r.err)
	}
}

// pause is how long nothing is due.
func (m *makers) pause(failed error) time.Duration {
	if failed != nil {
		return soon
	}
	wait := rarely
	if m.i.cfg.Replica != "" {
		wait = soon // what others leave undone
	}
	if m.busy == maxMakers {
		return wait // until one of them has ended
	}
	for _, one := range m.of {
		if !one.busy {
			wait = min(wait, max(time.Until(one.due), 0))
		}
	}
	return wait
}

// wait ends when nobody works any more.
func (m *makers) wait() {
	for ; m.busy > 0; m.busy-- {
		m.i.atWork.end((<-m.done).issuer)
	}
}

// atWork are the issuers whose JWTs are being made just now. Whoever makes them
// finds what is issued meanwhile, so that nobody is woken for it: to wake a goroutine
// that looks into the store took 2 % of the processor time of a badge.
type atWork struct {
	mu  sync.Mutex
	all map[string]bool // by issuer: something new arrived meanwhile
}

func (w *atWork) begin(issuer string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all[issuer] = false
}

// end is called before it is looked for what is still to be made. It reports
// whether something new arrived.
func (w *atWork) end(issuer string) (again bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	again = w.all[issuer]
	delete(w.all, issuer)
	return again
}

// tell notes that something new arrived, and reports whether somebody is at work.
func (w *atWork) tell(issuer string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, busy := w.all[issuer]
	if busy {
		w.all[issuer] = true
	}
	return busy
}

// kickJWT tells that a badge of an issuer was committed, so that there is something
// to make.
func (i *Issuer) kickJWT(issuer string) {
	i.pace.now()
	if i.atWork.tell(issuer) {
		return
	}
	select {
	case i.jwtKick <- struct{}{}:
	default:
	}
}

// queued is a badge whose JWT and card are still to be made, and both once they
// are.
type queued struct {
	issuer, seq string
	document    []byte // the signed bytes of the badge
	jwt         []byte
	card        string   // "" where the badge does not fit into one
	signers     []string // ids of the keys that made them
}

// takeOver is how long another service on the same store has made none of the
// JWTs of the badges that it issued when somebody else makes them.
const takeOver = 3 * time.Second

// others are the services for which badges of an issuer wait, by name.
type others map[string]*other

// other is one that makes its JWTs in order, so that what has waited longest tells
// whether it is at work.
type other struct {
	oldest string
	since  time.Time // that this one is the oldest
	met    bool      // in this walk along the queue
}

// idle is told of a badge that waits for another service, in order, and tells
// whether that has been at rest for too long.
func (o others) idle(by, seq string, now time.Time) bool {
	if o[by] == nil {
		o[by] = &other{}
	}
	one := o[by]
	if !one.met && one.oldest != seq {
		one.oldest, one.since = seq, now
	}
	one.met = true
	return now.Sub(one.since) >= takeOver
}

// walk begins a walk along the queue. Who was not met in the last one, which may
// have ended early, begins anew.
func (o others) walk() {
	maps.DeleteFunc(o, func(_ string, one *other) bool { return !one.met })
	for _, one := range o {
		one.met = false
	}
}

// jwtBatch is how many JWTs are stored together: a commit costs as much as
// making one.
const jwtBatch = 16

// drainJWT makes all JWTs of an issuer that wait. Those that cannot be made keep
// nobody waiting behind them, unless the key does not answer at all; the error
// tells of the first.
func (i *Issuer) drainJWT(ctx context.Context, issuer string, others others) error {
	var first error
	others.walk()
	for after := ""; ; {
		batch, err := i.wantedJWTs(ctx, issuer)
		if err == nil && len(batch) == 0 {
			if batch, err = i.waitingJWTs(ctx, issuer, after, others); len(batch) > 0 {
				after = batch[len(batch)-1].seq
			}
		}
		if err != nil || len(batch) == 0 {
			return errors.Join(first, err)
		}
		made, failed := i.makeJWTs(ctx, batch)
		if first == nil {
			first = failed
		}
		if err := i.storeJWTs(ctx, made); err != nil {
			return err
		}
		i.jwtReady.wake()
		if errors.Is(failed, ErrSigning) {
			return first
		}
	}
}

// makeJWTs makes those of a batch that can be made. A key that does not answer
// (ErrSigning) is not asked again. Who was erased since the batch was read has no
// JWT, and waits for none any more.
func (i *Issuer) makeJWTs(ctx context.Context, batch []queued) (made []queued, failed error) {
	for _, q := range batch {
		var err error
		waiting, start := q, time.Now()
		if q, err = i.makeJWT(ctx, q); err == nil {
			made = append(made, q)
			i.pace.rest(ctx, time.Since(start))
			continue
		}
		if errors.Is(err, ErrErased) {
			continue
		}
		err = fmt.Errorf("JWT of %s/%s: %w", waiting.issuer, waiting.seq, err)
		if errors.Is(err, ErrSigning) {
			return made, errors.Join(failed, err)
		}
		if failed == nil {
			failed = err
		}
	}
	return made, failed
}

// issuersWaiting are those for whose badges JWTs are to be made.
func (i *Issuer) issuersWaiting(ctx context.Context) ([]string, error) {
	var slugs []string
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		slugs = nil
		var after []byte
		for {
			found := len(slugs)
			err := r.Scan(key("j", ""), after, func(k, _ []byte) error {
				slugs = append(slugs, strings.Split(string(k), "/")[1])
				return store.ErrStop
			})
			if err != nil || len(slugs) == found {
				return err
			}
			after = jwtQueueKey(slugs[found], "g") // behind every hexadecimal sequence
		}
	})
	return slugs, err
}

func (i *Issuer) waitingJWTs(ctx context.Context, issuer, after string, others others) ([]queued, error) {
	var batch []queued
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		batch = nil
		var start []byte
		if after != "" {
			start = jwtQueueKey(issuer, after)
		}
		return r.Scan(jwtQueueKey(issuer, ""), start, func(k, v []byte) error {
			by, err := store.Unseal(k, v)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			ours := len(by) == 0 || string(by) == i.cfg.Replica
			if !ours && !others.idle(string(by), lastPart(k), time.Now()) {
				return nil // it is looked for again
			}
			batch = append(batch, queued{issuer: issuer, seq: lastPart(k)})
			if len(batch) == jwtBatch {
				return store.ErrStop
			}
			return nil
		})
	})
	return batch, err
}

func (i *Issuer) makeJWT(ctx context.Context, q queued) (made queued, err error) {
	var rec *Record
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		rec, err = recordAt(r, q.issuer, q.seq)
		return err
	})
	if err != nil {
		return q, err
	}
	if !rec.ErasedAt.IsZero() {
		return q, ErrErased
	}
	doc, err := badge.Parse(rec.Document)
	if err != nil {
		return q, err
	}
	// RS256 is the floor of OB 3.0 section 8.2; a did:key issuer has only its
	// Ed25519 key.
	alg := keys.RS256
	if strings.HasPrefix(doc.View().Issuer.ID, "did:key:") {
		alg = keys.EdDSA
	}
	signer, err := i.signer(ctx, q.issuer, alg)
	if err != nil {
		return q, err
	}
	signed, err := i.cfg.JWT.Secure(ctx, doc, signer, rec.IssuedAt)
	if err != nil {
		return q, err
	}
	// The queue may have waited longer than the badge is valid.
	if err := authentic(i.cfg.SelfCheck(ctx, signed.Raw())); err != nil {
		return q, i.selfCheckFailed(ctx, q.issuer, err)
	}
	q.document, q.jwt, q.signers = rec.Document, signed.Raw(), []string{signer.Method().ID}
	return i.makeCard(ctx, q, rec, doc)
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
			switch err := i.allSign(ctx, q); {
			case errors.Is(err, errAgain):
				continue // it goes on waiting for one of a good key
			case err != nil:
				return err
			}
			k := jwtKey(q.issuer, q.seq)
			if err := tx.Put(k, store.Seal(k, packJWT(q.jwt, q.document))); err != nil {
				return err
			}
			if err := putMark(tx, cardKey(q.issuer, q.seq), q.card); err != nil {
				return err
			}
			if err := tx.Delete(jwtQueueKey(q.issuer, q.seq)); err != nil {
				return err
			}
		}
		return nil
	})
}

// allSign asks of all keys that made something whether they are good, as far as
// is known here: a JWT is made for one badge at a time in an Update for many, on
// which the keys of all their issuers would weigh as locks.
func (i *Issuer) allSign(ctx context.Context, q queued) error {
	for _, id := range q.signers {
		if err := i.notRevoked(ctx, q.issuer, id); err != nil {
			return err
		}
	}
	return nil
}

// JWT returns the badge as a compact JWS. One that is still being made is
// waited for briefly, then ErrNotReady. Reads never sign.
func (i *Issuer) JWT(ctx context.Context, rec *Record) ([]byte, error) {
	kept, err := i.afterwards(ctx, rec, jwtKey(rec.Issuer, rec.seq), "JWT")
	if err != nil {
		return nil, err
	}
	return unpackJWT(kept, rec.Document)
}

// afterwards reads what is made after the commit, once it is. Where that is
// still to come, it comes before all others.
func (i *Issuer) afterwards(ctx context.Context, rec *Record, k []byte, what string) ([]byte, error) {
	deadline := time.NewTimer(jwtPatience)
	defer deadline.Stop()
	for first := true; ; first = false {
		ready := i.jwtReady.wait()
		made, err := i.madeAfterwards(ctx, k, what)
		if !errors.Is(err, ErrNotFound) {
			return made, err
		}
		if first {
			i.pace.want(place{rec.Issuer, rec.seq})
			defer i.pace.forget(place{rec.Issuer, rec.seq})
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

func (i *Issuer) madeAfterwards(ctx context.Context, k []byte, what string) ([]byte, error) {
	var made []byte
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		v, err := r.Get(k)
		if err != nil {
			return notFound(err, what)
		}
		made, err = store.Unseal(k, v)
		return err
	})
	return bytes.Clone(made), err
}

func (i *Issuer) storedJWT(ctx context.Context, rec *Record) ([]byte, error) {
	kept, err := i.madeAfterwards(ctx, jwtKey(rec.Issuer, rec.seq), "JWT")
	if err != nil {
		return nil, err
	}
	return unpackJWT(kept, rec.Document)
}
