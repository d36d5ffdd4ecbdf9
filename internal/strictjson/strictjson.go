// Package strictjson parses JSON once, strictly, into a tree that every reader
// shares: structure checks, views and canonicalisation look at the same nodes,
// so what is read is what was signed.
//
// It refuses what encoding/json lets pass: repeated member names, invalid
// UTF-8, lone surrogates, a byte order mark, anything after the value, and
// nesting or size beyond a bound. Names match exactly, case included. It does
// not judge what the members mean, and it never builds bytes: the source is
// kept as it came.
//
// Start at Parse; a Value is a handle into the tree.
package strictjson

import (
	"fmt"
	"iter"
)

// Kind is the JSON type of a Value. The zero Kind belongs to no value at all.
type Kind uint8

// The kinds of JSON values (RFC 8259 section 3).
const (
	Absent Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object

	memberName // of a node that is no value
)

var kindNames = [...]string{"absent", "null", "boolean", "boolean", "number", "string", "array", "object"}

// String gives the JSON name of the kind, for messages.
func (k Kind) String() string { return kindNames[k] }

// Limits bound one parse. A zero field means the default.
type Limits struct {
	Bytes int // source size in bytes, default 1 MiB
	Depth int // nesting of arrays and objects, default 64
	Nodes int // values and member names together, default 200,000
}

// The bounds used where Limits leaves a field zero.
const (
	DefaultBytes = 1 << 20
	DefaultDepth = 64
	DefaultNodes = 200_000
)

// Reason says which rule a document broke.
type Reason uint8

// The rules.
const (
	Syntax    Reason = iota + 1 // not JSON, or more than one value
	Encoding                    // not UTF-8, or a lone surrogate
	Duplicate                   // a member name stands twice in one object
	TooLarge                    // more bytes or nodes than the limit
	TooDeep                     // nested deeper than the limit
)

var reasonNames = [...]string{"", "syntax", "encoding", "duplicate member", "too large", "too deep"}

// String names the rule in words.
func (r Reason) String() string { return reasonNames[r] }

// Error tells where and why a document was refused.
type Error struct {
	Reason  Reason
	Offset  int    // bytes from the start of the source
	Pointer string // RFC 6901 pointer of the innermost value begun there, cut at 256 bytes
	Detail  string // one sentence, without content of the document beyond a member name
}

// Error implements error.
func (e *Error) Error() string {
	return fmt.Sprintf("json: %s at byte %d: %s", e.Reason, e.Offset, e.Detail)
}

// node is one value or member name. Nodes stand in document order, an object's
// member names before their values, so a subtree is a run of nodes.
//
// A node is read several times by every reader, so it is kept small.
type node struct {
	start, end uint32 // extent in the source, quotes and brackets included
	next       uint32 // index of the first node after this subtree
	// what is the Kind, in the upper bits, and in the others the number of
	// members of an object or of elements of an array, and 1 + the index of the
	// decoded text of a string that has escapes.
	what uint32
}

const kindShift = 28

// maxNodes is what there is room for in a node.
const maxNodes = 1<<kindShift - 1

func (n *node) kind() Kind { return Kind(n.what >> kindShift) }

func (n *node) rest() uint32 { return n.what & maxNodes }

type tree struct {
	src   string
	nodes []node
	texts []string
	facts Facts
}

// Value is a handle on one value of a parsed document. The zero Value is
// Absent. Values are safe for concurrent use.
type Value struct {
	t *tree
	i uint32
}

// Kind returns the value's type; Absent for the zero Value.
func (v Value) Kind() Kind {
	if v.t == nil {
		return Absent
	}
	return v.t.nodes[v.i].kind()
}

// Exists reports whether there is a value at all.
func (v Value) Exists() bool { return v.t != nil }

// Raw returns the value exactly as it stands in the source.
func (v Value) Raw() string {
	if v.t == nil {
		return ""
	}
	n := &v.t.nodes[v.i]
	return v.t.src[n.start:n.end]
}

// MarshalJSON gives the value as it stands, so that a parsed part can be put
// into a document that is written anew.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.t == nil {
		return []byte("null"), nil
	}
	return []byte(v.Raw()), nil
}

