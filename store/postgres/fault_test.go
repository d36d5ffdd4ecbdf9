package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"laurel/store"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

func create(t *testing.T) (db *postgres.DB, url string) {
	t.Helper()
	url = pgtest.Start(t)
	db, err := postgres.Create(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db, url
}

func open(t *testing.T, url string) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func put(ctx context.Context, s store.Store, key, value string) error {
	return s.Update(ctx, func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
}

// wantGet fails unless the key has that value; "" means none.
func wantGet(t *testing.T, s store.Store, key, want string) {
	t.Helper()
	if err := s.View(t.Context(), func(r store.Reader) error {
		v, err := r.Get([]byte(key))
		if want == "" && !errors.Is(err, store.ErrNotFound) || want != "" && (err != nil || string(v) != want) {
			t.Errorf("Get(%q) = %q, %v; want %q", key, v, err, want)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

// execute runs a statement beside the store.
func execute(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Errorf("connecting: %v", err)
		return
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.Exec(t.Context(), sql); err != nil {
		t.Errorf("%s: %v", sql, err)
	}
}

// endSessions ends all connections to the database but the one it uses.
const endSessions = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid()`

func TestOpenNeverCreates(t *testing.T) {
	url := pgtest.Start(t)
	for range 2 {
		if _, err := postgres.Open(t.Context(), url); !errors.Is(err, store.ErrMissing) {
			t.Errorf("Open of an empty database: %v", err)
		}
	}
	var wg sync.WaitGroup
	var made atomic.Int64
	for range 4 {
		wg.Go(func() {
			db, err := postgres.Create(t.Context(), url)
			if err == nil {
				made.Add(1)
				err = db.Close()
			}
			if err != nil && !errors.Is(err, store.ErrExists) {
				t.Errorf("Create: %v", err)
			}
		})
	}
	wg.Wait()
	if made.Load() != 1 {
		t.Errorf("the store was created %d times, want once", made.Load())
	}
	if err := put(t.Context(), open(t, url), "a", "1"); err != nil {
		t.Error(err)
	}
	if _, err := postgres.Create(t.Context(), url); !errors.Is(err, store.ErrExists) {
		t.Errorf("Create over a store: %v", err)
	}
	wantGet(t, open(t, url), "a", "1")
}

func TestOpenRefusesOtherTables(t *testing.T) {
	_, url := create(t)
	for _, sql := range []string{
		`UPDATE laurel_store SET value = '2' WHERE key = ''`,
		`DELETE FROM laurel_store WHERE key = ''`,
		`DROP TABLE laurel_store; CREATE TABLE laurel_store (key text)`,
	} {
		execute(t, url, sql)
		if db, err := postgres.Open(t.Context(), url); err == nil || errors.Is(err, store.ErrMissing) {
			t.Errorf("Open after %s: %v, %v", sql, db, err)
		}
	}
	for _, url := range []string{"postgres://localhost:port/", "postgres://127.0.0.1:1/none?connect_timeout=2"} {
		if db, err := postgres.Open(t.Context(), url); err == nil || errors.Is(err, store.ErrMissing) {
			t.Errorf("Open of %s: %v, %v", url, db, err)
		}
	}
}

// TestConflictsAreRetried lets two Updates meet so that one of them must lose.
func TestConflictsAreRetried(t *testing.T) {
	db, _ := create(t)
	var both sync.WaitGroup
	both.Add(2)
	var runs atomic.Int64
	var wg sync.WaitGroup
	for _, keys := range [][2]string{{"x", "y"}, {"y", "x"}} {
		wg.Go(func() {
			first := true
			if err := db.Update(t.Context(), func(tx store.Tx) error {
				runs.Add(1)
				_, err := tx.Get([]byte(keys[0]))
				if first {
					first = false
					both.Done()
					both.Wait()
				}
				if errors.Is(err, store.ErrNotFound) {
					return tx.Put([]byte(keys[1]), []byte("the other was not there"))
				}
				return err
			}); err != nil {
				t.Errorf("Update: %v", err)
			}
		})
	}
	wg.Wait()
	if runs.Load() < 3 || db.Retries() != uint64(runs.Load()-2) {
		t.Errorf("f ran %d times, %d retries are counted", runs.Load(), db.Retries())
	}
	n := 0
	if err := db.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(_, _ []byte) error { n++; return nil })
	}); err != nil || n != 1 {
		t.Errorf("%d of the two wrote, %v; want one, as if one had come after the other", n, err)
	}
}

// TestLostBeforeTheCommit ends the connection under a running f.
func TestLostBeforeTheCommit(t *testing.T) {
	for name, use := range map[string]func(store.Tx) error{
		"at a Get":      func(tx store.Tx) error { _, err := tx.Get([]byte("old")); return err },
		"at a Scan":     func(tx store.Tx) error { return tx.Scan(nil, nil, func(_, _ []byte) error { return nil }) },
		"at the writes": func(store.Tx) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			db, url := create(t)
			if err := put(t.Context(), db, "old", "1"); err != nil {
				t.Fatal(err)
			}
			runs := 0
			if err := db.Update(t.Context(), func(tx store.Tx) error {
				if _, err := tx.Get([]byte("old")); err != nil {
					return err
				}
				if err := tx.Put([]byte("new"), []byte("1")); err != nil {
					return err
				}
				if runs++; runs == 1 {
					execute(t, url, endSessions)
				}
				return use(tx)
			}); err != nil {
				t.Errorf("Update: %v", err)
			}
			wantGet(t, db, "new", "1")
			if runs != 2 || db.Retries() == 0 {
				t.Errorf("f ran %d times, want 2; %d retries are counted", runs, db.Retries())
			}
		})
	}
}

// TestLostDuringTheCommit cuts the connection before the server gets the commit,
// and after it has committed. The store cannot know which it was.
func TestLostDuringTheCommit(t *testing.T) {
	_, url := create(t)
	p := newProxy(t, url)
	db := open(t, p.url)
	for _, c := range []struct {
		key, want string
		cut       *atomic.Bool
	}{{"before", "", &p.beforeCommit}, {"after", "1", &p.afterCommit}} {
		c.cut.Store(true)
		runs := 0
		err := db.Update(t.Context(), func(tx store.Tx) error {
			runs++
			return tx.Put([]byte(c.key), []byte("1"))
		})
		if !errors.Is(err, store.ErrUnknownOutcome) || runs != 1 {
			t.Errorf("cut %s: %v, f ran %d times", c.key, err, runs)
		}
		wantGet(t, db, c.key, c.want)
		if err := put(t.Context(), db, c.key, "2"); err != nil {
			t.Errorf("after the cut: %v", err)
		}
		wantGet(t, db, c.key, "2")
	}
	if s := db.Stats(); s.Unknown != 2 || s.Commit.Count != 2 || s.Commit.Sum <= 0 {
		t.Errorf("two outcomes are unknown and two commits were made: %+v", s)
	}
	// Where nothing was written the outcome is of no account, and under locks
	// there is no commit.
	p.beforeCommit.Store(true)
	if err := db.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Get([]byte("after"))
		return err
	}); err != nil || !p.beforeCommit.Load() {
		t.Errorf("an Update that only read: %v, its commit was cut: %v", err, !p.beforeCommit.Load())
	}
	db.WithoutLocks()
	if err := db.Update(t.Context(), func(tx store.Tx) error {
		_, err := tx.Get([]byte("after"))
		return err
	}); err != nil {
		t.Errorf("an Update that only read: %v", err)
	}
	if p.beforeCommit.Load() {
		t.Error("no connection was cut")
	}
}

func TestServerGone(t *testing.T) {
	_, url := create(t)
	p := newProxy(t, url)
	db := open(t, p.url)
	db.SetPatience(300 * time.Millisecond)
	p.down.Store(true)
	begun := time.Now()
	if err := put(t.Context(), db, "a", "1"); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Update without a server: %v", err)
	}
	if err := db.View(t.Context(), func(store.Reader) error { return nil }); !errors.Is(err, store.ErrBusy) {
		t.Errorf("View without a server: %v", err)
	}
	if waited := time.Since(begun); waited < 600*time.Millisecond || waited > time.Minute {
		t.Errorf("both gave up after %v, want a little more than 600 ms", waited)
	}
	db.SetPatience(time.Minute)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := put(ctx, db, "a", "1"); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, store.ErrBusy) {
		t.Errorf("Update that has no time: %v", err)
	}
	time.AfterFunc(100*time.Millisecond, func() { p.down.Store(false) })
	if err := put(t.Context(), db, "a", "2"); err != nil {
		t.Errorf("Update while the server comes back: %v", err)
	}
	wantGet(t, db, "a", "2")
}

func TestNoConnectionFree(t *testing.T) {
	_, url := create(t)
	db := open(t, url+"&pool_max_conns=1")
	db.SetPatience(100 * time.Millisecond)
	if err := db.View(t.Context(), func(store.Reader) error { return put(t.Context(), db, "a", "1") }); !errors.Is(err, store.ErrBusy) {
		t.Errorf("Update without a free connection: %v", err)
	}
	db.SetPatience(time.Minute)
	if err := put(t.Context(), db, "a", "2"); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyServer(t *testing.T) {
	_, url := create(t)
	db := open(t, url+"&default_transaction_read_only=on")
	if err := put(t.Context(), db, "a", "1"); !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Update: %v", err)
	}
	wantGet(t, db, "a", "")
}

// TestReplicas lets two stores on one database, as two processes would have
// them, fight for the same keys while connections keep being ended. Who is told
// that it has a key must have it, and only who was told so, or could not be told.
func TestReplicas(t *testing.T) {
	first, url := create(t)
	replicas := []*postgres.DB{first, open(t, url)}
	const keys, workers = 150, 8
	taken := errors.New("taken")
	var mu sync.Mutex
	won, unknown := map[string]string{}, map[string]map[string]bool{}
	var wg, saboteur sync.WaitGroup
	var settled atomic.Int64 // Updates
	stop := make(chan bool)
	saboteur.Go(func() {
		before := int64(0)
		for cuts := 0; ; {
			select {
			case <-stop:
				t.Logf("%d times all connections were ended", cuts)
				if cuts == 0 {
					t.Error("nothing was tried")
				}
				return
			case <-time.After(rand.N(60 * time.Millisecond)):
			}
			if now := settled.Load(); now >= before+workers { // on a busy machine nobody would get on otherwise
				execute(t, url, endSessions)
				before, cuts = now, cuts+1
			}
		}
	})
	for w := range workers {
		wg.Go(func() {
			me, db := fmt.Sprint("worker ", w), replicas[w%len(replicas)]
			for k := range keys {
				key := fmt.Sprintf("key %03d", k)
				err := db.Update(t.Context(), func(tx store.Tx) error {
					if _, err := tx.Get([]byte(key)); !errors.Is(err, store.ErrNotFound) {
						return errors.Join(err, taken)
					}
					return tx.Put([]byte(key), []byte(me))
				})
				settled.Add(1)
				mu.Lock()
				switch {
				case err == nil && won[key] != "":
					t.Errorf("%s went to %s and to %s", key, won[key], me)
				case err == nil:
					won[key] = me
				case errors.Is(err, store.ErrUnknownOutcome):
					if unknown[key] == nil {
						unknown[key] = map[string]bool{}
					}
					unknown[key][me] = true
				case !errors.Is(err, taken):
					t.Errorf("%s: %v", key, err)
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	close(stop)
	saboteur.Wait()
	n := 0
	if err := first.View(t.Context(), func(r store.Reader) error {
		return r.Scan(nil, nil, func(k, v []byte) error {
			n++
			if owner := won[string(k)]; owner != string(v) && (owner != "" || !unknown[string(k)][string(v)]) {
				t.Errorf("%s belongs to %s; it was given to %q, of unknown outcome to %v", k, v, owner, unknown[string(k)])
			}
			return nil
		})
	}); err != nil {
		t.Error(err)
	}
	t.Logf("%d keys, %d given, %d of unknown outcome, %d retries", n, len(won), len(unknown), replicas[0].Retries()+replicas[1].Retries())
	if n != keys {
		t.Errorf("%d keys are taken, want %d", n, keys)
	}
}
