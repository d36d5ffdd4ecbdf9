// Package roster reads lists of people as organisers keep them: CSV from any
// spreadsheet, or .xlsx. Each row says who somebody is, what they did, or both;
// what is wrong with a row is said of that row, and never stops the others.
//
// The columns are found by the names in the first line. Those that tell who
// somebody is are fixed; those that tell what they did (sessions, pieces of
// work, parts, rubrics) are named by the activity and come as a Vocabulary. A
// column that is neither is named in the answer, not passed over in silence.
//
// Nothing here is stored, and nobody is looked up: whether somebody is known,
// and stands on the list twice under two names, is for the caller to decide.
//
// Start at Read.
package roster

import (
	"bytes"
	"fmt"

	"laurel/badge"
	"laurel/programme/facts"
)

// The bounds of one list.
const (
	MaxBytes   = 2 << 20 // as it is sent; a workbook is zipped
	MaxRows    = 5000
	MaxColumns = 200
	MaxCell    = 1000 // characters
)

// MaxAtAddress is how many people of different names may read mail at one address:
// each of them is looked at for every further one.
const MaxAtAddress = 100

// Vocabulary is what the columns of a list may be about. Letters of either
// case, and "-" and "_", are the same in the names of columns.
type Vocabulary struct {
	Sessions    []string            // a column each: 1, yes or x for who was there
	Submissions []string            // a column each: the status of the work
	Parts       []string            // PART_percent: how much of it was visited
	Rubrics     map[string][]string // RUBRIC_level, and the levels that it has; none: any word
	Roles       []string            // the words of the column role
}

// List is what a list says.
type List struct {
	Columns Columns
	Rows    []Row
}

// Columns are the columns that were found.
type Columns struct {
	Ref, Name, Email bool     // whether the list has them
	Bare             bool     // nothing is known but ref and email, and there are other columns
	Ignored          []string // names of columns that nothing is known about, as they are written
}

// Row is what one row says; what is not said is "".
type Row struct {
	Number   int  // as a spreadsheet numbers it; the first line is 1
	Blank    bool // it says nothing at all
	Ref      string
	Name     string // as issuer.CheckName leaves it
	Email    string
	Country  string // ISO 3166 alpha-2
	Language string
	Sector   string
	Role     string // as the vocabulary writes it
	Edition  string
	Facts    facts.Facts // every time in it is zero
	Fault    *Fault      // why the row cannot be used; nil where it can

	other *Fault // the first but for a name or an address that is missing
}

// Fault is what is wrong with a row.
type Fault struct {
	Code    string // stable, in lower_snake_case
	Message string // one sentence that says what to do
}

// Read reads a list in whichever form it came. A fault of the list as a whole
// is badge.Errors; nothing else is returned as an error.
func Read(raw []byte, v Vocabulary) (*List, error) {
	if len(raw) > MaxBytes {
		return nil, refuse("too_large", "A list has at most 2 MiB; split it.")
	}
	table, err := read(raw)
	if err != nil {
		return nil, err
	}
	columns, err := v.columns(table)
	if err != nil {
		return nil, err
	}
	list := &List{Columns: columns.Columns, Rows: make([]Row, len(table.rows))}
	for n, line := range table.rows {
		list.Rows[n] = columns.row(line)
	}
	list.Columns.Ignored = columns.ignored()
	return list, nil
}

// table is a list before its columns have a meaning.
type table struct {
	header       []string
	dates        []string // ISO dates of those header cells that are dates, else ""
	rows         []line
	decimalComma bool
}

// line is one row of a table.
type line struct {
	number   int
	cells    []string
	formulas []int  // columns whose text a formula made
	fault    *Fault // why it is not read to its end
}

func read(raw []byte) (*table, error) {
	var t *table
	var err error
	switch {
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")):
		t, err = readXLSX(raw)
	case bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")): // OLE: old .xls, or .xlsx under a password
		err = refuse("format_unknown", "Save the list as .xlsx without a password, or as CSV UTF-8.")
	default:
		t, err = readCSV(raw)
	}
	if err != nil {
		return nil, err
	}
	if len(t.header) > MaxColumns {
		return nil, tooManyColumns()
	}
	return t, nil
}

func tooManyColumns() error {
	return refuse("too_many_columns", fmt.Sprintf("A list has at most %d columns.", MaxColumns))
}

// refuse is a fault of the list as a whole.
func refuse(rule, detail string) error {
	return badge.Errors{{Code: badge.ParsingError, Rule: rule, Detail: detail}}
}
