package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"laurel/issuer"
	"laurel/store"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// opened is the service of a data folder; with a store that is not its file where
// one is named.
func opened(t *testing.T, data, at string) *service {
	t.Helper()
	s := defaults()
	s.data, s.store = data, at
	svc, err := open(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = svc.store.Close() })
	return svc
}

// during moves a store and does something at a step of it.
func during(ctx context.Context, svc *service, to, step string, do func()) error {
	_, err := moveStore(telling(ctx, func(n progress) {
		if n.What == step {
			do()
		}
	}), svc, moveRequest{To: to})
	return err
}

// inForce makes sure which databases hold a store: the first, and nothing is left
// in the others.
func inForce(t *testing.T, url string, others ...string) {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatalf("the new store: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	nothingIn(t, others...)
}

func nothingIn(t *testing.T, urls ...string) {
	t.Helper()
	for _, url := range urls {
		if _, err := postgres.Open(t.Context(), url); !errors.Is(err, store.ErrMissing) {
			t.Errorf("a move that was given up has left: %v", err)
		}
	}
}

// TestSecondMove: while a service moves its store no other move of it begins, also
// where nobody waits for the first one any more.
func TestSecondMove(t *testing.T) {
	data, h := lifetime(t, "http://localhost:8080")
	url := pgtest.Start(t)
	svc := opened(t, data, "")
	again := func() {
		t.Helper()
		if _, err := moveStore(t.Context(), svc, moveRequest{To: url}); !errors.Is(err, store.ErrBusy) {
			t.Errorf("a second move: %v", err)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	if err := during(gone, svc, url, "writers wait", func() { cancel(); again() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	nothingIn(t, url)

	// Whatever began another one, only the last of them may leave the store.
	err := during(t.Context(), svc, url, "checking", func() {
		if _, err := issuer.BeginMove(t.Context(), svc.store, "another"); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, issuer.ErrOvertaken) {
		t.Fatal(err)
	}
	nothingIn(t, url)

	if err := during(t.Context(), svc, url, "writers wait", again); err != nil {
		t.Fatal(err)
	}
	if _, err := issuer.BeginMove(t.Context(), svc.store, "later"); !errors.Is(err, store.ErrMoved) {
		t.Errorf("a move of the store that was left: %v", err)
	}
	inForce(t, url)
	h.laurel(t, 0, "", "check", "--data", data, "--store", url)
}

// TestSecondMoveAtTheEnd: also when the copy is prepared and the store left.
func TestSecondMoveAtTheEnd(t *testing.T) {
	data, _ := lifetime(t, "http://localhost:8080")
	url := pgtest.Start(t)
	svc := opened(t, data, "")
	err := during(t.Context(), svc, url, "the old store is left; finishing the new one", func() {
		if _, err := moveStore(t.Context(), svc, moveRequest{To: url}); !errors.Is(err, store.ErrBusy) {
			t.Errorf("a second move: %v", err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	inForce(t, url)
}

// TestTwoTargets: of two commands that move one database to two places one comes
// to its end, and the other one leaves nothing.
func TestTwoTargets(t *testing.T) {
	data, h := lifetime(t, "http://localhost:8080")
	old, first, second := pgtest.Start(t), pgtest.Start(t), pgtest.Start(t)
	h.laurel(t, 0, "", "migrate", "--data", data, "--to", old)

	err := during(t.Context(), opened(t, data, old), first, "checking", func() {
		if _, err := moveStore(t.Context(), opened(t, data, old), moveRequest{To: second}); err != nil {
			t.Error(err)
		}
	})
	if err == nil {
		t.Error("both were moved")
	}
	inForce(t, second, first)

	// One that begins while the other one has the lock.
	third := pgtest.Start(t)
	one, other := opened(t, data, second), opened(t, data, second)
	late := make(chan error, 1)
	if err := during(t.Context(), one, first, "writers wait", func() {
		go func() {
			_, err := moveStore(context.WithoutCancel(t.Context()), other, moveRequest{To: third})
			late <- err
		}()
	}); err != nil {
		t.Error(err)
	}
	if err := <-late; err == nil {
		t.Error("both were moved")
	}
	inForce(t, first, third)

	// A service that had the old one open is refused, until it is in force again.
	change := func() error {
		return other.store.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("x"), store.Seal([]byte("x"), nil)) })
	}
	if err := change(); !errors.Is(err, store.ErrMoved) {
		t.Errorf("the store that was left: %v", err)
	}
	h.laurel(t, 0, "", "check", "--data", data, "--store", second)
	h.laurel(t, 0, "", "backup", "--data", data, "--store", second, filepath.Join(t.TempDir(), "copy"))
	h.laurel(t, 0, "", "archive", "--data", data, "--store", second, filepath.Join(t.TempDir(), "archive"))
	if err := os.Rename(filepath.Join(data, "laurel.db"), filepath.Join(data, "old.db")); err != nil {
		t.Fatal(err)
	}
	h.laurel(t, 0, "", "restore", "--accept-rollback", "--data", data, "--store", second)
	request := `{"achievement":"first-aid","recipient":{"name":"Later Person"},"awardedAt":"2025-07-11"}`
	h.laurel(t, 0, request, "issue", "--data", data, "--store", second, "-")
}
