//go:build linux

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"laurel/store"
	"laurel/store/bolt"
)

// TestSyncFaults lets syncs of the disk fail with EIO under a process that
// writes (childSyncFaults), which judges what the store says and does then. A
// commit syncs twice, first the data and then the meta page, and Open once. After a
// fault of the second sync readers see what was not acknowledged.
func TestSyncFaults(t *testing.T) {
	tool := strace(t)
	for _, c := range []struct{ name, writers, when, want string }{
		{"of the data", "1", "4+4", "faults 10, visible 0, faults of Reopen 0"},
		{"of the meta page", "1", "3+5", "faults 10, visible 10, faults of Reopen 0"},
		{"and again while reopening", "1", "3..6+1", "faults 1, visible 1, faults of Reopen 3"},
		// strace counts in each thread by itself, so here it is left to chance
		// which syncs fail.
		{"under concurrent writers", "4", "3+4", "faults 10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "store")
			db, err := bolt.Create(path, bolt.Options{})
			if err != nil || db.Close() != nil {
				t.Fatal(err)
			}
			cmd := child(t.Context(), t, "syncfaults", path, c.writers, tool, "-f", "-qq", "-o", os.DevNull,
				"-e", "trace=fdatasync", "-e", "inject=fdatasync:error=EIO:when="+c.when)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), c.want) {
				t.Errorf("got %s, %v; want %s", out, err, c.want)
			}
			t.Logf("%s", out)
			checkFile(t, path)
		})
	}
}

// childSyncFaults makes rounds of Updates until ten commits have failed.
func childSyncFaults(path string) error {
	runtime.LockOSThread() // a lone writer's syncs are then in one thread
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	faults, visible, ofReopen := 0, 0, 0
	var there, gone []string
	for round := 0; round < 200 && faults < 10; round++ {
		r := makeRound(ctx, db, round)
		if err := r.judge(ctx, db); err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		if len(r.unknown) > 0 {
			faults++
			for ; db.Reopen(ctx) != nil; ofReopen++ {
				if db.Writable() {
					return errors.New("writable although Reopen failed")
				}
			}
		}
		// What readers saw while the outcome was open, Reopen must have settled.
		there = append(there, r.done...)
		gone = append(gone, r.refused...)
		if r.visible {
			visible++
			there = append(there, r.unknown...)
		} else {
			gone = append(gone, r.unknown...)
		}
		if err := wantKeys(ctx, db, there, gone); err != nil {
			return fmt.Errorf("after round %d: %w", round, err)
		}
	}
	fmt.Printf("faults %d, visible %d, faults of Reopen %d\n", faults, visible, ofReopen)
	return db.Close()
}

// round is a handful of Updates made at once, sorted by what became of them.
type round struct {
	done, unknown, refused []string
	other                  []error
	visible                bool // the unknown ones are, to readers
}

func makeRound(ctx context.Context, db *bolt.DB, n int) *round {
	var r round
	var mu sync.Mutex
	write := func(key string) {
		err := put(ctx, db, key, value(key))
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			r.done = append(r.done, key)
		case errors.Is(err, store.ErrUnknownOutcome):
			r.unknown = append(r.unknown, key)
		case errors.Is(err, store.ErrReadOnly):
			r.refused = append(r.refused, key)
		default:
			r.other = append(r.other, err)
		}
	}
	if os.Getenv(roundEnv) == "1" {
		write(fmt.Sprint(n))
		return &r
	}
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { write(fmt.Sprintf("%d/%d", n, i)) })
	}
	wg.Wait()
	return &r
}

// judge checks the store before any Reopen: it is read-only just if an outcome
// is unknown, it goes on reading, and a group is there whole or not at all.
func (r *round) judge(ctx context.Context, db *bolt.DB) error {
	if len(r.other) > 0 {
		return errors.Join(r.other...)
	}
	if len(r.unknown) == 0 {
		if len(r.refused) > 0 || !db.Writable() {
			return fmt.Errorf("no fault, and yet: %d refused, writable %v", len(r.refused), db.Writable())
		}
		return nil
	}
	if err := put(ctx, db, "late", "x"); db.Writable() || !errors.Is(err, store.ErrReadOnly) || errors.Is(err, store.ErrUnknownOutcome) {
		return fmt.Errorf("after a fault: writable %v, Update says %w", db.Writable(), err)
	}
	lost, err := missing(ctx, db, r.unknown)
	r.visible = len(lost) == 0
	if err != nil || len(lost) != 0 && len(lost) != len(r.unknown) {
		return fmt.Errorf("of %d of unknown outcome %d are not there: %w", len(r.unknown), len(lost), err)
	}
	return wantKeys(ctx, db, r.done, r.refused)
}

// wantKeys checks that the ones are there and the others are not.
func wantKeys(ctx context.Context, db *bolt.DB, there, gone []string) error {
	if lost, err := missing(ctx, db, there); len(lost) > 0 || err != nil {
		return fmt.Errorf("%d of %d keys are not there: %w", len(lost), len(there), err)
	}
	if lost, err := missing(ctx, db, gone); len(lost) != len(gone) || err != nil {
		return fmt.Errorf("%d of %d keys are there and should not be: %w", len(gone)-len(lost), len(gone), err)
	}
	return nil
}

// TestNoRoom runs childFull, in which no file may grow beyond a limit: the limit
// holds for a whole process.
func TestNoRoom(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	out, err := child(t.Context(), t, "full", path, "0").CombinedOutput()
	if err != nil || string(out) != "done\n" {
		t.Errorf("%v: %s", err, out)
	}
	checkFile(t, path)
}

