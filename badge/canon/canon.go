// Package canon turns a parsed credential into its canonical RDF form: JSON-LD
// 1.1 expansion under the contexts we hold, then RDFC-1.0, the bytes that a
// Data Integrity proof hashes.
//
// It refuses everything that JSON-LD would drop without a word (undefined
// terms and types, relative or malformed IRIs, nulls, unsigned directions),
// because what is dropped is not signed and can be changed by anybody. It
// never fetches a context. A refusal is final.
//
// Start at Canonicalizer. The engine here is json-gold under guard: it is not
// safe left alone (it drops statements silently, has no work limit and does
// not escape control characters), so a document is checked before, between
// and after its steps, and what it cannot carry truthfully is Unsupported
// rather than guessed.
package canon

import (
	"errors"
	"fmt"

	"github.com/piprate/json-gold/ld"

	"laurel/internal/strictjson"
	"laurel/schemas"
)

// Kind says why a document has no canonical form.
type Kind uint8

// The kinds. Unsupported and OverBudget say nothing about the document's
// worth; every other kind is a fault in it.
const (
	UndefinedTerm  Kind = iota + 1 // no context in scope defines the member
	UndefinedType                  // no context in scope defines the type
	RelativeIRI                    // an identifier that is no absolute IRI
	InvalidIRI                     // an identifier with characters that no IRI has
	Null                           // null, which JSON-LD drops
	UnknownContext                 // a context that we do not hold
	NestedContext                  // a context where none may stand
	Unsigned                       // a keyword whose value is not part of the signature
	DataLoss                       // something else that expansion dropped
	ContextFault                   // the contexts contradict each other
	Unsupported                    // well-formed, but beyond this processor
	OverBudget                     // more nodes or work than one document may cost
)

var kindNames = [...]string{"", "undefined_term", "undefined_type", "relative_iri", "invalid_iri", "null_value",
	"unknown_context", "nested_context", "unsigned_keyword", "data_loss", "context_fault", "unsupported", "over_budget"}

// String gives the kind in lower_snake_case, stable for programs.
func (k Kind) String() string { return kindNames[k] }

// Error tells why and where.
type Error struct {
	Kind    Kind
	Pointer string // RFC 6901, as near as it is known
	Detail  string
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("canon: %s at %q: %s", e.Kind, e.Pointer, e.Detail)
}

// Inconclusive reports whether an error leaves open if the document is good:
// it is beyond this processor or its budget.
func Inconclusive(err error) bool {
	var e *Error
	return !errors.As(err, &e) || e.Kind == Unsupported || e.Kind == OverBudget
}

// Input names what to canonicalise, as parts of one parsed tree; nothing is
// copied or written again.
type Input struct {
	Node    strictjson.Value // an object
	Context strictjson.Value // stands in place of the node's own @context when it exists
	Omit    []string         // members of Node left out, such as its proof
	// InlineContexts lets context objects stand in @context beside the URLs of
	// contexts that we hold. Open Badges never need it.
	InlineContexts bool
}

// Canonicalizer holds the contexts. It is safe for concurrent use.
type Canonicalizer struct {
	loader ld.DocumentLoader
	terms  map[string]bool // every name that some context defines somewhere
}

// New makes a canonicaliser over the contexts of package schemas.
func New() (*Canonicalizer, error) {
	c := &Canonicalizer{terms: map[string]bool{}}
	held := held{}
	for _, url := range schemas.ContextURLs() {
		raw, ok := schemas.ContextDocument(url)
		if !ok {
			return nil, fmt.Errorf("context %s is listed but not held", url)
		}
		doc, err := ld.DocumentFromReader(newReader(raw))
		if err != nil {
			return nil, fmt.Errorf("reading context %s: %w", url, err)
		}
		held[url] = &ld.RemoteDocument{DocumentURL: url, Document: doc}
		collectTerms(doc, c.terms)
	}
	c.loader = held
	return c, nil
}

// Canonicalize returns the canonical N-Quads (RDFC-1.0, SHA-256). Every error
// is an *Error.
func (c *Canonicalizer) Canonicalize(in Input) ([]byte, error) {
	l, err := c.lint(in)
	if err != nil {
		return nil, err
	}
	expanded, err := c.expand(in)
	if err != nil {
		return nil, err
	}
	if err := l.compare(expanded); err != nil {
		return nil, err
	}
	return c.normalize(expanded)
}
