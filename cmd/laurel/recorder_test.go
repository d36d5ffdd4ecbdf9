package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/bundle"
	"laurel/internal/fetch"
)

// TestRecorderIsReadWhileItRecords: a request that nobody waits for any more
// ends while the bundle is made. What the bundle holds stays what it was (the
// race detector looks on).
func TestRecorderIsReadWhileItRecords(t *testing.T) {
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/gone") {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, "%q", r.URL.Path)
	}))
	defer host.Close()
	s := defaults()
	s.fetchAllow = strings.TrimPrefix(host.URL, "http://")
	client, err := s.fetcher()
	if err != nil {
		t.Fatal(err)
	}
	rec := &recorder{from: live{client}}
	const askers, each = 4, 10
	ask := func(n int) {
		for m := range each {
			for _, path := range []string{"/a", "/gone"} {
				_, _, _ = rec.ask(context.WithoutCancel(t.Context()), bundle.Key, fetch.Request{URL: fmt.Sprintf("%s%s/%d/%d", host.URL, path, n, m), MaxBytes: 1 << 10})
			}
		}
	}
	var late sync.WaitGroup
	for n := range askers {
		late.Go(func() { ask(n) })
	}
	documents, missed := 0, 0
	for range 200 {
		b, without := rec.collected(time.Now(), []byte("{}"))
		if len(b.Documents) < documents || len(without) < missed {
			t.Fatalf("%d documents and %d missed after %d and %d", len(b.Documents), len(without), documents, missed)
		}
		documents, missed = len(b.Documents), len(without)
		for n := range b.Documents { // it is the caller's own
			b.Documents[n].Address = "x"
		}
		for n := range without {
			without[n] = nil
		}
		time.Sleep(time.Millisecond)
	}
	late.Wait()
	b, without := rec.collected(time.Now(), []byte("{}"))
	if len(b.Documents) != askers*each || len(without) != askers*each || b.Documents[0].Address == "x" || without[0] == nil {
		t.Errorf("%d documents, %d missed, %q", len(b.Documents), len(without), b.Documents[0].Address)
	}
}
