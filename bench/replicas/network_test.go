//go:build linux && network && !race

package replicas_test

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"
)

// TestNetwork puts a bad network between two services and their database, under
// load, and holds them to what they have acknowledged: each answer comes within
// its time, no badge is there twice, and none is lost.
func TestNetwork(t *testing.T) {
	c := newCluster(t)
	l := newLine(t, net.JoinHostPort("127.0.0.1", strconv.Itoa(c.Port)))
	h := newHouse(t, fmt.Sprintf("postgres://laurel@%s/postgres?sslmode=disable&connect_timeout=2&pool_max_conns=16", l.store.address()), 2)
	for n, s := range h.services {
		s.under = []string{"ip", "netns", "exec", l.space}
		s.address = net.JoinHostPort(serviceEnd, strconv.Itoa(8081+n))
	}
	h.start()
	d := newTraffic(h, number("REPLICAS_CLIENTS", 4))
	lasts := time.Duration(number("NETWORK_SECONDS", 5)) * time.Second
	for range number("NETWORK_ROUNDS", 1) {
		d.during("a good network", func() { time.Sleep(lasts) })
		for _, bad := range []struct {
			what string
			trip time.Duration // there and back
			loss int64
		}{
			{"200 ms there and back", 200 * time.Millisecond, 0},
			{"one packet in ten lost", 0, 10},
			{"both", 200 * time.Millisecond, 10},
		} {
			d.during(bad.what, func() {
				l.delay.Store(int64(bad.trip / 2))
				l.loss.Store(bad.loss)
				time.Sleep(lasts)
				l.delay.Store(0)
				l.loss.Store(0)
			})
		}
		for _, cut := range []time.Duration{5 * time.Second, 20 * time.Second} {
			d.during(fmt.Sprint("cut for ", cut), func() {
				l.cut.Store(true)
				time.Sleep(cut)
				l.cut.Store(false)
			})
		}
		ended := 0
		d.during("all connections reset, ten times a second", func() {
			for begun := time.Now(); time.Since(begun) < lasts; time.Sleep(100 * time.Millisecond) {
				ended += l.store.reset()
			}
		})
		t.Logf("%d connections were reset", ended)
		if ended == 0 {
			t.Error("no connection was there to be reset")
		}
	}
	t.Logf("%d packets were carried, %d were not", l.carried.Load(), l.missed.Load())
	if l.missed.Load() == 0 {
		t.Error("no packet was lost")
	}
	d.end()
}
