package roster

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// The bounds of a workbook. A list of 5,000 rows and 15 columns is some 5 MiB
// of XML; trees in memory are a few hundred bytes for each element.
const (
	maxParts       = 1000
	maxInflated    = 16 << 20
	maxElements    = 500_000
	maxAttributes  = 64
	maxAttribute   = 4096
	maxString      = 32767 // characters, as spreadsheets have it
	maxFormats     = 500
	maxStyles      = 100_000 // elements of the styles
	maxFormatting  = 6 << 20 // cells with a format, times the characters of the longest: each cell parses its own
	lastColumn     = 16384
	lastRow        = 1 << 20
	maxNesting     = 32
	maxDirectories = 1 << 20 // bytes of a part that only says where others are
)

// workbook holds the parts of an .xlsx that make up its first visible sheet.
type workbook struct {
	sheet, strings, styles []byte
	date1904               bool
}

func malformedXLSX(where string) error {
	return refuse("malformed_xlsx", "The workbook cannot be read: something is wrong with "+where+".")
}

func tooLargeXLSX() error {
	return refuse("too_large", "The workbook holds more than a list of 5,000 rows needs; keep one plain sheet, or save as CSV UTF-8.")
}

// archive is the zip of a workbook.
type archive struct {
	parts map[string]*zip.File // by name, in lower case, as OPC compares them
	left  int64                // bytes that may yet be inflated
}

