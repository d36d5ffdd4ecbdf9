package strictjson

import (
	"strconv"
	"time"
)

// maxNumericDate is the last second of the year 9999.
const maxNumericDate = 253402300799

// NumericDate reads seconds since 1970 (RFC 7519 section 2) of which fractions
// are left out; ok is false for anything else, an absent value too.
func NumericDate(v Value) (at time.Time, ok bool) {
	seconds, err := strconv.ParseFloat(v.Raw(), 64)
	if v.Kind() != Number || err != nil || seconds < 0 || seconds > maxNumericDate {
		return time.Time{}, false
	}
	return time.Unix(int64(seconds), 0).UTC(), true
}
