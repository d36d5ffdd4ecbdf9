// Command fair measures how issuing and verifying fare beside each other: the
// real program on its real store, few who ask beside many who ask for the other
// thing, in both directions, and each alone in the same rounds.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"laurel/bench/load"
)

func main() {
	var b bench
	laurel := flag.String("laurel", "dist/laurel", "the program")
	disk := flag.String("disk", os.TempDir(), "a folder on a real disk")
	flag.IntVar(&b.few, "few", 2, "connections of those who ask for little")
	flag.IntVar(&b.many, "many", 200, "connections of those who ask for much")
	flag.IntVar(&b.rounds, "rounds", 5, "rounds, of each side in turn")
	flag.DurationVar(&b.each, "each", 3*time.Second, "time of each side in each round")
	flag.Parse()
	if err := b.run(*laurel, *disk); err != nil {
		fmt.Fprintln(os.Stderr, "fair:", err)
		os.Exit(1)
	}
}

type bench struct {
	few, many, rounds int
	each              time.Duration

	process *load.Process
	badge   []byte
	awards  int // makes every run of awards a new one
}

func (b *bench) run(laurel, disk string) (err error) {
	folder, err := os.MkdirTemp(disk, "laurel-fair")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if b.process, err = load.NewLaurel(laurel, filepath.Join(folder, "data"), "https://badges.example.edu"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.process.Stop()) }()
	if err := b.process.Define(); err != nil {
		return err
	}
	if _, b.badge, err = b.process.Issue("first", 0); err != nil {
		return err
	}
	goroutines, files, err := b.open()
	if err != nil {
		return err
	}
	directions := []*direction{{what: "issuing beside verifying", asks: b.issues, beside: b.verifies},
		{what: "verifying beside issuing", asks: b.verifies, beside: b.issues}}
	for range b.rounds {
		for _, d := range directions {
			if err := d.round(b); err != nil {
				return fmt.Errorf("%s: %w", d.what, err)
			}
		}
	}
	for _, d := range directions {
		d.print()
	}
	return b.returned(goroutines, files)
}

// open is how many goroutines and files the service has.
func (b *bench) open() (goroutines, files int, err error) {
	if goroutines, err = b.process.Goroutines(); err == nil {
		files, err = b.process.Descriptors()
	}
	return goroutines, files, err
}

// returned waits until the service has about as much open as before the crowds.
func (b *bench) returned(goroutines, files int) error {
	const more = 20
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		g, f, err := b.open()
		if err != nil {
			return err
		}
		if took := time.Since(start).Round(100 * time.Millisecond); g <= goroutines+more && f <= files+more {
			fmt.Printf("%d goroutines and %d files before, %d and %d %v after\n", goroutines, files, g, f, took)
			return nil
		} else if took > time.Minute {
			return fmt.Errorf("%d goroutines and %d files before, %d and %d after", goroutines, files, g, f)
		}
	}
}

// issues makes each award a new one.
func (b *bench) issues() func(n int) load.Request {
	b.awards++
	round := fmt.Sprint("fair", b.awards)
	return func(n int) load.Request { return b.process.Award(round, n) }
}

func (b *bench) verifies() func(n int) load.Request {
	return func(int) load.Request { return load.Verify(b.badge) }
}

// direction is few who ask for one thing, and many who ask for the other.
type direction struct {
	what         string
	asks, beside func() func(n int) load.Request

	alone, few, manyAlone, many []load.Result // of each round
}

func (d *direction) round(b *bench) error {
	address := b.process.Address
	var results [4]load.Result
	for n, run := range []func(into []load.Result) (err error){
		func(into []load.Result) (err error) {
			into[0], err = load.Crowd(address, b.few, b.each, d.asks())
			return err
		},
		func(into []load.Result) (err error) {
			into[0], err = load.Crowd(address, b.many, b.each, d.beside())
			return err
		},
		func(into []load.Result) (err error) {
			var both errgroup.Group
			both.Go(func() (err error) {
				into[1], err = load.Crowd(address, b.many, b.each, d.beside())
				return err
			})
			into[0], err = load.Crowd(address, b.few, b.each, d.asks())
			return errors.Join(err, both.Wait())
		},
	} {
		if err := run(results[n:]); err != nil {
			return err
		}
		if _, err := b.process.Quiet(); err != nil { // JWTs are made afterwards
			return err
		}
	}
	d.alone, d.manyAlone = append(d.alone, results[0]), append(d.manyAlone, results[1])
	d.few, d.many = append(d.few, results[2]), append(d.many, results[3])
	return nil
}

func (d *direction) print() {
	few, least, most := shares(d.few, d.alone)
	fmt.Printf("%s: %.2f of the rate alone (%.2f to %.2f); the many keep ", d.what, few, least, most)
	many, least, most := shares(d.many, d.manyAlone)
	fmt.Printf("%.2f (%.2f to %.2f)\n", many, least, most)
	for _, row := range []struct {
		name    string
		results []load.Result
	}{{"alone", d.alone}, {"beside", d.few}, {"many alone", d.manyAlone}, {"many beside", d.many}} {
		fmt.Printf("  %-12s %7.0f /s, p50 %7.2f ms, p99 %7.2f ms, %.0f refused\n", row.name, median(row.results, load.Result.Rate),
			median(row.results, latency(0.5)), median(row.results, latency(0.99)), median(row.results, func(r load.Result) float64 { return float64(r.Refused) }))
	}
}

// latency is a percentile in milliseconds.
func latency(p float64) func(load.Result) float64 {
	return func(r load.Result) float64 { return r.Latency(p).Seconds() * 1000 }
}

// shares is what is left of a rate, in the middle of the rounds and at their ends.
func shares(beside, alone []load.Result) (middle, least, most float64) {
	var list []float64
	for n := range beside {
		list = append(list, beside[n].Rate()/alone[n].Rate())
	}
	slices.Sort(list)
	return list[len(list)/2], list[0], list[len(list)-1]
}

func median(results []load.Result, of func(load.Result) float64) float64 {
	var list []float64
	for _, r := range results {
		list = append(list, of(r))
	}
	slices.Sort(list)
	return list[len(list)/2]
}
