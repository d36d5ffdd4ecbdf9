package issuer_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"laurel/badge"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/store"
	"laurel/store/bolt"
)

// copied is a store of the same records.
func copied(t *testing.T, from store.Store) *bolt.Build {
	t.Helper()
	b, err := bolt.NewBuild(filepath.Join(t.TempDir(), "copy"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	err = from.View(t.Context(), func(r store.Reader) error { return store.Stream(t.Context(), r, b) })
	if err := errors.Join(err, b.Finish(t.Context())); err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoPlaceTwiceAfterARollback goes on in three stores from one backup: the
// one that was lost, which opened further lists since, and two restorations of
// the same backup. No list is used by two of them, so no place is given twice.
func TestNoPlaceTwiceAfterARollback(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	pausing := template(academy)
	pausing.Slug, pausing.Suspendable = "pausing", true
	p.put(t, pausing)
	taken := map[string]string{}
	serial := 0
	issue := func(where string, i *issuer.Issuer, slug string) *issuer.Record {
		t.Helper()
		serial++
		a := award(fmt.Sprintf("person-%d", serial))
		a.Achievement = slug
		issued, err := i.Issue(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		rec := issued.Record
		for _, list := range []string{rec.List, rec.PauseList} {
			if who := taken[list]; list != "" && who != "" && who != where {
				t.Errorf("places in %s were given by %s and by %s", list, who, where)
			}
			taken[list] = where
		}
		return rec
	}
	before := issue("lost", p.Issuer, academy+"-course")
	asOf := p.Clock.Now()
	restored := []*bolt.Build{copied(t, p.Store), copied(t, p.Store)}

	p.Clock.Advance(time.Minute)
	for range 3 { // the lists that the backup knows nothing of
		issue("lost", p.Issuer, academy+"-course")
		issue("lost", p.Issuer, "pausing")
		for _, purpose := range []string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension} {
			if err := p.RollList(t.Context(), academy, purpose); err != nil {
				t.Fatal(err)
			}
		}
	}
	for n, db := range restored {
		where := fmt.Sprintf("restoration %d", n)
		again := issuertest.Open(t, db, p.Ring, issuertest.BaseURL)
		if err := again.AcceptRollback(t.Context(), "test"); !errors.Is(err, issuer.ErrConflict) {
			t.Errorf("where nothing was to accept: %v", err)
		}
		if err := issuer.MarkRollback(t.Context(), db, asOf.Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if err := again.AcceptRollback(t.Context(), "test"); !errors.Is(err, issuer.ErrClock) {
			t.Errorf("by a clock that stands before the backup: %v", err)
		}
		again.Clock.Advance(time.Duration(n+1) * time.Hour)
		if err := again.AcceptRollback(t.Context(), "test"); err != nil {
			t.Fatal(err)
		}
		if mark, err := issuer.ReadRollback(t.Context(), db); err != nil || mark.Pending || mark.First != int(again.Clock.Now().Unix()) {
			t.Errorf("%+v, %v", mark, err)
		}
		for range 2 {
			if rec := issue(where, again.Issuer, academy+"-course"); rec.List == before.List {
				t.Errorf("%s takes new badges", rec.List)
			}
			issue(where, again.Issuer, "pausing")
			issue(where, again.Issuer, institute+"-course")
			for _, purpose := range []string{badge.StatusPurposeRevocation, badge.StatusPurposeSuspension} {
				if err := again.RollList(t.Context(), academy, purpose); err != nil {
					t.Fatal(err)
				}
			}
		}
		if _, err := again.Revoke(t.Context(), before.ID, "issued_in_error", "test", anyIssuer); err != nil {
			t.Error(err)
		}
		if _, err := again.Check(t.Context(), func(problem string) { t.Error(problem) }); err != nil {
			t.Error(err)
		}
	}
	if len(taken) < 12 {
		t.Errorf("only %d lists were in use", len(taken))
	}
}

// TestCheckNamesDamagedRecords: also those of kinds that nothing else looks at.
func TestCheckNamesDamagedRecords(t *testing.T) {
	p := at(t, boltHome(t), issuertest.Options{})
	for _, k := range []string{"wh/unknown", "~"} {
		err := p.Store.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte(k), []byte("not sealed")) })
		if err != nil {
			t.Fatal(err)
		}
		var problems []string
		if _, err := p.Check(t.Context(), func(problem string) { problems = append(problems, problem) }); err != nil {
			t.Fatal(err)
		}
		if len(problems) == 0 || problems[len(problems)-1] != k+" is damaged" {
			t.Errorf("%s: %q", k, problems)
		}
	}
}
