package auditlog

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"laurel/keys"
	"laurel/store"
)

// ErrNotLogged: no checkpoint covers the entry, or there is no such entry.
var ErrNotLogged = errors.New("auditlog: not in the log yet")

// errBehind says that another sequencer was first.
var errBehind = errors.New("auditlog: the tree has grown meanwhile")

// Config is what a Log works with. All but Log is required.
type Config struct {
	Store  store.Store
	Origin string       // name of the log in its checkpoints, such as badges.example.edu/log
	Keys   keys.KeyRing // its active Ed25519 key signs checkpoints
	Log    *slog.Logger // one line where the sequencer fails; default discards
}

// Log is the Merkle tree over the entries of one store. It is safe for
// concurrent use.
type Log struct {
	cfg  Config
	seen atomic.Pointer[Checkpoint] // that the tree was last found to continue
}

// New makes a Log. The error says what cfg lacks.
func New(cfg Config) (*Log, error) {
	if cfg.Store == nil || cfg.Keys == nil || cfg.Origin == "" {
		return nil, errors.New("auditlog: Store, Origin and Keys are required")
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Log{cfg: cfg}, nil
}

// VerifierKeys are the public keys of the log, retired ones too, as
// OpenCheckpoint takes them.
func (l *Log) VerifierKeys(ctx context.Context) ([]string, error) {
	published, err := l.cfg.Keys.Published(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the keys of the audit log: %w", err)
	}
	var names []string
	for _, m := range published {
		public, ok := m.Public.(ed25519.PublicKey)
		if !ok {
			continue // notes are signed with Ed25519 alone
		}
		name, err := VerifierKey(l.cfg.Origin, public)
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

const (
	// batch is how many entries get their place in one Update: enough that its
	// commit costs little for each, few enough that writers wait milliseconds.
	batch = 512
	// rhythm is how often the sequencer looks for entries. Nobody waits for it:
	// what counts is that a checkpoint follows a change within seconds.
	rhythm = time.Second
)

// standBy is how long the tree has not grown when somebody else may take over.
const standBy = 3 * rhythm

// turn says whose turn it is to sequence: of several services on one store the
// one that did so last goes on, and another takes over once the tree has not
// grown for a while. Where two think that it is theirs nothing is lost: one of
// them begins anew.
type turn struct {
	size  int64 // of the tree when it was last looked at
	known bool
	until time.Time // that another is believed to be at work
}

// mine is told how large the tree is before entries get their places.
func (t *turn) mine(size int64, now time.Time) bool {
	if t.known && size != t.size {
		t.leave(now)
	}
	t.size, t.known = size, true
	return !now.Before(t.until)
}

// leave leaves it to another for a while.
func (t *turn) leave(now time.Time) { t.until = now.Add(standBy + rand.N(rhythm)) }

// sequenceInTurn is Sequence where nobody else does so.
func (l *Log) sequenceInTurn(ctx context.Context, t *turn) error {
	size, err := l.size(ctx)
	if err != nil || !t.mine(size, time.Now()) {
		return err
	}
	placed, err := l.sequence(ctx)
	t.size += int64(placed)
	if errors.Is(err, errBehind) {
		t.leave(time.Now())
		return nil
	}
	return err
}

func (l *Log) size(ctx context.Context) (size int64, err error) {
	err = l.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		size, err = Size(r)
		return err
	})
	return size, err
}

// Run sequences until ctx ends. What fails is tried again, and told once a
// minute.
func (l *Log) Run(ctx context.Context) error {
	ticker := time.NewTicker(rhythm)
	defer ticker.Stop()
	var told time.Time
	var t turn
	for {
		err := l.sequenceInTurn(ctx, &t)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && time.Since(told) > time.Minute {
			told = time.Now()
			l.cfg.Log.ErrorContext(ctx, "sequencing the audit log", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Sequence gives all waiting entries their places and signs a checkpoint where
// the newest does not cover them. It returns how many entries it placed.
func (l *Log) Sequence(ctx context.Context) (placed int, err error) {
	for {
		n, err := l.sequence(ctx)
		if placed += n; !errors.Is(err, errBehind) {
			return placed, err
		}
	}
}

// sequence is Sequence, or errBehind where another sequencer is at work. What
// comes while it works can wait for the next time.
func (l *Log) sequence(ctx context.Context) (placed int, err error) {
	for more := true; more; {
		waiting, err := l.waiting(ctx)
		if err != nil {
			return placed, fmt.Errorf("reading the waiting audit records: %w", err)
		}
		if len(waiting) == 0 {
			break
		}
		n, err := l.place(ctx, waiting)
		if err != nil {
			return placed, fmt.Errorf("placing audit records: %w", err)
		}
		placed += n
		more = len(waiting) == batch
	}
	return placed, l.publish(ctx)
}

// waiting is read outside of the Update that places: a scan within it would
// clash with everybody who writes meanwhile.
func (l *Log) waiting(ctx context.Context) (seqs []string, err error) {
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		seqs, err = Waiting(r, batch)
		return err
	})
	return seqs, err
}

// place appends entries to the tree. Another sequencer may have placed some of
// them since: those are passed over. Where it has placed all, or has let the tree
// grow while this was tried, the error is errBehind.
func (l *Log) place(ctx context.Context, seqs []string) (placed int, err error) {
	before := int64(-1)
	err = l.cfg.Store.Update(ctx, func(tx store.Tx) error {
		placed = 0
		size, err := readNumber(tx, sizeKey())
		if err != nil {
			return err
		}
		if before >= 0 && size != before {
			return errBehind
		}
		before = size
		if err := notShort(tx, size); err != nil {
			return err
		}
		tree := hashes{r: tx, fresh: map[int64]tlog.Hash{}}
		for _, seq := range seqs {
			if _, err := tx.Get(waitingKey(seq)); errors.Is(err, store.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			if err := appendEntry(tx, tree, size+int64(placed), seq); err != nil {
				return err
			}
			placed++
		}
		if placed == 0 {
			return errBehind
		}
		return putNumber(tx, sizeKey(), size+int64(placed))
	})
	if err != nil {
		placed = 0
	}
	return placed, err
}

func appendEntry(tx store.Tx, tree hashes, index int64, seq string) error {
	entry, err := read(tx, entryKey(seq))
	if err != nil {
		return fmt.Errorf("audit record %s: %w", seq, err)
	}
	made, err := tlog.StoredHashes(index, entry, tree)
	if err != nil {
		return err
	}
	first := tlog.StoredHashCount(index)
	for n, hash := range made {
		number := first + int64(n)
		tree.fresh[number] = hash
		k := hashKey(number)
		if err := tx.Put(k, store.Seal(k, hash[:])); err != nil {
			return err
		}
	}
	k := leafKey(index)
	if err := tx.Put(k, store.Seal(k, []byte(seq))); err != nil {
		return err
	}
	if err := putNumber(tx, placeKey(seq), index); err != nil {
		return err
	}
	return tx.Delete(waitingKey(seq))
}

// publish signs the tree as it is where no checkpoint of it exists. A log that
// signed two that differ could never be believed again, so it makes sure first
// that the tree continues the one of the stored checkpoint. The signature is
// made outside of the Update: a key may be slow.
func (l *Log) publish(ctx context.Context) error {
	c, due, err := l.next(ctx)
	if err != nil {
		return fmt.Errorf("reading the tree of the audit log: %w", err)
	}
	if !due {
		return nil
	}
	signed, err := l.sign(ctx, c)
	if err != nil {
		return err
	}
	return l.cfg.Store.Update(ctx, func(tx store.Tx) error { return keepLonger(tx, c, signed) })
}

// next is the checkpoint to be signed, if one is due.
func (l *Log) next(ctx context.Context) (c Checkpoint, due bool, err error) {
	var seen *Checkpoint
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		c, due, seen = Checkpoint{Origin: l.cfg.Origin}, false, nil
		newest, known, err := readCheckpoint(r)
		if err != nil {
			return err
		}
		if c.Tree.N, err = readNumber(r, sizeKey()); err != nil {
			return err
		}
		if last := l.seen.Load(); known && last != nil && newest == *last && c.Tree.N == newest.Tree.N {
			return nil // which was looked at before: nothing came since
		}
		if known {
			if err := continues(r, newest, c.Tree.N); err != nil {
				return err
			}
			seen = &newest
		}
		if due = !known || c.Tree.N > newest.Tree.N; !due {
			return nil
		}
		c.Tree.Hash, err = rootOf(r, c.Tree.N)
		return err
	})
	if err == nil && seen != nil {
		l.seen.Store(seen)
	}
	return c, due, err
}

// continues makes sure that a tree of some size has the one of a checkpoint as
// its beginning. The error is store.ErrDamaged.
func continues(r store.Reader, c Checkpoint, size int64) error {
	if size < c.Tree.N {
		return tooShort(c, size)
	}
	root, err := rootOf(r, c.Tree.N)
	if err == nil && root != c.Tree.Hash {
		err = fmt.Errorf("the audit log is not the one of its last checkpoint: %w", store.ErrDamaged)
	}
	return err
}

// notShort keeps a tree that has lost its end as it is: what was appended to it
// would stand in places that are taken.
func notShort(r store.Reader, size int64) error {
	c, known, err := readCheckpoint(r)
	if err == nil && known && size < c.Tree.N {
		err = tooShort(c, size)
	}
	return err
}

func tooShort(c Checkpoint, size int64) error {
	return fmt.Errorf("the audit log has %d entries, and its last checkpoint %d: %w", size, c.Tree.N, store.ErrDamaged)
}

// keepLonger stores a checkpoint unless one of as many entries is there. It
// looks once more that neither contradicts the tree.
func keepLonger(tx store.Tx, c Checkpoint, signed []byte) error {
	before, known, err := readCheckpoint(tx)
	if err != nil {
		return err
	}
	size, err := readNumber(tx, sizeKey())
	if err != nil {
		return err
	}
	if err := continues(tx, c, size); err != nil {
		return err
	}
	if known {
		if err := continues(tx, before, size); err != nil || before.Tree.N >= c.Tree.N {
			return err
		}
	}
	k := checkpointKey()
	return tx.Put(k, store.Seal(k, signed))
}

// readCheckpoint reads what the stored checkpoint says; false before the first.
func readCheckpoint(r store.Reader) (c Checkpoint, known bool, err error) {
	signed, err := read(r, checkpointKey())
	if errors.Is(err, store.ErrNotFound) {
		return c, false, nil
	}
	if err == nil {
		c, err = parseText(string(signed))
	}
	if err != nil {
		return c, false, fmt.Errorf("the stored checkpoint: %w", err)
	}
	return c, true, nil
}

func rootOf(r store.Reader, size int64) (tlog.Hash, error) {
	return tlog.TreeHash(size, hashes{r: r})
}

// Checkpoint is the newest signed checkpoint; ErrNotLogged before the first.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	var signed []byte
	err := l.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		signed, err = read(r, checkpointKey())
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotLogged
	}
	return signed, err
}

