package structure

import (
	"regexp"
	"slices"
	"sync"

	"laurel/internal/names"
	"laurel/schemas"
)

// class is a class of the table as one family knows it, ready to be looked up
// by the names that a document brings.
type class struct {
	name       string
	open       bool
	properties names.Index[*property]
	required   []string
}

type property struct {
	required bool
	text     bool   // any string will do as one value
	class    *class // of Object and Reference, else nil
	schemas.Property
	// second are contexts that we hold and that may be the second, so that most
	// documents need no match of the expression.
	second []string
}

// table is all that a walk looks up: the classes of each family by name, and
// what names in language maps match.
type table struct {
	families    map[schemas.Family]map[string]*class
	languageKey *regexp.Regexp
}

// held is made at the first use and shared from then on; nobody changes it.
var held = sync.OnceValue(func() *table {
	return &table{
		families: map[schemas.Family]map[string]*class{
			schemas.Strict:   classesOf(schemas.Strict),
			schemas.Tolerant: classesOf(schemas.Tolerant),
			schemas.Earlier:  classesOf(schemas.Earlier),
		},
		languageKey: schemas.Classes().LanguageKey,
	}
})

// findClass gives nil where there is no such class or family.
func findClass(name string, f schemas.Family) *class { return held().families[f][name] }

// classesOf makes all classes before it fills any: they contain each other.
func classesOf(f schemas.Family) map[string]*class {
	all := map[string]*class{}
	for _, c := range schemas.Classes().Classes {
		all[c.Name] = &class{name: c.Name, open: c.Open}
	}
	for _, c := range schemas.Classes().Classes {
		properties := map[string]*property{}
		for _, p := range c.Properties {
			if p.In(f) {
				q := all[c.Name].property(p, f, all)
				properties[q.Name] = q
			}
		}
		all[c.Name].properties = names.NewIndex(properties)
	}
	return all
}

func (c *class) property(p schemas.Property, f schemas.Family, all map[string]*class) *property {
	q := &property{Property: p, required: p.Required(f)}
	if f == schemas.Earlier {
		q.inEarlierNames()
	}
	if p.Type.Class != nil {
		q.class = all[p.Type.Class.Name]
	}
	if p.Second != nil {
		q.second = slices.DeleteFunc(schemas.ContextURLs(), func(url string) bool { return !p.Second.MatchString(url) })
	}
	switch p.Type.Kind {
	case schemas.Text, schemas.Reference, schemas.Date, schemas.DateTime: // formats are notes
		q.text = p.Type.Pattern == nil && p.Is == "" && p.First == "" && p.Second == nil
	}
	if q.required {
		c.required = append(c.required, q.Name)
	}
	return q
}

// inEarlierNames turns a property into that of VC data model 1.1 (sections 4.1
// and 4.6 there), as the edition of Open Badges 3.0 before data model 2.0 has it.
func (q *property) inEarlierNames() {
	switch q.Name {
	case "validFrom":
		q.Name = "issuanceDate"
	case "validUntil":
		q.Name = "expirationDate"
	}
	if q.First != "" {
		q.First = "https://www.w3.org/2018/credentials/v1"
	}
}
