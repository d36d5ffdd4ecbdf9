package roster

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

const headerHint = "The first line names the columns: ref or email, and name, country, language, sector, role, edition as needed."

// readCSV reads a spreadsheet's CSV: separated by comma, semicolon or tab,
// UTF-8 with or without byte order mark, any line ends.
func readCSV(raw []byte) (*table, error) {
	raw = bytes.TrimPrefix(raw, []byte(byteOrderMark))
	if !utf8.Valid(raw) {
		return nil, refuse("invalid_encoding", "Save the list as UTF-8 (in a spreadsheet: CSV UTF-8).")
	}
	if !bytes.Contains(raw, []byte("\n")) {
		raw = bytes.ReplaceAll(raw, []byte("\r"), []byte("\n")) // line ends of old spreadsheets
	}
	said, raw := saidSeparator(raw)
	header, _, _ := bytes.Cut(bytes.TrimLeft(raw, "\r\n"), []byte("\n"))
	rows := rowReader{Reader: csv.NewReader(bytes.NewReader(raw)), text: raw}
	rows.Comma = cmp.Or(said, separator(string(header)))
	rows.FieldsPerRecord = -1
	names, err := rows.row()
	switch {
	case errors.Is(err, io.EOF):
		return nil, refuse("header_missing", headerHint)
	case err != nil:
		return nil, err
	case names.fault != nil:
		return nil, malformedCSV(names.number, names.fault.Message)
	}
	t := &table{header: names.cells, decimalComma: rows.Comma == ';'}
	t.rows, err = rows.all()
	return t, err
}

// rowReader tells of the rows that cannot be read, and goes on behind them.
type rowReader struct {
	*csv.Reader
	text    []byte
	inCells int // line breaks so far: a cell of several lines is in one row to a spreadsheet
}

func (r *rowReader) all() (rows []line, err error) {
	for {
		one, err := r.row()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, err
		case len(rows) == MaxRows:
			return nil, tooManyRows()
		}
		rows = append(rows, one)
	}
}

// row is the next one that is not empty, or io.EOF. Where it cannot be told what
// its cells are it has a fault, and those before the trouble; the lines up to there
// are passed over with it, since they may be a part of it.
func (r *rowReader) row() (line, error) {
	begin := r.InputOffset()
	cells, err := r.Read()
	var wrong *csv.ParseError
	switch {
	case errors.As(err, &wrong):
		return r.doubtful(r.text[begin:r.InputOffset()], cells, wrong)
	case err != nil:
		return line{}, err
	}
	at, _ := r.FieldPos(0)
	one := line{number: at - r.inCells, cells: cells}
	for _, c := range cells {
		r.inCells += strings.Count(c, "\n")
	}
	return one, nil
}

// doubtful is a row that encoding/csv takes offence at. Where no cell begins with
// a quotation mark each is a character, as it is to spreadsheets; one that begins a
// cell and has none at its end may have taken in all the rows that are left.
func (r *rowReader) doubtful(text []byte, before []string, wrong *csv.ParseError) (line, error) {
	one := line{number: wrong.StartLine - r.inCells, cells: before}
	if cells, ok := r.plain(text); ok {
		one.cells = cells
		return one, nil
	}
	if errors.Is(wrong, csv.ErrQuote) && r.InputOffset() == int64(len(r.text)) && bytes.Count(text, []byte(`"`))%2 == 1 {
		return one, malformedCSV(one.number, "A quotation mark begins a cell there and none ends it.")
	}
	more := wrong.Line - wrong.StartLine
	r.inCells += more
	one.fault = unclear(1 + more)
	return one, nil
}

// plain are the cells of a row in which no cell begins with a quotation mark, or with
// blanks and one, which some programs take for the beginning and others do not.
func (r *rowReader) plain(row []byte) (cells []string, ok bool) {
	cells = strings.Split(strings.Trim(string(row), "\r\n"), string(r.Comma))
	return cells, !slices.ContainsFunc(cells, func(c string) bool { return strings.HasPrefix(strings.TrimLeft(c, " "), `"`) })
}

// unclear is the fault of a row in so many lines of a CSV.
func unclear(lines int) *Fault {
	message := "It cannot be told where a cell of this row ends that begins with a quotation mark"
	if lines > 1 {
		message += fmt.Sprintf(", so that %d lines of the file are not read", lines)
	}
	return &Fault{Code: "malformed_row", Message: message + ". Put one at both ends of the cell, and write each within it twice."}
}

func malformedCSV(row int, detail string) error {
	return refuse("malformed_csv", fmt.Sprintf("The list cannot be read from row %d on. %s", row, detail))
}

func tooManyRows() error {
	return refuse("too_many_rows", fmt.Sprintf("A list has at most %d rows; split it.", MaxRows))
}

// saidSeparator takes off a first line such as sep=; by which spreadsheets are told
// what separates, and which they do not show.
func saidSeparator(raw []byte) (said rune, rest []byte) {
	first, rest, _ := bytes.Cut(raw, []byte("\n"))
	text, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(string(first), "\r")), "sep=")
	if !ok || len(text) != 1 || !strings.ContainsAny(text, separators) {
		return 0, raw
	}
	return rune(text[0]), rest
}

// separators are what may stand between cells.
const separators = ",;\t"

// separator is whatever stands most often in the header.
func separator(header string) rune {
	best, most := ',', 0
	for _, c := range separators {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}
