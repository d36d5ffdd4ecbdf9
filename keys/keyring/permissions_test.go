//go:build unix

package keyring

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"laurel/keys"
)

func TestOpenToOthers(t *testing.T) {
	seal := passphraseSeal(t, "correct horse")
	for name, c := range map[string]struct {
		file func(dir string) string
		mode os.FileMode
	}{
		"folder, listed by others": {func(dir string) string { return dir }, 0o755},
		"folder, entered by group": {func(dir string) string { return dir }, 0o710},
		"key, read by others":      {func(dir string) string { return keyPath(t, dir) }, 0o644},
		"key, read by group":       {func(dir string) string { return keyPath(t, dir) }, 0o640},
		"key, written by others":   {func(dir string) string { return keyPath(t, dir) }, 0o602},
		"seal, read by others":     {func(dir string) string { return filepath.Join(dir, sealPassphrase) }, 0o644},
	} {
		dir, _ := create(t, seal, keys.EdDSA)
		path := c.file(dir)
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, seal); !errors.Is(err, ErrPermissions) || !strings.Contains(err.Error(), "chmod") || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	loose := t.TempDir()
	if err := os.Chmod(loose, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(loose, Seal{}); !errors.Is(err, ErrPermissions) || len(content(t, loose)) != 0 {
		t.Errorf("made in an open folder: %v", err)
	}
}

func TestOwnedByAnother(t *testing.T) {
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("root is missing, and in CI it must be there")
		}
		t.Skip("NOT TESTED: root is missing, and only root can give a file away, so files of others were not tried")
	}
	for _, file := range []func(dir string) string{
		func(dir string) string { return dir },
		func(dir string) string { return keyPath(t, dir) },
		func(dir string) string { return filepath.Join(dir, sealKeyFile) },
	} {
		dir, _ := create(t, Seal{}, keys.EdDSA)
		path := file(dir)
		if err := os.Chown(path, 12345, -1); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, Seal{}); !errors.Is(err, ErrPermissions) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// A pipe must be refused, not waited for.
func TestPipe(t *testing.T) {
	dir, _ := create(t, Seal{}, keys.EdDSA)
	if err := syscall.Mkfifo(filepath.Join(dir, "main.x.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, Seal{}); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
	pipe := filepath.Join(t.TempDir(), "passphrase")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := SealFromPassphraseFile(pipe); !errors.Is(err, ErrDamaged) {
		t.Error(err)
	}
}
