// Package storetest is the definition of "works" for a backend of package store:
// one suite, by the outside only, from which no backend may except a case.
//
// Start with Run. It is for tests and refuses to judge speed.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"laurel/store"
)

// Opener opens one particular store. The suite calls it again, after Close, to
// see what is left.
type Opener func() (store.Store, error)

// Run runs the whole suite. create makes a new and empty store for each case,
// and sees to it that all it needs is gone when t ends; the suite closes what it
// opens.
func Run(t *testing.T, create func(t *testing.T) Opener) {
	for _, group := range []struct {
		name  string
		cases []testCase
	}{
		{"Map", mapCases},
		{"Scan", scanCases},
		{"Update", updateCases},
		{"Context", contextCases},
		{"Concurrency", concurrencyCases},
		{"Life", lifeCases},
		{"Model", modelCases},
		{"Reads", readsCases},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, c := range group.cases {
				t.Run(c.name, func(t *testing.T) {
					p := &place{t: t, open: create(t)}
					c.run(t, p)
				})
			}
		})
	}
}

type testCase struct {
	name string
	run  func(t *testing.T, p *place)
}

// place is where the case's store lives.
type place struct {
	t    *testing.T
	open Opener
}

// store opens the store and closes it when the test ends.
func (p *place) store() store.Store {
	p.t.Helper()
	s, err := p.open()
	if err != nil {
		p.t.Fatalf("opening the store: %v", err)
	}
	p.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			p.t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// pair is a key with its value.
type pair struct{ key, value string }

func pairs(kv ...string) []pair {
	var list []pair
	for i := 0; i < len(kv); i += 2 {
		list = append(list, pair{kv[i], kv[i+1]})
	}
	return list
}

// try is Update, repeated while the store is busy, as its contract invites to.
func try(ctx context.Context, s store.Store, f func(store.Tx) error) error {
	for {
		if err := s.Update(ctx, f); !errors.Is(err, store.ErrBusy) {
			return err
		}
	}
}

func update(t *testing.T, s store.Store, f func(store.Tx) error) {
	t.Helper()
	if err := try(t.Context(), s, f); err != nil {
		t.Fatalf("Update: %v", err)
	}
}

func view(t *testing.T, s store.Store, f func(store.Reader) error) {
	t.Helper()
	if err := s.View(t.Context(), f); err != nil {
		t.Fatalf("View: %v", err)
	}
}

func put(tx store.Tx, kv ...string) error {
	for _, p := range pairs(kv...) {
		if err := tx.Put([]byte(p.key), []byte(p.value)); err != nil {
			return fmt.Errorf("Put %q: %w", p.key, err)
		}
	}
	return nil
}

func mustPut(t *testing.T, s store.Store, kv ...string) {
	t.Helper()
	update(t, s, func(tx store.Tx) error { return put(tx, kv...) })
}

// get returns the value and whether there is one, and holds store.Holds to it.
func get(r store.Reader, key string) (string, bool, error) {
	v, err := r.Get([]byte(key))
	none := errors.Is(err, store.ErrNotFound)
	if err != nil && !none {
		return "", false, err
	}
	is, same := store.Holds(r, []byte(key), v)
	isOther, other := store.Holds(r, []byte(key), append(slices.Clone(v), '.'))
	switch {
	case none && (is || !errors.Is(same, store.ErrNotFound)), !none && (!is || same != nil || isOther || other != nil):
		return "", false, fmt.Errorf("Get(%q) = %q, %w; that it holds this: %t, %w; more than this: %t, %w", key, v, err, is, same, isOther, other)
	case none:
		return "", false, nil
	}
	return string(v), true, nil
}

// scan collects what a Scan shows.
func scan(r store.Reader, prefix, after string) ([]pair, error) {
	var list []pair
	err := r.Scan([]byte(prefix), []byte(after), func(k, v []byte) error {
		list = append(list, pair{string(k), string(v)})
		return nil
	})
	return list, err
}

// wantGet fails unless the key has that value.
func wantGet(t *testing.T, r store.Reader, key, want string) {
	t.Helper()
	got, ok, err := get(r, key)
	if err != nil || !ok || got != want {
		t.Errorf("Get(%q) = %q, found %v, %v; want %q", key, got, ok, err, want)
	}
}

// wantNone fails if the key has a value.
func wantNone(t *testing.T, r store.Reader, key string) {
	t.Helper()
	if v, err := r.Get([]byte(key)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get(%q) = %q, %v; want ErrNotFound", key, v, err)
	}
}

// wantScan fails unless the scan shows just these pairs in that order.
func wantScan(t *testing.T, r store.Reader, prefix, after string, want ...string) {
	t.Helper()
	got, err := scan(r, prefix, after)
	if err != nil {
		t.Errorf("Scan(%q, %q): %v", prefix, after, err)
	}
	if g, w := fmt.Sprintf("%q", got), fmt.Sprintf("%q", pairs(want...)); g != w {
		t.Errorf("Scan(%q, %q)\n got %s\nwant %s", prefix, after, g, w)
	}
}

// wantAll fails unless the store holds just these pairs.
func wantAll(t *testing.T, s store.Store, want ...string) {
	t.Helper()
	view(t, s, func(r store.Reader) error {
		wantScan(t, r, "", "", want...)
		return nil
	})
}
