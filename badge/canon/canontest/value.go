package canontest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object whose members keep their order.
type object struct{ members []member }

type member struct {
	name  string
	value any
}

// newObject makes an object of names and values in turn.
func newObject(pairs ...any) *object {
	o := &object{}
	for i := 0; i < len(pairs); i += 2 {
		o.set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// set gives a member a value, in place of one that it had.
func (o *object) set(name string, value any) {
	for i := range o.members {
		if o.members[i].name == name {
			o.members[i].value = value
			return
		}
	}
	o.members = append(o.members, member{name, value})
}

func (o *object) has(name string) bool {
	return slices.ContainsFunc(o.members, func(m member) bool { return m.name == name })
}

// literal is JSON as it stands, such as a number.
type literal string

// append writes the object.
func (o *object) append(dst []byte) []byte { return appendValue(dst, o) }

func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case *object:
		dst = append(dst, '{')
		for i, m := range v.members {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(appendValue(dst, m.name), ':')
			dst = appendValue(dst, m.value)
		}
		return append(dst, '}')
	case []any:
		dst = append(dst, '[')
		for i, e := range v {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendValue(dst, e)
		}
		return append(dst, ']')
	case literal:
		return append(dst, v...)
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and booleans have no way to fail
	}
	return append(dst, b...)
}

// maybe sets a member in so many cases of a hundred, unless its value is nil.
func (g *generator) maybe(percent int, o *object, name string, value func() any) {
	if g.chance(percent) {
		if v := value(); v != nil {
			o.set(name, v)
		}
	}
}

// some returns one to n values.
func (g *generator) some(n int, value func() any) []any {
	var list []any
	for range 1 + g.IntN(n) {
		list = append(list, value())
	}
	return list
}

// oneOrList writes a list of one sometimes without the brackets.
func (g *generator) oneOrList(list []any) any {
	if len(list) == 1 && g.chance(50) {
		return list[0]
	}
	return list
}

// shuffled changes the order of the members, but for @context.
func (g *generator) shuffled(o *object) *object {
	if g.chance(30) {
		g.Shuffle(len(o.members), func(i, j int) { o.members[i], o.members[j] = o.members[j], o.members[i] })
	}
	return o
}

func (g *generator) id(of string) any {
	switch {
	case g.odd && g.chance(15):
		return g.oddIRI()
	case g.unnamed && g.chance(25):
		return "_:" + pick(g, "b0", "b1", "a", "c14n0", "x-y.z")
	}
	return "https://badges.example.edu/" + of + "/" + g.word() + strconv.Itoa(g.IntN(1000))
}

func (g *generator) urn() any { return fmt.Sprintf("urn:uuid:%08x", g.Uint32()) }

func (g *generator) did() any {
	if g.unnamed && g.chance(20) {
		return "_:" + pick(g, "b0", "b1", "s")
	}
	return fmt.Sprintf("did:example:%06x", g.IntN(1<<24))
}

func (g *generator) word() string {
	return pick(g, "data", "care", "urban", "health", "water", "law", "craft", "music", "soil", "code") + strconv.Itoa(g.IntN(40))
}

func (g *generator) time() any {
	return fmt.Sprintf("20%02d-0%d-1%dT0%d:30:00Z", 20+g.IntN(9), 1+g.IntN(9), g.IntN(10), g.IntN(10))
}

// text is a string; in contexts that type no strings, sometimes one in a
// language, or several.
func (g *generator) text() any {
	plain := func() any {
		if g.odd && g.chance(30) {
			return g.oddText()
		}
		return strings.Join([]string{g.word(), g.word()}, " ")
	}
	switch {
	case g.chance(4):
		return g.inLanguage(plain())
	case g.chance(3):
		return []any{g.inLanguage(plain()), g.inLanguage(plain()), plain()}
	}
	return plain()
}

func (g *generator) inLanguage(text any) any {
	return g.shuffled(newObject("@value", text, "@language", pick(g, "en", "en-US", "de", "pt-BR", "zh-Hant-TW", "ar")))
}

func (g *generator) number() any {
	if g.odd && g.chance(60) {
		return g.oddNumber()
	}
	return literal(pick(g, "1", "2.5", "42", "0", "3.0", "100", "-7", "4.75", "1200.125"))
}

// Numbers as JSON may write them, from the edges of doubles.
func (g *generator) oddNumber() any {
	return literal(pick(g, "-0", "0.0", "-0.0", "1E3", "1e+2", "1.50", "1e21", "1000000000000000000000", "100000000000000000000",
		"1e22", "123456789012345680000", "9007199254740992", "-9007199254740991", "1e20", "1.5e300", "1.7976931348623157e308",
		"0.1", "0.30000000000000004", "1e-6", "0.000001", "1.25e-7", "123456.789e3", "-1.5E-10", "2.0e0", "5e-1",
		"1e-7", "-1e-7", "5e-324", "2e-9", "12345678.9", "0.1e1", "33.333333333333336"))
}

// Texts with the characters that syntaxes escape or order differently.
func (g *generator) oddText() any {
	parts := []string{"", " ", "\"", "\\", "\n", "\r\n", "\t", "\b", "\f", "\u0000", "\u0001", "\u001f", "\u007f", "\u0080", "\u00e9", "e\u0301",
		"\u2028", "\ufeff", "\ufffd", "\ue000", "\U0001f600", "\U00010000", "\u05d0\u05d1", "<b>", "&", "@en", "^^<urn:a>", "_:b0", "a.", "null"}
	var b strings.Builder
	for range 1 + g.IntN(4) {
		b.WriteString(pick(g, parts...))
		b.WriteString(g.word())
	}
	return b.String()
}

// IRIs that some processors lose.
func (g *generator) oddIRI() any {
	return pick(g, "https://a.b.edu/x", "https://m.a.edu/", "https://cdn-.example.com/", "https://example.edu/100%", "https://a..b/",
		"https://\U0001f600.example/", "https://example.edu/"+strings.Repeat("long/", 450), "http://0.0.0.0/", "https://-a.example",
		"urn:x:\u00e9", "urn:x:\U00010000", "urn:x:\uffe6", "tag:x,2026:y", "a:", "mailto:a@b.example", "data:text/plain,x", "https://example.edu/%zz",
		"https://example.edu/?a=b&c[]=d#e", "x+y.z-1:w", "HTTPS://EXAMPLE.EDU/")
}

// places returns every object of a document, itself included, in order.
func places(v any) []*object {
	var found []*object
	switch v := v.(type) {
	case *object:
		found = append(found, v)
		for _, m := range v.members {
			if m.name != "@context" {
				found = append(found, places(m.value)...)
			}
		}
	case []any:
		for _, e := range v {
			found = append(found, places(e)...)
		}
	}
	return found
}

// at picks an object of a document that is no value object and not empty.
func (g *generator) at(doc *object) *object {
	nodes := slices.DeleteFunc(places(doc), func(o *object) bool {
		return len(o.members) == 0 || slices.ContainsFunc(o.members, func(m member) bool { return m.name == "@value" })
	})
	return nodes[g.IntN(len(nodes))]
}
