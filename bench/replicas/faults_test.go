//go:build unix && !race

package replicas_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/store/postgres/pgtest"
)

// answered is how soon every request is, whatever happens to the database.
const answered = 12 * time.Second

// traffic is clients that issue on all services, each badge until it is theirs,
// and what they were told.
type traffic struct {
	house *house
	ended chan struct{}
	all   sync.WaitGroup

	mu      sync.Mutex
	ids     map[string]string // of names, as acknowledged first
	acks    []time.Time
	bad     map[string]int // answers other than an acknowledgement, by what they were
	slowest time.Duration
	turn    int
}

func newTraffic(h *house, clients int) *traffic {
	d := &traffic{house: h, ended: make(chan struct{}), ids: map[string]string{}, bad: map[string]int{}}
	for client := range clients {
		d.all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-d.ended:
					return
				default:
					d.insist(fmt.Sprintf("client-%d-%d", client, n))
				}
			}
		})
	}
	return d
}

// insist repeats a request with its key, on one service after the other, until it
// is acknowledged; and now and then once more.
func (d *traffic) insist(name string) {
	for begun := time.Now(); ; {
		d.mu.Lock()
		d.turn++
		s := d.house.services[d.turn%len(d.house.services)]
		d.mu.Unlock()
		if d.ask(s, name) {
			if rand.IntN(4) > 0 {
				return
			}
			continue
		}
		if time.Since(begun) > 3*time.Minute {
			d.house.tb.Errorf("%s was not acknowledged within three minutes", name)
			return
		}
		time.Sleep(time.Duration(20+rand.IntN(60)) * time.Millisecond)
	}
}

func (d *traffic) ask(s *service, name string) (acknowledged bool) {
	a := s.post("/v1/credentials", d.house.issue, name, award(name))
	var r record
	acknowledged = a.err == nil && (a.status == http.StatusCreated || a.status == http.StatusOK)
	if acknowledged {
		a.into(d.house.tb, &r)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.slowest = max(d.slowest, a.took)
	switch {
	case acknowledged:
		d.acks = append(d.acks, time.Now())
		if first := d.ids[name]; first != "" && first != r.ID {
			d.house.tb.Errorf("%s was given %s first and %s then", name, first, r.ID)
		}
		d.ids[name] = r.ID
	case a.err != nil:
		d.bad["none"]++
	default:
		var p struct{ Code string }
		_ = json.Unmarshal(a.body, &p)
		d.bad[fmt.Sprint(a.status, " ", p.Code)]++
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
			d.house.tb.Errorf("%s: %d, Retry-After %q: %s", name, a.status, a.header.Get("Retry-After"), a.body)
		}
	}
	return acknowledged
}

