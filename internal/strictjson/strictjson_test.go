package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"laurel/internal/strictjson"
)

func TestRefuses(t *testing.T) {
	deep := strings.Repeat("[", 65) + strings.Repeat("]", 65)
	for name, c := range map[string]struct {
		in     string
		reason strictjson.Reason
	}{
		"empty":                {"", strictjson.Syntax},
		"blank":                {" \n", strictjson.Syntax},
		"two values":           {"{} {}", strictjson.Syntax},
		"trailing comma":       {`{"a":1,}`, strictjson.Syntax},
		"trailing comma array": {`[1,]`, strictjson.Syntax},
		"leading zero":         {`01`, strictjson.Syntax},
		"plus":                 {`+1`, strictjson.Syntax},
		"bare point":           {`1.`, strictjson.Syntax},
		"bare exponent":        {`1e`, strictjson.Syntax},
		"minus":                {`-`, strictjson.Syntax},
		"NaN":                  {`NaN`, strictjson.Syntax},
		"single quotes":        {`{'a':1}`, strictjson.Syntax},
		"comment":              {`{}//`, strictjson.Syntax},
		"raw control":          {"\"a\x01\"", strictjson.Syntax},
		"raw control escaped":  {"\"\\na\x01\"", strictjson.Syntax},
		"bad escape":           {`"\x"`, strictjson.Syntax},
		"short u":              {`"\u12"`, strictjson.Syntax},
		"open string":          {`"abc`, strictjson.Syntax},
		"open escaped string":  {`"\nabc`, strictjson.Syntax},
		"no colon":             {`{"a" 1}`, strictjson.Syntax},
		"no name":              {`{1:1}`, strictjson.Syntax},
		"wrong closer":         {`[1}`, strictjson.Syntax},
		"only opened":          {`{`, strictjson.Syntax},
		"byte order mark":      {"\ufeff{}", strictjson.Encoding},
		"invalid UTF-8":        {"\"a\xff\"", strictjson.Encoding},
		"CESU surrogate":       {"\"\xed\xa0\x80\"", strictjson.Encoding},
		"lone high":            {`"\ud800"`, strictjson.Encoding},
		"lone low":             {`"\udc00"`, strictjson.Encoding},
		"high then letter":     {`"\ud800\u0041"`, strictjson.Encoding},
		"two highs":            {`"\ud800\ud800"`, strictjson.Encoding},
		"duplicate":            {`{"a":1,"a":2}`, strictjson.Duplicate},
		"escaped duplicate":    {`{"a":1,"\u0061":2}`, strictjson.Duplicate},
		"nested duplicate":     {`{"x":[{"a":1,"b":{},"a":2}]}`, strictjson.Duplicate},
		"too deep":             {deep, strictjson.TooDeep},
		"ten megabytes of [":   {strings.Repeat("[", 10<<20), strictjson.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := strictjson.Parse([]byte(c.in), strictjson.Limits{})
			var e *strictjson.Error
			if !errors.As(err, &e) {
				t.Fatalf("Parse = %v, %v; want an error", v.Kind(), err)
			}
			if e.Reason != c.reason {
				t.Errorf("reason = %v, want %v (%v)", e.Reason, c.reason, err)
			}
			if v.Exists() {
				t.Error("a value came with the error")
			}
			if e.Offset < 0 || e.Offset > len(c.in) {
				t.Errorf("offset %d lies outside of the source", e.Offset)
			}
		})
	}
}

func TestDuplicateInLargeObject(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 1000 {
		fmt.Fprintf(&b, `"k%d":%d,`, i, i)
	}
	good := b.String() + `"last":0}`
	if _, err := strictjson.Parse([]byte(good), strictjson.Limits{}); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"k0", "k23", "k24", "k999"} {
		_, err := strictjson.Parse([]byte(b.String()+`"`+k+`":0}`), strictjson.Limits{})
		var e *strictjson.Error
		if !errors.As(err, &e) || e.Reason != strictjson.Duplicate {
			t.Errorf("%s twice: %v", k, err)
		}
	}
}

func TestPointerOfAnError(t *testing.T) {
	_, err := strictjson.Parse([]byte(`{"a":[0,{"b/c":{"d":1,"d":2}}]}`), strictjson.Limits{})
	var e *strictjson.Error
	if !errors.As(err, &e) || e.Pointer != "/a/1/b~1c" {
		t.Fatalf("error %#v, want pointer /a/1/b~1c", err)
	}
}

func TestNodeLimit(t *testing.T) {
	if _, err := strictjson.Parse([]byte(`[1,2,3]`), strictjson.Limits{Nodes: 4}); err != nil {
		t.Fatal(err)
	}
	_, err := strictjson.Parse([]byte(`[1,2,3]`), strictjson.Limits{Nodes: 3})
	var e *strictjson.Error
	if !errors.As(err, &e) || e.Reason != strictjson.TooLarge {
		t.Fatalf("err = %v", err)
	}
}

