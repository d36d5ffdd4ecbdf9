//go:build unix

package move_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/move"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// A badge leaves some twenty records, one of which is large.
const records, small, large = 20, 120, 4500

// BenchmarkMove moves the records of MOVE_BADGES badges (2,000 where it is not set)
// into PostgreSQL while four writers put a hundred badges a second on record. It
// tells how long they wait at most.
func BenchmarkMove(b *testing.B) {
	badges := 2000
	if text := os.Getenv("MOVE_BADGES"); text != "" {
		var err error
		if badges, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	cluster := pgtest.NewCluster(b)
	for b.Loop() {
		from := filled(b, badges)
		to, err := postgres.NewBuild(b.Context(), cluster.URL(""), name)
		if err != nil {
			b.Fatal(err)
		}
		stop, slowest := write(b, from, badges)
		last, at := move.Copying, time.Now()
		done, err := move.Move{From: from, To: to, Name: name, Check: func(context.Context) error { return nil },
			Leave: func(tx store.Tx) error { return put(tx, "left", "") },
			Tell: func(step move.Step, _ int) {
				if step != last {
					b.Logf("%d took %s", last, time.Since(at))
					last, at = step, time.Now()
				}
			}}.Run(b.Context())
		stop()
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(done.Held.Milliseconds()), "ms-pause")
		b.ReportMetric(float64(slowest().Milliseconds()), "ms-slowest-write")
		b.ReportMetric(float64(done.Changed), "changes")
		b.ReportMetric(float64(done.Records), "records")
		if err := errors.Join(to.Close(), from.Close()); err != nil {
			b.Error(err)
		}
		cluster.Exec(b, "DROP TABLE laurel_store")
	}
}

// filled is a store with the records of some badges.
func filled(b *testing.B, badges int) *bolt.DB {
	b.Helper()
	path := filepath.Join(b.TempDir(), "store")
	build, err := bolt.NewBuild(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for kind := range records {
		for n := range badges {
			key, value := record(kind, n)
			if err == nil {
				err = build.Append(b.Context(), key, store.Seal(key, value))
			}
		}
	}
	if err = errors.Join(err, build.Finish(b.Context()), build.Close()); err != nil {
		b.Fatal(err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return db
}

func record(kind, n int) (key, value []byte) {
	size := small
	if kind == 0 {
		size = large
	}
	return fmt.Appendf(nil, "%02d/%010d", kind, n), []byte(strings.Repeat("x", size))
}

// write lets four writers write until stop, and tells how long the slowest took.
func write(b *testing.B, db *bolt.DB, from int) (stop func(), slowest func() time.Duration) {
	b.Helper()
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	var mu sync.Mutex
	var longest time.Duration
	for w := range 4 {
		all.Go(func() {
			for n := from + w; ctx.Err() == nil; n += 4 {
				begun := time.Now()
				err := db.Update(ctx, func(tx store.Tx) error {
					for kind := range records {
						key, value := record(kind, n)
						if err := tx.Put(key, store.Seal(key, value)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrMoved) {
					b.Error(err)
				}
				mu.Lock()
				longest = max(longest, time.Since(begun))
				mu.Unlock()
				time.Sleep(20*time.Millisecond + rand.N(40*time.Millisecond))
			}
		})
	}
	return func() { cancel(); all.Wait() }, func() time.Duration { mu.Lock(); defer mu.Unlock(); return longest }
}
