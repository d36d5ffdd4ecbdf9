package canon

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/piprate/json-gold/ld"

	"laurel/internal/strictjson"
)

// iri is an absolute IRI as far as RDF cares: a scheme, and none of the
// characters that N-Quads would have to escape (RDF 1.1 N-Quads, IRIREF).
var iri = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]*:[^\x00-\x20<>"{}|^` + "`" + `\\\x7f]*$`)

var languageTag = regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`)

// The budget of one document. Blank nodes that look alike cost factorially in
// URDNA2015, which cannot be interrupted, so few are let through; and the
// library needs time that grows with the square of the values: 19,000 of them
// took it 22 s, 3,000 less than one.
const (
	maxValues     = 3_000 // texts, numbers and booleans; and as many objects and arrays
	maxAlikeNodes = 5
	// Inline definitions are copied at every typed node.
	maxDefinitions = 500
	maxSafe        = 1<<53 - 1
)

// linter walks the received tree before expansion and counts what expansion
// has to keep.
type linter struct {
	in          Input
	held        map[string]*ld.RemoteDocument
	terms       map[string]bool
	leaves      int
	definitions int               // members of inline contexts
	groups      int               // objects and arrays: those without leaves cost as well
	pointers    map[string]string // text of a string leaf -> where it first stands
}

