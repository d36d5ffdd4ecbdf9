package postgres_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"laurel/store"
	"laurel/store/postgres"
)

// deed is what one call did in the run that counts: what it saw, what it left,
// and between which ticks of a common clock.
type deed struct {
	began, ended int64
	saw          []sight
	left         map[string]string // "" for a key that it deleted
}

// sight is one answer: of a Get of a key, or of a Scan of a prefix.
type sight struct{ of, answer string }

// answerOf is what a sight would be in a state.
func answerOf(of string, state map[string]string) string {
	if !strings.HasSuffix(of, "*") {
		return state[of]
	}
	var all strings.Builder
	for _, k := range slices.Sorted(maps.Keys(state)) {
		if strings.HasPrefix(k, strings.TrimSuffix(of, "*")) {
			_, _ = fmt.Fprintf(&all, "%s=%s ", k, state[k])
		}
	}
	return all.String()
}

// look reads as a sight tells.
func look(r store.Reader, of string) (sight, error) {
	prefix, scan := strings.CutSuffix(of, "*")
	if !scan {
		v, err := r.Get([]byte(of))
		if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return sight{of, string(v)}, err
	}
	var all strings.Builder
	err := r.Scan([]byte(prefix), nil, func(k, v []byte) error {
		_, _ = fmt.Fprintf(&all, "%s=%s ", k, v)
		return nil
	})
	return sight{of, all.String()}, err
}

// wantSerial fails unless there is an order in which all deeds could have been
// done one after the other, each after those that had ended before it began: what
// each one saw is then what those before it have left.
func wantSerial(t *testing.T, workers [][]deed, final map[string]string) {
	t.Helper()
	state, dead, deepest := map[string]string{}, map[string]bool{}, 0
	next := make([]int, len(workers))
	var search func(done int) bool
	search = func(done int) bool {
		deepest = max(deepest, done)
		mark := fmt.Sprint(next, state)
		if dead[mark] || len(dead) > 200_000 {
			return false
		}
		first, left := int64(1<<62), false // until which one of those that are left has to begin
		for w, n := range next {
			if n < len(workers[w]) {
				first, left = min(first, workers[w][n].ended), true
			}
		}
		if !left {
			return maps.Equal(state, final)
		}
		for w, n := range next {
			if n == len(workers[w]) || workers[w][n].began > first || !saw(workers[w][n], state) {
				continue
			}
			before := maps.Clone(state)
			for k, v := range workers[w][n].left {
				if state[k] = v; v == "" {
					delete(state, k)
				}
			}
			next[w]++
			if search(done + 1) {
				return true
			}
			next[w]--
			state = before
		}
		dead[mark] = true
		return false
	}
	if !search(0) {
		t.Errorf("no order explains what was seen; %d deeds of %d are explained, %d ways were tried", deepest, len(slices.Concat(workers...)), len(dead))
	}
}

func saw(d deed, state map[string]string) bool {
	for _, s := range d.saw {
		if answerOf(s.of, state) != s.answer {
			return false
		}
	}
	return true
}

// Keys of three groups and of none, and what is looked at beside them.
var (
	serialKeys  = []string{"g/1", "g/2", "g/3", "h/1", "h/2", "lone", "lost", "m/1"}
	serialScans = []string{"g/*", "h/*", "l*", "g*"}
)

// wander has a worker look at some things and change some, which it has looked at
// or not.
func wander(t *testing.T, db *postgres.DB, me int, clock *atomic.Int64) (done []deed) {
	any := func(of []string) string { return of[rand.N(len(of))] }
	for n := range 30 {
		var d deed
		var plan, changes []string
		for range 1 + rand.N(2) {
			plan = append(plan, any(serialKeys))
		}
		if rand.N(3) == 0 {
			plan = append(plan, any(serialScans))
		}
		for range rand.N(3) {
			changes = append(changes, any(serialKeys))
		}
		early := rand.N(4) == 0 // it changes before it looks, and so sees what it has changed
		read := func(r store.Reader) error {
			for _, of := range plan {
				s, err := look(r, of)
				if err != nil {
					return err
				}
				d.saw = append(d.saw, s)
			}
			return nil
		}
		write := func(tx store.Tx) (err error) {
			for i, k := range changes {
				d.left[k] = fmt.Sprintf("%d.%d.%d", me, n, i)
				if rand.N(3) == 0 {
					d.left[k] = ""
					err = errors.Join(err, tx.Delete([]byte(k)))
				} else {
					err = errors.Join(err, tx.Put([]byte(k), []byte(d.left[k])))
				}
			}
			return err
		}
		began := clock.Add(1)
		var err error
		if len(changes) == 0 && rand.N(2) == 0 && db.Locked() { // where there are none, a View is of no order
			err = db.View(t.Context(), func(r store.Reader) error { d = deed{}; return read(r) })
		} else {
			err = db.Update(t.Context(), func(tx store.Tx) error {
				d = deed{left: map[string]string{}}
				if early {
					err := write(tx)
					d.saw = nil
					return errors.Join(err, skipOwn(&d, read(tx)))
				}
				return errors.Join(read(tx), write(tx))
			})
		}
		if err != nil {
			t.Errorf("worker %d: %v", me, err)
			return done
		}
		d.began, d.ended = began, clock.Add(1)
		done = append(done, d)
	}
	return done
}

// skipOwn leaves out what a deed saw of its own changes.
func skipOwn(d *deed, err error) error {
	d.saw = slices.DeleteFunc(d.saw, func(s sight) bool {
		prefix, scan := strings.CutSuffix(s.of, "*")
		for k := range d.left {
			if k == s.of || scan && strings.HasPrefix(k, prefix) {
				return true
			}
		}
		return false
	})
	return err
}

