package canon

import (
	"strconv"
	"strings"

	"slices"

	"laurel/internal/strictjson"
)

// maxExpansion bounds what json-gold copies: it makes a new context, all terms
// in it, for each object with a type.
const maxExpansion = 2_000_000

// linter walks the received tree before json-gold expands it, and counts what
// expansion has to keep: every scalar but languages and the types of values,
// which have no statement of their own.
type linter struct {
	held       held
	leaves     int
	objects    int
	directed   int               // texts that have one
	directions bool              // those of texts may stand
	defined    int               // terms in contexts written inline
	pointers   map[string]string // text of a string -> where it first stands
}

func (e *expander) lint(in Input) (*linter, error) {
	l := &linter{held: e.held, directions: in.Directions, pointers: map[string]string{}}
	if err := l.contexts(in.context(), "/@context", true); err != nil {
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
	if l.objects*(len(e.terms)+l.defined) > maxExpansion {
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
		case v.Kind() == strictjson.String && l.held[v.Text()] != nil:
		case v.Kind() == strictjson.Object && inline:
			if err := l.definitions(v, at); err != nil {
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

// definitions refuses null in a context: json-gold lets it undefine protected
// terms (JSON-LD 1.1 section 4.1.11 forbids it).
func (l *linter) definitions(v strictjson.Value, ptr string) error {
	for name, m := range v.Members() {
		at := strictjson.Pointer(ptr, name)
		l.defined++
		if m.Kind() == strictjson.Null || name == "@import" {
			return &Error{Kind: ContextFault, Pointer: at, Detail: "an inline context may neither undefine nor import"}
		}
		for _, e := range m.Each() {
			if e.Kind() == strictjson.String && l.held[e.Text()] == nil && name == "@context" {
				return &Error{Kind: UnknownContext, Pointer: at, Detail: "this context is not among those that we hold"}
			}
			if err := l.definitions(e, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// member walks one member; of tells that it stands in a value object.
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
	if of && v.Kind() == strictjson.String && (name == "@language" || name == "@type" || name == "type") {
		return nil
	}
	return l.value(v, ptr)
}

func (l *linter) value(v strictjson.Value, ptr string) error {
	switch v.Kind() {
	case strictjson.Null:
		return &Error{Kind: Null, Pointer: ptr, Detail: "null vanishes from what is signed; leave the member out"}
	case strictjson.Object:
		l.objects++
		of := v.Get("@value").Exists()
		for name, m := range v.Members() {
			if err := l.member(name, m, strictjson.Pointer(ptr, name), of); err != nil {
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
