package verifier

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"

	"laurel/badge/proof"
	"laurel/internal/lru"
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

// facts remembers some of them: whoever looks at a badge once more need not wait
// for it to be canonicalised and for its signature to be checked again. All that
// can change is looked at each time: which key the proof names and whether it is
// the issuer's, revoked or too old, the dates, the status. What did not hold is not
// remembered. nil remembers nothing.
type facts struct{ known *lru.Map[fact, struct{}] }

func newFacts(most int) *facts {
	if most <= 0 {
		return nil
	}
	return &facts{lru.New[fact, struct{}](most)}
}

// schemaFact and termsFact are what is asked of a document beside its proofs.
const (
	schemaFact = "schema"
	termsFact  = "terms"
)

// proven tells whether a fact of the document is known.
func (s *subject) proven(what, at, key string) bool {
	f, ok := s.fact(what, at, key)
	if !ok {
		return false
	}
	_, ok = s.v.facts.known.Get(f)
	return ok
}

// prove notes a fact of the document.
func (s *subject) prove(what, at, key string) {
	if f, ok := s.fact(what, at, key); ok {
		s.v.facts.known.Put(f, struct{}{})
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
	key, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return verify()
	}
	if s.proven(suite.Name(), at, string(key)) {
		return nil
	}
	if err := verify(); err != nil {
		return err
	}
	s.prove(suite.Name(), at, string(key))
	return nil
}
