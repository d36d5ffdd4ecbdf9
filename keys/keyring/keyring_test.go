package keyring

import (
	"bytes"
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"laurel/internal/strictjson"
	"laurel/keys"
)

const controller = "did:web:school.example:issuers:main"

// passphraseSeal is a seal that costs little.
func passphraseSeal(t *testing.T, passphrase string) Seal {
	t.Helper()
	path := filepath.Join(t.TempDir(), "passphrase")
	write(t, path, passphrase+"\n", 0o600)
	s, err := SealFromPassphraseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s.workFactor = 8
	return s
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// create makes a folder with one key for each algorithm named.
func create(t *testing.T, seal Seal, algs ...keys.Algorithm) (dir string, r *Ring) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "keys")
	r, err := Create(dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	for _, alg := range algs {
		generate1(t, r, alg)
	}
	return dir, r
}

func generate1(t *testing.T, r *Ring, alg keys.Algorithm) keys.VerificationMethod {
	t.Helper()
	m, err := r.Generate(t.Context(), "main", controller, alg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func open(t *testing.T, dir string, seal Seal) *Ring {
	t.Helper()
	r, err := Open(dir, seal)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// content is the folder byte for byte.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[f.Name()] = string(raw)
	}
	return all
}

func keyPath(t *testing.T, dir string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	return found[0]
}

func TestKeysSurviveReopening(t *testing.T) {
	for name, seal := range map[string]Seal{"key file": {}, "passphrase": passphraseSeal(t, "correct horse")} {
		t.Run(name, func(t *testing.T) {
			algs := []keys.Algorithm{keys.EdDSA, keys.ES256, keys.ES384}
			if name == "key file" {
				algs = append(algs, keys.RS256)
			}
			dir, made := create(t, seal, algs...)
			r := open(t, dir, seal)
			if !slices.EqualFunc(r.Keys(), made.Keys(), sameInfo) {
				t.Fatalf("made %+v, read %+v", made.Keys(), r.Keys())
			}
			published, err := r.Issuer("main").Published(t.Context())
			if err != nil || len(published) != len(algs) {
				t.Fatalf("%v, %v", published, err)
			}
			raw, err := keys.Document(controller, published)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := keys.ParseControllerDocument(raw, controller)
			if err != nil {
				t.Fatal(err)
			}
			for _, alg := range algs {
				s, err := r.Issuer("main").Active(t.Context(), alg)
				if err != nil {
					t.Fatal(err)
				}
				signature, err := s.Sign(t.Context(), []byte("a badge"))
				if err != nil {
					t.Fatal(err)
				}
				// What verifiers see is the published document.
				m, err := doc.Method(s.Method().ID)
				if err != nil || !m.Assertion {
					t.Fatalf("%s: %+v, %v", alg, m, err)
				}
				if err := m.Verify([]byte("a badge"), signature); err != nil {
					t.Errorf("%s: %v", alg, err)
				}
				if got, _ := m.Algorithm(); got != alg {
					t.Errorf("%s signs %s", alg, got)
				}
			}
		})
	}
}

func sameInfo(a, b keys.Info) bool {
	return a.Issuer == b.Issuer && a.ID == b.ID && a.Method.ID == b.Method.ID && a.Method.Controller == b.Method.Controller &&
		a.Algorithm == b.Algorithm && a.State == b.State && a.Signs == b.Signs && a.Activates.Equal(b.Activates) && a.Revoked.Equal(b.Revoked) && a.Created.Equal(b.Created) && a.Retired.Equal(b.Retired)
}

func TestMethodIDs(t *testing.T) {
	_, r := create(t, Seal{}, keys.EdDSA, keys.RS256)
	infos := r.Keys()
	text, err := keys.Multikey(infos[0].Method.Public)
	if err != nil || infos[0].ID != text || infos[0].Method.ID != controller+"#"+text {
		t.Errorf("EdDSA: %+v, %v", infos[0], err)
	}
	thumbprint, err := keys.Thumbprint(infos[1].Method.Public)
	if err != nil || infos[1].ID != thumbprint || infos[1].Method.ID != controller+"#"+thumbprint {
		t.Errorf("RS256: %+v, %v", infos[1], err)
	}
	m, err := r.Generate(t.Context(), "demo", "", keys.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := keys.ParseDIDKey(m.Controller)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := doc.Method(m.ID); err != nil || !got.Assertion {
		t.Errorf("did:key: %+v, %v", got, err)
	}
	if got := r.Issuers(); !slices.Equal(got, []string{"demo", "main"}) {
		t.Errorf("issuers %v", got)
	}
}

func TestGenerateRefusals(t *testing.T) {
	dir, r := create(t, Seal{})
	before := content(t, dir)
	for name, c := range map[string]struct {
		slug, controller string
		alg              keys.Algorithm
	}{
		"no slug":            {"", controller, keys.EdDSA},
		"a path":             {"../main", controller, keys.EdDSA},
		"a dot":              {"a.b", controller, keys.EdDSA},
		"upper case":         {"Main", controller, keys.EdDSA},
		"a hyphen first":     {"-a", controller, keys.EdDSA},
		"64 characters":      {strings.Repeat("a", 64), controller, keys.EdDSA},
		"a line end":         {"main\n", controller, keys.EdDSA},
		"RSA as did:key":     {"main", "", keys.RS256},
		"somebody's did:key": {"main", "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2", keys.EdDSA},
		"did:jwk":            {"main", "did:jwk:e30", keys.EdDSA},
		"plain http":         {"main", "http://school.example", keys.EdDSA},
		"plain http, a name": {"main", "http://localhost.example", keys.EdDSA},
		"no scheme":          {"main", "school.example", keys.EdDSA},
		"a fragment":         {"main", controller + "#key", keys.EdDSA},
		"a query":            {"main", controller + "?a", keys.EdDSA},
		"a space":            {"main", "did:web:a b", keys.EdDSA},
		"not ASCII":          {"main", "did:web:é", keys.EdDSA},
		"long":               {"main", "did:web:" + strings.Repeat("a", 1020), keys.EdDSA},
		"no algorithm":       {"main", controller, ""},
		"HS256":              {"main", controller, "HS256"},
	} {
		if m, err := r.Generate(t.Context(), c.slug, c.controller, c.alg); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Generate(cancelled, "main", controller, keys.EdDSA); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if after := content(t, dir); len(after) != len(before) || len(r.Keys()) != 0 {
		t.Errorf("files %v", after)
	}
}

func TestFilesAreClosedToOthers(t *testing.T) {
	dir, _ := create(t, Seal{}, keys.EdDSA)
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder %v, %v", info.Mode(), err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("%v, %v: drafts left behind?", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 || !info.Mode().IsRegular() {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestCreateNeverOverwrites(t *testing.T) {
	dir, _ := create(t, Seal{}, keys.EdDSA)
	before := content(t, dir)
	for name, seal := range map[string]Seal{"the same seal": {}, "another": passphraseSeal(t, "x")} {
		if _, err := Create(dir, seal); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	after := content(t, dir)
	for name, text := range before {
		if after[name] != text {
			t.Errorf("%s was changed", name)
		}
	}
	f := folder{dir}
	for name := range before {
		if err := f.create(name, []byte("x")); !errors.Is(err, ErrExists) {
			t.Errorf("writing over %s: %v", name, err)
		}
	}
	if got := content(t, dir); len(got) != len(before) {
		t.Errorf("files %v", got)
	}
}

func TestInterruptedCreate(t *testing.T) {
	for name, seal := range map[string]Seal{"key file": {}, "passphrase": passphraseSeal(t, "correct horse")} {
		t.Run(name, func(t *testing.T) {
			dir, _ := create(t, seal)
			if _, err := Open(dir, seal); !errors.Is(err, ErrMissing) {
				t.Fatalf("a seal alone: %v", err)
			}
			before := content(t, dir)
			r, err := Create(dir, seal)
			if err != nil {
				t.Fatal(err)
			}
			if after := content(t, dir); after[seal.fileName()] != before[seal.fileName()] || len(after) != 1 {
				t.Fatal("the seal was changed")
			}
			generate1(t, r, keys.EdDSA)
			open(t, dir, seal)
		})
	}
	dir, _ := create(t, passphraseSeal(t, "one"))
	if _, err := Create(dir, passphraseSeal(t, "two")); !errors.Is(err, ErrSealed) {
		t.Errorf("carried on with another passphrase: %v", err)
	}
}

func TestOpenNeverMakesKeys(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "keys")
	if _, err := Open(missing, Seal{}); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), missing) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made: %v", err)
	}
	empty := t.TempDir()
	if err := os.Chmod(empty, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(empty, "lost+found"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(empty, Seal{}); !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), empty) {
		t.Errorf("empty: %v", err)
	}
	if files, err := os.ReadDir(empty); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
}

