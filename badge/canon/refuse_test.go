package canon_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"laurel/badge/canon"
	"laurel/internal/processortest"
	"laurel/internal/strictjson"
)

const head = `"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],`

// badge is a small credential with more members in it.
func badge(members string) string {
	return `{` + head + `"id":"urn:x:1","type":["VerifiableCredential","OpenBadgeCredential"]` + members + `}`
}

// refusals are documents of which JSON-LD would drop something, or which it
// cannot express, and the pointer to what is at fault.
var refusals = []struct {
	name, members string
	kind          canon.Kind
	pointer       string
}{
	{"undefined term", `,"salary":1`, canon.UndefinedTerm, "/salary"},
	{"term in other letters", `,"Name":"x"`, canon.UndefinedTerm, "/Name"},
	{"empty name", `,"":"x"`, canon.UndefinedTerm, "/"},
	{"term out of its scope", `,"issuer":{"id":"urn:x:2","achievementType":"x"}`, canon.UndefinedTerm, "/issuer/achievementType"},
	{"type scope does not reach nested nodes", `,"credentialSubject":{"type":"AchievementSubject","source":{"id":"urn:x:3","role":"x"}}`, canon.UndefinedTerm, "/credentialSubject/source/role"},
	{"undefined type", `,"issuer":{"type":["Profile","Boss"]}`, canon.UndefinedType, "/issuer/type/1"},
	{"type of an odd kind", `,"issuer":{"type":[1]}`, canon.UndefinedType, "/issuer/type/0"},
	{"keyword as a type", `,"issuer":{"type":"id"}`, canon.UndefinedType, "/issuer/type"},
	{"relative id", `,"evidence":[{"id":"ev/1","type":"Evidence"}]`, canon.RelativeIRI, "/evidence/0/id"},
	{"empty id", `,"issuer":{"id":"","name":"x"}`, canon.RelativeIRI, "/issuer/id"},
	{"id of an odd kind", `,"issuer":{"id":["urn:x:2"]}`, canon.RelativeIRI, "/issuer/id"},
	{"keyword as an id", `,"issuer":{"id":"@type"}`, canon.RelativeIRI, "/issuer/id"},
	{"relative reference", `,"issuer":"issuers/1"`, canon.RelativeIRI, "/issuer"},
	{"id with a space", `,"issuer":"https://example.edu/a b"`, canon.InvalidIRI, "/issuer"},
	{"n-quads injection", `,"issuer":"urn:a> <urn:b> <urn:c"`, canon.InvalidIRI, "/issuer"},
	{"id with a control character", `,"issuer":"urn:a\u0000"`, canon.InvalidIRI, "/issuer"},
	{"id with DEL", `,"issuer":"urn:a\u007f"`, canon.InvalidIRI, "/issuer"},
	{"id with C1 control", `,"issuer":"urn:a\u0085"`, canon.InvalidIRI, "/issuer"},
	{"id with a backslash", `,"issuer":"urn:a\\u003e"`, canon.InvalidIRI, "/issuer"},
	{"blank node without a name", `,"issuer":"_:"`, canon.InvalidIRI, "/issuer"},
	{"blank node with a space", `,"issuer":"_:a b"`, canon.InvalidIRI, "/issuer"},
	{"null", `,"name":null`, canon.Null, "/name"},
	{"null in a set", `,"evidence":[{"id":"urn:x:e","name":"n"},null]`, canon.Null, "/evidence/1"},
	{"null id", `,"issuer":{"id":null,"name":"x"}`, canon.Null, "/issuer/id"},
	{"null type", `,"issuer":{"type":null}`, canon.Null, "/issuer/type"},
	{"null value", `,"name":{"@value":null}`, canon.Null, "/name/@value"},
	{"null proof", `,"proof":null`, canon.Null, "/proof"},
	{"null in a list", `,"https://x.example/l":{"@list":[null]}`, canon.Null, "/https:~1~1x.example~1l/@list/0"},
	{"nested context, unknown", `,"issuer":{"@context":"https://evil.example/","name":"x"}`, canon.UnknownContext, "/issuer/@context"},
	{"nested context, written out", `,"issuer":{"@context":{"name":"urn:evil"},"name":"x"}`, canon.UnknownContext, "/issuer/@context"},
	{"nested context, null", `,"issuer":{"@context":null,"name":"x"}`, canon.UnknownContext, "/issuer/@context"},
	{"nested context undefines a protected term", `,"issuer":{"@context":{"name":null},"name":"x"}`, canon.UnknownContext, "/issuer/@context"},
	{"nested context redefines a protected term", `,"issuer":{"@context":["https://purl.imsglobal.org/spec/ob/v3p0/context.json"],"name":"x"}`, canon.ContextFault, "/issuer/@context/0"},
	{"index", `,"issuer":{"@index":"x","name":"x"}`, canon.Unsigned, "/issuer/@index"},
	{"direction", `,"name":{"@value":"x","@direction":"rtl"}`, canon.Unsigned, "/name/@direction"},
	{"graph", `,"@graph":[{"name":"x"}]`, canon.Unsupported, "/@graph"},
	{"reverse", `,"@reverse":{"name":"x"}`, canon.Unsupported, "/@reverse"},
	{"unknown keyword", `,"@foo":"x"`, canon.DataLoss, "/@foo"},
	{"base", `,"@base":"https://x.example/"`, canon.DataLoss, "/@base"},
	{"language of a node", `,"@language":"en"`, canon.DataLoss, "/@language"},
	{"two names", `,"@id":"urn:x:2"`, canon.DataLoss, "/@id"},
	{"language map", `,"name":{"en":"x"}`, canon.UndefinedTerm, "/name/en"},
	{"bad language", `,"name":{"@value":"x","@language":"e n"}`, canon.InvalidIRI, "/name/@language"},
	{"empty language", `,"name":{"@value":"x","@language":""}`, canon.InvalidIRI, "/name/@language"},
	{"language of a number", `,"name":{"@value":1,"@language":"en"}`, canon.DataLoss, "/name/@value"},
	{"language and type", `,"name":{"@value":"x","@language":"en","@type":"urn:t"}`, canon.DataLoss, "/name/@language"},
	{"null language", `,"name":{"@value":"x","@language":null}`, canon.DataLoss, "/name/@language"},
	{"value with members", `,"name":{"@value":"x","description":"y"}`, canon.DataLoss, "/name/description"},
	{"value with an id", `,"name":{"@value":"x","id":"urn:y"}`, canon.DataLoss, "/name/id"},
	{"value that is an object", `,"name":{"@value":{}}`, canon.DataLoss, "/name/@value"},
	{"value of an undefined type", `,"name":{"@value":"x","@type":"NoType"}`, canon.UndefinedType, "/name/@type"},
	{"value of a bad type", `,"name":{"@value":"x","@type":"urn:a b"}`, canon.InvalidIRI, "/name/@type"},
	{"value of two types", `,"name":{"@value":"x","@type":["urn:a","urn:b"]}`, canon.UndefinedType, "/name/@type"},
	{"text of a type that only texts in a language have", `,"name":{"@value":"x","@type":"http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"}`, canon.DataLoss, "/name/@type"},
	{"value of type @id", `,"name":{"@value":"x","@type":"@id"}`, canon.UndefinedType, "/name/@type"},
	{"list with members", `,"name":{"@list":["x"],"name":"y"}`, canon.DataLoss, "/name/name"},
	{"set with members", `,"name":{"@set":["x"],"name":"y"}`, canon.DataLoss, "/name/name"},
	{"array in an array", `,"name":[["x"]]`, canon.DataLoss, "/name/0"},
	{"list in a list", `,"name":{"@list":[["x"]]}`, canon.Unsupported, "/name/@list/0"},
	{"blank node as a property", `,"_:p":"x"`, canon.DataLoss, "/_:p"},
	{"property that is no IRI", `,"urn:a b":"x"`, canon.InvalidIRI, "/urn:a b"},
	{"a graph of nothing", `,"proof":{}`, canon.DataLoss, "/proof"},
	{"a graph of a name", `,"proof":{"id":"urn:x:p"}`, canon.DataLoss, "/proof"},
	{"a graph of a string", `,"proof":"urn:x:p"`, canon.DataLoss, "/proof"},
	{"a graph of a value", `,"proof":{"@value":"x"}`, canon.DataLoss, "/proof"},
	{"too large a number", `,"https://x.example/n":1e400`, canon.DataLoss, "/https:~1~1x.example~1n"},
	{"too small a number", `,"https://x.example/n":1e-400`, canon.DataLoss, "/https:~1~1x.example~1n"},
	{"too many digits", `,"https://x.example/n":9007199254740993`, canon.DataLoss, "/https:~1~1x.example~1n"},
	{"too many digits for a double", `,"https://x.example/n":1180591620717411303424`, canon.DataLoss, "/https:~1~1x.example~1n"},
	{"undefined term within a proof", `,"proof":{"type":"DataIntegrityProof","x":1}`, canon.UndefinedTerm, "/proof/x"},
	{"pointer with escapes", `,"a~/b":1`, canon.UndefinedTerm, "/a~0~1b"},
}

