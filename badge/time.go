package badge

import (
	"fmt"
	"regexp"
	"time"
)

// dateTimeStamp is the lexical form of XML Schema's dateTimeStamp: a date-time
// whose time zone is not optional. Lower-case letters are not in it.
var dateTimeStamp = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$`)

// ParseTime reads a date-time with its zone, as validFrom and proof.created
// carry it (OB 3.0 B.4, DateTimeZ).
func ParseTime(s string) (time.Time, error) {
	if !dateTimeStamp.MatchString(s) {
		return time.Time{}, fmt.Errorf("%q is no date-time with a time zone, such as 2025-07-11T08:00:00Z", clip(s, 40))
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q names no real moment", s)
	}
	return t, nil
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
