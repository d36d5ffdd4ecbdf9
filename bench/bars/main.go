// Command bars measures what the service costs over HTTP, the real program and
// its real store, each thing beside what it is compared with, in turns, and
// prints the ratios of each round. bench/README.md has what they came to.
//
//	peer      issuing durably against a service in Node that signs the same badge
//	          with Digital Bazaar's libraries, checks nothing and stores nothing
//	durable   issuing with the store on a disk against one in memory, where a
//	          sync costs nothing
//	verify    verifying a badge of its own against what no program can do without
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"laurel/bench/load"
)

func main() {
	var b bench
	flag.StringVar(&b.laurel, "laurel", "dist/laurel", "the program")
	flag.StringVar(&b.disk, "disk", os.TempDir(), "a folder on a real disk")
	flag.StringVar(&b.memory, "memory", "/dev/shm", "a folder in memory")
	flag.StringVar(&b.script, "script", "interop/sign.mjs", "sign.mjs, beside the folder where Node finds its packages")
	flag.StringVar(&b.baseURL, "base-url", "https://badges.example.edu", "base address of the service that is measured")
	flag.IntVar(&b.rounds, "rounds", 7, "rounds, of each side in turn")
	flag.DurationVar(&b.each, "each", 3*time.Second, "time of each side in each round")
	only := flag.String("only", "peer,durable,verify", "what to measure, with commas")
	flag.Parse()
	if err := b.run(strings.Split(*only, ",")); err != nil {
		fmt.Fprintln(os.Stderr, "bars:", err)
		os.Exit(1)
	}
}

type bench struct {
	laurel, disk, memory, script, baseURL string
	rounds                                int
	each                                  time.Duration

	started []*load.Process
	folders []string
	awards  atomic.Int64 // that were asked for, of all services
}

