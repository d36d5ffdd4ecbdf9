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
	if innocent(root) {
		return nil
	}
	return closely(root, omit)
}

func closely(root strictjson.Value, omit []string) error {
	c := content{root: root, contexts: root.Get("@context"), zeros: root.Facts().Zeros}
	for name, v := range root.Members() {
		switch {
		case len(omit) > 0 && slices.Contains(omit, name):
		case name == "@context":
			c.depth(v, 2)
		default:
			c.member(name, v, 2, false)
		}
	}
	return c.faults.Err()
}

// innocent tells by what the parser has noted whether a credential has nothing
// that CheckContent could object to. It may say no of one that is good, which is
// then looked at closely; most are done with this.
func innocent(root strictjson.Value) bool {
	contexts := 0
	if root.Get("@context").Exists() {
		contexts = 1
	}
	f := root.Facts()
	return f.Depth <= MaxDepth && f.AtNames == contexts && !f.UnderscoreNames && !f.ColonNames && !f.BlankTexts &&
		!f.Nulls && !f.EmptyArrays && !f.LongNumbers && !f.Zeros
}

type content struct {
	root, contexts strictjson.Value // the whole credential, and its contexts
	faults         Errors
	zeros          bool // there is a U+0000 somewhere
}

// fault points at a value; nothing is kept for that on the way to it.
func (c *content) fault(rule string, at strictjson.Value, format string, args ...any) {
	if len(c.faults) < maxFaults {
		c.faults = append(c.faults, &Error{MalformedValueError, rule, strictjson.PointerTo(c.root, at), fmt.Sprintf(format, args...)})
	}
}

// member checks one member; literal tells that it stands in a value object.
func (c *content) member(name string, v strictjson.Value, depth int, literal bool) {
	c.name(name, v, literal)
	nested := false
	switch name {
	case "id", "@id", "type", "@type":
		c.identifier(v)
	case "endorsement", "verifiableCredential", "proof":
		nested = true
	}
	c.value(v, depth, nested)
}

// identifier refuses names that hold only within the document: two documents
// can tell different things by the same one. Elsewhere such a text is a text.
func (c *content) identifier(v strictjson.Value) {
	for _, e := range v.Each() {
		if strings.HasPrefix(e.Text(), "_:") {
			c.fault("blank_node_name", e, "Names beginning with _: are not kept by a signature. Use an address or a urn:uuid.")
			return
		}
	}
}

// keywords may stand where a language-tagged or typed value is written out.
var keywords = []string{"@value", "@language", "@type", "@direction"}

func (c *content) name(name string, at strictjson.Value, literal bool) {
	switch {
	case strings.HasPrefix(name, "_:"):
		c.fault("blank_node_name", at, "Names beginning with _: are not kept by a signature. Use a term of the context.")
	case strings.IndexByte(name, ':') >= 0:
		c.fault("member_name", at, "Name the member by its term, not by an address.")
	case strings.HasPrefix(name, "@") && !(literal && slices.Contains(keywords, name)):
		c.fault("member_name", at, "The keyword %s may not stand here.", strconv.Quote(clip(name, 20)))
	}
	c.text(name, at)
}

// value checks one value at a depth; credential tells that objects here are
// embedded credentials or proofs, which may repeat the list of contexts.
func (c *content) value(v strictjson.Value, depth int, credential bool) {
	switch kind := v.Kind(); kind {
	case strictjson.Object, strictjson.Array:
		switch {
		case depth > MaxDepth:
			c.tooDeep(v)
		case kind == strictjson.Array:
			c.array(v, depth, credential)
		default:
			c.object(v, depth, credential)
		}
	case strictjson.Null:
		c.fault("null_value", v, "Leave the member out instead of writing null.")
	case strictjson.Number:
		c.number(v)
	case strictjson.String:
		c.text(v.Text(), v)
	}
}

func (c *content) tooDeep(v strictjson.Value) {
	c.fault("too_deep", v, "Values are nested deeper than %d.", MaxDepth)
}

func (c *content) array(v strictjson.Value, depth int, credential bool) {
	if v.Len() == 0 {
		c.fault("empty_array", v, "Leave the member out instead of writing an empty array.")
	}
	for _, e := range v.Elements() {
		c.value(e, depth+1, credential)
	}
}

func (c *content) object(v strictjson.Value, depth int, credential bool) {
	literal := v.Get("@value").Exists()
	for name, m := range v.Members() {
		if name != "@context" {
			c.member(name, m, depth+1, literal)
		} else if !credential || !sameList(m, c.contexts) {
			c.fault("nested_context", m,
				"A context may stand below the top only in an embedded credential or proof, and then it is the same list.")
		}
	}
}

func (c *content) number(v strictjson.Value) {
	raw := v.Raw()
	f, err := strconv.ParseFloat(raw, 64)
	if len(raw) > MaxNumberLength || err != nil || (f == math.Trunc(f) && math.Abs(f) > maxSafeInteger) {
		c.fault("unsafe_number", v, "Readers would not agree on this number: write a whole one within ±(2^53−1), and none longer than %d characters.", MaxNumberLength)
	}
}

func (c *content) text(s string, at strictjson.Value) {
	if c.zeros && strings.IndexByte(s, 0) >= 0 {
		c.fault("bad_character", at, "The character U+0000 may not stand in a text.")
	}
}

// depth bounds what nothing else here looks at.
func (c *content) depth(v strictjson.Value, depth int) {
	if (v.Kind() == strictjson.Object || v.Kind() == strictjson.Array) && depth > MaxDepth {
		c.tooDeep(v)
		return
	}
	for _, m := range v.Members() {
		c.depth(m, depth+1)
	}
	for _, e := range v.Elements() {
		c.depth(e, depth+1)
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
