//go:build !race

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestOverload brings the real program more than it can do, from several addresses
// at once, and looks at what becomes of those who ask for little. OVERLOAD_CLIENTS
// is how many ask at once, OVERLOAD_SECONDS for how long; `make overload` has more
// of both, and prints what came of it.
func TestOverload(t *testing.T) {
	clients, lasts := fromEnvironment(t, "OVERLOAD_CLIENTS", 200), time.Duration(fromEnvironment(t, "OVERLOAD_SECONDS", 1))*time.Second
	hang := hangingHost(t)
	d := startDemoOf(t, realBinary(t), "--verify-rate", "0", "--fetch-allow", "http://"+hang)
	o := &onslaught{t: t, d: d, lasts: lasts, badge: d.download(t)}
	long := clients > 200
	alone := o.few("alone", nil)
	o.report("alone", alone)
	before := d.files(t)
	d.forget(t)
	most := d.watch(t)
	for _, wave := range []struct {
		name string
		do   func(stop <-chan struct{}) map[int]int
	}{
		{"verifying", func(stop <-chan struct{}) map[int]int { return o.many(clients, stop, o.verifies) }},
		{"issuing", func(stop <-chan struct{}) map[int]int { return o.many(min(clients, 200), stop, o.issues) }},
		{"hanging hosts", func(stop <-chan struct{}) map[int]int {
			return o.many(200, stop, func(c *http.Client, n int) (int, error) { return o.hangs(c, hang) })
		}},
		{"silence", func(stop <-chan struct{}) map[int]int { return o.silent(clients*2, stop) }},
	} {
		beside := o.few(wave.name, wave.do)
		o.report(wave.name, beside)
		if !long { // a busy machine says little in so short a time
			continue
		}
		for what, p99 := range map[string]time.Duration{"verifying": beside.verify, "issuing": beside.issue} {
			if p99 > 2*time.Second {
				t.Errorf("%s beside %s: %v", what, wave.name, p99)
			}
		}
	}
	// The store's file is mapped, and grows with what is issued: its pages are the
	// system's, which takes them back when it needs them, and count in the highest mark
	// all the same. Where little is issued the mark says more: it misses no moment.
	anonymous, files := most()
	peak := d.peak(t)
	t.Logf("at most %d MiB of its own, %d of files, %d together", anonymous>>20, files>>20, peak>>20)
	if anonymous > maxResident || !long && peak > maxResident {
		t.Errorf("more than %d MiB", maxResident>>20)
	}
	patience := 5 * time.Second
	if !long { // a busy machine takes its time
		patience = 2 * time.Minute
	}
	for end := time.Now().Add(patience); ; {
		start := time.Now()
		if _, err := o.verifies(http.DefaultClient, 0); err == nil && time.Since(start) < 500*time.Millisecond {
			break
		} else if time.Now().After(end) {
			t.Fatalf("it has not recovered in %v: %v, %v", patience, time.Since(start), err)
		}
	}
	// All that was opened is closed again, whenever that is: who waited for a host
	// does so for six seconds.
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if after := d.files(t); after <= before+20 {
			t.Logf("%d files before, %d after", before, after)
			return
		} else if time.Now().After(end) {
			t.Fatalf("%d files before, and %d after", before, after)
		}
	}
}

// files is how many files and connections the process has open.
func (d *demoProcess) files(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", d.pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

func fromEnvironment(t *testing.T, name string, usually int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usually
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s", name, text)
	}
	return n
}

// hangingHost takes connections and says nothing.
func hangingHost(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return "localhost:" + port
}

// download is a badge of the demo that is in force.
func (d *demoProcess) download(t *testing.T) []byte {
	t.Helper()
	n := slices.IndexFunc(d.badges, func(b demoEntry) bool { return b.Status == "active" })
	resp, err := http.Get(d.badges[n].CredentialID + ".json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %v", resp.Status, err)
	}
	return raw
}

// onslaught is all who ask.
type onslaught struct {
	t      *testing.T
	d      *demoProcess
	lasts  time.Duration
	badge  []byte
	issued atomic.Int64
}

// from is a client at an address of its own.
func from(n int) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+n%16))}, Timeout: 10 * time.Second}
	return &http.Client{Timeout: 2 * time.Minute, Transport: &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: 1 << 14}}
}

func (o *onslaught) post(c *http.Client, path, token string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(http.MethodPost, o.d.baseURL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		return 0, nil, fmt.Errorf("503 without Retry-After: %s", raw)
	}
	return resp.StatusCode, raw, err
}

// verdictOf sends a badge and holds the verdict, where there is one.
func (o *onslaught) verdictOf(c *http.Client, badge []byte, want string) (int, error) {
	status, raw, err := o.post(c, "/v1/verify", "", badge)
	if err != nil || status != http.StatusOK {
		return status, err
	}
	var said struct{ Verdict string }
	// What takes too long is told as an open question, never as an answer.
	if err := json.Unmarshal(raw, &said); err != nil || said.Verdict != want && said.Verdict != "indeterminate" {
		o.t.Errorf("the verdict is %q, not %s: %.300s", said.Verdict, want, raw)
	}
	return status, nil
}

// verifies sends a good badge, a changed one, or one that is none.
func (o *onslaught) verifies(c *http.Client, n int) (int, error) {
	switch n % 20 {
	case 7:
		return o.verdictOf(c, bytes.Replace(o.badge, []byte(`"validFrom":"2`), []byte(`"validFrom":"1`), 1), "invalid")
	case 13:
		status, _, err := o.post(c, "/v1/verify", "", []byte(strings.Repeat(`{"a":[`, 2000)))
		return status, err
	}
	return o.verdictOf(c, o.badge, "valid")
}

