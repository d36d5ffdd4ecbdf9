package issuer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys"
	"laurel/keys/keyring"
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
		found, _, err = p.Look(store.NewOverlay(r), a)
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
	signs := func() keys.Info { return signing(t, p.Issuer) }
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

// signing is the key that signs the badges of the academy.
func signing(t *testing.T, i *issuer.Issuer) keys.Info {
	t.Helper()
	all, err := i.Keys(t.Context(), academy)
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

// revokedElsewhere: a key that another service on the same store and keys has
// revoked signs nothing here from that moment on, though nobody has looked into
// the folder since.
func revokedElsewhere(t *testing.T, p *place) {
	other := p.Beside(t, p.home.beside())
	held, prepared := p.issue(t, award("held")).Record, p.prepare(t, award("ana"))
	old := signing(t, p.Issuer)
	if _, err := other.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: old.ID, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	made, _, err := other.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if k := signing(t, p.Issuer); k.ID != old.ID {
		t.Fatalf("%s signs here already: the case shows nothing", k.ID)
	}
	if _, err := p.putting(t, prepared, award("ana"), nil); !errors.Is(err, issuer.ErrStale) {
		t.Errorf("put what a revoked key has signed: %v", err)
	}
	p.Drop(prepared)
	if k := signing(t, p.Issuer); k.ID != made[0].ID {
		t.Errorf("%s signs, though %s was seen to be revoked", k.ID, old.ID)
	}

	// The same where nobody has seen it before: another service, another badge.
	third := p.Beside(t, p.home.beside())
	last := signing(t, third.Issuer)
	if _, err := other.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: last.ID, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if _, err := third.Issue(t.Context(), award("bo")); !errors.Is(err, issuer.ErrNoKey) {
		t.Errorf("issued under a key that was revoked elsewhere, and without another: %v", err)
	}
	if made, _, err = other.CreateKeys(t.Context(), issuer.NewKeys{Issuer: academy, Algorithms: []keys.Algorithm{keys.EdDSA}, Actor: "test"}); err != nil {
		t.Fatal(err)
	}
	if issued, err := p.Reissue(t.Context(), amendment(held.ID), issuer.Correction{Name: ptr("Somebody")}); err != nil || signedBy(t, issued.Record) != made[0].ID {
		t.Errorf("corrected: %+v, %v", issued, err)
	}
}

// revokedWhileCommitting: a key is revoked in the very moment in which a badge of
// its is put on record. Either the badge was first, and the revocation waits for
// it, or it is signed anew.
func revokedWhileCommitting(t *testing.T, p *place) {
	old := p.makeKey(t, issuer.NewKeys{Activates: p.Clock.Now()})
	i := p.with(t, func(*issuer.Config) {})
	var once sync.Once
	var revoked bool // when the badge was about to be committed
	ended := make(chan struct{})
	i.Observe(func(store.Tx, issuer.Changed) error {
		once.Do(func() {
			go func() {
				defer close(ended)
				if _, err := p.RevokeKey(t.Context(), issuer.KeyChange{Issuer: academy, ID: old.ID, Actor: "test"}); err != nil {
					t.Error(err)
				}
			}()
			select {
			case <-ended:
			case <-time.After(500 * time.Millisecond):
			}
		})
		revoked = signing(t, p.Issuer).ID != old.ID
		return nil
	})
	issued, err := i.Issue(t.Context(), award("ana"))
	if err != nil {
		t.Fatal(err)
	}
	<-ended
	if by := signedBy(t, issued.Record); revoked == (by == old.ID) {
		t.Errorf("the key was revoked by then: %t; the badge was acknowledged under %s, and %s was revoked", revoked, by, old.ID)
	}
	if k := signing(t, p.Issuer); k.ID == old.ID {
		t.Error("the key signs on")
	}
}

// halfRevoking is a folder of keys that fails to end one.
type halfRevoking struct {
	*keyring.Ring
	broken error
}

func (h halfRevoking) Revoke(context.Context, string, string, time.Time) error { return h.broken }

// revocationCutShort: a revocation that fails on its way leaves a key with which
// nothing is signed. Who asks may ask again, and so may who revokes.
func revocationCutShort(t *testing.T, p *place) {
	broken := errors.New("the folder takes nothing")
	i := p.with(t, func(c *issuer.Config) { c.Keys = halfRevoking{p.Ring, broken} })
	old := signing(t, p.Issuer)
	change := issuer.KeyChange{Issuer: academy, ID: old.ID, Actor: "test"}
	if _, err := i.RevokeKey(t.Context(), change); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if _, err := p.Issue(t.Context(), award("ana")); !errors.Is(err, store.ErrBusy) {
		t.Errorf("issued under a key that is being revoked: %v", err)
	}
	if n := len(p.all(t, issuer.Filter{})); n != 0 {
		t.Errorf("%d badges", n)
	}
	if _, err := p.RevokeKey(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	fresh := p.makeKey(t, issuer.NewKeys{})
	if rec := p.issue(t, award("ana")).Record; signedBy(t, rec) != fresh.ID {
		t.Error("not signed by the new key")
	}
	// What cannot be revoked as is asked goes on signing.
	for name, change := range map[string]issuer.KeyChange{
		"ahead":   {Issuer: academy, ID: fresh.ID, At: p.Clock.Now().Add(time.Hour), Actor: "test"},
		"another": {Issuer: academy, ID: "z6MkOther", Actor: "test"},
		"words":   {Issuer: academy, ID: fresh.ID, Reason: strings.Repeat("x", 501), Actor: "test"},
	} {
		if _, err := p.RevokeKey(t.Context(), change); err == nil {
			t.Errorf("%s: revoked", name)
		}
		p.issue(t, award(name))
	}
}
