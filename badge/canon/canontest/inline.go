package canontest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Inline returns a credential whose contexts are written inline, as a rule
// beside known ones. Every credential has prefixes, coercions, scopes and the
// plain containers. More features come on top of that, and in half of them such
// as bring faults.
func Inline(seed uint64) []byte {
	g := &inliner{generator: generator{Rand: rand.New(rand.NewPCG(seed, 4))}, on: map[string]bool{}, terms: map[string]any{}}
	for range g.IntN(4) {
		g.on[pick(&g.generator, handled...)] = true
	}
	if g.chance(40) {
		for range 1 + g.IntN(2) {
			g.on[pick(&g.generator, perilous...)] = true
		}
	}
	g.odd, g.unnamed = g.on["odd values"], g.on["blank"]
	doc := g.credential()
	if g.odd {
		g.twist(doc)
	}
	return doc.append(nil)
}

// The features: what most processors handle alike, and what brings faults,
// refusals and differences with it.
var (
	handled = []string{"@vocab", "@language", "aliases", "protected", "@language maps", "@id maps", "@type maps", "@graph maps", "examples", "by type",
		"blank", "wrapped", "odd values", "local contexts"}
	perilous = []string{"odd settings", "@base", "@direction", "@nest", "@included", "@reverse", "@index", "@graph", "null", "reset", "@import",
		"relative", "odd tags", "odd keywords", "redefinitions", "lists in lists", "@none", "values", "other aliases", "odd terms", "odd containers",
		"within itself", "mismatches", "wrapped scopes"}
)

// Examples is a context that Inline names, and ExamplesDocument what it says.
const (
	Examples         = "https://www.w3.org/ns/credentials/examples/v2"
	ExamplesDocument = `{"@context":{"@vocab":"https://www.w3.org/ns/credentials/examples#"}}`
)

// inliner makes a credential and the contexts for it.
type inliner struct {
	generator
	on    map[string]bool
	terms map[string]any // the last definition of each term at the root
	bare  bool           // no known context is named
}

// may is true in so many cases of a hundred, if the feature is on.
func (g *inliner) may(feature string, percent int) bool { return g.on[feature] && g.chance(percent) }

// one picks a value.
func (g *inliner) one(from ...any) any { return from[g.IntN(len(from))] }

// pickOne is pick for an inliner.
func pickOne[T any](g *inliner, from ...T) T { return pick(&g.generator, from...) }

func (g *inliner) credential() *object {
	g.bare = g.chance(25)
	var contexts []any
	if !g.bare {
		contexts = append(contexts, pickOne(g, credentialsV2, credentialsV2, credentialsV2, credentialsV1))
	}
	if !g.bare && g.chance(25) {
		contexts = append(contexts, badges+"-3.0.3.json")
	}
	for i := range 1 + g.IntN(2) {
		if i > 0 && g.may("reset", 60) {
			contexts = append(contexts, literal("null"))
		}
		contexts = append(contexts, g.wrap(g.context(0, i == 0, "")))
	}
	if g.may("examples", 80) {
		contexts = append(contexts, Examples)
	}
	if g.chance(5) {
		contexts = append(contexts, dataIntegrity)
	}
	c := newObject("@context", any(contexts))
	if len(contexts) == 1 && g.chance(40) {
		c.set("@context", contexts[0])
	}
	g.name(c, 100)
	c.set(g.keyword("type"), append([]any{"VerifiableCredential"}, g.types()...))
	c.set("issuer", g.iri())
	subject := g.node(0)
	g.name(subject, 70)
	c.set("credentialSubject", subject)
	for range g.IntN(3) {
		g.member(c, 0)
	}
	return g.shuffled(c)
}

// wrap writes a context as a whole context document.
func (g *inliner) wrap(c any) any {
	if g.may("wrapped", 50) {
		return newObject("@context", c)
	}
	return c
}

func (g *inliner) property() string { return "p" + strconv.Itoa(g.IntN(9)) }

