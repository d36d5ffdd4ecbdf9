package auditlog

import (
	"context"
	"errors"
	"fmt"

	"laurel/store"
)

// Size is how many entries have their place, which is where the next one will
// stand.
func Size(r store.Reader) (int64, error) { return readNumber(r, sizeKey()) }

// Signed is the newest signed checkpoint; store.ErrNotFound before the first.
func Signed(r store.Reader) ([]byte, error) { return read(r, checkpointKey()) }

// Waiting are the sequences of entries that have no place yet, most of them. Who
// asks within an Update clashes with everybody who writes meanwhile.
func Waiting(r store.Reader, most int) (seqs []string, err error) {
	err = r.Scan(waitingKey(""), nil, func(k, _ []byte) error {
		seqs = append(seqs, seqOf(k))
		if len(seqs) == most {
			return store.ErrStop
		}
		return nil
	})
	return seqs, err
}

// SeqAt is the sequence of the entry at a place; store.ErrNotFound.
func SeqAt(r store.Reader, place int64) (string, error) {
	seq, err := read(r, leafKey(place))
	return string(seq), err
}

// Entry is the entry of a sequence, whether it has its place or not;
// store.ErrNotFound.
func Entry(r store.Reader, seq string) ([]byte, error) { return read(r, entryKey(seq)) }

// Placed hands entries to f in the order of their places, beginning at a place,
// until f returns an error; store.ErrStop ends it without one. Who remembers
// the place behind the last one that they saw misses nothing and sees nothing
// twice: a place is given once, and only behind all others.
func Placed(r store.Reader, from int64, f func(place int64, seq string, entry []byte) error) error {
	var after []byte
	if from > 0 {
		after = leafKey(from - 1)
	}
	return r.Scan([]byte("g/leaf/"), after, func(k, v []byte) error {
		if string(k) != string(leafKey(from)) {
			return fmt.Errorf("place %d of the audit log: %w", from, store.ErrDamaged)
		}
		seq, err := store.Unseal(k, v)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		entry, err := read(r, entryKey(string(seq)))
		if err != nil {
			return fmt.Errorf("audit record %s at place %d: %w", seq, from, err)
		}
		from++
		return f(from-1, string(seq), entry)
	})
}

// Before hands entries to f, the latest first, beginning behind a place (below 0:
// at the end), at most limit of them; it returns how many entries have their
// place.
func (l *Log) Before(ctx context.Context, place int64, limit int, f func(place int64, seq string, entry []byte)) (size int64, err error) {
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		if size, err = Size(r); err != nil {
			return err
		}
		if place < 0 || place > size {
			place = size
		}
		for n := place - 1; n >= 0 && n >= place-int64(limit); n-- {
			seq, err := SeqAt(r, n)
			if err != nil {
				return errors.Join(fmt.Errorf("place %d of the audit log", n), err)
			}
			entry, err := Entry(r, seq)
			if err != nil {
				return fmt.Errorf("audit record %s at place %d: %w", seq, n, err)
			}
			f(n, seq, entry)
		}
		return nil
	})
	return size, err
}

// At hands the entry of a sequence to f, whether it has its place or not; where
// there is none, f is not called.
func (l *Log) At(ctx context.Context, seq string, f func(seq string, entry []byte)) error {
	var entry []byte
	err := l.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		entry, err = Entry(r, seq)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil {
		f(seq, entry)
	}
	return err
}
