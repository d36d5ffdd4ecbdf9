package schemas

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A context table has these headings and rows:
//
//	abbr NAME IRI                    NAME|rest stands for IRI+rest in the rows below
//	context URL [version=1.1] [protected]
//	scope NAME [version=1.1] [protected]
//	  TERM IRI [prefix] [type=T] [container=C] [scope=NAME]
//
// The one context heading comes before the scopes. Each scope is a context
// within another: of a type or of a property, told by the term that names it;
// scope=null forgets every definition. Abbreviations are ours, and no IRI has a
// "|"; a colon is the publisher's and stays as it is.

// contextParser reads a context table.
type contextParser struct {
	abbrs  map[string]*abbreviation
	root   *scope
	scopes map[string]*scope
	last   *scope
}

type abbreviation struct {
	iri  string
	used bool
	line int
}

// scope is a context on its way: names of scopes are resolved by link.
type scope struct {
	Context
	line  int
	rows  []scopeRow // one for each term
	state linkState
}

type scopeRow struct {
	line  int
	scope string // name of the scope named by the term; may be empty
}

type linkState int

const (
	unlinked linkState = iota
	linking
	linked
)

func parseContext(text string) (*Context, error) {
	lines, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := contextParser{abbrs: map[string]*abbreviation{}, scopes: map[string]*scope{}}
	for _, l := range lines {
		if err := p.line(l); err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	if p.root == nil {
		return nil, errors.New("no context heading")
	}
	if err := p.link(p.root); err != nil {
		return nil, err
	}
	if err := p.leftover(); err != nil {
		return nil, err
	}
	return &p.root.Context, nil
}

func (p *contextParser) line(l line) error {
	if l.row {
		return p.term(l)
	}
	if len(l.words) < 2 {
		return fmt.Errorf("heading %q without a name", l.words[0])
	}
	switch l.words[0] {
	case "abbr":
		return p.abbr(l)
	case "context", "scope":
		return p.block(l)
	}
	return fmt.Errorf("unknown heading %q", l.words[0])
}

func (p *contextParser) abbr(l line) error {
	if len(l.words) != 3 {
		return errors.New("an abbreviation has a name and an IRI")
	}
	name, iri := l.words[1], l.words[2]
	switch {
	case p.root != nil:
		return errors.New("abbreviation after the context heading")
	case p.abbrs[name] != nil:
		return fmt.Errorf("abbreviation %q stands twice", name)
	case !isAbsolute(iri) || !endsInDelimiter(iri):
		return fmt.Errorf("%q is not an absolute IRI that ends in a delimiter", iri)
	}
	p.abbrs[name] = &abbreviation{iri: iri, line: l.number}
	return nil
}

func (p *contextParser) block(l line) error {
	name := l.words[1]
	s := &scope{line: l.number}
	list, err := attributes(l.words[2:], "version=", "protected")
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.key == "protected" {
			s.Protected = true
		} else if s.Version = a.value; s.Version != "1.1" {
			return fmt.Errorf("unknown version %q", s.Version)
		}
	}
	p.last = s
	if l.words[0] == "context" {
		return p.setRoot(s, name)
	}
	switch {
	case p.root == nil:
		return errors.New("scope before the context heading")
	case name == "null" || p.scopes[name] != nil:
		return fmt.Errorf("the scope name %q is taken", name)
	}
	p.scopes[name] = s
	return nil
}

func (p *contextParser) setRoot(s *scope, url string) error {
	switch {
	case p.root != nil:
		return errors.New("second context heading")
	case !strings.HasPrefix(url, "https://"):
		return fmt.Errorf("%q is not an https URL", url)
	}
	s.URL, p.root = url, s
	return nil
}

func (p *contextParser) term(l line) error {
	if p.last == nil {
		return errors.New("row before the first heading")
	}
	if len(l.words) < 2 {
		return fmt.Errorf("term %q without an IRI", l.words[0])
	}
	iri, err := p.expand(l.words[1])
	if err != nil {
		return err
	}
	list, err := attributes(l.words[2:], "prefix", "type=", "container=", "scope=")
	if err != nil {
		return err
	}
	t, row := Term{Name: l.words[0], IRI: iri, Protected: p.last.Protected}, scopeRow{line: l.number}
	for _, a := range list {
		switch a.key {
		case "prefix":
			t.Prefix = true
		case "type":
			if t.Type, err = p.expand(a.value); err != nil {
				return err
			}
		case "container":
			t.Container = a.value
		case "scope":
			row.scope, t.Reset = a.value, a.value == "null"
		}
	}
	if p.last.has(t.Name) {
		return fmt.Errorf("term %q stands twice", t.Name)
	}
	p.last.Terms = append(p.last.Terms, t)
	p.last.rows = append(p.last.rows, row)
	return t.check(len(list))
}

