package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"testing"

	"laurel/store"
	"laurel/store/postgres"
)

// TestRefuses: what refuses every Update is told before one is made, by each
// process that has the store.
func TestRefuses(t *testing.T) {
	db, address := create(t)
	only, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := only.Query()
	query.Set("default_transaction_read_only", "on") // as a database does that is only read
	only.RawQuery = query.Encode()
	beside, reader := open(t, address), open(t, only.String())
	is := func(db *postgres.DB, when string, want error) {
		t.Helper()
		if err := db.Refuses(t.Context()); !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s: %v", when, err)
		}
		err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("k"), []byte(when)) })
		if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%s, a change: %v", when, err)
		}
	}
	is(beside, "at first", nil)
	is(reader, "where the database is only read", store.ErrReadOnly)
	if err := db.Lock(t.Context(), func(l store.Locked) error {
		return l.Leave(t.Context(), func(store.Tx) error { return nil })
	}); err != nil {
		t.Fatal(err)
	}
	is(beside, "where the store was left", store.ErrMoved)
	if err := db.Return(t.Context()); err != nil {
		t.Fatal(err)
	}
	is(beside, "where it is in force again", nil)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if beside.Refuses(over) == nil {
		t.Error("who could not be asked is ready")
	}
}
