//go:build !race

// One goroutine: the race detector has nothing to see here, and unpacks at a fraction of the pace.

package roster_test

import (
	"fmt"
	"strings"
	"testing"

	"laurel/programme/roster"
)

// TestBadWorkbooks breaks the one above in one way each.
func TestBadWorkbooks(t *testing.T) {
	sheet, texts, styles := "book/worksheets/sheet2.xml", "book/sharedStrings.xml", "book/styles.xml"
	inRow := func(cells string) string {
		return `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>ref</t></is></c></row>` + cells + `</sheetData></worksheet>`
	}
	one := `<c><v>1</v></c>`
	for _, c := range []struct{ part, text, rule string }{
		{"_rels/.rels", "", "malformed_xlsx"}, {"book/workbook.xml", "", "malformed_xlsx"}, {"book/_rels/workbook.xml.rels", "", "malformed_xlsx"},
		{sheet, "", "malformed_xlsx"}, {texts, "", "malformed_xlsx"},
		{"BOOK/Worksheets/sheet2.xml", inRow(""), "malformed_xlsx"}, // twice under one name
		{"book/workbook.xml", strings.Replace(handBook, `q:id="rId2"`, `q:id="rId7"`, 1), "sheet_missing"},
		{sheet, handSheet[:len(handSheet)/2], "malformed_xlsx"}, // which the library takes for the end
		{sheet, strings.Replace(handSheet, `r="A3"`, `r="C3"`, 1), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, `r="A3"`, `r="A4"`, 1), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, `r="A3"`, `r="A3" xmlns:z="z" z:r="D3"`, 1), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, `<row r="7"`, `<row r="2"`, 1), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, `<row r="7"`, `<row r="2000000"`, 1), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, `<sheetData>`, `<row r="1"/><sheetData>`, 1), "malformed_xlsx"},
		{sheet, `<!DOCTYPE a [<!ENTITY b "c">]>` + inRow(""), "malformed_xlsx"},
		{sheet, strings.Replace(handSheet, "UTF-8", "UTF-16", 1), "malformed_xlsx"},
		{sheet, inRow(strings.Repeat(`<row>`+one+`</row>`, roster.MaxRows+1)), "too_many_rows"},
		{sheet, inRow(`<row r="1048576">` + one + `</row><row>` + one + `</row>`), "malformed_xlsx"},
		{sheet, inRow(`<row><c r="GS2"><v>1</v></c></row>`), "too_many_columns"},
		{sheet, `<worksheet><sheetData/></worksheet>`, "header_missing"},
		{sheet, inRow(`<row>` + strings.Repeat(`<a>`, 40) + strings.Repeat(`</a>`, 40) + `</row>`), "too_large"},
		{sheet, inRow(strings.Repeat(`<row/>`, 600_000)), "too_large"},
		{sheet, inRow(strings.Repeat(" ", 17<<20)), "too_large"},
		{sheet, inRow(`<row a="` + strings.Repeat("x", 5000) + `"/>`), "too_large"},
		{texts, `<sst><si>` + strings.Repeat(`<r><t>`+strings.Repeat("x", 1000)+`</t></r>`, 150) + `</si></sst>`, "too_large"},
		{styles, `<styleSheet>` + strings.Repeat(`<numFmt numFmtId="1" formatCode="0"/>`, 501) + `</styleSheet>`, "too_large"},
		{styles, `<styleSheet>` + strings.Repeat(`<xf/>`, 100_001) + `</styleSheet>`, "too_large"},
	} {
		parts := hand()
		if parts[c.part] = c.text; c.text == "" {
			delete(parts, c.part)
		}
		t.Run(fmt.Sprintf("%s %.60s", c.part, c.text), func(t *testing.T) { refused(t, zipped(t, parts), c.rule) })
	}
}

// TestBombs: a text that all cells share, and a format that all cells parse,
// cost a few bytes in the file and are refused before they cost more.
func TestBombs(t *testing.T) {
	const ns = ` xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`
	sheet := func(cell string) string {
		return `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>ref</t></is></c></row>` +
			strings.Repeat("<row>"+strings.Repeat(cell, 40)+"</row>", roster.MaxRows) + `</sheetData></worksheet>`
	}
	parts := hand()
	parts["book/worksheets/sheet2.xml"] = sheet(`<c t="s"><v>0</v></c>`)
	parts["book/sharedStrings.xml"] = `<sst` + ns + `><si><r><t>` + strings.Repeat("x", 30000) + `</t></r><r><t>` + strings.Repeat("y", 30000) + `</t></r></si></sst>`
	refused(t, zipped(t, parts), "too_large")
	parts = hand()
	parts["book/worksheets/sheet2.xml"] = sheet(`<c s="1"><v>45828.5</v></c>`)
	parts["book/styles.xml"] = `<styleSheet` + ns + `><numFmts><numFmt numFmtId="164" formatCode="` + strings.Repeat("yyyy", 60) + `"/></numFmts><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/></cellXfs></styleSheet>`
	refused(t, zipped(t, parts), "too_large")
}

// TestWideAndLong: formats that reach to the edge of the sheet are no list.
func TestWideAndLong(t *testing.T) {
	parts := hand()
	parts["book/worksheets/sheet2.xml"] = `<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>ref</t></is></c></row>` +
		`<row><c t="inlineStr"><is><t>A-1</t></is></c><c r="XFD2" s="1"/></row>` + strings.Repeat(`<row s="1"><c s="1"/></row>`, 20_000) + `<row r="1048576" s="1"/></sheetData></worksheet>`
	list := read(t, zipped(t, parts), workshop)
	if len(list.Rows) != 1 || list.Rows[0].Ref != "A-1" || list.Rows[0].Fault != nil {
		t.Errorf("%d rows: %+v", len(list.Rows), list.Rows[:1])
	}
}