func childFull(path string) error {
	ctx := context.Background()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	if err := noRoomToWrite(ctx, db); err != nil {
		return fmt.Errorf("no room to write: %w", err)
	}
	if err := noRoomToGrow(ctx, db, path); err != nil {
		return fmt.Errorf("no room to grow: %w", err)
	}
	if err := db.Close(); err != nil {
		return err
	}
	if err := noRoomToOpen(ctx, path); err != nil {
		return fmt.Errorf("no room to open: %w", err)
	}
	fmt.Println("done")
	return nil
}

// limitFiles bounds the size that files can grow to; a negative size lifts it.
func limitFiles(size int64) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &l); err != nil {
		return err
	}
	l.Cur = min(uint64(size), l.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &l)
}

// fill puts large values until one is refused, and returns the keys that were
// taken, the one that was not, and why.
func fill(ctx context.Context, db *bolt.DB, prefix string) (taken []string, refused string, err error) {
	for i := range 400 {
		keys := make([]string, 200)
		err := db.Update(ctx, func(tx store.Tx) error {
			for j := range keys {
				keys[j] = fmt.Sprintf("%s/%04d/%d", prefix, i, j)
				if err := tx.Put([]byte(keys[j]), []byte(value(keys[j]))); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return taken, keys[0], err
		}
		taken = append(taken, keys...)
	}
	return nil, "", errors.New("there was room for everything")
}

// noRoomToWrite: the data's pages cannot be written. That is certainly no
// commit, so the store refuses, and goes on as soon as there is room.
func noRoomToWrite(ctx context.Context, db *bolt.DB) error {
	if err := limitFiles(3 << 20); err != nil {
		return err
	}
	taken, refused, err := fill(ctx, db, "write")
	if !errors.Is(err, store.ErrFull) || !db.Writable() {
		return fmt.Errorf("writable %v: %w", db.Writable(), err)
	}
	if err := wantKeys(ctx, db, taken, []string{refused}); err != nil {
		return err
	}
	if err := limitFiles(-1); err != nil {
		return err
	}
	if err := put(ctx, db, refused, value(refused)); err != nil {
		return err
	}
	return wantKeys(ctx, db, append(taken, refused), nil)
}

// noRoomToGrow: the file cannot be made longer. bbolt says so in words only, so
// it counts as unknown, and Reopen settles it.
func noRoomToGrow(ctx context.Context, db *bolt.DB, path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := limitFiles(info.Size()); err != nil {
		return err
	}
	taken, refused, err := fill(ctx, db, "grow")
	if !errors.Is(err, store.ErrUnknownOutcome) || db.Writable() {
		return fmt.Errorf("writable %v: %w", db.Writable(), err)
	}
	if err := wantKeys(ctx, db, taken, []string{refused}); err != nil {
		return err
	}
	if err := limitFiles(-1); err != nil {
		return err
	}
	if err := put(ctx, db, refused, "x"); !errors.Is(err, store.ErrReadOnly) {
		return fmt.Errorf("before Reopen: %w", err)
	}
	if err := db.Reopen(ctx); err != nil {
		return err
	}
	if err := put(ctx, db, refused, value(refused)); err != nil {
		return err
	}
	return wantKeys(ctx, db, append(taken, refused), nil)
}

// noRoomToOpen: Open cannot settle what is in the file, and lets it be read.
func noRoomToOpen(ctx context.Context, path string) error {
	if err := limitFiles(0); err != nil {
		return err
	}
	if _, err := bolt.Create(path+".new", bolt.Options{}); err == nil {
		return errors.New("Create succeeded")
	}
	if _, err := os.Lstat(path + ".new"); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("Create left a file: %w", err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	key := "write/0000/0"
	if err := put(ctx, db, "a", "x"); !errors.Is(err, store.ErrReadOnly) || db.Writable() {
		return fmt.Errorf("writable %v: %w", db.Writable(), err)
	}
	if err := db.Reopen(ctx); !errors.Is(err, store.ErrFull) || db.Writable() {
		return fmt.Errorf("Reopen, writable %v: %w", db.Writable(), err)
	}
	if err := wantKeys(ctx, db, []string{key}, []string{"a"}); err != nil {
		return err
	}
	if err := limitFiles(-1); err != nil {
		return err
	}
	if err := db.Reopen(ctx); err != nil {
		return err
	}
	if err := put(ctx, db, "a", value("a")); err != nil {
		return err
	}
	return errors.Join(wantKeys(ctx, db, []string{key, "a"}, nil), db.Close())
}

// TestDiskFull fills a small disk of its own, frees it, and goes on.
func TestDiskFull(t *testing.T) {
	folder := t.TempDir()
	if err := syscall.Mount("laurel-test", folder, "tmpfs", 0, "size=4m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no small disk can be mounted, and in CI it must be: %v", err)
		}
		t.Skipf("NOT TESTED: no small disk can be mounted here, so the disk was never full: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	path := filepath.Join(folder, "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(folder, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, refused, err := fill(t.Context(), db, "disk")
	if !errors.Is(err, store.ErrFull) || !errors.Is(err, syscall.ENOSPC) || !db.Writable() {
		t.Errorf("a full disk: %v, writable %v", err, db.Writable())
	}
	if err := wantKeys(t.Context(), db, taken, []string{refused}); err != nil {
		t.Error(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), db, refused, value(refused)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := wantKeys(t.Context(), db, append(taken, refused), nil); err != nil {
		t.Error(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	checkFile(t, path)
}
