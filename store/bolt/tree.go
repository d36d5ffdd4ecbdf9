package bolt

import (
	"context"
	"errors"
	"runtime/debug"
	"strings"

	"go.etcd.io/bbolt"
)

// A file has one of two forms. In the first, one bucket has all keys. In the
// second there is a bucket for each first byte of keys, because how full pages are
// left is set by bucket: keys that ascend fill theirs, and what comes in no order
// needs room in between. Buckets that are read one after the other are in the
// order of the keys, so both forms are one ordered map.
//
// Files of the first form are read and written as they are. A compaction makes
// the second of them, and so does whatever fills a new file.
var (
	allKeys   = []byte("laurel/1") // the one bucket of the first form
	manyKinds = []byte("laurel/2") // stands, empty, beside the buckets of the second
)

const (
	// pageSize is that of new files. A record of a badge is larger than half a page
	// of 4 kB, of which each would then leave a third empty.
	pageSize = 8 << 10

	// How full pages are left that are split. What ascends is never put in between.
	// Halves of pages that take keys in no order are two thirds full on average, and
	// pages that are filled in order but seldom stay so leave some room.
	fillAscending = 1.0
	fillScattered = 0.5
	fillPacked    = 0.9
	fillMixed     = 0.9 // of the first form, where most bytes stand under keys that ascend
)

// endMarks stand behind the last key of a bucket whose keys ascend, where no key of
// ours can be. bbolt leaves three entries at least on the second page of a split:
// with these two, that is one of ours, and the first page can be full.
var endMarks = [...]string{"\xff", "\xff\xff"}

// tree is the map in a file, as one bbolt transaction sees it.
//
// The callers of its methods are guarded, like all that calls bbolt (guard.go).
type tree struct {
	tx        *bbolt.Tx
	one       bool   // the file is of the first form
	scattered string // first bytes of keys that come in no order
	packed    bool   // keys are put in order, whatever they are

	// The buckets that were used, for in a reading transaction opening one takes as long
	// as looking into it.
	used  [16]usedBucket
	count int
}

type usedBucket struct {
	kind   byte
	bucket *bbolt.Bucket
}

// oneBucket tells the form of a file.
func oneBucket(tx *bbolt.Tx) (one bool, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer recovered(&err)
	if tx.Bucket(manyKinds) != nil {
		return false, nil
	}
	if tx.Bucket(allKeys) == nil {
		return false, errors.New("not a store of this program, or of another version")
	}
	return true, nil
}

// bucket is the one that a key belongs into; nil where there is none yet.
func (t *tree) bucket(key []byte) *bbolt.Bucket {
	kind, name := key[0], key[:1]
	if t.one {
		kind, name = 0, allKeys
	}
	for _, u := range t.used[:t.count] {
		if u.kind == kind {
			return u.bucket
		}
	}
	b := t.tx.Bucket(name)
	if b == nil && t.one {
		panic("the bucket of all keys is gone") // told as damage, and not as keys that there are not
	}
	if b != nil && t.count < len(t.used) {
		t.used[t.count] = usedBucket{kind, b}
		t.count++
	}
	return b
}

func (t *tree) get(key []byte) []byte {
	if b := t.bucket(key); b != nil {
		return b.Get(key)
	}
	return nil
}

func (t *tree) delete(key []byte) error {
	if b := t.bucket(key); b != nil {
		return b.Delete(key)
	}
	return nil
}

func (t *tree) put(key, value []byte) (err error) {
	b := t.bucket(key)
	if b == nil {
		if b, err = t.newBucket(key); err != nil {
			return err
		}
	}
	b.FillPercent = t.fill(key)
	return b.Put(key, value)
}

// newBucket makes the bucket that a key belongs into.
func (t *tree) newBucket(key []byte) (*bbolt.Bucket, error) {
	b, err := t.tx.CreateBucket(key[:1])
	if err != nil || t.scatters(key) || key[0] == endMarks[0][0] {
		return b, err
	}
	for _, mark := range endMarks {
		if err := b.Put([]byte(mark), nil); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// end is the first key behind the bucket that a key belongs into; nil where none is.
func (t *tree) end(key []byte) []byte {
	if t.one || key[0] == 0xff {
		return nil
	}
	return []byte{key[0] + 1}
}

func (t *tree) scatters(key []byte) bool { return strings.IndexByte(t.scattered, key[0]) >= 0 }

// fill is how full pages are left that a key is put on.
func (t *tree) fill(key []byte) float64 {
	switch {
	case t.one:
		return fillMixed
	case !t.scatters(key):
		return fillAscending
	case t.packed:
		return fillPacked
	}
	return fillScattered
}

// begun makes an empty file one of the second form.
func begun(b *bbolt.DB) error {
	return b.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket(manyKinds)
		return err
	})
}

// filling puts records, in the order of their keys, into a file of the second form
// that nobody else uses yet.
type filling struct {
	to      *DB
	waiting []record
	size    int
}

type record struct{ key, value []byte }

func (f *filling) append(key, value []byte) error {
	f.waiting = append(f.waiting, record{key, value})
	if f.size += len(key) + len(value); f.size < copySize {
		return nil
	}
	return f.flush()
}

func (f *filling) flush() error {
	err := f.to.bolt.Update(func(tx *bbolt.Tx) error {
		t := tree{tx: tx, scattered: f.to.opts.Scattered, packed: true}
		for _, w := range f.waiting {
			if err := t.put(w.key, w.value); err != nil {
				return err
			}
		}
		return nil
	})
	f.waiting, f.size = nil, 0
	return err
}

// copyInto hands all that is in this file to another one.
func (db *DB) copyInto(fresh *DB) error {
	tx, err := beginBolt(db.bolt, false)
	if err != nil {
		return err
	}
	from := reader{db: db, ctx: context.Background(), tree: tree{tx: tx, one: db.one}}
	f := filling{to: fresh}
	if err = from.Scan(nil, nil, f.append); err == nil {
		err = f.flush()
	}
	return errors.Join(err, rollback(tx))
}
