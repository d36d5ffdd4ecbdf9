package keyring

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"laurel/keys"
)

// No single changed byte of a key file may go unseen.
func TestEveryByteCounts(t *testing.T) {
	dir, r := create(t, Seal{}, keys.EdDSA)
	path := keyPath(t, dir)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		raw[i] ^= 1
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := r.load(filepath.Base(path), entry{}); !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Fatalf("byte %d changed: %v", i, err)
		}
		raw[i] ^= 1
	}
	for _, size := range []int{0, 1, len(raw) / 2, len(raw) - 3} {
		if err := os.WriteFile(path, raw[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Seal{}); !errors.Is(err, ErrDamaged) {
			t.Fatalf("cut off at %d: %v", size, err)
		}
	}
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir, Seal{})
}

// Files whose checksum is right, but which cannot be ours.
func TestFilesThatCannotBe(t *testing.T) {
	otherDir, _ := create(t, Seal{}, keys.EdDSA)
	other := readKeyFile(t, keyPath(t, otherDir))
	for name, c := range map[string]struct {
		change func(k, sibling *keyFile)
		want   error
	}{
		"a later version":              {func(k, _ *keyFile) { k.Version = 2 }, ErrDamaged},
		"an unknown state":             {func(k, _ *keyFile) { k.State = "lost" }, ErrDamaged},
		"revoked without a time":       {func(k, _ *keyFile) { k.State = "revoked" }, ErrDamaged},
		"active but revoked":           {func(k, _ *keyFile) { k.Revoked = k.Created }, ErrDamaged},
		"retired but revoked":          {func(k, _ *keyFile) { k.State, k.Retired, k.Revoked = "retired", k.Created, k.Created }, ErrDamaged},
		"activates some day":           {func(k, _ *keyFile) { k.Activates = "soon" }, ErrDamaged},
		"revoked at no time":           {func(k, _ *keyFile) { k.State, k.Revoked = "revoked", "0001-01-01T00:00:00Z" }, ErrDamaged},
		"created at no time":           {func(k, _ *keyFile) { k.Created = "" }, ErrDamaged},
		"active but retired":           {func(k, _ *keyFile) { k.Retired = k.Created }, ErrDamaged},
		"retired without a time":       {func(k, _ *keyFile) { k.State = "retired" }, ErrDamaged},
		"created never":                {func(k, _ *keyFile) { k.Created = "yesterday" }, ErrDamaged},
		"another issuer":               {func(k, _ *keyFile) { k.Issuer = "other" }, ErrDamaged},
		"another algorithm":            {func(k, _ *keyFile) { k.Algorithm = "ES256" }, ErrDamaged},
		"another id":                   {func(k, _ *keyFile) { k.ID = other.ID }, ErrDamaged},
		"another public key":           {func(k, _ *keyFile) { k.Public = other.Public }, ErrDamaged},
		"another key whole":            {func(k, s *keyFile) { *k = *s }, ErrDamaged},
		"the private key of a sibling": {func(k, s *keyFile) { k.Sealed = s.Sealed }, ErrDamaged},
		"sealed elsewhere":             {func(k, _ *keyFile) { k.Sealed = other.Sealed }, ErrSealed},
		"nothing sealed":               {func(k, _ *keyFile) { k.Sealed = "" }, ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			dir, r := create(t, Seal{}, keys.EdDSA, keys.EdDSA)
			infos := r.Keys()
			path := filepath.Join(dir, "main."+infos[0].ID+".json")
			k, sibling := readKeyFile(t, path), readKeyFile(t, filepath.Join(dir, "main."+infos[1].ID+".json"))
			c.change(&k, &sibling)
			raw, err := k.encode()
			if err != nil {
				t.Fatal(err)
			}
			write(t, path, string(raw), 0o600)
			if _, err := Open(dir, Seal{}); !errors.Is(err, c.want) || !strings.Contains(err.Error(), path) {
				t.Fatalf("%v, want %v", err, c.want)
			}
		})
	}
}

func readKeyFile(t *testing.T, path string) keyFile {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var k keyFile
	if err := json.Unmarshal(raw, &k); err != nil {
		t.Fatal(err)
	}
	return k
}

func TestFilesOfOtherKinds(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(t *testing.T, dir string)
		want error
	}{
		"a folder": {func(t *testing.T, dir string) {
			if err := os.Mkdir(filepath.Join(dir, "main.x.json"), 0o700); err != nil {
				t.Fatal(err)
			}
		}, ErrDamaged},
		"a link": {func(t *testing.T, dir string) {
			if err := os.Symlink(filepath.Base(keyPath(t, dir)), filepath.Join(dir, "main.x.json")); err != nil {
				t.Fatal(err)
			}
		}, ErrDamaged},
		"a very large file": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "main.x.json"), strings.Repeat(" ", maxFile+1), 0o600)
		}, ErrDamaged},
		"a copy": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, "copy.json"), content(t, dir)[filepath.Base(keyPath(t, dir))], 0o600)
		}, ErrDamaged},
		"a draft left by a crash": {func(t *testing.T, dir string) {
			write(t, filepath.Join(dir, ".main.x.json.ABC"), `{"version":1,`, 0o600)
			write(t, filepath.Join(dir, ".main.x.json"), `{"version":1,`, 0o600)
		}, nil},
		"a note": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "README"), "hello", 0o644) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir, _ := create(t, Seal{}, keys.EdDSA)
			c.put(t, dir)
			if _, err := Open(dir, Seal{}); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("%v, want %v", err, c.want)
			}
		})
	}
}

// A change that could not be stored has not happened.
func TestDiskGone(t *testing.T) {
	dir, r := create(t, Seal{}, keys.EdDSA)
	info := r.Keys()[0]
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if m, err := r.Generate(t.Context(), "main", controller, keys.EdDSA); !errors.Is(err, ErrMissing) {
		t.Errorf("made %+v, %v", m, err)
	}
	if err := r.Retire(t.Context(), "main", info.ID, info.Created); !errors.Is(err, ErrMissing) {
		t.Errorf("retired, %v", err)
	}
	s, err := r.Issuer("main").Active(t.Context(), keys.EdDSA)
	if err != nil || s.Method().ID != info.Method.ID || len(r.Keys()) != 1 {
		t.Errorf("active %v, %v", s, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the folder was made anew: %v", err)
	}
}
