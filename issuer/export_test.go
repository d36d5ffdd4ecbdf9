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

// Wanted is how many badges somebody waits for whose JWTs are to be made.
func (i *Issuer) Wanted() int {
	i.pace.mu.Lock()
	defer i.pace.mu.Unlock()
	return len(i.pace.wanted)
}

// JWTMade is JWT for who does not wait.
func (i *Issuer) JWTMade(ctx context.Context, rec *Record) ([]byte, error) {
	return i.storedJWT(ctx, rec)
}
