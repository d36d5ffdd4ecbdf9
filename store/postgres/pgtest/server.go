//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// supervise runs the server until its own standard input ends, which it does
// when the test binary closes it, and also when the test binary dies. Then it
// removes the folder.
const supervise = `folder=$1; shift
"$@" >"$folder/log" 2>&1 &
read _
kill -QUIT $!
wait $!
rm -rf "$folder"`

// server is a running PostgreSQL.
type server struct {
	url   string
	shell *exec.Cmd
	stdin io.Closer
}

func startServer() (*server, error) {
	bin, err := findPrograms()
	if err != nil {
		return nil, err
	}
	owner, err := owner()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "pg")
	if err != nil {
		return nil, err
	}
	s, err := startIn(folder, bin, owner)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// startIn makes a cluster in the folder and waits until it takes connections.
func startIn(folder, bin string, owner *syscall.Credential) (*server, error) {
	if owner != nil {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	attributes := &syscall.SysProcAttr{Credential: owner, Setpgid: true} // an interrupt is not for it
	data := filepath.Join(folder, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "laurel", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync", "--no-instructions")
	initdb.SysProcAttr, initdb.Dir = attributes, folder
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	shell := exec.Command("/bin/sh", "-c", supervise, "sh", folder, filepath.Join(bin, "postgres"), "-D", data,
		"-k", folder, "-h", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=200")
	shell.SysProcAttr, shell.Dir = attributes, folder
	stdin, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	s := &server{url: "postgres://laurel@/postgres?sslmode=disable&host=" + folder, shell: shell, stdin: stdin}
	if err := s.await(2 * time.Minute); err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "log")) // if it got that far
		return nil, errors.Join(fmt.Errorf("%w: %s", err, log), s.stop())
	}
	return s, nil
}

// await waits until the server answers.
func (s *server) await(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) stop() error {
	err := s.stdin.Close()
	kill := time.AfterFunc(2*time.Minute, func() { _ = s.shell.Process.Kill() })
	defer kill.Stop()
	return errors.Join(err, s.shell.Wait())
}

// owner returns who the server runs as, nil for ourselves: PostgreSQL refuses to
// run as root.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and there is no user postgres or nobody")
}

// findPrograms returns the folder of initdb and postgres: the one in PATH, or
// the newest where distributions put them.
func findPrograms() (string, error) {
	var found []string
	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			path = real // the other programs are where it is
		}
		found = append(found, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin"} {
		folders, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.Sort(folders)
		slices.Reverse(folders)
		found = append(found, folders...)
	}
	for _, folder := range found {
		_, err1 := os.Stat(filepath.Join(folder, "initdb"))
		_, err2 := os.Stat(filepath.Join(folder, "postgres"))
		if err1 == nil && err2 == nil {
			return folder, nil
		}
	}
	return "", errors.New("initdb and postgres are neither in PATH nor below /usr/lib/postgresql")
}
