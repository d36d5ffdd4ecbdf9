//go:build unix

// Package pgtest gives tests a real PostgreSQL server: one for the test binary,
// and a fresh and empty schema in it for each call of Start.
//
// TestMain of a package that wants it is
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// The server listens on a socket in a temporary folder only, and ends with the
// test binary however that ends. It does not sync its files (fsync=off): that
// makes the tests fast and takes nothing from what they say about transactions,
// but nobody must conclude from them what a power cut leaves. Where the server
// is not installed tests skip, and say so; in CI (CI=true in the environment)
// they fail.
//
// With TEST_POSTGRES set to the URL of a database, that one is used, and
// no server is started; the user in it must be allowed to create schemas.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The environment tells Start where the server is, and why there is none.
const (
	urlEnv    = "TEST_POSTGRES"
	reasonEnv = "TEST_POSTGRES_MISSING"
)

// Main runs the package's tests with a server behind them and returns the exit
// code, for TestMain.
func Main(m *testing.M) int {
	if os.Getenv(urlEnv) != "" {
		return m.Run()
	}
	s, err := startServer()
	if err != nil {
		_ = os.Setenv(reasonEnv, err.Error())
		return m.Run()
	}
	_ = os.Setenv(urlEnv, s.url)
	code := m.Run()
	if err := s.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest: stopping PostgreSQL:", err)
		return max(code, 1)
	}
	return code
}

// Start makes a fresh and empty schema and returns the URL of the database with
// the schema in it, which is all that those who use the URL see. A database for
// each would be as good, and takes twenty times as long to make. The schema is
// dropped when the test ends. Without a server the test is skipped, or fails in
// CI.
func Start(tb testing.TB) string {
	tb.Helper()
	server := os.Getenv(urlEnv)
	if server == "" {
		reason := os.Getenv(reasonEnv)
		switch {
		case reason == "":
			tb.Fatal("pgtest.Start needs a TestMain that calls pgtest.Main")
		case os.Getenv("CI") == "true":
			tb.Fatalf("PostgreSQL is missing, and in CI it must be there: %s", reason)
		}
		tb.Skipf("NOT TESTED: nothing is known here about PostgreSQL: %s", reason)
	}
	name := fmt.Sprintf("t%d_%d", os.Getpid(), time.Now().UnixNano())
	u, err := url.Parse(server)
	if err != nil {
		tb.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name)
	u.RawQuery = query.Encode()
	run(tb, server, "CREATE SCHEMA "+name)
	tb.Cleanup(func() { run(tb, server, "DROP SCHEMA "+name+" CASCADE") })
	return u.String()
}

// Exec runs statements in the database at url.
func Exec(tb testing.TB, url, sql string) {
	tb.Helper()
	run(tb, url, sql)
}

// run executes one statement on the server.
func run(tb testing.TB, server, sql string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		tb.Fatalf("connecting to PostgreSQL: %v", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}
