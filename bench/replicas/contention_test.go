//go:build unix && !race

package replicas_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func award(n string) map[string]any {
	return map[string]any{"achievement": "bees-keeper", "awardedAt": "2025-07-11",
		"recipient": map[string]any{"name": "Ana Example", "email": n + "@learner.example"}}
}

func completion(n string) map[string]any {
	return map[string]any{"id": "event-" + n, "source": "lms", "type": "completion", "occurred_at": "2025-07-11T09:00:00Z", "activity": "bees",
		"learner": map[string]any{"id": "u-" + n, "name": "Ben Example", "email": n + "@lms.example"},
		"facts":   map[string]any{"points": map[string]any{"achieved": 9, "max": 10}}}
}

// TestContention lets 2 services with 16 clients each issue, revoke and report,
// and counts how often PostgreSQL made a change begin anew.
func TestContention(t *testing.T) {
	c := newCluster(t)
	h := newHouse(t, c.URL("&pool_max_conns=16"), 2)
	h.start()
	warm := number("REPLICAS_BADGES", 0)
	rounds := number("REPLICAS_ROUNDS", 4)
	load := func(name string, rounds int) (requests int64, took time.Duration) {
		var wg sync.WaitGroup
		var n atomic.Int64
		begun := time.Now()
		for client := range 32 {
			s := h.services[client%2]
			wg.Go(func() {
				for round := range rounds {
					id := fmt.Sprintf("%s-%d-%d", name, client, round)
					a := s.post("/v1/credentials", h.issue, id, award(id))
					if a.err != nil || a.status != http.StatusCreated {
						t.Errorf("%s: %d %v %s", a.what, a.status, a.err, a.body)
						return
					}
					var made struct{ ID string }
					a.into(t, &made)
					if a := s.post("/v1/completions", h.report, "", completion(id)); a.err != nil || a.status != http.StatusOK {
						t.Errorf("%s: %d %v %s", a.what, a.status, a.err, a.body)
						return
					}
					if a := s.post("/v1/credentials/"+made.ID+"/revoke", h.issue, "revoke-"+id, map[string]any{"reason": "issued_in_error"}); a.err != nil || a.status != http.StatusOK {
						t.Errorf("%s: %d %v %s", a.what, a.status, a.err, a.body)
						return
					}
					n.Add(3)
				}
			})
		}
		wg.Wait()
		return n.Load(), time.Since(begun)
	}
	if warm > 0 {
		load("warm", warm/96+1)
		for _, s := range h.services {
			s.stop()
			s.log = nil
			s.start()
			s.ready(20 * time.Second)
		}
	}
	requests, took := load("c", rounds)
	var updates, retries int
	for _, s := range h.services {
		stats := s.stop()
		updates, retries = updates+stats.Updates, retries+stats.Retries
	}
	t.Logf("%d requests in %v (%.0f/s): %d updates, %d retries, %.1f per thousand", requests, took.Round(time.Millisecond),
		float64(requests)/took.Seconds(), updates, retries, 1000*float64(retries)/float64(max(updates, 1)))
	if int64(updates) < requests {
		t.Errorf("the services tell of %d updates, and %d requests made one each", updates, requests)
	}
	if most := 5; retries*1000 > most*updates {
		t.Errorf("more than %d retries per thousand", most)
	}
}
