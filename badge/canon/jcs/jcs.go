// Package jcs writes JSON in the one form that RFC 8785 (JSON Canonicalization
// Scheme) gives every value: for JSON literals in RDF, and for the proof suites
// that sign JSON as such.
//
// It refuses numbers that no double can hold. Start at Append.
package jcs

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"laurel/internal/strictjson"
)

// ErrNumber: a number is too large for a double (RFC 8785 section 3.2.2.3).
var ErrNumber = errors.New("jcs: a number is too large")

// Append appends the canonical form of a value to dst. Members of the value
// itself, not of values within it, that are named in omit are left out. The
// only error is ErrNumber.
func Append(dst []byte, v strictjson.Value, omit ...string) ([]byte, error) {
	switch v.Kind() {
	case strictjson.Object:
		return appendObject(dst, v, omit)
	case strictjson.Array:
		return appendArray(dst, v)
	case strictjson.String:
		return appendString(dst, v.Text()), nil
	case strictjson.Number:
		return appendNumber(dst, v.Raw())
	}
	return append(dst, v.Raw()...), nil
}

func appendArray(dst []byte, v strictjson.Value) ([]byte, error) {
	dst = append(dst, '[')
	for i, e := range v.Elements() {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = Append(dst, e); err != nil {
			return dst, err
		}
	}
	return append(dst, ']'), nil
}

type member struct {
	name  string
	value strictjson.Value
}

func appendObject(dst []byte, v strictjson.Value, omit []string) ([]byte, error) {
	members := make([]member, 0, v.Len())
	for name, m := range v.Members() {
		if !slices.Contains(omit, name) {
			members = append(members, member{name, m})
		}
	}
	slices.SortFunc(members, func(a, b member) int { return compareUTF16(a.name, b.name) })
	dst = append(dst, '{')
	for i, m := range members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, m.name), ':')
		var err error
		if dst, err = Append(dst, m.value); err != nil {
			return dst, err
		}
	}
	return append(dst, '}'), nil
}

// compareUTF16 orders texts by their UTF-16 code units (section 3.2.3), which
// puts surrogates before U+E000.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		r, n := utf8.DecodeRuneInString(a)
		s, m := utf8.DecodeRuneInString(b)
		if r != s {
			return cmp.Or(cmp.Compare(firstUnit(r), firstUnit(s)), cmp.Compare(r, s))
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

func firstUnit(r rune) rune {
	if high, _ := utf16.EncodeRune(r); high != utf8.RuneError {
		return high
	}
	return r
}

// appendString writes a string as section 3.2.2.2 says.
func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		if at := strings.IndexByte("\b\t\n\f\r\"\\", c); at >= 0 {
			dst = append(dst, '\\', `btnfr"\`[at])
		} else {
			dst = append(dst, '\\', 'u', '0', '0', '0'+c>>4, "0123456789abcdef"[c&0xf])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// appendNumber writes a number as ECMAScript does (section 3.2.2.3): the
// shortest digits that mean the double, with an exponent outside 1e-6 to 1e21.
func appendNumber(dst []byte, raw string) ([]byte, error) {
	f, err := strconv.ParseFloat(raw, 64)
	if err != nil {
		return dst, ErrNumber
	}
	switch size := math.Abs(f); {
	case f == 0:
		return append(dst, '0'), nil // minus zero too
	case size >= 1e-6 && size < 1e21:
		return strconv.AppendFloat(dst, f, 'f', -1, 64), nil
	}
	digits := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(digits, "e")
	dst = append(append(dst, mantissa...), 'e', exponent[0])
	return append(dst, strings.TrimLeft(exponent[1:], "0")...), nil
}
