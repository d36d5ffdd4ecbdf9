package canon

import (
	"testing"

	"laurel/schemas"
)

// TestLexicon: what stands for a keyword by way of other terms is known as such,
// and every name has its own number.
func TestLexicon(t *testing.T) {
	inner := &schemas.Context{Terms: []schemas.Term{{Name: "sort", IRI: "kind"}, {Name: "label", IRI: "urn:x:label"}}}
	x := newLexicon(map[string]*schemas.Context{"urn:c": {URL: "urn:c", Terms: []schemas.Term{
		{Name: "self", IRI: "name"}, {Name: "name", IRI: "@id"}, {Name: "kind", IRI: "@type"},
		{Name: "about", IRI: "urn:x:about", Scope: inner}, {Name: "more", IRI: "urn:x:more", Scope: inner},
	}}})
	met := map[number]string{unnamed: ""}
	for _, c := range []struct {
		name    string
		special bool
	}{{"@id", true}, {"@type", true}, {"@context", true}, {"@none", true}, {"self", true}, {"name", true}, {"kind", true}, {"sort", true},
		{"label", false}, {"about", false}, {"more", false}} {
		n := x.find(c.name)
		if other, twice := met[n]; twice || (n <= x.special) != c.special || int(n) >= x.size {
			t.Errorf("%s has the number %d, as %q; %d are special", c.name, n, other, x.special)
		}
		met[n] = c.name
	}
	if x.find("") != unnamed || x.find("colour") != unnamed || x.find("@else") != otherKeyword || x.find("@list") != listKeyword || len(x.contexts) != 2 {
		t.Error("there are numbers for what is in no context")
	}
}
