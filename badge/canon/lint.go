package canon

import (
	"slices"
	"strconv"
	"strings"

	"github.com/piprate/json-gold/ld"

	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
)

// maxExpansion bounds what json-gold copies: it makes a new context, all terms
// in it, for each object with a type. The terms of a context that is scoped to a
// type or a property it reads anew each time, which takes as long as copying
// scopedCost terms.
const (
	maxExpansion = 2_000_000
	scopedCost   = 100
)

// linter walks the received tree before json-gold expands it, and counts what
// expansion has to keep: every scalar but languages and the types of values,
// which have no statement of their own.
type linter struct {
	held       held
	apart      map[string]bool
	embedded   string // pointer to the first member that may hold credentials, or ""
	leaves     int
	directed   int  // texts that have a direction
	directions bool // they may have one
	objects    int
	defined    int               // terms in contexts written inline
	scoped     int               // of these, in contexts scoped to a term
	pointers   map[string]string // text of a string -> where it first stands
	keyed      map[string]bool   // terms whose values may be maps by id, type or a property
	twice      redefinitions
}

func (e *expander) lint(in Input) (*linter, error) {
	l := &linter{held: e.held, apart: e.apart, directions: in.Directions, pointers: map[string]string{}, keyed: map[string]bool{}, twice: newRedefinitions()}
	if err := l.contexts(in.context(), "/@context", true); err != nil {
		return nil, err
	}
	if err := l.twice.fault(e.terms); err != nil {
		return nil, err
	}
	if err := typedOnce(in.Node, ""); err != nil {
		return nil, err
	}
	for name, v := range in.Node.Members() {
		if name == "@context" || slices.Contains(in.Omit, name) {
			continue
		}
		if err := l.member(name, v, strictjson.Pointer("", name), false); err != nil {
			return nil, err
		}
	}
	if l.objects*(len(e.terms)+l.defined+l.scoped*scopedCost) > maxExpansion {
		return nil, &Error{Kind: OverBudget, Detail: "the document has more objects than we expand under contexts written inline"}
	}
	return l, nil
}

func (l *linter) contexts(context strictjson.Value, ptr string, inline bool) error {
	for i, v := range context.Each() {
		at := ptr
		if context.Kind() == strictjson.Array {
			at = strictjson.Pointer(ptr, strconv.Itoa(i))
		}
		switch {
		case l.apart[v.Text()]:
			return &Error{Kind: Unsupported, Pointer: at, Detail: "this added context cannot stand beside one written inline: a term of it is defined anew within itself"}
		case v.Kind() == strictjson.String && l.held[v.Text()] != nil:
			l.twice.named = true
		case v.Kind() == strictjson.Object && inline:
			if err := l.definitions(unwrapped(v, at)); err != nil {
				return err
			}
		case v.Kind() == strictjson.String:
			return &Error{Kind: UnknownContext, Pointer: at, Detail: "this context is not among those that we hold"}
		default:
			return &Error{Kind: UnknownContext, Pointer: at, Detail: "a context may be named here, not written out"}
		}
	}
	return nil
}

// unwrapped looks into a context document written out whole, {"@context": {...}}.
// It means what is in it: so processors read it, and the test suites of the W3C
// have it, though JSON-LD's own tests (er56) forbid it. Within a term definition
// it is refused like any keyword there: see scope.
func unwrapped(v strictjson.Value, ptr string) (strictjson.Value, string) {
	if inner := v.Get("@context"); v.Len() == 1 && inner.Kind() == strictjson.Object {
		return inner, strictjson.Pointer(ptr, "@context")
	}
	return v, ptr
}

// Members of contexts and of term definitions that json-gold reads as JSON-LD
// says; so the tests of the W3C show (docs/conformance.md).
var (
	contextKeywords    = []string{"@version", "@protected", "@propagate", "@vocab", "@language", "@direction", "@type"}
	definitionKeywords = []string{"@id", "@type", "@container", "@context", "@protected", "@prefix", "@language", "@direction", "@index", "@reverse"}
)

// definitions refuses what json-gold would read another way, or not at all, in
// a context: null lets it undefine protected terms (JSON-LD 1.1 section 4.1.11
// forbids it), @base and a @vocab relative to it come out as other addresses.
func (l *linter) definitions(v strictjson.Value, ptr string) error {
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		l.defined++
		if err := inlineKeyword(name, m, at, contextKeywords); err != nil {
			return err
		}
		l.twice.protects = l.twice.protects || name == "@protected" || m.Get("@protected").Exists()
		if strings.HasPrefix(name, "@") && name != "@type" {
			continue
		}
		l.twice.note(name, m, at)
		if err := alias(m, at); err != nil {
			return err
		}
		if err := l.definition(name, m, at); err != nil {
			return err
		}
	}
	return nil
}

