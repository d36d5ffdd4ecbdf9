package postgres

import "time"

// SetPatience lets a test give up sooner.
func (db *DB) SetPatience(d time.Duration) { db.patience = d }

// WithoutPlaces has a test do without what PostgreSQL alone tells.
func (db *DB) WithoutPlaces() { db.sql = newStatements(false) }
