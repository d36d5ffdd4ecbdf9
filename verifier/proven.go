package verifier

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"sync"

	"laurel/badge/proof"
)

// fact is what was once found to hold of a document's bytes, and of nothing else:
// neither the time, nor who published the key, nor any status has a part in it.
// It is told by all that was asked, so another byte, another key, another place or
// another suite is another fact.
type fact struct {
	document [sha256.Size]byte // of its JSON, as it came
	what, at string
	key      string // the key itself, not its name
}

// name stands for a fact where many are kept: who finds two facts of one name has
// broken SHA-256. The lengths keep each part in its place.
func (f fact) name() [sha256.Size]byte {
	var room [256]byte
	b := append(room[:0], f.document[:]...)
	for _, part := range []string{f.what, f.at, f.key} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return sha256.Sum256(b)
}

// Facts remembers some of them: whoever looks at a badge once more need not wait
// for it to be canonicalised and for its signature to be checked again. All that
// can change is looked at each time: which key the proof names and whether it is
// the issuer's, revoked or too old, the dates, the status. What did not hold is not
// remembered.
//
// Verifiers of one program can share them, such as the one that reads back what was
// just signed and the one that strangers ask: each finds them out itself, from the
// bytes, or takes them from another that did. nil remembers nothing.
type Facts struct {
	most int // of a generation

	mu sync.Mutex
	// What was asked for lately is in the younger generation; the older one is
	// dropped whole as that is full. Maps without pointers cost the collection of
	// garbage nothing.
	young, old map[[sha256.Size]byte]struct{}
}

// NewFacts remembers at least half of most facts, at some 70 bytes each: those that
// were asked for last. There are about three to a badge.
func NewFacts(most int) *Facts {
	m := &Facts{most: max(most/2, 1)}
	m.age()
	return m
}

// known tells whether a fact is remembered, and remembers it for longer.
func (m *Facts) known(f fact) bool {
	name := f.name()
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.young[name]; ok {
		return true
	}
	_, ok := m.old[name]
	if ok {
		m.add(name)
	}
	return ok
}

func (m *Facts) remember(f fact) {
	name := f.name()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(name)
}

func (m *Facts) add(name [sha256.Size]byte) {
	if len(m.young) >= m.most {
		m.age()
	}
	m.young[name] = struct{}{}
}

// age begins a generation. Its room is taken at once: growing step by step would
// take more of it.
func (m *Facts) age() {
	m.old, m.young = m.young, make(map[[sha256.Size]byte]struct{}, m.most)
}

// schemaFact and termsFact are what is asked of a document beside its proofs.
const (
	schemaFact = "schema"
	termsFact  = "terms"
)

// proven tells whether a fact of the document is known. Who asks for the proof alone
// wants it looked at: what reads back a signature that was just made, or checks a
// store, takes nobody's word for it.
func (s *subject) proven(what, at, key string) bool {
	if s.opts.ProofOnly {
		return false
	}
	f, ok := s.fact(what, at, key)
	return ok && s.v.facts.known(f)
}

// prove notes a fact of the document.
func (s *subject) prove(what, at, key string) {
	if f, ok := s.fact(what, at, key); ok {
		s.v.facts.remember(f)
	}
}

// fact is false of documents of which none is remembered: what came in a token or
// shows a presentation, and what was asked for in a wider sense.
func (s *subject) fact(what, at, key string) (fact, bool) {
	if s.v.facts == nil || s.doc.JWS() != nil || s.presenter != "" || s.opts.Generic || s.isList {
		return fact{}, false
	}
	if !s.digested {
		s.digest, s.digested = sha256.Sum256(s.doc.Raw()), true
	}
	return fact{s.digest, what, at, key}, true
}

// provenProof is a fact of a proof: by which suite and key, and where it stands.
// The error is that of the suite.
func (s *subject) provenProof(suite proof.Suite, at string, public crypto.PublicKey, verify func() error) error {
	key, err := keyText(public)
	if err != nil {
		return verify()
	}
	if s.proven(suite.Name(), at, key) {
		return nil
	}
	if err := verify(); err != nil {
		return err
	}
	s.prove(suite.Name(), at, key)
	return nil
}

// keyText is a key itself. That of Ed25519 is as it stands, which is quicker and
// shorter than any other form of a key is.
func keyText(public crypto.PublicKey) (string, error) {
	if key, ok := public.(ed25519.PublicKey); ok {
		return string(key), nil
	}
	key, err := x509.MarshalPKIXPublicKey(public)
	return string(key), err
}
