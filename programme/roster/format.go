package roster

import (
	"encoding/xml"
	"slices"
	"strconv"
	"strings"
)

// format is what a number format makes of a number.
type format int

const (
	general format = iota
	numeric        // it may round
	percent
	moment // a date or a time
)

// builtIn are the formats that a workbook names by a number alone (ECMA-376 part
// 1, section 18.8.30).
func builtIn(id int) format {
	switch {
	case id == 9 || id == 10:
		return percent
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 45 && id <= 47, id >= 50 && id <= 58:
		return moment
	case id >= 1 && id <= 13, id >= 37 && id <= 40, id == 48:
		return numeric
	}
	return general
}

// formatOf reads the code of a format. Letters of dates in texts, in colours and
// behind a backslash are none.
func formatOf(code string) format {
	found := general
	for n := 0; n < len(code); n++ {
		switch c := code[n] | 0x20; { // in lower case
		case code[n] == '"':
			n += skipped(code[n+1:], '"')
		case code[n] == '[':
			end := n + skipped(code[n+1:], ']')
			if strings.Trim(strings.ToLower(code[n+1:min(end, len(code))]), "hms") == "" {
				return moment // such as [hh]:mm
			}
			n = end
		case strings.IndexByte(`\_*`, code[n]) >= 0:
			n++
		case strings.IndexByte("ymdhs", c) >= 0:
			return moment
		case code[n] == '%':
			found = percent
		case found == general && strings.IndexByte("0#?", code[n]) >= 0:
			found = numeric
		}
	}
	return found
}

// skipped is how far behind a mark its other one is.
func skipped(rest string, end byte) int {
	if n := strings.IndexByte(rest, end); n >= 0 {
		return n + 1
	}
	return len(rest) + 1
}

// formats are those of the styles of a workbook, by the numbers that cells name.
func (w *workbook) formats() ([]format, error) {
	var sheet struct {
		Formats []struct {
			ID     int    `xml:"numFmtId,attr"`
			Code   string `xml:"formatCode,attr"`
			Code16 string `xml:"formatCode16,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if len(w.styles) == 0 {
		return nil, nil
	}
	if err := xml.Unmarshal(w.styles, &sheet); err != nil {
		return nil, malformedXLSX("the formats")
	}
	own := map[int]format{}
	for _, f := range slices.Backward(sheet.Formats) { // of two the first counts
		code := f.Code
		if f.Code16 != "" {
			code = f.Code16
		}
		own[f.ID] = formatOf(code)
	}
	all := make([]format, len(sheet.Cells))
	for n, cell := range sheet.Cells {
		known := false
		if all[n], known = own[cell.Format]; !known {
			all[n] = builtIn(cell.Format)
		}
	}
	return all, nil
}

// number is a number in a cell, as it is stored.
type number struct {
	text   string
	format format
}

// seen is what a cell with a number says: what a person sees in it, but where that
// is rounded what is stored.
func (n number) seen(shown string) string {
	stored, ok := digits15(strings.TrimSpace(n.text))
	switch {
	case !ok || n.format == moment:
		return shown
	case n.format == percent:
		if hundredfold, ok := digits15(stored + "e2"); ok {
			return hundredfold + "%"
		}
	case shows(shown, stored):
		return shown
	}
	return stored
}

// digits15 is a number in the fifteen digits with which spreadsheets work.
func digits15(text string) (string, bool) {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return "", false
	}
	if f, err = strconv.ParseFloat(strconv.FormatFloat(f, 'g', 15, 64), 64); err != nil {
		return "", false
	}
	return strconv.FormatFloat(f, 'f', -1, 64), true
}

// shows tells whether the digits of a text are all of a number, as in 007, 47.90
// and W-12. In 1,000 the comma could be taken for another one.
func shows(text, stored string) bool {
	if strings.Contains(text, ",") {
		return false
	}
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return -1
	}, text)
	a, err := strconv.ParseFloat(digits, 64)
	b, errStored := strconv.ParseFloat(strings.TrimPrefix(stored, "-"), 64)
	return err == nil && errStored == nil && a == b
}
