package bolt_test

import (
	"path/filepath"
	"testing"

	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		path := filepath.Join(t.TempDir(), "store")
		db, err := bolt.Create(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return func() (store.Store, error) { return bolt.Open(path, bolt.Options{}) }
	})
}
