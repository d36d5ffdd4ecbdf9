package canon_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
)

// TestMeanings has documents in the corners of JSON-LD, and what they say.
func TestMeanings(t *testing.T) {
	const s = "<urn:x:1> "
	for name, c := range map[string]struct{ members, lines string }{
		"two statements about one node":  {`,"issuer":{"id":"urn:x:2","name":"a"},"credentialSubject":{"id":"urn:x:2","name":"b"}`, "<urn:x:2> <https://schema.org/name> \"a\" .\n<urn:x:2> <https://schema.org/name> \"b\" ."},
		"a statement twice is one":       {`,"name":["a","a",{"@value":"a"}]`, s + "<https://schema.org/name> \"a\" ."},
		"control characters":             {`,"name":"\u0000\b\t\n\u000b\f\r\u001f\"\\\u007f\u0080\uffff"`, s + `<https://schema.org/name> "\u0000\b\t\n\u000B\f\r\u001F\"\\\u007F` + "\u0080" + `\uFFFF" .`},
		"a language in small letters":    {`,"name":{"@language":"zh-Hant-TW","@value":"x"}`, s + `<https://schema.org/name> "x"@zh-hant-tw .`},
		"the datatype no context has":    {`,"awardedDate":"2020-01-01T00:00:00Z"`, s + `<https://purl.imsglobal.org/spec/vc/ob/vocab.html#awardedDate> "2020-01-01T00:00:00Z"^^<xsd:dateTime> .`},
		"a JSON literal":                 {`,"https://x.example/j":{"@type":"@json","@value":{"b":[null,1.0],"a":"\u0001"}}`, s + `<https://x.example/j> "{\"a\":\"\\u0001\",\"b\":[null,1]}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		"a JSON literal by its term":     {`,"_sd":["a",{"x":null}]`, s + `<https://www.iana.org/assignments/jwt#_sd> "[\"a\",{\"x\":null}]"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .`},
		"an empty list":                  {`,"credentialSubject":{"id":"urn:x:s","type":"ResultDescription","allowedValue":[]}`, `<urn:x:s> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#allowedValue> <http://www.w3.org/1999/02/22-rdf-syntax-ns#nil> .`},
		"a list":                         {`,"credentialSubject":{"id":"urn:x:s","type":"ResultDescription","allowedValue":"a"}`, `_:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#first> "a" .`},
		"an empty set says nothing":      {`,"name":"x","evidence":[]`, s + `<https://schema.org/name> "x" .`},
		"a set object ends a type scope": {`,"credentialSubject":{"id":"urn:x:s","type":"AchievementSubject","creditsEarned":{"@set":[1.5]}}`, `<urn:x:s> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#creditsEarned> "1.5E0"^^<http://www.w3.org/2001/XMLSchema#double> .`},
		"a number by its term":           {`,"credentialSubject":{"id":"urn:x:s","type":"AchievementSubject","creditsEarned":42.0}`, `<urn:x:s> <https://purl.imsglobal.org/spec/vc/ob/vocab.html#creditsEarned> "42"^^<https://www.w3.org/2001/XMLSchema#float> .`},
		"a proof is a graph":             {`,"proof":{"type":"DataIntegrityProof","proofPurpose":"authentication"}`, `_:c14n1 <https://w3id.org/security#proofPurpose> <https://w3id.org/security#authenticationMethod> _:c14n0 .`},
		"addresses that others drop":     {`,"issuer":["https://a.b.edu/x","https://cdn-.example.com/100%"]`, s + "<https://www.w3.org/2018/credentials#issuer> <https://a.b.edu/x> .\n" + s + "<https://www.w3.org/2018/credentials#issuer> <https://cdn-.example.com/100%> ."},
		"the order of code points":       {`,"name":["\ud800\udc00","\uffe6"]`, s + "<https://schema.org/name> \"\uffe6\" .\n" + s + "<https://schema.org/name> \"\U00010000\" ."},
		"a named blank node":             {`,"issuer":{"id":"_:x-y.z"}`, s + "<https://www.w3.org/2018/credentials#issuer> _:c14n0 ."},
	} {
		text, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, badge(c.members))})
		if err != nil || !strings.Contains("\n"+string(text), "\n"+c.lines+"\n") {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, text, c.lines)
		}
	}
}

