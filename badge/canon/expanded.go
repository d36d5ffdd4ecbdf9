package canon

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"laurel/badge/canon/jcs"
	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// converter says an expanded document (JSON-LD 1.1 API section 8.1) and counts
// what it says, so that nothing of the document is lost on the way.
type converter struct {
	data     *rdfc.Dataset
	rdfType  rdfc.Term
	leaves   int
	directed int // texts with a direction
	pointers map[string]string
	embedded string // pointer to where credentials within the document begin
}

// convert says what came out of expansion in a graph, and holds it against what
// the linter counted. It returns the subject of the last node.
func convert(d *rdfc.Dataset, expanded []any, l *linter, graph rdfc.Term) (subject rdfc.Term, err error) {
	c := &converter{data: d, rdfType: d.IRI(rdf + "type"), pointers: l.pointers, embedded: l.embedded}
	for _, n := range expanded {
		node, ok := n.(map[string]any)
		if !ok {
			return 0, &Error{Kind: DataLoss, Detail: "a value that belongs to nothing would not be signed"}
		}
		if subject, err = c.node(node, graph); err != nil {
			return 0, err
		}
	}
	if c.directed != l.directed { // one under another name, which nobody has looked at
		return 0, &Error{Kind: Unsigned, Detail: "@direction is not part of what is signed"}
	}
	if c.leaves != l.leaves {
		return 0, &Error{Kind: DataLoss, Detail: "part of the document means nothing under its contexts and would be left unsigned"}
	}
	if d.Empty() {
		return 0, &Error{Kind: DataLoss, Detail: "the document says nothing that could be signed"}
	}
	return subject, nil
}

func (c *converter) node(m map[string]any, graph rdfc.Term) (rdfc.Term, error) {
	subject, err := c.name(m)
	if err != nil {
		return 0, err
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		switch key {
		case "@id":
		case "@type":
			err = c.types(m[key], subject, graph)
		case "@graph":
			err = c.graph(m[key], subject)
		default:
			err = c.property(key, m[key], subject, graph)
		}
		if err != nil {
			return 0, err
		}
	}
	return subject, nil
}

func (c *converter) name(m map[string]any) (rdfc.Term, error) {
	id, ok := m["@id"].(string)
	if !ok {
		return c.data.Blank(), nil
	}
	return c.identifier(id, RelativeIRI)
}

// identifier is one value of the document that names something.
func (c *converter) identifier(iri string, relative Kind) (rdfc.Term, error) {
	c.leaves++
	return c.resource(iri, relative)
}

func (c *converter) resource(iri string, relative Kind) (rdfc.Term, error) {
	term, kind := resource(c.data, iri, relative)
	if kind != 0 {
		return 0, &Error{Kind: kind, Pointer: c.pointers[iri], Detail: strconv.Quote(clip(iri, 80)) + " is no absolute identifier"}
	}
	return term, nil
}

func (c *converter) types(v any, subject, graph rdfc.Term) error {
	for _, t := range each(v) {
		name, ok := t.(string)
		if !ok {
			return &Error{Kind: UndefinedType, Detail: "a type must be a string"}
		}
		object, err := c.identifier(name, UndefinedType)
		if err != nil {
			return err
		}
		c.data.Add(rdfc.Quad{Subject: subject, Predicate: c.rdfType, Object: object, Graph: graph})
	}
	return nil
}

// graph says what stands in a graph of the given name. A node of which nothing
// is said there has no statement.
func (c *converter) graph(v any, name rdfc.Term) error {
	for _, n := range each(v) {
		before := c.data.Added()
		node, ok := n.(map[string]any)
		if !ok || node["@value"] != nil || node["@list"] != nil {
			return &Error{Kind: DataLoss, Detail: "only a node can stand in a graph; anything else would not be signed"}
		}
		if _, err := c.node(node, name); err != nil {
			return err
		}
		if c.data.Added() == before {
			return &Error{Kind: DataLoss, Detail: "of a node in a graph nothing is said, so it would not be signed"}
		}
	}
	return nil
}

// verifiableCredential holds graphs in every context that defines it. json-gold
// forgets that where the context resets the terms within (credentials/v2).
const verifiableCredential = "https://www.w3.org/2018/credentials#verifiableCredential"

func (c *converter) property(iri string, v any, subject, graph rdfc.Term) error {
	switch {
	case iri == "@index" || iri == "@direction":
		return &Error{Kind: Unsigned, Detail: iri + " is not part of what is signed"}
	case strings.HasPrefix(iri, "@"):
		return &Error{Kind: Unsupported, Detail: iri + " is not handled here"}
	case strings.HasPrefix(iri, "_:"):
		return &Error{Kind: DataLoss, Detail: "a blank node cannot be a property, so this would not be signed"}
	}
	predicate, err := c.resource(iri, UndefinedTerm)
	if err != nil {
		return err
	}
	for _, e := range each(v) {
		if m, ok := e.(map[string]any); iri == verifiableCredential && ok && m["@graph"] == nil {
			return &Error{Kind: Unsupported, Pointer: c.embedded, Detail: "credentials within a document are not handled under contexts written inline; a context that the service holds would do"}
		}
		object, err := c.term(e, graph)
		if err != nil {
			return err
		}
		c.data.Add(rdfc.Quad{Subject: subject, Predicate: predicate, Object: object, Graph: graph})
	}
	return nil
}

