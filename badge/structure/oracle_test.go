package structure_test

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"laurel/badge/structure"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

var families = []schemas.Family{schemas.Strict, schemas.Tolerant}

// oracle is a validator of JSON Schema with our schemas, for every class: the
// schema of AchievementCredential has definitions of all others.
type oracle map[schemas.Family]map[string]*jsonschema.Schema

var theOracle = sync.OnceValues(newOracle)

func newOracle() (oracle, error) {
	o := oracle{}
	for _, f := range families {
		o[f] = map[string]*jsonschema.Schema{}
		for _, c := range schemas.Classes().Classes {
			s, err := compile(c.Name, f)
			if err != nil {
				return nil, fmt.Errorf("%s, family %d: %w", c.Name, f, err)
			}
			o[f][c.Name] = s
		}
	}
	return o, nil
}

// compile takes the schema of the class itself where there is one, and leaves
// formats to the draft: notes for the reader.
func compile(class string, f schemas.Family) (*jsonschema.Schema, error) {
	const root = "AchievementCredential"
	text, own := schemas.Schema(class, f)
	fragment := ""
	if !own {
		text, _ = schemas.Schema(root, f)
		fragment = "#/$defs/" + class
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	const name = "https://schema.invalid/"
	c := jsonschema.NewCompiler()
	if err := c.AddResource(name, doc); err != nil {
		return nil, err
	}
	return c.Compile(name + fragment)
}

func theSchemas(t testing.TB) oracle {
	t.Helper()
	o, err := theOracle()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// plain has doubles for numbers: the library works with exact fractions, for
// which 1e999999999 would be a bomb, and the schemas have no bounds.
func plain(v strictjson.Value) any {
	return strictjson.Plain(v, func(raw string) any {
		f, err := strconv.ParseFloat(raw, 64)
		if err != nil {
			return 0.0
		}
		return f
	})
}

// agree holds a document against a class in both ways, and reports the
// verdict. A fault must lie at a value of the document, and no higher than the
// library's first.
func agree(t testing.TB, o oracle, doc strictjson.Value, tree any, class string, f schemas.Family) bool {
	t.Helper()
	ours, theirs := structure.Check(doc, class, f), o[f][class].Validate(tree)
	if (ours == nil) != (theirs == nil) {
		t.Errorf("%s, family %d: we say %v, the library %v:\n%s", class, f, ours, theirs, doc.Raw())
		return ours == nil
	}
	if ours == nil {
		return true
	}
	var fault *structure.Fault
	if !errors.As(ours, &fault) || fault.Rule == "" || fault.Detail == "" {
		t.Fatalf("%s: no whole fault: %#v", class, ours)
	}
	if !lookUp(doc, fault.Pointer).Exists() {
		t.Errorf("%s: nothing stands at %q:\n%s", class, fault.Pointer, doc.Raw())
	}
	first := firstViolation(doc, theirs)
	if fault.Rule == structure.RuleContains {
		first = strings.TrimSuffix(first, "/0") // the library blames the first item for an array without the word
	}
	if fault.Pointer != first && !strings.HasPrefix(fault.Pointer, first+"/") {
		t.Errorf("%s, family %d: the fault is at %q (%s), the library's at %q:\n%s", class, f, fault.Pointer, fault.Detail, first, doc.Raw())
	}
	return false
}

// lookUp follows a pointer.
func lookUp(v strictjson.Value, ptr string) strictjson.Value {
	for _, token := range strings.Split(ptr, "/")[1:] {
		token = strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		next := v.Get(token)
		for i, e := range v.Elements() {
			if strconv.Itoa(i) == token {
				next = e
			}
		}
		v = next
	}
	return v
}

// firstViolation finds, of all places that the library complains about, the
// one that stands first in the document. It looks for the place from the root
// down, as a tree that agrees so far.
func firstViolation(root strictjson.Value, err error) string {
	var top *jsonschema.ValidationError
	if !errors.As(err, &top) {
		return ""
	}
	return earliest(root, "", leaves(top, nil), 0)
}

func leaves(e *jsonschema.ValidationError, into [][]string) [][]string {
	if len(e.Causes) == 0 {
		return append(into, e.InstanceLocation)
	}
	for _, c := range e.Causes {
		into = leaves(c, into)
	}
	return into
}

func earliest(v strictjson.Value, at string, all [][]string, depth int) string {
	below := map[string][][]string{}
	for _, location := range all {
		if len(location) == depth {
			return at
		}
		below[location[depth]] = append(below[location[depth]], location)
	}
	for name, m := range v.Members() {
		if some := below[name]; some != nil {
			return earliest(m, strictjson.Pointer(at, name), some, depth+1)
		}
	}
	for i, m := range v.Elements() {
		if some := below[strconv.Itoa(i)]; some != nil {
			return earliest(m, strictjson.Pointer(at, strconv.Itoa(i)), some, depth+1)
		}
	}
	return at
}
