package badge_test

import (
	"testing"

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
