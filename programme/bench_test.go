//go:build unix

package programme_test

import (
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
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
	"laurel/programme/roster"
)

// cost is what something took: time that passed, and time of processors.
type cost struct{ passed, processor time.Duration }

func costOf(b *testing.B, f func()) cost {
	b.Helper()
	start, used := time.Now(), processorTime(b)
	f()
	return cost{time.Since(start), processorTime(b) - used}
}

// ratios are those of two costs that were taken in turns: their medians, of the
// time that passed and of that of processors.
func ratios(above, below []cost) (passed, processor float64) {
	median := func(of func(cost) time.Duration) float64 {
		list := make([]float64, len(above))
		for n := range above {
			list[n] = float64(of(above[n])) / float64(of(below[n]))
		}
		slices.Sort(list)
		return list[len(list)/2]
	}
	return median(func(c cost) time.Duration { return c.passed }), median(func(c cost) time.Duration { return c.processor })
}

// asTheService collects garbage as seldom as the program does.
func asTheService(b *testing.B) {
	b.Helper()
	was := debug.SetGCPercent(400)
	b.Cleanup(func() { debug.SetGCPercent(was) })
}

// quiet is a workshop whose log goes nowhere: lines that testing takes cost more
// than those that a service writes. Its clock goes, so that what is named by time
// ascends, as in a service.
func quiet(b *testing.B) *place {
	b.Helper()
	p := workshop(b)
	p.Clock.Go()
	cfg := p.Config
	cfg.Log = slog.New(slog.DiscardHandler)
	var err error
	if p.Issuer, err = issuer.New(b.Context(), cfg); err != nil {
		b.Fatal(err)
	}
	p.Programme = programme.New(p.store, p.Issuer)
	issueAlone(b, p, 100, "warm") // keys, contexts and caches are there
	return p
}

// BenchmarkRoster takes in a list of BENCH_ROWS rows (5,000), and issues as many
// badges by Issue with as many at once as a list signs, both durably on a bolt
// file; x_issue is how many times longer the list takes, and x_issue_cpu the same of
// processor time.
func BenchmarkRoster(b *testing.B) {
	rows := benchRows(b, 5000)
	asTheService(b)
	p := quiet(b)
	var lists, issues []cost
	for round := range max(1, b.N) {
		issues = append(issues, costOf(b, func() { issueAlone(b, p, rows, fmt.Sprint("i", round)) }))
		lists = append(lists, costOf(b, func() { uploadRows(b, p, rows, round) }))
	}
	passed, processor := ratios(lists, issues)
	b.ReportMetric(passed, "x_issue")
	b.ReportMetric(processor, "x_issue_cpu")
	b.ReportMetric(lists[len(lists)-1].passed.Seconds(), "s/list")
}

// BenchmarkBulk issues BENCH_ROWS badges (2,000) durably, as many at a time as a
// batch over HTTP does, as x_batch, and as lists, x_list; both are what share
// of the rate they reach at which as many badges are signed and read back by
// Prepare, and put on no record, and x_batch_cpu and x_list_cpu the same of processor
// time. The three take turns.
func BenchmarkBulk(b *testing.B) {
	rows := benchRows(b, 2000)
	asTheService(b)
	p := quiet(b)
	var signing, batches, lists []cost
	for round := range max(b.N, 3) {
		signing = append(signing, costOf(b, func() { signAlone(b, p, rows, fmt.Sprint("s", round)) }))
		batches = append(batches, costOf(b, func() { issueAtOnce(b, p, rows, fmt.Sprint("b", round), 128) }))
		lists = append(lists, costOf(b, func() { uploadRows(b, p, rows, round) }))
	}
	passed, processor := ratios(signing, batches)
	b.ReportMetric(passed, "x_batch")
	b.ReportMetric(processor, "x_batch_cpu")
	passed, processor = ratios(signing, lists)
	b.ReportMetric(passed, "x_list")
	b.ReportMetric(processor, "x_list_cpu")
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

// uploadRows takes in lists of people who are not known yet, as long as they may be.
func uploadRows(b *testing.B, p *place, rows, round int) {
	b.Helper()
	for from := 0; from < rows; from += roster.MaxRows {
		to := min(from+roster.MaxRows, rows)
		var list strings.Builder
		list.WriteString("ref,name,email,country\n")
		for n := from; n < to; n++ {
			fmt.Fprintf(&list, "r%d-%d,Participant %d,p%d.%d@roster.example,KE\n", round, n, n, round, n)
		}
		if result := p.upload(b, []byte(list.String()), nil); result.Summary[programme.OutcomeIssued] != to-from {
			b.Fatalf("%v", result.Summary)
		}
	}
}

// BenchmarkCompletions is the same for batches of 1,000 events, of which each
// earns a badge.
func BenchmarkCompletions(b *testing.B) {
	rows := benchRows(b, 1000)
	p := course(b, "all")
	p.Clock.Go()
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
