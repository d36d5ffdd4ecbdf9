package roster_test

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"laurel/programme/roster"
)

// workbookOf makes a workbook of the cells of a CSV file, with the library.
func workbookOf(t testing.TB, name string) []byte {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(file(t, name))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return workbook(t, func(f *excelize.File) {
		for y, row := range rows {
			for x, text := range row {
				set(t, f, x+1, y+1, text)
			}
		}
	})
}

func workbook(t testing.TB, fill func(*excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func set(t testing.TB, f *excelize.File, column, row int, value any) {
	t.Helper()
	name, err := excelize.CoordinatesToCellName(column, row)
	if err == nil {
		err = f.SetCellValue("Sheet1", name, value)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestWorkbooks: each list says the same as a workbook as it does as CSV.
func TestWorkbooks(t *testing.T) {
	for name, v := range map[string]roster.Vocabulary{"workshop-roster.csv": workshop, "workshop-roster-dirty.csv": workshop,
		"workshop-attendance.csv": workshop, "workshop-team.csv": workshop, "dh-planning-results.csv": planning} {
		want, got := read(t, file(t, name), v), read(t, workbookOf(t, name), v)
		if len(want.Rows) > 0 && want.Rows[len(want.Rows)-1].Blank {
			want.Rows = want.Rows[:len(want.Rows)-1] // nobody can tell a blank row from the end of a sheet
		}
		if name == "dh-planning-results.csv" {
			dropParts(want, got)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, not %+v", name, got, want)
		}
	}
}

// dropParts compares big numbers by value and takes them out.
func dropParts(lists ...*roster.List) {
	for _, l := range lists {
		for n := range l.Rows {
			l.Rows[n].Email += " " + l.Rows[n].Facts.Parts["self-paced"].Visits.Got.String()
			l.Rows[n].Facts.Parts = nil
		}
	}
}

// TestTypedCells: numbers, percentages, booleans and dates as a person sees
// them, rows that are not there, and a header in dates.
func TestTypedCells(t *testing.T) {
	raw := workbook(t, func(f *excelize.File) {
		style := func(s *excelize.Style) int {
			n, err := f.NewStyle(s)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		day, fraction, own := style(&excelize.Style{NumFmt: 14}), style(&excelize.Style{NumFmt: 9}), "dd/mm/yyyy"
		british := style(&excelize.Style{CustomNumFmt: &own})
		for x, value := range []any{"ref", "2025-06-20", time.Date(2025, 6, 27, 0, 0, 0, 0, time.UTC), time.Date(2025, 7, 4, 0, 0, 0, 0, time.UTC),
			"points", "max", "m1_percent", "edition", "sessions", "Total"} {
			set(t, f, x+1, 2, value)
		}
		for x, value := range []any{17, 1, true, false, 47.9, 60, 0.99, time.Date(2025, 6, 27, 0, 0, 0, 0, time.UTC), 3.0} {
			set(t, f, x+1, 5, value)
		}
		for cell, id := range map[string]int{"C2": day, "D2": british, "G5": fraction, "H5": day, "A9000": day, "ZZ5": day} {
			if err := f.SetCellStyle("Sheet1", cell, cell, id); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.SetCellFormula("Sheet1", "J5", "SUM(B5:D5)"); err != nil {
			t.Fatal(err)
		}
	})
	v := workshop
	v.Parts = []string{"m1"}
	list := read(t, raw, v)
	if len(list.Rows) == 0 || !slices.Equal(list.Columns.Ignored, []string{"Total"}) {
		t.Fatalf("%+v", list)
	}
	row := list.Rows[len(list.Rows)-1]
	if row.Number != 5 || row.Ref != "17" || row.Fault != nil || row.Edition != "2025-06-27" || row.Facts.Attended.N != 3 {
		t.Errorf("%+v, %+v", row, row.Fault)
	}
	if len(row.Facts.Sessions) != 2 || row.Facts.Points.Got.String() != "47.9" || row.Facts.Parts["m1"].Visits.Got.String() != "99" {
		t.Errorf("%+v", row.Facts)
	}
	if _, ok := row.Facts.Sessions["2025-06-27"]; !ok {
		t.Errorf("%v", row.Facts.Sessions)
	}
	for _, before := range list.Rows[:len(list.Rows)-1] {
		if !before.Blank {
			t.Errorf("%+v", before)
		}
	}
}

// TestStoredNumbers: a number counts as it is stored, however it is shown.
func TestStoredNumbers(t *testing.T) {
	v := workshop
	v.Parts = []string{"m1"}
	header := []string{"ref", "points", "max", "m1_percent", "edition"}
	for _, c := range []struct {
		format          string // of all cells of the row but the last, which has yyyy
		cells           []string
		ref, points, m1 string
	}{
		{"0", []string{"1.4", "47.9", "60", "99.6", "45835"}, "1.4", "47.9", "99.6"},
		{"0.0", []string{"1.25", "47.96", "60", "99.96", "45835"}, "1.25", "47.96", "99.96"},
		{"0%", []string{"0.125", "0.996", "60", "0.996", "45835"}, "12.5%", "", "99.6"},
		{"#,##0", []string{"1234.5", "1234.5", "2000", "99.5", "45835"}, "1234.5", "1234.5", "99.5"},
		{"0.00E+00", []string{"123456", "47.999", "60", "99.999", "45835"}, "123456", "47.999", "99.999"},
		{"0,", []string{"47900", "47900", "60000", "99.9", "45835"}, "47900", "47900", "99.9"},
		{"[Red]0;-0", []string{"1.5", "47.5", "60", "99.5", "45835"}, "1.5", "47.5", "99.5"},
		{"000", []string{"7", "48", "60", "99", "45835"}, "007", "48", "99"},
		{`"W-"00`, []string{"7", "", "", "", "45835"}, "W-07", "", ""},
		{"0.00", []string{"7", "47.899999999999999", "60", "99.599999999999994", "45835"}, "7.00", "47.9", "99.6"},
	} {
		parts := hand()
		row := func(n int, texts []string, cell func(int, string) string) string {
			all := ""
			for x, text := range texts {
				if text != "" {
					all += fmt.Sprintf(`<c r="%c%d"%s</c>`, 'A'+x, n, cell(x, text))
				}
			}
			return fmt.Sprintf(`<row r="%d">%s</row>`, n, all)
		}
		parts["book/workbook.xml"] = strings.Replace(handBook, `date1904="1"`, "", 1)
		parts["book/worksheets/sheet2.xml"] = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` +
			row(1, header, func(_ int, text string) string { return ` t="inlineStr"><is><t>` + text + `</t></is>` }) +
			row(2, c.cells, func(x int, text string) string { return fmt.Sprintf(` s="%d"><v>%s</v>`, 1+x/4, text) }) + `</sheetData></worksheet>`
		var escaped bytes.Buffer
		if err := xml.EscapeText(&escaped, []byte(c.format)); err != nil {
			t.Fatal(err)
		}
		parts["book/styles.xml"] = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts><numFmt numFmtId="164" formatCode="` + escaped.String() +
			`"/><numFmt numFmtId="165" formatCode="yyyy"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/></cellXfs></styleSheet>`
		list := read(t, zipped(t, parts), v)
		got := list.Rows[0]
		points, m1 := "", ""
		if got.Facts.Points != nil {
			points = got.Facts.Points.Got.String()
		}
		if p := got.Facts.Parts["m1"]; p.Visits != nil {
			m1 = p.Visits.Got.String()
		}
		if got.Ref != c.ref || points != c.points || m1 != c.m1 || got.Edition != "2025" {
			t.Errorf("%s: ref %s, points %q, m1 %q, edition %s, %+v", c.format, got.Ref, points, m1, got.Edition, got.Fault)
		}
	}
}

// TestFormulas: a formula is refused, whatever it last came to.
func TestFormulas(t *testing.T) {
	raw := workbook(t, func(f *excelize.File) {
		for x, value := range []any{"ref", "name", "email", "2025-06-20"} {
			set(t, f, x+1, 1, value)
		}
		for y := 2; y <= 5; y++ {
			for x, value := range []any{fmt.Sprint("A-", y), "Ana", "ana@learner.example", 1} {
				set(t, f, x+1, y, value)
			}
		}
		for _, cell := range []string{"B2", "C3", "D4"} {
			if err := f.SetCellFormula("Sheet1", cell, `HYPERLINK("http://bad.example","Ana")`); err != nil {
				t.Fatal(err)
			}
		}
	})
	list := read(t, raw, workshop)
	var codes []string
	for _, row := range list.Rows {
		if row.Fault != nil {
			codes = append(codes, row.Fault.Code)
		}
	}
	if !slices.Equal(codes, []string{"name_suspicious", "email_suspicious", "cell_suspicious"}) || list.Rows[3].Fault != nil {
		t.Errorf("%q", codes)
	}
	header := workbook(t, func(f *excelize.File) {
		set(t, f, 1, 1, "ref")
		if err := f.SetCellFormula("Sheet1", "B1", "A1"); err != nil {
			t.Fatal(err)
		}
	})
	refused(t, header, "header_formula")
}

// The parts of a workbook as a spreadsheet writes them, by hand: prefixes,
// texts shared and inline, runs, phonetics, a hidden sheet before the first
// visible one, parts in a folder of another name.
const (
	handRoot = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId9" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="/book/workbook.xml"/></Relationships>`
	handBook = `<?xml version="1.0" encoding="UTF-8"?>
<x:workbook xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:q="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><x:workbookPr date1904="1"/><x:sheets><x:sheet name="notes" sheetId="4" state="hidden" q:id="rId1"/><x:sheet name="people &amp; dates" sheetId="7" q:id="rId2"/><x:sheet name="other" sheetId="8" q:id="rId1"/></x:sheets></x:workbook>`
	handRels  = `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="../book/worksheets/Sheet2.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/><Relationship Id="rId4" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`
	handTexts = `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" count="4" uniqueCount="4"><si><t>ref</t></si><si><r><rPr><b/></rPr><t xml:space="preserve">na</t></r><r><t>me</t></r></si><si><t>参加者 54</t><rPh sb="0" eb="3"><t>サンカシャ</t></rPh></si><si><t xml:space="preserve"> Ana </t></si></sst>`
	handStyle = `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><numFmts count="1"><numFmt numFmtId="164" formatCode="[$-40C]d\ mmmm\ yyyy;@"/></numFmts><fonts count="1"><font><sz val="11"/></font></fonts><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="164" applyNumberFormat="1"/></cellXfs></styleSheet>`
	// 2025-06-20 is day 44366 of the calendar that begins in 1904.
	handSheet = `<?xml version="1.0" encoding="UTF-8"?>
<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:D5"/><cols><col min="1" max="4" width="20"/></cols><sheetData><row r="1" spans="1:4"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>edition</t></is></c><c r="D1" s="1"><v>44366</v></c></row><row r="3"><c r="A3" t="inlineStr"><is><t>A-1</t></is></c><c r="B3" t="s"><v>2</v></c><c r="D3"><v>1</v></c></row><row><c t="inlineStr"><is><r><t>A</t></r><r><t>-2</t></r></is></c><c t="s"><v>3</v></c></row><row r="7" hidden="1"><c r="A7" t="str"><v>A-3</v></c><c r="B7" t="e"><v>#N/A</v></c></row></sheetData><mergeCells count="1"><mergeCell ref="A9:B9"/></mergeCells><extLst><ext uri="x"><row/><c/></ext></extLst></worksheet>`
)

func hand() map[string]string {
	return map[string]string{"_rels/.rels": handRoot, "book/workbook.xml": handBook, "book/_rels/workbook.xml.rels": handRels,
		"book/sharedStrings.xml": handTexts, "book/styles.xml": handStyle, "book/worksheets/sheet2.xml": handSheet,
		"book/worksheets/sheet1.xml": `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>not this</t></is></c></row></sheetData></worksheet>`,
		"docProps/core.xml":          `<nothing`, "book/theme/theme1.xml": `<nothing`, "[Content_Types].xml": `<Types/>`}
}

func zipped(t testing.TB, parts map[string]string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range parts {
		f, err := z.Create(name)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestByHand(t *testing.T) {
	list := read(t, zipped(t, hand()), workshop)
	var got []string
	for _, row := range list.Rows {
		code := ""
		if row.Fault != nil {
			code = row.Fault.Code
		}
		got = append(got, fmt.Sprintf("%d %s %q %d %s", row.Number, row.Ref, row.Name, len(row.Facts.Sessions), code))
	}
	want := []string{`3 A-1 "参加者 54" 1 `, `4 A-2 "Ana" 0 `, `7 A-3 "" 0 name_suspicious`}
	if !slices.Equal(got, want) || list.Columns.Ignored != nil {
		t.Errorf("%q, ignored %q", got, list.Columns.Ignored)
	}
}

func TestResultsAsCSV(t *testing.T) {
	rows := []roster.ResultRow{
		{Row: 2, Ref: "W25-01", Name: "Ana, \"A\"", Email: "ana@learner.example", Achievement: "uh-kit-participant", Outcome: "issued",
			Credential: "https://badges.example/credentials/x", VerifyURL: "https://badges.example/v/x"},
		{Row: 9, Ref: "=cmd|x", Name: " +1", Email: "@x", Outcome: "error", Code: "-", Message: "\tx"},
		{Row: 10, Ref: "\rx", Name: "＝1", Email: "-1"},
	}
	want := "row,ref,outcome,code,message,credential,verify_url,achievement,name,email\r\n" +
		"2,W25-01,issued,,,https://badges.example/credentials/x,https://badges.example/v/x,uh-kit-participant,\"Ana, \"\"A\"\"\",ana@learner.example\r\n" +
		"9,'=cmd|x,error,-,'\tx,,,,' +1,'@x\r\n" +
		"10,\"'x\",,,,,,,'＝1,'-1\r\n"
	for spreadsheet, mark := range map[bool]string{false: "", true: "\ufeff"} {
		var out bytes.Buffer
		if err := roster.WriteCSV(&out, rows, spreadsheet); err != nil || out.String() != mark+want {
			t.Errorf("%q, %v", out.String(), err)
		}
		if err := roster.WriteCSV(full{}, nil, spreadsheet); err == nil {
			t.Error("a full disk is no error")
		}
	}
	for raw, marked := range map[string]bool{"": false, "ref,name\n": false, "\ufeffref": true, "PK\x03\x04": true} {
		if roster.FromSpreadsheet([]byte(raw)) != marked {
			t.Errorf("%q", raw)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("full") }

// FuzzRead: no bytes make the reader panic, take long, or hand on what it may
// not. What is a workbook is broken in its sheet as well, behind the zip.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"workshop-roster.csv", "workshop-roster-excel.csv", "workshop-roster-dirty.csv", "workshop-attendance.csv", "dh-planning-results.csv"} {
		f.Add(file(f, name), false)
	}
	f.Add(zipped(f, hand()), false)
	f.Add([]byte(handSheet), true)
	v := workshop
	v.Parts, v.Rubrics = planning.Parts, planning.Rubrics
	f.Fuzz(func(t *testing.T, raw []byte, asSheet bool) {
		if asSheet {
			parts := hand()
			parts["book/worksheets/sheet2.xml"] = string(raw)
			raw = zipped(t, parts)
		}
		list, err := roster.Read(raw, v)
		if (list == nil) == (err == nil) {
			t.Fatal("neither a list nor an error")
		}
		if err != nil {
			return
		}
		last := 1
		for _, row := range list.Rows {
			if row.Number <= last && last > 1 || row.Number < 1 {
				t.Errorf("row %d comes after row %d", row.Number, last)
			}
			last = row.Number
			if strings.ContainsAny(row.Name+row.Ref+row.Email+row.Sector+row.Edition, "\u202e\x00") || strings.HasPrefix(row.Name, "=") {
				t.Errorf("%+v", row)
			}
		}
		list.Join(false)
	})
}