func inlineKeyword(name string, v strictjson.Value, at string, known []string) error {
	switch {
	case v.Kind() == strictjson.Null || name == "@import":
		return &Error{Kind: ContextFault, Pointer: at, Detail: "an inline context may neither undefine nor import"}
	case strings.HasPrefix(name, "@") && !slices.Contains(known, name), v.Text() == "@nest", likeKeyword(v.Text()):
		return &Error{Kind: Unsupported, Pointer: at, Detail: "this is not handled in a context written inline"}
	case name == "@vocab" && !strings.Contains(v.Text(), ":"):
		return &Error{Kind: Unsupported, Pointer: at, Detail: "a relative @vocab is not handled"}
	case name == "@protected" && !v.IsBool():
		return &Error{Kind: ContextFault, Pointer: at, Detail: "@protected is neither true nor false"}
	case name == "@language" && !rdfc.WellFormedLanguage(v.Text()):
		return &Error{Kind: InvalidIRI, Pointer: at, Detail: "this is no language tag"}
	}
	return nil
}

// likeKeyword tells whether a text only looks like a keyword. A definition by it
// is none (JSON-LD 1.1 API section 4.2.2), so that its term may mean something
// else, or nothing.
func likeKeyword(text string) bool {
	name, ok := strings.CutPrefix(text, "@")
	isLetter := func(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }
	return ok && name != "" && strings.TrimFunc(name, isLetter) == "" && !ld.IsKeyword(text)
}

// alias refuses other names for the keywords of values and lists: keptWhole
// looks for those by the keywords themselves.
func alias(v strictjson.Value, at string) error {
	switch v.Text() {
	case "@value", "@language", "@direction", "@list", "@set":
		return &Error{Kind: Unsupported, Pointer: at, Detail: "another name for " + v.Text() + " is not handled in a context written inline"}
	}
	return nil
}

// definition looks at one term definition, and at the contexts in it.
func (l *linter) definition(term string, v strictjson.Value, ptr string) error {
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		l.defined++
		if err := inlineKeyword(name, m, at, definitionKeywords); err != nil {
			return err
		}
		if name == "@id" {
			if err := alias(m, at); err != nil {
				return err
			}
		}
		if name != "@context" {
			continue
		}
		for _, scope := range m.Each() {
			if err := l.scope(term, scope, at); err != nil {
				return err
			}
		}
	}
	return l.mapping(term, v, ptr)
}

// mapping notes a term whose values may be maps whose keys are statements.
func (l *linter) mapping(term string, v strictjson.Value, ptr string) error {
	container, property := v.Get("@container"), v.Get("@index").Exists()
	if property && !oneOf(container, "@index") {
		return &Error{Kind: ContextFault, Pointer: strictjson.Pointer(ptr, "@index"), Detail: "without the container @index this means nothing"}
	}
	if property || oneOf(container, "@id", "@type") {
		l.keyed[term] = true
	}
	return nil
}

// oneOf tells whether a text, or one of a list, is among those wanted.
func oneOf(list strictjson.Value, wanted ...string) bool {
	for _, v := range list.Each() {
		if slices.Contains(wanted, v.Text()) {
			return true
		}
	}
	return false
}

// scope looks at a context within a term definition. json-gold takes the
// container of a term from the context of its values: where that defines the
// term anew, or forgets it, the container is lost.
func (l *linter) scope(term string, v strictjson.Value, at string) error {
	again := v.Get(term).Exists()
	switch v.Kind() {
	case strictjson.Object:
	case strictjson.String:
		named := l.held[v.Text()]
		if named == nil {
			return &Error{Kind: UnknownContext, Pointer: at, Detail: "this context is not among those that we hold"}
		}
		l.twice.named = true
		l.scoped += members(named.Document)
		again = defines(named, term)
	default:
		return &Error{Kind: ContextFault, Pointer: at, Detail: "a context within an inline context is an object or a name"}
	}
	if again {
		return &Error{Kind: Unsupported, Pointer: at, Detail: "a term whose own context defines it anew is not handled in a context written inline"}
	}
	before := l.defined
	l.twice.noteScope(v, at)
	err := l.definitions(v, at)
	l.scoped += l.defined - before
	return err
}

// members counts what is in a context document, at every depth.
func members(v any) int {
	n := 0
	switch v := v.(type) {
	case map[string]any:
		for _, m := range v {
			n += 1 + members(m)
		}
	case []any:
		for _, m := range v {
			n += members(m)
		}
	}
	return n
}

// defines tells whether a context document defines a term at its root.
func defines(d *ld.RemoteDocument, term string) bool {
	document, _ := d.Document.(map[string]any)
	context, _ := document["@context"].(map[string]any)
	_, ok := context[term]
	return ok
}

