// Package keyringtest spares tests the making of keys: that of an RSA key takes
// longer than most of what is tested with it.
package keyringtest

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// made are the files of folders with keys, by the name of the folder.
var made = struct {
	sync.Mutex
	files map[string]map[string][]byte
}{files: map[string]map[string][]byte{}}

// Folder is a folder with keys, of the test alone. The first that asks for a name
// has it filled; who asks afterwards, in the same process, gets a copy of what was
// there then.
func Folder(t testing.TB, name string, fill func(folder string)) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "keys")
	made.Lock()
	defer made.Unlock()
	files, ok := made.files[name]
	if !ok {
		fill(folder)
		made.files[name] = read(t, folder)
		return folder
	}
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func read(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range found {
		if files[f.Name()], err = os.ReadFile(filepath.Join(folder, f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return files
}
