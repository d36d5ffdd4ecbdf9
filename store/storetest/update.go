package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/store"
)

var updateCases = []testCase{
	{"an error aborts", testErrorAborts},
	{"a panic aborts", testPanicAborts},
	{"the end of the goroutine aborts", testGoexitAborts},
	{"running f again leaves one effect", testRunsAgain},
	{"one that only reads", testUpdateOnlyReads},
	{"a transaction that was kept is refused", testKeptTx},
	{"a View is not writable", testViewIsReader},
	{"failures among many leave the others", testFailuresAmongMany},
}

var errAbort = errors.New("abort")

// spoil writes over everything in a way that must not be seen.
func spoil(tx store.Tx) error {
	return errors.Join(put(tx, "a", "spoilt", "new", "spoilt"), tx.Delete([]byte("b")), put(tx, "b", "spoilt"),
		tx.Delete([]byte("a")), tx.Delete([]byte("c")))
}

func testErrorAborts(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3")
	err := try(t.Context(), s, func(tx store.Tx) error {
		if err := spoil(tx); err != nil {
			return err
		}
		wantScan(t, tx, "", "", "b", "spoilt", "new", "spoilt")
		return errAbort
	})
	if err != errAbort {
		t.Errorf("Update returned %v, want f's own error", err)
	}
	if err := s.View(t.Context(), func(store.Reader) error { return errAbort }); err != errAbort {
		t.Errorf("View returned %v, want f's own error", err)
	}
	wantAll(t, s, "a", "1", "b", "2", "c", "3")
	mustPut(t, s, "d", "4")
	wantAll(t, s, "a", "1", "b", "2", "c", "3", "d", "4")
}

// panics runs f and returns what it panicked with, or the error it returned: the
// contract leaves the panic in the caller's goroutine.
func panics(f func() error) (p any, err error) {
	defer func() { p = recover() }()
	return nil, f()
}

func testPanicAborts(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3")
	got, err := panics(func() error {
		return try(t.Context(), s, func(tx store.Tx) error { panic(spoil(tx) == nil) })
	})
	if got != true {
		t.Errorf("Update panicked with %v and returned %v, want f's panic", got, err)
	}
	if got, err := panics(func() error {
		return s.View(t.Context(), func(store.Reader) error { panic("view") })
	}); got != "view" {
		t.Errorf("View panicked with %v and returned %v, want f's panic", got, err)
	}
	wantAll(t, s, "a", "1", "b", "2", "c", "3")
	mustPut(t, s, "a", "2")
	wantAll(t, s, "a", "2", "b", "2", "c", "3")
}

func testGoexitAborts(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3")
	ended := make(chan error, 2)
	go func() {
		defer func() { ended <- nil }()
		ended <- try(t.Context(), s, func(tx store.Tx) error {
			if err := spoil(tx); err != nil {
				return err
			}
			runtime.Goexit()
			return nil
		})
	}()
	if err := <-ended; err != nil {
		t.Errorf("Update: %v", err)
	}
	wantAll(t, s, "a", "1", "b", "2", "c", "3")
	mustPut(t, s, "a", "2")
	wantAll(t, s, "a", "2", "b", "2", "c", "3")
}

// testRunsAgain can force no backend to run f again, but whether it does or not,
// Updates that conflict must leave what one run each would have left.
func testRunsAgain(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "log", "")
	const writers, rounds = 8, 10
	var runs atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range rounds {
				if err := try(t.Context(), s, func(tx store.Tx) error {
					runs.Add(1)
					log, _, err := get(tx, "log")
					return errors.Join(err, put(tx, "log", log+strconv.Itoa(w)))
				}); err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	counts := map[rune]int{}
	view(t, s, func(r store.Reader) error {
		log, _, err := get(r, "log")
		for _, c := range log {
			counts[c]++
		}
		return err
	})
	for w := range writers {
		if c := rune('0' + w); counts[c] != rounds {
			t.Errorf("writer %d left %d effects, want %d", w, counts[c], rounds)
		}
	}
	if runs.Load() < writers*rounds {
		t.Errorf("f ran %d times, fewer than Updates succeeded", runs.Load())
	}
}

func testUpdateOnlyReads(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1")
	update(t, s, func(tx store.Tx) error {
		wantGet(t, tx, "a", "1")
		wantNone(t, tx, "b")
		return nil
	})
	update(t, s, func(store.Tx) error { return nil })
	wantAll(t, s, "a", "1")
}

