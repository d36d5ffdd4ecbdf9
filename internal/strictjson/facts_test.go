package strictjson_test

import (
	"testing"

	"laurel/internal/strictjson"
)

func TestFacts(t *testing.T) {
	for text, want := range map[string]strictjson.Facts{
		`1`:        {},
		`"a:b"`:    {},
		`{}`:       {Depth: 1},
		`[[{}],1]`: {Depth: 3},
		`{"a@":"_a","b_":" _:x","c\"":"@d","long enough a name":"a: b: c: d: e: f","":""}`: {Depth: 1},
		`[null]`:                           {Depth: 1, Nulls: true},
		`{"a":[ ]}`:                        {Depth: 2, EmptyArrays: true},
		`123456789.12345`:                  {},
		`-123456789.12345`:                 {LongNumbers: true},
		`1e3`:                              {LongNumbers: true},
		`1E-3`:                             {LongNumbers: true},
		`"\\u0000\n"`:                      {},
		`"a\u0000"`:                        {Zeros: true},
		`{"a\u0000b":1}`:                   {Depth: 1, Zeros: true},
		`"_:"`:                             {BlankTexts: true},
		`["\u005f\u003ab"]`:                {Depth: 1, BlankTexts: true},
		`{"@a":{"\u0040b":1,"c":{"@":2}}}`: {Depth: 3, AtNames: 3},
		`{"_a":1}`:                         {Depth: 1, UnderscoreNames: true},
		`{"_:a":1}`:                        {Depth: 1, UnderscoreNames: true, ColonNames: true},
		`{"\u005fa":1}`:                    {Depth: 1, UnderscoreNames: true},
		`{"https://a.example/b":1}`:        {Depth: 1, ColonNames: true},
		`{"a":{"abcdefghijklmnop:":1}}`:    {Depth: 2, ColonNames: true},
		`{"a\"b\u003a":1}`:                 {Depth: 1, ColonNames: true},
		`{"a:\n":1}`:                       {Depth: 1, ColonNames: true},
	} {
		v := parse(t, text)
		if got := v.Facts(); got != want {
			t.Errorf("%s: %+v, want %+v", text, got, want)
		}
		for _, e := range v.Each() {
			if e.Facts() != want {
				t.Errorf("%s: a part of it tells other facts", text)
			}
		}
	}
	if (strictjson.Value{}).Facts() != (strictjson.Facts{}) {
		t.Error("no value has facts")
	}
}
