package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// sample is one look at the process.
type sample struct {
	at        float64 // seconds since the first
	anonymous float64 // bytes
	files     float64
	routines  float64
	heap      float64 // bytes in use by Go's heap, garbage included
	idle      float64 // bytes that the heap keeps for what comes
	next      float64 // bytes of heap at which garbage is collected next: what was in use then, and what may come on top
	profile   float64 // bytes of the runtime's tables of where memory is taken
	store     float64 // bytes
	issued    float64 // badges so far
}

// watch looks at the process once it is warm.
func (s *soak) watch(failed chan error) ([]sample, error) {
	var list []sample
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	begin := time.Now().Add(s.warm)
	for {
		select {
		case err := <-failed:
			return nil, err
		case <-tick.C:
		}
		since := time.Since(begin)
		if since < 0 {
			continue
		}
		one, err := s.look(since.Seconds())
		if err != nil {
			return nil, err
		}
		list = append(list, one)
		if since >= s.length {
			return list, nil
		}
	}
}

func (s *soak) look(at float64) (one sample, err error) {
	one.at, one.issued = at, float64(s.issued.Load())
	anonymous, err := s.service.Anonymous()
	if err != nil {
		return one, err
	}
	files, err := s.service.Descriptors()
	if err != nil {
		return one, err
	}
	measures, err := s.service.Measures()
	if err != nil {
		return one, err
	}
	store, err := s.service.StoreSize()
	one.anonymous, one.files, one.routines, one.store = float64(anonymous), float64(files), measures["go_goroutines"], float64(store)
	one.heap, one.profile = measures["go_memstats_heap_inuse_bytes"], measures["go_memstats_buck_hash_sys_bytes"]
	one.next = measures["go_memstats_next_gc_bytes"]
	one.idle = measures["go_memstats_heap_idle_bytes"] - measures["go_memstats_heap_released_bytes"]
	return one, err
}

// fewest is how many looks an interval needs to mean anything.
const fewest = 10

// partOf marks rows that say what the memory is made of; the sum is judged.
const partOf = "  of it "

// report prints what became of each series, and tells whether one grows.
func report(w io.Writer, list []sample, counts string) (grown bool, err error) {
	if len(list) < fewest {
		return false, fmt.Errorf("%d looks are too few for a slope; take %d", len(list), fewest)
	}
	first, last := list[0], list[len(list)-1]
	fmt.Fprintf(w, "%s; %d looks in %.0f s\n", counts, len(list), last.at-first.at)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tfirst\tlast\tslope an hour\t95 % interval\t")
	for _, s := range []struct {
		name string
		of   func(sample) float64
		unit float64
	}{
		{"memory without files, MiB", func(s sample) float64 { return s.anonymous }, 1 << 20},
		{partOf + "heap in use", func(s sample) float64 { return s.heap }, 1 << 20},
		{partOf + "kept for what comes", func(s sample) float64 { return s.idle }, 1 << 20},
		{"  at which garbage is collected", func(s sample) float64 { return s.next }, 1 << 20},
		{partOf + "tables of the heap profile", func(s sample) float64 { return s.profile }, 1 << 20},
		{"open files", func(s sample) float64 { return s.files }, 1},
		{"goroutines", func(s sample) float64 { return s.routines }, 1},
	} {
		var at, value []float64
		for _, one := range list {
			at, value = append(at, one.at), append(value, s.of(one)/s.unit)
		}
		g := slopeOf(at, value)
		verdict := "does not grow"
		switch part := strings.HasPrefix(s.name, "  "); {
		case g.low > 0 && part:
			verdict = "grows"
		case g.low > 0:
			verdict, grown = "GROWS", true
		}
		fmt.Fprintf(table, "%s\t%.1f\t%.1f\t%+.2f\t%+.2f to %+.2f\t%s\n", s.name, value[0], value[len(value)-1], 3600*g.per, 3600*g.low, 3600*g.high, verdict)
	}
	return grown, table.Flush()
}
