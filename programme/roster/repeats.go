package roster

import (
	"maps"
	"slices"
	"strings"
	"time"

	"laurel/issuer"
	"laurel/programme/facts"
)

// Repeat tells that a row is about somebody who stood on the list before.
type Repeat struct {
	Of int // the number of that row
	// Conflict: one address under two refs or two names is two people or a
	// mistake, which a person has to decide.
	Conflict bool
	// OtherPerson: the same ref with another name, and no address that says
	// that it is the same person.
	OtherPerson bool
	// Crowded: MaxAtAddress others have the address, each with another name.
	Crowded bool
	// Contradicts is the column in which the rows of one person say two things;
	// of such a row nothing is taken.
	Contradicts string
	// More: it says more than those before, and is told together with them.
	More bool
}

// Join puts what the rows of one person say into the first of them, and tells of
// the others, by their place in Rows. Rows with a fault are not counted as having
// been there, and who stands under two editions was in both. Where addresses are
// shared, another name at one is another person.
func (l *List) Join(shared bool) map[int]Repeat {
	repeats := map[int]Repeat{}
	known := people{refs: map[inEdition]*Row{}, addresses: map[atAddress]*Row{}, names: map[atAddress]int{}, several: l.several()}
	for n := range l.Rows {
		row := &l.Rows[n]
		row.usual(l.Columns)
		first, repeat := known.find(row, shared)
		switch {
		case first == nil:
			if row.Fault == nil && !row.Blank {
				known.add(row, row)
			}
			continue
		case !repeat.Conflict && !repeat.OtherPerson && !repeat.Crowded:
			if row.Fault = row.other; row.Fault != nil { // what is missing stands in the first
				continue
			}
			if first.join(row, &repeat); repeat.More {
				known.add(row, first)
			}
		}
		repeat.Of = first.Number
		repeats[n] = repeat
	}
	return repeats
}

// usualRole is that of somebody who has none on the list that names people.
const usualRole = "participant"

// usual gives a row the role that is meant where it says none. A ref alone names
// nobody: it goes with what somebody did, whose role was told elsewhere.
func (row *Row) usual(c Columns) {
	if !row.Blank && row.Facts.Roles == nil && (!c.Ref || row.Name != "") {
		row.Facts.Roles = facts.Set{usualRole: time.Time{}}
	}
}

// people are the first rows of all, by what they are known again.
type people struct {
	refs      map[inEdition]*Row
	addresses map[atAddress]*Row // without a name: whoever stood there first
	names     map[atAddress]int  // how many of them are at an address
	several   map[atAddress]bool // addresses at which the list names more than one: whose a row without a name is nobody can tell
}

type inEdition struct{ edition, id string }

// atAddress is who has a name at an address; without the name, the address itself.
type atAddress struct{ edition, address, name string }

func at(row *Row, name string) atAddress {
	return atAddress{row.Edition, strings.ToLower(row.Email), issuer.FoldName(name)}
}

// several are the addresses at which a list names more than one.
func (l *List) several() map[atAddress]bool {
	one, several := map[atAddress]string{}, map[atAddress]bool{}
	for n := range l.Rows {
		row := &l.Rows[n]
		if row.Name == "" {
			continue
		}
		there, name := at(row, ""), issuer.FoldName(row.Name)
		if known, ok := one[there]; ok && known != name {
			several[there] = true
		}
		one[there] = name
	}
	return several
}

func (p *people) add(by, first *Row) {
	if ref := (inEdition{by.Edition, by.Ref}); p.refs[ref] == nil {
		p.refs[ref] = first
	}
	there := at(by, "")
	if p.addresses[there] == nil {
		p.addresses[there] = first
	}
	if named := at(by, first.Name); p.addresses[named] == nil {
		p.addresses[named] = first
		p.names[there]++
	}
}

