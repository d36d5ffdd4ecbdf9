package issuer

import (
	"context"
	"errors"

	"laurel/store"
)

// commit writes everything that belongs to a badge in one Update, or finds
// that somebody else was first and gives their answer. The place in the order
// of records is drawn here, so that it differs from the order of commits by
// no more than the time of a commit, however slow the signer is.
func (i *Issuer) commit(ctx context.Context, d *draft) (*Issued, error) {
	now := i.now()
	seq, err := newSeq(i.cfg.Random, now)
	if err != nil {
		return nil, err
	}
	if d.record != nil {
		d.record.seq, d.record.ChangedAt = seq, now
	}
	var found *Issued
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) (err error) {
		found, err = i.put(ctx, tx, d)
		return err
	})
	if err == nil && found == nil {
		i.clock.reach(now.UnixNano())
	}
	return found, err
}

// put is commit within a transaction.
func (i *Issuer) put(ctx context.Context, tx store.Tx, d *draft) (found *Issued, err error) {
	if found, err = i.replay(tx, d.award.Idempotency, d.answer); err != nil || found != nil {
		return found, err
	}
	found, err = i.duplicate(tx, d)
	switch {
	case err != nil:
		return nil, err
	case found != nil:
		return found, i.keepAnswer(tx, d.award.Idempotency, d.answer, found)
	case d.record == nil:
		return nil, errAgain // what was found is no answer any more
	}
	return nil, i.write(ctx, tx, d)
}

func (i *Issuer) write(ctx context.Context, tx store.Tx, d *draft) error {
	rec := d.record
	if err := i.stillTrue(ctx, tx, d); err != nil {
		return err
	}
	steps := []func() error{
		func() error { return claimIndexes(tx, rec) },
		func() error { return putEncoded(tx, idKey(rec.ID), pointer{Issuer: rec.Issuer, Seq: rec.seq}) },
		func() error { return putRecord(tx, rec) },
		func() error { return i.putFinders(tx, rec) },
		func() error { return i.keepAnswer(tx, d.award.Idempotency, d.answer, &Issued{Record: rec}) },
		func() error { return putMark(tx, jwtQueueKey(rec.Issuer, rec.seq), i.cfg.Replica) },
		func() error {
			return putAudit(tx, rec.seq, Event{At: rec.ChangedAt, Actor: d.award.Actor, Action: actionIssue,
				Issuer: rec.Issuer, Subject: rec.ID, Edition: rec.Edition, Document: DocumentDigest(rec.Document)})
		},
		func() error {
			return i.tell(tx, Changed{Action: actionIssue, Record: rec, Award: d.award, Actor: d.award.Actor})
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// stillTrue checks, inside the Update, what the badge was built on: its key may
// sign, its index and id are free and its template is the stored one.
func (i *Issuer) stillTrue(ctx context.Context, tx store.Tx, d *draft) error {
	rec := d.record
	if err := i.stillSigns(ctx, tx, rec.Issuer, rec.signer); err != nil {
		return err
	}
	for _, k := range append(rec.indexKeys(), idKey(rec.ID)) {
		if taken, err := exists(tx, k); err != nil {
			return err
		} else if taken {
			return errAgain
		}
	}
	if d.award.Inline != nil {
		return i.keepInline(tx, d)
	}
	now, err := getShared[Achievement](&i.decoded, tx, versionKey(d.ach.Slug, d.ach.Version))
	if errors.Is(err, ErrNotFound) || err == nil && !now.ChangedAt.Equal(d.ach.ChangedAt) {
		return errAgain
	}
	if err != nil {
		return err
	}
	if d.trial != nil {
		return nil // what was but tried can still be changed
	}
	return markUsed(tx, d.ach)
}

// markUsed writes only once, so that awards of one achievement do not contend.
func markUsed(tx store.Tx, a *Achievement) error {
	used, err := exists(tx, usedKey(a.Slug, a.Version))
	if err != nil || used {
		return err
	}
	return putMark(tx, usedKey(a.Slug, a.Version), "")
}

// indexKeys are the places of a badge in status lists.
func (r *Record) indexKeys() [][]byte {
	keys := [][]byte{indexKey(r.List, r.Index)}
	if r.PauseList != "" {
		keys = append(keys, indexKey(r.PauseList, r.PauseIndex))
	}
	return keys
}

// claimIndexes takes the places of a badge, for ever.
func claimIndexes(tx store.Tx, rec *Record) error {
	for _, k := range rec.indexKeys() {
		if err := putMark(tx, k, rec.ID); err != nil {
			return err
		}
	}
	return nil
}

func (i *Issuer) putFinders(tx store.Tx, rec *Record) error {
	for _, k := range append(rec.duplicateKeys(), i.finders(rec)...) {
		if err := putMark(tx, k, ""); err != nil {
			return err
		}
	}
	return nil
}

// finders are the keys under which a record is found beside its id. Nothing
// leads to an edition that was replaced.
func (i *Issuer) finders(rec *Record) [][]byte {
	if rec.Status == Superseded {
		return nil
	}
	list := [][]byte{findKey("achievement", rec.Issuer, i.digest("achievement", rec.Achievement), rec.seq)}
	if rec.Email != nil {
		list = append(list, findKey("email", rec.Issuer, rec.Email, rec.seq))
	}
	if rec.ExternalRef != "" {
		list = append(list, findKey("ref", rec.Issuer, i.digest("ref", rec.ExternalRef), rec.seq))
	}
	return list
}

func (i *Issuer) keepAnswer(tx store.Tx, idem *Idempotency, k []byte, answer *Issued) error {
	if idem == nil {
		return nil
	}
	return putEncoded(tx, k, keptAnswer{Digest: i.bodyDigest(idem), Issuer: answer.Record.Issuer,
		Seq: answer.Record.seq, Changes: answer.Record.Changes, Status: answer.Record.Status, Existing: answer.Existing, At: i.now()})
}