// Prove returns an entry and the proof that the newest checkpoint covers it;
// ErrNotLogged while none does.
func (l *Log) Prove(ctx context.Context, seq string) (entry []byte, p Proof, err error) {
	err = l.cfg.Store.View(ctx, func(r store.Reader) error {
		if p.Checkpoint, err = read(r, checkpointKey()); err != nil {
			return err
		}
		c, err := parseText(string(p.Checkpoint))
		if err != nil {
			return fmt.Errorf("the stored checkpoint: %w", err)
		}
		if _, err := r.Get(placeKey(seq)); err != nil {
			return err
		}
		if p.Index, err = readNumber(r, placeKey(seq)); err != nil {
			return err
		}
		if p.Index >= c.Tree.N {
			return ErrNotLogged
		}
		if entry, err = read(r, entryKey(seq)); err != nil {
			return err
		}
		p.Path, err = tlog.ProveRecord(c.Tree.N, p.Index, hashes{r: r})
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = ErrNotLogged
	}
	return entry, p, err
}

// Entries hands entries to f in the order of their sequences, those behind
// after ("" for all), at most limit of them.
func (l *Log) Entries(ctx context.Context, after string, limit int, f func(seq string, entry []byte)) error {
	return l.cfg.Store.View(ctx, func(r store.Reader) error {
		var from []byte
		if after != "" {
			from = entryKey(after)
		}
		n := 0
		return r.Scan(entryKey(""), from, func(k, v []byte) error {
			if n == limit {
				return store.ErrStop
			}
			entry, err := store.Unseal(k, v)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			f(seqOf(k), entry)
			n++
			return nil
		})
	})
}