// openWorkbook finds the first visible sheet by the relationships of the
// package, as spreadsheets do (ECMA-376 part 2, section 9.3).
func openWorkbook(raw []byte) (*workbook, error) {
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		return nil, malformedXLSX("the zip")
	}
	a, err := newArchive(z)
	if err != nil {
		return nil, err
	}
	main, _, err := a.related("", func(r relation) bool { return r.is("officeDocument") })
	if err != nil {
		return nil, err
	}
	var doc struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			ID    string `xml:"id,attr"`
			State string `xml:"state,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := a.decode(main, &doc); err != nil {
		return nil, err
	}
	id := ""
	for _, s := range slices.Backward(doc.Sheets) {
		if s.State == "" || s.State == "visible" {
			id = s.ID
		}
	}
	w := &workbook{date1904: doc.Properties.Date1904 == "1" || doc.Properties.Date1904 == "true"}
	return w, a.fill(w, main, id)
}

// fill inflates the parts that the sheet needs.
func (a *archive) fill(w *workbook, main, id string) error {
	sheet, found, err := a.related(main, func(r relation) bool { return r.is("worksheet") && r.ID == id })
	if err != nil {
		return err
	}
	if !found {
		return refuse("sheet_missing", "The first sheet of the workbook is no table.")
	}
	if w.sheet, err = a.inflate(sheet, maxInflated); err != nil {
		return err
	}
	for kind, to := range map[string]*[]byte{"sharedStrings": &w.strings, "styles": &w.styles} {
		name, found, err := a.related(main, func(r relation) bool { return r.is(kind) })
		if err != nil {
			return err
		}
		if found {
			if *to, err = a.inflate(name, maxInflated); err != nil {
				return err
			}
		}
	}
	return nil
}

func newArchive(z *zip.Reader) (*archive, error) {
	if len(z.File) > maxParts {
		return nil, tooLargeXLSX()
	}
	a := &archive{parts: map[string]*zip.File{}, left: maxInflated}
	for _, f := range z.File {
		name := strings.ToLower(strings.TrimPrefix(strings.ReplaceAll(f.Name, `\`, "/"), "/"))
		if a.parts[name] != nil {
			return nil, malformedXLSX("the zip: two parts have one name")
		}
		a.parts[name] = f
	}
	return a, nil
}

// inflate gives a part whole, within what is left of the bound.
func (a *archive) inflate(name string, limit int64) ([]byte, error) {
	f := a.parts[strings.ToLower(name)]
	if f == nil {
		return nil, malformedXLSX("the part " + strconv.Quote(name) + ", which is missing")
	}
	limit = min(limit, a.left)
	if f.UncompressedSize64 > uint64(limit) {
		return nil, tooLargeXLSX()
	}
	r, err := f.Open()
	if err != nil {
		return nil, malformedXLSX(strconv.Quote(name))
	}
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, malformedXLSX(strconv.Quote(name))
	}
	if int64(len(raw)) > limit {
		return nil, tooLargeXLSX()
	}
	a.left -= int64(len(raw))
	return raw, nil
}

func (a *archive) decode(name string, to any) error {
	raw, err := a.inflate(name, maxDirectories)
	if err != nil {
		return err
	}
	if err := (&walk{}).check(raw, name); err != nil {
		return err
	}
	if err := xml.Unmarshal(raw, to); err != nil {
		return malformedXLSX(strconv.Quote(name))
	}
	return nil
}

// relation is one relationship of a part to another.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

// is compares with the types of both the transitional and the strict form.
func (r relation) is(kind string) bool {
	return strings.HasSuffix(r.Type, "/relationships/"+kind) && r.Mode != "External"
}

// related finds the part that one is related to; from "" is the package.
func (a *archive) related(from string, wanted func(relation) bool) (name string, found bool, err error) {
	dir, base := path.Split(from)
	var doc struct {
		All []relation `xml:"Relationship"`
	}
	if err := a.decode(dir+"_rels/"+base+".rels", &doc); err != nil {
		return "", false, err
	}
	n := slices.IndexFunc(doc.All, wanted)
	if n < 0 {
		return "", false, nil
	}
	target := strings.ReplaceAll(doc.All[n].Target, `\`, "/")
	if !strings.HasPrefix(target, "/") {
		target = path.Join(dir, target)
	}
	return strings.TrimPrefix(path.Clean(target), "/"), true, nil
}

// shape is what a sheet's XML says beside the text of its cells.
type shape struct {
	rows     map[int]bool  // those that are written down
	formulas map[int][]int // columns, from 0, whose text a formula made
	numbers  map[place]number
}

// place is where a cell stands; columns count from 0.
type place struct {
	row, column int
}

// check looks through all parts before they are handed on.
func (w *workbook) check() (*shape, error) {
	s := &shape{rows: map[int]bool{}, formulas: map[int][]int{}, numbers: map[place]number{}}
	grid := &grid{shape: s}
	if err := (&walk{text: "si"}).check(w.strings, "the texts"); err != nil {
		return nil, err
	}
	longest := 32
	styles := &walk{most: maxStyles, count: map[string]int{"numFmt": maxFormats}, start: func(_ []string, e xml.StartElement) error {
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "formatCode") {
				longest = max(longest, len(a.Value))
			}
		}
		return nil
	}}
	if err := styles.check(w.styles, "the formats"); err != nil {
		return nil, err
	}
	var err error
	if grid.formats, err = w.formats(); err != nil {
		return nil, err
	}
	if err := (&walk{start: grid.start, end: grid.end, chars: grid.chars}).check(w.sheet, "the sheet"); err != nil {
		return nil, err
	}
	if grid.formatted > maxFormatting/longest {
		return nil, tooLargeXLSX()
	}
	return s, nil
}

// walk goes through a part once, within bounds.
type walk struct {
	start func(path []string, e xml.StartElement) error // path ends with e
	end   func(path []string)                           // path ends with what ends
	chars func(text []byte)
	text  string         // element whose text is bounded as a whole; "": each text is
	most  int            // elements; 0: maxElements
	count map[string]int // how often elements of a name may come
}

// check wants one well-formed document in UTF-8 without a document type.
// Nothing may be left for a reader downstream to stumble over and keep silent.
func (w *walk) check(raw []byte, what string) error {
	if len(raw) == 0 {
		return nil
	}
	d := xml.NewDecoder(bytes.NewReader(raw))
	if w.most == 0 {
		w.most = maxElements
	}
	var at []string
	texts := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return malformedXLSX(fmt.Sprintf("%s, line %d", what, line1(d)))
		}
		switch t := token.(type) {
		case xml.StartElement:
			at = append(at, t.Name.Local)
			if w.most--; w.most < 0 || len(at) > maxNesting || w.over(t) {
				return tooLargeXLSX()
			}
			if w.text == "" || t.Name.Local == w.text {
				texts = 0
			}
			if w.start != nil {
				if err := w.start(at, t); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if w.end != nil {
				w.end(at)
			}
			at = at[:len(at)-1]
		case xml.CharData:
			if texts += len(t); len(at) > 0 && strings.TrimSpace(string(t)) != "" && texts > 4*maxString {
				return tooLargeXLSX()
			}
			if w.chars != nil {
				w.chars(t)
			}
		case xml.Directive:
			return malformedXLSX(what + ", which has a document type")
		}
	}
}

func line1(d *xml.Decoder) int {
	n, _ := d.InputPos()
	return n
}

func (w *walk) over(e xml.StartElement) bool {
	if most, counted := w.count[e.Name.Local]; counted {
		if most == 0 {
			return true
		}
		w.count[e.Name.Local]--
	}
	return len(e.Attr) > maxAttributes || slices.ContainsFunc(e.Attr, func(a xml.Attr) bool { return len(a.Value) > maxAttribute })
}

// grid follows the rows and cells of a sheet, which come in order: a reader
// would mend another order in its own way.
type grid struct {
	*shape
	row, column int
	done        bool // nothing is read behind the data
	formats     []format
	format      bool   // the cell has one
	shows       format // of the number in the cell; general for what is no number
	value       []byte // of the cell, so far
	inValue     bool
	formatted   int // cells with a format and a value
}

var sheetCell = []string{"worksheet", "sheetData", "row", "c"}

// start is strict about where rows and cells stand, and does not mind their
// namespaces: so the library reads them.
func (g *grid) start(at []string, e xml.StartElement) error {
	name := e.Name.Local
	inCell := len(at) > 4 && slices.Equal(at[:4], sheetCell)
	switch {
	case g.done:
		return nil
	case slices.Equal(at, sheetCell[:3]):
		return g.startRow(e)
	case slices.Equal(at, sheetCell):
		return g.startCell(e)
	case name == "row" || name == "c":
		return malformedXLSX(fmt.Sprintf("row %d", g.row))
	case inCell && g.column > MaxColumns && (name == "v" || name == "is" || name == "f"):
		return tooManyColumns()
	case inCell && name == "f":
		g.formula()
	case inCell && name == "v" && g.format:
		g.formatted++
		g.value, g.inValue = g.value[:0], g.shows != general
	}
	return nil
}

func (g *grid) chars(text []byte) {
	if g.inValue {
		g.value = append(g.value, text...)
	}
}

func (g *grid) end(at []string) {
	switch at[len(at)-1] {
	case "sheetData":
		g.done = true
	case "v":
		if g.inValue {
			g.numbers[place{g.row, g.column - 1}] = number{string(g.value), g.shows}
		}
		g.inValue = false
	}
}

func (g *grid) startRow(e xml.StartElement) error {
	next := g.row + 1
	if !once(e) {
		return malformedXLSX(fmt.Sprintf("the row after row %d", g.row))
	}
	if r := attribute(e, "r"); r != "" {
		n, err := strconv.Atoi(r)
		if err != nil || n < next {
			return malformedXLSX(fmt.Sprintf("the row after row %d", g.row))
		}
		next = n
	}
	if next > lastRow {
		return malformedXLSX(fmt.Sprintf("the row after row %d", g.row))
	}
	g.row, g.column = next, 0
	g.rows[g.row] = true
	return nil
}

func (g *grid) startCell(e xml.StartElement) error {
	next := g.column + 1
	if !once(e) {
		return malformedXLSX(fmt.Sprintf("a cell of row %d", g.row))
	}
	if r := attribute(e, "r"); r != "" {
		n, row := reference(r)
		if n < next || n > lastColumn || row != g.row {
			return malformedXLSX(fmt.Sprintf("a cell of row %d", g.row))
		}
		next = n
	}
	g.column = next
	format := attribute(e, "s")
	g.format = format != "" && format != "0"
	kind := attribute(e, "t")
	g.shows = general
	if n, err := strconv.Atoi(format); err == nil && n > 0 && n < len(g.formats) && (kind == "" || kind == "n") {
		g.shows = g.formats[n]
	}
	if kind == "e" { // what a formula leaves that failed
		g.formula()
	}
	return nil
}

func (g *grid) formula() {
	if list := g.formulas[g.row]; len(list) == 0 || list[len(list)-1] != g.column-1 {
		g.formulas[g.row] = append(list, g.column-1)
	}
}

// once tells whether no two attributes have one name in two namespaces.
func once(e xml.StartElement) bool {
	for n, a := range e.Attr {
		if slices.ContainsFunc(e.Attr[:n], func(b xml.Attr) bool { return a.Name.Local == b.Name.Local }) {
			return false
		}
	}
	return true
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// reference reads AB12; 0 is none.
func reference(s string) (column, row int) {
	n := 0
	for ; n < len(s) && n < 3 && s[n] >= 'A' && s[n] <= 'Z'; n++ {
		column = column*26 + int(s[n]-'A') + 1
	}
	row, err := strconv.Atoi(s[n:])
	if err != nil || row < 1 || s[n] == '+' {
		return 0, 0
	}
	return column, row
}
