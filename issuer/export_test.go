package issuer

import (
	"context"

	"laurel/store"
)

// IdentityHash is the hash of an address under a given salt.
var IdentityHash = identityHash

// Reserved is how many places in status lists prepared badges hold.
func (i *Issuer) Reserved() int {
	i.reserved.mu.Lock()
	defer i.reserved.mu.Unlock()
	return len(i.reserved.taken)
}

// RollList opens the list after the one that is being filled.
func (i *Issuer) RollList(ctx context.Context, issuer, purpose string) error {
	var cur int
	err := i.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		cur, err = i.readCurrentList(r, issuer, purpose)
		return err
	})
	if err != nil {
		return err
	}
	return i.rollList(ctx, issuer, purpose, cur)
}
