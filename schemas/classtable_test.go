package schemas

import (
	"regexp"
	"strings"
	"testing"
)

const sampleClasses = `# A remark.

pattern LanguageKey  ^[a-z]{2}$
pattern Extension    ext:
pattern Start        ^https://

words Colour extensible
  red green
  blue

words Size
  small large

class Thing open
  @context  2..*  context      first=https://example.org/first second=Start
  id        1     string       optional=tolerant
  type      1..*  string       has=Thing has=A|B
  colour    0..1  Colour
  size      1     Size
  owner     1     Thing|string
  part      0..*  Part
  url       0..1  Start
  born      0..1  date         only=tolerant

class Part closed
  type      1     string       is=Part
  weight    1     number
  sound     1     boolean
  made      1     date-time
`

func TestParseClasses(t *testing.T) {
	table, err := parseClasses(sampleClasses)
	if err != nil {
		t.Fatal(err)
	}
	thing, ok := table.Class("Thing")
	part, _ := table.Class("Part")
	if !ok || len(table.Classes) != 2 || !thing.Open || part.Open || len(thing.Properties) != 9 || len(part.Properties) != 4 {
		t.Fatalf("got %+v", table)
	}
	if _, ok := table.Class("thing"); ok {
		t.Error("a class was found under another name")
	}
	expression := func(r *regexp.Regexp) string {
		if r == nil {
			return "none"
		}
		return r.String()
	}
	p := func(i int) *Property { return &thing.Properties[i] }
	for name, holds := range map[string]bool{
		"language key":        expression(table.LanguageKey) == "^[a-z]{2}$",
		"context":             p(0).Type.Kind == AnyContext && p(0).Min == 2 && p(0).Many,
		"context, bound":      p(0).First == "https://example.org/first" && expression(p(0).Second) == "^https://",
		"required":            p(1).Required(Strict) && p(1).In(Strict) && p(1).In(Tolerant),
		"optional by family":  !p(1).Required(Tolerant),
		"plain text":          p(1).Type.Kind == Text && p(1).Type.Pattern == nil && !p(1).Many && p(1).Is == "",
		"groups of words":     len(p(2).Has) == 2 && strings.Join(p(2).Has[0], " ") == "Thing" && strings.Join(p(2).Has[1], " ") == "A B",
		"extensible words":    p(3).Type.Kind == Word && strings.Join(p(3).Type.Words, " ") == "red green blue" && expression(p(3).Type.Pattern) == "ext:",
		"closed words":        p(4).Type.Kind == Word && strings.Join(p(4).Type.Words, " ") == "small large" && p(4).Type.Pattern == nil,
		"reference":           p(5).Type.Kind == Reference && p(5).Type.Class == thing,
		"array of objects":    p(6).Type.Kind == Object && p(6).Type.Class == part && p(6).Many && p(6).Min == 0 && !p(6).Required(Strict),
		"text with a pattern": p(7).Type.Kind == Text && expression(p(7).Type.Pattern) == "^https://",
		"in one family only":  p(8).Type.Kind == Date && !p(8).In(Strict) && p(8).In(Tolerant),
		"one text allowed":    part.Properties[0].Is == "Part",
		"number":              part.Properties[1].Type.Kind == Number,
		"boolean":             part.Properties[2].Type.Kind == Boolean,
		"time":                part.Properties[3].Type.Kind == DateTime,
	} {
		if !holds {
			t.Errorf("%s: not so", name)
		}
	}
}

