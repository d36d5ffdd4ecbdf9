package canon

import (
	"math"
	"strconv"
	"strings"
)

const (
	xsdBoolean = "http://www.w3.org/2001/XMLSchema#boolean"
	xsdInteger = "http://www.w3.org/2001/XMLSchema#integer"
	xsdDouble  = "http://www.w3.org/2001/XMLSchema#double"
)

// double reads a JSON number as JSON-LD does, which knows doubles only. A
// fault says what would be lost: a size that no double has, a value that would
// become zero, or digits of a whole number written out.
func double(raw string) (f float64, fault string) {
	f, err := strconv.ParseFloat(raw, 64)
	switch {
	case err != nil:
		return 0, "the number is larger than JSON-LD can express"
	case f == 0 && strings.ContainsAny(mantissa(raw), "123456789"):
		return 0, "the number is so small that JSON-LD would make it zero"
	case !strings.ContainsAny(raw, ".eE") && f != 0 && !exact(f, raw):
		return 0, "the whole number has more digits than JSON-LD can express"
	}
	return f, ""
}

func mantissa(raw string) string {
	if i := strings.IndexAny(raw, "eE"); i >= 0 {
		return raw[:i]
	}
	return raw
}

// exact tells whether the digits of a whole number are those of a double: all
// of them, or as many as tell it from its neighbours, which is how JavaScript
// writes them. From 1e21 on they must also be those of its lexical form.
func exact(f float64, raw string) bool {
	if strconv.FormatFloat(f, 'f', 0, 64) != raw && strconv.FormatFloat(f, 'f', -1, 64) != raw {
		return false
	}
	if math.Abs(f) < 1e21 {
		return true
	}
	back, err := strconv.ParseFloat(scientific(f), 64)
	return err == nil && back == f
}

// maxFraction is how long the fraction of a number may be for shortDecimal, whose
// whole digits are then numbers of machines.
const maxFraction = 15

// shortDecimal gives the lexical form of a number with few digits that a double
// has exactly, such as 4.5 or 87.25: its digits are those that scientific would
// find. Of n tenths to the power of k that is so where n is a multiple of five
// to the power of k, since what remains are halves.
func shortDecimal(raw string) (text string, ok bool) {
	sign := ""
	if raw[0] == '-' {
		sign, raw = "-", raw[1:]
	}
	whole, fraction, point := strings.Cut(raw, ".")
	if !point || len(raw) > maxFraction {
		return "", false
	}
	n, fives := uint64(0), uint64(1)
	for i := range len(raw) {
		switch c := raw[i]; {
		case c == '.':
		case c-'0' > 9: // an exponent
			return "", false
		default:
			n = 10*n + uint64(c-'0')
		}
	}
	for range fraction {
		fives *= 5
	}
	digits := strings.TrimRight(fraction, "0")
	if whole == "0" || digits == "" || n%fives != 0 {
		return "", false
	}
	return sign + whole[:1] + "." + whole[1:] + digits + "E" + strconv.Itoa(len(whole)-1), true
}

// lexical gives a number its lexical form, and the datatype that it has unless
// its term says another (JSON-LD 1.1 API section 8.2.2 steps 10 and 11).
func lexical(f float64, datatype string) (text, ownDatatype string) {
	if f != math.Trunc(f) || math.Abs(f) >= 1e21 || datatype == xsdDouble {
		return scientific(f), xsdDouble
	}
	if f == 0 {
		f = 0 // minus zero is zero
	}
	return strconv.FormatFloat(f, 'f', 0, 64), xsdInteger
}

// scientific is the canonical form of a double, as printf("%1.15E") without
// zeros that say nothing (section 8.6).
func scientific(f float64) string {
	digits, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', 15, 64), "E")
	digits = strings.TrimRight(digits, "0")
	if strings.HasSuffix(digits, ".") {
		digits += "0"
	}
	sign := ""
	if exponent[0] == '-' {
		sign = "-"
	}
	exponent = strings.TrimLeft(exponent[1:], "0")
	if exponent == "" {
		exponent = "0"
	}
	return digits + "E" + sign + exponent
}

// plainInteger tells whether a JSON number is its own lexical form as an
// integer: few digits, and nothing else but a sign.
func plainInteger(raw string) bool {
	if len(raw) > 15 || raw == "-0" {
		return false
	}
	for i := 0; i < len(raw); i++ {
		if raw[i]-'0' > 9 && (i > 0 || raw[0] != '-') {
			return false
		}
	}
	return true
}
