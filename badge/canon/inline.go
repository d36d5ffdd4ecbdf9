package canon

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/piprate/json-gold/ld"

	"laurel/badge/canon/rdfc"
	"laurel/internal/strictjson"
	"laurel/schemas"
)

// Documents whose contexts are written inline go this way: a check of the
// tree, expansion by json-gold, and its result, every value of the document
// found in it again, said as statements (expanded.go). json-gold only expands;
// it drops statements, escapes wrongly and has no work limit when it goes on
// from there.

// expander is json-gold with the contexts that we hold and no others.
type expander struct {
	held  held
	terms map[string]bool // every name that some context defines somewhere
	apart map[string]bool // added contexts that json-gold would not read rightly
	err   error
}

func newExpander(added []*schemas.Extension) *expander {
	e := &expander{held: held{}, terms: map[string]bool{}, apart: map[string]bool{}}
	for _, url := range schemas.ContextURLs() {
		raw, _ := schemas.ContextDocument(url)
		e.err = errors.Join(e.err, e.hold(url, raw))
	}
	e.err = errors.Join(e.err, e.hold(examples, []byte(examplesDocument)))
	for _, x := range added {
		e.err = errors.Join(e.err, e.hold(x.Table.URL, x.Document))
		e.apart[x.Table.URL] = losesContainers(x.Table)
	}
	return e
}

func (e *expander) hold(url string, raw []byte) error {
	doc, err := ld.DocumentFromReader(bytes.NewReader(raw))
	if err != nil {
		return fmt.Errorf("reading context %s: %w", url, err)
	}
	e.held[url] = &ld.RemoteDocument{DocumentURL: url, Document: doc}
	collectTerms(doc, e.terms)
	return nil
}

// losesContainers tells whether some term is defined anew, or forgotten, in its
// own context: json-gold takes the container of a term from there. Of the
// contexts of package schemas credentials/v2 alone does so, with
// verifiableCredential, which convert looks out for.
func losesContainers(c *schemas.Context) bool {
	return slices.ContainsFunc(c.Terms, func(t schemas.Term) bool {
		if t.Reset {
			return true
		}
		return t.Scope != nil && (losesContainers(t.Scope) ||
			slices.ContainsFunc(t.Scope.Terms, func(inner schemas.Term) bool { return inner.Name == t.Name }))
	})
}

func collectTerms(v any, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, m := range v {
			if !strings.HasPrefix(k, "@") {
				into[k] = true
			}
			collectTerms(m, into)
		}
	case []any:
		for _, e := range v {
			collectTerms(e, into)
		}
	}
}

// held is the only document loader: the library's own goes to the network and
// to the file system.
type held map[string]*ld.RemoteDocument

// LoadDocument implements ld.DocumentLoader.
func (h held) LoadDocument(url string) (*ld.RemoteDocument, error) {
	if d, ok := h[url]; ok {
		return d, nil
	}
	return nil, ld.NewJsonLdError(ld.LoadingDocumentFailed, "this context is not held: "+url)
}

// The context of the examples in VC data model 2.0 (its section B.3) makes a
// term of every name that has none. That is what a context written inline can
// do, and nothing that a badge may bring, so it counts as one: examples and test
// suites need it, of generic credentials alone.
const (
	examples         = "https://www.w3.org/ns/credentials/examples/v2"
	examplesDocument = `{"@context":{"@vocab":"https://www.w3.org/ns/credentials/examples#"}}`
)

// hasInline reports whether a context is written out among those named.
func hasInline(context strictjson.Value) bool {
	for _, v := range context.Each() {
		if v.Kind() == strictjson.Object || v.Text() == examples {
			return true
		}
	}
	return false
}

// inline fills w.data with the statements of a document whose contexts are
// written inline.
func (c *Canonicalizer) inline(w *walker, in Input) error {
	e := c.expander()
	if e.err != nil {
		return &Error{Kind: Unsupported, Detail: e.err.Error()}
	}
	credentials := embedded(in)
	if credentials.Exists() {
		in.Omit = append(slices.Clone(in.Omit), embeddedMember)
	}
	root, err := e.say(w, in, 0)
	if err != nil || !credentials.Exists() {
		return err
	}
	for i, v := range credentials.Each() {
		at := strictjson.Pointer("", embeddedMember)
		if credentials.Kind() == strictjson.Array {
			at = strictjson.Pointer(at, strconv.Itoa(i))
		}
		if err := e.embed(w, in, v, root, at); err != nil {
			return err
		}
	}
	return nil
}

// say adds the statements of an object to a graph, and returns its subject.
func (e *expander) say(w *walker, in Input, graph rdfc.Term) (rdfc.Term, error) {
	l, err := e.lint(in)
	if err != nil {
		return 0, err
	}
	expanded, err := e.expand(in)
	if err != nil {
		return 0, err
	}
	return convert(&w.data, expanded, l, graph)
}

