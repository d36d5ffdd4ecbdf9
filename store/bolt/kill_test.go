//go:build linux

package bolt_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/store"
	"laurel/store/bolt"
)

func childLoad(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	return writers(db, 16, 1<<30)
}

// childCompact compacts all the while.
func childCompact(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	go func() { failed <- writers(db, 16, 1<<30) }()
	go func() {
		for {
			if err := db.Compact(context.Background()); err != nil {
				failed <- err
				return
			}
		}
	}()
	return <-failed
}

// TestKill kills a process that writes, at random moments, and looks for every
// write that it had acknowledged.
func TestKill(t *testing.T) { killed(t, "load") }

// TestKillWhileCompacting: whatever of a compaction was done when the process
// was killed, the store is there, whole.
func TestKillWhileCompacting(t *testing.T) { killed(t, "compact") }

func killed(t *testing.T, name string) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	kills := 10
	if testing.Short() {
		kills = 3
	}
	var all []string
	for round := range kills {
		keys := killOnce(t, name, path, fmt.Sprintf("%03d", round))
		all = append(all, keys...)
		db, err := bolt.Open(path, bolt.Options{})
		if err != nil {
			t.Fatalf("opening after kill %d: %v", round, err)
		}
		if lost, err := missing(t.Context(), db, all); len(lost) > 0 || err != nil {
			t.Errorf("kill %d: %d of %d acknowledged writes are lost, the first %.1q; %v", round, len(lost), len(all), lost, err)
		}
		noneSkipped(t, db, keys)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d kills, %d acknowledged writes", kills, len(all))
	if len(all) < kills {
		t.Errorf("only %d writes were acknowledged: this tested nothing", len(all))
	}
	checkFile(t, path)
}

// TestCompactSyncsBeforeItNames: a power cut at any moment finds a whole store
// under the name. The copy is on disk before it gets the name, and the name
// before anybody is told.
func TestCompactSyncsBeforeItNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(t.Context(), db, "key", value("key")), db.Close()); err != nil {
		t.Fatal(err)
	}
	trace := filepath.Join(t.TempDir(), "trace")
	cmd := child(t.Context(), t, "compact-once", path, "0", strace(t), "-f", "-qq", "-y", "-o", trace,
		"-e", "signal=none", "-e", "trace=pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("tracing: %v: %s", err, out)
	}
	log, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(log), "\n")
	last := func(from, to int, call, file string) int {
		for n := to - 1; n >= from; n-- {
			if strings.Contains(lines[n], call) && strings.Contains(lines[n], "<"+file+">") {
				return n
			}
		}
		return -1
	}
	named := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, "rename") && strings.Contains(l, path+".compact") })
	if named < 0 {
		t.Fatalf("nothing was renamed:\n%s", log)
	}
	written, synced := last(0, named, "pwrite64", path+".compact"), last(0, named, "sync(", path+".compact")
	if written < 0 || synced < written {
		t.Errorf("the copy got its name with writes that were not synced: last write %d, last sync %d, name %d\n%s", written, synced, named, log)
	}
	next := slices.IndexFunc(lines[named:], func(l string) bool { return strings.Contains(l, "pwrite64") })
	if folder := last(named, named+next, "fsync", filepath.Dir(path)); next < 0 || folder < 0 {
		t.Errorf("a change was written before the name was on disk\n%s", log)
	}
}

// killOnce lets a process write until its first acknowledgement and some
// milliseconds more, kills it, and returns what it acknowledged.
func killOnce(t *testing.T, name, path, round string) []string {
	cmd := child(t.Context(), t, name, path, round)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	_, early := lines.Peek(1)
	time.AfterFunc(rand.N(120*time.Millisecond), func() { _ = cmd.Process.Kill() })
	var out bytes.Buffer
	if _, err := lines.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); early != nil || stderr.Len() > 0 || fmt.Sprint(err) != "signal: killed" {
		t.Fatalf("the writing process ended by itself: %v %s", err, stderr.String())
	}
	return acknowledged(out.Bytes())
}

// noneSkipped checks that each writer left its keys without a gap, and at most
// one more than it acknowledged: the write that it was about when it was killed.
func noneSkipped(t *testing.T, db *bolt.DB, keys []string) {
	acks := map[string]int{}
	round := ""
	for _, key := range keys {
		round, _, _ = strings.Cut(key, "/")
		acks[key[:strings.LastIndex(key, "/")]]++
	}
	kept := map[string]int{}
	if err := db.View(t.Context(), func(r store.Reader) error {
		return r.Scan([]byte(round+"/"), nil, func(k, _ []byte) error {
			writer := string(k[:bytes.LastIndexByte(k, '/')])
			if want := fmt.Sprintf("%s/%05d", writer, kept[writer]); string(k) != want {
				return fmt.Errorf("key %s, want %s", k, want)
			}
			kept[writer]++
			return nil
		})
	}); err != nil {
		t.Error(err)
	}
	for writer, n := range kept {
		if n > acks[writer]+1 {
			t.Errorf("writer %s left %d writes and acknowledged %d", writer, n, acks[writer])
		}
	}
}
