package auditlog_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"laurel/issuer/auditlog"
	"laurel/keys"
	"laurel/keys/keyring"
	"laurel/store"
	"laurel/store/bolt"
	"laurel/store/postgres"
	"laurel/store/postgres/pgtest"
)

const origin = "badges.example.edu/log"

type world struct {
	*auditlog.Log
	store store.Store
	name  string // of the key, as verifiers take it
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// backends are all that a log can stand on.
var backends = map[string]func(t testing.TB) (store.Store, error){
	"bolt": func(t testing.TB) (store.Store, error) {
		return bolt.Create(filepath.Join(t.TempDir(), "laurel.db"), bolt.Options{})
	},
	"postgres": func(t testing.TB) (store.Store, error) { return postgres.Create(t.Context(), pgtest.Start(t)) },
}

func newWorld(t testing.TB) *world { t.Helper(); return newWorldOn(t, "bolt") }

func newWorldOn(t testing.TB, backend string) *world {
	t.Helper()
	return newWorldOf(t, backend, func(k keys.KeyRing) keys.KeyRing { return k })
}

// newWorldOf makes a log with something around its keys.
func newWorldOf(t testing.TB, backend string, around func(keys.KeyRing) keys.KeyRing) *world {
	t.Helper()
	s, err := backends[backend](t)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	ring, err := keyring.Create(filepath.Join(t.TempDir(), "keys"), keyring.Seal{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Generate(t.Context(), "audit-log", "https://badges.example.edu/log", keys.EdDSA); err != nil {
		t.Fatal(err)
	}
	l, err := auditlog.New(auditlog.Config{Store: s, Origin: origin, Keys: around(ring.Issuer("audit-log"))})
	if err != nil {
		t.Fatal(err)
	}
	names, err := l.VerifierKeys(t.Context())
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	return &world{Log: l, store: s, name: names[0]}
}

func seqOf(n int) string { return fmt.Sprintf("%032x", n) }
func entryOf(n int) string {
	return fmt.Sprintf(`{"action":"credential.issue","subject":"badge-%d"}`, n)
}

func (w *world) put(t testing.TB, n int) {
	t.Helper()
	err := w.store.Update(t.Context(), func(tx store.Tx) error { return auditlog.Put(tx, seqOf(n), []byte(entryOf(n))) })
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) sequence(t testing.TB, want int) {
	t.Helper()
	placed, err := w.Sequence(t.Context())
	if err != nil || placed != want {
		t.Fatalf("placed %d entries (%v), want %d", placed, err, want)
	}
}

func (w *world) checkpoint(t testing.TB) auditlog.Checkpoint {
	t.Helper()
	signed, err := w.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, err := auditlog.OpenCheckpoint(signed, w.name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (w *world) problems(t testing.TB, kept ...[]byte) []string {
	t.Helper()
	var found []string
	if _, err := w.Verify(t.Context(), kept, func(p string) { found = append(found, p) }); err != nil {
		t.Fatal(err)
	}
	return found
}

// rfc6962 is the tree hash straight from the definition in RFC 6962 section 2.1.
func rfc6962(entries []string) [32]byte {
	switch len(entries) {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256([]byte("\x00" + entries[0]))
	}
	k := 1
	for 2*k < len(entries) {
		k *= 2
	}
	left, right := rfc6962(entries[:k]), rfc6962(entries[k:])
	return sha256.Sum256(append(append([]byte{1}, left[:]...), right[:]...))
}

func TestTreeIsThatOfRFC6962AtEverySize(t *testing.T) {
	w := newWorld(t)
	var entries []string
	for n := range 70 {
		w.sequence(t, 0)
		if c := w.checkpoint(t); c.Tree.N != int64(n) || c.Tree.Hash != rfc6962(entries) || c.Origin != origin {
			t.Fatalf("after %d entries the checkpoint is %+v", n, c)
		}
		w.put(t, n)
		entries = append(entries, entryOf(n))
		w.sequence(t, 1)
	}
	if p := w.problems(t); len(p) > 0 {
		t.Error(p)
	}
}

func TestEveryEntryHasAProofThatOnlyItFits(t *testing.T) {
	w := newWorld(t)
	const all = 37
	for n := range all {
		w.put(t, n)
	}
	if _, _, err := w.Prove(t.Context(), seqOf(0)); !errors.Is(err, auditlog.ErrNotLogged) {
		t.Errorf("proving what waits: %v", err)
	}
	w.sequence(t, all)
	for n := range all {
		entry, p, err := w.Prove(t.Context(), seqOf(n))
		if err != nil || string(entry) != entryOf(n) {
			t.Fatalf("entry %d: %s (%v)", n, entry, err)
		}
		read, err := auditlog.ParseProof(p.Text())
		if err != nil {
			t.Fatal(err)
		}
		if c, err := read.Verify(entry, w.name); err != nil || c.Tree.N != all {
			t.Errorf("entry %d: %+v, %v", n, c, err)
		}
		if _, err := read.Verify([]byte(entryOf(n+1)), w.name); !errors.Is(err, auditlog.ErrProof) {
			t.Errorf("the proof of entry %d fits the next: %v", n, err)
		}
		read.Index = (read.Index + 1) % all
		if _, err := read.Verify(entry, w.name); !errors.Is(err, auditlog.ErrProof) {
			t.Errorf("the proof of entry %d holds at another place: %v", n, err)
		}
	}
	if _, _, err := w.Prove(t.Context(), seqOf(all)); !errors.Is(err, auditlog.ErrNotLogged) {
		t.Errorf("proving what is not there: %v", err)
	}
}

func TestOlderCheckpointsStayTrue(t *testing.T) {
	w := newWorld(t)
	var kept [][]byte
	for n := range 20 {
		w.put(t, n)
		w.sequence(t, 1)
		signed, err := w.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, signed)
	}
	if p := w.problems(t, kept...); len(p) > 0 {
		t.Error(p)
	}
	other := newWorld(t)
	foreign, err := other.Log.Sequence(t.Context())
	if err != nil || foreign != 0 {
		t.Fatal(foreign, err)
	}
	signed, err := other.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := w.problems(t, signed); len(p) != 1 || !strings.Contains(p[0], "does not verify") {
		t.Errorf("another log's checkpoint: %v", p)
	}
}

// Changes of every kind to what is stored have to be found.
func TestVerifyFindsWhatWasChanged(t *testing.T) {
	reseal := func(k, payload string) func(store.Tx) error {
		return func(tx store.Tx) error { return tx.Put([]byte(k), store.Seal([]byte(k), []byte(payload))) }
	}
	for name, c := range map[string]struct {
		change func(store.Tx) error
		want   string
	}{
		"an entry, with a good checksum": {reseal("u/"+seqOf(4), `{"action":"nothing"}`), "is not what the tree was made of"},
		"an entry removed":               {func(tx store.Tx) error { return tx.Delete([]byte("u/" + seqOf(4))) }, "audit record " + seqOf(4)},
		"a flipped bit": {func(tx store.Tx) error {
			v, err := tx.Get([]byte("u/" + seqOf(4)))
			v[len(v)-1] ^= 1
			return errors.Join(err, tx.Put([]byte("u/"+seqOf(4)), v))
		}, "damaged"},
		"two places exchanged": {func(tx store.Tx) error {
			return errors.Join(reseal("g/leaf/0000000000000002", seqOf(3))(tx), reseal("g/leaf/0000000000000003", seqOf(2))(tx))
		}, "is said to stand at"},
		"a hash":                {reseal("g/hash/0000000000000005", strings.Repeat("x", 32)), "is not what the tree was made of"},
		"an entry never queued": {reseal("u/"+seqOf(99), "{}"), "waits for its place: false, and has it: false"},
		"the last entry forgotten": {func(tx store.Tx) error {
			return errors.Join(tx.Delete([]byte("u/"+seqOf(8))), tx.Delete([]byte("g/place/"+seqOf(8))), reseal("g/size", "8")(tx))
		}, "and there are fewer"},
		"the checkpoint": {reseal("g/checkpoint", "badges.example.edu/log\n9\nAAAA\n"), "does not verify"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			for n := range 9 {
				w.put(t, n)
			}
			w.sequence(t, 9)
			if p := w.problems(t); len(p) > 0 {
				t.Fatal(p)
			}
			if err := w.store.Update(t.Context(), c.change); err != nil {
				t.Fatal(err)
			}
			if p := strings.Join(w.problems(t), "\n"); !strings.Contains(p, c.want) {
				t.Errorf("found %q, want %q", p, c.want)
			}
		})
	}
}

// counted counts the signatures that a key makes.
type counted struct {
	keys.KeyRing
	signed *atomic.Int64
}

func (c counted) Active(ctx context.Context, alg keys.Algorithm) (keys.Signer, error) {
	key, err := c.KeyRing.Active(ctx, alg)
	return countedKey{key, c.signed}, err
}

type countedKey struct {
	keys.Signer
	signed *atomic.Int64
}

func (c countedKey) Sign(ctx context.Context, message []byte) ([]byte, error) {
	c.signed.Add(1)
	return c.Signer.Sign(ctx, message)
}

// A log that is not the one of its last checkpoint, as an old backup is not,
// must not sign another one, however long it is.
func TestNoCheckpointOfAnotherPast(t *testing.T) {
	size := func(t *testing.T, _ *world) (k, payload string) { return "g/size", "3" }
	other := func(t *testing.T, _ *world) (k, payload string) {
		o := newWorld(t)
		for n := range 6 {
			o.put(t, 100+n)
		}
		o.sequence(t, 6)
		signed, err := o.Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return "g/checkpoint", string(signed)
	}
	for name, c := range map[string]struct {
		spoil func(t *testing.T, w *world) (k, payload string)
		more  int
	}{
		"shorter": {size, 0}, "shorter, and grows": {size, 2}, "shorter, and grows as long": {size, 3}, "shorter, and grows longer": {size, 6},
		"another as long": {other, 0}, "another, and grows": {other, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var signed atomic.Int64
			w := newWorldOf(t, "bolt", func(k keys.KeyRing) keys.KeyRing { return counted{k, &signed} })
			for n := range 6 {
				w.put(t, n)
			}
			w.sequence(t, 6)
			if signed.Load() != 1 {
				t.Fatalf("%d signatures", signed.Load())
			}
			k, payload := c.spoil(t, w)
			w.overwrite(t, k, payload)
			before, err := w.Checkpoint(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for n := range c.more {
				w.put(t, 6+n)
			}
			for range 2 {
				if _, err := w.Sequence(t.Context()); !errors.Is(err, store.ErrDamaged) {
					t.Errorf("it goes on from a second past: %v", err)
				}
			}
			if after, err := w.Checkpoint(t.Context()); err != nil || !bytes.Equal(before, after) || signed.Load() != 1 {
				t.Errorf("the checkpoint is %s, and %d were signed", after, signed.Load())
			}
		})
	}
}

func (w *world) overwrite(t *testing.T, k, payload string) {
	t.Helper()
	err := w.store.Update(t.Context(), func(tx store.Tx) error {
		return tx.Put([]byte(k), store.Seal([]byte(k), []byte(payload)))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Several sequencers and writers at once place every entry exactly once.
func TestManySequencersAndWriters(t *testing.T) {
	for backend := range backends {
		t.Run(backend, func(t *testing.T) { manySequencersAndWriters(t, newWorldOn(t, backend)) })
	}
}

func manySequencersAndWriters(t *testing.T, w *world) {
	const writers, each = 4, 150
	var group sync.WaitGroup
	for writer := range writers {
		group.Go(func() {
			for n := range each {
				seq := seqOf(writer*each + n)
				err := w.store.Update(t.Context(), func(tx store.Tx) error { return auditlog.Put(tx, seq, []byte(seq)) })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 3 {
		group.Go(func() {
			for range 20 {
				if _, err := w.Sequence(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if _, err := w.Sequence(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := w.checkpoint(t); c.Tree.N != writers*each {
		t.Errorf("%d entries have their place, want %d", c.Tree.N, writers*each)
	}
	if p := w.problems(t); len(p) > 0 {
		t.Error(p)
	}
}

func TestCheckpointsOfOthersAreRefused(t *testing.T) {
	w := newWorld(t)
	w.put(t, 1)
	w.sequence(t, 1)
	signed, err := w.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(signed, []byte("\n1\n"), []byte("\n2\n"), 1)
	other := newWorld(t)
	for name, c := range map[string]struct {
		signed []byte
		key    string
	}{
		"another size":   {changed, w.name},
		"another key":    {signed, other.name},
		"no signature":   {signed[:bytes.Index(signed, []byte("\n\n"))+1], w.name},
		"nothing":        {nil, w.name},
		"no key at all":  {signed, "nobody"},
		"another origin": {signed, strings.Replace(w.name, "badges.", "pledges.", 1)},
	} {
		if _, err := auditlog.OpenCheckpoint(c.signed, c.key); !errors.Is(err, auditlog.ErrCheckpoint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMalformedProofs(t *testing.T) {
	hash := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for _, text := range []string{
		"", "c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2\nindex 1\n\nx", "c2sp.org/tlog-proof@v1\n\nx",
		"c2sp.org/tlog-proof@v1\nindex -1\n\nx", "c2sp.org/tlog-proof@v1\nindex 01\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\n" + hash + "=\n\nx",
		"c2sp.org/tlog-proof@v1\nextra eA==\n\nx", "c2sp.org/tlog-proof@v1\nindex 1\n\n" + strings.Repeat("x", 1<<20),
	} {
		if p, err := auditlog.ParseProof([]byte(text)); !errors.Is(err, auditlog.ErrProof) {
			t.Errorf("%.60q: %+v, %v", text, p, err)
		}
	}
	p, err := auditlog.ParseProof([]byte("c2sp.org/tlog-proof@v1\nextra eA==\nindex 7\n" + hash + "\n\nrest\n"))
	if err != nil || p.Index != 7 || len(p.Path) != 1 || string(p.Checkpoint) != "rest\n" {
		t.Errorf("with extra data: %+v, %v", p, err)
	}
}

func FuzzParseProof(f *testing.F) {
	f.Add([]byte("c2sp.org/tlog-proof@v1\nindex 7\n\nrest\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := auditlog.ParseProof(text)
		if err != nil {
			return
		}
		again, err := auditlog.ParseProof(p.Text())
		if err != nil || again.Index != p.Index || len(again.Path) != len(p.Path) || !bytes.Equal(again.Checkpoint, p.Checkpoint) {
			t.Errorf("%q is read as %+v and again as %+v (%v)", text, p, again, err)
		}
	})
}
