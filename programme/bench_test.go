package programme_test

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"laurel/issuer"
	"laurel/programme"
	"laurel/programme/completion"
	"laurel/programme/completion/completiontest"
)

// BenchmarkRoster takes in a list of BENCH_ROWS rows (5,000), and issues as many
// badges by Issue with as many at once as a list signs, both durably on a bolt
// file; x_issue is how many times longer the list takes.
func BenchmarkRoster(b *testing.B) {
	rows := benchRows(b, 5000)
	compare := func(list func(p *place, round int)) {
		p := workshop(b)
		issueAlone(b, p, rows/10, "warm") // keys, contexts and caches are there
		var mine, floor time.Duration
		for round := range max(1, b.N) {
			start := time.Now()
			issueAlone(b, p, rows, fmt.Sprint("i", round))
			floor += time.Since(start)
			start = time.Now()
			list(p, round)
			mine += time.Since(start)
		}
		b.ReportMetric(float64(mine)/float64(floor), "x_issue")
		b.ReportMetric(mine.Seconds()/float64(max(1, b.N)), "s/list")
	}
	compare(func(p *place, round int) {
		uploadRows(b, p, rows, round)
	})
}

// BenchmarkBulk issues BENCH_ROWS badges (2,000) durably, as many at a time as a
// batch over HTTP does, as x_batch, and as one list, x_list; both are what share
// of the rate they reach at which as many badges are signed and read back by
// Prepare, and put on no record. The three take turns.
func BenchmarkBulk(b *testing.B) {
	rows := benchRows(b, 2000)
	p := workshop(b)
	issueAlone(b, p, 100, "warm")
	var signing, batches, lists []float64
	for round := range max(b.N, 3) {
		signing = append(signing, seconds(func() { signAlone(b, p, rows, fmt.Sprint("s", round)) }))
		batches = append(batches, seconds(func() { issueAtOnce(b, p, rows, fmt.Sprint("b", round), 64) }))
		lists = append(lists, seconds(func() { uploadRows(b, p, rows, round) }))
	}
	ratio := func(of []float64) float64 {
		list := make([]float64, len(of))
		for n := range of {
			list[n] = signing[n] / of[n]
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	b.ReportMetric(ratio(batches), "x_batch")
	b.ReportMetric(ratio(lists), "x_list")
	b.Logf("seconds for %d: signed %.2f, in batches %.2f, as lists %.2f", rows, signing, batches, lists)
}

func seconds(f func()) float64 {
	start := time.Now()
	f()
	return time.Since(start).Seconds()
}

// signAlone signs badges and reads them back, and no more.
func signAlone(b *testing.B, p *place, n int, name string) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(2 * runtime.GOMAXPROCS(0))
	for i := range n {
		group.Go(func() error {
			prepared, err := p.Issuer.Prepare(b.Context(), benchAward(name, i))
			if err == nil {
				p.Issuer.Drop(prepared)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

// uploadRows takes in a list of people who are not known yet.
func uploadRows(b *testing.B, p *place, rows, round int) {
	b.Helper()
	var list strings.Builder
	list.WriteString("ref,name,email,country\n")
	for n := range rows {
		fmt.Fprintf(&list, "r%d-%d,Participant %d,p%d.%d@roster.example,KE\n", round, n, n, round, n)
	}
	if result := p.upload(b, []byte(list.String()), nil); result.Summary[programme.OutcomeIssued] != rows {
		b.Fatalf("%v", result.Summary)
	}
}

// BenchmarkCompletions is the same for batches of 1,000 events, of which each
// earns a badge.
func BenchmarkCompletions(b *testing.B) {
	rows := benchRows(b, 1000)
	p := course(b, "all")
	issueAlone(b, p, 100, "warm")
	var mine, floor time.Duration
	for round := range max(1, b.N) {
		start := time.Now()
		issueAlone(b, p, rows, fmt.Sprint("i", round))
		floor += time.Since(start)
		events := make([]completion.Completion, rows)
		for n := range events {
			c, err := completiontest.Read(fmt.Appendf(nil, `{"id":"e-%d-%d","source":"lms-a","occurred_at":"2025-03-03T12:00:00Z","activity":"hc20","learner":{"id":"u-%d-%d","name":"Participant","email":"p%d.%d@learner.example"},"facts":{"visits":{"visited":22,"total":44}}}`, round, n, round, n, round, n), "")
			if err != nil {
				b.Fatal(err)
			}
			events[n] = c
		}
		start = time.Now()
		for from := 0; from < len(events); from += programme.MaxEvents {
			answers, err := p.Complete(b.Context(), everybody, events[from:min(from+programme.MaxEvents, len(events))])
			if err != nil || answers[0].Result != programme.OutcomeIssued {
				b.Fatal(answers, err)
			}
		}
		mine += time.Since(start)
	}
	b.ReportMetric(float64(mine)/float64(floor), "x_issue")
	b.ReportMetric(mine.Seconds()/float64(max(1, b.N)), "s/batch")
}

func benchRows(b *testing.B, usual int) int {
	if n, err := strconv.Atoi(os.Getenv("BENCH_ROWS")); err == nil {
		return n
	}
	return usual
}

// issueAlone issues badges one by one, several at a time.
func issueAlone(b *testing.B, p *place, n int, name string) {
	b.Helper()
	issueAtOnce(b, p, n, name, 2*runtime.GOMAXPROCS(0))
}

func issueAtOnce(b *testing.B, p *place, n int, name string, many int) {
	b.Helper()
	var group errgroup.Group
	group.SetLimit(many)
	for i := range n {
		group.Go(func() error {
			_, err := p.Issuer.Issue(b.Context(), benchAward(name, i))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		b.Fatal(err)
	}
}

func benchAward(name string, i int) issuer.Award {
	return issuer.Award{Achievement: "uh-kit-participant", Edition: "2025-1", Actor: "bench",
		Recipient: issuer.Recipient{Name: "Participant " + strconv.Itoa(i), Email: fmt.Sprintf("%s.%d@roster.example", name, i)},
		AwardedAt: time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)}
}

// BenchmarkIssue issues badges one by one, on a bolt file: by the issuer alone;
// of an achievement that is no part of others, which must cost the same; and of
// one that is.
func BenchmarkIssue(b *testing.B) {
	for _, c := range []struct {
		name, achievement string
		alone             bool
	}{{"issuer", "uh-kit-participant", true}, {"no part", "uh-kit-participant", false}, {"part", "uh-kit-completion", false}} {
		b.Run(c.name, func(b *testing.B) {
			p := workshop(b)
			issueAlone(b, p, 20, "warm")
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				a := issuer.Award{Achievement: c.achievement, Edition: "2025-1", Actor: "bench",
					Recipient: issuer.Recipient{Name: "Participant", Email: fmt.Sprintf("%d@roster.example", n)},
					AwardedAt: time.Date(2025, 7, 11, 0, 0, 0, 0, time.UTC)}
				var err error
				if c.alone {
					_, err = p.Issuer.Issue(b.Context(), a)
				} else {
					_, err = p.Issue(b.Context(), a, everybody.MayIssue)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
