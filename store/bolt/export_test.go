package bolt

import (
	"errors"

	"go.etcd.io/bbolt"

	"laurel/store"
)

// WithBolt lets a test alter what bbolt is opened with.
func (o Options) WithBolt(tune func(*bbolt.Options)) Options {
	o.tune = tune
	return o
}

// Refuse turns the store read-only as a commit that failed with cause would.
func (db *DB) Refuse(cause error) { db.line.refuse(readOnly(cause)) }

// Waiting returns how many stand in line.
func (db *DB) Waiting() int {
	db.line.mu.Lock()
	defer db.line.mu.Unlock()
	return len(db.line.waiting)
}

// Limit bounds what a store.Changes of this package keeps.
func Limit(c store.Changes, keys int) { c.(*following).limit = keys }

// CreateOneBucket makes a store as it was made while all keys were in one bucket.
func CreateOneBucket(path string, opts Options) (*DB, error) {
	b, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return nil, err
	}
	err = b.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(allKeys); return err })
	if err := errors.Join(err, b.Close()); err != nil {
		return nil, err
	}
	return Open(path, opts)
}
