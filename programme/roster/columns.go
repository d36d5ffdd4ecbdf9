package roster

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"laurel/badge"
)

// meaning says what the cells of a column are about.
type meaning int

const (
	unknown meaning = iota
	person          // one of the fixed columns; id is its name
	session
	submission
	part
	rubric
	attended // how many sessions
	approver
	points
	maximum
)

type column struct {
	name    string // as it is written
	meaning meaning
	id      string // of the session, part and so on, as the activity writes it
}

// columns are those of one list, with what is needed to read its cells.
type columns struct {
	Columns
	vocabulary   Vocabulary
	all          []column
	decimalComma bool
	nameless     map[int]bool // columns without a name that have something in them
}

// fixed are the columns that mean the same in every list.
var fixed = map[string]meaning{
	"ref": person, "name": person, "email": person, "country": person, "language": person,
	"sector": person, "role": person, "edition": person,
	"sessions": attended, "approved-by": approver, "points": points, "max": maximum,
}

// fold is what the name of a column has in common with its other spellings.
func fold(name string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(name)), "_", "-")
}

// columns finds out what each column of a table is about.
func (v Vocabulary) columns(t *table) (*columns, error) {
	c := &columns{vocabulary: v, decimalComma: t.decimalComma, nameless: map[int]bool{}}
	known := v.names()
	seen := map[column]bool{}
	for n, written := range t.header {
		col, ok := known[fold(written)]
		if !ok && n < len(t.dates) { // a date that the spreadsheet shows in its own way
			col = known[t.dates[n]]
		}
		if col.meaning != unknown && seen[col] {
			return nil, refuse("header_repeated", fmt.Sprintf("Two columns are about %q.", col.id))
		}
		seen[col] = true
		col.name = strings.TrimSpace(written)
		c.all = append(c.all, col)
	}
	if seen[column{meaning: points, id: "points"}] != seen[column{meaning: maximum, id: "max"}] {
		c.forget(points, maximum) // neither says anything without the other
	}
	c.Ref, c.Name, c.Email = seen[fixedColumn("ref")], seen[fixedColumn("name")], seen[fixedColumn("email")]
	if !c.Ref && !c.Email {
		return nil, badge.Errors{{Code: badge.ParsingError, Rule: "header_missing", Pointer: "/header",
			Detail: "A column called ref or email is missing in the first line. Known here: " + v.known() + "."}}
	}
	c.Bare = bare(c.all, seen)
	return c, nil
}

// bare tells of a list that says who is meant and nothing else that is known,
// although it has other columns.
func bare(all []column, seen map[column]bool) bool {
	for col := range seen {
		if col.meaning != unknown && col != fixedColumn("ref") && col != fixedColumn("email") {
			return false
		}
	}
	return slices.ContainsFunc(all, func(c column) bool { return c.meaning == unknown && c.name != "" })
}

// maxNamed bounds how many columns are named in a sentence.
const maxNamed = 40

// known names the columns that a list may have, as one writes them.
func (v Vocabulary) known() string {
	names := []string{"ref", "name", "email", "country", "language", "sector", "role", "edition", "sessions", "points", "max", "approved-by"}
	names = append(append(names, v.Sessions...), v.Submissions...)
	for _, id := range v.Parts {
		names = append(names, id+"_percent")
	}
	for _, id := range slices.Sorted(maps.Keys(v.Rubrics)) {
		names = append(names, id+"_level")
	}
	if len(names) > maxNamed {
		return strings.Join(names[:maxNamed], ", ") + " and more"
	}
	return strings.Join(names, ", ")
}

// Unknown is the fault of a list that is Bare.
func (v Vocabulary) Unknown(c Columns) error {
	return badge.Errors{{Code: badge.ParsingError, Rule: "header_unknown", Pointer: "/header",
		Detail: fmt.Sprintf("Of the columns beside ref and email none is known (%s), so nothing would be read. Known here: %s.", strings.Join(c.Ignored, ", "), v.known())}}
}

func fixedColumn(name string) column { return column{meaning: fixed[name], id: name} }

// names are all columns that a list may have, by their folded names. Those
// that mean the same in every list come first.
func (v Vocabulary) names() map[string]column {
	known := map[string]column{}
	add := func(name string, m meaning, id string) {
		if _, taken := known[fold(name)]; !taken {
			known[fold(name)] = column{meaning: m, id: id}
		}
	}
	for name := range fixed {
		add(name, fixed[name], name)
	}
	for _, id := range v.Sessions {
		add(id, session, id)
	}
	for _, id := range v.Submissions {
		add(id, submission, id)
	}
	for _, id := range v.Parts {
		add(id+"-percent", part, id)
	}
	for _, id := range slices.Sorted(maps.Keys(v.Rubrics)) {
		add(id+"-level", rubric, id)
	}
	return known
}

func (c *columns) forget(meanings ...meaning) {
	for n := range c.all {
		if slices.Contains(meanings, c.all[n].meaning) {
			c.all[n].meaning = unknown
		}
	}
}

// ignored names the columns that were not read, after the last row was.
func (c *columns) ignored() []string {
	var names []string
	for n, col := range c.all {
		switch {
		case col.meaning != unknown:
		case col.name != "":
			names = append(names, col.name)
		case c.nameless[n]:
			names = append(names, fmt.Sprintf("column %d, which has no name", n+1))
		}
	}
	return names
}