// TestCompactIRIs uses the prefixes that credentials/v1 and OB 3.0.0 define. In
// the context of the type xsd is another than at the root, for types.
func TestCompactIRIs(t *testing.T) {
	doc := `{"@context":["https://www.w3.org/2018/credentials/v1","https://purl.imsglobal.org/spec/ob/v3p0/context.json"],
		"id":"cred:x","type":["VerifiableCredential","xsd:T"],"xsd:p":{"@value":"1","@type":"xsd:int"},"issuer":"sec:y"}`
	text, err := newCanonicalizer(t).Canonicalize(canon.Input{Node: parse(t, doc)})
	want := `<https://www.w3.org/2018/credentials#x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2001/XMLSchema#T> .
<https://www.w3.org/2018/credentials#x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
<https://www.w3.org/2018/credentials#x> <http://www.w3.org/2001/XMLSchema#p> "1"^^<http://www.w3.org/2001/XMLSchema#int> .
<https://www.w3.org/2018/credentials#x> <https://www.w3.org/2018/credentials#issuer> <https://w3id.org/security#y> .
`
	if err != nil || string(text) != want {
		t.Errorf("%v\ngot\n%s\nwant\n%s", err, text, want)
	}
}

func TestDigest(t *testing.T) {
	c := newCanonicalizer(t)
	for _, hash := range []crypto.Hash{0, crypto.SHA256, crypto.SHA384} {
		in := canon.Input{Node: parse(t, string(canontest.Ordinary(3))), Hash: hash}
		text, err := c.Canonicalize(in)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		want := sum[:]
		if hash == crypto.SHA384 {
			sum := sha512.Sum384(text)
			want = sum[:]
		}
		got, err := c.Digest([]byte("ab"), in)
		if err != nil || !bytes.Equal(got, append([]byte("ab"), want...)) {
			t.Errorf("%v: %v %x, want %x", hash, err, got, want)
		}
	}
	_, err := c.Canonicalize(canon.Input{Node: parse(t, badge(``)), Hash: crypto.MD5})
	check(t, err, canon.Unsupported, "")
}

func TestExplain(t *testing.T) {
	c := newCanonicalizer(t)
	doc := parse(t, badge(`,"issuer":{"id":"urn:x:2","type":["Profile"]},"credentialSubject":{"type":"AchievementSubject","role":"x","urn:p":"y"}`))
	got, err := c.Explain(canon.Input{Node: doc})
	if err != nil {
		t.Fatal(err)
	}
	const ob, v2 = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://www.w3.org/ns/credentials/v2"
	for _, want := range []canon.Meaning{
		{Pointer: "/id", Term: "id", Context: v2},
		{Pointer: "/type/1", Term: "OpenBadgeCredential", IRI: "https://purl.imsglobal.org/spec/vc/ob/vocab.html#OpenBadgeCredential", Context: ob},
		{Pointer: "/issuer", Term: "issuer", IRI: "https://www.w3.org/2018/credentials#issuer", Context: v2},
		{Pointer: "/credentialSubject/role", Term: "role", IRI: "https://purl.imsglobal.org/spec/vc/ob/vocab.html#role", Context: ob},
		{Pointer: "/credentialSubject/urn:p", Term: "urn:p", IRI: "urn:p"},
	} {
		if !slices.Contains(got.Members, want) {
			t.Errorf("no %+v in %+v", want, got.Members)
		}
	}
	want := []canon.Node{{Pointer: ""}, {Pointer: "/issuer"}, {Pointer: "/credentialSubject", Label: "_:c14n0"}}
	if !slices.Equal(got.Nodes, want) {
		t.Errorf("nodes %+v, want %+v", got.Nodes, want)
	}
	_, err = c.Explain(canon.Input{Node: parse(t, badge(`,"salary":1`))})
	check(t, err, canon.UndefinedTerm, "/salary")
	inline := parse(t, `{"@context":[{"name":"urn:n"}],"name":"x"}`)
	_, err = c.Explain(canon.Input{Node: inline, InlineContexts: true})
	check(t, err, canon.Unsupported, "/@context")
}

