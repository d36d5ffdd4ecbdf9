// Command soak lets one service issue, verify, revoke and show badges for a
// while, looks at its process every few seconds, and tells whether anything
// grows that must not: memory, goroutines, open files. It prints a
// table and ends with 1 where the interval of a slope lies above zero, or the
// store's file is more than 1.3 times what is in it.
//
//	go build -o dist/laurel ./cmd/laurel && go run ./bench/soak -for 20m
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"laurel/bench/load"
)

func main() {
	s := soak{}
	flag.StringVar(&s.laurel, "laurel", "dist/laurel", "the program")
	flag.StringVar(&s.disk, "disk", os.TempDir(), "a folder on a real disk")
	flag.DurationVar(&s.warm, "warm", 2*time.Minute, "time before the measuring begins")
	flag.DurationVar(&s.length, "for", 20*time.Minute, "time that is measured")
	flag.DurationVar(&s.every, "every", 5*time.Second, "time between two looks")
	flag.IntVar(&s.rate, "rate", 100, "requests a second, of all sorts together")
	flag.IntVar(&s.haste, "warm-rate", 0, "requests a second before the measuring begins, so that what is remembered is full by then; 0 means as after it")
	flag.Parse()
	if s.haste == 0 {
		s.haste = s.rate
	}
	grown, err := s.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if err != nil || grown {
		os.Exit(1)
	}
}

type soak struct {
	laurel, disk        string
	warm, length, every time.Duration
	rate, haste         int

	service *load.Process
	next    atomic.Int64
	issued  atomic.Int64
	held    badges
	sorts   [4]atomic.Int64 // requests: issued, verified, revoked, shown
}

// badges are some that were issued, to be verified, shown and revoked.
type badges struct {
	mu   sync.Mutex
	list []held
}

type held struct {
	id      string
	badge   []byte
	revoked bool
}

// keep replaces the oldest once there are enough.
func (b *badges) keep(h held) {
	b.mu.Lock()
	defer b.mu.Unlock()
	const enough = 500
	if len(b.list) == enough {
		b.list = append(b.list[:0], b.list[1:]...)
	}
	b.list = append(b.list, h)
}

func (b *badges) at(n int64) (held, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == 0 {
		return held{}, false
	}
	return b.list[int(n)%len(b.list)], true
}

// revoke marks a badge that is not revoked yet, and returns it.
func (b *badges) revoke() (held, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.list {
		if h := &b.list[i]; !h.revoked {
			h.revoked = true
			return *h, true
		}
	}
	return held{}, false
}

func (s *soak) run() (grown bool, err error) {
	folder, err := os.MkdirTemp(s.disk, "laurel-soak")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if s.service, err = load.NewLaurel(s.laurel, filepath.Join(folder, "data"), "https://badges.example.edu"); err != nil {
		return false, err
	}
	samples, err := s.serve()
	if err = errors.Join(err, s.service.Stop()); err != nil {
		return false, err
	}
	if grown, err = report(os.Stdout, samples, s.counts()); err != nil {
		return false, err
	}
	large, err := s.fileOver(os.Stdout)
	return grown || large, err
}

// serve looks at the service while its clients are at it.
func (s *soak) serve() ([]sample, error) {
	if err := s.service.Define(); err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	failed := make(chan error, connections)
	var work sync.WaitGroup
	for range connections {
		work.Go(func() {
			if err := s.client(stop); err != nil {
				failed <- err
			}
		})
	}
	samples, err := s.watch(failed)
	close(stop)
	work.Wait()
	return samples, err
}

func (s *soak) counts() string {
	return fmt.Sprintf("%d issued, %d verified, %d revoked, %d shown", s.sorts[0].Load(), s.sorts[1].Load(), s.sorts[2].Load(), s.sorts[3].Load())
}

// connections share the rate.
const connections = 8

// pause is how long each connection waits between two requests at a rate of all.
func pause(rate int) time.Duration { return time.Second * connections / time.Duration(rate) }

// client sends requests of all sorts in turn.
func (s *soak) client(stop chan struct{}) (err error) {
	conn, err := load.Dial(s.service.Address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	tick := time.NewTicker(pause(s.haste))
	defer tick.Stop()
	warm := time.After(s.warm)
	for {
		select {
		case <-stop:
			return nil
		case <-warm:
			tick.Reset(pause(s.rate))
			continue
		case <-tick.C:
		}
		if err := s.one(conn, s.next.Add(1)); err != nil {
			return err
		}
	}
}

// one sends the n-th request: of twenty, four issue, eight verify, one revokes
// and seven show.
func (s *soak) one(conn *load.Conn, n int64) error {
	h, some := s.held.at(n)
	switch kind := n % 20; {
	case kind < 4 || !some:
		return s.issue(conn, n)
	case kind < 12:
		return s.ask(conn, 1, load.Verify(h.badge))
	case kind == 12:
		if h, some = s.held.revoke(); some {
			return s.ask(conn, 2, load.Request{Method: "POST", Path: "/v1/credentials/" + h.id + "/revoke", Token: s.service.Token, Body: []byte(`{"reason":"Issued by mistake."}`)})
		}
	}
	paths := []string{"/credentials/" + h.id, "/credentials/" + h.id + ".json", "/v1/credentials/" + h.id, "/status/" + load.Issuer + "-1", "/healthz", "/achievements/data-engineering-foundations"}
	return s.ask(conn, 3, load.Request{Method: "GET", Path: paths[int(n)%len(paths)], Token: s.service.Token})
}

func (s *soak) issue(conn *load.Conn, n int64) error {
	a, err := s.do(conn, 0, s.service.Award("soak", int(n)))
	if err != nil {
		return err
	}
	id, badge, err := load.Issued(a.Body)
	if err != nil {
		return err
	}
	s.issued.Add(1)
	s.held.keep(held{id: id, badge: append([]byte(nil), badge...)})
	return nil
}

func (s *soak) ask(conn *load.Conn, sort int, r load.Request) error {
	_, err := s.do(conn, sort, r)
	return err
}

func (s *soak) do(conn *load.Conn, sort int, r load.Request) (load.Answer, error) {
	a, err := conn.Do(r)
	if err == nil && a.Status/100 != 2 {
		err = fmt.Errorf("%d %s", a.Status, a.Body)
	}
	if err != nil {
		return a, fmt.Errorf("%s %s: %w", r.Method, r.Path, err)
	}
	s.sorts[sort].Add(1)
	return a, nil
}
