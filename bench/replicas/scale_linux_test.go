//go:build !race

package replicas_test

import (
	"bytes"
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
	measure := func(services int) round {
		h.idle(c)
		periods, held := throttled(b, groups[0])
		worked, begun := workOf(b, c), time.Now()
		issued := float64(h.issueFor(length, services, fmt.Sprint("round-", runs.Add(1))))
		took, work := time.Since(begun), workOf(b, c)-worked
		p, t := throttled(b, groups[0])
		return round{services: services, perSecond: issued / length.Seconds(), bounded: (t - held) / max(p-periods, 1),
			database: work.Seconds() / took.Seconds(), each: time.Duration(float64(work) / max(issued, 1))}
	}
	for b.Loop() {
		measure(len(groups)) // not counted: everything is there for the first time
		var ratios, one, two, database []float64
		for range number("REPLICAS_ROUNDS", 5) {
			a, both := measure(1), measure(len(groups))
			one, two, ratios = append(one, a.perSecond), append(two, both.perSecond), append(ratios, both.perSecond/a.perSecond)
			database = append(database, both.database)
			b.Logf("%v; %v: %.2f", a, both, both.perSecond/a.perSecond)
		}
		for name, list := range map[string][]float64{"one/s": one, "two/s": two, "two/one": ratios, "database": database} {
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

// round is what came of a while of issuing.
type round struct {
	services  int
	perSecond float64
	bounded   float64       // part of the periods in which the first service came to its bound
	database  float64       // processors that PostgreSQL had
	each      time.Duration // processor time of PostgreSQL for an issue, with all that follows it
}

func (r round) String() string {
	return fmt.Sprintf("%d: %.0f/s (at its bound in %.0f %%), PostgreSQL had %.2f processors, %v an issue",
		r.services, r.perSecond, 100*r.bounded, r.database, r.each.Round(10*time.Microsecond))
}

// workOf is the processor time that all processes of a server have had, those that
// have ended included.
func workOf(tb testing.TB, c *pgtest.Cluster) (total time.Duration) {
	tb.Helper()
	const tick = 10 * time.Millisecond // USER_HZ is 100 on all that Go runs on
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		tb.Fatal(err)
	}
	one := statOf(fmt.Sprintf("/proc/%d/stat", c.Value(tb, `SELECT pg_backend_pid()`)))
	if one == nil {
		tb.Fatal("the server's processes are not to be seen")
	}
	server := one[1] // the parent of all others
	for _, path := range stats {
		s := statOf(path) // nil of one that has ended
		if s != nil && s[1] == server {
			total += time.Duration(s[11]+s[12]) * tick
		}
	}
	s := statOf(fmt.Sprintf("/proc/%d/stat", server))
	if s == nil {
		tb.Fatal("the server is not to be seen")
	}
	return total + time.Duration(s[11]+s[12]+s[13]+s[14])*tick
}

// statOf is what stands behind the name of a process: its state, its parent, and
// so on. What is no number is 0.
func statOf(path string) (fields []int64) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	for _, f := range bytes.Fields(raw[bytes.LastIndexByte(raw, ')')+1:]) {
		n, _ := strconv.ParseInt(string(f), 10, 64)
		fields = append(fields, n)
	}
	if len(fields) < 15 {
		return nil
	}
	return fields
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