func TestSeals(t *testing.T) {
	const secret = "correct horse battery"
	byPassphrase := passphraseSeal(t, secret)
	locked, _ := create(t, byPassphrase, keys.EdDSA)
	plain, _ := create(t, Seal{}, keys.EdDSA)
	for name, c := range map[string]struct {
		dir  string
		seal Seal
		want error
	}{
		"wrong passphrase":        {locked, passphraseSeal(t, "wrong"), ErrSealed},
		"no passphrase":           {locked, Seal{}, ErrSealed},
		"passphrase for key file": {plain, byPassphrase, ErrSealed},
	} {
		_, err := Open(c.dir, c.seal)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.dir) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the passphrase is shown: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, dir string)
		want  error
	}{
		"seal lost": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, sealPassphrase)); err != nil {
				t.Fatal(err)
			}
		}, ErrDamaged},
		"two seals": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, sealKeyFile), "x", 0o600) }, ErrDamaged},
		"seal cut off": {func(t *testing.T, dir string) {
			path := filepath.Join(dir, sealPassphrase)
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, string(raw[:len(raw)/2]), 0o600)
		}, ErrDamaged},
		"seal of another folder": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, sealPassphrase)); err != nil {
				t.Fatal(err)
			}
			other, _ := create(t, byPassphrase)
			if err := os.Rename(filepath.Join(other, sealPassphrase), filepath.Join(dir, sealPassphrase)); err != nil {
				t.Fatal(err)
			}
		}, ErrSealed},
	} {
		dir, _ := create(t, byPassphrase, keys.EdDSA)
		c.spoil(t, dir)
		if _, err := Open(dir, byPassphrase); !errors.Is(err, c.want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, filepath.Join(plain, sealKeyFile), "AGE-SECRET-KEY-1XYZ\n", 0o600)
	if _, err := Open(plain, Seal{}); !errors.Is(err, ErrDamaged) || strings.Contains(err.Error(), "XYZ") {
		t.Errorf("key file damaged: %v", err)
	}
}

