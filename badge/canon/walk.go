package canon

import (
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
	known   []rdfc.Term // the IRIs of definitions met already, by number
	members []member    // of the objects being walked, innermost last
	depth   int
	values  int
	tables  int

	trace *trace // where an explanation is asked for
	out   []byte
}

// member is a member of an object, with the keyword that it stands for.
type member struct {
	name    string
	value   strictjson.Value
	keyword string
}

// place is where values stand: what they are said of, and under which terms.
type place struct {
	subject, predicate, graph rdfc.Term
	table                     *table
	property                  *definition
}

func (w *walker) begin(in Input, l *library) {
	w.in, w.library = in, l
	w.data.Reset()
	w.rdfType = w.data.IRI(rdf + "type")
	clear(w.known)
	w.members, w.depth, w.values, w.tables = w.members[:0], 0, 0, 0
}

// forget lets go of the document.
func (w *walker) forget() {
	clear(w.members[:cap(w.members)])
	w.in, w.library, w.trace = Input{}, nil, nil
}

// fail makes an error that points at a value of the document.
func (w *walker) fail(kind Kind, v strictjson.Value, format string, args ...any) error {
	return &Error{Kind: kind, Pointer: pointerTo(w.in.Node, v), Detail: fmt.Sprintf(format, args...)}
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
	w.push(w.in.Node, w.in.Omit)
	if _, err := w.typedObject(w.in.Node, w.members, t, nil, 0); err != nil {
		return err
	}
	if w.data.Len() == 0 {
		return &Error{Kind: DataLoss, Detail: "the document says nothing that could be signed"}
	}
	return nil
}

// push lays the members of an object out, without those to omit.
func (w *walker) push(v strictjson.Value, omit []string) {
	for name, m := range v.Members() {
		if len(omit) == 0 || !slices.Contains(omit, name) {
			w.members = append(w.members, member{name: name, value: m})
		}
	}
}

