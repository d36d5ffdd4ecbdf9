package strictjson

import (
	"strconv"
	"strings"
)

// Pointer appends reference tokens to a JSON pointer, escaped as RFC 6901
// section 3 asks.
func Pointer(base string, tokens ...string) string {
	var b strings.Builder
	b.WriteString(base)
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(pointerEscaper.Replace(t))
	}
	return b.String()
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

// PointerTo returns the JSON pointer of a value within root, by where it stands
// in the source: errors are rare, so that a walk need keep nothing for them on
// its way.
func PointerTo(root, v Value) string {
	ptr := ""
	for root.Exists() && root.Offset() != v.Offset() {
		var token string
		root, token = root.towards(v.Offset())
		if root.Exists() {
			ptr = Pointer(ptr, token)
		}
	}
	return ptr
}

// towards returns the member or element that holds an offset of the source.
func (v Value) towards(offset int) (Value, string) {
	holds := func(v Value) bool { return v.Offset() <= offset && offset < v.Offset()+len(v.Raw()) }
	for name, m := range v.Members() {
		if holds(m) {
			return m, name
		}
	}
	for i, e := range v.Elements() {
		if holds(e) {
			return e, strconv.Itoa(i)
		}
	}
	return Value{}, ""
}
