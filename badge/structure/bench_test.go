package structure_test

import (
	"slices"
	"testing"
	"time"

	"laurel/badge/structure"
	"laurel/schemas"
)

// BenchmarkCheck holds a badge of 4.5 kB against the strict schema. library/op
// is the median time of a validator of JSON Schema over the median of ours,
// taken in turn in the same run; neither counts the parsing.
func BenchmarkCheck(b *testing.B) {
	const class = "AchievementCredential"
	doc := parse(b, corpusText(b, "badge.json"))
	library, tree := theSchemas(b)[schemas.Strict][class], plain(doc)
	var ours, theirs []time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		err := structure.Check(doc, class, schemas.Strict, "credentialStatus")
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
	b.ReportMetric(float64(median(theirs))/float64(median(ours)), "library/op")
	b.Logf("medians: %s here, %s in the library", median(ours), median(theirs))
}

// BenchmarkTolerant is the same where values stand without their arrays.
func BenchmarkTolerant(b *testing.B) {
	doc := parse(b, corpusText(b, "badge.json"))
	b.ReportAllocs()
	for b.Loop() {
		if err := structure.Check(doc, "AchievementCredential", schemas.Tolerant); err != nil {
			b.Fatal(err)
		}
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