func TestRefusals(t *testing.T) {
	c := newCanonicalizer(t)
	for _, r := range refusals {
		t.Run(r.name, func(t *testing.T) {
			out, err := c.Canonicalize(canon.Input{Node: parse(t, badge(r.members))})
			check(t, err, r.kind, r.pointer)
			if len(out) != 0 {
				t.Errorf("a refusal came with %q", out)
			}
		})
	}
}

// TestRefusalsInline has the same documents beside a context written inline: by
// way of json-gold nothing is let pass that is refused otherwise, but for an
// array within an array: there it may be part of a list or of a JSON literal.
func TestRefusalsInline(t *testing.T) {
	c := newCanonicalizer(t)
	for _, r := range refusals {
		raw := strings.Replace(badge(r.members), "],", `,{"unused":"urn:unused"}],`, 1)
		if out, err := c.Canonicalize(canon.Input{Node: parse(t, raw), InlineContexts: true}); err == nil && r.name != "array in an array" {
			t.Errorf("%s is taken as\n%s", r.name, out)
		}
	}
}

func check(t *testing.T, err error, kind canon.Kind, pointer string) {
	t.Helper()
	var e *canon.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, kind)
	}
	if e.Kind != kind || e.Pointer != pointer || e.Detail == "" {
		t.Errorf("got %v, want %s at %q", err, kind, pointer)
	}
	if want := kind == canon.Unsupported || kind == canon.OverBudget; canon.Inconclusive(err) != want {
		t.Errorf("inconclusive: %v, want %v", !want, want)
	}
}

