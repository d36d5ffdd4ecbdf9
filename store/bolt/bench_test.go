package bolt_test

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"laurel/store"
	"laurel/store/bolt"
)

// BenchmarkUpdate compares durable puts of 4 kB by C goroutines: grouped as this
// package does it, and one bbolt transaction each. The ratio of the two at C=1 is
// what grouping costs a lone writer; at C=16 and 64, what it gains.
func BenchmarkUpdate(b *testing.B) {
	value := make([]byte, 4000)
	for _, c := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("C=%d/group", c), func(b *testing.B) {
			db, err := bolt.Create(filepath.Join(b.TempDir(), "store"), bolt.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			share(b, c, func(key []byte) error {
				return db.Update(b.Context(), func(tx store.Tx) error { return tx.Put(key, value) })
			})
		})
		b.Run(fmt.Sprintf("C=%d/single", c), func(b *testing.B) {
			db, err := bbolt.Open(filepath.Join(b.TempDir(), "store"), 0o600, &bbolt.Options{
				FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30, NoStatistics: true,
			})
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			name := []byte("bucket")
			if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucket(name); return err }); err != nil {
				b.Fatal(err)
			}
			share(b, c, func(key []byte) error {
				return db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(name).Put(key, value) })
			})
		})
	}
}

// share lets c goroutines make b.N calls of put with ascending keys.
func share(b *testing.B, c int, put func(key []byte) error) {
	var next, nanos atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for range c {
		wg.Go(func() {
			for {
				n := next.Add(1)
				if n > int64(b.N) {
					return
				}
				begun := time.Now()
				if err := put(binary.BigEndian.AppendUint64(nil, uint64(n))); err != nil {
					b.Error(err)
					return
				}
				nanos.Add(int64(time.Since(begun)))
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(nanos.Load())/float64(b.N)/1000, "µs-latency")
}