func (c *converter) term(v any, graph rdfc.Term) (rdfc.Term, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return 0, &Error{Kind: Unsupported, Detail: "expansion left a bare value"}
	}
	if value, ok := m["@value"]; ok {
		return c.literal(value, m)
	}
	if items, ok := m["@list"]; ok {
		return c.list(each(items), graph)
	}
	return c.node(m, graph)
}

func (c *converter) list(items []any, graph rdfc.Term) (rdfc.Term, error) {
	next := c.data.IRI(rdf + "nil")
	first, rest := c.data.IRI(rdf+"first"), c.data.IRI(rdf+"rest")
	for _, v := range slices.Backward(items) {
		item, err := c.term(v, graph)
		if err != nil {
			return 0, err
		}
		cell := c.data.Blank()
		c.data.Add(rdfc.Quad{Subject: cell, Predicate: first, Object: item, Graph: graph})
		c.data.Add(rdfc.Quad{Subject: cell, Predicate: rest, Object: next, Graph: graph})
		next = cell
	}
	return next, nil
}

func (c *converter) literal(value any, m map[string]any) (rdfc.Term, error) {
	if m["@direction"] != nil {
		c.directed++
	}
	for key := range m {
		if !slices.Contains([]string{"@value", "@type", "@language", "@direction"}, key) {
			return 0, &Error{Kind: Unsigned, Detail: key + " is not part of what is signed"}
		}
	}
	datatype, single := m["@type"].(string)
	if m["@type"] != nil && !single { // several types, or the key of a map of types
		return 0, &Error{Kind: DataLoss, Detail: "a value has one type, so another would not be signed"}
	}
	if datatype == "@json" {
		return c.jsonLiteral(value)
	}
	c.leaves++
	if language, ok := m["@language"].(string); ok {
		text, isString := value.(string)
		if !isString || datatype != "" || !rdfc.WellFormedLanguage(language) {
			return 0, &Error{Kind: InvalidIRI, Pointer: c.pointers[language], Detail: "this is no language tag"}
		}
		return c.data.LanguageString(text, strings.ToLower(language)), nil
	}
	if datatype == langString {
		return 0, &Error{Kind: DataLoss, Pointer: c.pointers[datatype], Detail: withoutLanguage}
	}
	if datatype != "" && !rdfc.WellFormed(datatype) {
		return 0, &Error{Kind: InvalidIRI, Pointer: c.pointers[datatype], Detail: strconv.Quote(clip(datatype, 80)) + " is no datatype"}
	}
	text, own, ok := scalarText(value, datatype)
	if !ok {
		return 0, &Error{Kind: DataLoss, Detail: "@value must be a string, a number or a boolean"}
	}
	if datatype == "" {
		datatype = own
	}
	return c.data.Literal(text, datatype), nil
}

// scalarText gives a scalar its lexical form and the datatype that it has by
// itself.
func scalarText(value any, datatype string) (text, own string, ok bool) {
	switch value := value.(type) {
	case string:
		return value, rdfc.XSDString, true
	case bool:
		return strconv.FormatBool(value), xsdBoolean, true
	case float64:
		text, own = lexical(value, datatype)
		return text, own, true
	}
	return "", "", false
}

// jsonLiteral writes a JSON literal as RFC 8785 has it, by way of our own tree.
func (c *converter) jsonLiteral(value any) (rdfc.Term, error) {
	c.scalars(value)
	raw, err := json.Marshal(value)
	if err != nil {
		return 0, &Error{Kind: Unsupported, Detail: "a JSON literal: " + err.Error()}
	}
	v, err := strictjson.Parse(raw, strictjson.Limits{})
	if err != nil {
		return 0, &Error{Kind: Unsupported, Detail: "a JSON literal: " + err.Error()}
	}
	text, err := jcs.Append(nil, v)
	if err != nil {
		return 0, &Error{Kind: DataLoss, Detail: err.Error()}
	}
	return c.data.Literal(string(text), rdf+"JSON"), nil
}

// scalars counts as the linter does, which does not tell JSON literals from
// values.
func (c *converter) scalars(v any) {
	switch v := v.(type) {
	case map[string]any:
		_, of := v["@value"]
		for name, m := range v {
			c.scalarMember(name, m, of)
		}
	case []any:
		for _, e := range v {
			c.scalars(e)
		}
	default:
		c.leaves++
	}
}

// scalarMember counts a member, of what looks like a value or not.
func (c *converter) scalarMember(name string, m any, of bool) {
	text, isString := m.(string)
	switch {
	case name == "@context", of && isString && ofValue(name):
	case of && name == "@direction" && (text == "ltr" || text == "rtl"):
		c.directed++
	default:
		c.scalars(m)
	}
}

func each(v any) []any {
	if a, ok := v.([]any); ok {
		return a
	}
	return []any{v}
}
