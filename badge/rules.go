package badge

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"laurel/internal/strictjson"
)

// What one credential may hold beyond the bounds of strictjson.
const (
	MaxDepth        = 24 // nesting of arrays and objects, the credential itself included
	MaxNumberLength = 40 // characters of one number

	maxSafeInteger = 1<<53 - 1
	maxFaults      = 20 // reported at once
)

// CheckContent holds a credential to what it may not contain although it is
// JSON: what readers understand differently, or what JSON-LD leaves out of the
// signature. Members named in omit are passed over at the top level. It is one
// rule for those who issue and those who verify.
//
// Rules: too_deep, member_name (a name with a colon or a keyword: an alias
// under which a signed statement would hide from those who read plain JSON),
// blank_node_name, unsafe_number, bad_character (U+0000), null_value,
// empty_array, nested_context (a context below the top other than the same
// list, in an embedded credential or proof). The error is Errors.
func CheckContent(root strictjson.Value, omit []string) error {
	c := content{contexts: root.Get("@context")}
	for name, v := range root.Members() {
		if slices.Contains(omit, name) {
			continue
		}
		ptr := strictjson.Pointer("", name)
		if name == "@context" {
			c.depth(v, ptr, 2)
			continue
		}
		c.member(name, v, ptr, 2, false)
	}
	return c.faults.Err()
}

type content struct {
	contexts strictjson.Value // of the whole credential
	faults   Errors
}

func (c *content) fault(code Code, rule, ptr, format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, &Error{code, rule, ptr, fmt.Sprintf(format, args...)})
	}
}

// member checks one member; literal tells that it stands in a value object.
func (c *content) member(name string, v strictjson.Value, ptr string, depth int, literal bool) {
	c.name(name, ptr, literal)
	if slices.Contains(identifiers, name) {
		c.identifier(v, ptr)
	}
	nested := name == "endorsement" || name == "verifiableCredential" || name == "proof"
	c.value(v, ptr, depth, nested)
}

// identifiers are the members whose values name something.
var identifiers = []string{"id", "@id", "type", "@type"}

// identifier refuses names that hold only within the document: two documents
// can tell different things by the same one. Elsewhere such a text is a text.
func (c *content) identifier(v strictjson.Value, ptr string) {
	for i, e := range v.Each() {
		if !strings.HasPrefix(e.Text(), "_:") {
			continue
		}
		if v.Kind() == strictjson.Array {
			ptr = strictjson.Pointer(ptr, strconv.Itoa(i))
		}
		c.fault(MalformedValueError, "blank_node_name", ptr, "Names beginning with _: are not kept by a signature. Use an address or a urn:uuid.")
		return
	}
}

// keywords may stand where a language-tagged or typed value is written out.
var keywords = []string{"@value", "@language", "@type", "@direction"}

func (c *content) name(name, ptr string, literal bool) {
	switch {
	case strings.HasPrefix(name, "_:"):
		c.fault(MalformedValueError, "blank_node_name", ptr, "Names beginning with _: are not kept by a signature. Use a term of the context.")
	case strings.Contains(name, ":"):
		c.fault(MalformedValueError, "member_name", ptr, "Name the member by its term, not by an address.")
	case strings.HasPrefix(name, "@") && !(literal && slices.Contains(keywords, name)):
		c.fault(MalformedValueError, "member_name", ptr, "The keyword %s may not stand here.", strconv.Quote(clip(name, 20)))
	}
	c.text(name, ptr)
}

// value checks one value at a depth; credential tells that objects here are
// embedded credentials or proofs, which may repeat the list of contexts.
func (c *content) value(v strictjson.Value, ptr string, depth int, credential bool) {
	switch v.Kind() {
	case strictjson.Object, strictjson.Array:
		if depth > MaxDepth {
			c.fault(MalformedValueError, "too_deep", ptr, "Values are nested deeper than %d.", MaxDepth)
			return
		}
		if v.Kind() == strictjson.Array {
			c.array(v, ptr, depth, credential)
			return
		}
		c.object(v, ptr, depth, credential)
	case strictjson.Null:
		c.fault(MalformedValueError, "null_value", ptr, "Leave the member out instead of writing null.")
	case strictjson.Number:
		c.number(v, ptr)
	case strictjson.String:
		c.text(v.Text(), ptr)
	}
}

func (c *content) array(v strictjson.Value, ptr string, depth int, credential bool) {
	if v.Len() == 0 {
		c.fault(MalformedValueError, "empty_array", ptr, "Leave the member out instead of writing an empty array.")
	}
	for i, e := range v.Elements() {
		c.value(e, strictjson.Pointer(ptr, strconv.Itoa(i)), depth+1, credential)
	}
}

func (c *content) object(v strictjson.Value, ptr string, depth int, credential bool) {
	literal := v.Get("@value").Exists()
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		if name != "@context" {
			c.member(name, m, at, depth+1, literal)
		} else if !credential || !sameList(m, c.contexts) {
			c.fault(MalformedValueError, "nested_context", at,
				"A context may stand below the top only in an embedded credential or proof, and then it is the same list.")
		}
	}
}

func (c *content) number(v strictjson.Value, ptr string) {
	raw := v.Raw()
	f, err := strconv.ParseFloat(raw, 64)
	if len(raw) > MaxNumberLength || err != nil || (f == math.Trunc(f) && math.Abs(f) > maxSafeInteger) {
		c.fault(MalformedValueError, "unsafe_number", ptr, "Readers would not agree on this number: write a whole one within ±(2^53−1), and none longer than %d characters.", MaxNumberLength)
	}
}

func (c *content) text(s, ptr string) {
	if strings.ContainsRune(s, 0) {
		c.fault(MalformedValueError, "bad_character", ptr, "The character U+0000 may not stand in a text.")
	}
}

// depth bounds what nothing else here looks at.
func (c *content) depth(v strictjson.Value, ptr string, depth int) {
	if (v.Kind() == strictjson.Object || v.Kind() == strictjson.Array) && depth > MaxDepth {
		c.fault(MalformedValueError, "too_deep", ptr, "Values are nested deeper than %d.", MaxDepth)
		return
	}
	for name, m := range v.Members() {
		c.depth(m, strictjson.Pointer(ptr, name), depth+1)
	}
	for i, e := range v.Elements() {
		c.depth(e, strictjson.Pointer(ptr, strconv.Itoa(i)), depth+1)
	}
}

// sameList compares two lists of contexts item by item. A string is compared
// by its text, an object as it is written.
func sameList(a, b strictjson.Value) bool {
	if a.Kind() != b.Kind() || a.Len() != b.Len() {
		return false
	}
	if a.Kind() == strictjson.String {
		return a.Text() == b.Text()
	}
	if a.Kind() != strictjson.Array {
		return a.Raw() == b.Raw()
	}
	var others []strictjson.Value
	for _, e := range b.Elements() {
		others = append(others, e)
	}
	for i, e := range a.Elements() {
		if e.Kind() == strictjson.Array || !sameList(e, others[i]) {
			return false
		}
	}
	return true
}
