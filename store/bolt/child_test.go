//go:build linux

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// Some tests need a process of their own, to be killed or to be traced: this
// test binary once more, with the name of what to do in its environment.
const (
	childEnv = "BOLT_TEST_CHILD"
	storeEnv = "BOLT_TEST_STORE"
	roundEnv = "BOLT_TEST_ROUND"
)

var children = map[string]func(path string) error{
	"load":    childLoad,
	"compact": childCompact,
	"record":  func(path string) error { return childRecord(path, bolt.Options{}) },
	"record-nosync": func(path string) error {
		return childRecord(path, bolt.Options{}.WithBolt(func(o *bbolt.Options) { o.NoSync = true }))
	},
	"compact-once": func(path string) error {
		db, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			return err
		}
		return errors.Join(db.Compact(context.Background()), put(context.Background(), db, "after", "it"), db.Close())
	},
	"open":       childOpen,
	"judge":      childJudge,
	"syncfaults": childSyncFaults,
	"full":       childFull,
}

func TestMain(m *testing.M) {
	name := os.Getenv(childEnv)
	if name == "" {
		os.Exit(m.Run())
	}
	if err := children[name](os.Getenv(storeEnv)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child prepares the process that does name to the store at path, below the
// command given, if any. It is killed when ctx ends.
func child(ctx context.Context, t *testing.T, name, path, round string, under ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := append(under, self)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), childEnv+"="+name, storeEnv+"="+path, roundEnv+"="+round,
		"GORACE=atexit_sleep_ms=0") // else each lasts a second longer under -race
	return cmd
}

// strace returns the path of strace, or skips the test; in CI it must be there.
func strace(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("strace")
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatal("strace is not installed, and in CI it must be")
	}
	t.Skip("NOT TESTED: strace is not installed, so nothing is known here about failed syncs and power cuts")
	return ""
}

// value returns the value that belongs to key: long enough for several sectors,
// and no two alike.
func value(key string) string { return strings.Repeat(key+" ", 60) }

// writers runs n Updates at a time and writes a line for each that returned nil,
// the key that is now durable, until each has done rounds.
func writers(db *bolt.DB, n, rounds int) error {
	var wg sync.WaitGroup
	errs := make(chan error, n)
	for g := range n {
		wg.Go(func() {
			for i := range rounds {
				key := fmt.Sprintf("%s/%02d/%05d", os.Getenv(roundEnv), g, i)
				if err := put(context.Background(), db, key, value(key)); err != nil {
					errs <- fmt.Errorf("update %s: %w", key, err)
					return
				}
				// One write each, without a buffer: a whole line or none.
				if _, err := os.Stdout.WriteString(key + "\n"); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// acknowledged returns the whole lines of what a child wrote.
func acknowledged(out []byte) []string {
	lines := strings.Split(string(out), "\n")
	return lines[:len(lines)-1]
}

// missing returns those of the keys that the store does not have with the value
// that belongs to them.
func missing(ctx context.Context, s store.Store, keys []string) (lost []string, err error) {
	err = s.View(ctx, func(r store.Reader) error {
		for _, key := range keys {
			if v, err := r.Get([]byte(key)); err != nil || string(v) != value(key) {
				lost = append(lost, key)
			}
		}
		// Nothing else may be there but what a writer wrote whole.
		return r.Scan(nil, nil, func(k, v []byte) error {
			if string(v) != value(string(k)) {
				return fmt.Errorf("key %q has a value that nobody wrote", k)
			}
			return nil
		})
	})
	return lost, err
}