// TestSerial lets workers of two stores look and change at random, at what is
// there and at what is not, and then looks for an order that explains it all.
func TestSerial(t *testing.T) {
	for name, prepare := range map[string]func(*postgres.DB){
		"locks":            func(*postgres.DB) {},
		"locks of groups":  func(db *postgres.DB) { db.Group(byFolder) },
		"no locks":         func(db *postgres.DB) { db.WithoutLocks() },
		"the whole always": func(db *postgres.DB) { db.LockAtMost(1) },
	} {
		t.Run(name, func(t *testing.T) {
			db, url := create(t)
			stores := []*postgres.DB{db, open(t, url)}
			for _, s := range stores {
				if !s.Locked() {
					t.Fatal("the server is not taken for PostgreSQL")
				}
				prepare(s)
			}
			workers := make([][]deed, 6)
			var clock atomic.Int64
			var wg sync.WaitGroup
			for w := range workers {
				wg.Go(func() { workers[w] = wander(t, stores[w%len(stores)], w, &clock) })
			}
			wg.Wait()
			final := map[string]string{}
			if err := db.View(t.Context(), func(r store.Reader) error {
				return r.Scan(nil, nil, func(k, v []byte) error { final[string(k)] = string(v); return nil })
			}); err != nil {
				t.Fatal(err)
			}
			wantSerial(t, workers, final)
			t.Logf("%d retries", stores[0].Retries()+stores[1].Retries())
		})
	}
}

// TestWhatWasSeenIsHeld stops an Update between its look at what it has seen and
// its commit. Nobody may change what it has seen before that is committed, also
// who has seen nothing of it: a View would show that change, which comes later,
// without what the Update has written. And who has seen that this is not there
// begins anew.
func TestWhatWasSeenIsHeld(t *testing.T) {
	other, url := create(t)
	p := newProxy(t, url)
	db := open(t, p.url)
	names := func(key []byte, prefix bool) []byte { // whose names can be the beginnings of others
		if !bytes.HasPrefix(key, []byte("n/")) {
			return byFolder(key, prefix)
		}
		if prefix {
			return nil
		}
		return key
	}
	db.Group(names)
	other.Group(names)
	beside, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = beside.Close(context.Background()) })
	waiting := func() (n int) {
		if err := beside.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`).Scan(&n); err != nil {
			t.Error(err)
		}
		return n
	}
	change := func(key string) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Put([]byte(key), []byte("2")) }
	}
	remove := func(tx store.Tx) error { return tx.Delete([]byte("g/old")) }
	first := []string{"first/done"}
	many := make([]string, 100)
	for n := range many {
		many[n] = fmt.Sprint("many/", n, "/x")
	}
	for name, c := range map[string]struct {
		first, second []string // that each looks at
		then          func(store.Tx) error
		runs          int // of the second
	}{
		"a key":                             {[]string{"g/old"}, nil, change("g/old"), 1},
		"a key that goes":                   {[]string{"g/old"}, nil, remove, 1},
		"a key of no group":                 {[]string{"old"}, nil, change("old"), 1},
		"no key":                            {[]string{"g/new"}, nil, change("g/new"), 1},
		"no key, of no group":               {[]string{"new"}, nil, change("new"), 1},
		"a group":                           {[]string{"g/*"}, nil, change("g/new"), 1},
		"a group, of which a key goes":      {[]string{"g/*"}, nil, remove, 1},
		"a part of a group":                 {[]string{"g/o*"}, nil, change("g/old"), 1},
		"a part of a group's name":          {[]string{"g*"}, nil, change("g/new"), 1},
		"a part that is a name itself":      {[]string{"n/a*"}, nil, change("n/ab"), 1},
		"keys of no group":                  {[]string{"o*"}, nil, change("old"), 1},
		"everything":                        {[]string{"*"}, nil, change("new"), 1},
		"more than locks are taken for":     {many, nil, change(many[99]), 1},
		"it is seen that the first is not":  {[]string{"old"}, first, change("old"), 2},
		"the same, and nothing in a folder": {[]string{"g/*"}, []string{"first/*"}, change("g/new"), 2},
	} {
		t.Run(name, func(t *testing.T) {
			if err := other.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(tx.Delete([]byte("first/done")), tx.Delete([]byte("new")), tx.Delete([]byte("g/new")),
					tx.Put([]byte("old"), []byte("1")), tx.Put([]byte("g/old"), []byte("1")))
			}); err != nil {
				t.Fatal(err)
			}
			second := make(chan error, 1)
			runs := 0
			stopped := func() {
				go func() {
					second <- other.Update(t.Context(), func(tx store.Tx) error {
						runs++
						return errors.Join(lookAt(tx, c.second), c.then(tx))
					})
				}()
				for len(second) == 0 && waiting() == 0 {
					continue
				}
				if len(second) > 0 {
					t.Error("the second one did not wait")
				}
			}
			p.atCommit.Store(&stopped)
			if err := db.Update(t.Context(), func(tx store.Tx) error {
				return errors.Join(lookAt(tx, c.first), change("first/done")(tx))
			}); err != nil {
				t.Fatal(err)
			}
			if err := <-second; err != nil || runs != c.runs {
				t.Errorf("the second one ran %d times, %v; want %d", runs, err, c.runs)
			}
		})
	}
}

func lookAt(r store.Reader, all []string) error {
	for _, of := range all {
		if _, err := look(r, of); err != nil {
			return err
		}
	}
	return nil
}
