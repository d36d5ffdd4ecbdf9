package store

import "sync"

const (
	maxDecoded      = 512
	maxDecodedBytes = 8 << 20 // as stored
)

// Decoded keeps what was made of records that are read again and again, whose
// decoding takes longer than what is done with them. The store is asked each
// time, in the transaction that wants the record, and what is kept counts only
// for the exact bytes that it gives: so a change shows at once, whichever replica
// made it.
//
// The zero value keeps nothing yet. It may be used by many goroutines at once.
type Decoded struct {
	mu      sync.Mutex
	entries map[string]decodedRecord // by key
	bytes   int
}

type decodedRecord struct {
	stored []byte
	value  any
}

func (d *Decoded) find(k []byte) (e decodedRecord, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok = d.entries[string(k)]
	return e, ok
}

func (d *Decoded) keep(k, stored []byte, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.entries == nil {
		d.entries = map[string]decodedRecord{}
	}
	d.drop(string(k))
	d.entries[string(k)] = decodedRecord{stored, value}
	d.bytes += len(stored)
	for victim := range d.entries { // any: losing one costs a decoding
		if len(d.entries) <= maxDecoded && d.bytes <= maxDecodedBytes {
			return
		}
		d.drop(victim)
	}
}

func (d *Decoded) drop(k string) {
	d.bytes -= len(d.entries[k].stored)
	delete(d.entries, k)
}

// Shared is what decode makes of the value of a key, or has made of the same bytes
// before. It is shared and must not be changed. The errors are those of Get and of
// decode.
func Shared[T any](d *Decoded, r Reader, k []byte, decode func(k, value []byte) (*T, error)) (*T, error) {
	if e, ok := d.find(k); ok {
		same, err := Holds(r, k, e.stored)
		if err != nil {
			return nil, err
		}
		if known, ok := e.value.(*T); ok && same {
			return known, nil
		}
	}
	stored, err := r.Get(k)
	if err != nil {
		return nil, err
	}
	made, err := decode(k, stored)
	if err != nil {
		return nil, err
	}
	d.keep(k, stored, made)
	return made, nil
}