// A presentation under contexts written inline has its credentials said apart:
// json-gold loses the graph that each of them is. The base context lets nothing
// of a presentation into them (its @context: null), so each means what it means
// alone.
const (
	embeddedMember = "verifiableCredential"
	presentation   = "VerifiablePresentation"
	baseContext    = "https://www.w3.org/ns/credentials/v2"
)

// embedded are the credentials of a presentation by VC data model 2.0. Under the
// base context the names of the type and of the member are protected: no context
// written inline gives them another meaning.
func embedded(in Input) strictjson.Value {
	if slices.Contains(in.Omit, embeddedMember) || !oneOf(in.context(), baseContext) || !oneOf(in.Node.Get("type"), presentation) {
		return strictjson.Value{}
	}
	return in.Node.Get(embeddedMember)
}

// embed says one credential as a graph of its own.
func (e *expander) embed(w *walker, in Input, v strictjson.Value, holder rdfc.Term, at string) error {
	context := v.Get("@context")
	if v.Kind() != strictjson.Object || !context.Exists() {
		return &Error{Kind: UndefinedTerm, Pointer: at, Detail: "without @context no member of a credential means anything"}
	}
	name, before := w.data.Blank(), w.data.Added()
	var err error
	if hasInline(context) {
		var refused *Error
		_, err = e.say(w, Input{Node: v, InlineContexts: true, Directions: in.Directions}, name)
		if errors.As(err, &refused) {
			refused.Pointer = at + refused.Pointer
		}
	} else {
		err = w.within(v, name)
	}
	if err != nil {
		return err
	}
	if w.data.Added() == before {
		return &Error{Kind: DataLoss, Pointer: at, Detail: "of this credential nothing is said, so it would not be signed"}
	}
	w.data.Add(rdfc.Quad{Subject: holder, Predicate: w.data.IRI(verifiableCredential), Object: name})
	return nil
}

// expand runs JSON-LD expansion in safe mode. The library can panic on odd
// input; that is a fault of ours to report, never a crash.
func (e *expander) expand(in Input) (out []any, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &Error{Kind: Unsupported, Detail: fmt.Sprintf("expansion failed: %v", r)}
		}
	}()
	options := ld.NewJsonLdOptions("")
	options.ProcessingMode = ld.JsonLd_1_1
	options.DocumentLoader = e.held
	options.SafeMode = true
	out, err = ld.NewJsonLdProcessor().Expand(tree(in), options)
	if err == nil {
		return out, nil
	}
	if ptr, ok := e.undefined(in); ok {
		return nil, &Error{Kind: UndefinedTerm, Pointer: ptr, Detail: "no context defines this member, so it would not be signed"}
	}
	var fault *ld.JsonLdError
	if errors.As(err, &fault) && fault.Code == ld.InvalidProperty {
		return nil, &Error{Kind: UndefinedTerm, Detail: "a member stands where its context does not define it, so it would not be signed"}
	}
	return nil, &Error{Kind: ContextFault, Detail: clip(err.Error(), 300)}
}

// tree renders the input as the library wants it.
func tree(in Input) any {
	m := make(map[string]any, in.Node.Len())
	for name, v := range in.Node.Members() {
		if !slices.Contains(in.Omit, name) {
			m[name] = plain(v)
		}
	}
	m["@context"] = plain(in.context())
	return m
}

// plain has the numbers that lint has looked at.
func plain(v strictjson.Value) any {
	return strictjson.Plain(v, func(raw string) any {
		f, _ := double(raw)
		return f
	})
}

// undefined looks for the first member whose name no context defines anywhere.
func (e *expander) undefined(in Input) (string, bool) {
	terms := e.terms
	if context := plain(in.context()); context != nil {
		terms = map[string]bool{}
		collectTerms(context, terms)
	}
	known := func(name string) bool {
		return strings.HasPrefix(name, "@") || strings.Contains(name, ":") || e.terms[name] || terms[name]
	}
	for name, v := range in.Node.Members() {
		if name == "@context" || slices.Contains(in.Omit, name) {
			continue
		}
		if ptr, ok := undefinedIn(known, name, v, strictjson.Pointer("", name)); ok {
			return ptr, true
		}
	}
	return "", false
}

func undefinedIn(known func(string) bool, name string, v strictjson.Value, ptr string) (string, bool) {
	if name != "" && !known(name) {
		return ptr, true
	}
	for k, m := range v.Members() {
		if p, ok := undefinedIn(known, k, m, strictjson.Pointer(ptr, k)); ok {
			return p, true
		}
	}
	for i, e := range v.Elements() {
		if p, ok := undefinedIn(known, "", e, strictjson.Pointer(ptr, strconv.Itoa(i))); ok {
			return p, true
		}
	}
	return "", false
}
