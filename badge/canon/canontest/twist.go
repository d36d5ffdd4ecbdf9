package canontest

import "strings"

// twist changes a document into one that is odd, and good as a rule.
func (g *generator) twist(doc *object) {
	o := g.at(doc)
	i := g.IntN(len(o.members))
	m := &o.members[i]
	if strings.HasPrefix(m.name, "@") {
		return
	}
	name := m.name == "id" || m.name == "type"
	switch g.IntN(16) {
	case 0: // a set of one, or of none
		if !name {
			m.value = newObject("@set", pick(g, m.value, any([]any{m.value})))
		}
	case 1:
		if list, ok := m.value.([]any); ok && !name {
			m.value = newObject("@list", list)
		}
	case 2: // the same again
		if _, list := m.value.([]any); !list && m.name != "id" {
			m.value = []any{m.value, m.value}
		}
	case 3: // keywords in place of their aliases
		if name && !o.has("@"+m.name) {
			m.name = "@" + m.name
		}
	case 4:
		o.set("https://terms.example/"+g.word(), pick(g, any("x"), any(true), g.number(), any([]any{"b", "a", "b"})))
	case 5:
		o.set("ext:"+g.word(), newObject("id", g.oddIRI(), "name", g.text()))
	case 6:
		o.set("https://terms.example/typed", newObject("@value", pick(g, any("x"), any(false), any(literal("12.5"))), "@type", "https://types.example/t"))
	case 7:
		o.set("https://terms.example/json", newObject("@type", "@json", "@value", g.json(3)))
	case 8:
		if !name {
			m.value = pick(g, any(true), g.oddNumber(), g.oddText())
		}
	case 9:
		o.set("https://terms.example/list", newObject("@list", []any{"x", g.number(), newObject("name", "y"), newObject("@list", []any{})}))
	case 10:
		o.set("https://terms.example/node", pick(g, newObject(), newObject("id", "urn:x:only"), newObject("name", g.text())))
	case 11:
		if !name {
			m.value = []any{}
		}
	case 12:
		o.set("_sd", g.json(2))
	case 13:
		o.set("image", pick(g, any("https://images.example/i.png"), any("data:image/png;base64,AAAA"), any("_:b0")))
	case 14:
		o.set("https://terms.example/when", newObject("@value", g.time(), "@type", "http://www.w3.org/2001/XMLSchema#dateTime"))
	case 15:
		o.set("@type", pick(g, any("Profile"), any([]any{"Image", "Related"}))) // beside the alias
	}
}

// json makes any JSON, for JSON literals.
func (g *generator) json(depth int) any {
	switch n := g.IntN(8); {
	case n == 0 && depth > 0:
		return []any{g.json(depth - 1), g.json(depth - 1)}
	case n <= 2 && depth > 0:
		o := newObject("\U0001f600", g.json(depth-1), "\ue000", g.json(depth-1), "b", g.json(depth-1), "a", "1")
		return g.shuffled(o)
	case n == 3:
		return literal("null")
	case n == 4:
		return g.number()
	case n == 5:
		return g.chance(50)
	}
	return g.oddText()
}

// spoil makes a document faulty, as a rule.
func (g *generator) spoil(doc *object) {
	o := g.at(doc)
	m := &o.members[g.IntN(len(o.members))]
	switch g.IntN(14) {
	case 0:
		o.set("salary", "100")
	case 1:
		o.set("Name", "x")
	case 2:
		m.value = literal("null")
	case 3:
		o.set("https://terms.example/n", literal("null"))
	case 4:
		o.set("https://terms.example/r", newObject("id", "relative/path", "name", "x"))
	case 5:
		o.set("https://terms.example/t", newObject("type", "NoSuchType"))
	case 6:
		o.set("@index", "x")
	case 7:
		o.set("https://terms.example/d", newObject("@value", "x", "@direction", "rtl"))
	case 8:
		o.set("https://terms.example/l", newObject("@value", "x", "@language", "not a language"))
	case 9:
		o.set("https://terms.example/i", newObject("id", "https://example.edu/a b"))
	case 10:
		o.set("_:property", "x")
	case 11:
		o.set("@context", "https://unknown.example/context")
	case 12:
		o.set("https://terms.example/v", newObject("@value", "x", "name", "y"))
	case 13:
		o.set("https://terms.example/v", newObject("@value", literal("1"), "@language", "en"))
	}
}
