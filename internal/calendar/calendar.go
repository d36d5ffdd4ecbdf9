// Package calendar is lengths of time in years, months and days, which are as long
// as the calendar makes them: terms of badges, and the times around their ends.
//
// It knows no hours and no weeks. Start at ParseDuration.
package calendar

import (
	"regexp"
	"strconv"
	"time"
)

// Duration is a length of time of the calendar (ISO 8601), such as P6M. The
// zero value is none.
type Duration struct{ Years, Months, Days int }

var durationPattern = regexp.MustCompile(`^P(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$`)

// ParseDuration reads years, months and days, such as P3Y or P1Y6M.
func ParseDuration(s string) (Duration, bool) {
	m := durationPattern.FindStringSubmatch(s)
	if m == nil || s == "P" {
		return Duration{}, false
	}
	number := func(s string) int { n, _ := strconv.Atoi(s); return n } // the pattern admits digits only
	return Duration{number(m[1]), number(m[2]), number(m[3])}, true
}

// IsZero tells whether there is no duration.
func (d Duration) IsZero() bool { return d == Duration{} }

// After is the time so much later. Where a month has no such day, its last one
// is meant (XML Schema part 2, appendix E).
func (d Duration) After(t time.Time) time.Time { return d.shift(t, 1) }

// Before is the time so much earlier, with the last days of months as for After.
func (d Duration) Before(t time.Time) time.Time { return d.shift(t, -1) }

func (d Duration) shift(t time.Time, sign int) time.Time {
	t = t.UTC()
	months := t.AddDate(sign*d.Years, sign*d.Months, 0)
	if months.Day() != t.Day() { // it ran over into the next month
		months = months.AddDate(0, 0, -months.Day())
	}
	return months.AddDate(0, 0, sign*d.Days)
}
