// Package jsonwriter writes JSON by hand, member by member, where reflection costs
// too much: badges and reports, of which there are many.
//
// It writes what encoding/json would without HTML escapes, byte for byte; whoever
// writes a type with it holds the two together by a test. It does not keep a caller
// from writing what is no JSON.
//
// Start at Writer.
package jsonwriter

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Writer writes to the end of B. The first error stays in Err, and what is written
// after it is worth nothing.
type Writer struct {
	B   []byte
	Err error
}

// Name begins a member whose name stands for itself in quotation marks.
func (w *Writer) Name(name string) {
	w.Comma()
	w.B = append(append(append(w.B, '"'), name...), '"', ':')
}

// Member begins a member whose name may be any text.
func (w *Writer) Member(name string) {
	w.Comma()
	w.Quote(name)
	w.B = append(w.B, ':')
}

// Comma parts an entry from the one before it in its object or array.
func (w *Writer) Comma() {
	if n := len(w.B); n > 0 && w.B[n-1] != '{' && w.B[n-1] != '[' {
		w.B = append(w.B, ',')
	}
}

// Open begins an object.
func (w *Writer) Open() { w.B = append(w.B, '{') }

// Close ends one.
func (w *Writer) Close() { w.B = append(w.B, '}') }

// Null writes that there is nothing.
func (w *Writer) Null() { w.B = append(w.B, "null"...) }

// Text writes a member that is left out when it is empty.
func (w *Writer) Text(name, s string) {
	if s != "" {
		w.Always(name, s)
	}
}

// Always writes a member that is not left out.
func (w *Writer) Always(name, s string) {
	w.Name(name)
	w.Quote(s)
}

// Texts writes a list that is left out when it is empty.
func (w *Writer) Texts(name string, list []string) {
	if len(list) > 0 {
		w.Names(name, list)
	}
}

// Names writes a list that is not left out: of types, or of contexts.
func (w *Writer) Names(name string, list []string) {
	w.Name(name)
	if list == nil {
		w.Null()
		return
	}
	w.B = append(w.B, '[')
	for i, s := range list {
		if i > 0 {
			w.B = append(w.B, ',')
		}
		w.Quote(s)
	}
	w.B = append(w.B, ']')
}

// Boolean writes a member that is true or false.
func (w *Writer) Boolean(name string, v bool) {
	w.Name(name)
	w.B = strconv.AppendBool(w.B, v)
}

// Optional writes a number that is left out where there is none.
func (w *Writer) Optional(name string, f *float64) {
	if f != nil {
		w.Number(name, *f)
	}
}

// Number writes a member that is a number.
func (w *Writer) Number(name string, f float64) {
	w.Name(name)
	if abs := math.Abs(f); f == 0 || abs >= 1e-6 && abs < 1e21 {
		w.B = strconv.AppendFloat(w.B, f, 'f', -1, 64)
		return
	}
	w.Other(f)
}

// Other writes a value that is rare, by reflection.
func (w *Writer) Other(v any) {
	raw, err := Marshal(v)
	if err != nil && w.Err == nil {
		w.Err = err
	}
	w.B = append(w.B, raw...)
}

// Array writes an array of n elements.
func (w *Writer) Array(n int, write func(i int)) {
	w.B = append(w.B, '[')
	for i := range n {
		w.Comma()
		write(i)
	}
	w.B = append(w.B, ']')
}

// Table writes the texts of a map, sorted by their names; it is left out when it is
// empty.
func (w *Writer) Table(name string, texts map[string]string) {
	if len(texts) == 0 {
		return
	}
	var few [8]string
	names := slices.AppendSeq(few[:0], maps.Keys(texts))
	slices.Sort(names)
	w.Name(name)
	w.Open()
	for _, n := range names {
		w.Member(n)
		w.Quote(texts[n])
	}
	w.Close()
}

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := range utf8.RuneSelf {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

// Quote writes a string.
func (w *Writer) Quote(s string) {
	b := append(w.B, '"')
	from := 0
	for i := 0; i < len(s); {
		if plain[s[i]] {
			i++
			continue
		}
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
			if !(r == utf8.RuneError && size == 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
		}
		b = appendEscape(append(b, s[from:i]...), r)
		i += size
		from = i
	}
	w.B = append(append(b, s[from:]...), '"')
}

func appendEscape(b []byte, r rune) []byte {
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\b':
		return append(b, '\\', 'b')
	case '\f':
		return append(b, '\\', 'f')
	case '\n':
		return append(b, '\\', 'n')
	case '\r':
		return append(b, '\\', 'r')
	case '\t':
		return append(b, '\\', 't')
	}
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&0xf], hex[r>>8&0xf], hex[r>>4&0xf], hex[r&0xf])
}

// Marshal is json.Marshal without HTML escapes: people read what is written, and
// html/template escapes where HTML is.
func Marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
