package keys_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// specFile reads one of the published files, which are not part of the
// repository.
func specFile(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(specFolder(t), name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func specFolder(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("SPEC_FILES")
	if dir == "" {
		dir = filepath.Join(repositoryRoot(t), "..", "shared", "spec", "files")
	}
	if _, err := os.Stat(filepath.Join(dir, "vectors")); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("THE PUBLISHED VECTORS ARE MISSING: set SPEC_FILES to their folder")
		}
		t.Skip("THE PUBLISHED VECTORS ARE MISSING, NOTHING WAS COMPARED WITH THEM: set SPEC_FILES to their folder")
	}
	return dir
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = up
	}
}

func specJSON[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(specFile(t, name), &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}
