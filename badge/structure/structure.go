// Package structure holds a parsed document against the classes of Open
// Badges 3.0: which members an object must have and may have, and what their
// values are. It is the JSON Schemas of package schemas as code, driven by the
// same table, and gives the same verdict as a validator of JSON Schema does
// with them; it is here because such a validator takes longer than all
// signatures and hashes of a badge together.
//
// It asks what the schemas ask and nothing else. As draft 2019-09 has it,
// formats are notes for the reader: that a date is one is for whoever reads
// dates. It follows no credentialSchema, fetches nothing, and neither copies
// nor changes the document.
//
// Start at Check.
package structure

import (
	"errors"
	"fmt"
	"slices"

	"laurel/internal/strictjson"
	"laurel/schemas"
)

// ErrNoClass tells that there is no such class, or no such family: nothing was
// looked at.
var ErrNoClass = errors.New("structure: no such class")

// Rule names what a fault breaks, in the words of JSON Schema.
type Rule string

// The rules.
const (
	RuleType                 Rule = "type"                 // a value of the wrong kind
	RuleRequired             Rule = "required"             // a member is missing
	RuleAdditionalProperties Rule = "additionalProperties" // a member that a closed class does not know
	RuleMinItems             Rule = "minItems"             // too few values
	RuleContains             Rule = "contains"             // a value is missing in an array
	RuleEnum                 Rule = "enum"                 // not one of the words allowed
	RulePattern              Rule = "pattern"              // a text of the wrong form
	RulePropertyNames        Rule = "propertyNames"        // a name in a language map that is no language
)

// Fault is the first thing wrong in a document, in document order; what is
// wrong with a value itself comes before what is wrong within it.
type Fault struct {
	Pointer string // RFC 6901, to the value that breaks the rule
	Rule    Rule
	Detail  string // one sentence in English, with names of members but no values of the document
}

// Error implements error.
func (f *Fault) Error() string {
	return fmt.Sprintf("structure: %q breaks %s: %s", f.Pointer, f.Rule, f.Detail)
}

// Check holds a document against a class, by its name in schemas.Classes, in
// one of the families. It returns nil, a *Fault, or ErrNoClass.
//
// The classes know one value of credentialStatus where the data model knows
// several. Members of the root that are named in several may therefore be an
// array, and its first item is judged for all; only an empty array is taken as
// it is.
func Check(root strictjson.Value, class string, family schemas.Family, several ...string) error {
	c := findClass(class, family)
	if c == nil {
		return fmt.Errorf("%w: %q in family %d", ErrNoClass, class, family)
	}
	w := walk{tolerant: family != schemas.Strict, root: root, several: several}
	// Not returned at once: a nil *Fault is no nil error.
	if f := w.object(root, c); f != nil {
		return f
	}
	return nil
}

// within moves a fault from an entry of a value to the value: pointers are
// made on the way back, so that a sound document costs none.
func (f *Fault) within(token string) *Fault {
	f.Pointer = strictjson.Pointer("", token) + f.Pointer
	return f
}

func wrongType(v strictjson.Value, want string) *Fault {
	return &Fault{Rule: RuleType, Detail: fmt.Sprintf("A value of type %s stands where %s belongs.", v.Kind(), want)}
}

// named tells whether a word is in a list; it costs nothing where there is no
// list, which is nearly everywhere.
func named(list []string, word string) bool { return len(list) > 0 && slices.Contains(list, word) }
