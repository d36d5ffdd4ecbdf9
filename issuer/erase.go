package issuer

import (
	"context"
	"errors"
	"time"

	"laurel/store"
)

// Erase takes a person out of a credential, in all its editions, and reports
// whether that was still to be done. The signed bytes in every form, all
// digests of the person, the platform's reference and the words of reasons are
// removed, with everything that led to them; what is published says that the
// badge is revoked. What stays is that there was a badge: its id, its
// achievement, its dates and its places in the status lists, which nobody gets
// again. The errors are ErrNotFound and those of the store.
//
// Afterwards the bytes are gone from what the store holds. From its file they
// go when it is compacted; CompactionDue tells since when that is waited for.
func (i *Issuer) Erase(ctx context.Context, a Amendment) (rec *Record, changed bool, err error) {
	var f faults
	f.text(&a.Reason, "/reason", 500, false)
	if err := f.Err(); err != nil {
		return nil, false, err
	}
	run, err := i.changing(a.Actor, actionErase)
	if err != nil {
		return nil, false, err
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		if rec, err = run.read(tx, a.ID, a.MayTouch); err != nil {
			return err
		}
		if changed = rec.ErasedAt.IsZero(); !changed {
			return nil
		}
		if err := run.behind(i, tx, rec); err != nil {
			return err
		}
		rec, err = i.eraseEditions(tx, rec, run)
		if err != nil {
			return err
		}
		if err := markErasure(tx, run.At); err != nil {
			return err
		}
		return run.note(tx, rec, ReasonWithdrawn)
	})
	if err != nil {
		return nil, false, err
	}
	if changed {
		i.counters.changes.Add(actionErase)
		i.cfg.Log.InfoContext(ctx, "erased", "credential", rec.ID, "issuer", rec.Issuer, "actor", a.Actor)
	}
	return rec, changed, nil
}

// eraseEditions returns the current one as it is afterwards.
func (i *Issuer) eraseEditions(tx store.Tx, now *Record, run *changing) (*Record, error) {
	var p pointer
	if err := getJSON(tx, idKey(now.ID), &p); err != nil {
		return nil, err
	}
	for _, seq := range p.Before {
		old, err := recordAt(tx, p.Issuer, seq)
		if err != nil {
			return nil, err
		}
		if err := i.eraseRecord(tx, old, run); err != nil {
			return nil, err
		}
	}
	if err := i.removeFinders(tx, now); err != nil {
		return nil, err
	}
	now.Status, now.Reason, now.StatusAt = Revoked, ReasonWithdrawn, run.At
	if err := setBit(tx, now.List, now.Index, run.seq); err != nil {
		return nil, err
	}
	if err := i.eraseRecord(tx, now, run); err != nil {
		return nil, err
	}
	return now, i.putFinders(tx, now) // by its achievement it is still counted
}

// eraseRecord leaves of one edition what is nobody's.
func (i *Issuer) eraseRecord(tx store.Tx, rec *Record, run *changing) error {
	if rec.Status == Superseded {
		rec.Reason = ""
	}
	rec.Document, rec.Email, rec.Person, rec.ByPerson, rec.ByEmail = nil, nil, nil, nil, nil
	rec.ExternalRef, rec.Language = "", ""
	rec.ErasedAt, rec.ChangedAt = run.At, run.At
	gone := [][]byte{jwtKey(rec.Issuer, rec.seq), cardKey(rec.Issuer, rec.seq), jwtQueueKey(rec.Issuer, rec.seq)}
	err := tx.Scan(key("r", rec.Issuer, rec.seq, ""), nil, func(k, _ []byte) error {
		gone = append(gone, k)
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if err := tx.Delete(k); err != nil {
			return err
		}
	}
	return putRecord(tx, rec)
}

// Erasures are those that the store's file was not compacted after: the first
// and the last. The zero value is none.
type Erasures struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// markErasure notes that the file still holds what the store does not.
func markErasure(tx store.Tx, at time.Time) error {
	e := Erasures{Since: at}
	if err := getJSON(tx, erasureKey(), &e); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if e.Until = at; e.Until.Before(e.Since) {
		e.Until = e.Since
	}
	return store.PutJSON(tx, erasureKey(), e)
}

// CompactionDue tells which erasures wait for the store's file to be compacted.
func (i *Issuer) CompactionDue(ctx context.Context) (e Erasures, err error) {
	err = i.cfg.Store.View(ctx, func(r store.Reader) error { return getJSON(r, erasureKey(), &e) })
	if errors.Is(err, ErrNotFound) {
		return Erasures{}, nil
	}
	return e, err
}

// Compacted notes that the file was compacted after CompactionDue gave e. Where
// there was an erasure since, the note stays: it may have come after the
// compaction.
func (i *Issuer) Compacted(ctx context.Context, e Erasures, actor string) error {
	run, err := i.changing(actor, "store.compact")
	if err != nil {
		return err
	}
	return i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var now Erasures
		switch err := getJSON(tx, erasureKey(), &now); {
		case errors.Is(err, ErrNotFound):
		case err != nil:
			return err
		case now.Until.Equal(e.Until):
			if err := tx.Delete(erasureKey()); err != nil {
				return err
			}
		}
		return putAudit(tx, run.seq, run.Event)
	})
}
