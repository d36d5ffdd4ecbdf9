package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"laurel/store"
)

var contextCases = []testCase{
	{"cancelled before", testCancelledBefore},
	{"cancelled within", testCancelledWithin},
	{"cancelled while it waits", testCancelledWaiting},
	{"cancelled too late", testCancelledLate},
}

func contextOf(t *testing.T) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func testCancelledBefore(t *testing.T, p *place) {
	s := p.store()
	ctx, cancel := contextOf(t)
	cancel()
	past, end := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer end()
	for ctx, want := range map[context.Context]error{ctx: context.Canceled, past: context.DeadlineExceeded} {
		if err := s.View(ctx, func(store.Reader) error { t.Error("View called f"); return nil }); !errors.Is(err, want) {
			t.Errorf("View: %v, want %v", err, want)
		}
		if err := s.Update(ctx, func(store.Tx) error { t.Error("Update called f"); return nil }); !errors.Is(err, want) {
			t.Errorf("Update: %v, want %v", err, want)
		}
	}
	wantAll(t, s)
}

func testCancelledWithin(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3")
	show := func(_, _ []byte) error { return nil }
	for what, use := range map[string]func(store.Tx) error{
		"Get":    func(tx store.Tx) error { _, err := tx.Get([]byte("a")); return err },
		"Scan":   func(tx store.Tx) error { return tx.Scan(nil, nil, show) },
		"Put":    func(tx store.Tx) error { return put(tx, "a", "late") },
		"Delete": func(tx store.Tx) error { return tx.Delete([]byte("a")) },
	} {
		for _, overlook := range []bool{false, true} {
			ctx, cancel := contextOf(t)
			err := try(ctx, s, func(tx store.Tx) error {
				if err := put(tx, "a", "changed", "n", "new"); err != nil {
					return err
				}
				cancel()
				err := use(tx)
				if !errors.Is(err, context.Canceled) {
					t.Errorf("%s after the cancellation: %v", what, err)
				}
				if overlook {
					return nil
				}
				return err
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Update cancelled before %s, overlooked %v: %v", what, overlook, err)
			}
		}
	}
	// A Scan under way ends, too.
	ctx, cancel := contextOf(t)
	if err := s.View(ctx, func(r store.Reader) error {
		return r.Scan(nil, nil, func(_, _ []byte) error { cancel(); return nil })
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("View cancelled in a Scan: %v", err)
	}
	wantAll(t, s, "a", "1", "b", "2", "c", "3")
}

// testCancelledWaiting cancels Updates that wait behind one which is held open
// and touches the same key, where the backend makes them wait at all.
func testCancelledWaiting(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "")
	started, open := make(chan bool), make(chan bool)
	var once sync.Once
	var first sync.WaitGroup
	first.Go(func() {
		if err := try(t.Context(), s, func(tx store.Tx) error {
			once.Do(func() { close(started) })
			<-open
			a, _, err := get(tx, "a")
			return errors.Join(err, put(tx, "a", a+"1"))
		}); err != nil {
			t.Errorf("the first Update: %v", err)
		}
	})
	<-started
	ctx, cancel := contextOf(t)
	results := make(chan bool, 20)
	var others sync.WaitGroup
	for range cap(results) {
		others.Go(func() {
			err := try(ctx, s, func(tx store.Tx) error {
				a, _, err := get(tx, "a")
				return errors.Join(err, put(tx, "a", a+"x"))
			})
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled Update: %v", err)
			}
			results <- err == nil
		})
	}
	time.Sleep(20 * time.Millisecond) // for them to queue; nothing depends on it
	cancel()
	close(open)
	first.Wait()
	others.Wait()
	close(results)
	want := 1
	for done := range results {
		if done {
			want++
		}
	}
	view(t, s, func(r store.Reader) error {
		if a, _, err := get(r, "a"); len(a) != want || err != nil {
			t.Errorf("%d effects, %v; %d Updates said they had one", len(a), err, want)
		}
		return nil
	})
}

// testCancelledLate cancels when f has done its last: f's nil stands.
func testCancelledLate(t *testing.T, p *place) {
	s := p.store()
	ctx, cancel := contextOf(t)
	if err := try(ctx, s, func(tx store.Tx) error {
		err := put(tx, "a", "1")
		cancel()
		return err
	}); err != nil {
		t.Errorf("Update: %v", err)
	}
	wantAll(t, s, "a", "1")
}