// TestConcurrent has many at work at once; run it with -race.
func TestConcurrent(t *testing.T) {
	c := newCanonicalizer(t)
	var inputs []canon.Input
	var want [][]byte
	for seed := range uint64(40) {
		in := canon.Input{Node: parse(t, string(canontest.Ordinary(seed)))}
		text, err := newCanonicalizer(t).Canonicalize(in)
		if err != nil {
			t.Fatal(err)
		}
		inputs, want = append(inputs, in), append(want, text)
	}
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range inputs {
				n := (i*7 + worker*5) % len(inputs)
				got, err := c.Canonicalize(inputs[n])
				if err != nil || !bytes.Equal(got, want[n]) {
					t.Errorf("document %d: %v", n, err)
				}
			}
		})
	}
	all.Wait()
}

// TestInline has what contexts written inline mean, by way of json-gold.
func TestInline(t *testing.T) {
	c := newCanonicalizer(t)
	const ctx = `{"@context":["https://www.w3.org/ns/credentials/v2",{"ex":"https://x.example/","p":"ex:p","j":{"@id":"ex:j","@type":"@json"},"l":{"@id":"ex:l","@container":"@list"},"m":{"@id":"ex:m","@container":"@type"},"i":{"@id":"ex:i","@container":["@graph","@id"]},"x":{"@id":"ex:x","@container":"@index","@index":"ex:y"},"kind":"@type","salary":"ex:salary"}],"id":"urn:x:1",`
	for name, r := range map[string]struct {
		members, want string
		kind          canon.Kind
		pointer       string
	}{
		"a term":              {members: `"p":"x"`, want: "<urn:x:1> <https://x.example/p> \"x\" .\n"},
		"control characters":  {members: `"p":"\u0001\b"`, want: "<urn:x:1> <https://x.example/p> \"\\u0001\\b\" .\n"},
		"a blank node's name": {members: `"p":{"id":"_:a","p":{"id":"_:a"}}`, want: "<urn:x:1> <https://x.example/p> _:c14n0 .\n_:c14n0 <https://x.example/p> _:c14n0 .\n"},
		"a JSON literal":      {members: `"j":[1.5,{"a":"<"}]`, want: "<urn:x:1> <https://x.example/j> \"[1.5,{\\\"a\\\":\\\"<\\\"}]\"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .\n"},
		"an odd address":      {members: `"p":{"id":"https://a.b.edu/x"}`, want: "<urn:x:1> <https://x.example/p> <https://a.b.edu/x> .\n"},
		"a large number":      {members: `"p":1e19`, want: "<urn:x:1> <https://x.example/p> \"10000000000000000000\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"},
		"a typed value":       {members: `"p":{"@value":"x","@type":"ex:t"}`, want: "<urn:x:1> <https://x.example/p> \"x\"^^<https://x.example/t> .\n"},
		"a language":          {members: `"p":{"@value":"x","@language":"EN"}`, want: "<urn:x:1> <https://x.example/p> \"x\"@en .\n"},
		"undefined term":      {members: `"q":"x"`, kind: canon.UndefinedTerm, pointer: "/q"},
		"null":                {members: `"p":null`, kind: canon.Null, pointer: "/p"},
		"relative id":         {members: `"p":{"id":"a/b","p":"x"}`, kind: canon.RelativeIRI, pointer: "/p/id"},
		"relative type":       {members: `"p":{"type":"NoType","p":"x"}`, kind: canon.UndefinedType, pointer: "/p/type"},
		"direction":           {members: `"p":{"@value":"x","@direction":"rtl"}`, kind: canon.Unsigned, pointer: "/p/@direction"},
		"nested context":      {members: `"p":{"@context":{"p":"urn:q"},"p":"x"}`, kind: canon.UnknownContext, pointer: "/p/@context"},
		"two types":           {members: `"p":{"@value":"1","@type":"urn:t","type":"urn:u"}`, kind: canon.DataLoss, pointer: "/p/type"},
		"another type":        {members: `"p":{"@value":"1","@type":"urn:t","kind":"urn:u"}`, kind: canon.DataLoss, pointer: "/p/kind"},
		"a type as a key":     {members: `"m":{"urn:t":{"@value":"1"}}`, kind: canon.Unsupported, pointer: "/m"},
		"types in two places": {members: `"p":{"type":[],"@type":"VerifiableCredential"}`, kind: canon.Unsupported, pointer: "/p/type"},
		"an id as a key":      {members: `"i":{"urn:t":{"p":"x"}}`, kind: canon.Unsupported, pointer: "/i"},
		"a value as a key":    {members: `"x":{"urn:t":{"p":"x"}}`, kind: canon.Unsupported, pointer: "/x"},
		"a value as JSON":     {members: `"j":{"@value":"x","@type":"t"}`, want: "<urn:x:1> <https://x.example/j> \"{\\\"@type\\\":\\\"t\\\",\\\"@value\\\":\\\"x\\\"}\"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON> .\n"},
		"no language":         {members: `"p":{"@value":"x","@language":"\u0130"}`, kind: canon.InvalidIRI, pointer: "/p/@language"},
		"a language of null":  {members: `"p":{"@value":"x","@language":null}`, kind: canon.Null, pointer: "/p/@language"},
		"a list in a list":    {members: `"p":{"@list":["a",["b"],[]]}`, kind: canon.Unsupported, pointer: "/p/@list/1"},
		"a set in a list":     {members: `"p":{"@list":[{"@set":["a","b"]}]}`, kind: canon.Unsupported, pointer: "/p/@list/0"},
		"a set in a list's":   {members: `"l":["a",{"@set":[]}]`, kind: canon.Unsupported, pointer: "/l/1"},
		"a graph of a name":   {members: `"type":"VerifiableCredential","p":"x","proof":{"id":"urn:x:p"}`, kind: canon.DataLoss},
	} {
		got, err := c.Canonicalize(canon.Input{Node: parse(t, ctx+r.members+"}"), InlineContexts: true})
		if r.kind != 0 {
			check(t, err, r.kind, r.pointer)
		} else if err != nil || string(got) != r.want {
			t.Errorf("%s: %v\ngot\n%s\nwant\n%s", name, err, got, r.want)
		}
	}
	for context, pointer := range map[string]string{`{"name":null}`: "/@context/1/name", `{"p":{"@id":"urn:p","@context":null}}`: "/@context/1/p/@context"} {
		_, err := c.Canonicalize(canon.Input{Node: parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2",`+context+`],"name":"x"}`), InlineContexts: true})
		check(t, err, canon.ContextFault, pointer)
	}
	_, err := c.Canonicalize(canon.Input{Node: parse(t, `{"@context":[{"p":"urn:p","q":{"@id":"urn:q","@index":"p"}}],"p":"x"}`), InlineContexts: true})
	check(t, err, canon.ContextFault, "/@context/0/q/@index")
	for _, context := range []string{`"@value"`, `{"@id":"@list"}`, `"@set"`, `"@language"`, `{"@id":"@direction"}`, `"@foo"`, `{"@id":"@foo"}`} {
		_, err := c.Canonicalize(canon.Input{Node: parse(t, `{"@context":[{"p":"urn:p","other":`+context+`}],"p":"x"}`), InlineContexts: true})
		var e *canon.Error
		if !errors.As(err, &e) || e.Kind != canon.Unsupported {
			t.Errorf("%s: %v", context, err)
		}
	}
}

// TestInlineEqualsHeld has documents go both ways: an inline context that
// defines nothing of theirs changes nothing.
func TestInlineEqualsHeld(t *testing.T) {
	c := newCanonicalizer(t)
	same := 0
	for seed := range few(160) {
		raw := string(canontest.Ordinary(seed))
		if strings.Contains(raw, "verifiableCredential\"") {
			continue
		}
		want, err := c.Canonicalize(canon.Input{Node: parse(t, raw)})
		if err != nil {
			t.Fatal(err)
		}
		v := parse(t, raw)
		contexts := strings.TrimSuffix(v.Get("@context").Raw(), "]") + `,{"unused":"urn:unused"}]`
		got, err := c.Canonicalize(canon.Input{Node: v, Context: parse(t, contexts), InlineContexts: true})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%v\n%s\ngot\n%s\nwant\n%s", err, raw, got, want)
			continue
		}
		same++
	}
	if uint64(same) < few(40) {
		t.Errorf("%d compared", same)
	}
}
