package postgres_test

import (
	"os"
	"testing"

	"laurel/store"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
	"laurel/store/storetest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Opener {
		url := pgtest.Start(t)
		db, err := postgres.Create(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		return func() (store.Store, error) { return postgres.Open(t.Context(), url) }
	})
}
