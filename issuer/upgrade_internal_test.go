package issuer

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"laurel/store"
	"laurel/store/bolt"
)

// TestUpgrade: steps are taken in their order, each until it succeeds, and only
// forward.
func TestUpgrade(t *testing.T) {
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ctx := t.Context()
	if _, err := Upgrade(ctx, db); !errors.Is(err, ErrNotFound) {
		t.Errorf("an empty store: %v", err)
	}
	if err := Initialise(ctx, db, "http://localhost:8080", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := setLayout(ctx, db, schema(), 1); err != nil { // as the first program wrote it
		t.Fatal(err)
	}
	var taken []string
	var failing error
	steps := []step{
		func(context.Context, store.Store) error { taken = append(taken, "1-2"); return nil },
		func(context.Context, store.Store) error { taken = append(taken, "2-3"); return failing },
	}
	at := func(want int) {
		t.Helper()
		meta, err := ReadMeta(ctx, db)
		if err != nil || meta.Schema != want || len(meta.Pepper) != 32 {
			t.Errorf("layout %d, want %d: %v", meta.Schema, want, err)
		}
	}
	if from, err := upgrade(ctx, db, nil); from != 1 || err != nil {
		t.Errorf("from %d: %v", from, err)
	}
	at(1)
	failing = errors.New("the disk is full")
	if _, err := upgrade(ctx, db, steps); !errors.Is(err, failing) {
		t.Error(err)
	}
	at(2)
	failing = nil
	if from, err := upgrade(ctx, db, steps); from != 2 || err != nil {
		t.Errorf("from %d: %v", from, err)
	}
	at(3)
	if want := []string{"1-2", "2-3", "2-3"}; len(taken) != 3 || taken[0] != want[0] || taken[1] != want[1] || taken[2] != want[2] {
		t.Errorf("steps %v", taken)
	}
	if _, err := upgrade(ctx, db, steps[:1]); !errors.Is(err, ErrNewerStore) {
		t.Errorf("an older program: %v", err)
	}
	at(3)
	// A store that says nothing of its layout has the first.
	err = db.Update(ctx, func(tx store.Tx) error {
		return store.PutJSON(tx, metaKey(), map[string]any{"baseUrl": "http://localhost:8080", "pepper": make([]byte, 32)})
	})
	if err != nil {
		t.Fatal(err)
	}
	if from, err := upgrade(ctx, db, steps); from != 1 || err != nil {
		t.Errorf("from %d: %v", from, err)
	}
	at(3)
}
