package jsonschema_test

import (
	"errors"
	"strings"
	"testing"

	"laurel/internal/jsonschema"
	"laurel/internal/strictjson"
)

const url = "https://schemas.example.org/badge.json"

func check(t *testing.T, schema, document string, held ...string) error {
	t.Helper()
	v, err := strictjson.Parse([]byte(document), strictjson.Limits{Bytes: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	return jsonschema.Check(v, []string{"iss"}, []byte(schema), url, func(u string) ([]byte, bool) {
		if len(held) > 0 && u == "https://held.example/s" {
			return []byte(held[0]), true
		}
		return nil, false
	})
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		schema, document string
		pointer, keyword string // of a mismatch
		err              error
	}{
		"met":                   {schema: `{"type":"object","required":["a"]}`, document: `{"a":1}`},
		"draft 2019-09":         {schema: `{"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"a":{"type":"integer"}}}`, document: `{"a":7}`},
		"draft 7":               {schema: `{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"n":{"type":"number"}},"properties":{"a":{"$ref":"#/definitions/n"}}}`, document: `{"a":"x"}`, pointer: "/a", keyword: "type"},
		"missing":               {schema: `{"required":["a"]}`, document: `{"b":1}`, keyword: "required"},
		"deep":                  {schema: `{"properties":{"a":{"items":{"minLength":3}}}}`, document: `{"a":["abc","x/"]}`, pointer: "/a/1", keyword: "minLength"},
		"a claim is no member":  {schema: `{"properties":{"a":true},"additionalProperties":false}`, document: `{"a":1,"iss":"x"}`},
		"pattern":               {schema: `{"properties":{"a":{"pattern":"^b+$"}}}`, document: `{"a":"bbbc"}`, pointer: "/a", keyword: "pattern"},
		"no backtracking":       {schema: `{"properties":{"a":{"pattern":"^(b+)+$"}}}`, document: `{"a":"` + strings.Repeat("b", 5000) + `c"}`, pointer: "/a", keyword: "pattern"},
		"refers to what is not": {schema: `{"$ref":"https://other.example/s"}`, document: `{}`, err: jsonschema.ErrUnsupported},
		"refers to a file":      {schema: `{"$ref":"file:///etc/passwd"}`, document: `{}`, err: jsonschema.ErrUnsupported},
		"another language":      {schema: `{"$schema":"https://other.example/meta"}`, document: `{}`, err: jsonschema.ErrUnsupported},
		"no JSON":               {schema: `<html>`, document: `{}`, err: jsonschema.ErrUnsupported},
		"no schema":             {schema: `{"type":7}`, document: `{}`, err: jsonschema.ErrUnsupported},
		"look-around":           {schema: `{"properties":{"a":{"pattern":"(?=b)"}}}`, document: `{"a":"b"}`, err: jsonschema.ErrUnsupported},
		"number that explodes":  {schema: `{"properties":{"a":{"minimum":1e999999999}}}`, document: `{"a":-1e999999999}`, pointer: "/a", keyword: "minimum"},
	} {
		t.Run(name, func(t *testing.T) {
			err := check(t, c.schema, c.document)
			var m *jsonschema.Mismatch
			switch {
			case c.keyword != "":
				if !errors.As(err, &m) || m.Pointer != c.pointer || m.Keyword != c.keyword {
					t.Errorf("%v, want %q at %q", err, c.keyword, c.pointer)
				}
			case !errors.Is(err, c.err) || c.err == nil && err != nil:
				t.Errorf("%v, want %v", err, c.err)
			}
		})
	}
	if err := check(t, `{"$ref":"https://held.example/s"}`, `{}`, `{"required":["a"]}`); err == nil {
		t.Error("the held schema was not asked")
	}
}
