// Command many fills a service with badges, in batches over HTTP as callers make
// them, and tells what so many cost: how long one more takes beside one when there
// were a hundredth of them, how long the service takes to open its store, and how
// much memory no file backs while it issues, verifies and shows badges of all ages.
// It ends with 1 where one of these is above its bar.
//
//	go build -o dist/laurel ./cmd/laurel && go run ./bench/many -badges 1000000
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"laurel/bench/load"
)

// The bars.
const (
	slower = 1.5             // one more badge among all, beside one among a hundredth
	opens  = 2 * time.Second // a store of a million
	holds  = 256 << 20       // bytes, under load
)

func main() {
	m := many{}
	flag.StringVar(&m.laurel, "laurel", "dist/laurel", "the program")
	flag.StringVar(&m.disk, "disk", os.TempDir(), "a folder on a real disk; a million badges take some 5 GB")
	flag.IntVar(&m.badges, "badges", 20_000, "how many")
	flag.DurationVar(&m.load, "for", time.Minute, "time under load")
	flag.Parse()
	over, err := m.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "many:", err)
	}
	if over || err != nil {
		os.Exit(1)
	}
}

type many struct {
	laurel, disk string
	badges       int
	load         time.Duration

	service *load.Process
	issued  int
	some    []string // ids, of all ages
}

func (m *many) run() (over bool, err error) {
	folder, err := os.MkdirTemp(m.disk, "laurel-many")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	data := filepath.Join(folder, "data")
	if m.service, err = load.NewLaurel(m.laurel, data, "https://badges.example.edu"); err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, m.service.Stop()) }()
	if err := m.service.Define(); err != nil {
		return false, err
	}
	early, err := m.fill(m.badges / 100)
	if err != nil {
		return false, err
	}
	late, err := m.fill(m.badges)
	if err != nil {
		return false, err
	}
	ratio := float64(late) / float64(early)
	fmt.Printf("one more of %d badges took %v, of %d %v: %.2f, bar %.1f\n", m.badges/100, early, m.badges, late, ratio, slower)
	opened, err := m.reopen(data)
	if err != nil {
		return false, err
	}
	fmt.Printf("the service answered %v after its start, bar %v\n", opened.Round(time.Millisecond), opens)
	most, err := m.press()
	if err != nil {
		return false, err
	}
	size, err := m.service.StoreSize()
	fmt.Printf("under load it held %.1f MiB that no file backs, bar %d; the store's file has %.1f kB a badge\n", float64(most)/(1<<20), holds>>20, float64(size)/float64(m.issued)/1000)
	return ratio > slower || opened > opens || most > holds, err
}

// perBatch is how many badges are asked for at once.
const perBatch = 500

// fill issues until there are so many, lets what has to be made of them be made,
// and returns the median of what one more takes then.
func (m *many) fill(to int) (time.Duration, error) {
	start, begun := time.Now(), m.issued
	for m.issued < to {
		if err := m.batch(min(perBatch, to-m.issued)); err != nil {
			return 0, err
		}
	}
	fmt.Printf("%d badges were issued in batches, %.0f a second\n", m.issued-begun, float64(m.issued-begun)/time.Since(start).Seconds())
	if _, err := m.service.Quiet(); err != nil {
		return 0, err
	}
	return m.oneMore()
}

func (m *many) batch(n int) error {
	var body struct {
		Items []json.RawMessage `json:"items"`
	}
	for i := range n {
		body.Items = append(body.Items, m.service.Award("many", m.issued+i).Body)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	answer, err := m.service.Ask(load.Request{Method: "POST", Path: "/v1/credentials/batch", Token: m.service.Token, Body: raw})
	if err != nil {
		return err
	}
	var done struct {
		Results []struct {
			ID string `json:"id"`
		} `json:"results"`
		Summary map[string]int `json:"summary"`
	}
	if err := json.Unmarshal(answer, &done); err != nil {
		return err
	}
	if done.Summary["issued"] != n {
		return fmt.Errorf("a batch of %d came to %v", n, done.Summary)
	}
	if every := max(1, m.badges/2000); m.issued/every != (m.issued+n)/every {
		m.some = append(m.some, done.Results[0].ID)
	}
	m.issued += n
	return nil
}

// oneMore is the median of what one badge takes, one after the other.
func (m *many) oneMore() (time.Duration, error) {
	conn, err := load.Dial(m.service.Address)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // the answers are there
	var took []time.Duration
	for range 501 {
		a := m.service.Award("one", m.issued)
		start := time.Now()
		answer, err := conn.Do(a)
		if err == nil && answer.Status/100 != 2 {
			err = fmt.Errorf("%d %s", answer.Status, answer.Body)
		}
		if err != nil {
			return 0, err
		}
		took = append(took, time.Since(start))
		m.issued++
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

// reopen starts the service anew, which is then warm for nobody.
func (m *many) reopen(data string) (time.Duration, error) {
	token := m.service.Token
	if err := m.service.Stop(); err != nil {
		return 0, err
	}
	start := time.Now()
	p, err := load.ServeLaurel(m.laurel, data)
	if err != nil {
		return 0, err
	}
	took := p.Answered.Sub(start)
	p.Token, m.service = token, p
	return took, nil
}

// press issues, verifies and shows badges for a while, and returns the most
// memory that was seen.
func (m *many) press() (most int64, err error) {
	badges := make([][]byte, 0, len(m.some))
	for _, id := range m.some {
		raw, err := m.service.Ask(load.Request{Method: "GET", Path: "/credentials/" + id + ".json"})
		if err != nil {
			return 0, err
		}
		badges = append(badges, raw)
	}
	base := m.issued
	next := func(n int) load.Request {
		at := n % len(m.some)
		switch n % 4 {
		case 0:
			return m.service.Award("load", base+n)
		case 1:
			return load.Verify(badges[at])
		case 2:
			return load.Request{Method: "GET", Path: "/credentials/" + m.some[at]}
		}
		return load.Request{Method: "GET", Path: "/v1/credentials?limit=50", Token: m.service.Token}
	}
	ended := make(chan error, 1)
	go func() {
		result, err := load.Run(m.service.Address, 16, m.load, next)
		if err == nil {
			fmt.Printf("%.0f requests a second\n", result.Rate())
			m.issued += result.Requests / 4
		}
		ended <- err
	}()
	look := time.NewTicker(200 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return most, err
		case <-look.C:
		}
		held, err := m.service.Anonymous()
		if err != nil {
			return most, err
		}
		most = max(most, held)
	}
}
