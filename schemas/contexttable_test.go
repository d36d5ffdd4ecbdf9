package schemas

import (
	"reflect"
	"strings"
	"testing"
)

const sampleTable = `# A remark.

abbr sec  https://w3id.org/security#

context https://example.org/context/v1 version=1.1 protected
  id      @id
  cred    https://example.org/cred#  prefix
  Key     sec|Key                    scope=key
  Other   Key
  # A remark between rows.
  list    cred:list                  type=sec|multibase  container=@list
  lost    cred:lost                  type=@id  scope=null

scope key
  value   undefined:value            type=@json
`

func TestParseContext(t *testing.T) {
	got, err := parseContext(sampleTable)
	if err != nil {
		t.Fatal(err)
	}
	key := &Context{Terms: []Term{{Name: "value", IRI: "undefined:value", Type: "@json"}}}
	want := &Context{
		URL: "https://example.org/context/v1", Version: "1.1", Protected: true,
		Terms: []Term{
			{Name: "id", IRI: "@id", Protected: true},
			{Name: "cred", IRI: "https://example.org/cred#", Prefix: true, Protected: true},
			{Name: "Key", IRI: "https://w3id.org/security#Key", Scope: key, Protected: true},
			{Name: "Other", IRI: "Key", Protected: true},
			{Name: "list", IRI: "cred:list", Type: "https://w3id.org/security#multibase", Container: "@list", Protected: true},
			{Name: "lost", IRI: "cred:lost", Type: "@id", Reset: true, Protected: true},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	document := `{"@context":{"@protected":true,"@version":1.1,` +
		`"Key":{"@context":{"value":{"@id":"undefined:value","@type":"@json"}},"@id":"https://w3id.org/security#Key"},` +
		`"Other":"Key","cred":"https://example.org/cred#","id":"@id",` +
		`"list":{"@container":"@list","@id":"cred:list","@type":"https://w3id.org/security#multibase"},` +
		`"lost":{"@context":null,"@id":"cred:lost","@type":"@id"}}}`
	if b := string(got.document()); b != document {
		t.Errorf("document\n%s\nwant\n%s", b, document)
	}
}

func TestScopesAreShared(t *testing.T) {
	c, _ := ContextTable("https://www.w3.org/2018/credentials/v1")
	scopes := map[string]*Context{}
	for _, term := range c.Terms {
		scopes[term.Name] = term.Scope
	}
	if scopes["Ed25519Signature2018"] == nil || scopes["Ed25519Signature2018"] != scopes["EcdsaSecp256k1Signature2019"] {
		t.Error("two terms that name one scope have different ones")
	}
	if scopes["Ed25519Signature2018"] == scopes["RsaSignature2018"] {
		t.Error("two scopes are one")
	}
}

// TestParseContextRefuses changes one place of the sample each time.
func TestParseContextRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no end of line", "type=@json\n", "type=@json", "the last line has no end"},
		{"tab", "  id ", "\tid ", "line 6: a character other than printable ASCII"},
		{"carriage return", "@id\n", "@id\r\n", "line 6: a character other than printable ASCII"},
		{"not ASCII", "A remark.", "A rémark.", "line 1: a character other than printable ASCII"},
		{"space at the end", "A remark.\n", "A remark. \n", "line 1: a space at the end"},
		{"odd indent", "  Key ", "   Key ", "line 8: indented by 3 spaces, not by 0 or 2"},
		{"unknown heading", "scope key", "scoped key", `line 14: unknown heading "scoped"`},
		{"keyword as heading", "scope key", "@vocab https://example.org/", `line 14: unknown heading "@vocab"`},
		{"heading without a name", "scope key", "scope", `line 14: heading "scope" without a name`},
		{"empty table", sampleTable, "\n", "no context heading"},
		{"row first", "# A remark.\n", "  id @id\n", "line 1: row before the first heading"},
		{"scope first", "# A remark.\n", "scope a\n", "line 1: scope before the context heading"},
		{"two contexts", "scope key", "context https://example.org/", "line 14: second context heading"},
		{"URL not https", "context https:", "context http:", `line 5: "http://example.org/context/v1" is not an https URL`},
		{"unknown version", "version=1.1", "version=1.0", `line 5: unknown version "1.0"`},
		{"flag twice", "1.1 protected", "1.1 protected protected", `line 5: attribute "protected" stands twice`},
		{"flag with a value", "protected\n", "protected=false\n", `line 5: unknown attribute "protected=false"`},
		{"abbreviation without IRI", "abbr sec  https://w3id.org/security#", "abbr sec", "line 3: an abbreviation has a name and an IRI"},
		{"abbreviation of no IRI", "https://w3id.org/security#", "security#", `line 3: "security#" is not an absolute IRI that ends in a delimiter`},
		{"abbreviation that runs on", "https://w3id.org/security#", "https://w3id.org/security", `line 3: "https://w3id.org/security" is not an absolute IRI that ends in a delimiter`},
		{"abbreviation twice", "\ncontext", "abbr sec https://a.example/\ncontext", `line 4: abbreviation "sec" stands twice`},
		{"abbreviation late", "scope key", "abbr late https://a.example/", "line 14: abbreviation after the context heading"},
		{"abbreviation unused", "\ncontext", "abbr idle https://a.example/\ncontext", `line 4: abbreviation "idle" is never used`},
		{"abbreviation unknown", "sec|Key", "sek|Key", `line 8: unknown abbreviation "sek"`},
		{"abbreviation unknown in a type", "sec|multibase", "sek|multibase", `line 11: unknown abbreviation "sek"`},
		{"abbreviation of nothing", "sec|Key", "sec|", `line 8: malformed abbreviated IRI "sec|"`},
		{"abbreviation with two bars", "sec|Key", "sec|Key|", `line 8: malformed abbreviated IRI "sec|Key|"`},
		{"term without IRI", "  id      @id", "  id", `line 6: term "id" without an IRI`},
		{"term twice", "  Other ", "  Key ", `line 9: term "Key" stands twice`},
		{"keyword as term", "  Other ", "  @vocab ", `line 9: "@vocab" cannot be a term`},
		{"IRI as term", "  Other ", "  a:b ", `line 9: "a:b" cannot be a term`},
		{"term for an unknown term", "Other   Key", "Other   Kay", `line 9: "Kay" is neither an IRI nor a term beside "Other"`},
		{"term for itself", "Other   Key", "Other   Other", `line 9: "Other" is neither an IRI nor a term beside "Other"`},
		{"term for a term elsewhere", "undefined:value", "Key", `line 15: "Key" is neither an IRI nor a term beside "value"`},
		{"alias of a keyword without aliases", "@id\n  cred", "@graph\n  cred", `line 6: no alias of "@graph" is allowed`},
		{"alias with an attribute", "@id\n", "@id  container=@set\n", "line 6: an alias has no attributes"},
		{"prefix not told", "cred#  prefix", "cred#", "line 7: prefix goes with an IRI that ends in a delimiter, and only with that"},
		{"prefix without delimiter", "cred#  prefix", "cred  prefix", "line 7: prefix goes with an IRI that ends in a delimiter, and only with that"},
		{"prefix with a type", "cred#  prefix", "cred#  prefix type=@id", "line 7: a prefix has no other attributes"},
		{"unknown attribute", "container=@list", "nest=@list", `line 11: unknown attribute "nest=@list"`},
		{"attribute twice", "container=@list", "type=@id", `line 11: attribute "type" stands twice`},
		{"attribute without value", "container=@list", "container=", `line 11: attribute "container" has no value`},
		{"stray word", "container=@list", "@list", `line 11: unknown attribute "@list"`},
		{"unknown container", "@list", "@index", `line 11: unknown container "@index"`},
		{"unknown type", "type=@json", "type=@none", `line 15: unknown type "@none"`},
		{"type that is no IRI", "type=@json", "type=integer", `line 15: unknown type "integer"`},
		{"scope unknown", "scope=key", "scope=kay", `line 8: no scope "kay"`},
		{"scope unused", "                    scope=key", "", `line 14: scope "key" is never used`},
		{"scope twice", "\nscope key", "scope key\n  a a:b\nscope key", `line 15: the scope name "key" is taken`},
		{"scope called null", "scope key\n", "scope null\n", `line 14: the scope name "null" is taken`},
		{"scope within itself", "type=@json", "scope=key", `line 15: scope "key" contains itself`},
		{"scope without terms", "  value   undefined:value            type=@json\n", "", "line 14: no terms under this heading"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(sampleTable, c.old) {
				t.Fatalf("the sample has no %q", c.old)
			}
			context, err := parseContext(strings.Replace(sampleTable, c.old, c.new, 1))
			if context != nil && err != nil {
				t.Error("a context came with the error")
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got error %v, want %s", err, c.want)
			}
		})
	}
}
