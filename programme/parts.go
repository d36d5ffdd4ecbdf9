package programme

import "context"

// parts is much work of one kind: all pieces of it, in their order, some
// hundreds to a transaction.
type parts struct {
	all int
	// rehearse tries the pieces from one on and before another, beside do and
	// done for those before them: it touches nothing that these do.
	rehearse func(s *session, from, to int) error
	do       func(s *session, from, to int) error
	done     func(from, to int) // they are durable; it may be nil
}

// inParts does a part once the one before it is durable. While that is put on
// record, the next is rehearsed and its badges are signed, so that neither the
// disk nor the processors wait. Such a rehearsal may not see yet what the part
// before it changes; then the part wants other badges when its turn comes, and
// is prepared anew, as whenever something has changed meanwhile.
func (p *Programme) inParts(ctx context.Context, w parts) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := p.ahead(ctx, w, 0)
	for from := 0; from < w.all; from += chunk {
		to := min(from+chunk, w.all)
		pool := <-next
		next = p.ahead(ctx, w, to)
		err := p.settle(ctx, pool, func(s *session) error { return w.do(s, from, to) })
		pool.close()
		if err != nil {
			cancel()
			(<-next).close()
			return err
		}
		if w.done != nil {
			w.done(from, to)
		}
	}
	(<-next).close()
	return nil
}

// ahead prepares the part that begins with a piece, if there is one. An error is
// left to the part's own turn: it may have come of what was not so yet.
func (p *Programme) ahead(ctx context.Context, w parts, from int) <-chan *pool {
	ready := make(chan *pool, 1)
	pool := newPool(p.issuer)
	to := min(from+chunk, w.all)
	if from >= to {
		ready <- pool
		return ready
	}
	go func() {
		_ = p.prepare(ctx, pool, false, func(s *session) error { return w.rehearse(s, from, to) })
		ready <- pool
	}()
	return ready
}
