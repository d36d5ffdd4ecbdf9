package structure

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"laurel/internal/strictjson"
	"laurel/schemas"
)

// walk goes through a document once, in the tolerant family or the strict one.
type walk struct {
	tolerant bool
	root     strictjson.Value
	several  []string // members of the root that may have several values
}

// object judges an object of a class. After the first fault within it the rest
// is only counted: a missing or an unknown member is a fault of the object
// itself and comes first.
func (w *walk) object(v strictjson.Value, c *class) *Fault {
	if v.Kind() != strictjson.Object {
		return wrongType(v, "an object ("+c.name+")")
	}
	var inner *Fault
	required := 0
	for name, m := range v.Members() {
		p := c.properties.Find(name)
		if p == nil {
			if !c.open {
				return unknownMember(c, name)
			}
			continue
		}
		if p.required {
			required++ // the parser lets no name stand twice
		}
		if inner != nil || p.text && !p.Many && m.Kind() == strictjson.String {
			continue
		}
		if f := w.property(m, p); f != nil {
			inner = f.within(name)
		}
	}
	if required < len(c.required) {
		return missingMember(v, c)
	}
	return inner
}

// property: in the tolerant family one value may stand without its array.
func (w *walk) property(v strictjson.Value, p *property) *Fault {
	switch isArray := v.Kind() == strictjson.Array; {
	case isArray && !p.Many:
		return w.severally(v, p)
	case !p.Many, w.tolerant && !isArray:
		return w.value(v, p)
	case !isArray:
		return wrongType(v, "an array")
	}
	return w.array(v, p)
}

// severally lets the first item of an array stand for the value where that was
// asked for.
func (w *walk) severally(v strictjson.Value, p *property) *Fault {
	if !slices.Contains(w.several, p.Name) || w.root.Get(p.Name) != v {
		return w.value(v, p)
	}
	for _, first := range v.Elements() {
		if f := w.property(first, p); f != nil {
			return f.within("0")
		}
		return nil
	}
	return w.value(v, p) // which is empty
}

func (w *walk) array(v strictjson.Value, p *property) *Fault {
	if v.Len() < p.Min {
		return &Fault{Rule: RuleMinItems, Detail: fmt.Sprintf("%d values are needed at least, and there are %d.", p.Min, v.Len())}
	}
	for _, words := range p.Has {
		if !holdsOneOf(v, words) {
			return &Fault{Rule: RuleContains, Detail: "None of the values is " + strings.Join(words, " or ") + "."}
		}
	}
	for i, item := range v.Elements() {
		if p.text && item.Kind() == strictjson.String {
			continue
		}
		if f := w.item(i, item, p); f != nil {
			return f.within(strconv.Itoa(i))
		}
	}
	return nil
}

// holdsOneOf: no word is empty, and what is no string has an empty text.
func holdsOneOf(v strictjson.Value, words []string) bool {
	for _, item := range v.Elements() {
		if slices.Contains(words, item.Text()) {
			return true
		}
	}
	return false
}

// item: the first two contexts are bound, all other items are like each other.
func (w *walk) item(i int, v strictjson.Value, p *property) *Fault {
	switch {
	case i == 0 && p.First != "":
		return exactly(v, p.First)
	case i == 1 && named(p.second, v.Text()):
		return nil
	case i == 1 && p.Second != nil:
		return plainText(v, p.Second)
	}
	return w.value(v, p)
}

// value judges one value of a property.
func (w *walk) value(v strictjson.Value, p *property) *Fault {
	switch p.Type.Kind {
	case schemas.Text:
		return w.text(v, p)
	case schemas.Number:
		return kindOf(v, "a number", v.Kind() == strictjson.Number)
	case schemas.Boolean:
		return kindOf(v, "true or false", v.IsBool())
	case schemas.Date, schemas.DateTime:
		return plainText(v, nil) // formats are notes
	case schemas.Word:
		return word(v, p.Type)
	case schemas.Object:
		return w.object(v, p.class)
	case schemas.Reference:
		return w.reference(v, p)
	case schemas.AnyContext:
		return kindOf(v, "a string or an object", v.Kind() == strictjson.String || v.Kind() == strictjson.Object)
	}
	return wrongType(v, "nothing") // no kind: nothing is valid
}

func kindOf(v strictjson.Value, want string, ok bool) *Fault {
	if ok {
		return nil
	}
	return wrongType(v, want)
}

// text: in the tolerant family any text may be a language map of such texts.
func (w *walk) text(v strictjson.Value, p *property) *Fault {
	switch {
	case w.tolerant && v.Kind() == strictjson.Object:
		return languageMap(v, p)
	case p.Is != "":
		return exactly(v, p.Is)
	}
	return plainText(v, p.Type.Pattern)
}

// languageMap judges names before values: a name that is no language is a
// fault of the map itself.
func languageMap(v strictjson.Value, p *property) *Fault {
	for name := range v.Members() {
		if !held().languageKey.MatchString(name) {
			return &Fault{Rule: RulePropertyNames, Detail: "An object stands where a string belongs, and it is no language map: " +
				quote(name) + " is no language."}
		}
	}
	strict := walk{}
	for name, m := range v.Members() {
		if f := strict.text(m, p); f != nil {
			return f.within(name)
		}
	}
	return nil
}

// reference: an object may be one of the class, or in the tolerant family a
// language map. If it is neither, it was most likely meant to be the former.
func (w *walk) reference(v strictjson.Value, p *property) *Fault {
	if v.Kind() == strictjson.String {
		return w.text(v, p)
	}
	if v.Kind() != strictjson.Object {
		return wrongType(v, "a string or an object ("+p.class.name+")")
	}
	f := w.object(v, p.class)
	if f != nil && w.tolerant && languageMap(v, p) == nil {
		return nil
	}
	return f
}

// word: the schemas want a word to be either listed or an extension but not
// both; no listed word has the form of an extension, so that either is enough.
func word(v strictjson.Value, t schemas.Type) *Fault {
	switch {
	case v.Kind() != strictjson.String:
		return wrongType(v, "a string")
	case slices.Contains(t.Words, v.Text()), t.Pattern != nil && t.Pattern.MatchString(v.Text()):
		return nil
	}
	return &Fault{Rule: RuleEnum, Detail: "The value is none of the words allowed: " + strings.Join(t.Words, ", ") + "."}
}

func plainText(v strictjson.Value, pattern *regexp.Regexp) *Fault {
	switch {
	case v.Kind() != strictjson.String:
		return wrongType(v, "a string")
	case pattern != nil && !pattern.MatchString(v.Text()):
		return &Fault{Rule: RulePattern, Detail: "The value does not match " + pattern.String() + "."}
	}
	return nil
}

// exactly: the text is not empty, and what is no string has an empty text.
func exactly(v strictjson.Value, text string) *Fault {
	if v.Text() == text {
		return nil
	}
	return &Fault{Rule: RuleEnum, Detail: "The value is not " + text + "."}
}

func unknownMember(c *class, name string) *Fault {
	return &Fault{Rule: RuleAdditionalProperties, Detail: "There is no member " + quote(name) + " in " + c.name + "."}
}

func missingMember(v strictjson.Value, c *class) *Fault {
	var missing []string
	for _, name := range c.required {
		if !v.Get(name).Exists() {
			missing = append(missing, name)
		}
	}
	return &Fault{Rule: RuleRequired, Detail: "Missing in " + c.name + ": " + strings.Join(missing, ", ") + "."}
}

// quote shows the name of a member, which a stranger chose, at a bearable
// length.
func quote(name string) string {
	const most = 60
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return strconv.Quote(name)
}
