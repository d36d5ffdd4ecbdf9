package verifier

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/keys"
)

const (
	// maxFetches bounds what one verification may ask of other hosts.
	maxFetches = 6
	// patience bounds the time that one verification waits for other hosts, all
	// of them together.
	patience = 8 * time.Second
)

// errands are what one verification asks of others: each thing once, not more
// than maxFetches, and no longer than patience. All that is found in or behind
// a document shares its errands: lists, editions, endorsements. They belong to
// the goroutine of the subject; what runs beside it touches its own answer and
// nothing else.
type errands struct {
	v       *Verifier
	waiting func() (back func()) // Options.Waiting
	left    int
	paid    []string           // sources of keys that were asked for already
	known   []*errand          // few: each but a key of did:key is a request
	ctx     context.Context    // ends with patience; made when there is the first
	cancel  context.CancelFunc // ends what nobody waits for any more

	// Room for what most need: a key and a list.
	room struct {
		known [2]*errand
		first [2]errand
		used  int
	}
}

// question is what an errand asks for: a key by its id, or by a kid or a
// thumbprint among the keys of an issuer; a list or another text by its
// address.
type question struct{ by, name, issuer string }

const (
	byID         = "id"
	byKeyID      = "kid"
	byThumbprint = "thumbprint"
	byList       = "list"
	byFreshList  = "fresh list"
	byPage       = "page"
)

func (q question) asksForKey() bool { return q.by == byID || q.by == byKeyID || q.by == byThumbprint }

// errand is one thing that was asked for.
type errand struct {
	question

	ready chan struct{} // closed when the rest is there; nil: it is there
	brought
}

// brought is what an errand brings: a key or a text, or why not.
type brought struct {
	method keys.VerificationMethod
	text   []byte
	err    error
	broke  any // a panic, which is for the check that waits
}

// task does an errand.
type task struct {
	question
	source string // of a key: who asks the same source again makes no request
	price  int    // requests, at most
	run    func(ctx context.Context) brought
}

// prepare makes the zero errands ready for one verification.
func (e *errands) prepare(v *Verifier, waiting func() (back func())) {
	e.v, e.waiting, e.left, e.known = v, waiting, maxFetches, e.room.known[:0]
}

// aside tells whoever wants to know that nothing but waiting is done until the
// answer is called.
func (e *errands) aside() (back func()) {
	if e.waiting == nil {
		return func() {}
	}
	return e.waiting()
}

// end stops what is still under way: nobody asks for it any more.
func (e *errands) end() {
	if e.cancel != nil {
		e.cancel()
	}
}

// begin starts an errand beside what else is done, unless fewer than keep
// requests were left for what matters more.
func (e *errands) begin(ctx context.Context, t task, keep int) {
	if e.find(t.question) != nil || e.cost(t) > e.left-keep {
		return
	}
	a := e.note(t)
	a.ready = make(chan struct{})
	ctx = e.bounded(ctx)
	go func() {
		defer close(a.ready)
		defer func() { a.broke = recover() }()
		a.brought = t.run(ctx)
	}()
}

// do gives what an errand brought. One that is under way is waited for, any
// other is done now.
func (e *errands) do(ctx context.Context, t task) *errand {
	a := e.find(t.question)
	switch {
	case a == nil && e.cost(t) > e.left:
		return &errand{brought: brought{err: fmt.Errorf("%w: there were %d already", errNoMore, maxFetches)}}
	case a == nil:
		if t.price > 0 {
			ctx = e.bounded(ctx)
		}
		b := e.run(ctx, t) // a panic here leaves no answer
		a = e.note(t)
		a.brought = b
	case a.ready != nil:
		back := e.aside()
		defer back()
		if !a.arrives(e.ctx) {
			return &errand{brought: brought{err: e.ctx.Err()}}
		}
	}
	if a.broke != nil {
		panic(a.broke)
	}
	return a
}

// arrives waits for what an errand brings. What has arrived counts, even if
// nobody would have waited any longer.
func (a *errand) arrives(ctx context.Context) bool {
	select {
	case <-a.ready:
	case <-ctx.Done():
		select {
		case <-a.ready:
		default:
			return false
		}
	}
	a.ready = nil
	return true
}

// run does an errand in the course of the verification.
func (e *errands) run(ctx context.Context, t task) brought {
	if t.price > 0 && e.waiting != nil && !e.v.atHand(t.source) {
		back := e.aside()
		defer back()
	}
	return t.run(ctx)
}

// errNoMore: the requests of a verification are used up.
var errNoMore = errors.New("no more requests")

func (e *errands) cost(t task) int {
	if t.source != "" && slices.Contains(e.paid, t.source) {
		return 0
	}
	return t.price
}

func (e *errands) note(t task) *errand {
	e.left -= e.cost(t)
	if t.source != "" && t.price > 0 {
		e.paid = append(e.paid, t.source)
	}
	var a *errand
	if r := &e.room; r.used < len(r.first) {
		a = &r.first[r.used]
		r.used++
	} else {
		a = new(errand)
	}
	a.question = t.question
	e.known = append(e.known, a)
	return a
}

func (e *errands) find(q question) *errand {
	for _, a := range e.known {
		if a.question == q {
			return a
		}
	}
	return nil
}

