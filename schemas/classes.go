package schemas

import (
	_ "embed"
	"fmt"
	"regexp"
	"sync"
)

//go:embed classes.tbl
var classText string

// Family is one of the families of forms of the same classes.
type Family int

const (
	// Strict is the form to issue: as the data model says, arrays where it
	// allows many values and plain strings for text.
	Strict Family = iota
	// Tolerant is the form to accept: what JSON-LD compaction makes of a strict
	// document passes too. Many values may be one value without its array (then
	// Property.Has is not asked), any text may be a language map, and the
	// contexts may be any one context.
	Tolerant
	// Earlier is Tolerant for a document built on VC data model 1.1: another
	// first context, and other names for the two dates. There is no JSON Schema
	// of ours for it, because nothing is issued by that model any more.
	Earlier
)

// Kind is a kind of value.
type Kind int

// The kinds of values. The zero Kind is none of them.
const (
	Text       Kind = iota + 1 // a string, or in the tolerant family a language map of such strings
	Number                     // a JSON number
	Boolean                    // true or false
	Date                       // a string in the form of full-date of RFC 3339
	DateTime                   // a string in the form of date-time of RFC 3339
	Word                       // a string out of Words, or one that matches Pattern
	Object                     // an object of Class
	Reference                  // Text, or an object of Class
	AnyContext                 // a string or an object: an item of @context
)

// Type says what one value of a property is.
type Type struct {
	Kind  Kind
	Class *Class   // Object, Reference
	Words []string // Word
	// Pattern, where not nil, must match a Text anywhere in it; of a Word it is
	// the other choice, and nil means that there is none.
	Pattern *regexp.Regexp
}

// Property is a property of a class.
type Property struct {
	Name string
	Min  int  // least number of values; with 0 the property may be missing
	Many bool // an array of values, not one value
	Type Type
	// Is is the one Text allowed, where not empty.
	Is string
	// Has: of each group, the array must hold one of the words at least.
	Has [][]string
	// First and Second bind the first two values of @context: to this text,
	// and to a match of this expression. All others have neither.
	First  string
	Second *regexp.Regexp

	// The exceptions to the rule by which the tolerant family follows.
	onlyTolerant, optionalTolerant bool
}

// In tells whether family f knows the property; if not, the property is like
// any unknown member.
func (p *Property) In(f Family) bool { return f != Strict || !p.onlyTolerant }

// Required tells whether the property must be present in family f.
func (p *Property) Required(f Family) bool {
	return p.Min > 0 && !(f != Strict && p.optionalTolerant)
}

// Class is a class of the data model.
type Class struct {
	Name       string
	Open       bool // members other than the properties are allowed
	Properties []Property
}

// ClassTable holds all classes. It is shared: do not change it.
type ClassTable struct {
	Classes []*Class
	// LanguageKey is what the names in a language map match.
	LanguageKey *regexp.Regexp
}

// Class finds a class by name.
func (t *ClassTable) Class(name string) (*Class, bool) {
	for _, c := range t.Classes {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

// Classes returns the table of classes that the JSON Schemas are made from.
func Classes() *ClassTable { return heldClasses() }

// heldClasses panics for the reason that loadContexts does.
var heldClasses = sync.OnceValue(func() *ClassTable {
	table, err := parseClasses(classText)
	if err != nil {
		panic(fmt.Sprintf("schemas: classes.tbl: %v", err))
	}
	return table
})
