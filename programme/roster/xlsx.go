package roster

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
)

// readXLSX reads the first visible sheet of a workbook: the text that a person
// sees in each cell, and of a number that is shown rounded the number. A formula
// is never evaluated; that a cell has one is noted.
//
// The library reads a workbook of our own making, which holds the parts that
// were looked through and nothing else: it takes what it cannot parse for the
// end of the sheet, and builds trees of whatever else a file brings along.
func readXLSX(raw []byte) (*table, error) {
	book, err := openWorkbook(raw)
	if err != nil {
		return nil, err
	}
	shape, err := book.check()
	if err != nil {
		return nil, err
	}
	small, err := book.repack()
	if err != nil {
		return nil, err
	}
	file, err := excelize.OpenReader(bytes.NewReader(small), asSeen(false))
	if err != nil {
		return nil, malformedXLSX("the workbook")
	}
	defer func() { _ = file.Close() }() // nothing was written, and there are no temporary files
	t := &table{}
	if err := t.readRows(file, shape); err != nil {
		return nil, err
	}
	return t, t.readDates(file, book.date1904)
}

// asSeen are the options of the library: nothing is put into temporary files,
// and dates that a spreadsheet shows in the way of its country are ISO dates.
func asSeen(raw bool) excelize.Options {
	return excelize.Options{UnzipSizeLimit: 2 * maxInflated, UnzipXMLSizeLimit: 2 * maxInflated,
		RawCellValue: raw, ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd"}
}

// readRows takes the first row that says something for the header.
func (t *table) readRows(file *excelize.File, shape *shape) error {
	rows, err := file.Rows(sheetName)
	if err != nil {
		return malformedXLSX("the sheet")
	}
	kept := 0
	for number := 1; rows.Next(); number++ {
		cells, err := rows.Columns()
		if err != nil {
			return malformedXLSX(fmt.Sprintf("row %d", number))
		}
		for n, c := range cells {
			if stored, ok := shape.numbers[place{number, n}]; ok {
				cells[n] = stored.seen(c)
			}
		}
		for _, c := range cells { // a text may be shared by all cells, and a format make it longer
			kept += len(c)
		}
		if kept > maxInflated {
			return tooLargeXLSX()
		}
		formulas := shape.formulas[number]
		switch {
		case !shape.rows[number]:
		case t.header == nil && len(formulas) > 0:
			return refuse("header_formula", "The names of the columns may not be formulas.")
		case t.header == nil:
			if !blank(cells) {
				t.header = cells
			}
		case len(t.rows) < MaxRows:
			t.rows = append(t.rows, line{number: number, cells: cells, formulas: formulas})
		case !blank(cells):
			return tooManyRows()
		}
	}
	if rows.Error() != nil {
		return malformedXLSX("the sheet")
	}
	t.trim()
	if t.header == nil {
		return refuse("header_missing", headerHint)
	}
	return nil
}

// trim takes rows off the end that have a format and no text.
func (t *table) trim() {
	for n := len(t.rows); n > 0 && blank(t.rows[n-1].cells) && t.rows[n-1].formulas == nil; n-- {
		t.rows = t.rows[:n-1]
	}
}

func blank(cells []string) bool { return strings.TrimSpace(strings.Join(cells, "")) == "" }

// readDates finds the ISO dates of those header cells that hold a date, which
// a spreadsheet keeps as a count of days and shows in any way.
func (t *table) readDates(file *excelize.File, date1904 bool) error {
	rows, err := file.Rows(sheetName)
	if err != nil {
		return malformedXLSX("the sheet")
	}
	t.dates = make([]string, len(t.header))
	for rows.Next() {
		cells, err := rows.Columns(asSeen(true))
		if err != nil {
			return malformedXLSX("the header")
		}
		if blank(cells) {
			continue
		}
		for n := range min(len(cells), len(t.dates)) {
			t.dates[n] = isoDate(cells[n], date1904)
		}
		return nil
	}
	return nil
}

// isoDate is the date of a count of days, or "".
func isoDate(days string, date1904 bool) string {
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 2958465 { // 9999-12-31
		return ""
	}
	day, err := excelize.ExcelDateToTime(float64(n), date1904)
	if err != nil {
		return ""
	}
	return day.Format("2006-01-02")
}

const sheetName = "list"

// repack makes a workbook of one sheet. Its bytes are stored, not deflated.
func (w *workbook) repack() ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`},
		{"_rels/.rels", relationships("officeDocument", "xl/workbook.xml")},
		{"xl/workbook.xml", fmt.Sprintf(`<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r=%q>`+
			`<workbookPr date1904="%t"/><sheets><sheet name="%s" sheetId="1" r:id="r1"/></sheets></workbook>`, officeNS, w.date1904, sheetName)},
		{"xl/_rels/workbook.xml.rels", relationships("worksheet", "worksheets/sheet1.xml", "styles", "styles.xml", "sharedStrings", "sharedStrings.xml")},
		{"xl/worksheets/sheet1.xml", string(w.sheet)},
		{"xl/styles.xml", string(w.styles)},
		{"xl/sharedStrings.xml", string(w.strings)},
	} {
		if part.text == "" {
			continue
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: part.name, Method: zip.Store})
		if err == nil {
			_, err = f.Write([]byte(part.text))
		}
		if err != nil {
			return nil, fmt.Errorf("roster: repacking a workbook: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("roster: repacking a workbook: %w", err)
	}
	return out.Bytes(), nil
}

const officeNS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

// relationships is a part of pairs of type and target.
func relationships(pairs ...string) string {
	var b strings.Builder
	b.WriteString(`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`)
	for n := 0; n < len(pairs); n += 2 {
		fmt.Fprintf(&b, `<Relationship Id="r%d" Type="%s/%s" Target="%s"/>`, n/2+1, officeNS, pairs[n], pairs[n+1])
	}
	b.WriteString(`</Relationships>`)
	return b.String()
}
