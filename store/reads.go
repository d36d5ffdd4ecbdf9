package store

import (
	"bytes"
	"context"
	"errors"
	"sync"
)

// MaxReads is how much Reads keep, in bytes: what rests on more is not worth
// being looked at again.
const MaxReads = 256 << 10

// Reads is all that Views have read under one context, so that whoever made
// something of it can tell later whether it would come out alike: it does where
// every key has the value that it had, and every Scan shows what it showed. So
// nobody has to say what something depends on, and nothing can be forgotten.
//
// It may be used by many goroutines at once.
type Reads struct {
	mu    sync.RWMutex
	got   map[string]gotten
	scans []scanned
	bytes int
	lost  bool // not everything that was read is here
}

// gotten is the answer of a Get; no value is an answer too.
type gotten struct {
	value []byte
	none  bool
}

// scanned is what a Scan has shown; one that was ended early has not told what
// comes after.
type scanned struct {
	prefix, after []byte
	keys, values  [][]byte
	ended         bool
}

type readsKey struct{}

// WithReads gives a context under which what is read is noted.
func WithReads(ctx context.Context) (context.Context, *Reads) {
	r := &Reads{got: map[string]gotten{}}
	return context.WithValue(ctx, readsKey{}, r), r
}

// Noted is for backends: the Reader that a View gives to its caller, which notes
// what is read where somebody wants to know.
func Noted(ctx context.Context, r Reader) Reader {
	if reads, ok := ctx.Value(readsKey{}).(*Reads); ok {
		return noting{r, reads}
	}
	return r
}

// Unnoted is for backends: what an Update reads and writes cannot be told by
// reading again, so that nothing made under ctx can be used again.
func Unnoted(ctx context.Context) {
	if reads, ok := ctx.Value(readsKey{}).(*Reads); ok {
		reads.mu.Lock()
		defer reads.mu.Unlock()
		reads.lose()
	}
}

// Whole tells whether all that was read is noted, and how many bytes it takes.
// It is false where there was too much, where one key was read with two values,
// where a read failed, and after an Update.
func (r *Reads) Whole() (size int, ok bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.bytes, !r.lost
}

// Same tells whether a snapshot shows all that was read as it was read. The error
// is that of the Reader; it is false beside it.
func (r *Reads) Same(now Reader) (bool, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.lost {
		return false, nil
	}
	for key, was := range r.got {
		value, err := now.Get([]byte(key))
		if err != nil && !errors.Is(err, ErrNotFound) {
			return false, err
		}
		if none := err != nil; none != was.none || !bytes.Equal(value, was.value) {
			return false, nil
		}
	}
	for _, s := range r.scans {
		if same, err := s.same(now); !same {
			return false, err
		}
	}
	return true, nil
}

func (s *scanned) same(now Reader) (bool, error) {
	if s.ended && len(s.keys) == 0 {
		return true, nil
	}
	n, same := 0, true
	err := now.Scan(s.prefix, s.after, func(key, value []byte) error {
		if n == len(s.keys) || !bytes.Equal(key, s.keys[n]) || !bytes.Equal(value, s.values[n]) {
			same = false
			return ErrStop
		}
		if n++; s.ended && n == len(s.keys) {
			return ErrStop
		}
		return nil
	})
	return err == nil && same && n == len(s.keys), err
}

// noting is a Reader that notes. It is not Versioned: who reads through it must
// really read, or what the answer rests on would go unnoticed.
type noting struct {
	Reader
	reads *Reads
}

func (n noting) Get(key []byte) ([]byte, error) {
	value, err := n.Reader.Get(key)
	n.reads.noteGet(key, value, err)
	return value, err
}

// Holds implements Holder. Of what a key has instead nothing is known, and nothing
// follows from it: who goes on asks by Get.
func (n noting) Holds(key, value []byte) (bool, error) {
	holds, err := Holds(n.Reader, key, value)
	if holds || err != nil {
		n.reads.noteGet(key, value, err)
	}
	return holds, err
}

func (n noting) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	s := scanned{prefix: bytes.Clone(prefix), after: bytes.Clone(after)}
	told := false
	err := n.Reader.Scan(prefix, after, func(key, value []byte) error {
		s.keys, s.values = append(s.keys, bytes.Clone(key)), append(s.values, bytes.Clone(value))
		err := f(key, value)
		told = err != nil
		return err
	})
	s.ended = told
	n.reads.noteScan(s, err != nil && !told)
	return err
}

func (r *Reads) noteGet(key, value []byte, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	none := errors.Is(err, ErrNotFound)
	was, again := r.got[string(key)]
	switch {
	case r.lost:
	case err != nil && !none, again && (was.none != none || !bytes.Equal(was.value, value)):
		r.lose()
	case !again:
		r.got[string(key)] = gotten{bytes.Clone(value), none}
		r.grow(len(key) + len(value))
	}
}

func (r *Reads) noteScan(s scanned, failed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if failed {
		r.lose()
	}
	if r.lost {
		return
	}
	r.scans = append(r.scans, s)
	r.grow(len(s.prefix) + len(s.after))
	for n := range s.keys {
		r.grow(len(s.keys[n]) + len(s.values[n]))
	}
}

// perRead is what a read takes beside its bytes, roughly.
const perRead = 64

func (r *Reads) grow(n int) {
	if r.bytes += n + perRead; r.bytes > MaxReads {
		r.lose()
	}
}

func (r *Reads) lose() { r.lost, r.got, r.scans = true, nil, nil }

// Version names a state of a store for as long as it is open in this process:
// equal Versions of one store are the same contents.
type Version struct{ Opening, Commit uint64 }

// Versioned is implemented by the Readers of backends that know the Version of
// their snapshot, so that nothing has to be read again where nothing at all was
// committed.
type Versioned interface {
	Version() Version
}
