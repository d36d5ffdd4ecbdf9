package canon

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"laurel/badge/canon/rdfc"
	"laurel/schemas"
)

// table is an active context (JSON-LD 1.1 API section 4.1): what every term
// means at some place of a document. Tables never change once made, and are
// shared by all documents.
type table struct {
	terms    map[string]*definition
	names    *lexicon
	defined  []*definition // terms by the numbers of their names
	meanings []meaning     // the same in short
	prefixed bool          // some term makes compact IRIs
	// previous is the context to go back to in a nested node, where this one
	// does not propagate (mostly that of a type); nil elsewhere.
	previous *table
	steps    atomic.Pointer[[]*table] // by step
}

// meaning is what most uses of a term have to know of its definition. It is so
// short that those of all the terms of a document stay at hand.
type meaning struct {
	number  uint32 // of the definition; 0 where there is none
	keyword uint8  // that the term stands for, or unnamed
	strings stringsAs
	scoped  bool // there is a scope, or it is null
	prefix  bool
}

// stringsAs is what the strings among a term's values are.
type stringsAs uint8

const (
	asDefined  stringsAs = iota // whatever its definition says
	asLiterals                  // literals of its datatype
	asIRIs                      // identifiers
)

// at returns what the name of a number means here, or nil.
func (t *table) at(n number) *definition { return t.defined[n] }

// find returns the definition of a term, or nil.
func (t *table) find(name string) *definition { return t.defined[t.names.find(name)] }

// definition is a term definition (section 4.2).
type definition struct {
	term      number // of the name
	number    uint32 // from 1 on, different for each of a library; 0 outside
	name      string
	iri       string // absolute, or the keyword that the term stands for
	prefix    bool
	coercion  string // "@id", "@vocab", "@json", the IRI of a datatype, or empty
	container string // "@graph", "@list", "@set", or empty
	scope     *schemas.Context
	scopeStep step // into the scope, to be added to the manner
	reset     bool // the scope is null
	protected bool
	origin    string // URL of the context that says so
}

func (d *definition) meaning() meaning {
	m := meaning{number: d.number, keyword: uint8(keywords[d.iri]), scoped: d.scope != nil || d.reset, prefix: d.prefix}
	switch {
	case m.scoped || m.keyword != uint8(unnamed) || d.container == "@graph" || d.container == "@list":
	case d.coercion == "@id":
		m.strings = asIRIs
	case d.coercion == "" || d.coercion[0] != '@':
		m.strings = asLiterals
	}
	return m
}

// step is a context entered, and how: what leads from one table to another.
type step int

func (x *lexicon) step(c *schemas.Context, how manner) step {
	return step(x.contexts[c]*manners) + step(how)
}

func (s step) how() manner { return manner(s % manners) }

// manner is how a context comes into force.
type manner uint8

const (
	byDocument manner = iota // named in @context
	byType                   // of a type: not for nested nodes
	byProperty               // of a property: may redefine protected terms

	manners = iota
)

// library makes tables and keeps those made, up to a number: types can be
// combined in more ways than there is memory for.
type library struct {
	names *lexicon
	empty *table
	mu    sync.Mutex
	size  int
	full  atomic.Bool
	terms atomic.Uint32 // definitions numbered
}

const maxTables = 1000

func newLibrary(x *lexicon) *library {
	return &library{names: x, empty: &table{names: x, defined: make([]*definition, x.size), meanings: make([]meaning, x.size)}}
}

// next returns the table of t with a context entered, if it is kept.
func (t *table) next(s step) *table {
	if steps := t.steps.Load(); steps != nil {
		return (*steps)[s]
	}
	return nil
}

func (l *library) keep(t *table, s step, next *table) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size++; l.size > maxTables {
		l.full.Store(true)
		return
	}
	steps := make([]*table, len(l.names.contexts)*manners)
	if old := t.steps.Load(); old != nil {
		copy(steps, *old)
	}
	steps[s] = next
	t.steps.Store(&steps)
}

// keyword returns the keyword that the name of a number is or stands for, or
// unnamed. What begins with an at sign never is anything else.
func (t *table) keyword(n number) number {
	if n <= otherKeyword {
		return n
	}
	return number(t.meanings[n].keyword)
}

// expand is IRI Expansion (section 5.2.2) without a base: what is relative
// stays so. Terms are looked up where vocab.
func (t *table) expand(s string, vocab bool) string {
	if vocab {
		if d := t.find(s); d != nil {
			return d.iri
		}
	}
	if !t.prefixed {
		return s
	}
	prefix, suffix, ok := strings.Cut(s, ":")
	if !ok || prefix == "_" || strings.HasPrefix(suffix, "//") {
		return s
	}
	if n := t.names.find(prefix); t.meanings[n].prefix {
		return t.defined[n].iri + suffix
	}
	return s
}

// definer makes one table out of another and a context (Context Processing,
// section 4.1.2, and Create Term Definition, section 4.2.2).
type definer struct {
	*table
	context *schemas.Context
	how     manner
	origin  string
	local   map[string]*schemas.Term
	state   map[string]bool // terms begun; true when defined
}

