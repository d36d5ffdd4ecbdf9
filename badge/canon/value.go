package canon

import (
	"strings"

	"laurel/badge/canon/jcs"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// langString is the datatype that texts with a language have and no others can
// (RDF 1.1 Concepts section 3.3); processors leave it out.
const (
	langString      = rdf + "langString"
	withoutLanguage = "a text of this type must have a language, so the type would not be signed"
)

func (w *walker) null(v strictjson.Value) error {
	return w.fail(Null, v, "null vanishes from what is signed; leave the member out")
}

// set says each of the values of a member.
func (w *walker) set(v strictjson.Value, at place) error {
	if v.Kind() != strictjson.Array {
		return w.value(v, at)
	}
	for _, e := range v.Elements() {
		if e.Kind() == strictjson.Array {
			return w.fail(DataLoss, e, "an array within an array is not kept apart from it")
		}
		if err := w.value(e, at); err != nil {
			return err
		}
	}
	return nil
}

// value says one value, or those of a set object.
func (w *walker) value(v strictjson.Value, at place) error {
	if v.Kind() == strictjson.Object && v.Len() <= 2 && v.Get("@set").Exists() {
		return w.setObject(v, at)
	}
	object, err := w.term(v, at.table, at.property, at.graph)
	if err == nil {
		w.data.Add(rdfc.Quad{Subject: at.subject, Predicate: at.predicate, Object: object, Graph: at.graph})
	}
	return err
}

// setObject says the values of {"@set": ...}. Being an object it ends the
// context of a type, and with it what that context says of the property.
func (w *walker) setObject(v strictjson.Value, at place) error {
	if err := w.descend(v); err != nil {
		return err
	}
	base := len(w.members)
	found := w.push(v, nil)
	t, err := w.objectScope(v, w.members[base:], found, at.table, at.property)
	w.members = w.members[:base]
	if err != nil {
		return err
	}
	for name, m := range v.Members() {
		if name != "@set" && name != "@context" {
			return w.fail(DataLoss, m, "beside @set this would not be signed")
		}
	}
	at.table, at.property = t, t.property(at.property)
	err = w.set(v.Get("@set"), at)
	w.depth--
	return err
}

// property returns what a property means in the table t, which may be nothing.
func (t *table) property(p *definition) *definition {
	if d := t.at(p.term); d != nil {
		return d
	}
	return &definition{term: p.term, name: p.name, iri: p.iri}
}

// text is value for a string where its property says all about it: q lacks the
// object.
func (w *walker) text(v strictjson.Value, q rdfc.Quad, t *table, as stringsAs, datatype rdfc.Term) error {
	err := w.count(v)
	if err != nil {
		return err
	}
	if as == asIRIs {
		q.Object, err = w.reference(v, t.expand(v.Text(), false), RelativeIRI)
	} else {
		q.Object = w.data.Typed(v.Text(), datatype)
	}
	if err == nil {
		w.data.Add(q)
	}
	return err
}

// count counts one value.
func (w *walker) count(v strictjson.Value) error {
	if w.values++; w.values > maxValues {
		return w.fail(OverBudget, v, "the document has more values than we canonicalise")
	}
	return nil
}

// term returns the term of one value.
func (w *walker) term(v strictjson.Value, t *table, p *definition, graph rdfc.Term) (rdfc.Term, error) {
	switch v.Kind() {
	case strictjson.Null:
		return 0, w.null(v)
	case strictjson.Object:
		return w.object(v, t, p, graph)
	}
	if err := w.count(v); err != nil {
		return 0, err
	}
	if p.scope != nil || p.reset {
		var err error
		if t, err = w.propertyScope(t, p, v); err != nil {
			return 0, err
		}
		p = t.property(p)
	}
	return w.scalar(v, t, p.coercion)
}

// scalar is Value Expansion (section 5.3.2) of a string, number or boolean.
func (w *walker) scalar(v strictjson.Value, t *table, coercion string) (rdfc.Term, error) {
	switch coercion {
	case "@json": // in a list or set object, outside the context of a type that says otherwise
		return w.jsonLiteral(v)
	case "@id", "@vocab":
		if v.Kind() == strictjson.String {
			return w.reference(v, t.expand(v.Text(), coercion == "@vocab"), RelativeIRI)
		}
		coercion = ""
	}
	return w.literal(v, coercion)
}

// literal returns the literal of a string, number or boolean (section 8.2.2).
func (w *walker) literal(v strictjson.Value, datatype string) (rdfc.Term, error) {
	switch v.Kind() {
	case strictjson.String:
		return w.data.Literal(v.Text(), datatype), nil
	case strictjson.Number:
		return w.number(v, datatype)
	}
	if datatype == "" {
		datatype = xsdBoolean
	}
	return w.data.Literal(v.Raw(), datatype), nil
}

func (w *walker) number(v strictjson.Value, datatype string) (rdfc.Term, error) {
	text, own := v.Raw(), xsdInteger
	if short, ok := shortDecimal(text); ok {
		text, own = short, xsdDouble
	} else if !plainInteger(text) || datatype == xsdDouble {
		f, fault := double(text)
		if fault != "" {
			return 0, w.fail(DataLoss, v, "%s", fault)
		}
		text, own = lexical(f, datatype)
	}
	if datatype == "" {
		datatype = own
	}
	return w.data.Literal(text, datatype), nil
}

// valueObject returns the literal of {"@value": ...} (section 5.1 step 15).
func (w *walker) valueObject(members []member, t *table) (rdfc.Term, error) {
	var value, typ, language strictjson.Value
	for i := range members {
		m := &members[i]
		into := &value
		switch t.keyword(m.number) {
		case contextKeyword:
			continue
		case valueKeyword:
		case typeKeyword:
			into = &typ
		case languageKeyword:
			into = &language
		case directionKeyword:
			if !w.in.Directions || !isDirection(m.value) {
				return 0, w.misplaced(m)
			}
			continue
		case unnamed:
			return 0, w.fail(DataLoss, m.value, "a value has no members of its own")
		default:
			return 0, w.misplaced(m)
		}
		if into.Exists() || m.value.Kind() == strictjson.Null && into != &value {
			return 0, w.fail(DataLoss, m.value, "a value has one type or language")
		}
		*into = m.value
	}
	switch {
	case language.Exists() && typ.Exists():
		return 0, w.fail(DataLoss, language, "a value cannot have both a type and a language")
	case language.Exists():
		return w.languageString(value, language)
	case typ.Exists():
		return w.typedValue(value, typ, t)
	}
	return w.plainValue(value, "")
}

// isDirection tells whether a value can stand as @direction (JSON-LD 1.1
// section 9.5).
func isDirection(v strictjson.Value) bool { return v.Text() == "ltr" || v.Text() == "rtl" }

func (w *walker) languageString(value, language strictjson.Value) (rdfc.Term, error) {
	if value.Kind() != strictjson.String {
		return 0, w.fail(DataLoss, value, "only a string can have a language")
	}
	if tag := language.Text(); rdfc.WellFormedLanguage(tag) {
		return w.data.LanguageString(value.Text(), strings.ToLower(tag)), nil
	}
	return 0, w.fail(InvalidIRI, language, "this is no language tag")
}

func (w *walker) typedValue(value, typ strictjson.Value, t *table) (rdfc.Term, error) {
	if typ.Kind() != strictjson.String {
		return 0, w.fail(UndefinedType, typ, "the type of a value must be a string")
	}
	datatype := t.expand(typ.Text(), true)
	if datatype == "@json" {
		return w.jsonLiteral(value)
	}
	if !rdfc.WellFormed(datatype) {
		kind := InvalidIRI
		if rdfc.SchemeEnd(datatype) < 0 {
			kind = UndefinedType
		}
		return 0, w.fail(kind, typ, "this is no datatype")
	}
	if datatype == langString {
		return 0, w.fail(DataLoss, typ, withoutLanguage)
	}
	w.explain(typ, typ.Text(), datatype, t.find(typ.Text()))
	return w.plainValue(value, datatype)
}

func (w *walker) plainValue(value strictjson.Value, datatype string) (rdfc.Term, error) {
	switch value.Kind() {
	case strictjson.Null:
		return 0, w.null(value)
	case strictjson.Array, strictjson.Object:
		return 0, w.fail(DataLoss, value, "@value must be a string, a number or a boolean")
	}
	return w.literal(value, datatype)
}

// jsonMember says the whole of a member's value as one JSON literal.
func (w *walker) jsonMember(v strictjson.Value, at place) error {
	object, err := w.jsonLiteral(v)
	if err == nil {
		w.data.Add(rdfc.Quad{Subject: at.subject, Predicate: at.predicate, Object: object, Graph: at.graph})
	}
	return err
}

// jsonLiteral writes JSON as RFC 8785 has it (section 8.2.2 step 8).
func (w *walker) jsonLiteral(v strictjson.Value) (rdfc.Term, error) {
	text, err := jcs.Append(nil, v)
	if err != nil {
		return 0, w.fail(DataLoss, v, "%s", err)
	}
	return w.data.Literal(string(text), rdf+"JSON"), nil
}

// graphs says the values of a @graph container: each is a graph of its own,
// named by a blank node (section 5.1.2 step 13.12).
func (w *walker) graphs(v strictjson.Value, at place) error {
	for _, e := range v.Each() {
		if e.Kind() == strictjson.Null {
			return w.null(e)
		}
		if e.Kind() != strictjson.Object || e.Get("@value").Exists() || e.Get("@list").Exists() {
			return w.fail(DataLoss, e, "only a node can stand here; anything else would not be signed")
		}
		name, before := w.data.Blank(), w.data.Added()
		if _, err := w.object(e, at.table, at.property, name); err != nil {
			return err
		}
		if w.data.Added() == before {
			return w.fail(DataLoss, e, "of this node nothing is said, so it would not be signed")
		}
		w.data.Add(rdfc.Quad{Subject: at.subject, Predicate: at.predicate, Object: name, Graph: at.graph})
	}
	return nil
}
