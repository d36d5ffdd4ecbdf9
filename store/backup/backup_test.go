package backup_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"laurel/store"
	"laurel/store/backup"
	"laurel/store/bolt"
)

var manifest = backup.Manifest{Made: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC), Program: "test", BaseURL: "https://badges.example", Schema: 1, Seal: backup.SealKeptBack, LogSize: 7}

// filled is a store with n records, one of them as large as can be.
func filled(t *testing.T, n int) *bolt.DB {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "store"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	err = db.Update(t.Context(), func(tx store.Tx) error {
		for k := range n {
			key := fmt.Appendf(nil, "%c/%04d", 'a'+k%3, k)
			if err := tx.Put(key, store.Seal(key, bytes.Repeat([]byte{byte(k)}, k%50))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func written(t *testing.T, db store.Store, lock backup.Lock) []byte {
	t.Helper()
	var out bytes.Buffer
	locked, err := lock.Writer(&out)
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(r store.Reader) error {
		w, err := backup.NewWriter(locked, manifest)
		if err != nil {
			return err
		}
		if err := errors.Join(w.File("one.json", []byte("sealed")), store.Stream(t.Context(), r, w)); err != nil {
			return err
		}
		_, err = w.Close()
		return errors.Join(err, locked.Close())
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(raw []byte, key backup.Key, to backup.Taker) (backup.Manifest, backup.Totals, error) {
	plain, err := key.Reader(bytes.NewReader(raw))
	if err != nil {
		return backup.Manifest{}, backup.Totals{}, err
	}
	return backup.Read(plain, to)
}

// TestRoundTrip: what comes out is what went in, plain and to recipients of
// either kind; with another key it does not open. Passphrases, which take
// seconds by design, are tried out in the stories of cmd/laurel.
func TestRoundTrip(t *testing.T) {
	db := filled(t, 500)
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	pq, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	keyOf := func(identity fmt.Stringer) backup.Key {
		key, err := backup.KeyFrom([]byte("# a comment\n" + identity.String() + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	lockTo := func(recipient fmt.Stringer) backup.Lock {
		lock, err := backup.LockTo([]string{recipient.String()})
		if err != nil {
			t.Fatal(err)
		}
		return lock
	}
	for name, c := range map[string]struct {
		lock  backup.Lock
		opens []backup.Key
		fails map[error]backup.Key
	}{
		"plain":     {backup.Lock{}, []backup.Key{{}, keyOf(x)}, nil},
		"recipient": {lockTo(x.Recipient()), []backup.Key{keyOf(x)}, map[error]backup.Key{backup.ErrEncrypted: {}, backup.ErrWrongKey: keyOf(pq)}},
		"hybrid":    {lockTo(pq.Recipient()), []backup.Key{keyOf(pq)}, map[error]backup.Key{backup.ErrEncrypted: {}, backup.ErrWrongKey: keyOf(x)}},
	} {
		t.Run(name, func(t *testing.T) {
			raw := written(t, db, c.lock)
			if plain := bytes.Contains(raw, []byte("badges.example")); plain == c.lock.Encrypts() {
				t.Errorf("it is encrypted: %t, and can be read: %t", c.lock.Encrypts(), plain)
			}
			for _, key := range append(c.opens, c.lock.Key()) {
				same(t, db, raw, key)
			}
			for want, key := range c.fails {
				if _, _, err := read(raw, key, backup.Taker{}); !errors.Is(err, want) {
					t.Errorf("%v, want %v", err, want)
				}
			}
		})
	}
	if _, err := backup.LockTo([]string{"ssh-ed25519 AAAA"}); err == nil {
		t.Error("what is no recipient was taken")
	}
}

// same restores a backup into a fresh store and compares.
func same(t *testing.T, db store.Store, raw []byte, key backup.Key) {
	t.Helper()
	b, err := bolt.NewBuild(filepath.Join(t.TempDir(), "copy"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	files := 0
	m, totals, err := read(raw, key, backup.Taker{
		File:   func(name string, content []byte) error { files++; return nil },
		Record: func(key, value []byte) error { return b.Append(t.Context(), key, value) },
	})
	if err := errors.Join(err, b.Finish(t.Context())); err != nil {
		t.Fatal(err)
	}
	if m != manifest || totals.Records != 500 || totals.Kinds["a"] != 167 || files != 1 || totals.Files != 1 {
		t.Errorf("%+v %+v, %d files", m, totals, files)
	}
	n := 0
	err = db.View(t.Context(), func(left store.Reader) error {
		return b.View(t.Context(), func(right store.Reader) (err error) {
			n, err = store.Compare(left, right)
			return err
		})
	})
	if err != nil || n != 500 {
		t.Errorf("%d records are the same: %v", n, err)
	}
}

// TestDamage flips a bit of every byte and cuts at every byte of a plain backup,
// and at every ninth of an encrypted one: none is whole then.
func TestDamage(t *testing.T) {
	db := filled(t, 12)
	x, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	lock, err := backup.LockTo([]string{x.Recipient().String()})
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]backup.Lock{"plain": {}, "encrypted": lock} {
		raw := written(t, db, l)
		if _, _, err := read(raw, l.Key(), backup.Taker{}); err != nil {
			t.Fatal(err)
		}
		step := 1
		if l.Encrypts() {
			step = 9
		}
		for n := 0; n < len(raw); n += step {
			damaged := bytes.Clone(raw)
			damaged[n] ^= 1 << (n % 8)
			if _, _, err := read(damaged, l.Key(), backup.Taker{}); !refused(err) {
				t.Fatalf("%s: a bit of byte %d of %d flipped: %v", name, n, len(raw), err)
			}
			if _, _, err := read(raw[:n], l.Key(), backup.Taker{}); !refused(err) {
				t.Fatalf("%s: cut at %d of %d: %v", name, n, len(raw), err)
			}
		}
		if _, _, err := read(append(bytes.Clone(raw), 0), l.Key(), backup.Taker{}); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: with a byte behind its end: %v", name, err)
		}
		if _, _, err := read(append(bytes.Clone(raw), raw...), l.Key(), backup.Taker{}); !errors.Is(err, backup.ErrDamaged) {
			t.Errorf("%s: twice: %v", name, err)
		}
	}
}

func refused(err error) bool {
	for _, known := range []error{backup.ErrDamaged, backup.ErrNotBackup, backup.ErrNewer, backup.ErrWrongKey, backup.ErrGivenUp} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// TestRefusals: what is no backup, of a newer form, or given up on the way.
func TestRefusals(t *testing.T) {
	raw := written(t, filled(t, 3), backup.Lock{})
	newer := bytes.Replace(raw, []byte("laurel-backup 1\n"), []byte("laurel-backup 2\n"), 1)
	var given bytes.Buffer
	w, err := backup.NewWriter(&given, manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.GiveUp(errors.New("the disk is gone")); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{
		"": backup.ErrNotBackup, "PK\x03\x04 a zip file it is, and a long one": backup.ErrNotBackup, strings.Repeat("x", 1<<20): backup.ErrNotBackup,
		string(newer): backup.ErrNewer, given.String(): backup.ErrGivenUp,
	} {
		if _, _, err := read([]byte(text), backup.Key{}, backup.Taker{}); !errors.Is(err, want) {
			t.Errorf("%.40q: %v, want %v", text, err, want)
		}
	}
	if _, _, err := read(given.Bytes(), backup.Key{}, backup.Taker{}); !strings.Contains(err.Error(), "the disk is gone") {
		t.Error(err)
	}
}

// TestWriterHoldsTheOrder: what could not be read back is not written.
func TestWriterHoldsTheOrder(t *testing.T) {
	w, err := backup.NewWriter(io.Discard, manifest)
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) error {
		return w.Append(context.Background(), []byte(key), store.Seal([]byte(key), nil))
	}
	if err := errors.Join(put("a"), put("b")); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"b", "a", "", strings.Repeat("k", store.MaxKeySize+1)} {
		if err := put(key); err == nil {
			t.Errorf("%.20q was taken behind b", key)
		}
	}
	for _, name := range []string{"", ".hidden", "../up", "a/b", `a\b`} {
		if err := w.File(name, nil); err == nil {
			t.Errorf("the file name %q was taken", name)
		}
	}
}

// TestDamagedRecordIsNamed: what is damaged in the store is not copied.
func TestDamagedRecordIsNamed(t *testing.T) {
	db := filled(t, 10)
	if err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Put([]byte("b/0004"), []byte("not sealed")) }); err != nil {
		t.Fatal(err)
	}
	err := db.View(t.Context(), func(r store.Reader) error {
		w, err := backup.NewWriter(io.Discard, manifest)
		return errors.Join(err, store.Stream(t.Context(), r, w))
	})
	if !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "b/0004") {
		t.Error(err)
	}
}

// TestBounds: neither many files, nor large ones, nor many kinds of records take
// the memory of who reads a backup, nor are they written.
func TestBounds(t *testing.T) {
	part := func(kind byte, name string, content []byte) []byte {
		payload := append(append(binary.AppendUvarint(nil, uint64(len(name))), name...), content...)
		return append(binary.AppendUvarint([]byte{kind}, uint64(len(payload))), payload...)
	}
	record := func(n int) (string, []byte) {
		key := fmt.Sprintf("k%04d/x", n)
		return key, store.Seal([]byte(key), nil)
	}
	large := make([]byte, 1<<19)
	for what, c := range map[string]struct {
		may   int // parts, of which one more is refused
		part  func(n int) []byte
		write func(w *backup.Writer, n int) error
	}{
		"files": {4096, func(n int) []byte { return part('F', fmt.Sprint(n), nil) },
			func(w *backup.Writer, n int) error { return w.File(fmt.Sprint(n), nil) }},
		"bytes of files": {31, func(n int) []byte { return part('F', fmt.Sprint(n), large) },
			func(w *backup.Writer, n int) error { return w.File(fmt.Sprint(n), large) }},
		"kinds": {256, func(n int) []byte { key, value := record(n); return part('R', key, value) },
			func(w *backup.Writer, n int) error {
				key, value := record(n)
				return w.Append(context.Background(), []byte(key), value)
			}},
	} {
		raw := fmt.Appendf(nil, "laurel-backup 1\nM\x02{}")
		w, err := backup.NewWriter(io.Discard, manifest)
		for n := range c.may {
			raw = append(raw, c.part(n)...)
			err = errors.Join(err, c.write(w, n))
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if _, _, err := read(raw, backup.Key{}, backup.Taker{}); err == nil || !strings.Contains(err.Error(), "it has no end") {
			t.Errorf("%s, as many as may be: %v", what, err)
		}
		for n := c.may; n < 2*c.may; n++ {
			raw = append(raw, c.part(n)...)
		}
		taken := 0
		_, _, err = read(raw, backup.Key{}, backup.Taker{File: func(string, []byte) error { taken++; return nil }, Record: func(_, _ []byte) error { taken++; return nil }})
		if !errors.Is(err, backup.ErrDamaged) || !strings.Contains(err.Error(), "more than the") || strings.Contains(err.Error(), "\n") || taken != c.may {
			t.Errorf("%s: %d were taken: %v", what, taken, err)
		}
		if err := c.write(w, c.may); err == nil || !strings.Contains(err.Error(), "more than the") {
			t.Errorf("%s: one more is written: %v", what, err)
		}
	}
}
