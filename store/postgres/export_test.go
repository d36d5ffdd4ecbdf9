package postgres

import "time"

// SetPatience lets a test give up sooner.
func (db *DB) SetPatience(d time.Duration) { db.patience = d }

// WithoutLocks has a test do without what PostgreSQL alone has.
func (db *DB) WithoutLocks() { db.locked = false }

// Locked tells whether Updates are settled under locks.
func (db *DB) Locked() bool { return db.locked }

// LockAtMost has a test lock the whole store for all that needs more locks.
func (db *DB) LockAtMost(n int) { db.most = n }
