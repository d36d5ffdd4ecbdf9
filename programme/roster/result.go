package roster

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// ResultRow is what became of a row, in the words that the answer has. A row
// that led to several badges has a line for each.
type ResultRow struct {
	Row                       int
	Ref, Name, Email          string
	Achievement, Outcome      string
	Code, Message, Credential string
}

// WriteCSV writes results as a list that a spreadsheet opens as it is: in
// UTF-8 with a byte order mark, without which Excel takes it for something
// else. Text that would be run as a formula gets an apostrophe in front.
func WriteCSV(w io.Writer, rows []ResultRow) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return fmt.Errorf("roster: writing results: %w", err)
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write([]string{"row", "ref", "name", "email", "achievement", "outcome", "code", "message", "credential"}) // kept by out
	for _, r := range rows {
		_ = out.Write([]string{strconv.Itoa(r.Row), safe(r.Ref), safe(r.Name), safe(r.Email), safe(r.Achievement), safe(r.Outcome),
			safe(r.Code), safe(r.Message), safe(r.Credential)})
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
