package bolt_test

import (
	"path/filepath"
	"testing"

	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/storetest"
)

// TestConformance is of both forms of files.
func TestConformance(t *testing.T) {
	for what, create := range map[string]func(string, bolt.Options) (*bolt.DB, error){"New": bolt.Create, "OneBucket": bolt.CreateOneBucket} {
		t.Run(what, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				path := filepath.Join(t.TempDir(), "store")
				db, err := create(path, bolt.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				return func() (store.Store, error) { return bolt.Open(path, bolt.Options{}) }
			})
		})
	}
}
