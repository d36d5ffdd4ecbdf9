package store

import (
	"bytes"
	"errors"

	"github.com/google/btree"
)

// Overlay is a Tx whose changes lie over a Reader and touch nothing: what the
// store would be like. It serves to rehearse an Update, and to make a part of
// one that may yet be given up. It is for one goroutine.
type Overlay struct {
	under   Reader
	changes *btree.BTreeG[change]
}

// change is what became of one key.
type change struct {
	key, value []byte
	deleted    bool
}

// degree of the tree: some dozens of keys lie together.
const degree = 16

// NewOverlay lays nothing yet over a Reader.
func NewOverlay(under Reader) *Overlay {
	before := func(a, b change) bool { return bytes.Compare(a.key, b.key) < 0 }
	return &Overlay{under: under, changes: btree.NewG(degree, before)}
}

// Get implements Reader.
func (o *Overlay) Get(key []byte) ([]byte, error) {
	c, changed := o.changes.Get(change{key: key})
	switch {
	case !changed:
		return o.under.Get(key)
	case c.deleted:
		return nil, ErrNotFound
	}
	return append([]byte{}, c.value...), nil
}

// Holds implements Holder.
func (o *Overlay) Holds(key, value []byte) (bool, error) {
	c, changed := o.changes.Get(change{key: key})
	switch {
	case !changed:
		return Holds(o.under, key, value)
	case c.deleted:
		return false, ErrNotFound
	}
	return bytes.Equal(c.value, value), nil
}

// Put implements Tx.
func (o *Overlay) Put(key, value []byte) error {
	if err := errors.Join(CheckKey(key), CheckValue(value)); err != nil {
		return err
	}
	o.changes.ReplaceOrInsert(change{key: bytes.Clone(key), value: bytes.Clone(value)})
	return nil
}

// Delete implements Tx.
func (o *Overlay) Delete(key []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	o.changes.ReplaceOrInsert(change{key: bytes.Clone(key), deleted: true})
	return nil
}

// Scan implements Reader: what lies under and what lies over, in one order.
func (o *Overlay) Scan(prefix, after []byte, f func(key, value []byte) error) error {
	from, to := Range(prefix, after)
	stopped := false
	show := func(k, v []byte) error {
		err := f(bytes.Clone(k), append([]byte{}, v...))
		stopped = stopped || errors.Is(err, ErrStop)
		return err
	}
	// over shows what lies over from where the Scan is up to a key, which is
	// nil for the end, and without it. It looks anew each time, because f may
	// write.
	over := func(until []byte) error {
		for {
			c, found := o.first(from, until)
			if !found {
				return nil
			}
			from = Successor(c.key)
			if c.deleted {
				continue
			}
			if err := show(c.key, c.value); err != nil {
				return err
			}
		}
	}
	err := o.under.Scan(prefix, after, func(k, v []byte) error {
		if err := over(k); err != nil {
			return err
		}
		if o.changes.Has(change{key: k}) {
			return nil // its turn comes with what lies over
		}
		from = Successor(k)
		return show(k, v)
	})
	if err == nil && !stopped {
		err = over(to)
	}
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

// first is the first change from a key on and before another, nil for none.
func (o *Overlay) first(from, until []byte) (found change, ok bool) {
	o.changes.AscendGreaterOrEqual(change{key: from}, func(c change) bool {
		if ok = until == nil || bytes.Compare(c.key, until) < 0; ok {
			found = c
		}
		return false
	})
	return found, ok
}

// Changes reports whether a key was put or deleted.
func (o *Overlay) Changes(key []byte) bool { return o.changes.Has(change{key: key}) }

// Apply makes the changes in a Tx, in the order of their keys.
func (o *Overlay) Apply(tx Tx) (err error) {
	o.changes.Ascend(func(c change) bool {
		if c.deleted {
			err = tx.Delete(c.key)
		} else {
			err = tx.Put(c.key, c.value)
		}
		return err == nil
	})
	return err
}
