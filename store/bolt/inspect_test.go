package bolt_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// filled makes a store of several levels with free pages, a value that runs over
// pages and buckets within an entry, closes it, and returns its file up to the last page.
func filled(t *testing.T) (file []byte, page int64, keys []string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx store.Tx) error {
		for n := range 900 {
			key := fmt.Sprintf("%04d", 11*n)
			if err := tx.Put([]byte(key), []byte(strings.Repeat(value(key), 1+n/899*60))); err != nil {
				return err
			}
		}
		return errors.Join(tx.Put([]byte("a"), []byte(value("a"))), tx.Put([]byte("z/1"), []byte(value("z/1"))))
	})
	for n := range 3 {
		err = errors.Join(err, db.Update(t.Context(), func(tx store.Tx) error {
			for i := range 100 {
				if err := tx.Delete(fmt.Appendf(nil, "%04d", 11*(200*n+i))); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	err = errors.Join(err, db.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, _ []byte) error { keys = append(keys, string(k)); return nil })
	}), db.Close())
	if err != nil || len(keys) != 602 {
		t.Fatal(len(keys), err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	var used int64
	page = int64(b.Info().PageSize)
	err = errors.Join(b.View(func(tx *bbolt.Tx) error { used = tx.Size(); return nil }), b.Close())
	if err != nil {
		t.Fatal(err)
	}
	return raw[:used], page, keys
}

// checked is a checksum as good as none: the values say what they are.
func checked(key, v []byte) error {
	if !strings.HasPrefix(string(v), value(string(key))) || strings.ReplaceAll(string(v), value(string(key)), "") != "" {
		return store.ErrDamaged
	}
	return nil
}

// TestOpenFindsDamage flips single bits, zeroes pages and cuts the file. What Open
// lets pass is read as it was written, and all of it.
func TestOpenFindsDamage(t *testing.T) {
	whole, page, keys := filled(t)
	chance := rand.New(rand.NewPCG(rand.Uint64(), 1))
	path := filepath.Join(t.TempDir(), "store")
	refused, harmless := 0, 0
	for n := range 150 {
		at := chance.Int64N(int64(len(whole)))
		spoilt, what := append([]byte{}, whole...), "a bit flipped"
		switch {
		case n%10 == 0:
			spoilt, what = spoilt[:at], "cut"
		case n%10 == 1:
			what = "a page zeroed"
			clear(spoilt[at/page*page : at/page*page+page])
		case n%10 < 6: // where the pages have their heads
			at = at/page*page + chance.Int64N(64)
			fallthrough
		default:
			spoilt[at] ^= 1 << chance.IntN(8)
		}
		if err := os.WriteFile(path, spoilt, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, bolt.Options{CheckValue: checked})
		if err != nil {
			refused++
			continue
		}
		harmless++
		err = wholeStore(t, db, keys)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Errorf("%s at %d: %v", what, at, err)
		}
	}
	t.Logf("%d refused, %d harmless", refused, harmless)
	if refused == 0 || harmless == 0 {
		t.Error("too little was tried")
	}
}

func wholeStore(t *testing.T, db *bolt.DB, keys []string) error {
	n := 0
	err := db.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			if n >= len(keys) || string(k) != keys[n] {
				return fmt.Errorf("key %s in place %d", k, n)
			}
			n++
			return checked(k, v)
		})
	})
	if err == nil && n != len(keys) {
		err = fmt.Errorf("%d keys", n)
	}
	return errors.Join(err, put(t.Context(), db, "new", "x"))
}

