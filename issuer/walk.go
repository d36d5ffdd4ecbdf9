package issuer

import (
	"bytes"
	"context"
	"fmt"

	"laurel/store"
)

// IDs returns the ids of credentials after one, in order: those of everything
// that was ever issued, shown or not. limit is at least 1; fewer ids are the last.
func (i *Issuer) IDs(ctx context.Context, after string, limit int) (ids []string, err error) {
	prefix := key("n", "")
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		ids = nil
		return r.Scan(prefix, idKey(after), func(k, _ []byte) error {
			ids = append(ids, string(bytes.TrimPrefix(k, prefix)))
			if len(ids) == limit {
				return store.ErrStop
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing credentials: %w", err)
	}
	return ids, nil
}

// StatusLists returns the names of all lists that were ever opened.
func (i *Issuer) StatusLists(ctx context.Context) (lists []string, err error) {
	prefix := key("v", "")
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		lists = nil
		return r.Scan(prefix, nil, func(k, _ []byte) error {
			if name := bytes.TrimPrefix(k, prefix); !bytes.ContainsRune(name, '/') {
				lists = append(lists, string(name))
			}
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing status lists: %w", err)
	}
	return lists, nil
}