func (b *bench) run(what []string) (err error) {
	defer func() {
		for _, p := range b.started {
			err = errors.Join(err, p.Stop())
		}
		for _, folder := range b.folders {
			err = errors.Join(err, os.RemoveAll(folder))
		}
	}()
	bars := map[string]func() error{"peer": b.peer, "durable": b.durable, "verify": b.verify}
	for _, name := range what {
		bar, ok := bars[name]
		if !ok {
			return fmt.Errorf("there is no %q", name)
		}
		if err := bar(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (b *bench) folder(parent string) (string, error) {
	folder, err := os.MkdirTemp(parent, "laurel-bars")
	b.folders = append(b.folders, folder)
	return folder, err
}

// service starts the program on a new data folder within parent.
func (b *bench) service(parent string) (*load.Process, error) {
	folder, err := b.folder(parent)
	if err != nil {
		return nil, err
	}
	p, err := load.NewLaurel(b.laurel, filepath.Join(folder, "data"), b.baseURL)
	if err != nil {
		return nil, err
	}
	b.started = append(b.started, p)
	return p, p.Define()
}

// node starts the service in Node.
func (b *bench) node() (*load.Process, error) {
	folder, err := b.folder("")
	if err != nil {
		return nil, err
	}
	contexts := filepath.Join(folder, "contexts.json")
	raw, err := contextDocuments()
	if err == nil {
		err = os.WriteFile(contexts, raw, 0o600)
	}
	if err != nil {
		return nil, err
	}
	p, err := load.NewNode(b.script, contexts)
	if err == nil {
		b.started = append(b.started, p)
	}
	return p, err
}

// side is one of those that are compared.
type side struct {
	name    string
	process *load.Process
	next    func(n int) load.Request
	creates bool            // each request makes something new, or nothing was measured
	rates   []float64       // requests a second, of each round
	costs   []time.Duration // processor time of the service for a request
	middle  []time.Duration // median latencies
	slow    []time.Duration // 99th percentiles
	after   []time.Duration // how long the service went on working afterwards
}

func (s *side) round(c int, d time.Duration) error {
	before, err := s.process.Processor()
	if err != nil {
		return err
	}
	result, err := load.Run(s.process.Address, c, d, s.next)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if result.Requests == 0 {
		return fmt.Errorf("%s: nothing was answered in %v", s.name, d)
	}
	if s.creates && result.Created < result.Requests {
		return fmt.Errorf("%s: of %d badges %d were there before", s.name, result.Requests, result.Requests-result.Created)
	}
	used, err := s.process.Processor()
	if err != nil {
		return err
	}
	s.rates = append(s.rates, result.Rate())
	s.costs = append(s.costs, (used-before)/time.Duration(result.Requests))
	s.middle = append(s.middle, result.Latency(0.5))
	s.slow = append(s.slow, result.Latency(0.99))
	rest, err := s.process.Quiet()
	s.after = append(s.after, rest)
	return err
}

func (s *side) String() string {
	return fmt.Sprintf("%-8s %7.0f /s, p50 %6.2f ms, p99 %6.2f ms, processor %6.0f µs, works on for %.1f s", s.name, median(s.rates),
		median(s.middle).Seconds()*1000, median(s.slow).Seconds()*1000, median(s.costs).Seconds()*1e6, median(s.after).Seconds())
}

// versus runs both sides in turn with c connections and prints the ratios.
func (b *bench) versus(what string, c int, bar float64, ours, theirs side) error {
	for range b.rounds {
		for _, s := range []*side{&theirs, &ours} {
			if err := s.round(c, b.each); err != nil {
				return err
			}
		}
	}
	ratios := make([]float64, b.rounds)
	for i := range ratios {
		ratios[i] = ours.rates[i] / theirs.rates[i]
	}
	fmt.Printf("%s, c=%d: %.2f (%.2f to %.2f), bar %.1f; median latency %.2f, processor time %.2f\n  %v\n  %v\n", what, c, median(ratios), slices.Min(ratios),
		slices.Max(ratios), bar, float64(median(theirs.middle))/float64(median(ours.middle)), float64(median(theirs.costs))/float64(median(ours.costs)), &ours, &theirs)
	return nil
}

// issuing is a service that issues, each badge to somebody new: the numbers of a
// run begin anew in the next one, and who has a badge already is given the same one,
// which costs nothing.
func (b *bench) issuing(name string, p *load.Process) side {
	return side{name: name, process: p, creates: true, next: func(int) load.Request { return p.Award(name, int(b.awards.Add(1))) }}
}

func (b *bench) peer() error {
	ours, err := b.service(b.disk)
	if err != nil {
		return err
	}
	node, err := b.node()
	if err != nil {
		return err
	}
	_, signed, err := ours.Issue("first", 0)
	if err != nil {
		return err
	}
	unsigned, err := load.Unsigned(signed)
	if err != nil {
		return err
	}
	sign := load.Request{Method: "POST", Path: "/credentials/sign", Body: unsigned}
	theirs := side{name: "Node", process: node, next: func(int) load.Request { return sign }}
	if _, err := load.Run(node.Address, 4, b.each, theirs.next); err != nil { // lets its compiler warm up
		return err
	}
	for _, at := range []struct {
		c   int
		bar float64
	}{{16, 40}, {1, 15}} {
		if err := b.versus("issue, durable / Node signs", at.c, at.bar, b.issuing("Laurel", ours), theirs); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) durable() error {
	disk, err := b.service(b.disk)
	if err != nil {
		return err
	}
	memory, err := b.service(b.memory)
	if err != nil {
		return err
	}
	for _, c := range []int{16, 64} {
		if err := b.versus("issue, durable / not", c, 0.6, b.issuing("disk", disk), b.issuing("memory", memory)); err != nil {
			return err
		}
	}
	return nil
}

// distinct is how many badges are verified in turn, so that none is remembered
// when it comes again: the service remembers two generations of 16,384 facts, three
// for each badge.
const distinct = 12000

// verify compares processor time: what the service takes for a verification,
// sent 16 at once, with what verifying takes at the least; of badges that it has
// not seen for long, and of one that it verified a moment ago.
func (b *bench) verify() error {
	p, err := b.service(b.disk)
	if err != nil {
		return err
	}
	badges, err := b.badges(p)
	if err != nil {
		return err
	}
	var sent atomic.Int64 // in all rounds
	first := side{name: "first", process: p, next: func(int) load.Request { return load.Verify(badges[sent.Add(1)%distinct]) }}
	again := side{name: "again", process: p, next: func(int) load.Request { return load.Verify(badges[0]) }}
	var ratios [2][]float64
	var floors []time.Duration
	for n := range b.rounds {
		floor, err := floor(5000)
		if err != nil {
			return err
		}
		floors = append(floors, floor)
		for at, s := range []*side{&first, &again} {
			if err := s.round(16, b.each); err != nil {
				return err
			}
			ratios[at] = append(ratios[at], float64(s.costs[n])/float64(floor))
		}
	}
	for at, s := range []*side{&first, &again} {
		fmt.Printf("verify / floor, %s, processor time: %.2f (%.2f to %.2f), bar 3.5; floor %.0f µs\n  %v\n", s.name, median(ratios[at]),
			slices.Min(ratios[at]), slices.Max(ratios[at]), median(floors).Seconds()*1e6, s)
	}
	return nil
}

// badges are so many that were issued, and of which everything is made.
func (b *bench) badges(p *load.Process) ([][]byte, error) {
	badges := make([][]byte, distinct)
	var all errgroup.Group
	all.SetLimit(32)
	for n := range badges {
		all.Go(func() (err error) {
			_, badges[n], err = p.Issue("badges", n)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	_, err := p.Quiet()
	return badges, err
}

func median[T float64 | time.Duration](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