// TestRootRefusals has faults of the whole document.
func TestRootRefusals(t *testing.T) {
	c := newCanonicalizer(t)
	for _, r := range []struct {
		document, context string
		kind              canon.Kind
		pointer           string
	}{
		{`[]`, "", canon.DataLoss, ""},
		{`{"id":"urn:x:1"}`, "", canon.UndefinedTerm, "/@context"},
		{`{"@context":[],"name":"x"}`, "", canon.UndefinedTerm, "/name"},
		{`{"@context":null,"name":"x"}`, "", canon.UnknownContext, "/@context"},
		{`{"@context":{},"name":"x"}`, "", canon.UnknownContext, "/@context"},
		{`{"@context":["https://www.w3.org/ns/credentials/v2/"],"name":"x"}`, "", canon.UnknownContext, "/@context/0"},
		{`{"@context":"https://www.w3.org/ns/credentials/v2"}`, "", canon.DataLoss, ""},
		{`{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:x:1"}`, "", canon.DataLoss, ""},
		{`{"@context":["https://www.w3.org/ns/credentials/v2","https://purl.imsglobal.org/spec/ob/v3p0/context.json"],"name":"x"}`, "", canon.ContextFault, "/@context/1"},
		{`{"name":"x"}`, `["https://www.w3.org/ns/credentials/v2","urn:y"]`, canon.UnknownContext, "/@context/1"},
		{`{"@context":["https://www.w3.org/ns/credentials/v2",{"name":null}],"name":"x"}`, "", canon.UnknownContext, "/@context/1"},
	} {
		in := canon.Input{Node: parse(t, r.document)}
		if r.context != "" {
			in.Context = parse(t, r.context)
		}
		_, err := c.Canonicalize(in)
		check(t, err, r.kind, r.pointer)
	}
}