// bounded is the time of all errands, the caller's own where that ends sooner.
func (e *errands) bounded(ctx context.Context) context.Context {
	if e.ctx == nil {
		e.ctx, e.cancel = context.WithTimeout(ctx, patience)
	}
	return e.ctx
}

// key resolves a verification method by its id.
func (e *errands) key(ctx context.Context, id string) (keys.VerificationMethod, error) {
	if a := e.find(question{by: byID, name: id}); a != nil && a.ready == nil && a.err == nil && a.broke == nil {
		return a.method, nil // as do gives it
	}
	return e.doKey(ctx, e.keyTask(id))
}

func (e *errands) keyTask(id string) task {
	source, _, _ := strings.Cut(id, "#")
	return keyTask(question{by: byID, name: id}, source, func(ctx context.Context) brought {
		return broughtKey(e.v.keys.Resolve(ctx, id))
	})
}

// issuerKey resolves a kid among the keys of an issuer.
func (e *errands) issuerKey(ctx context.Context, kid, issuer string) (keys.VerificationMethod, error) {
	return e.doKey(ctx, e.issuerKeyTask(kid, issuer))
}

func (e *errands) issuerKeyTask(kid, issuer string) task {
	return keyTask(question{byKeyID, kid, issuer}, issuer, func(ctx context.Context) brought {
		return broughtKey(e.v.keys.ResolveForIssuer(ctx, kid, issuer))
	})
}

// broughtKey finds a key that came with a token among the keys of an issuer.
func (e *errands) broughtKey(ctx context.Context, public crypto.PublicKey, issuer string) (keys.VerificationMethod, error) {
	thumbprint, err := keys.Thumbprint(public)
	if err != nil {
		return keys.VerificationMethod{}, err
	}
	return e.doKey(ctx, keyTask(question{byThumbprint, thumbprint, issuer}, issuer, func(ctx context.Context) brought {
		return broughtKey(e.v.keys.ResolveKeyForIssuer(ctx, public, issuer))
	}))
}

func keyTask(q question, source string, run func(context.Context) brought) task {
	return task{question: q, source: source, price: price(source), run: run}
}

func broughtKey(m keys.VerificationMethod, err error) brought { return brought{method: m, err: err} }

func (e *errands) doKey(ctx context.Context, t task) (keys.VerificationMethod, error) {
	a := e.do(ctx, t)
	if errors.Is(a.err, errNoMore) || errors.Is(a.err, context.Canceled) || errors.Is(a.err, context.DeadlineExceeded) {
		return keys.VerificationMethod{}, fmt.Errorf("%w: %w", keys.ErrUnreachable, a.err)
	}
	return a.method, a.err
}

// refresh looks again at the keys of an issuer that were learnt before a time,
// and tells whether there is anything newer. The questions that follow are
// answered by what it fetched.
func (e *errands) refresh(ctx context.Context, issuer string, before time.Time) bool {
	keyring, ok := e.v.keys.(keys.Refresher)
	if !ok || !slices.ContainsFunc(e.known, (*errand).asksForKey) || price(issuer) > e.left {
		return false
	}
	e.left -= price(issuer)
	if !keyring.Refresh(e.bounded(ctx), issuer, before) {
		return false
	}
	e.known = slices.DeleteFunc(e.known, (*errand).asksForKey)
	return true
}

// price is how many requests it takes at most to learn a key of a source: an
// address may publish its keys in two places.
func price(source string) int {
	switch {
	case strings.HasPrefix(source, "did:key:"), strings.HasPrefix(source, "did:jwk:"):
		return 0
	case strings.HasPrefix(source, "did:"):
		return 1
	}
	return 2
}

// list fetches a status list.
func (e *errands) list(ctx context.Context, url string) ([]byte, error) {
	if e.v.status == nil {
		return nil, errors.New("status lists are not fetched here")
	}
	a := e.do(ctx, e.listTask(url))
	return a.text, a.err
}

func (e *errands) listTask(url string) task {
	return task{question: question{by: byList, name: url}, price: 1, run: func(ctx context.Context) (b brought) {
		b.text, b.err = e.v.status.StatusList(ctx, url)
		return b
	}}
}

// freshList fetches a status list past all copies, where its source can.
func (e *errands) freshList(ctx context.Context, url string) ([]byte, bool) {
	source, ok := e.v.status.(FreshStatusSource)
	if !ok {
		return nil, false
	}
	a := e.do(ctx, task{question: question{by: byFreshList, name: url}, price: 1, run: func(ctx context.Context) (b brought) {
		b.text, b.err = source.FreshStatusList(ctx, url)
		return b
	}})
	return a.text, a.err == nil
}

// page fetches any other document that a credential names.
func (e *errands) page(ctx context.Context, url string) ([]byte, error) {
	if e.v.pages == nil {
		return nil, errors.New("nothing is fetched here")
	}
	a := e.do(ctx, e.pageTask(url))
	return a.text, a.err
}

func (e *errands) pageTask(url string) task {
	return task{question: question{by: byPage, name: url}, price: 1, run: func(ctx context.Context) (b brought) {
		b.text, b.err = e.v.pages.Page(ctx, url)
		return b
	}}
}
