package main

import (
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

// longestProfile is how long the processor may be watched, in seconds.
const longestProfile = 60

// heapSample is how many bytes are taken between two places that the heap profile
// looks at. With Go's half a megabyte its tables, of which nothing is ever given
// back, grew by some three megabytes an hour.
const heapSample = 4 << 20

// sampleHeap is for the beginning of the program. What GODEBUG=memprofilerate says
// stays.
func sampleHeap() {
	if runtime.MemProfileRate == 512<<10 {
		runtime.MemProfileRate = heapSample
	}
}

// profile answers GET /debug/pprof/{name} as the profiling tools of Go ask for
// it: goroutine, heap, allocs, threadcreate, and profile for the processor over
// ?seconds=. Go's own handler is not used, since it puts itself into a table of
// the whole process and shows the command line too, which may hold the password
// of a database.
func profile(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	name := r.PathValue("name")
	if name == "profile" {
		watchProcessor(w, r)
		return
	}
	p := pprof.Lookup(name)
	if p == nil {
		http.NotFound(w, r)
		return
	}
	if r.FormValue("debug") == "1" { // 2 would show what goroutines were called with
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = p.WriteTo(w, 1) // who has gone is not told
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_ = p.WriteTo(w, 0)
}

func watchProcessor(w http.ResponseWriter, r *http.Request) {
	seconds, err := strconv.Atoi(r.FormValue("seconds"))
	if err != nil || seconds < 1 || seconds > longestProfile {
		seconds = 30
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, "another profile is being taken", http.StatusConflict)
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(time.Duration(seconds) * time.Second):
	case <-r.Context().Done():
	}
}
