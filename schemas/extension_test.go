package schemas

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

const sampleURL = "https://tram.example/contexts/v1.json"

const sampleContext = `{"@context": {"@version": 1.1, "@protected": true,
	"id": "@id", "kind": {"@id": "@type", "@protected": false},
	"tram": "https://tram.example/ns#",
	"ns": {"@id": "https://tram.example/ns/x", "@prefix": true},
	"also": "tram",
	"line": {"@id": "tram:line", "@type": "tram:number"},
	"plan": {"@id": "tram:plan", "@type": "@json"},
	"stops": {"@id": "tram:stops", "@container": ["@set"], "@type": "@id"},
	"route": {"@id": "tram:route", "@container": "@list", "@context": {"@propagate": false, "stop": "tram:stop"}},
	"proofs": {"@id": "tram:proofs", "@container": ["@set", "@graph"]},
	"free": {"@id": "tram:free", "@context": null}},
	"description": "not read"}`

func TestReadExtension(t *testing.T) {
	got, err := ReadExtension(sampleURL, []byte(sampleContext))
	if err != nil {
		t.Fatal(err)
	}
	stop := &Context{Propagation: NotPropagated, Terms: []Term{{Name: "stop", IRI: "tram:stop"}}}
	want := &Context{URL: sampleURL, Version: "1.1", Protected: true, Terms: []Term{
		{Name: "id", IRI: "@id", Protected: true},
		{Name: "kind", IRI: "@type"},
		{Name: "tram", IRI: "https://tram.example/ns#", Prefix: true, Protected: true},
		{Name: "ns", IRI: "https://tram.example/ns/x", Prefix: true, Protected: true},
		{Name: "also", IRI: "tram", Prefix: true, Protected: true},
		{Name: "line", IRI: "tram:line", Type: "tram:number", Protected: true},
		{Name: "plan", IRI: "tram:plan", Type: "@json", Protected: true},
		{Name: "stops", IRI: "tram:stops", Type: "@id", Container: "@set", Protected: true},
		{Name: "route", IRI: "tram:route", Container: "@list", Scope: stop, Protected: true},
		{Name: "proofs", IRI: "tram:proofs", Container: "@graph", Protected: true},
		{Name: "free", IRI: "tram:free", Reset: true, Protected: true},
	}}
	if !reflect.DeepEqual(got.Table, want) {
		t.Errorf("got %+v\nwant %+v", got.Table, want)
	}
	if string(got.Document) != sampleContext {
		t.Error("the bytes are others")
	}
}

// TestReadExtensionEqualsTables reads each context that we hold as if it were
// added, and gets the table of it.
func TestReadExtensionEqualsTables(t *testing.T) {
	for _, h := range held {
		document, _ := ContextDocument(h.url)
		x, err := ReadExtension(h.url, document)
		if err != nil {
			t.Errorf("%s: %v", h.url, err)
			continue
		}
		table, _ := ContextTable(h.url)
		if g, w := string(encode(normalTable(x.Table))), string(encode(normalTable(table))); g != w {
			t.Errorf("%s: got\n%s\nwant\n%s", h.url, g, w)
		}
	}
}

