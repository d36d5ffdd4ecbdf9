package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// Sink takes the records of a store one by one, in ascending order of keys: a
// backup, or a store that is being filled.
type Sink interface {
	// Append takes a record. Key and value are the Sink's from then on.
	Append(ctx context.Context, key, value []byte) error
}

// Builder is a store that is being filled and is none until Finish: whoever
// opens it before is told that it is unfinished. Close before Prepare or Finish
// gives it up, and leaves nothing of it.
//
// Append is for one goroutine. What was appended is seen by View and Update
// after Flush.
type Builder interface {
	Store
	Sink

	// Flush writes what Append has gathered.
	Flush(ctx context.Context) error

	// Prepare makes it durable, so that nothing is left to do but to Finish it.
	// From now on Close leaves it as it is: whether it becomes a store is decided
	// elsewhere. It knows itself by the name again, which a name of a file may be;
	// NewBuild of the backend may have been given it before.
	Prepare(ctx context.Context, name string) error

	// Finish makes it a store like any other, durable and under its name. The
	// Builder goes on as that store. Where it fails, Close tidies up, unless it
	// was prepared.
	Finish(ctx context.Context) error
}

// ErrUnfinished is the answer where a store was being filled, and is none.
var ErrUnfinished = errors.New("store: it was being filled and is no store yet")

// Unfinished is an ErrUnfinished that tells what a Builder has left.
type Unfinished struct {
	Name     string // that it was prepared under, or is to be
	Prepared bool
}

// Error implements error.
func (u *Unfinished) Error() string { return ErrUnfinished.Error() }

func (u *Unfinished) Unwrap() error { return ErrUnfinished }

// Stream hands every record of a snapshot to a Sink. A record that is damaged
// ends it: the error names the record and is ErrDamaged.
func Stream(ctx context.Context, from Reader, to Sink) error {
	return from.Scan(nil, nil, func(key, value []byte) error {
		if _, err := Unseal(key, value); err != nil {
			return fmt.Errorf("record %q: %w", key, err)
		}
		return to.Append(ctx, key, value)
	})
}

// ErrDiffer says that two stores do not hold the same.
var ErrDiffer = errors.New("store: the copy is not the same")

// pageKeys and pageBytes bound what Compare holds of one side.
const (
	pageKeys  = 1000
	pageBytes = 4 << 20
)

// Compare reads two snapshots side by side, every key and value. The error is
// ErrDiffer and names the first key at which they part; records is how many
// are the same before it.
func Compare(a, b Reader) (records int, err error) {
	var after []byte
	for {
		page, more, err := readPage(a, after)
		if err != nil {
			return records, err
		}
		n, err := samePage(b, after, page, more)
		records += n
		if err != nil || !more {
			return records, err
		}
		after = page[len(page)-1].key
	}
}

// Differ reads two snapshots side by side from behind a key on, for some way, and
// returns the keys at which they part. It is to go on behind next; nil is the end.
func Differ(a, b Reader, after []byte) (keys [][]byte, next []byte, err error) {
	left, more, err := readPage(a, after)
	if err != nil {
		return nil, nil, err
	}
	right, further, err := readPage(b, after)
	if err != nil {
		return nil, nil, err
	}
	if more {
		next = left[len(left)-1].key
	}
	if further && (next == nil || bytes.Compare(right[len(right)-1].key, next) < 0) {
		next = right[len(right)-1].key
	}
	within := func(page []entry) bool {
		return len(page) > 0 && (next == nil || bytes.Compare(page[0].key, next) <= 0)
	}
	for within(left) || within(right) {
		order := -1
		switch {
		case !within(left):
			order = 1
		case within(right):
			order = bytes.Compare(left[0].key, right[0].key)
		}
		switch {
		case order < 0:
			keys, left = append(keys, left[0].key), left[1:]
		case order > 0:
			keys, right = append(keys, right[0].key), right[1:]
		default:
			if !bytes.Equal(left[0].value, right[0].value) {
				keys = append(keys, left[0].key)
			}
			left, right = left[1:], right[1:]
		}
	}
	return keys, next, nil
}

type entry struct{ key, value []byte }

func readPage(r Reader, after []byte) (page []entry, more bool, err error) {
	size := 0
	err = r.Scan(nil, after, func(key, value []byte) error {
		if len(page) == pageKeys || size >= pageBytes {
			more = true
			return ErrStop
		}
		size += len(key) + len(value)
		page = append(page, entry{key, value})
		return nil
	})
	return page, more, err
}

// samePage holds a page of one side against the other. Where no page follows,
// the other side ends with it.
func samePage(r Reader, after []byte, page []entry, more bool) (same int, err error) {
	err = r.Scan(nil, after, func(key, value []byte) error {
		switch {
		case same == len(page) && more:
			return ErrStop
		case same == len(page):
			return fmt.Errorf("%w: %q is on one side alone", ErrDiffer, key)
		case string(key) != string(page[same].key) || string(value) != string(page[same].value):
			return fmt.Errorf("%w at %q", ErrDiffer, page[same].key)
		}
		same++
		return nil
	})
	if err == nil && same < len(page) {
		err = fmt.Errorf("%w: %q is on one side alone", ErrDiffer, page[same].key)
	}
	return same, err
}
