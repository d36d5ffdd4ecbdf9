package canon_test

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/internal/strictjson"
)

// hostile values stand in place of a member's value, or beside the members of
// an object under each name.
var hostileValues = []string{
	`"x"`, `""`, `" "`, `"\u0000"`, `"_:b0"`, `"urn:x:y"`, `"relative"`, `"https://a.b.edu/x"`, `"https://example.edu/100%"`,
	`"urn:a> <urn:b"`, `"@id"`, `"id"`, `"\ud83d\ude00"`, `"e\u0301"`, `true`, `false`, `0`, `-0`, `1`, `-1`, `1.5`, `1e21`, `1e-7`, `5e-324`,
	`1e400`, `9007199254740993`, `12345678901234567890`, `null`, `{}`, `{"id":"urn:x:y"}`, `{"id":"relative"}`, `{"id":"_:b0"}`, `{"@id":"urn:x:z"}`,
	`{"@value":"x"}`, `{"@value":"x","@language":"en"}`, `{"@value":"x","@language":"EN-us"}`, `{"@value":"x","@direction":"rtl"}`, `{"@value":1}`, `{"@value":null}`,
	`{"@value":"x","@type":"urn:t"}`, `{"@value":"x","@type":"@json"}`, `{"@list":["x"]}`, `{"@list":[]}`, `{"@set":["x"]}`, `{"@type":"urn:t"}`,
	`{"type":"Profile"}`, `{"type":"NoSuchType"}`, `{"type":["Image","Result"],"name":"x"}`, `{"name":"x"}`, `{"undefined":"x"}`, `{"en":"x"}`,
	`{"@context":null}`, `{"@context":{"name":null},"name":"x"}`, `{"@graph":[{"name":"x"}]}`, `{"@index":"x"}`, `{"@reverse":{}}`, `{"@included":[]}`,
	`["x","y"]`, `["x",null]`, `[["x"]]`, `[{"name":"x"},{"name":"y"}]`, `{"https://x.example/p":"x"}`, `{"_:p":"x"}`,
}

var hostileNames = []string{"salary", "Name", "evidence", "name", "id", "type", "@id", "@type", "@value", "@index", "@direction", "@graph", "@included",
	"@reverse", "@nest", "@language", "@context", "_:p", "https://x.example/p", "proof", "image", "", "@foo", "credentialSubject"}

// TestMutations changes every member of documents in every hostile way: its
// canonical form is another then, or it is refused. What stays the same is
// named in harmless.
func TestMutations(t *testing.T) {
	if n := len(hostileValues); n < 60 {
		t.Fatalf("%d hostile values", n)
	}
	documents := []string{string(readTestdata(t, "badge-small.json")), string(canontest.Ordinary(3)), string(canontest.Ordinary(11)), string(canontest.Odd(5))}
	documents = documents[:few(uint64(len(documents)))]
	c := newCanonicalizer(t)
	counts := map[string]int{}
	for _, raw := range documents {
		base := parse(t, raw)
		want, err := c.Canonicalize(canon.Input{Node: base})
		if err != nil {
			t.Fatalf("%v\n%s", err, raw)
		}
		for what, mutant := range mutants(base) {
			counts[what]++
			v, err := strictjson.Parse([]byte(mutant), strictjson.Limits{})
			if err != nil {
				counts["not JSON"]++
				continue
			}
			got, err := c.Canonicalize(canon.Input{Node: v})
			if err == nil && bytes.Equal(got, want) {
				t.Errorf("%s: the same form\n%s\n%s", what, raw, mutant)
			}
		}
	}
	t.Log(len(documents), "documents,", counts["not JSON"], "repeated members")
}

// mutants yields changed documents and what was done to each. Not among them
// are changes that leave the meaning as it is: another order of a set, an equal
// member of a set again, a set of one written with or without its brackets, an
// empty set, a blank node with a name of its own, the same contexts again in a
// nested node, and a number in place of the same number as text where the term
// has a datatype (the schemas of badges tell those apart).
func mutants(root strictjson.Value) func(func(string, string) bool) {
	src := root.Raw()
	splice := func(at, end int, text string) string { return src[:at] + text + src[end:] }
	return func(yield func(string, string) bool) {
		var walk func(v strictjson.Value, ptr, name string) bool
		walk = func(v strictjson.Value, ptr, name string) bool {
			from, to := v.Offset(), v.Offset()+len(v.Raw())
			for _, h := range hostileValues {
				if ptr != "" && !equivalent(v, h) && !yield(fmt.Sprintf("%s = %s", ptr, h), splice(from, to, h)) {
					return false
				}
			}
			if v.Kind() == strictjson.Object && name != "@context" {
				for i, n := range hostileNames {
					h := hostileValues[(i*7+from)%len(hostileValues)]
					if !v.Get(n).Exists() && !names(n, h) && !yield(fmt.Sprintf("%s + %q: %s", ptr, n, h), splice(from+1, from+1, fmt.Sprintf("%q:%s%s", n, h, comma(v)))) {
						return false
					}
				}
			}
			for k, m := range v.Members() {
				if k == "@context" {
					continue
				}
				if !walk(m, strictjson.Pointer(ptr, k), k) {
					return false
				}
			}
			for i, e := range v.Elements() {
				if !walk(e, fmt.Sprintf("%s/%d", ptr, i), name) {
					return false
				}
			}
			return true
		}
		if walk(root, "", "") {
			removals(root, yield)
		}
	}
}

func comma(v strictjson.Value) string {
	if v.Len() == 0 {
		return ""
	}
	return ","
}

// removals takes each member out in turn.
func removals(root strictjson.Value, yield func(string, string) bool) {
	src := root.Raw()
	var walk func(v strictjson.Value, ptr string) bool
	walk = func(v strictjson.Value, ptr string) bool {
		for k, m := range v.Members() {
			// The name stands before the value, with its quotes and the colon.
			at := strings.LastIndex(src[:m.Offset()], fmt.Sprintf("%q", k))
			end := m.Offset() + len(m.Raw())
			silent := m.Kind() == strictjson.Array && m.Len() == 0 || k == "@context" && ptr != ""
			if !silent && !yield("without "+strictjson.Pointer(ptr, k), tidy(src[:at], src[end:])) {
				return false
			}
			if k != "@context" && !walk(m, strictjson.Pointer(ptr, k)) {
				return false
			}
		}
		for i, e := range v.Elements() {
			if !walk(e, fmt.Sprintf("%s/%d", ptr, i)) {
				return false
			}
		}
		return true
	}
	walk(root, "")
}

// tidy joins what is left with one comma less.
func tidy(before, after string) string {
	before, after = strings.TrimRight(before, " \n"), strings.TrimLeft(after, " \n")
	if strings.HasPrefix(after, ",") {
		return before + after[1:]
	}
	return strings.TrimSuffix(before, ",") + after
}

// equivalent tells whether a hostile value means what stands there already.
func equivalent(v strictjson.Value, h string) bool {
	plain := func(s string) string {
		s = strings.NewReplacer(`{"@set":`, "", `{"@value":`, "", `{"id":`, "", `{"@id":`, "", "[", "", "]", "", "}", "", " ", "", `"`, "").Replace(s)
		if f, err := strconv.ParseFloat(s, 64); err == nil {
			return fmt.Sprint(f + 0)
		}
		return s
	}
	return plain(v.Raw()) == plain(h)
}

// names tells whether a new member only names a blank node.
func names(name, value string) bool {
	return (name == "id" || name == "@id") && strings.Contains(value, `"_:`)
}