func (g *inliner) types() []any {
	var all []any
	for range g.IntN(3) {
		all = append(all, g.typeName())
	}
	return all
}

func (g *inliner) typeName() any {
	switch {
	case g.may("relative", 15):
		return "NoType"
	case g.may("blank", 15):
		return "_:type"
	case g.chance(8):
		return "ex:Type"
	}
	return "T" + strconv.Itoa(g.IntN(4))
}

// keyword is @id or @type under the names that the contexts give them.
func (g *inliner) keyword(name string) string {
	if g.chance(15) {
		return "@" + name
	}
	if g.may("aliases", 40) {
		return map[string]string{"id": "ident", "type": "kind"}[name]
	}
	return name
}

func (g *inliner) name(o *object, percent int) {
	if g.chance(percent) {
		o.set(g.keyword("id"), g.nodeID())
	}
}

func (g *inliner) nodeID() any {
	switch {
	case g.may("relative", 20):
		return pickOne(g, "relative/path", "#fragment", "", "?q", "../up", "//host/x")
	case g.may("blank", 50):
		return pickOne(g, "_:b0", "_:b1", "_:c14n0", "_:x-y")
	}
	return g.iri()
}

// iri is an absolute IRI, as a rule.
func (g *inliner) iri() any {
	switch {
	case g.may("odd values", 20):
		return g.oddIRI()
	case g.chance(15):
		return "ex:" + g.word()
	case g.chance(30):
		return "https://n.example/" + strconv.Itoa(g.IntN(6))
	}
	return fmt.Sprintf("urn:n:%d", g.IntN(6))
}

// node makes a node of terms.
func (g *inliner) node(depth int) *object {
	n := newObject()
	for range 1 + g.IntN(3) {
		g.member(n, depth)
	}
	if g.chance(35) {
		if types := g.types(); len(types) > 0 {
			n.set(g.keyword("type"), g.one(types, types, types[0]))
		}
	}
	g.strange(n, depth)
	if g.may("local contexts", 20) {
		n.set("@context", g.one(credentialsV2, []any{}, badges+"-3.0.3.json"))
	}
	if g.may("reset", 20) {
		n.set("@context", g.one(g.wrap(g.context(1, false, "")), literal("null")))
	}
	return g.shuffled(n)
}

// strange gives a node what has a syntax of its own.
func (g *inliner) strange(n *object, depth int) {
	inner := func() any {
		m := newObject()
		g.member(m, depth+2)
		g.name(m, 40)
		return m
	}
	if g.may("@included", 40) {
		n.set("@included", g.one(inner(), []any{inner(), inner()}))
	}
	if g.may("@graph", 30) {
		n.set("@graph", g.one(inner(), []any{inner()}, []any{}))
	}
	if g.may("@reverse", 40) {
		n.set("@reverse", newObject(g.property(), g.one(inner(), []any{inner(), inner()}, g.iri())))
	}
	if g.may("@nest", 50) {
		n.set(pickOne(g, "@nest", "nested", "nested"), g.one(inner(), []any{inner(), inner()}))
	}
	if g.may("@index", 30) {
		n.set("@index", "x")
	}
	if g.may("@direction", 20) {
		n.set("@direction", "rtl")
	}
	if g.may("odd keywords", 50) {
		n.set(pickOne(g, "@annotation", "@foo", "@none", "@json", "@version", "@vocab", "@base", "@container", "@ID", "@", "@1"), g.one("x", inner()))
	}
	if g.may("odd terms", 50) {
		n.set(pickOne(g, "ex:a", "ex:", ":a", "a:b", "urn:x:y", "https://v.example/p", "_:p", "", "a b", "ex2:a", "unknown", "ex", "toString", "__proto__", "constructor", "T0"), g.one("x", inner()))
	}
}

