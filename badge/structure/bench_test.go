package structure_test

import (
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
// parsing, nor the second tree that the library needs.
func compare(b *testing.B, doc strictjson.Value, f schemas.Family) {
	const class = "AchievementCredential"
	library, tree := theSchemas(b)[f][class], plain(doc)
	var ours, theirs []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		err := structure.Check(doc, class, f, "credentialStatus")
		ours = append(ours, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
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
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
