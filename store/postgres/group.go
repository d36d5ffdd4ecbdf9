package postgres

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/fnv"

	"laurel/store"
)

// Groups tells of a key, or of the prefix of a Scan, to which group of keys it
// belongs: the beginning that all of the group share. It is nil for those that
// belong to none.
//
// That nothing is there cannot be noted by a row. PostgreSQL notes the page of
// the index where it would be, on which are a hundred others, and so takes people
// who are served side by side for ones who are in each other's way. Of a group a
// row of its own tells (one of 65,536 that all groups share): whoever finds
// nothing in it reads that row, and whoever adds to it or takes from it writes it.
// Groups are for small sets of keys to which seldom two add in the same moment,
// such as all about one person.
type Groups func(key []byte) (group []byte)

// Group has the store keep groups. It is for the time before it is in use, and
// every process on the database does the same.
func (db *DB) Group(by Groups) { db.groups = by }

// witnessPrefix stands before the rows that tell of groups.
const witnessPrefix = "\x00g/"

func witness(group []byte) []byte {
	h := fnv.New32a()
	_, _ = h.Write(group)
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], h.Sum32())
	return append([]byte(witnessPrefix), hex.EncodeToString([]byte{n[0] ^ n[2], n[1] ^ n[3]})...)
}

// groupOf is the row that tells of a key's group; nil where it belongs to none.
func (t *tx) groupOf(key []byte) []byte {
	if t.snapshot.db.groups == nil || bytes.HasPrefix(key, []byte(witnessPrefix)) {
		return nil
	}
	group := t.snapshot.db.groups(key)
	if group == nil {
		return nil
	}
	return witness(group)
}

// watch has the row of a key's group tell whether anything comes or goes in it;
// false where the key belongs to none. The row is read, and made where there is
// none. It is read also where touch has written it before: only what was seen is
// held against what is there when the write is settled.
func (t *tx) watch(key []byte) (told bool, err error) {
	k := t.groupOf(key)
	if k == nil {
		return false, nil
	}
	if _, known := t.seen.keys[string(k)]; known {
		return true, nil
	}
	_, err = t.snapshot.Get(k)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
		if !t.Changes(k) {
			err = t.putWitness(k)
		}
	}
	return true, err
}

// touch has the row of a key's group tell that something comes or goes in it.
func (t *tx) touch(key []byte) error {
	k := t.groupOf(key)
	if k == nil || t.Changes(k) {
		return nil
	}
	return t.putWitness(k)
}

func (t *tx) putWitness(k []byte) error {
	t.wrote = true
	return t.Overlay.Put(k, store.Seal(k, []byte(rand.Text())))
}