// Offset returns where the value starts in the source, in bytes.
func (v Value) Offset() int {
	if v.t == nil {
		return 0
	}
	return int(v.t.nodes[v.i].start)
}

// Text returns the content of a string with its escapes resolved, and "" for
// any other kind.
func (v Value) Text() string {
	if v.Kind() != String {
		return ""
	}
	return v.t.text(v.i)
}

// Bool returns true for the literal true.
func (v Value) Bool() bool { return v.Kind() == True }

// IsBool reports whether the value is true or false.
func (v Value) IsBool() bool { return v.Kind() == True || v.Kind() == False }

// Len returns the number of members or elements; 0 for scalars.
func (v Value) Len() int {
	if v.t == nil {
		return 0
	}
	n := &v.t.nodes[v.i]
	if k := n.kind(); k != Object && k != Array {
		return 0
	}
	return int(n.rest())
}

// Get returns the member with exactly that name, or the zero Value.
func (v Value) Get(name string) Value {
	if v.Kind() != Object {
		return Value{}
	}
	t := v.t
	nodes := t.nodes[:t.nodes[v.i].next]
	for i := v.i + 1; int(i) < len(nodes)-1; i = nodes[i+1].next {
		if nodes[i].mayBe(name) && t.text(i) == name {
			return Value{t, i + 1}
		}
	}
	return Value{}
}

// mayBe passes over most names by their length, unread. One with escapes has
// another length in the source.
func (n *node) mayBe(name string) bool {
	return int(n.end-n.start) == len(name)+len(`""`) || n.rest() != 0
}

// HasWithin reports whether an object in the value, or the value itself, has a
// member with one of these names, at any depth.
func (v Value) HasWithin(names ...string) bool {
	if v.t == nil {
		return false
	}
	t := v.t
	for i, end := v.i+1, t.nodes[v.i].next; i < end; i++ {
		n := &t.nodes[i]
		if n.kind() != memberName {
			continue
		}
		for _, name := range names {
			if n.mayBe(name) && t.text(i) == name {
				return true
			}
		}
	}
	return false
}

// Members yields the members of an object in source order.
func (v Value) Members() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.Kind() != Object {
			return
		}
		t := v.t
		end := t.nodes[v.i].next
		for i := v.i + 1; i < end; i = t.nodes[i+1].next {
			if !yield(t.text(i), Value{t, i + 1}) {
				return
			}
		}
	}
}

// Within yields the members of all objects in the value, its own and those at
// any depth, in source order.
func (v Value) Within() iter.Seq2[string, Value] {
	return func(yield func(string, Value) bool) {
		if v.t == nil {
			return
		}
		t := v.t
		for i, end := v.i+1, t.nodes[v.i].next; i < end; i++ {
			if t.nodes[i].kind() == memberName && !yield(t.text(i), Value{t, i + 1}) {
				return
			}
		}
	}
}

// Source returns the whole text that the value was parsed from.
func (v Value) Source() string {
	if v.t == nil {
		return ""
	}
	return v.t.src
}

// Elements yields the elements of an array in order.
func (v Value) Elements() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		if v.Kind() != Array {
			return
		}
		t := v.t
		end := t.nodes[v.i].next
		n := 0
		for i := v.i + 1; i < end; i = t.nodes[i].next {
			if !yield(n, Value{t, i}) {
				return
			}
			n++
		}
	}
}

// Each yields the elements of an array, or the value itself when it is
// anything else that exists: JSON-LD lets one value stand for a set of one.
func (v Value) Each() iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		i, end := v.span()
		for n := 0; i < end; n++ {
			if !yield(n, Value{v.t, i}) {
				return
			}
			i = v.t.nodes[i].next
		}
	}
}

// span bounds the nodes of the values that Each yields.
func (v Value) span() (from, end uint32) {
	switch v.Kind() {
	case Absent:
		return 0, 0
	case Array:
		return v.i + 1, v.t.nodes[v.i].next
	}
	return v.i, v.i + 1
}

func (t *tree) text(i uint32) string {
	n := &t.nodes[i]
	if at := n.rest(); at != 0 {
		return t.texts[at-1]
	}
	return t.src[n.start+1 : n.end-1]
}
