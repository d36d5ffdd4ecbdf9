package keyring

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// File is one file of a folder of keys, as it stands there: what is secret in it
// is sealed, but for the file for which OpensAll holds.
type File struct {
	Name    string
	Content []byte
}

// OpensAll tells whether the file is a seal that opens every key beside it, and
// is locked by nothing itself.
func (f File) OpensAll() bool { return f.Name == sealKeyFile }

// Files reads a folder of keys for a copy of it, while nobody changes it. It
// opens no key. The error is as of Open.
func Files(dir string) ([]File, error) {
	f := folder{dir}
	unlock, err := f.lock()
	if err != nil {
		return nil, err
	}
	defer unlock()
	found, err := f.list()
	if err != nil {
		return nil, err
	}
	if len(found.keys) == 0 || len(found.seals) == 0 {
		return nil, fmt.Errorf("%w: %s does not hold keys and what opens them", ErrMissing, dir)
	}
	var files []File
	for _, name := range append(found.seals, found.keys...) {
		content, err := f.read(name)
		if err != nil {
			return nil, err
		}
		files = append(files, File{name, content})
	}
	return files, nil
}

// ReadSealKey reads a copy of a folder's key file that is kept elsewhere, under
// the rules for secrets in files. It has to open the keys among files: ErrSealed,
// ErrDamaged, ErrPermissions, or the error of the disk.
func ReadSealKey(path string, files []File) (File, error) {
	content, err := readPrivateFile(path)
	if err != nil {
		return File{}, err
	}
	l, err := lockIn(content, path)
	if err != nil {
		return File{}, err
	}
	if !slices.ContainsFunc(files, l.fits) {
		return File{}, fmt.Errorf("%w: %s opens none of the keys", ErrSealed, path)
	}
	return File{sealKeyFile, content}, nil
}

// fits tells whether a file holds a key that is sealed to this lock.
func (l lock) fits(f File) bool {
	e, err := decodeFile(f.Content)
	if err != nil {
		return false
	}
	plain, err := l.open(e.file.Sealed)
	clear(plain)
	return err == nil
}

// WriteFiles makes a folder of a copy of one. The folder must not be there:
// ErrExists. Open tells whether the keys are whole.
func WriteFiles(dir string, files []File) error {
	if err := os.Mkdir(dir, folderMode); errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: %s; nothing was changed", ErrExists, dir)
	} else if err != nil {
		return fmt.Errorf("making the folder for keys: %w", err)
	}
	f := folder{dir}
	for _, file := range files {
		if err := f.create(file.Name, file.Content); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(dir))
}
