package roster

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// ResultRow is what became of a row, in the words that the answer has. A row
// that led to several badges has a line for each.
type ResultRow struct {
	Row                         int
	Ref, Outcome, Code, Message string
	Credential, VerifyURL       string // addresses
	Achievement, Name, Email    string
}

// FromSpreadsheet tells whether a list was written by a spreadsheet that marks
// its files, as Excel does.
func FromSpreadsheet(raw []byte) bool {
	return bytes.HasPrefix(raw, []byte(byteOrderMark)) || bytes.HasPrefix(raw, []byte("PK"))
}

const byteOrderMark = "\ufeff"

// WriteCSV writes results as a list that can go on: for a spreadsheet in UTF-8
// with a byte order mark, without which Excel takes it for something else; for
// programs without. Text that would be run as a formula gets an apostrophe in
// front.
func WriteCSV(w io.Writer, rows []ResultRow, spreadsheet bool) error {
	if spreadsheet {
		if _, err := io.WriteString(w, byteOrderMark); err != nil {
			return fmt.Errorf("roster: writing results: %w", err)
		}
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true                                                                                                              // RFC 4180
	_ = out.Write([]string{"row", "ref", "outcome", "code", "message", "credential", "verify_url", "achievement", "name", "email"}) // kept by out
	for _, r := range rows {
		line := []string{strconv.Itoa(r.Row)}
		for _, text := range []string{r.Ref, r.Outcome, r.Code, r.Message, r.Credential, r.VerifyURL, r.Achievement, r.Name, r.Email} {
			line = append(line, safe(text))
		}
		_ = out.Write(line)
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("roster: writing results: %w", err)
	}
	return nil
}

// safe is text that no spreadsheet runs.
func safe(text string) string {
	if suspicious(text) {
		return "'" + text
	}
	return text
}
