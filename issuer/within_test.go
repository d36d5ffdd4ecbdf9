package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/store"
)

func (p *place) prepare(t *testing.T, a issuer.Award) *issuer.Prepared {
	t.Helper()
	prepared, err := p.Prepare(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return prepared
}

// putting puts a prepared badge on record, and undoes all where it may not.
func (p *place) putting(t *testing.T, prepared *issuer.Prepared, a issuer.Award, end error) (issued *issuer.Issued, err error) {
	t.Helper()
	err = p.Store.Update(t.Context(), func(tx store.Tx) (err error) {
		if issued, err = p.Put(t.Context(), tx, prepared, a); err != nil {
			return err
		}
		return end
	})
	return issued, err
}

func (p *place) look(t *testing.T, a issuer.Award) (found *issuer.Issued) {
	t.Helper()
	err := p.Store.View(t.Context(), func(r store.Reader) (err error) {
		found, err = p.Look(store.NewOverlay(r), a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// within: a badge that is prepared is on no record until an Update in which it
// was put is committed; then it is there once.
func within(t *testing.T, p *place) {
	undone := errors.New("something else went wrong")
	before := issuertest.Snapshot(t, p.Store)
	ana := p.prepare(t, award("ana"))
	if found := p.look(t, award("ana")); found != nil {
		t.Errorf("prepared, and found: %+v", found)
	}
	if _, err := p.putting(t, ana, award("ana"), undone); !errors.Is(err, undone) {
		t.Errorf("undone: %v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was undone has left something")
	}
	issued, err := p.putting(t, ana, award("ana"), nil)
	if err != nil || issued.Existing || issued.Record.ID != ana.Record().ID {
		t.Fatalf("%+v, %v", issued, err)
	}
	p.Done(t.Context(), ana)
	if found := p.look(t, award("ana")); found == nil || !found.Existing || found.Record.ID != ana.Record().ID {
		t.Errorf("put, and found: %+v", found)
	}
	// What somebody holds already is found, and nothing is written.
	second := p.prepare(t, award("ana"))
	before = issuertest.Snapshot(t, p.Store)
	if issued, err = p.putting(t, second, award("ana"), nil); err != nil || !issued.Existing || issued.Record.ID != ana.Record().ID {
		t.Errorf("once more: %+v, %v", issued, err)
	}
	p.Drop(second)
	// One and the same cannot be put twice, also where two of its kind may be.
	twice := award("ana")
	twice.OnDuplicate = issuer.AllowDuplicate
	if _, err := p.putting(t, ana, twice, nil); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("the same badge again: %v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused has left something")
	}
	if n := p.Reserved(); n != 0 {
		t.Errorf("%d places are still held", n)
	}
}

// staleWords: what was built on words that have changed is not put on record.
func staleWords(t *testing.T, p *place) {
	draft := template(academy)
	draft.Slug = "draft"
	p.put(t, draft)
	a := award("ana")
	a.Achievement = "draft"
	stale := p.prepare(t, a)
	draft.Description = issuer.Text{"en": "Other words."}
	p.put(t, draft)
	if _, err := p.putting(t, stale, a, nil); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("built on other words: %v", err)
	}
	p.Drop(stale)
	fresh := p.prepare(t, a)
	if _, err := p.putting(t, fresh, a, nil); err != nil {
		t.Error(err)
	}
	p.Done(t.Context(), fresh)
	var refused interface{ Error() string }
	if _, err := p.Prepare(t.Context(), issuer.Award{Achievement: "draft"}); !errors.As(err, &refused) {
		t.Errorf("an award without a person: %v", err)
	}
}

// manyPrepared: of hundreds that are prepared at once each has places of its
// own, and gives them back.
func manyPrepared(t *testing.T, p *place) {
	const many = 400
	prepared := make([]*issuer.Prepared, many)
	var wg sync.WaitGroup
	for lane := range 8 {
		wg.Go(func() {
			for n := lane; n < many; n += 8 {
				var err error
				if prepared[n], err = p.Prepare(t.Context(), award("same")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	places := map[int]bool{}
	for _, one := range prepared {
		places[one.Record().Index] = true
	}
	if len(places) != many || p.Reserved() != many {
		t.Errorf("%d places for %d badges, and %d are held", len(places), many, p.Reserved())
	}
	p.Drop(prepared[1:]...)
	if _, err := p.putting(t, prepared[0], award("same"), nil); err != nil {
		t.Error(err)
	}
	p.Done(t.Context(), prepared[0])
	if n := p.Reserved(); n != 0 {
		t.Errorf("%d places are still held", n)
	}
}

// observers: what an observer writes is as durable as the change, and its error
// undoes the change.
func observers(t *testing.T, p *place) {
	broken := errors.New("the observer is broken")
	fails := true
	i := p.with(t, func(*issuer.Config) {})
	i.Observe(func(tx store.Tx, c issuer.Changed) error {
		if err := tx.Put([]byte("P/seen/"+c.Record.ID), []byte(c.Action)); err != nil || !fails {
			return err
		}
		return broken
	})
	rec := p.issue(t, award("ana")).Record
	before := issuertest.Snapshot(t, p.Store)
	for name, change := range map[string]func() error{
		"issuing":  func() error { _, err := i.Issue(t.Context(), award("bo")); return err },
		"revoking": func() error { _, err := i.Revoke(t.Context(), rec.ID, "", "test", anyIssuer); return err },
		"erasing": func() error {
			_, _, err := i.Erase(t.Context(), issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: anyIssuer})
			return err
		},
	} {
		if err := change(); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
		if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
			t.Errorf("%s has left something", name)
		}
	}
	fails = false
	if _, err := i.Revoke(t.Context(), rec.ID, "", "test", anyIssuer); err != nil {
		t.Fatal(err)
	}
	if seen := issuertest.Snapshot(t, p.Store)["P/seen/"+rec.ID]; seen != "credential.revoke" {
		t.Errorf("seen was %q", seen)
	}
	// It is none of the issuer's records: away with it before the audit.
	if err := p.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Delete([]byte("P/seen/" + rec.ID)) }); err != nil {
		t.Fatal(err)
	}
}

// revokedMeanwhile: what a key has signed is put on record only while that key
// is good. With another one it is signed anew; with none nothing is written.
func revokedMeanwhile(t *testing.T, p *place) {
	signs := func() keys.Info {
		t.Helper()
		all, err := p.Keys(t.Context(), academy)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range all {
			if k.Signs && k.Algorithm == keys.EdDSA {
				return k
			}
		}
		t.Fatal("no key signs")
		return keys.Info{}
	}
	revoke := func() {
		t.Helper()
		if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: signs().ID, Actor: "test"}); err != nil {
			t.Fatal(err)
		}
	}
	held := p.issue(t, award("held")).Record
	ana := p.prepare(t, award("ana"))
	revoke()
	before := issuertest.Snapshot(t, p.Store)
	if _, err := p.putting(t, ana, award("ana"), nil); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("put what a revoked key has signed: %v", err)
	}
	if !maps.Equal(before, issuertest.Snapshot(t, p.Store)) {
		t.Error("what was refused has left something")
	}
	p.Drop(ana)

	// The same where the key ends while a request is at work.
	var meanwhile, early, afresh bool
	i := p.with(t, func(c *issuer.Config) {
		read := c.SelfCheck
		c.SelfCheck = func(ctx context.Context, raw []byte) error {
			end := func() {
				meanwhile = false
				revoke()
				if afresh {
					p.makeKey(t, issuer.NewKeys{})
				}
			}
			if meanwhile && early {
				end()
			}
			err := read(ctx, raw)
			if meanwhile {
				end()
			}
			return err
		}
	})
	p.makeKey(t, issuer.NewKeys{})
	for _, early = range []bool{false, true} { // before what was signed is read back, and after
		meanwhile, afresh = true, true
		name := fmt.Sprintf("early-%t", early)
		issued, err := i.Issue(t.Context(), award(name))
		if err != nil || signedBy(t, issued.Record) != signs().ID {
			t.Errorf("%s: issued while the key was replaced: %+v, %v", name, issued, err)
		}
		meanwhile = true
		issued, err = i.Reissue(t.Context(), amendment(held.ID), issuer.Correction{Name: ptr(name)})
		if err != nil || issued.Existing || signedBy(t, issued.Record) != signs().ID {
			t.Errorf("%s: reissued while the key was replaced: %+v, %v", name, issued, err)
		}
		meanwhile, afresh = true, false
		n := len(p.all(t, issuer.Filter{}))
		if _, err := i.Issue(t.Context(), award("cy")); !errors.Is(err, issuer.ErrNoKey) {
			t.Errorf("%s: issued while the last key was revoked: %v", name, err)
		}
		if now := len(p.all(t, issuer.Filter{})); now != n {
			t.Errorf("%s: %d badges, were %d", name, now, n)
		}
		p.makeKey(t, issuer.NewKeys{})
	}
}
