package canon

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/piprate/json-gold/ld"

	"laurel/internal/strictjson"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

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

func (c *Canonicalizer) options() *ld.JsonLdOptions {
	o := ld.NewJsonLdOptions("")
	o.ProcessingMode = ld.JsonLd_1_1
	o.DocumentLoader = c.loader
	o.SafeMode = true
	o.Algorithm = ld.AlgorithmURDNA2015 // the library's default is another one
	o.Format = "application/n-quads"
	return o
}

// expand runs JSON-LD expansion in safe mode. The library can panic on odd
// input; that is a fault of ours to report, never a crash.
func (c *Canonicalizer) expand(in Input) (out []any, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &Error{Kind: Unsupported, Detail: fmt.Sprintf("expansion failed: %v", r)}
		}
	}()
	out, err = ld.NewJsonLdProcessor().Expand(tree(in), c.options())
	if err == nil {
		return out, nil
	}
	if e, ok := err.(*ld.JsonLdError); !ok || e.Code != ld.InvalidProperty {
		return nil, &Error{Kind: ContextFault, Detail: clip(err.Error(), 300)}
	}
	if ptr, ok := c.undefined(in); ok {
		return nil, &Error{Kind: UndefinedTerm, Pointer: ptr, Detail: "no context defines this member, so it would not be signed"}
	}
	return nil, &Error{Kind: UndefinedTerm, Detail: "a member stands where its context does not define it, so it would not be signed"}
}

// tree renders the input as the library wants it.
func tree(in Input) any {
	m := make(map[string]any, in.Node.Len())
	for name, v := range in.Node.Members() {
		if !slices.Contains(in.Omit, name) {
			m[name] = plain(v)
		}
	}
	if in.Context.Exists() {
		m["@context"] = plain(in.Context)
	}
	return m
}

func plain(v strictjson.Value) any {
	switch v.Kind() {
	case strictjson.Object:
		m := make(map[string]any, v.Len())
		for name, e := range v.Members() {
			m[name] = plain(e)
		}
		return m
	case strictjson.Array:
		a := make([]any, 0, v.Len())
		for _, e := range v.Elements() {
			a = append(a, plain(e))
		}
		return a
	case strictjson.String:
		return v.Text()
	case strictjson.Number:
		f, _ := strconv.ParseFloat(v.Raw(), 64) // checked by exactNumber
		return f
	case strictjson.True, strictjson.False:
		return v.Bool()
	}
	return nil
}

// undefined looks for the first member whose name no context of ours defines
// anywhere. Where a document may define terms itself it does not know.
func (c *Canonicalizer) undefined(in Input) (string, bool) {
	for _, ctx := range in.context().Each() {
		if ctx.Kind() == strictjson.Object {
			return "", false
		}
	}
	for name, v := range in.Node.Members() {
		if name == "@context" || slices.Contains(in.Omit, name) {
			continue
		}
		if ptr, ok := c.undefinedIn(name, v, strictjson.Pointer("", name)); ok {
			return ptr, true
		}
	}
	return "", false
}

func (c *Canonicalizer) undefinedIn(name string, v strictjson.Value, ptr string) (string, bool) {
	if name != "" && !strings.HasPrefix(name, "@") && !strings.Contains(name, ":") && !c.terms[name] {
		return ptr, true
	}
	for k, m := range v.Members() {
		if p, ok := c.undefinedIn(k, m, strictjson.Pointer(ptr, k)); ok {
			return p, true
		}
	}
	for i, e := range v.Elements() {
		if p, ok := c.undefinedIn("", e, strictjson.Pointer(ptr, strconv.Itoa(i))); ok {
			return p, true
		}
	}
	return "", false
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

func (c *Canonicalizer) normalize(expanded []any) (out []byte, err error) {
	defer func() {
		if r := recover(); r != nil {
			out, err = nil, &Error{Kind: Unsupported, Detail: fmt.Sprintf("canonicalisation failed: %v", r)}
		}
	}()
	api, opts := ld.NewJsonLdApi(), c.options()
	dataset, err := api.ToRDF(expanded, opts)
	if err != nil {
		return nil, &Error{Kind: DataLoss, Detail: clip(err.Error(), 300)}
	}
	if err := affordable(dataset); err != nil {
		return nil, err
	}
	text, err := api.Normalize(dataset, opts)
	if err != nil {
		return nil, &Error{Kind: Unsupported, Detail: clip(err.Error(), 300)}
	}
	return []byte(text.(string)), nil
}

// affordable refuses datasets in which more than a few blank nodes look alike
// from where they stand: URDNA2015 then tries every order of them.
func affordable(d *ld.RDFDataset) error {
	around := map[string][]string{}
	for graph, quads := range d.Graphs {
		for _, q := range quads {
			for _, n := range []ld.Node{q.Subject, q.Object} {
				if ld.IsBlankNode(n) {
					around[n.GetValue()] = append(around[n.GetValue()], seenFrom(n.GetValue(), graph, q))
				}
			}
		}
	}
	alike := map[string]int{}
	for _, lines := range around {
		sort.Strings(lines)
		key := strings.Join(lines, "\n")
		if alike[key]++; alike[key] > maxAlikeNodes {
			return &Error{Kind: OverBudget, Detail: "too many nodes without an id look alike; give them ids"}
		}
	}
	return nil
}

// seenFrom writes a quad with the node itself and other blank nodes made
// anonymous, as Hash First Degree Quads does (RDFC-1.0 section 4.6).
func seenFrom(self, graph string, q *ld.Quad) string {
	name := func(n ld.Node) string {
		switch {
		case !ld.IsBlankNode(n):
			return fmt.Sprintf("%T %v", n, n)
		case n.GetValue() == self:
			return "_:a"
		}
		return "_:z"
	}
	if strings.HasPrefix(graph, "_:") {
		graph = "_:g"
	}
	return graph + " " + name(q.Subject) + " " + q.Predicate.GetValue() + " " + name(q.Object)
}

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