// member gives a node a property with a value that fits it, as a rule.
func (g *inliner) member(n *object, depth int) {
	name := g.property()
	if g.chance(6) {
		name = "ex:" + g.word()
	}
	n.set(name, g.valueOf(g.terms[name], depth))
}

func (g *inliner) valueOf(definition any, depth int) any {
	def, _ := definition.(*object)
	if def == nil || g.may("mismatches", 30) {
		def = newObject()
	}
	container := containers(def)
	has := func(name string) bool { return slices.Contains(container, name) }
	coerced, _ := def.get("@type").(string)
	value := func() any { return g.value(depth, coerced) }
	node := func() any {
		if depth >= 3 {
			return newObject("ex:"+g.word(), "x")
		}
		return g.node(depth + 1)
	}
	switch {
	case g.may("null", 15):
		return g.one(literal("null"), []any{literal("null"), "x"}, newObject("@value", literal("null")), newObject("@list", []any{literal("null")}))
	case has("@graph") && has("@id"), has("@id"):
		return g.mapOf(node, "urn:k:1", "ex:k", "https://k.example/", "@none", "_:k", "relative")
	case has("@index"):
		if has("@graph") {
			value = node
		}
		return g.mapOf(func() any { return g.oneOrList(g.some(2, value)) }, "a", "b", "urn:k:1", "@none", "")
	case has("@graph"):
		return g.oneOrList(g.some(2, node))
	case has("@type"):
		return g.mapOf(pickOne(g, node, node, g.iri), "T0", "T1", "urn:t", "ex:T", "@none", "relative")
	case has("@language"):
		return g.mapOf(func() any { return g.oneOrList(g.some(2, func() any { return g.word() })) }, append([]string{"@none"}, g.tags()...)...)
	case has("@list"):
		return g.listOf(value)
	}
	if g.chance(75) {
		return g.oneOrList(g.some(3, value))
	}
	return g.collection(value)
}

// listOf is a value for a list container.
func (g *inliner) listOf(value func() any) any {
	switch n := g.IntN(8); {
	case g.may("lists in lists", 40):
		return g.one([]any{[]any{value()}, []any{}}, newObject("@list", []any{newObject("@list", []any{"x"})}), []any{newObject("@set", []any{"x", "y"}), newObject("@list", []any{"z"})})
	case n == 0:
		return []any{}
	case n == 1:
		return value()
	case n < 4:
		return newObject("@list", g.some(3, value))
	}
	return g.some(3, value)
}

// collection is a list or a set written as such.
func (g *inliner) collection(value func() any) any {
	if g.on["lists in lists"] {
		v := value()
		return g.one(newObject("@list", []any{[]any{v}}), newObject("@set", []any{newObject("@set", []any{v})}), newObject("@list", []any{newObject("@set", []any{v, v}), v}),
			[]any{[]any{v}, v}, newObject("@set", newObject("@list", []any{v})))
	}
	if g.chance(90) { // a set around an object is refused
		return newObject(pickOne(g, "@list", "@set"), g.some(2, value))
	}
	return newObject(pickOne(g, "@list", "@set"), value())
}

func (g *inliner) mapOf(value func() any, keys ...string) *object {
	o := newObject()
	for range 1 + g.IntN(2) {
		key := pickOne(g, keys...)
		if key == "@none" && !g.on["@none"] {
			key = keys[0]
			if key == "@none" {
				key = "en"
			}
		}
		if key == "relative" && !g.on["relative"] || key == "_:k" && !g.on["blank"] {
			key = keys[0]
		}
		o.set(key, value())
	}
	return o
}

func (g *inliner) tags() []string {
	if g.on["odd tags"] {
		return []string{"en", "EN-us", "de_DE", "", "e", "en-", "not a language", "-", "x-y", "abcdefghijkl", "en-123456789", "é"}
	}
	return []string{"en", "de", "pt-BR"}
}

