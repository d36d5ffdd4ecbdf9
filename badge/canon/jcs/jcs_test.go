package jcs_test

import (
	"errors"
	"testing"

	"laurel/badge/canon/jcs"
	"laurel/internal/strictjson"
)

func canonical(t *testing.T, raw string, omit ...string) (string, error) {
	t.Helper()
	v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out, err := jcs.Append([]byte(">"), v, omit...)
	if len(out) == 0 || out[0] != '>' {
		t.Fatalf("%q does not append", out)
	}
	return string(out[1:]), err
}

func TestAppend(t *testing.T) {
	for raw, want := range map[string]string{
		` { "b" : [ 1 , true , null , { } ] , "a" : "x" } `: `{"a":"x","b":[1,true,null,{}]}`,
		`"\u0000\b\t\n\f\r\u001f\"\\\/\u007f\u2028é"`:       "\"\\u0000\\b\\t\\n\\f\\r\\u001f\\\"\\\\/\u007f\u2028é\"",
		// UTF-16 order: a surrogate stands before U+E000.
		"{\"\ue000\":1,\"\U0001f600\":2,\"\U00010000\":3,\"é\":4,\"\":5}": "{\"\":5,\"é\":4,\"\U00010000\":3,\"\U0001f600\":2,\"\ue000\":1}",
		`[0,-0,-0.0,1.0,1e2,10e-1]`:                                       `[0,0,0,1,100,1]`,
		`[1e21,1e20,123456789012345680000,-1e21]`:                         `[1e+21,100000000000000000000,123456789012345680000,-1e+21]`,
		`[1e-6,1e-7,-1.5e-10,5e-324,1.7976931348623157e308]`:              `[0.000001,1e-7,-1.5e-10,5e-324,1.7976931348623157e+308]`,
		`[0.1,333333333.33333329,4.50,2e-3,9007199254740993]`:             `[0.1,333333333.3333333,4.5,0.002,9007199254740992]`,
		`{"aa":1,"a":2,"b":3}`:                                            `{"a":2,"aa":1,"b":3}`,
	} {
		if got, err := canonical(t, raw); err != nil || got != want {
			t.Errorf("%s: %v\ngot  %s\nwant %s", raw, err, got, want)
		}
	}
}

func TestOmit(t *testing.T) {
	got, err := canonical(t, `{"proof":1,"a":{"proof":2}}`, "proof")
	if want := `{"a":{"proof":2}}`; err != nil || got != want {
		t.Errorf("got %s %v, want %s", got, err, want)
	}
}

func TestNumberTooLarge(t *testing.T) {
	if got, err := canonical(t, `{"a":[1e400]}`); !errors.Is(err, jcs.ErrNumber) {
		t.Errorf("got %s, %v", got, err)
	}
}
