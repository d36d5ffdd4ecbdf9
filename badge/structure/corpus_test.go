package structure_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"laurel/internal/strictjson"
)

// corpus lists documents that between them have every property of every
// class, which the tests of package schemas show.
var corpus = []struct{ file, class string }{
	{"achievement.json", "AchievementCredential"},
	{"badge.json", "AchievementCredential"},
	{"credential-workshop-completion.json", "AchievementCredential"},
	{"endorsement.json", "EndorsementCredential"},
	{"profile.json", "Profile"},
}

func corpusText(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile("../../schemas/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, text []byte) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil {
		t.Fatalf("%v:\n%s", err, text)
	}
	return v
}

// tree keeps numbers as they are written, so that encode gives them back.
func tree(t testing.TB, text []byte) any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// mutator changes one place of a document at a time, calls judge, and takes
// the change back. It removes each member, puts other values in the place of
// each member and item, and adds an unknown member to each object: many values
// where it meets a member for the first time in such an object, few where it
// meets it again.
type mutator struct {
	judge func()
	seen  map[string]bool
}

// mutate changes all places within v, which stands in a member called name.
func (m *mutator) mutate(v any, name string) {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			old := v[name]
			delete(v, name)
			m.judge()
			m.replace(old, typeName(v)+"/"+name, func(other any) { v[name] = other })
			m.mutate(old, name)
		}
		v["unknownMember"] = "x"
		m.judge()
		delete(v, "unknownMember")
	case []any:
		for i, old := range v {
			m.replace(old, name+"[]", func(other any) { v[i] = other })
			m.mutate(old, name)
		}
	}
}

func typeName(object map[string]any) string {
	b, _ := json.Marshal(object["type"])
	return string(b)
}

func (m *mutator) replace(old any, kind string, put func(any)) {
	list := others(old)
	if m.seen[kind] {
		list = list[:3]
	}
	m.seen[kind] = true
	for _, other := range list {
		put(other)
		m.judge()
	}
	put(old)
}

// others are a few values of every type, and the old one in other forms; the
// first three tell most.
func others(old any) []any {
	list := []any{
		[]any{old}, map[string]any{"en": old}, json.Number("0"),
		nil, false, "", "word", "ext:word", "2026-01-02T03:04:05Z", json.Number("-1.0"), json.Number("1e400"),
		[]any{}, []any{"word"}, map[string]any{}, map[string]any{"id": "urn:x", "type": "word"},
		map[string]any{"nl-NL": old, "eng": old},
	}
	switch old := old.(type) {
	case string:
		list = append(list, old+"\n", " "+old, map[string]any{"en": old + "!"})
	case []any:
		list = append(list, append(slices.Clone(old), old...))
		if len(old) > 0 {
			list = append(list, old[0], old[1:], old[:1])
		}
	}
	return list
}

// oddities are values that fit nowhere, or only somewhere.
var oddities = []string{
	`null`, `true`, `false`, `0`, `-0`, `1.0`, `1e400`, `-1E-999`, `1e999999999`, `9007199254740993`, `-12.50e+3`,
	`""`, `"word"`, `"ext:word"`, `"ext:"`, `"pre ext:Word|9 post"`, `"Completed"`, `"Certificate"`, `"CTDL"`, `"name"`,
	`"2026-01-02"`, `"2026-01-02T03:04:05Z"`, `"en"`, `"en-US"`, `"zh-Hant-TW"`, `"a.b.c"`, `"a..c"`, `"a.b.c\n"`,
	`"\ud83c\udf93 \u0645\u0631\u062d\u0628\u0627"`, `"𝒳"`, `"\u0000"`, `"Prof\u0069le"`, `"Profile"`, `"Image"`,
	`[]`, `[[]]`, `[["word"]]`, `["word"]`, `[null]`, `[1,"word"]`, `[{}]`, `[[[[{}]]]]`,
	`{}`, `{"en":"text"}`, `{"en":"a","de-AT":"b"}`, `{"en":{}}`, `{"en":["a"]}`, `{"e\u006e":"a"}`, `{"en\n":"a"}`, `{"EN":"a"}`, `{"":"a"}`,
	`{"id":"urn:x"}`, `{"id":"urn:x","type":"word"}`, `{"id":"urn:x","type":["Profile"]}`, `{"id":"urn:x","type":"Image"}`,
	`{"@value":"text","@language":"en"}`, `{"@value":1}`, `{"type":["Profile"],"id":{"en":"a"}}`,
	`"https://www.w3.org/ns/credentials/v2"`, `"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"`,
	`["https://www.w3.org/ns/credentials/v2"]`, `["https://www.w3.org/ns/credentials/v2",{}]`,
	`["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context.json",{"x":"urn:x"},7]`,
	`["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1-3.1.2.json",{"x":"urn:x"}]`,
}

// disturb makes n changes anywhere in a tree.
func disturb(r *rand.Rand, doc any, n int) any {
	for range n {
		doc = disturbOnce(r, doc)
	}
	return doc
}

// disturbOnce walks to a place at random and changes what stands there.
func disturbOnce(r *rand.Rand, v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 || r.IntN(12) == 0 {
			return another(r, v)
		}
		name := pick(r, slices.Sorted(maps.Keys(v)))
		switch r.IntN(16) {
		case 0:
			delete(v, name)
		case 1:
			v["unknown\u00a0member"] = json.RawMessage(pick(r, oddities))
		case 2:
			v[name+"s"] = v[name]
		default:
			v[name] = disturbOnce(r, v[name])
		}
		return v
	case []any:
		if len(v) == 0 || r.IntN(6) == 0 {
			return another(r, v)
		}
		i := r.IntN(len(v))
		v[i] = disturbOnce(r, v[i])
		return v
	}
	return another(r, v)
}

func another(r *rand.Rand, v any) any {
	if r.IntN(2) == 0 {
		return json.RawMessage(pick(r, oddities))
	}
	return pick(r, others(v))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }
