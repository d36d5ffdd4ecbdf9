package resolve

import (
	"bytes"
	"sync"
)

// maxReadings is how many documents of ours are kept read.
const maxReadings = 256

// readings keeps what our own documents say. They are asked for each time, and
// what is kept counts only for the exact bytes: it saves nothing but reading
// the same text again.
type readings struct {
	mu   sync.Mutex
	kept map[string]reading // by DID or address
}

type reading struct {
	raw       []byte
	published *published
}

func (r *readings) read(raw []byte, s source) (*published, error) {
	r.mu.Lock()
	known := r.kept[s.id]
	r.mu.Unlock()
	if known.published != nil && bytes.Equal(known.raw, raw) {
		return known.published, nil
	}
	p, err := read(raw, s)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxReadings || r.kept == nil {
		r.kept = map[string]reading{} // a service has few issuers; this is for what nobody foresees
	}
	r.kept[s.id] = reading{bytes.Clone(raw), p}
	return p, nil
}
