package bolt_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

const secret = "Zenobia Quirk"

// holds reports whether a file has the bytes of a text.
func holds(t *testing.T, path, text string) bool {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(raw, []byte(text))
}

func remove(ctx context.Context, s store.Store, key string) error {
	return s.Update(ctx, func(tx store.Tx) error { return tx.Delete([]byte(key)) })
}

// TestCompactTakesDeletedBytesAway: what was deleted stands in the file until it
// is compacted, and no longer; everything else is as it was, also once more.
func TestCompactTakesDeletedBytesAway(t *testing.T) {
	db, path := create(t, bolt.Options{})
	for n := range 200 {
		if err := put(t.Context(), db, fmt.Sprint("key-", n), value(fmt.Sprint("key-", n))); err != nil {
			t.Fatal(err)
		}
	}
	if err := put(t.Context(), db, "person", strings.Repeat(secret+" ", 50)); err != nil {
		t.Fatal(err)
	}
	if err := remove(t.Context(), db, "person"); err != nil {
		t.Fatal(err)
	}
	if !holds(t, path, secret) {
		t.Fatal("the deleted bytes are gone by themselves: this would test nothing")
	}
	for range 2 {
		if err := db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if holds(t, path, secret) {
			t.Error("the deleted bytes are in the compacted file")
		}
		for n := range 200 {
			wantHas(t, db, fmt.Sprint("key-", n), value(fmt.Sprint("key-", n)))
		}
		if err := put(t.Context(), db, "after", "it"); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantHas(t, again, "after", "it")
	if err := again.Compact(t.Context()); err != nil {
		t.Error(err)
	}
}

func stat(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// TestCompactUnderLoad: nobody loses a change or sees one half while the file is
// replaced under them, again and again; a View that began before sees what it saw.
func TestCompactUnderLoad(t *testing.T) {
	db, path := create(t, bolt.Options{})
	if err := put(t.Context(), db, "old", "view"); err != nil {
		t.Fatal(err)
	}
	began, end := make(chan struct{}), make(chan struct{})
	var wg, view sync.WaitGroup
	view.Go(func() {
		_ = db.View(t.Context(), func(r store.Reader) error {
			close(began)
			<-end
			if _, err := r.Get([]byte("old")); err != nil {
				t.Errorf("the view that began before the compactions: %v", err)
			}
			return nil
		})
	})
	<-began
	stop := make(chan struct{})
	var rounds [8]int
	for g := range rounds {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					rounds[g] = n
					return
				default:
				}
				key := fmt.Sprintf("g%d-%d", g, n)
				if err := put(t.Context(), db, key, value(key)); err != nil {
					t.Error(err)
				}
				if ok, err := has(t.Context(), db, key, value(key)); !ok || err != nil {
					t.Errorf("%s was acknowledged and is not there: %v", key, err)
				}
			}
		})
	}
	const compactions = 5
	done := make(chan error, compactions)
	before := stat(t, path)
	go func() { done <- db.Compact(t.Context()) }() // it has replaced the file long before it ends: that waits for the view
	for os.SameFile(before, stat(t, path)) {
		time.Sleep(time.Millisecond)
	}
	for range compactions - 1 {
		done <- db.Compact(t.Context())
	}
	close(stop)
	wg.Wait()
	close(end)
	view.Wait()
	for range compactions {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	for g, count := range rounds {
		if count == 0 {
			t.Error("a writer wrote nothing: this tested little")
		}
		for n := range count {
			key := fmt.Sprintf("g%d-%d", g, n)
			wantHas(t, db, key, value(key))
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantHas(t, again, "g7-0", value("g7-0"))
}

// waitOpen waits until this process has so many times open what has the name now.
func waitOpen(t *testing.T, path string, want int) {
	t.Helper()
	for range 6000 {
		files, err := filepath.Glob("/proc/self/fd/*")
		if err != nil || len(files) == 0 {
			if os.Getenv("CI") == "true" {
				t.Fatalf("what is open here cannot be seen, and in CI it must be: %v", err)
			}
			t.Skip("NOT TESTED: what is open here cannot be seen without /proc, so nobody knows when the other one waits")
		}
		open := 0
		for _, file := range files {
			if at, err := os.Readlink(file); err == nil && at == path {
				open++
			}
		}
		if open == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s is not open %d times", path, want)
}

// TestOpenWaitsForTheStoreAndNotItsGhost: who waits for the file while it is
// compacted gets what has its name afterwards.
func TestOpenWaitsForTheStoreAndNotItsGhost(t *testing.T) {
	db, path := create(t, bolt.Options{})
	type opened struct {
		db  *bolt.DB
		err error
	}
	second := make(chan opened, 1)
	go func() {
		db, err := bolt.Open(path, bolt.Options{}.WithBolt(func(o *bbolt.Options) { o.Timeout = 5 * time.Minute }))
		second <- opened{db, err}
	}()
	waitOpen(t, path, 2) // it has the file open, and waits for the lock
	if err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	waitOpen(t, path, 2) // it had the lock of the old file, and waits for that of the new one
	if err := put(t.Context(), db, "after", "compaction"); err != nil {
		t.Fatal(err)
	}
	select {
	case o := <-second:
		t.Fatalf("two have the store open: %v", o.err)
	default:
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	o := <-second
	if o.err != nil {
		t.Fatal(o.err)
	}
	defer o.db.Close()
	wantHas(t, o.db, "after", "compaction")
}

// TestCompactRefuses: a store that is closed or read-only stays so; what a crash
// left of a copy is no hindrance.
func TestCompactRefuses(t *testing.T) {
	db, path := create(t, bolt.Options{})
	if err := put(t.Context(), db, "key", "value"); err != nil {
		t.Fatal(err)
	}
	db.Refuse(store.ErrUnknownOutcome)
	if err := db.Compact(t.Context()); err == nil {
		t.Error("a read-only store was compacted")
	}
	if err := db.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	left := path + ".compact"
	if err := os.WriteFile(left, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("the copy is still there: %v", err)
	}
	if err := os.WriteFile(left, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(t.Context()); err == nil {
		t.Error("a closed store was compacted")
	}
	again, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantHas(t, again, "key", "value")
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("opening leaves what a crash left: %v", err)
	}
}

// TestKeepWritable: a store that turned read-only takes changes again by itself.
func TestKeepWritable(t *testing.T) {
	db, _ := create(t, bolt.Options{})
	ctx, stop := context.WithCancel(t.Context())
	told := make(chan error, 8)
	var wg sync.WaitGroup
	wg.Go(func() { store.KeepWritable(ctx, db, func(err error) { told <- err }) })
	for range 2 {
		db.Refuse(store.ErrUnknownOutcome)
		if err := put(t.Context(), db, "key", "value"); err == nil {
			t.Fatal("it was writable all the time")
		}
		select {
		case err := <-told:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(2 * time.Minute):
			t.Fatal("it is still read-only")
		}
		if err := put(t.Context(), db, "key", "value"); err != nil {
			t.Error(err)
		}
	}
	stop()
	wg.Wait()
	wantHas(t, db, "key", "value")
}
