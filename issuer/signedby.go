package issuer

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"laurel/badge"
	"laurel/keys"
)

// SignedBy is one page of the badges of an issuer that a key has signed, in either of
// their forms, and that are still to be taken for good: those to issue again when the
// key has leaked, since others reject all of them. The id is that of the verification
// method or its fragment; next is the cursor of the page after this one, "" behind the
// last. A page can be empty and have a next one. Errors are keys.ErrMethodNotFound,
// badge.Errors for the cursor, ErrKeysElsewhere, and those of the store.
func (i *Issuer) SignedBy(ctx context.Context, slug, id, cursor string) (ids []string, next string, err error) {
	known, err := i.Keys(ctx, slug)
	if err != nil {
		return nil, "", err
	}
	at := slices.IndexFunc(known, func(k keys.Info) bool { return (&KeyChange{ID: id}).means(k) })
	if at < 0 {
		return nil, "", fmt.Errorf("%w: issuer %.80q has no key %.120q", keys.ErrMethodNotFound, slug, id)
	}
	page, err := i.List(ctx, Filter{Issuers: []string{slug}, Cursor: cursor})
	if err != nil {
		return nil, "", err
	}
	now := i.now()
	for _, rec := range page.Records {
		if rec.outOfForce(now) || !rec.ErasedAt.IsZero() {
			continue
		}
		signed, err := i.signedWith(ctx, rec, known[at].Method.ID)
		if err != nil {
			return nil, "", err
		}
		if signed {
			ids = append(ids, rec.ID)
		}
	}
	return ids, page.Next, nil
}

// signedWith tells whether a key signed a form of a badge. A JWT that is not made yet
// will be signed with a key that signs then.
func (i *Issuer) signedWith(ctx context.Context, rec *Record, method string) (bool, error) {
	forms := [][]byte{rec.Document}
	token, err := i.storedJWT(ctx, rec)
	if err == nil {
		forms = append(forms, token)
	} else if !errors.Is(err, ErrNotFound) {
		return false, err
	}
	for _, form := range forms {
		doc, err := badge.Parse(form)
		if err != nil {
			return false, fmt.Errorf("reading credential %s as stored: %w", rec.ID, err)
		}
		if slices.Contains(signersOf(doc), method) {
			return true, nil
		}
	}
	return false, nil
}
