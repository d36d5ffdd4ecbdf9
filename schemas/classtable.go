package schemas

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The class table has these headings and rows:
//
//	pattern NAME EXPRESSION          a regular expression of ECMA 262 and RE2 alike
//	words NAME [extensible]
//	  WORD WORD ...
//	class NAME open|closed
//	  PROPERTY CARDINALITY TYPE [is=WORD] [has=WORD|WORD]... [first=TEXT] [second=PATTERN]
//	                            [optional=tolerant] [only=tolerant]
//
// A cardinality is 1, 0..1, 0..*, 1..* or 2..*. A type is string, number,
// boolean, date, date-time, context, a pattern (for a string that matches it),
// words, a class, or a class or string (CLASS|string). The patterns Extension
// and LanguageKey have a meaning of their own: they extend every vocabulary
// that is extensible, and bind the names in language maps.

// classParser reads the class table.
type classParser struct {
	table    *ClassTable
	patterns map[string]*regexp.Regexp
	words    map[string]*vocabulary
	unused   map[string]int // the lines of names that nothing has used yet
	lastWord *vocabulary    // the heading that rows are under, if it is of words
	last     *Class         // the same, if it is of a class
	// The types are resolved when all classes are known.
	pending []pendingType
}

type vocabulary struct {
	words      []string
	extensible bool
}

type pendingType struct {
	line     int
	class    *Class
	property int
	name     string
}

