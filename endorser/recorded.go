package endorser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/store"
)

// RecordedAt tells since when an endorsement stands in our store under the very
// signatures that it is shown with, signed here or brought; false for one that
// does not, and for what is no endorsement. As issuer.RecordedAt does for
// badges, it tells what is older than the theft of its key.
func (s *Endorsers) RecordedAt(ctx context.Context, d *badge.Document) (at time.Time, ok bool, err error) {
	if !badge.HasType(d.Root().Get("type"), badge.TypeEndorsement) {
		return time.Time{}, false, nil
	}
	said, err := statement(d)
	if err != nil {
		return time.Time{}, false, nil //nolint:nilerr // what cannot be signed was never kept
	}
	err = s.store.View(ctx, func(r store.Reader) (err error) {
		at, ok = time.Time{}, false
		var rec *Endorsement
		if id, ours := strings.CutPrefix(d.View().ID, s.issuer.EndorsementURL("")); ours {
			rec = new(Endorsement)
			err = get(r, endorsementKey(id), rec)
		} else {
			rec, err = same(r, naturalKey(d.IssuerID(), said))
		}
		if err != nil || rec == nil || rec.Erased() {
			return err
		}
		kept, err := badge.Parse(rec.Document)
		if err != nil {
			return fmt.Errorf("endorsement %s: %w: %s", rec.ID, store.ErrDamaged, err.Error())
		}
		if d.JWS() != nil {
			ok = bytes.Equal(bytes.TrimSpace(rec.Document), bytes.TrimSpace(d.Raw()))
		} else {
			ok = issuer.SameSignatures(d, kept)
		}
		at = rec.CreatedAt
		return nil
	})
	if errors.Is(err, issuer.ErrNotFound) {
		return time.Time{}, false, nil
	} else if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for an endorsement on record: %w", err)
	}
	return at, ok, nil
}
