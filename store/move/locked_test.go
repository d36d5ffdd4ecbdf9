package move_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/move"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// TestAnotherProcess: of a store that several processes change nothing is lost,
// however many records it has, and whoever has it open changes nothing in it once
// it was left.
func TestAnotherProcess(t *testing.T) {
	url, path := pgtest.Start(t), filepath.Join(t.TempDir(), "new")
	from, err := postgres.Create(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	const records = 20_500 // more than are compared once more of a store that is followed
	if err := from.Update(t.Context(), func(tx store.Tx) (err error) {
		for n := range records {
			err = errors.Join(err, put(tx, fmt.Sprintf("old/%05d", n), "as it was"))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	other, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	write := func(key, value string) error {
		return other.Update(t.Context(), func(tx store.Tx) error { return put(tx, key, value) })
	}
	run := func(tell func(move.Step)) (move.Result, error) {
		to, err := bolt.NewBuild(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		m := move.Move{From: from, To: to, Name: name, Check: func(context.Context) error { return nil },
			Leave: func(tx store.Tx) error { return put(tx, "left", "for another") },
			Tell:  func(step move.Step, _ int) { tell(step) }}
		done, err := m.Run(t.Context())
		return done, errors.Join(err, to.Close(), bolt.Discard(path, name))
	}

	done, err := run(func(step move.Step) {
		if step == move.Checking {
			if err := write("old/00007", "revoked"); err != nil {
				t.Error(err)
			}
		}
	})
	if !errors.Is(err, store.ErrDiffer) || done.Left || done.Done {
		t.Fatalf("what was written after the comparison: %+v, %v", done, err)
	}
	if err := write("old/00008", "goes on"); err != nil {
		t.Fatalf("the store after a move that was given up: %v", err)
	}

	late := make(chan error, 1)
	done, err = run(func(step move.Step) {
		if step == move.Holding {
			go func() { late <- write("old/00009", "too late") }()
		}
	})
	if err != nil || !done.Done || done.Records != records {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := <-late; !errors.Is(err, store.ErrMoved) {
		t.Errorf("who came while the store was being left: %v", err)
	}
	if err := write("new", "later"); !errors.Is(err, store.ErrMoved) || !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("the store that was left: %v", err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p := &pair{t: t}
	now, old := p.content(db), p.content(from)
	if key := "old/00007"; now[key] != string(store.Seal([]byte(key), []byte("revoked"))) {
		t.Errorf("%s is %q", key, now[key])
	}
	if delete(old, "left"); len(now) != records || len(old) != records {
		t.Errorf("%d records, and %d", len(old), len(now))
	}
	if err := from.Return(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := write("new", "it is in force again"); err != nil {
		t.Error(err)
	}
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
