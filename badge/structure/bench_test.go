package structure_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"laurel/badge/structure"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// BenchmarkCheck holds a badge of 4.5 kB against its class.
func BenchmarkCheck(b *testing.B) {
	doc := parse(b, corpusText(b, "badge.json"))
	b.Run("strict", func(b *testing.B) { compare(b, doc, schemas.Strict) })
	b.Run("tolerant", func(b *testing.B) { compare(b, doc, schemas.Tolerant) })
}

// compare reports as x_library the median time of a validator of JSON Schema
// over the median of ours, taken in turn in the same run. Neither counts the
// parsing, nor the second tree that the library needs. It reports as x_floor
// ours over what no verification can do without: one of Ed25519, and SHA-256 of
// 16 kB.
func compare(b *testing.B, doc strictjson.Value, f schemas.Family) {
	const class = "AchievementCredential"
	library, tree := theSchemas(b)[f][class], plain(doc)
	var ours, theirs, crypto []time.Duration
	floor := newFloor(b)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		err := structure.Check(doc, class, f, "credentialStatus")
		ours = append(ours, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		crypto = append(crypto, floor())
		b.StartTimer()
		if len(ours)%64 != 1 { // the library is slow, and need not be timed as often
			continue
		}
		b.StopTimer()
		start = time.Now()
		err = library.Validate(tree)
		theirs = append(theirs, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(median(theirs))/float64(median(ours)), "x_library")
	b.ReportMetric(float64(median(ours))/float64(median(crypto)), "x_floor")
}

// newFloor returns a function that does the work of the floor and says how long
// it took.
func newFloor(b *testing.B) func() time.Duration {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, 16<<10)
	signature := ed25519.Sign(private, data[:64])
	return func() time.Duration {
		start := time.Now()
		sha256.Sum256(data)
		if !ed25519.Verify(public, data[:64], signature) {
			b.Fatal("the signature of the floor does not verify")
		}
		return time.Since(start)
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
