package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// gather holds one Update open, lets start begin others, and waits until n of
// them stand in line before it lets the first go on. It returns the first one's
// error.
func gather(t *testing.T, db *bolt.DB, n int, start func()) error {
	t.Helper()
	inside, open := make(chan bool), make(chan bool)
	first := make(chan error, 1)
	go func() {
		first <- db.Update(t.Context(), func(tx store.Tx) error {
			close(inside)
			<-open
			return tx.Put([]byte("first"), nil)
		})
	}()
	<-inside
	start()
	for end := time.Now().Add(2 * time.Minute); db.Waiting() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%d Updates are waiting, want %d", db.Waiting(), n)
			break
		}
	}
	close(open)
	return <-first
}

// commits returns the number of transactions that the file has seen.
func commits(t *testing.T, path string) int {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.Begin(false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	return tx.ID()
}

// TestGroupsShareACommit: Updates that gathered are committed together, and one
// that fails costs the others nothing.
func TestGroupsShareACommit(t *testing.T) {
	const n = 40
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	before := commits(t, path)
	if db, err = bolt.Open(path, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	fault := errors.New("fault")
	var others sync.WaitGroup
	err = gather(t, db, n, func() {
		for i := range n {
			others.Go(func() {
				err := db.Update(t.Context(), func(tx store.Tx) error {
					if _, err := tx.Get([]byte("first")); err != nil {
						return fmt.Errorf("the first member's write: %w", err)
					}
					if err := tx.Put(fmt.Appendf(nil, "member/%d", i), nil); err != nil || i%2 == 0 {
						return err
					}
					return fault
				})
				if want := []error{nil, fault}[i%2]; !errors.Is(err, want) {
					t.Errorf("member %d: %v, want %v", i, err, want)
				}
			})
		}
	})
	others.Wait()
	if err != nil {
		t.Error(err)
	}
	for i := range n {
		if ok, err := has(t.Context(), db, fmt.Sprint("member/", i), ""); ok != (i%2 == 0) || err != nil {
			t.Errorf("member %d: its key is there: %v, %v", i, ok, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if got := commits(t, path) - before; got != 1 {
		t.Errorf("%d Updates took %d commits, want 1", n+1, got)
	}
}

// TestAnswersRestOnTheCommit: a member that fails because of what it read from a
// member before it must not say so if that was never committed.
func TestAnswersRestOnTheCommit(t *testing.T) {
	db, _ := create(t, bolt.Options{MaxSize: 40 << 20})
	taken := errors.New("taken")
	var others sync.WaitGroup
	err := gather(t, db, 3, func() {
		others.Go(func() {
			err := db.Update(t.Context(), func(tx store.Tx) error {
				if _, err := tx.Get([]byte("first")); err == nil {
					return taken
				}
				return nil
			})
			if !errors.Is(err, store.ErrFull) || errors.Is(err, taken) {
				t.Errorf("the member that read: %v, want the commit's failure", err)
			}
		})
		others.Go(func() {
			err := db.Update(t.Context(), func(tx store.Tx) error {
				_, err := tx.Get([]byte("first"))
				return err
			})
			if !errors.Is(err, store.ErrFull) {
				t.Errorf("the member that only read: %v, want the commit's failure", err)
			}
		})
		others.Go(func() {
			err := db.Update(t.Context(), func(tx store.Tx) error {
				for i := range 4 {
					if err := tx.Put([]byte{byte(i)}, make([]byte, store.MaxValueSize)); err != nil {
						return err
					}
				}
				return nil
			})
			if !errors.Is(err, store.ErrFull) {
				t.Errorf("the member that asked for too much: %v", err)
			}
		})
	})
	others.Wait()
	if !errors.Is(err, store.ErrFull) {
		t.Errorf("the first member: %v", err)
	}
	if ok, err := has(t.Context(), db, "first", ""); ok || err != nil {
		t.Errorf("the first member's key is there: %v, %v", ok, err)
	}
}

// TestReadingCostsNoCommit: Updates that change nothing leave the file alone.
func TestReadingCostsNoCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	fault := errors.New("fault")
	for range 5 {
		if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Scan(nil, nil, nil) }); err != nil {
			t.Error(err)
		}
		if err := db.Update(t.Context(), func(tx store.Tx) error {
			return errors.Join(tx.Put([]byte("a"), nil), fault)
		}); !errors.Is(err, fault) {
			t.Error(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	// A new file has transactions 0 and 1; 2 is Create's.
	if got := commits(t, path); got != 2 {
		t.Errorf("the last commit is number %d, want 2", got)
	}
}

func TestQueueIsBounded(t *testing.T) {
	const limit = 5
	db, _ := create(t, bolt.Options{Queue: limit})
	cancelled, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	err := gather(t, db, limit-1, func() {
		for i := range limit {
			ctx := t.Context()
			if i == 2 {
				ctx = cancelled
			}
			others.Go(func() {
				err := put(ctx, db, fmt.Sprint(i), "x")
				if want := ctx.Err(); !errors.Is(err, want) {
					t.Errorf("Update %d: %v, want %v", i, err, want)
				}
			})
		}
		for db.Waiting() < limit {
			time.Sleep(time.Millisecond)
		}
		if err := put(t.Context(), db, "one more", "x"); !errors.Is(err, store.ErrBusy) {
			t.Errorf("one Update more than the queue holds: %v", err)
		}
		// Who is cancelled leaves the line at once, and makes room.
		cancel()
		for db.Waiting() > limit-1 {
			time.Sleep(time.Millisecond)
		}
	})
	others.Wait()
	if err != nil {
		t.Error(err)
	}
	for i := range limit {
		if ok, err := has(t.Context(), db, fmt.Sprint(i), "x"); ok != (i != 2) || err != nil {
			t.Errorf("the key of Update %d is there: %v, %v", i, ok, err)
		}
	}
	if ok, err := has(t.Context(), db, "one more", "x"); ok || err != nil {
		t.Errorf("the key of the refused Update is there: %v, %v", ok, err)
	}
}

// TestCloseRefusesThoseWhoWait: Close lets the one under way finish, and answers
// the others that it is closed.
func TestCloseRefusesThoseWhoWait(t *testing.T) {
	const n = 5
	db, path := create(t, bolt.Options{})
	var others sync.WaitGroup
	err := gather(t, db, n+1, func() {
		for i := range n {
			others.Go(func() {
				if err := put(t.Context(), db, fmt.Sprint(i), "x"); !errors.Is(err, store.ErrClosed) {
					t.Errorf("an Update that waited: %v", err)
				}
			})
		}
		for db.Waiting() < n {
			time.Sleep(time.Millisecond)
		}
		others.Go(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	})
	others.Wait()
	if err != nil {
		t.Errorf("the Update under way: %v", err)
	}
	again, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantHas(t, again, "first", "")
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestFullByMaxSize: too much is refused without harm, and goes in under a larger bound.
func TestFullByMaxSize(t *testing.T) {
	db, path := create(t, bolt.Options{MaxSize: 40 << 20})
	value := string(make([]byte, 1<<20))
	n := 0
	for ; n < 100; n++ {
		err := put(t.Context(), db, fmt.Sprintf("%03d", n), value)
		if errors.Is(err, store.ErrFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if n > 40 || n < 10 {
		t.Fatalf("%d MiB went into a file of 40", n)
	}
	if !db.Writable() {
		t.Error("a full store turned read-only")
	}
	for i := range n {
		wantHas(t, db, fmt.Sprintf("%03d", i), value)
	}
	if ok, err := has(t.Context(), db, fmt.Sprintf("%03d", n), value); ok || err != nil {
		t.Errorf("what was refused is there: %v, %v", ok, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	checkFile(t, path)
	larger, err := bolt.Open(path, bolt.Options{MaxSize: 80 << 20})
	if err != nil {
		t.Fatal(err)
	}
	if err := put(t.Context(), larger, "after", value); err != nil {
		t.Errorf("with a larger bound: %v", err)
	}
	if err := larger.Close(); err != nil {
		t.Error(err)
	}
}

// checkFile has bbolt look for pages lost or used twice.
func checkFile(t *testing.T, path string) {
	t.Helper()
	if err := checkPages(path); err != nil {
		t.Errorf("checking the file: %v", err)
	}
}

// checkPages does so for files that may have such pages.
func checkPages(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true, Timeout: time.Minute})
	if err != nil {
		return err
	}
	var all []error
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			all = append(all, err)
		}
		return nil
	})
	return errors.Join(append(all, err, db.Close())...)
}
