package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"laurel/store"
)

// Why a backup cannot be read.
var (
	// ErrNotBackup: it does not begin like one.
	ErrNotBackup = errors.New("backup: this is no backup of laurel")
	// ErrDamaged: it was cut short or changed since it was written.
	ErrDamaged = errors.New("backup: damaged or cut short")
	// ErrNewer: a later version of this program wrote it.
	ErrNewer = errors.New("backup: written by a newer version of laurel")
	// ErrEncrypted: a key or a passphrase is needed.
	ErrEncrypted = errors.New("backup: encrypted")
	// ErrWrongKey: what was given does not open it.
	ErrWrongKey = errors.New("backup: the key does not open it")
	// ErrGivenUp: whoever wrote it could not go on, and said why in its place.
	ErrGivenUp = errors.New("backup: given up")
)

// Format is the number of the form that is written. Backups are kept for years:
// a new form gets a new number and this one stays readable.
const Format = 1

const (
	beginning = "laurel-backup "
	maxLine   = len(beginning) + 12
	maxText   = 1 << 20 // of a manifest, the totals or a file, in bytes
	buffer    = 1 << 16
	maxFiles  = 4096
	maxKept   = 16 << 20 // of all files together, in bytes
	maxKinds  = 256
)

// The parts, by their first byte. After it come the length of what follows, as
// an unsigned varint, and that; after the end, the digest.
const (
	partManifest = 'M'
	partFile     = 'F' // length of the name, name, content
	partRecord   = 'R' // length of the key, key, value
	partEnd      = 'E'
	partGivenUp  = 'X' // why, as text
)

// Manifest says what a backup is of.
type Manifest struct {
	Made       time.Time `json:"made"`                // when its snapshot was taken
	Program    string    `json:"program"`             // version of who wrote it
	BaseURL    string    `json:"baseUrl"`             // that the store issues for
	Schema     int       `json:"schema"`              // number of the layout of the records
	Seal       string    `json:"seal"`                // how the keys in it are opened: one of the constants
	LogSize    int64     `json:"logSize"`             // entries of the audit log that have their place
	Checkpoint string    `json:"checkpoint,omitzero"` // the newest that was signed
}

// What Manifest.Seal says.
const (
	SealPassphrase = "passphrase" // by a passphrase, which is not in the backup
	SealIncluded   = "included"   // by a key file in the backup
	SealKeptBack   = "kept back"  // by a key file that is not in the backup
)

// Totals are what a backup ends with.
type Totals struct {
	Files   int            `json:"files"`
	Records int            `json:"records"`
	Bytes   int64          `json:"bytes"` // of keys and values
	Kinds   map[string]int `json:"kinds"` // records by what stands before the first slash of their key
}

// add counts a record, unless it is of one kind too many: whoever made a backup
// does not say how much memory is taken by who reads it.
func (t *Totals) add(key, value []byte) error {
	kind, _, _ := bytes.Cut(key, []byte("/"))
	if _, known := t.Kinds[string(kind)]; !known && len(t.Kinds) >= maxKinds {
		return fmt.Errorf("it has records of more than the %d kinds that there may be", maxKinds)
	}
	t.Records++
	t.Bytes += int64(len(key) + len(value))
	t.Kinds[string(kind)]++
	return nil
}

// addFile counts a file, of which there are kept bytes in all, likewise.
func (t *Totals) addFile(kept int) error {
	switch {
	case t.Files >= maxFiles:
		return fmt.Errorf("it has more than the %d files that there may be", maxFiles)
	case kept > maxKept:
		return fmt.Errorf("its files have more than the %d MiB that they may have together", maxKept>>20)
	}
	t.Files++
	return nil
}

// Writer writes a backup. It is a store.Sink, for one goroutine.
type Writer struct {
	out    *bufio.Writer
	digest hash.Hash
	totals Totals
	kept   int    // bytes of files
	last   []byte // key
	err    error  // the first failure
}

// NewWriter begins a backup.
func NewWriter(out io.Writer, m Manifest) (*Writer, error) {
	w := &Writer{out: bufio.NewWriterSize(out, buffer), digest: sha256.New(), totals: Totals{Kinds: map[string]int{}}}
	w.write(fmt.Appendf(nil, "%s%d\n", beginning, Format))
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encoding the manifest: %w", err)
	}
	w.part(partManifest, raw)
	return w, w.err
}

// File adds a file, by its plain name. Files come before records.
func (w *Writer) File(name string, content []byte) error {
	if !isFileName(name) || len(content) > maxText-len(name)-binary.MaxVarintLen64 {
		return fmt.Errorf("backup: %q of %d bytes cannot be kept", name, len(content))
	}
	w.kept += len(name) + len(content)
	if err := w.totals.addFile(w.kept); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	w.part(partFile, binary.AppendUvarint(nil, uint64(len(name))), []byte(name), content)
	return w.err
}

// Append implements store.Sink.
func (w *Writer) Append(ctx context.Context, key, value []byte) error {
	if err := errors.Join(ctx.Err(), store.CheckKey(key), store.CheckValue(value)); err != nil {
		return err
	}
	if bytes.Compare(key, w.last) <= 0 {
		return fmt.Errorf("backup: the record %q does not come behind %q", key, w.last)
	}
	if err := w.totals.add(key, value); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	w.last = key
	w.part(partRecord, binary.AppendUvarint(nil, uint64(len(key))), key, value)
	return w.err
}

// Close ends the backup. Without it, it is none.
func (w *Writer) Close() (Totals, error) {
	raw, err := json.Marshal(w.totals)
	if err != nil {
		return Totals{}, fmt.Errorf("encoding the totals: %w", err)
	}
	w.part(partEnd, raw)
	w.write(w.digest.Sum(nil))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.totals, w.err
}

// GiveUp ends what will be no backup with the reason, for who reads it from
// afar.
func (w *Writer) GiveUp(why error) error {
	text := why.Error()
	w.part(partGivenUp, []byte(text[:min(len(text), 1000)]))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	return w.err
}

func (w *Writer) part(kind byte, payload ...[]byte) {
	size := 0
	for _, p := range payload {
		size += len(p)
	}
	w.write(binary.AppendUvarint([]byte{kind}, uint64(size)))
	for _, p := range payload {
		w.write(p)
	}
}

func (w *Writer) write(b []byte) {
	if w.err == nil {
		w.digest.Write(b)
		_, w.err = w.out.Write(b)
	}
}

// isFileName holds for names that lead nowhere but into the folder they are
// written in.
func isFileName(name string) bool {
	return name != "" && len(name) < 256 && name[0] != '.' && !strings.ContainsAny(name, "/\\\x00")
}
