package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"strconv"
	"strings"

	"laurel/store"
)

// Taker is given what a backup holds, in its order. Until Read has returned
// without an error none of it may count: what the digest is over is known only
// at the end.
type Taker struct {
	Manifest func(m Manifest) error // first
	File     func(name string, content []byte) error
	Record   func(key, value []byte) error
}

// Read reads a backup to its end and hands on what it holds; functions of the
// Taker that are nil are not called. It looks at every record's checksum, the
// order of keys, the totals, the digest, and that nothing follows. The error is
// ErrNotBackup, ErrNewer, ErrEncrypted, ErrDamaged or ErrGivenUp, that of
// reading, or the Taker's.
func Read(in io.Reader, to Taker) (Manifest, Totals, error) {
	r := &reader{in: bufio.NewReaderSize(in, buffer), digest: sha256.New(), to: to, seen: Totals{Kinds: map[string]int{}}}
	if err := r.begin(); err != nil {
		return r.manifest, r.seen, err
	}
	for {
		kind, size, err := r.header()
		if err == nil && kind == partEnd {
			err = r.end(size)
			return r.manifest, r.seen, err
		}
		if err == nil {
			err = r.part(kind, size)
		}
		if err != nil {
			return r.manifest, r.seen, err
		}
	}
}

type reader struct {
	in       *bufio.Reader
	digest   hash.Hash
	to       Taker
	manifest Manifest
	seen     Totals
	kept     int    // bytes of files
	last     []byte // key
}

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// begin reads the first line and the manifest.
func (r *reader) begin() error {
	head, err := r.in.Peek(len(ageBeginning))
	if string(head) == ageBeginning {
		return ErrEncrypted
	} else if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	line, err := r.line()
	if err != nil {
		return err
	}
	number, known := strings.CutPrefix(line, beginning)
	format, err := strconv.Atoi(number)
	switch {
	case !known || err != nil || format < 1:
		return ErrNotBackup
	case format > Format:
		return fmt.Errorf("%w: it has format %d, and this one reads up to %d", ErrNewer, format, Format)
	}
	kind, size, err := r.header()
	if err != nil {
		return err
	}
	if kind != partManifest {
		return damaged("it has no manifest")
	}
	raw, err := r.bytes(size, maxText)
	if err != nil {
		return err
	}
	if json.Unmarshal(raw, &r.manifest) != nil {
		return damaged("its manifest cannot be read")
	}
	if r.to.Manifest != nil {
		return r.to.Manifest(r.manifest)
	}
	return nil
}

// line reads up to the first line end, of which a backup has one soon.
func (r *reader) line() (string, error) {
	var line []byte
	for len(line) < maxLine {
		b, err := r.in.ReadByte()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", err
		}
		r.digest.Write([]byte{b})
		if b == '\n' {
			return string(line), nil
		}
		line = append(line, b)
	}
	return "", ErrNotBackup
}

func (r *reader) header() (kind byte, size uint64, err error) {
	if kind, err = r.ReadByte(); err == nil {
		size, err = binary.ReadUvarint(r)
	}
	if err != nil {
		return 0, 0, cut(err)
	}
	return kind, size, nil
}

// ReadByte implements io.ByteReader, and minds the digest.
func (r *reader) ReadByte() (byte, error) {
	b, err := r.in.ReadByte()
	if err == nil {
		r.digest.Write([]byte{b})
	}
	return b, err
}

// cut makes damage of an end that comes too early.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged("it has no end")
	}
	return fmt.Errorf("reading the backup: %w", err)
}

func (r *reader) bytes(size uint64, most int) ([]byte, error) {
	if size > uint64(most) {
		return nil, damaged("a part claims %d bytes", size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r.in, b); err != nil {
		return nil, cut(err)
	}
	r.digest.Write(b)
	return b, nil
}

func (r *reader) part(kind byte, size uint64) error {
	switch kind {
	case partFile:
		return r.file(size)
	case partRecord:
		return r.record(size)
	case partGivenUp:
		why, err := r.bytes(size, maxText)
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: %s", ErrGivenUp, why)
	}
	return damaged("a part of the unknown kind %q", kind)
}

// named reads a part that begins with a name and its length.
func (r *reader) named(size uint64, most int) (name, rest []byte, err error) {
	b, err := r.bytes(size, most)
	if err != nil {
		return nil, nil, err
	}
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, damaged("a part has no name")
	}
	at := used + int(n)
	return b[used:at:at], b[at:], nil
}

func (r *reader) file(size uint64) error {
	name, content, err := r.named(size, maxText)
	if err != nil {
		return err
	}
	if !isFileName(string(name)) || r.seen.Records > 0 {
		return damaged("a file %q stands where none may", name)
	}
	r.kept += len(name) + len(content)
	if err := r.seen.addFile(r.kept); err != nil {
		return damaged("%v", err)
	}
	if r.to.File != nil {
		return r.to.File(string(name), content)
	}
	return nil
}

func (r *reader) record(size uint64) error {
	key, value, err := r.named(size, store.MaxKeySize+store.MaxValueSize+binary.MaxVarintLen64)
	if err != nil {
		return err
	}
	if store.CheckKey(key) != nil || store.CheckValue(value) != nil || bytes.Compare(key, r.last) <= 0 {
		return damaged("the record %.100q stands where it may not", key)
	}
	if _, err := store.Unseal(key, value); err != nil {
		return damaged("the record %.100q is not what was written", key)
	}
	if err := r.seen.add(key, value); err != nil {
		return damaged("%v", err)
	}
	r.last = key
	if r.to.Record != nil {
		return r.to.Record(key, value)
	}
	return nil
}

func (r *reader) end(size uint64) error {
	raw, err := r.bytes(size, maxText)
	if err != nil {
		return err
	}
	want := r.digest.Sum(nil)
	var digest [sha256.Size]byte
	if _, err := io.ReadFull(r.in, digest[:]); err != nil {
		return cut(err)
	}
	var told Totals
	switch _, err := r.in.ReadByte(); {
	case err == nil:
		return damaged("something follows its end")
	case !errors.Is(err, io.EOF):
		return fmt.Errorf("reading the backup: %w", err)
	case !bytes.Equal(digest[:], want):
		return damaged("its digest is another")
	case json.Unmarshal(raw, &told) != nil:
		return damaged("its totals cannot be read")
	case told.Files != r.seen.Files || told.Records != r.seen.Records || told.Bytes != r.seen.Bytes || !maps.Equal(told.Kinds, r.seen.Kinds):
		return damaged("its totals are not those of its records")
	}
	return nil
}
