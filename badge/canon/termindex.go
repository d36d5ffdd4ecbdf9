package canon

import "laurel/internal/names"

// termIndex finds the terms of a table by name.
type termIndex struct {
	terms names.Index[*definition]
	// aliases has a bit for each term that stands for a keyword, so that most
	// names are known by it not to.
	aliases uint64
}

func newTermIndex(terms map[string]*definition) termIndex {
	x := termIndex{terms: names.NewIndex(terms)}
	for name, d := range terms {
		if d.iri[0] == '@' {
			x.aliases |= aliasBit(name)
		}
	}
	return x
}

// find returns the definition of a term, or nil.
func (x *termIndex) find(name string) *definition { return x.terms.Find(name) }

// keyword returns the keyword that a member name is or stands for, or "". What
// begins with an at sign never is anything else.
func (x *termIndex) keyword(name string) string {
	if x.aliases&aliasBit(name) == 0 && (name == "" || name[0] != '@') {
		return ""
	}
	return keyword(name, x.find(name))
}

// aliasBit is one of 64 that a name has.
func aliasBit(name string) uint64 {
	if name == "" {
		return 0
	}
	return 1 << ((uint(name[0]) + uint(len(name))<<3) % 64)
}
