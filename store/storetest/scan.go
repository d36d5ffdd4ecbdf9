package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"laurel/store"
)

// number returns a key that sorts as its number does.
func number(prefix string, i int) []byte { return fmt.Appendf(nil, "%s%06d", prefix, i) }

var scanCases = []testCase{
	{"order, prefix and after", testScanRanges},
	{"prefixes of 0xff", testScanHighPrefixes},
	{"early end", testScanStops},
	{"many keys and large ones", testScanPages},
	{"own writes", testScanOwnWrites},
	{"writing while scanning", testScanWhileWriting},
	{"scans within scans", testNestedScans},
}

func testScanRanges(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "b/2", "4", "a", "1", "b", "2", "c/1", "6", "b/10", "3", "b0", "5")
	check := func(r store.Reader) {
		wantScan(t, r, "", "", "a", "1", "b", "2", "b/10", "3", "b/2", "4", "b0", "5", "c/1", "6")
		wantScan(t, r, "b", "", "b", "2", "b/10", "3", "b/2", "4", "b0", "5")
		wantScan(t, r, "b/", "", "b/10", "3", "b/2", "4")
		wantScan(t, r, "b/2", "", "b/2", "4")
		wantScan(t, r, "b/3", "")
		wantScan(t, r, "d", "")
		wantScan(t, r, "", "b/2", "b0", "5", "c/1", "6")
		wantScan(t, r, "b/", "b/10", "b/2", "4")
		wantScan(t, r, "b/", "b/11", "b/2", "4")
		wantScan(t, r, "b/", "a", "b/10", "3", "b/2", "4")
		wantScan(t, r, "b/", "b/", "b/10", "3", "b/2", "4")
		wantScan(t, r, "b/", "b/2")
		wantScan(t, r, "b/", "zzz")
		wantScan(t, r, "", "zzz")
	}
	view(t, s, func(r store.Reader) error { check(r); return nil })
	update(t, s, func(tx store.Tx) error { check(tx); return nil })
}

func testScanHighPrefixes(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a\xff", "1", "a\xff\xff", "2", "a\xff\xffx", "3", "b", "4",
		"\xff", "5", "\xff\xff", "6", "\xff\xff\xff", "7")
	view(t, s, func(r store.Reader) error {
		wantScan(t, r, "a\xff\xff", "", "a\xff\xff", "2", "a\xff\xffx", "3")
		wantScan(t, r, "a\xff", "a\xff\xff", "a\xff\xffx", "3")
		wantScan(t, r, "\xff", "", "\xff", "5", "\xff\xff", "6", "\xff\xff\xff", "7")
		wantScan(t, r, "\xff\xff", "", "\xff\xff", "6", "\xff\xff\xff", "7")
		wantScan(t, r, "\xff\xff", "\xff\xff", "\xff\xff\xff", "7")
		wantScan(t, r, "\xff\xff\xff\xff", "")
		return nil
	})
}

func testScanStops(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3")
	fault := errors.New("fault")
	for _, c := range []struct{ returned, want error }{
		{store.ErrStop, nil},
		{fmt.Errorf("enough: %w", store.ErrStop), nil},
		{fault, fault},
	} {
		stop := func(r store.Reader) error {
			var seen []string
			err := r.Scan(nil, nil, func(k, _ []byte) error {
				if seen = append(seen, string(k)); len(seen) == 2 {
					return c.returned
				}
				return nil
			})
			if err != c.want || len(seen) != 2 {
				t.Errorf("%v: Scan showed %q and returned %v", c.returned, seen, err)
			}
			wantGet(t, r, "c", "3") // the reader is as good as before
			return nil
		}
		view(t, s, stop)
		update(t, s, func(tx store.Tx) error { return errors.Join(stop(tx), put(tx, "a", "1")) })
	}
}

// testScanPages has more keys, and larger values, than a backend would fetch at
// a time.
func testScanPages(t *testing.T, p *place) {
	s := p.store()
	const n = 700
	size := func(i int) int {
		if i%100 == 50 {
			return 1 << 20
		}
		return i % 50
	}
	update(t, s, func(tx store.Tx) error {
		for i := range n {
			if err := tx.Put(number("n/", i), make([]byte, size(i))); err != nil {
				return err
			}
		}
		return put(tx, "m", "before", "o", "after")
	})
	for _, from := range []int{0, 1, 49, 50, 51, 127, 128, 129, 255, 256, 500, n - 2} {
		view(t, s, func(r store.Reader) error {
			i := from
			err := r.Scan([]byte("n/"), number("n/", from), func(k, v []byte) error {
				i++
				if !bytes.Equal(k, number("n/", i)) || len(v) != size(i) {
					return fmt.Errorf("after %d: key %q with %d bytes at %d", from, k, len(v), i)
				}
				return nil
			})
			if i != n-1 {
				t.Errorf("after %d: the last key was %d, want %d", from, i, n-1)
			}
			return err
		})
	}
}

