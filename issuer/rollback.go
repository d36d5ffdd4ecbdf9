package issuer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"laurel/badge"
	"laurel/store"
)

// A store that went back in time is dangerous: badges that were issued since
// are in the world, with places in status lists that this store takes for free.
// So a store that was restored, or left for another one, is marked, and nothing
// is issued from it until somebody has accepted that. From then on badges go
// into lists with numbers that no list can have had before.

// ErrRolledBack: what came later may be elsewhere, and nobody has accepted that
// it is not here.
var ErrRolledBack = errors.New("issuer: the store went back in time")

// ErrOvertaken says that a move may not leave the store, for another one began
// since, or the store was left or restored.
var ErrOvertaken = errors.New("issuer: another move of the store began meanwhile")

// maxBefore is how many earlier attempts to move a store are known by name.
const maxBefore = 8

// Rollback is the mark. The zero value is a store that never went back.
type Rollback struct {
	Pending bool      `json:"pending"`         // nobody has accepted it yet
	Moved   bool      `json:"moved"`           // the store was left for a copy of it; else it was restored
	AsOf    time.Time `json:"asOf"`            // what came later is not here
	First   int       `json:"first,omitzero"`  // least number of lists that are opened, since it was accepted
	Move    string    `json:"move,omitzero"`   // names the last attempt to move the store; a copy has the same
	Before  []string  `json:"before,omitzero"` // names attempts before that one
	To      string    `json:"to,omitzero"`     // where it was moved to
}

func rollbackKey() []byte { return key("R") }

// ReadRollback reads the mark of a store.
func ReadRollback(ctx context.Context, s store.Store) (r Rollback, err error) {
	err = s.View(ctx, func(reader store.Reader) error {
		_, err := find(reader, rollbackKey(), &r)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("reading whether the store went back: %w", err)
	}
	return r, nil
}

// MarkRollback marks a store that was restored from a copy of a moment.
func MarkRollback(ctx context.Context, s store.Store, asOf time.Time) error {
	return markStore(ctx, s, func(r *Rollback) error {
		*r = Rollback{Pending: true, AsOf: asOf.UTC(), First: r.First}
		return nil
	})
}

// BeginMove notes the name of an attempt to move the store, before any of it is
// copied: by that name what the attempt may leave behind is known again. It
// returns the names of earlier attempts, none of which can leave the store any
// more: what there is of them may be removed. ErrRolledBack where nothing may be
// moved from here.
func BeginMove(ctx context.Context, s store.Store, name string) (before []string, err error) {
	err = markStore(ctx, s, func(r *Rollback) error {
		if r.Pending {
			return ErrRolledBack
		}
		if r.Move != "" {
			r.Before = append(r.Before, r.Move)
		}
		r.Before = r.Before[max(0, len(r.Before)-maxBefore):]
		r.Move, before = name, r.Before
		return nil
	})
	return before, err
}

// Leave marks a store that is left for a copy of it, of the same name. It is the
// last change of the store. ErrOvertaken where the last attempt to move the store
// is another one, which may have removed the copy.
func Leave(tx store.Tx, name, to string, at time.Time) error {
	return markIn(tx, func(r *Rollback) error {
		if r.Pending || r.Move != name {
			return ErrOvertaken
		}
		r.Pending, r.Moved, r.AsOf, r.To = true, true, at.UTC(), to
		return nil
	})
}

func markStore(ctx context.Context, s store.Store, as func(*Rollback) error) error {
	if err := s.Update(ctx, func(tx store.Tx) error { return markIn(tx, as) }); err != nil {
		return fmt.Errorf("marking the store: %w", err)
	}
	return nil
}

func markIn(tx store.Tx, as func(*Rollback) error) error {
	var r Rollback
	if _, err := find(tx, rollbackKey(), &r); err != nil {
		return err
	}
	if err := as(&r); err != nil {
		return err
	}
	return store.PutJSON(tx, rollbackKey(), r)
}

// AcceptRollback says that this store is the one that goes on. It is put on the
// audit record. ErrConflict where there is nothing to accept, ErrClock where the
// clock cannot be right.
//
// No index can be given twice afterwards: every issuer's badges go into lists
// whose numbers begin with the seconds since 1970, and a list holds some
// hundred thousand badges, so no service can have opened so many lists before.
// Lists of before take no new badge. Each of them gets a new version, later than
// any it had.
func (i *Issuer) AcceptRollback(ctx context.Context, actor string) error {
	if err := i.Steady(ctx); err != nil {
		return err
	}
	run, err := i.changing(actor, "store.accept-rollback")
	if err != nil {
		return err
	}
	err = i.cfg.Store.Update(ctx, func(tx store.Tx) error {
		var r Rollback
		if _, err := find(tx, rollbackKey(), &r); err != nil {
			return err
		}
		switch {
		case !r.Pending:
			return fmt.Errorf("%w: this store did not go back in time", ErrConflict)
		case run.At.Before(r.AsOf):
			return fmt.Errorf("%w: it shows %s, and the copy was made at %s", ErrClock, run.At.Format(time.RFC3339), r.AsOf.Format(time.RFC3339))
		}
		r.Pending, r.First = false, max(int(run.At.Unix()), r.First+1)
		if err := store.PutJSON(tx, rollbackKey(), r); err != nil {
			return err
		}
		if err := i.leaveLists(tx, r.First, run.seq); err != nil {
			return err
		}
		run.Subject = "copy of " + r.AsOf.Format(time.RFC3339)
		return putAudit(tx, run.seq, run.Event)
	})
	if err != nil {
		return fmt.Errorf("accepting that the store went back: %w", err)
	}
	i.cfg.Log.WarnContext(ctx, "it was accepted that the store went back in time", "actor", actor)
	return nil
}

// leaveLists gives all lists a new version and opens one with the number for
// each issuer and purpose that has one.
func (i *Issuer) leaveLists(tx store.Tx, number int, seq string) error {
	var lists, filling [][]byte
	collect := func(prefix string, into *[][]byte) error {
		return tx.Scan([]byte(prefix), nil, func(k, _ []byte) error {
			*into = append(*into, k)
			return nil
		})
	}
	if err := errors.Join(collect("v/", &lists), collect("l/", &filling)); err != nil {
		return err
	}
	for _, k := range lists {
		if err := putMark(tx, k, seq); err != nil {
			return err
		}
	}
	for _, k := range filling {
		slug, purpose, _ := strings.Cut(strings.TrimPrefix(string(k), "l/"), "/")
		if purpose == "" {
			purpose = badge.StatusPurposeRevocation
		}
		if err := i.openList(tx, slug, purpose, number); err != nil {
			return err
		}
	}
	return nil
}

// leastNumber is that of lists that may be opened.
func leastNumber(r store.Reader) (int, error) {
	var mark Rollback
	_, err := find(r, rollbackKey(), &mark)
	return mark.First, err
}
