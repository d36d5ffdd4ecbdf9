package auditlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"laurel/store"
)

// The layout in the store; every value is sealed with a checksum:
//
//	u/<seq>          entry
//	o/<seq>          present while the entry has no place in the tree
//	g/size           number of entries that have one
//	g/leaf/<index>   place -> seq; 16 hexadecimal digits, as below
//	g/place/<seq>    seq -> place
//	g/hash/<number>  hash of the tree, as tlog.StoredHashIndex counts them
//	g/checkpoint     the newest that was signed
func entryKey(seq string) []byte   { return []byte("u/" + seq) }
func waitingKey(seq string) []byte { return []byte("o/" + seq) }
func placeKey(seq string) []byte   { return []byte("g/place/" + seq) }
func leafKey(index int64) []byte   { return fmt.Appendf(nil, "g/leaf/%016x", index) }
func hashKey(number int64) []byte  { return fmt.Appendf(nil, "g/hash/%016x", number) }
func sizeKey() []byte              { return []byte("g/size") }
func checkpointKey() []byte        { return []byte("g/checkpoint") }
func seqOf(k []byte) (seq string)  { return string(k[strings.LastIndexByte(string(k), '/')+1:]) }

// Put writes an entry under its sequence, within the Update of the change that
// it tells of, and queues it for the tree. A sequence is used once.
func Put(tx store.Tx, seq string, entry []byte) error {
	k := entryKey(seq)
	if err := tx.Put(k, store.Seal(k, entry)); err != nil {
		return fmt.Errorf("writing the audit record: %w", err)
	}
	k = waitingKey(seq)
	if err := tx.Put(k, store.Seal(k, nil)); err != nil {
		return fmt.Errorf("queueing the audit record: %w", err)
	}
	return nil
}

func read(r store.Reader, k []byte) ([]byte, error) {
	v, err := r.Get(k)
	if err != nil {
		return nil, err
	}
	payload, err := store.Unseal(k, v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", k, err)
	}
	return payload, nil
}

// readNumber is 0 for a number that was never written.
func readNumber(r store.Reader, k []byte) (int64, error) {
	payload, err := read(r, k)
	if errors.Is(err, store.ErrNotFound) {
		return 0, nil
	} else if err != nil {
		return 0, err
	}
	var n int64
	if err := json.Unmarshal(payload, &n); err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %w", k, store.ErrDamaged)
	}
	return n, nil
}

func putNumber(tx store.Tx, k []byte, n int64) error {
	return tx.Put(k, store.Seal(k, fmt.Appendf(nil, "%d", n)))
}

// hashes reads the hashes of the tree, first among those of an Update that are
// not written yet.
type hashes struct {
	r     store.Reader
	fresh map[int64]tlog.Hash
}

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(numbers []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(numbers))
	for n, number := range numbers {
		if fresh, ok := h.fresh[number]; ok {
			out[n] = fresh
			continue
		}
		payload, err := read(h.r, hashKey(number))
		if err != nil {
			return nil, fmt.Errorf("hash %d of the audit log: %w", number, err)
		}
		if len(payload) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d of the audit log: %w", number, store.ErrDamaged)
		}
		copy(out[n][:], payload)
	}
	return out, nil
}
