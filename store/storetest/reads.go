package storetest

import (
	"context"
	"testing"

	"laurel/store"
)

var readsCases = []testCase{
	{"WhatWasReadIsNoted", noted},
	{"WhatAnUpdateReadIsNot", unnoted},
	{"TooMuchIsNotNoted", tooMuchNoted},
	{"VersionsChangeWithCommits", versions},
}

// look reads what a View under ctx reads in the cases below: one key that is
// there, one that is not, a whole range, and the first of another.
func look(t *testing.T, ctx context.Context, s store.Store) {
	t.Helper()
	err := s.View(ctx, func(r store.Reader) error {
		if _, err := r.Get([]byte("here")); err != nil {
			return err
		}
		if _, err := r.Get([]byte("missing")); err == nil {
			t.Error("missing is there")
		}
		if err := r.Scan([]byte("all/"), nil, func(_, _ []byte) error { return nil }); err != nil {
			return err
		}
		return r.Scan([]byte("first/"), []byte("first/1"), func(_, _ []byte) error { return store.ErrStop })
	})
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, s store.Store, kv ...string) {
	t.Helper()
	err := s.Update(context.Background(), func(tx store.Tx) error {
		for _, p := range pairs(kv...) {
			if err := tx.Put([]byte(p.key), []byte(p.value)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func erase(t *testing.T, s store.Store, key string) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx store.Tx) error { return tx.Delete([]byte(key)) }); err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, s store.Store, reads *store.Reads) (same bool) {
	t.Helper()
	err := s.View(context.Background(), func(r store.Reader) (err error) {
		same, err = reads.Same(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return same
}

// Each change of what was read is told, and no change of anything else.
func noted(t *testing.T, p *place) {
	s := p.store()
	write(t, s, "here", "1", "all/a", "1", "all/b", "2", "first/1", "1", "first/2", "2", "first/3", "3", "other", "1")
	ctx, reads := store.WithReads(context.Background())
	look(t, ctx, s)
	if size, ok := reads.Whole(); !ok || size == 0 || !same(t, s, reads) {
		t.Fatalf("read alike at once: %d bytes, %v", size, ok)
	}
	write(t, s, "other", "2", "first/1", "x", "first/3", "x", "first/4", "x", "missing/not", "x", "all", "x")
	if !same(t, s, reads) {
		t.Error("a change of what was not read counts")
	}
	for name, step := range map[string]struct{ change, back func() }{
		"another value":  {func() { write(t, s, "here", "2") }, func() { write(t, s, "here", "1") }},
		"no value":       {func() { erase(t, s, "here") }, func() { write(t, s, "here", "1") }},
		"a first value":  {func() { write(t, s, "missing", "") }, func() { erase(t, s, "missing") }},
		"one more":       {func() { write(t, s, "all/c", "") }, func() { erase(t, s, "all/c") }},
		"one between":    {func() { write(t, s, "all/aa", "") }, func() { erase(t, s, "all/aa") }},
		"one less":       {func() { erase(t, s, "all/b") }, func() { write(t, s, "all/b", "2") }},
		"another of all": {func() { write(t, s, "all/a", "2") }, func() { write(t, s, "all/a", "1") }},
		"another first":  {func() { write(t, s, "first/11", "") }, func() { erase(t, s, "first/11") }},
		"no first":       {func() { erase(t, s, "first/2") }, func() { write(t, s, "first/2", "2") }},
	} {
		step.change()
		if same(t, s, reads) {
			t.Errorf("%s: counts as the same", name)
		}
		step.back()
		if !same(t, s, reads) {
			t.Errorf("%s taken back: counts as another", name)
		}
	}
}

// What was read in an Update, or read twice with a change between, cannot be told
// by reading again.
func unnoted(t *testing.T, p *place) {
	s := p.store()
	write(t, s, "here", "1")
	ctx, reads := store.WithReads(context.Background())
	look(t, ctx, s)
	if err := s.Update(ctx, func(tx store.Tx) error { _, err := tx.Get([]byte("here")); return err }); err != nil {
		t.Fatal(err)
	}
	if _, ok := reads.Whole(); ok || same(t, s, reads) {
		t.Error("what an Update read passes for noted")
	}
	ctx, reads = store.WithReads(context.Background())
	look(t, ctx, s)
	write(t, s, "here", "2")
	look(t, ctx, s)
	if _, ok := reads.Whole(); ok || same(t, s, reads) {
		t.Error("what was read with two values passes for one")
	}
}

func tooMuchNoted(t *testing.T, p *place) {
	s := p.store()
	write(t, s, "here", string(make([]byte, store.MaxReads)))
	ctx, reads := store.WithReads(context.Background())
	look(t, ctx, s)
	if _, ok := reads.Whole(); ok || same(t, s, reads) {
		t.Error("more than MaxReads is noted")
	}
}

// A backend need not know Versions; one that does gives a new one to every
// change, also across openings.
func versions(t *testing.T, p *place) {
	s := p.store()
	write(t, s, "k", "0")
	version := func() (v store.Version, ok bool) {
		_ = s.View(context.Background(), func(r store.Reader) error {
			if at, knows := r.(store.Versioned); knows {
				v, ok = at.Version(), true
			}
			return nil
		})
		return v, ok
	}
	before, ok := version()
	if !ok {
		return
	}
	if again, _ := version(); again != before {
		t.Error("another version of the same contents")
	}
	seen := map[store.Version]bool{before: true}
	for n := range 20 {
		write(t, s, "k", string(rune('a'+n)))
		if c, can := s.(store.Compacter); can && n == 10 {
			if err := c.Compact(context.Background()); err != nil {
				t.Fatal(err)
			}
		}
		v, _ := version()
		if seen[v] {
			t.Fatalf("version %v came before", v)
		}
		seen[v] = true
	}
}