// value makes a value for a property of that coercion.
func (g *inliner) value(depth int, coerced string) any {
	if g.may("values", 25) {
		return g.oddValue()
	}
	if coerced == "@json" {
		v := g.json(2)
		for !g.on["null"] && hasNull(v) {
			v = g.json(2)
		}
		return v
	}
	if depth < 3 && g.chance(45) {
		n := g.node(depth + 1)
		g.name(n, 40)
		return n
	}
	switch coerced {
	case "@id":
		return g.nodeID()
	case "@vocab":
		return g.one(g.iri(), g.iri(), "T1", "p3")
	}
	switch g.IntN(8) {
	case 0:
		return g.number()
	case 1:
		return g.chance(50)
	case 2:
		return newObject("@value", g.one("x", "y", g.number()), "@type", pickOne(g, "ex:t", "urn:t", "T0", "http://www.w3.org/2001/XMLSchema#date"))
	case 3:
		return newObject("@value", "x", "@language", pickOne(g, g.tags()...))
	case 4:
		return newObject(g.keyword("id"), g.nodeID())
	case 5:
		return newObject("@value", g.one("x", any(true), g.number()))
	case 6:
		return "ex:value"
	}
	return g.word()
}

func hasNull(v any) bool { return bytes.Contains(appendValue(nil, v), []byte("null")) }

// oddValue is a value object, or nearly one.
func (g *inliner) oddValue() any {
	return g.one(
		newObject("@value", g.one("x", "1", g.number()), "@type", "http://www.w3.org/2001/XMLSchema#double"),
		newObject("@value", "x", "type", "urn:t"),
		newObject("@value", "x", "@type", []any{"urn:t"}),
		newObject("@value", "x", "@type", []any{"urn:t", "urn:u"}),
		newObject("@value", "x", "@type", "urn:t", "@language", "en"),
		newObject("@value", "x", "@type", "@id"),
		newObject("@value", "x", "@type", "@vocab"),
		newObject("@value", "x", "@type", "@none"),
		newObject("@value", "x", "@type", "relative"),
		newObject("@value", "x", "@type", "_:t"),
		newObject("@value", "x", "@type", ""),
		newObject("@value", []any{"x"}),
		newObject("@value", newObject("a", "b")),
		newObject("@value", []any{"x", newObject("a", "b")}, "@type", "@json"),
		newObject("@value", g.json(1), "type", "@json"),
		newObject("@value", true, "@language", "en"),
		newObject("@value", "x", "@index", "i"),
		newObject("@value", "x", "@direction", "rtl"),
		newObject("@value", "x", "@language", "ar", "@direction", "rtl"),
		newObject("@value", "x", "@id", "urn:x"),
		newObject("@value", "x", "p1", "y"),
		newObject("@value", "x", "@language", literal("null")),
		newObject("@value", "x", "@context", newObject()),
		newObject("val", "x", "lang", "en"),
		newObject("val", "x", "kind", "urn:t"),
		newObject("@language", "en"),
		newObject("@type", "urn:t"),
		newObject("@type", []any{}),
		newObject("@id", []any{"urn:x"}),
		newObject("@id", "urn:x", "id", "urn:y"),
		newObject("@type", "urn:t", "type", "urn:u"),
		newObject("@list", []any{"x"}, "@id", "urn:x"),
		newObject("@list", []any{"x"}, "@index", "i"),
		newObject("@list", []any{"x"}, "p1", "i"),
		newObject("@set", []any{"x"}, "p1", "i"),
		newObject("@set", []any{"x"}, "@type", "urn:t"),
		newObject("@set", []any{}), newObject("@list", []any{}), newObject(), []any{}, []any{[]any{}},
		newObject("members", []any{"x"}), newObject("items", []any{"x"}),
		newObject("@graph", []any{newObject("@id", "urn:x", "p1", "y")}),
		newObject("@graph", []any{newObject("@id", "urn:x", "p1", "y")}, "@id", "urn:g"),
		newObject("@graph", []any{"x"}), newObject("@graph", newObject()))
}
