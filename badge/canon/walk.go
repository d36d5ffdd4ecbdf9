package canon

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// What one document may cost, beside the limits of strictjson.
const (
	maxDepth     = 64     // nesting of objects and arrays
	maxValues    = 20_000 // strings, numbers, booleans and objects
	maxNewTables = 200    // combinations of contexts never met before
)

const rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

// walker turns one document into statements: Expansion (JSON-LD 1.1 API section
// 5.1), Node Map Generation (7.2) and Deserialize JSON-LD to RDF (8.1) in one
// pass over the tree, with nothing built between. That is possible because
// nodes need not be merged: statements with one subject are about one node.
type walker struct {
	held    map[string]*schemas.Context
	library *library
	in      Input

	data    rdfc.Dataset
	rdfType rdfc.Term
	known   []known // by the numbers of definitions
	// numbered is the library that known holds the numbers of.
	numbered *library
	members  []member // of the objects being walked, innermost last
	widest   int      // how many they have been
	// typeValues are the types of one node while they are put in order.
	typeValues []strictjson.Value
	depth      int
	values     int
	tables     int

	trace *trace // where an explanation is asked for
	out   []byte
}

// member is a member of an object.
type member struct {
	name   string
	value  strictjson.Value
	number number // of the name
}

// marks tell which of the keywords are among the names of an object's members,
// as bits by their numbers; the lowest is for names that may stand for one.
type marks uint32

const aliasMark marks = 1 << unnamed

func (m marks) has(keyword number) bool { return m>>keyword&1 != 0 }

// place is where values stand: what they are said of, and under which terms.
type place struct {
	subject, predicate, graph rdfc.Term
	table                     *table
	property                  *definition
}

func (w *walker) begin(in Input, l *library) {
	if w.data.Reset(); w.numbered != l {
		w.data.Forget()
		clear(w.known)
		for _, name := range [...]string{"type", "first", "rest", "nil"} {
			w.data.Keep(rdf + name)
		}
		w.data.Reset()
		w.numbered, w.rdfType = l, w.data.IRI(rdf+"type")
	}
	w.in, w.library = in, l
	w.members, w.widest, w.depth, w.values, w.tables = w.members[:0], 0, 0, 0, 0
}

// forget lets go of the document.
func (w *walker) forget() {
	clear(w.members[:w.widest])
	clear(w.typeValues[:cap(w.typeValues)])
	w.in, w.library, w.trace = Input{}, nil, nil
}

// fail makes an error that points at a value of the document.
func (w *walker) fail(kind Kind, v strictjson.Value, format string, args ...any) error {
	return &Error{Kind: kind, Pointer: strictjson.PointerTo(w.in.Node, v), Detail: fmt.Sprintf(format, args...)}
}

func (w *walker) document() error {
	context := w.in.context()
	if !context.Exists() {
		return &Error{Kind: UndefinedTerm, Pointer: "/@context", Detail: "without @context no member means anything"}
	}
	t, err := w.contexts(w.library.empty, context, true)
	if err != nil {
		return err
	}
	found := w.push(w.in.Node, w.in.Omit)
	if _, err := w.typedObject(w.in.Node, w.members, found, t, nil, 0); err != nil {
		return err
	}
	if w.data.Empty() {
		return &Error{Kind: DataLoss, Detail: "the document says nothing that could be signed"}
	}
	return nil
}

// within says an object of the document in a graph, under its own contexts alone.
func (w *walker) within(v strictjson.Value, graph rdfc.Term) error {
	t, err := w.contexts(w.library.empty, v.Get("@context"), false)
	if err != nil {
		return err
	}
	w.members = w.members[:0]
	found := w.push(v, nil)
	_, err = w.typedObject(v, w.members, found, t, nil, graph)
	return err
}

// push lays the members of an object out, without those to omit.
func (w *walker) push(v strictjson.Value, omit []string) (found marks) {
	names, members := w.library.names, w.members
	for name, m := range v.Members() {
		if len(omit) > 0 && slices.Contains(omit, name) {
			continue
		}
		n := names.find(name)
		switch {
		case n == unnamed || n > names.special:
		case n <= otherKeyword:
			found |= 1 << n
		default:
			found |= aliasMark
		}
		members = append(members, member{name, m, n})
	}
	w.members, w.widest = members, max(w.widest, len(members))
	return found
}

