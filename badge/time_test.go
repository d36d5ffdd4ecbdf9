package badge_test

import (
	"testing"
	"time"

	"laurel/badge"
)

func TestTimeZonesEndAtFourteenHours(t *testing.T) {
	for text, good := range map[string]bool{
		"2026-01-01T00:00:00+14:00": true, "2026-01-01T00:00:00-14:00": true, "2026-01-01T00:00:00Z": true,
		"2026-01-01T00:00:00+14:01": false, "2026-01-01T00:00:00-15:00": false, "2026-01-01T00:00:00+23:59": false,
		"2026-01-01T00:00:00": false, "2026-02-30T00:00:00Z": false,
	} {
		if at, err := badge.ParseTime(text); (err == nil) != good {
			t.Errorf("%s: %v, %v", text, at, err)
		}
	}
}

// TestSmallLetters: what is told may have a small t and z, what is signed may not.
func TestSmallLetters(t *testing.T) {
	for text, want := range map[string]string{
		"2026-05-12t12:00:00z": "2026-05-12T12:00:00Z", "2026-05-12T12:00:00z": "2026-05-12T12:00:00Z", "2026-05-12t12:00:00.5+02:00": "2026-05-12T10:00:00.5Z",
		"2026-05-12 12:00:00z": "", "2026-05-12t12:00:00": "", "2026-05-12tz": "", "2026-05-12t12:00:00zz": "", "z": "", "": "",
	} {
		at, err := badge.ParseRFC3339(text)
		if got := at.UTC().Format(time.RFC3339Nano); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
		if at, err := badge.ParseTime(text); err == nil {
			t.Errorf("%s is signed and read as %s", text, at)
		}
	}
}

// TestMidnight: a day may end as the next begins, and a second may be parted as
// finely as anybody likes.
func TestMidnight(t *testing.T) {
	for text, want := range map[string]string{
		"2026-12-31T24:00:00Z": "2027-01-01T00:00:00Z", "2026-02-28T24:00:00.000+02:00": "2026-02-28T22:00:00Z",
		"2026-01-01T10:00:00.1234567890123Z": "2026-01-01T10:00:00.123456789Z",
		"2026-12-31T24:00:01Z":               "", "2026-12-31T24:00:00.1Z": "", "2026-12-31T24:01:00Z": "", "2026-02-30T24:00:00Z": "", "2026-12-31T25:00:00Z": "",
		"2026-01-01T10:00:00.Z": "", "2026-01-01T10:00:00.1": "", "2026-01-01T10:00:00": "", "2026-01-01T10:00:00.1x": "", "2026-01-01T10:00:60Z": "",
	} {
		at, err := badge.ParseTime(text)
		if got := at.UTC().Format(time.RFC3339Nano); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
}