func TestPassphraseFile(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want error
	}{
		"good":           {"correct horse\r\n", 0o600, nil},
		"no line end":    {"correct horse", 0o400, nil},
		"empty":          {"", 0o600, ErrDamaged},
		"a line end":     {"\n", 0o600, ErrDamaged},
		"two lines":      {"a\nb\n", 0o600, ErrDamaged},
		"read by group":  {"a", 0o640, ErrPermissions},
		"read by others": {"a", 0o604, ErrPermissions},
		"very long":      {strings.Repeat("a", maxFile+1), 0o600, ErrDamaged},
	} {
		path := filepath.Join(dir, name)
		write(t, path, c.text, c.mode)
		s, err := SealFromPassphraseFile(path)
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err == nil && s.passphrase != "correct horse" {
			t.Errorf("%s: read %q", name, s.passphrase)
		}
	}
	if _, err := SealFromPassphraseFile(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing: %v", err)
	}
	if _, err := SealFromPassphraseFile(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("a folder: %v", err)
	}
}

// An operator can open a key with age alone.
func TestSealedFormIsPlainAge(t *testing.T) {
	dir, r := create(t, Seal{}, keys.ES256)
	identities, err := age.ParseIdentities(strings.NewReader(content(t, dir)[sealKeyFile]))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(keyPath(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := age.Decrypt(armor.NewReader(strings.NewReader(v.Get("sealed").Text())), identities...)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(text); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(plain.Bytes())
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(r.Keys()[0].Method.Public)
	if err != nil {
		t.Fatal(err)
	}
	own, err := x509.MarshalPKIXPublicKey(private.(crypto.Signer).Public())
	if err != nil || !bytes.Equal(public, own) {
		t.Errorf("another key, %v", err)
	}
}

func TestRotation(t *testing.T) {
	dir, r := create(t, Seal{}, keys.EdDSA)
	// A clock that was set back must not bring the old key back.
	r.now = func() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }
	first := r.Keys()[0].Method
	second, third := generate1(t, r, keys.EdDSA), generate1(t, r, keys.EdDSA)
	wantActive := func(r *Ring, want string) {
		t.Helper()
		s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA)
		if err != nil || s.Method().ID != want {
			t.Fatalf("active is %v, %v; want %s", s, err, want)
		}
	}
	wantActive(r, third.ID)
	wantActive(open(t, dir, Seal{}), third.ID)

	r.now = time.Now
	at := time.Date(2026, 11, 21, 10, 0, 0, 5, time.FixedZone("", 3600))
	retire := func(id string) {
		t.Helper()
		if err := r.Retire(t.Context(), "main", id, at); err != nil {
			t.Fatal(err)
		}
	}
	retire(third.ID)
	wantActive(r, second.ID)
	wantActive(open(t, dir, Seal{}), second.ID)
	before := content(t, dir)
	if err := r.Retire(t.Context(), "main", third.ID, at.Add(time.Hour)); err != nil {
		t.Errorf("again: %v", err)
	}
	for name, text := range content(t, dir) {
		if before[name] != text {
			t.Errorf("retiring again changed %s", name)
		}
	}
	retire(r.Keys()[0].ID)
	retire(second.ID)
	for _, ring := range []*Ring{r, open(t, dir, Seal{})} {
		if s, err := ring.Issuer("main").Active(t.Context(), keys.EdDSA); !errors.Is(err, keys.ErrNoActiveKey) {
			t.Errorf("all are retired: %v, %v", s, err)
		}
		published, err := ring.Issuer("main").Published(t.Context())
		if err != nil || len(published) != 3 {
			t.Fatalf("%v, %v", published, err)
		}
		for i, m := range []keys.VerificationMethod{first, second, third} {
			if published[i].ID != m.ID || !published[i].Assertion {
				t.Errorf("key %d: %+v", i, published[i])
			}
		}
		for _, info := range ring.Keys() {
			if info.State != keys.Retired || !info.Retired.Equal(at) {
				t.Errorf("%+v", info)
			}
		}
	}
	if files := content(t, dir); len(files) != 4 {
		t.Errorf("%d files: drafts left behind?", len(files))
	}
}