func parseClasses(text string) (*ClassTable, error) {
	lines, err := scan(text)
	if err != nil {
		return nil, err
	}
	p := classParser{
		table:    &ClassTable{},
		patterns: map[string]*regexp.Regexp{},
		words:    map[string]*vocabulary{},
		unused:   map[string]int{},
	}
	for _, l := range lines {
		if err := p.line(l); err != nil {
			return nil, fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	for _, t := range p.pending {
		if err := p.resolve(t); err != nil {
			return nil, fmt.Errorf("line %d: %w", t.line, err)
		}
	}
	if p.table.LanguageKey, err = p.pattern("LanguageKey"); err != nil {
		return nil, err
	}
	if err := p.leftover(); err != nil {
		return nil, err
	}
	return p.table, nil
}

func (p *classParser) line(l line) error {
	switch {
	case l.row && p.last != nil:
		return p.property(l)
	case l.row && p.lastWord != nil:
		return p.lastWord.add(l.words)
	case l.row:
		return errors.New("row under no heading of words or of a class")
	case len(l.words) < 2:
		return fmt.Errorf("heading %q without a name", l.words[0])
	}
	return p.heading(l)
}

func (p *classParser) heading(l line) error {
	kind, name, rest := l.words[0], l.words[1], l.words[2:]
	if err := p.free(name); err != nil {
		return err
	}
	p.last, p.lastWord = nil, nil
	switch kind {
	case "pattern":
		if len(rest) != 1 {
			return errors.New("a pattern has a name and one expression")
		}
		expression, err := regexp.Compile(rest[0])
		if err != nil {
			return err
		}
		p.patterns[name], p.unused[name] = expression, l.number
	case "words":
		p.lastWord = &vocabulary{extensible: slices.Equal(rest, []string{"extensible"})}
		if len(rest) > 0 && !p.lastWord.extensible {
			return fmt.Errorf("unknown words %q", rest)
		}
		p.words[name], p.unused[name] = p.lastWord, l.number
	case "class":
		if len(rest) != 1 || rest[0] != "open" && rest[0] != "closed" {
			return errors.New("a class is either open or closed")
		}
		p.last = &Class{Name: name, Open: rest[0] == "open"}
		p.table.Classes = append(p.table.Classes, p.last)
	default:
		return fmt.Errorf("unknown heading %q", kind)
	}
	return nil
}

// free refuses a name that means something already.
func (p *classParser) free(name string) error {
	_, class := p.table.Class(name)
	if class || p.patterns[name] != nil || p.words[name] != nil || builtinKind(name) != 0 || strings.Contains(name, "|") {
		return fmt.Errorf("the name %q is taken", name)
	}
	return nil
}

func (v *vocabulary) add(words []string) error {
	for _, w := range words {
		if slices.Contains(v.words, w) {
			return fmt.Errorf("%q stands twice", w)
		}
		v.words = append(v.words, w)
	}
	return nil
}

func (p *classParser) property(l line) error {
	if len(l.words) < 3 {
		return errors.New("a property has a name, a cardinality and a type")
	}
	r := Property{Name: l.words[0]}
	switch l.words[1] {
	case "0..1":
	case "1":
		r.Min = 1
	case "0..*", "1..*", "2..*":
		r.Min, r.Many = int(l.words[1][0]-'0'), true
	default:
		return fmt.Errorf("unknown cardinality %q", l.words[1])
	}
	if slices.ContainsFunc(p.last.Properties, func(o Property) bool { return o.Name == r.Name }) {
		return fmt.Errorf("property %q stands twice", r.Name)
	}
	if err := p.attributes(&r, l.words[3:]); err != nil {
		return err
	}
	p.pending = append(p.pending, pendingType{l.number, p.last, len(p.last.Properties), l.words[2]})
	p.last.Properties = append(p.last.Properties, r)
	return nil
}

func (p *classParser) attributes(r *Property, words []string) error {
	list, err := attributes(words, "is=", "has=*", "first=", "second=", "optional=", "only=")
	if err != nil {
		return err
	}
	for _, a := range list {
		switch a.key {
		case "is":
			r.Is = a.value
		case "has":
			r.Has = append(r.Has, strings.Split(a.value, "|"))
		case "first":
			r.First = a.value
		case "second":
			if r.Second, err = p.pattern(a.value); err != nil {
				return err
			}
		case "optional", "only":
			if a.value != "tolerant" {
				return fmt.Errorf("unknown family %q", a.value)
			}
			r.optionalTolerant = r.optionalTolerant || a.key == "optional"
			r.onlyTolerant = r.onlyTolerant || a.key == "only"
		}
	}
	return nil
}

// pattern finds a pattern and notes that it is used.
func (p *classParser) pattern(name string) (*regexp.Regexp, error) {
	expression := p.patterns[name]
	if expression == nil {
		return nil, fmt.Errorf("no pattern %q", name)
	}
	delete(p.unused, name)
	return expression, nil
}

// resolve finds the type of a property, and checks the property whole.
func (p *classParser) resolve(t pendingType) error {
	r := &t.class.Properties[t.property]
	var err error
	if r.Type, err = p.typeOf(t.name); err != nil {
		return err
	}
	return r.check()
}

func (p *Property) check() error {
	kind := p.Type.Kind
	switch {
	case p.Is != "" && (kind != Text || p.Many):
		return errors.New("is goes with one string only")
	case p.Has != nil && (kind != Text || p.Min != 1 || !p.Many):
		return errors.New("has goes with 1..* strings only")
	case kind == AnyContext && (p.Min != 2 || p.First == "" || p.Second == nil):
		return errors.New("contexts are 2..*, and the first and the second are bound")
	case kind != AnyContext && (p.Min == 2 || p.First != "" || p.Second != nil):
		return errors.New("2..*, first and second go with contexts only")
	case p.optionalTolerant && p.Min == 0:
		return errors.New("optional goes with what the strict family requires")
	case p.onlyTolerant && p.Min > 0:
		return errors.New("only goes with what may be missing")
	}
	return nil
}

func (p *classParser) typeOf(name string) (Type, error) {
	if kind := builtinKind(name); kind != 0 {
		return Type{Kind: kind}, nil
	}
	if v := p.words[name]; v != nil {
		return p.wordType(name, v)
	}
	if p.patterns[name] != nil {
		expression, err := p.pattern(name)
		return Type{Kind: Text, Pattern: expression}, err
	}
	className, reference := strings.CutSuffix(name, "|string")
	class, ok := p.table.Class(className)
	switch {
	case !ok:
		return Type{}, fmt.Errorf("unknown type %q", name)
	case reference:
		return Type{Kind: Reference, Class: class}, nil
	}
	return Type{Kind: Object, Class: class}, nil
}

func (p *classParser) wordType(name string, v *vocabulary) (Type, error) {
	delete(p.unused, name)
	t := Type{Kind: Word, Words: v.words}
	if len(v.words) == 0 {
		return t, fmt.Errorf("no words under %q", name)
	}
	if !v.extensible {
		return t, nil
	}
	var err error
	t.Pattern, err = p.pattern("Extension")
	return t, err
}

// builtinKind is the kind of a type that needs no heading, or 0.
func builtinKind(name string) Kind {
	switch name {
	case "string":
		return Text
	case "number":
		return Number
	case "boolean":
		return Boolean
	case "date":
		return Date
	case "date-time":
		return DateTime
	case "context":
		return AnyContext
	}
	return 0
}

// leftover refuses patterns and words that nothing uses, and classes without
// properties: the first such line.
func (p *classParser) leftover() error {
	first, what := 0, ""
	for name, line := range p.unused {
		if first == 0 || line < first {
			first, what = line, name
		}
	}
	if first != 0 {
		return fmt.Errorf("line %d: %q is never used", first, what)
	}
	for _, c := range p.table.Classes {
		if len(c.Properties) == 0 {
			return fmt.Errorf("class %q has no properties", c.Name)
		}
	}
	return nil
}
