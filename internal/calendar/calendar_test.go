package calendar_test

import (
	"testing"
	"time"

	"laurel/internal/calendar"
)

func TestDurations(t *testing.T) {
	for _, c := range []struct{ duration, from, after, before string }{
		{"P6M", "2029-01-15", "2029-07-15", "2028-07-15"},
		{"P3Y", "2024-02-29", "2027-02-28", "2021-02-28"},
		{"P1M", "2025-01-31", "2025-02-28", "2024-12-31"},
		{"P1M", "2024-03-31", "2024-04-30", "2024-02-29"},
		{"P6M", "2025-08-31", "2026-02-28", "2025-02-28"},
		{"P1Y2M3D", "2025-12-30", "2027-03-03", "2024-10-27"},
		{"P90D", "2025-01-01", "2025-04-01", "2024-10-03"},
	} {
		d, ok := calendar.ParseDuration(c.duration)
		from, err := time.Parse(time.DateOnly, c.from)
		if !ok || err != nil {
			t.Fatal(c.duration, err)
		}
		if after, before := d.After(from).Format(time.DateOnly), d.Before(from).Format(time.DateOnly); after != c.after || before != c.before {
			t.Errorf("%s from %s: %s and %s", c.duration, c.from, after, before)
		}
	}
	for _, s := range []string{"", "P", "P1W", "PT1H", "1Y", "P-1Y", "P1D1Y", "P1.5Y", "P1000Y"} {
		if d, ok := calendar.ParseDuration(s); ok {
			t.Errorf("%q is %+v", s, d)
		}
	}
}
