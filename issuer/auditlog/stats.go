package auditlog

import (
	"context"

	"laurel/store"
)

// Stats is how far the log is.
type Stats struct {
	Waiting int    // entries without a place in the tree, as many as were counted at most
	Oldest  string // sequence of the first of them; "" where none waits
	Size    int64  // entries in the tree
	Signed  int64  // of them, entries that the newest checkpoint covers
}

// Stats tells how far the log is. It counts limit waiting entries at most.
func (l *Log) Stats(ctx context.Context, limit int) (s Stats, err error) {
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		s = Stats{}
		var err error
		if s.Size, err = readNumber(r, sizeKey()); err != nil {
			return err
		}
		c, _, err := readCheckpoint(r)
		if err != nil {
			return err
		}
		s.Signed = c.Tree.N
		return r.Scan(waitingKey(""), nil, func(k, _ []byte) error {
			if s.Waiting++; s.Waiting == 1 {
				s.Oldest = seqOf(k)
			}
			if s.Waiting == limit {
				return store.ErrStop
			}
			return nil
		})
	})
	return s, err
}
