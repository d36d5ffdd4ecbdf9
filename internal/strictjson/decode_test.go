package strictjson_test

import (
	"errors"
	"reflect"
	"testing"

	"laurel/internal/strictjson"
)

type inner struct {
	ID   string   `json:"id"`
	Tags []string `json:"tags"`
}

type outer struct {
	Name  string            `json:"name"`
	N     *float64          `json:"n"`
	Count int               `json:"count"`
	On    bool              `json:"on"`
	In    *inner            `json:"in"`
	Many  []inner           `json:"many"`
	Map   map[string]string `json:"map"`
	Any   strictjson.Value  `json:"any"`
	Hide  string            `json:"-"`
}

func parse(t *testing.T, s string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(s), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestDecode(t *testing.T) {
	var o outer
	err := strictjson.Decode(parse(t, `{"name":"a","n":1.5,"count":3,"on":true,"in":{"id":"x","tags":["p"]},"many":[{"id":"y"}],"map":{"k":"v"},"any":[1]}`), &o)
	if err != nil {
		t.Fatal(err)
	}
	if o.Name != "a" || *o.N != 1.5 || o.Count != 3 || !o.On || o.In.Tags[0] != "p" || o.Many[0].ID != "y" || o.Map["k"] != "v" || o.Any.Raw() != "[1]" {
		t.Fatalf("decoded %+v", o)
	}
}

func TestDecodeRefuses(t *testing.T) {
	for in, pointer := range map[string]string{
		`{"Name":"a"}`:               "/Name",
		`{"Hide":"a"}`:               "/Hide",
		`{"name":1}`:                 "/name",
		`{"name":null}`:              "/name",
		`{"n":"1"}`:                  "/n",
		`{"count":1.5}`:              "/count",
		`{"count":1e400}`:            "/count",
		`{"n":1e400}`:                "/n",
		`{"on":"true"}`:              "/on",
		`{"in":{"id":"x","more":1}}`: "/in/more",
		`{"many":{"id":"x"}}`:        "/many",
		`{"many":[{"tags":[1]}]}`:    "/many/0/tags/0",
		`{"map":{"a/b":1}}`:          "/map/a~1b",
		`[]`:                         "",
	} {
		var o outer
		var e *strictjson.MemberError
		if err := strictjson.Decode(parse(t, in), &o); !errors.As(err, &e) || e.Pointer != pointer {
			t.Errorf("%s: %v, want an error at %q", in, err, pointer)
		}
	}
}

func TestViewTakesWhatFits(t *testing.T) {
	var o outer
	strictjson.View(parse(t, `{"name":{"@value":"a"},"n":"1.5","in":"urn:x","many":["urn:y",3,{"id":"z","tags":"one"}],"unknown":1,"on":1}`), &o)
	if o.Name != "" || o.N != nil || o.On || o.In.ID != "urn:x" {
		t.Errorf("viewed %+v", o)
	}
	if len(o.Many) != 2 || o.Many[0].ID != "urn:y" || o.Many[1].Tags[0] != "one" {
		t.Errorf("many %+v", o.Many)
	}
}

// TestViewedLists: of a list a view has what fits, and a list that nothing fits
// into is told from none.
func TestViewedLists(t *testing.T) {
	for in, want := range map[string]outer{
		`{"in":{"tags":["a",1,null,{"b":"c"},["d"],true,"\u00e9"]}}`: {In: &inner{Tags: []string{"a", "é"}}},
		`{"in":{"tags":"one"}}`: {In: &inner{Tags: []string{"one"}}},
		`{"in":{"tags":[]}}`:    {In: &inner{Tags: []string{}}},
		`{"in":{"tags":3}}`:     {In: &inner{Tags: []string{}}},
		`{"in":{"tags":null}}`:  {In: &inner{}},
		`{"many":[3,{"id":"a","tags":["b"]},[1],{"tags":1}]}`: {Many: []inner{{ID: "a", Tags: []string{"b"}}, {Tags: []string{}}}},
		`{"many":[[1]]}`: {Many: []inner{}},
		`{"many":null}`:  {},
	} {
		var got outer
		strictjson.View(parse(t, in), &got)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %#v, want %#v", in, got, want)
		}
	}
}
