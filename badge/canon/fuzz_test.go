package canon_test

import (
	"errors"
	"strings"
	"testing"

	"laurel/badge/canon"
	"laurel/badge/canon/canontest"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// FuzzCanonicalize: whatever parses is refused with a place and a reason, or
// has a form that is in order, parses as N-Quads and stays as it is.
func FuzzCanonicalize(f *testing.F) {
	c := newCanonicalizer(f)
	forms := 0
	for seed := range uint64(12) {
		for _, raw := range [][]byte{canontest.Ordinary(seed), canontest.Odd(seed)} {
			if _, err := c.Canonicalize(canon.Input{Node: parse(f, string(raw))}); err == nil {
				forms++
			}
			f.Add(string(raw), false)
		}
	}
	if forms < 18 {
		f.Fatalf("%d of the seeds have a form", forms)
	}
	for _, r := range refusals {
		f.Add(badge(r.members), false)
	}
	f.Add(`{"@context":["https://www.w3.org/ns/credentials/v2",{"p":{"@id":"urn:p","@container":"@list"}}],"p":[1,{"id":"_:a"}]}`, true)
	f.Fuzz(func(t *testing.T, raw string, inline bool) {
		v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
		if err != nil {
			return
		}
		text, err := c.Canonicalize(canon.Input{Node: v, InlineContexts: inline})
		if err != nil {
			var e *canon.Error
			if !asError(err, &e) || e.Detail == "" || e.Kind.String() == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		if err := again(text); err != nil {
			t.Fatal(err)
		}
	})
}

func asError(err error, into **canon.Error) bool {
	e, ok := err.(*canon.Error)
	*into = e
	return ok
}

// FuzzContexts: contexts in any order, repeated, under any types, compile or
// are refused as contradicting each other.
func FuzzContexts(f *testing.F) {
	urls := schemas.ContextURLs()
	var types []string
	for _, url := range urls {
		table, _ := schemas.ContextTable(url)
		for _, t := range table.Terms {
			if t.Scope != nil {
				types = append(types, t.Name)
			}
		}
	}
	if len(urls) < 15 || len(types) < 60 {
		f.Fatalf("%d contexts, %d types", len(urls), len(types))
	}
	c := newCanonicalizer(f)
	f.Add([]byte{3, 13}, []byte{1, 2, 3})
	f.Add([]byte{2, 10, 5}, []byte{0, 40})
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14}, []byte{9, 8, 7, 60})
	f.Fuzz(func(t *testing.T, contexts, typed []byte) {
		if len(contexts) > 20 || len(typed) > 20 {
			return
		}
		doc := `{"@context":["` + chosen(urls, contexts) + `"],"@id":"urn:x:1","@type":["` + chosen(types, typed) + `"],"urn:p":{"@type":"` +
			strings.Split(chosen(types, typed), `"`)[0] + `","@id":"urn:x:2"}}`
		v := parse(t, doc)
		first, err := c.Canonicalize(canon.Input{Node: v})
		second, err2 := newCanonicalizer(t).Canonicalize(canon.Input{Node: v})
		if string(first) != string(second) || (err == nil) != (err2 == nil) {
			t.Fatalf("%s\n%s %v\n%s %v", doc, first, err, second, err2)
		}
		var e *canon.Error
		if err != nil && (!asError(err, &e) || e.Kind != canon.ContextFault && e.Kind != canon.UndefinedType && e.Kind != canon.UndefinedTerm && e.Kind != canon.UnknownContext) {
			t.Fatalf("%s: %v", doc, err)
		}
	})
}

func chosen(from []string, by []byte) string {
	var names []string
	for _, b := range by {
		names = append(names, from[int(b)%len(from)])
	}
	return strings.Join(names, `","`)
}

// FuzzAdded: whatever is read as a context compiles or is refused, and what it
// makes of a document has a place and a reason, or a form that is in order and
// the same each time.
func FuzzAdded(f *testing.F) {
	for seed := range uint64(12) {
		contexts, document := canontest.Added(seed)
		for url, context := range contexts {
			f.Add(context, strings.ReplaceAll(string(document), url, tram))
		}
	}
	f.Add([]byte(`{"@context":{"a":"b:c","b":"a:d","@protected":true}}`), withTram(`,"a":{"@set":[1]}`))
	f.Fuzz(func(t *testing.T, context []byte, raw string) {
		x, err := schemas.ReadExtension(tram, context)
		if err != nil {
			return
		}
		c, err := canon.NewWith(x)
		if err != nil {
			var refused *canon.AddedError
			if !errors.As(err, &refused) {
				t.Fatalf("%v", err)
			}
			return
		}
		v, err := strictjson.Parse([]byte(raw), strictjson.Limits{})
		if err != nil {
			return
		}
		first, err := c.Canonicalize(canon.Input{Node: v})
		second, err2 := c.Canonicalize(canon.Input{Node: v})
		if string(first) != string(second) || (err == nil) != (err2 == nil) {
			t.Fatalf("%s %v\n%s %v", first, err, second, err2)
		}
		var e *canon.Error
		if err != nil && (!asError(err, &e) || e.Detail == "" || e.Kind.String() == "") {
			t.Fatalf("%v", err)
		}
		if err == nil {
			if err := again(first); err != nil {
				t.Fatal(err)
			}
		}
	})
}
