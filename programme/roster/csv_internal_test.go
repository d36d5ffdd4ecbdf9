package roster

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"
)

// FuzzCSV: what encoding/csv takes is read alike.
func FuzzCSV(f *testing.F) {
	for _, s := range []string{"a,b\n", "\"a\",b\r\n\r\nc\n", "\"a\r\nb\"\"\",\n\n\r\nc,\"\"\rd", "a\r", "\"a\"\r\nb", ",,\r\r\n", "\"\r\"", "a,\"\r\n\"\r", "a,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ReplaceAll("ref,name\n"+text, " \"", "") // which spreadsheets understand in two ways
		reader := csv.NewReader(strings.NewReader(text))
		reader.FieldsPerRecord = -1
		all, err := reader.ReadAll()
		if err != nil || len(all) > MaxRows {
			return
		}
		table, err := readCSV([]byte(text))
		if err != nil || len(table.rows) != len(all)-1 {
			if strings.ToValidUTF8(text, "") == text {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		for n, row := range table.rows {
			if row.fault != nil || !slices.Equal(row.cells, all[n+1]) {
				t.Errorf("%q: %q is %q", text, all[n+1], row.cells)
			}
		}
	})
}
