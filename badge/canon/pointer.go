package canon

import (
	"strconv"
	"unicode/utf8"

	"laurel/internal/strictjson"
)

// pointerTo returns the JSON pointer of a value within root, by where it stands
// in the source: errors are rare, so nothing is kept for them on the way.
func pointerTo(root, v strictjson.Value) string {
	ptr := ""
	for root.Exists() && root.Offset() != v.Offset() {
		var token string
		root, token = towards(root, v.Offset())
		if root.Exists() {
			ptr = strictjson.Pointer(ptr, token)
		}
	}
	return ptr
}

// towards returns the member or element that holds an offset of the source.
func towards(v strictjson.Value, offset int) (strictjson.Value, string) {
	holds := func(v strictjson.Value) bool { return v.Offset() <= offset && offset < v.Offset()+len(v.Raw()) }
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
	return strictjson.Value{}, ""
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