func TestReading(t *testing.T) {
	src := []byte(` {"s":"a\u00e9\ud83d\ude00\n","n":-1.50e+3,"t":true,"f":false,"z":null,"a":[1,[2,3],{"x":"y"}],"o":{},"":0} `)
	v, err := strictjson.Parse(src, strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	src[3] = 'X' // the tree must not share the caller's bytes
	if got := v.Get("s").Text(); got != "aé😀\n" {
		t.Errorf("s = %q", got)
	}
	if got := v.Get("n").Raw(); got != "-1.50e+3" {
		t.Errorf("n = %q", got)
	}
	if !v.Get("t").Bool() || v.Get("f").Bool() || !v.Get("f").IsBool() || v.Get("z").IsBool() {
		t.Error("booleans")
	}
	if v.Get("z").Kind() != strictjson.Null || v.Get("S").Exists() || v.Get("z").Get("q").Exists() {
		t.Error("null, other case, or member of a scalar")
	}
	if v.Len() != 8 || v.Get("a").Len() != 3 || v.Get("o").Len() != 0 {
		t.Error("lengths")
	}
	var names []string
	for name := range v.Members() {
		names = append(names, name)
	}
	if got := strings.Join(names, ","); got != "s,n,t,f,z,a,o," {
		t.Errorf("names %q", got)
	}
	var parts []string
	for i, e := range v.Get("a").Elements() {
		parts = append(parts, fmt.Sprintf("%d=%s", i, e.Raw()))
	}
	if got := strings.Join(parts, ";"); got != `0=1;1=[2,3];2={"x":"y"}` {
		t.Errorf("elements %q", got)
	}
	for _, e := range v.Get("s").Each() {
		if e.Raw() != v.Get("s").Raw() {
			t.Error("Each of a scalar is the scalar")
		}
	}
}

// FuzzParse holds two things: what we take encoding/json takes too, with the
// same meaning, and nothing panics. The seeds are asserted in TestRefuses.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,2,{"b":"\u0041"}]}`, `"\ud83d\ude00"`, `[]`, `-0.0e-1`, `{"":{"":null}}`, `[[[[]]]]`, "\xff", `{"a":1,"a":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := strictjson.Parse(raw, strictjson.Limits{Bytes: 1 << 16})
		if err != nil {
			return
		}
		var want any
		dec := json.NewDecoder(strings.NewReader(string(raw)))
		dec.UseNumber()
		if err := dec.Decode(&want); err != nil {
			t.Fatalf("taken here, refused by encoding/json: %v", err)
		}
		if got, want := render(v), rendered(t, want); got != want {
			t.Fatalf("read %s, encoding/json reads %s", got, want)
		}
	})
}

func render(v strictjson.Value) string {
	var b strings.Builder
	switch v.Kind() {
	case strictjson.Object:
		fmt.Fprintf(&b, "{%d", v.Len())
		for k, e := range v.Members() {
			fmt.Fprintf(&b, "%q:%s,", k, render(e))
		}
		return sortMembers(b.String())
	case strictjson.Array:
		b.WriteString("[")
		for _, e := range v.Elements() {
			b.WriteString(render(e) + ",")
		}
		return b.String() + "]"
	case strictjson.String:
		return fmt.Sprintf("%q", v.Text())
	}
	return v.Raw()
}

// sortMembers keeps only the length of an object's rendering: its order is not
// encoding/json's to keep, and lengths differ whenever a member does.
func sortMembers(s string) string { return fmt.Sprintf("{%d}", len(s)) }

func rendered(t *testing.T, v any) string {
	switch v := v.(type) {
	case map[string]any:
		var b strings.Builder
		fmt.Fprintf(&b, "{%d", len(v))
		for k, e := range v {
			fmt.Fprintf(&b, "%q:%s,", k, rendered(t, e))
		}
		return sortMembers(b.String())
	case []any:
		s := "["
		for _, e := range v {
			s += rendered(t, e) + ","
		}
		return s + "]"
	case string:
		return fmt.Sprintf("%q", v)
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return "null"
}

func BenchmarkParse(b *testing.B) {
	raw := []byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"https://badges.example/credentials/1","type":["VerifiableCredential","OpenBadgeCredential"],"credentialSubject":{"id":"urn:uuid:6f1d0f3a-0c0e-5b1e-9f63-000000000101","achievement":{"name":"Urban health","criteria":{"narrative":"Listed on the roster."}}}}`)
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := strictjson.Parse(raw, strictjson.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// TestNamesWithEscapes finds members by what their names mean, however they are
// written, and passes over others of the same length.
func TestNamesWithEscapes(t *testing.T) {
	v, err := strictjson.Parse([]byte(`{"abd":1,"\u0061bc":2,"x":[{"d\u00e9f":"ghi"},[{"j":{"klm":[]}}]],"":{}}`), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"abc": "2", "abd": "1", "ab": "", "abe": "", "abcd": "", "": "{}", `\u0061bc`: "", "déf": ""} {
		if got := v.Get(name).Raw(); got != want {
			t.Errorf("Get(%q) is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]bool{"abc": true, "déf": true, "klm": true, "ghi": false, "j": true, "": true, `d\u00e9f`: false, "abe": false} {
		if v.HasWithin("nothing", name) != want {
			t.Errorf("HasWithin(%q) is %t", name, !want)
		}
	}
	if x := v.Get("x"); x.HasWithin("abc") || x.HasWithin("x") || !x.HasWithin("klm") || v.Get("abc").HasWithin("abc") || (strictjson.Value{}).HasWithin("") {
		t.Error("HasWithin looks somewhere else than in the value")
	}
}
