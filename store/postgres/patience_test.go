package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"laurel/store"
)

// lock takes the whole table, in a mode, until the function that it returns is
// called.
func lock(t *testing.T, url, mode string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_, err = conn.Exec(t.Context(), `BEGIN; LOCK TABLE laurel_store IN `+mode+` MODE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _ = conn.Close(context.Background()) }
}

// TestPatience lets a request's calls wait for a table that somebody has locked.
func TestPatience(t *testing.T) {
	const patience = 400 * time.Millisecond
	for _, mode := range []string{"SHARE", "ACCESS EXCLUSIVE"} { // nobody writes; nobody reads
		db, url := create(t)
		if err := put(t.Context(), db, "old", "1"); err != nil {
			t.Fatal(err)
		}
		release := lock(t, url, mode)
		ctx := store.WithPatience(t.Context(), patience)
		begun := time.Now()
		for range 3 { // all calls together
			if err := put(ctx, db, "a", "1"); !errors.Is(err, store.ErrBusy) || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: Update: %v", mode, err)
			}
		}
		if err := db.View(ctx, func(r store.Reader) error { _, err := r.Get([]byte("old")); return err }); !errors.Is(err, store.ErrBusy) {
			t.Errorf("%s: View: %v", mode, err)
		}
		if took := time.Since(begun); took < patience || took > time.Minute {
			t.Errorf("%s: four calls gave up after %v, want %v", mode, took, patience)
		}
		release()
		wantGet(t, db, "a", "")
		ctx = store.WithPatience(t.Context(), time.Minute)
		release = lock(t, url, mode)
		time.AfterFunc(patience, release)
		if err := put(ctx, db, "a", "2"); err != nil {
			t.Errorf("%s: what has the time to wait: %v", mode, err)
		}
		wantGet(t, db, "a", "2")
	}
}

// TestPatienceStartsAnew: what gets on is not given up.
func TestPatienceStartsAnew(t *testing.T) {
	db, _ := create(t)
	const patience = 3 * time.Second // a third of it is work, the rest is for a busy machine
	ctx := store.WithPatience(t.Context(), patience)
	slow := func(store.Tx) error { time.Sleep(patience / 3); return nil }
	for n := range 4 {
		if err := db.Update(ctx, func(tx store.Tx) error { return errors.Join(slow(tx), tx.Put([]byte("a"), []byte{byte(n)})) }); err != nil {
			t.Errorf("Update %d: %v", n, err)
		}
	}
	ctx = store.WithPatience(t.Context(), patience)
	var err error
	for range 4 {
		err = db.View(ctx, func(r store.Reader) error { time.Sleep(patience / 3); _, err := r.Get([]byte("a")); return err })
	}
	if !errors.Is(err, store.ErrBusy) {
		t.Errorf("the fourth View: %v", err)
	}
}

// TestPatienceDuringTheCommit never gets the answer to a commit.
func TestPatienceDuringTheCommit(t *testing.T) {
	_, url := create(t)
	p := newProxy(t, url)
	db := open(t, p.url)
	if err := put(t.Context(), db, "a", "0"); err != nil { // so that it is connected
		t.Fatal(err)
	}
	p.holdCommit.Store(true)
	begun := time.Now()
	err := put(store.WithPatience(t.Context(), 3*time.Second), db, "a", "1")
	if took := time.Since(begun); !errors.Is(err, store.ErrUnknownOutcome) || took > time.Minute {
		t.Errorf("Update: %v, after %v", err, took)
	}
	wantGet(t, db, "a", "1")
}
