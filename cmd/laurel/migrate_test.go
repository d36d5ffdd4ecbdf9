package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"laurel/internal/auth"
	"laurel/issuer"
	"laurel/store"
	"laurel/store/backup"
	"laurel/store/bolt"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

// lifetime is a data folder with badges that have lived: one in force, one
// corrected, one revoked and one of somebody who was erased.
func lifetime(t *testing.T, base string) (data string, h *home) {
	t.Helper()
	h = &home{}
	folder := t.TempDir()
	data = filepath.Join(folder, "data")
	h.laurel(t, 0, "", "init", "--data", data, "--base-url", base, "--issuer", "city-academy", "--name", "City Academy", "--alg", "EdDSA")
	definitions := filepath.Join(folder, "definitions")
	if err := os.Mkdir(definitions, 0o700); err != nil {
		t.Fatal(err)
	}
	save(t, filepath.Join(definitions, "achievements.json"), []byte(`{"achievements":[{"slug":"first-aid","issuer":"city-academy","achievementType":"Badge",
"name":{"en":"First aid"},"description":{"en":"The holder can give first aid."},"criteria":{"en":"Attend the day."}}]}`))
	h.laurel(t, 0, "", "programme", "load", definitions, "--data", data)
	var ids []string
	for n := range 4 {
		var issued struct{ ID string }
		request := fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Invented Person %d","email":"person-%d@learner.example"},"awardedAt":"2025-07-11"}`, n, n)
		if err := json.Unmarshal([]byte(h.laurel(t, 0, request, "issue", "--data", data, "-")), &issued); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, issued.ID)
	}
	h.laurel(t, 0, "", "revoke", ids[1], "--reason", "issued_in_error", "--data", data)
	s := defaults()
	s.data = data
	svc, err := open(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer svc.store.Close()
	name := "Corrected Person"
	anyIssuer := func(string) bool { return true }
	if _, err := svc.issuer.Reissue(t.Context(), issuer.Amendment{ID: ids[2], Actor: "test", MayTouch: anyIssuer}, issuer.Correction{Name: &name}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := svc.issuer.Erase(t.Context(), issuer.Amendment{ID: ids[3], Actor: "test", MayTouch: anyIssuer}); err != nil {
		t.Fatal(err)
	}
	return data, h
}

// fails runs a command that has to fail, and gives what it says.
func (h *home) fails(t *testing.T, args ...string) string {
	t.Helper()
	var said bytes.Buffer
	p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &said, environ: h.environ}
	if code := p.exit(context.WithoutCancel(t.Context()), args); code == 0 {
		t.Fatalf("laurel %s: exit 0", strings.Join(args, " "))
	}
	return said.String()
}

