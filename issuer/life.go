package issuer

import (
	"context"
	"fmt"

	"laurel/badge"
	"laurel/store"
)

// Revoke withdraws a credential for good. Revoking what is revoked already
// changes nothing and gives the record as it stands. mayTouch bounds what the
// caller may touch: a credential of another issuer is ErrNotFound, as one that
// does not exist. Faults of the reason are badge.Errors.
func (i *Issuer) Revoke(ctx context.Context, id, reason, actor string, mayTouch func(issuer string) bool) (*Record, error) {
	var f faults
	f.text(&reason, "/reason", 500, false)
	if err := f.Err(); err != nil {
		return nil, err
	}
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("credential: %w", ErrNotFound)
	}
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return nil, err
	}
	var rec *Record
	var changed bool
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var err error
		if rec, err = recordByID(tx, id); err != nil {
			return err
		}
		if !mayTouch(rec.Issuer) {
			return fmt.Errorf("credential record: %w", ErrNotFound)
		}
		if changed = rec.Status != Revoked; !changed {
			return nil
		}
		rec.Status, rec.Reason, rec.StatusAt, rec.ChangedAt = Revoked, reason, now, now
		return putRevoked(tx, rec, seq, actor)
	})
	if err != nil {
		return nil, err
	}
	if changed {
		i.cfg.Log.InfoContext(ctx, "revoked", "credential", rec.ID, "issuer", rec.Issuer, "actor", actor)
	}
	return rec, nil
}

func putRevoked(tx store.Tx, rec *Record, seq, actor string) error {
	if err := putRecord(tx, rec); err != nil {
		return err
	}
	if err := setBit(tx, rec.List, rec.Index, seq); err != nil {
		return err
	}
	return putAudit(tx, seq, Event{At: rec.StatusAt, Actor: actor, Action: "credential.revoke", Issuer: rec.Issuer, Subject: rec.ID, Reason: rec.Reason})
}

// Credential returns the record of a public id; ErrNotFound. It is for
// serving the stored bytes, which earn no trust by being ours.
func (i *Issuer) Credential(ctx context.Context, id string) (*Record, error) {
	if !idPattern.MatchString(id) {
		return nil, fmt.Errorf("credential: %w", ErrNotFound)
	}
	var rec *Record
	err := i.cfg.Store.View(ctx, func(r store.Reader) error {
		var err error
		rec, err = recordByID(r, id)
		return err
	})
	return rec, err
}

// View parses the stored badge for display beside its record.
func (r *Record) View() (*badge.Document, error) { return badge.Parse(r.Document) }