// define returns t with a context entered. The context stands in that of the
// URL origin, unless it has a URL itself.
func (l *library) define(t *table, c *schemas.Context, how manner, origin string) (*table, error) {
	n := &table{terms: maps.Clone(t.terms), names: l.names, previous: t.previous}
	if n.terms == nil {
		n.terms = make(map[string]*definition, len(c.Terms))
	}
	if !propagates(c, how) && n.previous == nil {
		n.previous = t
	}
	if c.URL != "" {
		origin = c.URL
	}
	d := definer{n, c, how, origin, make(map[string]*schemas.Term, len(c.Terms)), make(map[string]bool, len(c.Terms))}
	for i := range c.Terms {
		d.local[c.Terms[i].Name] = &c.Terms[i]
	}
	for i := range c.Terms {
		if err := d.term(&c.Terms[i]); err != nil {
			return nil, err
		}
	}
	n.defined, n.meanings = make([]*definition, l.names.size), make([]meaning, l.names.size)
	for name, def := range n.terms {
		if def != t.terms[name] {
			def.number, def.term = l.terms.Add(1), l.names.find(name)
			if def.term <= otherKeyword {
				return nil, fmt.Errorf("the term %q stands in no context that is held", name)
			}
		}
		n.defined[def.term], n.meanings[def.term] = def, def.meaning()
		n.prefixed = n.prefixed || def.prefix
	}
	return n, nil
}

// propagates tells whether a context holds in nested nodes (section 4.1.2, step
// 2 and the callers of it).
func propagates(c *schemas.Context, how manner) bool {
	switch c.Propagation {
	case schemas.Propagated:
		return true
	case schemas.NotPropagated:
		return false
	}
	return how != byType
}

// term defines one term, and before it those that it is written with.
func (d *definer) term(t *schemas.Term) error {
	if done, begun := d.state[t.Name]; done {
		return nil
	} else if begun {
		return fmt.Errorf("the term %q is defined by itself", t.Name)
	}
	d.state[t.Name] = false
	previous := d.terms[t.Name]
	delete(d.terms, t.Name) // it does not help to define itself
	def, err := d.definition(t)
	if err != nil {
		return err
	}
	if previous != nil && previous.protected && d.how != byProperty {
		if !same(previous, def) {
			return fmt.Errorf("the term %q of %s is protected, and %s gives it another meaning", t.Name, previous.origin, d.origin)
		}
		def = previous
	}
	d.terms[t.Name], d.state[t.Name] = def, true
	return nil
}

func (d *definer) definition(t *schemas.Term) (*definition, error) {
	iri, err := d.resolve(t.IRI)
	if err != nil {
		return nil, fmt.Errorf("the term %q: %w", t.Name, err)
	}
	coercion, err := d.coercion(t.Type)
	if err != nil {
		return nil, fmt.Errorf("the type of the term %q: %w", t.Name, err)
	}
	switch t.Container {
	case "", "@graph", "@list", "@set":
	default:
		return nil, fmt.Errorf("the term %q: no container %q is supported", t.Name, t.Container)
	}
	if coercion == "@json" && t.Container != "" {
		return nil, fmt.Errorf("the term %q: JSON literals in a container are not supported", t.Name)
	}
	def := &definition{name: t.Name, iri: iri, prefix: t.Prefix, coercion: coercion, container: t.Container,
		scope: t.Scope, reset: t.Reset, protected: t.Protected, origin: d.origin}
	if t.Scope != nil {
		def.scopeStep = d.names.step(t.Scope, 0)
	}
	return def, nil
}

func (d *definer) coercion(s string) (string, error) {
	switch s {
	case "", "@id", "@vocab", "@json":
		return s, nil
	}
	iri, err := d.resolve(s)
	if err == nil && (strings.HasPrefix(iri, "@") || iri == langString) {
		err = fmt.Errorf("%q is no datatype of plain values", iri)
	}
	return iri, err
}

// resolve is IRI Expansion while a context is being processed: a term or
// prefix of the same context is defined first.
func (d *definer) resolve(s string) (string, error) {
	if s == "@id" || s == "@type" {
		return s, nil
	}
	prefix, suffix, compact := strings.Cut(s, ":")
	compact = compact && prefix != "_" && !strings.HasPrefix(suffix, "//")
	for _, name := range [...]string{s, prefix} {
		if t := d.local[name]; t != nil && (name == s || compact) {
			if err := d.term(t); err != nil {
				return "", err
			}
		}
	}
	iri := s
	if def := d.terms[s]; def != nil {
		iri = def.iri
	} else if def := d.terms[prefix]; compact && def != nil && def.prefix {
		iri = def.iri + suffix
	}
	if iri != "@id" && iri != "@type" && !rdfc.WellFormed(iri) {
		return "", fmt.Errorf("%q is no absolute IRI", iri)
	}
	return iri, nil
}

// same tells whether two definitions mean the same, protection apart.
func same(a, b *definition) bool {
	return a.iri == b.iri && a.prefix == b.prefix && a.coercion == b.coercion && a.container == b.container &&
		a.reset == b.reset && sameContext(a.scope, b.scope)
}

func sameContext(a, b *schemas.Context) bool {
	if a == b {
		return true
	}
	if a == nil || b == nil || a.Version != b.Version || a.Protected != b.Protected || a.Propagation != b.Propagation || len(a.Terms) != len(b.Terms) {
		return false
	}
	terms := make(map[string]schemas.Term, len(b.Terms))
	for _, t := range b.Terms {
		terms[t.Name] = t
	}
	for _, t := range a.Terms {
		u := terms[t.Name]
		if !sameContext(t.Scope, u.Scope) {
			return false
		}
		if t.Scope, u.Scope = nil, nil; t != u {
			return false
		}
	}
	return true
}

// tryAll compiles a context and every scope in it, for its faults to be known
// before a document meets them.
func (l *library) tryAll(t *table, c *schemas.Context, origin string) error {
	next, err := l.define(t, c, byProperty, origin)
	if err != nil {
		return err
	}
	for i := range c.Terms {
		if c.Terms[i].Scope == nil {
			continue
		}
		if err := l.tryAll(next, c.Terms[i].Scope, origin); err != nil {
			return fmt.Errorf("in the context of the term %q: %w", c.Terms[i].Name, err)
		}
	}
	return nil
}
