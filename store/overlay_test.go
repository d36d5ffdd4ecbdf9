package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"laurel/store"
	"laurel/store/bolt"
)

var errGivenUp = errors.New("given up")

// TestOverlayIsWhatTheStoreWouldBe does the same to a real transaction and to
// an overlay, and compares all that can be read.
func TestOverlayIsWhatTheStoreWouldBe(t *testing.T) {
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	ctx := context.Background()
	for n := range 40 {
		err := db.Update(ctx, func(tx store.Tx) error {
			return tx.Put(fmt.Appendf(nil, "%c/%d", 'a'+n%3, n), fmt.Appendf(nil, "v%d", n))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 1, 40).Draw(t, "steps")
		prefix := rapid.SampledFrom([]string{"", "a", "b/", "c/1", "d"}).Draw(t, "prefix")
		after := rapid.SampledFrom([]string{"", "a/3", "b/1", "c/11", "zz"}).Draw(t, "after")
		stop := rapid.IntRange(1, 60).Draw(t, "stop")
		var real, over []string
		err := db.Update(ctx, func(tx store.Tx) error {
			real = play(t, tx, steps, prefix, after, stop)
			return errGivenUp
		})
		if !errors.Is(err, errGivenUp) {
			t.Fatal(err)
		}
		err = db.Update(ctx, func(tx store.Tx) error {
			o := store.NewOverlay(tx)
			over = play(t, o, steps, prefix, after, stop)
			if left := list(t, tx, "", "", 100); len(left) != 40 {
				t.Fatalf("the overlay changed what lies under it: %d keys", len(left))
			}
			if err := o.Apply(tx); err != nil {
				return err
			}
			if applied, seen := list(t, tx, "", "", 100), list(t, o, "", "", 100); !slices.Equal(applied, seen) {
				t.Fatalf("applied %v, seen %v", applied, seen)
			}
			return errGivenUp
		})
		if !errors.Is(err, errGivenUp) {
			t.Fatal(err)
		}
		if !slices.Equal(real, over) {
			t.Fatalf("in the store %v\nin the overlay %v", real, over)
		}
	})
}

type step struct {
	key, value string
	deleted    bool
}

func drawStep(t *rapid.T) step {
	return step{key: fmt.Sprintf("%s/%d", rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "folder"), rapid.IntRange(0, 41).Draw(t, "number")),
		value: rapid.StringN(0, 3, 3).Draw(t, "value"), deleted: rapid.Bool().Draw(t, "deleted")}
}

// play makes the first half of the steps before and the others during a scan.
func play(t *rapid.T, tx store.Tx, steps []step, prefix, after string, stop int) (seen []string) {
	do := func(s step) {
		err := tx.Put([]byte(s.key), []byte(s.value))
		if s.deleted {
			err = tx.Delete([]byte(s.key))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	half := len(steps) / 2
	for _, s := range steps[:half] {
		do(s)
	}
	rest := steps[half:]
	err := tx.Scan([]byte(prefix), []byte(after), func(k, v []byte) error {
		seen = append(seen, string(k)+"="+string(v))
		if len(rest) > 0 {
			do(rest[0])
			rest = rest[1:]
		}
		if len(seen) == stop {
			return store.ErrStop
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return append(seen, list(t, tx, "", "", 100)...)
}

func list(t *rapid.T, r store.Reader, prefix, after string, most int) (all []string) {
	err := r.Scan([]byte(prefix), []byte(after), func(k, v []byte) error {
		all = append(all, string(k)+"="+string(v))
		if got, err := r.Get(k); err != nil || string(got) != string(v) {
			t.Fatalf("%s: scanned %q, got %q, %v", k, v, got, err)
		}
		is, err := store.Holds(r, k, v)
		other, otherErr := store.Holds(r, k, append(slices.Clone(v), '.'))
		none, noneErr := store.Holds(r, append(slices.Clone(k), '.'), v)
		if !is || err != nil || other || otherErr != nil || none || !errors.Is(noneErr, store.ErrNotFound) {
			t.Fatalf("%s has %q: %t, %v; more: %t, %v; a key that is not there: %t, %v", k, v, is, err, other, otherErr, none, noneErr)
		}
		if len(all) == most {
			return store.ErrStop
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
