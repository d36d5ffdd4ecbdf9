package bolt_test

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// BenchmarkGroup compares durable puts of 4 kB by C writers: grouped as this
// package does it, and one bbolt transaction each, in turns, seven of each. x is
// how many times more puts grouping does, x-latency how many times longer a put
// takes. "slow" has a disk whose syncs take 1 ms each, which is emulated in
// memory; the others have the disk of TMPDIR.
func BenchmarkGroup(b *testing.B) {
	for _, c := range []struct {
		name    string
		writers int
		each    int // puts a round
		tune    func(*bbolt.Options)
	}{
		{"C=1", 1, 300, func(*bbolt.Options) {}},
		{"C=16", 16, 2000, func(*bbolt.Options) {}},
		{"C=64", 64, 4000, func(*bbolt.Options) {}},
		{"C=64/slow", 64, 1000, func(o *bbolt.Options) { o.NoSync, o.Logger = true, slowDisk{} }},
	} {
		b.Run(c.name, func(b *testing.B) {
			folder := b.TempDir()
			group, err := bolt.Create(filepath.Join(folder, "group"), bolt.Options{}.WithBolt(c.tune))
			if err != nil {
				b.Fatal(err)
			}
			defer group.Close()
			single := openSingle(b, filepath.Join(folder, "single"), c.tune)
			defer single.Close()
			value := make([]byte, 4000)
			var rates, latencies []float64
			for range max(b.N, rounds) {
				mine := share(b, c.writers, c.each, func(key []byte) error {
					return group.Update(b.Context(), func(tx store.Tx) error { return tx.Put(key, value) })
				})
				theirs := share(b, c.writers, c.each, func(key []byte) error {
					return single.Update(func(tx *bbolt.Tx) error { return tx.Bucket(singleBucket).Put(key, value) })
				})
				rates = append(rates, float64(theirs.took)/float64(mine.took))
				latencies = append(latencies, float64(mine.latency)/float64(theirs.latency))
			}
			b.ReportMetric(middle(rates), "x")
			b.ReportMetric(middle(latencies), "x-latency")
			b.Logf("puts: %.2f, latency: %.2f", rates, latencies)
		})
	}
}

// rounds of each side in turn.
const rounds = 7

var singleBucket = []byte("bucket")

func openSingle(b *testing.B, path string, tune func(*bbolt.Options)) *bbolt.DB {
	b.Helper()
	o := &bbolt.Options{FreelistType: bbolt.FreelistArrayType, InitialMmapSize: 1 << 30, NoStatistics: true}
	tune(o)
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		b.Fatal(err)
	}
	if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(singleBucket); return err }); err != nil {
		b.Fatal(err)
	}
	return db
}

// slowDisk is told of each commit as it begins, and takes the time of two syncs.
type slowDisk struct{ bbolt.Logger }

func (slowDisk) Debug(...any) {}

func (slowDisk) Debugf(format string, _ ...any) {
	if format == "Committing transaction %d" {
		time.Sleep(2 * time.Millisecond)
	}
}

func (slowDisk) Infof(string, ...any)  {}
func (slowDisk) Errorf(string, ...any) {}

// timing of a round.
type timing struct{ took, latency time.Duration }

// keysUsed goes on from round to round, so that keys ascend.
var keysUsed atomic.Int64

// share lets c goroutines make n calls of put with ascending keys.
func share(b *testing.B, c, n int, put func(key []byte) error) timing {
	b.Helper()
	var done, nanos atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range c {
		wg.Go(func() {
			for done.Add(1) <= int64(n) {
				begun := time.Now()
				if err := put(binary.BigEndian.AppendUint64(nil, uint64(keysUsed.Add(1)))); err != nil {
					b.Error(err)
					return
				}
				nanos.Add(int64(time.Since(begun)))
			}
		})
	}
	wg.Wait()
	return timing{time.Since(start), time.Duration(nanos.Load()) / time.Duration(n)}
}

