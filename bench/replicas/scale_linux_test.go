//go:build !race

package replicas_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"laurel/store/postgres/pgtest"
)

// controllers is where version 1 of the control groups bounds processors.
const controllers = "/sys/fs/cgroup/cpu"

// period is how often a control group gets its part of a processor anew.
const period = 20 * time.Millisecond

// part is a control group that has so many hundredths of a processor.
func part(tb testing.TB, percent int) string {
	tb.Helper()
	folder, err := os.MkdirTemp(controllers, "laurel")
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		tb.Skipf("NOT MEASURED: there are no control groups of processors to write to: %v", err)
	}
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(folder, "cpu.cfs_period_us"), fmt.Append(nil, period.Microseconds()), 0),
			os.WriteFile(filepath.Join(folder, "cpu.cfs_quota_us"), fmt.Append(nil, period.Microseconds()*int64(percent)/100), 0))
	}
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			err := os.Remove(folder)
			if err == nil {
				return
			}
			if time.Now().After(deadline) {
				tb.Error(err)
				return
			}
		}
	})
	return folder
}

// BenchmarkReplicas issues over HTTP with one service and with two, in turn, each
// of which has half a processor. The store syncs its commits. It tells in which
// part of its periods the first service came to its bound: where that is seldom,
// the machine was too busy, and the ratio is not one of services.
func BenchmarkReplicas(b *testing.B) {
	percent := number("REPLICAS_PERCENT", 50)
	groups := []string{part(b, percent), part(b, percent)}
	c := newCluster(b, "fsync=on")
	h := newHouse(b, c.URL("&pool_max_conns=16"), len(groups))
	for n, s := range h.services {
		s.group = groups[n]
	}
	h.start()
	length := time.Duration(number("REPLICAS_SECONDS", 5)) * time.Second
	var runs atomic.Int64
	round := func(services int) (perSecond, bounded float64) {
		h.idle(c)
		periods, held := throttled(b, groups[0])
		defer func() {
			p, h := throttled(b, groups[0])
			bounded = (h - held) / max(p-periods, 1)
		}()
		issued := h.issueFor(length, services, fmt.Sprint("round-", runs.Add(1)))
		return float64(issued) / length.Seconds(), 0
	}
	for b.Loop() {
		round(len(groups)) // not counted: everything is there for the first time
		var ratios, one, two []float64
		for range number("REPLICAS_ROUNDS", 5) {
			a, aBounded := round(1)
			both, bothBounded := round(len(groups))
			one, two, ratios = append(one, a), append(two, both), append(ratios, both/a)
			b.Logf("one %.0f/s (at its bound in %.0f %%), two %.0f/s (%.0f %%): %.2f", a, 100*aBounded, both, 100*bothBounded, both/a)
		}
		for name, list := range map[string][]float64{"one/s": one, "two/s": two, "two/one": ratios} {
			slices.Sort(list)
			b.ReportMetric(list[len(list)/2], name)
		}
	}
	b.StopTimer()
	for _, s := range h.services {
		s.stop()
	}
	h.check()
}

// throttled is how many periods a group has had, and in how many of them it came
// to its bound.
func throttled(tb testing.TB, group string) (periods, held float64) {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join(group, "cpu.stat"))
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "nr_periods %g\nnr_throttled %g\n", &periods, &held)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return periods, held
}

// idle waits until all JWTs are made of what was issued.
func (h *house) idle(c *pgtest.Cluster) {
	for begun := time.Now(); c.Value(h.tb, `SELECT count(*) FROM laurel_store WHERE key >= 'j/' AND key < 'j0'`) > 0; time.Sleep(100 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			h.tb.Fatal("JWTs are not made")
		}
	}
}

// issueFor has clients of the first so many services issue for some time, and
// counts what they were given.
func (h *house) issueFor(d time.Duration, services int, name string) int64 {
	var all sync.WaitGroup
	var issued atomic.Int64
	until := time.Now().Add(d)
	for _, s := range h.services[:services] {
		for client := range number("REPLICAS_CLIENTS", 16) {
			all.Go(func() {
				for n := 0; time.Now().Before(until); n++ {
					id := name + "-" + s.address + "-" + strconv.Itoa(client) + "-" + strconv.Itoa(n)
					id = string(slices.DeleteFunc([]byte(id), func(c byte) bool { return c == ':' || c == '.' }))
					a := s.post("/v1/credentials", h.issue, id, award(id))
					if a.err != nil || a.status != http.StatusCreated {
						h.tb.Errorf("%s: %d %v %s", a.what, a.status, a.err, a.body)
						return
					}
					if time.Now().Before(until) {
						issued.Add(1)
					}
				}
			})
		}
	}
	all.Wait()
	return issued.Load()
}