func testKeptTx(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1")
	var kept store.Tx
	var reader store.Reader
	update(t, s, func(tx store.Tx) error { kept = tx; return put(tx, "b", "2") })
	view(t, s, func(r store.Reader) error { reader = r; return nil })
	show := func(_, _ []byte) error { return nil }
	_, get := kept.Get([]byte("a"))
	_, read := reader.Get([]byte("a"))
	for what, err := range map[string]error{
		"Get":           get,
		"Put":           kept.Put([]byte("a"), []byte("2")),
		"Delete":        kept.Delete([]byte("a")),
		"Scan":          kept.Scan(nil, nil, show),
		"Get of View":   read,
		"Scan of View ": reader.Scan(nil, nil, show),
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s after the end: %v, want a refusal", what, err)
		}
	}
	mustPut(t, s, "c", "3")
	wantAll(t, s, "a", "1", "b", "2", "c", "3")
}

func testViewIsReader(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1")
	view(t, s, func(r store.Reader) error {
		if tx, ok := r.(store.Tx); ok && tx.Put([]byte("a"), []byte("2")) == nil {
			t.Error("a View took a Put")
		}
		return nil
	})
	wantAll(t, s, "a", "1")
}

// testFailuresAmongMany holds one Update open while many others gather behind
// it, so that a backend that groups them has good and bad ones in one commit.
func testFailuresAmongMany(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "shared", "", "victim", "alive")
	const n = 60
	var started, open sync.WaitGroup
	open.Add(1)
	var once sync.Once
	started.Add(1)
	var all sync.WaitGroup
	all.Go(func() {
		if err := try(t.Context(), s, func(tx store.Tx) error {
			once.Do(started.Done)
			open.Wait()
			return put(tx, "first", "done")
		}); err != nil {
			t.Errorf("the first Update: %v", err)
		}
	})
	started.Wait()
	for i := range n {
		all.Go(func() { failOrAppend(t, s, i) })
	}
	time.Sleep(50 * time.Millisecond) // for them to gather; nothing depends on it
	open.Done()
	all.Wait()

	view(t, s, func(r store.Reader) error {
		wantGet(t, r, "first", "done")
		wantGet(t, r, "victim", "alive")
		list, _, err := get(r, "shared")
		seen := map[rune]int{}
		for _, c := range list {
			seen[c]++
		}
		for i := range n {
			if i%4 == 0 {
				wantGet(t, r, fmt.Sprint("own/", i), "done")
			} else {
				wantNone(t, r, fmt.Sprint("own/", i))
			}
			if want := map[bool]int{true: 1}[i%4 == 0]; seen[rune('0'+i)] != want {
				t.Errorf("Update %d is %d times in the shared value, want %d", i, seen[rune('0'+i)], want)
			}
		}
		return err
	})
}

// failOrAppend appends i to the shared value, and each three of four then fail,
// having ruined something: by an error, a panic, or a cancelled context.
func failOrAppend(t *testing.T, s store.Store, i int) {
	ctx, cancel := contextOf(t)
	defer cancel()
	work := func(tx store.Tx) error {
		list, _, err := get(tx, "shared")
		return errors.Join(err, put(tx, "shared", list+string(rune('0'+i)), fmt.Sprint("own/", i), "done"))
	}
	var err error
	var p any
	switch i % 4 {
	case 0:
		if err := try(ctx, s, work); err != nil {
			t.Errorf("Update %d: %v", i, err)
		}
		return
	case 1:
		err = try(ctx, s, func(tx store.Tx) error {
			return errors.Join(work(tx), tx.Delete([]byte("victim")), errAbort)
		})
	case 2:
		p, err = panics(func() error {
			return try(ctx, s, func(tx store.Tx) error { panic(errors.Join(work(tx), put(tx, "victim", "dead"))) })
		})
	case 3:
		err = try(ctx, s, func(tx store.Tx) error {
			err := errors.Join(work(tx), tx.Delete([]byte("victim")))
			cancel()
			_, _ = tx.Get([]byte("shared")) // fails, and f overlooks it
			return err
		})
	}
	if err == nil && i%4 != 2 {
		t.Errorf("Update %d returned nil, panicked with %v", i, p)
	}
}