func middle(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// BenchmarkRecords fills a store with BENCH_RECORDS (20,000) badges as the issuer
// writes them, BENCH_GROUP (500) to a transaction, and another with a hundredth of
// them, and measures a durable put of one more into either in turn, in medians:
// x-put. reopen-ms is how long the large one takes to open then, and x-data how many
// times larger its file is than what is in it, but for the room that it grows by. A
// million needs some 10 GB.
func BenchmarkRecords(b *testing.B) {
	total, group := number("BENCH_RECORDS", 20_000), number("BENCH_GROUP", 500)
	opts := bolt.Options{Scattered: "dfknx"}
	path := filepath.Join(b.TempDir(), "store")
	many, err := bolt.Create(path, opts)
	if err != nil {
		b.Fatal(err)
	}
	few, err := bolt.Create(path+".few", opts)
	if err != nil {
		b.Fatal(err)
	}
	defer few.Close()
	f, small := filler{b: b, db: many}, filler{b: b, db: few}
	small.fill(total/100, group)
	f.fill(total, group)
	early, late := small.inTurn(&f, 501)
	if err := many.Close(); err != nil {
		b.Fatal(err)
	}
	size := usedSize(b, path)
	start := time.Now()
	if many, err = bolt.Open(path, opts); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "reopen-ms")
	defer many.Close()
	b.ReportMetric(float64(late)/float64(early), "x-put")
	b.ReportMetric(float64(size)/float64(f.bytes), "x-data")
	b.Logf("%d badges of %d bytes each; a put took %v, and %v beside a hundredth of them; %d MB of the file are in use", f.n, f.bytes/f.n, late, early, size>>20)
}

// number is what a variable says, or what is good enough for a look.
func number(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

// filler puts what belongs to a badge.
type filler struct {
	b        *testing.B
	db       *bolt.DB
	n, bytes int
}

// parts are the keys of a badge of 4.6 kB, packed, with its JWT, before the part that is
// ordered by time or drawn at random, and the sizes of what stands under them.
var parts = []struct {
	prefix  string
	ordered bool
	value   int
}{
	{"c/academy/", true, 2300}, {"w/academy/", true, 650}, {"W/academy/", true, 338}, {"u/", true, 248}, {"g/", true, 120},
	{"n/", false, 59}, {"x/academy-1/", false, 27}, {"k/", false, 160}, {"d/academy/course/a", false, 5}, {"d/academy/course/b", false, 5},
	{"f/achievement/academy/0123456789012345678901/", true, 5}, {"f/email/academy/", false, 5},
}

func (f *filler) badge(tx store.Tx) error {
	f.n++
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return err
	}
	ordered := fmt.Sprintf("%012x%s", f.n, hex.EncodeToString(random[:10]))
	for _, p := range parts {
		key := p.prefix + ordered
		if !p.ordered {
			key = p.prefix + hex.EncodeToString(random)
		}
		f.bytes += len(key) + p.value
		if err := tx.Put([]byte(key), make([]byte, p.value)); err != nil {
			return err
		}
	}
	return nil
}

func (f *filler) fill(n, group int) {
	for f.n < n {
		err := f.db.Update(f.b.Context(), func(tx store.Tx) error {
			for range min(group, n-f.n) {
				if err := f.badge(tx); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			f.b.Fatal(err)
		}
	}
}

// inTurn is the median time of a durable put of one badge into this store, and into
// another one.
func (f *filler) inTurn(other *filler, times int) (here, there time.Duration) {
	var took [2][]time.Duration
	for range times {
		for at, s := range []*filler{f, other} {
			start := time.Now()
			if err := s.db.Update(f.b.Context(), s.badge); err != nil {
				f.b.Fatal(err)
			}
			took[at] = append(took[at], time.Since(start))
		}
	}
	slices.Sort(took[0])
	slices.Sort(took[1])
	return took[0][times/2], took[1][times/2]
}
