package postgres_test

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"testing"

	"laurel/store"
	"laurel/store/postgres"
)

// byFolder makes a group of all keys with the same beginning.
func byFolder(key []byte, _ bool) []byte {
	folder, _, found := bytes.Cut(key, []byte("/"))
	if !found {
		return nil
	}
	return folder
}

// TestConcurrencyPlain: a server that has no such locks, as databases that only
// speak PostgreSQL's protocol have none.
func TestConcurrencyPlain(t *testing.T) {
	db, url := create(t)
	other := open(t, url)
	for _, s := range []*postgres.DB{db, other} {
		s.WithoutLocks()
	}
	count(t, db, other)
}

func TestConcurrencyInGroups(t *testing.T) {
	db, url := create(t)
	other := open(t, url)
	for _, s := range []*postgres.DB{db, other} {
		s.Group(byFolder)
	}
	count(t, db, other)
}

// TestLookAfterWriting: who has put a key in a group and then finds nothing else
// in it has read that, however early the write of the group's row was.
func TestLookAfterWriting(t *testing.T) {
	for name, look := range map[string]func(tx store.Tx, mine, others string) (alone bool, err error){
		"Scan": func(tx store.Tx, _, _ string) (bool, error) {
			n := 0
			err := tx.Scan([]byte("g/"), nil, func(_, _ []byte) error { n++; return nil })
			return n == 1, err
		},
		"Get": func(tx store.Tx, _, others string) (bool, error) {
			_, err := tx.Get([]byte(others))
			if errors.Is(err, store.ErrNotFound) {
				return true, nil
			}
			return false, err
		},
	} {
		for _, before := range []string{"", "g/old"} { // the group's row is not there yet, or is
			t.Run(name+before, func(t *testing.T) {
				db, url := create(t)
				other := open(t, url)
				db.Group(byFolder)
				other.Group(byFolder)
				if before != "" {
					remove := func(tx store.Tx) error { return tx.Delete([]byte(before)) }
					if err := errors.Join(put(t.Context(), db, before, "x"), db.Update(t.Context(), remove)); err != nil {
						t.Fatal(err)
					}
				}
				alone := func(s store.Store, mine, others string, between func() error) (was bool, err error) {
					err = s.Update(t.Context(), func(tx store.Tx) (err error) {
						if err = tx.Put([]byte(mine), []byte("x")); err == nil {
							err = between()
						}
						if err == nil {
							was, err = look(tx, mine, others)
						}
						return err
					})
					return was, err
				}
				var second bool
				tries := 0
				first, err := alone(db, "g/1/a", "g/1/b", func() (err error) {
					if tries++; tries == 1 {
						second, err = alone(other, "g/1/b", "g/1/a", func() error { return nil })
					}
					return err
				})
				if err != nil || !second || first {
					t.Errorf("the second was alone: %v, and the first: %v, %v; want only the second", second, first, err)
				}
			})
		}
	}
}

// count lets clients of two stores put one key more into a folder than they find
// there, and one only where there is none.
func count(t *testing.T, stores ...*postgres.DB) {
	t.Helper()
	const clients, each = 6, 8
	errThere := errors.New("there")
	var wg sync.WaitGroup
	var mu sync.Mutex
	first := map[string]int{}
	for c := range clients {
		s := stores[c%len(stores)]
		wg.Go(func() {
			for n := range each {
				if err := s.Update(t.Context(), func(tx store.Tx) error {
					found := 0
					if err := tx.Scan([]byte("count/"), nil, func(_, _ []byte) error { found++; return nil }); err != nil {
						return err
					}
					return tx.Put(fmt.Appendf(nil, "count/%04d", found), nil)
				}); err != nil {
					t.Errorf("counting: %v", err)
				}
				name := fmt.Sprintf("once/%d", n)
				err := s.Update(t.Context(), func(tx store.Tx) error {
					if _, err := tx.Get([]byte(name)); !errors.Is(err, store.ErrNotFound) {
						return errors.Join(err, errThere)
					}
					return tx.Put(fmt.Appendf(nil, "once/%d", n), nil)
				})
				if err == nil {
					mu.Lock()
					first[name]++
					mu.Unlock()
				} else if !errors.Is(err, errThere) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
	wg.Wait()
	found := 0
	if err := stores[0].View(t.Context(), func(r store.Reader) error {
		return r.Scan([]byte("count/"), nil, func(k, _ []byte) error {
			if want := fmt.Sprintf("count/%04d", found); string(k) != want {
				t.Errorf("found %s, want %s", k, want)
			}
			found++
			return nil
		})
	}); err != nil || found != clients*each {
		t.Errorf("%d keys were counted, want %d; %v", found, clients*each, err)
	}
	for n := range each {
		if name := fmt.Sprintf("once/%d", n); first[name] != 1 {
			t.Errorf("%s was put by %d who found nothing, want one", name, first[name])
		}
	}
	t.Logf("%d retries", stores[0].Retries()+stores[1].Retries())
}

// TestStrangersAreNotInEachOthersWay is what groups are for: many who find
// nothing where they put something, side by side on one page of the index.
func TestStrangersAreNotInEachOthersWay(t *testing.T) {
	db, _ := create(t)
	db.Group(byFolder)
	var wg sync.WaitGroup
	const clients, each = 8, 25
	for c := range clients {
		wg.Go(func() {
			for n := range each {
				folder := fmt.Sprintf("%d-%d/", n, c)
				if err := db.Update(t.Context(), func(tx store.Tx) error {
					if err := tx.Scan([]byte(folder), nil, func(_, _ []byte) error { return nil }); err != nil {
						return err
					}
					return tx.Put([]byte(folder+"x"), nil)
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := db.Stats(); got.Updates != clients*each || got.Retries > clients*each/50 {
		t.Errorf("%+v: more than one of fifty began anew", got)
	}
}