// contexts enters the contexts that @context names.
func (w *walker) contexts(t *table, context strictjson.Value, root bool) (*table, error) {
	for i, v := range context.Each() {
		c, err := w.heldContext(v)
		if err == nil {
			t, err = w.enter(t, c, w.library.names.step(c, byDocument), "", v)
		}
		if err != nil {
			var e *Error
			if errors.As(err, &e) && root {
				e.Pointer = "/@context" // which may come from another document
				if context.Kind() == strictjson.Array {
					e.Pointer += "/" + strconv.Itoa(i)
				}
			}
			return nil, err
		}
	}
	return t, nil
}

func (w *walker) heldContext(v strictjson.Value) (*schemas.Context, error) {
	if v.Kind() != strictjson.String {
		return nil, w.fail(UnknownContext, v, "a context may be named here, not written out")
	}
	c := w.held[v.Text()]
	if c == nil {
		return nil, w.fail(UnknownContext, v, "this context is not among those that we hold")
	}
	return c, nil
}

// enter returns the table of t with a context entered at v.
func (w *walker) enter(t *table, c *schemas.Context, s step, origin string, v strictjson.Value) (*table, error) {
	if next := t.next(s); next != nil {
		return next, nil
	}
	if w.tables++; w.tables > maxNewTables {
		return nil, w.fail(OverBudget, v, "the document combines more types than we compile for one")
	}
	next, err := w.library.define(t, c, s.how(), origin)
	if err != nil {
		return nil, w.fail(ContextFault, v, "%s", err)
	}
	w.library.keep(t, s, next)
	return next, nil
}

// propertyScope enters the context of a property for its values (section 5.1
// steps 4.2 and 8).
func (w *walker) propertyScope(t *table, p *definition, v strictjson.Value) (*table, error) {
	switch {
	case p == nil:
		return t, nil
	case p.reset:
		return w.library.empty, nil
	case p.scope != nil:
		return w.enter(t, p.scope, p.scopeStep+step(byProperty), p.origin, v)
	}
	return t, nil
}

// descend counts one value, and one level for a container.
func (w *walker) descend(v strictjson.Value) error {
	w.depth++
	if err := w.count(v); err != nil {
		return err
	}
	if w.depth > maxDepth {
		return w.fail(OverBudget, v, "the document is nested deeper than we canonicalise")
	}
	return nil
}

// object returns the term of an object: a node's name, a literal, or the head
// of a list. It enters the contexts that hold there (section 5.1 steps 7 to 9).
func (w *walker) object(v strictjson.Value, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	if err := w.descend(v); err != nil {
		return 0, err
	}
	base := len(w.members)
	found := w.push(v, nil)
	t, err := w.objectScope(v, w.members[base:], found, t, p)
	var term rdfc.Term
	if err == nil {
		term, err = w.typedObject(v, w.members[base:], found, t, p, graph)
	}
	w.members = w.members[:base]
	w.depth--
	return term, err
}

// objectScope returns the table that holds in an object, types apart.
func (w *walker) objectScope(v strictjson.Value, members []member, found marks, t *table, p *definition) (*table, error) {
	if t.previous != nil && !keepsTypeScope(members, found, t) {
		t = t.previous
	}
	t, err := w.propertyScope(t, p, v)
	if err != nil || !found.has(contextKeyword) {
		return t, err
	}
	for i := range members {
		if members[i].number == contextKeyword {
			return w.contexts(t, members[i].value, false)
		}
	}
	return t, nil
}

// keepsTypeScope tells whether an object is no nested node but a value or a
// mere reference, which the context of a type covers still (step 7).
func keepsTypeScope(members []member, found marks, t *table) bool {
	return found.has(valueKeyword) || len(members) == 1 && t.keyword(members[0].number) == idKeyword
}
