package bolt_test

import (
	"compress/gzip"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// TestFilesWrittenBefore: a file that the program wrote while all keys were in one
// bucket is read as it is, and changed. A compaction makes the form of today of it,
// with the same in it; a fault in between leaves either.
func TestFilesWrittenBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	unpack(t, "testdata/one-bucket.db.gz", path)
	opts := bolt.Options{Scattered: "n", CheckValue: func(k, v []byte) error { _, err := store.Unseal(k, v); return err }}
	db, err := bolt.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	const records = 1264
	const written = "e92f2d9ab4cc2961c48d55bffec9b3762da6d117e5e6b9e22673913e0a0d9953"
	if n, sum := content(t, db); n != records || sum != written {
		t.Fatalf("%d records, %s; the program that wrote them counted %d, %s", n, sum, records, written)
	}
	change := func(tx store.Tx) error {
		k := []byte("new")
		return errors.Join(tx.Put(k, store.Seal(k, []byte("value"))), tx.Delete([]byte("e")))
	}
	if err := db.Update(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	n, sum := content(t, db)
	if n != records || form(t, path) != "laurel/1" {
		t.Errorf("%d records after one came and one went, form %s", n, form(t, path))
	}
	if again, same := contentBeside(t, db, path); again != n || same != sum {
		t.Errorf("a View that began before the compaction saw %d records, were %d; the same: %t", again, n, same == sum)
	}
	for range 2 {
		if err := db.Compact(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again, same := content(t, db); again != n || same != sum {
			t.Errorf("%d records compacted, were %d; the same: %t", again, n, same == sum)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = bolt.Open(path, opts); err != nil {
		t.Fatal(err)
	}
	if again, same := content(t, db); again != n || same != sum {
		t.Errorf("%d records reopened, were %d; the same: %t", again, n, same == sum)
	}
	if got := form(t, path); got != "laurel/2" {
		t.Errorf("the compacted file has the form %s", got)
	}
}

// form is the name of the bucket that tells the form of a file.
func form(t *testing.T, path string) (name string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	if err := os.WriteFile(copied, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := bbolt.Open(copied, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = b.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(k []byte, _ *bbolt.Bucket) error {
			if strings.HasPrefix(string(k), "laurel/") {
				name += string(k)
			}
			return nil
		})
	})
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}

func unpack(t *testing.T, from, to string) {
	t.Helper()
	packed, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.ReadFrom(r)
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// content is how many records a store has, and a digest of them in their order.
func content(t *testing.T, s store.Store) (records int, digest string) {
	t.Helper()
	err := s.View(t.Context(), func(r store.Reader) (err error) {
		records, digest, err = contentOf(r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, digest
}

func contentOf(r store.Reader) (records int, digest string, err error) {
	sum := sha256.New()
	err = r.Scan(nil, nil, func(k, v []byte) error {
		records++
		_, err := fmt.Fprintf(sum, "%d:%s%d:%s", len(k), k, len(v), v)
		return err
	})
	return records, hex.EncodeToString(sum.Sum(nil)), err
}

// contentBeside is content by a View that begins before a compaction and reads when
// the file has the new form.
func contentBeside(t *testing.T, db *bolt.DB, path string) (records int, digest string) {
	t.Helper()
	compacted := make(chan error, 1)
	err := db.View(t.Context(), func(r store.Reader) (err error) {
		go func() { compacted <- db.Compact(t.Context()) }()
		for end := time.Now().Add(time.Minute); form(t, path) != "laurel/2"; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				return errors.New("the file has not got the new form")
			}
		}
		records, digest, err = contentOf(r)
		return err
	})
	if err := errors.Join(err, <-compacted); err != nil {
		t.Fatal(err)
	}
	return records, digest
}

// TestKeysOutOfPlace: a key in the bucket of another first byte would not be found.
func TestKeysOutOfPlace(t *testing.T) {
	db, path := create(t, bolt.Options{})
	if err := errors.Join(put(t.Context(), db, "a/1", "x"), put(t.Context(), db, "b/1", "x"), db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct{ bucket, key string }{{"a", "b/2"}, {"b", "a/2"}, {"c!", "c!"}} {
		spoilt := filepath.Join(t.TempDir(), "store")
		raw, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(spoilt, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := bbolt.Open(spoilt, 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = b.Update(func(tx *bbolt.Tx) error {
			in, err := tx.CreateBucketIfNotExists([]byte(wrong.bucket))
			if err != nil {
				return err
			}
			return in.Put([]byte(wrong.key), []byte("x"))
		})
		if err := errors.Join(err, b.Close()); err != nil {
			t.Fatal(err)
		}
		if db, err := bolt.Open(spoilt, bolt.Options{}); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%s in bucket %s: %v, %v", wrong.key, wrong.bucket, db, err)
		}
	}
}

// The bar for the file: how many times larger it may be than what is in it.
const maxOver = 1.3

// TestFileIsSmall puts what belongs to badges in groups as a service does: records
// that ascend, and larger than a third of a page, beside keys in no order. The file
// is held against what is in it but for the room that it grows by; and again when it
// was compacted, and when it was filled in order.
func TestFileIsSmall(t *testing.T) {
	db, path := create(t, bolt.Options{Scattered: "dfnx"})
	for n := 0; n < 4000; n += 16 {
		err := db.Update(t.Context(), func(tx store.Tx) error {
			for i := range 16 {
				if err := badge(tx, n+i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fits := func(s store.Store, path, how string, bar float64) {
		data := 0
		err := s.View(t.Context(), func(r store.Reader) error {
			return r.Scan(nil, nil, func(k, v []byte) error {
				data += len(k) + len(v)
				return nil
			})
		})
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		if over := float64(usedSize(t, path)) / float64(data); over > bar {
			t.Errorf("%s the file is %.2f times what is in it, bar %.2f", how, over, bar)
		} else {
			t.Logf("%s the file is %.2f times what is in it", how, over)
		}
	}
	fits(db, path, "written in groups", maxOver)
	again, err := bolt.Open(path, bolt.Options{Scattered: "dfnx"})
	if err != nil {
		t.Fatal(err)
	}
	build, err := bolt.NewBuild(path+".restored", bolt.Options{Scattered: "dfnx"})
	if err != nil {
		t.Fatal(err)
	}
	err = again.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error { return build.Append(t.Context(), k, v) })
	})
	if err := errors.Join(err, build.Finish(t.Context()), again.Compact(t.Context())); err != nil {
		t.Fatal(err)
	}
	fits(again, path, "compacted", 1.15)
	fits(build, path+".restored", "restored", 1.15)
}

// badge puts as many bytes under as many keys as belong to a badge.
func badge(tx store.Tx, n int) error {
	seq := fmt.Sprintf("%012x-%s", n, rand.Text()[:19])
	for _, k := range []struct {
		key  string
		size int
	}{
		{"c/an-issuer/" + seq, 2400}, {"w/an-issuer/" + seq, 650}, {"W/an-issuer/" + seq, 400}, {"u/" + seq, 340}, {"g/" + seq, 100},
		{"n/" + rand.Text(), 80}, {"x/" + rand.Text(), 27}, {"f/an-issuer/" + rand.Text() + "/" + seq, 5},
		{"d/an-issuer/an-achievement/" + rand.Text() + "/" + seq, 5}, {"d/an-issuer/an-achievement/" + rand.Text() + "/" + seq, 5},
	} {
		if err := tx.Put([]byte(k.key), make([]byte, k.size)); err != nil {
			return err
		}
	}
	return nil
}

// usedSize is how much of a file has something in it, or had; the rest is room that
// it grew by.
func usedSize(t testing.TB, path string) (size int64) {
	t.Helper()
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	err = b.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	if err := errors.Join(err, b.Close()); err != nil {
		t.Fatal(err)
	}
	return size
}
