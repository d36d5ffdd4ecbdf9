package badge

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// A date-time up to its seconds is this long.
const seconds = len("0000-00-00T00:00:00")

// isDateTimeStamp tells whether a text has the lexical form of XML Schema's
// dateTimeStamp: a date-time whose time zone is not optional. Lower-case letters
// are not in it.
func isDateTimeStamp(s string) bool {
	if len(s) <= seconds || !follows(s[:seconds], "0000-00-00T00:00:00") {
		return false
	}
	n := fraction(s)
	zone := s[seconds+n:]
	return n != len(".") && (zone == "Z" || follows(zone, "+00:00") || follows(zone, "-00:00"))
}

// fraction is how many characters of a date-time the point and the digits behind
// it take.
func fraction(s string) int {
	n := seconds
	if n < len(s) && s[n] == '.' {
		for n++; n < len(s) && isDigit(s[n]); n++ {
		}
	}
	return n - seconds
}

// follows tells whether a text has a form, in which a zero is any digit.
func follows(s, form string) bool {
	if len(s) != len(form) {
		return false
	}
	for i := range len(s) {
		if form[i] == '0' && !isDigit(s[i]) || form[i] != '0' && s[i] != form[i] {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// maxOffset is how far a time zone lies from UTC at most, in seconds (XML Schema
// part 2 section D.2.1: fourteen hours).
const maxOffset = 14 * 60 * 60

// ParseTime reads a date-time with its zone, as validFrom and proof.created
// carry it (OB 3.0 B.4, DateTimeZ).
func ParseTime(s string) (time.Time, error) {
	if !isDateTimeStamp(s) {
		return time.Time{}, fmt.Errorf("%q is no date-time with a time zone, such as 2025-07-11T08:00:00Z", clip(s, 40))
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = parseMidnight(s)
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("%q names no real moment", clip(s, 40))
	}
	if _, offset := t.Zone(); offset > maxOffset || offset < -maxOffset {
		return time.Time{}, fmt.Errorf("%q names a time zone that is none", s)
	}
	return t, nil
}

// ParseRFC3339 is ParseTime for what others tell and nobody signed: RFC 3339
// (section 5.6) has the letters t and z too.
func ParseRFC3339(s string) (time.Time, error) {
	const day = len("0000-00-00")
	if len(s) > day && s[day] == 't' {
		s = s[:day] + "T" + s[day+1:]
	}
	if head, lower := strings.CutSuffix(s, "z"); lower {
		s = head + "Z"
	}
	return ParseTime(s)
}

// parseMidnight reads the end of a day as 24:00:00, which XML Schema has (part 2
// section 3.3.7.2) and RFC 3339 has not.
func parseMidnight(s string) (time.Time, error) {
	const day = len("0000-00-00T")
	digits := s[seconds : seconds+fraction(s)]
	if s[day:seconds] != "24:00:00" || strings.Trim(digits, ".0") != "" {
		return time.Time{}, errors.New("not at midnight")
	}
	t, err := time.Parse(time.RFC3339, s[:day]+"00:00:00"+s[seconds+len(digits):])
	return t.AddDate(0, 0, 1), err
}

// FormatTime writes a moment the way our documents carry it: UTC, whole
// seconds.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func clip(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
