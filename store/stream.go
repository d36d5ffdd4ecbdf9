package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
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

	// Amend gives keys other values, all or none of them, and Values tells those that
	// keys have, in the order of the keys.
	Amend(ctx context.Context, changes []Change) error
	Values(ctx context.Context, keys [][]byte) (values [][]byte, err error)

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

// Change is the value of a key; a nil one is none.
type Change struct{ Key, Value []byte }

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
		page, more, err := Page(a, after)
		if err != nil {
			return records, err
		}
		n, err := samePage(b, after, page, more)
		records += n
		if err != nil || !more {
			return records, err
		}
		after = page[len(page)-1].Key
	}
}

// Side is what Differ found on a way from one key to another.
type Side struct {
	Parted [][]byte // keys at which the two part
	Same   int      // records that are the same
	Next   []byte   // the key behind which to go on; nil at the end
}

// Differ reads two snapshots side by side from behind a key on, for some way.
func Differ(a, b Reader, after []byte) (side Side, err error) {
	left, more, err := Page(a, after)
	if err != nil {
		return side, err
	}
	right, further, err := Page(b, after)
	if err != nil {
		return side, err
	}
	if more {
		side.Next = left[len(left)-1].Key
	}
	if further && (side.Next == nil || bytes.Compare(right[len(right)-1].Key, side.Next) < 0) {
		side.Next = right[len(right)-1].Key
	}
	left, right = side.within(left), side.within(right)
	for len(left) > 0 || len(right) > 0 {
		order := -1
		switch {
		case len(left) == 0:
			order = 1
		case len(right) > 0:
			order = bytes.Compare(left[0].Key, right[0].Key)
		}
		switch {
		case order < 0:
			side.Parted, left = append(side.Parted, left[0].Key), left[1:]
			continue
		case order > 0:
			side.Parted, right = append(side.Parted, right[0].Key), right[1:]
			continue
		case bytes.Equal(left[0].Value, right[0].Value):
			side.Same++
		default:
			side.Parted = append(side.Parted, left[0].Key)
		}
		left, right = left[1:], right[1:]
	}
	return side, nil
}

// within is what of a page both sides have been read for.
func (s *Side) within(page []Change) []Change {
	if s.Next == nil {
		return page
	}
	n, found := slices.BinarySearchFunc(page, s.Next, func(c Change, key []byte) int { return bytes.Compare(c.Key, key) })
	if found {
		n++
	}
	return page[:n]
}

// Page reads the records behind a key, as many as are held at once.
func Page(r Reader, after []byte) (page []Change, more bool, err error) {
	size := 0
	err = r.Scan(nil, after, func(key, value []byte) error {
		if len(page) == pageKeys || size >= pageBytes {
			more = true
			return ErrStop
		}
		size += len(key) + len(value)
		page = append(page, Change{key, value})
		return nil
	})
	return page, more, err
}

// samePage holds a page of one side against the other. Where no page follows,
// the other side ends with it.
func samePage(r Reader, after []byte, page []Change, more bool) (same int, err error) {
	err = r.Scan(nil, after, func(key, value []byte) error {
		switch {
		case same == len(page) && more:
			return ErrStop
		case same == len(page):
			return fmt.Errorf("%w: %q is on one side alone", ErrDiffer, key)
		case string(key) != string(page[same].Key) || string(value) != string(page[same].Value):
			return fmt.Errorf("%w at %q", ErrDiffer, page[same].Key)
		}
		same++
		return nil
	})
	if err == nil && same < len(page) {
		err = fmt.Errorf("%w: %q is on one side alone", ErrDiffer, page[same].Key)
	}
	return same, err
}