func (l *linter) member(name string, v strictjson.Value, ptr string, of bool) error {
	switch name {
	case "@context":
		return l.contexts(v, ptr, false)
	case "@id", "@type", "@value", "@language", "@list", "@set":
	case "@direction":
		if l.directions && of && isDirection(v) {
			l.directed++
			return nil
		}
		return &Error{Kind: Unsigned, Pointer: ptr, Detail: name + " is not part of what is signed"}
	case "@index":
		return &Error{Kind: Unsigned, Pointer: ptr, Detail: name + " is not part of what is signed"}
	default:
		if strings.HasPrefix(name, "@") {
			return &Error{Kind: Unsupported, Pointer: ptr, Detail: name + " is not handled here"}
		}
	}
	if l.keyed[name] { // a key would count for a value that is lost elsewhere
		return &Error{Kind: Unsupported, Pointer: ptr, Detail: "a map by id, type or a property is not handled under a context written inline"}
	}
	if l.embedded == "" && strings.HasSuffix(name, "verifiableCredential") {
		l.embedded = ptr
	}
	if of && v.Kind() == strictjson.String && ofValue(name) {
		return nil
	}
	return l.value(v, ptr)
}

// ofValue tells whether a member says of what kind a value is.
func ofValue(name string) bool { return name == "@language" || name == "@type" || name == "type" }

func (l *linter) value(v strictjson.Value, ptr string) error {
	switch v.Kind() {
	case strictjson.Null:
		return &Error{Kind: Null, Pointer: ptr, Detail: "null vanishes from what is signed; leave the member out"}
	case strictjson.Object:
		l.objects++
		of := v.Get("@value").Exists()
		if err := keptWhole(v, ptr, of); err != nil {
			return err
		}
		if err := typedOnce(v, ptr); err != nil {
			return err
		}
		for name, m := range v.Members() {
			if err := l.member(name, m, strictjson.Pointer(ptr, name), of); err != nil {
				return err
			}
		}
		return nil
	case strictjson.Array:
		for i, e := range v.Elements() {
			if e.Get("@set").Exists() {
				return &Error{Kind: Unsupported, Pointer: strictjson.Pointer(ptr, strconv.Itoa(i)), Detail: "@set is not handled here"}
			}
			if err := l.value(e, strictjson.Pointer(ptr, strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	}
	return l.leaf(v, ptr)
}

// typedOnce refuses types in two members, of which json-gold reads one.
func typedOnce(v strictjson.Value, ptr string) error {
	if v.Get("@type").Exists() && v.Get("type").Exists() {
		return &Error{Kind: Unsupported, Pointer: strictjson.Pointer(ptr, "type"), Detail: "types in two members are not handled under a context written inline"}
	}
	return nil
}

// keptWhole refuses values, lists and sets of which json-gold would keep a part:
// of two types neither, of a list within a list the items alone, of an object
// that is a set the members it knows.
func keptWhole(v strictjson.Value, ptr string, isValue bool) error {
	for i, e := range v.Get("@list").Elements() {
		if e.Kind() == strictjson.Array {
			return &Error{Kind: Unsupported, Pointer: strictjson.Pointer(strictjson.Pointer(ptr, "@list"), strconv.Itoa(i)), Detail: "a list within a list is not handled here"}
		}
	}
	if v.Get("@set").Kind() == strictjson.Object {
		return &Error{Kind: Unsupported, Pointer: strictjson.Pointer(ptr, "@set"), Detail: "@set around an object is not handled here: an array can hold it"}
	}
	if !isValue {
		return nil
	}
	if v.Get("@type").Exists() && v.Get("type").Exists() {
		return &Error{Kind: DataLoss, Pointer: strictjson.Pointer(ptr, "type"), Detail: "a value has one type or language"}
	}
	if language := v.Get("@language"); language.Exists() && language.Kind() != strictjson.Null && !rdfc.WellFormedLanguage(language.Text()) {
		return &Error{Kind: InvalidIRI, Pointer: strictjson.Pointer(ptr, "@language"), Detail: "this is no language tag"}
	}
	for name := range v.Members() {
		if name != "type" && !strings.HasPrefix(name, "@") {
			return &Error{Kind: DataLoss, Pointer: strictjson.Pointer(ptr, name), Detail: "a value has no members of its own"}
		}
	}
	return nil
}

func (l *linter) leaf(v strictjson.Value, ptr string) error {
	if l.leaves++; l.leaves > maxValues {
		return &Error{Kind: OverBudget, Pointer: ptr, Detail: "the document has more values than we canonicalise"}
	}
	switch v.Kind() {
	case strictjson.Number:
		if _, fault := double(v.Raw()); fault != "" {
			return &Error{Kind: DataLoss, Pointer: ptr, Detail: fault}
		}
	case strictjson.String:
		if _, ok := l.pointers[v.Text()]; !ok {
			l.pointers[v.Text()] = ptr
		}
	}
	return nil
}
