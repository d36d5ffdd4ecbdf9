package schemas

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/piprate/json-gold/ld"
)

// contextSource hands out context documents by URL, ours or the published.
type contextSource func(url string) (any, error)

// LoadDocument makes a source a loader of json-gold.
func (s contextSource) LoadDocument(url string) (*ld.RemoteDocument, error) {
	doc, err := s(url)
	if err != nil {
		return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, err)
	}
	return &ld.RemoteDocument{DocumentURL: url, Document: doc}, nil
}

func ours(url string) (any, error) {
	b, ok := ContextDocument(url)
	if !ok {
		return nil, fmt.Errorf("%s is not held", url)
	}
	return ld.DocumentFromReader(bytes.NewReader(b))
}

func publisherOf(t *testing.T) contextSource {
	files := map[string]any{}
	for _, h := range held {
		files[h.url] = published(t, "contexts/"+h.file)
	}
	return func(url string) (any, error) {
		b, err := json.Marshal(files[url])
		if err != nil {
			return nil, err
		}
		return ld.DocumentFromReader(bytes.NewReader(b))
	}
}

// quads expands a document, refusing what would be dropped, and returns it as
// canonical N-Quads.
func quads(t *testing.T, doc any, contexts contextSource) string {
	t.Helper()
	processor, options := ld.NewJsonLdProcessor(), ld.NewJsonLdOptions("")
	options.DocumentLoader = contexts
	options.SafeMode = true
	expanded, err := processor.Expand(doc, options)
	if err != nil {
		t.Fatalf("expanding %s: %v", encode(doc), err)
	}
	return canonical(t, expanded, options)
}

func canonical(t *testing.T, doc any, options *ld.JsonLdOptions) string {
	t.Helper()
	options.Format, options.Algorithm = "application/n-quads", ld.AlgorithmURDNA2015
	text, err := ld.NewJsonLdProcessor().Normalize(doc, options)
	if err != nil {
		t.Fatalf("canonicalising %s: %v", encode(doc), err)
	}
	return text.(string)
}

func countTerms(c *Context) int {
	n := 0
	for _, t := range c.Terms {
		if n++; t.Scope != nil {
			n += countTerms(t.Scope)
		}
	}
	return n
}

// contextStacks are contexts as badges combine them. Editions 3.0.0 and 3.0.1
// redefine what credentials/v2 protects, and stand with credentials/v1 only.
var contextStacks = [][]any{
	{"https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"},
	{"https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"},
	{"https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json", "https://w3id.org/security/data-integrity/v2"},
	{"https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", "https://w3id.org/security/data-integrity/v1"},
	{"https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", "https://w3id.org/security/suites/ed25519-2020/v1"},
	{"https://www.w3.org/2018/credentials/v1", "https://purl.imsglobal.org/spec/ob/v3p0/context.json", "https://w3id.org/security/suites/ed25519-2020/v1"},
}

// setContexts puts other contexts into a document and those embedded in it.
func setContexts(v any, stack []any) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			if name == "@context" {
				v[name] = stack
			} else {
				setContexts(value, stack)
			}
		}
	case []any:
		for _, value := range v {
			setContexts(value, stack)
		}
	}
}

// samples are documents that use every term of one context, in the place that
// it is meant for and with values of every kind.
type samples struct {
	url   string
	docs  []any
	terms int
}

func samplesOf(t *testing.T, url string, contexts contextSource) *samples {
	t.Helper()
	doc, err := contexts(url)
	if err != nil {
		t.Fatal(err)
	}
	s := &samples{url: url}
	s.context(doc.(map[string]any)["@context"].(map[string]any), nil)
	return s
}

// path leads from the root of a document to the node in question.
type path []step

// step gives the node a type, or leads on to another node by a property.
type step struct {
	typed bool
	name  string
}

// context adds a document with all terms of a context as properties, and one
// for each of those that look like types.
func (s *samples) context(c map[string]any, at path) {
	all := map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if isKeyword(name) {
			continue
		}
		s.terms++
		s.property(name, c[name], all)
		def, _ := c[name].(map[string]any)
		scope, _ := def["@context"].(map[string]any)
		if scope != nil {
			s.context(scope, append(slices.Clone(at), step{name: name}))
		}
		if !at.typesAllowed(name) {
			continue
		}
		s.add(at, map[string]any{"@type": []any{name}})
		if scope != nil {
			before := s.terms
			s.context(scope, append(slices.Clone(at), step{typed: true, name: name}))
			s.terms = before // the same terms again
		}
	}
	s.add(at, all)
}

func (s *samples) property(name string, def any, node map[string]any) {
	iri, plain := def.(string)
	switch {
	case iri == "@id":
		node[name] = "https://node.example/named"
	case iri == "@type":
		node[name] = "https://type.example/Named"
	case plain && endsInDelimiter(iri):
		node[name+":suffix"] = "of a prefix"
	default:
		full, _ := def.(map[string]any)
		node[name] = valuesFor(full)
	}
}

// typesAllowed tells whether a term may be a type at this place: its name
// begins like one, and the context is not the scope of a type, which does not
// hold for the types themselves.
func (at path) typesAllowed(name string) bool {
	return (name[0] >= 'A' && name[0] <= 'Z' || name[0] == '1') && (len(at) == 0 || !at[len(at)-1].typed)
}

// valuesFor makes values of all kinds; for a JSON literal one object, for graphs
// one node.
func valuesFor(def map[string]any) any {
	if def["@type"] == "@json" {
		return map[string]any{"b": []any{1.0, nil, "x"}, "a": true}
	}
	node := map[string]any{"@id": "https://node.example/value", "https://property.example/p": "in a node"}
	if def["@container"] == "@graph" {
		return []any{node}
	}
	list := []any{"https://text.example/", "2026-01-02T03:04:05Z", true, 7.0, 1.5,
		map[string]any{"@value": "texte", "@language": "fr"}, node}
	if scope, ok := def["@context"].(map[string]any); ok && def["@type"] == "@vocab" {
		for _, name := range slices.Sorted(maps.Keys(scope)) {
			if !isKeyword(name) && !endsInDelimiter(fmt.Sprint(scope[name])) {
				list = append(list, name)
			}
		}
	}
	return list
}

// add makes a document with these members in the node at the end of the path.
func (s *samples) add(at path, members map[string]any) {
	node := members
	for _, step := range slices.Backward(at) {
		if step.typed {
			node["@type"] = []any{step.name}
		} else {
			node = map[string]any{step.name: node}
		}
	}
	node["@context"] = s.url
	s.docs = append(s.docs, node)
}
