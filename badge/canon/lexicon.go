package canon

import (
	"maps"
	"slices"

	"laurel/internal/names"
	"laurel/schemas"
)

// lexicon numbers the names that mean something in some table: the keywords, and
// the terms of all contexts held, with those that stand within others. A name
// is looked up once where it stands in a document; its number then finds what
// it means in one table after another. It never changes.
type lexicon struct {
	numbers names.Index[number]
	size    int    // how many numbers there are
	special number // names up to here are keywords or stand for one in some context
	// contexts numbers all contexts, for the steps between tables.
	contexts map[*schemas.Context]int
}

// number is that of a name. Keywords have the lowest ones, which are the same in
// all lexicons.
type number uint32

// unnamed is the number of every name that means nothing anywhere.
const unnamed number = 0

// The keywords that are handled; what else begins with an at sign is
// otherKeyword.
const (
	contextKeyword number = iota + 1
	idKeyword
	typeKeyword
	valueKeyword
	listKeyword
	setKeyword
	languageKeyword
	directionKeyword
	otherKeyword
)

var keywords = map[string]number{"@context": contextKeyword, "@id": idKeyword, "@type": typeKeyword, "@value": valueKeyword,
	"@list": listKeyword, "@set": setKeyword, "@language": languageKeyword, "@direction": directionKeyword}

// newLexicon numbers what these contexts name.
func newLexicon(held map[string]*schemas.Context) *lexicon {
	x := &lexicon{contexts: map[*schemas.Context]int{}}
	meanings := map[string][]string{}
	for _, url := range slices.Sorted(maps.Keys(held)) {
		x.collect(held[url], meanings)
	}
	all, next := maps.Clone(keywords), otherKeyword+1
	give := func(names []string) {
		for _, name := range names {
			if _, given := all[name]; !given {
				all[name] = next
				next++
			}
		}
	}
	give(aliases(meanings))
	x.special = next - 1
	give(slices.Sorted(maps.Keys(meanings)))
	x.numbers, x.size = names.NewIndex(all), int(next)
	return x
}

// collect gathers the terms of a context with what they stand for, and numbers
// it; and so with those within it.
func (x *lexicon) collect(c *schemas.Context, meanings map[string][]string) {
	if _, met := x.contexts[c]; met {
		return
	}
	x.contexts[c] = len(x.contexts)
	for i := range c.Terms {
		t := &c.Terms[i]
		meanings[t.Name] = append(meanings[t.Name], t.IRI)
		if t.Scope != nil {
			x.collect(t.Scope, meanings)
		}
	}
}

// aliases are the terms that can stand for a keyword: by themselves, or by the
// name of another that does.
func aliases(meanings map[string][]string) []string {
	found := map[string]bool{"@id": true, "@type": true}
	for before := 0; before < len(found); {
		before = len(found)
		for name, all := range meanings {
			if slices.ContainsFunc(all, func(iri string) bool { return found[iri] }) {
				found[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// find returns the number of a name.
func (x *lexicon) find(name string) number {
	if n := x.numbers.Find(name); n != unnamed || name == "" || name[0] != '@' {
		return n
	}
	return otherKeyword
}