// TestParseClassesRefuses changes one place of the sample each time.
func TestParseClassesRefuses(t *testing.T) {
	for _, c := range []struct{ name, old, new, want string }{
		{"no end of line", "date-time\n", "date-time", "the last line has no end"},
		{"odd indent", "  colour ", "    colour ", "line 18: indented by 4 spaces, not by 0 or 2"},
		{"unknown heading", "class Part closed", "type Part closed", `line 25: unknown heading "type"`},
		{"heading without a name", "words Size", "words", `line 11: heading "words" without a name`},
		{"row first", "# A remark.\n", "  a 1 string\n", "line 1: row under no heading of words or of a class"},
		{"row under a pattern", "pattern Extension ", "  a 1 string\npattern Extension ", "line 4: row under no heading of words or of a class"},
		{"pattern without expression", "Extension    ext:", "Extension", "line 4: a pattern has a name and one expression"},
		{"pattern with more", "ext:", "ext: more", "line 4: a pattern has a name and one expression"},
		{"pattern that is none", "ext:", "(ext:", "line 4: error parsing regexp: missing closing ): `(ext:`"},
		{"pattern never used", "\nwords Colour", "pattern Idle a\n\nwords Colour", `line 6: "Idle" is never used`},
		{"words never used", "1     Size", "1     string", `line 11: "Size" is never used`},
		{"words that are none", "extensible", "extendable", `line 7: unknown words ["extendable"]`},
		{"word twice", "  blue", "  red", `line 9: "red" stands twice`},
		{"no words", "  small large\n", "", `line 18: no words under "Size"`},
		{"extensible by nothing", "pattern Extension    ext:\n", "", `line 17: no pattern "Extension"`},
		{"no language key", "LanguageKey", "LanguageKay", `no pattern "LanguageKey"`},
		{"class neither open nor closed", "Part closed", "Part", "line 25: a class is either open or closed"},
		{"class half open", "Part closed", "Part ajar", "line 25: a class is either open or closed"},
		{"class without properties", "class Part", "class Empty open\nclass Part", `class "Empty" has no properties`},
		{"class twice", "class Part", "class Thing", `line 25: the name "Thing" is taken`},
		{"class named as words", "class Part", "class Size", `line 25: the name "Size" is taken`},
		{"words named as a pattern", "words Size", "words Start", `line 11: the name "Start" is taken`},
		{"class named as a type", "class Part", "class number", `line 25: the name "number" is taken`},
		{"name with a bar", "class Part", "class Part|string", `line 25: the name "Part|string" is taken`},
		{"property without type", "  colour    0..1  Colour", "  colour    0..1", "line 18: a property has a name, a cardinality and a type"},
		{"property twice", "  colour ", "  id ", `line 18: property "id" stands twice`},
		{"unknown cardinality", "colour    0..1", "colour    0..2", `line 18: unknown cardinality "0..2"`},
		{"unknown type", "0..1  Colour", "0..1  Color", `line 18: unknown type "Color"`},
		{"reference to no class", "Thing|string", "Size|string", `line 20: unknown type "Size|string"`},
		{"unknown attribute", "is=Part", "was=Part", `line 26: unknown attribute "was=Part"`},
		{"flag for a value", "is=Part", "is", `line 26: unknown attribute "is"`},
		{"attribute twice", "is=Part", "is=Part is=Part", `line 26: attribute "is" stands twice`},
		{"unknown family", "only=tolerant", "only=strict", `line 23: unknown family "strict"`},
		{"unknown pattern", "second=Start", "second=Stop", `line 15: no pattern "Stop"`},
		{"is of a number", "1     number", "1     number is=1", "line 27: is goes with one string only"},
		{"is of an array", "1     string       is=Part", "1..*  string       is=Part", "line 26: is goes with one string only"},
		{"has of one value", "1..*  string", "1     string", "line 17: has goes with 1..* strings only"},
		{"has of what may be missing", "1..*  string", "0..*  string", "line 17: has goes with 1..* strings only"},
		{"contexts unbound", " second=Start", "", "line 15: contexts are 2..*, and the first and the second are bound"},
		{"contexts too few", "2..*  context", "1..*  context", "line 15: contexts are 2..*, and the first and the second are bound"},
		{"two of others", "0..*  Part", "2..*  Part", "line 21: 2..*, first and second go with contexts only"},
		{"first of others", "0..1  Colour", "0..1  Colour first=red", "line 18: 2..*, first and second go with contexts only"},
		{"optional already", "id        1   ", "id        0..1", "line 16: optional goes with what the strict family requires"},
		{"only but required", "born      0..1", "born      1   ", "line 23: only goes with what may be missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(sampleClasses, c.old) {
				t.Fatalf("the sample has no %q", c.old)
			}
			changed := strings.Replace(sampleClasses, c.old, c.new, 1)
			table, err := parseClasses(strings.ReplaceAll(changed, " \n", "\n")) // words taken from the end leave their space
			if table != nil && err != nil {
				t.Error("a table came with the error")
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got error %v, want %s", err, c.want)
			}
		})
	}
}
