package roster

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
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
	reader := csv.NewReader(bytes.NewReader(raw))
	reader.Comma = cmp.Or(said, separator(string(header)))
	reader.FieldsPerRecord = -1
	names, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, refuse("header_missing", headerHint)
	} else if err != nil {
		return nil, malformedCSV(err)
	}
	t := &table{header: names, decimalComma: reader.Comma == ';'}
	t.rows, err = readLines(reader, lineBreaks(names))
	return t, err
}

// readLines reads the rows below the header. A cell of several lines is one
// row to a spreadsheet, so the line breaks within cells, inCells so far, do
// not count.
func readLines(reader *csv.Reader, inCells int) ([]line, error) {
	var lines []line
	for {
		cells, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return lines, nil
		} else if err != nil {
			return nil, malformedCSV(err)
		}
		if len(lines) == MaxRows {
			return nil, tooManyRows()
		}
		at, _ := reader.FieldPos(0)
		lines = append(lines, line{number: at - inCells, cells: cells})
		inCells += lineBreaks(cells)
	}
}

func malformedCSV(err error) error {
	return refuse("malformed_csv", "The list cannot be read: "+err.Error())
}

func tooManyRows() error {
	return refuse("too_many_rows", fmt.Sprintf("A list has at most %d rows; split it.", MaxRows))
}

func lineBreaks(cells []string) int {
	n := 0
	for _, c := range cells {
		n += strings.Count(c, "\n")
	}
	return n
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
