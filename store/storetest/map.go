package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"laurel/store"
)

var mapCases = []testCase{
	{"a new store is empty", func(t *testing.T, p *place) {
		s := p.store()
		wantAll(t, s)
		view(t, s, func(r store.Reader) error { wantNone(t, r, "a"); return nil })
	}},
	{"put, replace, delete", func(t *testing.T, p *place) {
		s := p.store()
		mustPut(t, s, "a", "1", "b", "2")
		mustPut(t, s, "a", "3")
		wantAll(t, s, "a", "3", "b", "2")
		update(t, s, func(tx store.Tx) error {
			return errors.Join(tx.Delete([]byte("a")), tx.Delete([]byte("never there")))
		})
		wantAll(t, s, "b", "2")
	}},
	{"empty values are values", testEmptyValues},
	{"any byte in keys and values", testAnyByte},
	{"what Get returns is the caller's", testGetCopies},
	{"what Put takes stays the caller's", testPutCopies},
	{"empty keys are refused", testEmptyKeys},
	{"limits of size", testLimits},
	{"a large transaction", testLargeTransaction},
}

func testEmptyValues(t *testing.T, p *place) {
	s := p.store()
	update(t, s, func(tx store.Tx) error {
		return errors.Join(tx.Put([]byte("nil"), nil), tx.Put([]byte("none"), []byte{}))
	})
	view(t, s, func(r store.Reader) error {
		for _, key := range []string{"nil", "none"} {
			if v, err := r.Get([]byte(key)); v == nil || len(v) != 0 || err != nil {
				t.Errorf("Get(%q) = %#v, %v; want an empty slice that is not nil", key, v, err)
			}
		}
		wantScan(t, r, "", "", "nil", "", "none", "")
		return nil
	})
	// An aborted change of an empty value must leave it empty, not absent.
	abort := errors.New("abort")
	if err := try(t.Context(), s, func(tx store.Tx) error {
		return errors.Join(put(tx, "nil", "x"), tx.Delete([]byte("none")), abort)
	}); !errors.Is(err, abort) {
		t.Errorf("Update: %v", err)
	}
	wantAll(t, s, "nil", "", "none", "")
}

func testAnyByte(t *testing.T, p *place) {
	s := p.store()
	var want []string
	update(t, s, func(tx store.Tx) error {
		want = nil
		for b := range 256 {
			key := string([]byte{byte(b)})
			want = append(want, key, key+"\x00\xff", key+"\x00", key)
			if err := put(tx, key, key+"\x00\xff", key+"\x00", key); err != nil {
				return err
			}
		}
		return nil
	})
	wantAll(t, s, want...)
	view(t, s, func(r store.Reader) error {
		wantGet(t, r, "\x00", "\x00\x00\xff")
		wantGet(t, r, "\xff\x00", "\xff")
		return nil
	})
}

func testGetCopies(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "value")
	var kept [][]byte
	spoil := func(b []byte) {
		for i := range b {
			b[i] = 'x'
		}
		kept = append(kept, b)
	}
	read := func(r store.Reader) error {
		v, err := r.Get([]byte("a"))
		spoil(v)
		return errors.Join(err, r.Scan(nil, nil, func(k, v []byte) error {
			spoil(k)
			spoil(v)
			return nil
		}))
	}
	view(t, s, read)
	update(t, s, func(tx store.Tx) error { return read(tx) })
	wantAll(t, s, "a", "value")
	mustPut(t, s, "a", "other", "b", "more")
	for _, b := range kept {
		if len(bytes.Trim(b, "x")) != 0 {
			t.Errorf("a slice kept after its transaction became %q", b)
		}
	}
}

func testPutCopies(t *testing.T, p *place) {
	s := p.store()
	update(t, s, func(tx store.Tx) error {
		key, value := []byte("key"), []byte("value")
		if err := tx.Put(key, value); err != nil {
			return err
		}
		copy(key, "xxx")
		copy(value, "xxxxx")
		wantGet(t, tx, "key", "value")
		if err := put(tx, "gone", "1"); err != nil {
			return err
		}
		key = []byte("gone")
		if err := tx.Delete(key); err != nil {
			return err
		}
		copy(key, "key!")
		return nil
	})
	wantAll(t, s, "key", "value")
}

func testEmptyKeys(t *testing.T, p *place) {
	s := p.store()
	for _, key := range [][]byte{nil, {}} {
		view(t, s, func(r store.Reader) error {
			if _, err := r.Get(key); !errors.Is(err, store.ErrEmptyKey) {
				t.Errorf("Get(%#v): %v", key, err)
			}
			return nil
		})
		// The refusal of one Put does not spoil the transaction.
		update(t, s, func(tx store.Tx) error {
			if err := tx.Put(key, []byte("v")); !errors.Is(err, store.ErrEmptyKey) {
				t.Errorf("Put(%#v): %v", key, err)
			}
			if err := tx.Delete(key); !errors.Is(err, store.ErrEmptyKey) {
				t.Errorf("Delete(%#v): %v", key, err)
			}
			return put(tx, "a", "1")
		})
	}
	wantAll(t, s, "a", "1")
}

// testLimits uses random bytes: a backend must not depend on compressing them.
func testLimits(t *testing.T, p *place) {
	s := p.store()
	source := rand.NewChaCha8([32]byte{1})
	key, value := make([]byte, store.MaxKeySize+1), make([]byte, store.MaxValueSize+1)
	_, _ = source.Read(key)
	_, _ = source.Read(value)
	largest, large := key[:store.MaxKeySize], value[:store.MaxValueSize]
	update(t, s, func(tx store.Tx) error {
		for what, err := range map[string]error{
			"Put of a large value": tx.Put([]byte("a"), value),
			"Put of a large key":   tx.Put(key, []byte("v")),
			"Delete":               tx.Delete(key),
		} {
			if !errors.Is(err, store.ErrTooLarge) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if _, err := tx.Get(key); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("Get: %v", err)
		}
		return tx.Put(largest, large)
	})
	check := func(s store.Store) {
		view(t, s, func(r store.Reader) error {
			if v, err := r.Get(largest); err != nil || !bytes.Equal(v, large) {
				t.Errorf("the largest value came back with %d bytes, %v", len(v), err)
			}
			n := 0
			err := r.Scan(largest, nil, func(k, v []byte) error {
				n++
				if !bytes.Equal(k, largest) || !bytes.Equal(v, large) {
					t.Errorf("Scan showed a key of %d bytes with %d bytes", len(k), len(v))
				}
				return nil
			})
			if n != 1 {
				t.Errorf("Scan showed %d keys, want 1", n)
			}
			return errors.Join(err, r.Scan(key, key, func(_, _ []byte) error { return errors.New("a key beyond the limit") }))
		})
	}
	check(s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	check(p.store())
}

func testLargeTransaction(t *testing.T, p *place) {
	s := p.store()
	const n = 3000
	value := bytes.Repeat([]byte("v"), 500)
	update(t, s, func(tx store.Tx) error {
		for i := range n {
			if err := tx.Put(number("n/", i), value); err != nil {
				return err
			}
		}
		return nil
	})
	view(t, s, func(r store.Reader) error {
		i := 0
		err := r.Scan([]byte("n/"), nil, func(k, v []byte) error {
			if !bytes.Equal(k, number("n/", i)) || !bytes.Equal(v, value) {
				t.Errorf("at %d: key %q with %d bytes", i, k, len(v))
				return store.ErrStop
			}
			i++
			return nil
		})
		if i != n {
			t.Errorf("%d keys, want %d", i, n)
		}
		return err
	})
}