// find is the first row about somebody, and whether it may be somebody else.
func (p *people) find(row *Row, shared bool) (first *Row, r Repeat) {
	if first = p.refs[inEdition{row.Edition, row.Ref}]; row.Ref != "" && first != nil {
		return first, Repeat{OtherPerson: differ(first, row)}
	}
	there := p.addresses[at(row, "")]
	if row.Email == "" || there == nil || row.Name == "" && (shared || p.several[at(row, "")]) {
		return nil, r
	}
	if same := p.addresses[at(row, row.Name)]; same != nil {
		return same, Repeat{Conflict: row.Ref != "" && same.Ref != ""}
	}
	switch {
	case !shared:
		return there, Repeat{Conflict: true}
	case p.names[at(row, "")] >= MaxAtAddress:
		return there, Repeat{Crowded: true}
	}
	return nil, r
}

// join takes in what another row says of the same person.
func (row *Row) join(o *Row, repeat *Repeat) {
	_, within := o.Facts.Within(row.Facts)
	joined := *row
	for _, t := range joined.texts(o) {
		if *t.mine == "" && *t.other != "" {
			*t.mine, within = *t.other, false
		}
	}
	repeat.Contradicts = contradiction(row, o)
	if repeat.Contradicts == "" && !within && !strings.EqualFold(joined.Email, o.Email) && o.Email != "" {
		repeat.Contradicts = "email" // that is nobody's loss where nothing else is said
	}
	if repeat.More = repeat.Contradicts == "" && !within; repeat.More {
		joined.Facts.Merge(o.Facts)
		*row = joined
	}
}

// text is what two rows say in a column of one person.
type text struct {
	column      string
	mine, other *string
}

func (row *Row) texts(o *Row) []text {
	return []text{{"ref", &row.Ref, &o.Ref}, {"email", &row.Email, &o.Email}, {"name", &row.Name, &o.Name}, {"country", &row.Country, &o.Country},
		{"language", &row.Language, &o.Language}, {"sector", &row.Sector, &o.Sector}}
}

// contradiction is the column in which two rows of one person say two things that
// cannot both be so; "" where there is none. Who was there at one more session, or
// had one more role, is no contradiction.
func contradiction(a, b *Row) string {
	for _, t := range a.texts(b)[3:] {
		if *t.mine != "" && *t.other != "" && *t.mine != *t.other {
			return t.column
		}
	}
	f, g := &a.Facts, &b.Facts
	switch {
	case otherName(a, b):
		return "name"
	case f.Attended != nil && g.Attended != nil && f.Attended.N != g.Attended.N:
		return "sessions"
	case otherShare(f.Points, g.Points):
		return "points"
	}
	for _, id := range slices.Sorted(maps.Keys(g.Parts)) {
		if otherShare(f.Parts[id].Visits, g.Parts[id].Visits) {
			return id + "_percent"
		}
	}
	if id := otherWord(f.Submissions, g.Submissions); id != "" {
		return id
	}
	if id := otherWord(f.Rubrics, g.Rubrics); id != "" {
		return id + "_level"
	}
	return ""
}

func otherShare(a, b *facts.Share) bool {
	return a != nil && b != nil && (a.Got.Cmp(b.Got) != 0 || a.Of.Cmp(b.Of) != 0)
}

// otherWord is the first of what two rows judge in two ways.
func otherWord(a, b map[string]facts.Set) string {
	for _, id := range slices.Sorted(maps.Keys(b)) {
		if has, ok := a[id]; ok && !maps.Equal(has, b[id]) {
			return id
		}
	}
	return ""
}

// differ tells whether two rows tell other names, and no address that is the same.
func differ(a, b *Row) bool {
	return otherName(a, b) && (a.Email == "" || !strings.EqualFold(a.Email, b.Email))
}

// otherName tells whether two rows name two people.
func otherName(a, b *Row) bool {
	x, y := issuer.FoldName(a.Name), issuer.FoldName(b.Name)
	return x != "" && y != "" && x != y
}
