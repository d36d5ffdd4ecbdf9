package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"laurel/store"
)

var lifeCases = []testCase{
	{"what was written is there after reopening", testReopen},
	{"a closed store says so", testClosed},
	{"closing under load loses nothing", testCloseUnderLoad},
}

func testReopen(t *testing.T, p *place) {
	mustClose := func(s store.Store) {
		if err := s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	var want []string
	for i := range 4 {
		s := p.store()
		wantAll(t, s, want...)
		key := fmt.Sprint("round/", i)
		mustPut(t, s, key, "x")
		want = append(want, key, "x")
		if err := try(t.Context(), s, func(tx store.Tx) error { return errors.Join(spoil(tx), errAbort) }); !errors.Is(err, errAbort) {
			t.Errorf("Update: %v", err)
		}
		mustClose(s)
	}
	wantAll(t, p.store(), want...)
}

func testClosed(t *testing.T, p *place) {
	before := goleak.IgnoreCurrent()
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	mustPut(t, s, "a", "1")
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	if err := s.View(t.Context(), func(store.Reader) error { t.Error("View called f"); return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View after Close: %v", err)
	}
	if err := s.Update(t.Context(), func(store.Tx) error { t.Error("Update called f"); return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Update after Close: %v", err)
	}
	goleak.VerifyNone(t, before)
}

func testCloseUnderLoad(t *testing.T, p *place) {
	s, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var done []string
	var wg sync.WaitGroup
	begun := make(chan bool)
	var once sync.Once
	for g := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				key := fmt.Sprintf("load/%02d/%d", g, i)
				err := try(t.Context(), s, func(tx store.Tx) error { return put(tx, key, "x") })
				if err != nil {
					if !errors.Is(err, store.ErrClosed) {
						t.Errorf("Update: %v", err)
					}
					return
				}
				mu.Lock()
				if done = append(done, key); len(done) == 50 {
					once.Do(func() { close(begun) })
				}
				mu.Unlock()
			}
		})
	}
	<-begun
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
	view(t, p.store(), func(r store.Reader) error {
		for _, key := range done {
			wantGet(t, r, key, "x")
		}
		all, err := scan(r, "load/", "")
		if len(all) != len(done) {
			t.Errorf("%d keys are there, %d Updates returned nil", len(all), len(done))
		}
		return err
	})
}
