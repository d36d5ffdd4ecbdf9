package auditlog

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"laurel/store"
)

// Verify reads the whole log: every entry is whole and either waits or has one
// place, the tree is the one that follows from the entries, the newest
// checkpoint is signed by the log's key and of this tree, and so are the older
// ones that somebody kept (signed notes). It reports each thing that is not so
// in a sentence; the error says that the log could not be read. It returns how
// many entries have their place. It writes nothing.
func (l *Log) Verify(ctx context.Context, kept [][]byte, report func(problem string)) (size int64, err error) {
	known, err := l.VerifierKeys(ctx)
	if err != nil {
		return 0, err
	}
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		a := &auditor{r: r, report: report}
		if size, err = readNumber(r, sizeKey()); err != nil {
			return err
		}
		for index := range size {
			if err := a.leaf(index); err != nil {
				return err
			}
		}
		if err := a.entries(size); err != nil {
			return err
		}
		newest, err := read(r, checkpointKey())
		if errors.Is(err, store.ErrNotFound) {
			return a.checkpoints(known, kept)
		} else if err != nil {
			return a.tell(err, "the newest checkpoint")
		}
		return a.checkpoints(known, append([][]byte{newest}, kept...))
	})
	return size, err
}

// auditor recomputes the tree from the entries, and never from stored hashes.
type auditor struct {
	r      store.Reader
	report func(string)
	tree   []tlog.Hash // by number
	broken bool        // the tree has a hole: nothing can be said of its roots
}

func (a *auditor) problem(format string, args ...any) { a.report(fmt.Sprintf(format, args...)) }

// tell makes a problem of damage, and hands on that the store cannot be read.
func (a *auditor) tell(err error, what string, args ...any) error {
	if errors.Is(err, store.ErrDamaged) || errors.Is(err, store.ErrNotFound) {
		a.problem(what+": %v", append(args, err)...)
		a.broken = true
		return nil
	}
	return err
}

// ReadHashes implements tlog.HashReader on what was computed.
func (a *auditor) ReadHashes(numbers []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(numbers))
	for n, number := range numbers {
		if number >= int64(len(a.tree)) {
			return nil, fmt.Errorf("hash %d: %w", number, store.ErrNotFound)
		}
		out[n] = a.tree[number]
	}
	return out, nil
}

func (a *auditor) leaf(index int64) error {
	seq, err := read(a.r, leafKey(index))
	if err != nil {
		return a.tell(err, "place %d of the audit log", index)
	}
	entry, err := read(a.r, entryKey(string(seq)))
	if err != nil {
		return a.tell(err, "audit record %s at place %d", seq, index)
	}
	if place, err := readNumber(a.r, placeKey(string(seq))); err != nil {
		return a.tell(err, "the place of audit record %s", seq)
	} else if place != index {
		a.problem("audit record %s stands at place %d and is said to stand at %d", seq, index, place)
	}
	if a.broken {
		return nil
	}
	made, err := tlog.StoredHashes(index, entry, a)
	if err != nil {
		return err
	}
	for _, hash := range made {
		number := int64(len(a.tree))
		a.tree = append(a.tree, hash)
		stored, err := hashes{r: a.r}.ReadHashes([]int64{number})
		if err != nil {
			if err := a.tell(err, "audit record %s at place %d", seq, index); err != nil {
				return err
			}
		} else if stored[0] != hash {
			a.problem("audit record %s at place %d is not what the tree was made of", seq, index)
		}
	}
	return nil
}

// entries asks of every entry whether it waits or has a place, and not both.
func (a *auditor) entries(size int64) error {
	placed := int64(0)
	err := a.r.Scan(entryKey(""), nil, func(k, _ []byte) error {
		seq := seqOf(k)
		_, waits := a.r.Get(waitingKey(seq))
		_, stands := a.r.Get(placeKey(seq))
		for _, err := range []error{waits, stands} {
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
		}
		if stands == nil {
			placed++
		}
		if (waits == nil) == (stands == nil) {
			a.problem("audit record %s waits for its place: %t, and has it: %t", seq, waits == nil, stands == nil)
		}
		return nil
	})
	if err == nil && placed != size {
		a.problem("the audit log has %d places, and %d records", size, placed)
	}
	return err
}

func (a *auditor) checkpoints(known []string, signed [][]byte) error {
	for _, s := range signed {
		c, err := OpenCheckpoint(s, known...)
		if err != nil {
			a.problem("a checkpoint does not verify: %v", err)
			continue
		}
		if a.broken {
			a.problem("the checkpoint of %d entries cannot be compared, because the log is damaged", c.Tree.N)
			continue
		}
		root, err := tlog.TreeHash(c.Tree.N, a)
		if errors.Is(err, store.ErrNotFound) {
			a.problem("a checkpoint of %d entries was signed, and there are fewer", c.Tree.N)
		} else if err != nil {
			return err
		} else if root != c.Tree.Hash {
			a.problem("the checkpoint of %d entries is of another log than this one", c.Tree.N)
		}
	}
	return nil
}
