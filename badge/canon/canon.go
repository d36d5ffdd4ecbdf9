// Package canon turns a parsed credential into its canonical RDF form: JSON-LD
// 1.1 expansion under the contexts we hold, then RDFC-1.0, the bytes that a
// Data Integrity proof hashes.
//
// It refuses everything that JSON-LD would drop without a word (undefined
// terms and types, relative or malformed IRIs, nulls, unsigned directions),
// because what is dropped is not signed and can be changed by anybody. It
// never fetches a context. A refusal is final: no other processor is asked.
//
// The contexts held are compiled into tables once (table.go), and a document
// is walked under them straight to statements (walk.go), which package rdfc
// canonicalises. Contexts written inline, which Open Badges never need, are
// expanded by json-gold instead, under guard (inline.go).
//
// Start at Canonicalizer.
package canon

import (
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"laurel/badge/canon/rdfc"
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
	UnknownContext                 // a context that we do not hold, or one written out where only a name may stand
	Unsigned                       // a keyword whose value is not part of the signature
	DataLoss                       // something else that JSON-LD drops or cannot express
	ContextFault                   // the contexts contradict each other
	Unsupported                    // well-formed, but beyond this processor
	OverBudget                     // more nodes or work than one document may cost
)

var kindNames = [...]string{"", "undefined_term", "undefined_type", "relative_iri", "invalid_iri", "null_value",
	"unknown_context", "unsigned_keyword", "data_loss", "context_fault", "unsupported", "over_budget"}

// String gives the kind in lower_snake_case, stable for programs.
func (k Kind) String() string { return kindNames[k] }

// Error tells why and where.
type Error struct {
	Kind    Kind
	Pointer string // RFC 6901, from Input.Node
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
	// Directions lets @direction stand beside a text, and leaves it out of what
	// is signed, as JSON-LD does that is not asked for rdfDirection. Who lets it
	// stand tells readers that it is not signed. Badges never have it.
	Directions bool
	// Hash is the hash function that RDFC-1.0 uses within itself: crypto.SHA256
	// or crypto.SHA384; zero means the former. Digest uses it for the result too.
	Hash crypto.Hash
	// Form saves Digest its work where it is the form of this very input; any
	// other is passed over.
	Form *Form
}

// Canonicalizer holds the contexts. It is safe for concurrent use.
type Canonicalizer struct {
	held     map[string]*schemas.Context
	names    *lexicon // of those held
	tables   atomic.Pointer[library]
	walkers  sync.Pool
	expander func() *expander // json-gold, made when first needed
}

// New makes a canonicaliser over the contexts of package schemas.
func New() (*Canonicalizer, error) { return NewWith() }

// NewWith is New with contexts that an operator adds. It refuses one that is
// held already, or whose terms do not compile, with an *AddedError.
func NewWith(added ...*schemas.Extension) (*Canonicalizer, error) {
	c := &Canonicalizer{held: map[string]*schemas.Context{}, expander: sync.OnceValue(func() *expander { return newExpander(added) })}
	urls := schemas.ContextURLs()
	for _, url := range urls {
		table, ok := schemas.ContextTable(url)
		if !ok {
			return nil, fmt.Errorf("context %s is listed but not held", url)
		}
		c.held[url] = table
	}
	for _, e := range added {
		if c.held[e.Table.URL] != nil {
			return nil, &AddedError{e.Table.URL, ErrHeld}
		}
		c.held[e.Table.URL] = e.Table
	}
	c.names = newLexicon(c.held)
	trial := newLibrary(c.names)
	for _, url := range urls {
		if _, err := trial.define(trial.empty, c.held[url], byDocument, ""); err != nil {
			return nil, fmt.Errorf("compiling context %s: %w", url, err)
		}
	}
	for _, e := range added {
		if err := trial.tryAll(trial.empty, e.Table, e.Table.URL); err != nil {
			return nil, &AddedError{e.Table.URL, err}
		}
	}
	c.tables.Store(newLibrary(c.names))
	c.walkers.New = func() any { return &walker{held: c.held} }
	return c, nil
}

// AddedError tells which added context was refused, and why.
type AddedError struct {
	URL string
	Err error
}

// Error implements error.
func (e *AddedError) Error() string { return fmt.Sprintf("context %s: %s", e.URL, e.Err) }

// Unwrap gives the reason.
func (e *AddedError) Unwrap() error { return e.Err }

// ErrHeld tells that a context of this address is there already: what a badge
// means must not depend on which of two was taken.
var ErrHeld = errors.New("this context is held already")

// Holds reports whether the context of this address is held.
func (c *Canonicalizer) Holds(url string) bool { return c.held[url] != nil }

// Canonicalize returns the canonical N-Quads (RDFC-1.0). Every error is an
// *Error.
func (c *Canonicalizer) Canonicalize(in Input) ([]byte, error) {
	var out []byte
	err := c.with(in, func(w *walker) { out = slices.Clone(w.out) })
	return out, err
}

// Digest appends the hash of the canonical N-Quads to dst: 32 bytes for
// SHA-256, 48 for SHA-384. It saves the copy that Canonicalize makes. Every
// error is an *Error.
func (c *Canonicalizer) Digest(dst []byte, in Input) ([]byte, error) {
	if in.Form.isOf(c, in) {
		return append(dst, in.Form.digest...), nil
	}
	err := c.with(in, func(w *walker) { dst = appendHash(dst, in.Hash, w.out) })
	return dst, err
}

func appendHash(dst []byte, hash crypto.Hash, text []byte) []byte {
	if hash == crypto.SHA384 {
		h := sha512.Sum384(text)
		return append(dst, h[:]...)
	}
	h := sha256.Sum256(text)
	return append(dst, h[:]...)
}

// maxKept is how much memory a walker may hold on to between documents.
const maxKept = 1 << 20

// with canonicalises and lends the result in w.out.
func (c *Canonicalizer) with(in Input, use func(*walker)) error {
	w := c.walkers.Get().(*walker)
	defer func() {
		if w.data.Size()+cap(w.out)+48*cap(w.members) <= maxKept {
			w.forget()
			c.walkers.Put(w)
		}
	}()
	if err := c.canonicalize(w, in); err != nil {
		return err
	}
	use(w)
	return nil
}

func (c *Canonicalizer) canonicalize(w *walker, in Input) error {
	if err := c.statements(w, in); err != nil {
		return err
	}
	var err error
	w.out, err = w.data.Canonicalize(w.out[:0], in.Hash)
	switch {
	case errors.Is(err, rdfc.ErrBudget):
		return &Error{Kind: OverBudget, Detail: "too many nodes without an id look alike; give them ids"}
	case err != nil:
		return &Error{Kind: Unsupported, Detail: err.Error()}
	}
	return nil
}

// statements fills w.data.
func (c *Canonicalizer) statements(w *walker, in Input) error {
	w.begin(in, c.library())
	switch {
	case in.Node.Kind() != strictjson.Object:
		return &Error{Kind: DataLoss, Detail: "only an object has statements"}
	case in.InlineContexts && hasInline(in.context()):
		return c.inline(w, in)
	}
	return w.document()
}

// library returns the tables made so far, or an empty one to start anew when
// there are too many.
func (c *Canonicalizer) library() *library {
	l := c.tables.Load()
	if l.full.Load() {
		c.tables.CompareAndSwap(l, newLibrary(c.names))
		return c.tables.Load()
	}
	return l
}

// context is what stands as the node's @context.
func (in *Input) context() strictjson.Value {
	if in.Context.Exists() {
		return in.Context
	}
	return in.Node.Get("@context")
}
