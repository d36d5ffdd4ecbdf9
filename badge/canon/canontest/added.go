package canontest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Added returns one or two invented contexts, by their addresses, as somebody
// might add them to those that a service holds, and a credential that names
// them. The contexts use whatever can be compiled: prefixes, aliases, terms
// that stand for terms, coercions, containers, protection, scopes of types and
// properties within one another, propagation, null. About half of the
// credentials have a member that means nothing where it stands.
func Added(seed uint64) (contexts map[string][]byte, document []byte) {
	g := &adder{generator: generator{Rand: rand.New(rand.NewPCG(seed, 3))}}
	g.vocabulary = g.prefix()
	contexts = map[string][]byte{}
	names := []any{credentialsV2}
	if g.chance(60) {
		names = append(names, badges+"-3.0.3.json")
	}
	for i := range 1 + g.IntN(2) {
		url := fmt.Sprintf("https://added.example/%d/%d", seed, i)
		contexts[url] = written(map[string]any{"@context": g.context(0)})
		names = append(names, url)
	}
	doc := g.node(0)
	doc["@context"] = names
	doc["id"] = fmt.Sprintf("urn:x:%d", seed)
	doc["type"] = append([]any{"VerifiableCredential"}, g.types()...)
	return contexts, written(doc)
}

func written(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a tree of maps, slices, strings and numbers has no way to fail
	}
	return b
}

type adder struct {
	generator
	vocabulary any // the usual definition of the prefix ex
}

const properties = 7

func (g *adder) property() string { return "p" + strconv.Itoa(g.IntN(properties)) }

func (g *adder) types() []any {
	var all []any
	for range g.IntN(3) {
		all = append(all, "T"+strconv.Itoa(g.IntN(4)))
	}
	return all
}

// context makes a context, or at a depth the scope of a term.
func (g *adder) context(depth int) map[string]any {
	c := map[string]any{}
	if g.chance(60) {
		c["@version"] = json.Number("1.1")
	}
	if g.chance(15) {
		c["@protected"] = true
	}
	if g.chance(15) {
		c["@propagate"] = depth == 0 || g.chance(50)
	}
	switch {
	case depth == 0 || g.chance(30):
		c["ex"] = g.vocabulary
	case g.chance(15):
		c["ex"] = g.prefix()
	}
	for i := range properties {
		if depth == 0 || g.chance(30) {
			c["p"+strconv.Itoa(i)] = g.term(fmt.Sprintf("ex:p%d", i+g.IntN(2)), depth, "p"+strconv.Itoa(i))
		}
	}
	for i := range 4 {
		if depth == 0 || g.chance(20) {
			c["T"+strconv.Itoa(i)] = g.typeTerm("T"+strconv.Itoa(i), depth)
		}
	}
	if g.chance(20) {
		c["p6"] = "p5" // a term that stands for a term
		if _, ok := c["p5"]; !ok {
			c["p5"] = "ex:p5"
		}
	}
	if g.chance(30) {
		c["ident"], c["kind"] = "@id", map[string]any{"@id": "@type"}
	}
	return c
}

func (g *adder) prefix() any {
	vocabulary := fmt.Sprintf("https://v%d.example/", g.IntN(3))
	return pick[any](&g.generator, vocabulary, vocabulary+"#", map[string]any{"@id": vocabulary + "x", "@prefix": true})
}

func (g *adder) term(iri string, depth int, name string) any {
	def := map[string]any{"@id": iri}
	switch g.IntN(10) {
	case 0, 1:
		return iri
	case 2:
		def["@type"] = "@id"
	case 3:
		def["@type"] = "@vocab"
	case 4:
		def["@type"] = "@json"
		return g.protect(def)
	case 5:
		def["@type"] = pick(&g.generator, "ex:datatype", "http://www.w3.org/2001/XMLSchema#float", "urn:datatype")
	}
	switch g.IntN(8) {
	case 0:
		def["@container"] = "@list"
	case 1:
		def["@container"] = []any{"@set"}
	case 2:
		def["@container"] = pick[any](&g.generator, "@graph", []any{"@graph", "@set"})
	}
	g.scope(def, depth, 25, name)
	return g.protect(def)
}

func (g *adder) typeTerm(name string, depth int) any {
	def := map[string]any{"@id": "https://t.example/" + name}
	g.scope(def, depth, 60, name)
	return g.protect(def)
}

// scope gives a term a context of its own, which may not define it anew.
func (g *adder) scope(def map[string]any, depth, percent int, name string) {
	switch {
	case depth < 2 && g.chance(percent):
		c := g.context(depth + 1)
		if delete(c, name); c["p5"] == nil && c["p6"] == "p5" {
			delete(c, "p6")
		}
		def["@context"] = c
	case depth == 0 && g.chance(4):
		def["@context"] = nil
	}
}

func (g *adder) protect(def map[string]any) any {
	if g.chance(5) {
		def["@protected"] = g.chance(70)
	}
	return def
}

// node makes a node of terms that a context has at its root.
func (g *adder) node(depth int) map[string]any {
	n := map[string]any{}
	for range 1 + g.IntN(3) {
		n[g.property()] = g.member(depth)
	}
	return n
}

func (g *adder) member(depth int) any {
	switch g.IntN(5) {
	case 0:
		return []any{g.value(depth), g.value(depth)}
	case 1:
		return map[string]any{pick(&g.generator, "@list", "@set"): []any{g.value(depth), g.value(depth)}}
	}
	return g.value(depth)
}

func (g *adder) value(depth int) any {
	if depth < 4 && g.chance(50) {
		n := g.node(depth + 1)
		if g.chance(40) {
			n["id"] = fmt.Sprintf("urn:n:%d", g.IntN(5))
		}
		if types := g.types(); len(types) > 0 {
			n[pick(&g.generator, "type", "type", "@type", "kind")] = types
		}
		return n
	}
	switch g.IntN(9) {
	case 0:
		return g.IntN(1000)
	case 1:
		return g.chance(50)
	case 2:
		return 1.5
	case 3:
		return map[string]any{"@value": "x", "@type": pick(&g.generator, "ex:t", "urn:t", "http://www.w3.org/2001/XMLSchema#date")}
	case 4:
		return map[string]any{"@value": "x", "@language": "de"}
	case 5:
		return "ex:value"
	case 6:
		return "T1"
	case 7:
		return map[string]any{"id": fmt.Sprintf("urn:n:%d", g.IntN(5))}
	}
	return fmt.Sprintf("urn:v:%d", g.IntN(20))
}
