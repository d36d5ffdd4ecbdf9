package bolt

import (
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
