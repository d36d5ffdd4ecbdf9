package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"laurel/internal/strictjson"
)

// MaxExtension is the most bytes that an added context may have.
const MaxExtension = 1 << 20

const maxExtensionTerms = 2000

// Extension is a context that an operator adds to those held: the publisher's
// bytes, and the table that they are read into.
type Extension struct {
	Table    *Context
	Document []byte
}

// ReadExtension reads a JSON-LD context document that is published at url, an
// https address. What a Context has no room for is refused, with a pointer and
// the reason, never passed over: a feature that was not understood would give
// members another meaning than it has elsewhere. Members of the document other
// than @context mean nothing (JSON-LD 1.1 section 3.1) and are not read.
func ReadExtension(url string, document []byte) (*Extension, error) {
	if rest, ok := strings.CutPrefix(url, "https://"); !ok || rest == "" || strings.ContainsAny(rest, "# ") {
		return nil, fmt.Errorf("%q is not the https address of a context", url)
	}
	root, err := strictjson.Parse(document, strictjson.Limits{Bytes: MaxExtension})
	if err != nil {
		return nil, err
	}
	if !root.Get("@context").Exists() {
		return nil, errors.New("the document has no member @context")
	}
	r := documentReader{root: root}
	c, err := r.context(root.Get("@context"))
	if err != nil {
		return nil, err
	}
	if c.Propagation == NotPropagated {
		return nil, r.fail(root.Get("@context").Get("@propagate"), "@propagate false is not supported here, where processors read it in different ways, but in the context of a term")
	}
	c.URL = url
	return &Extension{Table: c, Document: slices.Clone(document)}, nil
}

// documentReader reads one context document.
type documentReader struct {
	root  strictjson.Value
	terms int
}

// fail points at what cannot be read.
func (r *documentReader) fail(v strictjson.Value, format string, args ...any) error {
	return fmt.Errorf("%s: %s", strictjson.PointerTo(r.root, v), fmt.Sprintf(format, args...))
}

func (r *documentReader) context(v strictjson.Value) (*Context, error) {
	switch v.Kind() {
	case strictjson.Object:
	case strictjson.String:
		return nil, r.fail(v, "a context that names another is not supported; name both in the badge")
	case strictjson.Array:
		return nil, r.fail(v, "a context that is a list is not supported; add each as one of its own")
	default:
		return nil, r.fail(v, "a context is an object")
	}
	c := &Context{}
	for name, m := range v.Members() {
		if !isKeyword(name) {
			continue
		}
		if err := r.keyword(c, name, m); err != nil {
			return nil, err
		}
	}
	for name, m := range v.Members() {
		if isKeyword(name) {
			continue
		}
		t, err := r.term(name, m, c.Protected)
		if err != nil {
			return nil, err
		}
		c.Terms = append(c.Terms, t)
	}
	return c, r.prefixes(c, v)
}

// keyword reads what a context says about itself.
func (r *documentReader) keyword(c *Context, name string, v strictjson.Value) error {
	switch name {
	case "@version":
		if c.Version = v.Raw(); c.Version != "1.1" {
			return r.fail(v, "the version is 1.1")
		}
	case "@protected":
		if !v.IsBool() {
			return r.fail(v, "@protected is true or false")
		}
		c.Protected = v.Bool()
	case "@propagate":
		if !v.IsBool() {
			return r.fail(v, "@propagate is true or false")
		}
		c.Propagation = NotPropagated
		if v.Bool() {
			c.Propagation = Propagated
		}
	case "@vocab":
		return r.fail(v, "@vocab is not supported: it would give a meaning to every misspelt member")
	default:
		return r.fail(v, "%s is not supported in a context", name)
	}
	return nil
}

func (r *documentReader) term(name string, v strictjson.Value, protected bool) (Term, error) {
	t := Term{Name: name, Protected: protected}
	if r.terms++; r.terms > maxExtensionTerms {
		return t, r.fail(v, "the context has more than %d terms", maxExtensionTerms)
	}
	if name == "" || strings.ContainsAny(name, ":/") {
		return t, r.fail(v, "%q cannot be a term: names that are empty or written like addresses are not supported", name)
	}
	switch v.Kind() {
	case strictjson.String:
		t.IRI = v.Text()
		return t, r.iri(v)
	case strictjson.Object:
		return t, r.definition(&t, v)
	}
	return t, r.fail(v, "the term %q is defined by a string or an object; to undefine one is not supported", name)
}