// TestMigrate moves a store into PostgreSQL and back. The one that was left
// serves no more, and an interrupted move is no store.
func TestMigrate(t *testing.T) {
	url := pgtest.Start(t)
	data, h := lifetime(t, "http://localhost:8080")
	before := h.laurel(t, 0, "", "audit", "list", "--data", data)

	unfinished, err := postgres.NewBuild(t.Context(), url, "somebody else")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), url); !errors.Is(err, store.ErrUnfinished) {
		t.Errorf("a move that goes on: %v", err)
	}
	if said := h.fails(t, "migrate", "--data", data, "--to", url); !strings.Contains(said, "exists already") {
		t.Error(said)
	}
	if err := unfinished.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), url); !errors.Is(err, store.ErrMissing) {
		t.Errorf("a move that was given up: %v", err)
	}

	if out := h.laurel(t, 0, "", "migrate", "--data", data, "--from", "bolt", "--to", url); !strings.Contains(out, "every one was read again and is the same") {
		t.Error(out)
	}
	if out := h.laurel(t, 0, "", "migrate", "--data", data, "--to", url); !strings.Contains(out, "the new one was finished then") {
		t.Errorf("said again: %s", out)
	}
	h.laurel(t, 0, "", "check", "--data", data, "--store", url)
	if after := h.laurel(t, 0, "", "audit", "list", "--data", data, "--store", url); after != before {
		t.Errorf("the audit log was\n%s\nand is\n%s", before, after)
	}
	if said := h.fails(t, "serve", "--data", data, "--listen", "127.0.0.1:0"); !strings.Contains(said, "it was moved to another one") {
		t.Error(said)
	}
	if said := h.fails(t, "migrate", "--data", data, "--store", url, "--to", "bolt"); !strings.Contains(said, "exists already") {
		t.Error(said)
	}
	request := `{"achievement":"first-aid","recipient":{"name":"Later Person"},"awardedAt":"2025-07-11"}`
	if issued := h.laurel(t, 0, request, "issue", "--data", data, "--store", url, "-"); !strings.Contains(issued, "/status/city-academy-1") {
		t.Errorf("a store that was moved goes on as it was: %s", issued)
	}

	// Back, by migration and by a backup.
	copied := filepath.Join(t.TempDir(), "copy")
	h.laurel(t, 0, "", "backup", "--data", data, "--store", url, copied)
	if err := os.Rename(filepath.Join(data, "laurel.db"), filepath.Join(data, "old.db")); err != nil {
		t.Fatal(err)
	}
	h.laurel(t, 0, "", "migrate", "--data", data, "--store", url, "--to", "bolt")
	if out := h.laurel(t, 0, "", "migrate", "--data", data, "--store", url, "--to", "bolt"); !strings.Contains(out, "the new one was finished then") {
		t.Errorf("said again: %s", out)
	}
	if out := h.laurel(t, 0, "", "check", "--data", data); !strings.Contains(out, "6 editions") {
		t.Error(out)
	}
	if said := h.fails(t, "serve", "--data", data, "--store", url, "--listen", "127.0.0.1:0"); !strings.Contains(said, "it was moved to another one, the file in the data folder,") || !strings.Contains(said, "leave --store (LAUREL_STORE) out") {
		t.Error(said)
	}
	another := pgtest.Start(t)
	restored := filepath.Join(t.TempDir(), "restored")
	seal := filepath.Join(data, "keys", "seal.key")
	h.laurel(t, 0, "", "restore", copied, "--seal-key", seal, "--data", restored, "--store", another, "--accept-rollback")
	if out := h.laurel(t, 0, "", "check", "--data", restored, "--store", another); !strings.Contains(out, "6 editions") {
		t.Error(out)
	}
	if said := h.fails(t, "restore", copied, "--seal-key", seal, "--data", restored+"-2", "--store", another); !strings.Contains(said, "exists already") {
		t.Error(said)
	}
	if _, err := os.Stat(restored + "-2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a restoration that was refused left its folder: %v", err)
	}
}

