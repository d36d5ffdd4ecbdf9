package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// published reads one of the publishers' files as JSON.
func published(t *testing.T, name string) any {
	t.Helper()
	return decode(t, publishedBytes(t, name))
}

// publishedBytes reads one of the publishers' files, which are not part of this
// repository. Where they are missing the test is skipped, but never in CI.
func publishedBytes(t *testing.T, name string) []byte {
	t.Helper()
	folder := os.Getenv("SPEC_FILES")
	if folder == "" {
		folder = filepath.Join(repositoryRoot(t), "..", "shared", "spec", "files")
	}
	b, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if err == nil {
		return b
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI needs the published files: %v", err)
	}
	t.Skipf("NOT COMPARED WITH THE PUBLISHED FILE, set SPEC_FILES to its folder: %v", err)
	return nil
}

func repositoryRoot(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		up := filepath.Dir(folder)
		if up == folder {
			t.Fatal("no go.mod above the test")
		}
		folder = up
	}
}

// decode keeps numbers as they are written.
func decode(t *testing.T, b []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// digest is the sha256 of a tree as JSON with sorted names.
func digest(tree any) string {
	sum := sha256.Sum256(encode(tree))
	return hex.EncodeToString(sum[:])
}