func TestRetireRefusals(t *testing.T) {
	_, r := create(t, Seal{}, keys.EdDSA)
	id := r.Keys()[0].ID
	for name, c := range map[string]struct {
		issuer, id string
		at         time.Time
		want       error
	}{
		"another issuer": {"other", id, time.Now(), keys.ErrMethodNotFound},
		"another key":    {"main", id[1:], time.Now(), keys.ErrMethodNotFound},
		"no key":         {"main", "", time.Now(), keys.ErrMethodNotFound},
		"no time":        {"main", id, time.Time{}, ErrInvalid},
	} {
		if err := r.Retire(t.Context(), c.issuer, c.id, c.at); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if r.Keys()[0].State != keys.Active {
		t.Error("retired all the same")
	}
}

func TestIssuersAreApart(t *testing.T) {
	_, r := create(t, Seal{}, keys.EdDSA)
	for _, slug := range []string{"", "other", "mai", "main2"} {
		if s, err := r.Issuer(slug).Active(t.Context(), keys.EdDSA); !errors.Is(err, keys.ErrNoActiveKey) {
			t.Errorf("%q: %v, %v", slug, s, err)
		}
		if list, err := r.Issuer(slug).Published(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%q: %v, %v", slug, list, err)
		}
	}
	for _, alg := range []keys.Algorithm{keys.ES256, keys.RS256, ""} {
		if s, err := r.Issuer("main").Active(t.Context(), alg); !errors.Is(err, keys.ErrNoActiveKey) {
			t.Errorf("%q: %v, %v", alg, s, err)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	dir, r := create(t, Seal{}, keys.EdDSA)
	first := r.Keys()[0].ID
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA)
				if err != nil {
					t.Error(err)
					return
				}
				signature, err := s.Sign(t.Context(), []byte("m"))
				if err != nil || s.Method().Verify([]byte("m"), signature) != nil {
					t.Errorf("signing: %v", err)
				}
				if _, err := r.Issuer("main").Published(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			if _, err := r.Generate(t.Context(), "main", controller, keys.EdDSA); err != nil {
				t.Error(err)
			}
			if err := r.Retire(t.Context(), "main", first, time.Now()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := open(t, dir, Seal{}).Keys(); len(got) != 3 || got[0].State != keys.Retired || got[2].State != keys.Active {
		t.Errorf("%+v", got)
	}
}