// TestMoveCutShort: what the old store says decides which of the two is in force,
// and what there is of the other one is no store.
func TestMoveCutShort(t *testing.T) {
	url := pgtest.Start(t)
	data, h := lifetime(t, "http://localhost:8080")
	file := filepath.Join(data, "laurel.db")
	within := func(do func(db *bolt.DB) error) {
		t.Helper()
		db, err := bolt.Open(file, bolt.Options{})
		if err == nil {
			err = errors.Join(do(db), db.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// prepare is a move that was cut short when the copy was prepared.
	prepare := func(name string, left bool) {
		t.Helper()
		within(func(db *bolt.DB) error {
			if _, err := issuer.BeginMove(t.Context(), db, name); err != nil {
				return err
			}
			b, err := postgres.NewBuild(t.Context(), url, name)
			if err != nil {
				return err
			}
			err = db.View(t.Context(), func(r store.Reader) error { return store.Stream(t.Context(), r, b) })
			if err = errors.Join(err, b.Prepare(t.Context(), name), b.Close()); err == nil && left {
				err = db.Update(t.Context(), func(tx store.Tx) error { return issuer.Leave(tx, name, "postgres://elsewhere", time.Now()) })
			}
			return err
		})
	}
	refused := func(says string, args ...string) {
		t.Helper()
		if said := h.fails(t, append(args, "--data", data)...); !strings.Contains(said, says) {
			t.Errorf("laurel %s: %s", strings.Join(args, " "), said)
		}
	}
	serve := []string{"serve", "--listen", "127.0.0.1:0"}

	for what, to := range map[string]string{
		"permission denied": forAnother(t, url), "dial": "postgres://laurel@127.0.0.1:1/laurel?connect_timeout=1", "cannot parse": "postgres://%",
	} {
		refused(what, "migrate", "--to", to)
	}
	// The second time there may be something left of the first.
	for range 2 {
		said := h.fails(t, "migrate", "--data", data, "--to", "postgres://laurel@127.0.0.1:1/laurel?connect_timeout=1")
		if strings.Count(said, "\n") != 1 || strings.Count(said, "refused") != 1 {
			t.Error(said)
		}
	}
	h.laurel(t, 0, "", "check", "--data", data)

	prepare("first", false)
	refused("the old store is in force", append(serve, "--store", url)...)
	h.laurel(t, 0, "", "check", "--data", data)
	prepared, err := postgres.NewBuild(t.Context(), url, "first")
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("what was prepared is gone: %v, %v", prepared, err)
	}
	if err := postgres.Discard(t.Context(), url, "first"); err != nil {
		t.Fatal(err)
	}
	somebody, err := postgres.NewBuild(t.Context(), url, "somebody else")
	if err != nil {
		t.Fatal(err)
	}
	refused("begins again", append(serve, "--store", url)...)
	refused("exists already", "migrate", "--to", url)
	h.laurel(t, 0, "", "check", "--data", data)
	if err := somebody.Close(); err != nil {
		t.Fatal(err)
	}

	prepare("second", true)
	refused("it was moved to another one, postgres://elsewhere", serve...)
	refused("Serve that one: name it with --store.", serve...)
	request := `{"achievement":"first-aid","recipient":{"name":"Later Person"},"awardedAt":"2025-07-11"}`
	save(t, filepath.Join(data, "request.json"), []byte(request))
	refused("it was moved to another one", "issue", filepath.Join(data, "request.json"))
	refused("it was moved to another one", "migrate", "--to", pgtest.Start(t))
	h.laurel(t, 0, "", "check", "--data", data)
	h.laurel(t, 0, "", "archive", "--data", data, filepath.Join(t.TempDir(), "archive"))
	copied := filepath.Join(t.TempDir(), "copy")
	h.laurel(t, 0, "", "backup", "--data", data, copied)
	h.laurel(t, 0, "", "restore", "--check", copied)
	if out := h.laurel(t, 0, "", "migrate", "--data", data, "--to", url); !strings.Contains(out, "It is now") {
		t.Error(out)
	}
	h.laurel(t, 0, request, "issue", "--data", data, "--store", url, "-")
	if out := h.laurel(t, 0, "", "check", "--data", data, "--store", url); !strings.Contains(out, "6 editions") {
		t.Error(out)
	}
	refused("it was moved to another one", serve...)
}

// TestSecretsOfBackups: what is named to open a backup is closed to others, and where
// it does not open it, it is itself named, with what to do.
func TestSecretsOfBackups(t *testing.T) {
	data, h := lifetime(t, "http://localhost:8080")
	folder := t.TempDir()
	copied := filepath.Join(folder, "copy")
	h.laurel(t, 0, "", "backup", "--data", data, copied)
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(folder, name)
		save(t, path, []byte(text))
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	stranger := filepath.Join(folder, "stranger")
	h.laurel(t, 0, "", "init", "--data", stranger, "--base-url", "http://localhost:8080", "--issuer", "city-academy", "--name", "City Academy", "--alg", "EdDSA")
	passphrase, open := file("passphrase", "correct horse\n", 0o600), file("open", "correct horse\n", 0o644)
	into := filepath.Join(folder, "into")
	const copyOf = "Name the copy of keys/seal.key"
	for _, c := range []struct {
		what, named string
		says        string
		args        []string
	}{
		{"a passphrase for a key file", passphrase, copyOf, []string{"restore", "--seal-key", passphrase}},
		{"the key file of another folder", filepath.Join(stranger, "keys", "seal.key"), copyOf, []string{"restore", "--seal-key", filepath.Join(stranger, "keys", "seal.key")}},
		{"no key file", filepath.Join(folder, "none"), copyOf, []string{"restore", "--seal-key", filepath.Join(folder, "none")}},
		{"a passphrase that others can read", "--passphrase-file " + open, "chmod 0600 " + open, []string{"restore", "--passphrase-file", open}},
		{"an identity that others can read", "--identity " + open, "chmod 0600 " + open, []string{"restore", "--identity", open}},
		{"a passphrase that others can read, to encrypt with", "--passphrase-file " + open, "chmod 0600 " + open, []string{"backup", "--passphrase-file", open}},
	} {
		args := append(c.args, "--data", into, copied)
		if c.args[0] == "backup" {
			args = append(c.args, "--data", data, filepath.Join(folder, "another"))
		}
		said := h.fails(t, args...)
		if strings.Count(said, "\n") != 1 || !strings.Contains(said, c.named) || !strings.Contains(said, c.says) || strings.Contains(said, "unfinished") || strings.Contains(said, "correct horse") {
			t.Errorf("%s: %s", c.what, said)
		}
	}
	if found, err := filepath.Glob(into + "*"); err != nil || len(found) > 0 {
		t.Errorf("left behind: %q, %v", found, err)
	}
}

// forAnother is a database for one who may do nothing in it.
func forAnother(t *testing.T, database string) string {
	t.Helper()
	role := fmt.Sprintf("nobody_%d", time.Now().UnixNano())
	pgtest.Exec(t, database, "CREATE ROLE "+role+" LOGIN; DO $$ BEGIN EXECUTE 'GRANT USAGE ON SCHEMA ' || current_schema() || ' TO "+role+"'; END $$")
	t.Cleanup(func() { pgtest.Exec(t, database, "DROP OWNED BY "+role+"; DROP ROLE "+role) })
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(role)
	return u.String()
}

// layouts are backups of stores that released versions wrote, one for each
// layout there was. Their people are invented, and the passphrase is no secret.
const layoutPassphrase = "the people in it are invented"

// TestEveryLayout: what was ever written can be read.
func TestEveryLayout(t *testing.T) {
	if name := os.Getenv("LAYOUT_WRITE"); name != "" { // to make one of today's
		data, h := lifetime(t, "http://localhost:8080")
		pass := filepath.Join(t.TempDir(), "pass")
		save(t, pass, []byte(layoutPassphrase))
		h.laurel(t, 0, "", "backup", "--data", data, "--passphrase-file", pass, name)
	}
	found, err := filepath.Glob("testdata/layout-*.backup")
	if err != nil || len(found) == 0 {
		t.Fatalf("%q, %v", found, err)
	}
	for _, name := range found {
		h := &home{}
		pass := filepath.Join(t.TempDir(), "pass")
		save(t, pass, []byte(layoutPassphrase))
		data := filepath.Join(t.TempDir(), "data")
		h.laurel(t, 0, "", "restore", name, "--passphrase-file", pass, "--data", data, "--accept-rollback")
		if out := h.laurel(t, 0, "", "check", "--data", data); !strings.Contains(out, "5 editions") {
			t.Errorf("%s: %s", name, out)
		}
		h.laurel(t, 0, "", "audit", "verify", "--data", data)
		request := `{"achievement":"first-aid","recipient":{"name":"Later Person"},"awardedAt":"2025-07-11"}`
		h.laurel(t, 0, request, "issue", "--data", data, "-")
	}
}

// TestBackupsUnderLoad takes backups while badges are issued as fast as can be.
// Each is a prefix of the history: it has every badge that was acknowledged
// before it began, restores and passes the check. Readers that go away in the
// middle leave nothing that passes for a backup.
func TestBackupsUnderLoad(t *testing.T) {
	data, h := lifetime(t, "http://localhost:8080")
	s := defaults()
	s.data = data
	svc, err := open(t.Context(), s, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer svc.store.Close()
	_, token, err := svc.tokens.Create(t.Context(), auth.Token{Scopes: auth.Scopes(), Issuers: []string{auth.Any}, Source: auth.Any})
	if err != nil {
		t.Fatal(err)
	}
	admin, err := svc.listenAdmin()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- svc.run(ctx, doors{public: listener, admin: admin}, func() {}) }()
	var mu sync.Mutex
	var acknowledged []string
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				body := fmt.Sprintf(`{"achievement":"first-aid","recipient":{"name":"Busy Person %d-%d"},"awardedAt":"2025-07-11"}`, c, n)
				id, err := issueOver(ctx, "http://"+listener.Addr().String(), token, body)
				if err != nil {
					if ctx.Err() == nil {
						t.Error(err)
					}
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, id)
				mu.Unlock()
			}
		})
	}
	folder := t.TempDir()
	var counts []int
	var before []string
	for n := range 3 {
		time.Sleep(300 * time.Millisecond)
		for more, end := len(before)+1, time.Now().Add(2*time.Minute); len(before) < more && time.Now().Before(end); time.Sleep(time.Millisecond) {
			mu.Lock()
			before = slices.Clone(acknowledged)
			mu.Unlock()
		}
		name := filepath.Join(folder, fmt.Sprint("backup-", n))
		h.laurel(t, 0, "", "backup", "--data", data, name)
		has := map[string]bool{}
		_, totals, err := readBackup(name, backup.Key{}, backup.Taker{Record: func(key, _ []byte) error {
			has[strings.TrimPrefix(string(key), "n/")] = true
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range before {
			if !has[id] {
				t.Errorf("%s was acknowledged before the backup began, and is not in it", id)
			}
		}
		counts = append(counts, totals.Kinds["n"])
		short, cancel := context.WithTimeout(t.Context(), time.Duration(n)*time.Millisecond)
		p := &program{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
		if p.exit(short, []string{"backup", "--data", data, filepath.Join(folder, "interrupted")}) == 0 {
			_ = os.Remove(filepath.Join(folder, "interrupted")) // it was faster
		}
		cancel()
	}
	stop()
	clients.Wait()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("%d badges acknowledged, backups with %v", len(acknowledged), counts)
	if counts[2] <= counts[0] {
		t.Error("nothing was issued between the backups")
	}
	for n := range counts {
		name := filepath.Join(folder, fmt.Sprint("backup-", n))
		into := filepath.Join(folder, fmt.Sprint("restored-", n))
		h.laurel(t, 0, "", "restore", name, "--seal-key", filepath.Join(data, "keys", "seal.key"), "--data", into)
		h.laurel(t, 0, "", "check", "--data", into)
		h.laurel(t, 0, "", "audit", "verify", "--data", into)
		if said := h.fails(t, "serve", "--data", into, "--listen", "127.0.0.1:0"); !strings.Contains(said, "--accept-rollback") {
			t.Errorf("what happened since the backup is forgotten, and it serves: %s", said)
		}
	}
	left, err := filepath.Glob(filepath.Join(folder, "*unfinished*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if _, err := os.Stat(filepath.Join(folder, "interrupted")); err == nil {
		t.Error("an interrupted backup has its name")
	}
}

func issueOver(ctx context.Context, base, token, body string) (id string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/v1/credentials", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Host = "localhost:8080"
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var issued struct{ ID string }
	if err := json.NewDecoder(resp.Body).Decode(&issued); err != nil || resp.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%s: %w", resp.Status, err)
	}
	return issued.ID, nil
}