// TestDamageWhileOpen takes the end of the file away under an open store, as a
// disk that does not read any more does: an error, and no fault.
func TestDamageWhileOpen(t *testing.T) {
	whole, page, keys := filled(t)
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{CheckValue: checked})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 3*page); err != nil {
		t.Fatal(err)
	}
	read := func(key string) error {
		return db.View(t.Context(), func(r store.Reader) error { _, err := r.Get([]byte(key)); return err })
	}
	if err := read(keys[len(keys)-1]); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("reading what is gone: %v", err)
	}
	if err := db.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(_, _ []byte) error { return nil })
	}); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("scanning what is gone: %v", err)
	}
	if err := put(t.Context(), db, "new", "x"); !errors.Is(err, store.ErrReadOnly) || db.Writable() {
		t.Errorf("writing into it: %v", err)
	}
	if err := db.Reopen(t.Context()); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("reopening it: %v", err)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil { // the disk reads again
		t.Fatal(err)
	}
	if err := db.Reopen(t.Context()); err != nil || !db.Writable() {
		t.Errorf("reopening what is whole: %v", err)
	}
	if err := errors.Join(read(keys[len(keys)-1]), put(t.Context(), db, "new", "x"), db.Close()); err != nil {
		t.Error(err)
	}
	checkFile(t, path)
}

// TestReopenWhatWasCut: of whatever number of pages is left, each Reopen tells in
// one line that the file was cut, as does Open, and none is in the way of the next,
// nor of the file that is whole again.
func TestReopenWhatWasCut(t *testing.T) {
	whole, page, keys := filled(t)
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{CheckValue: checked})
	if err != nil {
		t.Fatal(err)
	}
	db.Refuse(errors.New("a sync that failed"))
	for size := int64(len(whole)) - 1; size > 0; size -= page / 2 { // at the ends of pages, and in the midst of them
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		says := fmt.Sprintf("the file was cut: %d of its %d pages are there", size/page, int64(len(whole))/page)
		for range 2 {
			if err := db.Reopen(t.Context()); !errors.Is(err, store.ErrDamaged) || !strings.HasSuffix(err.Error(), says) {
				t.Errorf("reopening %d bytes of it: %v", size, err)
			}
		}
		if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrDamaged) || !strings.HasSuffix(err.Error(), says) {
			t.Errorf("opening %d bytes of it: %v", size, err)
		}
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Reopen(t.Context()), put(t.Context(), db, keys[0], value(keys[0])), db.Close()); err != nil {
		t.Error(err)
	}
	checkFile(t, path)
}

// TestOpenWhatIsNoStore: what somebody else wrote is told as that.
func TestOpenWhatIsNoStore(t *testing.T) {
	for _, size := range []int{1, 79, 80, 1000, 4096, 8192, 10000, 16384, 1 << 20} {
		path := filepath.Join(t.TempDir(), "store")
		if err := os.WriteFile(path, bytes.Repeat([]byte{'x'}, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := bolt.Open(path, bolt.Options{}); !errors.Is(err, store.ErrDamaged) || !strings.HasSuffix(err.Error(), "the file is no store, or its first pages are lost") {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// TestReopenInspects: what Reopen opened is inspected as by Open.
func TestReopenInspects(t *testing.T) {
	whole, _, _ := filled(t)
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{CheckValue: checked})
	if err != nil {
		t.Fatal(err)
	}
	db.Refuse(errors.New("a sync that failed"))
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(strings.Index(string(whole), value("1507")) + 7)
	if _, err := f.WriteAt([]byte{'!'}, at); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	_ = db.Reopen(t.Context()) // the inspection may end before it or after
	for end := time.Now().Add(2 * time.Minute); db.Writable() && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	if db.Writable() {
		t.Error("writable, though a value is not what was written")
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestCompactRefusesDamage: a copy of a damaged file would be whole, and without
// what was lost.
func TestCompactRefusesDamage(t *testing.T) {
	whole, _, _ := filled(t)
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{CheckValue: checked})
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := int64(strings.Index(string(whole), value("1507")) + 7)
	if _, err := f.WriteAt([]byte{'!'}, at); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if err := db.Compact(t.Context()); !errors.Is(err, store.ErrDamaged) || db.Writable() {
		t.Errorf("compacting what is damaged: %v, writable %t", err, db.Writable())
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
