//go:build unix

package pgtest_test

import (
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"laurel/store/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// TestDatabasesAreApart: what one test leaves, the next does not see.
func TestDatabasesAreApart(t *testing.T) {
	urls := map[string]bool{}
	for range 3 {
		url := pgtest.Start(t)
		if urls[url] {
			t.Errorf("%s was given twice", url)
		}
		urls[url] = true
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		// An existing table would be an error.
		if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (n int)"); err != nil {
			t.Error(err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func BenchmarkStart(b *testing.B) {
	for range b.N {
		pgtest.Start(b)
	}
}