func (o *onslaught) issues(c *http.Client, _ int) (int, error) {
	n := o.issued.Add(1)
	status, _, err := o.post(c, "/v1/credentials", o.d.token, fmt.Appendf(nil, `{"achievement":"uh-kit-contributor","recipient":{"name":"Ana Example","email":"over.%d@learner.example"},"awardedAt":"2025-07-11"}`, n))
	return status, err
}

// hangs sends a badge whose issuer's host never answers.
func (o *onslaught) hangs(c *http.Client, host string) (int, error) {
	var issuer struct{ Issuer struct{ ID string } }
	if err := json.Unmarshal(o.badge, &issuer); err != nil {
		return 0, err
	}
	did := "did:web:" + strings.Replace(host, ":", "%3A", 1) + ":" + strconv.Itoa(int(o.issued.Add(1)))
	return o.verdictOf(c, bytes.ReplaceAll(o.badge, []byte(issuer.Issuer.ID), []byte(did)), "indeterminate")
}

// many ask again and again until stop, and the statuses that they get are told.
func (o *onslaught) many(clients int, stop <-chan struct{}, ask func(c *http.Client, n int) (int, error)) map[int]int {
	statuses := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	var doors []*http.Client
	for n := range 16 {
		doors = append(doors, from(n))
	}
	for n := range clients {
		all.Go(func() {
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				status, err := ask(doors[n%16], n+k)
				if err != nil {
					status = 0
				}
				mu.Lock()
				statuses[status]++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, c := range doors {
		c.CloseIdleConnections()
	}
	for status, times := range statuses {
		late := status == 0 && clients > 200 // so many at once may not all be connected in time
		if !late && !slices.Contains([]int{200, 201, 400, 413, 429, 503}, status) {
			o.t.Errorf("%d answers with status %d", times, status)
		}
	}
	return statuses
}

// silent opens connections that never say a whole request, and opens those anew
// that are closed.
func (o *onslaught) silent(connections int, stop <-chan struct{}) map[int]int {
	address := strings.TrimPrefix(o.d.baseURL, "http://")
	opened := map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range connections {
		all.Go(func() {
			dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 2, byte(1+n%16))}, Timeout: time.Second}
			for {
				c, err := dialer.Dial("tcp", address)
				if err == nil {
					_, _ = io.WriteString(c, []string{"", "GET / HTTP/1.1\r\nX-A: ", "POST /v1/verify HTTP/1.1\r\nHost: " + address + "\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"}[n%3])
					gone := make(chan struct{})
					go func() { defer close(gone); _, _ = bufio.NewReader(c).ReadByte() }()
					select {
					case <-stop:
					case <-gone:
					}
					c.Close()
					<-gone
					mu.Lock()
					opened[0]++
					mu.Unlock()
				}
				select {
				case <-stop:
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		})
	}
	all.Wait()
	return opened
}

// calm is what those get who ask for little: their 99th percentiles.
type calm struct {
	verify, issue, health time.Duration
	asked, refused        int
	statuses              map[int]int // of the others
}

// few ask one after the other, for as long as the onslaught lasts beside them, and
// on a busy machine until they were answered.
func (o *onslaught) few(name string, wave func(stop <-chan struct{}) map[int]int) calm {
	stop, done := make(chan struct{}), make(chan struct{})
	var c calm
	go func() {
		defer close(done)
		if wave != nil {
			c.statuses = wave(stop)
		}
	}()
	time.Sleep(o.lasts / 4)
	door := from(15)
	defer door.CloseIdleConnections()
	times := [3][]time.Duration{}
	waits := func() bool { return len(times[1]) == 0 || len(times[2]) == 0 }
	for end := time.Now().Add(o.lasts); time.Now().Before(end) || waits() && time.Now().Before(end.Add(2*time.Minute)); {
		for n, ask := range []func() (int, error){
			func() (int, error) { return o.verdictOf(door, o.badge, "valid") },
			func() (int, error) { return o.issues(door, 0) },
			func() (int, error) {
				resp, err := door.Get(o.d.baseURL + "/healthz")
				if err != nil {
					return 0, err
				}
				return resp.StatusCode, resp.Body.Close()
			},
		} {
			start := time.Now()
			status, err := ask()
			c.asked++
			switch {
			case err != nil:
				o.t.Errorf("beside %s: %v", name, err)
				c.refused++
			case status == http.StatusServiceUnavailable:
				c.refused++
			case status >= 300:
				o.t.Errorf("beside %s: %d", name, status)
			default:
				times[n] = append(times[n], time.Since(start))
			}
		}
	}
	close(stop)
	<-done
	c.verify, c.issue, c.health = last(times[0]), last(times[1]), last(times[2])
	if waits() {
		o.t.Errorf("nobody was answered beside %s", name)
	}
	return c
}

// last is the 99th percentile.
func last(times []time.Duration) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[(len(times)*99)/100].Round(100 * time.Microsecond)
}

func (o *onslaught) report(name string, c calm) {
	o.t.Logf("%-14s verify p99 %-9v issue p99 %-9v health p99 %-9v %d of %d told to come back; the others got %v", name, c.verify, c.issue, c.health, c.refused, c.asked, c.statuses)
}