// bombs are documents that are costly to those who do not count.
func bombs() map[string]string {
	var clique, chain, results strings.Builder
	names := strings.Split("a b c d e f g h i", " ")
	for i, n := range names {
		if i > 0 {
			clique.WriteString(",")
		}
		clique.WriteString(`{"id":"_:` + n + `","type":"Profile","parentOrg":["_:` + strings.Join(without(names, n), `","_:`) + `"]}`)
	}
	for i := range 400 {
		if i > 0 {
			chain.WriteString(",")
		}
		chain.WriteString(`{"id":"_:` + strings.Repeat("n", i+1) + `","https://x.example/next":{"id":"_:` + strings.Repeat("n", i+2) + `"}}`)
	}
	for i := range 30_000 {
		if i > 0 {
			results.WriteString(",")
		}
		results.WriteString(`{"type":"Result","value":"1"}`)
	}
	return map[string]string{
		"clique of 9":   badge(`,"evidence":[` + clique.String() + `]`),
		"chain of 400":  badge(`,"evidence":[` + chain.String() + `]`),
		"nested 1000":   badge(`,"issuer":` + strings.Repeat(`{"type":"Profile","parentOrg":`, 1000) + `{"name":"x"}` + strings.Repeat(`}`, 1000)),
		"results 30000": badge(`,"credentialSubject":{"type":"AchievementSubject","result":[` + results.String() + `]}`),
	}
}

func without(names []string, n string) (rest []string) {
	for _, m := range names {
		if m != n {
			rest = append(rest, m)
		}
	}
	return rest
}

// TestBombs has each refused or done within a moment.
func TestBombs(t *testing.T) {
	c := newCanonicalizer(t)
	limit := 5 * time.Second // the budget makes it a moment; this only catches a hang, on the slowest machine
	for name, doc := range bombs() {
		v, err := strictjson.Parse([]byte(doc), strictjson.Limits{Depth: 5000, Bytes: 8 << 20, Nodes: 1 << 20})
		if err != nil {
			t.Fatal(err)
		}
		begin := processortest.Time()
		_, err = c.Canonicalize(canon.Input{Node: v})
		took := processortest.Time() - begin
		if t.Logf("%s: %v", name, took); took > limit {
			t.Errorf("%s took %v", name, took)
		}
		var e *canon.Error
		if !errors.As(err, &e) || e.Kind != canon.OverBudget {
			t.Errorf("%s: got %v, want over_budget", name, err)
		}
	}
}

