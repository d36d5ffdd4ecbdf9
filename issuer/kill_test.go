package issuer_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"laurel/internal/processortest"
	"laurel/issuer"
	"laurel/issuer/issuertest"
	"laurel/keys/keyring"
	"laurel/store/bolt"
)

// The process that is killed is this test binary once more, with the folder of
// its store and the number of its life in the environment.
const (
	childEnv = "ISSUER_TEST_CHILD"
	roundEnv = "ISSUER_TEST_ROUND"
	writers  = 16
	lifetime = 24 // badges at most, before the process is killed
)

// killURL needs no RSA keys.
const killURL = "http://localhost:8080"

// openFolder opens what TestKill has made, as a process does when it starts.
func openFolder(folder string) (*issuer.Issuer, *bolt.DB, error) {
	ring, err := keyring.Open(filepath.Join(folder, "keys"), keyring.Seal{})
	if err != nil {
		return nil, nil, err
	}
	db, err := bolt.Open(filepath.Join(folder, "store"), bolt.Options{})
	if err != nil {
		return nil, nil, err
	}
	cfg, _, own, err := issuertest.Config(db, ring, killURL, time.Now)
	if err != nil {
		return nil, nil, err
	}
	i, err := issuer.New(context.Background(), cfg)
	own.Issuer = i
	return i, db, err
}

// numbered is the award of one goroutine's n-th badge, the same in parent and
// child.
func numbered(round string, goroutine, n int) issuer.Award {
	key := fmt.Sprintf("%s-%02d-%05d", round, goroutine, n)
	a := keyed(award(key), key, "body of "+key)
	a.ExternalRef = key
	return a
}

// childIssues issues badges without end, and prints a line for each that it
// was given: goroutine, number, id, and hash of the signed bytes.
func childIssues() error {
	i, _, err := openFolder(os.Getenv(childEnv))
	if err != nil {
		return err
	}
	go func() { _ = i.Run(context.Background()) }()
	failed := make(chan error)
	for g := range writers {
		go func() {
			for n := 0; ; n++ {
				issued, err := i.Issue(context.Background(), numbered(os.Getenv(roundEnv), g, n))
				if err != nil {
					failed <- err
					return
				}
				rec, err := live(i, issued.Record, g, n)
				if err != nil {
					failed <- err
					return
				}
				// One write, without a buffer: a whole line or none.
				fmt.Fprintf(os.Stdout, "%d %d %s %x\n", g, n, rec.ID, sha256.Sum256(rec.Document))
			}
		}()
	}
	return <-failed
}

// live gives a badge some of what life brings, by its number, and returns it as
// it is afterwards.
func live(i *issuer.Issuer, rec *issuer.Record, goroutine, n int) (*issuer.Record, error) {
	a := issuer.Amendment{ID: rec.ID, Actor: "test", MayTouch: anyIssuer}
	switch (goroutine + n) % 4 {
	case corrected:
		name := "Corrected"
		issued, err := i.Reissue(context.Background(), a, issuer.Correction{Name: &name})
		if err != nil {
			return nil, err
		}
		return issued.Record, nil
	case withdrawn:
		return i.Revoke(context.Background(), rec.ID, "issued_in_error", "test", anyIssuer)
	case erased:
		rec, _, err := i.Erase(context.Background(), a)
		return rec, err
	}
	return rec, nil
}

// The lives; 0 is a quiet one.
const (
	corrected = iota + 1
	withdrawn
	erased
)

// TestKill kills a process that issues, and changes what it has issued, at
// random moments. Each badge that it
// acknowledged is there, byte for byte, and each that it was about to make is
// there whole or not at all.
func TestKill(t *testing.T) {
	folder := t.TempDir()
	makeFolder(t, folder)
	rounds, acknowledged := 3, 0
	if testing.Short() {
		rounds = 2
	}
	for n := range rounds {
		round := fmt.Sprintf("round%d", n)
		acks := killOnce(t, folder, round)
		acknowledged += len(acks)
		afterKill(t, folder, round, acks)
	}
	t.Logf("%d kills, %d acknowledged badges", rounds, acknowledged)
	if acknowledged < rounds {
		t.Error("too few badges were acknowledged: this tested nothing")
	}
}

