package schemas

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"sync"
)

//go:embed contexts/*.tbl
var contextFiles embed.FS

// Context is a JSON-LD 1.1 context. It has room for what the contexts held
// use, and no more: no @vocab, @base, @language, @import or @direction; a table
// that needs one of them must extend the type first.
// A Context got from this package is shared: do not change it.
type Context struct {
	URL       string // where it is published; empty within another context
	Version   string // "1.1" where the publisher states @version, else empty
	Protected bool   // every term here is protected (JSON-LD 1.1 section 4.1.11), if it does not say otherwise
	// Propagation is stated by added contexts only.
	Propagation Propagation
	Terms       []Term // in the order of the table; no name stands twice
}

// Propagation tells whether a context holds within nested nodes too (JSON-LD
// 1.1 section 4.1.8).
type Propagation uint8

// The zero value goes by how the context comes into force: that of a type does
// not reach nested nodes, any other does.
const (
	PropagatedByUse Propagation = iota
	Propagated
	NotPropagated
)

// Term is one term definition of a context.
type Term struct {
	Name string
	// IRI is what the term stands for, as published: "@id" or "@type" for an
	// alias, an absolute IRI, another term, or a compact IRI. The latter two
	// expand against the context that is active when this one is processed,
	// this one's own terms included; a compact IRI whose prefix is defined
	// nowhere is an absolute IRI (section 4.1.5).
	IRI string
	// Prefix: the term may stand before the colon of a compact IRI, being a
	// plain definition that ends in a general delimiter (section 4.1.5).
	Prefix bool
	// Type of the values: "@id", "@vocab", "@json", the IRI of a datatype
	// (written like IRI), or empty.
	Type string
	// Container is "@graph", "@list", "@set" or empty.
	Container string
	// Scope is the context that holds within a node of this type, or within
	// the values of this property; nil if there is none.
	Scope *Context
	// Reset: all definitions are forgotten within the values of this property
	// ("@context": null). Scope is nil then.
	Reset bool
	// Protected: as in Context, unless the term says otherwise itself.
	Protected bool
}

// ContextURLs returns the URLs of all contexts held, in a fixed order.
func ContextURLs() []string { return slices.Clone(heldContexts().urls) }

// ContextTable returns the table of the context published at url, compared
// byte for byte, and whether it is held.
func ContextTable(url string) (*Context, bool) {
	h, ok := heldContexts().byURL[url]
	return h.table, ok
}

// ContextDocument returns the context published at url as a JSON-LD document,
// {"@context": ...}, and whether it is held. The bytes are shared: do not
// change them.
func ContextDocument(url string) ([]byte, bool) {
	h, ok := heldContexts().byURL[url]
	if !ok {
		return nil, false
	}
	return h.document(), true
}

type heldContext struct {
	table    *Context
	document func() []byte
}

type contextLibrary struct {
	urls  []string
	byURL map[string]heldContext
}

var heldContexts = sync.OnceValue(loadContexts)

// loadContexts reads the tables. They are part of the program, and the tests
// read them all: a fault in one is a fault of the build, hence the panics.
func loadContexts() contextLibrary {
	names, err := fs.Glob(contextFiles, "contexts/*.tbl")
	if err != nil {
		panic(err)
	}
	library := contextLibrary{byURL: map[string]heldContext{}}
	for _, name := range names {
		text, err := contextFiles.ReadFile(name)
		if err != nil {
			panic(err)
		}
		c, err := parseContext(string(text))
		if err != nil {
			panic(fmt.Sprintf("schemas: %s: %v", name, err))
		}
		if _, twice := library.byURL[c.URL]; twice {
			panic(fmt.Sprintf("schemas: %s: %s is held twice", name, c.URL))
		}
		library.urls = append(library.urls, c.URL)
		library.byURL[c.URL] = heldContext{c, sync.OnceValue(c.document)}
	}
	return library
}

func (c *Context) document() []byte { return encode(map[string]any{"@context": c.tree()}) }

// encode writes a tree of ours as JSON, members in the order of their names.
func encode(tree any) []byte {
	b, err := json.Marshal(tree)
	if err != nil {
		panic(fmt.Sprintf("schemas: %v", err)) // a tree of maps, slices and strings has no way to fail
	}
	return b
}

func (c *Context) tree() map[string]any {
	tree := map[string]any{}
	if c.Version != "" {
		tree["@version"] = json.Number(c.Version)
	}
	if c.Protected {
		tree["@protected"] = true
	}
	for _, t := range c.Terms {
		tree[t.Name] = t.tree()
	}
	return tree
}

// tree renders a plain definition as a string: only that form makes a prefix.
func (t Term) tree() any {
	def := map[string]any{"@id": t.IRI}
	if t.Type != "" {
		def["@type"] = t.Type
	}
	if t.Container != "" {
		def["@container"] = t.Container
	}
	if t.Scope != nil {
		def["@context"] = t.Scope.tree()
	}
	if t.Reset {
		def["@context"] = nil
	}
	if len(def) == 1 {
		return t.IRI
	}
	return def
}