// during has something happen under load, and tells how long nobody was served.
func (d *traffic) during(what string, happen func()) {
	d.house.tb.Helper()
	d.mu.Lock()
	d.acks, d.bad = nil, map[string]int{}
	d.mu.Unlock()
	begun := time.Now()
	happen()
	over := time.Now()
	for d.since(over) < 8 {
		if time.Sleep(20 * time.Millisecond); time.Since(over) > 3*time.Minute {
			d.house.tb.Fatalf("%s: nothing is issued three minutes later", what)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	var gap time.Duration
	last := begun
	for _, t := range d.acks {
		gap, last = max(gap, t.Sub(last)), t
	}
	d.house.tb.Logf("%s: %v, longest without an issue %v, %d issued, other answers %v", what,
		over.Sub(begun).Round(time.Millisecond), gap.Round(time.Millisecond), len(d.acks), d.bad)
}

// since is how many were acknowledged since then.
func (d *traffic) since(then time.Time) (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, t := range d.acks {
		if t.After(then) {
			n++
		}
	}
	return n
}

// end stops the clients and holds what they were told against what is there.
func (d *traffic) end() {
	h, tb := d.house, d.house.tb
	close(d.ended)
	d.all.Wait()
	if d.slowest > answered {
		tb.Errorf("the slowest answer took %v", d.slowest)
	}
	indices := map[string]string{}
	for name, id := range d.ids {
		s := h.services[rand.IntN(len(h.services))]
		a := s.get("/credentials/"+id, "")
		if a.status != http.StatusOK {
			tb.Errorf("%s was acknowledged, and is answered %d %v", name, a.status, a.err)
			continue
		}
		var badge struct {
			CredentialStatus struct{ ID string }
		}
		a.into(tb, &badge)
		if other := indices[badge.CredentialStatus.ID]; other != "" {
			tb.Errorf("%s and %s have the index %s", name, other, badge.CredentialStatus.ID)
		}
		indices[badge.CredentialStatus.ID] = name
		if v := verdict(tb, s, a.body); v != "valid" {
			tb.Errorf("%s: %s", name, v)
		}
	}
	found := h.listed()
	for name, id := range d.ids {
		if at := slices.Index(found, id); at < 0 {
			tb.Errorf("%s is not in the list", name)
		} else {
			found = slices.Delete(found, at, at+1)
		}
	}
	if len(found) > 0 {
		tb.Errorf("%d badges were acknowledged to nobody: %v", len(found), found)
	}
	tb.Logf("%d badges, each there once, valid, with an index of its own; slowest answer %v", len(d.ids), d.slowest.Round(time.Millisecond))
	for _, s := range h.services {
		s.stop()
	}
	h.check()
}

// listed is the ids of all badges of the achievement but the first, which start
// has made.
func (h *house) listed() (ids []string) {
	for path := "/v1/credentials?achievement=bees-keeper&limit=100"; path != ""; {
		var page struct {
			Items []struct{ ID string }
			Next  string
		}
		h.must(http.StatusOK, h.services[0].get(path, h.issue)).into(h.tb, &page)
		for _, r := range page.Items {
			ids = append(ids, r.ID)
		}
		path = strings.TrimPrefix(page.Next, baseURL)
	}
	var first record
	h.must(http.StatusCreated, h.services[0].post("/v1/credentials", h.issue, "first", award("first"))).into(h.tb, &first)
	return slices.DeleteFunc(ids, func(id string) bool { return id == first.ID })
}

// TestFaults breaks what two services stand on, under load, and holds them to
// what they have acknowledged. In the end the database fails over to a standby
// that follows synchronously.
func TestFaults(t *testing.T) {
	first := newCluster(t, "wal_retrieve_retry_interval=200ms", "max_connections=40")
	second := first.Standby(t)
	h := newHouse(t, fmt.Sprintf("postgres://laurel@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable&target_session_attrs=read-write&connect_timeout=2&pool_max_conns=8",
		first.Port, second.Port), 2)
	h.start()
	d := newTraffic(h, number("REPLICAS_CLIENTS", 3))
	quiet := time.Duration(number("REPLICAS_QUIET", 100)) * time.Millisecond
	locked := time.Duration(number("REPLICAS_LOCKED", 500)) * time.Millisecond
	for round := range number("REPLICAS_FAULTS", 1) {
		time.Sleep(quiet)
		d.during("a service killed", func() {
			s := h.services[round%2]
			s.kill()
			s.start()
			s.ready()
		})
		for _, how := range []string{"fast", "immediate"} {
			time.Sleep(quiet)
			d.during("the database restarted, "+how, func() {
				first.Stop(t, how)
				first.Start(t)
			})
		}
		lockTable(t, d, first, locked)
		time.Sleep(quiet)
		d.during("no connections left", func() { first.Exhaust(t, locked) })
	}
	if longest := number("REPLICAS_LONGEST", 0); longest > 0 {
		lockTable(t, d, first, time.Duration(longest)*time.Millisecond)
	}
	time.Sleep(quiet)
	d.during("failover to the standby", func() {
		first.Stop(t, "immediate")
		second.Promote(t)
	})
	d.end()
}

// lockTable keeps all from writing, and then from reading too.
func lockTable(t *testing.T, d *traffic, c *pgtest.Cluster, locked time.Duration) {
	t.Helper()
	for _, mode := range []string{"SHARE", "ACCESS EXCLUSIVE"} {
		d.during(fmt.Sprintf("the table locked (%s) for %v", mode, locked), func() {
			c.Exec(t, fmt.Sprintf(`BEGIN; LOCK TABLE laurel_store IN %s MODE; SELECT pg_sleep(%g); COMMIT`, mode, locked.Seconds()))
		})
	}
}
