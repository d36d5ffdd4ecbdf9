package resolve

import (
	"bytes"
	"strings"
	"sync"

	"laurel/keys"
)

// maxReadings is how many documents of ours are kept read.
const maxReadings = 256

// readings keeps what our own documents say. What is kept counts only for the
// exact bytes, or, where our keys are counted, while nothing was changed: it
// saves nothing but making and reading the same text again.
type readings struct {
	mu   sync.Mutex
	kept map[string]reading // by DID or address
}

type reading struct {
	raw       []byte
	published *published
	changes   uint64 // of our keys, when the document was asked for or before
}

// unchanged is what a document says of which nothing can be newer than it was.
func (r *readings) unchanged(id string, changes uint64) (*published, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.kept[id]
	return known.published, ok && known.changes == changes
}

func (r *readings) read(raw []byte, s source, changes uint64) (*published, error) {
	r.mu.Lock()
	known := r.kept[s.id]
	r.mu.Unlock()
	if known.published == nil || !bytes.Equal(known.raw, raw) {
		p, err := read(raw, s)
		if err != nil {
			return nil, err
		}
		known = reading{raw: bytes.Clone(raw), published: p}
	} else if known.changes == changes {
		return known.published, nil
	}
	known.changes = changes
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.kept) >= maxReadings || r.kept == nil {
		r.kept = map[string]reading{} // a service has few issuers; this is for what nobody foresees
	}
	r.kept[s.id] = known
	return known.published, nil
}

// atOnce finds a method of ours that is known as it stands. What is not found so
// is looked for as anybody's is.
func (r *Resolver) atOnce(id string) (keys.VerificationMethod, bool) {
	owner, fragment, named := strings.Cut(id, "#")
	if r.changes == nil || !named {
		return keys.VerificationMethod{}, false
	}
	p, ok := r.own.unchanged(owner, r.changes())
	if !ok {
		return keys.VerificationMethod{}, false
	}
	m, err := p.named(target{id: id, fragment: fragment})
	return m, err == nil
}
