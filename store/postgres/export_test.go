package postgres

import "time"

// SetPatience lets a test give up sooner.
func (db *DB) SetPatience(d time.Duration) { db.patience = d }
