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

// most is how many retries of a thousand updates are borne.
const most = 5

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
	again := func() {
		for _, s := range h.services {
			s.log = nil
			s.start()
		}
		for _, s := range h.services {
			s.ready()
		}
	}
	if warm > 0 {
		load("warm", warm/96+1)
		for _, s := range h.services {
			s.stop()
		}
		again()
	}
	var requests int64
	var took time.Duration
	var updates, retries int
	count := func(name string, rounds int) (met bool) {
		n, d := load(name, rounds)
		requests, took = requests+n, took+d
		for _, s := range h.services {
			stats := s.stop()
			updates, retries = updates+stats.Updates, retries+stats.Retries
		}
		return retries*1000 <= most*updates
	}
	// A few requests tell a rate of some in a thousand badly: where there were too
	// many, many more tell, those that were counted included.
	if !count("c", rounds) {
		t.Logf("%d updates, %d retries: more requests are to tell", updates, retries)
		again()
		count("d", 4*rounds)
	}
	t.Logf("%d requests in %v (%.0f/s): %d updates, %d retries, %.1f per thousand", requests, took.Round(time.Millisecond),
		float64(requests)/took.Seconds(), updates, retries, 1000*float64(retries)/float64(max(updates, 1)))
	if int64(updates) < requests {
		t.Errorf("the services tell of %d updates, and %d requests made one each", updates, requests)
	}
	if retries*1000 > most*updates {
		t.Errorf("more than %d retries per thousand", most)
	}
}
