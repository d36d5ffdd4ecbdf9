package main

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// The files of an archive that are about it: what each file answers to, and the
// digests alone in the form of sha256sum.
const (
	archiveIndex = "index.json"
	archiveSums  = "SHA256SUMS"
)

// archivedFile is an entry of the index. One without a file is of what was erased
// (410), or of a JWT that could not be made (503).
type archivedFile struct {
	Address string `json:"address"` // below the base URL
	Status  int    `json:"status"`
	File    string `json:"file,omitempty"`
	Type    string `json:"mediaType,omitempty"`
	Size    int64  `json:"size,omitempty"` // bytes
	SHA256  string `json:"sha256,omitempty"`
}

func (p *program) archive(ctx context.Context, args []string) error {
	s, operands, err := p.manage("archive", args, "FOLDER", nil)
	if err != nil {
		return err
	}
	if len(operands) != 1 {
		return usagef("archive takes the name of one new folder")
	}
	return p.keepArchive(ctx, s, filepath.Clean(operands[0]))
}

// keepArchive writes an archive under another name, and gives it its own when it
// is whole.
func (p *program) keepArchive(ctx context.Context, s *settings, name string) (err error) {
	if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
		return errors.Join(usagef("%s is there already; give each archive a name of its own", name), err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends what writes into a pipe that nobody reads any more
	from, err := archiveStream(ctx, s)
	if err != nil {
		return err
	}
	defer from.Close()
	parent := filepath.Dir(name)
	folder, err := os.MkdirTemp(parent, filepath.Base(name)+".*.unfinished")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }() // after the renaming it is not there
	k, err := p.unpackArchive(from, folder)
	if err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(folder, 0o755), syncFolder(folder)); err != nil { //nolint:gosec // it is for everybody
		return err
	}
	if err := os.Rename(folder, name); err != nil {
		return err
	}
	fmt.Fprintf(p.stderr, "%s is whole: %d files, and %d addresses without one, of what was erased or never made. Any web server can answer with it: docs/operations.md, Archive.\n", name, k.files, k.gone)
	return syncFolder(parent)
}

// keeper writes files and the index over them.
type keeper struct {
	folder      string
	index, sums *bufio.Writer
	files, gone int
}

func (p *program) unpackArchive(from io.Reader, folder string) (k *keeper, err error) {
	in := tar.NewReader(from)
	var begin archiveBegin
	if err := readNote(in, tarBegin, &begin); err != nil {
		return nil, err
	}
	k = &keeper{folder: folder}
	var about [2]*os.File
	for n, name := range []string{archiveIndex, archiveSums} {
		file, err := newFile(folder, name)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		about[n] = file
	}
	k.index, k.sums = bufio.NewWriter(about[0]), bufio.NewWriter(about[1])
	head, err := json.Marshal(begin)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(k.index, "{\"laurelArchive\":1,%s,\"files\":[", head[1:len(head)-1])
	if err := k.all(in, p.counter("written")); err != nil {
		return nil, err
	}
	fmt.Fprint(k.index, "\n]}\n")
	return k, errors.Join(k.index.Flush(), k.sums.Flush(), about[0].Sync(), about[1].Sync())
}

// errCutShort: the service ended, or met something that it could not serve; its
// log says which.
var errCutShort = errors.New("the archive was cut short; the log of the service says why")

func readNote(in *tar.Reader, name string, v any) error {
	h, err := in.Next()
	if err != nil {
		return cutShort(err)
	}
	if h.Name != name {
		return fmt.Errorf("the archive begins with %q", h.Name)
	}
	return json.NewDecoder(in).Decode(v)
}

func cutShort(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errCutShort
	}
	return err
}

// all takes entries up to the last one, which says how many there are.
func (k *keeper) all(in *tar.Reader, count func(key, value []byte) error) error {
	for {
		h, err := in.Next()
		if err != nil {
			return cutShort(err)
		}
		if h.Name == tarEnd {
			var end archiveEnd
			if err := json.NewDecoder(in).Decode(&end); err != nil {
				return cutShort(err)
			}
			if end.Entries != k.files+k.gone {
				return errCutShort
			}
			return nil
		}
		if err := errors.Join(k.entry(h, in), count(nil, nil)); err != nil {
			return err
		}
	}
}

func (k *keeper) entry(h *tar.Header, in io.Reader) error {
	e := archivedFile{Address: h.PAXRecords[tarAddress], Type: h.PAXRecords[tarType], Size: h.Size}
	var err error
	if e.Status, err = strconv.Atoi(h.PAXRecords[tarStatus]); err != nil {
		return fmt.Errorf("an entry of the archive: %w", err)
	}
	if e.Status == http.StatusOK {
		if e.SHA256, err = k.file(h.Name, in); err != nil {
			return cutShort(err)
		}
		e.File = h.Name
		fmt.Fprintf(k.sums, "%s  %s\n", e.SHA256, e.File)
	}
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	if k.files+k.gone > 0 {
		fmt.Fprint(k.index, ",")
	}
	if e.File == "" {
		k.gone++
	} else {
		k.files++
	}
	_, err = fmt.Fprintf(k.index, "\n%s", line)
	return err
}

func (k *keeper) file(name string, in io.Reader) (digest string, err error) {
	if !filepath.IsLocal(name) || path.Clean(name) != name {
		return "", fmt.Errorf("%q is no name of a file in an archive", name)
	}
	out, err := newFile(k.folder, name)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), in)
	return hex.EncodeToString(sum.Sum(nil)), errors.Join(err, out.Close())
}

// newFile makes a file that was not there, for everybody to read.
func newFile(folder, name string) (*os.File, error) {
	at := filepath.Join(folder, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil { //nolint:gosec // it is for everybody
		return nil, err
	}
	return os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // it is for everybody
}
