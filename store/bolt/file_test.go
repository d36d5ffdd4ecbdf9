package bolt_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// create makes a store in a folder of the test and closes it when the test ends.
func create(t testing.TB, opts bolt.Options) (*bolt.DB, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, path
}

func put(ctx context.Context, s store.Store, key, value string) error {
	return s.Update(ctx, func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

// has reports whether the key has that value; another value is an error.
func has(ctx context.Context, s store.Store, key, value string) (bool, error) {
	var got []byte
	err := s.View(ctx, func(r store.Reader) (err error) {
		got, err = r.Get([]byte(key))
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false, nil
	case err == nil && string(got) != value:
		return false, errors.New("key " + key + " has another value")
	}
	return err == nil, err
}

func wantHas(t *testing.T, s store.Store, key, value string) {
	t.Helper()
	if ok, err := has(t.Context(), s, key, value); !ok || err != nil {
		t.Errorf("key %q is there: %v, %v; want it", key, ok, err)
	}
}

func TestCreateMakesAPrivateFile(t *testing.T) {
	_, path := create(t, bolt.Options{})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode() != 0o600 {
		t.Errorf("the file has mode %v, want 0600", info.Mode())
	}
}

func TestCreateRefusesWhatIsThere(t *testing.T) {
	for what, lay := range map[string]func(path string) error{
		"a store": func(path string) error {
			db, err := bolt.Create(path, bolt.Options{})
			if err != nil {
				return err
			}
			return db.Close()
		},
		"an empty file": func(path string) error { return os.WriteFile(path, nil, 0o600) },
		"a text":        func(path string) error { return os.WriteFile(path, []byte("text"), 0o600) },
		"a folder":      func(path string) error { return os.Mkdir(path, 0o700) },
		"a dead link":   func(path string) error { return os.Symlink(path+".elsewhere", path) },
	} {
		path := filepath.Join(t.TempDir(), "store")
		if err := lay(path); err != nil {
			t.Fatal(err)
		}
		before, _ := os.ReadFile(path)
		if _, err := bolt.Create(path, bolt.Options{}); !errors.Is(err, store.ErrExists) {
			t.Errorf("Create over %s: %v", what, err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("Create removed %s: %v", what, err)
		}
		if after, _ := os.ReadFile(path); string(before) != string(after) {
			t.Errorf("Create changed %s", what)
		}
	}
	path := filepath.Join(t.TempDir(), "no such folder", "store")
	if _, err := bolt.Create(path, bolt.Options{}); err == nil {
		t.Error("Create made a store in a folder that is not there")
	}
}

func TestOpenNeverCreates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrMissing) {
		t.Errorf("Open of nothing: %v", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open of nothing left a file: %v", err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrMissing) || !strings.Contains(err.Error(), "empty") {
		t.Errorf("Open of an empty file: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 0 {
		t.Errorf("Open wrote into an empty file: %v, %v", info, err)
	}
}

func TestOpenRefusesOtherFiles(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no store ", 5000)), 0o600); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(t.TempDir(), "foreign")
	db, err := bbolt.Open(foreign, 0o600, nil)
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	for _, path := range []string{text, foreign} {
		// Twice: a refusal must not keep the file locked.
		for range 2 {
			_, err := bolt.Open(path, bolt.Options{}.WithBolt(func(o *bbolt.Options) { o.Timeout = 100 * time.Millisecond }))
			if err == nil || errors.Is(err, store.ErrMissing) || errors.Is(err, store.ErrLocked) {
				t.Errorf("Open of a file that is no store: %v", err)
			}
		}
	}
}

func TestOpenWaitsForTheLock(t *testing.T) {
	db, path := create(t, bolt.Options{})
	if err := put(t.Context(), db, "a", "1"); err != nil {
		t.Fatal(err)
	}
	impatient := bolt.Options{}.WithBolt(func(o *bbolt.Options) {
		if o.Timeout != 5*time.Second {
			t.Errorf("Open waits %v, want 5 s", o.Timeout)
		}
		o.Timeout = 100 * time.Millisecond
	})
	if _, err := bolt.Open(path, impatient); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open of a store in use: %v", err)
	}
	time.AfterFunc(200*time.Millisecond, func() { _ = db.Close() })
	second, err := bolt.Open(path, bolt.Options{}.WithBolt(func(o *bbolt.Options) { o.Timeout = time.Minute }))
	if err != nil {
		t.Fatalf("Open of a store that is closed meanwhile: %v", err)
	}
	wantHas(t, second, "a", "1")
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

// TestReopenRefusesAnotherFile puts another store in the place of the open one,
// as a mount would.
func TestReopenRefusesAnotherFile(t *testing.T) {
	db, path := create(t, bolt.Options{})
	if err := put(t.Context(), db, "a", "1"); err != nil {
		t.Fatal(err)
	}
	db.Refuse(errors.New("a fault"))
	if err := put(t.Context(), db, "b", "1"); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Update of a read-only store: %v", err)
	}
	aside := path + ".aside"
	if err := os.Rename(path, aside); err != nil {
		t.Fatal(err)
	}
	if err := db.Reopen(t.Context()); !errors.Is(err, store.ErrMissing) || db.Writable() {
		t.Errorf("Reopen without the file: %v, writable %v", err, db.Writable())
	}
	other, err := bolt.Create(path, bolt.Options{})
	if err != nil || other.Close() != nil {
		t.Fatal(err)
	}
	if err := db.Reopen(t.Context()); err == nil || db.Writable() {
		t.Errorf("Reopen of another file: %v, writable %v", err, db.Writable())
	}
	if _, err := has(t.Context(), db, "a", "1"); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("View while there is no file: %v", err)
	}
	if err := os.Rename(aside, path); err != nil {
		t.Fatal(err)
	}
	if err := db.Reopen(t.Context()); err != nil || !db.Writable() {
		t.Fatalf("Reopen of the file: %v, writable %v", err, db.Writable())
	}
	wantHas(t, db, "a", "1")
	if err := put(t.Context(), db, "b", "1"); err != nil {
		t.Error(err)
	}
}

func TestReopenOfAWritableStoreDoesNothing(t *testing.T) {
	db, _ := create(t, bolt.Options{})
	if err := db.Reopen(t.Context()); err != nil || !db.Writable() {
		t.Errorf("Reopen: %v, writable %v", err, db.Writable())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Reopen(t.Context()); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Reopen after Close: %v", err)
	}
	if db.Writable() {
		t.Error("a closed store says that it is writable")
	}
}
