package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"laurel/store"
)

var concurrencyCases = []testCase{
	{"64 goroutines count", testCounters},
	{"64 goroutines claim", testClaims},
	{"no write skew", testWriteSkew},
	{"no phantoms", testPhantoms},
	{"no phantoms for who writes before looking", testWriteThenLook},
	{"snapshots hold still", testSnapshots},
	{"a snapshot is of the View's beginning", testSnapshotBegins},
	{"an open View holds nobody up", testOpenView},
	{"an open Update is not seen", testOpenUpdate},
	{"success is seen at once", testReadAfterWrite},
}

const crowd = 64

// add adds n to the number at key.
func add(tx store.Tx, key string, n int) error {
	text, ok, err := get(tx, key)
	if err != nil {
		return err
	}
	old := 0
	if ok {
		if old, err = strconv.Atoi(text); err != nil {
			return err
		}
	}
	return put(tx, key, strconv.Itoa(old+n))
}

func testCounters(t *testing.T, p *place) {
	s := p.store()
	const rounds, keys = 6, 3
	var wg sync.WaitGroup
	for g := range crowd {
		wg.Go(func() {
			for i := range rounds {
				if err := try(t.Context(), s, func(tx store.Tx) error {
					return errors.Join(add(tx, fmt.Sprint("count/", (g+i)%keys), 1), add(tx, "count/all", 1))
				}); err != nil {
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	want := []string{}
	for k := range keys {
		want = append(want, fmt.Sprint("count/", k), fmt.Sprint(crowd*rounds/keys))
	}
	wantAll(t, s, append(want, "count/all", fmt.Sprint(crowd*rounds))...)
}

// testClaims lets all fight for the same keys; each must go to one of them, and
// who is told that it has a key must be who is in it.
func testClaims(t *testing.T, p *place) {
	s := p.store()
	const keys = 12
	errTaken := errors.New("taken")
	var won [keys]atomic.Int64
	var lost atomic.Int64
	var wg sync.WaitGroup
	for g := range crowd {
		wg.Go(func() {
			for i := range keys {
				k := (i + g) % keys
				err := try(t.Context(), s, func(tx store.Tx) error {
					key := fmt.Sprint("claim/", k)
					if _, taken, err := get(tx, key); taken || err != nil {
						return errors.Join(err, errTaken)
					}
					return errors.Join(put(tx, key, fmt.Sprint(g)), add(tx, "claimed", 1))
				})
				switch {
				case err == nil:
					if before := won[k].Swap(int64(g) + 1); before != 0 {
						t.Errorf("key %d went to %d and to %d", k, before-1, g)
					}
				case errors.Is(err, errTaken):
					lost.Add(1)
				default:
					t.Errorf("Update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if lost.Load() != (crowd-1)*keys {
		t.Errorf("%d claims were refused, want %d", lost.Load(), (crowd-1)*keys)
	}
	view(t, s, func(r store.Reader) error {
		wantGet(t, r, "claimed", fmt.Sprint(keys))
		for k := range keys {
			wantGet(t, r, fmt.Sprint("claim/", k), fmt.Sprint(won[k].Load()-1))
		}
		return nil
	})
}

// testWriteSkew: each Update reads both accounts and takes from one. Snapshots
// alone would let two of them overdraw the sum.
func testWriteSkew(t *testing.T, p *place) {
	s := p.store()
	errEmpty := errors.New("empty")
	for range 10 {
		mustPut(t, s, "x", "5", "y", "5")
		var wg sync.WaitGroup
		for g := range 20 {
			wg.Go(func() {
				err := try(t.Context(), s, func(tx store.Tx) error {
					x, _, err1 := get(tx, "x")
					y, _, err2 := get(tx, "y")
					a, err3 := strconv.Atoi(x)
					b, err4 := strconv.Atoi(y)
					if err := errors.Join(err1, err2, err3, err4); err != nil {
						return err
					}
					if a+b < 3 {
						return errEmpty
					}
					return add(tx, string("xy"[g%2]), -3)
				})
				if err != nil && !errors.Is(err, errEmpty) {
					t.Errorf("Update: %v", err)
				}
			})
		}
		wg.Wait()
		sum := 0
		view(t, s, func(r store.Reader) error {
			x, _, err1 := get(r, "x")
			y, _, err2 := get(r, "y")
			a, err3 := strconv.Atoi(x)
			b, err4 := strconv.Atoi(y)
			sum = a + b
			return errors.Join(err1, err2, err3, err4)
		})
		if sum != 1 {
			t.Errorf("the sum is %d, want 1", sum)
		}
	}
}

// testPhantoms: each Update counts the keys of a range and adds one if there is
// room. Two that count the same must not both add.
func testPhantoms(t *testing.T, p *place) {
	s := p.store()
	const seats = 5
	errFull := errors.New("full")
	for round := range 8 {
		room := fmt.Sprintf("room %d/", round)
		var wg sync.WaitGroup
		var got atomic.Int64
		for g := range 20 {
			wg.Go(func() {
				err := try(t.Context(), s, func(tx store.Tx) error {
					taken, err := scan(tx, room, "")
					if err != nil {
						return err
					}
					if len(taken) >= seats {
						return errFull
					}
					return put(tx, fmt.Sprintf("%sseat %02d", room, g), "x")
				})
				if err == nil {
					got.Add(1)
				} else if !errors.Is(err, errFull) {
					t.Errorf("Update: %v", err)
				}
			})
		}
		wg.Wait()
		view(t, s, func(r store.Reader) error {
			taken, err := scan(r, room, "")
			if len(taken) != seats || got.Load() != seats {
				t.Errorf("%d seats are taken, %d were told so, want %d", len(taken), got.Load(), seats)
			}
			return err
		})
	}
}

// testWriteThenLook: each Update puts a key of its own, and only then looks whether
// it is alone among those that begin so; and whether nobody has the one name.
func testWriteThenLook(t *testing.T, p *place) {
	s := p.store()
	errLate := errors.New("late")
	for round := range 8 {
		var wg sync.WaitGroup
		var alone, named atomic.Int64
		count := func(n *atomic.Int64, f func(tx store.Tx) error) {
			switch err := try(t.Context(), s, f); {
			case err == nil:
				n.Add(1)
			case !errors.Is(err, errLate):
				t.Errorf("Update: %v", err)
			}
		}
		room, desk := fmt.Sprintf("room %d/", round), fmt.Sprintf("desk %d/", round)
		for g := range 12 {
			wg.Go(func() {
				count(&alone, func(tx store.Tx) error {
					err := put(tx, fmt.Sprintf("%sseat %02d", room, g), "x")
					taken, err2 := scan(tx, room, "")
					if err := errors.Join(err, err2); err != nil || len(taken) == 1 {
						return err
					}
					return errLate
				})
				count(&named, func(tx store.Tx) error {
					err := put(tx, fmt.Sprintf("%sseat %02d", desk, g), "x")
					_, taken, err2 := get(tx, desk+"name")
					if err := errors.Join(err, err2); err != nil {
						return err
					}
					if taken {
						return errLate
					}
					return put(tx, desk+"name", fmt.Sprint(g))
				})
			})
		}
		wg.Wait()
		if alone.Load() != 1 || named.Load() != 1 {
			t.Errorf("%d were alone and %d got the name, want one each", alone.Load(), named.Load())
		}
	}
}

// testSnapshots keeps two keys equal in every Update; no View may see them
// differ, from each other or from what it saw before.
func testSnapshots(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "x", "0", "y", "0")
	stop := make(chan bool)
	var writer, readers sync.WaitGroup
	writer.Go(func() {
		for i := 1; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			n := fmt.Sprint(i)
			if err := try(t.Context(), s, func(tx store.Tx) error { return put(tx, "x", n, "y", n, "row/"+n, n) }); err != nil {
				t.Errorf("Update: %v", err)
				return
			}
		}
	})
	for range 4 {
		readers.Go(func() {
			for range 25 {
				if err := s.View(t.Context(), func(r store.Reader) error { return holdsStill(t, r) }); err != nil {
					t.Errorf("View: %v", err)
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	writer.Wait()
}

func holdsStill(t *testing.T, r store.Reader) error {
	first, _, err := get(r, "x")
	if err != nil {
		return err
	}
	for range 5 {
		wantGet(t, r, "y", first)
		wantGet(t, r, "x", first)
		rows, err := scan(r, "row/", "")
		if err != nil {
			return err
		}
		if fmt.Sprint(len(rows)) != first {
			t.Errorf("%d rows in the snapshot of %s", len(rows), first)
		}
	}
	return nil
}

// testSnapshotBegins reads for the first time only after an Update that came
// later than the View.
func testSnapshotBegins(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1")
	view(t, s, func(r store.Reader) error {
		done := make(chan error, 1)
		go func() { done <- try(t.Context(), s, func(tx store.Tx) error { return put(tx, "a", "2", "b", "2") }) }()
		err := <-done
		wantScan(t, r, "", "", "a", "1")
		return err
	})
	wantAll(t, s, "a", "2", "b", "2")
}

// testOpenView waits, inside a View, for Updates that let the store grow.
func testOpenView(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1")
	view(t, s, func(r store.Reader) error {
		wantGet(t, r, "a", "1")
		done := make(chan error, 1)
		go func() {
			done <- func() error {
				for i := range 30 {
					if err := try(t.Context(), s, func(tx store.Tx) error {
						return errors.Join(put(tx, "a", "2"), tx.Put(number("big/", i), make([]byte, 100_000)))
					}); err != nil {
						return err
					}
				}
				return nil
			}()
		}()
		err := <-done
		wantScan(t, r, "", "", "a", "1")
		return err
	})
	view(t, s, func(r store.Reader) error { wantGet(t, r, "a", "2"); return nil })
}

func testOpenUpdate(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "1")
	update(t, s, func(tx store.Tx) error {
		if err := errors.Join(put(tx, "a", "2", "c", "3"), tx.Delete([]byte("b"))); err != nil {
			return err
		}
		wantGet(t, tx, "a", "2") // whatever was put off is done now
		seen := make(chan error, 1)
		go func() {
			seen <- s.View(t.Context(), func(r store.Reader) error {
				wantScan(t, r, "", "", "a", "1", "b", "1")
				return nil
			})
		}()
		return <-seen
	})
	wantAll(t, s, "a", "2", "c", "3")
}

func testReadAfterWrite(t *testing.T, p *place) {
	s := p.store()
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 10 {
				key, n := fmt.Sprint("own/", g), fmt.Sprint(i)
				err := try(t.Context(), s, func(tx store.Tx) error { return put(tx, key, n) })
				err = errors.Join(err, s.View(t.Context(), func(r store.Reader) error {
					wantGet(t, r, key, n)
					return nil
				}))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