// TestReadExtensionRefuses has what a Context has no room for, and where it is.
func TestReadExtensionRefuses(t *testing.T) {
	for _, c := range []struct{ name, context, want string }{
		{"null", `null`, "/@context: a context is an object"},
		{"a list", `[{"a":"urn:a"}]`, "/@context: a context that is a list"},
		{"another context", `"https://www.w3.org/ns/credentials/v2"`, "/@context: a context that names another"},
		{"a number", `1`, "/@context: a context is an object"},
		{"version 1.0", `{"@version":1.0}`, "/@context/@version: the version is 1.1"},
		{"version as text", `{"@version":"1.1"}`, "/@context/@version: the version is 1.1"},
		{"odd @protected", `{"@protected":1}`, "/@context/@protected: @protected is true or false"},
		{"odd @propagate", `{"@propagate":null}`, "/@context/@propagate: @propagate is true or false"},
		{"no propagation at the root", `{"@propagate":false}`, "/@context/@propagate: @propagate false is not supported here"},
		{"@vocab", `{"@vocab":"https://a.example/"}`, "/@context/@vocab: @vocab is not supported"},
		{"@vocab in a scope", `{"T":{"@id":"urn:t","@context":{"@vocab":"urn:"}}}`, "/@context/T/@context/@vocab: @vocab is not supported"},
		{"@base", `{"@base":"https://a.example/"}`, "/@context/@base: @base is not supported"},
		{"@language", `{"@language":"en"}`, "/@context/@language: @language is not supported"},
		{"@direction", `{"@direction":"rtl"}`, "/@context/@direction: @direction is not supported"},
		{"@import", `{"@import":"https://a.example/"}`, "/@context/@import: @import is not supported"},
		{"a redefined keyword", `{"@type":{"@container":"@set"}}`, "/@context/@type: @type is not supported"},
		{"like a keyword", `{"@ignore":"urn:a"}`, "/@context/@ignore: @ignore is not supported"},
		{"an empty term", `{"":"urn:a"}`, `/@context/: "" cannot be a term`},
		{"a compact IRI as a term", `{"a:b":"urn:a"}`, `/@context/a:b: "a:b" cannot be a term`},
		{"an address as a term", `{"a/b":"urn:a"}`, `/@context/a~1b: "a/b" cannot be a term`},
		{"undefined", `{"name":null}`, `/@context/name: the term "name" is defined by a string or an object`},
		{"a term that is a list", `{"a":["urn:a"]}`, `/@context/a: the term "a" is defined by a string or an object`},
		{"no @id", `{"a":{"@type":"@id"}}`, `/@context/a: the term "a" has no @id`},
		{"null @id", `{"a":{"@id":null}}`, "/@context/a/@id: a term stands for an address"},
		{"relative @id", `{"a":{"@id":"b/c"}}`, `/@context/a: the term "a": "b/c" is neither an absolute IRI nor a term beside it`},
		{"fragment", `{"a":"#a"}`, `/@context/a: the term "a": "#a" is neither`},
		{"a term elsewhere", `{"a":"name"}`, `/@context/a: the term "a": "name" is neither`},
		{"itself", `{"a":"a"}`, `/@context/a: the term "a": "a" is neither`},
		{"a cycle", `{"a":"b","b":"c","c":"a"}`, `/@context/a: the term "a": "b" is neither`},
		{"an alias of @value", `{"a":"@value"}`, `/@context/a: "@value" is not supported as the meaning of a term`},
		{"an alias of @graph", `{"a":{"@id":"@graph"}}`, `/@context/a/@id: "@graph" is not supported as the meaning`},
		{"an alias of what is no keyword", `{"a":"@foo"}`, `/@context/a: "@foo" is not supported as the meaning`},
		{"an alias of an alias", `{"a":"id","id":"@id"}`, `/@context/a: the term "a" stands for one that stands for @id`},
		{"an alias with a type", `{"a":{"@id":"@id","@type":"@id"}}`, `/@context/a: the term "a" stands for @id and can have nothing else`},
		{"@reverse", `{"a":{"@reverse":"urn:a"}}`, `/@context/a: the term "a" has no @id`},
		{"@reverse beside @id", `{"a":{"@id":"urn:a","@reverse":"urn:a"}}`, `/@context/a/@reverse: the term "a": @reverse is not supported`},
		{"@nest", `{"a":{"@id":"urn:a","@nest":"@nest"}}`, `/@context/a/@nest: the term "a": @nest is not supported`},
		{"an alias of @nest", `{"a":"@nest"}`, `/@context/a: "@nest" is not supported`},
		{"@index", `{"a":{"@id":"urn:a","@index":"urn:i"}}`, `/@context/a/@index: the term "a": @index is not supported`},
		{"@language of a term", `{"a":{"@id":"urn:a","@language":"en"}}`, `/@context/a/@language: the term "a": @language is not supported`},
		{"@direction of a term", `{"a":{"@id":"urn:a","@direction":"rtl"}}`, `/@context/a/@direction: the term "a": @direction is not supported`},
		{"an index map", `{"a":{"@id":"urn:a","@container":"@index"}}`, `/@context/a/@container: the term "a": the container "@index" is not supported`},
		{"an id map", `{"a":{"@id":"urn:a","@container":["@graph","@id"]}}`, `/@context/a/@container/1: the term "a": the container "@id" is not supported`},
		{"a type map", `{"a":{"@id":"urn:a","@container":"@type"}}`, `the container "@type" is not supported`},
		{"a language map", `{"a":{"@id":"urn:a","@container":["@language"]}}`, `the container "@language" is not supported`},
		{"a null container", `{"a":{"@id":"urn:a","@container":null}}`, `the container null is not supported`},
		{"no container", `{"a":{"@id":"urn:a","@container":[]}}`, `/@context/a/@container: the term "a": these containers do not go together`},
		{"a list and a set", `{"a":{"@id":"urn:a","@container":["@list","@set"]}}`, `these containers do not go together`},
		{"a container twice", `{"a":{"@id":"urn:a","@container":["@set","@set"]}}`, `the container "@set" is not supported`},
		{"@none", `{"a":{"@id":"urn:a","@type":"@none"}}`, `/@context/a/@type: the term "a": this type of values is not supported`},
		{"null type", `{"a":{"@id":"urn:a","@type":null}}`, `this type of values is not supported`},
		{"relative type", `{"a":{"@id":"urn:a","@type":"date"}}`, `/@context/a: the term "a": the type "date" is neither`},
		{"odd @prefix", `{"a":{"@id":"urn:a","@prefix":"yes"}}`, "/@context/a/@prefix: @prefix is true or false"},
		{"odd @protected of a term", `{"a":{"@id":"urn:a","@protected":"yes"}}`, "/@context/a/@protected: @protected is true or false"},
		{"a scope that names a context", `{"T":{"@id":"urn:t","@context":"https://www.w3.org/ns/credentials/v2"}}`, "/@context/T/@context: a context that names another"},
		{"a scope that is a list", `{"T":{"@id":"urn:t","@context":[null]}}`, "/@context/T/@context: a context that is a list"},
		{"a term defined anew within itself", `{"a":{"@id":"urn:a","@context":{"a":"urn:b"}}}`, `/@context/a/@context: the term "a" is defined anew in its own context`},
		{"a term twice", `{"a":"urn:a","a":"urn:b"}`, "a"},
		{"too many terms", `{` + manyTerms(maxExtensionTerms+1) + `}`, "the context has more than 2000 terms"},
	} {
		x, err := ReadExtension(sampleURL, []byte(`{"@context":`+c.context+`}`))
		if err == nil || x != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	for _, url := range []string{"", "https://", "http://tram.example/v1", "https://tram.example/v1#a", "urn:a", "https://tram.example/a b"} {
		if _, err := ReadExtension(url, []byte(sampleContext)); err == nil {
			t.Errorf("%q is taken for the address of a context", url)
		}
	}
	for _, document := range []string{``, `[]`, `{}`, `{"@graph":[]}`, `{"@context":{}} `[:14], "\xef\xbb\xbf" + sampleContext, strings.Repeat("[", 100_000)} {
		if _, err := ReadExtension(sampleURL, []byte(document)); err == nil {
			t.Errorf("%.40q is taken for a context", document)
		}
	}
}

func manyTerms(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"t%d":"urn:a"`, i))
	}
	return strings.Join(all, ",")
}

// FuzzReadExtension: what is read has terms that each say something.
func FuzzReadExtension(f *testing.F) {
	f.Add([]byte(sampleContext))
	small := 0
	for _, h := range held {
		if document, _ := ContextDocument(h.url); len(document) < 2000 { // large ones take the fuzzer's time
			f.Add(document)
			small++
		}
	}
	if small < 3 {
		f.Fatalf("%d contexts as seeds", small)
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		x, err := ReadExtension(sampleURL, document)
		if err != nil {
			if x != nil || err.Error() == "" {
				t.Fatalf("%v with %q", x, err)
			}
			return
		}
		if x.Table.URL != sampleURL || string(x.Document) != string(document) {
			t.Fatal("another context")
		}
		eachTerm(x.Table, func(term Term) {
			if term.Name == "" || term.IRI == "" || strings.HasPrefix(term.Name, "@") || term.Reset && term.Scope != nil {
				t.Fatalf("%+v", term)
			}
		})
	})
}

func eachTerm(c *Context, f func(Term)) {
	for _, term := range c.Terms {
		f(term)
		if term.Scope != nil {
			eachTerm(term.Scope, f)
		}
	}
}