func makeFolder(t *testing.T, folder string) {
	t.Helper()
	db, err := bolt.Create(filepath.Join(folder, "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ring, err := keyring.Create(filepath.Join(folder, "keys"), keyring.Seal{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Generate(t.Context(), academy, "", "EdDSA"); err != nil {
		t.Fatal(err)
	}
	if err := issuer.Initialise(t.Context(), db, killURL, time.Now()); err != nil {
		t.Fatal(err)
	}
	s := issuertest.Open(t, db, ring, killURL)
	if _, err := s.PutProfile(t.Context(), issuer.Profile{Slug: academy, Name: "Academy"}, "test"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutAchievement(t.Context(), template(academy), "test"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// ack is one line of the child.
type ack struct {
	goroutine, n int
	id, hash     string
}

// killOnce lets a process issue a random number of badges and a moment longer,
// kills it, and returns what it acknowledged.
func killOnce(t *testing.T, folder, round string) []ack {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+folder, roundEnv+"="+round, "GORACE=atexit_sleep_ms=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	var acks []ack
	for life := rand.N(lifetime); ; life-- {
		line, err := lines.ReadString('\n')
		if err != nil {
			break
		}
		var a ack
		if _, err := fmt.Sscanf(line, "%d %d %s %s\n", &a.goroutine, &a.n, &a.id, &a.hash); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		acks = append(acks, a)
		if life == 0 {
			time.AfterFunc(rand.N(20*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
	}
	if err := cmd.Wait(); stderr.Len() > 0 || fmt.Sprint(err) != "signal: killed" {
		t.Fatalf("the issuing process ended by itself: %v %s", err, stderr.String())
	}
	return acks
}

// afterKill opens the store again and holds it against the acknowledgements.
func afterKill(t *testing.T, folder, round string, acks []ack) {
	t.Helper()
	start := processortest.Time()
	i, db, err := openFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if d := processortest.Time() - start; d > 2*time.Second {
		t.Errorf("starting again took %v of a processor", d)
	}
	next := map[int]int{} // goroutine -> the badge of which it is not known whether it was made
	for _, a := range acks {
		rec, err := i.Credential(t.Context(), a.id)
		if err != nil || fmt.Sprintf("%x", sha256.Sum256(rec.Document)) != a.hash {
			t.Errorf("%s was acknowledged and is not there as it was: %v", a.id, err)
		}
		next[a.goroutine] = a.n + 1
	}
	gone := map[int]bool{} // goroutines whose last badge was erased, and not acknowledged
	for g := range writers {
		_, err := i.Issue(t.Context(), numbered(round, g, next[g]))
		gone[g] = errors.Is(err, issuer.ErrErased) && (g+next[g])%4 == erased
		if err != nil && !gone[g] {
			t.Errorf("repeating what was under way: %v", err)
		}
	}
	for g := range writers {
		for n := range next[g] + 1 {
			want := 1
			if n < next[g] && (g+n)%4 == erased || n == next[g] && gone[g] {
				want = 0 // nothing leads to it any more
			}
			wantBadges(t, i, want, *numbered(round, g, n).Idempotency)
		}
		if more := numbered(round, g, next[g]+1).ExternalRef; len(byReference(t, i, more)) > 0 {
			t.Errorf("%s was issued before the one before it was acknowledged", more)
		}
	}
	issuertest.Audit(t, i)
}

func wantBadges(t *testing.T, i *issuer.Issuer, want int, key issuer.Idempotency) {
	t.Helper()
	if n := len(byReference(t, i, key.Key)); n != want {
		t.Errorf("key %s has %d badges, not %d", key.Key, n, want)
	}
}

func byReference(t *testing.T, i *issuer.Issuer, ref string) []*issuer.Record {
	t.Helper()
	page, err := i.List(t.Context(), issuer.Filter{Issuers: []string{academy}, ExternalRef: ref})
	if err != nil {
		t.Fatal(err)
	}
	return page.Records
}
