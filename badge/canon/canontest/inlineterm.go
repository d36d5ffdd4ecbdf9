package canontest

import (
	"strconv"
)

// What follows makes the contexts of Inline.

// get returns a member's value, or nil.
func (o *object) get(name string) any {
	for _, m := range o.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// containers are the containers of a term definition.
func containers(def *object) (names []string) {
	switch c := def.get("@container").(type) {
	case string:
		return []string{c}
	case []any:
		for _, e := range c {
			if s, ok := e.(string); ok {
				names = append(names, s)
			}
		}
	}
	return names
}

// context makes a context, or at a depth the scope of a term. The first one at
// the root has every term. The one within a term does not define that, as a
// rule.
func (g *inliner) context(depth int, whole bool, within string) any {
	c := newObject()
	g.settings(c, depth)
	if whole || g.chance(30) {
		c.set("ex", g.prefix(whole))
	}
	for i := range 9 {
		name := "p" + strconv.Itoa(i)
		if whole || g.chance(20) && g.besides(name, within) {
			def := g.term(name, depth)
			if c.set(name, def); depth == 0 {
				g.terms[name] = def
			}
		}
	}
	for i := range 4 {
		name := "T" + strconv.Itoa(i)
		if whole || g.chance(15) && g.besides(name, within) {
			c.set(name, g.typeTerm(name, depth))
		}
	}
	g.aliases(c, whole)
	g.oddDefinitions(c)
	return g.shuffled(c)
}

func (g *inliner) besides(name, within string) bool {
	return name != within || g.may("within itself", 50)
}

// settings are the keywords of a context.
func (g *inliner) settings(c *object, depth int) {
	if g.chance(30) {
		c.set("@version", literal(pickOne(g, "1.1", "1.1", "1.1", "1.1", "1.10")))
	}
	if g.may("protected", 30) {
		c.set("@protected", g.chance(90))
	}
	if depth > 0 && g.chance(20) {
		c.set("@propagate", g.chance(50))
	}
	if g.may("@vocab", 40) {
		c.set("@vocab", pickOne(g, "https://vocab.example/", "https://vocab.example/#", "urn:v:"))
	}
	if g.may("@language", 40) {
		c.set("@language", g.one("en", "de-CH", pickOne(g, g.tags()...)))
	}
	if g.may("@base", 60) {
		c.set("@base", g.one("https://base.example/dir/", "https://base.example/dir/file?q#f", "urn:base", "relative/", "", literal("null")))
	}
	if g.may("@direction", 40) {
		c.set("@direction", g.one("rtl", "ltr", literal("null")))
	}
	if g.may("@import", 40) {
		c.set("@import", pickOne(g, badges+"-3.0.3.json", credentialsV2, "https://unknown.example/"))
	}
	if g.may("redefinitions", 40) {
		c.set(pickOne(g, "name", "issuer", "id", "type", "credentialSubject", "VerifiableCredential", "description"), g.one("https://schema.org/name", "urn:other", "@id", "@type", literal("null")))
	}
	if g.may("odd settings", 60) {
		g.oddSettings(c)
	}
}

// oddSettings are such as processors read differently, or not at all.
func (g *inliner) oddSettings(c *object) {
	if g.chance(40) {
		c.set("@vocab", g.one("ex:", "ex:v/", "", "relative/", "#", "_:v", "p1", literal("null")))
	}
	if g.chance(20) {
		c.set("@language", g.one(literal("null"), literal("1"), "EN"))
	}
	if g.chance(20) {
		c.set("@protected", g.one(g.chance(50), "true", literal("null")))
	}
}

func (g *inliner) prefix(whole bool) any {
	if whole {
		return g.one("https://v0.example/", "https://v0.example/#", newObject("@id", "https://v0.example/x", "@prefix", true))
	}
	return g.one("https://v0.example/", "https://v1.example/#", newObject("@id", "https://v2.example/x", "@prefix", g.chance(70)))
}

// aliases are names for keywords; without a known context those of the
// credential itself too.
func (g *inliner) aliases(c *object, whole bool) {
	if whole && g.bare {
		const vocabulary = "https://www.w3.org/2018/credentials#"
		c.set("id", "@id")
		c.set("type", "@type")
		c.set("VerifiableCredential", vocabulary+"VerifiableCredential")
		c.set("issuer", newObject("@id", vocabulary+"issuer", "@type", "@id"))
		c.set("credentialSubject", newObject("@id", vocabulary+"credentialSubject", "@type", "@id"))
	}
	if g.on["aliases"] && (whole || g.chance(20)) {
		c.set("ident", "@id")
		c.set("kind", g.one("@type", newObject("@id", "@type"), newObject("@id", "@type", "@container", "@set")))
	}
	if g.may("other aliases", 60) {
		g.maybe(50, c, "val", func() any { return "@value" })
		g.maybe(50, c, "lang", func() any { return g.one("@language", newObject("@id", "@language")) })
		g.maybe(50, c, "members", func() any { return "@set" })
		g.maybe(50, c, "items", func() any { return "@list" })
		g.maybe(20, c, "none", func() any { return pickOne(g, "@none", "@json", "@graph", "@index", "@context", "@vocab", "@included") })
	}
	if g.on["@nest"] {
		c.set("nested", g.one("@nest", "@nest", newObject("@id", "@nest"), newObject("@id", "ex:nested", "@nest", "@nest")))
	}
}

// oddDefinitions are terms, definitions and keywords that may be none.
func (g *inliner) oddDefinitions(c *object) {
	if g.may("by type", 60) {
		c.set("@type", newObject("@container", "@set"))
		g.maybe(30, c, "@type", func() any { return newObject("@container", "@set", "@protected", true) })
	}
	if g.may("odd keywords", 30) {
		c.set(pickOne(g, "@foo", "@id", "@context", "@1", "@graph", "@none", "p1"), g.one("urn:x", "@foo", newObject("@id", "@foo"), newObject("@id", "urn:x", "@foo", "bar")))
	}
	if g.may("odd terms", 60) {
		c.set(pickOne(g, "ex:a", "a:b", "urn:x:y", "", "a b", ":a", "#a", "./a", "a/b", "https://v.example/p", "ex2", "toString", "__proto__"),
			g.one("ex:a", "urn:x:y", "a b", "", newObject("@type", "@id"), newObject(), literal("1"), "p1", newObject("@id", "ex:"), "_:b"))
	}
}

// term makes a definition.
func (g *inliner) term(name string, depth int) any {
	iri := "ex:" + name
	switch {
	case g.may("null", 8), g.may("redefinitions", 8):
		return g.one(literal("null"), any(newObject("@id", literal("null"))))
	case g.may("relative", 10):
		return pickOne(g, "relative", "/path", "#x", "ex")
	case g.may("blank", 5):
		return "_:p"
	case g.may("redefinitions", 10):
		return g.one(g.property(), newObject("@id", g.property()), "T1")
	case g.chance(30):
		return iri
	}
	def := newObject("@id", iri)
	if g.may("odd settings", 20) {
		def = newObject()
	}
	if g.may("@reverse", 25) {
		def = newObject("@reverse", pickOne(g, iri, "ex:r", "p1"))
		g.maybe(30, def, "@container", func() any { return pickOne(g, "@set", "@index") })
	}
	if g.chance(45) {
		g.maybe(100, def, "@type", func() any {
			return pickOne(g, "@id", "@id", "@vocab", "@json", "ex:datatype", "http://www.w3.org/2001/XMLSchema#float", "http://www.w3.org/2001/XMLSchema#double", "urn:datatype", "@none")
		})
		if g.may("odd values", 15) {
			def.set("@type", g.one("relative", "_:t", "@foo", "@list", literal("null"), ""))
		}
	}
	g.container(def, depth)
	g.lesser(def)
	if depth < 2 && g.chance(15) {
		def.set("@context", g.scope(depth, name))
	}
	return g.shuffled(def)
}

func (g *inliner) container(def *object, depth int) {
	switch n := g.IntN(8); {
	case n == 0:
		def.set("@container", "@list")
	case n == 1:
		def.set("@container", g.one("@set", []any{"@set"}))
	case n == 2 && depth == 0:
		def.set("@container", g.one("@graph", []any{"@graph", "@set"}))
	}
	for _, f := range []struct {
		feature string
		all     []any
	}{
		{"@language maps", []any{"@language", []any{"@language", "@set"}}},
		{"@index", []any{"@index", []any{"@index", "@set"}}},
		{"@id maps", []any{"@id", []any{"@id", "@set"}}},
		{"@type maps", []any{"@type", []any{"@type", "@set"}}},
		{"@graph maps", []any{[]any{"@graph", "@id"}, []any{"@graph", "@index"}, []any{"@graph", "@id", "@set"}, []any{"@graph", "@index", "@set"}}},
		{"odd containers", []any{[]any{"@list", "@set"}, []any{"@list"}, []any{}, []any{"@language", "@index"}, []any{"@graph", "@list"}, "@none", "@foo", literal("null"), []any{"@id", "@type"}}},
	} {
		if g.may(f.feature, 35) {
			def.set("@container", pickOne(g, f.all...))
		}
	}
}

// lesser are the other members of a definition.
func (g *inliner) lesser(def *object) {
	if g.may("@language", 25) && def.get("@type") == nil {
		def.set("@language", g.one("fr", any(pickOne(g, g.tags()...)), literal("null")))
	}
	if g.may("@direction", 25) {
		def.set("@direction", g.one("rtl", literal("null")))
	}
	if g.may("@nest", 25) {
		def.set("@nest", pickOne(g, "@nest", "nested", "other", "@id"))
	}
	if g.may("@index", 20) {
		def.set("@index", pickOne(g, "ex:key", "p1", "urn:key", "@type", "key"))
	}
	if g.may("protected", 20) {
		def.set("@protected", g.chance(70))
	}
	if g.chance(4) {
		def.set("@prefix", g.chance(50))
	}
}

func (g *inliner) typeTerm(name string, depth int) any {
	def := newObject("@id", "https://t.example/"+name)
	switch {
	case depth < 2 && g.chance(40):
		def.set("@context", g.scope(depth, name))
	case g.chance(40):
		return def.get("@id")
	}
	return def
}

// scope is the context of a term.
func (g *inliner) scope(depth int, within string) any {
	switch {
	case g.chance(6):
		return pickOne(g, badges+"-3.0.3.json", credentialsV2, dataIntegrity)
	case g.may("reset", 25), g.may("null", 15):
		return g.one(literal("null"), []any{literal("null"), g.context(depth+1, false, within)})
	case g.chance(10):
		return []any{g.context(depth+1, false, within), g.context(depth+1, false, within)}
	case g.may("wrapped scopes", 30):
		return newObject("@context", g.context(depth+1, false, within))
	}
	return g.context(depth+1, false, within)
}
