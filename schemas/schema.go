package schemas

import (
	"regexp"
	"strings"
	"sync"
)

// schemaClasses are the classes that have JSON Schemas of their own.
var schemaClasses = []string{"AchievementCredential", "EndorsementCredential", "Profile"}

const schemaBase = "https://purl.imsglobal.org/spec/ob/v3p0/schema/"

// schemaNames are the three names that a published schema goes by; the first
// of a family is its $id. The name that badges put into credentialSchema is
// the second: the publisher's documents disagree which family stands there, so
// it is read as the tolerant one, which accepts whatever the strict one does.
var schemaNames = []struct {
	before, after string
	family        Family
}{
	{schemaBase + "json/ob_v3p0_", "-jsonschema1.json", Strict},
	{schemaBase + "json/ob_v3p0_", "_schema.json", Tolerant},
	{schemaBase + "json-ld/ob_v3p0_", "_schema.json", Tolerant},
}

// Schema returns the JSON Schema (draft 2019-09) of a class,
// "AchievementCredential", "EndorsementCredential" or "Profile", and whether
// there is one. The bytes are shared: do not change them.
//
// The strict schemas equal the published ones, and so does the tolerant one of
// AchievementCredential; the other two tolerant ones follow by the same rule.
// Dates are bound by format, which draft 2019-09 lets validators pass over: tell
// yours to assert it.
func Schema(class string, f Family) ([]byte, bool) {
	b, ok := heldSchemas()[schemaKey{class, f}]
	return b, ok
}

// SchemaByURL tells which class and family a published schema URL means,
// compared byte for byte. Without ok the other results mean nothing.
func SchemaByURL(url string) (class string, f Family, ok bool) {
	s, ok := schemaURLs()[url]
	return s.class, s.family, ok
}

type namedSchema struct {
	class  string
	family Family
}

var schemaURLs = sync.OnceValue(func() map[string]namedSchema {
	all := map[string]namedSchema{}
	for _, class := range schemaClasses {
		for _, n := range schemaNames {
			all[n.before+strings.ToLower(class)+n.after] = namedSchema{class, n.family}
		}
	}
	return all
})

// schemaID is the first URL of a schema.
func schemaID(class string, f Family) string {
	for _, n := range schemaNames {
		if n.family == f {
			return n.before + strings.ToLower(class) + n.after
		}
	}
	return ""
}

type schemaKey struct {
	class  string
	family Family
}

var heldSchemas = sync.OnceValue(func() map[schemaKey][]byte {
	held := map[schemaKey][]byte{}
	for _, class := range schemaClasses {
		for _, f := range []Family{Strict, Tolerant} {
			if c, ok := Classes().Class(class); ok {
				held[schemaKey{class, f}] = encode(document(c, f))
			}
		}
	}
	return held
})

// generator makes one schema document. Classes other than the root become
// definitions when they are first met.
type generator struct {
	family      Family
	languageKey *regexp.Regexp
	defs        map[string]any
}

func document(c *Class, f Family) map[string]any {
	g := generator{family: f, languageKey: Classes().LanguageKey, defs: map[string]any{}}
	doc := g.object(c)
	doc["$schema"] = "https://json-schema.org/draft/2019-09/schema#"
	doc["$id"] = schemaID(c.Name, f)
	doc["$defs"] = g.defs
	return doc
}

func (g *generator) object(c *Class) map[string]any {
	properties, required := map[string]any{}, []string{}
	for _, p := range c.Properties {
		if !p.In(g.family) {
			continue
		}
		properties[p.Name] = g.property(p)
		if p.Required(g.family) {
			required = append(required, p.Name)
		}
	}
	return map[string]any{
		"type":                 "object",
		"properties":           properties,
		"required":             required,
		"additionalProperties": c.Open,
	}
}

func (g *generator) property(p Property) any {
	value := g.value(p)
	if !p.Many {
		return value
	}
	array := g.array(p, value)
	if g.family == Strict {
		return array
	}
	return oneOf(value, array)
}

// array has as many values as wanted. It has to be told for each group of
// words apart that one of them is there.
func (g *generator) array(p Property, value any) any {
	plain := func() map[string]any {
		a := map[string]any{"type": "array", "items": value}
		if p.Min > 0 {
			a["minItems"] = p.Min
		}
		return a
	}
	if p.Type.Kind == AnyContext {
		a := plain()
		a["items"] = []any{map[string]any{"enum": []string{p.First}}, text(p.Second, "")}
		a["additionalItems"] = value
		return a
	}
	var groups []any
	for _, words := range p.Has {
		a := plain()
		a["contains"] = map[string]any{"enum": words}
		groups = append(groups, a)
	}
	switch len(groups) {
	case 0:
		return plain()
	case 1:
		return groups[0]
	}
	return map[string]any{"allOf": groups}
}

func (g *generator) value(p Property) any {
	t := p.Type
	switch t.Kind {
	case Text:
		return g.text(t.Pattern, p.Is)
	case Number:
		return map[string]any{"type": "number"}
	case Boolean:
		return map[string]any{"type": "boolean"}
	case Date:
		return map[string]any{"type": "string", "format": "date"}
	case DateTime:
		return map[string]any{"type": "string", "format": "date-time"}
	case Word:
		return word(t)
	case Object:
		return g.class(t.Class)
	case Reference:
		return g.define(t.Class.Name+"Ref", func() any { return g.reference(t.Class) })
	case AnyContext:
		return g.define("Context", g.context)
	}
	return false // no kind: nothing is valid
}

func (g *generator) class(c *Class) any {
	return g.define(c.Name, func() any { return g.object(c) })
}

// define puts a definition into the document, once, and refers to it.
func (g *generator) define(name string, make func() any) any {
	if _, known := g.defs[name]; !known {
		g.defs[name] = nil // classes contain each other
		g.defs[name] = make()
	}
	return map[string]any{"$ref": "#/$defs/" + name}
}

// In the tolerant family the choices overlap, as a language map is an object:
// anyOf, where the strict one has oneOf.
func (g *generator) reference(c *Class) any {
	if g.family == Strict {
		return oneOf(g.text(nil, ""), g.class(c))
	}
	return anyOf(g.class(c), g.text(nil, ""))
}

func (g *generator) context() any {
	object := map[string]any{"type": "object"}
	if g.family == Strict {
		return oneOf(g.text(nil, ""), object)
	}
	return anyOf(g.text(nil, ""), object)
}

func (g *generator) text(pattern *regexp.Regexp, is string) any {
	s := text(pattern, is)
	if g.family == Strict {
		return s
	}
	return oneOf(s, map[string]any{
		"type":                 "object",
		"additionalProperties": s,
		"propertyNames":        map[string]any{"pattern": g.languageKey.String()},
	})
}

func text(pattern *regexp.Regexp, is string) any {
	s := map[string]any{"type": "string"}
	if pattern != nil {
		s["pattern"] = pattern.String()
	}
	if is != "" {
		s["enum"] = []string{is}
	}
	return s
}

func word(t Type) any {
	listed := map[string]any{"type": "string", "enum": t.Words}
	if t.Pattern == nil {
		return listed
	}
	return oneOf(listed, text(t.Pattern, ""))
}

func oneOf(choices ...any) any { return map[string]any{"oneOf": choices} }

func anyOf(choices ...any) any { return map[string]any{"anyOf": choices} }
