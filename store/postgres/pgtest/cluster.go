//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"laurel/internal/porttest"
)

// Cluster is a PostgreSQL server of a test's own, at a port of loopback, that can
// be stopped, started, copied to a standby, and promoted.
type Cluster struct {
	Port   int
	folder string
	bin    string
	owner  *syscall.Credential
	flags  []string
	shell  *exec.Cmd
	stdin  io.WriteCloser
}

// obey runs the server until it reads how to stop it, or until its standard input
// ends, as it does when the test binary dies.
const obey = `folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
read how
case $how in
fast) kill -INT $!;;
*) kill -QUIT $!;;
esac
wait $!`

// NewCluster makes a server and starts it, with further settings such as
// "fsync=on". It ends with the test. Where PostgreSQL is not installed the test
// is skipped, or fails in CI.
func NewCluster(tb testing.TB, settings ...string) *Cluster {
	tb.Helper()
	bin, err := findPrograms()
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("PostgreSQL is missing, and in CI it must be there: %v", err)
		}
		tb.Skipf("NOT TESTED: nothing is known here about PostgreSQL: %v", err)
	}
	c := newCluster(tb, bin, settings)
	c.run(tb, "initdb", "-D", c.data(), "-U", "laurel", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	c.Start(tb)
	return c
}

func newCluster(tb testing.TB, bin string, settings []string) *Cluster {
	tb.Helper()
	owner, err := owner()
	if err != nil {
		tb.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "pg") // not tb.TempDir, whose parents are closed to the server's owner
	if err != nil {
		tb.Fatal(err)
	}
	c := &Cluster{folder: folder, bin: bin, owner: owner}
	if owner != nil {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	_, port, err := net.SplitHostPort(porttest.Address(tb))
	if err == nil {
		c.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		tb.Fatal(err)
	}
	c.flags = []string{"-D", c.data(), "-k", folder, "-h", "127.0.0.1", "-p", strconv.Itoa(c.Port)}
	for _, s := range settings {
		c.flags = append(c.flags, "-c", s)
	}
	tb.Cleanup(func() {
		if err := errors.Join(c.stop("immediate"), os.RemoveAll(folder)); err != nil {
			tb.Errorf("ending PostgreSQL: %v", err)
		}
	})
	return c
}

func (c *Cluster) data() string { return filepath.Join(c.folder, "data") }

func (c *Cluster) attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: c.owner, Setpgid: true}
}

func (c *Cluster) run(tb testing.TB, program string, args ...string) {
	tb.Helper()
	cmd := exec.Command(filepath.Join(c.bin, program), args...)
	cmd.SysProcAttr, cmd.Dir = c.attributes(), c.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v: %s", program, err, out)
	}
}

// Start starts the server and waits until it answers.
func (c *Cluster) Start(tb testing.TB) {
	tb.Helper()
	args := append([]string{"-c", obey, "sh", c.folder, filepath.Join(c.bin, "postgres")}, c.flags...)
	shell := exec.Command("/bin/sh", args...)
	shell.SysProcAttr, shell.Dir = c.attributes(), c.folder
	stdin, err := shell.StdinPipe()
	if err == nil {
		err = shell.Start()
	}
	if err != nil {
		tb.Fatal(err)
	}
	c.shell, c.stdin = shell, stdin
	s := &server{url: c.URL("")}
	if err := s.await(2 * time.Minute); err != nil {
		log, _ := os.ReadFile(filepath.Join(c.folder, "log"))
		tb.Fatalf("%v: %s", err, log)
	}
}

// Stop ends the server: "fast", or "immediate" without tidying up, as a crash
// does.
func (c *Cluster) Stop(tb testing.TB, how string) {
	tb.Helper()
	if err := c.stop(how); err != nil {
		tb.Errorf("stopping PostgreSQL: %v", err)
	}
}

func (c *Cluster) stop(how string) error {
	if c.shell == nil {
		return nil
	}
	shell := c.shell
	c.shell = nil
	_, err := io.WriteString(c.stdin, how+"\n")
	kill := time.AfterFunc(2*time.Minute, func() { _ = shell.Process.Kill() })
	defer kill.Stop()
	waited := shell.Wait()
	var ended *exec.ExitError
	if errors.As(waited, &ended) { // a server that is ended at once does not say 0
		waited = nil
	}
	return errors.Join(err, waited)
}

// URL is where the server's database is, with further settings such as
// "&pool_max_conns=8".
func (c *Cluster) URL(more string) string {
	return fmt.Sprintf("postgres://laurel@127.0.0.1:%d/postgres?sslmode=disable%s", c.Port, more)
}

// Exec runs a statement on the server.
func (c *Cluster) Exec(tb testing.TB, sql string) {
	tb.Helper()
	run(tb, c.URL(""), sql)
}

// Value is the answer to a query for one number.
func (c *Cluster) Value(tb testing.TB, sql string) (n int64) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, c.URL(""))
	if err == nil {
		err = conn.QueryRow(ctx, sql).Scan(&n)
		_ = conn.Close(ctx)
	}
	if err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
	return n
}

// Standby makes a copy of the server that follows it, and starts it. From then
// on a commit of the first waits for the second.
func (c *Cluster) Standby(tb testing.TB) *Cluster {
	tb.Helper()
	s := newCluster(tb, c.bin, nil)
	for n := 8; n < len(c.flags); n++ {
		s.flags = append(s.flags, c.flags[n])
	}
	s.run(tb, "pg_basebackup", "-D", s.data(), "-X", "stream", "-R", "-c", "fast", "--no-sync",
		"-d", fmt.Sprintf("host=127.0.0.1 port=%d user=laurel application_name=standby", c.Port))
	s.Start(tb)
	c.Exec(tb, `ALTER SYSTEM SET synchronous_standby_names = 'standby'`)
	c.Exec(tb, `SELECT pg_reload_conf()`)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if c.Value(tb, `SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'`) == 1 {
			return s
		}
		if time.Now().After(deadline) {
			tb.Fatal("the standby does not follow")
		}
	}
}

// Promote makes the first of a standby. Nothing waits for another then.
func (c *Cluster) Promote(tb testing.TB) {
	tb.Helper()
	c.Exec(tb, `ALTER SYSTEM SET synchronous_standby_names = ''`)
	c.Exec(tb, `SELECT pg_reload_conf()`)
	c.Exec(tb, `SELECT pg_promote()`)
}

// Exhaust takes all connections that the server has, ending those of others but
// the standby's, and keeps them for some time.
func (c *Cluster) Exhaust(tb testing.TB, d time.Duration) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	first, err := pgx.Connect(ctx, c.URL(""))
	if err != nil {
		tb.Fatal(err)
	}
	held := []*pgx.Conn{first}
	defer func() {
		for _, conn := range held {
			_ = conn.Close(context.Background())
		}
	}()
	for refused := (time.Time{}); refused.IsZero() || time.Since(refused) < d; {
		if ctx.Err() != nil {
			tb.Fatal("the server has connections left")
		}
		if conn, err := pgx.Connect(ctx, c.URL("")); err == nil {
			held = append(held, conn)
			continue
		}
		if refused.IsZero() {
			refused = time.Now()
		}
		// Those that are in use elsewhere end, and their places are taken here.
		if _, err := first.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE application_name <> 'standby' AND backend_type = 'client backend' AND state IS NOT NULL AND query <> '' AND query NOT LIKE '%pg_terminate%'`); err != nil {
			tb.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
