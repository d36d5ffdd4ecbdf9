package canon_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/schemas"
)

func extension(t testing.TB, url, document string) *schemas.Extension {
	t.Helper()
	x, err := schemas.ReadExtension(url, []byte(document))
	if err != nil {
		t.Fatalf("%v in %s", err, document)
	}
	return x
}

// withAdded makes a canonicaliser and an oracle with contexts added.
func withAdded(t testing.TB, contexts map[string][]byte) (*canon.Canonicalizer, gold) {
	t.Helper()
	g := newGold(t)
	var added []*schemas.Extension
	for _, url := range slices.Sorted(maps.Keys(contexts)) {
		added = append(added, extension(t, url, string(contexts[url])))
		doc, err := ld.DocumentFromReader(bytes.NewReader(contexts[url]))
		if err != nil {
			t.Fatal(err)
		}
		g[url] = doc
	}
	c, err := canon.NewWith(added...)
	if err != nil {
		t.Fatal(err)
	}
	return c, g
}

// goldAdded are the faults of json-gold that show under added contexts.
var goldAdded = []struct {
	name string
	has  func(contexts, text string, err error) bool
}{
	{"refuses scopes that may define protected terms anew", func(_, _ string, err error) bool {
		return err != nil && strings.Contains(err.Error(), "protected term")
	}},
	{"writes numbers as doubles within JSON literals", func(_, text string, _ error) bool {
		return strings.Contains(text, "22-rdf-syntax-ns#JSON>")
	}},
	{"takes the container of a term from its own context", func(contexts, _ string, _ error) bool {
		return strings.Contains(contexts, `"@context":null`)
	}},
}

// TestAddedAgainstGold compares documents under generated contexts with
// json-gold. .ci/run compares the same ones with npm jsonld.
func TestAddedAgainstGold(t *testing.T) {
	counts := map[string]int{}
	for seed := range few(600) {
		contexts, document := canontest.Added(seed)
		c, g := withAdded(t, contexts)
		ours, err := c.Canonicalize(canon.Input{Node: parse(t, string(document))})
		if err != nil {
			counts["refused by us"]++
			continue
		}
		theirs, err := g.canonicalize(document)
		what := "the same"
		if err != nil || theirs != string(ours) {
			what = "UNEXPLAINED"
		}
		for _, f := range goldAdded {
			if what == "UNEXPLAINED" && f.has(fmt.Sprintf("%s", contexts), string(ours), err) {
				what = "json-gold " + f.name
			}
		}
		if counts[what]++; what == "UNEXPLAINED" {
			t.Errorf("seed %d: %v\n%s\n%s\nonly ours\n%s\nonly theirs\n%s", seed, err, contexts, document, onlyIn(string(ours), theirs), onlyIn(theirs, string(ours)))
		}
	}
	t.Log(counts)
	if n := counts["the same"]; uint64(n) < few(600)/5 {
		t.Errorf("only %d are the same", n)
	}
}

const tram = "https://tram.example/contexts/v1.json"

// withTram is a badge that names an added context.
func withTram(members string) string {
	return `{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json","` + tram + `"],"id":"urn:x:1"` + members + `}`
}