func testScanOwnWrites(t *testing.T, p *place) {
	s := p.store()
	mustPut(t, s, "a", "1", "b", "2", "c", "3", "e", "5")
	update(t, s, func(tx store.Tx) error {
		err := errors.Join(put(tx, "d", "4", "b", "two"), tx.Delete([]byte("c")), tx.Delete([]byte("x")))
		wantGet(t, tx, "d", "4")
		wantGet(t, tx, "b", "two")
		wantNone(t, tx, "c")
		wantScan(t, tx, "", "", "a", "1", "b", "two", "d", "4", "e", "5")
		wantScan(t, tx, "", "b", "d", "4", "e", "5")
		wantScan(t, tx, "c", "")
		err = errors.Join(err, put(tx, "c", "three"), tx.Delete([]byte("d")))
		wantScan(t, tx, "", "a", "b", "two", "c", "three", "e", "5")
		return err
	})
	wantAll(t, s, "a", "1", "b", "two", "c", "three", "e", "5")
}

func testScanWhileWriting(t *testing.T, p *place) {
	s := p.store()
	const n = 300
	update(t, s, func(tx store.Tx) error {
		for i := range n {
			if err := put(tx, string(number("q/", 2*i)), "old"); err != nil {
				return err
			}
		}
		return put(tx, "z", "last")
	})
	// Deleting each key as it is shown, and moving it elsewhere, shows each once.
	moved := 0
	update(t, s, func(tx store.Tx) error {
		moved = 0
		return tx.Scan([]byte("q/"), nil, func(k, v []byte) error {
			if want := number("q/", 2*moved); !bytes.Equal(k, want) {
				return fmt.Errorf("Scan showed %q, want %q", k, want)
			}
			moved++
			return errors.Join(tx.Delete(k), put(tx, "r/"+string(k[2:]), string(v)))
		})
	})
	view(t, s, func(r store.Reader) error {
		wantScan(t, r, "q/", "")
		rest, err := scan(r, "r/", "")
		if len(rest) != n || moved != n {
			t.Errorf("%d keys were shown and %d are there, want %d", moved, len(rest), n)
		}
		return err
	})
	// What is written ahead is seen, what is written behind is not.
	update(t, s, func(tx store.Tx) error {
		var seen []string
		err := tx.Scan([]byte("r/"), number("r/", 590), func(k, v []byte) error {
			seen = append(seen, string(k)+"="+string(v))
			if string(k) != "r/000592" {
				return nil
			}
			return errors.Join(put(tx, "r/000591", "behind", "r/000593", "ahead", "r/000592", "self", "r/000596", "new"),
				tx.Delete([]byte("r/000594")))
		})
		want := "[r/000592=old r/000593=ahead r/000596=new r/000598=old]"
		if fmt.Sprint(seen) != want {
			t.Errorf("Scan showed %v, want %v", seen, want)
		}
		return err
	})
}

func testNestedScans(t *testing.T, p *place) {
	s := p.store()
	update(t, s, func(tx store.Tx) error {
		for i := range 3 {
			for j := range 100 {
				if err := put(tx, fmt.Sprintf("%d/%02d", i, j), "x"); err != nil {
					return err
				}
			}
		}
		return nil
	})
	n := 0
	nested := func(r store.Reader) error {
		n = 0
		return r.Scan(nil, nil, func(k, _ []byte) error {
			wantGet(t, r, string(k), "x")
			if string(k[2:]) != "50" {
				return nil
			}
			return r.Scan(k[:2], nil, func(_, _ []byte) error { n++; return nil })
		})
	}
	view(t, s, nested)
	if n != 300 {
		t.Errorf("in a View the inner scans showed %d keys, want 300", n)
	}
	update(t, s, func(tx store.Tx) error { return nested(tx) })
	if n != 300 {
		t.Errorf("in an Update the inner scans showed %d keys, want 300", n)
	}
}