func (c *Canonicalizer) lint(in Input) (*linter, error) {
	if in.Node.Kind() != strictjson.Object {
		return nil, &Error{Kind: DataLoss, Detail: "only an object has statements"}
	}
	l := &linter{in: in, held: c.loader.(held), terms: c.terms, pointers: map[string]string{}}
	if err := l.contexts(in.context(), "/@context", in.InlineContexts); err != nil {
		return nil, err
	}
	for name, v := range in.Node.Members() {
		if name == "@context" || slices.Contains(in.Omit, name) {
			continue
		}
		if err := l.member(name, v, strictjson.Pointer("", name)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// context is the one in effect at the top.
func (in Input) context() strictjson.Value {
	if in.Context.Exists() {
		return in.Context
	}
	return in.Node.Get("@context")
}

func (l *linter) contexts(ctx strictjson.Value, ptr string, inline bool) error {
	if !ctx.Exists() {
		return &Error{Kind: UndefinedTerm, Pointer: ptr, Detail: "without @context no member means anything"}
	}
	for i, v := range ctx.Each() {
		at := strictjson.Pointer(ptr, strconv.Itoa(i))
		switch {
		case v.Kind() == strictjson.String && l.held[v.Text()] != nil:
		case v.Kind() == strictjson.Object && inline:
			if err := l.inlineContext(v, at); err != nil {
				return err
			}
		default:
			return &Error{Kind: UnknownContext, Pointer: at, Detail: "this context is not among those that we hold"}
		}
	}
	return nil
}

// inlineContext refuses null definitions: json-gold lets them undefine
// protected terms (JSON-LD 1.1 section 4.1.11 forbids it).
func (l *linter) inlineContext(v strictjson.Value, ptr string) error {
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		if l.definitions++; l.definitions > maxDefinitions {
			return &Error{Kind: OverBudget, Pointer: at, Detail: "the contexts define more than we take in"}
		}
		if m.Kind() == strictjson.Null || name == "@import" {
			return &Error{Kind: ContextFault, Pointer: at, Detail: "an inline context may neither undefine nor import"}
		}
		if m.Kind() == strictjson.Object {
			if err := l.inlineContext(m, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *linter) member(name string, v strictjson.Value, ptr string) error {
	if strings.HasPrefix(name, "@") {
		switch name {
		case "@context":
			return l.contexts(v, ptr, false)
		case "@id", "@type", "@value", "@language", "@list", "@set":
		default:
			return &Error{Kind: Unsigned, Pointer: ptr, Detail: name + " is not part of what is signed"}
		}
	}
	return l.value(v, ptr)
}

func (l *linter) value(v strictjson.Value, ptr string) error {
	if v.Kind() == strictjson.Object || v.Kind() == strictjson.Array {
		if l.groups++; l.groups > maxValues {
			return overBudget(ptr)
		}
	}
	switch v.Kind() {
	case strictjson.Null:
		return &Error{Kind: Null, Pointer: ptr, Detail: "null vanishes from what is signed; leave the member out"}
	case strictjson.Object:
		for name, m := range v.Members() {
			if err := l.member(name, m, strictjson.Pointer(ptr, name)); err != nil {
				return err
			}
		}
		return nil
	case strictjson.Array:
		for i, e := range v.Elements() {
			if err := l.value(e, strictjson.Pointer(ptr, strconv.Itoa(i))); err != nil {
				return err
			}
		}
		return nil
	}
	return l.leaf(v, ptr)
}

func (l *linter) leaf(v strictjson.Value, ptr string) error {
	if l.leaves++; l.leaves > maxValues {
		return overBudget(ptr)
	}
	switch v.Kind() {
	case strictjson.Number:
		return exactNumber(v, ptr)
	case strictjson.String:
		return l.text(v.Text(), ptr)
	}
	return nil
}

func overBudget(ptr string) error {
	return &Error{Kind: OverBudget, Pointer: ptr, Detail: "the document has more values than we canonicalise"}
}

func (l *linter) text(s, ptr string) error {
	if _, ok := l.pointers[s]; !ok {
		l.pointers[s] = ptr
	}
	if strings.HasPrefix(s, "_:") {
		return &Error{Kind: Unsupported, Pointer: ptr, Detail: "names of blank nodes are not handled here"}
	}
	for _, r := range s {
		if r < 0x20 && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			return &Error{Kind: Unsupported, Pointer: ptr, Detail: "control characters are not handled here"}
		}
	}
	return nil
}

// exactNumber holds back whole numbers that a double cannot tell apart.
func exactNumber(v strictjson.Value, ptr string) error {
	f, err := strconv.ParseFloat(v.Raw(), 64)
	if err != nil || (f == math.Trunc(f) && math.Abs(f) > maxSafe) {
		return &Error{Kind: Unsupported, Pointer: ptr, Detail: "this number is beyond exact arithmetic"}
	}
	return nil
}

// compare holds the expanded form against what the walk counted: every leaf
// must have survived, and every identifier must be one that RDF can carry.
func (l *linter) compare(expanded []any) error {
	n := 0
	if err := l.survivors(expanded, &n); err != nil {
		return err
	}
	if n != l.leaves {
		return &Error{Kind: DataLoss, Detail: "part of the document means nothing under its contexts and would be left unsigned"}
	}
	return nil
}

func (l *linter) survivors(v any, n *int) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := l.survivors(e, n); err != nil {
				return err
			}
		}
	case map[string]any:
		for k, m := range v {
			if err := l.survivor(k, m, v, n); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *linter) survivor(key string, m any, of map[string]any, n *int) error {
	switch key {
	case "@id":
		*n++
		return l.identifier(m.(string), RelativeIRI)
	case "@value":
		*n++
		return l.literal(of)
	case "@language":
		*n++
		return l.language(m)
	case "@type":
		if _, isValue := of["@value"]; isValue {
			return nil
		}
		for _, t := range ld.Arrayify(m) {
			*n++
			if err := l.identifier(t.(string), UndefinedType); err != nil {
				return err
			}
		}
		return nil
	case "@list", "@set", "@graph":
		return l.survivors(m, n)
	}
	if err := l.identifier(key, UndefinedTerm); err != nil {
		return err
	}
	return l.survivors(m, n)
}

func (l *linter) identifier(s string, relative Kind) error {
	scheme, _, ok := strings.Cut(s, ":")
	switch {
	case !ok || strings.ContainsAny(scheme, "/?#"):
		return &Error{Kind: relative, Pointer: l.pointers[s], Detail: strconv.Quote(s) + " is no absolute identifier"}
	case !iri.MatchString(s):
		return &Error{Kind: InvalidIRI, Pointer: l.pointers[s], Detail: strconv.Quote(s) + " has characters that no IRI has"}
	case !carried(s):
		// A fault of the library, not of the document.
		return &Error{Kind: Unsupported, Pointer: l.pointers[s], Detail: strconv.Quote(s) + " is an address that is not handled here"}
	}
	return nil
}

// carried tells whether json-gold keeps statements about this IRI: it drops
// http addresses that fail a pattern of its own.
func carried(s string) bool {
	return ld.IsAbsoluteIri(s) && (!strings.HasPrefix(s, "http:") && !strings.HasPrefix(s, "https:") || ld.IsURL(s))
}

func (l *linter) literal(of map[string]any) error {
	if t, _ := of["@type"].(string); t == "@json" {
		return &Error{Kind: Unsupported, Detail: "JSON literals are not handled here"}
	} else if t != "" && !iri.MatchString(t) {
		return &Error{Kind: InvalidIRI, Detail: strconv.Quote(t) + " is no datatype"}
	}
	return nil
}

func (l *linter) language(m any) error {
	if s, ok := m.(string); !ok || !languageTag.MatchString(s) {
		return &Error{Kind: InvalidIRI, Detail: "this is no language tag"}
	}
	return nil
}
