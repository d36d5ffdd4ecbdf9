package canon_test

import (
	"errors"
	"testing"

	"laurel/badge/canon"
)

// Terms that are protected and defined several times are refused where json-gold
// reads them wrongly, each time anew: by chance it took some of them.
func TestProtectedTwice(t *testing.T) {
	c := newCanonicalizer(t)
	for name, r := range map[string]struct {
		contexts string
		kind     canon.Kind
		pointer  string
	}{
		"a prefix in the context of a term": {`{"p":{"@id":"ex:p","@context":[{"@protected":true,"ex":"https://a.example/"},{"ex":"https://b.example/","q":"ex:q"}]}}`, canon.Unsupported, "/@context/1/p/@context/q"},
		"a prefix or none":                  {`{"p":{"@id":"https://a.example/","@protected":true,"@prefix":true}},{"p":{"@id":"https://a.example/"}}`, canon.Unsupported, "/@context/1/p"},
		"a held term with @prefix":          {`{"p":"urn:p","issuer":{"@id":"https://www.w3.org/2018/credentials#issuer","@type":"@id","@prefix":true}}`, canon.Unsupported, "/@context/1/issuer"},
		"@protected as text":                {`{"p":"urn:p","@protected":"true"}`, canon.ContextFault, "/@context/1/@protected"},
		"an empty @vocab":                   {`{"p":"urn:p","@vocab":""}`, canon.Unsupported, "/@context/1/@vocab"},
		"not protected":                     {`{"p":{"@id":"ex:p","@context":[{"ex":"https://a.example/"},{"ex":"https://b.example/","q":"ex:q"}]}}`, 0, ""},
		"the same definition again":         {`{"@protected":true,"ex":"https://a.example/","p":{"@id":"ex:p","@context":{"ex":"https://a.example/","q":"ex:q"}}}`, 0, ""},
	} {
		for range 20 { // what happens by chance happens in one of a few
			_, err := c.Canonicalize(canon.Input{Node: parse(t, `{"@context":["https://www.w3.org/ns/credentials/v2",`+r.contexts+`],"p":{"id":"urn:x:1"}}`), InlineContexts: true})
			if r.kind != 0 {
				check(t, err, r.kind, r.pointer)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			var e *canon.Error
			if t.Failed() || !errors.As(err, &e) && r.kind != 0 {
				t.Fatal(name)
			}
		}
	}
}