// TestManyTypes combines types in more ways than tables are kept for.
func TestManyTypes(t *testing.T) {
	c := newCanonicalizer(t)
	types := []string{"Address", "Alignment", "Evidence", "Image", "Profile", "Related", "Result", "IdentityObject", "RubricCriterionLevel", "GeoCoordinates", "EndorsementSubject"}
	subset := func(bits int) string {
		var chosen []string
		for i, n := range types {
			if bits>>i&1 != 0 {
				chosen = append(chosen, `"`+n+`"`)
			}
		}
		return `[` + strings.Join(chosen, ",") + `]`
	}
	small := canon.Input{Node: parse(t, badge(`,"issuer":{"type":"Profile","name":"x"}`))}
	want, err := c.Canonicalize(small)
	if err != nil {
		t.Fatal(err)
	}
	for bits := 1; bits < 1<<len(types); bits++ {
		if _, err := c.Canonicalize(canon.Input{Node: parse(t, badge(`,"issuer":{"type":`+subset(bits)+`}`))}); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := c.Canonicalize(small); err != nil || string(got) != string(want) {
		t.Errorf("afterwards: %v\n%s", err, got)
	}
	var all []string
	for bits := 1; bits < 600; bits++ {
		all = append(all, `{"type":`+subset(bits*7)+`}`)
	}
	_, err = c.Canonicalize(canon.Input{Node: parse(t, badge(`,"evidence":[`+strings.Join(all, ",")+`]`))})
	var e *canon.Error
	if !errors.As(err, &e) || e.Kind != canon.OverBudget {
		t.Errorf("got %v, want over_budget", err)
	}
}

// A direction is let stand where it is asked for, and changes nothing that is
// signed; anywhere else, and under another name, it is refused.
func TestDirections(t *testing.T) {
	c, err := canon.New()
	if err != nil {
		t.Fatal(err)
	}
	form := func(context, name string, allow bool) (string, error) {
		doc := `{"@context":["https://www.w3.org/ns/credentials/v2"` + context + `],"id":"urn:x:1","type":["VerifiableCredential"],"issuer":"urn:x:2","name":` + name + `}`
		v, err := strictjson.Parse([]byte(doc), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		out, err := c.Canonicalize(canon.Input{Node: v, InlineContexts: true, Directions: allow})
		return string(out), err
	}
	for _, context := range []string{"", `,{"other":"urn:x:other"}`} {
		plain, err := form(context, `{"@value":"x","@language":"ar"}`, false)
		if err != nil {
			t.Fatal(err)
		}
		if with, err := form(context, `{"@value":"x","@language":"ar","@direction":"rtl"}`, true); err != nil || with != plain {
			t.Errorf("with a direction: %v\n%s", err, with)
		}
		for _, name := range []string{`{"@value":"x","@direction":"up"}`, `{"@value":"x","@direction":null}`, `{"@direction":"rtl"}`, `{"@id":"urn:x:3","@direction":"rtl"}`} {
			if out, err := form(context, name, true); err == nil {
				t.Errorf("%s is taken as\n%s", name, out)
			}
		}
		var refused *canon.Error
		if _, err := form(context, `{"@value":"x","@direction":"rtl"}`, false); !errors.As(err, &refused) || refused.Kind != canon.Unsigned {
			t.Errorf("not asked for: %v", err)
		}
	}
	if out, err := form(`,{"dir":"@direction"}`, `{"@value":"x","dir":"rtl"}`, true); err == nil {
		t.Errorf("under another name it is taken as\n%s", out)
	}
}

// TestNothingLostIsMadeUpFor has documents in which what json-gold loses in one
// place would be made up for by what is counted otherwise in another: a direction
// within a JSON literal, beside one that a context gives.
func TestNothingLostIsMadeUpFor(t *testing.T) {
	c := newCanonicalizer(t)
	const contexts = `{"@context":{"@direction":"rtl","s":"urn:s","p":"urn:p","j":{"@id":"urn:j","@type":"@json"}},"s":"text",`
	for _, r := range []struct{ members, pointer string }{
		{`"p":{"p":{"@set":{"a":"1"}}},"j":{"@value":"x","@direction":"ltr"}}`, "/p/p/@set"},
		{`"p":{"@set":{"@id":"urn:x","a":"1"}},"j":{"@value":"x","@direction":"ltr"}}`, "/p/@set"},
	} {
		in := canon.Input{Node: parse(t, contexts+r.members), InlineContexts: true, Directions: true}
		_, err := c.Canonicalize(in)
		check(t, err, canon.Unsupported, r.pointer)
	}
	// A direction of its own within the literal stands for nothing else.
	in := canon.Input{Node: parse(t, contexts+`"p":"q","j":{"@value":"x","@direction":"ltr"}}`), InlineContexts: true, Directions: true}
	if out, err := c.Canonicalize(in); err == nil {
		t.Errorf("a direction that a context gives is taken as\n%s", out)
	}
	in.Node = parse(t, strings.Replace(contexts, `"@direction":"rtl",`, "", 1)+`"p":"q","j":{"@value":"x","@direction":"ltr"}}`)
	if out, err := c.Canonicalize(in); err != nil || !strings.Contains(string(out), `@direction`) {
		t.Errorf("a JSON literal with a direction is %q, %v", out, err)
	}
}
