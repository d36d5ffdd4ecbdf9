package issuer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"laurel/badge"
	"laurel/store"
)

// RecordedAt tells since when a badge stands in our store under the very
// signatures that it is shown with; false for one that does not, in no edition.
// It is for badges whose key came into strange hands later: who has the key
// writes any date into a badge, but not into our store.
func (i *Issuer) RecordedAt(ctx context.Context, d *badge.Document) (at time.Time, ok bool, err error) {
	id, ours := strings.CutPrefix(d.View().ID, i.CredentialURL(""))
	if !ours || !idPattern.MatchString(id) {
		return time.Time{}, false, nil
	}
	err = i.cfg.Store.View(ctx, func(r store.Reader) error {
		at, ok = time.Time{}, false
		p, err := pointerTo(r, id)
		if err != nil {
			return err
		}
		for _, seq := range append(slices.Clone(p.Before), p.Seq) {
			same, err := i.holds(r, p.Issuer, seq, d)
			if err != nil {
				return err
			}
			if !same {
				continue
			}
			var e Event
			if err := getJSON(r, auditKey(seq), &e); err != nil {
				return err
			}
			at, ok = e.At, true
			return nil
		}
		return nil
	})
	if errors.Is(err, ErrNotFound) {
		return time.Time{}, false, nil
	} else if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for %s on record: %w", id, err)
	}
	return at, ok, nil
}

// holds tells whether an edition on record has the signatures of a document. A
// signature stands for what was signed: the bytes around it may be set out
// anew, as long as it still holds for them.
func (i *Issuer) holds(r store.Reader, issuer, seq string, d *badge.Document) (bool, error) {
	rec, err := recordAt(r, issuer, seq)
	if err != nil {
		return false, err
	}
	if d.JWS() != nil {
		return holdsJWT(r, rec, bytes.TrimSpace(d.Raw()))
	}
	stored, err := rec.View()
	if err != nil {
		return false, nil //nolint:nilerr // nothing to be read is left of a badge that was erased
	}
	return SameSignatures(d, stored), nil
}

// holdsJWT is holds for a JWT.
func holdsJWT(r store.Reader, rec *Record, shown []byte) (bool, error) {
	k := jwtKey(rec.Issuer, rec.seq)
	v, err := r.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	kept, err := store.Unseal(k, v)
	if err != nil {
		return false, err
	}
	token, err := unpackJWT(kept, rec.Document)
	return bytes.Equal(token, shown), err
}

// SameSignatures tells whether all proofs of a document stand in one that was
// kept, of which there may be more.
func SameSignatures(d, kept *badge.Document) bool {
	known, shown := signatures(kept), signatures(d)
	return len(shown) > 0 && !slices.ContainsFunc(shown, func(s string) bool { return s == "" || !slices.Contains(known, s) })
}

// signatures are the values of the proofs of a document, "" for one without.
func signatures(d *badge.Document) []string {
	var list []string
	for _, p := range d.Proofs() {
		list = append(list, p.Object.Get("proofValue").Text())
	}
	return list
}
