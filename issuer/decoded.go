package issuer

import (
	"sync"

	"laurel/store"
)

const (
	maxDecoded      = 512
	maxDecodedBytes = 8 << 20 // as stored
)

// decoded keeps what was made of records that every award reads: templates and
// issuers, whose JSON takes longer to decode than a signature to make, and which
// status list is being filled. The store is asked each time, in the transaction
// of the award, and what is kept counts only for the exact bytes that it gives:
// so a change shows at once, whichever replica made it.
type decoded struct {
	mu      sync.Mutex
	entries map[string]decodedRecord // by key
	bytes   int
}

type decodedRecord struct {
	stored []byte
	value  any
}

func (d *decoded) find(k []byte) (e decodedRecord, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	e, ok = d.entries[string(k)]
	return e, ok
}

func (d *decoded) keep(k, stored []byte, value any) {
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

func (d *decoded) drop(k string) {
	d.bytes -= len(d.entries[k].stored)
	delete(d.entries, k)
}

// getShared is getJSON for records read often. What it returns is shared: it
// must not be changed.
func getShared[T any](d *decoded, r store.Reader, k []byte) (*T, error) {
	if e, ok := d.find(k); ok {
		same, err := store.Holds(r, k, e.stored)
		if err != nil {
			return nil, notFound(err, string(k))
		}
		if known, ok := e.value.(*T); ok && same {
			return known, nil
		}
	}
	stored, err := r.Get(k)
	if err != nil {
		return nil, notFound(err, string(k))
	}
	into := new(T)
	if err := store.UnsealJSON(k, stored, into); err != nil {
		return nil, err
	}
	d.keep(k, stored, into)
	return into, nil
}
