package tokens_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"laurel/api/tokens"
	"laurel/store"
)

// counting is a real store that counts its changes and can refuse them.
type counting struct {
	store.Store
	mu      sync.Mutex
	changes int
	refuse  error
}

func (c *counting) Update(ctx context.Context, do func(store.Tx) error) error {
	c.mu.Lock()
	c.changes++
	err := c.refuse
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.Store.Update(ctx, do)
}

func (c *counting) counted() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changes
}

// used is when each token was used last, as a fresh service reads it.
func used(t *testing.T, ts *tokens.Tokens, id string) time.Time {
	t.Helper()
	list, err := ts.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if e.ID == id {
			return e.Used
		}
	}
	t.Fatalf("no token %s", id)
	return time.Time{}
}

// TestUseIsNotedAndWrittenBehind: no request writes; what is written is one
// change for all of a minute, and of all tokens.
func TestUseIsNotedAndWrittenBehind(t *testing.T) {
	_, db, c := open(t)
	s := &counting{Store: db}
	ts := tokens.New(s, note, c.now)
	made, text := create(t, ts, limits())
	other, otherText := create(t, ts, limits())
	idle, _ := create(t, ts, limits())
	before := s.counted()
	c.at = c.at.Add(30 * time.Second)
	for range 100 {
		for _, shown := range []string{text, otherText, text[:len(text)-1], "lrl_"} {
			_, _ = ts.Authenticate(t.Context(), shown)
		}
	}
	if n := s.counted(); n != before {
		t.Errorf("%d changes by requests", n-before)
	}
	minute := c.at.Truncate(time.Minute)
	if at := used(t, ts, made.ID); !at.Equal(minute) {
		t.Errorf("used at %v, want %v", at, minute)
	}
	again := tokens.New(db, note, c.now)
	if at := used(t, again, made.ID); !at.IsZero() {
		t.Errorf("written at %v already", at)
	}
	for range 3 {
		if err := ts.WriteUses(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.counted(); n != before+1 {
		t.Errorf("%d changes for one minute", n-before)
	}
	for id, want := range map[string]time.Time{made.ID: minute, other.ID: minute, idle.ID: {}} {
		if at := used(t, again, id); !at.Equal(want) {
			t.Errorf("%s: %v, want %v", id, at, want)
		}
	}
	// Another replica has seen it later; nobody turns that back.
	c.at = c.at.Add(time.Hour)
	if _, err := again.Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := again.WriteUses(t.Context()); err != nil {
		t.Fatal(err)
	}
	later := c.at
	c.at = c.at.Add(-30 * time.Minute)
	if _, err := ts.Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if err := ts.WriteUses(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at := used(t, ts, made.ID); !at.Equal(later.Truncate(time.Minute)) {
		t.Errorf("turned back to %v", at)
	}
}

// TestRefusedTokensAreNotUsed: only who holds the secret of a good one is noted.
func TestRefusedTokensAreNotUsed(t *testing.T) {
	ts, _, c := open(t)
	made, text := create(t, ts, limits())
	if _, err := ts.Revoke(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := ts.Authenticate(t.Context(), text); err == nil {
		t.Fatal("a withdrawn token was taken")
	}
	if at := used(t, ts, made.ID); !at.IsZero() {
		t.Errorf("used at %v, at %v", at, c.at)
	}
}

// TestUsesAreWrittenAtTheEnd, and a failure loses nothing.
func TestUsesAreWrittenAtTheEnd(t *testing.T) {
	_, db, c := open(t)
	s := &counting{Store: db}
	ts := tokens.New(s, note, c.now)
	made, text := create(t, ts, limits())
	if _, err := ts.Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	s.refuse = store.ErrReadOnly
	if err := ts.WriteUses(t.Context()); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("a store that takes nothing: %v", err)
	}
	s.refuse = nil
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		ts.Run(ctx, func(err error) { t.Error(err) })
	}()
	cancel()
	<-done
	if at := used(t, tokens.New(db, note, c.now), made.ID); !at.Equal(c.at.Truncate(time.Minute)) {
		t.Errorf("written %v, used %v", at, c.at)
	}
}

// TestDamagedUseIsTold, not passed over.
func TestDamagedUseIsTold(t *testing.T) {
	ts, db, _ := open(t)
	made, _ := create(t, ts, limits())
	for _, v := range [][]byte{[]byte("2026-11-21T10:00:00Z"), store.Seal([]byte("t!/"+made.ID), []byte("yesterday"))} {
		if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("t!/"+made.ID), v) }); err != nil {
			t.Fatal(err)
		}
		if _, err := ts.List(t.Context()); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("%q: %v", v, err)
		}
	}
}

// TestUseIsNotBeforeTheToken: uses are noted to the minute, which may have begun
// before the token was made.
func TestUseIsNotBeforeTheToken(t *testing.T) {
	ts, _, c := open(t)
	c.at = c.at.Truncate(time.Minute).Add(30 * time.Second)
	made, text := create(t, ts, limits())
	c.at = c.at.Add(10 * time.Second)
	if _, err := ts.Authenticate(t.Context(), text); err != nil {
		t.Fatal(err)
	}
	if at := used(t, ts, made.ID); !at.Equal(made.Created) {
		t.Errorf("used at %v, made at %v", at, made.Created)
	}
}