func (s *scope) has(name string) bool {
	return slices.ContainsFunc(s.Terms, func(t Term) bool { return t.Name == name })
}

// expand writes an abbreviated IRI out.
func (p *contextParser) expand(word string) (string, error) {
	name, rest, abbreviated := strings.Cut(word, "|")
	if !abbreviated {
		return word, nil
	}
	a := p.abbrs[name]
	if a == nil {
		return "", fmt.Errorf("unknown abbreviation %q", name)
	}
	if rest == "" || strings.Contains(rest, "|") {
		return "", fmt.Errorf("malformed abbreviated IRI %q", word)
	}
	a.used = true
	return a.iri + rest, nil
}

// check refuses what one row can have wrong by itself.
func (t Term) check(attributes int) error {
	switch {
	case strings.ContainsAny(t.Name, "@:|/"):
		return fmt.Errorf("%q cannot be a term", t.Name)
	case isKeyword(t.IRI) && t.IRI != "@id" && t.IRI != "@type":
		return fmt.Errorf("no alias of %q is allowed", t.IRI)
	case isKeyword(t.IRI) && attributes > 0:
		return errors.New("an alias has no attributes")
	case t.Prefix != endsInDelimiter(t.IRI):
		return errors.New("prefix goes with an IRI that ends in a delimiter, and only with that")
	case t.Prefix && attributes > 1:
		return errors.New("a prefix has no other attributes")
	case t.Type != "" && !isAbsolute(t.Type) && !slices.Contains([]string{"@id", "@vocab", "@json"}, t.Type):
		return fmt.Errorf("unknown type %q", t.Type)
	case t.Container != "" && !slices.Contains([]string{"@graph", "@list", "@set"}, t.Container):
		return fmt.Errorf("unknown container %q", t.Container)
	}
	return nil
}

// link resolves the names of scopes below s, and checks the terms that stand
// for other terms.
func (p *contextParser) link(s *scope) error {
	if len(s.Terms) == 0 {
		return fmt.Errorf("line %d: no terms under this heading", s.line)
	}
	s.state = linking
	for i, row := range s.rows {
		t := &s.Terms[i]
		if !isKeyword(t.IRI) && !isAbsolute(t.IRI) && !s.defines(t.IRI) {
			return fmt.Errorf("line %d: %q is neither an IRI nor a term beside %q", row.line, t.IRI, t.Name)
		}
		if row.scope == "" || t.Reset {
			continue
		}
		inner, err := p.inner(row)
		if err != nil {
			return err
		}
		t.Scope = &inner.Context
	}
	s.state = linked
	return nil
}

// inner returns the scope that a row names, linked.
func (p *contextParser) inner(row scopeRow) (*scope, error) {
	inner := p.scopes[row.scope]
	switch {
	case inner == nil:
		return nil, fmt.Errorf("line %d: no scope %q", row.line, row.scope)
	case inner.state == linking:
		return nil, fmt.Errorf("line %d: scope %q contains itself", row.line, row.scope)
	case inner.state == linked:
		return inner, nil
	}
	return inner, p.link(inner)
}

// defines tells whether name is a term of s that has an IRI of its own.
func (s *scope) defines(name string) bool {
	return slices.ContainsFunc(s.Terms, func(t Term) bool { return t.Name == name && isAbsolute(t.IRI) })
}

// leftover refuses what no row uses: the first such line.
func (p *contextParser) leftover() error {
	first, what := 0, ""
	note := func(line int, kind, name string) {
		if first == 0 || line < first {
			first, what = line, fmt.Sprintf("%s %q", kind, name)
		}
	}
	for name, a := range p.abbrs {
		if !a.used {
			note(a.line, "abbreviation", name)
		}
	}
	for name, s := range p.scopes {
		if s.state != linked {
			note(s.line, "scope", name)
		}
	}
	if first == 0 {
		return nil
	}
	return fmt.Errorf("line %d: %s is never used", first, what)
}

func isKeyword(s string) bool { return strings.HasPrefix(s, "@") }

// isAbsolute tells whether s reads as an absolute or compact IRI: something on
// both sides of a colon. More is not known before the context is active.
func isAbsolute(s string) bool {
	before, after, colon := strings.Cut(s, ":")
	return colon && before != "" && after != "" && !strings.ContainsAny(before, "@/#?|") && !strings.Contains(after, "|")
}

// endsInDelimiter tells whether s ends in a gen-delim of RFC 3986 section 2.2.
func endsInDelimiter(s string) bool {
	return s != "" && strings.ContainsRune(":/?#[]@", rune(s[len(s)-1]))
}
