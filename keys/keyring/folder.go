package keyring

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keySuffix  = ".json"
	folderMode = 0o700
	fileMode   = 0o600
	maxFile    = 64 << 10 // bytes; an RSA key needs about 5 kB
)

// folder is where the keys lie. Every visit opens it anew through os.Root, so
// that no name in it leads out of it.
type folder struct{ path string }

func (f folder) join(name string) string { return filepath.Join(f.path, name) }

// make creates the folder if it is not there.
func (f folder) make() error {
	if _, err := os.Stat(f.path); err == nil {
		return nil
	}
	if err := os.MkdirAll(f.path, folderMode); err != nil {
		return fmt.Errorf("making the folder for keys: %w", err)
	}
	return syncFolder(filepath.Dir(f.path))
}

// listing is what a folder holds. Other files, such as the lost+found of a
// mounted disk or a temporary file left by a crash, are passed over.
type listing struct{ keys, seals []string }

func (f folder) list() (listing, error) {
	var l listing
	root, err := f.open()
	if err != nil {
		return l, err
	}
	defer root.Close()
	found, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return l, fmt.Errorf("listing %s: %w", f.path, err)
	}
	for _, file := range found {
		switch name := file.Name(); {
		case name == sealKeyFile || name == sealPassphrase:
			l.seals = append(l.seals, name)
		case strings.HasSuffix(name, keySuffix) && !strings.HasPrefix(name, "."):
			l.keys = append(l.keys, name)
		}
	}
	return l, nil
}

// open refuses a folder that others can look into.
func (f folder) open() (*os.Root, error) {
	root, err := os.OpenRoot(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s does not exist; if keys were made before, is the right disk mounted? New ones are made by laurel init", ErrMissing, f.path)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the folder of keys: %w", err)
	}
	info, err := root.Stat(".")
	if err == nil {
		err = closedToOthers(info, f.path, folderMode)
	}
	if err != nil {
		_ = root.Close()
		return nil, err
	}
	return root, nil
}

func (f folder) read(name string) ([]byte, error) {
	root, err := f.open()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// Not a link, and nothing that blocks when it is opened.
	if info, err := root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a plain file", ErrDamaged, f.join(name))
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", f.join(name), err)
	}
	defer file.Close()
	return readPrivate(file, f.join(name))
}

// readPrivateFile reads a file outside the folder under the same rules.
func readPrivateFile(path string) ([]byte, error) {
	info, err := os.Stat(path) // opening a pipe would wait
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a plain file", ErrDamaged, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readPrivate(file, path)
}

// readPrivate looks at the permissions of the file that is open, not of one
// that may have taken its name since.
func readPrivate(file *os.File, path string) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("looking at %s: %w", path, err)
	}
	if err := closedToOthers(info, path, fileMode); err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	if len(raw) > maxFile {
		return nil, fmt.Errorf("%w: %s has more than %d bytes", ErrDamaged, path, maxFile)
	}
	return raw, nil
}

// create stores a new file, whole and durable, or none: it is written under
// another name and then linked, which fails where the name is taken. Writing
// it in place would leave half a key after a crash.
func (f folder) create(name string, data []byte) error {
	return f.store(name, data, (*os.Root).Link)
}

// replace stores a file in the place of an older one, whole and durable.
func (f folder) replace(name string, data []byte) error {
	return f.store(name, data, (*os.Root).Rename)
}

func (f folder) store(name string, data []byte, settle func(root *os.Root, from, to string) error) error {
	root, err := f.open()
	if err != nil {
		return err
	}
	defer root.Close()
	draft := "." + name + "." + rand.Text()
	defer func() { _ = root.Remove(draft) }() // gone already where all went well
	if err := writeFile(root, draft, data); err != nil {
		return err
	}
	if err := settle(root, draft, name); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s; nothing was changed", ErrExists, f.join(name))
	} else if err != nil {
		return err
	}
	return syncFolder(f.path)
}

func writeFile(root *os.Root, name string, data []byte) error {
	file, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}
