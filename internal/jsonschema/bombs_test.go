//go:build !race

// One goroutine: the race detector has nothing to see here, and takes a quarter of a minute.

package jsonschema_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"laurel/internal/jsonschema"
)

// TestBombs: what would take longer than anybody lives is stopped.
func TestBombs(t *testing.T) {
	double := func(ref, defs, draft string, leaf string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `{"$schema":%q,"%s":{"d40":%s`, draft, defs, leaf)
		for i := range 40 {
			fmt.Fprintf(&b, `,"d%d":{"%s":[{"$ref":"#/%s/d%d"},{"$ref":"#/%[3]s/d%[4]d"}]}`, i, ref, defs, i+1)
		}
		fmt.Fprintf(&b, `},"allOf":[{"$ref":"#/%s/d0"}]}`, defs)
		return b.String()
	}
	const d2019, d7 = "https://json-schema.org/draft/2019-09/schema", "http://json-schema.org/draft-07/schema#"
	many := `{"a":[` + strings.TrimSuffix(strings.Repeat(`"`+strings.Repeat("b", 900)+`",`, 1000), ",") + `]}`
	for name, c := range map[string][2]string{
		"allOf":       {double("allOf", "$defs", d2019, `{"type":"object"}`), `{}`},
		"allOf, not":  {double("allOf", "$defs", d2019, `{"type":"string"}`), `{}`},
		"anyOf fails": {double("anyOf", "$defs", d2019, `{"type":"string"}`), `{}`},
		"oneOf":       {double("oneOf", "$defs", d2019, `{}`), `{}`},
		"draft 7":     {double("allOf", "definitions", d7, `{}`), `{}`},
		"draft 7 any": {double("anyOf", "definitions", d7, `{"type":"string"}`), `{}`},
		"patterns":    {`{"properties":{"a":{"items":{"pattern":"(b{0,30}){0,30}c"}}}}`, many},
	} {
		t.Run(name, func(t *testing.T) {
			if err := check(t, c[0], c[1]); !errors.Is(err, jsonschema.ErrOverBudget) {
				t.Errorf("%v", err)
			}
		})
	}
}