// iri looks at what a term stands for, which is known for certain only when
// the context is active.
func (r *documentReader) iri(v strictjson.Value) error {
	switch s := v.Text(); {
	case v.Kind() != strictjson.String:
		return r.fail(v, "a term stands for an address or another term")
	case isKeyword(s) && s != "@id" && s != "@type":
		return r.fail(v, "%q is not supported as the meaning of a term; only @id and @type are", s)
	}
	return nil
}

func (r *documentReader) definition(t *Term, v strictjson.Value) error {
	if !v.Get("@id").Exists() {
		return r.fail(v, "the term %q has no @id", t.Name)
	}
	for name, m := range v.Members() {
		if err := r.entry(t, name, m); err != nil {
			return err
		}
	}
	if isKeyword(t.IRI) && (t.Type != "" || t.Container != "" || t.Scope != nil || t.Reset || t.Prefix) {
		return r.fail(v, "the term %q stands for %s and can have nothing else", t.Name, t.IRI)
	}
	return nil
}

// entry reads one member of an expanded term definition (section 9.15.1).
func (r *documentReader) entry(t *Term, name string, v strictjson.Value) (err error) {
	switch name {
	case "@id":
		t.IRI = v.Text()
		err = r.iri(v)
	case "@type":
		if t.Type = v.Text(); t.Type == "" || isKeyword(t.Type) && !slices.Contains([]string{"@id", "@vocab", "@json"}, t.Type) {
			err = r.fail(v, "the term %q: this type of values is not supported", t.Name)
		}
	case "@container":
		t.Container, err = r.container(t, v)
	case "@context":
		if v.Get(t.Name).Exists() {
			return r.fail(v, "the term %q is defined anew in its own context, which processors read in different ways", t.Name)
		}
		if t.Reset = v.Kind() == strictjson.Null; !t.Reset {
			t.Scope, err = r.context(v)
		}
	case "@protected":
		if t.Protected = v.Bool(); !v.IsBool() {
			err = r.fail(v, "@protected is true or false")
		}
	case "@prefix":
		if t.Prefix = v.Bool(); !v.IsBool() {
			err = r.fail(v, "@prefix is true or false")
		}
	default:
		err = r.fail(v, "the term %q: %s is not supported", t.Name, clip(name, 40))
	}
	return err
}

// container reads @container. A set is what values are anyway, so beside
// @graph it says nothing more.
func (r *documentReader) container(t *Term, v strictjson.Value) (string, error) {
	var all []string
	for _, e := range v.Each() {
		if s := e.Text(); slices.Contains(all, s) || !slices.Contains([]string{"@graph", "@list", "@set"}, s) {
			return "", r.fail(e, "the term %q: the container %s is not supported; @graph, @list and @set are", t.Name, clip(e.Raw(), 40))
		}
		all = append(all, e.Text())
	}
	slices.Sort(all)
	switch {
	case len(all) == 1:
		return all[0], nil
	case slices.Equal(all, []string{"@graph", "@set"}):
		return "@graph", nil
	}
	return "", r.fail(v, "the term %q: these containers do not go together", t.Name)
}

// prefixes looks at terms that stand for other terms, and finds out which make
// compact IRIs by themselves: plain definitions whose IRI ends in a general
// delimiter (section 4.1.5).
func (r *documentReader) prefixes(c *Context, v strictjson.Value) error {
	for i := range c.Terms {
		t := &c.Terms[i]
		def := v.Get(t.Name)
		iri, ok := c.meaning(t.IRI)
		switch {
		case !ok:
			return r.fail(def, "the term %q: %q is neither an absolute IRI nor a term beside it", t.Name, clip(t.IRI, 80))
		case isKeyword(iri) && !isKeyword(t.IRI):
			return r.fail(def, "the term %q stands for one that stands for %s, which is not supported", t.Name, iri)
		case t.Type != "" && !isKeyword(t.Type) && !isAbsolute(t.Type) && !c.defines(t.Type):
			return r.fail(def, "the term %q: the type %q is neither an absolute IRI nor a term beside it", t.Name, clip(t.Type, 80))
		case def.Kind() == strictjson.String:
			t.Prefix = endsInDelimiter(iri) && !isKeyword(iri)
		}
	}
	return nil
}

// meaning follows terms that stand for terms of the same context, to an IRI
// that may be compact.
func (c *Context) meaning(s string) (string, bool) {
	for range c.Terms {
		i := slices.IndexFunc(c.Terms, func(t Term) bool { return t.Name == s })
		if i < 0 {
			break
		}
		s = c.Terms[i].IRI
	}
	return s, s == "@id" || s == "@type" || isAbsolute(s)
}

func (c *Context) defines(name string) bool {
	return slices.ContainsFunc(c.Terms, func(t Term) bool { return t.Name == name })
}

// clip keeps what somebody else wrote short in an error.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
