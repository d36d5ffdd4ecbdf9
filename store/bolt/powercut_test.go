//go:build linux

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"laurel/store"
	"laurel/store/bolt"
)

// A power cut leaves of a file what was synced, and of what was written since any
// part, in any order, down to single sectors. So: trace the system calls of a
// process that writes, and for many moments lay out the files that a power cut
// could have left, open each, and look for what the process had acknowledged by
// then. What this cannot see is a disk that lies about syncs.

const recordWriters, recordRounds = 8, 20

func childRecord(path string, opts bolt.Options) error {
	db, err := bolt.Open(path, opts)
	if err != nil {
		return err
	}
	if err := writers(db, recordWriters, recordRounds); err != nil {
		return err
	}
	return db.Close()
}

// childOpen opens the store and acknowledges all that it shows.
func childOpen(path string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	return db.View(context.Background(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, _ []byte) error {
			_, err := os.Stdout.Write(append(k, '\n'))
			return err
		})
	})
}

// TestPowerCut finds every acknowledged write in every file.
func TestPowerCut(t *testing.T) {
	rec := record(t, "record")
	path := filepath.Join(t.TempDir(), "store")
	files := 0
	for when, left := range rec.cuts(2) {
		files++
		if err := errors.Join(left.judge(t.Context(), path), checkPages(path)); err != nil {
			t.Errorf("power cut %s: %v", when, err)
		}
	}
	t.Logf("%d acknowledged writes, %d syncs, %d power cuts", rec.count("ack"), rec.count("sync"), files)
	if rec.count("ack") != recordWriters*recordRounds || rec.count("sync") < 2*recordRounds || files < 4*rec.count("sync") {
		t.Error("too little was tried")
	}
}

// TestPowerCutFindsMissingSyncs shows that the trial finds what it is for: in a
// store that does not sync, and in one whose meta page may reach the disk before
// the data that it points to.
func TestPowerCutFindsMissingSyncs(t *testing.T) {
	never := record(t, "record-nosync")
	late := record(t, "record")
	late.dropDataSyncs()
	for what, rec := range map[string]*recording{"no syncs": never, "no syncs of data": late} {
		files := 0
		found := errors.New("nothing is lost")
		for when, left := range rec.cuts(1) {
			files++
			if err := left.judgeApart(t); err != nil {
				found = fmt.Errorf("power cut %s: %.200w", when, err)
				break
			}
		}
		t.Logf("%s: after %d power cuts: %v", what, files, found)
		if errors.Unwrap(found) == nil {
			t.Errorf("%s: no power cut loses anything", what)
		}
	}
}

// TestOpenSettlesWhatItShows has a process killed between the write of a meta
// page and its sync, which leaves a commit that the next process sees although no
// disk has it. Once Open has returned, it must outlive a power cut.
func TestOpenSettlesWhatItShows(t *testing.T) {
	killed := record(t, "record")
	kill := killed.lastMetaSync()
	then := killed.after(kill)
	path := filepath.Join(t.TempDir(), "store")
	if err := replay(then.durable, then.pending, nil).save(path); err != nil {
		t.Fatal(err)
	}
	next := recordAt(t, "open", path)
	if shown := next.count("ack"); shown <= len(then.acked) {
		t.Fatalf("the next process shows %d writes, the killed one acknowledged %d: this tests nothing", shown, len(then.acked))
	}
	next.start, next.events = then.durable, append(then.pending, next.events...)
	for when, left := range next.cuts(3) {
		if err := errors.Join(left.judge(t.Context(), path), checkPages(path)); err != nil {
			t.Errorf("power cut %s: %v", when, err)
		}
	}
	// Without its syncs the same process would have said too much.
	next.events = slices.DeleteFunc(next.events, func(e event) bool { return e.kind == "sync" })
	lost := false
	for _, left := range next.cuts(0) {
		lost = lost || left.judgeApart(t) != nil
	}
	if !lost {
		t.Error("an Open that does not sync was found to lose nothing")
	}
}

// remains are the file that a power cut left, and what was acknowledged before.
type remains struct {
	file *image
	keys []string
}

// cuts yields what power cuts leave just before each sync, when the most is at
// stake, and at a sample of the moments between: nothing of what was not synced,
// all of it, and as many random parts of it as subsets says.
func (r *recording) cuts(subsets int) iter.Seq2[string, remains] {
	return func(yield func(string, remains) bool) {
		chance := rand.New(rand.NewPCG(1, 2))
		now := moment{durable: r.start}
		for n := range len(r.events) + 1 {
			sync := n == len(r.events) || r.events[n].kind == "sync"
			if sync && !yield(fmt.Sprintf("before event %d, nothing kept", n), remains{now.durable, now.acked}) {
				return
			}
			if sync || subsets > 0 && chance.IntN(4) == 0 {
				all := remains{replay(now.durable, now.pending, nil), now.acked}
				if !yield(fmt.Sprintf("before event %d, all kept", n), all) {
					return
				}
				for range subsets {
					part := remains{replay(now.durable, now.pending, chance), now.acked}
					if !yield(fmt.Sprintf("before event %d, a part kept", n), part) {
						return
					}
				}
			}
			if n < len(r.events) {
				now.pass(r.events[n])
			}
		}
	}
}

// judge puts the file at path, opens it and looks for the keys.
func (r remains) judge(ctx context.Context, path string) error {
	if err := r.file.save(path); err != nil {
		return err
	}
	return judge(ctx, path, r.keys)
}

func judge(ctx context.Context, path string, keys []string) error {
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	lost, err := missing(ctx, db, keys)
	if len(lost) > 0 {
		err = errors.Join(fmt.Errorf("%d of %d acknowledged writes are lost", len(lost), len(keys)), err)
	}
	return errors.Join(err, db.Close())
}

// judgeApart does the same in a process of its own, for files that may well be
// damaged: bbolt then panics, faults, or never ends.
func (r remains) judgeApart(t *testing.T) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "store")
	if err := r.file.save(path); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := child(ctx, t, "judge", path, "")
	cmd.Stdin = strings.NewReader(strings.Join(r.keys, "\n"))
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if err != nil {
		return fmt.Errorf("%w: %.200s", err, out)
	}
	return nil
}

func childJudge(path string) error {
	keys, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	return judge(context.Background(), path, slices.DeleteFunc(strings.Split(string(keys), "\n"), func(k string) bool { return k == "" }))
}
