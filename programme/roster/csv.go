package roster

import (
	"bytes"
	"cmp"
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
	first, _, _ := bytes.Cut(bytes.TrimLeft(raw, "\r\n"), []byte("\n"))
	text := strings.TrimSuffix(strings.ReplaceAll(string(raw), "\r\n", "\n"), "\r")
	cells := cellReader{rest: text, separator: cmp.Or(said, separator(string(first)))}
	header, err := cells.row()
	switch {
	case errors.Is(err, io.EOF):
		return nil, refuse("header_missing", headerHint)
	case err != nil:
		return nil, err
	case header.fault != nil:
		return nil, malformedCSV(header.number, header.fault.Message)
	}
	t := &table{header: header.cells, decimalComma: cells.separator == ';'}
	t.rows, err = cells.rows()
	return t, err
}

// cellReader reads the cells of a CSV as spreadsheets write them (RFC 4180). A
// quotation mark that does not begin a cell is a character of it.
type cellReader struct {
	rest      string // with \n alone at the ends of lines
	separator byte
	number    int // of the last row, as a spreadsheet counts: a cell of several lines is in one
}

func (r *cellReader) rows() (all []line, err error) {
	for {
		one, err := r.row()
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		case len(all) == MaxRows:
			return nil, tooManyRows()
		}
		all = append(all, one)
	}
}

// row is the next one that is not empty, or io.EOF. Where it cannot be told what
// its cells are it has a fault, and those before the trouble; the lines up to there
// are passed over with it, since they may be a part of it.
func (r *cellReader) row() (line, error) {
	empty := len(r.rest) - len(strings.TrimLeft(r.rest, "\n"))
	r.rest, r.number = r.rest[empty:], r.number+empty
	if r.rest == "" {
		return line{}, io.EOF
	}
	r.number++
	one, begin := line{number: r.number}, r.rest
	for more := true; more; {
		text, ok := r.cell()
		switch {
		case !ok && r.rest == "":
			return one, malformedCSV(r.number, "A quotation mark begins a cell there and none ends it.")
		case !ok:
			_, r.rest, _ = strings.Cut(r.rest, "\n")
			one.fault = unclear(strings.Count(strings.TrimSuffix(begin[:len(begin)-len(r.rest)], "\n"), "\n") + 1)
			return one, nil
		}
		one.cells = append(one.cells, text)
		more = r.rest != "" && r.rest[0] == r.separator
		r.rest = r.rest[min(1, len(r.rest)):]
	}
	return one, nil
}

// cell reads up to what ends a cell. It is not ok where the quotation mark at its
// beginning has none at its end: what is left begins behind the one that was taken
// for it, if there is any.
func (r *cellReader) cell() (text string, ok bool) {
	if strings.HasPrefix(r.rest, `"`) {
		return r.quoted()
	}
	end := strings.IndexAny(r.rest, string(r.separator)+"\n")
	if end < 0 {
		end = len(r.rest)
	}
	text = r.rest[:end]
	if strings.HasPrefix(strings.TrimLeft(text, " "), `"`) { // some programs take it for the beginning, others do not
		return "", false
	}
	r.rest = r.rest[end:]
	return text, true
}

func (r *cellReader) quoted() (text string, ok bool) {
	var b strings.Builder
	for rest := r.rest[1:]; ; rest = rest[1:] {
		part, behind, found := strings.Cut(rest, `"`)
		b.WriteString(part)
		if rest = behind; !strings.HasPrefix(rest, `"`) {
			r.rest = rest
			return b.String(), found && (rest == "" || rest[0] == r.separator || rest[0] == '\n')
		}
		b.WriteByte('"')
	}
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
func saidSeparator(raw []byte) (said byte, rest []byte) {
	first, rest, _ := bytes.Cut(raw, []byte("\n"))
	text, ok := strings.CutPrefix(strings.ToLower(strings.TrimRight(string(first), "\r")), "sep=")
	if !ok || len(text) != 1 || !strings.ContainsAny(text, separators) {
		return 0, raw
	}
	return text[0], rest
}

// separators are what may stand between cells.
const separators = ",;\t"

// separator is whatever stands most often in the header.
func separator(header string) byte {
	best, most := byte(','), 0
	for _, c := range []byte(separators) {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}
