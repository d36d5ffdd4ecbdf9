// Package jsonwritertest fills what is written by hand with random values, for tests
// that hold the bytes to those of encoding/json.
package jsonwritertest

import (
	"encoding/json"
	"math"
	"reflect"

	"pgregory.net/rapid"

	"laurel/internal/strictjson"
)

// Fill puts random values into every exported field that it finds behind a pointer,
// depth pointers and lists deep: a field that is added is in the test from the first
// day. A kind of field that it does not know fails the test.
func Fill(t *rapid.T, into any, depth int) {
	filler{t, rapid.OneOf(
		rapid.SampledFrom([]string{"", "a", "Ana Example", "a\"b\\c/d", "<b>&amp;</b>", "\x00\x01\b\f\n\r\t\x1f\x7f", "é…\u2028\u2029\ufffd",
			"\xff", "a\xc3", "\xed\xa0\x80", "😀", "\xf0\x9f\x98"}),
		rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))}.fill(reflect.ValueOf(into).Elem(), depth)
}

type filler struct {
	*rapid.T
	texts *rapid.Generator[string]
}

// whole fills what is written as it stands.
func (f filler) whole(v reflect.Value) bool {
	switch to := v.Addr().Interface().(type) {
	case *strictjson.Value:
		parsed, err := strictjson.Parse([]byte(`{ "a": [1.50, "<\u2028>"] }`), strictjson.Limits{})
		if err != nil {
			f.Fatal(err)
		}
		*to = parsed
	case *json.RawMessage:
		*to = rapid.SampledFrom([]json.RawMessage{nil, json.RawMessage(`"a.b.c"`), json.RawMessage("{ \"a\" : [1.50, \"<\u2028>\"]\n}")}).Draw(f.T, "document")
	default:
		return false
	}
	return true
}

func (f filler) fill(v reflect.Value, depth int) {
	if f.whole(v) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(f.texts.Draw(f.T, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(f.T, "bool"))
	case reflect.Float64:
		v.SetFloat(rapid.OneOf(rapid.Float64Range(-1e7, 1e7), rapid.SampledFrom([]float64{0, 1, 4.5, 1e-6, 9.9e-7, 1e20, 1e21, -1e21, 5e-324, math.MaxFloat64}), rapid.Float64()).Draw(f.T, "number"))
	case reflect.Map:
		v.Set(reflect.ValueOf(rapid.MapOfN(f.texts, f.texts, 0, 12).Draw(f.T, "texts")))
	case reflect.Pointer:
		if depth > 0 && rapid.IntRange(0, 2).Draw(f.T, "there") > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), depth-1)
		}
	case reflect.Slice:
		if n := rapid.IntRange(-1, 3).Draw(f.T, "length"); n >= 0 && depth > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				f.fill(v.Index(i), depth-1)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && rapid.IntRange(0, 3).Draw(f.T, "filled") > 0 {
				f.fill(v.Field(i), depth)
			}
		}
	default:
		f.Fatalf("there is a %v, which this test does not know", v.Type())
	}
}
