package badge_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"laurel/badge"
	"laurel/internal/strictjson"
)

func parse(t *testing.T, text string) strictjson.Value {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatalf("parsing %s: %v", text, err)
	}
	return v
}

// faults gives "rule pointer" for each fault.
func faults(err error) []string {
	var list badge.Errors
	if !errors.As(err, &list) {
		return nil
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = e.Rule + " " + e.Pointer
	}
	return out
}

func nested(n int) string { return strings.Repeat("[", n) + "1" + strings.Repeat("]", n) }

func TestCheckContent(t *testing.T) {
	for _, c := range []struct {
		name, text string
		omit       []string
		want       []string
	}{
		{"nothing at all", `{}`, nil, nil},
		{"ordinary", `{"@context":["a","b"],"id":"urn:a","tag":["x"],"n":{"@value":"x","@language":"en"},"d":{"@type":"t","@value":"v"}}`, nil, nil},
		{"null", `{"a":{"b":[null]},"c":null}`, nil, []string{"null_value /a/b/0", "null_value /c"}},
		{"empty array", `{"a":[],"b":{"c":[[]]}}`, nil, []string{"empty_array /a", "empty_array /b/c/0"}},
		{"empty object is something", `{"a":{}}`, nil, nil},
		{"blank node names", `{"id":"_:b0","_:p":"x","a":["_:x"],"type":["A","_:y"]}`, nil, []string{"blank_node_name /id", "blank_node_name /_:p", "blank_node_name /type/1"}},
		{"colon inside a text", `{"id":"a_:b"}`, nil, nil},
		{"address as a name", `{"https://w3id.org/x#expires":"y","a":{"sec:b":1}}`, nil,
			[]string{"member_name /https:~1~1w3id.org~1x#expires", "member_name /a/sec:b"}},
		{"keywords", `{"@id":"urn:a","a":{"@type":"b","@set":["c"],"@list":["d"],"@reverse":{}}}`, nil,
			[]string{"member_name /@id", "member_name /a/@type", "member_name /a/@set", "member_name /a/@list", "member_name /a/@reverse"}},
		{"last safe integers", `{"a":[9007199254740991,-9007199254740991,9.007199254740991e15]}`, nil, nil},
		{"unsafe integers", `{"a":[9007199254740992,-9007199254740993,1e20,1e400]}`, nil,
			[]string{"unsafe_number /a/0", "unsafe_number /a/1", "unsafe_number /a/2", "unsafe_number /a/3"}},
		{"forty characters", `{"a":0.` + strings.Repeat("1", 38) + `}`, nil, nil},
		{"forty-one characters", `{"a":0.` + strings.Repeat("1", 39) + `}`, nil, []string{"unsafe_number /a"}},
		{"NUL", `{"a":"x\u0000y","b\u0000":"c"}`, nil, []string{"bad_character /a", "bad_character /b\x00"}},
		{"other control characters are no fault here", `{"a":"\u0001\u007f\b"}`, nil, nil},
		{"depth 24", `{"a":` + nested(23) + `}`, nil, nil},
		{"depth 25", `{"a":` + nested(24) + `}`, nil, []string{"too_deep /a" + strings.Repeat("/0", 23)}},
		{"depth of the context", `{"@context":` + nested(24) + `}`, nil, []string{"too_deep /@context" + strings.Repeat("/0", 23)}},
		{"nested context", `{"@context":["a"],"b":{"@context":["a"]}}`, nil, []string{"nested_context /b/@context"}},
		{"the same list in embedded credentials and proofs",
			`{"@context":["a",{"b":"c"}],"endorsement":[{"@context":["a",{"b":"c"}],"proof":{"@context":["a",{"b":"c"}]}}],"verifiableCredential":{"@context":["a",{"b":"c"}]}}`, nil, nil},
		{"another list in an embedded credential", `{"@context":["a"],"endorsement":[{"@context":["a","b"]},{"@context":"a"},{"@context":["b"]}]}`, nil,
			[]string{"nested_context /endorsement/0/@context", "nested_context /endorsement/1/@context", "nested_context /endorsement/2/@context"}},
		{"below an embedded credential", `{"@context":["a"],"endorsement":{"issuer":{"@context":["a"]}}}`, nil, []string{"nested_context /endorsement/issuer/@context"}},
		{"omitted at the top only", `{"proof":[],"a":{"proof":[]}}`, []string{"proof"}, []string{"empty_array /a/proof"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := faults(badge.CheckContent(parse(t, c.text), c.omit)); !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// The list of faults is bounded, whatever a stranger sends.
func TestCheckContentIsBounded(t *testing.T) {
	err := badge.CheckContent(parse(t, `{"a":[`+strings.Repeat("null,", 5000)+`null]}`), nil)
	if n := len(faults(err)); n != 20 {
		t.Errorf("%d faults listed, want 20", n)
	}
}

const envelope = `{"@context":["https://www.w3.org/ns/credentials/v2"],"id":"urn:x","type":["VerifiableCredential"],"issuer":"did:example:a","credentialSubject":{"id":"urn:s"}`

func TestCheckEnvelope(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string // pointers
	}{
		{"ordinary", envelope + `}`, nil},
		{"issuer object, several subjects", `{"@context":["https://www.w3.org/ns/credentials/v2",{"a":"urn:a"}],"type":"VerifiableCredential","issuer":{"id":"urn:i","name":{"@value":"n","@language":"en"}},"credentialSubject":[{"a":1},{"id":"urn:b"}]}`, nil},
		{"nothing", `{}`, []string{"/@context", "/type", "/issuer", "/credentialSubject"}},
		{"context as a string", strings.Replace(envelope, `["https://www.w3.org/ns/credentials/v2"]`, `"https://www.w3.org/ns/credentials/v2"`, 1) + `}`, []string{"/@context"}},
		{"other first context", strings.Replace(envelope, "credentials/v2", "credentials/v3", 1) + `}`, []string{"/@context/0"}},
		{"16 contexts", strings.Replace(envelope, `v2"]`, `v2"`+strings.Repeat(`,"urn:c"`, 15)+`]`, 1) + `}`, nil},
		{"17 contexts", strings.Replace(envelope, `v2"]`, `v2"`+strings.Repeat(`,"urn:c"`, 16)+`]`, 1) + `}`, []string{"/@context"}},
		{"number as a context", strings.Replace(envelope, `v2"]`, `v2",1]`, 1) + `}`, []string{"/@context/1"}},
		{"no VerifiableCredential", strings.Replace(envelope, `["VerifiableCredential"]`, `["Other"]`, 1) + `}`, []string{"/type"}},
		{"number among the types", strings.Replace(envelope, `["VerifiableCredential"]`, `["VerifiableCredential",1]`, 1) + `}`, []string{"/type"}},
		{"two ids", strings.Replace(envelope, `"urn:x"`, `["urn:x","urn:y"]`, 1) + `}`, []string{"/id"}},
		{"issuer without id", strings.Replace(envelope, `"did:example:a"`, `{"name":"a"}`, 1) + `}`, []string{"/issuer"}},
		{"two issuers", strings.Replace(envelope, `"did:example:a"`, `["did:example:a","did:example:b"]`, 1) + `}`, []string{"/issuer"}},
		{"subject without claims", strings.Replace(envelope, `{"id":"urn:s"}`, `{}`, 1) + `}`, []string{"/credentialSubject"}},
		{"subject as a text", strings.Replace(envelope, `{"id":"urn:s"}`, `[{"id":"urn:s"},"urn:t"]`, 1) + `}`, []string{"/credentialSubject/1"}},
		{"language map as a name", envelope + `,"name":{"en":"x"}}`, []string{"/name"}},
		{"name with more than a text", envelope + `,"name":{"@value":"x","url":"y"}}`, []string{"/name"}},
		{"status without a type", envelope + `,"credentialStatus":{"id":"urn:1"}}`, []string{"/credentialStatus/type"}},
		{"schema without an id", envelope + `,"credentialSchema":[{"type":"JsonSchema"}]}`, []string{"/credentialSchema/0/id"}},
		{"terms of use as an address", envelope + `,"termsOfUse":"urn:t"}`, []string{"/termsOfUse"}},
		{"evidence with two ids", envelope + `,"evidence":[{"type":"E","id":["urn:a"]}]}`, []string{"/evidence/0/id"}},
		{"related resource twice", envelope + `,"relatedResource":[{"id":"urn:r","digestSRI":"s"},{"id":"urn:r","digestMultibase":"u"}]}`, []string{"/relatedResource/1"}},
		{"related resource without a digest", envelope + `,"relatedResource":{"id":"urn:r"}}`, []string{"/relatedResource/0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range faults(badge.CheckEnvelope(parse(t, c.text))) {
				rule, ptr, _ := strings.Cut(f, " ")
				if rule != "malformed" {
					t.Errorf("rule %q", rule)
				}
				got = append(got, ptr)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
