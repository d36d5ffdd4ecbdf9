package move_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"sync"
	"testing"

	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/move"
)

// pair is a store in use and a copy to be.
type pair struct {
	t        *testing.T
	from     *bolt.DB
	to       *bolt.Build
	fromPath string
	toPath   string
}

const name = "attempt"

func newPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, fromPath: filepath.Join(t.TempDir(), "old"), toPath: filepath.Join(t.TempDir(), "new")}
	var err error
	if p.from, err = bolt.Create(p.fromPath, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	if p.to, err = bolt.NewBuild(p.toPath, bolt.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = errors.Join(p.to.Close(), p.from.Close()) })
	err = p.from.Update(t.Context(), func(tx store.Tx) error {
		for n := range 3000 {
			if err := put(tx, fmt.Sprintf("old/%04d", n), "as it was"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func put(tx store.Tx, key, value string) error {
	return tx.Put([]byte(key), store.Seal([]byte(key), []byte(value)))
}

func (p *pair) move(check func() error) move.Move {
	return move.Move{From: p.from, To: p.to, Name: name, Check: func(context.Context) error { return check() },
		Leave: func(tx store.Tx) error { return put(tx, "left", "for another") }}
}

// content is all that a store holds.
func (p *pair) content(s store.Store) map[string]string {
	p.t.Helper()
	all := map[string]string{}
	if err := s.View(p.t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			all[string(k)] = string(v)
			return nil
		})
	}); err != nil {
		p.t.Fatal(err)
	}
	return all
}

// writers write until the store takes no changes, and return what they were told
// is there. Each waits for a beat now and then, so that the move gets on.
func (p *pair) writers(n int) (wait func() map[string]string) {
	var all sync.WaitGroup
	var mu sync.Mutex
	known := map[string]string{}
	for w := range n {
		all.Go(func() {
			mine := map[string]string{}
			for round := 0; ; round++ {
				next := maps.Clone(mine)
				err := p.from.Update(p.t.Context(), func(tx store.Tx) error {
					fresh, gone := fmt.Sprintf("new/%d/%05d", w, round), fmt.Sprintf("old/%04d", (round*n+w)%3000)
					next[fresh] = "fresh"
					next[gone] = ""
					if err := errors.Join(put(tx, fresh, "fresh"), tx.Delete([]byte(gone))); err != nil || round%3 > 0 {
						return err
					}
					again := fmt.Sprintf("new/%d/%05d", w, round/2)
					next[again] = fmt.Sprint("changed in ", round)
					return put(tx, again, next[again])
				})
				if errors.Is(err, store.ErrMoved) {
					break
				} else if err != nil {
					p.t.Error(err)
					break
				}
				mine = next
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(known, mine)
		})
	}
	return func() map[string]string { all.Wait(); return known }
}

// holds makes sure that the new store holds what writers know, and no other has
// what nobody wrote; and that the old one has one record more, which is the mark.
func (p *pair) holds(s store.Store, known map[string]string) {
	p.t.Helper()
	now, old := p.content(s), p.content(p.from)
	for key, value := range known {
		want := string(store.Seal([]byte(key), []byte(value)))
		if value == "" {
			want = ""
		}
		if now[key] != want {
			p.t.Errorf("%s is %q, want %q", key, now[key], want)
		}
	}
	delete(old, "left")
	if !maps.Equal(now, old) {
		p.t.Errorf("the old store has %d records, the new one has %d others", len(old), len(now))
	}
}

// TestMove: what was acknowledged by the old store is in the new one, whenever it
// came, and after the move nothing is acknowledged by the old one.
func TestMove(t *testing.T) {
	p := newPair(t)
	known := p.writers(3)
	done, err := p.move(func() error {
		return p.from.Update(t.Context(), func(tx store.Tx) error { return put(tx, "meanwhile", "written") })
	}).Run(t.Context())
	if err != nil || !done.Left || !done.Done || done.Records < 2000 || done.Changed == 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	p.holds(p.to, known())
	if err := p.to.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(p.toPath, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// TestChangesThatAreLost: where it is not known any more what has changed, both
// stores are read.
func TestChangesThatAreLost(t *testing.T) {
	p := newPair(t)
	var steps []move.Step
	m := p.move(func() error {
		err := p.from.Update(t.Context(), func(tx store.Tx) error {
			err := errors.Join(tx.Delete([]byte("old/0000")), tx.Delete([]byte("old/2999")), put(tx, "old/1500", "changed"), put(tx, "z", "last"), put(tx, "a", "first"))
			for n := range 1500 { // more than the records that are read at once
				err = errors.Join(err, put(tx, fmt.Sprintf("old/0999/%04d", n), "between"), tx.Delete(fmt.Appendf(nil, "old/%04d", 1600+n%1200)))
			}
			return err
		})
		return errors.Join(err, p.from.Compact(t.Context()))
	})
	m.Tell = func(step move.Step, _ int) { steps = append(steps, step) }
	done, err := m.Run(t.Context())
	if err != nil || !done.Done {
		t.Fatalf("%+v, %v, %v", done, err, steps)
	}
	p.holds(p.to, map[string]string{"a": "first", "z": "last", "old/1500": "changed", "old/0000": ""})
	if done.Changed != 5+1500+1200 {
		t.Errorf("%d changes", done.Changed)
	}
}

// TestMoveGivenUp: a move that fails before the old store was left changes nothing
// in it, and leaves nothing that passes for a store.
func TestMoveGivenUp(t *testing.T) {
	no := errors.New("no")
	for what, spoil := range map[string]func(p *pair, m *move.Move, cancel func()){
		"the check": func(_ *pair, m *move.Move, _ func()) { m.Check = func(context.Context) error { return no } },
		"its caller goes away": func(_ *pair, m *move.Move, cancel func()) {
			m.Tell = func(step move.Step, _ int) {
				if step == move.Holding {
					cancel()
				}
			}
		},
		"another writes to the copy": func(p *pair, m *move.Move, _ func()) {
			m.Check = func(ctx context.Context) error {
				return p.to.Update(ctx, func(tx store.Tx) error { return put(tx, "old/0500", "spoilt") })
			}
		},
		"the mark": func(_ *pair, m *move.Move, _ func()) { m.Leave = func(store.Tx) error { return no } },
		"a record is damaged": func(p *pair, _ *move.Move, _ func()) {
			if err := p.from.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("x"), []byte("y")) }); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPair(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			m := p.move(func() error { return nil })
			spoil(p, &m, cancel)
			done, err := m.Run(ctx)
			if err == nil || done.Left || done.Done {
				t.Fatalf("%+v, %v", done, err)
			}
			if err := p.from.Update(t.Context(), func(tx store.Tx) error { return put(tx, "later", "goes on") }); err != nil {
				t.Errorf("the old store afterwards: %v", err)
			}
			if err := errors.Join(p.to.Close(), bolt.Discard(p.toPath, name)); err != nil {
				t.Error(err)
			}
			if _, err := bolt.Open(p.toPath, bolt.Options{}); !errors.Is(err, store.ErrMissing) {
				t.Errorf("the copy: %v", err)
			}
			if left, err := filepath.Glob(p.toPath + "*"); err != nil || len(left) > 0 {
				t.Errorf("left behind: %q, %v", left, err)
			}
		})
	}
}

// unfinishable is a copy that a crash keeps from being finished.
type unfinishable struct{ *bolt.Build }

func (unfinishable) Finish(context.Context) error { return errors.New("the process ended") }

// TestLeftAndNotFinished: between the two commits the old store is in force no
// more, and the copy needs no more than to be finished.
func TestLeftAndNotFinished(t *testing.T) {
	p := newPair(t)
	m := p.move(func() error { return nil })
	m.To = unfinishable{p.to}
	done, err := m.Run(t.Context())
	if err == nil || !done.Left || done.Done {
		t.Fatalf("%+v, %v", done, err)
	}
	if err := p.to.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := bolt.Open(p.toPath, bolt.Options{}); !errors.Is(err, store.ErrMissing) {
		t.Errorf("before it is finished: %v", err)
	}
	if err := bolt.FinishPrepared(p.toPath, "another"); err == nil {
		t.Error("another attempt was finished")
	}
	if err := bolt.FinishPrepared(p.toPath, name); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(p.toPath, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p.holds(db, nil)
}