// contexts enters the contexts that @context names.
func (w *walker) contexts(t *table, context strictjson.Value, root bool) (*table, error) {
	for i, v := range context.Each() {
		c, err := w.heldContext(v)
		if err == nil {
			t, err = w.enter(t, c, byDocument, "", v)
		}
		if e, ok := err.(*Error); ok && root {
			e.Pointer = "/@context" // which may come from another document
			if context.Kind() == strictjson.Array {
				e.Pointer += "/" + strconv.Itoa(i)
			}
		}
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (w *walker) heldContext(v strictjson.Value) (*schemas.Context, error) {
	if v.Kind() != strictjson.String {
		return nil, w.fail(NestedContext, v, "a context may be named here, not written out")
	}
	c := w.held[v.Text()]
	if c == nil {
		return nil, w.fail(UnknownContext, v, "this context is not among those that we hold")
	}
	return c, nil
}

// enter returns the table of t with a context entered at v.
func (w *walker) enter(t *table, c *schemas.Context, how manner, origin string, v strictjson.Value) (*table, error) {
	s := step{c, how}
	if next := t.next(s); next != nil {
		return next, nil
	}
	if w.tables++; w.tables > maxNewTables {
		return nil, w.fail(OverBudget, v, "the document combines more types than we compile for one")
	}
	next, err := w.library.define(t, c, how, origin)
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
		return w.enter(t, p.scope, byProperty, p.origin, v)
	}
	return t, nil
}

// descend counts one value, and one level for a container.
func (w *walker) descend(v strictjson.Value) error {
	w.depth++
	if w.values++; w.values > maxValues {
		return w.fail(OverBudget, v, "the document has more values than we canonicalise")
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
	w.push(v, nil)
	term, err := w.scopedObject(v, base, t, p, graph)
	w.members = w.members[:base]
	w.depth--
	return term, err
}

func (w *walker) scopedObject(v strictjson.Value, base int, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	t, err := w.objectScope(v, w.members[base:], t, p)
	if err != nil {
		return 0, err
	}
	return w.typedObject(v, w.members[base:], t, p, graph)
}

// objectScope returns the table that holds in an object, types apart.
func (w *walker) objectScope(v strictjson.Value, members []member, t *table, p *definition) (*table, error) {
	if t.previous != nil && !keepsTypeScope(members, t) {
		t = t.previous
	}
	t, err := w.propertyScope(t, p, v)
	if err != nil {
		return nil, err
	}
	for i := range members {
		if members[i].name == "@context" {
			return w.contexts(t, members[i].value, false)
		}
	}
	return t, nil
}

// keepsTypeScope tells whether an object is no nested node but a value or a
// mere reference, which the context of a type covers still (step 7).
func keepsTypeScope(members []member, t *table) bool {
	if len(members) == 1 && t.keyword(members[0].name) == "@id" {
		return true
	}
	return slices.ContainsFunc(members, func(m member) bool { return m.name == "@value" })
}

// typedObject tells what an object is by the keywords among its members.
func (w *walker) typedObject(v strictjson.Value, members []member, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	typed := false
	var other *member // a keyword that no node has
	for i := range members {
		m := &members[i]
		switch m.keyword = t.keyword(m.name); m.keyword {
		case "", "@id", "@context":
		case "@type":
			typed = true
		case "@value":
			return w.valueObject(members, t)
		case "@list":
			return w.listObject(v, members, t, p, graph)
		default:
			other = m
		}
	}
	switch {
	case other != nil:
		return 0, w.misplaced(other)
	case !typed:
		return w.node(v, members, t, t, graph)
	}
	inner, err := w.typeScope(members, t)
	if err != nil {
		return 0, err
	}
	return w.node(v, members, inner, t, graph)
}

// misplaced says why a keyword cannot stand where it does.
func (w *walker) misplaced(m *member) error {
	switch m.keyword {
	case "@index", "@direction":
		return w.fail(Unsigned, m.value, "%s is not part of what is signed", m.keyword)
	case "@graph", "@included", "@reverse", "@nest", "@set", "@list":
		return w.fail(Unsupported, m.value, "%s is not handled here", m.keyword)
	}
	return w.fail(DataLoss, m.value, "%s means nothing here", strconv.Quote(m.name))
}

// typeScope enters the contexts of a node's types, in the order of the types
// (section 5.1 step 11).
func (w *walker) typeScope(members []member, t *table) (*table, error) {
	var first strictjson.Value
	keys := 0
	for i := range members {
		if members[i].keyword == "@type" {
			first = members[i].value
			keys++
		}
	}
	if keys == 1 && (first.Kind() == strictjson.String || first.Len() == 1) {
		for _, v := range first.Each() {
			return w.scopeOfType(t, t, v)
		}
	}
	inner := t
	for _, v := range typesInOrder(members) {
		var err error
		if inner, err = w.scopeOfType(inner, t, v); err != nil {
			return nil, err
		}
	}
	return inner, nil
}

// typesInOrder returns the types of a node as their scopes apply: by the names
// of the members that hold them, then by their own.
func typesInOrder(members []member) []strictjson.Value {
	var holders []member
	for _, m := range members {
		if m.keyword == "@type" {
			holders = append(holders, m)
		}
	}
	slices.SortFunc(holders, func(a, b member) int { return compare(a.name, b.name) })
	var all []strictjson.Value
	for _, m := range holders {
		from := len(all)
		for _, v := range m.value.Each() {
			all = append(all, v)
		}
		slices.SortStableFunc(all[from:], func(a, b strictjson.Value) int { return compare(a.Text(), b.Text()) })
	}
	return all
}

// scopeOfType enters the context that a type has in the table outer.
func (w *walker) scopeOfType(t, outer *table, v strictjson.Value) (*table, error) {
	d := outer.terms[v.Text()]
	if d == nil || d.scope == nil {
		return t, nil
	}
	return w.enter(t, d.scope, byType, d.origin, v)
}

// node says what a node object says, and returns the node's name. Types mean
// what they mean in the table outer, other members what they mean in t.
func (w *walker) node(v strictjson.Value, members []member, t, outer *table, graph rdfc.Term) (rdfc.Term, error) {
	subject, err := w.subject(v, members, t)
	if err != nil {
		return 0, err
	}
	for i := range members {
		switch m := &members[i]; m.keyword {
		case "":
			err = w.property(m, subject, t, graph)
		case "@type":
			err = w.types(m, subject, outer, graph)
		}
		if err != nil {
			return 0, err
		}
	}
	return subject, nil
}

// subject finds the name of a node, and reads the keywords anew where the
// types' contexts have other aliases.
func (w *walker) subject(v strictjson.Value, members []member, t *table) (rdfc.Term, error) {
	var id *member
	for i := range members {
		m := &members[i]
		if m.keyword = t.keyword(m.name); m.keyword != "@id" {
			continue
		}
		if id != nil {
			return 0, w.fail(DataLoss, m.value, "the node has two names")
		}
		id = m
	}
	var subject rdfc.Term
	var err error
	switch {
	case id == nil:
		subject = w.data.Blank()
	case id.value.Kind() == strictjson.Null:
		return 0, w.null(id.value)
	case id.value.Kind() != strictjson.String:
		return 0, w.fail(RelativeIRI, id.value, "the name of a node must be a string")
	default:
		subject, err = w.identifier(id.value, t.expand(id.value.Text(), false), RelativeIRI)
		w.explain(id.value, t.terms[id.name], "")
	}
	w.named(v, subject)
	return subject, err
}

// types says the types of a node.
func (w *walker) types(m *member, subject rdfc.Term, t *table, graph rdfc.Term) error {
	for _, v := range m.value.Each() {
		switch v.Kind() {
		case strictjson.String:
		case strictjson.Null:
			return w.null(v)
		default:
			return w.fail(UndefinedType, v, "a type must be a string")
		}
		object, err := w.typ(v, t)
		if err != nil {
			return err
		}
		w.data.Add(rdfc.Quad{Subject: subject, Predicate: w.rdfType, Object: object, Graph: graph})
	}
	return nil
}

// typ returns the term of one type.
func (w *walker) typ(v strictjson.Value, t *table) (rdfc.Term, error) {
	d := t.terms[v.Text()]
	if d != nil && d.iri[0] != '@' {
		w.explain(v, d, d.iri)
		return w.iri(d), nil
	}
	iri := t.expand(v.Text(), true)
	w.explain(v, nil, iri)
	return w.identifier(v, iri, UndefinedType)
}

// identifier returns the term of an IRI or of the name of a blank node.
func (w *walker) identifier(v strictjson.Value, iri string, relative Kind) (rdfc.Term, error) {
	term, kind := resource(&w.data, iri, relative)
	switch kind {
	case 0:
		return term, nil
	case UndefinedType:
		return 0, w.fail(kind, v, "no context defines the type %s, so it would not be signed", strconv.Quote(clip(iri, 80)))
	case InvalidIRI:
		return 0, w.fail(kind, v, "%s has characters that no IRI has", strconv.Quote(clip(iri, 80)))
	}
	return 0, w.fail(kind, v, "%s is no absolute identifier", strconv.Quote(clip(iri, 80)))
}

// resource returns the term of an IRI or of a blank node's name, or what is
// wrong with it.
func resource(d *rdfc.Dataset, iri string, relative Kind) (rdfc.Term, Kind) {
	if rdfc.WellFormed(iri) {
		return d.IRI(iri), 0
	}
	if len(iri) >= 2 && iri[:2] == "_:" {
		if rdfc.WellFormedName(iri[2:]) {
			return d.Named(iri[2:]), 0
		}
		return 0, InvalidIRI
	}
	if rdfc.SchemeEnd(iri) < 0 {
		return 0, relative
	}
	return 0, InvalidIRI
}

// property says what one member says of a node (section 5.1.2 step 13).
func (w *walker) property(m *member, subject rdfc.Term, t *table, graph rdfc.Term) error {
	d := t.terms[m.name]
	if d == nil {
		var err error
		if d, err = w.absolute(m, t); err != nil {
			return err
		}
	}
	w.explain(m.value, d, d.iri)
	at := place{subject, w.iri(d), graph, t, d}
	switch {
	case d.coercion == "@json":
		return w.jsonMember(m.value, at)
	case d.container == "@graph":
		return w.graphs(m.value, at)
	case d.container == "@list":
		return w.listMember(m.value, at)
	}
	return w.set(m.value, at)
}

// iri returns the term of a definition's IRI, which was found well-formed when
// it was compiled.
func (w *walker) iri(d *definition) rdfc.Term {
	if int(d.number) >= len(w.known) {
		w.known = append(w.known, make([]rdfc.Term, int(d.number)+64-len(w.known))...)
	}
	if d.number == 0 {
		return w.data.IRI(d.iri)
	}
	if w.known[d.number] == 0 {
		w.known[d.number] = w.data.IRI(d.iri)
	}
	return w.known[d.number]
}

// absolute is the definition of a member that is named by an IRI, whole or
// compact, instead of a term.
func (w *walker) absolute(m *member, t *table) (*definition, error) {
	iri := t.expand(m.name, true)
	switch {
	case rdfc.WellFormed(iri):
		return &definition{name: m.name, iri: iri}, nil
	case len(iri) >= 2 && iri[:2] == "_:":
		return nil, w.fail(DataLoss, m.value, "a blank node cannot be a property, so this would not be signed")
	case rdfc.SchemeEnd(iri) >= 0:
		return nil, w.fail(InvalidIRI, m.value, "%s has characters that no IRI has", strconv.Quote(clip(iri, 80)))
	}
	return nil, w.fail(UndefinedTerm, m.value, "no context defines this member here, so it would not be signed")
}