// TestAdded has what documents mean, and why others are refused, under added
// contexts one by one.
func TestAdded(t *testing.T) {
	const tramNS = `"tram":"https://tram.example/ns#"`
	for name, r := range map[string]struct {
		context, members, want string
		kind                   canon.Kind
		pointer                string
	}{
		"a compact IRI":           {context: tramNS + `,"line":"tram:line"`, members: `,"line":7`, want: `<urn:x:1> <https://tram.example/ns#line> "7"^^<http://www.w3.org/2001/XMLSchema#integer> .`},
		"an alias of the id":      {context: `"ident":"@id","to":"urn:to"`, members: `,"to":{"ident":"urn:y"}`, want: `<urn:x:1> <urn:to> <urn:y> .`},
		"a JSON literal":          {context: `"plan":{"@id":"urn:plan","@type":"@json"}`, members: `,"plan":{"b":[1,null]}`, want: `<urn:x:1> <urn:plan> "{\"b\":[1,null]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		"a term for a term":       {context: `"b":"a","a":"urn:a"`, members: `,"b":"x"`, want: `<urn:x:1> <urn:a> "x" .`},
		"a prefix by its say":     {context: `"ex":{"@id":"urn:ex-","@prefix":true}`, members: `,"ex:p":"x"`, want: `<urn:x:1> <urn:ex-p> "x" .`},
		"no prefix by itself":     {context: `"ex":"urn:ex-"`, members: `,"ex:p":"x"`, want: `<urn:x:1> <ex:p> "x" .`},
		"a scope":                 {context: `"T":{"@id":"urn:T","@context":{"in":"urn:in"}}`, members: `,"type":"T","in":"x"`, want: `<urn:x:1> <urn:in> "x" .`},
		"a scope that reaches on": {context: `"to":"urn:to","T":{"@id":"urn:T","@context":{"@propagate":true,"in":"urn:in"}}`, members: `,"type":"T","to":{"id":"urn:y","in":"x"}`, want: `<urn:y> <urn:in> "x" .`},
		"a scope that does not":   {context: `"to":"urn:to","T":{"@id":"urn:T","@context":{"in":"urn:in"}}`, members: `,"type":"T","to":{"id":"urn:y","in":"x"}`, kind: canon.UndefinedTerm, pointer: "/to/in"},
		"a property's that stays": {context: `"to":{"@id":"urn:to","@context":{"@propagate":false,"in":"urn:in"}},"on":"urn:on"`, members: `,"to":{"on":{"in":"x"}}`, kind: canon.UndefinedTerm, pointer: "/to/on/in"},
		"all forgotten":           {context: `"free":{"@id":"urn:free","@context":null}`, members: `,"free":{"name":"x"}`, kind: canon.UndefinedTerm, pointer: "/free/name"},
		"all forgotten by a type": {context: `"F":{"@id":"urn:F","@context":null}`, members: `,"type":"F"`, kind: canon.Unsupported, pointer: "/type"},
		"a protected term of OB":  {context: `"Achievement":"urn:other"`, members: `,"name":"x"`, kind: canon.ContextFault, pointer: "/@context/2"},
		"a protected term of VC":  {context: `"VerifiableCredential":"urn:other"`, members: `,"name":"x"`, kind: canon.ContextFault, pointer: "/@context/2"},
		"a protected term alike":  {context: `"Evidence":{"@id":"urn:other"}`, members: `,"name":"x"`, kind: canon.ContextFault, pointer: "/@context/2"},
		"protected, within it":    {context: `"T":{"@id":"urn:T","@context":{"type":"urn:other"}}`, members: `,"type":"T"`, kind: canon.ContextFault, pointer: "/type"},
		"a property may redefine": {context: `"to":{"@id":"urn:to","@context":{"name":"urn:name"}}`, members: `,"to":{"id":"urn:y","name":"x"}`, want: `<urn:y> <urn:name> "x" .`},
		"JSON once a type ended":  {context: `"p":{"@id":"urn:p","@type":"@json"},"T":{"@id":"urn:T","@context":{"p":"urn:p"}}`, members: `,"type":"T","p":{"@set":[7,"x"]}`, want: `<urn:x:1> <urn:p> "7"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		"still no other term":     {context: `"line":"urn:line"`, members: `,"lime":"x"`, kind: canon.UndefinedTerm, pointer: "/lime"},
	} {
		c, err := canon.NewWith(extension(t, tram, `{"@context":{`+r.context+`}}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := c.Canonicalize(canon.Input{Node: parse(t, withTram(r.members))})
		switch {
		case r.kind != 0:
			check(t, err, r.kind, r.pointer)
		case err != nil || !strings.Contains("\n"+string(got), "\n"+r.want+"\n"):
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, r.want)
		}
	}
}

// TestAddedRefused has contexts that read well and do not compile.
func TestAddedRefused(t *testing.T) {
	for context, want := range map[string]string{
		`{"p":{"@id":"q:a"},"q":{"@id":"p:b"}}`:         "is defined by itself",
		`{"a":"_:b"}`:                                   "is no absolute IRI",
		`{"a":"urn:a b"}`:                               "is no absolute IRI",
		`{"a":{"@id":"urn:a","@type":"urn:a b"}}`:       "is no absolute IRI",
		`{"t":"@type","a":{"@id":"urn:a","@type":"t"}}`: "is no datatype",
		`{"a":{"@id":"urn:a","@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}}`: "is no datatype",
		`{"a":{"@id":"urn:a","@type":"@json","@container":"@list"}}`:                            "JSON literals in a container are not supported",
		`{"T":{"@id":"urn:T","@context":{"x":"urn: "}}}`:                                        `in the context of the term "T"`,
	} {
		x, err := schemas.ReadExtension(tram, []byte(`{"@context":`+context+`}`))
		if err == nil {
			_, err = canon.NewWith(x)
		}
		var refused *canon.AddedError
		if !errors.As(err, &refused) || refused.URL != tram || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", context, err, want)
		}
	}
	v2, _ := schemas.ContextDocument("https://www.w3.org/ns/credentials/v2")
	if _, err := canon.NewWith(extension(t, "https://www.w3.org/ns/credentials/v2", string(v2))); !errors.Is(err, canon.ErrHeld) {
		t.Errorf("a context held is taken again: %v", err)
	}
	x := extension(t, tram, `{"@context":{"a":"urn:a"}}`)
	if _, err := canon.NewWith(x, x); !errors.Is(err, canon.ErrHeld) {
		t.Errorf("a context is taken twice: %v", err)
	}
	if c := newCanonicalizer(t); c.Holds(tram) || !c.Holds("https://www.w3.org/ns/credentials/v2") {
		t.Error("it holds other contexts than it was given")
	}
}

// TestAddedBesideInline has an added context named beside one written inline,
// which json-gold reads, and embedded credentials, of which it loses the graph.
func TestAddedBesideInline(t *testing.T) {
	c, err := canon.NewWith(extension(t, tram, `{"@context":{"line":"urn:line"}}`),
		extension(t, tram+"2", `{"@context":{"free":{"@id":"urn:free","@context":null}}}`))
	if err != nil {
		t.Fatal(err)
	}
	in := canon.Input{InlineContexts: true}
	in.Node = parse(t, `{"@context":["`+tram+`",{"p":"urn:p"}],"@id":"urn:x:1","p":1,"line":2}`)
	got, err := c.Canonicalize(in)
	const integer = "^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
	if want := `<urn:x:1> <urn:line> "2"` + integer + `<urn:x:1> <urn:p> "1"` + integer; err != nil || string(got) != want {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
	in.Node = parse(t, `{"@context":["`+tram+`2",{"p":"urn:p"}],"@id":"urn:x:1","p":1}`)
	_, err = c.Canonicalize(in)
	check(t, err, canon.Unsupported, "/@context/0")
	for _, context := range []string{`{"@base":"https://a.example/"}`, `{"a":"@nest"}`, `{"@vocab":"a/"}`, `{"@context":{"@context":{"a":"urn:a"}}}`, `{"@context":{"a":"urn:a"},"b":"urn:b"}`,
		`{"l":{"@id":"urn:l","@container":"@list","@context":{"@context":{"l":"urn:l"}}}}`, `{"@context":{"l":{"@id":"urn:l","@container":"@graph","@context":[{"@context":{"l":"urn:l"}}]}}}`,
		`{"l":{"@id":"urn:l","@container":"@list","@context":{"l":"urn:l"}}}`, `{"l":{"@id":"urn:l","@context":[{"l":"urn:l"}]}}`,
		`{"name":{"@id":"urn:l","@context":"https://www.w3.org/ns/credentials/v2"}}`, `{"a":{"@id":"urn:a","@nest":"b"}}`} {
		in.Node = parse(t, `{"@context":[`+context+`,{"p":"urn:p"}],"@id":"urn:x:1","p":1}`)
		var e *canon.Error
		if _, err := c.Canonicalize(in); !errors.As(err, &e) || e.Kind != canon.Unsupported || !strings.HasPrefix(e.Pointer, "/@context/0/") {
			t.Errorf("%s: %v", context, err)
		}
	}
	for _, context := range []string{`{"p":"urn:p"}`, `{"@context":{"p":"urn:p"}}`} { // the second is the first, written out whole
		in.Node = parse(t, `{"@context":[`+context+`],"@id":"urn:x:1","p":1}`)
		if got, err := c.Canonicalize(in); err != nil || string(got) != `<urn:x:1> <urn:p> "1"`+integer {
			t.Errorf("%s: %v\n%s", context, err, got)
		}
	}
}
