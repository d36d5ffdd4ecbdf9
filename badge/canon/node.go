package canon

import (
	"cmp"
	"slices"
	"strconv"

	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// typedObject tells what an object is by the keywords among its members.
func (w *walker) typedObject(v strictjson.Value, members []member, found marks, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	if found == 0 {
		return w.node(v, members, t, t, graph)
	}
	types := 0
	var other *member // a keyword that no node has
	for i := range members {
		m := &members[i]
		if m.number > w.library.names.special {
			continue
		}
		switch t.keyword(m.number) {
		case unnamed, idKeyword, contextKeyword:
		case typeKeyword:
			types++
		case valueKeyword:
			return w.valueObject(members, t)
		case listKeyword:
			return w.listObject(v, members, t, p, graph)
		default:
			other = m
		}
	}
	switch {
	case other != nil:
		return 0, w.misplaced(other)
	case types == 0:
		return w.node(v, members, t, t, graph)
	}
	inner, err := w.typeScope(members, types, t)
	if err != nil {
		return 0, err
	}
	return w.node(v, members, inner, t, graph)
}

// misplaced says why a keyword cannot stand where it does.
func (w *walker) misplaced(m *member) error {
	switch m.name {
	case "@index", "@direction":
		return w.fail(Unsigned, m.value, "%s is not part of what is signed", m.name)
	case "@graph", "@included", "@reverse", "@nest", "@set", "@list":
		return w.fail(Unsupported, m.value, "%s is not handled here", m.name)
	}
	return w.fail(DataLoss, m.value, "%s means nothing here", strconv.Quote(m.name))
}

// typeScope enters the contexts of a node's types, in the order of the types
// (section 5.1 step 11): by the names of the members that hold them, then by
// their own. There are so many members that hold types.
func (w *walker) typeScope(members []member, holders int, t *table) (*table, error) {
	if holders > 1 {
		members = slices.Clone(members)
		slices.SortFunc(members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	}
	inner := t
	for i := range members {
		m := &members[i]
		if m.number > w.library.names.special || t.keyword(m.number) != typeKeyword {
			continue
		}
		var err error
		if inner, err = w.scopeOfTypes(inner, t, m.value); err != nil {
			return nil, err
		}
	}
	return inner, nil
}

// scopeOfTypes enters the contexts that the types of one member have in the
// table outer.
func (w *walker) scopeOfTypes(t, outer *table, v strictjson.Value) (*table, error) {
	if v.Kind() == strictjson.String {
		return w.scopeOfType(t, outer, v)
	}
	w.typeValues = w.typeValues[:0]
	for _, e := range v.Elements() {
		if v.Len() == 1 {
			return w.scopeOfType(t, outer, e)
		}
		w.typeValues = append(w.typeValues, e)
	}
	slices.SortStableFunc(w.typeValues, func(a, b strictjson.Value) int { return cmp.Compare(a.Text(), b.Text()) })
	for _, e := range w.typeValues {
		var err error
		if t, err = w.scopeOfType(t, outer, e); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// scopeOfType enters the context that a type has in the table outer.
func (w *walker) scopeOfType(t, outer *table, v strictjson.Value) (*table, error) {
	n := outer.names.find(v.Text())
	if !outer.meanings[n].scoped {
		return t, nil
	}
	d := outer.at(n)
	if d.reset {
		return nil, w.fail(Unsupported, v, "a type that forgets all definitions is not handled here")
	}
	return w.enter(t, d.scope, d.scopeStep+step(byType), d.origin, v)
}

// node says what a node object says, and returns the node's name. Types mean
// what they mean in the table outer, other members what they mean in t.
func (w *walker) node(v strictjson.Value, members []member, t, outer *table, graph rdfc.Term) (rdfc.Term, error) {
	subject, err := w.subject(v, members, t)
	if err != nil {
		return 0, err
	}
	for i := range members {
		m := &members[i]
		if m.number <= w.library.names.special {
			switch t.keyword(m.number) {
			case unnamed:
			case typeKeyword:
				if err := w.types(m.value, subject, outer, graph); err != nil {
					return 0, err
				}
				continue
			default:
				continue
			}
		}
		if err := w.property(m, subject, t, graph); err != nil {
			return 0, err
		}
	}
	return subject, nil
}

// subject finds the name of a node.
func (w *walker) subject(v strictjson.Value, members []member, t *table) (rdfc.Term, error) {
	var id *member
	for i := range members {
		m := &members[i]
		if m.number > w.library.names.special || t.keyword(m.number) != idKeyword {
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
		w.explain(id.value, id.name, "", t.at(id.number))
	}
	w.named(v, subject)
	return subject, err
}

// types says the types of a node.
func (w *walker) types(v strictjson.Value, subject rdfc.Term, t *table, graph rdfc.Term) error {
	if v.Kind() != strictjson.Array {
		return w.typed(v, subject, t, graph)
	}
	for _, e := range v.Elements() {
		if err := w.typed(e, subject, t, graph); err != nil {
			return err
		}
	}
	return nil
}

// typed says one type of a node.
func (w *walker) typed(v strictjson.Value, subject rdfc.Term, t *table, graph rdfc.Term) error {
	switch v.Kind() {
	case strictjson.String:
	case strictjson.Null:
		return w.null(v)
	default:
		return w.fail(UndefinedType, v, "a type must be a string")
	}
	object, err := w.typ(v, t)
	if err == nil {
		w.data.Add(rdfc.Quad{Subject: subject, Predicate: w.rdfType, Object: object, Graph: graph})
	}
	return err
}

// typ returns the term of one type.
func (w *walker) typ(v strictjson.Value, t *table) (rdfc.Term, error) {
	n := t.names.find(v.Text())
	if m := t.meanings[n]; m.number != 0 && number(m.keyword) == unnamed {
		if k := w.knows(m); k.iri != 0 && w.trace == nil {
			return k.iri, nil
		}
		d := t.at(n)
		w.explain(v, d.name, d.iri, d)
		return w.iri(d), nil
	}
	iri := t.expand(v.Text(), true)
	w.explain(v, v.Text(), iri, nil)
	return w.reference(v, iri, UndefinedType)
}

// reference is identifier for what stands as object only.
func (w *walker) reference(v strictjson.Value, iri string, relative Kind) (rdfc.Term, error) {
	if rdfc.WellFormed(iri) {
		return w.data.Reference(iri), nil
	}
	return w.identifier(v, iri, relative)
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
	if u := t.meanings[m.number]; u.strings != asDefined && m.value.Kind() == strictjson.String && w.trace == nil {
		if k := w.knows(u); k.iri != 0 {
			return w.text(m.value, rdfc.Quad{Subject: subject, Predicate: k.iri, Graph: graph}, t, u.strings, k.datatype)
		}
	}
	d := t.at(m.number)
	if d == nil {
		var err error
		if d, err = w.absolute(m, t); err != nil {
			return err
		}
	}
	w.explain(m.value, m.name, d.iri, d)
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

// known are the terms of a definition that the dataset keeps; zero where it does
// not.
type known struct{ iri, datatype rdfc.Term }

func (w *walker) knows(m meaning) known {
	if int(m.number) < len(w.known) {
		return w.known[m.number]
	}
	return known{}
}

// iri returns the term of a definition's IRI, which was found well-formed when
// it was compiled.
func (w *walker) iri(d *definition) rdfc.Term {
	if d.number == 0 {
		return w.data.IRI(d.iri)
	}
	if int(d.number) >= len(w.known) {
		w.known = append(w.known, make([]known, int(d.number)+64-len(w.known))...)
	}
	if k := w.known[d.number]; k.iri != 0 {
		return k.iri
	}
	k := known{iri: w.data.Keep(d.iri)}
	keep := w.data.IsKept(k.iri)
	if d.coercion != "" && d.coercion[0] != '@' && d.coercion != rdfc.XSDString {
		k.datatype = w.data.Keep(d.coercion)
		keep = keep && w.data.IsKept(k.datatype)
	}
	if keep {
		w.known[d.number] = k
	}
	return k.iri
}

// absolute is the definition of a member that is named by an IRI, whole or
// compact, instead of a term.
func (w *walker) absolute(m *member, t *table) (*definition, error) {
	iri := t.expand(m.name, true)
	switch {
	case rdfc.WellFormed(iri):
		return &definition{term: m.number, name: m.name, iri: iri}, nil
	case len(iri) >= 2 && iri[:2] == "_:":
		return nil, w.fail(DataLoss, m.value, "a blank node cannot be a property, so this would not be signed")
	case rdfc.SchemeEnd(iri) >= 0:
		return nil, w.fail(InvalidIRI, m.value, "%s has characters that no IRI has", strconv.Quote(clip(iri, 80)))
	}
	return nil, w.fail(UndefinedTerm, m.value, "no context defines this member here, so it would not be signed")
}
